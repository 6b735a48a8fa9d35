//! Digests of rows: whether a row is to a linkage what it was to an earlier one.
//!
//! A row's digest is AES-128 in CBC-MAC over the digests of all its values, under a key of the
//! project and of what the linkage compares. It tells whether two rows are the same in everything
//! that is compared or blocked on, and nothing to anybody without the key.

use rayon::prelude::*;

use super::column::Source;
use super::digest::Digests;
use super::tokens::mix;
use crate::pseudonymise::ProjectKeys;
use crate::pseudonymise::cipher::{Block, PassKey};

/// The digest of a row.
pub type RowDigest = [u8; 16];

/// Numbers beside the columns that count as part of a row.
pub type Beside<'a> = &'a (dyn Fn(usize) -> Vec<u64> + Sync);

/// Rows that are digested at a time.
const CHUNK: usize = 1024;

/// The digests of the rows of a source. `terms` are what else must be the same; `beside` gives
/// further numbers of a row, always as many.
pub fn row_digests(
    source: &Source,
    digests: &[Digests],
    keys: &ProjectKeys,
    terms: &str,
    beside: Option<Beside<'_>>,
) -> Vec<RowDigest> {
    let key = PassKey::derive(keys, &["link", "rows", terms]);
    let values: Vec<Vec<u64>> = digests.iter().map(|d| of_values(d, &key)).collect();
    let chunks: Vec<usize> = (0..source.rows).step_by(CHUNK).collect();
    let of_chunk = |from: usize| {
        let rows = from..source.rows.min(from + CHUNK);
        let mut states = vec![Block::default(); rows.len()];
        for (column, values) in source.columns.iter().zip(&values) {
            for (state, row) in states.iter_mut().zip(rows.clone()) {
                let place = column.number(row).checked_sub(1);
                let place = place.and_then(|place| usize::try_from(place).ok());
                let value = place.and_then(|place| values.get(place)).copied();
                mix(state, value.unwrap_or(0));
            }
            key.permute(&mut states);
        }
        if let Some(beside) = beside {
            let numbers: Vec<Vec<u64>> = rows.map(beside).collect();
            for place in 0..numbers.first().map_or(0, Vec::len) {
                for (state, numbers) in states.iter_mut().zip(&numbers) {
                    mix(state, numbers.get(place).copied().unwrap_or(0));
                }
                key.permute(&mut states);
            }
        }
        states.into_iter().map(RowDigest::from)
    };
    let parts = chunks.into_par_iter().flat_map_iter(of_chunk);
    parts.collect()
}

/// One number a value, from all of its lanes; never 0, which is a missing value.
fn of_values(digests: &Digests, key: &PassKey) -> Vec<u64> {
    let count = digests.lanes.len().max(digests.names.len());
    let mut states = vec![Block::default(); count];
    let mut chain = |of: &dyn Fn(usize) -> u64| {
        for (place, state) in states.iter_mut().enumerate() {
            mix(state, of(place));
        }
        key.permute(&mut states);
    };
    for lane in 0..crate::comparison::LANES {
        chain(&|place| digests.lanes.get(place).map_or(0, |l| l[lane]));
    }
    for lane in 0..2 {
        chain(&|place| digests.names.get(place).map_or(0, |l| l[lane]));
    }
    let first = |state: &Block| {
        let bytes = state.first_chunk::<8>();
        bytes.map_or(1, |b| u64::from_le_bytes(*b).max(1))
    };
    states.iter().map(first).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Comparison, Interner, column_digests};
    use super::*;
    use crate::comparison::Kind;
    use crate::pseudonymise::MasterKey;

    fn digests(names: &[&str], terms: &str, beside: Option<Beside<'_>>) -> Vec<RowDigest> {
        let keys = MasterKey::of_rehearsal_seed(3).for_project("rows", "1");
        let mut columns = [Interner::default(), Interner::default()];
        for name in names {
            columns[0].push(Some(name));
            columns[1].push(Some("1980-02-03"));
        }
        let source = Source {
            rows: names.len(),
            columns: columns.map(Interner::finish).into(),
        };
        let comparisons =
            Comparison::of_columns(&[("surname", Kind::Surname), ("born", Kind::Date)]);
        let digests = column_digests(&source, &comparisons, &keys);
        row_digests(&source, &digests, &keys, terms, beside)
    }

    #[test]
    fn rows_that_differ_in_anything_have_two_digests() {
        let one = digests(&["HALL", "HALL", "HULL", ""], "a", None);
        assert_eq!(one[0], one[1]);
        assert!(one[0] != one[2] && one[2] != one[3] && one[0] != one[3]);
        // Whatever else stands in the file.
        assert_eq!(digests(&["POPE", "HULL"], "a", None)[1], one[2]);
        assert_ne!(digests(&["HALL"], "b", None)[0], one[0]);
        let beside = |row: usize| vec![row as u64];
        let three = digests(&["HALL", "HALL"], "a", Some(&beside));
        assert_ne!(three[0], three[1]);
    }
}
