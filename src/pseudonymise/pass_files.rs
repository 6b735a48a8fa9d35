//! The files of passes: their columns, and the rows of a spill written in the order that tells
//! nothing.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, FixedSizeBinaryArray, UInt8Array};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::block_gate::BlockGate;
use super::gate::Counter;
use super::spill::{Sorted, Spill};
use super::stage::{batch, pseudonyms};
use crate::columnar::{ColumnarError, Layout, TableWriter, Written};
use crate::schema::canonical::{PSEUDONYM_BYTES, RECORD};

/// Bytes of a pseudonym.
pub(super) const P: usize = 16;
/// Bytes of a match key by which those who share it are counted. Two different keys meet in them
/// once in some hundred thousand files of ten million rows.
pub(super) const PREFIX: usize = 8;

fn pseudonym_field(name: &str) -> Field {
    Field::new(name, DataType::FixedSizeBinary(PSEUDONYM_BYTES), false)
}

/// The columns of a file of match keys, or of encodings of `width` bytes.
fn link_schema(width: usize) -> SchemaRef {
    let source = Field::new("source", DataType::UInt8, false);
    let fields = match i32::try_from(width) {
        Ok(width) if width > 0 => vec![
            source,
            pseudonym_field("block"),
            pseudonym_field("row"),
            Field::new("encoding", DataType::FixedSizeBinary(width), false),
        ],
        _ => vec![source, pseudonym_field("row"), pseudonym_field("key")],
    };
    Arc::new(Schema::new(fields))
}

/// The bytes `from` to `to` of rows, as a column.
fn column(rows: &[&[u8]], from: usize, to: usize) -> ArrayRef {
    let bytes = rows.iter().filter_map(|row| row.get(from..to)).flatten();
    let bytes: Vec<u8> = bytes.copied().collect();
    let width = i32::try_from(to - from).unwrap_or(i32::MAX);
    Arc::new(FixedSizeBinaryArray::new(
        width,
        Buffer::from_vec(bytes),
        None,
    ))
}

/// The number of the source of rows.
fn sources(rows: &[&[u8]]) -> ArrayRef {
    let sources = rows.iter().filter_map(|row| row.get(2 * P)).copied();
    Arc::new(UInt8Array::from_iter_values(sources))
}

/// Writes match keys in the order of their rows.
pub(super) fn write_keys(
    path: &Path,
    spill: &Spill,
    keys: &[(String, String)],
) -> Result<Written, ColumnarError> {
    let schema = link_schema(0);
    let mut writer = TableWriter::create(path, schema.clone(), Layout::Hashes, keys)?;
    spill.sorted(|bucket| {
        let rows: Vec<&[u8]> = bucket.rows().collect();
        if rows.is_empty() {
            return Ok(());
        }
        let columns = vec![sources(&rows), column(&rows, 0, P), column(&rows, P, 2 * P)];
        writer.write(&batch(schema.clone(), columns, path)?)
    })?;
    writer.finish()
}

/// Writes encodings in the order of their blocks, and counts who shares one.
pub(super) fn write_blocks(
    path: &Path,
    spill: &Spill,
    keys: &[(String, String)],
    gate: &BlockGate<'_>,
    counter: &mut Counter,
) -> Result<Written, ColumnarError> {
    let schema = link_schema(gate.width);
    let mut writer = TableWriter::create(path, schema.clone(), Layout::Hashes, keys)?;
    spill.sorted(|bucket| {
        let all: Vec<&[u8]> = bucket.rows().collect();
        let rows = gate.keep(&all, counter);
        if rows.is_empty() {
            return Ok(());
        }
        let after = 2 * P + 1;
        let columns = vec![
            sources(&rows),
            column(&rows, 0, P),
            column(&rows, P, 2 * P),
            column(&rows, after, after + gate.width),
        ];
        writer.write(&batch(schema.clone(), columns, path)?)
    })?;
    writer.finish()
}

/// Counts the groups of match keys of a bucket.
pub(super) fn count_keys(bucket: &Sorted, counter: &mut Counter) {
    let rows: Vec<&[u8]> = bucket.rows().collect();
    for group in rows.chunk_by(|a, b| a.get(..PREFIX) == b.get(..PREFIX)) {
        let source_of = |row: &[u8]| usize::from(row.get(PREFIX).copied().unwrap_or(0));
        let most = group.iter().map(|row| source_of(row)).max().unwrap_or(0);
        let mut counts = vec![0_u64; most + 1];
        for row in group {
            if let Some(count) = counts.get_mut(source_of(row)) {
                *count += 1;
            }
        }
        counter.group(&counts);
    }
}

pub(super) fn write_join(
    path: &Path,
    spill: &Spill,
    keys: &[(String, String)],
) -> Result<Written, ColumnarError> {
    let schema: SchemaRef = Arc::new(Schema::new(vec![
        pseudonym_field("row"),
        pseudonym_field(RECORD),
    ]));
    let mut writer = TableWriter::create(path, schema.clone(), Layout::Hashes, keys)?;
    spill.sorted(|bucket| {
        let mut rows: Vec<&[u8]> = bucket.rows().collect();
        rows.dedup();
        if rows.is_empty() {
            return Ok(());
        }
        let column = |from: usize| {
            let values = rows
                .iter()
                .filter_map(|r| r.get(from..)?.first_chunk::<P>());
            pseudonyms(values)
        };
        let columns = vec![column(0), column(P)];
        writer.write(&batch(schema.clone(), columns, path)?)
    })?;
    writer.finish()
}
