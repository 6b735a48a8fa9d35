//! What can go wrong when an owner works by himself. Whatever it is, nothing has been written.

use std::path::{Path, PathBuf};

use crate::columnar::ColumnarError;
use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};
use crate::ingest::IngestError;
use crate::pseudonymise::{KeyError, PseudonymiseError};
use crate::schema::SchemaError;

/// An error of this room.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// The extract or its schema.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The schema file by itself.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// Encoding, or the lint of what it wrote.
    #[error(transparent)]
    Pseudonymise(#[from] PseudonymiseError),
    /// A Parquet file.
    #[error(transparent)]
    Columnar(#[from] ColumnarError),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Another file or folder.
    #[error("{}: {}", .path.display(), .source.kind())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Problems of the request, the schema's wishes or the recipes, told in one go.
    #[error("{} problems", .0.len())]
    Problems(Vec<Diagnostic>),
}

impl OwnerError {
    /// One problem.
    pub(super) fn one(problem: Diagnostic) -> Self {
        OwnerError::Problems(vec![problem])
    }

    /// A file or folder that the operating system refused.
    pub(super) fn io(path: &Path) -> impl Fn(std::io::Error) -> Self + '_ {
        move |source| OwnerError::Io {
            path: path.to_path_buf(),
            source,
        }
    }
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-O-001",
        exit: Exit::Usage,
        title: "The folder for the parcels is there already",
        when: "`-o OUT` names something that exists, even an empty folder.",
        fix: "Name a new one. Parcels are never overwritten or added to.",
    },
    Explanation {
        code: "KL-O-002",
        exit: Exit::Usage,
        title: "There is no folder to put the parcels in",
        when: "The folder above `-o OUT` does not exist.",
        fix: "Make it, on an encrypted volume that only the owner's account can read.",
    },
    Explanation {
        code: "KL-O-003",
        exit: Exit::Locked,
        title: "Another process is writing the same parcels",
        when: "A `.OUT.partial` folder stands beside OUT and is locked.",
        fix: "Wait for it. What a killed process left is removed by the next one.",
    },
    Explanation {
        code: "KL-O-004",
        exit: Exit::Resources,
        title: "A file could not be read or written",
        when: "The operating system refused: no space left, no permission, or no such file.",
        fix: "Mend what the message names and start again; nothing was written.",
    },
    Explanation {
        code: "KL-O-005",
        exit: Exit::Key,
        title: "The key has another purpose than was asked for",
        when: "`--purpose production` with a rehearsal key, or the other way round.",
        fix: "Use the right key; `kinlink key inspect KEY` tells its purpose.",
    },
    Explanation {
        code: "KL-O-006",
        exit: Exit::Input,
        title: "No row of the extract has a place",
        when: "The file has no rows, or its rows only mean something beside another file (bookings \
               without people).",
        fix: "Name the file that holds the people; extracts of several files go through `kinlink \
              run`.",
    },
    Explanation {
        code: "KL-O-007",
        exit: Exit::Usage,
        title: "The recipes cannot be used",
        when: "The file given with `--recipes` is no TOML, names an unknown kind or part, or hashes \
               a single identifier.",
        fix: "Write `adult = [[\"forename\", \"surname\", \"date_of_birth\"]]`; each recipe takes \
              parts of at least two identifiers. docs/pipeline-file.md lists the parts.",
    },
    Explanation {
        code: "KL-O-008",
        exit: Exit::Usage,
        title: "A field cannot be released as its schema says",
        when: "`kinlink:onOutput` keeps a direct identifier, a whole date of birth or postcode, or \
               asks for a form that its column does not have.",
        fix: "Use `drop`, or `month` or `week` for a date, `area` for a postcode.",
    },
    Explanation {
        code: "KL-O-009",
        exit: Exit::Usage,
        title: "There is no postcode directory",
        when: "The schema wants the area in place of the postcode, and nothing says where postcodes \
               lie.",
        fix: "Give `--postcode-directory FILE`, a CSV with `postcode,local_authority`; or write \
              `drop`.",
    },
    Explanation {
        code: "KL-O-010",
        exit: Exit::Usage,
        title: "A setting cannot be used",
        when: "The period ends before it begins, the reference date lies outside it, or no name of \
               a system can be had from the name of the file.",
        fix: "Use what the message says.",
    },
];

impl Diagnose for OwnerError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut all = match self {
            OwnerError::Ingest(e) => e.diagnostics(),
            OwnerError::Schema(e) => e.diagnostics(),
            OwnerError::Pseudonymise(e) => e.diagnostics(),
            OwnerError::Columnar(e) => e.diagnostics(),
            OwnerError::Key(e) => e.diagnostics(),
            OwnerError::Io { path, source } => vec![
                Diagnostic::new(
                    "KL-O-004",
                    Exit::Resources,
                    format!("the file or folder cannot be used: {}", source.kind()),
                    "free space or mend the permission, then start again",
                )
                .at(Place::file(path)),
            ],
            OwnerError::Problems(all) => all.clone(),
        };
        for one in &mut all {
            stand_alone(one);
        }
        all
    }
}

/// The stages speak of pipeline files and run directories, which there are none of here.
fn stand_alone(one: &mut Diagnostic) {
    one.kept = Some("nothing was written".to_owned());
    match one.code {
        "KL-I-001" => one.help = "mend the path, or the permission of the file".to_owned(),
        "KL-I-007" => {
            one.help = "name the schema of this file's year, or have the file mended".to_owned();
        }
        "KL-I-015" => one.help = "give the number with `--la 301`".to_owned(),
        "KL-T-001" => one.help = "mend the path of the schema".to_owned(),
        "KL-F-001" => {
            one.help = "free space or mend the permission, then start again".to_owned();
        }
        _ => {}
    }
}
