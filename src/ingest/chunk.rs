//! Landing rows in memory: by column, compact, and without a way to print them.

use super::convert::{Cell, Storage};
use super::landing::Landing;

/// One column of a chunk. An empty text is nothing.
enum Values {
    Absent,
    Text { bytes: String, ends: Vec<u32> },
    Date(Vec<i32>),
    Number(Vec<i32>),
    Flag(Vec<u8>),
}

/// What stands for nothing among dates and numbers.
const NOTHING: i32 = i32::MIN;

/// Some rows of one landing table, all from one file.
pub struct Chunk {
    /// Which unit of the account (a table of a file) the rows belong to.
    pub unit: u32,
    /// The file's number in the job.
    pub file: u32,
    columns: Vec<Values>,
    rows: Vec<u64>,
    dropped: Vec<bool>,
}

impl Chunk {
    /// An empty chunk; `present` says which columns the file fills at all.
    pub fn new(table: Landing, present: &[bool], unit: u32, file: u32) -> Self {
        let columns = table
            .columns
            .iter()
            .enumerate()
            .map(|(i, c)| match (present.get(i), c.kind.storage()) {
                (Some(true), Storage::Text) => Values::Text {
                    bytes: String::new(),
                    ends: Vec::new(),
                },
                (Some(true), Storage::Date) => Values::Date(Vec::new()),
                (Some(true), Storage::Number) => Values::Number(Vec::new()),
                (Some(true), Storage::Flag) => Values::Flag(Vec::new()),
                _ => Values::Absent,
            })
            .collect();
        Chunk {
            unit,
            file,
            columns,
            rows: Vec::new(),
            dropped: Vec::new(),
        }
    }

    /// Appends a row; `cells` has one entry for each column of the table.
    pub fn push(&mut self, row: u64, cells: &[Cell<'_>]) {
        for (values, cell) in self.columns.iter_mut().zip(cells) {
            match values {
                Values::Absent => {}
                Values::Text { bytes, ends } => {
                    if let Cell::Text(text) = cell {
                        bytes.push_str(text);
                    }
                    // A chunk holds thousands of rows, never 4 GB.
                    ends.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
                }
                Values::Date(v) => v.push(match cell {
                    Cell::Date(d) => *d,
                    _ => NOTHING,
                }),
                Values::Number(v) => v.push(match cell {
                    Cell::Number(n) => *n,
                    _ => NOTHING,
                }),
                Values::Flag(v) => v.push(match cell {
                    Cell::Flag(false) => 0,
                    Cell::Flag(true) => 1,
                    _ => 2,
                }),
            }
        }
        self.rows.push(row);
    }

    /// Does it hold no row?
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes a row out of sight.
    fn drop_row(&mut self, row: usize) {
        if self.dropped.is_empty() {
            self.dropped = vec![false; self.rows.len()];
        }
        if let Some(dropped) = self.dropped.get_mut(row) {
            *dropped = true;
        }
    }

    /// Takes the row with that number in the file out of sight; tells whether it was there.
    pub fn drop_number(&mut self, number: u64) -> bool {
        match self.rows.binary_search(&number) {
            Ok(row) => {
                self.drop_row(row);
                true
            }
            Err(_) => false,
        }
    }

    /// Its rows in order, without the dropped ones.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.rows.len())
            .filter(|i| !self.dropped.get(*i).copied().unwrap_or(false))
            .map(|at| Row { chunk: self, at })
    }
}

/// A row of a chunk.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    chunk: &'a Chunk,
    at: usize,
}

impl<'a> Row<'a> {
    /// The unit of the account it belongs to.
    pub fn unit(self) -> u32 {
        self.chunk.unit
    }

    /// The file's number in the job.
    pub fn file(self) -> u32 {
        self.chunk.file
    }

    /// Its number in the file, from 1.
    pub fn number_in_file(self) -> u64 {
        self.chunk.rows.get(self.at).copied().unwrap_or_default()
    }

    /// A text, or nothing.
    pub fn text(self, column: usize) -> Option<&'a str> {
        match self.chunk.columns.get(column)? {
            Values::Text { bytes, ends } => {
                let start = match self.at.checked_sub(1) {
                    Some(before) => usize::try_from(*ends.get(before)?).ok()?,
                    None => 0,
                };
                let end = usize::try_from(*ends.get(self.at)?).ok()?;
                bytes.get(start..end).filter(|t| !t.is_empty())
            }
            _ => None,
        }
    }

    /// A date as days since 1970-01-01, or nothing.
    pub fn date(self, column: usize) -> Option<i32> {
        match self.chunk.columns.get(column)? {
            Values::Date(v) => v.get(self.at).copied().filter(|d| *d != NOTHING),
            _ => None,
        }
    }

    /// A number, or nothing.
    pub fn number(self, column: usize) -> Option<i32> {
        match self.chunk.columns.get(column)? {
            Values::Number(v) => v.get(self.at).copied().filter(|n| *n != NOTHING),
            _ => None,
        }
    }

    /// Yes, no, or nothing.
    pub fn flag(self, column: usize) -> Option<bool> {
        match self.chunk.columns.get(column)? {
            Values::Flag(v) => match v.get(self.at)? {
                0 => Some(false),
                1 => Some(true),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The landing rows of one system: for each landing table, its chunks in the order of reading.
#[derive(Default)]
pub struct Landed {
    tables: std::collections::BTreeMap<usize, Vec<Chunk>>,
}

impl Landed {
    /// Adds a chunk of a table.
    pub fn push(&mut self, table: Landing, chunk: Chunk) {
        if !chunk.is_empty() {
            self.tables.entry(table.index).or_default().push(chunk);
        }
    }

    /// The rows of a table.
    pub fn rows(&self, table: Landing) -> impl Iterator<Item = Row<'_>> {
        self.tables
            .get(&table.index)
            .into_iter()
            .flatten()
            .flat_map(Chunk::rows)
    }
}
