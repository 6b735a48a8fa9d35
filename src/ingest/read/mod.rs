//! Readers: from a file to batches of raw rows, in the order of the file and in bounded memory.

mod batch;
mod csv_rows;
mod parquet_rows;
mod text_file;
mod xml_rows;

use std::io::Read as _;
use std::path::Path;

pub use batch::RawBatch;

use super::error::Problem;
use super::mapping::Mapping;
use crate::schema::table_schema::Format;

/// Where the fields of a schema stand in a file: for each field its column, if the file has it.
pub type Binding = Vec<Option<usize>>;

/// A file that gives rows.
pub trait RowReader: Send {
    /// The next rows, or nothing at the end.
    fn next_batch(&mut self) -> Result<Option<RawBatch>, Vec<Problem>>;
    /// Where the fields of the schema stand.
    fn binding(&self) -> &Binding;
    /// How many cells each row must have; 0 where a row cannot have too many or too few.
    fn width(&self) -> usize {
        0
    }
}

/// Opens a file as its schema says and compares its header with the schema.
///
/// # Errors
/// All problems of the header, or the one that keeps the file from being opened.
pub fn open(path: &Path, mapping: &Mapping) -> Result<Box<dyn RowReader>, Vec<Problem>> {
    kind_matches(path, mapping.schema.format).map_err(|p| vec![p])?;
    match mapping.schema.format {
        Format::Csv => Ok(Box::new(csv_rows::CsvRows::open(path, mapping)?)),
        Format::Parquet => Ok(Box::new(parquet_rows::ParquetRows::open(path, mapping)?)),
        Format::CinXml => Ok(Box::new(xml_rows::XmlRows::open(path, mapping)?)),
    }
}

/// Compares what a file looks like with what it should be, by its first bytes.
fn kind_matches(path: &Path, format: Format) -> Result<(), Problem> {
    let unreadable = |e: std::io::Error| Problem::Unreadable {
        file: path.to_path_buf(),
        kind: e.kind(),
    };
    let mut start = Vec::new();
    std::fs::File::open(path)
        .map_err(unreadable)?
        .take(64)
        .read_to_end(&mut start)
        .map_err(unreadable)?;
    if start.is_empty() {
        return Err(Problem::Empty {
            file: path.to_path_buf(),
        });
    }
    let text = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&start);
    let text = text.trim_ascii_start();
    let found = if start.starts_with(b"PAR1") {
        "a Parquet file"
    } else if start.starts_with(b"PARE") {
        "an encrypted Parquet file"
    } else if start.starts_with(b"PK\x03\x04") {
        "a zip archive or a spreadsheet"
    } else if start.starts_with(b"\x1F\x8B") {
        "compressed with gzip"
    } else if start.starts_with(b"\xFF\xFE") || start.starts_with(b"\xFE\xFF") {
        "a text in UTF-16"
    } else if start.starts_with(b"%PDF") {
        "a PDF document"
    } else if text.starts_with(b"<") {
        "an XML file"
    } else {
        "a plain text"
    };
    let (expected, right) = match format {
        Format::Csv => ("comma-separated values", "a plain text"),
        Format::Parquet => ("Parquet", "a Parquet file"),
        Format::CinXml => ("XML", "an XML file"),
    };
    if found == right {
        Ok(())
    } else {
        Err(Problem::WrongKind {
            file: path.to_path_buf(),
            expected,
            found,
        })
    }
}
