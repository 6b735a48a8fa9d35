//! `kinlink release`: check, publish, withdraw and correct releases.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use super::{Context, Done, Failure};
use crate::pipeline;
use crate::release::{Checked, Limits, Published, ReleaseError, Shelf};

/// Arguments of `kinlink release`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What would stop a release: every reason at once. Exit code 7 if there is one.
    #[command(after_help = "Examples:\n  \
        kinlink release check runs/RUN\n  \
        kinlink release check runs/RUN --releases releases    also against earlier releases")]
    Check {
        /// The run's folder, or the folder of a release.
        run: PathBuf,
        /// The folder of releases; earlier ones about the same people are audited with this one.
        #[arg(long, value_name = "DIR")]
        releases: Option<PathBuf>,
        #[command(flatten)]
        limits: LimitArgs,
    },
    /// Check a release and put it into the folder of releases under its id, in one rename.
    Publish {
        #[command(flatten)]
        what: PublishArgs,
    },
    /// Take a release back. A page that says why stands in its place.
    Withdraw {
        /// The release's id.
        id: String,
        /// The folder of releases.
        #[arg(long, value_name = "DIR")]
        releases: PathBuf,
        /// Why; readers see it.
        #[arg(long)]
        reason: String,
    },
    /// Publish a release in the place of an earlier one of the same period, with a table of what
    /// changed (Q5).
    Correct {
        #[command(flatten)]
        what: PublishArgs,
        /// The id of the release that is corrected.
        #[arg(long, value_name = "ID")]
        of: String,
        /// Why; readers see it.
        #[arg(long)]
        reason: String,
    },
}

/// What is published, where and when.
#[derive(Debug, clap::Args)]
struct PublishArgs {
    /// The run's folder.
    run: PathBuf,
    /// The folder of releases.
    #[arg(long, value_name = "DIR")]
    releases: PathBuf,
    /// The day of publication, where [publish] does not state `release_date`. The time is 09:30.
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<String>,
    /// The people are invented, and the folder is one of rehearsals.
    #[arg(long)]
    rehearsal: bool,
    #[command(flatten)]
    limits: LimitArgs,
}

/// What the site lets out.
#[derive(Debug, Clone, Copy, clap::Args)]
struct LimitArgs {
    /// The most bytes of a file.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().bytes)]
    most_bytes: u64,
    /// The most rows of a table.
    #[arg(long, value_name = "ROWS", default_value_t = Limits::default().rows)]
    most_rows: u64,
    /// The least count that may be shown, other than 0.
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().least_count)]
    least_count: u64,
    /// The least base that counts are rounded to.
    #[arg(long, value_name = "BASE", default_value_t = Limits::default().least_base)]
    least_base: u64,
}

impl LimitArgs {
    fn limits(self) -> Limits {
        Limits {
            bytes: self.most_bytes,
            rows: self.most_rows,
            least_count: self.least_count,
            least_base: self.least_base,
        }
    }
}

pub(super) fn run(args: Args, _context: &Context) -> Result<Done, Failure> {
    match args.command {
        Command::Check {
            run,
            releases,
            limits,
        } => check(&run, releases.as_deref(), &limits.limits()),
        Command::Publish { what } => publish(&what, None),
        Command::Correct { what, of, reason } => publish(&what, Some((&of, &reason))),
        Command::Withdraw {
            id,
            releases,
            reason,
        } => {
            let entry = Shelf::open(&releases)?.withdraw(&id, &reason)?;
            let text = format!(
                "withdrawn  {}\nkept       {}",
                entry.id,
                releases.join(entry.folder()).display()
            );
            Ok(Done::new(text, json!({ "withdrawn": entry })))
        }
    }
}

/// The release of a run, or the folder itself where it is a release.
fn release_of(folder: &Path) -> PathBuf {
    if folder.join("SHA256SUMS").exists() {
        folder.to_path_buf()
    } else {
        folder.join("release")
    }
}

fn check(run: &Path, releases: Option<&Path>, limits: &Limits) -> Result<Done, Failure> {
    let release = release_of(run);
    let checked = match releases {
        Some(folder) => Shelf::look(folder)?.check(&release, limits)?,
        None => crate::release::check(&release, limits, &[], 0)?,
    };
    let json = serde_json::to_value(&checked).unwrap_or_default();
    let done = Done::new(text(&checked), json);
    if checked.refusals.is_empty() {
        let rehearsal = if checked.purpose == "rehearsal" {
            " --rehearsal"
        } else {
            ""
        };
        let folder = releases.unwrap_or(Path::new("releases"));
        return Ok(done.next(format!(
            "kinlink release publish {} --releases {}{rehearsal}",
            run.display(),
            folder.display()
        )));
    }
    Ok(done.blocked(ReleaseError::Refused {
        release,
        refusals: checked.refusals,
    }))
}

fn text(checked: &Checked) -> String {
    let earlier = match checked.earlier.as_slice() {
        [] => "none about the same people".to_owned(),
        ids => format!("{} ({} audits)", ids.join(", "), checked.audits),
    };
    let mut out = format!(
        "release   {}\nfiles     {}\ntables    {}\ncounts    {}\nearlier   {earlier}\n",
        checked.id, checked.files, checked.tables, checked.counts
    );
    if checked.other_periods > 0 {
        let _ = writeln!(
            out,
            "others    {} of other periods, which are about other people",
            checked.other_periods
        );
    }
    let verdict = match checked.refusals.len() {
        0 => "nothing stops it".to_owned(),
        n => format!("{n} reasons to refuse it"),
    };
    let _ = writeln!(out, "verdict   {verdict}");
    out
}

fn publish(what: &PublishArgs, corrects: Option<(&str, &str)>) -> Result<Done, Failure> {
    let stated = pipeline::release_date(&what.run)?;
    let date = match (&stated, &what.date) {
        (Some(a), Some(b)) if a != b => return Err(ReleaseError::Date.into()),
        (Some(date), _) | (None, Some(date)) => date.clone(),
        (None, None) => return Err(ReleaseError::Date.into()),
    };
    let release = what.run.join("release");
    let limits = what.limits.limits();
    let mut shelf = Shelf::open(&what.releases)?;
    let put = match corrects {
        None => shelf.publish(&release, &date, what.rehearsal, &limits)?,
        Some(of) => shelf.correct(&release, of, &date, what.rehearsal, &limits)?,
    };
    Ok(Done::new(published_text(&put), published_json(&put)))
}

fn published_text(put: &Published) -> String {
    let mut out = format!(
        "published  {}\nlabel      {}\nfrom       {}\nfolder     {}\n",
        put.entry.id,
        put.entry.label,
        put.entry.available_from,
        put.folder.display()
    );
    if let Some(of) = &put.entry.corrects {
        let _ = writeln!(
            out,
            "corrects   {of}\nrevised    {} cells, in revisions/Q5-{}.csv",
            put.revisions.len(),
            put.entry.id
        );
    }
    out
}

fn published_json(put: &Published) -> serde_json::Value {
    json!({
        "published": put.entry, "folder": put.folder, "checked": put.checked,
        "revised": put.revisions.len(),
    })
}
