//! What can go wrong while synthetic extracts are written.

use std::path::PathBuf;

use super::pair::{LEAST_ROWS, MOST_ROWS};
use crate::columnar::ColumnarError;
use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};

/// An error of this room.
#[derive(Debug, thiserror::Error)]
pub enum SynthError {
    /// The operating system refused.
    #[error("{}: {}", .path.display(), .source.kind())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The folder has something in it.
    #[error("{} is not empty", .path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The scale is not one that can be written.
    #[error("the scale must be above 0 and at most {MAX_SCALE}")]
    Scale,
    /// The number of rows is not one that can be written.
    #[error("a file has from {LEAST_ROWS} to {MOST_ROWS} rows")]
    Rows,
    /// The parameter file does not say what it must.
    #[error("{}: {message}", .path.display())]
    Parameters {
        /// The file.
        path: PathBuf,
        /// Where in its text: first byte and length.
        span: Option<(usize, usize)>,
        /// What the parser says; the file holds no personal data.
        message: String,
    },
    /// A Parquet file could not be written.
    #[error(transparent)]
    Columnar(#[from] ColumnarError),
}

/// The largest scale: identifiers are made for up to twice the country.
pub const MAX_SCALE: f64 = 2.0;

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-S-001",
        exit: Exit::Resources,
        title: "A synthetic extract could not be written",
        when: "The operating system refused: no space left, no permission, or no such file.",
        fix: "Free space (0.5 GB at scale 0.02 is ample, 10 GB at scale 1), remove the folder and \
              run `kinlink synth` again.",
    },
    Explanation {
        code: "KL-S-002",
        exit: Exit::Usage,
        title: "The folder for the synthetic extracts is not empty",
        when: "`kinlink synth --out DIR` never writes among files that it has not written.",
        fix: "Name a new folder, or remove this one.",
    },
    Explanation {
        code: "KL-S-003",
        exit: Exit::Usage,
        title: "The scale is out of range",
        when: "The scale is the part of England and Wales to write: above 0 and at most 2.",
        fix: "Take 0.02 for a rehearsal, 1 for the whole country.",
    },
    Explanation {
        code: "KL-S-004",
        exit: Exit::Usage,
        title: "The parameter file is not valid",
        when: "An entry is unknown, missing or out of range, or lacks its basis or source.",
        fix: "Start from schemas/synth/parameters.toml, for `synth pair` from \
              schemas/synth/pair.toml; every entry is { value = …, basis = \"published\" | \"derived\" | \"assumed\", source = \"…\" }.",
    },
    Explanation {
        code: "KL-S-005",
        exit: Exit::Usage,
        title: "The number of rows is out of range",
        when: "`kinlink synth pair --rows N` writes two files of N rows, from 10 to 100,000,000.",
        fix: "Take 10,000 for a try, 1,000,000 for a measurement.",
    },
];

impl Diagnose for SynthError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let one = match self {
            SynthError::Io { path, source } => Diagnostic::new(
                "KL-S-001",
                Exit::Resources,
                format!("the file could not be read or written: {}", source.kind()),
                "free space or mend the permission, remove the folder, and run again",
            )
            .at(Place::file(path)),
            SynthError::NotEmpty { path } => Diagnostic::new(
                "KL-S-002",
                Exit::Usage,
                "the folder is not empty",
                "name a new folder, or remove this one",
            )
            .at(Place::file(path)),
            SynthError::Scale => Diagnostic::new(
                "KL-S-003",
                Exit::Usage,
                self.to_string(),
                "take 0.02 for a rehearsal, 1 for the whole country",
            ),
            SynthError::Rows => Diagnostic::new(
                "KL-S-005",
                Exit::Usage,
                self.to_string(),
                "take 10000 for a try, 1000000 for a measurement",
            ),
            SynthError::Parameters {
                path,
                span,
                message,
            } => {
                let mut place = Place::file(path);
                if let Some((start, len)) = span {
                    place = place.span(*start, *len);
                }
                Diagnostic::new(
                    "KL-S-004",
                    Exit::Usage,
                    format!("the parameter file is not valid: {message}"),
                    "compare the entry with the built-in file: parameters.toml, or pair.toml for `synth \
                     pair`, in schemas/synth/",
                )
                .at(place)
            }
            SynthError::Columnar(error) => return error.diagnostics(),
        };
        vec![one]
    }
}
