//! Table Q5: what a correction changed, cell by cell.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use serde::Serialize;

use super::error::ReleaseError;
use crate::columnar::{ColumnarError, Layout, TableWriter};
use crate::publish::report::{ReleaseView, ReleasedRow};

/// A cell whose released value or symbol changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Revision {
    /// `T01`.
    pub table: String,
    /// Its codes, `country=Total; age_band=0`.
    pub cell: String,
    /// What is counted.
    pub concept: String,
    /// `children`, ….
    pub measure: String,
    /// The first value, or its symbol.
    pub first: String,
    /// The latest value, or its symbol.
    pub latest: String,
    /// Latest less first, where both are numbers.
    pub difference: Option<f64>,
}

/// Every cell that two releases of a period give differently, in the order of the latest one; cells
/// that only one of them has are told as not available in the other.
pub(super) fn revisions(first: &ReleaseView, latest: &ReleaseView) -> Vec<Revision> {
    let mut out = Vec::new();
    for table in latest.tables() {
        let before = first.table(&table.id);
        let name = |row: &ReleasedRow| {
            let parts = table.dimensions.iter().zip(&row.codes);
            let parts: Vec<String> = parts.map(|(d, c)| format!("{}={c}", d.name)).collect();
            parts.join("; ")
        };
        let same = |a: &ReleasedRow, b: &ReleasedRow| {
            a.concept == b.concept && a.measure == b.measure && a.codes == b.codes
        };
        let empty = Vec::new();
        let old = before.map_or(&empty, |t| &t.rows);
        for row in &table.rows {
            let then = old.iter().find(|r| same(r, row));
            if then.is_some_and(|t| t.value == row.value && t.status == row.status) {
                continue;
            }
            out.push(revision(&table.id, name(row), (then, Some(row)), row));
        }
        for gone in old
            .iter()
            .filter(|r| !table.rows.iter().any(|n| same(r, n)))
        {
            out.push(revision(&table.id, name(gone), (Some(gone), None), gone));
        }
    }
    out
}

fn revision(
    table: &str,
    cell: String,
    (then, now): (Option<&ReleasedRow>, Option<&ReleasedRow>),
    of: &ReleasedRow,
) -> Revision {
    let said = |row: Option<&ReleasedRow>| {
        row.map_or("x".to_owned(), |r| {
            r.value
                .map_or_else(|| r.status.word().to_owned(), |v| format!("{v}"))
        })
    };
    let value = |row: Option<&ReleasedRow>| row.and_then(|r| r.value);
    Revision {
        table: table.to_owned(),
        cell,
        concept: of.concept.word().to_owned(),
        measure: of.measure.clone(),
        first: said(then),
        latest: said(now),
        difference: value(now).zip(value(then)).map(|(n, t)| n - t),
    }
}

/// Writes the table as Parquet and CSV.
pub(super) fn write(folder: &Path, id: &str, list: &[Revision]) -> Result<(), ReleaseError> {
    let name = |ending: &str| folder.join(format!("Q5-{id}.{ending}"));
    let path = name("csv");
    let io = |source| ReleaseError::Io {
        path: path.clone(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(io)?;
    let broken = |_: csv::Error| io(std::io::Error::other("CSV"));
    let mut writer = csv::Writer::from_path(&path).map_err(broken)?;
    for one in list {
        writer.serialize(one).map_err(broken)?;
    }
    writer.flush().map_err(io)?;
    let texts = ["table", "cell", "concept", "measure", "first", "latest"];
    let mut fields: Vec<Field> = texts
        .iter()
        .map(|n| Field::new(*n, DataType::Utf8, false))
        .collect();
    fields.push(Field::new("difference", DataType::Float64, true));
    let schema = Arc::new(Schema::new(fields));
    let text = |of: fn(&Revision) -> &str| -> ArrayRef {
        Arc::new(list.iter().map(|r| Some(of(r))).collect::<StringArray>())
    };
    let columns = vec![
        text(|r| &r.table),
        text(|r| &r.cell),
        text(|r| &r.concept),
        text(|r| &r.measure),
        text(|r| &r.first),
        text(|r| &r.latest),
        Arc::new(list.iter().map(|r| r.difference).collect::<Float64Array>()),
    ];
    let path = name("parquet");
    // One that a correction left which was cut short.
    if path.exists() {
        std::fs::remove_file(&path).map_err(io)?;
    }
    let batch = RecordBatch::try_new(schema.clone(), columns)
        .map_err(|_| ColumnarError::Malformed { path: path.clone() })?;
    let keys = [("kinlink:release_id".to_owned(), id.to_owned())];
    let mut writer = TableWriter::create(&path, schema, Layout::Release, &keys)?;
    writer.write(&batch)?;
    writer.finish()?;
    Ok(())
}
