//! Whole numbers near a table of real ones, so that every margin of the whole numbers is near the
//! margin of the real ones too (controlled rounding with base 1).
//!
//! The finest cells are rounded along their order so that what was cut off is carried on; then
//! units are added, taken away, or moved between two cells of a line wherever that lowers the sum
//! of the squared deviations over all cells of all tables. Ties go to the first, so the result is
//! the same every time. No proof of the least possible deviation; it is told in the summary.

use super::super::domain::Domain;

/// Rounds of improvement at most.
const ROUNDS: usize = 30;

/// An improvement smaller than this is none.
const LEAST: f64 = 1e-9;

/// Whole numbers for the finest cells, in row-major order.
pub(super) fn integers(domain: &Domain, real: &[f64]) -> Vec<i64> {
    let mut rounding = Rounding::new(domain, real);
    for _ in 0..ROUNDS {
        if rounding.single() + rounding.moves() == 0 {
            break;
        }
    }
    rounding.whole
}

struct Rounding<'a> {
    domain: &'a Domain,
    whole: Vec<i64>,
    /// Whole minus real, at every place of the lattice.
    off: Vec<f64>,
    /// Places of the lattice that a finest cell is in, one for each table.
    places: Vec<u32>,
    tables: usize,
    /// Is the place a cell of a table?
    is_cell: Vec<bool>,
    leaves: Vec<usize>,
}

impl<'a> Rounding<'a> {
    fn new(domain: &'a Domain, real: &[f64]) -> Self {
        let leaves = domain.places(&domain.finest());
        let mut off = vec![0.0; domain.lattice()];
        let mut whole = Vec::with_capacity(real.len());
        let mut carried = 0.0;
        for (x, place) in real.iter().zip(&leaves) {
            let rounded = (x + carried).round().max(0.0);
            carried += x - rounded;
            off[*place] = rounded - x;
            whole.push(to_integer(rounded));
        }
        domain.sum_up(&mut off);
        let places = leaves
            .iter()
            .flat_map(|leaf| places_of(domain, *leaf))
            .collect();
        let mut is_cell = vec![false; domain.lattice()];
        for place in domain.tables().iter().flat_map(|t| domain.places(t)) {
            is_cell[place] = true;
        }
        Rounding {
            domain,
            whole,
            off,
            places,
            tables: domain.tables().len(),
            is_cell,
            leaves,
        }
    }

    fn of(&self, cell: usize) -> &[u32] {
        &self.places[cell * self.tables..(cell + 1) * self.tables]
    }

    /// How much the sum of squares changes if a cell changes by one up or down.
    fn change(&self, cell: usize, by: f64) -> f64 {
        let each = self
            .of(cell)
            .iter()
            .map(|p| 2.0 * by * self.off[index(*p)] + 1.0);
        each.sum()
    }

    fn apply(&mut self, cell: usize, by: i8) {
        self.whole[cell] += i64::from(by);
        for at in cell * self.tables..(cell + 1) * self.tables {
            let place = index(self.places[at]);
            self.off[place] += f64::from(by);
        }
    }

    /// Adds or takes away single units.
    fn single(&mut self) -> usize {
        let mut changed = 0;
        for cell in 0..self.whole.len() {
            if self.change(cell, 1.0) < -LEAST {
                self.apply(cell, 1);
                changed += 1;
            } else if self.whole[cell] > 0 && self.change(cell, -1.0) < -LEAST {
                self.apply(cell, -1);
                changed += 1;
            }
        }
        changed
    }

    /// Moves units along the lines of each dimension. Which cell of a line is the best to move to
    /// is seen from sums made at the start of the round; whether the move helps is computed anew.
    fn moves(&mut self) -> usize {
        let sums = self.sums();
        let sizes: Vec<usize> = self
            .domain
            .axes()
            .iter()
            .map(|a| a.leaves().len())
            .collect();
        let mut changed = 0;
        for from in 0..self.whole.len() {
            if self.whole[from] == 0 {
                continue;
            }
            let mut stride = 1;
            for size in sizes.iter().rev() {
                let first = from - from / stride % size * stride;
                let line = (0..*size).map(|position| first + position * stride);
                let least = line.min_by(|a, b| sums[*a].total_cmp(&sums[*b]));
                if let Some(to) = least.filter(|to| sums[*to] < sums[from])
                    && self.whole[from] > 0
                    && self.move_changes(from, to) < -LEAST
                {
                    self.apply(from, -1);
                    self.apply(to, 1);
                    changed += 1;
                }
                stride *= size;
            }
        }
        changed
    }

    /// For each finest cell, the sum of the deviations of the cells that it is in.
    fn sums(&self) -> Vec<f64> {
        let each = self.off.iter().zip(&self.is_cell);
        let mut lattice: Vec<f64> = each.map(|(off, is)| if *is { *off } else { 0.0 }).collect();
        self.domain.hand_down(&mut lattice);
        self.leaves.iter().map(|place| lattice[*place]).collect()
    }

    /// How much the sum of squares changes if a unit moves.
    fn move_changes(&self, from: usize, to: usize) -> f64 {
        let pairs = self
            .of(from)
            .iter()
            .zip(self.of(to))
            .filter(|(f, t)| f != t);
        pairs
            .map(|(f, t)| 2.0 * (self.off[index(*t)] - self.off[index(*f)]) + 2.0)
            .sum()
    }
}

/// The places of the cells that a finest cell is in, in the order of the tables.
pub(super) fn places_of(domain: &Domain, leaf: usize) -> Vec<u32> {
    let above: Vec<Vec<usize>> = domain
        .nodes_at(leaf)
        .into_iter()
        .zip(domain.axes())
        .map(|(mut node, axis)| {
            let mut chain: Vec<usize> = (0..axis.levels())
                .map(|_| {
                    let at = node;
                    node = axis.parent(node);
                    at
                })
                .collect();
            chain.reverse();
            chain
        })
        .collect();
    let place = |levels: &Vec<usize>| {
        let mut at = 0;
        for ((chain, axis), level) in above.iter().zip(domain.axes()).zip(levels) {
            at = at * axis.nodes() + chain[*level];
        }
        u32::try_from(at).unwrap_or(0)
    };
    domain.tables().iter().map(place).collect()
}

pub(super) fn index(place: u32) -> usize {
    usize::try_from(place).unwrap_or(0)
}

/// A real number that is whole as an integer; 0 for what none is near.
pub(super) fn to_integer(x: f64) -> i64 {
    let bits = x.abs().to_bits();
    let exponent = (bits >> 52).checked_sub(1075);
    let mantissa = (bits & ((1 << 52) - 1)) | (1 << 52);
    let size = match (exponent, 1075_u64.checked_sub(bits >> 52)) {
        (Some(left @ 0..=10), _) => mantissa << left,
        (None, Some(right @ 0..=52)) => mantissa >> right,
        _ => 0,
    };
    let size = i64::try_from(size).unwrap_or(0);
    if x < 0.0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_reals_are_integers() {
        for n in [
            0_i64,
            1,
            -1,
            2,
            7,
            -192_912,
            1 << 52,
            (1 << 53) + 2,
            -(1 << 60),
        ] {
            assert_eq!(to_integer(n as f64), n);
        }
        assert_eq!(to_integer(f64::NAN), 0);
        assert_eq!(to_integer(f64::INFINITY), 0);
        assert_eq!(to_integer(0.5), 0);
    }
}
