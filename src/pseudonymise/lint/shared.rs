//! Do two files share a pseudonym? All linkage files and the payload are merged in order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, FixedSizeBinaryArray};
use arrow::datatypes::{DataType, Field};

use super::fault::{Fault, Rule};
use super::{ROW, fault};
use crate::columnar::{ColumnarError, TableReader, bytes};
use crate::pseudonymise::is_reference;
use crate::pseudonymise::key::Pseudonym;
use crate::schema::canonical::RECORD;

fn pseudonym(column: &FixedSizeBinaryArray, row: usize) -> Option<Pseudonym> {
    (!column.is_null(row)).then(|| Pseudonym::try_from(column.value(row)).ok())?
}

/// The pseudonyms of people in the payload, in order, once each, with the first file that has it.
pub(super) fn payload_pseudonyms(
    files: &[PathBuf],
    faults: &mut Vec<Fault>,
) -> Result<Vec<Pseudonym>, ColumnarError> {
    let mut all = Vec::new();
    for path in files {
        let names: Vec<String> = {
            let schema = TableReader::open(path, None)?.schema();
            let names = schema.fields().iter().map(|f| f.name().clone());
            names.filter(|n| is_reference(n)).collect()
        };
        for name in &names {
            let mut last = None;
            let (mut unordered, mut without) = (false, false);
            for batch in TableReader::open(path, Some(&[name]))? {
                let batch = batch?;
                let column = bytes(&batch, name, path)?;
                for row in 0..column.len() {
                    let value = pseudonym(column, row);
                    without |= value.is_none();
                    unordered |= name == RECORD && value < last;
                    last = value.or(last);
                    all.extend(value);
                }
            }
            if without {
                faults.push(fault(path, Some(name), Rule::NoJoinPseudonym));
            }
            if unordered {
                faults.push(fault(path, Some(name), Rule::OutOfOrder));
            }
        }
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// The pseudonyms of one linkage file, in order.
struct Stream<'a> {
    path: &'a Path,
    /// The column whose order the file is in.
    order: String,
    rows_of: RowsOf,
    last: Option<Pseudonym>,
    rows: u64,
    unordered: bool,
    without: bool,
}

/// Where the pseudonyms come from.
enum RowsOf {
    /// A file in the order of its rows' pseudonyms, read as it is merged.
    File(Box<TableReader>, Option<FixedSizeBinaryArray>, usize),
    /// A file in the order of another hash (a block): its pseudonyms, sorted here.
    Sorted(std::vec::IntoIter<Pseudonym>),
}

impl<'a> Stream<'a> {
    fn open(path: &'a Path) -> Result<Self, ColumnarError> {
        let schema = TableReader::open(path, None)?.schema();
        let hash = |f: &&Arc<Field>| matches!(f.data_type(), DataType::FixedSizeBinary(_));
        let order = schema.fields().iter().find(hash);
        let order = order.map_or_else(|| ROW.to_owned(), |f| f.name().clone());
        let mut stream = Stream {
            path,
            order,
            rows_of: RowsOf::Sorted(Vec::new().into_iter()),
            last: None,
            rows: 0,
            unordered: false,
            without: false,
        };
        if stream.order == ROW {
            let reader = TableReader::open_with(path, Some(&[ROW]), 1 << 12)?;
            stream.rows_of = RowsOf::File(Box::new(reader), None, 0);
        } else {
            stream.sort_by_row()?;
        }
        Ok(stream)
    }

    /// Reads a file that is in the order of another hash.
    fn sort_by_row(&mut self) -> Result<(), ColumnarError> {
        let order = self.order.as_str();
        let mut last: Option<Vec<u8>> = None;
        let mut all = Vec::new();
        for batch in TableReader::open_with(self.path, Some(&[order, ROW]), 1 << 12)? {
            let batch = batch?;
            let hashes = bytes(&batch, order, self.path)?;
            let rows = bytes(&batch, ROW, self.path)?;
            for at in 0..batch.num_rows() {
                let hash = hashes.value(at);
                self.unordered |= last.as_deref().is_some_and(|last| hash < last);
                last = Some(hash.to_vec());
                let row = pseudonym(rows, at);
                self.without |= row.is_none();
                all.extend(row);
            }
            self.rows += batch.num_rows() as u64;
        }
        all.sort_unstable();
        self.rows_of = RowsOf::Sorted(all.into_iter());
        Ok(())
    }

    /// The next pseudonym that differs from the one before.
    fn next(&mut self) -> Result<Option<Pseudonym>, ColumnarError> {
        loop {
            let value = match &mut self.rows_of {
                RowsOf::Sorted(all) => all.next(),
                RowsOf::File(reader, batch, at) => {
                    let Some(column) = batch.as_ref().filter(|b| *at < b.len()) else {
                        let Some(next) = reader.next() else {
                            return Ok(None);
                        };
                        *batch = Some(bytes(&next?, ROW, self.path)?.clone());
                        *at = 0;
                        continue;
                    };
                    let value = pseudonym(column, *at);
                    *at += 1;
                    self.rows += 1;
                    if value.is_none() {
                        self.without = true;
                        continue;
                    }
                    value
                }
            };
            let Some(value) = value else {
                return Ok(None);
            };
            if self.last == Some(value) {
                continue;
            }
            self.unordered |= self.last.is_some_and(|last| value < last);
            self.last = Some(value);
            return Ok(Some(value));
        }
    }
}

/// All linkage files and the payload's people, merged: a value that comes twice is shared.
pub(super) fn merge(
    linkage: &[PathBuf],
    payload: &[PathBuf],
    people: &[Pseudonym],
    faults: &mut Vec<Fault>,
) -> Result<u64, ColumnarError> {
    let mut streams: Vec<Stream<'_>> = Vec::new();
    for path in linkage {
        streams.push(Stream::open(path)?);
    }
    let mut heap = BinaryHeap::new();
    for (i, stream) in streams.iter_mut().enumerate() {
        heap.extend(stream.next()?.map(|value| Reverse((value, i))));
    }
    let mut shared: BTreeMap<(usize, Option<usize>), u64> = BTreeMap::new();
    let mut before: Option<(Pseudonym, usize)> = None;
    let mut person = people.iter().peekable();
    while let Some(Reverse((value, i))) = heap.pop() {
        if let Some((_, j)) = before.filter(|(v, j)| *v == value && *j != i) {
            *shared.entry((i, Some(j))).or_default() += 1;
        }
        while person.next_if(|p| **p < value).is_some() {}
        if person.peek().is_some_and(|p| **p == value) {
            *shared.entry((i, None)).or_default() += 1;
        }
        before = Some((value, i));
        if let Some(stream) = streams.get_mut(i) {
            heap.extend(stream.next()?.map(|value| Reverse((value, i))));
        }
    }
    let the_payload = payload
        .first()
        .and_then(|p| p.parent())
        .and_then(Path::parent);
    for ((i, j), count) in shared {
        let other = j.and_then(|j| linkage.get(j)).map(PathBuf::as_path);
        if let (Some(path), Some(with)) = (linkage.get(i), other.or(the_payload)) {
            let with = with.to_path_buf();
            faults.push(fault(path, Some(ROW), Rule::Shared { with, count }));
        }
    }
    for stream in &streams {
        if stream.without {
            faults.push(fault(stream.path, Some(ROW), Rule::NoJoinPseudonym));
        }
        if stream.unordered {
            let order = Some(stream.order.as_str());
            faults.push(fault(stream.path, order, Rule::OutOfOrder));
        }
    }
    Ok(streams.iter().map(|s| s.rows).sum())
}
