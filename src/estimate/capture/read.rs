//! Reads a table of list histories: a CSV file with a column of 0 and 1 for each list, then `count`.

use std::collections::BTreeMap;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::error::CaptureError;
use super::table::{MOST_LISTS, MOST_PEOPLE, Table};

/// The name of the column of counts, in any case.
const COUNT: &str = "count";

/// A table as it was read, and what was noticed.
#[derive(Debug, Clone)]
pub struct ReadTable {
    /// The table.
    pub table: Table,
    /// What the reader of the estimates should know of the file.
    pub notes: Vec<String>,
}

/// Reads `file`. Without `lists` every column but `count` is a list; with it, those named are, in that
/// order, and rows that differ in other columns alone are added up.
///
/// # Errors
///
/// A file that cannot be read, a header without what is needed, a row that is no history with its
/// count or stands twice, and what [`Table::new`] refuses.
pub fn read(file: &Path, lists: Option<&[String]>) -> Result<ReadTable, CaptureError> {
    let bytes = std::fs::read(file).map_err(|e| CaptureError::Read {
        file: file.to_path_buf(),
        reason: e.kind().to_string(),
    })?;
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(text);
    let header = reader.headers().map_err(|e| not_text(file, &e))?.clone();
    let columns = Columns::find(file, &header, lists)?;
    let mut rows = Rows::new(file, columns);
    for record in reader.records() {
        rows.take(&record.map_err(|e| not_text(file, &e))?)?;
    }
    rows.finish()
}

fn not_text(file: &Path, error: &csv::Error) -> CaptureError {
    let what = match error.kind() {
        csv::ErrorKind::UnequalLengths { .. } => "the row has more or fewer fields than the header",
        csv::ErrorKind::Utf8 { .. } => "the row is not text in UTF-8",
        _ => "the row is not CSV",
    };
    match error.position().filter(|p| p.line() > 1) {
        Some(place) => CaptureError::Row {
            file: file.to_path_buf(),
            row: place.line(),
            column: None,
            what,
        },
        None => CaptureError::Read {
            file: file.to_path_buf(),
            reason: "not text in UTF-8".to_owned(),
        },
    }
}

/// Which columns are lists, which is the count, and whether there are others.
struct Columns {
    lists: Vec<(usize, String)>,
    count: usize,
    others: usize,
}

impl Columns {
    fn find(
        file: &Path,
        header: &StringRecord,
        wanted: Option<&[String]>,
    ) -> Result<Self, CaptureError> {
        let refused = |what, column: Option<&str>| CaptureError::Header {
            file: file.to_path_buf(),
            what,
            column: column.map(str::to_owned),
        };
        let is_count = |name: &str| name.eq_ignore_ascii_case(COUNT);
        for (i, name) in header.iter().enumerate() {
            if header.iter().take(i).any(|earlier| earlier == name) {
                return Err(refused("two columns have the same name", Some(name)));
            }
        }
        let count = header
            .iter()
            .position(is_count)
            .ok_or_else(|| refused("there is no column `count`", None))?;
        let all: Vec<(usize, String)> = header
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != count)
            .map(|(i, name)| (i, name.to_owned()))
            .collect();
        let lists = match wanted {
            None => all.clone(),
            Some(names) => named(&all, names).map_err(|(what, name)| refused(what, Some(name)))?,
        };
        if let Some((_, name)) = lists.iter().find(|(_, n)| n.is_empty() || n.contains(':')) {
            let what = "the name of a list is empty or has a colon in it";
            return Err(refused(what, Some(name)));
        }
        if !(2..=MOST_LISTS).contains(&lists.len()) {
            return Err(CaptureError::Lists { lists: lists.len() });
        }
        Ok(Columns {
            others: all.len() - lists.len(),
            lists,
            count,
        })
    }
}

type Refused<'a> = (&'static str, &'a str);

fn named<'a>(
    all: &[(usize, String)],
    names: &'a [String],
) -> Result<Vec<(usize, String)>, Refused<'a>> {
    let mut lists: Vec<(usize, String)> = Vec::new();
    for name in names {
        let column = all.iter().find(|(_, n)| n == name);
        let column = column.ok_or(("there is no such column", name.as_str()))?;
        if lists.contains(column) {
            return Err(("the list is named twice", name));
        }
        lists.push(column.clone());
    }
    Ok(lists)
}

struct Rows<'a> {
    file: &'a Path,
    columns: Columns,
    counts: BTreeMap<usize, u64>,
    first_row: BTreeMap<usize, u64>,
    on_no_list: Option<u64>,
}

impl<'a> Rows<'a> {
    fn new(file: &'a Path, columns: Columns) -> Self {
        Rows {
            file,
            columns,
            counts: BTreeMap::new(),
            first_row: BTreeMap::new(),
            on_no_list: None,
        }
    }

    fn take(&mut self, record: &StringRecord) -> Result<(), CaptureError> {
        let row = record.position().map_or(0, csv::Position::line);
        let refused = |what, column: &str| CaptureError::Row {
            file: self.file.to_path_buf(),
            row,
            column: Some(column.to_owned()),
            what,
        };
        let mut history = 0_usize;
        for (bit, (column, name)) in self.columns.lists.iter().enumerate() {
            match record.get(*column) {
                Some("1") => history |= 1 << bit,
                Some("0") => {}
                _ => {
                    return Err(refused(
                        "a list column holds something else than 0 or 1",
                        name,
                    ));
                }
            }
        }
        let count = whole(record.get(self.columns.count).unwrap_or(""))
            .ok_or_else(|| refused("the count is not a whole number of people", COUNT))?;
        if count > MOST_PEOPLE {
            return Err(CaptureError::TooMany);
        }
        if history == 0 {
            self.on_no_list.get_or_insert(row);
            return Ok(());
        }
        match self.first_row.get(&history) {
            Some(first) if self.columns.others == 0 => {
                return Err(CaptureError::Twice {
                    file: self.file.to_path_buf(),
                    row,
                    first: *first,
                });
            }
            Some(_) => {}
            None => {
                self.first_row.insert(history, row);
            }
        }
        let sum = self.counts.entry(history).or_insert(0);
        *sum = sum.checked_add(count).ok_or(CaptureError::TooMany)?;
        Ok(())
    }

    fn finish(self) -> Result<ReadTable, CaptureError> {
        let mut counts = vec![0; 1 << self.columns.lists.len()];
        for (history, count) in self.counts {
            counts[history] = count;
        }
        let names = self.columns.lists.into_iter().map(|(_, name)| name);
        let table = Table::new(names.collect(), counts)?;
        let mut notes = Vec::new();
        if self.columns.others > 0 {
            notes.push(format!(
                "rows are added up over {} other column{}",
                self.columns.others,
                if self.columns.others == 1 { "" } else { "s" }
            ));
        }
        if let Some(row) = self.on_no_list {
            notes.push(format!(
                "the people of row {row} are on none of the lists and are left out: such people are what \
                 is estimated"
            ));
        }
        Ok(ReadTable { table, notes })
    }
}

/// Digits alone: no sign, no fraction, no space between thousands.
fn whole(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}
