//! `kinlink run`: a pipeline from extracts to a release.

use std::path::PathBuf;

use super::summary;
use super::{Context, Done, Failure};
use crate::pipeline::{self, Options};
use crate::stage::Stage;

/// Arguments of `kinlink run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The pipeline file.
    pipeline: PathBuf,
    /// Another root for the extracts' paths.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where run directories go; `runs` in the project by default.
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
    /// Do this stage and those after it again.
    #[arg(long, value_name = "STAGE", value_parser = stage)]
    from: Option<Stage>,
    /// Stop after this stage.
    #[arg(long, value_name = "STAGE", value_parser = stage)]
    to: Option<Stage>,
}

fn stage(word: &str) -> Result<Stage, String> {
    Stage::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = Stage::ALL.iter().map(|s| s.word()).collect();
        format!("the stages are {}", words.join(", "))
    })
}

pub(super) fn run(args: Args, context: &Context) -> Result<Done, Failure> {
    let options = Options {
        data: args.data,
        runs: args.runs,
        from: args.from,
        to: args.to,
    };
    let outcome = pipeline::run(&args.pipeline, &options, &context.progress)?;
    Ok(summary::of(&outcome))
}
