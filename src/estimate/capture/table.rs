//! A table of list histories: how many people each combination of lists holds.

use super::error::CaptureError;

/// Most lists that are taken.
pub const MOST_LISTS: usize = 6;

/// Most people in one table; above it the counts are a mistake.
pub const MOST_PEOPLE: u64 = 1_000_000_000_000;

/// Number of cells of the largest table, the unseen cell included.
pub(crate) const CELLS: usize = 1 << MOST_LISTS;

/// A count as a real number; exact below 2^53.
pub(crate) fn real(n: u64) -> f64 {
    let high = u32::try_from(n >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(n & 0xFFFF_FFFF).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// A small number as a real number.
pub(crate) fn small(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::INFINITY, f64::from)
}

/// Counts by history. A history is a set of lists: bit 0 is the first list. The people on no list
/// are not counted, and that is what the estimators are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    lists: Vec<String>,
    counts: Vec<u64>,
}

impl Table {
    /// A table of two to [`MOST_LISTS`] lists; `counts[h]` is the number of people of history `h`.
    ///
    /// # Errors
    ///
    /// Too few or too many lists or counts, a list that holds nobody, or no two lists with anybody
    /// in common.
    pub fn new(lists: Vec<String>, mut counts: Vec<u64>) -> Result<Self, CaptureError> {
        if !(2..=MOST_LISTS).contains(&lists.len()) {
            return Err(CaptureError::Lists { lists: lists.len() });
        }
        counts.resize(1 << lists.len(), 0);
        if let Some(first) = counts.first_mut() {
            *first = 0;
        }
        let table = Table { lists, counts };
        let total = table
            .counts
            .iter()
            .try_fold(0_u64, |a, n| a.checked_add(*n));
        if total.is_none_or(|n| n > MOST_PEOPLE) {
            return Err(CaptureError::TooMany);
        }
        if let Some(empty) = (0..table.order()).find(|i| table.margin(1 << i) == 0) {
            return Err(CaptureError::EmptyList {
                list: table.lists[empty].clone(),
            });
        }
        let overlap = table.cells().any(|(h, n)| h.count_ones() > 1 && n > 0);
        match overlap {
            true => Ok(table),
            false => Err(CaptureError::NoOverlap),
        }
    }

    /// The names of the lists.
    pub fn lists(&self) -> &[String] {
        &self.lists
    }

    /// How many lists.
    pub fn order(&self) -> usize {
        self.lists.len()
    }

    /// The people of a history.
    pub fn count(&self, history: usize) -> u64 {
        self.counts.get(history).copied().unwrap_or(0)
    }

    /// The histories that can be seen, with their counts.
    pub fn cells(&self) -> impl Iterator<Item = (usize, u64)> {
        self.counts.iter().copied().enumerate().skip(1)
    }

    /// The people on all of these lists, whatever others they are on.
    pub fn margin(&self, lists: usize) -> u64 {
        let on_all = self.cells().filter(|(h, _)| h & lists == lists);
        on_all.map(|(_, n)| n).sum()
    }

    /// The people on at least one list.
    pub fn observed(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The people on exactly this many lists.
    pub fn seen_on(&self, lists: u32) -> u64 {
        let those = self.cells().filter(|(h, _)| h.count_ones() == lists);
        those.map(|(_, n)| n).sum()
    }

    /// The counts as real numbers, for the engine.
    pub(crate) fn reals(&self) -> [f64; CELLS] {
        let mut out = [0.0; CELLS];
        for (h, n) in self.cells() {
            out[h] = real(n);
        }
        out
    }
}
