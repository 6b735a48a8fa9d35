//! What a linkage under one roof works on: of each system the people of a kind, a row a name, with
//! the digests of what is compared. The file is sealed with the project's key and lies with the
//! tables that join row pseudonyms to records: it is the owner's, and the linkage asks him for block
//! tokens and for tags (see `words`).
//!
//! | field | bytes |
//! | --- | --- |
//! | form | 8, `kinlink1` |
//! | rows, records, columns | 8 each |
//! | record pseudonyms | 16 each, in order |
//! | of each row its record, its alias | 4 and 4 |
//! | of each column: values, named values | 8 each |
//! | … of each row the value's number, 0 for none | 4 |
//! | … of each value the digests of its lanes | 64 |
//! | … of each named value the digests of its two lanes of names | 16 |
//!
//! All numbers have their least significant byte first. Rows stand in the order of their record
//! pseudonyms, so that nothing depends on the order of the extract.

use std::path::Path;

use hashbrown::HashMap;
use zeroize::Zeroizing;

use super::identity::PersonColumns;
use super::key::{ProjectKeys, Pseudonym};
use super::sealed;
use super::stage::{RECORD_PSEUDONYM, record_pseudonym};
use super::words::{Column, Comparison, Digests, Interner, Source, column_digests};
use crate::columnar::{ColumnarError, TableReader, Written};
use crate::comparison::{Kind, LANES};
use crate::schema::canonical::kind;

const FORM: &[u8; 8] = b"kinlink1";

/// The fields by which people of a kind are linked, in the order of the columns.
pub fn linkage_fields(of: &str) -> Vec<(&'static str, Kind)> {
    let mut out = vec![
        ("forename", Kind::Forename),
        ("surname", Kind::Surname),
        ("date_of_birth", Kind::Date),
        ("postcode", Kind::Postcode),
        ("sex", Kind::Sex),
        ("middle_names", Kind::Forename),
        ("former_surname", Kind::Surname),
    ];
    let numbers: &[&str] = match of {
        kind::ADULT => &["noms", "pnc", "cro", "crn"],
        _ => &["upn", "local_id"],
    };
    out.extend(numbers.iter().map(|name| (*name, Kind::Identifier)));
    out
}

/// The rows of one system.
#[derive(Default)]
pub struct LinkageSource {
    /// The numbers of their values, a column a field (see [`linkage_fields`]).
    pub source: Source,
    /// The digests of those.
    pub digests: Vec<Digests>,
    /// Of each row the number of its record.
    pub records: Vec<u32>,
    /// Of each row whether it is the record's first name.
    pub is_first: Vec<bool>,
    /// The pseudonym of each record.
    pub pseudonyms: Vec<Pseudonym>,
}

impl LinkageSource {
    /// The rows of first names.
    pub fn first_names(&self) -> Vec<usize> {
        let rows = self.is_first.iter().enumerate();
        rows.filter(|(_, first)| **first)
            .map(|(row, _)| row)
            .collect()
    }
}

/// Writes the file of a system's people of a kind; none if there are none.
pub(super) fn write(
    clear: &Path,
    system: &str,
    of: &str,
    keys: &ProjectKeys,
    file: &Path,
) -> Result<Option<Written>, ColumnarError> {
    let made = make(clear, system, of, keys)?;
    if made.source.rows == 0 {
        return Ok(None);
    }
    let rows = made.source.rows as u64;
    let contents = Zeroizing::new(bytes_of(&made));
    sealed::write(file, keys, &["linkage", of, system], contents, rows).map(Some)
}

/// Reads the file of a system's people of a kind.
///
/// # Errors
/// A file that cannot be read, that another key sealed, or that was changed.
pub fn read_linkage_source(
    file: &Path,
    system: &str,
    of: &str,
    keys: &ProjectKeys,
) -> Result<LinkageSource, ColumnarError> {
    let contents = sealed::read(file, keys, &["linkage", of, system])?;
    source_of(&contents).ok_or_else(|| ColumnarError::Malformed {
        path: file.to_path_buf(),
    })
}

fn make(
    clear: &Path,
    system: &str,
    of: &str,
    keys: &ProjectKeys,
) -> Result<LinkageSource, ColumnarError> {
    let fields = linkage_fields(of);
    let record_key = keys.derive(&[RECORD_PSEUDONYM]);
    let mut interners: Vec<Interner> = fields.iter().map(|_| Interner::default()).collect();
    let mut rows: Vec<(Pseudonym, u32)> = Vec::new();
    for batch in TableReader::open(clear, Some(PersonColumns::NAMES))? {
        let batch = batch?;
        let columns = PersonColumns::of(&batch, clear)?;
        for row in (0..batch.num_rows()).filter(|row| columns.kind(*row) == of) {
            rows.push((
                record_pseudonym(&record_key, system, columns.record(row)),
                columns.alias(row),
            ));
            let who = columns.identity(row);
            for ((name, _), interner) in fields.iter().zip(&mut interners) {
                match *name {
                    "date_of_birth" => {
                        let born = who.date();
                        let text = born.map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}"));
                        interner.push(text.as_deref());
                    }
                    name => {
                        interner.push(who.text(name));
                    }
                }
            }
        }
    }
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|place| rows.get(*place).copied());
    let columns: Vec<Column> = interners.into_iter().map(Interner::finish).collect();
    let clear = Source {
        rows: rows.len(),
        columns,
    };
    let comparisons = Comparison::of_columns(&fields);
    let mut out = LinkageSource {
        digests: column_digests(&clear, &comparisons, keys),
        source: clear.rows_at(&order),
        ..LinkageSource::default()
    };
    drop(clear);
    let mut numbers: HashMap<Pseudonym, u32> = HashMap::new();
    for place in order {
        let Some((record, alias)) = rows.get(place) else {
            continue;
        };
        let next = u32::try_from(out.pseudonyms.len()).unwrap_or(u32::MAX);
        let number = *numbers.entry(*record).or_insert(next);
        if number == next {
            out.pseudonyms.push(*record);
        }
        out.is_first.push(*alias == 0);
        out.records.push(number);
    }
    Ok(out)
}

