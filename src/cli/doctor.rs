//! `kinlink doctor`: what of this machine would hinder a run.

use std::path::PathBuf;

use serde_json::json;

use super::{Context, Done, Failure};
use crate::doctor::{Finding, Unfit, Verdict, examine};
use crate::pipeline::Options;

/// Arguments of `kinlink doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
        kinlink doctor                              the machine and this folder\n  \
        kinlink doctor pipelines/national.toml      and what this pipeline asks of them\n\n\
        Each line is ok, warn or fail. Exit code 2 if one is fail.")]
pub struct Args {
    /// The pipeline file.
    pipeline: Option<PathBuf>,
    /// Another root for the extracts' paths.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where run directories go; `runs` in the project by default.
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
}

pub(super) fn run(args: Args, _context: &Context) -> Result<Done, Failure> {
    let options = Options {
        data: args.data,
        runs: args.runs,
        ..Options::default()
    };
    let findings = examine(args.pipeline.as_deref(), &options)?;
    let lines: Vec<String> = findings.iter().map(line).collect();
    let worst = findings.iter().map(|f| f.verdict).max();
    let json = json!({ "worst": worst, "findings": findings });
    let done = Done::new(lines.join("\n"), json);
    let count = findings
        .iter()
        .filter(|f| f.verdict == Verdict::Fail)
        .count();
    if count > 0 {
        return Ok(done.blocked(Unfit { count }));
    }
    Ok(match &args.pipeline {
        Some(pipeline) => done.next(format!("kinlink run {}", pipeline.display())),
        None => done.next("kinlink doctor PIPELINE"),
    })
}

fn line(finding: &Finding) -> String {
    let help = match &finding.help {
        Some(help) => format!(": {help}"),
        None => String::new(),
    };
    format!(
        "{:<5} {}: {}{help}",
        finding.verdict.word(),
        finding.topic,
        finding.what
    )
}
