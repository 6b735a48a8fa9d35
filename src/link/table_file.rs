//! The two kinds of input files, CSV and Parquet, read row by row as text.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::datatypes::DataType;

use super::LinkError;
use super::spec::nearest;
use crate::columnar::{ColumnarError, TableReader};
use crate::diagnostic::{Diagnostic, Exit, Place};

/// Calls `each` with every row's number (from 1, the header not counted) and its values in the
/// wanted columns; a value that is null or empty is none. Gives the number of rows.
///
/// Columns of any text, number, date or dictionary type are read; dates as `yyyy-mm-dd`.
pub fn for_each_row(
    path: &Path,
    wanted: &[&str],
    mut each: impl FnMut(u64, &[Option<&str>]),
) -> Result<u64, LinkError> {
    let io = |source| LinkError::Io {
        path: path.to_path_buf(),
        source,
    };
    let mut magic = [0_u8; 4];
    let mut file = File::open(path).map_err(io)?;
    let length = file.read(&mut magic).map_err(io)?;
    let rows = match length {
        0 => 0,
        4 if [*b"PAR1", *b"PARE"].contains(&magic) => parquet(path, wanted, &mut each)?,
        _ => csv(path, wanted, &mut each)?,
    };
    if rows == 0 {
        return Err(LinkError::one(
            Diagnostic::new(
                "KL-L-020",
                Exit::Input,
                "the file has no rows",
                "check that the right file was named, and that it is whole",
            )
            .at(Place::file(path)),
        ));
    }
    Ok(rows)
}

fn missing(path: &Path, wanted: &[&str], header: &[&str]) -> Result<Vec<usize>, LinkError> {
    let mut problems = Vec::new();
    let mut found = Vec::new();
    for column in wanted {
        match header.iter().position(|h| h == column) {
            Some(index) => found.push(index),
            None => {
                let help = match nearest(column, header) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("the file has: {}", header.join(", ")),
                };
                problems.push(
                    Diagnostic::new("KL-L-021", Exit::Input, "the file has no such column", help)
                        .at(Place::file(path).column(*column)),
                );
            }
        }
    }
    if problems.is_empty() {
        Ok(found)
    } else {
        Err(LinkError::Problems(problems))
    }
}

fn malformed(path: &Path, row: u64, what: &str) -> LinkError {
    LinkError::one(
        Diagnostic::new(
            "KL-L-022",
            Exit::Input,
            what,
            "have the file written again as CSV in UTF-8 with a header, or as Parquet",
        )
        .at(Place::file(path).row(row)),
    )
}

fn csv(
    path: &Path,
    wanted: &[&str],
    each: &mut impl FnMut(u64, &[Option<&str>]),
) -> Result<u64, LinkError> {
    let mut reader = csv::ReaderBuilder::new()
        .buffer_capacity(1 << 18)
        .from_path(path)
        .map_err(|_| malformed(path, 1, "the file cannot be read as CSV"))?;
    let header = reader
        .headers()
        .map_err(|_| malformed(path, 1, "the header is not UTF-8 text"))?
        .clone();
    let names: Vec<&str> = header
        .iter()
        .map(|name| name.trim_start_matches('\u{feff}').trim())
        .collect();
    let at = missing(path, wanted, &names)?;
    let mut record = csv::ByteRecord::new();
    let mut values: Vec<Option<&str>> = Vec::new();
    let mut row = 0;
    loop {
        let more = reader.read_byte_record(&mut record).map_err(|_| {
            malformed(
                path,
                row + 1,
                "the row has more or fewer values than the header",
            )
        })?;
        if !more {
            return Ok(row);
        }
        row += 1;
        values.clear();
        for index in &at {
            let bytes = record.get(*index).unwrap_or_default();
            let text = std::str::from_utf8(bytes)
                .map_err(|_| malformed(path, row, "the row is not UTF-8 text"))?
                .trim();
            values.push((!text.is_empty()).then_some(text));
        }
        each(row, &values);
        values = recycled(values);
    }
}

/// An empty list of the same room, free of the row it borrowed from.
fn recycled<'b>(mut values: Vec<Option<&str>>) -> Vec<Option<&'b str>> {
    values.clear();
    values.into_iter().map(|_| None).collect()
}

