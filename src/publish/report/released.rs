//! A released table as its file gives it: rows, labels and units from the file's own footer.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, Float64Array};
use serde_json::Value;

use super::error::ReportError;
use crate::columnar::{TableReader, text};
use crate::schema::published::{self, Concept, Status, TOTAL};

/// A dimension of a released table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasedDimension {
    /// The column.
    pub name: String,
    /// For headings.
    pub title: String,
    /// The codes with their labels, in the order of publication.
    pub codes: Vec<(String, String)>,
}

impl ReleasedDimension {
    /// The label of a code.
    pub fn label<'a>(&'a self, code: &'a str) -> &'a str {
        let found = self.codes.iter().find(|(c, _)| c == code);
        found.map_or(code, |(_, label)| label)
    }
}

/// A released row.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleasedRow {
    /// One code a dimension.
    pub codes: Vec<String>,
    /// What is counted.
    pub concept: Concept,
    /// `children`, ….
    pub measure: String,
    /// The value, where there is one.
    pub value: Option<f64>,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
    /// What the value is, or why there is none.
    pub status: Status,
}

impl ReleasedRow {
    /// The shorthand that stands in the place of a value: `[c]`.
    pub fn symbol(&self) -> String {
        format!("[{}]", self.status.word())
    }
}

/// A released table.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleasedTable {
    /// `T01`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its statistical subtitle.
    pub subtitle: String,
    /// The base that its counts are rounded to.
    pub rounding: Option<u64>,
    /// The unit of each measure.
    pub units: BTreeMap<String, String>,
    /// The dimensions.
    pub dimensions: Vec<ReleasedDimension>,
    /// Its rows, in the order of publication.
    pub rows: Vec<ReleasedRow>,
}

impl ReleasedTable {
    /// Reads a released Parquet file; the caller has checked its digest.
    pub(crate) fn read(path: &Path) -> Result<Self, ReportError> {
        let form = || ReportError::Form {
            path: path.to_path_buf(),
        };
        let reader = TableReader::open(path, None)?;
        let resource = reader.keys().iter().find(|(k, _)| k == "kinlink:table");
        let resource: Value = resource
            .and_then(|(_, text)| serde_json::from_str(text).ok())
            .ok_or_else(form)?;
        let word = |key: &str| resource[key].as_str().map(str::to_owned).ok_or_else(form);
        let id = word("kinlink:table")?;
        let units = resource["kinlink:units"].as_object().ok_or_else(form)?;
        let units = units
            .iter()
            .filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())))
            .collect();
        let mut table = ReleasedTable {
            title: word("title")?,
            subtitle: word("description")?,
            rounding: resource["kinlink:rounding"].as_u64(),
            units,
            dimensions: dimensions(&id, &resource).ok_or_else(form)?,
            rows: Vec::new(),
            id,
        };
        for batch in reader {
            let batch = batch?;
            let codes = table
                .dimensions
                .iter()
                .map(|d| text(&batch, &d.name, path))
                .collect::<Result<Vec<_>, _>>()?;
            let concept = text(&batch, "concept", path)?;
            let measure = text(&batch, "measure", path)?;
            let status = text(&batch, "status", path)?;
            let number = |name: &str| {
                let column = batch.column_by_name(name);
                column
                    .and_then(|c| c.as_any().downcast_ref::<Float64Array>())
                    .ok_or_else(form)
            };
            let (value, lower, upper) = (number("value")?, number("lower")?, number("upper")?);
            let some = |a: &Float64Array, i: usize| (!a.is_null(i)).then(|| a.value(i));
            for i in 0..batch.num_rows() {
                table.rows.push(ReleasedRow {
                    codes: codes.iter().map(|c| c.value(i).to_owned()).collect(),
                    concept: Concept::from_word(concept.value(i)).ok_or_else(form)?,
                    measure: measure.value(i).to_owned(),
                    value: some(value, i),
                    interval: some(lower, i).zip(some(upper, i)),
                    status: Status::from_word(status.value(i)).ok_or_else(form)?,
                });
            }
        }
        Ok(table)
    }

    /// The row of a cell.
    pub fn row(&self, concept: Concept, measure: &str, codes: &[&str]) -> Option<&ReleasedRow> {
        self.rows
            .iter()
            .find(|r| r.concept == concept && r.measure == measure && r.codes == codes)
    }

    /// The row of a code of one dimension, with all the others at their totals.
    pub fn along(
        &self,
        concept: Concept,
        measure: &str,
        dimension: &str,
        code: &str,
    ) -> Option<&ReleasedRow> {
        let codes: Vec<&str> = self
            .dimensions
            .iter()
            .map(|d| if d.name == dimension { code } else { TOTAL })
            .collect();
        self.row(concept, measure, &codes)
    }

    /// The dimension of that name.
    pub fn dimension(&self, name: &str) -> Option<&ReleasedDimension> {
        self.dimensions.iter().find(|d| d.name == name)
    }

    /// Has it a measure in a concept?
    pub fn has(&self, concept: Concept, measure: &str) -> bool {
        let mut rows = self.rows.iter();
        rows.any(|r| r.concept == concept && r.measure == measure)
    }

    /// The unit of a measure, or nothing.
    pub fn unit(&self, measure: &str) -> &str {
        self.units.get(measure).map_or("", String::as_str)
    }
}

fn dimensions(id: &str, resource: &Value) -> Option<Vec<ReleasedDimension>> {
    let known = published::table(id);
    let fields = resource["schema"]["fields"].as_array()?;
    let mut out = Vec::new();
    for field in fields {
        if field["kinlink:role"] != "dimension" {
            continue;
        }
        let name = field["name"].as_str()?.to_owned();
        let categories = field["categories"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let codes = categories
            .iter()
            .filter_map(|c| {
                Some((
                    c["value"].as_str()?.to_owned(),
                    c["label"].as_str()?.to_owned(),
                ))
            })
            .collect();
        let title = known
            .and_then(|t| t.dimension(&name))
            .map_or_else(|| name.replace('_', " "), |d| d.title.clone());
        out.push(ReleasedDimension { name, title, codes });
    }
    Some(out)
}
