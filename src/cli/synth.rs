//! `kinlink synth`: write synthetic extracts of England and Wales with a known truth, or two files
//! of people to link.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::progress::thousands;
use super::{Context, Done, Failure};
use crate::synth::pair::{self, Form, PairJob, PairParameters, PairSummary};
use crate::synth::{Job, Parameters, Summary, run as write};

/// Arguments of `kinlink synth`.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:\n  \
        kinlink synth --scale 0.02 -o extracts              a fiftieth of the country\n  \
        kinlink synth pair --rows 100000 -o pair            two files to link, and their truth"
)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// The folder to write; it must be empty or not there yet.
    #[arg(short, long, value_name = "DIR", required = true)]
    out: Option<PathBuf>,
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

#[derive(Debug, Subcommand)]
enum Command {
    /// Write two files of people to link, their truth, and a specification for `kinlink link`.
    Pair(PairArgs),
}

#[derive(Debug, clap::Args)]
struct PairArgs {
    /// Rows of each of the two files.
    #[arg(long, value_name = "N")]
    rows: u64,
    /// The folder to write; it must be empty or not there yet.
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// The seed; the same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How the two files and the truth are written.
    #[arg(long = "as", value_name = "FORM", value_enum, default_value_t = FileForm::Parquet)]
    form: FileForm,
    /// Another parameter file than the one built in.
    #[arg(long, value_name = "FILE")]
    parameters: Option<PathBuf>,
}

/// How files are written.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum FileForm {
    /// Parquet.
    Parquet,
    /// CSV in UTF-8.
    Csv,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Done, Failure> {
    let out = match (args.command, args.out) {
        (Some(Command::Pair(args)), _) => return run_pair(args, context),
        (None, Some(out)) => out,
        // The parser has asked for it.
        (None, None) => return Ok(Done::new("", serde_json::Value::Null)),
    };
    let parameters = match &args.parameters {
        Some(path) => Parameters::load(path)?,
        None => Parameters::built_in()?,
    };
    let job = Job {
        out,
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

fn run_pair(args: PairArgs, context: &Context) -> Result<Done, Failure> {
    let parameters = match &args.parameters {
        Some(path) => PairParameters::load(path)?,
        None => PairParameters::built_in()?,
    };
    let job = PairJob {
        out: args.out,
        rows: args.rows,
        seed: args.seed,
        form: match args.form {
            FileForm::Parquet => Form::Parquet,
            FileForm::Csv => Form::Csv,
        },
        parameters,
    };
    let summary = pair::run(&job, &context.progress)?;
    let json = serde_json::to_value(&summary).unwrap_or_else(|_| json!({}));
    let file = |name: &str| job.out.join(name).display().to_string();
    let people = |stem: &str| file(&format!("{stem}.{}", job.form.ending()));
    Ok(Done::new(pair_text(&job, &summary), json).next(format!(
        "kinlink link {} {} --spec {} --key KEY -o OUT",
        people("left"),
        people("right"),
        file("spec.toml"),
    )))
}

fn pair_text(job: &PairJob, s: &PairSummary) -> String {
    let mut lines = vec![format!("two files to link    {}", job.out.display())];
    for (label, n) in [
        ("rows of each", s.rows),
        ("people in both", s.both),
        ("second records", s.again),
        ("true pairs", s.true_pairs),
    ] {
        lines.push(format!("{label:<20} {:>10}", thousands(n)));
    }
    lines.push(format!(
        "{:<20} {:>10} {:>10}",
        "records with", "left", "right"
    ));
    for (kind, [left, right]) in &s.errors {
        let label = format!("  {}", kind.replace('_', " "));
        let (left, right) = (thousands(*left), thousands(*right));
        lines.push(format!("{label:<20} {left:>10} {right:>10}"));
    }
    lines.join("\n")
}
