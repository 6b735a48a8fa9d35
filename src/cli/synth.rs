//! `kinlink synth`: write synthetic extracts of England and Wales with a known truth.

use std::path::PathBuf;

use serde_json::json;

use super::progress::thousands;
use super::{Context, Done, Failure};
use crate::synth::{Job, Parameters, Summary, run as write};

/// Arguments of `kinlink synth`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder to write; it must be empty or not there yet.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The part of the country: 1 is all of England and Wales.
    #[arg(long, default_value_t = 0.02)]
    scale: f64,
    /// The seed; the same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Another parameter file than the one built in.
    #[arg(long, value_name = "FILE")]
    parameters: Option<PathBuf>,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Done, Failure> {
    let parameters = match &args.parameters {
        Some(path) => Parameters::load(path)?,
        None => Parameters::built_in()?,
    };
    let job = Job {
        out: args.out,
        seed: args.seed,
        scale: args.scale,
        parameters,
    };
    let summary = write(&job, &context.progress)?;
    let json = serde_json::to_value(&summary).unwrap_or_else(|_| json!({}));
    Ok(Done::new(text(&job, &summary), json))
}

fn text(job: &Job, s: &Summary) -> String {
    let bytes: u64 = s.files.iter().map(|f| f.bytes).sum();
    let mut lines = vec![
        format!("synthetic extracts   {}", job.out.display()),
        format!(
            "files                {} ({} MB)",
            s.files.len(),
            bytes / 1_000_000
        ),
    ];
    for (label, n) in [
        ("in prison, year", s.people),
        ("in prison, date", s.stock[0]),
        ("parents, year", s.parents),
        ("on probation", s.probation),
        ("children under 18", s.children),
    ] {
        lines.push(format!("{label:<20} {:>10}", thousands(n)));
    }
    lines.push(format!(
        "{:<20} {:>10} {:>11} {:>10}",
        "true children", "stock", "year_unique", "incidence"
    ));
    for (label, t) in [("  all", s.all), ("  named", s.named)] {
        lines.push(format!(
            "{label:<20} {:>10} {:>11} {:>10}",
            thousands(t.stock),
            thousands(t.year_unique),
            thousands(t.incidence)
        ));
    }
    lines.join("\n")
}
