//! Links of which no two share a row that may have one partner: a matching of greatest weight.
//!
//! Pairs fall into connected components, nearly all of a few rows, and each is solved by itself: as
//! long as weight is won by it, the shortest augmenting path is taken (successive shortest paths;
//! Ahuja, Magnanti and Orlin, "Network Flows", 1993, chapter 9). Weights are whole millionths, so
//! that equal is equal. A link that another matching of the same weight does without is left out:
//! nothing prefers it to its rival. The work grows with the pairs; a component too large for that
//! (a thousand rows that all fit each other) is matched greedily.

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::entities::Entities;
use super::model::real;
use super::settle::Likely;

/// How many partners a row may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Cardinality {
    /// One on either side.
    OneToOne,
    /// A row of the left file several, a row of the right file one.
    OneToMany,
    /// A row of the left file one, a row of the right file several.
    ManyToOne,
    /// Any number.
    #[default]
    ManyToMany,
}

/// The words that a specification may say.
pub const WORDS: [(&str, Cardinality); 4] = [
    ("one_to_one", Cardinality::OneToOne),
    ("one_to_many", Cardinality::OneToMany),
    ("many_to_one", Cardinality::ManyToOne),
    ("many_to_many", Cardinality::ManyToMany),
];

impl Cardinality {
    /// Whether a row of the left file has one partner at most.
    pub fn left_has_one(self) -> bool {
        matches!(self, Cardinality::OneToOne | Cardinality::ManyToOne)
    }

    /// Whether a row of the right file has one partner at most.
    pub fn right_has_one(self) -> bool {
        matches!(self, Cardinality::OneToOne | Cardinality::OneToMany)
    }
}

/// Components whose pairs times rows are more than this are matched greedily.
const MOST_WORK: usize = 50_000_000;

/// A pair of a component: its left row, its right row, its weight in millionths, its place.
#[derive(Debug, Clone, Copy)]
struct Arc {
    left: usize,
    right: usize,
    weight: i64,
    place: usize,
}

/// Of pairs above the bound (natural log odds) those that are links, in the order of their rows.
pub fn assign(pairs: &[Likely], bound: f64, cardinality: Cardinality) -> Vec<Likely> {
    let keep = match (cardinality.left_has_one(), cardinality.right_has_one()) {
        (false, false) => return pairs.to_vec(),
        (true, true) => one_to_one(pairs, bound),
        (true, false) => best_of_each(pairs, bound, |p| p.left),
        (false, true) => best_of_each(pairs, bound, |p| p.right),
    };
    let chosen = pairs.iter().zip(keep).filter(|(_, keep)| *keep);
    let mut out: Vec<Likely> = chosen.map(|(pair, _)| *pair).collect();
    out.sort_by_key(|p| (p.left, p.right));
    out
}

/// What a link wins, in millionths of natural log odds above the bound; never nought, so that a pair
/// at the bound is better than none.
fn weight(pair: &Likely, bound: f64) -> i64 {
    millionths((pair.log_odds - bound).max(0.0)) + 1
}

