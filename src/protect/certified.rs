//! Secondary suppression of a large system: every small count gets a change of its own.
//!
//! A change is a whole-number vector that no relation notices. Where the hidden cells of a change
//! have room, the true counts with the change added and subtracted are points that an attacker
//! cannot rule out, so that one change proves the width of all the small counts that it moves far
//! enough. To begin with, the cells are hidden that elimination leaves. Whichever small count has no
//! proof yet gets the cheapest product of changes (`product`), those that cost little first, so that
//! what they hide makes the others cheaper; where products are dear or there are none, a linear
//! program about the cells around looks for another. Then cells are shown again, the dearest first,
//! whose changes prove nothing that others do not, or could not.
//!
//! No program over the whole system is solved, so that the work grows with the number of small
//! counts. What is left without a proof is for the attacker's programs to decide.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::attacker::Move;
use super::elimination::Freedom;
use super::exact::{count, real};
use super::product::Products;
use super::repair::{Repair, Repairer};
use super::secondary::Task;
use super::system::place;

/// Where no product does: siblings that are looked at in each variable, and the seed of the search;
/// more of them, and other ways among them, where fewer give no change in whole numbers.
const TRIES: [(usize, usize); 8] = [
    (3, 0),
    (3, 1),
    (6, 0),
    (6, 1),
    (12, 2),
    (12, 0),
    (12, 4),
    (24, 3),
];
/// Products that cost at most so many cells of mean cost are taken in turn, before all others.
const CHEAP: [f64; 6] = [0.0, 0.25, 1.0, 4.0, 16.0, 64.0];
/// In systems of at most so many cells, products dearer than that of [`CHEAP`]'s fourth step are
/// compared with changes that linear programs find.
const COMPARED: usize = 40_000;
/// Small counts for which another change is looked for so that one cell can be shown.
const INSTEAD: usize = 12;
/// Searches for such changes.
const SEARCHES: usize = 400_000;
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
    proven_to(task, along, task.rules.width.max(1))
}

/// The same for another width.
pub(crate) fn proven_to<'a>(
    task: &'a Task<'_>,
    along: &'a Move,
    width: u64,
) -> impl Iterator<Item = u32> + use<'a> {
    let far = reach(task, along);
    let width = count(width);
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
    let products = Products::new(task);
    let mut done = vec![false; hidden.len()];
    let mut changes: Vec<Move> = Vec::new();
    let mut open = Vec::new();
    let mut small: Vec<u32> = (0..hidden.len())
        .filter(|c| task.primary[*c])
        .filter_map(|c| u32::try_from(c).ok())
        .collect();
    // Inner cells first: what is hidden for them serves the margins above.
    small.sort_by_key(|c| (Reverse(task.system.depth(*c)), *c));
    let mut take = |along: Move, hidden: &mut Vec<bool>, done: &mut Vec<bool>| {
        along.iter().for_each(|(c, _)| hidden[place(*c)] = true);
        proven(task, &along).for_each(|p| done[place(p)] = true);
        changes.push(along);
    };
    // Cheap changes first: what they hide makes the others cheaper.
    let mean = mean_cost(task);
    let compares = task.system.len() <= COMPARED;
    let steps = if compares { 4 } else { CHEAP.len() };
    for most in CHEAP.iter().take(steps).map(|n| n * mean) {
        for c in &small {
            if !done[place(*c)]
                && let Some(along) = products.cheapest(&hidden, *c, most)
            {
                take(along, &mut hidden, &mut done);
            }
        }
    }
    for c in small {
        if done[place(c)] {
            continue;
        }
        let price = |along: &Move| -> f64 {
            let shown = along.iter().filter(|(c, _)| !hidden[place(*c)]);
            shown.map(|(c, _)| task.cost[place(*c)]).sum()
        };
        let product = products.cheapest(&hidden, c, f64::INFINITY);
        let tries = match product {
            None => TRIES.len(),
            Some(_) => usize::from(compares),
        };
        let other = near(task, &hidden, c, repairer, tries);
        let found = match (product, other) {
            (Some(a), Some(b)) => Some(if price(&b) < price(&a) { b } else { a }),
            (a, b) => a.or(b),
        };
        match found.or_else(|| wide(task, &hidden, c, repairer)) {
            Some(along) => take(along, &mut hidden, &mut done),
            None => open.push(c),
        }
    }
    let mut certified = Certified {
        hidden,
        changes,
        open,
    };
    show_again(task, order, &products, &mut certified);
    certified
}

