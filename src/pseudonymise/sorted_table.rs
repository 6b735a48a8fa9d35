//! A table of people on its way to a file in the order of its pseudonyms, a bucket at a time, so
//! that memory does not grow with the file.
//!
//! What is spilt has its pseudonyms already, and none of the identifiers. The bytes of the file are
//! those that a sort of the whole table in memory would give.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::row::{RowConverter, SortField};

use super::key::Pseudonym;
use super::spill::{Buckets, Rows};
use super::stage::batch;
use crate::columnar::{ColumnarError, TableWriter, bytes};
use crate::schema::canonical::RECORD;

/// Rows that are written at a time: where a page of the file ends then does not depend on the
/// buckets.
const AT_A_TIME: usize = 1 << 16;

/// Rows with a column of record pseudonyms, in buckets.
pub(super) struct SortedTable {
    /// Of which table, for what an error says.
    path: PathBuf,
    schema: SchemaRef,
    rows: RowConverter,
    buckets: Buckets,
}

/// Bytes of a pseudonym, which stands in front of a row.
const PSEUDONYM: usize = size_of::<Pseudonym>();

/// A row in a bucket: its pseudonym, how long it is, its bytes.
type Framed<'a> = (Pseudonym, &'a [u8]);

impl SortedTable {
    /// A table of a schema; `folder` is for a file without a name, `path` is the clear table.
    pub(super) fn new(
        folder: &Path,
        schema: SchemaRef,
        path: &Path,
    ) -> Result<Self, ColumnarError> {
        let field = |f: &Arc<arrow::datatypes::Field>| SortField::new(f.data_type().clone());
        let rows = RowConverter::new(schema.fields().iter().map(field).collect());
        Ok(SortedTable {
            rows: rows.map_err(|_| malformed(path))?,
            buckets: Buckets::new(folder, Rows::Stated(PSEUDONYM))?,
            path: path.to_path_buf(),
            schema,
        })
    }

    /// Takes up rows.
    pub(super) fn take(&mut self, batch: &RecordBatch) -> Result<(), ColumnarError> {
        let ids = bytes(batch, RECORD, &self.path)?;
        let rows = self.rows.convert_columns(batch.columns());
        let rows = rows.map_err(|_| malformed(&self.path))?;
        for (id, row) in ids.iter().zip(rows.iter()) {
            let row = row.as_ref();
            let length = u32::try_from(row.len()).map_err(|_| malformed(&self.path))?;
            if let Some(id) = id {
                self.buckets.push(&[id, &length.to_le_bytes(), row])?;
            }
        }
        Ok(())
    }

    /// Writes all rows in the order of their pseudonyms; those of one person stay in the order in
    /// which they came.
    pub(super) fn write(&self, writer: &mut TableWriter) -> Result<(), ColumnarError> {
        let mut waiting = RecordBatch::new_empty(self.schema.clone());
        self.buckets.each(&mut |bucket| {
            let sorted = self.sorted(&bucket)?;
            let both = concat_batches(&self.schema, [&waiting, &sorted]);
            waiting = both.map_err(|_| malformed(&self.path))?;
            let whole = waiting.num_rows() / AT_A_TIME * AT_A_TIME;
            if whole > 0 {
                writer.write(&waiting.slice(0, whole))?;
                waiting = waiting.slice(whole, waiting.num_rows() - whole);
            }
            Ok(())
        })?;
        if waiting.num_rows() > 0 {
            writer.write(&waiting)?;
        }
        Ok(())
    }

    fn sorted(&self, bucket: &[u8]) -> Result<RecordBatch, ColumnarError> {
        let mut rows: Vec<Framed<'_>> = Vec::new();
        let mut rest = bucket;
        while !rest.is_empty() {
            let (row, after) = framed(rest).ok_or_else(|| malformed(&self.path))?;
            rows.push(row);
            rest = after;
        }
        rows.sort_by_key(|(id, _)| *id);
        let parser = self.rows.parser();
        let rows = rows.iter().map(|(_, row)| parser.parse(row));
        let columns = self.rows.convert_rows(rows);
        let columns = columns.map_err(|_| malformed(&self.path))?;
        batch(self.schema.clone(), columns, &self.path)
    }
}