fn bytes_of(made: &LinkageSource) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + made.source.rows * (8 + 4 * made.digests.len()));
    let length = |out: &mut Vec<u8>, n: usize| out.extend_from_slice(&(n as u64).to_le_bytes());
    out.extend_from_slice(FORM);
    length(&mut out, made.source.rows);
    length(&mut out, made.pseudonyms.len());
    length(&mut out, made.digests.len());
    for pseudonym in &made.pseudonyms {
        out.extend_from_slice(pseudonym);
    }
    for (record, first) in made.records.iter().zip(&made.is_first) {
        out.extend_from_slice(&record.to_le_bytes());
        out.extend_from_slice(&u32::from(!first).to_le_bytes());
    }
    for (column, digests) in made.source.columns.iter().zip(&made.digests) {
        length(&mut out, digests.lanes.len());
        length(&mut out, digests.names.len());
        for number in column.numbers() {
            out.extend_from_slice(&number.to_le_bytes());
        }
        let names = digests.names.iter().flatten();
        for digest in digests.lanes.iter().flatten().chain(names) {
            out.extend_from_slice(&digest.to_le_bytes());
        }
    }
    out
}

/// Bytes that are read from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(front)
    }

    fn length(&mut self) -> Option<usize> {
        let bytes = self.take(8)?.first_chunk::<8>()?;
        usize::try_from(u64::from_le_bytes(*bytes)).ok()
    }

    fn numbers(&mut self, count: usize) -> Option<Vec<u32>> {
        let (chunks, _) = self.take(count.checked_mul(4)?)?.as_chunks::<4>();
        Some(chunks.iter().map(|b| u32::from_le_bytes(*b)).collect())
    }

    fn digests<const N: usize>(&mut self, count: usize) -> Option<Vec<[u64; N]>> {
        let all = self.take(count.checked_mul(8 * N)?)?;
        let (words, _) = all.as_chunks::<8>();
        let of = |words: &[[u8; 8]]| {
            std::array::from_fn(|lane| words.get(lane).map_or(0, |w| u64::from_le_bytes(*w)))
        };
        Some(words.chunks_exact(N).map(of).collect())
    }
}

fn source_of(contents: &[u8]) -> Option<LinkageSource> {
    let mut reader = Reader(contents);
    if reader.take(FORM.len())? != FORM {
        return None;
    }
    let (rows, records, columns) = (reader.length()?, reader.length()?, reader.length()?);
    let mut out = LinkageSource::default();
    let (pseudonyms, _) = reader.take(records.checked_mul(16)?)?.as_chunks::<16>();
    out.pseudonyms = pseudonyms.to_vec();
    for pair in reader.numbers(rows.checked_mul(2)?)?.chunks_exact(2) {
        let (record, alias) = (pair.first()?, pair.get(1)?);
        out.records.push(*record);
        out.is_first.push(*alias == 0);
    }
    out.source.rows = rows;
    for _ in 0..columns {
        let (values, named) = (reader.length()?, reader.length()?);
        out.source
            .columns
            .push(Column::of_numbers(reader.numbers(rows)?));
        out.digests.push(Digests {
            lanes: reader.digests::<LANES>(values)?,
            names: reader.digests::<2>(named)?,
            ..Digests::default()
        });
    }
    reader.0.is_empty().then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_back_and_broken_ones_do_not() {
        let mut column = Interner::default();
        for name in [Some("ANNE"), None, Some("BOB")] {
            column.push(name);
        }
        let keys = super::super::MasterKey::of_rehearsal_seed(1).for_project("source", "1");
        let clear = Source {
            rows: 3,
            columns: vec![column.finish()],
        };
        let comparisons = Comparison::of_columns(&[("forename", Kind::Forename)]);
        let made = LinkageSource {
            digests: column_digests(&clear, &comparisons, &keys),
            source: clear.rows_at(&[2, 1, 0]),
            records: vec![0, 0, 1],
            is_first: vec![true, false, true],
            pseudonyms: vec![[1; 16], [2; 16]],
        };
        let bytes = bytes_of(&made);
        let back = source_of(&bytes).unwrap();
        assert_eq!(back.source.columns[0].numbers(), [2, 0, 1]);
        assert!(back.digests == made.digests);
        assert_eq!(
            (back.records, back.is_first),
            (vec![0, 0, 1], vec![true, false, true])
        );
        assert_eq!(back.pseudonyms, made.pseudonyms);
        for length in 0..bytes.len() {
            assert!(source_of(&bytes[..length]).is_none(), "{length}");
        }
        assert_eq!(made.first_names(), [0, 2]);
    }

    #[test]
    fn each_kind_has_its_numbers() {
        let has = |of: &str, name: &str| linkage_fields(of).iter().any(|(f, _)| *f == name);
        assert!(has(kind::ADULT, "noms") && !has(kind::ADULT, "upn"));
        assert!(has(kind::CHILD, "upn") && !has(kind::CHILD, "noms"));
    }
}
