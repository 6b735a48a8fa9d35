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
    /// A file that another key made.
    #[error("the file is not of the key of this run")]
    OtherKey {
        /// The file.
        path: PathBuf,
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
    Explanation {
        code: "KL-L-004",
        exit: Exit::Key,
        title: "A file is of another key",
        when: "The footer of a file of pseudonyms names another key than the run, or none. \
               Pseudonyms of two keys never agree, so that linking them would find nobody.",
        fix: "Run `pseudonymise` again with the key of the run; never mix files of two runs.",
    },
    Explanation {
        code: "KL-L-010",
        exit: Exit::Usage,
        title: "The specification cannot be read",
        when: "The file of `--spec` does not exist, or is not TOML.",
        fix: "Mend the line that the message shows.",
    },
    Explanation {
        code: "KL-L-011",
        exit: Exit::Usage,
        title: "The specification has an unknown key",
        when: "A key stands where the grammar has none; nothing is ignored silently.",
        fix: "The message names the nearest known key. Top level: `id`, `[fields]` (forename, middle_names, surname, former_surname, date_of_birth, sex, postcode, address), `[formats]`, `[other]`, `[link]` (threshold, one_to_one).",
    },
    Explanation {
        code: "KL-L-012",
        exit: Exit::Usage,
        title: "A value of the specification is of the wrong kind",
        when: "A table stands for a text, a number for a truth value, or a word is none of those known.",
        fix: "A field is a column, a list of columns, or { left = …, right = … }; a date of birth may be { day = …, month = …, year = … }; a further column is { column = …, compare = exact, name, text, date, number or identifier }.",
    },
    Explanation {
        code: "KL-L-013",
        exit: Exit::Usage,
        title: "The specification says too little",
        when: "There is no `id`, or there are fewer than two fields to link by.",
        fix: "Name the column that identifies a row, and at least two fields.",
    },
    Explanation {
        code: "KL-L-020",
        exit: Exit::Input,
        title: "The file has no rows",
        when: "A file to be linked is empty, or has a header only.",
        fix: "Check that the right file was named, and that it is whole.",
    },
    Explanation {
        code: "KL-L-021",
        exit: Exit::Input,
        title: "The file has no such column",
        when: "The specification names a column that the file does not have.",
        fix: "Mend the specification; the message names the nearest column.",
    },
    Explanation {
        code: "KL-L-022",
        exit: Exit::Input,
        title: "The file is not readable text",
        when: "The CSV file is not UTF-8, or a row has more or fewer values than the header.",
        fix: "Have the file written again as CSV in UTF-8 with a header, or as Parquet.",
    },
    Explanation {
        code: "KL-L-023",
        exit: Exit::Input,
        title: "The column cannot be read as text",
        when: "A Parquet column is a list, a structure or of another type that has no plain text.",
        fix: "Write the column as text.",
    },
    Explanation {
        code: "KL-L-024",
        exit: Exit::Input,
        title: "A row has no id",
        when: "The id column is empty in that row.",
        fix: "Every row needs an id of its own; number the rows if there is no such column.",
    },
    Explanation {
        code: "KL-L-025",
        exit: Exit::Input,
        title: "An id stands twice",
        when: "Two rows of one file have the same id.",
        fix: "Every row needs an id of its own; number the rows if there is no such column.",
    },
    Explanation {
        code: "KL-L-026",
        exit: Exit::Input,
        title: "Dates of another format",
        when: "More than half of the values of a date column do not match its format.",
        fix: "State the format under `[formats]`, such as date_of_birth = \"%d/%m/%Y\".",
    },
    Explanation {
        code: "KL-L-027",
        exit: Exit::Input,
        title: "The Parquet file is compressed in a way this program does not read",
        when: "A column is compressed with something else than Snappy or Zstandard.",
        fix: "Write the file again with Snappy, Zstandard or no compression, or as CSV.",
    },
    Explanation {
        code: "KL-L-030",
        exit: Exit::Usage,
        title: "The folder for the results is not empty",
        when: "Results are never written over others.",
        fix: "Name a new folder with `-o`.",
    },
    Explanation {
        code: "KL-L-031",
        exit: Exit::Usage,
        title: "Nothing to link by",
        when: "No combination of the fields is rare enough: chance alone would agree on each more often than there are rows.",
        fix: "Name more fields in the specification.",
    },
    Explanation {
        code: "KL-L-032",
        exit: Exit::Usage,
        title: "The file is no model",
        when: "The file of `--model` is not a `model.json` of this form of linkage.",
        fix: "Name the model.json of an earlier `kinlink link`.",
    },
    Explanation {
        code: "KL-L-040",
        exit: Exit::Input,
        title: "The truth names unknown rows",
        when: "A row of the truth has an id that was not linked, or the same row twice.",
        fix: "Check that the truth belongs to these files, left and right in the order in which they were linked.",
    },
    Explanation {
        code: "KL-L-041",
        exit: Exit::Integrity,
        title: "An input was changed since it was linked",
        when: "The digest of an input file is not the one in inputs.json.",
        fix: "Link again, or put the first file back.",
    },
    Explanation {
        code: "KL-L-042",
        exit: Exit::Integrity,
        title: "The specification of a linkage is gone",
        when: "The folder keeps no spec.toml, and the file that was named when it was linked is not there or was changed.",
        fix: "Link again, or put the first specification back.",
    },
    Explanation {
        code: "KL-L-043",
        exit: Exit::Input,
        title: "The linkage kept no estimates",
        when: "An evaluation without a truth was asked for, and the folder has no estimates.json or patterns.parquet.",
        fix: "Link again with this version of the program, or name a truth.",
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
            LinkError::OtherKey { path } => Diagnostic::new(
                "KL-L-004",
                Exit::Key,
                what,
                "run `pseudonymise` again with the key of this run",
            )
            .at(Place::file(path)),
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
