//! The files of the stage: entities, links, and texts of mode 0600.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    FixedSizeBinaryArray, FixedSizeBinaryBuilder, Float64Array, RecordBatch, UInt8Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::Serialize;

use crate::columnar::{ColumnarError, Layout, TableWriter, Written};
use crate::digest::Digest;
use crate::link::LinkError;
use crate::pseudonymise::Pseudonym;
use crate::schema::quality::LinkageQuality;
use crate::stage::{OutputFile, StageFolders, StageReport};

/// Writes a JSON file of mode 0600 that must not exist; gives its digest and length.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(Digest, u64), LinkError> {
    let text = serde_json::to_string_pretty(value).unwrap_or_default() + "\n";
    write_text(path, &text)
}

/// Writes a text file of mode 0600 that must not exist; gives its digest and length.
pub fn write_text(path: &Path, text: &str) -> Result<(Digest, u64), LinkError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let io = |source| LinkError::Io {
        path: path.to_path_buf(),
        source,
    };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(io)?;
    }
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(io)?;
    file.write_all(text.as_bytes()).map_err(io)?;
    file.sync_all().map_err(io)?;
    Ok((Digest::of(text.as_bytes()), text.len() as u64))
}

const BATCH: usize = 1 << 16;

fn malformed(path: &Path) -> LinkError {
    ColumnarError::Malformed {
        path: path.to_path_buf(),
    }
    .into()
}

pub(super) fn pseudonym_column(
    values: impl Iterator<Item = Pseudonym>,
    path: &Path,
) -> Result<Arc<FixedSizeBinaryArray>, LinkError> {
    let mut builder = FixedSizeBinaryBuilder::new(16);
    for value in values {
        builder.append_value(value).map_err(|_| malformed(path))?;
    }
    Ok(Arc::new(builder.finish()))
}

fn entities_schema() -> SchemaRef {
    let id = DataType::FixedSizeBinary(16);
    Arc::new(Schema::new(vec![
        Field::new("record", id.clone(), false),
        Field::new("source", DataType::UInt8, false),
        Field::new("entity", id, false),
    ]))
}

/// A record of an entity of at least two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EntityRow {
    /// The record's pseudonym.
    pub record: Pseudonym,
    /// The number of its source.
    pub source: u8,
    /// The entity: the smallest pseudonym in it.
    pub entity: Pseudonym,
}

/// Writes `entities.parquet`; the rows are in the order of their records.
fn write_entities(
    path: &Path,
    footer: &[(String, String)],
    rows: &[EntityRow],
) -> Result<Written, LinkError> {
    let schema = entities_schema();
    let mut writer = TableWriter::create(path, schema.clone(), Layout::Hashes, footer)?;
    for chunk in rows.chunks(BATCH) {
        let batch = RecordBatch::try_new(
            schema.clone(),
            vec![
                pseudonym_column(chunk.iter().map(|r| r.record), path)?,
                Arc::new(UInt8Array::from_iter_values(chunk.iter().map(|r| r.source))),
                pseudonym_column(chunk.iter().map(|r| r.entity), path)?,
            ],
        )
        .map_err(|_| malformed(path))?;
        writer.write(&batch)?;
    }
    Ok(writer.finish()?)
}

/// A link.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LinkRow {
    /// A record.
    pub left: Pseudonym,
    /// Another.
    pub right: Pseudonym,
    /// The pass or the blocking rule that found it first, from 0.
    pub pass: u8,
    /// In bits.
    pub match_weight: f64,
    /// The probability that the two are one person.
    pub match_probability: f64,
}

/// Writes `links.parquet`; the rows are in the order of their records.
fn write_links(
    path: &Path,
    footer: &[(String, String)],
    links: &[LinkRow],
) -> Result<Written, LinkError> {
    let id = DataType::FixedSizeBinary(16);
    let schema: SchemaRef = Arc::new(Schema::new(vec![
        Field::new("left", id.clone(), false),
        Field::new("right", id, false),
        Field::new("pass", DataType::UInt8, false),
        Field::new("match_weight", DataType::Float64, false),
        Field::new("match_probability", DataType::Float64, false),
    ]));
    let mut writer = TableWriter::create(path, schema.clone(), Layout::Hashes, footer)?;
    for chunk in links.chunks(BATCH) {
        let number = |of: fn(&LinkRow) -> f64| -> Arc<Float64Array> {
            Arc::new(Float64Array::from_iter_values(chunk.iter().map(of)))
        };
        let batch = RecordBatch::try_new(
            schema.clone(),
            vec![
                pseudonym_column(chunk.iter().map(|l| l.left), path)?,
                pseudonym_column(chunk.iter().map(|l| l.right), path)?,
                Arc::new(UInt8Array::from_iter_values(chunk.iter().map(|l| l.pass))),
                number(|l| l.match_weight),
                number(|l| l.match_probability),
            ],
        )
        .map_err(|_| malformed(path))?;
        writer.write(&batch)?;
    }
    Ok(writer.finish()?)
}

/// Writes the three files of a kind: entities, links and the model; the report names them.
pub(super) fn write_results(
    folder: &Path,
    footer: &[(String, String)],
    (entities, links, model): (&[EntityRow], &[LinkRow], &impl Serialize),
    folders: &StageFolders<'_>,
    report: &mut StageReport,
) -> Result<(), LinkError> {
    let tables = [
        write_entities(&folder.join("entities.parquet"), footer, entities)?,
        write_links(&folder.join("links.parquet"), footer, links)?,
    ];
    report.files.extend(tables.map(|file| OutputFile {
        path: folders.relative(&file.path),
        digest: file.digest,
        bytes: file.bytes,
        rows: Some(file.rows),
    }));
    let path = folder.join("model.json");
    let (digest, bytes) = write_json(&path, model)?;
    report.files.push(OutputFile {
        path: folders.relative(&path),
        digest,
        bytes,
        rows: None,
    });
    Ok(())
}

/// Writes how well a kind is linked; the report names the file.
pub(super) fn write_quality(
    folder: &Path,
    quality: &LinkageQuality,
    folders: &StageFolders<'_>,
    report: &mut StageReport,
) -> Result<(), LinkError> {
    let path = folder.join("quality.json");
    let (digest, bytes) = write_json(&path, quality)?;
    report.files.push(OutputFile {
        path: folders.relative(&path),
        digest,
        bytes,
        rows: None,
    });
    Ok(())
}
