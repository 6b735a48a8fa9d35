//! The input of `kinlink protect table`: rows of people, or inner cells with a column of counts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::{Array, StringArray};
use arrow::datatypes::DataType;

use super::cell_key::CellKeys;
use super::error::{Problem, ProtectError};
use super::spec::Spec;
use crate::columnar::TableReader;
use crate::schema::published::TOTAL;

/// A number for the codes of all dimensions.
pub(super) type Counts = BTreeMap<Vec<String>, u64>;

/// Inner cells.
#[derive(Default)]
pub(super) struct Records {
    pub counts: Counts,
    /// The rows' amounts one by one, where rules of dominance ask for them.
    pub contributions: BTreeMap<Vec<String>, Vec<u64>>,
    /// Sums of record keys, where cells are perturbed by them.
    pub keys: Counts,
}

/// Reads the input of a specification.
pub(super) fn read(input: &Path, spec: &Spec) -> Result<Records, ProtectError> {
    if is_parquet(input) {
        read_parquet(input, spec)
    } else {
        read_csv(input, spec)
    }
}

fn is_parquet(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("parquet"))
}

pub(super) fn problem(row: Option<u64>, column: &str, what: &str, help: &str) -> Problem {
    Problem {
        row,
        column: column.to_owned(),
        span: None,
        what: what.to_owned(),
        help: help.to_owned(),
    }
}

/// Adds rows to the counts and collects what is wrong with them.
struct Collector<'a> {
    spec: &'a Spec,
    path: PathBuf,
    records: Records,
    keys: Option<CellKeys>,
    problems: Vec<Problem>,
}

impl<'a> Collector<'a> {
    fn new(spec: &'a Spec, path: &Path) -> Self {
        Collector {
            spec,
            path: path.to_path_buf(),
            records: Records::default(),
            keys: spec.cell_key.as_ref().map(|c| c.keys.clone()),
            problems: Vec::new(),
        }
    }

    fn missing(&mut self, column: &str) {
        self.problems.push(problem(
            None,
            column,
            "the input has no such column",
            "compare the names in the specification with the input's header",
        ));
    }

    fn add(&mut self, row: u64, codes: Vec<String>, count: Option<&str>, key: Option<&str>) {
        const MOST: usize = 20;
        if self.problems.len() >= MOST {
            return;
        }
        for (name, code) in self.spec.dimensions.iter().zip(&codes) {
            let what = match code.as_str() {
                "" => "a code is missing",
                TOTAL => "`Total` is a margin; margins are computed here",
                _ => continue,
            };
            let help = "give inner cells or rows only, each with a code";
            self.problems.push(problem(Some(row), name, what, help));
            return;
        }
        let count = match count {
            None => 1,
            Some(text) => match text.trim().parse() {
                Ok(n) => n,
                Err(_) => {
                    let column = self.spec.count.as_deref().unwrap_or_default();
                    let what = "the count is not a whole number of at least 0";
                    self.problems
                        .push(problem(Some(row), column, what, "mend the count"));
                    return;
                }
            },
        };
        if let (Some(keys), Some(text)) = (&self.keys, key) {
            let Some(key) = keys.parse(text) else {
                let column = self
                    .spec
                    .cell_key
                    .as_ref()
                    .map_or("", |c| c.column.as_str());
                let what = "the record key is not a number below the modulus";
                let help = "give fractions in [0, 1), or name the modulus";
                self.problems.push(problem(Some(row), column, what, help));
                return;
            };
            let sum = self.records.keys.entry(codes.clone()).or_default();
            *sum = keys.add(*sum, key);
        }
        if !self.spec.dominance.is_none() {
            let list = self.records.contributions.entry(codes.clone());
            list.or_default().push(count);
        }
        *self.records.counts.entry(codes).or_default() += count;
    }

    fn finish(self) -> Result<Records, ProtectError> {
        if self.problems.is_empty() {
            Ok(self.records)
        } else {
            Err(ProtectError::Cells {
                path: self.path,
                problems: self.problems,
            })
        }
    }
}

fn read_csv(path: &Path, spec: &Spec) -> Result<Records, ProtectError> {
    let mut collector = Collector::new(spec, path);
    let file = std::fs::File::open(path).map_err(|source| ProtectError::Io {
        path: path.to_path_buf(),
        source,
    })?;
    let mut reader = csv::Reader::from_reader(std::io::BufReader::new(file));
    let header: Vec<String> = reader
        .headers()
        .map(|h| {
            h.iter()
                .map(|c| c.trim_start_matches('\u{feff}').to_owned())
                .collect()
        })
        .unwrap_or_default();
    let mut places = Vec::new();
    let key = spec.cell_key.as_ref().map(|c| &c.column);
    for name in spec.dimensions.iter().chain(&spec.count).chain(key) {
        match header.iter().position(|h| h == name) {
            Some(at) => places.push(at),
            None => collector.missing(name),
        }
    }
    if collector.problems.is_empty() {
        for (i, record) in reader.records().enumerate() {
            let row = u64::try_from(i).map_or(0, |i| i + 2);
            match record {
                Ok(record) => {
                    let cell = |at: &usize| record.get(*at).unwrap_or_default();
                    let (dimensions, rest) = places.split_at(spec.dimensions.len());
                    let codes = dimensions.iter().map(|at| cell(at).to_owned()).collect();
                    let (count, key) = rest.split_at(usize::from(spec.count.is_some()));
                    collector.add(row, codes, count.first().map(cell), key.first().map(cell));
                }
                Err(_) => collector.problems.push(problem(
                    Some(row),
                    "",
                    "not a row of CSV in UTF-8 with as many cells as the header",
                    "mend the row",
                )),
            }
        }
    }
    collector.finish()
}

fn read_parquet(path: &Path, spec: &Spec) -> Result<Records, ProtectError> {
    let mut collector = Collector::new(spec, path);
    let reader = TableReader::open(path, None)?;
    let schema = reader.schema();
    let key = spec.cell_key.as_ref().map(|c| &c.column);
    for name in spec.dimensions.iter().chain(&spec.count).chain(key) {
        if schema.field_with_name(name).is_err() {
            collector.missing(name);
        }
    }
    if !collector.problems.is_empty() {
        return collector.finish();
    }
    let mut row = 0_u64;
    for batch in reader {
        let batch = batch?;
        let texts = |name: &String| -> Result<StringArray, ProtectError> {
            let column = batch.column_by_name(name);
            column
                .and_then(|c| arrow::compute::cast(c, &DataType::Utf8).ok())
                .and_then(|c| c.as_any().downcast_ref::<StringArray>().cloned())
                .ok_or_else(|| ProtectError::Cells {
                    path: path.to_path_buf(),
                    problems: vec![problem(
                        None,
                        name,
                        "the column is of a type that has no codes or counts",
                        "write codes as text and counts as whole numbers",
                    )],
                })
        };
        let dimensions = spec
            .dimensions
            .iter()
            .map(texts)
            .collect::<Result<Vec<_>, _>>()?;
        let counts = spec.count.as_ref().map(texts).transpose()?;
        let keys = key.map(texts).transpose()?;
        let at = |a: &StringArray, i: usize| {
            if a.is_null(i) {
                String::new()
            } else {
                a.value(i).to_owned()
            }
        };
        for i in 0..batch.num_rows() {
            row += 1;
            let codes = dimensions.iter().map(|d| at(d, i)).collect();
            let count = counts.as_ref().map(|c| at(c, i));
            let key = keys.as_ref().map(|k| at(k, i));
            collector.add(row, codes, count.as_deref(), key.as_deref());
        }
    }
    collector.finish()
}
