//! The basis matrix of a linear program as two sparse triangles, with the changes since.
//!
//! `B = L·U` by columns, rows chosen for few entries among those of at least a tenth of the
//! largest (threshold pivoting), columns in the order of their length after singletons are
//! peeled. A change of one column is kept as an eta vector (the product form of the inverse).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A sparse column: (row, value).
pub(crate) type Column = Vec<(usize, f64)>;

/// Entries below this are taken for zero.
pub(crate) const TINY: f64 = 1e-11;
/// A pivot is at least this part of the largest entry of its column.
const THRESHOLD: f64 = 0.1;

struct Eta {
    place: usize,
    pivot: f64,
    rest: Column,
}

/// `B` in a form that solves `B x = a` and `yᵀ B = cᵀ`. Places are the positions of basic columns.
#[derive(Default)]
pub(crate) struct Basis {
    pivot_row: Vec<usize>,
    diagonal: Vec<f64>,
    lower: Vec<Column>,
    lower_by_row: Vec<Column>,
    upper: Vec<Column>,
    upper_by_row: Vec<Column>,
    etas: Vec<Eta>,
}

/// What became of a factorisation: the order of the columns given, by place, and the rows for
/// which a unit column has to stand in because the columns depend on each other.
pub(crate) struct Order {
    /// For each place, the position in the list given; none where a unit column stands in.
    pub columns: Vec<Option<usize>>,
    /// For each place with a unit column, its row.
    pub units: Vec<(usize, usize)>,
}

/// The order in which columns are eliminated: singletons first, then by length.
fn elimination_order(rows: usize, columns: &[&[(usize, f64)]]) -> Vec<usize> {
    let mut by_row: Vec<Vec<usize>> = vec![Vec::new(); rows];
    for (j, column) in columns.iter().enumerate() {
        for (i, _) in *column {
            by_row[*i].push(j);
        }
    }
    let mut length: Vec<usize> = columns.iter().map(|c| c.len()).collect();
    let mut open = vec![true; rows];
    let mut done = vec![false; columns.len()];
    let mut order = Vec::with_capacity(columns.len());
    let mut queue: Vec<usize> = (0..columns.len()).filter(|j| length[*j] == 1).collect();
    queue.reverse();
    while let Some(j) = queue.pop() {
        if done[j] || length[j] != 1 {
            continue;
        }
        done[j] = true;
        order.push(j);
        let Some((row, _)) = columns[j].iter().find(|(i, _)| open[*i]) else {
            continue;
        };
        open[*row] = false;
        for other in &by_row[*row] {
            length[*other] = length[*other].saturating_sub(1);
            if length[*other] == 1 && !done[*other] {
                queue.push(*other);
            }
        }
    }
    let mut rest: Vec<usize> = (0..columns.len()).filter(|j| !done[*j]).collect();
    rest.sort_by_key(|j| (length[*j], *j));
    order.extend(rest);
    order
}

impl Basis {
    /// Factorises columns over `rows` rows; as many columns as rows, or fewer.
    pub fn factorise(rows: usize, columns: &[&[(usize, f64)]]) -> (Self, Order) {
        let mut basis = Basis::default();
        let mut place_of_row: Vec<Option<usize>> = vec![None; rows];
        let mut weight = vec![0_usize; rows];
        for column in columns {
            for (i, _) in *column {
                weight[*i] += 1;
            }
        }
        let mut order = Order {
            columns: Vec::with_capacity(rows),
            units: Vec::new(),
        };
        let mut work = vec![0.0; rows];
        let mut marked = vec![false; rows];
        for j in elimination_order(rows, columns) {
            let (above, below) = basis.eliminate(columns[j], &place_of_row, &mut work, &mut marked);
            let largest = below.iter().map(|(_, v)| v.abs()).fold(0.0, f64::max);
            let chosen = below
                .iter()
                .filter(|(_, v)| v.abs() >= THRESHOLD * largest && v.abs() > 1e-9)
                .min_by_key(|(i, _)| (weight[*i], *i))
                .copied();
            let Some((row, pivot)) = chosen else {
                continue;
            };
            place_of_row[row] = Some(order.columns.len());
            order.columns.push(Some(j));
            let multipliers = below
                .into_iter()
                .filter(|(i, _)| *i != row)
                .map(|(i, v)| (i, v / pivot))
                .collect();
            basis.push(row, pivot, multipliers, above);
        }
        for (row, place) in place_of_row.iter().enumerate() {
            if place.is_none() {
                order.units.push((order.columns.len(), row));
                order.columns.push(None);
                basis.push(row, 1.0, Vec::new(), Vec::new());
            }
        }
        basis.transpose(rows);
        (basis, order)
    }

    fn push(&mut self, row: usize, pivot: f64, lower: Column, upper: Column) {
        self.pivot_row.push(row);
        self.diagonal.push(pivot);
        self.lower.push(lower);
        self.upper.push(upper);
    }

    /// One column through the columns before it: its entries at their places, and those at rows
    /// that are open still.
    fn eliminate(
        &self,
        column: &[(usize, f64)],
        place_of_row: &[Option<usize>],
        work: &mut [f64],
        marked: &mut [bool],
    ) -> (Column, Column) {
        let mut heap: BinaryHeap<Reverse<usize>> = BinaryHeap::new();
        let mut touched = Vec::new();
        let mut mark =
            |i: usize, heap: &mut BinaryHeap<Reverse<usize>>, touched: &mut Vec<usize>| {
                if !marked[i] {
                    marked[i] = true;
                    touched.push(i);
                    if let Some(k) = place_of_row[i] {
                        heap.push(Reverse(k));
                    }
                }
            };
        for (i, v) in column {
            work[*i] += v;
            mark(*i, &mut heap, &mut touched);
        }
        let mut above = Vec::new();
        while let Some(Reverse(k)) = heap.pop() {
            let u = work[self.pivot_row[k]];
            if u.abs() <= TINY {
                continue;
            }
            above.push((k, u));
            for (i, l) in &self.lower[k] {
                work[*i] -= l * u;
                mark(*i, &mut heap, &mut touched);
            }
        }
        let mut below = Vec::new();
        for i in touched {
            if place_of_row[i].is_none() && work[i].abs() > TINY {
                below.push((i, work[i]));
            }
            work[i] = 0.0;
            marked[i] = false;
        }
        (above, below)
    }

