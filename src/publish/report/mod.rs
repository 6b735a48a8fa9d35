//! The report: one HTML file for people who look before they read, in three views.
//!
//! [`view`] holds what a view may see, as types; `sections` turn a view into headings, drawings
//! and tables; `chart` draws; `page` writes the file; `markup` is the one place where a text of the
//! data is escaped. The file has no script and asks for nothing from elsewhere.

mod chart;
mod clerical;
mod error;
mod linkage;
mod markup;
mod number;
mod page;
mod record;
mod released;
mod sealed_file;
mod sections;
mod view;

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

pub use clerical::{ClericalReview, ReviewedShare};
pub use error::{EXPLANATIONS, ReportError};
pub use linkage::{AtThreshold, KindLinkage};
pub(crate) use number::real64 as real;
pub use page::MOST_BYTES;
pub use record::Record;
pub use released::{ReleasedDimension, ReleasedRow, ReleasedTable};
pub use sealed_file::Sums;
pub use view::{About, ReleaseView, RestrictedView, ReviewView};

use crate::digest::Digest;

/// The most words of a headline above a drawing.
pub const MOST_WORDS: usize = 10;

/// The name of the report in a release.
pub const FILE: &str = "report.html";

/// What a report was made of, for the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// The headings of its sections.
    pub sections: Vec<String>,
    /// The headlines of its drawings.
    pub headlines: Vec<String>,
}

/// The report of a release: from released values alone.
///
/// # Errors
/// [`ReportError::TooLarge`].
pub fn of_release(view: &ReleaseView) -> Result<Report, ReportError> {
    sections::release(view).report()
}

/// The report for output checkers.
///
/// # Errors
/// [`ReportError::TooLarge`].
pub fn of_review(view: &ReviewView) -> Result<Report, ReportError> {
    sections::review(view).report()
}

/// The report for those who made the run.
///
/// # Errors
/// [`ReportError::TooLarge`].
pub fn of_restricted(view: &RestrictedView) -> Result<Report, ReportError> {
    sections::restricted(view).report()
}

/// The page of a clerical review, for those who made the linkage.
///
/// # Errors
/// [`ReportError::TooLarge`].
pub fn of_clerical_review(review: &ClericalReview) -> Result<Report, ReportError> {
    sections::clerical_review(review).report()
}

impl page::Page {
    fn report(&self) -> Result<Report, ReportError> {
        let mut headlines = Vec::new();
        let shown = self.sections.iter().filter(|s| !s.blocks.is_empty());
        for section in shown.clone() {
            collect(&section.blocks, &mut headlines);
        }
        Ok(Report {
            bytes: self.render()?,
            sections: shown.map(|s| s.title.clone()).collect(),
            headlines,
        })
    }
}

fn collect(blocks: &[page::Block], headlines: &mut Vec<String>) {
    for block in blocks {
        match block {
            page::Block::Figure(figure) => headlines.push(figure.headline.clone()),
            page::Block::More(_, inner) => collect(inner, headlines),
            _ => {}
        }
    }
}

/// The report of a release that is being written, as a file of it: its digest and length. `files`
/// are those that are written already, with their digests; the report is drawn from them as a
/// reader of the release would find them.
///
/// # Errors
/// A file that is not as its digest says, or a file system that refuses.
pub fn write_release_view(
    target: &Path,
    files: impl IntoIterator<Item = (PathBuf, Digest)>,
) -> Result<(Digest, u64), ReportError> {
    let view = ReleaseView::with(target, &Sums::of(files))?;
    let report = of_release(&view)?;
    let path = target.join(FILE);
    write_new(&path, &report.bytes, 0o644)?;
    let bytes = u64::try_from(report.bytes.len()).unwrap_or(u64::MAX);
    Ok((Digest::of(&report.bytes), bytes))
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), ReportError> {
    let io = |source| ReportError::Io {
        path: path.to_path_buf(),
        source,
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    file.sync_all().map_err(io)
}
