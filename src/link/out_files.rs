//! The folder that a stand-alone linkage writes, and that `evaluate` reads.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

use super::LinkError;
use super::estimates::{self, Estimates};
use super::report;
use super::settle::Likely;
use super::spec::Spec;
use super::stage::{write_json, write_text};
use super::standalone::{Outcome, Request, sides};
use crate::columnar::{self, ColumnarError, Layout, TableReader, TableWriter};
use crate::digest::Digest;
use crate::pseudonymise::FOOTER;

/// `inputs.json`: what was linked, so that a truth that stands in the inputs can be found again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// The files, left first.
    pub inputs: Vec<InputFile>,
    /// The specification.
    pub spec: SpecFile,
    /// The fingerprint of the key.
    pub key_fingerprint: String,
}

/// An input file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputFile {
    /// `left`, `right`, or `file` where there is one.
    pub side: String,
    /// Where it was.
    pub path: PathBuf,
    /// Its digest.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// The column that identifies a row.
    pub id: String,
}

/// The name under which the folder keeps the specification.
pub const SPEC: &str = "spec.toml";

/// The specification's file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecFile {
    /// Where it was.
    pub path: PathBuf,
    /// Its digest.
    pub digest: Digest,
}

/// Writes every file of the folder.
pub fn write(outcome: &Outcome, request: &Request, spec: &Spec) -> Result<(), LinkError> {
    let out = &request.out;
    let io = |path: &Path| {
        let path = path.to_path_buf();
        move |source| LinkError::Io { path, source }
    };
    std::fs::create_dir_all(out).map_err(io(out))?;
    let names = sides(outcome.inputs.len() > 1);
    let mut files = Vec::new();
    for (side, input) in outcome.inputs.iter().enumerate() {
        files.push(InputFile {
            side: names.get(side).copied().unwrap_or_default().to_owned(),
            path: std::path::absolute(&input.path).map_err(io(&input.path))?,
            digest: input.digest,
            bytes: input.bytes,
            rows: input.rows() as u64,
            id: spec.id.of(side).clone(),
        });
    }
    let (digest, _) = Digest::of_file(&request.spec).map_err(io(&request.spec))?;
    let inputs = Inputs {
        inputs: files,
        spec: SpecFile {
            path: std::path::absolute(&request.spec).map_err(io(&request.spec))?,
            digest,
        },
        key_fingerprint: outcome.fingerprint.clone(),
    };
    write_json(&out.join("inputs.json"), &inputs)?;
    let text = std::fs::read_to_string(&request.spec).map_err(io(&request.spec))?;
    write_text(&out.join(SPEC), &without_remarks(text))?;
    write_json(&out.join("estimates.json"), &outcome.estimates)?;
    estimates::write_patterns(
        &out.join("patterns.parquet"),
        &outcome.patterns,
        &outcome.fingerprint,
    )?;
    write_pairs(&out.join("links.parquet"), outcome, &outcome.links)?;
    if request.keep.is_some() {
        write_pairs(&out.join("pairs.parquet"), outcome, &outcome.kept)?;
    }
    write_clusters(&out.join("clusters.parquet"), outcome)?;
    write_json(&out.join("model.json"), &outcome.model)?;
    write_text(
        &out.join("linkage.html"),
        &report::html(outcome, spec, &inputs),
    )?;
    Ok(())
}

/// A specification with nothing but its keys and values: names of columns, and forms.
fn without_remarks(text: String) -> String {
    let plain = text.parse::<toml::Table>().ok();
    let plain = plain.and_then(|table| toml::to_string(&table).ok());
    plain.unwrap_or(text)
}

fn text_column<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn write_table(
    path: &Path,
    schema: &SchemaRef,
    fingerprint: &str,
    batches: impl Iterator<Item = Vec<ArrayRef>>,
) -> Result<(), LinkError> {
    let footer = [(FOOTER.to_owned(), fingerprint.to_owned())];
    let mut writer = TableWriter::create(path, schema.clone(), Layout::People, &footer)?;
    for columns in batches {
        let batch = RecordBatch::try_new(schema.clone(), columns).map_err(|_| {
            ColumnarError::Malformed {
                path: path.to_path_buf(),
            }
        })?;
        writer.write(&batch)?;
    }
    writer.finish()?;
    Ok(())
}

