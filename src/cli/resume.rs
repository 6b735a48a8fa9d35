//! `kinlink resume`: go on with a run that was interrupted.

use std::path::PathBuf;

use super::summary;
use super::{Context, Done, Failure};
use crate::pipeline;

/// Arguments of `kinlink resume`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run's folder, such as `runs/rehearsal-0123456789ab`.
    run: PathBuf,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Done, Failure> {
    let outcome = pipeline::resume(&args.run, &context.progress)?;
    Ok(summary::of(&outcome))
}
