//! A text file, decoded to UTF-8 while it is read and watched for what no extract may hold.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::ingest::error::Problem;
use crate::schema::table_schema::Encoding;

/// No row of an extract is longer; a quotation mark that never closes would be.
pub const LONGEST_ROW: u64 = 1 << 24;

const BLOCK: usize = 1 << 18;

/// What the reader of the text and the parser behind it tell one another.
#[derive(Debug, Default)]
pub struct Watch {
    /// Text handed out since the parser last began a row.
    since_row: AtomicU64,
    /// Is the number of quotation marks so far odd?
    odd_quotes: AtomicBool,
    flaw: AtomicU64,
    offset: AtomicU64,
}

const NOT_UTF8: u64 = 1;
const NUL: u64 = 2;
const LONG: u64 = 3;

impl Watch {
    /// The parser begins a row.
    pub fn row_begins(&self) {
        self.since_row.store(0, Ordering::Relaxed);
    }

    /// Do the quotation marks of the whole text pair up?
    pub fn quotes_pair_up(&self) -> bool {
        !self.odd_quotes.load(Ordering::Relaxed)
    }

    fn flaw(&self, flaw: u64, offset: u64) -> io::Error {
        self.flaw.store(flaw, Ordering::Relaxed);
        self.offset.store(offset, Ordering::Relaxed);
        io::Error::from(io::ErrorKind::InvalidData)
    }

    /// What stopped the reading, told with its line. `row_line` is where the last row began.
    pub fn problem(&self, path: &Path, kind: io::ErrorKind, row_line: u64) -> Problem {
        let file = path.to_path_buf();
        let offset = self.offset.load(Ordering::Relaxed);
        match self.flaw.load(Ordering::Relaxed) {
            NOT_UTF8 => Problem::Encoding {
                line: line_of(path, offset),
                file,
                offset,
            },
            NUL => Problem::Nul {
                line: line_of(path, offset),
                file,
                offset,
            },
            LONG => Problem::LongRow {
                file,
                line: row_line,
            },
            _ => Problem::Unreadable { file, kind },
        }
    }
}

/// The line of a byte, from 1: the file is read again up to there.
fn line_of(path: &Path, offset: u64) -> u64 {
    let Ok(file) = File::open(path) else { return 0 };
    let mut before = file.take(offset);
    let mut block = vec![0_u8; BLOCK];
    let mut lines = 1;
    while let Ok(n) = before.read(&mut block) {
        if n == 0 {
            break;
        }
        let newlines = block.iter().take(n).filter(|b| **b == b'\n').count();
        lines += u64::try_from(newlines).unwrap_or_default();
    }
    lines
}

/// A text file as UTF-8.
pub struct TextFile {
    file: File,
    encoding: Encoding,
    watch: Arc<Watch>,
    /// Bytes of the file before those in `raw`.
    offset: u64,
    /// Where the file is read to; zeroed once, since most files are far shorter.
    block: Vec<u8>,
    /// Bytes read but not yet decoded: the beginning of a character.
    raw: Vec<u8>,
    out: Vec<u8>,
    at: usize,
    begun: bool,
    ended: bool,
}

impl TextFile {
    /// Opens the file.
    pub fn open(path: &Path, encoding: Encoding) -> Result<(Self, Arc<Watch>), Problem> {
        let file = File::open(path).map_err(|e| Problem::Unreadable {
            file: PathBuf::from(path),
            kind: e.kind(),
        })?;
        let watch = Arc::new(Watch::default());
        let text = TextFile {
            file,
            encoding,
            watch: watch.clone(),
            offset: 0,
            block: vec![0; BLOCK],
            raw: Vec::new(),
            out: Vec::new(),
            at: 0,
            begun: false,
            ended: false,
        };
        Ok((text, watch))
    }

    fn fill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.at = 0;
        while self.out.is_empty() && !self.ended {
            let n = self.file.read(&mut self.block)?;
            self.raw
                .extend_from_slice(self.block.get(..n).unwrap_or_default());
            self.ended = n == 0;
            if !self.begun && !self.ended {
                self.begun = true;
                if self.raw.starts_with(b"\xEF\xBB\xBF") {
                    self.raw.drain(..3);
                    self.offset = 3;
                }
            }
            if let Some(nul) = self.raw.iter().position(|b| *b == 0) {
                return Err(self.watch.flaw(NUL, self.offset + nul as u64));
            }
            self.decode()?;
        }
        let quotes = self.out.iter().filter(|b| **b == b'"').count();
        if quotes % 2 == 1 {
            self.watch.odd_quotes.fetch_xor(true, Ordering::Relaxed);
        }
        let length = self.out.len() as u64;
        let since = self.watch.since_row.fetch_add(length, Ordering::Relaxed);
        if since > LONGEST_ROW {
            return Err(self.watch.flaw(LONG, self.offset));
        }
        Ok(())
    }

    fn decode(&mut self) -> io::Result<()> {
        match self.encoding {
            Encoding::Windows1252 => {
                let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&self.raw);
                self.out.extend_from_slice(text.as_bytes());
                self.offset += self.raw.len() as u64;
                self.raw.clear();
            }
            Encoding::Utf8 => {
                let valid = match std::str::from_utf8(&self.raw) {
                    Ok(_) => self.raw.len(),
                    // A character cut by the end of the block waits for its rest.
                    Err(e) if e.error_len().is_none() && !self.ended => e.valid_up_to(),
                    Err(e) => {
                        let offset = self.offset + e.valid_up_to() as u64;
                        return Err(self.watch.flaw(NOT_UTF8, offset));
                    }
                };
                self.out.extend(self.raw.drain(..valid));
                self.offset += valid as u64;
            }
        }
        Ok(())
    }
}

impl Read for TextFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.out.len() {
            self.fill()?;
        }
        let rest = self.out.get(self.at..).unwrap_or_default();
        let n = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        self.at += n;
        Ok(n)
    }
}
