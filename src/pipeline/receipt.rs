//! Receipts, the plan and the manifest: what was done with what, so that it can be checked.
//!
//! A stage is finished when its receipt verifies. The manifest holds the digest of the plan and
//! of every receipt, and follows from them, so that it can be made anew and compared.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::error::{Mismatch, MismatchKind, PipelineError};
use crate::accounting::RowAccount;
use crate::digest::Digest;
use crate::stage::{OutputFile, Stage};

/// A file that goes in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputFile {
    /// What it is to the pipeline: `custody.offenders`, `schema of custody.offenders`.
    pub role: String,
    /// Its path as the pipeline names it.
    pub path: PathBuf,
    /// Its digest.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
}

/// The program that ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Its version.
    pub version: String,
    /// The digest of its file.
    pub digest: Digest,
}

impl Program {
    /// This program.
    pub fn this() -> Result<Self, PipelineError> {
        let path = std::env::current_exe().map_err(PipelineError::io(Path::new("kinlink")))?;
        let (digest, _) = Digest::of_file(&path).map_err(PipelineError::io(&path))?;
        Ok(Program {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            digest,
        })
    }
}

/// `plan.json`: what a run is made from. The run id is derived from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The project's name.
    pub project: String,
    /// The pipeline file's digest.
    pub configuration: Digest,
    /// The fingerprint of the key, where there is one.
    pub key: Option<String>,
    /// Is it a rehearsal: on synthetic extracts, or with a key for rehearsal?
    pub rehearsal: bool,
    /// Every input, in the order of the pipeline file.
    pub inputs: Vec<InputFile>,
}

impl Plan {
    /// The digest that the run id is made from: inputs, configuration and key.
    pub fn digest(&self) -> Result<Digest, PipelineError> {
        Ok(Digest::of(&to_json(self, Path::new("plan.json"))?))
    }
}

/// `receipt.json` of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The stage.
    pub stage: Stage,
    /// The plan's digest.
    pub plan: Digest,
    /// The digest of the receipt before it.
    pub previous: Option<Digest>,
    /// The fingerprint of the key, where there is one.
    pub key: Option<String>,
    /// The program.
    pub program: Program,
    /// Every file written.
    pub outputs: Vec<OutputFile>,
    /// Files of earlier stages that were removed because they hold clear identifiers.
    pub purged: Vec<PathBuf>,
    /// The account of the rows.
    pub accounts: Vec<RowAccount>,
    /// Figures for the summary and the quality report.
    pub figures: std::collections::BTreeMap<String, serde_json::Value>,
}

/// `manifest.json`: the digests of the plan and of every receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The run's id.
    pub run: String,
    /// The plan's digest.
    pub plan: Digest,
    /// The receipts, in the order of the stages.
    pub receipts: Vec<(Stage, Digest)>,
}

/// Serialises as indented JSON with a line feed at the end.
pub fn to_json<T: Serialize>(value: &T, path: &Path) -> Result<Vec<u8>, PipelineError> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|_| PipelineError::Record {
        path: path.to_path_buf(),
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads a record; its digest is that of the bytes read.
pub fn read_record<T: DeserializeOwned>(path: &Path) -> Result<(T, Digest), PipelineError> {
    let bytes = std::fs::read(path).map_err(PipelineError::io(path))?;
    let value = serde_json::from_slice(&bytes).map_err(|_| PipelineError::Record {
        path: path.to_path_buf(),
    })?;
    Ok((value, Digest::of(&bytes)))
}

/// Writes a record so that it is there whole or not at all: to a temporary name, synced, renamed,
/// and the folder synced.
pub fn write_record<T: Serialize>(path: &Path, value: &T) -> Result<Digest, PipelineError> {
    let bytes = to_json(value, path)?;
    let io = PipelineError::io(path);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".partial");
    let partial = folder.join(name);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)
        .map_err(&io)?;
    file.write_all(&bytes).map_err(&io)?;
    file.sync_all().map_err(&io)?;
    std::fs::rename(&partial, path).map_err(&io)?;
    sync_folder(folder)?;
    Ok(Digest::of(&bytes))
}

/// Makes a rename durable.
pub fn sync_folder(folder: &Path) -> Result<(), PipelineError> {
    File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(PipelineError::io(folder))
}

/// Is a file what was recorded? Missing and changed files become mismatches.
pub fn check_file(path: &Path, digest: &Digest, bytes: u64) -> Option<Mismatch> {
    let kind = match std::fs::metadata(path) {
        Err(_) => Some(MismatchKind::Missing),
        Ok(meta) if meta.len() != bytes => Some(MismatchKind::Changed),
        Ok(_) => match Digest::of_file(path) {
            Ok((found, _)) if found == *digest => None,
            Ok(_) => Some(MismatchKind::Changed),
            Err(_) => Some(MismatchKind::Missing),
        },
    };
    kind.map(|what| Mismatch {
        path: path.to_path_buf(),
        what,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_and_a_changed_byte_shows() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("manifest.json");
        let manifest = Manifest {
            run: "r".into(),
            plan: Digest::of(b"p"),
            receipts: vec![(Stage::Ingest, Digest::of(b"i"))],
        };
        let digest = write_record(&path, &manifest).expect("written");
        let (back, again): (Manifest, Digest) = read_record(&path).expect("read");
        assert_eq!((back, again), (manifest, digest));

        let length = std::fs::metadata(&path).expect("there").len();
        assert_eq!(check_file(&path, &digest, length), None);
        let mut bytes = std::fs::read(&path).expect("bytes");
        bytes[3] ^= 1;
        std::fs::write(&path, bytes).expect("changed");
        let found = check_file(&path, &digest, length).expect("a mismatch");
        assert_eq!(found.what, MismatchKind::Changed);
    }
}
