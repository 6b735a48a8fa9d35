//! What can go wrong while linking.

use std::path::PathBuf;

use crate::columnar::ColumnarError;
use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};

/// An error of this room.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// A file of columns cannot be read or written.
    #[error(transparent)]
    Columnar(#[from] ColumnarError),
    /// Rows of a pass are in no join table.
    #[error("{rows} rows of the pass have no record in its join table")]
    Unjoined {
        /// The join table.
        path: PathBuf,
        /// How many rows.
        rows: u64,
    },
    /// A row names a source that the job does not have.
    #[error("a row of the pass has a source number that the job does not know")]
    UnknownSource {
        /// The link file.
        path: PathBuf,
        /// The first such row, from 1.
        row: u64,
    },
    /// A file other than a table cannot be read or written.
    #[error("{}: {}", .path.display(), .source.kind())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Several problems of one's input, told in one go.
    #[error("{} problems", .0.len())]
    Problems(Vec<Diagnostic>),
}

impl LinkError {
    /// One problem.
    pub fn one(problem: Diagnostic) -> Self {
        LinkError::Problems(vec![problem])
    }
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-L-001",
        exit: Exit::Integrity,
        title: "Rows of a pass have no record",
        when: "The link file of a pass holds row pseudonyms that its join table does not have.",
        fix: "The two files are not of one run, or one was cut short: run `pseudonymise` again.",
    },
    Explanation {
        code: "KL-L-002",
        exit: Exit::Integrity,
        title: "A row has an unknown source number",
        when: "The link file of a pass numbers a source that the job does not have.",
        fix: "The file is not of this run: run `pseudonymise` again.",
    },
    Explanation {
        code: "KL-L-003",
        exit: Exit::Resources,
        title: "A file could not be read or written",
        when: "The operating system refused: no space left, no permission, or no such file.",
        fix: "Free space or mend the permission, then try again.",
    },
];

impl Diagnose for LinkError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let what = self.to_string();
        let one = match self {
            LinkError::Columnar(inner) => return inner.diagnostics(),
            LinkError::Problems(all) => return all.clone(),
            LinkError::Unjoined { path, .. } => Diagnostic::new(
                "KL-L-001",
                Exit::Integrity,
                what,
                "run `pseudonymise` again: the two files are not of one run",
            )
            .at(Place::file(path)),
            LinkError::UnknownSource { path, row } => Diagnostic::new(
                "KL-L-002",
                Exit::Integrity,
                what,
                "run `pseudonymise` again: the file is not of this run",
            )
            .at(Place::file(path).row(*row)),
            LinkError::Io { path, source } => Diagnostic::new(
                "KL-L-003",
                Exit::Resources,
                format!("the file could not be read or written: {}", source.kind()),
                "free space or mend the permission, then try again",
            )
            .at(Place::file(path)),
        };
        vec![one]
    }
}
