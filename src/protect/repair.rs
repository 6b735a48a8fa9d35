//! The cheapest further cells to hide so that one cell gains room.
//!
//! A linear program looks for a change of all cells that no relation notices and that moves the
//! cell by the width asked for; changing a shown cell costs what hiding it costs, changing a
//! hidden one costs nothing. The shown cells that change are the ones to hide (the continuous
//! form of Kelly, Golden and Assad, 1992).

use std::collections::{BTreeMap, BTreeSet};

use microlp::{ComparisonOp, OptimizationDirection, Problem, Variable};

use super::bounds::{Move, rounded, signed};
use super::rules::{Rules, real};
use super::system::System;

/// Systems with more unknown cells than this are searched near the cell first.
const WHOLE_SYSTEM: usize = 1_500;
const NEAR: f64 = 1e-6;

/// What a repair found: the change, with the shown cells in it to be hidden.
pub(crate) struct Repair {
    pub hide: Vec<u32>,
    pub change: Option<Move>,
    pub cost: f64,
}

/// Relations by cell, made once for a system.
pub(crate) struct Neighbours {
    of_cell: Vec<Vec<u32>>,
}

impl Neighbours {
    pub fn of(system: &System) -> Self {
        let mut of_cell: Vec<Vec<u32>> = vec![Vec::new(); system.len()];
        for (i, relation) in system.relations.iter().enumerate() {
            let Ok(i) = u32::try_from(i) else { continue };
            for cell in std::iter::once(&relation.total).chain(&relation.parts) {
                of_cell[*cell as usize].push(i);
            }
        }
        Neighbours { of_cell }
    }

    /// The relations that are reached from a cell by going to siblings only.
    fn block(&self, system: &System, cell: u32) -> BTreeSet<u32> {
        let mut relations = BTreeSet::new();
        let mut seen = BTreeSet::from([cell]);
        let mut queue = vec![cell];
        while let Some(at) = queue.pop() {
            for r in &self.of_cell[at as usize] {
                let relation = &system.relations[*r as usize];
                if relation.total == at || !relations.insert(*r) {
                    continue;
                }
                for part in &relation.parts {
                    if system.value[*part as usize] > 0 && seen.insert(*part) {
                        queue.push(*part);
                    }
                }
            }
        }
        relations
    }
}

/// The cheapest cells to hide so that `cell` can move by the width of the rules.
pub(crate) fn repair(
    system: &System,
    neighbours: &Neighbours,
    hidden: &[bool],
    unknown: &[bool],
    cell: u32,
    rules: &Rules,
) -> Option<Repair> {
    let width = signed(i64::try_from(rules.width.max(1)).unwrap_or(i64::MAX));
    let room =
        signed(i64::try_from(system.value[cell as usize]).unwrap_or(i64::MAX) - rules.least());
    let mut ways = vec![width];
    if room >= width {
        ways.push(-width);
    }
    let all: BTreeSet<u32> = (0..system.relations.len())
        .filter_map(|i| u32::try_from(i).ok())
        .collect();
    let small = unknown.iter().filter(|u| **u).count() <= WHOLE_SYSTEM;
    let near = if small {
        all.clone()
    } else {
        neighbours.block(system, cell)
    };
    let search = |scope: &BTreeSet<u32>, may_hide: bool| {
        let place = Place {
            system,
            neighbours,
            hidden,
            unknown,
            rules,
            scope,
            may_hide,
        };
        let mut best: Option<Repair> = None;
        for by in &ways {
            if let Some(found) = place.program(cell, *by) {
                if found.hide.is_empty() {
                    return Some(found);
                }
                if best.as_ref().is_none_or(|b| found.cost < b.cost) {
                    best = Some(found);
                }
            }
        }
        best
    };
    // What is hidden already may be enough; that program is much the smallest.
    search(&near, false)
        .or_else(|| search(&near, true))
        .or_else(|| if small { None } else { search(&all, true) })
}

/// Where a program looks, and what it may do.
struct Place<'a> {
    system: &'a System,
    neighbours: &'a Neighbours,
    hidden: &'a [bool],
    unknown: &'a [bool],
    rules: &'a Rules,
    scope: &'a BTreeSet<u32>,
    may_hide: bool,
}

impl Place<'_> {
    fn program(&self, cell: u32, by: f64) -> Option<Repair> {
        let Place {
            system,
            neighbours,
            hidden,
            unknown,
            rules,
            scope,
            may_hide,
        } = *self;
        let mut problem = Problem::new(OptimizationDirection::Minimize);
        // Each cell's change, as variables with their signs: one for a hidden cell, up and down for
        // a shown one.
        let mut variables: BTreeMap<u32, Vec<(Variable, f64)>> = BTreeMap::new();
        let cells: BTreeSet<u32> = scope
            .iter()
            .flat_map(|r| {
                let relation = &system.relations[*r as usize];
                std::iter::once(relation.total).chain(relation.parts.iter().copied())
            })
            .filter(|c| unknown[*c as usize] && (may_hide || hidden[*c as usize]))
            .filter(|c| {
                neighbours.of_cell[*c as usize]
                    .iter()
                    .all(|r| scope.contains(r))
            })
            .collect();
        for c in &cells {
            let truth = system.value[*c as usize];
            let fall = (real(truth) - signed(rules.least())).max(0.0);
            let these = if *c == cell {
                vec![(problem.add_var(0.0, (by, by)), 1.0)]
            } else if hidden[*c as usize] {
                vec![(problem.add_var(0.0, (-fall, f64::INFINITY)), 1.0)]
            } else {
                // A little more for each further cell, so that few are hidden rather than many.
                let cost = rules.cost.of(truth) + 1e-3;
                let up = problem.add_var(cost, (0.0, f64::INFINITY));
                let down = problem.add_var(cost, (0.0, fall));
                vec![(up, 1.0), (down, -1.0)]
            };
            variables.insert(*c, these);
        }
        if !variables.contains_key(&cell) {
            return None;
        }
        for r in scope {
            let relation = &system.relations[*r as usize];
            let sides = std::iter::once((&relation.total, 1.0))
                .chain(relation.parts.iter().map(|p| (p, -1.0)));
            let terms: Vec<(Variable, f64)> = sides
                .flat_map(|(c, sign)| {
                    variables
                        .get(c)
                        .into_iter()
                        .flatten()
                        .map(move |(v, s)| (*v, s * sign))
                })
                .collect();
            if !terms.is_empty() {
                problem.add_constraint(&terms, ComparisonOp::Eq, 0.0);
            }
        }
        let solution = problem.solve().ok()?.into_solution().ok()?;
        let change: Vec<(u32, f64)> = variables
            .iter()
            .map(|(c, these)| {
                let y = these.iter().map(|(v, s)| s * solution.var_value(*v)).sum();
                (*c, y)
            })
            .filter(|(_, y): &(u32, f64)| y.abs() > NEAR)
            .collect();
        let hide: Vec<u32> = change
            .iter()
            .map(|(c, _)| *c)
            .filter(|c| !hidden[*c as usize])
            .collect();
        let cost = hide
            .iter()
            .map(|c| rules.cost.of(system.value[*c as usize]))
            .sum();
        let whole = change.iter().all(|(_, y)| (y - y.round()).abs() < NEAR);
        Some(Repair {
            hide,
            change: whole.then(|| change.iter().map(|(c, y)| (*c, rounded(*y))).collect()),
            cost,
        })
    }
}
