//! The units that errors are independent between.
//!
//! Two pairs that share a row are not independent, and a false link is an error of two entities. So
//! a unit is a set of rows that true pairs and predicted pairs connect, and whole units are what is
//! counted for the intervals.

use hashbrown::HashMap;

use super::ratio::Ratio;
use super::rows::{Cell, Rows, at, count, enter, pairs_of};
use super::score::Score;
use super::truth::Known;
use crate::link::entities::Entities;
use crate::link::model::real;

/// A link, by the numbers of its rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Link {
    pub(super) a: u32,
    pub(super) b: u32,
    pub(super) probability: f64,
    /// Whether it is true.
    pub(super) hit: bool,
}

/// True pairs, links, and true links.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) truth: u64,
    pub(super) predicted: u64,
    pub(super) tp: u64,
}

impl Counts {
    /// x and y of the precision.
    pub(super) fn precision(&self) -> (f64, f64) {
        (real(self.predicted), real(self.tp))
    }

    /// x and y of the recall.
    pub(super) fn recall(&self) -> (f64, f64) {
        (real(self.truth), real(self.tp))
    }
}

/// The unit of each row.
pub(super) fn units(rows: &Rows, known: &Known, join: impl FnOnce(&mut Entities)) -> Vec<u32> {
    let mut entities = Entities::default();
    for _ in &rows.side {
        entities.add(0);
    }
    known.join(rows, &mut entities);
    join(&mut entities);
    (0..count(rows.side.len()))
        .map(|row| entities.root(row))
        .collect()
}

/// The units of truth and links.
pub(super) fn of_links(rows: &Rows, known: &Known, links: &[Link]) -> Vec<u32> {
    units(rows, known, |entities| {
        for link in links {
            entities.join(link.a, link.b);
        }
    })
}

/// The score of links.
pub(super) fn links(rows: &Rows, known: &Known, unit: &[u32], links: &[Link]) -> Score {
    let mut counts: HashMap<u32, Counts> = HashMap::new();
    let mut of = |row: u32, add: &dyn Fn(&mut Counts)| {
        let unit = unit.get(at(row)).copied().unwrap_or(row);
        add(counts.entry(unit).or_default());
    };
    for link in links {
        of(link.a, &|c| {
            c.predicted += 1;
            c.tp += u64::from(link.hit);
        });
    }
    true_pairs(rows, known, |row, pairs| of(row, &|c| c.truth += pairs));
    score(counts)
}

/// The score of clusters: all pairs of rows in one.
pub(super) fn clusters(rows: &Rows, known: &Known) -> Score {
    let unit = units(rows, known, |entities| {
        let mut first: HashMap<u32, u32> = HashMap::new();
        for (row, cluster) in (0..).zip(&rows.cluster) {
            let first = *first.entry(*cluster).or_insert(row);
            entities.join(first, row);
        }
    });
    let mut counts: HashMap<u32, Counts> = HashMap::new();
    let mut of = |row: u32, add: &dyn Fn(&mut Counts)| {
        let unit = unit.get(at(row)).copied().unwrap_or(row);
        add(counts.entry(unit).or_default());
    };
    let mut of_cluster: HashMap<u32, (u32, Cell)> = HashMap::new();
    for ((row, cluster), side) in (0..).zip(&rows.cluster).zip(&rows.side) {
        let (_, cell) = of_cluster.entry(*cluster).or_insert((row, [0; 2]));
        enter(cell, *side);
    }
    for (row, cell) in of_cluster.values() {
        of(*row, &|c| c.predicted += pairs_of(*cell, rows.two));
    }
    match known {
        Known::Pairs(pairs) => {
            let cluster = |n: u32| rows.cluster.get(at(n));
            for (a, _) in pairs.iter().filter(|(a, b)| cluster(*a) == cluster(*b)) {
                of(*a, &|c| c.tp += 1);
            }
        }
        Known::Entities(entities) => {
            let mut cells: HashMap<(u32, u32), (u32, Cell)> = HashMap::new();
            let all = (0..).zip(&rows.cluster).zip(entities).zip(&rows.side);
            for (((row, cluster), entity), side) in all {
                if let Some(entity) = entity {
                    let start = (row, [0; 2]);
                    enter(
                        &mut cells.entry((*cluster, *entity)).or_insert(start).1,
                        *side,
                    );
                }
            }
            for (row, cell) in cells.values() {
                of(*row, &|c| c.tp += pairs_of(*cell, rows.two));
            }
        }
    }
    true_pairs(rows, known, |row, pairs| of(row, &|c| c.truth += pairs));
    score(counts)
}

