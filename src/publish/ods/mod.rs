//! A release as one OpenDocument spreadsheet: cover, contents, notes, shorthand, then one table a
//! sheet.
//!
//! The document is laid out so that it meets the Analysis Function's release checklist for
//! spreadsheets by construction: every sheet begins in A1 with its title, what a reader needs
//! stands above the table and nothing below it, the heading row of every table is row
//! [`sheets::HEADING_ROW`], symbols stand in square brackets and are explained on their own sheet,
//! and no cell of a table is empty. The container holds no clock, so that equal tables are equal
//! bytes (OpenDocument 1.3, ISO/IEC 26300).

mod book;
mod container;
mod content;
mod sheets;
mod style;
mod table;

pub(crate) use container::SPREADSHEET;
pub(crate) use content::column_name;
pub(super) use table::measure_heading;

use super::cleared::Cleared;
use super::error::PublishError;

/// The whole document.
pub(crate) fn render(cleared: &Cleared<'_>) -> Result<Vec<u8>, PublishError> {
    let book = sheets::book(cleared);
    container::pack(&[
        ("content.xml", content::content(&book)),
        ("styles.xml", style::styles()),
        ("meta.xml", content::meta(&book)),
        ("settings.xml", content::settings(&book)),
    ])
    .map_err(|_| PublishError::Defect {
        what: "the spreadsheet".to_owned(),
    })
}
