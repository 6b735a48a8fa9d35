//! Where a release comes from, told in the forms that others read: a public manifest, an in-toto
//! statement with SLSA provenance, an RO-Crate, and CSVW metadata beside every CSV.
//!
//! All of them are made of one [`Manifest`]. None holds an exact count of rows: these are
//! statistics too, and small ones could be had from exact sums.

mod csvw;
mod public;
mod research_object;
mod statement;

use serde_json::Value;

use super::cleared::ClearedInfo;
use super::datapackage::Named;
use crate::accounting::RowAccount;
use crate::digest::Digest;

pub(crate) use csvw::csvw;

/// What a run knows of where its release comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The digest of the run's plan: inputs, configuration and key together.
    pub plan: Digest,
    /// The digest of the pipeline file.
    pub configuration: Digest,
    /// The version of the program.
    pub program_version: String,
    /// The digest of the program's file.
    pub program: Digest,
    /// Schemas and code lists that went in, by what they are, with their digests. The digests of
    /// extracts stay in the run.
    pub definitions: Vec<(String, Digest)>,
    /// How many extracts went in.
    pub extracts: usize,
    /// The rows of each stage, by source; exact, and rounded before they are told.
    pub accounts: Vec<(String, RowAccount)>,
}

/// A release and where it comes from.
pub(crate) struct Manifest<'a> {
    pub info: ClearedInfo<'a>,
    pub from: &'a Provenance,
    /// Every file of the release so far, in order.
    pub files: &'a [Named],
}

impl Manifest<'_> {
    /// The files that are made of it, with their names.
    pub(crate) fn documents(&self) -> [(&'static str, Value); 3] {
        [
            ("manifest.public.json", public::manifest(self)),
            ("provenance.intoto.json", statement::statement(self)),
            ("ro-crate-metadata.json", research_object::metadata(self)),
        ]
    }
}

/// The last part of a path.
fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The media type of a file of a release.
fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("csv") => "text/csv",
        Some("json") => "application/json",
        Some("ods") => super::ods::SPREADSHEET,
        Some("parquet") => "application/vnd.apache.parquet",
        _ => "text/plain",
    }
}
