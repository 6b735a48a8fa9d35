//! Steps of the method: which variable enters, which leaves, and the basis after it.

use super::super::basis::{Basis, Column};
use super::{End, PRICE, Simplex};

/// Slack in a ratio test.
const SLACK: f64 = 1e-9;
/// Entries of a direction below this do not block.
const RATE: f64 = 1e-9;
/// A factorisation is renewed after so many changes.
const CHANGES: usize = 60;
/// After so many steps of length zero the lowest index is chosen until one has a length.
const STALLED: usize = 120;

impl Simplex {
    /// Multipliers of the rows for an objective at the present basis.
    fn multipliers(&self, objective: &[(usize, f64)]) -> Vec<f64> {
        let mut costs = vec![0.0; self.head.len()];
        for (j, c) in objective {
            if let Some(k) = self.place[*j] {
                costs[k] += c;
            }
        }
        self.basis.backward(costs)
    }

    pub(super) fn reduced(&self, objective: &[(usize, f64)]) -> (Vec<f64>, Vec<f64>) {
        let y = self.multipliers(objective);
        let n = self.program.columns.len();
        let mut reduced = vec![0.0; n];
        for (j, c) in objective.iter().filter(|(j, _)| *j < n) {
            reduced[*j] += c;
        }
        for (i, yi) in y.iter().enumerate() {
            if *yi != 0.0 {
                for (j, a) in &self.by_row[i] {
                    reduced[*j] -= yi * a;
                }
            }
        }
        (reduced, y)
    }

    /// The variable that enters, and whether it rises.
    fn entering(&self, reduced: &[f64], first: bool) -> Option<(usize, bool)> {
        let mut best: Option<(f64, usize, bool)> = None;
        for (j, d) in reduced.iter().enumerate() {
            if d.abs() <= PRICE || self.place[j].is_some() {
                continue;
            }
            let rises = *d > 0.0;
            let room = if rises {
                self.upper[j] - self.value[j]
            } else {
                self.value[j] - self.lower[j]
            };
            if room <= SLACK {
                continue;
            }
            if first {
                return Some((j, rises));
            }
            let score = d.abs() * self.scale[j];
            if best.is_none_or(|(b, ..)| score > b) {
                best = Some((score, j, rises));
            }
        }
        best.map(|(_, j, rises)| (j, rises))
    }

    /// The place that blocks first and the length of the step.
    fn blocking(&self, along: &[f64], rises: bool, own: f64, first: bool) -> (Option<usize>, f64) {
        let room = |k: usize, rate: f64| {
            let j = self.head[k];
            let room = if rate > 0.0 {
                self.upper[j] - self.value[j]
            } else {
                self.value[j] - self.lower[j]
            };
            room.max(0.0)
        };
        let sign = if rises { -1.0 } else { 1.0 };
        let mut most = f64::INFINITY;
        for (k, a) in along.iter().enumerate() {
            if a.abs() > RATE {
                let rate = sign * a;
                most = most.min((room(k, rate) + SLACK) / rate.abs());
            }
        }
        let mut chosen: Option<(f64, usize, f64)> = None;
        for (k, a) in along.iter().enumerate() {
            if a.abs() <= RATE {
                continue;
            }
            let rate = sign * a;
            let step = room(k, rate) / rate.abs();
            if step > most {
                continue;
            }
            let better = match chosen {
                None => true,
                Some((_, other, _)) if first => self.head[k] < self.head[other],
                Some((size, ..)) => a.abs() > size + 1e-12,
            };
            if better {
                chosen = Some((a.abs(), k, step));
            }
        }
        match chosen {
            Some((_, k, step)) if step <= own => (Some(k), step),
            _ => (None, own),
        }
    }

