//! The command line: one file for each command, and the edge where errors become exit codes.
//!
//! Data goes to standard output, messages to standard error. A command returns [`Done`] with what
//! it found and what to type next, or an error that this room prints with its code, place, rule
//! and help.

mod output;
mod progress;

mod attack;
mod budget;
mod check;
mod clkhash;
mod defect;
mod doctor;
mod estimate;
mod explain;
mod harden;
mod init;
mod key;
mod labels;
mod link;
mod link_evaluate;
mod link_parcels;
mod link_review;
mod link_splink;
mod link_why;
mod lint;
mod protect;
mod pseudonymise;
mod release;
mod report;
mod research;
mod resume;
mod run;
mod shell;
mod summary;
mod synth;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::diagnostic::Diagnose;
pub use defect::guarded;
pub use harden::harden;
pub use output::{Context, Done, Format};

/// How many children have a parent in prison? Pseudonymise, link, estimate, protect, publish.
#[derive(Parser)]
#[command(
    name = "kinlink",
    version,
    max_term_width = 100,
    after_help = "Examples:\n  \
        kinlink init families                     a new project folder\n  \
        kinlink run pipelines/rehearsal.toml      the whole job on synthetic extracts\n  \
        kinlink check pipelines/national.toml     what is missing before a real run\n  \
        kinlink verify runs/RUN                   recompute every digest and the row accounting\n\n\
        Exit codes: 0 done, 1 bug, 2 usage or configuration, 3 input invalid, 4 integrity,\n\
        5 rows unaccounted, 6 key or permission, 7 disclosure control blocks, 8 approval,\n\
        9 resources (resumable), 11 locked, 130 and 143 interrupted (resumable)."
)]
pub struct Cli {
    #[command(flatten)]
    global: output::Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a new project folder: pipelines, schemas, places for keys and data.
    Init(init::Args),
    /// What of this machine would hinder a run.
    Doctor(doctor::Args),
    /// Check a pipeline file, its schemas and its sources; reads no personal data.
    Check(check::Args),
    /// Run a pipeline: extracts in, protected tables out.
    Run(run::Args),
    /// Go on with a run that was interrupted.
    Resume(resume::Args),
    /// Recompute every digest and the row accounting of a run.
    Verify(verify::Args),
    /// Let a motivated intruder at a run's own encodings.
    Attack(attack::Args),
    /// Write synthetic extracts of England and Wales with a known truth.
    Synth(synth::Args),
    /// Make, inspect, split and combine keys.
    Key(key::Args),
    /// An owner's extract as parcels for linkage unit and analyst, or as a research release.
    Pseudonymise(pseudonymise::Args),
    /// Encode a table as clkhash does, for linkages whose other parties use it. Unhardened.
    Clkhash(clkhash::Args),
    /// Link two files, or the rows of one, on encodings; or evaluate such links.
    Link(link::Args),
    /// Estimators by themselves, on tables of counts.
    Estimate(estimate::Args),
    /// Protect a table by itself.
    Protect(protect::Args),
    /// A run as one HTML page with charts: for readers, for checkers, or for those who made it.
    Report(report::Args),
    /// Linked microdata of a run for one research project, under a floor.
    Research(research::Args),
    /// Check, publish, withdraw and correct releases.
    Release(release::Args),
    /// The privacy budget of tables with noise: make, plan, show, list.
    Budget(budget::Args),
    /// Check a spreadsheet or a data file against the standard for it.
    Lint(lint::Args),
    /// The labels of the tables on Wales in English and Welsh, as CSV.
    Labels(labels::Args),
    /// The long text of an error code.
    Explain(explain::Args),
    /// Completions for a shell.
    Completions(shell::CompletionsArgs),
    /// Manual pages.
    Man(shell::ManArgs),
}

/// A command's error: any room's.
pub type Failure = Box<dyn Diagnose + Send + Sync>;

impl<E: Diagnose + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Box::new(error)
    }
}

/// Parses the arguments, runs the command, prints what it has to say, and gives the exit code.
pub fn main() -> ExitCode {
    harden();
    guarded(work)
}

fn work() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too; clap knows which stream each belongs to.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let context = Context::new(cli.global);
    let result = match cli.command {
        Command::Init(args) => init::run(args, &context),
        Command::Doctor(args) => doctor::run(args, &context),
        Command::Check(args) => check::run(args, &context),
        Command::Run(args) => run::run(args, &context),
        Command::Resume(args) => resume::run(args, &context),
        Command::Verify(args) => verify::run(args, &context),
        Command::Attack(args) => attack::run(args, &context),
        Command::Synth(args) => synth::run(args, &context),
        Command::Key(args) => key::run(args, &context),
        Command::Pseudonymise(args) => pseudonymise::run(args, &context),
        Command::Clkhash(args) => clkhash::run(args, &context),
        Command::Link(args) => link::run(args, &context),
        Command::Estimate(args) => estimate::run(args, &context),
        Command::Protect(args) => protect::run(args, &context),
        Command::Report(args) => report::run(args, &context),
        Command::Research(args) => research::run(args, &context),
        Command::Release(args) => release::run(args, &context),
        Command::Budget(args) => budget::run(args, &context),
        Command::Lint(args) => lint::run(args, &context),
        Command::Labels(args) => labels::run(args, &context),
        Command::Explain(args) => explain::run(args, &context),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
    };
    context.conclude(result)
}