/// The first row of a bucket, and the rest.
fn framed(bucket: &[u8]) -> Option<(Framed<'_>, &[u8])> {
    let (id, rest) = bucket.split_first_chunk::<16>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (row, rest) = rest.split_at_checked(length)?;
    Some(((*id, row), rest))
}

fn malformed(path: &Path) -> ColumnarError {
    ColumnarError::Malformed {
        path: path.to_path_buf(),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int32Array, StringArray, UInt32Array};
    use arrow::compute::take;
    use arrow::datatypes::{DataType, Field, Schema};

    use super::super::stage::pseudonyms;
    use super::*;
    use crate::columnar::Layout;

    /// Pseudonyms in no order, some twice, with texts and numbers that may be missing.
    fn table(rows: u32) -> RecordBatch {
        let ids: Vec<Pseudonym> = (0..rows)
            .map(|n| {
                let mut id = [0; 16];
                let spread = (n / 3 * 3).wrapping_mul(2_654_435_761);
                id[..4].copy_from_slice(&spread.to_be_bytes());
                id
            })
            .collect();
        let texts: ArrayRef = Arc::new(StringArray::from_iter(
            (0..rows).map(|n| (n % 5 > 0).then(|| format!("t{}", n % 97))),
        ));
        let numbers: ArrayRef = Arc::new(Int32Array::from_iter(
            (0..rows).map(|n| (n % 7 > 0).then(|| i32::try_from(n).expect("small"))),
        ));
        let schema = Arc::new(Schema::new(vec![
            Field::new(RECORD, DataType::FixedSizeBinary(16), false),
            Field::new("text", DataType::Utf8, true),
            Field::new("number", DataType::Int32, true),
        ]));
        let columns = vec![pseudonyms(ids.iter()), texts, numbers];
        RecordBatch::try_new(schema, columns).expect("a batch")
    }

    #[test]
    fn the_bytes_are_those_of_a_sort_of_the_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        for rows in [0_u32, 1, 700, 300_000] {
            let whole = table(rows);
            let (ours, theirs) = (folder.path().join("a"), folder.path().join("b"));
            let create = |path| TableWriter::create(path, whole.schema(), Layout::People, &[]);
            let mut sorted =
                SortedTable::new(folder.path(), whole.schema(), &ours).expect("buckets");
            let mut from = 0;
            while from < whole.num_rows() {
                let length = 7_001.min(whole.num_rows() - from);
                sorted.take(&whole.slice(from, length)).expect("room");
                from += length;
            }
            let mut writer = create(&ours).expect("a file");
            sorted.write(&mut writer).expect("written");
            let ours_written = writer.finish().expect("a file");

            let ids = bytes(&whole, RECORD, &ours).expect("ids");
            let mut order: Vec<(&[u8], u32)> = ids.iter().flatten().zip(0..rows).collect();
            order.sort_unstable();
            let order = UInt32Array::from_iter_values(order.iter().map(|(_, n)| *n));
            let columns = whole.columns().iter();
            let columns = columns
                .map(|c| take(c, &order, None).expect("rows"))
                .collect();
            let in_order = RecordBatch::try_new(whole.schema(), columns).expect("a batch");
            let mut writer = create(&theirs).expect("a file");
            if rows > 0 {
                writer.write(&in_order).expect("written");
            }
            let theirs_written = writer.finish().expect("a file");
            assert_eq!(ours_written.rows, u64::from(rows));
            assert_eq!(ours_written.digest, theirs_written.digest, "{rows}");
            std::fs::remove_file(&ours).expect("removed");
            std::fs::remove_file(&theirs).expect("removed");
        }
    }
}
