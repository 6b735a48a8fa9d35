//! `kinlink lint`: a file that is to be published against the standard for its kind.

use std::path::PathBuf;

use super::{Context, Done, Failure};
use crate::publish::lint::{self, LintError, Outcome};

/// Arguments of `kinlink lint`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kinlink lint runs/RUN/release/tables.ods                the 36 items of the release checklist\n  \
    kinlink lint runs/RUN/release/ees/t07_stock_england.csv the checks of the screener, all stages\n\n\
    Exit code 3 if an essential item or a check fails; a warning does not stop a release.")]
pub struct Args {
    /// A spreadsheet (.ods), or a data file (.csv) with its .meta.csv beside it.
    file: PathBuf,
}

pub(super) fn run(args: Args, _context: &Context) -> Result<Done, Failure> {
    let report = lint::lint(&args.file)?;
    let done = Done::new(report.text(), report.json());
    if report.stops() {
        return Ok(done.blocked(LintError::Stops {
            path: args.file,
            failed: report
                .findings
                .iter()
                .filter(|f| f.essential && f.outcome == Outcome::Fail)
                .count(),
        }));
    }
    Ok(done)
}