    /// Maximises an objective from the present vertex; stops where `enough` is reached.
    pub fn maximise(&mut self, objective: &[(usize, f64)], enough: Option<f64>) -> End {
        let limit = self.steps + 200 * (self.head.len() + 100);
        let mut stalled = 0;
        loop {
            if enough.is_some_and(|e| self.worth(objective) >= e) {
                return End::Reached;
            }
            if self.steps > limit {
                return End::Stopped;
            }
            let first = stalled > STALLED;
            let (reduced, _) = self.reduced(objective);
            let Some((j, rises)) = self.entering(&reduced, first) else {
                return End::Optimal;
            };
            let along = self.basis.forward(&self.program.columns[j]);
            let own = if rises {
                self.upper[j] - self.value[j]
            } else {
                self.value[j] - self.lower[j]
            };
            let (blocks, step) = self.blocking(&along, rises, own, first);
            if !step.is_finite() {
                return End::Unbounded;
            }
            self.steps += 1;
            stalled = if step > SLACK { 0 } else { stalled + 1 };
            self.walk(j, &along, rises, step);
            match blocks {
                None => self.value[j] = if rises { self.upper[j] } else { self.lower[j] },
                Some(k) => self.exchange(j, k, &along, rises),
            }
        }
    }

    fn walk(&mut self, j: usize, along: &[f64], rises: bool, step: f64) {
        let by = if rises { step } else { -step };
        self.value[j] += by;
        if by != 0.0 {
            for (k, a) in along.iter().enumerate() {
                if *a != 0.0 {
                    self.value[self.head[k]] -= a * by;
                }
            }
        }
    }

    fn exchange(&mut self, j: usize, k: usize, along: &[f64], rises: bool) {
        let leaves = self.head[k];
        let falls = (along[k] > 0.0) == rises;
        self.value[leaves] = if falls {
            self.lower[leaves]
        } else {
            self.upper[leaves]
        };
        self.place[leaves] = None;
        self.head[k] = j;
        self.place[j] = Some(k);
        self.basis.replace(k, along);
        if self.basis.changes() >= CHANGES {
            self.renew();
        }
    }

    /// Factorises the basis afresh and computes its values from the others.
    pub(super) fn renew(&mut self) {
        let n = self.program.columns.len();
        let units: Vec<Column> = self
            .head
            .iter()
            .filter(|j| **j >= n)
            .map(|j| vec![(*j - n, 1.0)])
            .collect();
        let mut unit = units.iter();
        let columns: Vec<&[(usize, f64)]> = self
            .head
            .iter()
            .map(|j| match self.program.columns.get(*j) {
                Some(column) => column.as_slice(),
                None => unit.next().map_or(&[][..], Vec::as_slice),
            })
            .collect();
        let rows = self.program.sums.len();
        let (basis, order) = Basis::factorise(rows, &columns);
        let old = std::mem::take(&mut self.head);
        for j in &old {
            self.place[*j] = None;
        }
        self.head = order
            .columns
            .iter()
            .map(|at| at.map_or(n, |at| old[at]))
            .collect();
        for (k, row) in order.units {
            self.head[k] = n + row;
        }
        for (k, j) in self.head.iter().enumerate() {
            self.place[*j] = Some(k);
        }
        self.basis = basis;
        self.settle();
    }

    fn settle(&mut self) {
        let n = self.program.columns.len();
        let mut sums = self.program.sums.clone();
        for (j, x) in self.value.iter().enumerate() {
            if self.place[j].is_some() || *x == 0.0 {
                continue;
            }
            match self.program.columns.get(j) {
                Some(column) => column.iter().for_each(|(i, a)| sums[*i] -= a * x),
                None => sums[j - n] -= x,
            }
        }
        let entries: Column = sums
            .into_iter()
            .enumerate()
            .filter(|(_, v)| *v != 0.0)
            .collect();
        for (k, x) in self.basis.forward(&entries).into_iter().enumerate() {
            let j = self.head[k];
            // A bound missed by rounding is met.
            let (lower, upper) = (self.lower[j], self.upper[j]);
            self.value[j] = if x < lower && x > lower - 1e-6 {
                lower
            } else if x > upper && x < upper + 1e-6 {
                upper
            } else {
                x
            };
        }
    }
}
