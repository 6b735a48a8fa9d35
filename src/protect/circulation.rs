//! The cheapest change that no relation notices and that moves one cell: a dual simplex method.
//!
//! Minimise `Σ cᵢ |yᵢ|` subject to `A y = 0`, `yᵢ ≥ −fallᵢ` and a given `y` of one cell. With no
//! cell in the basis every price is right and only the relations of the cell itself are violated,
//! so that the method repairs one relation after the other, each as cheaply as can be, and ends
//! with an elementary change: few cells, small numbers. Its work grows with the length of the
//! change and not with the system.

use super::basis::{Basis, Column, TINY};

/// Violations below this are none.
const FEASIBLE: f64 = 1e-7;
/// Entries of a row below this are no pivots.
const PIVOT: f64 = 1e-7;
const CHANGES: usize = 50;

/// The relations between some cells.
pub(crate) struct Circulation {
    rows: usize,
    /// Entries by cell.
    columns: Vec<Column>,
    by_row: Vec<Column>,
}

/// What one search allows: cost of moving each cell by one, and how far it may fall and rise.
pub(crate) struct Terms<'a> {
    pub cost: &'a [f64],
    pub fall: &'a [f64],
    pub rise: &'a [f64],
}

/// Variables: `2·cell` is its rise, `2·cell + 1` its fall; from `2·cells` on, residuals of rows.
struct Search<'a> {
    place: &'a Circulation,
    upper: Vec<f64>,
    reduced: Vec<f64>,
    at_upper: Vec<bool>,
    basic: Vec<bool>,
    head: Vec<usize>,
    value: Vec<f64>,
    basis: Basis,
    target: usize,
    by: f64,
}

impl Circulation {
    /// `columns` by cell: (relation, coefficient).
    pub fn new(rows: usize, columns: Vec<Column>) -> Self {
        let mut by_row = vec![Vec::new(); rows];
        for (j, column) in columns.iter().enumerate() {
            for (i, a) in column {
                by_row[*i].push((j, *a));
            }
        }
        Circulation {
            rows,
            columns,
            by_row,
        }
    }

    /// The cheapest change in which `cell` moves by `by` (below 0: falls). None where there is
    /// none, or none was found in as many steps as it may take.
    pub fn cheapest(&self, terms: &Terms<'_>, cell: usize, by: f64) -> Option<Vec<(usize, f64)>> {
        let n = self.columns.len();
        let room = if by < 0.0 {
            terms.fall[cell]
        } else {
            terms.rise[cell]
        };
        if room < by.abs() {
            return None;
        }
        let mut upper: Vec<f64> = (0..n)
            .flat_map(|c| [terms.rise[c], terms.fall[c]])
            .collect();
        let mut reduced: Vec<f64> = (0..n).flat_map(|c| [terms.cost[c]; 2]).collect();
        // The cell itself is given, not chosen.
        (upper[2 * cell], upper[2 * cell + 1]) = (0.0, 0.0);
        upper.extend(std::iter::repeat_n(0.0, self.rows));
        reduced.extend(std::iter::repeat_n(0.0, self.rows));
        let (basis, order) = Basis::factorise(self.rows, &[]);
        let mut search = Search {
            place: self,
            at_upper: vec![false; upper.len()],
            basic: vec![false; upper.len()],
            upper,
            reduced,
            head: vec![0; self.rows],
            value: vec![0.0; self.rows],
            basis,
            target: cell,
            by,
        };
        for (k, row) in order.units {
            search.head[k] = 2 * n + row;
            search.basic[2 * n + row] = true;
        }
        search.settle();
        search.run()
    }
}

