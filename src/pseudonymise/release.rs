//! Research release: canonical tables with pseudonyms of one project, coarsened.
//!
//! Nothing here is an encoding: a release cannot be linked to anything by names or dates. The
//! record pseudonyms are keyed by the research project, so that the files of two projects cannot
//! be joined. The caller says what becomes of each column; a column that it does not list is not
//! written.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, RecordBatch, StringArray, UInt32Array,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::coarsen::{month_of, week_of};
use super::key::{ProjectKeys, SubKey};
use super::payload::{BATCH, ids, malformed};
use super::sorted_table::SortedTable;
use super::stage::{ClearTable, batch, pseudonyms};
use crate::columnar::{
    ColumnarError, Layout, TableReader, TableWriter, Written, date, date_at, text, text_at, u32,
};
use crate::progress::Progress;
use crate::schema::canonical::{PSEUDONYM_BYTES, RECORD, Table, area_from};

/// What becomes of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// Written as it is.
    Keep,
    /// A reference to a person, replaced by the project's pseudonym.
    Pseudonym,
    /// A date, replaced by the first day of its month.
    Month,
    /// A date, replaced by the Monday of its week.
    Week,
    /// Where a person lives, or how that is known: kept where it may be known from there.
    Area {
        /// The source itself says it.
        source: bool,
        /// It comes from the postcode.
        postcode: bool,
    },
}

/// A column of a research release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseColumn {
    /// The canonical column it comes from.
    pub from: String,
    /// What it is called.
    pub name: String,
    /// What becomes of it.
    pub treatment: Treatment,
}

/// A table that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// The file.
    pub file: Written,
    /// For each column, in how many rows there is nothing.
    pub missing: Vec<u64>,
}

/// The key of a research project's pseudonyms. It depends on the project that encodes, its round
/// and the research project, and on nothing that linkage uses.
pub fn research_key(keys: &ProjectKeys, research: &str) -> SubKey {
    keys.derive(&["research release", research])
}

/// Writes one canonical table: main names only, sorted by pseudonym. The footer names the key that
/// the research project's own comes from.
///
/// # Errors
/// A clear file that is not what `ingest` writes, or output that cannot be written.
pub fn write_release(
    clear: &ClearTable,
    columns: &[ReleaseColumn],
    (keys, research): (&ProjectKeys, &str),
    path: &Path,
    progress: &dyn Progress,
) -> Result<Released, ColumnarError> {
    let key = &research_key(keys, research);
    let footer = [keys.fingerprint().footer()];
    let schema = release_schema(clear.table, columns);
    let reader = TableReader::open_with(&clear.path, None, BATCH)?;
    let what = format!("release {} of {}", clear.table.name(), clear.system);
    progress.begin(&what, Some(reader.rows()));
    let scratch = path.parent().unwrap_or(path);
    let mut sorted = SortedTable::new(scratch, schema.clone(), &clear.path)?;
    let mut missing = vec![0; columns.len()];
    for one in reader {
        let one = main_names(one?, clear)?;
        let arrays: Result<Vec<ArrayRef>, _> = columns
            .iter()
            .map(|column| treated(&one, column, clear, key))
            .collect();
        let treated = batch(schema.clone(), arrays?, &clear.path)?;
        for (n, column) in missing.iter_mut().zip(treated.columns()) {
            *n += column.null_count() as u64;
        }
        sorted.take(&treated)?;
        progress.advance(one.num_rows() as u64);
    }
    let mut writer = TableWriter::create(path, schema, Layout::People, &footer)?;
    sorted.write(&mut writer)?;
    progress.end();
    Ok(Released {
        file: writer.finish()?,
        missing,
    })
}