fn parquet(
    path: &Path,
    wanted: &[&str],
    each: &mut impl FnMut(u64, &[Option<&str>]),
) -> Result<u64, LinkError> {
    let all = TableReader::open(path, None)?.schema();
    let header: Vec<&str> = all.fields().iter().map(|f| f.name().as_str()).collect();
    missing(path, wanted, &header)?;
    let mut distinct: Vec<&str> = wanted.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let mut row = 0;
    for batch in TableReader::open(path, Some(&distinct))? {
        let batch = batch.map_err(|error| explained(path, error))?;
        let mut columns = Vec::with_capacity(wanted.len());
        for name in wanted {
            let column = batch
                .column_by_name(name)
                .and_then(as_text)
                .ok_or_else(|| {
                    LinkError::one(
                        Diagnostic::new(
                            "KL-L-023",
                            Exit::Input,
                            "the column is neither text nor number nor date",
                            "write the column as text",
                        )
                        .at(Place::file(path).column(*name)),
                    )
                })?;
            columns.push(column);
        }
        let mut values: Vec<Option<&str>> = Vec::with_capacity(columns.len());
        for i in 0..batch.num_rows() {
            row += 1;
            values.clear();
            values.extend(columns.iter().map(|c| {
                let text = (!c.is_null(i)).then(|| c.value(i).trim());
                text.filter(|t| !t.is_empty())
            }));
            each(row, &values);
        }
    }
    Ok(row)
}

/// Says more of a file that could not be read, where its compression is the reason.
fn explained(path: &Path, error: ColumnarError) -> LinkError {
    use ::parquet::basic::Compression;
    use ::parquet::file::reader::{FileReader, SerializedFileReader};
    let reader = match (&error, File::open(path)) {
        (ColumnarError::Malformed { .. }, Ok(file)) => SerializedFileReader::new(file).ok(),
        _ => None,
    };
    let other = reader.and_then(|reader| {
        let mut columns = reader
            .metadata()
            .row_groups()
            .iter()
            .flat_map(|group| group.columns());
        columns
            .find(|c| {
                !matches!(
                    c.compression(),
                    Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::ZSTD(_)
                )
            })
            .map(|c| c.compression())
    });
    match other {
        Some(compression) => LinkError::one(
            Diagnostic::new(
                "KL-L-027",
                Exit::Input,
                format!("the file is compressed with {compression}, which is not read here"),
                "write it again with Snappy, Zstandard or no compression, or as CSV",
            )
            .at(Place::file(path)),
        ),
        None => error.into(),
    }
}

fn as_text(column: &ArrayRef) -> Option<StringArray> {
    let value_type = match column.data_type() {
        DataType::Dictionary(_, value) => value.as_ref(),
        other => other,
    };
    let step = match value_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Date32 => None,
        // A time stamp or a date with a time is a date here.
        DataType::Timestamp(_, _) | DataType::Date64 => Some(DataType::Date32),
        t if t.is_integer() || t.is_floating() || *t == DataType::Boolean => None,
        DataType::Decimal128(_, _) | DataType::Decimal256(_, _) => None,
        _ => return None,
    };
    let column = match step {
        Some(to) => arrow::compute::cast(column, &to).ok()?,
        None => column.clone(),
    };
    let text = arrow::compute::cast(&column, &DataType::Utf8).ok()?;
    text.as_any().downcast_ref::<StringArray>().cloned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, DictionaryArray, Int64Array, StringViewArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    #[test]
    fn columns_of_any_plain_type_are_read_as_text() {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Date32Array::from(vec![0])),
            Arc::new(Int64Array::from(vec![19_151_111])),
            Arc::new(StringViewArray::from(vec!["a name longer than twelve"])),
            Arc::new(DictionaryArray::<Int32Type>::from_iter(["x"])),
        ];
        let texts: Vec<String> = columns
            .iter()
            .map(|c| as_text(c).expect("text").value(0).to_owned())
            .collect();
        assert_eq!(
            texts,
            ["1970-01-01", "19151111", "a name longer than twelve", "x"]
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_name() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.csv");
        std::fs::write(&path, "\u{feff}id,b\n1, x \n2,\n").expect("written");
        let mut rows = Vec::new();
        for_each_row(&path, &["b", "id"], |n, v| {
            rows.push((n, v[0].map(str::to_owned), v[1].map(str::to_owned)));
        })
        .expect("read");
        assert_eq!(rows[0], (1, Some("x".into()), Some("1".into())));
        assert_eq!(rows[1], (2, None, Some("2".into())));
        let error = for_each_row(&path, &["c", "idd"], |_, _| {}).expect_err("columns");
        assert!(matches!(error, LinkError::Problems(p) if p.len() == 2));
    }
}
