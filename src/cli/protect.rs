//! `kinlink protect`: protect a table of counts by itself.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Context, Done, Failure};
use crate::protect::{protect_table, read_spec};

/// Arguments of `kinlink protect`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Hide small counts, and what gives them away, in a table with all its margins; or, with
    /// `[dp]` in the specification, add noise to every count.
    Table {
        /// Rows of people, or inner cells with a column of counts; CSV or Parquet.
        input: PathBuf,
        /// What to protect and how, as TOML.
        #[arg(long)]
        spec: PathBuf,
        /// A new folder for `cells.parquet`, `restricted/cells.parquet` and `summary.json`.
        #[arg(short, long)]
        out: PathBuf,
    },
}

pub(super) fn run(args: Args, _context: &Context) -> Result<Done, Failure> {
    let Command::Table { input, spec, out } = args.command;
    let read = read_spec(&spec)?;
    if read.dp.is_some() {
        return super::budget::release(&input, &read, &spec, &out);
    }
    let started = std::time::Instant::now();
    let summary = protect_table(&input, &read, &spec, &out)?;
    let seconds = started.elapsed().as_secs_f64();
    let mut json = serde_json::to_value(&summary).unwrap_or_default();
    if let Some(object) = json.as_object_mut() {
        object.insert("seconds".to_owned(), seconds.into());
    }
    let width = match summary.least_width {
        Some(w) => format!("{w}"),
        None => "-".to_owned(),
    };
    let text = format!(
        "cells        {}\nprimary      {}   (restricted)\nsecondary    {}   (restricted)\n\
         cost         {}\nleast width  {width}\nrounding     {}\nseconds      {seconds:.2}",
        summary.cells,
        summary.primary,
        summary.secondary,
        summary.cost,
        summary.rounding.map_or("-".to_owned(), |b| b.to_string()),
    );
    Ok(Done::new(text, json))
}
