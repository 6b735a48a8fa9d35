//! What can be wrong with a schema, a secret or a table, and the codes that explain it.

use std::path::PathBuf;

use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};

/// One thing that is wrong with a linkage schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaProblem {
    /// The key, as a path: `features[2].hashing.strategy`.
    pub path: String,
    /// The rule that it breaks.
    pub rule: String,
}

impl SchemaProblem {
    pub(super) fn new(path: impl Into<String>, rule: impl Into<String>) -> Self {
        SchemaProblem {
            path: path.into(),
            rule: rule.into(),
        }
    }
}

/// Which rule a value breaks. Never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// The format's encoding has no such character.
    #[error("a character cannot be written in ascii, the encoding that the schema names")]
    NotAscii,
    /// The pattern does not match the whole value.
    #[error("the value does not match the pattern of the schema")]
    Pattern,
    /// The pattern backtracks without end on this value.
    #[error("matching the pattern of the schema took too many steps")]
    PatternSteps,
    /// Too few characters.
    #[error("the value has fewer than {0} characters (`minLength`)")]
    TooShort(u64),
    /// Too many characters.
    #[error("the value has more than {0} characters (`maxLength`)")]
    TooLong(u64),
    /// A letter of the other case.
    #[error("the value is not in {0} case")]
    Case(&'static str),
    /// Not a whole number.
    #[error("the value is not a whole number")]
    Integer,
    /// Below the least.
    #[error("the number is below `minimum`")]
    Minimum,
    /// Above the greatest.
    #[error("the number is above `maximum`")]
    Maximum,
    /// Not a date of that format.
    #[error("the value is not a date of the format in the schema")]
    Date,
    /// Not one of the values.
    #[error("the value is none of those in `values`")]
    Enum,
    /// A numeric comparison of something that is no number.
    #[error("the comparison is numeric and the value is not a finite number")]
    Number,
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum ClkhashError {
    /// The schema file cannot be read as text.
    #[error("the linkage schema cannot be read ({kind})")]
    SchemaUnreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said; `InvalidData` if it is not UTF-8.
        kind: std::io::ErrorKind,
    },
    /// The schema is not JSON.
    #[error("the linkage schema is not JSON")]
    NotJson {
        /// The file.
        path: PathBuf,
        /// 1-based line of the first mistake.
        line: u64,
    },
    /// The schema is JSON and no linkage schema that can be carried out.
    #[error("the linkage schema is not valid")]
    Schema {
        /// The file.
        path: PathBuf,
        /// All that is wrong with it.
        problems: Vec<SchemaProblem>,
    },
    /// The secret cannot be read.
    #[error("the file with the secret cannot be read ({kind})")]
    SecretUnreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        kind: std::io::ErrorKind,
    },
    /// The table cannot be read.
    #[error("the table cannot be read ({kind})")]
    InputUnreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        kind: std::io::ErrorKind,
    },
    /// Bytes that are not UTF-8.
    #[error("the table is not UTF-8 text")]
    NotText {
        /// The file.
        path: PathBuf,
        /// 1-based line on which the row begins.
        row: u64,
        /// The column, once the header is known.
        column: Option<String>,
    },
    /// A quotation mark that is never closed.
    #[error("a quotation mark is opened and not closed")]
    OpenQuote {
        /// The file.
        path: PathBuf,
        /// 1-based line on which the row begins.
        row: u64,
    },
    /// The header is not that of the schema.
    #[error("the header is not the list of features in the schema")]
    Header {
        /// The file.
        path: PathBuf,
        /// The feature that should stand where another name, or none, stands.
        expected: Option<String>,
        /// Columns in the file, features in the schema.
        counts: (usize, usize),
    },
    /// A row with too few or too many cells.
    #[error("the row has {found} cells, and the schema {expected} features")]
    RowLength {
        /// The file.
        path: PathBuf,
        /// 1-based line on which the row begins.
        row: u64,
        /// Cells in the row.
        found: usize,
        /// Features in the schema.
        expected: usize,
    },
    /// Values that break their formats.
    #[error("a value breaks the format of its feature")]
    Values {
        /// The file.
        path: PathBuf,
        /// 1-based line, feature and rule of each.
        places: Vec<(u64, String, Breach)>,
    },
    /// The result cannot be written.
    #[error("the result cannot be written ({kind})")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        kind: std::io::ErrorKind,
    },
    /// The result would replace one of the inputs.
    #[error("the result would overwrite a file that the command reads")]
    Overwrites {
        /// The file.
        path: PathBuf,
    },
}

