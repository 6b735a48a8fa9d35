//! What can be wrong with a Parquet file.

use std::path::{Path, PathBuf};

use super::encryption::has_encrypted_footer;
use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};

/// What can go wrong with a file of columns.
#[derive(Debug, thiserror::Error)]
pub enum ColumnarError {
    /// The operating system refused.
    #[error("{path}: {kind}", path = .path.display(), kind = .source.kind())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not the Parquet file that it should be.
    #[error("{} cannot be read as Parquet", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The file is encrypted.
    #[error("{} is encrypted", .path.display())]
    Encrypted {
        /// The file.
        path: PathBuf,
    },
    /// A column is missing or of another type.
    #[error("{} has no column `{column}` of the expected type", .path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
    },
}

impl ColumnarError {
    /// The operating system's refusal of a file.
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        ColumnarError::Io {
            path: path.to_path_buf(),
            source,
        }
    }
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-F-001",
        exit: Exit::Resources,
        title: "A file could not be read or written",
        when: "The operating system refused: no space left, no permission, or no such file.",
        fix: "Free space or mend the permission that the message names, then `kinlink resume RUN`. \
              Nothing is lost: a stage that did not finish is done again.",
    },
    Explanation {
        code: "KL-F-002",
        exit: Exit::Input,
        title: "A file is not a readable Parquet file",
        when: "The file is cut short, of another format, or damaged.",
        fix: "Have the supplier send it again, and compare its digest with theirs.",
    },
    Explanation {
        code: "KL-F-003",
        exit: Exit::Input,
        title: "A column is missing or of another type",
        when: "A Parquet file does not have the columns that its schema names.",
        fix: "Compare the file's columns with the schema file that the pipeline names for it.",
    },
    Explanation {
        code: "KL-F-004",
        exit: Exit::Input,
        title: "A Parquet file is encrypted",
        when: "The file's footer is encrypted, as in a researcher's release that was made with \
               `--encrypt-with`. kinlink writes such files and reads none.",
        fix: "Read it with pyarrow or DuckDB and its key, as the README.md of its release says; or \
              have it made without encryption.",
    },
];

impl Diagnose for ColumnarError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let one = match self {
            ColumnarError::Io { path, source } => Diagnostic::new(
                "KL-F-001",
                Exit::Resources,
                format!("the file could not be read or written: {}", source.kind()),
                "free space or mend the permission, then `kinlink resume RUN`",
            )
            .at(Place::file(path)),
            ColumnarError::Malformed { path } => Diagnostic::new(
                "KL-F-002",
                Exit::Input,
                "the file is not a readable Parquet file (cut short, damaged or of another kind)",
                "have the supplier send it again, and compare its digest with theirs",
            )
            .at(Place::file(path)),
            ColumnarError::Encrypted { path } => Diagnostic::new(
                "KL-F-004",
                Exit::Input,
                "the file is encrypted; encrypted Parquet files are written here and not read",
                "read it with pyarrow or DuckDB and its key, or have it made without encryption",
            )
            .at(Place::file(path)),
            ColumnarError::Column { path, column } => Diagnostic::new(
                "KL-F-003",
                Exit::Input,
                "the column is missing or of another type than its schema says",
                "compare the file's columns with the schema that the pipeline names for it",
            )
            .at(Place::file(path).column(column.clone())),
        };
        vec![one]
    }
}

pub(super) fn io_error(path: &Path) -> impl Fn(std::io::Error) -> ColumnarError + '_ {
    move |source| ColumnarError::Io {
        path: path.to_path_buf(),
        source,
    }
}

pub(super) fn parquet_error(path: &Path, error: parquet::errors::ParquetError) -> ColumnarError {
    // The text of an error of the reader may quote data, so only its kind is kept.
    match error {
        parquet::errors::ParquetError::External(inner) => {
            match inner.downcast::<std::io::Error>() {
                Ok(source) => ColumnarError::Io {
                    path: path.to_path_buf(),
                    source: *source,
                },
                Err(_) => ColumnarError::Malformed {
                    path: path.to_path_buf(),
                },
            }
        }
        _ if has_encrypted_footer(path) => ColumnarError::Encrypted {
            path: path.to_path_buf(),
        },
        _ => ColumnarError::Malformed {
            path: path.to_path_buf(),
        },
    }
}
