//! Parquet files: the one way to write and to read them.
//!
//! Files are deterministic (fixed writer name, no clock, no path), digested while they are
//! written, and created with the permissions of their zone. Tables about people carry no column
//! statistics, because the least and the greatest value of a column are values of somebody. What
//! leaves for somebody alone can be encrypted.

mod encryption;
mod error;
mod nameless;

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, BooleanArray, Date32Array, FixedSizeBinaryArray, Int32Array, Int64Array, RecordBatch,
    StringArray, UInt8Array, UInt32Array, UInt64Array,
};
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::digest::{Digest, DigestWriter};

pub use encryption::Encryption;
pub use error::{ColumnarError, EXPLANATIONS};
use error::{io_error, parquet_error};
pub(crate) use nameless::nameless;

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Rows about people: mode 0600, no statistics, zstd, dictionaries where they help.
    People,
    /// Keyed hashes: mode 0600, no statistics, no compression (hashes do not compress).
    Hashes,
    /// Tables of counts that are not released: mode 0600, no statistics, zstd.
    Restricted,
    /// Released tables: mode 0644, statistics on, zstd.
    Release,
}

impl Layout {
    fn mode(self) -> u32 {
        match self {
            Layout::People | Layout::Hashes | Layout::Restricted => 0o600,
            Layout::Release => 0o644,
        }
    }

    fn properties(
        self,
        keys: &[(String, String)],
        distinct: &[&str],
        encryption: Option<&Encryption>,
    ) -> WriterProperties {
        let compression = match self {
            Layout::Hashes => Compression::UNCOMPRESSED,
            _ => ZstdLevel::try_new(1).map_or(Compression::UNCOMPRESSED, Compression::ZSTD),
        };
        let statistics = match self {
            Layout::Release => EnabledStatistics::Chunk,
            _ => EnabledStatistics::None,
        };
        let metadata = keys
            .iter()
            .map(|(k, v)| KeyValue::new(k.clone(), v.clone()))
            .collect::<Vec<_>>();
        let builder = distinct
            .iter()
            .fold(WriterProperties::builder(), |builder, column| {
                builder.set_column_dictionary_enabled(ColumnPath::from(*column), false)
            });
        let builder = match encryption {
            Some(encryption) => {
                builder.with_file_encryption_properties(Arc::clone(encryption.properties()))
            }
            None => builder,
        };
        builder
            .set_created_by("kinlink".to_owned())
            .set_compression(compression)
            .set_statistics_enabled(statistics)
            .set_offset_index_disabled(self != Layout::Release)
            .set_dictionary_enabled(self != Layout::Hashes)
            .set_max_row_group_row_count(Some(1 << 18))
            .set_key_value_metadata((!metadata.is_empty()).then_some(metadata))
            .build()
    }
}

/// A file that was written: where, its digest, bytes and rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where.
    pub path: PathBuf,
    /// SHA-256 of the file.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
}

/// Writes one Parquet file, batch by batch.
pub struct TableWriter {
    path: PathBuf,
    writer: ArrowWriter<DigestWriter<BufWriter<File>>>,
    rows: u64,
}

impl TableWriter {
    /// Creates the file (it must not exist) and its parent folders.
    ///
    /// `keys` are written to the footer as key-value metadata.
    pub fn create(
        path: &Path,
        schema: SchemaRef,
        layout: Layout,
        keys: &[(String, String)],
    ) -> Result<Self, ColumnarError> {
        TableWriter::create_with_distinct(path, schema, layout, keys, &[])
    }

    /// The same, with footer and columns encrypted where a key is given. An encrypted file has
    /// other bytes every time, because its nonces are random.
    pub fn create_encrypted(
        path: &Path,
        schema: SchemaRef,
        layout: Layout,
        keys: &[(String, String)],
        encryption: Option<&Encryption>,
    ) -> Result<Self, ColumnarError> {
        TableWriter::create_as(
            path,
            schema,
            layout,
            layout.properties(keys, &[], encryption),
        )
    }

    /// The same, knowing that the values of these columns are nearly all different: no dictionary of
    /// them is begun, which would be given up.
    pub fn create_with_distinct(
        path: &Path,
        schema: SchemaRef,
        layout: Layout,
        keys: &[(String, String)],
        distinct: &[&str],
    ) -> Result<Self, ColumnarError> {
        TableWriter::create_as(
            path,
            schema,
            layout,
            layout.properties(keys, distinct, None),
        )
    }

