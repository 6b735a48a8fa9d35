//! `kinlink verify`: recompute every digest and the row accounting of a run.

use std::path::PathBuf;

use serde_json::json;

use super::progress::thousands;
use super::{Context, Done, Failure};
use crate::pipeline;

/// Arguments of `kinlink verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run's folder.
    run: PathBuf,
}

pub(super) fn run(args: Args, _context: &Context) -> Result<Done, Failure> {
    let found = pipeline::verify(&args.run)?;
    let stages: Vec<&str> = found.stages.iter().map(|s| s.word()).collect();
    let text = format!(
        "verified     {}\nstages       {}\ninputs       {} as recorded\nfiles        {} as recorded, \
         none unrecorded\nremoved      {} files with clear identifiers, gone as recorded\nrows         \
         {} in {} accounts, all accounted for",
        found.id,
        stages.join(", "),
        found.inputs,
        found.files,
        found.purged,
        thousands(found.rows),
        found.accounts,
    );
    let json = json!({
        "run": found.id, "stages": stages, "inputs": found.inputs, "files": found.files,
        "purged": found.purged, "rows": found.rows, "accounts": found.accounts,
    });
    Ok(Done::new(text, json))
}
