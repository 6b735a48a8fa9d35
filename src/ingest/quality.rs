//! How good the fields of the sources are: counts, without a value and without a file.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema};

use super::ledger::Ledger;
use super::rows::Quality;
use crate::columnar::{ColumnarError, Layout, TableWriter, Written};

/// Writes `source, field, rows, missing, default, invalid`.
pub fn write(ledger: &Ledger, path: &Path) -> Result<Written, ColumnarError> {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let number = |name: &str| Field::new(name, DataType::UInt64, false);
    let schema = Arc::new(Schema::new(vec![
        text("source"),
        text("field"),
        number("rows"),
        number("missing"),
        number("default"),
        number("invalid"),
    ]));
    let mut all: Vec<(&str, &str, Quality)> = ledger.qualities().collect();
    all.sort_by_key(|(source, field, _)| (*source, *field));
    let count = |of: fn(&Quality) -> u64| -> ArrayRef {
        Arc::new(
            all.iter()
                .map(|(_, _, q)| Some(of(q)))
                .collect::<UInt64Array>(),
        )
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(
            all.iter()
                .map(|(s, _, _)| Some(*s))
                .collect::<StringArray>(),
        ),
        Arc::new(
            all.iter()
                .map(|(_, f, _)| Some(*f))
                .collect::<StringArray>(),
        ),
        count(|q| q.rows),
        count(|q| q.missing),
        count(|q| q.default),
        count(|q| q.invalid),
    ];
    let batch =
        RecordBatch::try_new(schema.clone(), columns).map_err(|_| ColumnarError::Malformed {
            path: path.to_path_buf(),
        })?;
    let mut writer = TableWriter::create(path, schema, Layout::Restricted, &[])?;
    writer.write(&batch)?;
    writer.finish()
}