/// A weight as a whole number of millionths.
fn millionths(weight: f64) -> i64 {
    let scaled = (weight * 1e6).round().clamp(0.0, 1e12);
    // Exact: a whole number far below 2⁵³.
    let (mut low, mut high) = (0_i64, 1_i64 << 41);
    while low + 1 < high {
        let middle = (low + high) / 2;
        let value = real(u64::try_from(middle).unwrap_or(0));
        if value <= scaled {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

fn best_of_each(pairs: &[Likely], bound: f64, row: impl Fn(&Likely) -> u32) -> Vec<bool> {
    let mut best: HashMap<u32, (i64, u32)> = HashMap::new();
    for pair in pairs {
        let weight = weight(pair, bound);
        let entry = best.entry(row(pair)).or_insert((weight, 0));
        match weight.cmp(&entry.0) {
            std::cmp::Ordering::Greater => *entry = (weight, 1),
            std::cmp::Ordering::Equal => entry.1 += 1,
            std::cmp::Ordering::Less => {}
        }
    }
    let only = |pair: &Likely| best.get(&row(pair)) == Some(&(weight(pair, bound), 1));
    pairs.iter().map(only).collect()
}

fn one_to_one(pairs: &[Likely], bound: f64) -> Vec<bool> {
    let mut keep = vec![false; pairs.len()];
    for component in components(pairs, bound) {
        let chosen = match component.as_slice() {
            [arc] => vec![arc.place],
            arcs => matched(arcs),
        };
        for place in chosen {
            if let Some(slot) = keep.get_mut(place) {
                *slot = true;
            }
        }
    }
    keep
}

/// The pairs of each connected component, its rows numbered from nought.
fn components(pairs: &[Likely], bound: f64) -> Vec<Vec<Arc>> {
    let mut rows = Entities::default();
    let mut number: [HashMap<u32, u32>; 2] = Default::default();
    let [left, right] = &mut number;
    for pair in pairs {
        let a = *left.entry(pair.left).or_insert_with(|| rows.add(0));
        let b = *right.entry(pair.right).or_insert_with(|| rows.add(0));
        rows.join(a, b);
    }
    let mut out: Vec<Vec<Arc>> = Vec::new();
    // Of each root its component and the rows that it has so far; of each row its number in it.
    let mut of_root: HashMap<u32, (usize, [usize; 2])> = HashMap::new();
    let mut inside: [HashMap<u32, usize>; 2] = Default::default();
    for (place, pair) in pairs.iter().enumerate() {
        let Some(root) = left.get(&pair.left).map(|row| rows.root(*row)) else {
            continue;
        };
        let fresh = out.len();
        let (component, [lefts, rights]) = of_root.entry(root).or_insert((fresh, [0, 0]));
        if *component == out.len() {
            out.push(Vec::new());
        }
        let [inside_left, inside_right] = &mut inside;
        let arc = Arc {
            left: *inside_left.entry(pair.left).or_insert_with(|| next(lefts)),
            right: *inside_right
                .entry(pair.right)
                .or_insert_with(|| next(rights)),
            weight: weight(pair, bound),
            place,
        };
        if let Some(arcs) = out.get_mut(*component) {
            arcs.push(arc);
        }
    }
    out
}

fn next(count: &mut usize) -> usize {
    *count += 1;
    *count - 1
}

/// The places of the links of one component.
fn matched(arcs: &[Arc]) -> Vec<usize> {
    let rows = |of: fn(&Arc) -> usize| arcs.iter().map(of).max().map_or(0, |last| last + 1);
    let (left, right) = (rows(|a| a.left), rows(|a| a.right));
    let mut matching = Matching {
        arcs,
        left,
        nodes: left + right,
        taken: vec![false; arcs.len()],
        has: vec![false; left + right],
    };
    if arcs.len().saturating_mul(left + right) > MOST_WORK {
        matching.greedily();
        return matching.places(|_| true);
    }
    while matching.augment() {}
    let potentials = matching.potentials();
    matching.places(|arc| matching.is_needed(arc, &potentials))
}

/// A matching of one component: nodes are its left rows, then its right rows.
struct Matching<'a> {
    arcs: &'a [Arc],
    left: usize,
    nodes: usize,
    taken: Vec<bool>,
    has: Vec<bool>,
}

impl Matching<'_> {
    /// The residual arcs: from, to, cost. A taken pair runs back from its right row, and costs what
    /// giving it up loses.
    fn residual(&self) -> impl Iterator<Item = (usize, usize, i64)> {
        let left = self.left;
        let arcs = self.arcs.iter().zip(&self.taken);
        arcs.map(move |(arc, taken)| match taken {
            false => (arc.left, left + arc.right, -arc.weight),
            true => (left + arc.right, arc.left, arc.weight),
        })
    }

    fn is_free(&self, node: usize) -> bool {
        self.has.get(node) == Some(&false)
    }

    /// Takes the augmenting path that wins most; false where none wins anything.
    fn augment(&mut self) -> bool {
        const FAR: i64 = i64::MAX / 4;
        let free_left = |node: usize| node < self.left && self.is_free(node);
        let mut cost: Vec<i64> = (0..self.nodes)
            .map(|node| if free_left(node) { 0 } else { FAR })
            .collect();
        let mut by: Vec<Option<usize>> = vec![None; self.nodes];
        // Bellman and Ford: as many rounds as there are nodes at most, mostly two or three.
        for _ in 0..self.nodes {
            let mut changed = false;
            for (number, (from, to, price)) in self.residual().enumerate() {
                let through = cost.get(from).map_or(FAR, |c| c.saturating_add(price));
                let nearer = cost.get(from).is_some_and(|c| *c < FAR)
                    && cost.get(to).is_some_and(|c| through < *c);
                if let (true, Some(slot), Some(last)) = (nearer, cost.get_mut(to), by.get_mut(to)) {
                    *slot = through;
                    *last = Some(number);
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        let ends = (self.left..self.nodes).filter(|node| self.is_free(*node));
        let best = ends
            .filter_map(|node| Some((*cost.get(node)?, node)))
            .min()
            .filter(|(cost, _)| *cost < 0);
        let Some((_, end)) = best else {
            return false;
        };
        self.turn(end, &by);
        true
    }

    /// Turns every pair of the path that ends here: what was taken is given up, and the other way.
    fn turn(&mut self, end: usize, by: &[Option<usize>]) {
        if let Some(has) = self.has.get_mut(end) {
            *has = true;
        }
        let mut node = end;
        while let Some(number) = by.get(node).copied().flatten() {
            let (Some(arc), Some(taken)) = (self.arcs.get(number), self.taken.get_mut(number))
            else {
                return;
            };
            node = match *taken {
                false => arc.left,
                true => self.left + arc.right,
            };
            *taken = !*taken;
        }
        if let Some(has) = self.has.get_mut(node) {
            *has = true;
        }
    }

    /// The residual arcs with a hub, through which a row's partner can be given to a row that has
    /// none: from, to, cost.
    fn with_hub(&self) -> Vec<(usize, usize, i64)> {
        let hub = self.nodes;
        let mut out: Vec<(usize, usize, i64)> = self.residual().collect();
        for node in 0..self.nodes {
            let to_hub = (node < self.left) != self.is_free(node);
            out.push(match to_hub {
                true => (node, hub, 0),
                false => (hub, node, 0),
            });
        }
        out
    }

    /// Potentials under which no residual arc costs less than nothing.
    fn potentials(&self) -> Vec<i64> {
        let arcs = self.with_hub();
        let mut out = vec![0_i64; self.nodes + 1];
        for _ in 0..=self.nodes {
            let mut changed = false;
            for (from, to, price) in &arcs {
                let through = out.get(*from).copied().unwrap_or(0) + price;
                if let Some(slot) = out.get_mut(*to).filter(|slot| through < **slot) {
                    *slot = through;
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        out
    }

    /// Whether every matching of this weight takes the pair: no way round it costs nothing.
    fn is_needed(&self, arc: &Arc, potentials: &[i64]) -> bool {
        let height = |node: usize| potentials.get(node).copied().unwrap_or(0);
        let arcs = self.with_hub();
        let tight = |(from, to, price): &(usize, usize, i64)| height(*from) + price == height(*to);
        let (start, goal) = (arc.left, self.left + arc.right);
        if !tight(&(goal, start, arc.weight)) {
            return true;
        }
        let mut seen = vec![false; self.nodes + 1];
        let mut open = vec![start];
        while let Some(node) = open.pop() {
            if node == goal {
                return false;
            }
            match seen.get_mut(node) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            let onward = arcs.iter().filter(|a| a.0 == node && tight(a));
            open.extend(onward.map(|a| a.1));
        }
        true
    }

    /// The heaviest first, equal rivals neither.
    fn greedily(&mut self) {
        let mut order: Vec<(usize, &Arc)> = self.arcs.iter().enumerate().collect();
        order.sort_by_key(|(_, arc)| (-arc.weight, arc.left, arc.right));
        for tied in order.chunk_by(|a, b| a.1.weight == b.1.weight) {
            let open: Vec<(usize, [usize; 2])> = tied
                .iter()
                .map(|(number, arc)| (*number, [arc.left, self.left + arc.right]))
                .filter(|(_, ends)| ends.iter().all(|node| self.is_free(*node)))
                .collect();
            let mut asked: HashMap<usize, u32> = HashMap::new();
            for node in open.iter().flat_map(|(_, ends)| ends) {
                *asked.entry(*node).or_default() += 1;
            }
            for (number, ends) in open {
                let only = ends.iter().all(|node| asked.get(node) == Some(&1));
                if let (true, Some(taken)) = (only, self.taken.get_mut(number)) {
                    *taken = true;
                }
                for node in ends {
                    if let Some(has) = self.has.get_mut(node) {
                        *has = true;
                    }
                }
            }
        }
    }

    fn places(&self, needed: impl Fn(&Arc) -> bool) -> Vec<usize> {
        let arcs = self.arcs.iter().zip(&self.taken);
        arcs.filter(|(arc, taken)| **taken && needed(arc))
            .map(|(arc, _)| arc.place)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_of_millionths() {
        assert_eq!(millionths(1.5), 1_500_000);
        assert_eq!(millionths(0.000_000_4), 0);
        assert_eq!(millionths(7.0), 7_000_000);
    }

    use crate::link::pairs::Pattern;
    use proptest::prelude::*;

    fn pairs(of: &[(u32, u32, u32)]) -> Vec<Likely> {
        let pair = |(left, right, weight): &(u32, u32, u32)| Likely {
            left: *left,
            right: *right,
            log_odds: f64::from(*weight),
            probability: 0.9,
            pattern: Pattern(0),
        };
        of.iter().map(pair).collect()
    }

    fn rows(links: &[Likely]) -> Vec<(u32, u32)> {
        links.iter().map(|p| (p.left, p.right)).collect()
    }

    #[test]
    fn the_sum_counts_and_not_the_best_single_link() {
        let pairs = pairs(&[(1, 1, 10), (1, 2, 9), (2, 1, 9), (3, 3, 1)]);
        let links = |cardinality| rows(&assign(&pairs, 0.0, cardinality));
        assert_eq!(links(Cardinality::OneToOne), [(1, 2), (2, 1), (3, 3)]);
        assert_eq!(links(Cardinality::ManyToOne), [(1, 1), (2, 1), (3, 3)]);
        assert_eq!(links(Cardinality::OneToMany), [(1, 1), (1, 2), (3, 3)]);
        assert_eq!(links(Cardinality::ManyToMany).len(), 4);
    }

    #[test]
    fn a_tie_is_no_link_and_costs_its_neighbours_nothing() {
        // Two left rows fit right row 1 alike; left row 3 has its own.
        let tie = pairs(&[(1, 1, 5), (2, 1, 5), (3, 2, 4), (1, 2, 1)]);
        assert_eq!(rows(&assign(&tie, 0.0, Cardinality::OneToOne)), [(3, 2)]);
        let tie = pairs(&[(1, 1, 5), (2, 1, 5)]);
        assert_eq!(rows(&assign(&tie, 0.0, Cardinality::OneToMany)), []);
    }

    /// All matchings, by brute force: the greatest sum, and the pairs that each of them has.
    fn brute(pairs: &[Likely]) -> (f64, Vec<(u32, u32)>) {
        let mut best = 0.0;
        let mut common: Option<Vec<(u32, u32)>> = None;
        for mask in 0_u32..1 << pairs.len() {
            let chosen: Vec<&Likely> = (0..pairs.len())
                .filter(|n| mask >> n & 1 == 1)
                .map(|n| &pairs[n])
                .collect();
            let alone = |of: fn(&Likely) -> u32| {
                let rows: std::collections::BTreeSet<u32> = chosen.iter().map(|p| of(p)).collect();
                rows.len() == chosen.len()
            };
            if !alone(|p| p.left) || !alone(|p| p.right) {
                continue;
            }
            // The millionth that every link is worth at least.
            let sum: f64 = chosen.iter().map(|p| p.log_odds + 1e-6).sum();
            let here: Vec<(u32, u32)> = chosen.iter().map(|p| (p.left, p.right)).collect();
            if sum > best + 1e-9 {
                (best, common) = (sum, Some(here));
            } else if sum > best - 1e-9 {
                common = common.map(|c| c.into_iter().filter(|p| here.contains(p)).collect());
            }
        }
        (best, common.unwrap_or_default())
    }

    proptest! {
        #[test]
        fn links_are_those_that_every_best_matching_has(
            weights in prop::collection::btree_map((0_u32..4, 0_u32..4), 0_u32..6, 0..10)
        ) {
            let of: Vec<(u32, u32, u32)> = weights.iter().map(|((a, b), w)| (*a, *b, *w)).collect();
            let pairs = pairs(&of);
            let found = rows(&assign(&pairs, 0.0, Cardinality::OneToOne));
            prop_assert_eq!(found, brute(&pairs).1);
        }
    }

    #[test]
    fn a_component_too_large_is_matched_greedily() {
        let side = 300_u32;
        let all = (0..side).flat_map(|a| (0..side).map(move |b| (a, b, u32::from(a == b) * 5 + 1)));
        let pairs = pairs(&all.collect::<Vec<_>>());
        assert!(pairs.len() * 600 > MOST_WORK);
        let links = assign(&pairs, 0.0, Cardinality::OneToOne);
        assert_eq!(rows(&links), (0..side).map(|n| (n, n)).collect::<Vec<_>>());
    }
}
