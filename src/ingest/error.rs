//! What can be wrong with the extracts, and how it is told. Places only, never values.

use std::path::{Path, PathBuf};

use crate::columnar::ColumnarError;
use crate::diagnostic::{Diagnose, Diagnostic, Exit, Place};
use crate::schema::SchemaError;

pub use super::explanations::EXPLANATIONS;

/// What is wrong with one column of a header. The text of an unknown column is not kept: a file
/// without a header begins with people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderFault {
    /// The schema does not know it.
    Unknown {
        /// Its position in the header, from 1.
        position: usize,
        /// A name of the schema that is near, if there is one.
        near: Option<String>,
    },
    /// It is not there.
    Missing(String),
    /// It is there twice.
    Twice(String),
    /// It stands in another place.
    Elsewhere(String),
}

impl HeaderFault {
    fn words(&self) -> String {
        match self {
            HeaderFault::Unknown {
                position,
                near: Some(near),
            } => format!("column {position} is unknown (did you mean `{near}`?)"),
            HeaderFault::Unknown { position, .. } => format!("column {position} is unknown"),
            HeaderFault::Missing(name) => format!("`{name}` is missing"),
            HeaderFault::Twice(name) => format!("`{name}` is there twice"),
            HeaderFault::Elsewhere(name) => format!("`{name}` stands in another place"),
        }
    }
}

/// A rule that rejected more rows than the limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Excess {
    /// The file with the first of them.
    pub file: PathBuf,
    /// The source.
    pub source: String,
    /// The column.
    pub column: Option<String>,
    /// The rule.
    pub rule: &'static str,
    /// How many rows.
    pub rejected: u64,
    /// Of how many.
    pub rows: u64,
    /// The limit, in words.
    pub limit: String,
    /// The first rows.
    pub first: Vec<u64>,
}

/// One problem of one file.
#[derive(Debug, Clone, PartialEq)]
pub enum Problem {
    /// The file cannot be opened or read.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        kind: std::io::ErrorKind,
    },
    /// The file has no bytes.
    Empty {
        /// The file.
        file: PathBuf,
    },
    /// The file is of another kind than its schema says.
    WrongKind {
        /// The file.
        file: PathBuf,
        /// What the schema says.
        expected: &'static str,
        /// What it looks like.
        found: &'static str,
    },
    /// The text is not in the encoding that the schema says.
    Encoding {
        /// The file.
        file: PathBuf,
        /// The byte offset of the first bad byte, from 0.
        offset: u64,
        /// Its line, from 1.
        line: u64,
    },
    /// There is a NUL byte in the text.
    Nul {
        /// The file.
        file: PathBuf,
        /// Its byte offset, from 0.
        offset: u64,
        /// Its line, from 1.
        line: u64,
    },
    /// A quotation mark opens and never closes.
    Quote {
        /// The file.
        file: PathBuf,
        /// The line on which the last row begins.
        line: u64,
    },
    /// A row is longer than any row of an extract can be.
    LongRow {
        /// The file.
        file: PathBuf,
        /// The line on which it begins.
        line: u64,
    },
    /// The header is not that of the schema.
    Header {
        /// The file.
        file: PathBuf,
        /// The line.
        line: u64,
        /// What is wrong with which columns, in the order of the header.
        faults: Vec<HeaderFault>,
        /// What the schema expects.
        expected: Vec<String>,
    },
    /// The XML has an element that the schema does not know.
    UnknownElement {
        /// The file.
        file: PathBuf,
        /// The line.
        line: u64,
        /// The elements that the schema knows in that place.
        expected: Vec<String>,
    },
    /// The Parquet file is cut short or damaged.
    Parquet {
        /// The file.
        file: PathBuf,
    },
    /// The XML is not well formed.
    Xml {
        /// The file.
        file: PathBuf,
        /// The line.
        line: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The XML has a document type or entities of its own.
    Entity {
        /// The file.
        file: PathBuf,
        /// The line.
        line: u64,
    },
    /// A rule rejected more rows than the limit.
    Limit(Box<Excess>),
    /// A schema maps to something that does not exist.
    Mapping {
        /// The schema.
        schema: PathBuf,
        /// The property.
        property: String,
        /// What is wrong.
        what: String,
        /// What to do.
        help: String,
    },
    /// The path of the source has no `{la}` but the schema uses it.
    NoCapture {
        /// The file.
        file: PathBuf,
        /// The source.
        source: String,
    },
}

/// What can go wrong in ingest.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// Files that cannot be used, all problems of all files.
    #[error("the extracts cannot be used ({} problems)", .0.len())]
    Inputs(Vec<Problem>),
    /// Schema files that cannot be used.
    #[error("{} schema files cannot be used", .0.len())]
    Schemas(Vec<SchemaError>),
    /// A file could not be written.
    #[error(transparent)]
    Columnar(#[from] ColumnarError),
    /// A defect: rows of a file have no place.
    #[error("rows of {unit} are not accounted for")]
    Unaccounted {
        /// The unit of the account.
        unit: String,
        /// Rows that came in.
        rows_in: u64,
        /// Rows that have a place.
        accounted: u64,
    },
}

impl Diagnose for IngestError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        match self {
            IngestError::Inputs(problems) => problems.iter().map(Problem::diagnostic).collect(),
            IngestError::Schemas(errors) => errors.iter().flat_map(Diagnose::diagnostics).collect(),
            IngestError::Columnar(error) => error.diagnostics(),
            IngestError::Unaccounted {
                unit,
                rows_in,
                accounted,
            } => vec![Diagnostic::new(
                "KL-I-013",
                Exit::Unaccounted,
                format!("{accounted} of {rows_in} rows of {unit} have a place"),
                "this is a defect of kinlink; keep the run directory and report it",
            )],
        }
    }
}

