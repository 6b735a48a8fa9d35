//! What the people of hidden cells can work out from a release: each group of them takes its own
//! cells for known, and looks at the others.
//!
//! Where the tables on the restricted side still have the counts of hidden cells, the groups are
//! those there are. Published tables alone do not tell who is alone in a cell: every hidden cell
//! that may have so few people is then taken to have them, one cell and one number at a time.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::attacker::{Attack, Certificate, Reach};
use super::super::error::ProtectError;
use super::super::exact::{count, rounded};
use super::super::owner::Crowd;
use super::super::range::Range;
use super::super::spec::Spec;
use super::super::system::place;
use super::case::Case;
use super::{CERTIFICATES, Kind, cells};

/// Groups times hidden cells are not more than this.
const MOST: usize = 4_000_000;

/// Whether the counts of hidden cells were known to the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Counts {
    /// The tables have them.
    Known,
    /// Every number of people that is possible was taken for each cell.
    Assumed,
}

/// Which owners of cells an audit looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owners {
    /// People in a group, at most.
    pub people: u64,
    /// Groups looked at; where counts are assumed, pairs of a cell and a number.
    pub groups: usize,
    /// Were the counts of hidden cells known?
    pub counts: Counts,
    /// Were people of several cells taken together? Otherwise each cell was looked at by itself.
    pub several_cells: bool,
}

/// What the owners of some cells learn of another.
pub(super) struct Learnt {
    /// Their cells, with the counts that they know.
    pub owners: Vec<(u32, i64)>,
    pub lower: f64,
    pub upper: f64,
    /// Why no less, and why no more.
    pub reasons: [Option<Certificate>; 2],
}

/// What all owners learn.
pub(super) struct Lesson {
    pub owners: Owners,
    pub learnt: BTreeMap<u32, Learnt>,
    /// Programs solved.
    pub programs: usize,
}

/// Cells that are exposed to owners of others and not without; none where the attacker owns none.
pub(super) fn learnt(
    case: &Case,
    attack: &Attack<'_>,
    exposed: &BTreeMap<u32, Kind>,
    spec: &Spec,
) -> Result<Option<Lesson>, ProtectError> {
    let Some(most) = spec.rules.owns() else {
        return Ok(None);
    };
    let counts = case.counts(attack)?;
    let (views, several_cells) = match &counts {
        Some(counts) => known(case, counts, most),
        None => (assumed(case, attack, most), false),
    };
    let hidden = cells(&case.hidden);
    if views.len().saturating_mul(hidden.len()) > MOST {
        return Err(ProtectError::Owners {
            groups: views.len(),
            hidden: hidden.len(),
        });
    }
    let mut lesson = Lesson {
        owners: Owners {
            people: most,
            groups: views.len(),
            counts: match counts {
                Some(_) => Counts::Known,
                None => Counts::Assumed,
            },
            several_cells,
        },
        learnt: BTreeMap::new(),
        programs: 0,
    };
    let class = Class {
        case,
        counts: counts.as_deref(),
        exposed,
        spec,
    };
    for view in views {
        class.attend(view, attack, &mut lesson);
    }
    Ok(Some(lesson))
}

/// The cells that a group makes up, with their counts.
type View = Vec<(u32, i64)>;

/// The groups there are.
fn known(case: &Case, counts: &[i64], most: u64) -> (Vec<View>, bool) {
    let people = |c: u32| u64::try_from(counts[place(c)]).unwrap_or(0);
    let crowd = Crowd::of(&case.system, &people, &|c| case.hidden[place(c)], most);
    let groups = crowd.groups(&people, most);
    let views = groups.known.into_iter().map(|known| {
        let view = known.into_iter().map(|c| (c, counts[place(c)]));
        view.collect()
    });
    (views.collect(), groups.all)
}

/// The people that each hidden cell may have by itself.
fn assumed(case: &Case, attack: &Attack<'_>, most: u64) -> Vec<View> {
    let small = |c: &u32| case.primary.as_ref().is_none_or(|p| p[place(*c)]);
    let possible = |c: u32| {
        let range = attack.range(c);
        let numbers = range.lower.max(1)..=range.upper.min(count(most));
        numbers.map(move |n| vec![(c, n)])
    };
    let cells = cells(&case.hidden).into_iter().filter(small);
    cells.flat_map(possible).collect()
}

/// What one group after the other is told.
struct Class<'a> {
    case: &'a Case,
    counts: Option<&'a [i64]>,
    exposed: &'a BTreeMap<u32, Kind>,
    spec: &'a Spec,
}

impl Class<'_> {
    /// Is the cell a small count? None where only its bounds may tell.
    fn is_small(&self, cell: u32) -> Option<bool> {
        let at = place(cell);
        match (&self.case.primary, self.counts) {
            (Some(marks), _) => Some(marks[at]),
            (None, Some(counts)) => Some(self.small(counts[at])),
            (None, None) => None,
        }
    }

    fn small(&self, n: i64) -> bool {
        (1..count(self.spec.rules.min_frequency)).contains(&n)
    }

    /// The cells that hang together with those of a group and that it might learn.
    fn due(&self, view: &View, attack: &Attack<'_>) -> BTreeSet<u32> {
        let around = view.iter().flat_map(|(c, _)| attack.around(*c));
        around
            .copied()
            .filter(|c| self.case.hidden[place(*c)])
            .filter(|c| self.is_small(*c) != Some(false))
            .filter(|c| !self.exposed.contains_key(c))
            .filter(|c| view.iter().all(|(own, _)| own != c))
            .collect()
    }

    /// Lets a group look at the release.
    fn attend(&self, view: View, attack: &Attack<'_>, lesson: &mut Lesson) {
        let due = self.due(&view, attack);
        if due.is_empty() {
            return;
        }
        let mut given = self.case.range.clone();
        for (c, n) in &view {
            given[place(*c)] = Range::exactly(*n);
        }
        let truth = self.counts.map(<[i64]>::to_vec);
        let around: Vec<u32> = view
            .iter()
            .flat_map(|(c, _)| attack.around(*c))
            .copied()
            .collect();
        let Ok(mut own) = Attack::new(&self.case.system, given, truth) else {
            return;
        };
        // A number of people that cannot be is nobody's.
        if self.counts.is_none() && !own.is_possible_around(&around) {
            return;
        }
        let width = self.spec.rules.width.max(1);
        for cell in due {
            if own.reach(cell, width) != Reach::Close {
                continue;
            }
            let (lower, upper) = own.bounds(cell);
            let ends = [(lower - 1e-6).ceil(), (upper + 1e-6).floor()];
            let certainly =
                || self.small(rounded(ends[0].max(1.0))) && self.small(rounded(ends[1]));
            if !self.is_small(cell).unwrap_or_else(certainly) {
                continue;
            }
            let before = lesson.learnt.get(&cell).map(|l| l.upper - l.lower);
            if before.is_some_and(|b| b <= upper - lower) {
                continue;
            }
            let told = lesson.learnt.len() < CERTIFICATES;
            let mut reason = |up| told.then(|| own.certificate(cell, up)).flatten();
            let reasons = [reason(false), reason(true)];
            let owners = view.clone();
            let learnt = Learnt {
                owners,
                lower,
                upper,
                reasons,
            };
            lesson.learnt.insert(cell, learnt);
        }
        lesson.programs += own.programs;
    }
}
