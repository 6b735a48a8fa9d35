//! Payload: the canonical tables without identifiers.
//!
//! The record's name becomes a pseudonym; of a person only sex, ethnic group, local authority,
//! age in whole years on the reference date, and the days of the observation window on which the
//! person is under 18 remain. Those days are counted from the window's first day and clipped to
//! it, so that for the great majority they are the whole window and tell nothing.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Date32Array, Int32Array, RecordBatch, StringArray, UInt8Array, UInt32Array,
};
use jiff::civil::Date;

use super::key::{Pseudonym, SubKey};
use super::sorted_table::SortedTable;
use super::stage::{
    ClearTable, Job, PseudonymiseError, batch, output, pseudonyms, record_pseudonyms,
};
use crate::columnar::{
    ColumnarError, Layout, TableReader, TableWriter, date, date_at, text, text_at, u32,
};
use crate::schema::canonical::{RECORD, Table};
use crate::stage::{StageFolders, StageReport};

/// Rows of the clear table that are read at a time.
pub(super) const BATCH: usize = 1 << 13;

/// Writes the payload of one table and returns how many rows the clear table has.
pub(super) fn write(
    job: &Job,
    table: &ClearTable,
    key: &SubKey,
    folders: &StageFolders<'_>,
    report: &mut StageReport,
) -> Result<u64, PseudonymiseError> {
    let what = format!("payload {} of {}", table.table.name(), table.system);
    let reader = TableReader::open_with(&table.path, None, BATCH)?;
    let rows = reader.rows();
    folders.progress.begin(&what, Some(rows));
    let schema = table.table.payload();
    let mut sorted = SortedTable::new(folders.stage, schema.clone(), &table.path)?;
    for clear in reader {
        let clear = clear?;
        let ids = ids(&clear, RECORD, table, key)?;
        sorted.take(&match table.table {
            Table::Person => person(job, &clear, &ids, table)?,
            _ => facts(&clear, &ids, table, key)?,
        })?;
        folders.progress.advance(ids.len() as u64);
    }
    let path = folders
        .stage
        .join("payload")
        .join(table.table.name())
        .join(format!("{}.parquet", table.system));
    let footer = [job.keys.fingerprint().footer()];
    let mut writer = TableWriter::create(&path, schema, Layout::People, &footer)?;
    sorted.write(&mut writer)?;
    report.files.push(output(folders, writer.finish()?));
    folders.progress.end();
    Ok(rows)
}

pub(super) fn malformed(table: &ClearTable) -> ColumnarError {
    ColumnarError::Malformed {
        path: table.path.clone(),
    }
}

pub(super) fn ids(
    clear: &RecordBatch,
    column: &str,
    table: &ClearTable,
    key: &SubKey,
) -> Result<Vec<Pseudonym>, ColumnarError> {
    let names = text(clear, column, &table.path)?;
    let names = (0..names.len()).map(|row| names.value(row));
    Ok(record_pseudonyms(key, &table.scope, names))
}

/// A table of facts: the same columns, with pseudonyms for the people in it.
fn facts(
    clear: &RecordBatch,
    records: &[Pseudonym],
    table: &ClearTable,
    key: &SubKey,
) -> Result<RecordBatch, ColumnarError> {
    let schema = table.table.payload();
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let name = field.name().as_str();
        columns.push(match name {
            RECORD => pseudonyms(records.iter()),
            "child" | "visitor" => pseudonyms(ids(clear, name, table, key)?.iter()),
            _ => clear
                .column_by_name(name)
                .cloned()
                .ok_or_else(|| ColumnarError::Column {
                    path: table.path.clone(),
                    column: name.to_owned(),
                })?,
        });
    }
    batch(schema, columns, &table.path)
}

