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
            EstimateError::Inconsistent { .. } => vec![Diagnostic::new(
                "KL-E-002",
                Exit::Bug,
                self.to_string(),
                "this is a defect; keep the run and report it",
            )],
        }
    }
}
