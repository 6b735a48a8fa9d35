//! Who is counted in a cell knows that cell: contributors as attackers.
//!
//! The only person in a cell of one knows its count, and so do `k` people who together make up
//! cells of `k` in all. With these cells known to them, other small counts may have less room. Each
//! group is taken as the attacker, beside all that is published.

mod groups;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use groups::{Crowd, Groups};

use super::attacker::{Attack, Move, Reach};
use super::certified::proven_to;
use super::exact::count;
use super::range::Range;
use super::secondary::{Task, ranges, truth};
use super::system::place;

/// A small count that is too well known to the people of other cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// The cells that they make up, in ascending order.
    pub owners: Vec<u32>,
    pub small: u32,
}

/// The groups of at most `most` people, by the hidden cells that they make up.
pub(crate) fn of_people(task: &Task<'_>, hidden: &[bool], most: u64) -> Groups {
    let count = |c: u32| task.system.value[place(c)];
    Crowd::of(task.system, &count, &|c| hidden[place(c)], most).groups(&count, most)
}

/// How many cells have a single person.
pub(crate) fn singletons(task: &Task<'_>) -> usize {
    let cells = (0..task.system.len()).filter(|c| task.primary[*c]);
    cells.filter(|c| task.system.value[*c] == 1).count()
}

/// The moves that prove the width of small counts, by the cells that they move.
struct Proofs {
    /// The small counts that each move proves.
    proves: Vec<Vec<u32>>,
    /// The moves of each cell.
    moves: BTreeMap<u32, Vec<usize>>,
    /// How many moves prove each small count.
    number: BTreeMap<u32, usize>,
}

impl Proofs {
    fn of(task: &Task<'_>, moves: &[Move], width: u64) -> Self {
        let all = |m| proven_to(task, m, width).collect();
        let proves: Vec<Vec<u32>> = moves.iter().map(all).collect();
        let mut by_cell: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut number: BTreeMap<u32, usize> = BTreeMap::new();
        for (i, along) in moves.iter().enumerate() {
            for (c, _) in along {
                by_cell.entry(*c).or_default().push(i);
            }
            for c in &proves[i] {
                *number.entry(*c).or_default() += 1;
            }
        }
        Proofs {
            proves,
            moves: by_cell,
            number,
        }
    }

    /// The moves that move some of the cells; owners of these see through them.
    fn of_cells(&self, cells: &[u32]) -> BTreeSet<usize> {
        let of = |c| self.moves.get(c).into_iter().flatten().copied();
        cells.iter().flat_map(of).collect()
    }

    /// Small counts that no move proves but those seen through.
    fn lost(&self, seen: &BTreeSet<usize>, unproven: &[u32]) -> Vec<u32> {
        let mut fewer: BTreeMap<u32, usize> = BTreeMap::new();
        for c in seen.iter().flat_map(|i| &self.proves[*i]) {
            *fewer.entry(*c).or_default() += 1;
        }
        let gone = fewer.iter().filter(|(c, n)| self.number.get(c) == Some(n));
        let mut out: Vec<u32> = gone
            .map(|(c, _)| *c)
            .chain(unproven.iter().copied())
            .collect();
        out.sort_unstable();
        out
    }
}

/// Small counts with less than `width` between their bounds for one of the groups.
pub(crate) fn too_well_known(
    task: &Task<'_>,
    hidden: &[bool],
    moves: &[Move],
    groups: &Groups,
    width: u64,
) -> Vec<Known> {
    let proofs = Proofs::of(task, moves, width);
    let unproven: Vec<u32> = (0..hidden.len())
        .filter(|c| task.primary[*c])
        .filter_map(|c| u32::try_from(c).ok())
        .filter(|c| !proofs.number.contains_key(c))
        .collect();
    let given = ranges(task.system, hidden, task.rules);
    let mut out = Vec::new();
    for owners in &groups.known {
        let seen = proofs.of_cells(owners);
        let mut due = proofs.lost(&seen, &unproven);
        due.retain(|c| owners.binary_search(c).is_err());
        if due.is_empty() {
            continue;
        }
        let mut given = given.clone();
        for c in owners {
            given[place(*c)] = Range::exactly(count(task.system.value[place(*c)]));
        }
        let Ok(mut attack) = Attack::new(task.system, given, Some(truth(task.system))) else {
            continue;
        };
        let wanted: Vec<(u32, u64)> = due.iter().map(|c| (*c, width)).collect();
        let mut left = proofs.of_cells(&due);
        left.retain(|i| !seen.contains(i));
        let left: Vec<Move> = left.into_iter().map(|i| moves[i].clone()).collect();
        attack.walk(&left, &wanted);
        for small in due {
            if attack.whole_reach(small, width) != Reach::Wide {
                let owners = owners.clone();
                out.push(Known { owners, small });
            }
        }
    }
    out
}

/// How many people who are alone in a cell learn the count of another small cell exactly.
pub(crate) fn learners(task: &Task<'_>, hidden: &[bool], moves: &[Move]) -> usize {
    let count = |c: u32| task.system.value[place(c)];
    let groups = Crowd::of(task.system, &count, &|c| hidden[place(c)], 1).cell_by_cell();
    let known = too_well_known(task, hidden, moves, &groups, 1);
    let owners: BTreeSet<Vec<u32>> = known.into_iter().map(|k| k.owners).collect();
    owners.len()
}
