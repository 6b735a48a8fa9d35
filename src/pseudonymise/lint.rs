//! Lint of split files: what the linkage side gets and what the analyst gets have nothing in common.
//!
//! | rule | linkage file | payload file |
//! | --- | --- | --- |
//! | columns | `source`, pseudonyms and encodings: bytes without a name of the model | exactly those of its canonical table |
//! | join pseudonym | `row` | `record` |
//! | values | no pseudonym that another pass or the payload has | no pseudonym of a linkage file |
//! | order | by `row` | by `record` |
//!
//! Memory is that of the payload's pseudonyms, 16 bytes a row: the linkage files are in order, so
//! that all of them are merged at once and read as they pass.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt;
use std::path::{Path, PathBuf};

use arrow::array::{Array, FixedSizeBinaryArray};
use arrow::datatypes::DataType;

use super::key::Pseudonym;
use super::release::is_reference;
use crate::columnar::{ColumnarError, TableReader, bytes};
use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};
use crate::schema::canonical::{PSEUDONYM_BYTES, RECORD, Table};
use crate::stage::{OutputFile, StageFolders};

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

fn pseudonym(column: &FixedSizeBinaryArray, row: usize) -> Option<Pseudonym> {
    (!column.is_null(row)).then(|| Pseudonym::try_from(column.value(row)).ok())?
}

/// The pseudonyms of people in the payload, in order, once each, with the first file that has it.
fn payload_pseudonyms(
    files: &[PathBuf],
    faults: &mut Vec<Fault>,
) -> Result<Vec<Pseudonym>, ColumnarError> {
    let mut all = Vec::new();
    for path in files {
        let names: Vec<String> = {
            let schema = TableReader::open(path, None)?.schema();
            let names = schema.fields().iter().map(|f| f.name().clone());
            names.filter(|n| is_reference(n)).collect()
        };
        for name in &names {
            let mut last = None;
            let (mut unordered, mut without) = (false, false);
            for batch in TableReader::open(path, Some(&[name]))? {
                let batch = batch?;
                let column = bytes(&batch, name, path)?;
                for row in 0..column.len() {
                    let value = pseudonym(column, row);
                    without |= value.is_none();
                    unordered |= name == RECORD && value < last;
                    last = value.or(last);
                    all.extend(value);
                }
            }
            if without {
                faults.push(fault(path, Some(name), Rule::NoJoinPseudonym));
            }
            if unordered {
                faults.push(fault(path, Some(name), Rule::OutOfOrder));
            }
        }
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// One linkage file, row by row.
struct Stream<'a> {
    path: &'a Path,
    reader: TableReader,
    batch: Option<FixedSizeBinaryArray>,
    at: usize,
    last: Option<Pseudonym>,
    rows: u64,
    unordered: bool,
    without: bool,
}

impl<'a> Stream<'a> {
    fn open(path: &'a Path) -> Result<Self, ColumnarError> {
        Ok(Stream {
            path,
            reader: TableReader::open_with(path, Some(&[ROW]), 1 << 12)?,
            batch: None,
            at: 0,
            last: None,
            rows: 0,
            unordered: false,
            without: false,
        })
    }

    /// The next pseudonym that differs from the one before.
    fn next(&mut self) -> Result<Option<Pseudonym>, ColumnarError> {
        loop {
            let Some(column) = self.batch.as_ref().filter(|b| self.at < b.len()) else {
                let Some(batch) = self.reader.next() else {
                    return Ok(None);
                };
                self.batch = Some(bytes(&batch?, ROW, self.path)?.clone());
                self.at = 0;
                continue;
            };
            let value = pseudonym(column, self.at);
            self.at += 1;
            self.rows += 1;
            let Some(value) = value else {
                self.without = true;
                continue;
            };
            if self.last == Some(value) {
                continue;
            }
            self.unordered |= self.last.is_some_and(|last| value < last);
            self.last = Some(value);
            return Ok(Some(value));
        }
    }
}

/// All linkage files and the payload's people, merged: a value that comes twice is shared.
fn merge(
    linkage: &[PathBuf],
    payload: &[PathBuf],
    people: &[Pseudonym],
    faults: &mut Vec<Fault>,
) -> Result<u64, ColumnarError> {
    let mut streams: Vec<Stream<'_>> = Vec::new();
    for path in linkage {
        streams.push(Stream::open(path)?);
    }
    let mut heap = BinaryHeap::new();
    for (i, stream) in streams.iter_mut().enumerate() {
        heap.extend(stream.next()?.map(|value| Reverse((value, i))));
    }
    let mut shared: BTreeMap<(usize, Option<usize>), u64> = BTreeMap::new();
    let mut before: Option<(Pseudonym, usize)> = None;
    let mut person = people.iter().peekable();
    while let Some(Reverse((value, i))) = heap.pop() {
        if let Some((_, j)) = before.filter(|(v, j)| *v == value && *j != i) {
            *shared.entry((i, Some(j))).or_default() += 1;
        }
        while person.next_if(|p| **p < value).is_some() {}
        if person.peek().is_some_and(|p| **p == value) {
            *shared.entry((i, None)).or_default() += 1;
        }
        before = Some((value, i));
        if let Some(stream) = streams.get_mut(i) {
            heap.extend(stream.next()?.map(|value| Reverse((value, i))));
        }
    }
    let the_payload = payload
        .first()
        .and_then(|p| p.parent())
        .and_then(Path::parent);
    for ((i, j), count) in shared {
        let other = j.and_then(|j| linkage.get(j)).map(PathBuf::as_path);
        if let (Some(path), Some(with)) = (linkage.get(i), other.or(the_payload)) {
            let with = with.to_path_buf();
            faults.push(fault(path, Some(ROW), Rule::Shared { with, count }));
        }
    }
    for stream in &streams {
        if stream.without {
            faults.push(fault(stream.path, Some(ROW), Rule::NoJoinPseudonym));
        }
        if stream.unordered {
            faults.push(fault(stream.path, Some(ROW), Rule::OutOfOrder));
        }
    }
    Ok(streams.iter().map(|s| s.rows).sum())
}
