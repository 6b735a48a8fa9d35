//! The account of a run: its receipts, what they say of rows, and which files they vouch for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::error::ReportError;
use super::sealed_file::Sums;
use crate::accounting::RowAccount;
use crate::columnar::{TableReader, text, u64 as counts};
use crate::digest::Digest;
use crate::stage::{OutputFile, Stage};

/// The parts of `receipt.json` that a report reads.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct StageRecord {
    /// The stage.
    pub stage: Stage,
    /// The program that ran.
    pub program: ProgramRecord,
    /// Every file written.
    pub outputs: Vec<OutputFile>,
    /// The account of the rows.
    pub accounts: Vec<RowAccount>,
    /// Figures.
    pub figures: BTreeMap<String, Value>,
}

/// The program.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ProgramRecord {
    /// Its version.
    pub version: String,
    /// The digest of its file.
    pub digest: Digest,
}

/// The parts of `manifest.json` that a report reads.
#[derive(Deserialize)]
struct ManifestRecord {
    run: String,
    plan: Digest,
    receipts: Vec<(Stage, Digest)>,
}

/// What protection says of itself in `summary.json`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct ProtectionRecord {
    /// Table by table.
    pub tables: Vec<ProtectedTableRecord>,
    /// The least width of an attacker's bounds.
    pub least_width: Option<f64>,
    /// The rules.
    pub rules: Value,
    /// What the attacker is taken to know.
    pub attacker: String,
}

/// The attacker's bounds of a hidden cell, from `bounds.csv` of the review.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct CellBoundsRecord {
    /// `T01`.
    pub table: String,
    /// Concept and measure.
    pub concept: String,
    /// See `concept`.
    pub measure: String,
    /// Its codes.
    pub cell: String,
    /// `primary` or `secondary`.
    pub state: String,
    /// Least value.
    pub least: f64,
    /// Greatest value.
    pub most: f64,
    /// How far they are apart.
    pub width: f64,
    /// `exact`, or `proved` where the bounds are these or further apart.
    pub bounds: String,
}

/// The audit of a table in a concept and measure, from `Q4.csv` of the review.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SuppressionAuditRecord {
    /// `T01`.
    pub table: String,
    /// Concept and measure.
    pub concept: String,
    /// See `concept`.
    pub measure: String,
    /// Cells that can occur.
    pub cells: u64,
    /// Hidden as small counts.
    pub primary: u64,
    /// Hidden for others' sake.
    pub secondary: u64,
    /// Least width of the bounds of a small count.
    pub least_width_primary: Option<f64>,
    /// The same of the other hidden cells.
    pub least_width_secondary: Option<f64>,
    /// `exact` or `proved`; empty where nothing is hidden.
    pub bounds: String,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ProtectedTableRecord {
    /// `T01`.
    pub id: String,
    /// Its rows.
    pub cells: u64,
    /// Hidden as small counts.
    pub primary: u64,
    /// Hidden for others' sake.
    pub secondary: u64,
    /// With a value.
    pub shown: u64,
}

/// How many values a field of a source lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldQuality {
    /// The source.
    pub source: String,
    /// The field.
    pub field: String,
    /// Rows.
    pub rows: u64,
    /// Without a value.
    pub missing: u64,
    /// With a value that stands for none.
    pub default: u64,
    /// With a value that breaks a rule.
    pub invalid: u64,
}

/// The account of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    run: String,
    plan: Digest,
    stages: Vec<StageRecord>,
    files: Sums,
    protection: ProtectionRecord,
    bounds: Vec<CellBoundsRecord>,
    audits: Vec<SuppressionAuditRecord>,
    fields: Vec<FieldQuality>,
}

impl Record {
    /// Reads the receipts of a run after checking them against its manifest, and the files of
    /// theirs that a report needs.
    pub(crate) fn read(run: &Path) -> Result<Self, ReportError> {
        let manifest: ManifestRecord = plain_json(&run.join("manifest.json"))?.0;
        let mut stages = Vec::new();
        let mut files = Vec::new();
        for (stage, expected) in &manifest.receipts {
            let path = run.join("stage").join(stage.folder()).join("receipt.json");
            let (record, digest): (StageRecord, Digest) = plain_json(&path)?;
            if digest != *expected {
                return Err(ReportError::Changed { path });
            }
            files.extend(record.outputs.iter().map(|f| (f.path.clone(), f.digest)));
            stages.push(record);
        }
        let files = Sums::of(files);
        let summary = Path::new("stage/05-protect/summary.json");
        let protection = files.json(run, summary)?.unwrap_or_default();
        let bounds = sheet(run, &files, Path::new("review/05-protect/bounds.csv"))?;
        let audits = sheet(run, &files, Path::new("review/05-protect/Q4.csv"))?;
        let quality = Path::new("stage/01-ingest/quality.parquet");
        let fields = match files.checked(run, quality)? {
            Some(path) => read_fields(&path)?,
            None => Vec::new(),
        };
        Ok(Record {
            run: manifest.run,
            plan: manifest.plan,
            stages,
            files,
            protection,
            bounds,
            audits,
            fields,
        })
    }