    fn transpose(&mut self, rows: usize) {
        self.lower_by_row = vec![Vec::new(); rows];
        self.upper_by_row = vec![Vec::new(); rows];
        for (k, column) in self.lower.iter().enumerate() {
            for (i, l) in column {
                self.lower_by_row[*i].push((k, *l));
            }
        }
        for (k, column) in self.upper.iter().enumerate() {
            for (above, u) in column {
                self.upper_by_row[*above].push((k, *u));
            }
        }
    }

    /// Changes of columns since the factorisation.
    pub fn changes(&self) -> usize {
        self.etas.len()
    }

    /// Solves `B x = a`; `a` by row, `x` by place.
    pub fn forward(&self, a: &[(usize, f64)]) -> Vec<f64> {
        let mut work = vec![0.0; self.pivot_row.len()];
        for (i, v) in a {
            work[*i] += v;
        }
        let mut x = vec![0.0; self.pivot_row.len()];
        for (k, row) in self.pivot_row.iter().enumerate() {
            let u = work[*row];
            if u != 0.0 {
                x[k] = u;
                for (i, l) in &self.lower[k] {
                    work[*i] -= l * u;
                }
            }
        }
        for k in (0..x.len()).rev() {
            if x[k] != 0.0 {
                let value = x[k] / self.diagonal[k];
                x[k] = value;
                for (above, u) in &self.upper[k] {
                    x[*above] -= u * value;
                }
            }
        }
        for eta in &self.etas {
            if x[eta.place] != 0.0 {
                let value = x[eta.place] / eta.pivot;
                x[eta.place] = value;
                for (k, a) in &eta.rest {
                    x[*k] -= a * value;
                }
            }
        }
        x
    }

    /// Solves `yᵀ B = cᵀ`; `c` by place, `y` by row.
    pub fn backward(&self, mut c: Vec<f64>) -> Vec<f64> {
        for eta in self.etas.iter().rev() {
            let rest: f64 = eta.rest.iter().map(|(k, a)| a * c[*k]).sum();
            c[eta.place] = (c[eta.place] - rest) / eta.pivot;
        }
        for k in 0..c.len() {
            if c[k] != 0.0 {
                let value = c[k] / self.diagonal[k];
                c[k] = value;
                for (later, u) in &self.upper_by_row[k] {
                    c[*later] -= u * value;
                }
            }
        }
        let mut y = vec![0.0; c.len()];
        for k in (0..c.len()).rev() {
            let value = c[k];
            if value != 0.0 {
                let row = self.pivot_row[k];
                y[row] = value;
                for (earlier, l) in &self.lower_by_row[row] {
                    c[*earlier] -= l * value;
                }
            }
        }
        y
    }

    /// The column at a place becomes another, given as `B⁻¹ a`.
    pub fn replace(&mut self, place: usize, along: &[f64]) {
        let rest = along
            .iter()
            .enumerate()
            .filter(|(k, v)| *k != place && v.abs() > TINY)
            .map(|(k, v)| (k, *v))
            .collect();
        self.etas.push(Eta {
            place,
            pivot: along[place],
            rest,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dense(columns: &[Column], x: &[f64], order: &Order) -> Vec<f64> {
        let mut out = vec![0.0; x.len()];
        for (k, j) in order.columns.iter().enumerate() {
            if let Some(j) = j {
                for (i, v) in &columns[*j] {
                    out[*i] += v * x[k];
                }
            }
        }
        for (k, row) in &order.units {
            out[*row] += x[*k];
        }
        out
    }

    #[test]
    fn solves_both_ways_and_after_a_change() {
        let columns: Vec<Column> = vec![
            vec![(0, 1.0), (1, -1.0), (3, 2.0)],
            vec![(1, 1.0), (2, 1.0)],
            vec![(0, 1.0), (2, -1.0), (3, 1.0)],
            vec![(2, 1.0), (3, 1.0)],
        ];
        let refs: Vec<&[(usize, f64)]> = columns.iter().map(Vec::as_slice).collect();
        let (mut basis, order) = Basis::factorise(4, &refs);
        assert!(order.units.is_empty());
        let x = basis.forward(&[(0, 3.0), (2, -1.0)]);
        let back = dense(&columns, &x, &order);
        for (got, want) in back.iter().zip([3.0, 0.0, -1.0, 0.0]) {
            assert!((got - want).abs() < 1e-12);
        }
        let along = basis.forward(&[(1, 1.0)]);
        let place = along.iter().position(|v| v.abs() > 0.1).expect("a pivot");
        basis.replace(place, &along);
        let y = basis.backward({
            let mut c = vec![0.0; 4];
            c[place] = 1.0;
            c
        });
        // The new column at its place is the unit vector of row 1.
        assert!((y[1] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn dependent_columns_are_replaced_by_units() {
        let columns: Vec<Column> = vec![vec![(0, 1.0), (1, 1.0)], vec![(0, 2.0), (1, 2.0)]];
        let refs: Vec<&[(usize, f64)]> = columns.iter().map(Vec::as_slice).collect();
        let (_, order) = Basis::factorise(2, &refs);
        assert_eq!(order.units.len(), 1);
    }
}
