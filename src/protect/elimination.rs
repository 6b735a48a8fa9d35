//! Exact elimination: which hidden cells can be had from the shown ones by adding and subtracting.
//!
//! The changes that an attacker cannot rule out are the vectors that satisfy every relation and
//! are zero at every cell he sees. A basis of them is kept, row by row; showing a cell makes its
//! column zero and costs one row. A hidden cell is determined when its column is empty.
//!
//! Arithmetic is modulo the prime 2⁶¹ − 1. A column that is empty over the rationals is empty
//! here; the reverse could only fail for a basis with a minor that the prime divides, and the
//! final audit by bounds does not rest on it.

use super::system::{System, place};

const PRIME: u64 = (1 << 61) - 1;

fn multiply(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    // 2^61 ≡ 1, so the high part is added to the low part.
    let low = u64::try_from(product & u128::from(PRIME)).unwrap_or(0);
    let high = u64::try_from(product >> 61).unwrap_or(0);
    let sum = low + high;
    if sum >= PRIME { sum - PRIME } else { sum }
}

fn inverse(a: u64) -> u64 {
    // Fermat: a^(p − 2).
    let (mut base, mut exponent, mut out) = (a, PRIME - 2, 1);
    while exponent > 0 {
        if exponent & 1 == 1 {
            out = multiply(out, base);
        }
        base = multiply(base, base);
        exponent >>= 1;
    }
    out
}

fn negative(a: u64) -> u64 {
    if a == 0 { 0 } else { PRIME - a }
}

type Row = Vec<(u32, u64)>;

/// A basis of the changes that are still possible.
#[derive(Debug, Clone)]
pub(crate) struct Freedom {
    rows: Vec<Row>,
    /// For each cell, rows that held it at some time; stale entries are skipped when read.
    columns: Vec<Vec<u32>>,
    /// For each cell, how many rows hold it now.
    counts: Vec<u32>,
}

impl Freedom {
    /// The changes that satisfy every relation of the system and leave known zeros at zero.
    /// `unknown` says which cells are not known from the start.
    pub fn of(system: &System, unknown: &[bool]) -> Self {
        let n = system.len();
        let mut expressions: Vec<Option<Row>> = vec![None; n];
        let mut rows = 0_u32;
        let mut constraints: Vec<Row> = Vec::new();
        let mut is_total = vec![false; n];
        for r in &system.relations {
            is_total[place(r.total)] = true;
        }
        // A cell that is nowhere a total is free.
        for cell in 0..n {
            if !unknown[cell] {
                expressions[cell] = Some(Vec::new());
            } else if !is_total[cell] {
                expressions[cell] = Some(vec![(rows, 1)]);
                rows += 1;
            }
        }
        let mut waiting: Vec<usize> = (0..system.relations.len()).collect();
        while !waiting.is_empty() {
            let before = waiting.len();
            waiting.retain(|i| {
                let relation = &system.relations[*i];
                let mut sum: Row = Vec::new();
                for part in &relation.parts {
                    match &expressions[place(*part)] {
                        Some(e) => sum.extend_from_slice(e),
                        None => return true,
                    }
                }
                let sum = gathered(sum);
                match &expressions[place(relation.total)] {
                    None => expressions[place(relation.total)] = Some(sum),
                    Some(known) => {
                        let difference = combined(&sum, known, PRIME - 1);
                        if !difference.is_empty() {
                            constraints.push(difference);
                        }
                    }
                }
                false
            });
            if waiting.len() == before {
                break;
            }
        }
        let mut basis = Freedom {
            rows: vec![Vec::new(); place(rows)],
            columns: vec![Vec::new(); n + constraints.len()],
            counts: vec![0; n + constraints.len()],
        };
        let all = expressions
            .into_iter()
            .map(Option::unwrap_or_default)
            .chain(constraints);
        for (cell, expression) in all.enumerate() {
            let Ok(cell) = u32::try_from(cell) else { break };
            for (row, coefficient) in expression {
                basis.rows[place(row)].push((cell, coefficient));
                basis.columns[place(cell)].push(row);
                basis.counts[place(cell)] += 1;
            }
        }
        for extra in n..basis.counts.len() {
            if let Ok(extra) = u32::try_from(extra) {
                basis.show(extra);
            }
        }
        basis.columns.truncate(n);
        basis.counts.truncate(n);
        basis
    }

    /// Is the cell's value known to whoever knows the relations and what was shown?
    pub fn is_determined(&self, cell: u32) -> bool {
        self.counts[place(cell)] == 0
    }

    /// Would showing `cell` determine one of the cells that `guarded` names?
    pub fn would_determine(&self, cell: u32, guarded: &[bool]) -> bool {
        let held = self.counts[place(cell)];
        let holders = self.holders(cell);
        let Some(first) = holders.first() else {
            return false;
        };
        let first_cell = self.at(*first, cell);
        self.rows[place(*first)].iter().any(|(other, first_other)| {
            *other != cell
                && guarded[place(*other)]
                && self.counts[place(*other)] == held
                && holders.iter().all(|row| {
                    multiply(self.at(*row, *other), first_cell)
                        == multiply(self.at(*row, cell), *first_other)
                })
        })
    }

