//! What can go wrong while estimating.

use crate::columnar::ColumnarError;
use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation};

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum EstimateError {
    /// A file could not be read or written.
    #[error(transparent)]
    Columnar(#[from] ColumnarError),
    /// Nobody is in custody in the period.
    #[error("no stay in custody falls into the period")]
    NoCustody,
    /// The published prison population cannot be read.
    #[error("{}: row {row} is not a margin, a category and a whole number", .path.display())]
    PrisonPopulation {
        /// The file.
        path: std::path::PathBuf,
        /// The row, the header being 1.
        row: u64,
    },
    /// The counts of one table do not add up to those of another.
    #[error("table {table} does not add up to the headline")]
    Inconsistent {
        /// The table.
        table: String,
    },
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-E-001",
        exit: Exit::Input,
        title: "No stay in custody falls into the period",
        when: "The custody extract has no stay that overlaps the period of the pipeline file.",
        fix: "Compare the period in [project] with the dates of the extract.",
    },
    Explanation {
        code: "KL-E-003",
        exit: Exit::Input,
        title: "The published prison population cannot be read",
        when: "The file of [project] prison_population is not CSV with the columns margin, category, \
               population, or a row of it has another margin than sex, legal_status and \
               sentence_band, a category twice, or no whole number.",
        fix: "Write one row for each category, such as `sex,female,3500`.",
    },
    Explanation {
        code: "KL-E-002",
        exit: Exit::Bug,
        title: "A table does not add up to the headline",
        when: "The sum of a table's cells is not the number of children counted.",
        fix: "This is a defect in kinlink. Keep the run and report it; nothing was published.",
    },
];

impl Diagnose for EstimateError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        match self {
            EstimateError::Columnar(e) => e.diagnostics(),
            EstimateError::NoCustody => vec![Diagnostic::new(
                "KL-E-001",
                Exit::Input,
                self.to_string(),
                "compare the period in [project] with the dates of the extract",
            )],
            EstimateError::PrisonPopulation { .. } => vec![Diagnostic::new(
                "KL-E-003",
                Exit::Input,
                self.to_string(),
                "one row for each category: margin,category,population, such as sex,female,3500",
            )],
            EstimateError::Inconsistent { .. } => vec![Diagnostic::new(
                "KL-E-002",
                Exit::Bug,
                self.to_string(),
                "this is a defect; keep the run and report it",
            )],
        }
    }
}
