//! The attacker's bounds: how far apart the least and the greatest value are that a hidden cell
//! can have, given everything shown.
//!
//! A lower limit of that distance comes from alternatives that are written down: whole numbers
//! for all hidden cells that agree with every relation. They are found by walking along moves
//! (vectors that no relation notices). Where walking does not reach the width asked for, a linear
//! program over the hidden cells that hang together gives the exact bounds.

use std::collections::BTreeMap;

use microlp::{ComparisonOp, OptimizationDirection, Problem};

use super::rules::{Rules, real};
use super::system::System;

/// A vector that satisfies every relation, as (cell, change).
pub(crate) type Move = Vec<(u32, i64)>;

/// A hidden cell as the attacker sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bounds {
    pub lower: f64,
    pub upper: f64,
    /// Proven by a linear program; otherwise the true bounds are at least as far apart.
    pub exact: bool,
}

/// What the attacker sees: the system with some cells hidden.
pub(crate) struct View<'a> {
    system: &'a System,
    hidden: &'a [bool],
    least: i64,
    /// Relations of each hidden cell.
    of_cell: BTreeMap<u32, Vec<u32>>,
    /// Linear programs solved so far.
    programs: std::cell::Cell<usize>,
}

/// A linear program larger than this (in hidden cells) is not attempted.
pub(crate) const LARGEST_PROGRAM: usize = 4_000;
/// Programs up to this size are solved as a matter of course.
pub(crate) const NEAR_BY: usize = 300;
/// Steps of a walk for one bound.
const STEPS: usize = 64;
const NEAR: f64 = 1e-6;

impl<'a> View<'a> {
    pub fn new(system: &'a System, hidden: &'a [bool], rules: &Rules) -> Self {
        let mut of_cell: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (i, relation) in system.relations.iter().enumerate() {
            let Ok(i) = u32::try_from(i) else { continue };
            for cell in std::iter::once(&relation.total).chain(&relation.parts) {
                if hidden[*cell as usize] {
                    of_cell.entry(*cell).or_default().push(i);
                }
            }
        }
        View {
            system,
            hidden,
            least: rules.least(),
            of_cell,
            programs: std::cell::Cell::new(0),
        }
    }

    /// Linear programs solved so far: a measure of work that does not depend on the machine.
    pub fn programs(&self) -> usize {
        self.programs.get()
    }

    fn truth(&self, cell: u32) -> i64 {
        i64::try_from(self.system.value[cell as usize]).unwrap_or(i64::MAX)
    }

    /// The hidden cells that hang together with one through relations.
    fn component(&self, start: u32) -> Vec<u32> {
        let mut seen: BTreeMap<u32, ()> = BTreeMap::from([(start, ())]);
        let mut queue = vec![start];
        while let Some(cell) = queue.pop() {
            for r in self.of_cell.get(&cell).into_iter().flatten() {
                let relation = &self.system.relations[*r as usize];
                for other in std::iter::once(&relation.total).chain(&relation.parts) {
                    if self.hidden[*other as usize] && seen.insert(*other, ()).is_none() {
                        queue.push(*other);
                    }
                }
            }
        }
        seen.into_keys().collect()
    }

    /// Bounds of the hidden cells for which `wanted` gives a width (0: any, but not exact): those
    /// that reach it by walking as they were found, the others exactly where the program has no
    /// more than `largest` cells.
    pub fn bounds(
        &self,
        moves: &[Move],
        wanted: &[(u32, u64)],
        largest: usize,
    ) -> BTreeMap<u32, Bounds> {
        let mut found = self.walked(moves, wanted);
        let mut solved: BTreeMap<u32, Bounds> = BTreeMap::new();
        for (cell, width) in wanted {
            let reached = found
                .get(cell)
                .is_some_and(|(lo, hi)| hi - lo >= whole(*width));
            if reached || solved.contains_key(cell) {
                continue;
            }
            let component = self.component(*cell);
            // A cell that need only not be exact is left to the elimination where much hangs together.
            if component.len()
                > if *width > 1 {
                    largest
                } else {
                    largest.min(NEAR_BY)
                }
            {
                continue;
            }
            if let Some(exact) = self.solve(&component, *cell, &mut found) {
                solved.insert(*cell, exact);
            }
        }
        wanted
            .iter()
            .map(|(cell, _)| {
                let (lo, hi) = found.get(cell).copied().unwrap_or_else(|| {
                    let truth = self.truth(*cell);
                    (truth, truth)
                });
                let walked = Bounds {
                    lower: signed(lo),
                    upper: signed(hi),
                    exact: false,
                };
                (*cell, solved.get(cell).copied().unwrap_or(walked))
            })
            .collect()
    }

    /// Exact bounds of some cells, by linear programs, where the cells that hang together with
    /// each are few.
    pub fn exact(&self, cells: &[u32]) -> BTreeMap<u32, Bounds> {
        let mut found = BTreeMap::new();
        let mut out = BTreeMap::new();
        for cell in cells {
            let component = self.component(*cell);
            if component.len() <= NEAR_BY
                && let Some(bounds) = self.solve(&component, *cell, &mut found)
            {
                out.insert(*cell, bounds);
            }
        }
        out
    }

