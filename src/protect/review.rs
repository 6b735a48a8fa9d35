//! What the output checker sees of a table: true counts beside what is shown, why a cell is
//! hidden, and the bounds that an attacker can put on it.
//!
//! It goes to the run's `review/` folder and never further: it tells a small count from a cell
//! that is hidden for another's sake.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::attacker::Finding;
use super::error::ProtectError;
use super::linked::{Cell, State};
use super::table::ProtectedRow;
use crate::digest::Digest;
use crate::schema::published::TableDef;
use crate::stage::{OutputFile, StageFolders};

/// The attacker's bounds of a hidden cell.
pub(super) struct Known {
    pub least: f64,
    pub most: f64,
    /// The bounds themselves; otherwise they are these or further apart.
    pub exact: bool,
}

impl Known {
    /// The word for exact bounds.
    pub const EXACT: &str = "exact";
    /// The word for bounds that are these or further apart.
    pub const PROVED: &str = "proved";

    /// None where the cell is not hidden.
    pub fn of(cell: &Cell) -> Option<Self> {
        let hidden = matches!(cell.state, State::Primary | State::Secondary);
        let Finding {
            lower,
            upper,
            exact,
            ..
        } = cell.bounds.filter(|_| hidden)?;
        Some(Known {
            least: lower,
            most: upper,
            exact,
        })
    }

    pub fn width(&self) -> f64 {
        self.most - self.least
    }

    pub fn word(&self) -> &'static str {
        if self.exact {
            Known::EXACT
        } else {
            Known::PROVED
        }
    }
}

/// Writes `review/<stage>/<id>.csv`: a row for each counted cell, with its dimensions, concept,
/// measure, `count`, `shown`, `state`, and of hidden cells `lower`, `upper` and whether these are
/// the attacker's exact `bounds` or are proved to be within them.
pub(super) fn save<'a>(
    definition: &TableDef,
    cells: impl Iterator<Item = (ProtectedRow, &'a Cell)>,
    folders: &StageFolders<'_>,
) -> Result<OutputFile, ProtectError> {
    let path = folders.review.join(format!("{}.csv", definition.id));
    let (bytes, rows) =
        render(definition, cells).map_err(|_| ProtectError::NotProtected { path: path.clone() })?;
    put(path, &bytes, rows, folders)
}

/// Writes a file for review.
pub(super) fn put(
    path: PathBuf,
    bytes: &[u8],
    rows: u64,
    folders: &StageFolders<'_>,
) -> Result<OutputFile, ProtectError> {
    write(&path, bytes).map_err(|source| ProtectError::Io {
        path: path.clone(),
        source,
    })?;
    Ok(OutputFile {
        path: folders.relative(&path),
        digest: Digest::of(bytes),
        bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        rows: Some(rows),
    })
}

fn render<'a>(
    definition: &TableDef,
    cells: impl Iterator<Item = (ProtectedRow, &'a Cell)>,
) -> Result<(Vec<u8>, u64), csv::Error> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    let dimensions = definition.dimensions.iter().map(|d| d.name.as_str());
    let rest = [
        "concept", "measure", "count", "shown", "state", "lower", "upper", "bounds",
    ];
    writer.write_record(dimensions.chain(rest))?;
    let mut rows = 0;
    for (shown, cell) in cells {
        let known = Known::of(cell);
        let bound = |of: fn(&Known) -> f64| known.as_ref().map(|k| of(k).to_string());
        let mut record = shown.codes;
        record.extend([
            shown.concept.word().to_owned(),
            shown.measure,
            cell.count.to_string(),
            shown
                .value
                .map_or(shown.status.word().to_owned(), |v| format!("{v}")),
            cell.state.word().to_owned(),
            bound(|k| k.least).unwrap_or_default(),
            bound(|k| k.most).unwrap_or_default(),
            known.as_ref().map_or("", Known::word).to_owned(),
        ]);
        writer.write_record(&record)?;
        rows += 1;
    }
    let bytes = writer.into_inner().map_err(|e| e.into_error())?;
    Ok((bytes, rows))
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o640)
        .open(path)?;
    file.write_all(bytes)
}