fn write_pairs(path: &Path, outcome: &Outcome, pairs: &[Likely]) -> Result<(), LinkError> {
    let schema: SchemaRef = Arc::new(Schema::new(vec![
        Field::new("left_id", DataType::Utf8, false),
        Field::new("right_id", DataType::Utf8, false),
        Field::new("match_weight", DataType::Float64, false),
        Field::new("match_probability", DataType::Float64, false),
    ]));
    let number = |values: &mut dyn Iterator<Item = f64>| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(values))
    };
    write_table(
        path,
        &schema,
        &outcome.fingerprint,
        pairs.chunks(1 << 16).map(|chunk| {
            vec![
                text_column(chunk.iter().map(|p| outcome.ids(p).0)),
                text_column(chunk.iter().map(|p| outcome.ids(p).1)),
                number(&mut chunk.iter().map(|p| p.log_odds / std::f64::consts::LN_2)),
                number(&mut chunk.iter().map(|p| p.probability)),
            ]
        }),
    )
}

/// The name of an entity is the id of its first row; with two files the side stands in front,
/// since the two may use one id for two people.
fn write_clusters(path: &Path, outcome: &Outcome) -> Result<(), LinkError> {
    let names = sides(outcome.inputs.len() > 1);
    let side_name = |side: usize| names.get(side).copied().unwrap_or_default();
    let schema: SchemaRef = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("source", DataType::Utf8, false),
        Field::new("entity_id", DataType::Utf8, false),
    ]));
    let entity_name = |row: usize| {
        let (id, side) = outcome.id(row);
        match names.len() {
            1 => id.to_owned(),
            _ => format!("{}:{id}", side_name(side)),
        }
    };
    let mut start = 0;
    write_table(
        path,
        &schema,
        &outcome.fingerprint,
        outcome.entity.chunks(1 << 16).map(|chunk| {
            let rows = start..start + chunk.len();
            start = rows.end;
            let entities: Vec<String> = chunk.iter().map(|row| entity_name(*row)).collect();
            vec![
                text_column(rows.clone().map(|row| outcome.id(row).0)),
                text_column(rows.map(|row| side_name(outcome.id(row).1))),
                text_column(entities.iter().map(String::as_str)),
            ]
        }),
    )
}

/// Reads `inputs.json`.
pub fn read_inputs(out: &Path) -> Result<Inputs, LinkError> {
    let path = out.join("inputs.json");
    let text = std::fs::read_to_string(&path).map_err(|source| LinkError::Io {
        path: path.clone(),
        source,
    })?;
    serde_json::from_str(&text).map_err(|_| ColumnarError::Malformed { path }.into())
}

/// Reads `estimates.json`; none where the folder has none.
pub fn read_estimates(out: &Path) -> Result<Option<Estimates>, LinkError> {
    let path = out.join("estimates.json");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(LinkError::Io { path, source }),
    };
    let read: Option<Estimates> = serde_json::from_str(&text).ok();
    let read = read.filter(|e| e.form == estimates::FORM);
    match read {
        Some(estimates) => Ok(Some(estimates)),
        None => Err(ColumnarError::Malformed { path }.into()),
    }
}

/// Calls `each` with left id, right id and probability of every pair of a file.
pub fn read_pairs(path: &Path, mut each: impl FnMut(&str, &str, f64)) -> Result<(), LinkError> {
    let columns = ["left_id", "right_id", "match_probability"];
    for batch in TableReader::open(path, Some(&columns))? {
        let batch = batch?;
        let left = columnar::text(&batch, "left_id", path)?;
        let right = columnar::text(&batch, "right_id", path)?;
        let probability = batch
            .column_by_name("match_probability")
            .and_then(|a| a.as_any().downcast_ref::<Float64Array>())
            .ok_or_else(|| ColumnarError::Column {
                path: path.to_path_buf(),
                column: "match_probability".to_owned(),
            })?;
        for i in 0..batch.num_rows() {
            each(left.value(i), right.value(i), probability.value(i));
        }
    }
    Ok(())
}

/// Calls `each` with id, source and entity of every row of `clusters.parquet`.
pub fn read_clusters(path: &Path, mut each: impl FnMut(&str, &str, &str)) -> Result<(), LinkError> {
    for batch in TableReader::open(path, Some(&["id", "source", "entity_id"]))? {
        let batch = batch?;
        let id = columnar::text(&batch, "id", path)?;
        let source = columnar::text(&batch, "source", path)?;
        let entity = columnar::text(&batch, "entity_id", path)?;
        for i in 0..batch.num_rows() {
            each(id.value(i), source.value(i), entity.value(i));
        }
    }
    Ok(())
}
