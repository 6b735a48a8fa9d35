//! What can go wrong in checking a file.

use std::path::PathBuf;

use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};

/// What can go wrong in checking a file.
#[derive(Debug, thiserror::Error)]
pub enum LintError {
    /// The file cannot be opened.
    #[error("{}: {kind}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        kind: std::io::ErrorKind,
    },
    /// It is not what its name says, or larger than any release.
    #[error("{}: {what}", .path.display())]
    NotReadable {
        /// The file.
        path: PathBuf,
        /// Why.
        what: &'static str,
    },
    /// No standard for files of this kind.
    #[error("{}: neither a spreadsheet (.ods) nor a data file (.csv)", .path.display())]
    Kind {
        /// The file.
        path: PathBuf,
    },
    /// Something that must hold does not.
    #[error("{failed} checks failed that stop a release")]
    Stops {
        /// The file.
        path: PathBuf,
        /// How many.
        failed: usize,
    },
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-R-010",
        exit: Exit::Usage,
        title: "The file to check cannot be opened",
        when: "`kinlink lint` was given a file, or a data file without its .meta.csv, that is not \
               there or cannot be read.",
        fix: "Check the path; the meta file NAME.meta.csv has to stand beside NAME.csv.",
    },
    Explanation {
        code: "KL-R-011",
        exit: Exit::Input,
        title: "The file to check is not what its name says",
        when: "The .ods is no OpenDocument spreadsheet, is encrypted, or unpacks to more than \
               256 MB; or the .csv is no table in UTF-8.",
        fix: "Save it again with the program that made it.",
    },
    Explanation {
        code: "KL-R-012",
        exit: Exit::Usage,
        title: "No standard for this kind of file",
        when: "`kinlink lint` knows spreadsheets (.ods) and data files with their meta file (.csv).",
        fix: "Give it one of these. An .xlsx can be saved as .ods first.",
    },
    Explanation {
        code: "KL-R-013",
        exit: Exit::Input,
        title: "Checks failed that stop a release",
        when: "An essential item of the checklist, or a check of the screener, failed.",
        fix: "The report above names each check and where it failed. Mend the file, or what makes \
              it, and check again.",
    },
];

impl Diagnose for LintError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let one = |code, exit, what: String, help: &str, path: &PathBuf| {
            vec![Diagnostic::new(code, exit, what, help).at(Place::file(path))]
        };
        match self {
            LintError::Unreadable { path, kind } => one(
                "KL-R-010",
                Exit::Usage,
                format!("the file cannot be opened: {kind}"),
                "check the path; NAME.meta.csv has to stand beside NAME.csv",
                path,
            ),
            LintError::NotReadable { path, what } => one(
                "KL-R-011",
                Exit::Input,
                (*what).to_owned(),
                "save it again with the program that made it",
                path,
            ),
            LintError::Kind { path } => one(
                "KL-R-012",
                Exit::Usage,
                "there is no standard for this kind of file".to_owned(),
                "give it a spreadsheet (.ods) or a data file (.csv) with its .meta.csv",
                path,
            ),
            LintError::Stops { path, .. } => one(
                "KL-R-013",
                Exit::Input,
                self.to_string(),
                "the report names each check and where it failed",
                path,
            ),
        }
    }
}
