//! Lint: files that are to be published against the standards for them.
//!
//! A spreadsheet (`.ods`, whoever made it) is held against the 36 items of the Analysis Function's
//! release checklist for accessible spreadsheets; a data file (`.csv` with its `.meta.csv`) against
//! the public checks of the screener of Explore Education Statistics. Every check is made, however
//! the others come out.

mod address;
mod checklist;
mod document;
mod error;
mod finding;
mod footnotes;
mod formatting;
mod publishing;
mod region;
mod screen;
mod structure;
mod tables;
mod xml;

use std::path::Path;

pub use error::{EXPLANATIONS, LintError};
pub use finding::{Finding, Outcome, Report};

/// Checks a file by the standard for its kind.
///
/// # Errors
/// A file that cannot be read as what it says it is. What a check finds is no error.
pub fn lint(path: &Path) -> Result<Report, LintError> {
    match path.extension().and_then(|e| e.to_str()) {
        Some("ods") => Ok(checklist::check(&document::Document::read(path)?)),
        Some("csv") => screen::check(path),
        _ => Err(LintError::Kind {
            path: path.to_path_buf(),
        }),
    }
}