const KEPT: &str = "no file was written";

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-H-001",
        exit: Exit::Usage,
        title: "The linkage schema cannot be read",
        when: "`--schema` names no file, a file that may not be read, or one that is not UTF-8 \
               text.",
        fix: "Name the JSON file that all parties to the linkage agreed on.",
    },
    Explanation {
        code: "KL-H-002",
        exit: Exit::Usage,
        title: "The linkage schema is not JSON",
        when: "The file breaks the grammar of JSON (RFC 8259) at the line that is given.",
        fix: "Compare the file with the one that was agreed; a bracket or comma is amiss.",
    },
    Explanation {
        code: "KL-H-003",
        exit: Exit::Usage,
        title: "The linkage schema is not valid",
        when: "A key is missing, unknown, of the wrong type or out of range for its version (1, \
               2 or 3), or asks for what the encoding cannot do: BLAKE2b with a filter whose \
               length is not a power of two or with keys over 64 bytes, or more key material \
               than HKDF gives.",
        fix: "docs/clkhash.md lists the keys. Change the schema for all parties, or for none: \
              records made with different schemas cannot be compared.",
    },
    Explanation {
        code: "KL-H-004",
        exit: Exit::Key,
        title: "The secret cannot be read",
        when: "`--secret-file` names no file, a folder, a file that may not be read, or more \
               than a mebibyte.",
        fix: "Name the file that holds the secret, and nothing else.",
    },
    Explanation {
        code: "KL-H-005",
        exit: Exit::Input,
        title: "The table cannot be read",
        when: "INPUT does not exist, is a folder, or may not be read.",
        fix: "Name a CSV file.",
    },
    Explanation {
        code: "KL-H-006",
        exit: Exit::Input,
        title: "The table is not UTF-8 text",
        when: "The row holds bytes that are not UTF-8: another encoding, or not a text file.",
        fix: "Convert the file to UTF-8, the same way for all parties; then encode again.",
    },
    Explanation {
        code: "KL-H-007",
        exit: Exit::Input,
        title: "A quotation mark is not closed",
        when: "A cell begins with a quotation mark and the file ends before the next one.",
        fix: "Close the quotation mark; inside a quoted cell, a quotation mark is written twice.",
    },
    Explanation {
        code: "KL-H-008",
        exit: Exit::Input,
        title: "The header is not that of the schema",
        when: "The first row must hold the identifiers of all features of the schema, ignored \
               ones too, in the same order and spelt the same.",
        fix: "Put the columns into the order of the schema, or mend the names.",
    },
    Explanation {
        code: "KL-H-009",
        exit: Exit::Input,
        title: "A row has too few or too many cells",
        when: "A row's cells cannot be matched with the features. An empty line is a row of no \
               cells.",
        fix: "Mend the row: a comma inside a value needs quotation marks around the value.",
    },
    Explanation {
        code: "KL-H-010",
        exit: Exit::Input,
        title: "A value breaks the format of its feature",
        when: "The `format` of the feature does not allow the value, or the comparison cannot \
               take it. Values that mean \"missing\" must be named in `missingValue`.",
        fix: "Mend the value in a copy of the extract, or agree on another schema.",
    },
    Explanation {
        code: "KL-H-011",
        exit: Exit::Resources,
        title: "The result cannot be written",
        when: "The folder of `--out` does not exist, is full, or may not be written to.",
        fix: "Make the folder, or choose another.",
    },
    Explanation {
        code: "KL-H-012",
        exit: Exit::Usage,
        title: "The result would overwrite an input",
        when: "`--out` names the table, the schema or the secret.",
        fix: "Choose another name.",
    },
];

