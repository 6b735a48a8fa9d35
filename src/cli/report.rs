//! `kinlink report`: a run as one HTML page.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::json;

use super::progress::thousands;
use super::{Context, Done, Failure};
use crate::publish::report::{self, ReleaseView, Report, ReportError, RestrictedView, ReviewView};

/// Arguments of `kinlink report`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kinlink report runs/RUN                               the report of the release\n  \
    kinlink report runs/RUN --view review -o check.html   for output checkers")]
pub struct Args {
    /// The run's folder; for the view of a release also the folder of a release.
    run: PathBuf,
    /// Who reads it. Only `release` may be passed on.
    #[arg(long, value_enum, default_value_t = View::Release)]
    view: View,
    /// The file; `report-VIEW.html` here by default.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum View {
    /// Exact counts and the model of the linkage: for those who made the run.
    Restricted,
    /// Exact counts of rows and cells: for output checkers.
    Review,
    /// Released values alone.
    Release,
}

impl View {
    fn word(self) -> &'static str {
        match self {
            View::Restricted => "restricted",
            View::Review => "review",
            View::Release => "release",
        }
    }

    /// The permissions of a file of its zone.
    fn mode(self) -> u32 {
        match self {
            View::Restricted => 0o600,
            View::Review => 0o640,
            View::Release => 0o644,
        }
    }
}

pub(super) fn run(args: Args, _context: &Context) -> Result<Done, Failure> {
    let made = match args.view {
        View::Release => report::of_release(&ReleaseView::open(&release_of(&args.run))?)?,
        View::Review => report::of_review(&ReviewView::open(&args.run)?)?,
        View::Restricted => report::of_restricted(&RestrictedView::open(&args.run)?)?,
    };
    let view = args.view.word();
    let out = args
        .out
        .unwrap_or_else(|| PathBuf::from(format!("report-{view}.html")));
    outside(&args.run, &out)?;
    write(&out, &made, args.view.mode())?;
    let text = format!(
        "view      {view}\nsections  {}\ncharts    {}\nbytes     {}\nfile      {}",
        made.sections.join("; "),
        made.headlines.len(),
        thousands(u64::try_from(made.bytes.len()).unwrap_or(u64::MAX)),
        out.display(),
    );
    let json = json!({
        "view": view, "sections": made.sections, "charts": made.headlines,
        "bytes": made.bytes.len(), "file": out,
    });
    let done = Done::new(text, json);
    Ok(match args.view {
        View::Release => done.next(format!("kinlink release check {}", args.run.display())),
        View::Review | View::Restricted => done,
    })
}

/// The release of a run, or the folder itself where it is a release.
fn release_of(folder: &Path) -> PathBuf {
    if folder.join("SHA256SUMS").exists() {
        folder.to_path_buf()
    } else {
        folder.join("release")
    }
}

/// Every file of a run is recorded, so that a page among them would be one too many.
fn outside(run: &Path, out: &Path) -> Result<(), ReportError> {
    let folder = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let io = |path: &Path| {
        let path = path.to_path_buf();
        move |source| ReportError::Io { path, source }
    };
    let folder = folder.canonicalize().map_err(io(folder))?;
    let run = run.canonicalize().map_err(io(run))?;
    if folder.starts_with(run) {
        return Err(ReportError::Inside {
            path: out.to_path_buf(),
        });
    }
    Ok(())
}

/// Writes the page whole or not at all; an earlier page of that name is replaced.
fn write(out: &Path, made: &Report, mode: u32) -> Result<(), ReportError> {
    let io = |source| ReportError::Io {
        path: out.to_path_buf(),
        source,
    };
    let mut name = std::ffi::OsString::from(".");
    name.push(out.file_name().unwrap_or_default());
    name.push(".partial");
    let partial = out.with_file_name(name);
    match std::fs::remove_file(&partial) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => return Err(io(source)),
        _ => {}
    }
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&partial)
        .map_err(io)?;
    file.write_all(&made.bytes).map_err(io)?;
    file.sync_all().map_err(io)?;
    std::fs::rename(&partial, out).map_err(io)
}
