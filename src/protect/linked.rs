//! Protects the tables of one concept and measure together: one system of relations for all that
//! share cells, one pattern, one audit.

use std::collections::{BTreeMap, BTreeSet};

use super::attacker::Finding;
use super::audit::audit;
use super::error::{Blocked, ProtectError};
use super::owner::{learners, singletons};
use super::rules::{Rules, Zeros};
use super::secondary::{Task, protect};
use super::system::{CannotJoin, Cube, System, place};

/// One table that is to be protected with others.
pub(crate) struct Member {
    /// Its id, for messages.
    pub name: String,
    /// Whom it counts: tables of different populations share no cell, whatever their codes. Empty
    /// is the population of the release.
    pub population: Vec<String>,
    pub cube: Cube,
    /// Counts from 1 to one below this are hidden; none hides nothing of its own accord.
    pub min_frequency: Option<u64>,
    /// Cells (in row-major order) that cannot occur.
    pub impossible: BTreeSet<usize>,
    /// Rounding base of what is shown; 1 is exact.
    pub base: u64,
}

/// What became of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Shown,
    Primary,
    Secondary,
    Impossible,
}

impl State {
    /// The word in the restricted file.
    pub fn word(self) -> &'static str {
        match self {
            State::Shown => "observed",
            State::Primary => "primary",
            State::Secondary => "secondary",
            State::Impossible => "not_applicable",
        }
    }
}

/// A cell after protection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cell {
    pub count: u64,
    pub state: State,
    /// Rounding base: the coarsest of the tables that show this cell.
    pub base: u64,
    pub bounds: Option<Finding>,
}

/// The members after protection, in the order given; cells in row-major order.
pub(crate) struct Outcome {
    pub tables: Vec<Vec<Cell>>,
    /// The members that were protected together, by position.
    pub systems: Vec<Vec<usize>>,
    /// Cost of the secondary cells, over all systems.
    pub cost: f64,
    /// No pattern costs less, over all systems; none where it was not looked for in one of them.
    pub bound: Option<f64>,
    /// Cells of one person, and how many of these people learn another small count; none where
    /// that was not looked at.
    pub owners: (usize, Option<usize>),
    /// Was every group of owners looked at, or the people of each cell by itself? None where the
    /// rules ask for neither.
    pub every_group: Option<bool>,
    /// Least width of the bounds of a small count, over all systems.
    pub least_width: Option<f64>,
}

struct Group<'a> {
    population: &'a [String],
    system: System,
    members: Vec<(usize, Vec<u32>)>,
}

/// Protects the members together as far as they share cells and agree on them. With `must_agree`
/// a disagreement is an error; otherwise such a table makes a system of its own.
pub(crate) fn protect_together(
    members: &[Member],
    rules: &Rules,
    must_agree: bool,
) -> Result<Outcome, ProtectError> {
    protect_with(members, &[], rules, must_agree)
}

/// What is asked of single cells of a member, by their place in row-major order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Demands {
    /// They must stay shown.
    pub shown: BTreeSet<usize>,
    /// They are hidden whatever their count, zeros among them.
    pub hidden: BTreeSet<usize>,
}

/// As [`protect_together`], with demands on single cells, one entry a member.
pub(crate) fn protect_with(
    members: &[Member],
    demands: &[Demands],
    rules: &Rules,
    must_agree: bool,
) -> Result<Outcome, ProtectError> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (i, member) in members.iter().enumerate() {
        let mut placed = false;
        let population = member.population.as_slice();
        for group in groups.iter_mut().filter(|g| g.population == population) {
            match group.system.join(&member.cube) {
                Ok(ids) => {
                    group.members.push((i, ids));
                    placed = true;
                    break;
                }
                Err(CannotJoin::Disagrees) if !must_agree => {}
                Err(other) => return Err(other.into()),
            }
        }
        if !placed {
            let mut system = System::new();
            let ids = system.join(&member.cube)?;
            groups.push(Group {
                population,
                system,
                members: vec![(i, ids)],
            });
        }
    }
    let mut outcome = Outcome {
        tables: vec![Vec::new(); members.len()],
        systems: Vec::new(),
        cost: 0.0,
        bound: Some(0.0),
        least_width: None,
        owners: (0, Some(0)),
        every_group: None,
    };
    for group in &groups {
        finish(group, members, demands, rules, &mut outcome)?;
        outcome
            .systems
            .push(group.members.iter().map(|(i, _)| *i).collect());
    }
    Ok(outcome)
}

/// Owners of cells are looked at in systems with no more cells than this.
const OWNERS: usize = 20_000;

