//! `manifest.json`: what is in the folder, and what it was made with. No clock, no path of the
//! owner's disk, and no digest of a clear file: that of a short extract could be guessed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::OwnerError;
use super::request::{Checked, Request, file_name};
use crate::accounting::RowAccount;
use crate::digest::Digest;
use crate::ingest::IngestError;
use crate::pseudonymise::Recipe;
use crate::stage::OutputFile;

/// What both sides must have alike, and what the pseudonyms depend on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The project that keys are derived for.
    pub project: String,
    /// Its round.
    pub round: String,
    /// The key's purpose.
    pub purpose: String,
    /// The key's public name.
    pub key_fingerprint: String,
    /// The system.
    pub system: String,
    /// What the records are unique within.
    pub records_within: Within,
    /// The reference date.
    pub reference_date: String,
    /// First and last day of the period, both included.
    pub period: [String; 2],
    /// The schema's file name and digest.
    pub schema: (String, Digest),
}

/// What the pseudonyms of records and rows hold for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Within {
    /// All extracts of the system that the owner named.
    System,
    /// This extract alone: no system was named.
    Extract,
}

impl Within {
    fn of(request: &Request) -> Self {
        match request.system {
            Some(_) => Within::System,
            None => Within::Extract,
        }
    }
}

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Where, relative to the folder.
    pub path: PathBuf,
    /// Its digest.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
    /// Its rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

impl From<OutputFile> for FileEntry {
    fn from(file: OutputFile) -> Self {
        FileEntry {
            path: file.path,
            digest: file.digest,
            bytes: file.bytes,
            rows: file.rows,
        }
    }
}

/// The manifest of a folder that an owner made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The program and its version.
    pub made_by: String,
    /// `split`, or `research release`.
    pub what: String,
    /// The research project of a release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_for: Option<String>,
    /// The settings.
    pub settings: Settings,
    /// The number of the system in the linkage files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<u8>,
    /// The recipes, by kind of person; the place of one in its list is its pass.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub recipes: BTreeMap<String, Vec<String>>,
    /// The account of the extract's rows.
    pub rows: Vec<RowAccount>,
    /// The files, in order.
    pub files: Vec<FileEntry>,
}

/// The recipes by their names.
pub(super) fn names(recipes: &BTreeMap<String, Vec<Recipe>>) -> BTreeMap<String, Vec<String>> {
    let named = |all: &Vec<Recipe>| all.iter().map(Recipe::name).collect();
    let kinds = recipes.iter();
    kinds
        .map(|(kind, all)| (kind.clone(), named(all)))
        .collect()
}

/// The program's name and version, as manifests write it.
pub(super) fn made_by() -> String {
    format!("kinlink {}", env!("CARGO_PKG_VERSION"))
}

impl Settings {
    pub(super) fn of(request: &Request, checked: &Checked) -> Result<Self, OwnerError> {
        let (digest, _) =
            Digest::of_file(&request.schema).map_err(OwnerError::io(&request.schema))?;
        Ok(Settings {
            project: request.project.clone(),
            round: request.round.clone(),
            purpose: checked.key.purpose().word().to_owned(),
            key_fingerprint: checked.key.fingerprint().to_string(),
            system: checked.system.clone(),
            records_within: Within::of(request),
            reference_date: request.reference.to_string(),
            period: checked.period(),
            schema: (file_name(&request.schema), digest),
        })
    }
}

/// The accounts with the file's name alone: `ingest` writes the folder above it too.
///
/// # Errors
/// An account that does not balance: a defect.
pub(super) fn accounts(
    accounts: Vec<RowAccount>,
    input: &Path,
) -> Result<Vec<RowAccount>, OwnerError> {
    let name = file_name(input);
    let mut out = accounts;
    for account in &mut out {
        if !account.balances() {
            return Err(OwnerError::Ingest(IngestError::Unaccounted {
                unit: account.unit.clone(),
                rows_in: account.rows_in,
                accounted: account.accounted(),
            }));
        }
        let unit = account
            .unit
            .rfind(&name)
            .and_then(|at| account.unit.get(at..));
        account.unit = unit.map_or_else(|| name.clone(), str::to_owned);
    }
    Ok(out)
}

/// A record of the folder as text: JSON with a line break at its end.
pub(super) fn to_json<T: Serialize>(value: &T, path: &Path) -> Result<String, OwnerError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(std::io::Error::other)
        .map_err(OwnerError::io(path))?;
    Ok(text + "\n")
}
