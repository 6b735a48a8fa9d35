//! The stage: canonical tables with identifiers in, encodings and payload out.
//!
//! | written | what | who reads it |
//! | --- | --- | --- |
//! | `stage/02-pseudonymise/link/<kind>/pass-NN.parquet` | source, row pseudonym of this pass, match key | the linkage side |
//! | `restricted/02-pseudonymise/join/<kind>/pass-NN.parquet` | row pseudonym of this pass, record pseudonym | the key's owner |
//! | `stage/02-pseudonymise/payload/<table>/<system>.parquet` | the canonical tables without identifiers | the analyst |
//!
//! Every file is sorted by pseudonym, so that the order of the rows says nothing either.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, FixedSizeBinaryArray, RecordBatch, UInt8Array};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use rayon::prelude::*;

use super::identity::PersonColumns;
use super::key::{MasterKey, ProjectKeys, Pseudonym, SubKey};
use super::lint::{LintError, SplitFiles, lint};
use super::match_key::{Encoder, Scratch};
use super::payload;
use super::recipe::Recipe;
use crate::columnar::{ColumnarError, Layout, TableReader, TableWriter, Written};
use crate::diagnostic::{Diagnose, Diagnostic};
use crate::schema::canonical::{PSEUDONYM_BYTES, RECORD, Table};
use crate::stage::{OutputFile, StageFolders, StageReport};

/// Rows written at a time.
const CHUNK: usize = 1 << 16;

/// One canonical table of one system, as `ingest` wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClearTable {
    /// Which table.
    pub table: Table,
    /// Which system.
    pub system: String,
    /// The file.
    pub path: PathBuf,
}

/// What the stage is to do.
pub struct Job {
    /// The canonical tables.
    pub tables: Vec<ClearTable>,
    /// The systems in order; a system's place is its number in the link files.
    pub systems: Vec<String>,
    /// The recipes of each kind of person, strict to loose.
    pub kinds: BTreeMap<String, Vec<Recipe>>,
    /// The keys of this project and round.
    pub keys: ProjectKeys,
    /// Days since 1970-01-01: the reference date.
    pub reference: i32,
    /// Days since 1970-01-01: the observation window, half-open.
    pub window: (i32, i32),
}

impl Job {
    /// The keys of a project, from its master key.
    pub fn keys(master: &MasterKey, project: &str, round: &str) -> ProjectKeys {
        master.for_project(project, round)
    }
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum PseudonymiseError {
    /// A file could not be read or written.
    #[error(transparent)]
    Columnar(#[from] ColumnarError),
    /// The files would give somebody more than they may have.
    #[error(transparent)]
    Lint(#[from] LintError),
}

impl Diagnose for PseudonymiseError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        match self {
            PseudonymiseError::Columnar(e) => e.diagnostics(),
            PseudonymiseError::Lint(e) => e.diagnostics(),
        }
    }
}

/// Runs the stage.
pub fn run(job: &Job, folders: &StageFolders<'_>) -> Result<StageReport, PseudonymiseError> {
    let mut report = StageReport::default();
    let record_key = job.keys.derive(&["record pseudonym"]);
    let mut people = Vec::new();
    for table in &job.tables {
        let records = payload::write(job, table, &record_key, folders, &mut report)?;
        if table.table == Table::Person {
            people.push(People {
                source: source_number(job, &table.system),
                system: table.system.clone(),
                path: table.path.clone(),
                records,
            });
        }
    }
    for (kind, recipes) in &job.kinds {
        let encoder = Encoder::new(&job.keys, kind, recipes);
        for (pass, recipe) in recipes.iter().enumerate() {
            let encoded = encode_pass(&encoder, pass, kind, &people, folders)?;
            write_pass(pass, kind, recipe, encoded, folders, &mut report)?;
        }
    }
    drop(people);
    lint(&SplitFiles::of_outputs(folders, &report.files))?;
    Ok(report)
}

/// The names of one system, and the record pseudonym of each row.
struct People {
    source: u8,
    system: String,
    path: PathBuf,
    records: Vec<Pseudonym>,
}

fn source_number(job: &Job, system: &str) -> u8 {
    let place = job.systems.iter().position(|s| s == system);
    place.and_then(|p| u8::try_from(p).ok()).unwrap_or(u8::MAX)
}

/// One pass: the rows of the link file and of the join table, not yet in order.
#[derive(Default)]
struct Encoded {
    link: Vec<(Pseudonym, Pseudonym, u8)>,
    join: Vec<(Pseudonym, Pseudonym)>,
}

fn encode_pass(
    encoder: &Encoder,
    pass: usize,
    kind: &str,
    people: &[People],
    folders: &StageFolders<'_>,
) -> Result<Encoded, PseudonymiseError> {
    let total: u64 = people.iter().map(|p| p.records.len() as u64).sum();
    let what = format!("encode {kind}, pass {} of {}", pass + 1, encoder.passes());
    folders.progress.begin(&what, Some(total));
    let mut all = Encoded::default();
    for system in people {
        let reader = TableReader::open_with(&system.path, Some(PersonColumns::NAMES), 1 << 14)?;
        let mut offset = 0;
        let batches = reader.map(|batch| {
            batch.map(|b| {
                let from = offset;
                offset += b.num_rows();
                (from, b)
            })
        });
        // The order in which batches finish does not matter: the rows are sorted below.
        let parts: Vec<Encoded> = batches
            .par_bridge()
            .map(|item| {
                let (from, batch) = item?;
                let out = encode_batch(encoder, pass, kind, system, from, &batch)?;
                folders.progress.advance(batch.num_rows() as u64);
                Ok(out)
            })
            .collect::<Result<_, ColumnarError>>()?;
        for part in parts {
            all.link.extend(part.link);
            all.join.extend(part.join);
        }
    }
    all.link.par_sort_unstable();
    all.join.par_sort_unstable();
    all.join.dedup();
    folders.progress.end();
    Ok(all)
}

fn encode_batch(
    encoder: &Encoder,
    pass: usize,
    kind: &str,
    system: &People,
    from: usize,
    batch: &RecordBatch,
) -> Result<Encoded, ColumnarError> {
    let columns = PersonColumns::of(batch, &system.path)?;
    let mut scratch = Scratch::default();
    let mut keys = Vec::with_capacity(8);
    let mut out = Encoded::default();
    for row in 0..batch.num_rows() {
        if columns.kind(row) != kind {
            continue;
        }
        keys.clear();
        encoder.match_keys(pass, &columns.identity(row), &mut scratch, &mut keys);
        let Some(record) = system.records.get(from + row).filter(|_| !keys.is_empty()) else {
            continue;
        };
        let name = encoder.row(
            pass,
            &system.system,
            columns.record(row),
            columns.alias(row),
        );
        out.link
            .extend(keys.iter().map(|key| (name, *key, system.source)));
        out.join.push((name, *record));
    }
    Ok(out)
}

fn link_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("source", DataType::UInt8, false),
        Field::new("row", DataType::FixedSizeBinary(PSEUDONYM_BYTES), false),
        Field::new("key", DataType::FixedSizeBinary(PSEUDONYM_BYTES), false),
    ]))
}

