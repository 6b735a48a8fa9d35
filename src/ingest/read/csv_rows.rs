//! Comma-separated values (RFC 4180), row by row.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::text_file::{TextFile, Watch};
use super::{Binding, RawBatch, RowReader};
use crate::ingest::error::Problem;
use crate::ingest::mapping::Mapping;

const ROWS: usize = 4096;
const BYTES: usize = 1 << 22;

/// A CSV file.
pub struct CsvRows {
    path: PathBuf,
    reader: csv::Reader<TextFile>,
    watch: Arc<Watch>,
    binding: Binding,
    width: usize,
    record: csv::StringRecord,
    next_row: u64,
    line: u64,
    ended: bool,
}

impl CsvRows {
    /// Opens the file and compares its header with the schema.
    pub fn open(path: &Path, mapping: &Mapping) -> Result<Self, Vec<Problem>> {
        let (text, watch) = TextFile::open(path, mapping.schema.encoding).map_err(|p| vec![p])?;
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 18)
            .from_reader(text);
        let mut rows = CsvRows {
            path: path.to_path_buf(),
            reader,
            watch,
            binding: Binding::new(),
            width: 0,
            record: csv::StringRecord::new(),
            next_row: 1,
            line: 1,
            ended: false,
        };
        if !rows.read().map_err(|p| vec![p])? {
            return Err(vec![Problem::Empty {
                file: path.to_path_buf(),
            }]);
        }
        let header: Vec<&str> = rows.record.iter().map(str::trim).collect();
        rows.binding = mapping.bind(path, rows.line, &header)?;
        rows.width = header.len();
        Ok(rows)
    }

    /// Reads one record; tells whether there was one.
    fn read(&mut self) -> Result<bool, Problem> {
        self.watch.row_begins();
        let before = self.reader.position().line();
        match self.reader.read_record(&mut self.record) {
            Ok(true) => {
                self.line = self.record.position().map_or(before, csv::Position::line);
                Ok(true)
            }
            Ok(false) => {
                if self.watch.quotes_pair_up() {
                    return Ok(false);
                }
                Err(Problem::Quote {
                    file: self.path.clone(),
                    line: self.line,
                })
            }
            Err(error) => {
                let kind = match error.kind() {
                    csv::ErrorKind::Io(e) => e.kind(),
                    _ => std::io::ErrorKind::InvalidData,
                };
                Err(self.watch.problem(&self.path, kind, before))
            }
        }
    }
}

impl RowReader for CsvRows {
    fn next_batch(&mut self) -> Result<Option<RawBatch>, Vec<Problem>> {
        let mut batch = RawBatch::new(None, self.next_row);
        while !self.ended && batch.len() < ROWS && batch.bytes() < BYTES {
            if !self.read().map_err(|p| vec![p])? {
                self.ended = true;
                break;
            }
            for cell in &self.record {
                batch.push_cell(cell);
            }
            batch.end_row(self.line);
            self.next_row += 1;
        }
        Ok((!batch.is_empty()).then_some(batch))
    }

    fn binding(&self) -> &Binding {
        &self.binding
    }

    fn width(&self) -> usize {
        self.width
    }
}
