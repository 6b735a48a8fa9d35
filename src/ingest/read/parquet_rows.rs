//! Parquet files, batch by batch, as text cells.
//!
//! The reader of a damaged file may panic; such a panic is caught and told like any other damage.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arrow::array::{Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;

use super::{Binding, RawBatch, RowReader};
use crate::columnar::{ColumnarError, TableReader};
use crate::ingest::error::Problem;
use crate::ingest::mapping::Mapping;

/// A Parquet file.
pub struct ParquetRows {
    path: PathBuf,
    reader: TableReader,
    binding: Binding,
    next_row: u64,
}

impl ParquetRows {
    /// Opens the file and compares its columns with the schema.
    pub fn open(path: &Path, mapping: &Mapping) -> Result<Self, Vec<Problem>> {
        let opened = catch_unwind(|| TableReader::open_with(path, None, 4096));
        let reader = match opened {
            Ok(Ok(reader)) => reader,
            Ok(Err(ColumnarError::Io { source, .. })) => {
                return Err(vec![Problem::Unreadable {
                    file: path.to_path_buf(),
                    kind: source.kind(),
                }]);
            }
            _ => return Err(vec![damaged(path)]),
        };
        let schema = reader.schema();
        let header: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        let binding = mapping.bind(path, 1, &header)?;
        Ok(ParquetRows {
            path: path.to_path_buf(),
            reader,
            binding,
            next_row: 1,
        })
    }

    fn read(&mut self) -> Result<Option<RawBatch>, Problem> {
        // After a panic the reader is dropped with the whole file, so no broken state is used.
        let next = catch_unwind(AssertUnwindSafe(|| self.reader.next()));
        let batch = match next {
            Ok(None) => return Ok(None),
            Ok(Some(Ok(batch))) => batch,
            _ => return Err(damaged(&self.path)),
        };
        let columns: Vec<StringArray> = batch
            .columns()
            .iter()
            .map(|array| {
                cast(array, &DataType::Utf8)
                    .ok()
                    .and_then(|a| a.as_any().downcast_ref::<StringArray>().cloned())
                    .ok_or_else(|| damaged(&self.path))
            })
            .collect::<Result<_, _>>()?;
        let mut raw = RawBatch::new(None, self.next_row);
        for row in 0..batch.num_rows() {
            for column in &columns {
                raw.push_cell(if column.is_null(row) {
                    ""
                } else {
                    column.value(row)
                });
            }
            raw.end_row(0);
            self.next_row += 1;
        }
        Ok(Some(raw))
    }
}

fn damaged(path: &Path) -> Problem {
    Problem::Parquet {
        file: path.to_path_buf(),
    }
}

impl RowReader for ParquetRows {
    fn next_batch(&mut self) -> Result<Option<RawBatch>, Vec<Problem>> {
        loop {
            match self.read().map_err(|p| vec![p])? {
                Some(batch) if batch.is_empty() => {}
                other => return Ok(other),
            }
        }
    }

    fn binding(&self) -> &Binding {
        &self.binding
    }
}