fn join_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("row", DataType::FixedSizeBinary(PSEUDONYM_BYTES), false),
        Field::new(RECORD, DataType::FixedSizeBinary(PSEUDONYM_BYTES), false),
    ]))
}

fn write_pass(
    pass: usize,
    kind: &str,
    recipe: &Recipe,
    encoded: Encoded,
    folders: &StageFolders<'_>,
    report: &mut StageReport,
) -> Result<(), PseudonymiseError> {
    let name = format!("pass-{:02}.parquet", pass + 1);
    let keys = [("kinlink:recipe".to_owned(), recipe.name())];
    let link = folders.stage.join("link").join(kind).join(&name);
    let mut writer = TableWriter::create(&link, link_schema(), Layout::Hashes, &keys)?;
    for chunk in encoded.link.chunks(CHUNK) {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt8Array::from_iter_values(chunk.iter().map(|r| r.2))),
            pseudonyms(chunk.iter().map(|r| &r.0)),
            pseudonyms(chunk.iter().map(|r| &r.1)),
        ];
        writer.write(&batch(link_schema(), columns, &link)?)?;
    }
    report.files.push(output(folders, writer.finish()?));

    let join = folders.restricted.join("join").join(kind).join(&name);
    let mut writer = TableWriter::create(&join, join_schema(), Layout::Hashes, &[])?;
    for chunk in encoded.join.chunks(CHUNK) {
        let columns = vec![
            pseudonyms(chunk.iter().map(|r| &r.0)),
            pseudonyms(chunk.iter().map(|r| &r.1)),
        ];
        writer.write(&batch(join_schema(), columns, &join)?)?;
    }
    report.files.push(output(folders, writer.finish()?));
    Ok(())
}

/// A column of pseudonyms.
pub(super) fn pseudonyms<'a>(values: impl Iterator<Item = &'a Pseudonym>) -> ArrayRef {
    let bytes: Vec<u8> = values.flatten().copied().collect();
    Arc::new(FixedSizeBinaryArray::new(
        PSEUDONYM_BYTES,
        Buffer::from_vec(bytes),
        None,
    ))
}

/// A batch of columns made here: they fit their schema by construction.
pub(super) fn batch(
    schema: SchemaRef,
    columns: Vec<ArrayRef>,
    path: &Path,
) -> Result<RecordBatch, ColumnarError> {
    RecordBatch::try_new(schema, columns).map_err(|_| ColumnarError::Malformed {
        path: path.to_path_buf(),
    })
}

/// What a receipt says of a file.
pub(super) fn output(folders: &StageFolders<'_>, written: Written) -> OutputFile {
    OutputFile {
        path: folders.relative(&written.path),
        digest: written.digest,
        bytes: written.bytes,
        rows: Some(written.rows),
    }
}

/// The record pseudonym: one for each record of each system, whatever the pass.
pub(super) fn record_pseudonym(key: &SubKey, system: &str, record: &str) -> Pseudonym {
    key.mac(&[system.as_bytes(), record.as_bytes()])
}
