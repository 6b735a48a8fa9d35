//! The formats of a release.

use serde::{Deserialize, Serialize};

/// A form in which the tables of a release are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `tables/<id>.parquet`, with units and descriptions in the file.
    Parquet,
    /// `tables/<id>.csv`, tidy.
    Csv,
    /// `tables.ods`, one accessible spreadsheet of all tables.
    Ods,
    /// `ees/`, pairs of files for Explore Education Statistics.
    Ees,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 4] = [Format::Parquet, Format::Csv, Format::Ods, Format::Ees];

    /// The word for it in a pipeline file.
    pub fn word(self) -> &'static str {
        match self {
            Format::Parquet => "parquet",
            Format::Csv => "csv",
            Format::Ods => "ods",
            Format::Ees => "ees",
        }
    }
}
