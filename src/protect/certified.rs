//! Secondary suppression of a large system: every small count gets a change of its own.
//!
//! A change is a whole-number vector that no relation notices. Where the hidden cells of a change
//! have room, the true counts with the change added and subtracted are points that an attacker
//! cannot rule out, so that one change proves the width of all the small counts that it moves far
//! enough. To begin with, the cells are hidden that elimination leaves. Small counts are taken one
//! after the other; whichever has no proof yet gets the cheapest change among the cells around it.
//! Then cells are shown again, the dearest first, whose changes
//! prove nothing that others do not.
//!
//! No program over the whole system is solved, so that the work grows with the number of small
//! counts. What is left without a proof is for the attacker's programs to decide.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;

use super::attacker::Move;
use super::elimination::Freedom;
use super::exact::count;
use super::repair::{Repair, Repairer};
use super::secondary::Task;
use super::system::place;

/// Siblings that are looked at in each variable, and the seed of the search: more of them, and
/// other ways among them, where fewer give no change in whole numbers.
const TRIES: [(usize, usize); 9] = [
    (2, 0),
    (3, 0),
    (3, 1),
    (6, 0),
    (6, 1),
    (12, 2),
    (12, 0),
    (12, 4),
    (24, 3),
];
/// Systems with more cells than this are given the first of these tries too.
const LARGEST: usize = 40_000;
/// Small counts that are looked at together; not the number of threads, so that the pattern does
/// not depend on it.
const BATCH: usize = 16;
/// Seeds of the search in the wide box that follows.
const SEEDS: usize = 3;

/// Hidden cells with the changes that prove their widths.
pub(crate) struct Certified {
    pub hidden: Vec<bool>,
    pub changes: Vec<Move>,
    /// Small counts without a proof.
    pub open: Vec<u32>,
}

/// How far a change alone carries its cells, both ways together, in multiples of itself.
fn reach(task: &Task<'_>, along: &Move) -> i64 {
    let least = task.rules.least();
    let far = |sign: i64| {
        let falls = along.iter().filter(|(_, y)| y * sign < 0);
        let rooms = falls.map(|(c, y)| (count(task.system.value[place(*c)]) - least) / y.abs());
        rooms.min().unwrap_or(FAR).clamp(0, FAR)
    };
    far(1) + far(-1)
}

/// A multiple that stands for no limit.
const FAR: i64 = i64::MAX / 1024;

/// The small counts whose width a change proves.
pub(crate) fn proven<'a>(
    task: &'a Task<'_>,
    along: &'a Move,
) -> impl Iterator<Item = u32> + use<'a> {
    let far = reach(task, along);
    let width = count(task.rules.width.max(1));
    along
        .iter()
        .filter(move |(c, y)| task.primary[place(*c)] && y.abs().saturating_mul(far) >= width)
        .map(|(c, _)| *c)
}

/// Builds a pattern from what elimination leaves hidden.
pub(crate) fn build(task: &Task<'_>, order: &[u32], repairer: &mut Repairer<'_>) -> Certified {
    let mut hidden = task.unknown.to_vec();
    let mut freedom = Freedom::of(task.system, task.unknown);
    for c in order {
        if task.fixed[place(*c)] || !freedom.would_determine(*c, task.primary) {
            freedom.show(*c);
            hidden[place(*c)] = false;
        }
    }
    drop(freedom);
    // In the largest systems the smallest boxes come first; elsewhere they cost cells.
    let first = usize::from(task.system.len() <= LARGEST);
    let mut done = vec![false; hidden.len()];
    let mut changes: Vec<Move> = Vec::new();
    let mut open = Vec::new();
    let mut small: Vec<u32> = (0..hidden.len())
        .filter(|c| task.primary[*c])
        .filter_map(|c| u32::try_from(c).ok())
        .collect();
    // Inner cells first: what is hidden for them serves the margins above. Otherwise far from each
    // other, so that those looked at together seldom serve each other.
    small.sort_by_key(|c| (Reverse(task.system.depth(*c)), scattered(*c)));
    for batch in small.chunks(BATCH) {
        let due: Vec<u32> = batch.iter().copied().filter(|c| !done[place(*c)]).collect();
        let tried: Vec<Option<Move>> = due
            .par_iter()
            .map(|c| near(task, &hidden, *c, repairer, first..first + 1))
            .collect();
        for (c, tried) in due.into_iter().zip(tried) {
            if done[place(c)] {
                continue;
            }
            let found = tried
                .or_else(|| near(task, &hidden, c, repairer, first + 1..TRIES.len()))
                .or_else(|| wide(task, &hidden, c, repairer));
            match found {
                Some(along) => {
                    along.iter().for_each(|(c, _)| hidden[place(*c)] = true);
                    proven(task, &along).for_each(|p| done[place(p)] = true);
                    changes.push(along);
                }
                None => open.push(c),
            }
        }
    }
    let mut certified = Certified {
        hidden,
        changes,
        open,
    };
    show_again(task, order, &mut certified);
    certified
}

