//! What can go wrong in making a report.

use std::path::PathBuf;

use crate::columnar::ColumnarError;
use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};

/// What can go wrong in making a report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A Parquet file.
    #[error(transparent)]
    File(#[from] ColumnarError),
    /// A file could not be read or written.
    #[error("{}: {}", .path.display(), .source.kind())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what the release or the run recorded.
    #[error("{} is not as it was recorded", .path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// There is no release, or no receipt, where one is needed.
    #[error("{} is not there", .path.display())]
    Absent {
        /// What is missing.
        path: PathBuf,
    },
    /// A file is not of the form that it should have.
    #[error("{} is not of the form that a report reads", .path.display())]
    Form {
        /// The file.
        path: PathBuf,
    },
    /// The report would lie in a folder whose files are recorded.
    #[error("{} lies inside the run", .path.display())]
    Inside {
        /// The file asked for.
        path: PathBuf,
    },
    /// The page would be larger than it may be.
    #[error("the report would have {bytes} bytes, more than {most}")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit.
        most: usize,
    },
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-R-051",
        exit: Exit::Resources,
        title: "A file of the report could not be read or written",
        when: "The operating system refused: no space, no permission.",
        fix: "Mend what the message names and ask for the report again.",
    },
    Explanation {
        code: "KL-R-052",
        exit: Exit::Integrity,
        title: "A file is not as it was recorded",
        when: "A report reads only files whose digest stands in SHA256SUMS or in a receipt of the \
               run, and this file has another digest.",
        fix: "Find out who changed the file. `kinlink verify RUN` checks every file of a run.",
    },
    Explanation {
        code: "KL-R-053",
        exit: Exit::Usage,
        title: "There is nothing to report on",
        when: "The folder has no release, or the run has not come as far as the view asks for.",
        fix: "Name the folder of a run that is finished: `kinlink resume RUN` finishes it.",
    },
    Explanation {
        code: "KL-R-054",
        exit: Exit::Input,
        title: "A file is not of the form that a report reads",
        when: "A table lacks its resource description in the footer, or a JSON file has other \
               properties than its form says.",
        fix: "Publish the run again with this version: `kinlink run PIPELINE --from publish`.",
    },
    Explanation {
        code: "KL-R-055",
        exit: Exit::Usage,
        title: "A report may not lie inside the run",
        when: "The file asked for with -o lies in the run's folder, where every file is recorded.",
        fix: "Name a file elsewhere.",
    },
    Explanation {
        code: "KL-R-056",
        exit: Exit::Bug,
        title: "The report is larger than it may be",
        when: "The page has more than 1.5 MB.",
        fix: "Report it with the number of tables; fewer tables make a smaller page.",
    },
];

impl Diagnose for ReportError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let one = |code, exit, help: &str| Diagnostic::new(code, exit, self.to_string(), help);
        let found = match self {
            ReportError::File(inner) => return inner.diagnostics(),
            ReportError::Io { path, .. } => one(
                "KL-R-051",
                Exit::Resources,
                "free space or mend the permission, then ask for the report again",
            )
            .at(Place::file(path)),
            ReportError::Changed { path } => one(
                "KL-R-052",
                Exit::Integrity,
                "find out who changed it; `kinlink verify RUN` checks every file of a run",
            )
            .at(Place::file(path)),
            ReportError::Absent { path } => one(
                "KL-R-053",
                Exit::Usage,
                "name the folder of a finished run; `kinlink resume RUN` finishes one",
            )
            .at(Place::file(path)),
            ReportError::Form { path } => one(
                "KL-R-054",
                Exit::Input,
                "publish the run again with this version",
            )
            .at(Place::file(path)),
            ReportError::Inside { path } => {
                one("KL-R-055", Exit::Usage, "name a file elsewhere with -o").at(Place::file(path))
            }
            ReportError::TooLarge { .. } => one(
                "KL-R-056",
                Exit::Bug,
                "report it with the number of tables of the release",
            ),
        };
        vec![found]
    }
}
