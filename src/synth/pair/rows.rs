//! Which person a row is, what its id is, and which rows are one person.
//!
//! Rows have slots. On both sides the first slots are the people of both files, in the same order;
//! those after them are people of one file; the last slots of the right file are second records of
//! people who have a slot there already. The place of a slot in its file and its id are
//! permutations, so that neither tells anything.

use super::super::dice::{count, real};
use super::super::numbers::Permutation;
use super::parameters::PairParameters;

const IDS: u64 = 1_000_000_000;

/// One of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The custody register.
    Left,
    /// Parents known to children's services.
    Right,
}

impl Side {
    /// The place of this side in a list of two.
    pub(super) fn of<T: Copy>(self, [left, right]: [T; 2]) -> T {
        match self {
            Side::Left => left,
            Side::Right => right,
        }
    }
}

/// A person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// In both files.
    Both(u64),
    /// On the left only.
    Left(u64),
    /// On the right only.
    Right(u64),
}

/// The rows of both files.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows {
    rows: u64,
    both: u64,
    again: u64,
    order: [Permutation; 2],
    ids: [Permutation; 2],
    /// Which slots of the right file have a second record.
    repeated: Permutation,
}

/// What a row is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// The person.
    pub who: Who,
    /// The number of the slot in its file.
    pub number: u64,
    /// Is it a second record?
    pub again: bool,
}

impl Rows {
    /// So many rows a file.
    pub(super) fn new(p: &PairParameters, key: &[u8; 32], rows: u64) -> Self {
        let share = |share: f64| count((real(rows) * share).round()).min(rows);
        let again = share(**p.people.again).min(rows / 2);
        Rows {
            rows,
            both: share(**p.people.both).min(rows - again),
            again,
            order: [1, 2].map(|purpose| Permutation::new(key, purpose, rows)),
            ids: [3, 4].map(|purpose| Permutation::new(key, purpose, IDS)),
            repeated: Permutation::new(key, 5, rows - again),
        }
    }

    /// Rows of each file.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// People of both files.
    pub(super) fn both(&self) -> u64 {
        self.both
    }

    /// Second records on the right.
    pub(super) fn again(&self) -> u64 {
        self.again
    }

    /// The person of a slot of the left file.
    pub(super) fn left(&self, slot: u64) -> Who {
        if slot < self.both {
            Who::Both(slot)
        } else {
            Who::Left(slot)
        }
    }

    fn right(&self, slot: u64) -> Who {
        if slot < self.both {
            Who::Both(slot)
        } else {
            Who::Right(slot)
        }
    }

    /// What the row at a place of a file is.
    pub(super) fn at(&self, side: Side, place: u64) -> Slot {
        let number = side.of(self.order).of(place);
        let first = self.rows - self.again;
        let (who, again) = match side {
            Side::Left => (self.left(number), false),
            Side::Right if number < first => (self.right(number), false),
            Side::Right => (self.right(self.repeated.of(number - first)), true),
        };
        Slot { who, number, again }
    }

    /// The id of a slot of a file.
    pub(super) fn id(&self, side: Side, slot: u64) -> String {
        format!("{}{:09}", side.of(["C", "P"]), side.of(self.ids).of(slot))
    }

    /// The true pairs, as slots of the left and of the right file: first every person of both files,
    /// then the second records of such people.
    pub(super) fn true_pairs(&self) -> impl Iterator<Item = (u64, u64)> {
        let first = self.rows - self.again;
        let second = (0..self.again).filter_map(move |n| {
            let of = self.repeated.of(n);
            (of < self.both).then_some((of, first + n))
        });
        (0..self.both).map(|slot| (slot, slot)).chain(second)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::synth::dice::key;

    #[test]
    fn the_truth_is_all_pairs_of_rows_of_one_person_and_no_other() {
        let p = PairParameters::built_in().expect("parameters");
        for n in [10, 999, 4_000] {
            let rows = Rows::new(&p, &key(1), n);
            let mut left: HashMap<Who, u64> = HashMap::new();
            let mut expected = HashSet::new();
            for place in 0..n {
                let slot = rows.at(Side::Left, place);
                assert!(
                    left.insert(slot.who, slot.number).is_none(),
                    "on the left twice"
                );
            }
            let mut seen: HashMap<Who, u64> = HashMap::new();
            for place in 0..n {
                let slot = rows.at(Side::Right, place);
                *seen.entry(slot.who).or_default() += 1;
                if let Some(theirs) = left.get(&slot.who) {
                    expected.insert((*theirs, slot.number));
                }
            }
            let listed: Vec<(u64, u64)> = rows.true_pairs().collect();
            assert_eq!(listed.len(), expected.len());
            assert_eq!(listed.into_iter().collect::<HashSet<_>>(), expected);
            let twice = seen.values().filter(|n| **n == 2).count() as u64;
            assert_eq!(twice, rows.again());
            assert!(seen.values().all(|n| *n <= 2));
            let both = seen.keys().filter(|who| left.contains_key(who)).count() as u64;
            assert_eq!((both, rows.both()), (rows.both(), (n * 31 + 50) / 100));
        }
    }

    #[test]
    fn ids_are_unique_and_tell_no_slot() {
        let p = PairParameters::built_in().expect("parameters");
        let rows = Rows::new(&p, &key(1), 5_000);
        let ids: Vec<String> = (0..5_000).map(|s| rows.id(Side::Left, s)).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 5_000);
        assert!(!ids.is_sorted() && ids.iter().all(|id| id.len() == 10));
        assert_ne!(rows.id(Side::Left, 7)[1..], rows.id(Side::Right, 7)[1..]);
    }
}
