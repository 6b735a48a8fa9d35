//! Which cells of a release are exposed to whoever has the published tables alone.

use std::collections::BTreeMap;

use super::super::attacker::{Attack, Reach};
use super::super::exact::{count, rounded};
use super::super::spec::Spec;
use super::super::system::place;
use super::case::Case;
use super::{Kind, cells};

/// Cells that stand in no table are looked at by programs where there are no more than this.
const MOST_IMPLIED: usize = 4_000;

/// The exposed cells, each with why.
pub(super) fn exposures(case: &Case, attack: &mut Attack<'_>, spec: &Spec) -> BTreeMap<u32, Kind> {
    let rules = &spec.rules;
    let width = rules.width.max(1);
    let small = |n: i64| (1..count(rules.min_frequency)).contains(&n);
    let mut out = BTreeMap::new();
    let wanted = |cell: u32| match &case.primary {
        Some(marks) if !marks[place(cell)] => 1,
        _ => width,
    };
    let hidden: Vec<(u32, u64)> = cells(&case.hidden)
        .into_iter()
        .map(|c| (c, wanted(c)))
        .collect();
    attack.scatter(&hidden);
    for (cell, wanted) in hidden {
        let at = place(cell);
        if attack.is_apart(cell, wanted) || attack.reach(cell, wanted) != Reach::Close {
            continue;
        }
        let (lower, upper) = attack.bounds(cell);
        let (lower, upper) = ((lower - 1e-6).ceil(), (upper + 1e-6).floor());
        let marked = case.primary.as_ref().is_some_and(|marks| marks[at]);
        if upper <= lower {
            out.insert(cell, Kind::Exact);
        } else if marked
            || (case.primary.is_none() && small(rounded(lower.max(1.0))) && small(rounded(upper)))
        {
            // Without marks, only what is certainly small counts as narrow.
            out.insert(cell, Kind::Narrow);
        }
    }
    let implied: Vec<u32> = (0..case.hidden.len())
        .filter(|c| !case.hidden[*c] && !case.shown[*c])
        .filter_map(|c| u32::try_from(c).ok())
        .collect();
    let programs = implied.len() <= MOST_IMPLIED;
    let rounded_cells = cells(&case.shown).into_iter().filter(|c| {
        let given = case.range[place(*c)];
        given.lower < given.upper
    });
    let rounded_cells: Vec<u32> = rounded_cells.collect();
    let unpicked = rounded_cells.len() <= MOST_IMPLIED;
    let lists = [
        (implied, programs, Kind::Implied),
        (rounded_cells, unpicked, Kind::Unpicked),
    ];
    for (list, programs, kind) in lists {
        for cell in list {
            let range = attack.range(cell);
            let single = if range.lower == range.upper {
                Some(range.lower)
            } else if programs && attack.reach(cell, 1) == Reach::Close {
                let (lower, upper) = attack.bounds(cell);
                let (lower, upper) = ((lower - 1e-6).ceil(), (upper + 1e-6).floor());
                (upper <= lower).then(|| rounded(lower))
            } else {
                None
            };
            if single.is_some_and(small) {
                out.insert(cell, kind);
            }
        }
    }
    out
}
