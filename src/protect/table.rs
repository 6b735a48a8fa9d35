//! A protected table: the releasable zone as a type.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::error::ProtectError;
use crate::columnar::{Layout, TableReader, TableWriter, Written, text};
use crate::digest::Digest;
use crate::schema::published::{self, Concept, Status, TableDef};

/// The footer key that marks a file of this stage, with the table's id.
const MARK: &str = "kinlink:protected_table";

/// The footer key of the rounding base.
const ROUNDING: &str = "kinlink:rounding";

/// One row of a protected table.
#[derive(Debug, Clone, PartialEq)]
pub struct ProtectedRow {
    /// One code for each dimension; `Total` for a margin.
    pub codes: Vec<String>,
    /// What is counted.
    pub concept: Concept,
    /// `children`, `percent`, ….
    pub measure: String,
    /// The value as it may be shown; none where it is not.
    pub value: Option<f64>,
    /// Lower end of an interval, where the table has one.
    pub lower: Option<f64>,
    /// Upper end of it.
    pub upper: Option<f64>,
    /// What the value is, or why there is none.
    pub status: Status,
    /// `p`, `r`, `e`, `b`, or none.
    pub marker: Option<String>,
}

/// A table that may be released.
///
/// It can be made by protecting counts ([`run`](super::run)) or by [`load`]ing a file of the
/// protect stage whose digest is proven; there is no other way:
///
/// ```compile_fail
/// let definition = kinlink::schema::published::table("T01").unwrap();
/// let forged = kinlink::protect::ProtectedTable {
///     definition,
///     rounding: None,
///     rows: Vec::new(),
/// };
/// ```
///
/// Nothing in it tells a small count from a cell that is hidden for another's sake.
#[derive(Debug, Clone, PartialEq)]
pub struct ProtectedTable {
    definition: &'static TableDef,
    rounding: Option<u64>,
    rows: Vec<ProtectedRow>,
}

impl ProtectedTable {
    pub(super) fn new(
        definition: &'static TableDef,
        rounding: Option<u64>,
        rows: Vec<ProtectedRow>,
    ) -> Self {
        ProtectedTable {
            definition,
            rounding,
            rows,
        }
    }

    /// What the table counts and by what.
    pub fn definition(&self) -> &'static TableDef {
        self.definition
    }

    /// The base that its counts were rounded to; none where they are exact. A count that a coarser
    /// table shows too has that table's base.
    pub fn rounding(&self) -> Option<u64> {
        self.rounding
    }

    /// Its rows, in the order of publication.
    pub fn rows(&self) -> &[ProtectedRow] {
        &self.rows
    }

    /// The row of a cell.
    pub fn row(&self, concept: Concept, measure: &str, codes: &[&str]) -> Option<&ProtectedRow> {
        self.rows
            .iter()
            .find(|r| r.concept == concept && r.measure == measure && r.codes == codes)
    }

    /// The columns: dimensions, `concept`, `measure`, `value`, `lower`, `upper`, `status`,
    /// `marker`; `describe` may add metadata to each field.
    pub fn schema(&self, describe: impl Fn(Field) -> Field) -> SchemaRef {
        let mut fields: Vec<Field> = self
            .definition
            .dimensions
            .iter()
            .map(|d| Field::new(&d.name, DataType::Utf8, false))
            .collect();
        fields.extend([
            Field::new("concept", DataType::Utf8, false),
            Field::new("measure", DataType::Utf8, false),
            Field::new("value", DataType::Float64, true),
            Field::new("lower", DataType::Float64, true),
            Field::new("upper", DataType::Float64, true),
            Field::new("status", DataType::Utf8, false),
            Field::new("marker", DataType::Utf8, true),
        ]);
        Arc::new(Schema::new(
            fields.into_iter().map(describe).collect::<Vec<_>>(),
        ))
    }

    /// The rows as one batch of that schema. None only if the columns do not fit, which the
    /// construction rules out.
    pub fn batch(&self, schema: &SchemaRef) -> Option<RecordBatch> {
        let mut columns: Vec<ArrayRef> = (0..self.definition.dimensions.len())
            .map(|d| {
                let codes = self.rows.iter().map(|r| r.codes.get(d).map(String::as_str));
                Arc::new(codes.collect::<StringArray>()) as ArrayRef
            })
            .collect();
        let words = |of: &dyn Fn(&ProtectedRow) -> Option<String>| -> ArrayRef {
            Arc::new(self.rows.iter().map(of).collect::<StringArray>())
        };
        let numbers = |of: &dyn Fn(&ProtectedRow) -> Option<f64>| -> ArrayRef {
            Arc::new(self.rows.iter().map(of).collect::<Float64Array>())
        };
        columns.push(words(&|r| Some(r.concept.word().to_owned())));
        columns.push(words(&|r| Some(r.measure.clone())));
        columns.push(numbers(&|r| r.value));
        columns.push(numbers(&|r| r.lower));
        columns.push(numbers(&|r| r.upper));
        columns.push(words(&|r| Some(r.status.word().to_owned())));
        columns.push(words(&|r| r.marker.clone()));
        RecordBatch::try_new(schema.clone(), columns).ok()
    }

    pub(super) fn save(&self, path: &Path) -> Result<Written, ProtectError> {
        let schema = self.schema(|f| f);
        let base = self.rounding.map(|b| b.to_string()).unwrap_or_default();
        let keys = [
            (MARK.to_owned(), self.definition.id.clone()),
            (ROUNDING.to_owned(), base),
        ];
        let mut writer = TableWriter::create(path, schema.clone(), Layout::Restricted, &keys)?;
        let batch = self
            .batch(&schema)
            .ok_or_else(|| ProtectError::NotProtected {
                path: path.to_path_buf(),
            })?;
        writer.write(&batch)?;
        Ok(writer.finish()?)
    }
}

