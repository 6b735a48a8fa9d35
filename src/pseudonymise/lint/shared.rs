//! Do two files share a pseudonym? All pseudonyms of all files are spilled and sorted, a bucket at
//! a time, so that memory does not grow with the files. The order of the rows is checked as they
//! are read.

use std::collections::BTreeMap;
use std::path::Path;

use super::fault::{Fault, Rule};
use super::{ROW, SplitFiles, fault};
use crate::columnar::{ColumnarError, TableReader, bytes};
use crate::pseudonymise::is_reference;
use crate::pseudonymise::spill::Spill;
use crate::schema::canonical::RECORD;
use arrow::array::Array;

/// Bytes of a pseudonym.
const P: usize = 16;
/// The block token: files of block-keyed encodings are in its order.
const BLOCK: &str = "block";
/// The number of all payload files together; linkage files are counted from 1.
const PAYLOAD: u16 = 0;

/// What was counted while comparing.
pub(super) struct Compared {
    /// Rows of the linkage files.
    pub(super) rows: u64,
    /// Different pseudonyms of people in the payload.
    pub(super) people: u64,
}

/// Compares the pseudonyms of all files; `scratch` is a folder for a file without a name.
pub(super) fn compare(
    files: &SplitFiles,
    scratch: &Path,
    faults: &mut Vec<Fault>,
) -> Result<Compared, ColumnarError> {
    let mut spill = Spill::new(scratch, P + 2)?;
    for path in &files.payload {
        let schema = TableReader::open(path, None)?.schema();
        for field in schema.fields().iter().filter(|f| is_reference(f.name())) {
            let name = field.name().as_str();
            let order = (name == RECORD).then_some(RECORD);
            take(path, name, order, PAYLOAD, &mut spill, faults)?;
        }
    }
    let mut rows = 0;
    for (number, path) in (1_u16..).zip(&files.linkage) {
        let schema = TableReader::open(path, None)?.schema();
        let blocked = schema.field_with_name(BLOCK).is_ok();
        let order = if blocked { BLOCK } else { ROW };
        rows += take(path, ROW, Some(order), number, &mut spill, faults)?;
    }
    let mut people = 0;
    let mut shared: BTreeMap<(u16, u16), u64> = BTreeMap::new();
    spill.sorted(|bucket| {
        let all: Vec<&[u8]> = bucket.rows().collect();
        for group in all.chunk_by(|a, b| a.get(..P) == b.get(..P)) {
            let mut numbers: Vec<u16> = group.iter().filter_map(|row| number_of(row)).collect();
            numbers.dedup();
            let (Some(first), others) = (numbers.first(), numbers.get(1..)) else {
                continue;
            };
            people += u64::from(*first == PAYLOAD);
            for other in others.unwrap_or_default() {
                *shared.entry((*other, *first)).or_default() += 1;
            }
        }
        Ok(())
    })?;
    faults.extend(shared.into_iter().filter_map(|((number, with), count)| {
        let with = file(files, with)?.to_path_buf();
        let rule = Rule::Shared { with, count };
        Some(fault(file(files, number)?, Some(ROW), rule))
    }));
    Ok(Compared { rows, people })
}

fn number_of(row: &[u8]) -> Option<u16> {
    row.get(P..)?.first_chunk().map(|n| u16::from_be_bytes(*n))
}

/// The file of a number; the payload is told by its folder.
fn file(files: &SplitFiles, number: u16) -> Option<&Path> {
    match number.checked_sub(1) {
        Some(place) => files.linkage.get(usize::from(place)).map(|p| p.as_path()),
        None => files.payload.first()?.parent()?.parent(),
    }
}

/// Spills the pseudonyms of a column, and looks whether the rows are in order. Gives the rows.
fn take(
    path: &Path,
    column: &str,
    order: Option<&str>,
    number: u16,
    spill: &mut Spill,
    faults: &mut Vec<Fault>,
) -> Result<u64, ColumnarError> {
    let mut columns = vec![column];
    columns.extend(order.filter(|o| *o != column));
    let (mut unordered, mut without) = (false, false);
    let mut last: Vec<u8> = Vec::new();
    let mut rows = 0;
    let mut block = Vec::new();
    for batch in TableReader::open(path, Some(&columns))? {
        let batch = batch?;
        let values = bytes(&batch, column, path)?;
        without |= values.null_count() > 0;
        block.clear();
        for value in values.iter().flatten() {
            block.extend_from_slice(value);
            block.extend_from_slice(&number.to_be_bytes());
        }
        spill.take(&block)?;
        if let Some(order) = order {
            for value in bytes(&batch, order, path)?.iter().flatten() {
                unordered |= value < last.as_slice();
                last.clear();
                last.extend_from_slice(value);
            }
        }
        rows += batch.num_rows() as u64;
    }
    if without {
        faults.push(fault(path, Some(column), Rule::NoJoinPseudonym));
    }
    if unordered {
        faults.push(fault(path, order, Rule::OutOfOrder));
    }
    Ok(rows)
}