/// People: main names only, and of them what the question needs.
fn person(
    job: &Job,
    clear: &RecordBatch,
    records: &[Pseudonym],
    table: &ClearTable,
) -> Result<RecordBatch, ColumnarError> {
    let alias: &UInt32Array = u32(clear, "alias", &table.path)?;
    let born: &Date32Array = date(clear, "date_of_birth", &table.path)?;
    let rows: Vec<usize> = (0..clear.num_rows())
        .filter(|r| alias.value(*r) == 0)
        .collect();
    let t = |name: &str| -> Result<ArrayRef, ColumnarError> {
        let column: &StringArray = text(clear, name, &table.path)?;
        Ok(Arc::new(StringArray::from_iter(
            rows.iter().map(|r| text_at(column, *r)),
        )))
    };
    let lives: Vec<Option<Childhood>> = rows
        .iter()
        .map(|r| date_at(born, *r).map(|d| Childhood::of(d, job.reference, job.window)))
        .collect();
    let columns: Vec<ArrayRef> = vec![
        pseudonyms(rows.iter().filter_map(|r| records.get(*r))),
        t("kind")?,
        t("sex")?,
        t("ethnicity")?,
        t("local_authority")?,
        t("area_from")?,
        Arc::new(UInt8Array::from_iter(
            lives.iter().map(|c| c.and_then(|c| c.age)),
        )),
        Arc::new(Int32Array::from_iter(
            lives.iter().map(|c| c.map(|c| c.from)),
        )),
        Arc::new(Int32Array::from_iter(lives.iter().map(|c| c.map(|c| c.to)))),
    ];
    batch(table.table.payload(), columns, &table.path)
}

/// What is kept of a date of birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Childhood {
    /// Whole years on the reference date; none if born after it.
    pub age: Option<u8>,
    /// First day of the window on which the person is born and under 18, from 0.
    pub from: i32,
    /// The day after the last; equal to or below `from` if there is none.
    pub to: i32,
}

impl Childhood {
    /// From days since 1970-01-01. A child born on 29 February turns 18 on 1 March.
    pub(super) fn of(born: i32, reference: i32, window: (i32, i32)) -> Self {
        let birthday = eighteenth_birthday(born);
        let length = window.1 - window.0;
        Childhood {
            age: age_on(born, reference),
            from: (born - window.0).clamp(0, length),
            to: (birthday - window.0).clamp(0, length),
        }
    }
}

fn to_date(days: i32) -> Option<Date> {
    use jiff::ToSpan;
    jiff::civil::date(1970, 1, 1)
        .checked_add(i64::from(days).days())
        .ok()
}

fn eighteenth_birthday(born: i32) -> i32 {
    let Some(d) = to_date(born) else {
        return i32::MAX / 2;
    };
    let year = d.year().saturating_add(18);
    let birthday = Date::new(year, d.month(), d.day()).or_else(|_| Date::new(year, 3, 1));
    birthday.map_or(i32::MAX / 2, days_of)
}

/// Days since 1970-01-01.
pub fn days_of(date: Date) -> i32 {
    let epoch = jiff::civil::date(1970, 1, 1);
    date.since(epoch).map_or(0, |span| span.get_days())
}

fn age_on(born: i32, day: i32) -> Option<u8> {
    let (b, d) = (to_date(born)?, to_date(day)?);
    let mut years = i32::from(d.year()) - i32::from(b.year());
    if (d.month(), d.day()) < (b.month(), b.day()) {
        years -= 1;
    }
    u8::try_from(years).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as on;

    fn childhood(born: Date) -> Childhood {
        let window = (days_of(on(2024, 10, 1)), days_of(on(2025, 10, 1)));
        Childhood::of(days_of(born), days_of(on(2025, 9, 30)), window)
    }

    #[test]
    fn for_most_children_the_window_tells_nothing() {
        assert_eq!(
            childhood(on(2015, 2, 10)),
            Childhood {
                age: Some(10),
                from: 0,
                to: 365
            }
        );
    }

    #[test]
    fn births_and_eighteenth_birthdays_inside_the_year() {
        assert_eq!(childhood(on(2024, 10, 2)).from, 1);
        assert_eq!(childhood(on(2007, 10, 2)).to, 366 - 1);
        assert_eq!(childhood(on(2007, 9, 30)).to, 364);
        assert_eq!(childhood(on(2007, 9, 30)).age, Some(18));
        // Adults have no day.
        assert_eq!(childhood(on(1980, 1, 1)).to, 0);
        // Born after the window.
        assert_eq!(childhood(on(2026, 1, 1)).from, 365);
        assert_eq!(childhood(on(2026, 1, 1)).age, None);
    }

    #[test]
    fn a_leap_day_child_comes_of_age_on_the_first_of_march() {
        assert_eq!(
            eighteenth_birthday(days_of(on(2008, 2, 29))),
            days_of(on(2026, 3, 1))
        );
        assert_eq!(
            age_on(days_of(on(2008, 2, 29)), days_of(on(2026, 2, 28))),
            Some(17)
        );
    }
}