/// Loads a table that the protect stage wrote. The caller proves with the stage's receipt which
/// bytes it is: the file is digested first, and refused if the digest is another.
pub fn load(path: &Path, expected: &Digest) -> Result<ProtectedTable, ProtectError> {
    let (digest, _) = Digest::of_file(path).map_err(|source| ProtectError::Io {
        path: path.to_path_buf(),
        source,
    })?;
    if digest != *expected {
        return Err(ProtectError::Digest {
            path: path.to_path_buf(),
        });
    }
    let foreign = || ProtectError::NotProtected {
        path: path.to_path_buf(),
    };
    let reader = TableReader::open(path, None)?;
    let definition = reader
        .keys()
        .iter()
        .find(|(key, _)| key == MARK)
        .and_then(|(_, id)| published::table(id))
        .ok_or_else(foreign)?;
    let rounding = reader
        .keys()
        .iter()
        .find(|(key, _)| key == ROUNDING)
        .and_then(|(_, base)| base.parse().ok());
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch?;
        let dimensions = definition
            .dimensions
            .iter()
            .map(|d| text(&batch, &d.name, path))
            .collect::<Result<Vec<_>, _>>()?;
        let concept = text(&batch, "concept", path)?;
        let measure = text(&batch, "measure", path)?;
        let status = text(&batch, "status", path)?;
        let marker = text(&batch, "marker", path)?;
        let number = |name: &str| {
            batch
                .column_by_name(name)
                .and_then(|c| c.as_any().downcast_ref::<Float64Array>())
                .ok_or_else(foreign)
        };
        let (value, lower, upper) = (number("value")?, number("lower")?, number("upper")?);
        let some = |a: &Float64Array, i: usize| (!a.is_null(i)).then(|| a.value(i));
        for i in 0..batch.num_rows() {
            rows.push(ProtectedRow {
                codes: dimensions.iter().map(|d| d.value(i).to_owned()).collect(),
                concept: Concept::from_word(concept.value(i)).ok_or_else(foreign)?,
                measure: measure.value(i).to_owned(),
                value: some(value, i),
                lower: some(lower, i),
                upper: some(upper, i),
                status: Status::from_word(status.value(i)).ok_or_else(foreign)?,
                marker: (!marker.is_null(i)).then(|| marker.value(i).to_owned()),
            });
        }
    }
    Ok(ProtectedTable {
        definition,
        rounding,
        rows,
    })
}
