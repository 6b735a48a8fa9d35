//! Canonical rows to Parquet: one writer for each table of each system, created with its first row.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, RecordBatch, StringBuilder, UInt8Builder,
    UInt32Builder, UInt64Builder,
};
use arrow::datatypes::{DataType, SchemaRef};

use crate::columnar::{ColumnarError, Layout, TableWriter, Written};
use crate::schema::canonical::Table;

const ROWS: usize = 1 << 16;

/// One value of a canonical row.
#[derive(Clone, Copy)]
pub enum Out<'a> {
    /// Text, or nothing.
    Text(Option<&'a str>),
    /// Days since 1970-01-01, or nothing.
    Date(Option<i32>),
    /// Yes, no, or nothing.
    Flag(Option<bool>),
    /// A small number, or nothing.
    Small(Option<u8>),
    /// A number.
    Number(u32),
}

enum Builder {
    Text(StringBuilder),
    Date(Date32Builder),
    Flag(BooleanBuilder),
    Small(UInt8Builder),
    Number(UInt32Builder),
    Long(UInt64Builder),
}

impl Builder {
    fn new(kind: &DataType) -> Self {
        match kind {
            DataType::Date32 => Builder::Date(Date32Builder::new()),
            DataType::Boolean => Builder::Flag(BooleanBuilder::new()),
            DataType::UInt8 => Builder::Small(UInt8Builder::new()),
            DataType::UInt32 => Builder::Number(UInt32Builder::new()),
            DataType::UInt64 => Builder::Long(UInt64Builder::new()),
            _ => Builder::Text(StringBuilder::new()),
        }
    }

    fn push(&mut self, value: Out<'_>) {
        match (self, value) {
            (Builder::Text(b), Out::Text(v)) => b.append_option(v),
            (Builder::Date(b), Out::Date(v)) => b.append_option(v),
            (Builder::Flag(b), Out::Flag(v)) => b.append_option(v),
            (Builder::Small(b), Out::Small(v)) => b.append_option(v),
            (Builder::Number(b), Out::Number(v)) => b.append_value(v),
            // A value of another type than its column leaves the column short, and the batch
            // below is refused.
            _ => {}
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Builder::Text(b) => Arc::new(b.finish()),
            Builder::Date(b) => Arc::new(b.finish()),
            Builder::Flag(b) => Arc::new(b.finish()),
            Builder::Small(b) => Arc::new(b.finish()),
            Builder::Number(b) => Arc::new(b.finish()),
            Builder::Long(b) => Arc::new(b.finish()),
        }
    }
}

/// Writes one canonical table of one system.
pub struct CanonicalWriter {
    path: PathBuf,
    schema: SchemaRef,
    builders: Vec<Builder>,
    pending: usize,
    writer: Option<TableWriter>,
}

impl CanonicalWriter {
    /// A writer of `<folder>/<table>/<system>.parquet`; the file appears with the first row.
    pub fn new(folder: &Path, table: Table, system: &str) -> Self {
        let schema = table.clear();
        CanonicalWriter {
            path: folder.join(table.name()).join(format!("{system}.parquet")),
            builders: schema
                .fields()
                .iter()
                .map(|f| Builder::new(f.data_type()))
                .collect(),
            schema,
            pending: 0,
            writer: None,
        }
    }

    /// Appends a row: the values of the table in order, then where it came from.
    pub fn push(&mut self, values: &[Out<'_>], file: u32, row: u64) -> Result<(), ColumnarError> {
        let body = self.builders.len().saturating_sub(2);
        for (builder, value) in self.builders.iter_mut().zip(values).take(body) {
            builder.push(*value);
        }
        if let Some(Builder::Number(b)) = self.builders.get_mut(body) {
            b.append_value(file);
        }
        if let Some(Builder::Long(b)) = self.builders.get_mut(body + 1) {
            b.append_value(row);
        }
        self.pending += 1;
        if self.pending >= ROWS {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn flush(&mut self) -> Result<(), ColumnarError> {
        if self.pending == 0 {
            return Ok(());
        }
        self.pending = 0;
        let columns = self.builders.iter_mut().map(Builder::finish).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), columns).map_err(|_| {
            ColumnarError::Malformed {
                path: self.path.clone(),
            }
        })?;
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(TableWriter::create(
                &self.path,
                self.schema.clone(),
                Layout::People,
                &[],
            )?),
        };
        writer.write(&batch)
    }

    /// Writes what is left; nothing where there was no row.
    pub fn finish(mut self) -> Result<Option<Written>, ColumnarError> {
        self.flush()?;
        self.writer.map(TableWriter::finish).transpose()
    }
}