impl Diagnose for ClkhashError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        match self {
            ClkhashError::Schema { path, problems } => problems
                .iter()
                .map(|p| {
                    let help = "`kinlink explain KL-H-003`; the schema must be the same for all \
                                parties";
                    Diagnostic::new("KL-H-003", Exit::Usage, self.to_string(), help)
                        .at(Place::file(path).column(&p.path))
                        .rule(&p.rule)
                        .kept(KEPT)
                })
                .collect(),
            ClkhashError::Values { path, places } => places
                .iter()
                .map(|(row, column, breach)| {
                    let help = "mend the value, or name it in `missingValue` if it means missing";
                    Diagnostic::new("KL-H-010", Exit::Input, self.to_string(), help)
                        .at(Place::file(path).row(*row).column(column))
                        .rule(breach.to_string())
                        .kept(KEPT)
                })
                .collect(),
            _ => vec![self.single()],
        }
    }
}

impl ClkhashError {
    /// The diagnostic of an error that is one problem.
    fn single(&self) -> Diagnostic {
        let (code, exit, place, help) = self.parts();
        let mut one = Diagnostic::new(code, exit, self.to_string(), help)
            .at(place)
            .kept(KEPT);
        if let ClkhashError::Header {
            expected, counts, ..
        } = self
        {
            let (found, wanted) = counts;
            one = one.rule(match expected {
                Some(name) => format!("`{name}` is expected here"),
                None => format!("{wanted} features, and the file has {found} columns"),
            });
        }
        one
    }

    fn parts(&self) -> (&'static str, Exit, Place, &'static str) {
        match self {
            ClkhashError::SchemaUnreadable { path, .. } => (
                "KL-H-001",
                Exit::Usage,
                Place::file(path),
                "`--schema` names a linkage schema, a JSON file in UTF-8",
            ),
            ClkhashError::NotJson { path, line } => (
                "KL-H-002",
                Exit::Usage,
                Place::file(path).row(*line),
                "a bracket, quotation mark or comma is amiss there",
            ),
            ClkhashError::SecretUnreadable { path, .. } => (
                "KL-H-004",
                Exit::Key,
                Place::file(path),
                "`--secret-file` names the file that holds the secret, and nothing else",
            ),
            ClkhashError::InputUnreadable { path, .. } => (
                "KL-H-005",
                Exit::Input,
                Place::file(path),
                "name a CSV file",
            ),
            ClkhashError::NotText { path, row, column } => {
                let place = Place::file(path).row(*row);
                let place = match column {
                    Some(column) => place.column(column),
                    None => place,
                };
                ("KL-H-006", Exit::Input, place, "convert the file to UTF-8")
            }
            ClkhashError::OpenQuote { path, row } => (
                "KL-H-007",
                Exit::Input,
                Place::file(path).row(*row),
                "close the quotation mark",
            ),
            ClkhashError::Header { path, .. } => (
                "KL-H-008",
                Exit::Input,
                Place::file(path).row(1),
                "the header must list all features of the schema in its order, ignored ones too",
            ),
            ClkhashError::RowLength { path, row, .. } => (
                "KL-H-009",
                Exit::Input,
                Place::file(path).row(*row),
                "mend the row; an empty line is a row of no cells",
            ),
            ClkhashError::Unwritable { path, .. } => (
                "KL-H-011",
                Exit::Resources,
                Place::file(path),
                "make the folder, or choose another",
            ),
            ClkhashError::Overwrites { path } => (
                "KL-H-012",
                Exit::Usage,
                Place::file(path),
                "choose another name",
            ),
            ClkhashError::Schema { path, .. } => (
                "KL-H-003",
                Exit::Usage,
                Place::file(path),
                "see docs/clkhash.md",
            ),
            ClkhashError::Values { path, .. } => {
                ("KL-H-010", Exit::Input, Place::file(path), "mend the value")
            }
        }
    }
}