/// The mean cost of a cell that may be hidden.
fn mean_cost(task: &Task<'_>) -> f64 {
    let free = || (0..task.cost.len()).filter(|c| task.unknown[*c] && !task.primary[*c]);
    let number = u64::try_from(free().count()).unwrap_or(0).max(1);
    free().map(|c| task.cost[c]).sum::<f64>() / real(number)
}

/// The change, if it proves the width of a small count.
fn proving(task: &Task<'_>, repair: Option<Repair>, small: u32) -> Option<Move> {
    let along = repair?.change?;
    let proves = proven(task, &along).any(|p| p == small);
    proves.then_some(along)
}

/// The cheapest change among the cells around a small count.
fn near(
    task: &Task<'_>,
    hidden: &[bool],
    small: u32,
    repairer: &Repairer<'_>,
    tries: usize,
) -> Option<Move> {
    TRIES.iter().take(tries).find_map(|(siblings, seed)| {
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

/// Shows cells whose changes prove nothing that others do not, or that others among hidden cells
/// could prove, in the order given.
fn show_again(task: &Task<'_>, order: &[u32], products: &Products<'_>, certified: &mut Certified) {
    let mut proofs = Proofs::of(task, std::mem::take(&mut certified.changes));
    let hidden = &mut certified.hidden;
    let mut searches = 0;
    for c in order.iter().filter(|c| !task.primary[place(**c)]) {
        if !hidden[place(*c)] {
            continue;
        }
        let lost = proofs.with(*c);
        let bare = proofs.bare(&lost);
        if bare.len() > INSTEAD || (searches > SEARCHES && !bare.is_empty()) {
            continue;
        }
        hidden[place(*c)] = false;
        let mut instead: Vec<Move> = Vec::new();
        let all = bare.iter().all(|small| {
            let proven_now = |m: &Move| proven(task, m).any(|p| p == *small);
            if instead.iter().any(proven_now) {
                return true;
            }
            searches += 1;
            let found = products.among(hidden, *small);
            let is_found = found.is_some();
            instead.extend(found);
            is_found
        });
        if all {
            proofs.remove(&lost);
            instead.into_iter().for_each(|m| proofs.add(task, m));
        } else {
            hidden[place(*c)] = true;
        }
    }
    // What no change moves any more protects nothing.
    for c in order.iter().filter(|c| !task.primary[place(**c)]) {
        hidden[place(*c)] &= !proofs.with(*c).is_empty();
    }
    certified.changes = proofs.left();
}

/// Changes with the small counts that they prove.
struct Proofs {
    changes: Vec<Option<Move>>,
    proves: Vec<Vec<u32>>,
    /// How many changes prove each cell.
    number: Vec<u32>,
    /// The changes of each cell.
    of_cell: Vec<Vec<usize>>,
}

impl Proofs {
    fn of(task: &Task<'_>, changes: Vec<Move>) -> Self {
        let cells = task.system.len();
        let mut proofs = Proofs {
            changes: Vec::new(),
            proves: Vec::new(),
            number: vec![0; cells],
            of_cell: vec![Vec::new(); cells],
        };
        changes.into_iter().for_each(|m| proofs.add(task, m));
        proofs
    }

    fn add(&mut self, task: &Task<'_>, along: Move) {
        let proves: Vec<u32> = proven(task, &along).collect();
        proves.iter().for_each(|c| self.number[place(*c)] += 1);
        let own = self.changes.len();
        along
            .iter()
            .for_each(|(c, _)| self.of_cell[place(*c)].push(own));
        self.proves.push(proves);
        self.changes.push(Some(along));
    }

    /// The changes that move a cell.
    fn with(&self, cell: u32) -> Vec<usize> {
        let of = self.of_cell[place(cell)].iter().copied();
        of.filter(|i| self.changes[*i].is_some()).collect()
    }

    /// The small counts that nothing proves without these changes.
    fn bare(&self, lost: &[usize]) -> Vec<u32> {
        let mut fewer: BTreeMap<u32, u32> = BTreeMap::new();
        for c in lost.iter().flat_map(|i| &self.proves[*i]) {
            *fewer.entry(*c).or_default() += 1;
        }
        let bare = fewer
            .into_iter()
            .filter(|(c, n)| self.number[place(*c)] <= *n);
        bare.map(|(c, _)| c).collect()
    }

    fn remove(&mut self, lost: &[usize]) {
        for i in lost {
            self.changes[*i] = None;
            self.proves[*i]
                .iter()
                .for_each(|c| self.number[place(*c)] -= 1);
        }
    }

    fn left(self) -> Vec<Move> {
        self.changes.into_iter().flatten().collect()
    }
}
