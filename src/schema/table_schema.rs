//! Table Schemas: Frictionless Table Schema 2.0 JSON with our own `kinlink:` properties.
//!
//! A schema says what a file's columns are called, what may stand in them, and where they go:
//! `kinlink:table` (or `kinlink:tables`) names the tables that its rows feed, and each field's
//! `kinlink:canonical` the column of such a table. A field without a `kinlink:role` counts as a
//! direct identifier: it is dropped, unless it is mapped.

mod field;
mod parse;
mod properties;
mod reading;

pub(crate) use properties::suggestion;

use std::path::{Path, PathBuf};

use crate::schema::code_list::CodeList;
use crate::schema::schema_error::{SchemaError, SchemaProblem};

/// How the columns of a file must agree with the fields of its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldsMatch {
    /// The same fields in the same order (the standard's default).
    Exact,
    /// The same fields in any order.
    Equal,
    /// All fields of the schema; the file may have more.
    Subset,
    /// Only fields of the schema; the file may have fewer.
    Superset,
    /// At least one field in common.
    Partial,
}

/// What kind of file a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// The XML of the children in need census, or any XML of that build.
    CinXml,
}

/// The encoding of a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// Windows-1252, the older encoding of western Europe.
    Windows1252,
}

/// The type of a field's values as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// Any text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Yes or no.
    Boolean,
    /// A date, in the field's `format`.
    Date,
    /// A time of day.
    Time,
}

/// What a field is, to somebody who wants to know a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Identifies the row.
    RecordId,
    /// Points to a row of another table.
    Reference,
    /// Names, numbers, addresses: what identifies a person by itself.
    DirectIdentifier,
    /// What identifies a person together with other things.
    QuasiIdentifier,
    /// What tables are cut by.
    Dimension,
    /// What tables count or add up.
    Measure,
    /// The day of an event.
    EventDate,
}

/// What becomes of a field in a research release. Where nothing is said its role decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnOutput {
    /// Left out.
    Drop,
    /// As it is.
    Keep,
    /// A reference to a person becomes a pseudonym.
    Pseudonymise,
    /// The coarser form that its column has: a date its month, a postcode its area.
    Generalise,
    /// A date becomes the first day of its month.
    Month,
    /// A date becomes the Monday of its week.
    Week,
    /// A postcode becomes the local authority it lies in.
    Area,
}

/// What becomes of a row when a value breaks the field's type or constraints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnInvalid {
    /// The row is held back (the default).
    Quarantine,
    /// The value is dropped and counted, and the row goes on.
    Null,
}

/// What a field's values must satisfy.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Constraints {
    /// A value must be there.
    pub required: bool,
    /// The only values allowed.
    pub allowed: Option<Vec<String>>,
    /// The least length in characters.
    pub min_length: Option<usize>,
    /// The greatest length in characters.
    pub max_length: Option<usize>,
    /// The least number, or the earliest date as yyyy-mm-dd.
    pub minimum: Option<String>,
    /// The greatest number, or the latest date as yyyy-mm-dd.
    pub maximum: Option<String>,
}

/// One field of a schema.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldSchema {
    /// The column's name in the file.
    pub name: String,
    /// Its type.
    pub kind: FieldType,
    /// The date format, strptime-like; `None` is the default, `%Y-%m-%d`.
    pub format: Option<String>,
    /// What it means.
    pub description: Option<String>,
    /// What its values must satisfy.
    pub constraints: Constraints,
    /// Codes with their labels, in the order of `categories`, where that gives labels.
    pub labels: Vec<(String, String)>,
    /// Its own words for "nothing here"; they replace the schema's.
    pub missing_values: Option<Vec<String>>,
    /// What it is; nothing said counts as a direct identifier.
    pub role: Option<Role>,
    /// Where it goes: `column`, or `target.column`.
    pub canonical: Vec<String>,
    /// The standard form its values are brought to, if not that of the column.
    pub standardise: Option<String>,
    /// What becomes of it in a research release.
    pub on_output: Option<OnOutput>,
    /// Its unit.
    pub unit: Option<String>,
    /// What its codes mean.
    pub codes: Option<CodeList>,
    /// What a bad value does to its row.
    pub on_invalid: OnInvalid,
    /// XML: the path of the element, from the row's outermost element.
    pub path: Option<String>,
}

/// A constant or composed value: alternatives, of which the first complete one is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The column of the target.
    pub column: String,
    /// Templates such as `{la}/{CHILD}` or `row:{row}`.
    pub alternatives: Vec<String>,
}

/// A table that the rows of a file feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What the fields call it.
    pub name: String,
    /// The landing table.
    pub table: String,
    /// XML: the path of the element that is one row.
    pub row: Option<String>,
    /// Columns that are constants or are composed.
    pub set: Vec<Setting>,
    /// Only rows whose fields hold one of these values are in scope.
    pub keep: Vec<(String, Vec<String>)>,
}

/// How many rows a rule may reject; what is not stated is the job's default.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RejectLimit {
    /// The share of the source's rows, 0 to 1.
    pub share: Option<f64>,
    /// The number of rows.
    pub count: Option<u64>,
    /// So few rows never stop a run by their share.
    pub allowance: Option<u64>,
}

/// A schema file.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSchema {
    /// Where it was read.
    pub path: PathBuf,
    /// Its title.
    pub title: Option<String>,
    /// How the file's columns must agree.
    pub fields_match: FieldsMatch,
    /// Its fields.
    pub fields: Vec<FieldSchema>,
    /// Words for "nothing here".
    pub missing_values: Vec<String>,
    /// The columns that identify a row.
    pub primary_key: Vec<String>,
    /// What kind of file.
    pub format: Format,
    /// In which encoding.
    pub encoding: Encoding,
    /// The collection it is of, such as `2024-25`; of two collections the later one is believed.
    pub collection: Option<String>,
    /// The tables that its rows feed. None in schemas of published or canonical tables.
    pub targets: Vec<Target>,
    /// How many rows a rule may reject.
    pub reject_limit: RejectLimit,
}

impl TableSchema {
    /// Reads a schema file.
    ///
    /// # Errors
    /// All problems of the file, with line and column.
    pub fn read(path: &Path) -> Result<Self, SchemaError> {
        let text = std::fs::read_to_string(path).map_err(|e| SchemaError {
            path: path.to_path_buf(),
            problems: vec![SchemaProblem {
                code: "KL-T-001",
                what: format!("the schema cannot be read: {}", e.kind()),
                property: String::new(),
                at: None,
                span: None,
                help: "mend the path in the pipeline file".to_owned(),
            }],
        })?;
        Self::parse(path, &text)
    }

    /// Reads the text of a schema file; `path` is for messages.
    ///
    /// # Errors
    /// All problems of the text, with line and column.
    pub fn parse(path: &Path, text: &str) -> Result<Self, SchemaError> {
        parse::parse(path, text)
    }

    /// A schema that knows no field.
    pub(crate) fn without_fields(path: &Path) -> Self {
        TableSchema {
            path: path.to_path_buf(),
            title: None,
            fields_match: FieldsMatch::Exact,
            fields: Vec::new(),
            missing_values: Vec::new(),
            primary_key: Vec::new(),
            format: Format::Csv,
            encoding: Encoding::Utf8,
            collection: None,
            targets: Vec::new(),
            reject_limit: RejectLimit::default(),
        }
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&FieldSchema> {
        self.fields.iter().find(|f| f.name == name)
    }
}