/// The codes of some cells, each in the first table that has it.
fn named(group: &Group<'_>, members: &[Member], cells: &[u32]) -> Vec<Blocked> {
    let mut out = Vec::new();
    for cell in cells {
        let found = group.members.iter().find_map(|(i, ids)| {
            let at = ids.iter().position(|id| id == cell)?;
            Some((&members[*i], at))
        });
        if let Some((member, at)) = found {
            let codes = member
                .cube
                .position(at)
                .into_iter()
                .zip(&member.cube.hierarchies);
            out.push(Blocked {
                table: member.name.clone(),
                codes: codes.map(|(code, h)| h.codes[code].clone()).collect(),
            });
        }
    }
    out
}

fn finish(
    group: &Group<'_>,
    members: &[Member],
    demands: &[Demands],
    rules: &Rules,
    outcome: &mut Outcome,
) -> Result<(), ProtectError> {
    let n = group.system.len();
    let mut primary = vec![false; n];
    let mut unknown: Vec<bool> = group.system.value.iter().map(|v| *v > 0).collect();
    let mut base = vec![1_u64; n];
    let mut fixed = vec![false; n];
    for (i, ids) in &group.members {
        let member = &members[*i];
        let demand = demands.get(*i);
        for (cell, id) in ids.iter().enumerate() {
            let id = place(*id);
            fixed[id] |= demand.is_some_and(|d| d.shown.contains(&cell));
            if demand.is_some_and(|d| d.hidden.contains(&cell)) {
                primary[id] = true;
                unknown[id] = true;
            }
            let count = group.system.value[id];
            base[id] = base[id].max(member.base);
            if let Some(least) = member.min_frequency {
                let zero = count == 0
                    && rules.zeros == Zeros::Hidden
                    && !member.impossible.contains(&cell);
                if zero || (count > 0 && count < least.max(rules.min_frequency)) {
                    primary[id] = true;
                    unknown[id] = true;
                }
            }
        }
    }
    let names = group
        .members
        .iter()
        .map(|(i, _)| members[*i].name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let mut hidden = vec![false; n];
    let mut bounds: BTreeMap<u32, Finding> = BTreeMap::new();
    if primary.iter().any(|p| *p) {
        let costs: Vec<f64> = group
            .system
            .value
            .iter()
            .map(|v| rules.cost.of(*v))
            .collect();
        let task = Task {
            system: &group.system,
            primary: &primary,
            unknown: &unknown,
            fixed: &fixed,
            cost: &costs,
            rules,
        };
        let blocked = |stuck: Vec<u32>| ProtectError::Unprotectable {
            tables: names.clone(),
            cells: stuck.len(),
            blocked: named(group, members, &stuck),
        };
        let both: Vec<u32> = (0..n)
            .filter(|c| primary[*c] && fixed[*c])
            .filter_map(|c| u32::try_from(c).ok())
            .collect();
        if !both.is_empty() {
            return Err(blocked(both));
        }
        let pattern = protect(&task).map_err(blocked)?;
        outcome.owners.0 += singletons(&task);
        let learn = (n <= OWNERS).then(|| learners(&task, &pattern.hidden, &pattern.moves));
        outcome.owners.1 = outcome.owners.1.zip(learn).map(|(all, own)| all + own);
        outcome.every_group = match (outcome.every_group, pattern.every_group) {
            (Some(a), Some(b)) => Some(a && b),
            (a, b) => a.or(b),
        };
        let findings = audit(
            &group.system,
            &pattern.hidden,
            &primary,
            &pattern.moves,
            rules,
        );
        if !findings.exposed.is_empty() {
            return Err(ProtectError::Exposed {
                tables: names,
                cells: findings.exposed.len(),
            });
        }
        outcome.cost += pattern.cost;
        let bound = outcome.bound.zip(pattern.bound);
        outcome.bound = bound.map(|(all, own)| all + own);
        hidden = pattern.hidden;
        bounds = findings.bounds;
        let least = bounds
            .iter()
            .filter(|(c, _)| primary[place(**c)])
            .map(|(_, b)| b.upper - b.lower)
            .min_by(f64::total_cmp);
        outcome.least_width = match (outcome.least_width, least) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    for (i, ids) in &group.members {
        outcome.tables[*i] = ids
            .iter()
            .enumerate()
            .map(|(cell, id)| {
                let at = place(*id);
                let state = if members[*i].impossible.contains(&cell) {
                    State::Impossible
                } else if primary[at] {
                    State::Primary
                } else if hidden[at] {
                    State::Secondary
                } else {
                    State::Shown
                };
                Cell {
                    count: group.system.value[at],
                    state,
                    base: base[at],
                    bounds: bounds.get(id).copied(),
                }
            })
            .collect();
    }
    Ok(())
}
