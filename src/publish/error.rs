//! What can go wrong in publishing.

use std::path::PathBuf;

use crate::columnar::ColumnarError;
use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};

/// What can go wrong in publishing.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A Parquet file.
    #[error(transparent)]
    File(#[from] ColumnarError),
    /// The report.
    #[error(transparent)]
    Report(#[from] super::report::ReportError),
    /// Another file could not be written.
    #[error("{}: {}", .path.display(), .source.kind())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The folder of the release holds something already.
    #[error("{} is not empty", .path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A text that a spreadsheet would take for a formula.
    #[error("a text of `{column}` in {table} begins with a sign that spreadsheets run")]
    Formula {
        /// The table's id.
        table: String,
        /// The column.
        column: String,
    },
    /// A table stands twice.
    #[error("{table} stands twice in the release")]
    Twice {
        /// The table's id.
        table: String,
    },
    /// A file for review is not the one that `protect` wrote.
    #[error("{} is not the file that was recorded", .path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// Something that cannot be written as JSON or as columns: a defect.
    #[error("{what} cannot be written")]
    Defect {
        /// What.
        what: String,
    },
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-R-001",
        exit: Exit::Resources,
        title: "A file of the release could not be written",
        when: "The operating system refused: no space, no permission.",
        fix: "Mend what the message names, then `kinlink resume RUN`. No partial release is left.",
    },
    Explanation {
        code: "KL-R-002",
        exit: Exit::Usage,
        title: "The release's folder is not empty",
        when: "The folder that should become the release holds files.",
        fix: "Publish into a new folder; a release is never written over another one.",
    },
    Explanation {
        code: "KL-R-003",
        exit: Exit::Input,
        title: "A label would run as a formula",
        when: "A code, a label or a title begins with =, +, -, @ or a wide form of them, which \
               spreadsheets take for a formula, or holds a tab, a line end or NUL.",
        fix: "Change the text in the pipeline file, in the table's definition or in the code list. \
              It is refused in every format.",
    },
    Explanation {
        code: "KL-R-004",
        exit: Exit::Usage,
        title: "A table stands twice",
        when: "The same table id was given twice for one release.",
        fix: "Ask for each table once.",
    },
    Explanation {
        code: "KL-R-005",
        exit: Exit::Bug,
        title: "Something could not be written",
        when: "A defect of kinlink.",
        fix: "Report it with the version and the table's id.",
    },
    Explanation {
        code: "KL-R-006",
        exit: Exit::Integrity,
        title: "A file for review was changed",
        when: "The counts that `protect` wrote for the checker do not have the digest that its \
               receipt records.",
        fix: "Find out who changed the file; `kinlink run PIPELINE --from protect` makes it anew.",
    },
];

impl Diagnose for PublishError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let one = |code, exit, help: &str| Diagnostic::new(code, exit, self.to_string(), help);
        match self {
            PublishError::File(inner) => inner.diagnostics(),
            PublishError::Report(inner) => inner.diagnostics(),
            PublishError::Io { path, source } => vec![
                Diagnostic::new(
                    "KL-R-001",
                    Exit::Resources,
                    format!("the file could not be written: {}", source.kind()),
                    "free space or mend the permission, then `kinlink resume RUN`",
                )
                .at(Place::file(path)),
            ],
            PublishError::NotEmpty { path } => vec![
                one("KL-R-002", Exit::Usage, "publish into a new folder").at(Place::file(path)),
            ],
            PublishError::Formula { column, .. } => vec![
                one(
                    "KL-R-003",
                    Exit::Input,
                    "change the text in the pipeline file, the definition or the code list",
                )
                .at(Place::default().column(column.clone())),
            ],
            PublishError::Twice { .. } => {
                vec![one("KL-R-004", Exit::Usage, "ask for each table once")]
            }
            PublishError::Changed { path } => vec![
                one(
                    "KL-R-006",
                    Exit::Integrity,
                    "find out who changed it; `kinlink run PIPELINE --from protect` makes it anew",
                )
                .at(Place::file(path)),
            ],
            PublishError::Defect { .. } => vec![one(
                "KL-R-005",
                Exit::Bug,
                "report it with the version and the table's id",
            )],
        }
    }
}
