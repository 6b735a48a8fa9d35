//! What lint can find, and how it is told: the file, the column, the rule. Never a value.

use std::fmt;
use std::path::PathBuf;

use crate::columnar::ColumnarError;
use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};

/// A rule that a file breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// A linkage file holds something else than encodings.
    PayloadInLinkage,
    /// A payload file holds an encoding.
    EncodingInPayload,
    /// A payload file's columns are not those of its canonical table.
    NotOfTheModel,
    /// There is no join pseudonym, or not in every row.
    NoJoinPseudonym,
    /// Pseudonyms that another file has too.
    Shared {
        /// The other file.
        with: PathBuf,
        /// How many.
        count: u64,
    },
    /// Rows are not in the order of their pseudonym: their order may say something.
    OutOfOrder,
    /// Something else than a Parquet file.
    Stray,
}

impl Rule {
    fn code(&self) -> &'static str {
        match self {
            Rule::PayloadInLinkage => "KL-Y-001",
            Rule::EncodingInPayload => "KL-Y-002",
            Rule::NotOfTheModel => "KL-Y-003",
            Rule::NoJoinPseudonym => "KL-Y-004",
            Rule::Shared { .. } => "KL-Y-005",
            Rule::OutOfOrder => "KL-Y-006",
            Rule::Stray => "KL-Y-007",
        }
    }

    fn help(&self) -> &'static str {
        match self {
            Rule::PayloadInLinkage => "take the column out; the linkage side gets encodings alone",
            Rule::EncodingInPayload => "take the column out; encodings go to the linkage side",
            Rule::NotOfTheModel => {
                "do not pass the file on; make the parcels again from the extract"
            }
            Rule::NoJoinPseudonym => {
                "make the parcels again; without it the parts cannot be joined"
            }
            Rule::Shared { .. } => {
                "do not pass the files on: whoever holds both could join them. Make them again"
            }
            Rule::OutOfOrder => "make the parcels again; files are written in order",
            Rule::Stray => "take the file out of the parcel",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::PayloadInLinkage => {
                f.write_str("a linkage file holds a column that is no encoding")
            }
            Rule::EncodingInPayload => f.write_str("a payload file holds an encoding"),
            Rule::NotOfTheModel => {
                f.write_str("a payload file does not have the columns of its canonical table")
            }
            Rule::NoJoinPseudonym => f.write_str("the file has no join pseudonym in every row"),
            Rule::Shared { with, count } => write!(
                f,
                "{count} pseudonyms of this file are also in {}",
                with.display()
            ),
            Rule::OutOfOrder => f.write_str("the rows are not in the order of their pseudonym"),
            Rule::Stray => f.write_str("the file is not a Parquet file of the split"),
        }
    }
}

/// A rule broken in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: PathBuf,
    /// The column.
    pub column: Option<String>,
    /// The rule.
    pub rule: Rule,
}

/// What lint found.
#[derive(Debug, thiserror::Error)]
pub enum LintError {
    /// A file cannot be read.
    #[error(transparent)]
    Columnar(#[from] ColumnarError),
    /// Files break rules.
    #[error("{} rules of the split are broken", .0.len())]
    Broken(Vec<Fault>),
    /// There is nothing to lint.
    #[error("the folder holds neither linkage/ nor payload/")]
    NoSplit {
        /// The folder.
        path: PathBuf,
    },
}

/// The codes of lint.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-Y-001",
        exit: Exit::Disclosure,
        title: "A linkage file holds a column that is no encoding",
        when: "Besides `source` and `row` a file below `linkage/` holds text, dates, numbers, or a \
               column of the canonical model.",
        fix: "Do not pass it on. Make the parcels again; if kinlink wrote it, report the defect.",
    },
    Explanation {
        code: "KL-Y-002",
        exit: Exit::Disclosure,
        title: "A payload file holds an encoding",
        when: "A file below `payload/` holds a match key, a filter, or a row pseudonym of a pass.",
        fix: "Do not pass it on: with encodings and content in one hand, content has names within \
              reach. Make the parcels again.",
    },
    Explanation {
        code: "KL-Y-003",
        exit: Exit::Disclosure,
        title: "A payload file has other columns than its table",
        when: "A file below `payload/` lacks a column of its canonical table, has one more, or one \
               of another type, such as a name or a date of birth.",
        fix: "Do not pass it on. Make the parcels again from the extract.",
    },
    Explanation {
        code: "KL-Y-004",
        exit: Exit::Disclosure,
        title: "A file has no join pseudonym of its own",
        when: "A linkage file has no `row`, or a payload file no `record`, in each of its rows.",
        fix: "Make the parcels again; the parts could not be joined by the owner.",
    },
    Explanation {
        code: "KL-Y-005",
        exit: Exit::Disclosure,
        title: "Two files share pseudonyms",
        when: "A linkage file and the payload, or two passes, hold the same pseudonym: rows could \
               be followed from one to the other.",
        fix: "Do not pass them on. Files of one split share none; make the parcels again.",
    },
    Explanation {
        code: "KL-Y-006",
        exit: Exit::Disclosure,
        title: "Rows are not in the order of their pseudonym",
        when: "The order of the rows may be that of the extract, which joins the parts by itself.",
        fix: "Make the parcels again; files are written in order.",
    },
    Explanation {
        code: "KL-Y-007",
        exit: Exit::Disclosure,
        title: "A parcel holds another kind of file",
        when: "Something else than a Parquet file of the split lies below `linkage/` or `payload/`.",
        fix: "Take it out of the parcel.",
    },
    Explanation {
        code: "KL-Y-008",
        exit: Exit::Usage,
        title: "There are no split files",
        when: "`kinlink pseudonymise lint` was given a folder without `linkage/` and `payload/`.",
        fix: "Name the folder that `kinlink pseudonymise` wrote, or one that holds a parcel of it.",
    },
];

impl Diagnose for LintError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        match self {
            LintError::Columnar(e) => e.diagnostics(),
            LintError::NoSplit { path } => vec![
                Diagnostic::new(
                    "KL-Y-008",
                    Exit::Usage,
                    self.to_string(),
                    "name the folder that `kinlink pseudonymise` wrote",
                )
                .at(Place::file(path)),
            ],
            LintError::Broken(faults) => faults.iter().map(Fault::diagnostic).collect(),
        }
    }
}

impl Fault {
    fn diagnostic(&self) -> Diagnostic {
        let mut place = Place::file(&self.file);
        place.column.clone_from(&self.column);
        Diagnostic::new(
            self.rule.code(),
            Exit::Disclosure,
            self.rule.to_string(),
            self.rule.help(),
        )
        .at(place)
    }
}
