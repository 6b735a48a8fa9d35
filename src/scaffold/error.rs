//! What can go wrong when a project folder is made.

use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};

/// What can go wrong in this room.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// Something stands where the project should go.
    #[error("the folder for the project is not empty")]
    Occupied {
        /// Where.
        folder: PathBuf,
    },
    /// The operating system refused.
    #[error("{}: {kind}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        kind: std::io::ErrorKind,
    },
}

impl ScaffoldError {
    pub(super) fn io(path: &Path, source: std::io::Error) -> Self {
        ScaffoldError::Io {
            path: path.to_path_buf(),
            kind: source.kind(),
        }
    }
}

impl Diagnose for ScaffoldError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let one = match self {
            ScaffoldError::Occupied { folder } => Diagnostic::new(
                "KL-W-001",
                Exit::Usage,
                self.to_string(),
                "name a new or an empty folder; a project that is there is never written over",
            )
            .at(Place::file(folder)),
            ScaffoldError::Io { path, kind } => Diagnostic::new(
                "KL-W-002",
                Exit::Resources,
                format!("the file or folder cannot be made: {kind}"),
                "free space, mend the permission or name another folder, then call it again",
            )
            .at(Place::file(path)),
        };
        vec![one.kept("nothing was written")]
    }
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-W-001",
        exit: Exit::Usage,
        title: "Something stands where the project should go",
        when: "`kinlink init DIR` names a file, a link, or a folder that is not empty.",
        fix: "Name a new or an empty folder. To bring an old project up to date, make a new one \
              beside it and compare the two.",
    },
    Explanation {
        code: "KL-W-002",
        exit: Exit::Resources,
        title: "The project folder cannot be written",
        when: "The operating system refused a file or a folder: no space left, no permission.",
        fix: "Mend what the message names and call the command again; what had been written was \
              removed.",
    },
];