    /// The run's id.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The digest of its plan.
    pub fn plan(&self) -> &Digest {
        &self.plan
    }

    /// Its stages, in order.
    pub fn stages(&self) -> &[StageRecord] {
        &self.stages
    }

    /// The receipt of a stage.
    pub fn stage(&self, stage: Stage) -> Option<&StageRecord> {
        self.stages.iter().find(|s| s.stage == stage)
    }

    /// A figure of a stage that is a whole number.
    pub fn figure(&self, stage: Stage, name: &str) -> Option<u64> {
        self.stage(stage)?.figures.get(name)?.as_u64()
    }

    /// What protection says.
    pub fn protection(&self) -> &ProtectionRecord {
        &self.protection
    }

    /// The attacker's bounds of every hidden cell; none where the run has no such file.
    pub fn bounds(&self) -> &[CellBoundsRecord] {
        &self.bounds
    }

    /// The audit of suppression, table by table.
    pub fn audits(&self) -> &[SuppressionAuditRecord] {
        &self.audits
    }

    /// How good the fields are.
    pub fn fields(&self) -> &[FieldQuality] {
        &self.fields
    }

    /// The digests of every file that a receipt names, by path below the run.
    pub fn files(&self) -> &Sums {
        &self.files
    }

    /// The accounts of the rows of a stage, one a source: files of one source are added up.
    pub fn by_source(&self, stage: Stage) -> Vec<RowAccount> {
        let mut out: Vec<RowAccount> = Vec::new();
        let accounts = self.stage(stage).map_or(&[][..], |s| &s.accounts);
        for one in accounts {
            let sum = match out.iter_mut().position(|a| a.source == one.source) {
                Some(at) => &mut out[at],
                None => {
                    out.push(RowAccount::new(one.source.clone(), one.source.clone()));
                    match out.last_mut() {
                        Some(last) => last,
                        None => continue,
                    }
                }
            };
            sum.rows_in += one.rows_in;
            sum.accepted += one.accepted;
            sum.quarantined += one.quarantined;
            sum.merged += one.merged;
            sum.excluded += one.excluded;
            sum.out_of_scope += one.out_of_scope;
        }
        out
    }
}

fn plain_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<(T, Digest), ReportError> {
    if !path.exists() {
        return Err(ReportError::Absent {
            path: path.to_path_buf(),
        });
    }
    let bytes = std::fs::read(path).map_err(|source| ReportError::Io {
        path: PathBuf::from(path),
        source,
    })?;
    let value = serde_json::from_slice(&bytes).map_err(|_| ReportError::Form {
        path: PathBuf::from(path),
    })?;
    Ok((value, Digest::of(&bytes)))
}

/// The rows of a CSV file of the run, checked and read; none if it is not among the files.
fn sheet<T: serde::de::DeserializeOwned>(
    run: &Path,
    files: &Sums,
    name: &Path,
) -> Result<Vec<T>, ReportError> {
    let Some(path) = files.checked(run, name)? else {
        return Ok(Vec::new());
    };
    let bytes = std::fs::read(&path).map_err(|source| ReportError::Io {
        path: path.clone(),
        source,
    })?;
    // The bytes that are parsed are the bytes that were digested.
    if files.digest(name) != Some(&Digest::of(&bytes)) {
        return Err(ReportError::Changed { path });
    }
    let rows = csv::Reader::from_reader(bytes.as_slice()).into_deserialize();
    let rows: Result<Vec<T>, csv::Error> = rows.collect();
    rows.map_err(|_| ReportError::Form { path })
}

fn read_fields(path: &Path) -> Result<Vec<FieldQuality>, ReportError> {
    let mut out = Vec::new();
    for batch in TableReader::open(path, None)? {
        let batch = batch?;
        let (source, field) = (text(&batch, "source", path)?, text(&batch, "field", path)?);
        let [rows, missing, default, invalid] =
            ["rows", "missing", "default", "invalid"].map(|name| counts(&batch, name, path));
        let (rows, missing, default, invalid) = (rows?, missing?, default?, invalid?);
        for i in 0..batch.num_rows() {
            out.push(FieldQuality {
                source: source.value(i).to_owned(),
                field: field.value(i).to_owned(),
                rows: rows.value(i),
                missing: missing.value(i),
                default: default.value(i),
                invalid: invalid.value(i),
            });
        }
    }
    Ok(out)
}
