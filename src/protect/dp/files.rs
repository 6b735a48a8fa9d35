//! The files of a release: functions of noisy tables, but for one number in `restricted/`.

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};

use super::error::DpError;
use super::measure::Measurements;
use super::reconstruct::{NoisyTable, NoisyTables, Reliability};
use super::release::Released;
use crate::columnar::{Layout, TableWriter};
use crate::protect::error::ProtectError;
use crate::schema::published::{Status, TOTAL};

/// Every published cell: its table, its place there, its nodes. Nodes that only stand for a code
/// further down are left out: that code has the cell already.
pub(super) fn shown(
    tables: &NoisyTables,
) -> impl Iterator<Item = (&NoisyTable, usize, Vec<usize>)> {
    let domain = tables.domain();
    tables.tables().iter().flat_map(move |table| {
        let places = domain.places(&table.levels).into_iter().enumerate();
        places.filter_map(move |(i, place)| {
            let nodes = domain.nodes_at(place);
            let stands_in = domain
                .axes()
                .iter()
                .zip(&nodes)
                .any(|(a, n)| a.stands_in(*n));
            (!stands_in).then_some((table, i, nodes))
        })
    })
}

/// Writes everything to a folder beside, and gives it its name when it is complete.
pub(super) fn write(
    out: &Path,
    tables: &NoisyTables,
    measurements: &Measurements,
    released: &Released,
    left_out: u64,
) -> Result<(), DpError> {
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    let partial = out.with_file_name(format!(".{name}.partial"));
    if partial.exists() {
        std::fs::remove_dir_all(&partial).map_err(DpError::io(&partial))?;
    }
    let restricted = partial.join("restricted");
    std::fs::create_dir_all(&partial).map_err(DpError::io(&partial))?;
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&restricted)
        .map_err(DpError::io(&restricted))?;
    let rows = Rows::new(tables, measurements);
    rows.cells(&partial.join("cells.parquet"))?;
    rows.estimates(&partial.join("estimates.parquet"))?;
    let json = |path: &Path, value: serde_json::Value| {
        std::fs::write(path, format!("{value:#}\n")).map_err(DpError::io(path))
    };
    let value = serde_json::to_value(released).unwrap_or_default();
    json(&partial.join("summary.json"), value)?;
    let value = serde_json::json!({ "rows_left_out_by_the_bound": left_out });
    json(&restricted.join("contribution.json"), value)?;
    std::fs::rename(&partial, out).map_err(DpError::io(out))
}

struct Row<'a> {
    codes: Vec<&'a str>,
    table: &'a NoisyTable,
    at: usize,
    measured: Option<i64>,
}

struct Rows<'a> {
    names: Vec<&'a str>,
    rows: Vec<Row<'a>>,
}

impl<'a> Rows<'a> {
    /// Totals first, then by code.
    fn new(tables: &'a NoisyTables, measurements: &'a Measurements) -> Self {
        let domain = tables.domain();
        let mut rows: Vec<Row<'a>> = shown(tables)
            .map(|(table, at, nodes)| {
                let of = domain.tables().iter().position(|l| *l == table.levels);
                let counts = of.and_then(|t| measurements.counts()[t].as_ref());
                Row {
                    codes: domain
                        .axes()
                        .iter()
                        .zip(&nodes)
                        .map(|(a, n)| a.code(*n))
                        .collect(),
                    table,
                    at,
                    measured: counts.and_then(|c| c.get(at).copied()),
                }
            })
            .collect();
        rows.sort_by(|a, b| order(&a.codes).cmp(order(&b.codes)));
        Rows {
            names: domain.axes().iter().map(|a| a.name()).collect(),
            rows,
        }
    }

    fn codes(&self) -> (Vec<Field>, Vec<ArrayRef>) {
        let fields = self
            .names
            .iter()
            .map(|n| Field::new(*n, DataType::Utf8, false));
        let column = |d: usize| -> ArrayRef {
            let codes = self.rows.iter().map(|r| r.codes.get(d).copied());
            Arc::new(codes.collect::<StringArray>())
        };
        (
            fields.collect(),
            (0..self.names.len()).map(column).collect(),
        )
    }

    fn integers(&self, of: impl Fn(&Row<'a>) -> Option<i64>) -> ArrayRef {
        Arc::new(self.rows.iter().map(of).collect::<Int64Array>())
    }

    fn reals(&self, of: impl Fn(&Row<'a>) -> f64) -> ArrayRef {
        Arc::new(
            self.rows
                .iter()
                .map(|r| Some(of(r)))
                .collect::<Float64Array>(),
        )
    }

    fn words(&self, of: impl Fn(&Row<'a>) -> &'static str) -> ArrayRef {
        Arc::new(
            self.rows
                .iter()
                .map(|r| Some(of(r)))
                .collect::<StringArray>(),
        )
    }

    fn cells(&self, path: &Path) -> Result<(), DpError> {
        let (mut fields, mut columns) = self.codes();
        let value = |r: &Row<'a>| r.table.value[r.at];
        for (name, of) in [
            ("value", self.integers(value)),
            (
                "lower",
                self.integers(|r| value(r).map(|_| r.table.lower[r.at])),
            ),
            (
                "upper",
                self.integers(|r| value(r).map(|_| r.table.upper[r.at])),
            ),
        ] {
            fields.push(Field::new(name, DataType::Int64, true));
            columns.push(of);
        }
        let mark = |r: &Row<'a>| r.table.reliability[r.at];
        fields.push(Field::new("status", DataType::Utf8, false));
        columns.push(self.words(|r| {
            let status = match (value(r), mark(r)) {
                (Some(_), _) => Status::Observed,
                (None, Reliability::Low) => Status::U,
                (None, _) => Status::C,
            };
            status.word()
        }));
        fields.push(Field::new("reliability", DataType::Utf8, false));
        columns.push(self.words(|r| mark(r).word()));
        save(path, fields, columns)
    }

    fn estimates(&self, path: &Path) -> Result<(), DpError> {
        let (mut fields, mut columns) = self.codes();
        fields.push(Field::new("measured", DataType::Int64, true));
        columns.push(self.integers(|r| r.measured));
        fields.push(Field::new("estimate", DataType::Float64, false));
        columns.push(self.reals(|r| r.table.estimate[r.at]));
        fields.push(Field::new("deviation", DataType::Float64, false));
        columns.push(self.reals(|r| r.table.deviation[r.at]));
        save(path, fields, columns)
    }
}

fn order<'a>(codes: &'a [&'a str]) -> impl Iterator<Item = (bool, &'a str)> {
    codes.iter().map(|c| (*c != TOTAL, *c))
}

fn save(path: &Path, fields: Vec<Field>, columns: Vec<ArrayRef>) -> Result<(), DpError> {
    let schema = Arc::new(Schema::new(fields));
    let batch =
        RecordBatch::try_new(schema.clone(), columns).map_err(|_| ProtectError::NotProtected {
            path: path.to_path_buf(),
        })?;
    let mut writer =
        TableWriter::create(path, schema, Layout::Release, &[]).map_err(ProtectError::from)?;
    writer.write(&batch).map_err(ProtectError::from)?;
    writer.finish().map_err(ProtectError::from)?;
    Ok(())
}
