//! What can go wrong with the strata of a clerical sample.

use std::path::PathBuf;

use super::super::method_error::MethodError;
use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// The file could not be read, or its header is not that of strata.
    #[error("{what}")]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A row is no stratum.
    #[error("{what}")]
    Row {
        /// The file.
        file: PathBuf,
        /// The line in the file.
        row: u64,
        /// The column, where one is meant.
        column: Option<&'static str>,
        /// What is wrong.
        what: &'static str,
    },
    /// What lies outside the blocks is given twice.
    #[error("matches outside the blocks are given by a stratum and by --missed")]
    MissedTwice,
    /// The estimators refused.
    #[error(transparent)]
    Method(#[from] MethodError),
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-E-213",
        exit: Exit::Input,
        title: "The strata of a clerical sample could not be read",
        when: "The file is not there, is not CSV in UTF-8, or lacks one of the columns stratum, \
               place, pairs, labelled, matches.",
        fix: "Give the strata.csv that `kinlink link review read` writes, or a CSV file with the \
              columns stratum, place, pairs, labelled, matches.",
    },
    Explanation {
        code: "KL-E-214",
        exit: Exit::Input,
        title: "A row is no stratum of a clerical sample",
        when: "place is none of linked, below, outside; a number is no whole number; or a second \
               row is about what lies outside the blocks.",
        fix: "Write linked for links, below for pairs compared and not linked, and outside for one \
              sample of pairs that no rule brought together; numbers as digits alone.",
    },
    Explanation {
        code: "KL-E-215",
        exit: Exit::Usage,
        title: "Matches outside the blocks are given twice",
        when: "The file has a stratum `outside`, and --missed is given as well.",
        fix: "Leave one of the two out.",
    },
];

impl Diagnose for PairError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let (code, place) = match self {
            PairError::Method(error) => return error.diagnostics(),
            PairError::File { file, .. } => ("KL-E-213", Place::file(file)),
            PairError::Row {
                file, row, column, ..
            } => {
                let place = Place::file(file).row(*row);
                match column {
                    Some(column) => ("KL-E-214", place.column(*column)),
                    None => ("KL-E-214", place),
                }
            }
            PairError::MissedTwice => ("KL-E-215", Place::default()),
        };
        let entry = EXPLANATIONS.iter().find(|e| e.code == code);
        let (exit, fix) = entry.map_or((Exit::Bug, ""), |e| (e.exit, e.fix));
        vec![Diagnostic::new(code, exit, self.to_string(), fix).at(place)]
    }
}
