//! The clear values of a source: each different value once, and a number a row.
//!
//! Names, dates and places repeat, so that what is derived from a value is derived once, and a row
//! costs four bytes a column. Nothing here has a `Debug`: it holds clear values.

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// One column: of each row the number of its value, 0 where there is none.
#[derive(Default, Clone)]
pub struct Column {
    rows: Vec<u32>,
    ends: Vec<u32>,
    text: String,
}

impl Column {
    /// A column without its values: of each row the number of its value, 0 for none.
    pub fn of_numbers(rows: Vec<u32>) -> Self {
        Column {
            rows,
            ends: Vec::new(),
            text: String::new(),
        }
    }

    /// The number of a row's value, from 1; 0 for none.
    pub fn number(&self, row: usize) -> u32 {
        self.rows.get(row).copied().unwrap_or(0)
    }

    /// A row's value; empty where there is none.
    pub fn text(&self, row: usize) -> &str {
        let number = self.number(row).checked_sub(1);
        number.map_or("", |place| self.value(place))
    }

    /// Of each row.
    pub fn numbers(&self) -> &[u32] {
        &self.rows
    }

    /// The different values, in the order of their first row: the first has number 1.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(from, to)| self.slice(from, *to))
    }

    /// Different values.
    pub fn distinct(&self) -> usize {
        self.ends.len()
    }

    /// The column with every value brought to another form, or to none; each is asked for once, in
    /// the order of their numbers.
    pub fn map(&self, mut form: impl FnMut(&str) -> Option<String>) -> Column {
        let mut out = Interner::default();
        let numbers: Vec<u32> = self
            .values()
            .map(|value| {
                out.push(form(value).as_deref());
                out.column.rows.last().copied().unwrap_or(0)
            })
            .collect();
        out.column.rows = Vec::with_capacity(self.rows.len());
        out.column.rows.extend(self.rows.iter().map(|number| {
            let place = number.checked_sub(1).and_then(|p| usize::try_from(p).ok());
            place.and_then(|p| numbers.get(p)).copied().unwrap_or(0)
        }));
        out.finish()
    }

    /// The chance that two rows drawn at random have one value.
    pub fn chance_agreement(&self) -> f64 {
        let most = self.rows.iter().max().copied().unwrap_or(0);
        let mut counts = vec![0_u64; usize::try_from(most).unwrap_or(0)];
        for number in &self.rows {
            let place = number.checked_sub(1).and_then(|p| usize::try_from(p).ok());
            if let Some(count) = place.and_then(|p| counts.get_mut(p)) {
                *count += 1;
            }
        }
        let real = |n: u64| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
        let rows = real(self.rows.len() as u64).max(1.0);
        counts.iter().map(|n| (real(*n) / rows).powi(2)).sum()
    }

    fn slice(&self, from: u32, to: u32) -> &str {
        let at = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        self.text.get(at(from)..at(to)).unwrap_or_default()
    }

    fn value(&self, place: u32) -> &str {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        let end = self.ends.get(place).copied().unwrap_or(0);
        let from = place.checked_sub(1).and_then(|p| self.ends.get(p)).copied();
        self.slice(from.unwrap_or(0), end)
    }
}

/// A column while its rows are read.
#[derive(Default)]
pub struct Interner {
    column: Column,
    /// The place of each value, and the low half of its hash: so a value is looked at only where it
    /// is nearly sure to be the same, and never when the table grows.
    table: HashTable<(u32, u32)>,
    hasher: DefaultHashBuilder,
}

impl Interner {
    /// The next row. Says whether its value is new.
    ///
    /// A column whose different values are longer than four gigabytes takes no more: the rest
    /// counts as missing.
    pub fn push(&mut self, value: Option<&str>) -> bool {
        let before = self.column.ends.len();
        let number = value.filter(|v| !v.is_empty()).map_or(0, |v| self.place(v));
        self.column.rows.push(number);
        self.column.ends.len() > before
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.column.rows.len()
    }

    fn place(&mut self, value: &str) -> u32 {
        let hash = self.hasher.hash_one(value);
        let [a, b, c, d, ..] = hash.to_le_bytes();
        let short = u32::from_le_bytes([a, b, c, d]);
        // The table spreads by the high bits of what it is given, and finds its place by the low.
        let spread = |short: u32| u64::from(short).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let Interner { column, table, .. } = self;
        let found = table.entry(
            spread(short),
            |(place, own)| *own == short && column.value(*place) == value,
            |(_, own)| spread(*own),
        );
        match found {
            Entry::Occupied(entry) => entry.get().0 + 1,
            Entry::Vacant(entry) => {
                let ends = u32::try_from(column.text.len() + value.len());
                let (Ok(end), Ok(place)) = (ends, u32::try_from(column.ends.len())) else {
                    return 0;
                };
                entry.insert((place, short));
                column.text.push_str(value);
                column.ends.push(end);
                place + 1
            }
        }
    }

    /// The column.
    pub fn finish(mut self) -> Column {
        self.column.rows.shrink_to_fit();
        self.column.text.shrink_to_fit();
        self.column.ends.shrink_to_fit();
        self.column
    }
}

/// The columns of a source, as comparisons name them.
#[derive(Default, Clone)]
pub struct Source {
    /// Rows.
    pub rows: usize,
    /// The columns.
    pub columns: Vec<Column>,
}

impl Source {
    /// Every `step`-th row, with the same values.
    pub fn every(&self, step: usize) -> Source {
        let column =
            |c: &Column| Column::of_numbers(c.rows.iter().step_by(step).copied().collect());
        Source {
            rows: self.rows.div_ceil(step),
            columns: self.columns.iter().map(column).collect(),
        }
    }

    /// The rows at these places, in this order, with the numbers of their values.
    pub fn rows_at(&self, places: &[usize]) -> Source {
        let column = |c: &Column| Column::of_numbers(places.iter().map(|p| c.number(*p)).collect());
        Source {
            rows: places.len(),
            columns: self.columns.iter().map(column).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_once_and_rows_read_back() {
        let rows = [Some("ANNE"), None, Some("BOB"), Some("ANNE"), Some("")];
        let mut interner = Interner::default();
        let new: Vec<bool> = rows.map(|row| interner.push(row)).into();
        assert_eq!(new, [true, false, true, false, false]);
        let column = interner.finish();
        assert_eq!(column.numbers(), [1, 0, 2, 1, 0]);
        assert_eq!(column.values().collect::<Vec<_>>(), ["ANNE", "BOB"]);
        assert_eq!((column.distinct(), column.number(3)), (2, 1));
    }
}