    /// Walks from the true values along moves, as far as they stay possible, and notes how low
    /// and how high every cell came.
    fn walked(&self, moves: &[Move], wanted: &[(u32, u64)]) -> BTreeMap<u32, (i64, i64)> {
        let mut found: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
        let mut by_cell: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (i, m) in moves.iter().enumerate() {
            for (cell, _) in m {
                by_cell.entry(*cell).or_default().push(i);
            }
        }
        for (cell, width) in wanted {
            for up in [true, false] {
                let mut point: BTreeMap<u32, i64> = BTreeMap::new();
                let mut steps = 0;
                let mut moved = true;
                while moved && steps < STEPS {
                    moved = false;
                    for i in by_cell.get(cell).into_iter().flatten() {
                        let (lo, hi) = found.get(cell).copied().unwrap_or((0, 0));
                        if hi - lo >= whole(*width) {
                            break;
                        }
                        if self.step(&moves[*i], *cell, up, whole(*width), &mut point, &mut found) {
                            moved = true;
                            steps += 1;
                        }
                    }
                    let reached = found
                        .get(cell)
                        .is_some_and(|(lo, hi)| hi - lo >= whole(*width));
                    moved &= !reached;
                }
            }
        }
        found
    }

    /// One step along a move, in the direction that takes `cell` up or down, as far as possible
    /// but no further than `most`.
    fn step(
        &self,
        along: &Move,
        cell: u32,
        up: bool,
        most: i64,
        point: &mut BTreeMap<u32, i64>,
        found: &mut BTreeMap<u32, (i64, i64)>,
    ) -> bool {
        let Some((_, at_cell)) = along.iter().find(|(c, _)| *c == cell) else {
            return false;
        };
        let sign = if (*at_cell > 0) == up { 1 } else { -1 };
        let mut far = most;
        for (c, y) in along {
            let y = y * sign;
            if y < 0 {
                let here = point.get(c).copied().unwrap_or_else(|| self.truth(*c));
                far = far.min((here - self.least) / -y);
            }
        }
        if far <= 0 {
            return false;
        }
        for (c, y) in along {
            let truth = self.truth(*c);
            let here = point.entry(*c).or_insert(truth);
            *here += y * sign * far;
            let (lo, hi) = found.entry(*c).or_insert((truth, truth));
            *lo = (*lo).min(*here);
            *hi = (*hi).max(*here);
        }
        true
    }

    /// Exact bounds of one cell. Whole-number vertices met on the way widen what is known of the
    /// other cells of the component.
    fn solve(
        &self,
        component: &[u32],
        cell: u32,
        found: &mut BTreeMap<u32, (i64, i64)>,
    ) -> Option<Bounds> {
        let mut ends = [0.0, 0.0];
        for (end, direction) in ends.iter_mut().zip([
            OptimizationDirection::Minimize,
            OptimizationDirection::Maximize,
        ]) {
            self.programs.set(self.programs.get() + 1);
            let mut problem = Problem::new(direction);
            let variables: BTreeMap<u32, microlp::Variable> = component
                .iter()
                .map(|c| {
                    let weight = if *c == cell { 1.0 } else { 0.0 };
                    // Nobody believes in more people than the country has.
                    (*c, problem.add_var(weight, (signed(self.least), 1e9)))
                })
                .collect();
            let mut relations: Vec<u32> = component
                .iter()
                .flat_map(|c| self.of_cell.get(c).into_iter().flatten().copied())
                .collect();
            relations.sort_unstable();
            relations.dedup();
            for r in relations {
                let relation = &self.system.relations[r as usize];
                let mut known = 0_i64;
                let mut terms = Vec::new();
                let sides = std::iter::once((&relation.total, 1_i64))
                    .chain(relation.parts.iter().map(|p| (p, -1)));
                for (c, sign) in sides {
                    match variables.get(c) {
                        Some(v) => terms.push((*v, signed(sign))),
                        None => known += sign * self.truth(*c),
                    }
                }
                problem.add_constraint(&terms, ComparisonOp::Eq, -signed(known));
            }
            let solution = problem.solve().ok()?.into_solution().ok()?;
            *end = solution.objective();
            let values: Vec<(u32, f64)> = variables
                .iter()
                .map(|(c, v)| (*c, solution.var_value(*v)))
                .collect();
            if values.iter().all(|(_, x)| (x - x.round()).abs() < NEAR) {
                for (c, x) in values {
                    let x = rounded(x);
                    let (lo, hi) = found.entry(c).or_insert((x, x));
                    *lo = (*lo).min(x);
                    *hi = (*hi).max(x);
                }
            }
        }
        let [lower, upper] = ends;
        Some(Bounds {
            lower,
            upper,
            exact: true,
        })
    }
}

impl Bounds {
    /// Does the distance reach a width?
    pub fn reaches(&self, width: u64) -> bool {
        self.upper - self.lower >= real(width) - NEAR
    }
}

/// The distance in whole numbers that a walk has to show.
fn whole(width: u64) -> i64 {
    i64::try_from(width.max(1)).unwrap_or(i64::MAX)
}

/// A whole number as a real one.
pub(crate) fn signed(n: i64) -> f64 {
    let size = real(n.unsigned_abs());
    if n < 0 { -size } else { size }
}

/// The whole number nearest to a real one that is known to be near it.
pub(crate) fn rounded(x: f64) -> i64 {
    // Formatting without decimals rounds exactly and never overflows for counts of people.
    format!("{x:.0}").parse().unwrap_or(0)
}
