//! The true table: counted from rows, with the contribution of every unit bounded as it is made.
//!
//! A unit that is in more rows than the bound allows keeps those that come first in an order that
//! a key gives, so that nobody chooses them and every rerun keeps the same. Which rows a unit keeps
//! depends on that unit's rows alone: with one unit more or less, no other unit's rows change, and
//! the sensitivity is the bound. Hashing the rows of all units together would not have that.

use sha2::{Digest as _, Sha256};

use super::accounting::Contribution;
use super::domain::Domain;
use super::noise_key::NoiseKey;

/// True counts of the finest cells. No `Debug`, no serialisation and no way to read a count: the
/// only thing that can be done with it is to [`measure`](super::measure) it.
pub struct TrueTable {
    domain: Domain,
    counts: Vec<u64>,
    bounded: Bounded,
}

/// Who saw to it that no unit is in too many rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bounded {
    /// This room, from the rows.
    Here(Contribution),
    /// Whoever made the counts says so.
    Elsewhere(Contribution),
}

impl Bounded {
    /// The bound.
    pub(super) fn bound(self) -> Contribution {
        match self {
            Bounded::Here(c) | Bounded::Elsewhere(c) => c,
        }
    }
}

/// A row that cannot be counted. Never with what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRow {
    /// The code of a dimension, by its place, is not in the domain.
    #[error("a code that is not in the domain")]
    Code(usize),
    /// The row has no privacy unit.
    #[error("the privacy unit is missing")]
    NoUnit,
    /// The counts are more than can be held.
    #[error("the counts are too large")]
    TooMany,
}

/// Counts rows of units.
pub struct Tabulator<'a> {
    cells: Cells,
    key: &'a NoiseKey,
    bound: Contribution,
    /// Unit, order within the unit, cell.
    rows: Vec<([u8; 16], [u8; 16], u32)>,
}

/// Finds the finest cell of codes.
struct Cells {
    domain: Domain,
    index: Vec<hashbrown::HashMap<String, usize>>,
}

impl Cells {
    fn new(domain: Domain) -> Self {
        let index = domain
            .axes()
            .iter()
            .map(|axis| {
                let leaves = axis.leaves();
                let first = leaves.start;
                leaves
                    .map(|n| (axis.code(n).to_owned(), n - first))
                    .collect()
            })
            .collect();
        Cells { domain, index }
    }

    /// The place among the finest cells, in row-major order.
    fn find(&self, codes: &[&str]) -> Result<usize, BadRow> {
        let mut at = 0;
        for (d, (axis, known)) in self.domain.axes().iter().zip(&self.index).enumerate() {
            let code = codes.get(d).copied().unwrap_or_default();
            let leaf = known.get(code).ok_or(BadRow::Code(d))?;
            at = at * axis.leaves().len() + leaf;
        }
        Ok(at)
    }

    fn empty(&self) -> Vec<u64> {
        vec![0; self.domain.cells(&self.domain.finest())]
    }
}

impl<'a> Tabulator<'a> {
    /// Counts rows of a domain; no unit is in more rows than the bound.
    pub fn new(domain: Domain, bound: Contribution, key: &'a NoiseKey) -> Self {
        Tabulator {
            cells: Cells::new(domain),
            key,
            bound,
            rows: Vec::new(),
        }
    }

    /// Adds a row of a unit.
    ///
    /// # Errors
    /// [`BadRow`] where a code is not in the domain or the unit is empty.
    pub fn add(&mut self, unit: &str, codes: &[&str]) -> Result<(), BadRow> {
        if unit.is_empty() {
            return Err(BadRow::NoUnit);
        }
        let cell = self.cells.find(codes)?;
        let cell = u32::try_from(cell).map_err(|_| BadRow::TooMany)?;
        let name = self.key.unit(unit.as_bytes());
        let order = self.key.order(&name, cell);
        self.rows.push((name, order, cell));
        Ok(())
    }

    /// The table, and how many rows the bound left out: a true count, for the restricted view.
    pub fn finish(mut self) -> (TrueTable, u64) {
        self.rows.sort_unstable();
        let mut counts = self.cells.empty();
        let (mut left_out, mut kept) = (0, 0);
        let mut last = None;
        for (unit, _, cell) in &self.rows {
            if last != Some(unit) {
                (last, kept) = (Some(unit), 0);
            }
            kept += 1;
            match (kept <= self.bound.rows(), usize::try_from(*cell)) {
                (true, Ok(cell)) => counts[cell] += 1,
                _ => left_out += 1,
            }
        }
        let table = TrueTable {
            domain: self.cells.domain,
            counts,
            bounded: Bounded::Here(self.bound),
        };
        (table, left_out)
    }
}

/// Takes over counts whose maker vouches for the bound.
pub struct Counted {
    cells: Cells,
    counts: Vec<u64>,
    total: u64,
    bound: Contribution,
}

impl Counted {
    /// Takes counts of a domain in which no unit is in more rows than the bound.
    pub fn new(domain: Domain, bound: Contribution) -> Self {
        let cells = Cells::new(domain);
        let counts = cells.empty();
        Counted {
            cells,
            counts,
            total: 0,
            bound,
        }
    }

    /// Adds a count to a cell.
    ///
    /// # Errors
    /// [`BadRow`] where a code is not in the domain or the sum is too large.
    pub fn add(&mut self, codes: &[&str], count: u64) -> Result<(), BadRow> {
        // A thousand million million: no count of people, and far from the end of 64 bits.
        const MOST: u64 = 1 << 50;
        let cell = self.cells.find(codes)?;
        let total = self.total.checked_add(count);
        self.total = total.filter(|n| *n <= MOST).ok_or(BadRow::TooMany)?;
        self.counts[cell] += count;
        Ok(())
    }

    /// The table.
    pub fn finish(self) -> TrueTable {
        TrueTable {
            domain: self.cells.domain,
            counts: self.counts,
            bounded: Bounded::Elsewhere(self.bound),
        }
    }
}

impl TrueTable {
    /// Its domain, which is public.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The bound on a unit's rows.
    pub fn contribution(&self) -> Contribution {
        self.bounded.bound()
    }

    /// SHA-256 of the counts. It tells the counts to whoever can guess them, so it goes nowhere but
    /// into a keyed hash.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(serde_json::to_vec(&self.domain).unwrap_or_default());
        hasher.update(self.contribution().rows().to_le_bytes());
        for count in &self.counts {
            hasher.update(count.to_le_bytes());
        }
        hasher.finalize().into()
    }

    /// Ends the true table: the lattice of true counts, for `measure` alone.
    pub(super) fn into_lattice(self) -> (Domain, Vec<i64>) {
        let mut lattice = vec![0_i64; self.domain.lattice()];
        let places = self.domain.places(&self.domain.finest());
        for (place, count) in places.into_iter().zip(&self.counts) {
            lattice[place] = i64::try_from(*count).unwrap_or(i64::MAX >> 12);
        }
        self.domain.sum_up(&mut lattice);
        (self.domain, lattice)
    }
}
