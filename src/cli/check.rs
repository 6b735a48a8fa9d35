//! `kinlink check`: what is missing or wrong before a run. Reads no personal data.

use std::path::PathBuf;

use serde_json::json;

use super::{Context, Done, Failure};
use crate::pipeline::{self, Options};

/// Arguments of `kinlink check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The pipeline file.
    pipeline: PathBuf,
    /// Another root for the extracts' paths.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

pub(super) fn run(args: Args, _context: &Context) -> Result<Done, Failure> {
    let options = Options {
        data: args.data,
        ..Options::default()
    };
    let found = pipeline::check(&args.pipeline, &options)?;
    let extracts = match (found.rehearsal, found.files) {
        (true, 0) => "synthetic, written when the pipeline runs".to_owned(),
        (_, 0) => "none needed".to_owned(),
        (_, files) => format!("{} in {files} files, all there", found.sources),
    };
    let text = format!(
        "project      {}\nsources      {extracts}\ntables       {}",
        found.project, found.tables
    );
    let json = json!({
        "project": found.project, "sources": found.sources, "files": found.files,
        "tables": found.tables, "rehearsal": found.rehearsal,
    });
    Ok(Done::new(text, json).next(format!("kinlink run {}", args.pipeline.display())))
}