/// All true pairs.
pub(super) fn all_true(rows: &Rows, known: &Known) -> u64 {
    let mut all = 0;
    true_pairs(rows, known, |_, pairs| all += pairs);
    all
}

/// Calls `each` with a row of every true entity, or pair, and the number of its true pairs.
fn true_pairs(rows: &Rows, known: &Known, mut each: impl FnMut(u32, u64)) {
    match known {
        Known::Pairs(pairs) => pairs.iter().for_each(|(a, _)| each(*a, 1)),
        Known::Entities(of) => {
            let mut cells: HashMap<u32, (u32, Cell)> = HashMap::new();
            for ((row, entity), side) in (0..).zip(of).zip(&rows.side) {
                if let Some(entity) = entity {
                    enter(&mut cells.entry(*entity).or_insert((row, [0; 2])).1, *side);
                }
            }
            for (row, cell) in cells.values() {
                each(*row, pairs_of(*cell, rows.two));
            }
        }
    }
}

/// In the order of the units, so that the same sums come out every time.
fn score(counts: HashMap<u32, Counts>) -> Score {
    let mut order: Vec<(u32, Counts)> = counts.into_iter().collect();
    order.sort_unstable_by_key(|(unit, _)| *unit);
    let mut all = Counts::default();
    let [mut precision, mut recall, mut f1] = [Ratio::default(); 3];
    for (_, c) in order {
        all.truth += c.truth;
        all.predicted += c.predicted;
        all.tp += c.tp;
        precision.add(c.precision().0, c.precision().1);
        recall.add(c.recall().0, c.recall().1);
        f1.add(real(c.predicted + c.truth), 2.0 * real(c.tp));
    }
    Score::new(all, [&precision, &recall, &f1])
}

#[cfg(test)]
mod tests {
    use hashbrown::HashSet;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn clusters_are_counted_as_a_walk_over_all_pairs_counts_them(
            people in proptest::collection::vec((0_u8..2, 0_u32..6, proptest::option::of(0_u32..6)), 0..30),
            two: bool,
        ) {
            let mut people = people;
            // The left rows come first.
            people.sort_by_key(|p| p.0);
            let sides: Vec<u8> = people.iter().map(|p| if two { p.0 } else { 0 }).collect();
            let clusters_of: Vec<u32> = people.iter().map(|p| p.1).collect();
            let rows = Rows::of(&sides, &clusters_of, two);
            let entities = Known::Entities(people.iter().map(|p| p.2).collect());
            let (mut all, mut listed) = (Counts::default(), HashSet::new());
            for a in 0..people.len() {
                for b in a + 1..people.len() {
                    if two && sides[a] == sides[b] {
                        continue;
                    }
                    let same = people[a].2.is_some() && people[a].2 == people[b].2;
                    let together = people[a].1 == people[b].1;
                    all.predicted += u64::from(together);
                    all.truth += u64::from(same);
                    all.tp += u64::from(same && together);
                    if same {
                        listed.insert((a as u32, b as u32));
                    }
                }
            }
            let listed_known = Known::Pairs(listed.clone());
            for known in [&entities, &listed_known] {
                let found = clusters(&rows, known);
                prop_assert_eq!((found.predicted, found.tp), (all.predicted, all.tp));
                let recall = (all.truth > 0).then(|| real(all.tp) / real(all.truth));
                prop_assert_eq!(found.recall, recall);
                let unit = units(&rows, known, |_| ());
                let (mut walked, mut seen, mut last) = (HashSet::new(), HashSet::new(), None);
                known.walk(&rows, &unit, |a, b| {
                    walked.insert((a, b));
                    // A unit comes once.
                    if last != Some(unit[a as usize]) {
                        last = Some(unit[a as usize]);
                        assert!(seen.insert(last) && unit[a as usize] == unit[b as usize]);
                    }
                });
                prop_assert_eq!(&walked, &listed);
            }
            prop_assert_eq!(clusters(&rows, &entities), clusters(&rows, &listed_known));
        }
    }
}