impl Search<'_> {
    fn sign(variable: usize) -> f64 {
        if variable.is_multiple_of(2) {
            1.0
        } else {
            -1.0
        }
    }

    fn column(&self, variable: usize) -> Column {
        let n = self.place.columns.len();
        match self.place.columns.get(variable / 2) {
            Some(column) if variable < 2 * n => {
                let sign = Self::sign(variable);
                column.iter().map(|(i, a)| (*i, sign * a)).collect()
            }
            _ => vec![(variable - 2 * n, 1.0)],
        }
    }

    /// Values of the basic variables from those of the others.
    fn settle(&mut self) {
        let mut sums = vec![0.0; self.place.rows];
        for (i, a) in &self.place.columns[self.target] {
            sums[*i] -= a * self.by;
        }
        for j in (0..self.at_upper.len()).filter(|j| self.at_upper[*j]) {
            for (i, a) in self.column(j) {
                sums[i] -= a * self.upper[j];
            }
        }
        let entries: Column = sums
            .into_iter()
            .enumerate()
            .filter(|(_, v)| *v != 0.0)
            .collect();
        self.value = self.basis.forward(&entries);
    }

    fn run(mut self) -> Option<Vec<(usize, f64)>> {
        for _ in 0..20 * self.place.rows + 200 {
            let Some((place, excess)) = self.violated() else {
                return Some(self.read());
            };
            let (row, touched) = self.row(place);
            let enters = self.entering(&row, &touched, excess)?;
            self.pivot(place, excess, enters, &row, &touched);
        }
        None
    }

    /// The basic variable that is furthest out of its bounds, and by how much.
    fn violated(&self) -> Option<(usize, f64)> {
        let mut worst: Option<(usize, f64)> = None;
        for (k, x) in self.value.iter().enumerate() {
            let upper = self.upper[self.head[k]];
            let excess = if *x < -FEASIBLE {
                *x
            } else if *x > upper + FEASIBLE {
                x - upper
            } else {
                continue;
            };
            if worst.is_none_or(|(_, w)| excess.abs() > w.abs() + 1e-12) {
                worst = Some((k, excess));
            }
        }
        worst
    }

    /// The row of the tableau at a place, by cell; falls have it with the other sign.
    fn row(&self, place: usize) -> (Vec<f64>, Vec<usize>) {
        let mut unit = vec![0.0; self.place.rows];
        unit[place] = 1.0;
        let y = self.basis.backward(unit);
        let mut row = vec![0.0; self.place.columns.len()];
        let mut touched = Vec::new();
        for (i, yi) in y.iter().enumerate() {
            if *yi != 0.0 {
                for (j, a) in &self.place.by_row[i] {
                    if row[*j] == 0.0 {
                        touched.push(*j);
                    }
                    row[*j] += yi * a;
                }
            }
        }
        touched.sort_unstable();
        touched.dedup();
        (row, touched)
    }

    /// The variable that can make up for the violation at the least price.
    fn entering(&self, row: &[f64], touched: &[usize], excess: f64) -> Option<usize> {
        let mut best: Option<(f64, f64, usize)> = None;
        for cell in touched {
            for variable in [2 * cell, 2 * cell + 1] {
                if self.basic[variable] || self.upper[variable] <= 0.0 {
                    continue;
                }
                let a = Self::sign(variable) * row[*cell];
                // From its lower bound a variable can only rise, from its upper only fall.
                let helps = if self.at_upper[variable] {
                    a * excess < 0.0
                } else {
                    a * excess > 0.0
                };
                if !helps || a.abs() < PIVOT {
                    continue;
                }
                let ratio = self.reduced[variable].abs() / a.abs();
                let better = best.is_none_or(|(r, size, _)| {
                    ratio < r - 1e-12 || (ratio <= r + 1e-12 && a.abs() > size + 1e-12)
                });
                if better {
                    best = Some((ratio, a.abs(), variable));
                }
            }
        }
        best.map(|(.., variable)| variable)
    }

    fn pivot(&mut self, place: usize, excess: f64, enters: usize, row: &[f64], touched: &[usize]) {
        let leaves = self.head[place];
        let along = self.basis.forward(&self.column(enters));
        let pivot = along[place];
        let theta = self.reduced[enters] / (Self::sign(enters) * row[enters / 2]);
        for cell in touched {
            for variable in [2 * cell, 2 * cell + 1] {
                if !self.basic[variable] {
                    self.reduced[variable] -= theta * Self::sign(variable) * row[*cell];
                }
            }
        }
        self.reduced[enters] = 0.0;
        self.reduced[leaves] = -theta;
        let step = excess / pivot;
        for (k, a) in along.iter().enumerate() {
            if a.abs() > TINY {
                self.value[k] -= a * step;
            }
        }
        let from = if self.at_upper[enters] {
            self.upper[enters]
        } else {
            0.0
        };
        self.value[place] = from + step;
        self.at_upper[enters] = false;
        self.at_upper[leaves] = excess > 0.0 && self.upper[leaves] > 0.0;
        self.basic[leaves] = false;
        self.basic[enters] = true;
        self.head[place] = enters;
        self.basis.replace(place, &along);
        if self.basis.changes() >= CHANGES {
            self.renew();
        }
    }

    fn renew(&mut self) {
        let columns: Vec<Column> = self.head.iter().map(|j| self.column(*j)).collect();
        let refs: Vec<&[(usize, f64)]> = columns.iter().map(Vec::as_slice).collect();
        let (basis, order) = Basis::factorise(self.place.rows, &refs);
        let old = std::mem::take(&mut self.head);
        let n = self.place.columns.len();
        for j in &old {
            self.basic[*j] = false;
        }
        self.head = order
            .columns
            .iter()
            .map(|at| at.map_or(0, |at| old[at]))
            .collect();
        for (k, row) in order.units {
            self.head[k] = 2 * n + row;
        }
        for j in &self.head {
            self.basic[*j] = true;
        }
        self.basis = basis;
        self.settle();
    }

    fn read(&self) -> Vec<(usize, f64)> {
        let n = self.place.columns.len();
        let mut change = vec![0.0; n];
        change[self.target] = self.by;
        for (k, j) in self.head.iter().enumerate() {
            if *j < 2 * n {
                change[j / 2] += Self::sign(*j) * self.value[k];
            }
        }
        for j in (0..2 * n).filter(|j| self.at_upper[*j] && !self.basic[*j]) {
            change[j / 2] += Self::sign(j) * self.upper[j];
        }
        let entries = change.into_iter().enumerate();
        entries.filter(|(_, y)| y.abs() > 1e-6).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of 3 × 3 cells whose margins are fixed.
    fn square() -> Circulation {
        let columns = (0..9)
            .map(|c| vec![(c / 3, 1.0), (3 + c % 3, 1.0)])
            .collect();
        Circulation::new(6, columns)
    }

    #[test]
    fn the_cheapest_rectangle_is_found() {
        let cost = [1.0, 9.0, 2.0, 9.0, 9.0, 9.0, 3.0, 9.0, 1.0];
        let room = [9.0; 9];
        let terms = Terms {
            cost: &cost,
            fall: &room,
            rise: &room,
        };
        let change = square().cheapest(&terms, 0, 5.0).expect("there is one");
        assert_eq!(change, vec![(0, 5.0), (2, -5.0), (6, -5.0), (8, 5.0)]);
    }

    #[test]
    fn a_cell_that_cannot_fall_far_is_helped_by_others() {
        let cost = [1.0, 9.0, 2.0, 9.0, 9.0, 9.0, 3.0, 9.0, 1.0];
        let (mut fall, rise) = ([9.0; 9], [9.0; 9]);
        fall[2] = 3.0;
        let terms = Terms {
            cost: &cost,
            fall: &fall,
            rise: &rise,
        };
        let change = square().cheapest(&terms, 0, 5.0).expect("there is one");
        let of = |c: usize| {
            change
                .iter()
                .find(|(k, _)| *k == c)
                .map_or(0.0, |(_, y)| *y)
        };
        assert_eq!((of(0), of(2), of(1)), (5.0, -3.0, -2.0));
    }

    #[test]
    fn what_cannot_move_is_said() {
        let cost = [1.0; 9];
        let mut room = [9.0; 9];
        (room[1], room[2]) = (0.0, 0.0);
        let terms = Terms {
            cost: &cost,
            fall: &room,
            rise: &room,
        };
        assert_eq!(square().cheapest(&terms, 0, 5.0), None);
    }
}
