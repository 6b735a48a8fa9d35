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

    /// The rows, from 0, whose value stands in an earlier row.
    pub fn repeated(&self) -> Vec<usize> {
        let mut most = 0;
        let mut is_repeated = |number: u32| {
            let repeated = number != 0 && number <= most;
            most = most.max(number);
            repeated
        };
        let rows = self.rows.iter().enumerate();
        rows.filter_map(|(row, number)| is_repeated(*number).then_some(row))
            .collect()
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
            .map(|value| out.number(form(value).as_deref()))
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

/// Rows that wait until they are looked up together.
const AT_A_TIME: usize = 64;

/// A column while its rows are read.
///
/// A table of many values is far larger than the processor's cache, and a look into it is mostly
/// waiting for memory. So rows are looked up some at a time: first all hashes, then what may be the
/// value of each, then whether it is; the waiting overlaps. The numbers are those of one by one.
#[derive(Default)]
pub struct Interner {
    column: Column,
    /// The place of each value, and the low half of its hash: so a value is looked at only where it
    /// is nearly sure to be the same, and never when the table grows.
    table: HashTable<(u32, u32)>,
    hasher: DefaultHashBuilder,
    waiting: Waiting,
}

/// Rows that were not yet looked up.
#[derive(Default)]
struct Waiting {
    text: String,
    /// Where each value ends in the text, and the low half of its hash. A row without a value is an
    /// empty one.
    rows: Vec<(u32, u32)>,
    /// What may be the place of each value.
    likely: Vec<Option<u32>>,
}

impl Waiting {
    /// The values, with their hashes.
    fn values(&self) -> impl Iterator<Item = (&str, u32)> {
        let starts = std::iter::once(0).chain(self.rows.iter().map(|row| row.0));
        starts.zip(&self.rows).map(|(from, (to, short))| {
            let at = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
            (self.text.get(at(from)..at(*to)).unwrap_or_default(), *short)
        })
    }
}

/// The table spreads by the high bits of what it is given, and finds its place by the low.
fn spread(short: u32) -> u64 {
    u64::from(short).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Interner {
    /// The next row.
    ///
    /// A column whose different values are longer than four gigabytes takes no more: the rest
    /// counts as missing.
    pub fn push(&mut self, value: Option<&str>) {
        let value = value.unwrap_or_default();
        let short = match value {
            "" => 0,
            value => self.short(value),
        };
        let Waiting { text, rows, .. } = &mut self.waiting;
        text.push_str(value);
        rows.push((u32::try_from(text.len()).unwrap_or(u32::MAX), short));
        if rows.len() >= AT_A_TIME {
            self.look_up();
        }
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.column.rows.len() + self.waiting.rows.len()
    }

    /// The number of a value that is of no row yet; 0 for none.
    fn number(&mut self, value: Option<&str>) -> u32 {
        self.look_up();
        let value = value.filter(|value| !value.is_empty());
        value.map_or(0, |value| self.place(value, self.short(value)))
    }

    fn short(&self, value: &str) -> u32 {
        let [a, b, c, d, ..] = self.hasher.hash_one(value).to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }

    /// Gives the rows that wait their numbers.
    fn look_up(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.likely.clear();
        waiting
            .likely
            .extend(waiting.rows.iter().map(|(_, short)| self.likely(*short)));
        let is_it = |place: u32, value: &str| self.column.value(place) == value;
        let known = waiting.values().zip(&waiting.likely);
        let known = known
            .map(|((value, _), likely)| likely.filter(|place| is_it(*place, value)))
            .collect::<Vec<Option<u32>>>();
        for ((value, short), known) in waiting.values().zip(known) {
            let number = match (value, known) {
                ("", _) => 0,
                (_, Some(place)) => place + 1,
                (value, None) => self.place(value, short),
            };
            self.column.rows.push(number);
        }
        waiting.text.clear();
        waiting.rows.clear();
        self.waiting = waiting;
    }

    /// The place of the first value with this half of a hash.
    fn likely(&self, short: u32) -> Option<u32> {
        let found = self.table.find(spread(short), |(_, own)| *own == short);
        found.map(|(place, _)| *place)
    }

    /// The number of a value, which is new or not.
    fn place(&mut self, value: &str, short: u32) -> u32 {
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
        self.look_up();
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
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn some_at_a_time_is_one_by_one(rows in proptest::collection::vec("[ABC]{0,4}", 0..400)) {
            let mut interner = Interner::default();
            let mut simple: Vec<&str> = Vec::new();
            let mut numbers = Vec::new();
            for row in &rows {
                interner.push(Some(row));
                let known = simple.iter().position(|value| value == row);
                numbers.push(match (row.as_str(), known) {
                    ("", _) => 0,
                    (_, Some(place)) => place + 1,
                    (value, None) => {
                        simple.push(value);
                        simple.len()
                    }
                });
            }
            prop_assert_eq!(interner.rows(), rows.len());
            let column = interner.finish();
            let ours: Vec<usize> = column.numbers().iter().map(|n| *n as usize).collect();
            prop_assert_eq!(ours, numbers);
            prop_assert_eq!(column.values().collect::<Vec<_>>(), simple);
        }
    }

    #[test]
    fn values_are_kept_once_and_rows_read_back() {
        let rows = [Some("ANNE"), None, Some("BOB"), Some("ANNE"), Some("")];
        let mut interner = Interner::default();
        rows.iter().for_each(|row| interner.push(*row));
        let column = interner.finish();
        assert_eq!(column.numbers(), [1, 0, 2, 1, 0]);
        assert_eq!(column.values().collect::<Vec<_>>(), ["ANNE", "BOB"]);
        assert_eq!((column.distinct(), column.number(3)), (2, 1));
        assert_eq!(column.repeated(), [3]);
    }
}
