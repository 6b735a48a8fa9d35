//! Whole-number points where the corners of a linear program have fractions.
//!
//! From a whole-number point that is known a cell is pushed as far as is asked for. Where the corner
//! that ends the way has fractions, one cell after the other is held to the whole number on the near
//! side of its place there, so that the point known stays possible and the corner does not; and the
//! cell is pushed again. It finds a point or it does not: nothing is concluded from its failure.

use super::super::exact::{count, signed};
use super::super::system::place;
use super::{Attack, NEAR, Reach, fraction, limit};

/// Cells that are held on one way, at most.
const HELD: usize = 64;
/// Components with more cells than this are not searched.
const MOST: usize = 2_000;

impl Attack<'_> {
    /// As [`Attack::reach`], with a search for whole-number points where only points with fractions
    /// are far enough apart.
    pub fn whole_reach(&mut self, cell: u32, width: u64) -> Reach {
        let reach = self.reach(cell, width);
        if reach != Reach::Linear {
            return reach;
        }
        let Some(id) = self.component[place(cell)] else {
            return reach;
        };
        if self.components[id].len() <= MOST {
            for up in [true, false] {
                self.dive(id, cell, up, count(width));
                if self.spread(cell) >= count(width) {
                    return Reach::Wide;
                }
            }
        }
        Reach::Linear
    }

    /// Pushes a cell from the known point of its component to a whole-number point.
    fn dive(&mut self, id: usize, cell: u32, up: bool, width: i64) {
        let at = self.place[place(cell)];
        let Some(home) = self.homes.get(&id).cloned() else {
            return;
        };
        let goal = home[at] + if up { signed(width) } else { -signed(width) };
        let mut held: Vec<usize> = Vec::new();
        let mut limits = self.limits(id);
        if (limits[at].0..=limits[at].1).contains(&goal) {
            let ends = &mut limits[at];
            *ends = if up { (ends.0, goal) } else { (goal, ends.1) };
            held.push(at);
        }
        for _ in 0..HELD {
            self.programs += 1;
            let Some(solver) = self.solvers.get_mut(&id) else {
                break;
            };
            solver.return_to(&home);
            for k in &held {
                solver.confine(*k, limits[*k].0, limits[*k].1);
            }
            solver.maximise(&[(at, if up { 1.0 } else { -1.0 })], None);
            let values = solver.values().to_vec();
            if self.note(id, &values) || (values[at] - home[at]).abs() < NEAR {
                break;
            }
            let Some(k) = most_fractional(&values) else {
                break;
            };
            let ends = &mut limits[k];
            *ends = if values[k] > home[k] {
                (ends.0, values[k].floor())
            } else {
                (values[k].ceil(), ends.1)
            };
            held.push(k);
        }
        let limits = self.limits(id);
        if let Some(solver) = self.solvers.get_mut(&id) {
            solver.return_to(&home);
            for k in held {
                solver.confine(k, limits[k].0, limits[k].1);
            }
        }
    }

    /// The limits of a component's cells by their ranges.
    fn limits(&self, id: usize) -> Vec<(f64, f64)> {
        let ranges = self.components[id].iter().map(|c| self.range[place(*c)]);
        ranges.map(|r| (signed(r.lower), limit(r.upper))).collect()
    }
}

