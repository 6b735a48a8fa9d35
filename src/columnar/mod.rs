//! Parquet files: the one way to write and to read them.
//!
//! Files are deterministic (fixed writer name, no clock, no path), digested while they are
//! written, and created with the permissions of their zone. Tables about people carry no column
//! statistics, because the least and the greatest value of a column are values of somebody.

mod nameless;

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

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

use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};
use crate::digest::{Digest, DigestWriter};

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

    fn properties(self, keys: &[(String, String)], distinct: &[&str]) -> WriterProperties {
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

/// What can go wrong with a file of columns.
#[derive(Debug, thiserror::Error)]
pub enum ColumnarError {
    /// The operating system refused.
    #[error("{path}: {kind}", path = .path.display(), kind = .source.kind())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not the Parquet file that it should be.
    #[error("{} cannot be read as Parquet", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// A column is missing or of another type.
    #[error("{} has no column `{column}` of the expected type", .path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
    },
}

impl ColumnarError {
    /// The operating system's refusal of a file.
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        ColumnarError::Io {
            path: path.to_path_buf(),
            source,
        }
    }
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-F-001",
        exit: Exit::Resources,
        title: "A file could not be read or written",
        when: "The operating system refused: no space left, no permission, or no such file.",
        fix: "Free space or mend the permission that the message names, then `kinlink resume RUN`. \
              Nothing is lost: a stage that did not finish is done again.",
    },
    Explanation {
        code: "KL-F-002",
        exit: Exit::Input,
        title: "A file is not a readable Parquet file",
        when: "The file is cut short, of another format, or damaged.",
        fix: "Have the supplier send it again, and compare its digest with theirs.",
    },
    Explanation {
        code: "KL-F-003",
        exit: Exit::Input,
        title: "A column is missing or of another type",
        when: "A Parquet file does not have the columns that its schema names.",
        fix: "Compare the file's columns with the schema file that the pipeline names for it.",
    },
];

impl Diagnose for ColumnarError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let one = match self {
            ColumnarError::Io { path, source } => Diagnostic::new(
                "KL-F-001",
                Exit::Resources,
                format!("the file could not be read or written: {}", source.kind()),
                "free space or mend the permission, then `kinlink resume RUN`",
            )
            .at(Place::file(path)),
            ColumnarError::Malformed { path } => Diagnostic::new(
                "KL-F-002",
                Exit::Input,
                "the file is not a readable Parquet file (cut short, damaged or of another kind)",
                "have the supplier send it again, and compare its digest with theirs",
            )
            .at(Place::file(path)),
            ColumnarError::Column { path, column } => Diagnostic::new(
                "KL-F-003",
                Exit::Input,
                "the column is missing or of another type than its schema says",
                "compare the file's columns with the schema that the pipeline names for it",
            )
            .at(Place::file(path).column(column.clone())),
        };
        vec![one]
    }
}

fn io_error(path: &Path) -> impl Fn(std::io::Error) -> ColumnarError + '_ {
    move |source| ColumnarError::Io {
        path: path.to_path_buf(),
        source,
    }
}

fn parquet_error(path: &Path, error: parquet::errors::ParquetError) -> ColumnarError {
    // The text of an error of the reader may quote data, so only its kind is kept.
    match error {
        parquet::errors::ParquetError::External(inner) => {
            match inner.downcast::<std::io::Error>() {
                Ok(source) => ColumnarError::Io {
                    path: path.to_path_buf(),
                    source: *source,
                },
                Err(_) => ColumnarError::Malformed {
                    path: path.to_path_buf(),
                },
            }
        }
        _ => ColumnarError::Malformed {
            path: path.to_path_buf(),
        },
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

    /// The same, knowing that the values of these columns are nearly all different: no dictionary of
    /// them is begun, which would be given up.
    pub fn create_with_distinct(
        path: &Path,
        schema: SchemaRef,
        layout: Layout,
        keys: &[(String, String)],
        distinct: &[&str],
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
            Some(layout.properties(keys, distinct)),
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