/// The columns as they are written.
fn release_schema(table: Table, columns: &[ReleaseColumn]) -> SchemaRef {
    let clear = table.clear();
    let fields: Vec<Field> = columns
        .iter()
        .map(|column| match column.treatment {
            Treatment::Pseudonym => Field::new(
                &column.name,
                DataType::FixedSizeBinary(PSEUDONYM_BYTES),
                false,
            ),
            Treatment::Month | Treatment::Week => Field::new(&column.name, DataType::Date32, true),
            Treatment::Keep | Treatment::Area { .. } => {
                let kind = clear.field_with_name(&column.from);
                let kind = kind.map_or(DataType::Utf8, |f| f.data_type().clone());
                Field::new(&column.name, kind, true)
            }
        })
        .collect();
    Arc::new(Schema::new(fields))
}

/// Of people the main names; of other tables all rows.
fn main_names(whole: RecordBatch, clear: &ClearTable) -> Result<RecordBatch, ColumnarError> {
    if clear.table != Table::Person {
        return Ok(whole);
    }
    let alias: &UInt32Array = u32(&whole, "alias", &clear.path)?;
    let main: BooleanArray = alias.values().iter().map(|a| Some(*a == 0)).collect();
    filter_record_batch(&whole, &main).map_err(|_| malformed(clear))
}

fn treated(
    rows: &RecordBatch,
    column: &ReleaseColumn,
    clear: &ClearTable,
    key: &SubKey,
) -> Result<ArrayRef, ColumnarError> {
    let from = column.from.as_str();
    let dates = |coarser: fn(i32) -> i32| -> Result<ArrayRef, ColumnarError> {
        let days: &Date32Array = date(rows, from, &clear.path)?;
        let coarse = (0..days.len()).map(|r| date_at(days, r).map(coarser));
        Ok(Arc::new(Date32Array::from_iter(coarse)))
    };
    match column.treatment {
        Treatment::Pseudonym => Ok(pseudonyms(ids(rows, from, clear, key)?.iter())),
        Treatment::Month => dates(month_of),
        Treatment::Week => dates(week_of),
        Treatment::Keep => {
            rows.column_by_name(from)
                .cloned()
                .ok_or_else(|| ColumnarError::Column {
                    path: clear.path.clone(),
                    column: from.to_owned(),
                })
        }
        Treatment::Area { source, postcode } => {
            let values: &StringArray = text(rows, from, &clear.path)?;
            let known: &StringArray = text(rows, "area_from", &clear.path)?;
            let shown = |row: usize| match text_at(known, row) {
                Some(area_from::SOURCE) => source,
                Some(area_from::POSTCODE) => postcode,
                _ => false,
            };
            let kept = (0..values.len()).map(|r| text_at(values, r).filter(|_| shown(r)));
            Ok(Arc::new(StringArray::from_iter(kept)))
        }
    }
}

/// The columns that are always written as pseudonyms.
pub fn is_reference(column: &str) -> bool {
    matches!(column, RECORD | "child" | "visitor")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pseudonymise::key::{MasterKey, Pseudonym};
    use crate::pseudonymise::stage::record_pseudonym;
    use hashbrown::HashSet;

    /// A million people in the files of two research projects, of two rounds, and in the payload
    /// of the linkage project: no pseudonym in common.
    #[test]
    fn two_projects_share_none_of_a_million_pseudonyms() {
        const PEOPLE: u32 = 1_000_000;
        let master = MasterKey::of_rehearsal_seed(3);
        let keys = [
            research_key(&master.for_project("p", "1"), "families"),
            research_key(&master.for_project("p", "1"), "schools"),
            research_key(&master.for_project("p", "2"), "families"),
            master.for_project("p", "1").derive(&["record pseudonym"]),
        ];
        let mut first: HashSet<Pseudonym> = HashSet::with_capacity(1 << 20);
        let mut equal = 0;
        for (i, key) in keys.iter().enumerate() {
            for person in 0..PEOPLE {
                let id = record_pseudonym(key, "census", &person.to_string());
                if i == 0 {
                    first.insert(id);
                } else {
                    equal += u32::from(first.contains(&id));
                }
            }
        }
        assert_eq!(first.len(), 1_000_000);
        assert_eq!(equal, 0);
        // The same project again is the same pseudonym: the comparison can find what is equal.
        let again = research_key(&master.for_project("p", "1"), "families");
        assert!(first.contains(&record_pseudonym(&again, "census", "7")));
    }
}
