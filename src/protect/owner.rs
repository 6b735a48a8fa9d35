//! Who is counted in a cell knows that cell: contributors as attackers.
//!
//! The only person in a cell of one knows its count, and so do `k` people who together make up a
//! cell of at most `k`. With that cell known to them, other small counts may have less room. The
//! owners of one cell at a time are taken as the attacker, each beside all that is published.

use std::collections::{BTreeMap, BTreeSet};

use super::attacker::{Attack, Move, Reach};
use super::certified::proven;
use super::exact::count;
use super::range::Range;
use super::secondary::{Task, ranges, truth};
use super::system::place;

/// A small count that is too well known to whoever owns another cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Known {
    pub owner: u32,
    pub small: u32,
}

/// Cells of at most `most` people.
pub(crate) fn owned(task: &Task<'_>, most: u64) -> Vec<u32> {
    (0..task.system.len())
        .filter(|c| task.primary[*c] && (1..=most).contains(&task.system.value[*c]))
        .filter_map(|c| u32::try_from(c).ok())
        .collect()
}

/// Small counts with less than `width` between their bounds for the owners of a cell of at most
/// `most` people.
pub(crate) fn too_well_known(
    task: &Task<'_>,
    hidden: &[bool],
    moves: &[Move],
    most: u64,
    width: u64,
) -> Vec<Known> {
    let small: Vec<u32> = (0..hidden.len())
        .filter(|c| task.primary[*c])
        .filter_map(|c| u32::try_from(c).ok())
        .collect();
    // Moves that prove a small count's width, as the cells that each of them needs.
    let mut proofs: BTreeMap<u32, Vec<BTreeSet<u32>>> = BTreeMap::new();
    for along in moves {
        let cells: BTreeSet<u32> = along.iter().map(|(c, _)| *c).collect();
        for c in proven(task, along) {
            proofs.entry(c).or_default().push(cells.clone());
        }
    }
    let given = ranges(task.system, hidden, task.rules);
    let mut out = Vec::new();
    for owner in owned(task, most) {
        let due: Vec<u32> = small
            .iter()
            .copied()
            .filter(|c| *c != owner)
            .filter(|c| {
                let with = |cells: &BTreeSet<u32>| cells.contains(&owner);
                proofs.get(c).is_none_or(|p| p.iter().all(with))
            })
            .collect();
        if due.is_empty() {
            continue;
        }
        let mut given = given.clone();
        given[place(owner)] = Range::exactly(count(task.system.value[place(owner)]));
        let Ok(mut attack) = Attack::new(task.system, given, Some(truth(task.system))) else {
            continue;
        };
        let without = |m: &&Move| m.iter().all(|(c, _)| *c != owner);
        let moves: Vec<Move> = moves.iter().filter(without).cloned().collect();
        let wanted: Vec<(u32, u64)> = due.iter().map(|c| (*c, width)).collect();
        attack.walk(&moves, &wanted);
        for c in due {
            if attack.reach(c, width) != Reach::Wide {
                out.push(Known { owner, small: c });
            }
        }
    }
    out
}

/// How many owners of a cell of one person learn the count of another small cell exactly.
pub(crate) fn learners(task: &Task<'_>, hidden: &[bool], moves: &[Move]) -> usize {
    let known = too_well_known(task, hidden, moves, 1, 1);
    let owners: BTreeSet<u32> = known.into_iter().map(|k| k.owner).collect();
    owners.len()
}
