//! The table: comma-separated values (RFC 4180), read in chunks of rows.
//!
//! Nothing is passed over: an empty line is a row of no cells, as it is for the reference.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use csv_core::{ReadRecordResult, Reader};

use super::error::ClkhashError;

const BUFFER: usize = 1 << 18;
/// Rows of a chunk.
const ROWS: usize = 1 << 14;
/// Bytes after which a chunk ends whatever its rows.
const BYTES: usize = 1 << 23;

/// A table that is being read.
pub struct Table {
    path: PathBuf,
    file: File,
    core: Reader,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    /// 1-based line of the next byte.
    line: u64,
    after_return: bool,
    columns: Vec<String>,
    cells: Vec<u8>,
    ends: Vec<usize>,
}

/// Rows that were read.
#[derive(Default)]
pub struct Chunk {
    text: String,
    /// The end of each cell in the text.
    ends: Vec<usize>,
    /// The line on which each row begins.
    lines: Vec<u64>,
    width: usize,
}

impl Chunk {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// The line on which a row begins.
    pub fn line(&self, row: usize) -> u64 {
        self.lines.get(row).copied().unwrap_or(0)
    }

    /// The cells of a row.
    pub fn row(&self, row: usize) -> impl Iterator<Item = &str> {
        let first = row * self.width;
        let ends = self.ends.get(first..first + self.width).unwrap_or_default();
        let before = first.checked_sub(1).and_then(|i| self.ends.get(i));
        let mut start = before.copied().unwrap_or(0);
        ends.iter().map(move |&end| {
            let cell = self.text.get(start..end).unwrap_or_default();
            start = end;
            cell
        })
    }
}