    fn create_as(
        path: &Path,
        schema: SchemaRef,
        layout: Layout,
        properties: WriterProperties,
    ) -> Result<Self, ColumnarError> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(io_error(path))?;
        }
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(layout.mode())
            .open(path)
            .map_err(io_error(path))?;
        let writer = ArrowWriter::try_new(
            DigestWriter::new(BufWriter::with_capacity(1 << 18, file)),
            schema,
            Some(properties),
        )
        .map_err(|e| parquet_error(path, e))?;
        Ok(TableWriter {
            path: path.to_path_buf(),
            writer,
            rows: 0,
        })
    }

    /// Appends a batch.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), ColumnarError> {
        self.writer
            .write(batch)
            .map_err(|e| parquet_error(&self.path, e))?;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Writes the footer and syncs the file.
    pub fn finish(self) -> Result<Written, ColumnarError> {
        let path = self.path;
        let inner = self
            .writer
            .into_inner()
            .map_err(|e| parquet_error(&path, e))?;
        let (mut buffered, digest, bytes) = inner.finish();
        buffered.flush().map_err(io_error(&path))?;
        let file = buffered
            .into_inner()
            .map_err(|e| io_error(&path)(e.into_error()))?;
        file.sync_all().map_err(io_error(&path))?;
        Ok(Written {
            path,
            digest,
            bytes,
            rows: self.rows,
        })
    }
}

/// Reads a Parquet file batch by batch.
pub struct TableReader {
    path: PathBuf,
    schema: SchemaRef,
    rows: u64,
    keys: Vec<(String, String)>,
    inner: parquet::arrow::arrow_reader::ParquetRecordBatchReader,
}

impl TableReader {
    /// Opens a file; `columns` picks some of them by name, or all.
    pub fn open(path: &Path, columns: Option<&[&str]>) -> Result<Self, ColumnarError> {
        Self::open_with(path, columns, 1 << 16)
    }

    /// Opens a file with batches of a stated size.
    pub fn open_with(
        path: &Path,
        columns: Option<&[&str]>,
        batch: usize,
    ) -> Result<Self, ColumnarError> {
        let file = File::open(path).map_err(io_error(path))?;
        let mut builder = ParquetRecordBatchReaderBuilder::try_new(file)
            .map_err(|e| parquet_error(path, e))?
            .with_batch_size(batch);
        let metadata = builder.metadata().file_metadata();
        let rows = u64::try_from(metadata.num_rows()).map_err(|_| ColumnarError::Malformed {
            path: path.to_path_buf(),
        })?;
        let keys = metadata
            .key_value_metadata()
            .map(|all| {
                all.iter()
                    .map(|kv| (kv.key.clone(), kv.value.clone().unwrap_or_default()))
                    .collect()
            })
            .unwrap_or_default();
        if let Some(columns) = columns {
            for column in columns {
                if builder.schema().field_with_name(column).is_err() {
                    return Err(ColumnarError::Column {
                        path: path.to_path_buf(),
                        column: (*column).to_owned(),
                    });
                }
            }
            let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
            builder = builder.with_projection(mask);
        }
        let inner = builder.build().map_err(|e| parquet_error(path, e))?;
        let schema = arrow::array::RecordBatchReader::schema(&inner);
        Ok(TableReader {
            path: path.to_path_buf(),
            schema,
            rows,
            keys,
            inner,
        })
    }

    /// The columns read.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// Rows of the file, as its footer says.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The footer's key-value metadata.
    pub fn keys(&self) -> &[(String, String)] {
        &self.keys
    }
}

impl Iterator for TableReader {
    type Item = Result<RecordBatch, ColumnarError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.inner.next().map(|batch| {
            batch.map_err(|_| ColumnarError::Malformed {
                path: self.path.clone(),
            })
        })
    }
}

macro_rules! typed_column {
    ($(#[$doc:meta])* $name:ident, $array:ty) => {
        $(#[$doc])*
        pub fn $name<'a>(
            batch: &'a RecordBatch,
            column: &str,
            path: &Path,
        ) -> Result<&'a $array, ColumnarError> {
            batch
                .column_by_name(column)
                .and_then(|array| array.as_any().downcast_ref::<$array>())
                .ok_or_else(|| ColumnarError::Column {
                    path: path.to_path_buf(),
                    column: column.to_owned(),
                })
        }
    };
}

typed_column!(
    /// A column of text.
    text,
    StringArray
);
typed_column!(
    /// A column of dates.
    date,
    Date32Array
);
typed_column!(
    /// A column of truth values.
    boolean,
    BooleanArray
);
typed_column!(
    /// A column of fixed-size bytes: pseudonyms and keys.
    bytes,
    FixedSizeBinaryArray
);
typed_column!(
    /// A column of small numbers.
    u8,
    UInt8Array
);
typed_column!(
    /// A column of row numbers.
    u32,
    UInt32Array
);
typed_column!(
    /// A column of counts.
    u64,
    UInt64Array
);
typed_column!(
    /// A column of days of the window.
    i32,
    Int32Array
);
typed_column!(
    /// A column of signed numbers.
    i64,
    Int64Array
);

/// The text at a row, or none where it is null or empty.
pub fn text_at(array: &StringArray, row: usize) -> Option<&str> {
    (!array.is_null(row))
        .then(|| array.value(row))
        .filter(|text| !text.is_empty())
}

/// The date at a row as days since 1970-01-01, or none.
pub fn date_at(array: &Date32Array, row: usize) -> Option<i32> {
    (!array.is_null(row)).then(|| array.value(row))
}