impl Problem {
    /// The problem as a user reads it.
    pub fn diagnostic(&self) -> Diagnostic {
        let input = |code, what: String, help: &str| Diagnostic::new(code, Exit::Input, what, help);
        match self {
            Problem::Unreadable { file, kind } => input(
                "KL-I-001",
                format!("the file cannot be read: {kind}"),
                "mend the path in the pipeline file or the permission of the file",
            )
            .at(Place::file(file)),
            Problem::Empty { file } => input(
                "KL-I-002",
                "the file is empty: it has not even a header".into(),
                "have the supplier send it again; a file without rows still has a header",
            )
            .at(Place::file(file)),
            Problem::WrongKind {
                file,
                expected,
                found,
            } => input(
                "KL-I-003",
                format!("the file is {found}, but its schema says {expected}"),
                "have the supplier send it in the agreed format, or name the right schema",
            )
            .at(Place::file(file)),
            Problem::Encoding { file, offset, line } => input(
                "KL-I-004",
                format!("byte {offset} (line {line}) is not UTF-8"),
                "if the supplier writes Windows-1252, say so in the schema: \
                 \"kinlink:encoding\": \"windows-1252\"",
            )
            .at(Place::file(file).row(*line)),
            Problem::Nul { file, offset, line } => input(
                "KL-I-005",
                format!("byte {offset} (line {line}) is NUL, which no text holds"),
                "the file is damaged or in UTF-16; have the supplier send it again as UTF-8",
            )
            .at(Place::file(file).row(*line)),
            Problem::Quote { file, line } => input(
                "KL-I-006",
                format!("quotation marks do not pair up; the last row begins on line {line}"),
                "a quotation mark inside a quoted value is written twice; the file may be cut short",
            )
            .at(Place::file(file).row(*line)),
            Problem::LongRow { file, line } => input(
                "KL-I-014",
                format!("the row that begins on line {line} is longer than a row may be (16 MiB)"),
                "a quotation mark opens there and does not close",
            )
            .at(Place::file(file).row(*line)),
            Problem::Header {
                file,
                line,
                faults,
                expected,
            } => Self::header(file, *line, faults, expected),
            Problem::UnknownElement {
                file,
                line,
                expected,
            } => input(
                "KL-I-007",
                format!("the element on line {line} is not in the schema"),
                "name the schema of this file's year in the pipeline file, or have the file mended",
            )
            .rule(format!("expected there: {}", expected.join(",")))
            .at(Place::file(file).row(*line)),
            Problem::Parquet { file } => input(
                "KL-I-008",
                "the file is not a readable Parquet file (cut short or damaged)".into(),
                "have the supplier send it again, and compare its digest with theirs",
            )
            .at(Place::file(file)),
            Problem::Xml { file, line, what } => input(
                "KL-I-009",
                format!("the XML is broken on line {line}: {what}"),
                "have the supplier export it again",
            )
            .at(Place::file(file).row(*line)),
            Problem::Entity { file, line } => input(
                "KL-I-010",
                format!("the XML has a document type or an entity of its own on line {line}"),
                "such files are refused, because entities can hide or multiply content",
            )
            .at(Place::file(file).row(*line)),
            Problem::Limit(excess) => excess.diagnostic(),
            Problem::Mapping {
                schema,
                property,
                what,
                help,
            } => Diagnostic::new("KL-I-012", Exit::Usage, what.clone(), help.clone())
                .at(Place::file(schema).column(property.clone())),
            Problem::NoCapture { file, source } => Diagnostic::new(
                "KL-I-015",
                Exit::Usage,
                format!("the schema of `{source}` needs the local authority's number"),
                "write `{la}` where it stands in the path of the source, as in `cin/{la}.xml`",
            )
            .at(Place::file(file)),
        }
    }

    fn header(file: &Path, line: u64, faults: &[HeaderFault], expected: &[String]) -> Diagnostic {
        let words: Vec<String> = faults.iter().map(HeaderFault::words).collect();
        let mut place = Place::file(file).row(line);
        place.column = faults.first().map(|fault| match fault {
            HeaderFault::Unknown { position, .. } => position.to_string(),
            HeaderFault::Missing(name)
            | HeaderFault::Twice(name)
            | HeaderFault::Elsewhere(name) => name.clone(),
        });
        Diagnostic::new(
            "KL-I-007",
            Exit::Input,
            format!("the header is not that of the schema: {}", words.join("; ")),
            "name the schema of this file's year in the pipeline file, or have the file mended",
        )
        .rule(format!("expected: {}", expected.join(",")))
        .at(place)
    }
}

impl Excess {
    fn diagnostic(&self) -> Diagnostic {
        #[allow(clippy::cast_precision_loss)]
        let share = 100.0 * self.rejected as f64 / self.rows.max(1) as f64;
        let first: Vec<String> = self.first.iter().map(u64::to_string).collect();
        let mut place = Place::file(&self.file);
        place.row = self.first.first().copied();
        place.column.clone_from(&self.column);
        Diagnostic::new(
            "KL-I-011",
            Exit::Input,
            format!(
                "{} of {} rows of `{}` fail the rule `{}` ({share:.2} %, limit {}); \
                 first at row {} (values withheld)",
                self.rejected,
                self.rows,
                self.source,
                self.rule,
                self.limit,
                first.join(", ")
            ),
            "have the supplier mend the file; or raise the limit with \
             \"kinlink:rejectLimit\" in the schema and say why",
        )
        .rule(self.rule)
        .kept(
            "rejected rows are named in restricted/01-ingest/quarantine.parquet; \
             nothing was published",
        )
        .at(place)
    }
}
