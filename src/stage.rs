//! The six stages and what one leaves behind.
//!
//! A stage is a function of the files before it. It is handed the folders it may write to and
//! hands back a [`StageReport`]; the run directory turns that into a receipt.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::accounting::RowAccount;
use crate::digest::Digest;
use crate::progress::Progress;

/// The six stages, in the order of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Extracts to the canonical model.
    Ingest,
    /// Identifiers to keyed hashes.
    Pseudonymise,
    /// Rows to people.
    Link,
    /// People to counts.
    Estimate,
    /// Counts to safe tables.
    Protect,
    /// Safe tables to files that people read.
    Publish,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Stage; 6] = [
        Stage::Ingest,
        Stage::Pseudonymise,
        Stage::Link,
        Stage::Estimate,
        Stage::Protect,
        Stage::Publish,
    ];

    /// The word for it, everywhere the same.
    pub fn word(self) -> &'static str {
        match self {
            Stage::Ingest => "ingest",
            Stage::Pseudonymise => "pseudonymise",
            Stage::Link => "link",
            Stage::Estimate => "estimate",
            Stage::Protect => "protect",
            Stage::Publish => "publish",
        }
    }

    /// 1 to 6.
    pub fn number(self) -> usize {
        Stage::ALL.iter().position(|s| *s == self).unwrap_or(0) + 1
    }

    /// The name of its folder, `03-link`.
    pub fn folder(self) -> String {
        format!("{:02}-{}", self.number(), self.word())
    }

    /// The stage of that word.
    pub fn from_word(word: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// A file that a stage wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputFile {
    /// Where, relative to the run directory.
    pub path: PathBuf,
    /// Its digest.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
    /// Its rows, where it has rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// What a stage leaves behind: the files, the account of the rows, and figures for the summary.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StageReport {
    /// Every file written, in a fixed order.
    pub files: Vec<OutputFile>,
    /// The account of the rows.
    pub accounts: Vec<RowAccount>,
    /// Figures for the log, the summary and the quality report (restricted: exact counts).
    pub figures: BTreeMap<String, serde_json::Value>,
}

/// The folders a stage may write to, and who watches. `stage` and `restricted` are empty folders
/// of this stage's own; the files' paths are reported relative to `root`.
pub struct StageFolders<'a> {
    /// The run directory.
    pub root: &'a Path,
    /// `stage/<nn-name>` of this stage.
    pub stage: &'a Path,
    /// `restricted/<nn-name>` of this stage.
    pub restricted: &'a Path,
    /// `review/<nn-name>` of this stage.
    pub review: &'a Path,
    /// Who watches.
    pub progress: &'a dyn Progress,
}

impl StageFolders<'_> {
    /// The path of a file as a receipt writes it: relative to the run directory.
    pub fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.root).unwrap_or(path).to_path_buf()
    }
}
