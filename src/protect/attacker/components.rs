//! What hangs together: ranges narrowed relation by relation, the components of the cells that are
//! not known, and the linear program of each.

use std::collections::BTreeSet;

use super::super::exact::signed;
use super::super::range::{Contradiction, Range, UNLIMITED, narrow_one};
use super::super::simplex::{Infeasible, Program, Simplex};
use super::super::system::place;
use super::Attack;
use super::bounds::tilt;

/// Rounds in which ranges are narrowed relation by relation.
const NARROWED: usize = 24;
/// Other objectives tried to find whole-number points where a vertex has fractions.
const TRIALS: usize = 4;
/// In components with more cells than this there is hardly a corner without a fraction.
const WHOLE: usize = 2_000;

impl Attack<'_> {
    /// What the ranges of a relation's cells say of each of them, until nothing changes.
    pub(super) fn narrow(&mut self) -> Result<(), Contradiction> {
        let mut due: Vec<bool> = vec![true; self.relations.len()];
        for _ in 0..NARROWED {
            let mut again = vec![false; self.relations.len()];
            let mut changed = false;
            for (i, relation) in self.relations.iter().enumerate() {
                if !due[i] {
                    continue;
                }
                for cell in narrow_one(relation, &mut self.range)? {
                    changed = true;
                    for r in &self.of_cell[place(cell)] {
                        again[place(*r)] = true;
                    }
                }
            }
            if !changed {
                break;
            }
            due = again;
        }
        Ok(())
    }

    /// Finds the components of the cells that are not known.
    pub(super) fn split(&mut self) {
        for start in 0..self.range.len() {
            if self.range[start].is_known() || self.component[start].is_some() {
                continue;
            }
            let id = self.components.len();
            let mut members = Vec::new();
            let mut queue = vec![start];
            self.component[start] = Some(id);
            while let Some(at) = queue.pop() {
                if let Ok(cell) = u32::try_from(at) {
                    members.push(cell);
                }
                for r in &self.of_cell[at] {
                    let relation = &self.relations[place(*r)];
                    for other in std::iter::once(&relation.total).chain(&relation.parts) {
                        let other = place(*other);
                        if !self.range[other].is_known() && self.component[other].is_none() {
                            self.component[other] = Some(id);
                            queue.push(other);
                        }
                    }
                }
            }
            members.sort_unstable();
            for (k, cell) in members.iter().enumerate() {
                self.place[place(*cell)] = k;
            }
            self.components.push(members);
        }
    }

    /// The cells that hang together with one; none where its value is known.
    pub fn around(&self, cell: u32) -> &[u32] {
        let id = self.component[place(cell)];
        id.and_then(|id| self.components.get(id))
            .map_or(&[], Vec::as_slice)
    }

    /// Checks that the components of some cells have a point.
    pub fn is_possible_around(&mut self, cells: &[u32]) -> bool {
        let ids: BTreeSet<usize> = cells
            .iter()
            .filter_map(|c| self.component[place(*c)])
            .collect();
        ids.into_iter().all(|id| self.solver(id).is_ok())
    }

    /// Checks that every component has a point at all. Only needed where no truth is given.
    pub fn is_possible(&mut self) -> bool {
        (0..self.components.len()).all(|id| self.solver(id).is_ok())
    }

    fn program(&self, id: usize, ranges: &[Range]) -> Program {
        let members = &self.components[id];
        let mut rows: Vec<u32> = members
            .iter()
            .flat_map(|c| self.of_cell[place(*c)].iter().copied())
            .collect();
        rows.sort_unstable();
        rows.dedup();
        let mut program = Program::default();
        for cell in members {
            let range = ranges[place(*cell)];
            let upper = if range.upper >= UNLIMITED {
                f64::INFINITY
            } else {
                signed(range.upper)
            };
            program.variable(Vec::new(), signed(range.lower), upper);
        }
        for (row, r) in rows.iter().enumerate() {
            let relation = &self.relations[place(*r)];
            let mut known = 0_i64;
            let sides = std::iter::once((&relation.total, 1_i64))
                .chain(relation.parts.iter().map(|p| (p, -1)));
            for (cell, sign) in sides {
                if self.component[place(*cell)] == Some(id) {
                    program.columns[self.place[place(*cell)]].push((row, signed(sign)));
                } else {
                    known += sign * self.range[place(*cell)].lower;
                }
            }
            program.sums.push(-signed(known));
        }
        program
    }

    pub(super) fn solver(&mut self, id: usize) -> Result<&mut Simplex, Infeasible> {
        if !self.solvers.contains_key(&id) {
            let program = self.program(id, &self.range);
            let simplex = match &self.truth {
                Some(truth) => {
                    let point = self.components[id].iter().map(|c| signed(truth[place(*c)]));
                    let point: Vec<f64> = point.collect();
                    self.homes.insert(id, point.clone());
                    Simplex::at(program, point)
                }
                None => self.settle(id, Simplex::feasible(program)?),
            };
            self.solvers.insert(id, simplex);
        }
        self.solvers.get_mut(&id).ok_or(Infeasible)
    }

    /// Looks for a whole-number point of a component.
    fn settle(&mut self, id: usize, mut simplex: Simplex) -> Simplex {
        let large = self.components[id].len() > WHOLE;
        for seed in 0..=if large { 0 } else { TRIALS } {
            if seed > 0 {
                let all = 0..self.components[id].len();
                let objective: Vec<(usize, f64)> = all.map(|k| (k, tilt(seed, k))).collect();
                simplex.maximise(&objective, None);
            }
            let values = simplex.values().to_vec();
            if self.note(id, &values) {
                self.homes.insert(id, values);
                break;
            }
        }
        simplex
    }
}
