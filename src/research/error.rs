//! What can go wrong with a researcher's release. Whatever it is, nothing is left of it.

use std::path::PathBuf;

use crate::columnar::ColumnarError;
use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};
use crate::estimate::EstimateError;

/// What can go wrong in this room.
#[derive(Debug, thiserror::Error)]
pub enum ResearchError {
    /// The floor cannot hold.
    #[error("in no form of the quasi-identifiers has every class {k} people and {l} sentences")]
    Floor {
        /// People asked for.
        k: usize,
        /// Sentences asked for.
        l: usize,
    },
    /// The folder is there.
    #[error("the folder for the release is there already")]
    There {
        /// Which.
        path: PathBuf,
    },
    /// The request cannot be followed.
    #[error("{what}")]
    Request {
        /// What is wrong.
        what: &'static str,
        /// What to do.
        help: &'static str,
    },
    /// Nobody to release.
    #[error(transparent)]
    People(#[from] EstimateError),
    /// A Parquet file.
    #[error(transparent)]
    File(#[from] ColumnarError),
    /// Another file or folder.
    #[error("{}: {kind}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        kind: std::io::ErrorKind,
    },
}

impl Diagnose for ResearchError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let one = match self {
            ResearchError::People(e) => return e.diagnostics(),
            ResearchError::File(e) => return e.diagnostics(),
            ResearchError::Floor { .. } => Diagnostic::new(
                "KL-V-001",
                Exit::Disclosure,
                self.to_string(),
                "allow more pairs to be suppressed with `--most-suppressed`, or agree on a lower \
                 floor (`--k`, `--l`) with the output checker",
            ),
            ResearchError::There { path } => Diagnostic::new(
                "KL-V-002",
                Exit::Usage,
                self.to_string(),
                "name a new one with -o; a release is never written over",
            )
            .at(Place::file(path)),
            ResearchError::Request { what, help } => {
                Diagnostic::new("KL-V-003", Exit::Usage, *what, *help)
            }
            ResearchError::Io { path, kind } => Diagnostic::new(
                "KL-V-004",
                Exit::Resources,
                format!("the file or folder cannot be written: {kind}"),
                "free space or mend the permission, then call it again",
            )
            .at(Place::file(path)),
        };
        vec![one.kept("nothing was written")]
    }
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-V-001",
        exit: Exit::Disclosure,
        title: "The floor of a researcher's release cannot hold",
        when: "Even with nothing told of age, sex, ethnic group and area, a class has too few \
               different children, parents or sentences, or more pairs than allowed would have \
               to be suppressed.",
        fix: "Take more people (a longer period, a larger area), allow more suppression, or agree \
              on a lower floor with the output checker.",
    },
    Explanation {
        code: "KL-V-002",
        exit: Exit::Usage,
        title: "The folder for a researcher's release is there already",
        when: "`kinlink research RUN -o OUT` names something that exists.",
        fix: "Name a new folder.",
    },
    Explanation {
        code: "KL-V-003",
        exit: Exit::Usage,
        title: "A researcher's release cannot be made so",
        when: "The name of the project is empty, the floor is below 2, the share is no share, or \
               the run counts without linkage or was not finished.",
        fix: "Use what the message says.",
    },
    Explanation {
        code: "KL-V-004",
        exit: Exit::Resources,
        title: "A researcher's release cannot be written",
        when: "The operating system refused: no space left, no permission.",
        fix: "Mend what the message names; nothing was written.",
    },
];
