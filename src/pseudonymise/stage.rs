//! The stage: canonical tables with identifiers in, encodings and payload out.
//!
//! | written | what | who reads it |
//! | --- | --- | --- |
//! | `stage/02-pseudonymise/link/<kind>/pass-NN.parquet` | source, row pseudonym of this pass, match key | the linkage side |
//! | `stage/02-pseudonymise/link/<kind>/rule-NN-<group>.parquet` | source, block token, row pseudonym of this pass, encoding | the linkage side |
//! | `restricted/02-pseudonymise/join/<kind>/pass-NN.parquet` | row pseudonym of this pass, record pseudonym | the key's owner |
//! | `restricted/02-pseudonymise/linkage/<kind>/<system>.sealed` | what a linkage under the same roof works on, sealed with the project's key | the key's owner |
//! | `stage/02-pseudonymise/payload/<table>/<system>.parquet` | the canonical tables without identifiers | the analyst |
//!
//! Every file is sorted by key or pseudonym, so that the order of the rows says nothing either.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, FixedSizeBinaryArray, RecordBatch};
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;

use super::block::BlockPass;
use super::encode::{People, encode};
use super::gate::GateError;
use super::key::{MasterKey, Messages, ProjectKeys, Pseudonym, SubKey};
use super::linkage_source;
use super::lint::{LintError, SplitFiles, lint};
use super::payload;
use super::recipe::Recipe;
use crate::columnar::{ColumnarError, Written};
use crate::diagnostic::{Diagnose, Diagnostic};
use crate::schema::canonical::{PSEUDONYM_BYTES, Table};
use crate::stage::{OutputFile, StageFolders, StageReport};

/// The use of the key of record pseudonyms.
pub(super) const RECORD_PSEUDONYM: &str = "record pseudonym";

/// One canonical table of one system, as `ingest` wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClearTable {
    /// Which table.
    pub table: Table,
    /// Which system.
    pub system: String,
    /// What its records are unique within, as it goes into their pseudonyms: the system's name, or
    /// a text that no other extract has.
    pub scope: String,
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
    /// The block-keyed passes of each kind of person; none where a kind has none.
    pub blocks: BTreeMap<String, Vec<BlockPass>>,
    /// The keys of this project and round.
    pub keys: ProjectKeys,
    /// Whether the linkage is under the same roof: only then its sealed sources are written.
    pub one_roof: bool,
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
    /// A match key would leak.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The files would give somebody more than they may have.
    #[error(transparent)]
    Lint(#[from] LintError),
}

impl Diagnose for PseudonymiseError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        match self {
            PseudonymiseError::Columnar(e) => e.diagnostics(),
            PseudonymiseError::Gate(e) => e.diagnostics(),
            PseudonymiseError::Lint(e) => e.diagnostics(),
        }
    }
}

/// Runs the stage.
pub fn run(job: &Job, folders: &StageFolders<'_>) -> Result<StageReport, PseudonymiseError> {
    let mut report = StageReport::default();
    let record_key = job.keys.derive(&[RECORD_PSEUDONYM]);
    let mut people = Vec::new();
    for table in &job.tables {
        let rows = payload::write(job, table, &record_key, folders, &mut report)?;
        if table.table == Table::Person {
            people.push(People {
                source: source_number(job, &table.system),
                system: table.system.clone(),
                scope: table.scope.clone(),
                path: table.path.clone(),
                rows,
            });
        }
    }
    for kind in job.kinds.keys() {
        encode(job, kind, &people, folders, &mut report)?;
    }
    for kind in job.kinds.keys().filter(|_| job.one_roof) {
        linkage_sources(job, kind, &people, folders, &mut report)?;
    }
    drop(people);
    lint(
        &SplitFiles::of_outputs(folders, &report.files),
        folders.stage,
    )?;
    Ok(report)
}

/// Writes what a linkage under the same roof works on, a sealed file a system.
fn linkage_sources(
    job: &Job,
    kind: &str,
    people: &[People],
    folders: &StageFolders<'_>,
    report: &mut StageReport,
) -> Result<(), PseudonymiseError> {
    let folder = folders.restricted.join("linkage").join(kind);
    for of in people {
        let file = folder.join(format!("{}.sealed", of.system));
        let written = linkage_source::write(&of.path, &of.system, kind, &job.keys, &file)?;
        report.files.extend(written.map(|w| output(folders, w)));
    }
    Ok(())
}

fn source_number(job: &Job, system: &str) -> u8 {
    let place = job.systems.iter().position(|s| s == system);
    place.and_then(|p| u8::try_from(p).ok()).unwrap_or(u8::MAX)
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

/// The record pseudonyms of many records, in order.
pub(super) fn record_pseudonyms<'a>(
    key: &SubKey,
    system: &str,
    records: impl Iterator<Item = &'a str>,
) -> Vec<Pseudonym> {
    let mut messages = Messages::default();
    for record in records {
        messages.field(system.as_bytes());
        messages.field(record.as_bytes());
        messages.end();
    }
    let mut out = Vec::with_capacity(messages.len());
    key.macs(&messages, &mut out);
    out
}