/// The place of the value that is furthest from a whole number, the first of several.
fn most_fractional(values: &[f64]) -> Option<usize> {
    let mut worst: Option<(usize, f64)> = None;
    for (k, x) in values.iter().enumerate() {
        let off = fraction(*x);
        if off > NEAR && worst.is_none_or(|(_, w)| off > w + NEAR) {
            worst = Some((k, off));
        }
    }
    worst.map(|(k, _)| k)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha20Rng;

    use super::super::super::hierarchy::Hierarchy;
    use super::super::super::range::Range;
    use super::super::super::system::{Cube, System};
    use super::*;

    const SIDE: usize = 4;

    /// Three-way tables whose two-way margins are known and whose inner cells are hidden: their
    /// polytopes have corners with fractions.
    fn cubes(seed: u64) -> (System, Vec<Range>, Vec<u32>) {
        let codes: Vec<String> = (0..SIDE).map(|i| format!("c{i}")).collect();
        let flat = Hierarchy::new(&codes, &[BTreeMap::new()]).expect("flat");
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let inner = (0..SIDE.pow(3)).map(|i| {
            let place = vec![i / SIDE / SIDE, i / SIDE % SIDE, i % SIDE];
            (place, u64::from(random.next_u32() % 3))
        });
        let cube = Cube {
            variables: vec!["x".into(), "y".into(), "z".into()],
            hierarchies: vec![flat.clone(), flat.clone(), flat],
            inner: inner.collect(),
        };
        let mut system = System::new();
        let ids = system.join(&cube).expect("joins");
        let known = system.value.iter().map(|v| Range::exactly(count(*v)));
        let mut ranges: Vec<Range> = known.collect();
        let mut hidden = Vec::new();
        for (at, id) in ids.iter().enumerate() {
            if cube.position(at).iter().all(|c| *c != 0) {
                ranges[place(*id)] = Range::at_least(0);
                hidden.push(*id);
            }
        }
        (system, ranges, hidden)
    }

    /// Is there a whole-number point in which a cell has a value? By trying all.
    fn is_possible(system: &System, ranges: &[Range], cell: u32, value: i64) -> bool {
        let mut ranges = ranges.to_vec();
        ranges[place(cell)] = Range::exactly(value);
        settle(system, ranges)
    }

    fn settle(system: &System, mut ranges: Vec<Range>) -> bool {
        loop {
            let before = ranges.clone();
            for relation in &system.relations {
                if super::super::super::range::narrow_one(relation, &mut ranges).is_err() {
                    return false;
                }
            }
            if before == ranges {
                break;
            }
        }
        let open = ranges.iter().enumerate().filter(|(_, r)| !r.is_known());
        let Some((at, range)) = open.min_by_key(|(_, r)| r.upper - r.lower) else {
            return true;
        };
        (range.lower..=range.upper).any(|value| {
            let mut ranges = ranges.clone();
            ranges[at] = Range::exactly(value);
            settle(system, ranges)
        })
    }

    #[test]
    fn whole_number_points_are_found_behind_corners_with_fractions_and_none_is_made_up() {
        let (mut found, mut missed) = (0, 0);
        for seed in 0..60 {
            let (system, ranges, hidden) = cubes(seed);
            let truth: Vec<i64> = system.value.iter().map(|v| count(*v)).collect();
            for (cell, width) in hidden.iter().flat_map(|c| [(*c, 1), (*c, 2)]) {
                // A new attack each time, so that no other cell's points help.
                let mut attack =
                    Attack::new(&system, ranges.clone(), Some(truth.clone())).expect("possible");
                attack.keep_points();
                if attack.reach(cell, width) != Reach::Linear {
                    continue;
                }
                if attack.whole_reach(cell, width) == Reach::Wide {
                    // What was found shows it again without a program.
                    let mut again = Attack::new(&system, ranges.clone(), Some(truth.clone()))
                        .expect("possible");
                    again.walk(&attack.points(), &[(cell, width)]);
                    assert!(again.finding(cell, width).wide && again.programs == 0);
                    found += 1;
                    let (low, high) = attack.seen[place(cell)].expect("seen");
                    assert!(is_possible(&system, &ranges, cell, low), "{seed} {cell}");
                    assert!(is_possible(&system, &ranges, cell, high), "{seed} {cell}");
                }
                let far = |v: &i64| is_possible(&system, &ranges, cell, *v);
                let all: Vec<i64> = (0..=8).filter(far).collect();
                let wide = all
                    .last()
                    .zip(all.first())
                    .is_some_and(|(h, l)| h - l >= count(width));
                missed += usize::from(wide && attack.spread(cell) < count(width));
                // The limits are as they were before the search.
                let limits = attack.bounds(cell);
                let mut fresh =
                    Attack::new(&system, ranges.clone(), Some(truth.clone())).expect("possible");
                let own = fresh.bounds(cell);
                assert!((limits.0 - own.0).abs() < 1e-6 && (limits.1 - own.1).abs() < 1e-6);
            }
        }
        assert!(
            found > 20 && missed * 10 <= found,
            "{found} found, {missed} missed"
        );
    }
}