/// A place in an order in which neighbours are far apart.
fn scattered(cell: u32) -> u32 {
    cell.wrapping_mul(0x9E37_79B1)
        .rotate_left(16)
        .wrapping_mul(0x85EB_CA6B)
}

/// The change, if it proves the width of a small count.
fn proving(task: &Task<'_>, repair: Option<Repair>, small: u32) -> Option<Move> {
    let along = repair?.change?;
    let proves = proven(task, &along).any(|p| p == small);
    proves.then_some(along)
}

/// The cheapest change among the cells around a small count, by some of the tries.
fn near(
    task: &Task<'_>,
    hidden: &[bool],
    small: u32,
    repairer: &Repairer<'_>,
    tries: Range<usize>,
) -> Option<Move> {
    TRIES.get(tries)?.iter().find_map(|(siblings, seed)| {
        let repair = repairer.near(hidden, small, task.rules.width, *siblings, *seed);
        proving(task, repair, small)
    })
}

/// The cheapest change in a wide box.
fn wide(task: &Task<'_>, hidden: &[bool], small: u32, repairer: &mut Repairer<'_>) -> Option<Move> {
    (0..SEEDS).find_map(|seed| {
        let repair = repairer.repair(hidden, small, task.rules.width, seed);
        proving(task, repair, small)
    })
}

/// Shows cells whose changes prove nothing that others do not, in the order given.
fn show_again(task: &Task<'_>, order: &[u32], certified: &mut Certified) {
    let Certified {
        hidden, changes, ..
    } = certified;
    let mut proofs: Vec<u32> = vec![0; hidden.len()];
    let mut with: Vec<Vec<usize>> = vec![Vec::new(); hidden.len()];
    let helped: Vec<Vec<u32>> = changes.iter().map(|m| proven(task, m).collect()).collect();
    for (i, along) in changes.iter().enumerate() {
        helped[i].iter().for_each(|c| proofs[place(*c)] += 1);
        along.iter().for_each(|(c, _)| with[place(*c)].push(i));
    }
    let mut gone = vec![false; changes.len()];
    for c in order.iter().filter(|c| !task.primary[place(**c)]) {
        if !hidden[place(*c)] {
            continue;
        }
        let lost: Vec<usize> = with[place(*c)]
            .iter()
            .copied()
            .filter(|i| !gone[*i])
            .collect();
        let mut fewer: BTreeMap<u32, u32> = BTreeMap::new();
        for i in &lost {
            helped[*i]
                .iter()
                .for_each(|p| *fewer.entry(*p).or_default() += 1);
        }
        if fewer.iter().all(|(p, n)| proofs[place(*p)] > *n) {
            fewer.iter().for_each(|(p, n)| proofs[place(*p)] -= n);
            lost.into_iter().for_each(|i| gone[i] = true);
            hidden[place(*c)] = false;
        }
    }
    let mut gone = gone.iter();
    changes.retain(|_| gone.next() == Some(&false));
}