impl Table {
    /// Opens a table and compares its header with the columns that it must have.
    pub fn open<'c>(
        path: &Path,
        columns: impl ExactSizeIterator<Item = &'c str>,
    ) -> Result<Self, ClkhashError> {
        let unreadable = |e: std::io::Error| ClkhashError::InputUnreadable {
            path: path.to_path_buf(),
            kind: e.kind(),
        };
        let file = File::open(path).map_err(unreadable)?;
        let mut table = Table {
            path: path.to_path_buf(),
            file,
            core: Reader::new(),
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            ended: false,
            line: 1,
            after_return: false,
            columns: columns.map(str::to_owned).collect(),
            cells: vec![0; 4096],
            ends: vec![0; 64],
        };
        table.check_header()?;
        Ok(table)
    }

    fn check_header(&mut self) -> Result<(), ClkhashError> {
        let mut found = Vec::new();
        if let Some(count) = self.record(1)? {
            let mut start = 0;
            for &end in self.ends.iter().take(count) {
                let cell = self.cells.get(start..end).unwrap_or_default();
                found.push(std::str::from_utf8(cell).map_err(|_| self.not_text(1, None))?);
                start = end;
            }
        }
        let expected = self.columns.iter();
        let differs = expected.zip(&found).find(|(want, have)| want != *have);
        let expected = match differs {
            Some((want, _)) => Some(want.clone()),
            None => self.columns.get(found.len()).cloned(),
        };
        let counts = (found.len(), self.columns.len());
        if expected.is_none() && counts.0 == counts.1 {
            return Ok(());
        }
        Err(ClkhashError::Header {
            path: self.path.clone(),
            expected,
            counts,
        })
    }

    /// The next rows; `None` at the end.
    pub fn next_chunk(&mut self) -> Result<Option<Chunk>, ClkhashError> {
        let mut bytes = Vec::new();
        let mut chunk = Chunk {
            width: self.columns.len(),
            ..Chunk::default()
        };
        while chunk.lines.len() < ROWS && bytes.len() < BYTES {
            let before = self.line + u64::from(self.pending_break()?);
            let Some(count) = self.record(before)? else {
                break;
            };
            if count != chunk.width {
                return Err(ClkhashError::RowLength {
                    path: self.path.clone(),
                    row: before,
                    found: count,
                    expected: chunk.width,
                });
            }
            let offset = bytes.len();
            let ends = self.ends.iter().take(count);
            let last = ends.clone().next_back().copied().unwrap_or(0);
            bytes.extend_from_slice(self.cells.get(..last).unwrap_or_default());
            chunk.ends.extend(ends.map(|end| offset + end));
            chunk.lines.push(before);
        }
        if chunk.lines.is_empty() {
            return Ok(None);
        }
        match String::from_utf8(bytes) {
            Ok(text) if chunk.ends.iter().all(|&end| text.is_char_boundary(end)) => {
                chunk.text = text;
                Ok(Some(chunk))
            }
            Ok(text) => Err(self.first_broken(&chunk, text.as_bytes())),
            Err(error) => Err(self.first_broken(&chunk, error.as_bytes())),
        }
    }

    /// The first cell that is not UTF-8.
    fn first_broken(&self, chunk: &Chunk, bytes: &[u8]) -> ClkhashError {
        let mut start = 0;
        for (i, &end) in chunk.ends.iter().enumerate() {
            let cell = bytes.get(start..end).unwrap_or_default();
            if std::str::from_utf8(cell).is_err() {
                let width = chunk.width.max(1);
                let column = self.columns.get(i % width).cloned();
                return self.not_text(chunk.line(i / width), column);
            }
            start = end;
        }
        self.not_text(chunk.line(0), None)
    }

    fn not_text(&self, row: u64, column: Option<String>) -> ClkhashError {
        ClkhashError::NotText {
            path: self.path.clone(),
            row,
            column,
        }
    }

    fn fill(&mut self) -> Result<(), ClkhashError> {
        self.start = 0;
        loop {
            match self.file.read(&mut self.buffer) {
                Ok(count) => {
                    self.end = count;
                    self.ended = count == 0;
                    return Ok(());
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => {
                    return Err(ClkhashError::InputUnreadable {
                        path: self.path.clone(),
                        kind: e.kind(),
                    });
                }
            }
        }
    }

    /// The next byte, without taking it; `None` at the end.
    fn peek(&mut self) -> Result<Option<u8>, ClkhashError> {
        while self.start == self.end && !self.ended {
            self.fill()?;
        }
        Ok(self
            .buffer
            .get(self.start..self.end)
            .and_then(<[u8]>::first)
            .copied())
    }

    /// Tells whether the line feed of a carriage return and line feed is still to be read.
    fn pending_break(&mut self) -> Result<bool, ClkhashError> {
        Ok(self.after_return && self.peek()? == Some(b'\n'))
    }

    /// Reads one record into `cells` and `ends`; tells how many cells it has.
    fn record(&mut self, line: u64) -> Result<Option<usize>, ClkhashError> {
        if self.pending_break()? {
            self.start += 1;
            self.line += 1;
        }
        self.after_return = false;
        match self.peek()? {
            None => return Ok(None),
            // The parser would pass over an empty line.
            Some(b'\n' | b'\r') => return Ok(Some(0)),
            Some(_) => {}
        }
        let (mut written, mut count) = (0, 0);
        loop {
            if self.start == self.end && !self.ended {
                self.fill()?;
            }
            // A line break is put after the last row: it ends the row, but not a quotation.
            let last = self.start == self.end;
            let input = match last {
                true => b"\n",
                false => self.buffer.get(self.start..self.end).unwrap_or_default(),
            };
            let (result, taken, wrote, ended) = self.core.read_record(
                input,
                self.cells.get_mut(written..).unwrap_or_default(),
                self.ends.get_mut(count..).unwrap_or_default(),
            );
            let taken_bytes = input.get(..taken).unwrap_or_default();
            let breaks = taken_bytes.iter().filter(|&&b| b == b'\n').count();
            self.line += u64::try_from(breaks).unwrap_or(0);
            self.after_return = taken_bytes.last() == Some(&b'\r');
            if !last {
                self.start += taken;
            }
            written += wrote;
            count += ended;
            match result {
                ReadRecordResult::InputEmpty if last => {
                    let path = self.path.clone();
                    return Err(ClkhashError::OpenQuote { path, row: line });
                }
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.cells.resize(self.cells.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => return Ok(Some(count)),
                ReadRecordResult::End => return Ok(None),
            }
        }
    }
}
