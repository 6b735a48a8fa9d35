//! Lint of split files: what the linkage side gets and what the analyst gets have nothing in common.
//!
//! | rule | linkage file | payload file |
//! | --- | --- | --- |
//! | columns | `source`, pseudonyms and encodings: bytes without a name of the model | exactly those of its canonical table |
//! | join pseudonym | `row` | `record` |
//! | values | no pseudonym that another pass or the payload has | no pseudonym of a linkage file |
//! | order | by its first hash, which is `row` or a block | by `record` |
//!
//! Memory is that of the payload's pseudonyms, 16 bytes a row (and of a file that is in the order of
//! blocks): the linkage files are in order, so that all of them are merged and read as they pass.

mod fault;
mod shared;

use std::path::{Path, PathBuf};

use arrow::datatypes::DataType;

use crate::columnar::{ColumnarError, TableReader};
use crate::schema::canonical::{PSEUDONYM_BYTES, RECORD, Table};
use crate::stage::{OutputFile, StageFolders};

pub use fault::{EXPLANATIONS, Fault, LintError, Rule};
use shared::{merge, payload_pseudonyms};

/// The join pseudonym of a linkage file.
const ROW: &str = "row";
/// The number of the source, the one column of a linkage file that is no hash.
const SOURCE: &str = "source";

/// The files of a split, by who gets them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SplitFiles {
    /// For the linkage side.
    pub linkage: Vec<PathBuf>,
    /// For the analyst.
    pub payload: Vec<PathBuf>,
}

impl SplitFiles {
    /// The files that the stage wrote.
    pub fn of_outputs(folders: &StageFolders<'_>, files: &[OutputFile]) -> Self {
        let of = |part: &str| {
            let part = folders.stage.join(part);
            let paths = files.iter().map(|f| folders.root.join(&f.path));
            paths.filter(|p| p.starts_with(&part)).collect()
        };
        SplitFiles {
            linkage: of("link"),
            payload: of("payload"),
        }
    }

    /// The files below `linkage/` and `payload/` of a folder; one of the two may be elsewhere.
    ///
    /// # Errors
    /// A folder that has neither, or cannot be read.
    pub fn of_folder(folder: &Path) -> Result<Self, LintError> {
        let files = SplitFiles {
            linkage: below(&folder.join("linkage"))?,
            payload: below(&folder.join("payload"))?,
        };
        if files.linkage.is_empty() && files.payload.is_empty() {
            return Err(LintError::NoSplit {
                path: folder.to_path_buf(),
            });
        }
        Ok(files)
    }
}

/// Every file below a folder, in order; none if there is no folder.
fn below(folder: &Path) -> Result<Vec<PathBuf>, LintError> {
    let mut out = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(here) = open.pop() {
        let entries = match std::fs::read_dir(&here) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            Err(source) => return Err(ColumnarError::Io { path: here, source }.into()),
        };
        for entry in entries {
            let path = match entry {
                Ok(entry) => entry.path(),
                Err(source) => return Err(ColumnarError::Io { path: here, source }.into()),
            };
            if path.is_dir() {
                open.push(path);
            } else {
                out.push(path);
            }
        }
    }
    out.sort();
    Ok(out)
}

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linted {
    /// Linkage files.
    pub linkage: usize,
    /// Payload files.
    pub payload: usize,
    /// Rows of the linkage files.
    pub rows: u64,
    /// Different pseudonyms of people in the payload.
    pub people: u64,
}

/// Checks the files of a split.
///
/// # Errors
/// All rules that are broken, each with file and column; files that cannot be read.
pub fn lint(files: &SplitFiles) -> Result<Linted, LintError> {
    let mut faults = Vec::new();
    for path in &files.linkage {
        linkage_columns(path, &mut faults)?;
    }
    for path in &files.payload {
        payload_columns(path, &mut faults)?;
    }
    // Values are compared where the columns are right.
    if !faults.is_empty() {
        return Err(LintError::Broken(faults));
    }
    let people = payload_pseudonyms(&files.payload, &mut faults)?;
    let rows = merge(&files.linkage, &files.payload, &people, &mut faults)?;
    if !faults.is_empty() {
        return Err(LintError::Broken(faults));
    }
    Ok(Linted {
        linkage: files.linkage.len(),
        payload: files.payload.len(),
        rows,
        people: people.len() as u64,
    })
}

fn fault(path: &Path, column: Option<&str>, rule: Rule) -> Fault {
    Fault {
        file: path.to_path_buf(),
        column: column.map(str::to_owned),
        rule,
    }
}

fn is_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "parquet")
}

/// A name that the canonical model gives to something other than a row.
fn of_the_model(name: &str) -> bool {
    let has = |t: Table| {
        let (clear, payload) = (t.clear(), t.payload());
        clear.field_with_name(name).is_ok() || payload.field_with_name(name).is_ok()
    };
    name != ROW && Table::ALL.into_iter().any(has)
}

fn linkage_columns(path: &Path, faults: &mut Vec<Fault>) -> Result<(), ColumnarError> {
    if !is_parquet(path) {
        faults.push(fault(path, None, Rule::Stray));
        return Ok(());
    }
    let schema = TableReader::open(path, None)?.schema();
    for field in schema.fields() {
        let name = field.name().as_str();
        let right = match field.data_type() {
            DataType::UInt8 => name == SOURCE,
            DataType::FixedSizeBinary(_) | DataType::Binary => !of_the_model(name),
            _ => false,
        };
        if !right {
            faults.push(fault(path, Some(name), Rule::PayloadInLinkage));
        }
    }
    let row = schema.field_with_name(ROW);
    if !row.is_ok_and(|f| *f.data_type() == DataType::FixedSizeBinary(PSEUDONYM_BYTES)) {
        faults.push(fault(path, Some(ROW), Rule::NoJoinPseudonym));
    }
    Ok(())
}

fn payload_columns(path: &Path, faults: &mut Vec<Fault>) -> Result<(), ColumnarError> {
    if !is_parquet(path) {
        faults.push(fault(path, None, Rule::Stray));
        return Ok(());
    }
    let folder = path.parent().and_then(Path::file_name);
    let table = Table::ALL
        .into_iter()
        .find(|t| folder.is_some_and(|f| f == t.name()));
    let Some(table) = table else {
        faults.push(fault(path, None, Rule::NotOfTheModel));
        return Ok(());
    };
    let expected = table.payload();
    let found = TableReader::open(path, None)?.schema();
    for field in found.fields() {
        let name = field.name().as_str();
        let known = expected.field_with_name(name);
        if known.is_ok_and(|k| k.data_type() == field.data_type()) {
            continue;
        }
        let hash = matches!(
            field.data_type(),
            DataType::FixedSizeBinary(_) | DataType::Binary | DataType::LargeBinary
        );
        let rule = if hash {
            Rule::EncodingInPayload
        } else {
            Rule::NotOfTheModel
        };
        faults.push(fault(path, Some(name), rule));
    }
    for field in expected.fields() {
        let name = field.name().as_str();
        if found.field_with_name(name).is_err() {
            let rule = if name == RECORD {
                Rule::NoJoinPseudonym
            } else {
                Rule::NotOfTheModel
            };
            faults.push(fault(path, Some(name), rule));
        }
    }
    Ok(())
}
