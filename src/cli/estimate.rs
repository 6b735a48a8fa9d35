//! `kinlink estimate`: estimators by themselves, on tables of counts.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Context, Done, Failure};
use crate::estimate::capture;

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
    let Command::Capture(args) = args.command;
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