    /// Shows a cell: its column becomes zero, and one degree of freedom is gone.
    pub fn show(&mut self, cell: u32) {
        let holders = self.holders(cell);
        let Some(pivot) = holders
            .iter()
            .copied()
            .min_by_key(|r| (self.rows[place(*r)].len(), *r))
        else {
            return;
        };
        let pivot_row = std::mem::take(&mut self.rows[place(pivot)]);
        for (other, _) in &pivot_row {
            self.counts[place(*other)] -= 1;
        }
        let pivot_inverse = inverse(value_at(&pivot_row, cell));
        for row in holders.into_iter().filter(|r| *r != pivot) {
            let factor = negative(multiply(self.at(row, cell), pivot_inverse));
            let old = std::mem::take(&mut self.rows[place(row)]);
            let new = combined(&old, &pivot_row, factor);
            for (other, _) in &old {
                self.counts[place(*other)] -= 1;
            }
            for (other, _) in &new {
                self.counts[place(*other)] += 1;
            }
            for (other, _) in &pivot_row {
                if value_at(&old, *other) == 0 && value_at(&new, *other) != 0 {
                    self.columns[place(*other)].push(row);
                }
            }
            self.rows[place(row)] = new;
        }
        self.columns[place(cell)].clear();
    }

    /// The basis as small signed integers, where a row has them; others are left out.
    pub fn moves(&self) -> Vec<Vec<(u32, i64)>> {
        const SMALL: u64 = 64;
        self.rows
            .iter()
            .filter(|row| !row.is_empty())
            .filter_map(|row| {
                row.iter()
                    .map(|(cell, value)| {
                        if *value <= SMALL {
                            i64::try_from(*value).ok().map(|v| (*cell, v))
                        } else if PRIME - *value <= SMALL {
                            i64::try_from(PRIME - *value).ok().map(|v| (*cell, -v))
                        } else {
                            None
                        }
                    })
                    .collect()
            })
            .collect()
    }

    /// Degrees of freedom that are left.
    #[cfg(test)]
    pub fn dimension(&self) -> usize {
        self.rows.iter().filter(|r| !r.is_empty()).count()
    }

    fn at(&self, row: u32, cell: u32) -> u64 {
        value_at(&self.rows[place(row)], cell)
    }

    fn holders(&self, cell: u32) -> Vec<u32> {
        let mut out: Vec<u32> = self.columns[place(cell)]
            .iter()
            .copied()
            .filter(|row| self.at(*row, cell) != 0)
            .collect();
        out.sort_unstable();
        out.dedup();
        out
    }
}

fn value_at(row: &Row, cell: u32) -> u64 {
    row.binary_search_by_key(&cell, |(c, _)| *c)
        .map_or(0, |i| row[i].1)
}

/// Entries of one index added up, sorted, zeros left out.
fn gathered(mut entries: Row) -> Row {
    entries.sort_unstable_by_key(|(i, _)| *i);
    let mut out: Row = Vec::with_capacity(entries.len());
    for (i, v) in entries {
        match out.last_mut() {
            Some((last, sum)) if *last == i => *sum = (*sum + v) % PRIME,
            _ => out.push((i, v)),
        }
    }
    out.retain(|(_, v)| *v != 0);
    out
}

/// `a + factor · b`.
fn combined(a: &Row, b: &Row, factor: u64) -> Row {
    let mut out = Vec::with_capacity(a.len() + b.len());
    let (mut i, mut j) = (0, 0);
    loop {
        match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) if x.0 == y.0 => {
                let sum = (x.1 + multiply(factor, y.1)) % PRIME;
                if sum != 0 {
                    out.push((x.0, sum));
                }
                (i, j) = (i + 1, j + 1);
            }
            (Some(x), Some(y)) if x.0 < y.0 => {
                out.push(*x);
                i += 1;
            }
            (Some(x), None) => {
                out.push(*x);
                i += 1;
            }
            (_, Some(y)) => {
                out.push((y.0, multiply(factor, y.1)));
                j += 1;
            }
            (None, None) => return out,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::hierarchy::Hierarchy;
    use super::super::system::Cube;
    use super::*;

    #[test]
    fn arithmetic_of_the_field() {
        assert_eq!(multiply(PRIME - 1, PRIME - 1), 1);
        for a in [1, 2, 3, 12_345, PRIME - 2] {
            assert_eq!(multiply(a, inverse(a)), 1);
        }
    }

    fn two_by_two() -> System {
        let codes = ["a".to_owned(), "b".to_owned()];
        let flat = Hierarchy::new(&codes, &[BTreeMap::new()]).expect("flat");
        let mut system = System::new();
        system
            .join(&Cube {
                variables: vec!["x".into(), "y".into()],
                hierarchies: vec![flat.clone(), flat],
                inner: vec![
                    (vec![0, 0], 1),
                    (vec![0, 1], 9),
                    (vec![1, 0], 8),
                    (vec![1, 1], 7),
                ],
            })
            .expect("joins");
        system
    }

    #[test]
    fn the_last_free_cell_of_a_rectangle_is_guarded() {
        let system = two_by_two();
        let mut freedom = Freedom::of(&system, &[true; 9]);
        assert_eq!(freedom.dimension(), 4);
        // Cells in row-major order over (Total, a, b): margins are 0, 1, 2, 3, 6.
        for margin in [0, 1, 2, 3, 6] {
            freedom.show(margin);
        }
        assert_eq!(freedom.dimension(), 1);
        let mut guarded = vec![false; 9];
        guarded[4] = true;
        assert!(freedom.would_determine(8, &guarded));
        assert_eq!(freedom.moves()[0].len(), 4);
        freedom.show(8);
        assert!(freedom.is_determined(4));
    }
}
