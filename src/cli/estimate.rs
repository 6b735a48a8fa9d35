//! `kinlink estimate`: estimators by themselves, on tables of counts.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Context, Done, Failure};
use crate::estimate::{capture, pair};

/// Arguments of `kinlink estimate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// How many are on no list: capture and recapture from a table of list histories.
    Capture(CaptureArgs),
    /// How many are on neither of two lists that were linked with error, from a clerical sample.
    Pair(PairArgs),
}

/// Arguments of `kinlink estimate pair`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
        kinlink estimate pair out/review/strata.csv --first 8000 --second 5200\n  \
        kinlink estimate pair strata.csv --first 8000 --second 5200 --missed 40 --missed-error 12")]
struct PairArgs {
    /// The strata of a clerical sample: columns stratum, place (linked, below, outside), pairs,
    /// labelled, matches. `kinlink link review read` writes such a file.
    strata: PathBuf,
    /// Distinct people on the first list.
    #[arg(long, value_name = "N")]
    first: u64,
    /// Distinct people on the second.
    #[arg(long, value_name = "N")]
    second: u64,
    /// About so many matches no blocking rule brought together (`missed` in model.json).
    #[arg(long, value_name = "M", requires = "missed_error")]
    missed: Option<f64>,
    /// The standard error of that.
    #[arg(long, value_name = "S", requires = "missed")]
    missed_error: Option<f64>,
    /// Draws of precision and recall, 1,000 or more.
    #[arg(long, value_name = "R", default_value_t = 10_000)]
    draws: u32,
    /// The seed of the draws.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Arguments of `kinlink estimate capture`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
        kinlink estimate capture table.csv\n  \
        kinlink estimate capture table.csv --lists birth,death,rehab\n  \
        kinlink estimate capture table.csv --model \"a + b + c + a:b\" --format json")]
struct CaptureArgs {
    /// A CSV file: a column of 0 and 1 for each list, then `count`, the people of that history.
    table: PathBuf,
    /// The columns that are lists, two to six; rows are added up over all others. Without it every
    /// column but `count` is a list.
    #[arg(long, value_delimiter = ',', value_name = "A,B,…")]
    lists: Option<Vec<String>>,
    /// Only models with terms of at most so many lists.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=5))]
    max_order: Option<u32>,
    /// Use this model, written by its terms as in the output, whatever the criteria say.
    #[arg(long, value_name = "TERMS")]
    model: Option<String>,
    /// Replicates of the bootstrap: 0 for none, or 100 to 100000.
    #[arg(long, value_name = "R", default_value_t = 1_000)]
    replicates: u32,
    /// The seed of the bootstrap.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn run(args: Args, _context: &Context) -> Result<Done, Failure> {
    match args.command {
        Command::Capture(args) => capture_table(args),
        Command::Pair(args) => two_lists(&args),
    }
}

fn two_lists(args: &PairArgs) -> Result<Done, Failure> {
    let sampled = pair::read(&args.strata)?;
    let report = pair::analyse(
        sampled,
        &pair::Options {
            first: args.first,
            second: args.second,
            missed: args.missed.zip(args.missed_error),
            draws: args.draws,
            seed: args.seed,
        },
    )?;
    let json = serde_json::to_value(&report).unwrap_or_default();
    Ok(Done::new(pair::text::text(&report), json))
}

fn capture_table(args: CaptureArgs) -> Result<Done, Failure> {
    let read = capture::read(&args.table, args.lists.as_deref())?;
    let report = capture::analyse(
        &read,
        &capture::Options {
            max_order: args.max_order,
            model: args.model,
            replicates: args.replicates,
            seed: args.seed,
        },
    )?;
    let json = serde_json::to_value(&report).unwrap_or_default();
    Ok(Done::new(capture::text::text(&report), json))
}
