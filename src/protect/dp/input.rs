//! Reads rows or counts into the true table, and nothing else: what is read goes nowhere but there.

use std::path::Path;

use arrow::array::{Array, StringArray};
use arrow::datatypes::DataType;

use super::accounting::Contribution;
use super::domain::Domain;
use super::error::DpError;
use super::noise_key::NoiseKey;
use super::section::Source;
use super::tabulate::{BadRow, Counted, Tabulator, TrueTable};
use crate::columnar::TableReader;
use crate::protect::error::{Problem, ProtectError};

/// So many problems are told.
const MOST: usize = 20;

/// The true table, and how many rows the bound left out: a true count.
pub(super) fn true_table(
    path: &Path,
    domain: Domain,
    columns: &Columns<'_>,
    bound: Contribution,
    key: &NoiseKey,
) -> Result<(TrueTable, u64), DpError> {
    match columns.source {
        Source::Rows { unit_id } => {
            let mut rows = Tabulator::new(domain, bound, key);
            let add = |codes: &[&str], unit: Option<&str>| {
                let added = rows.add(unit.unwrap_or_default(), codes);
                added.map_err(|why| columns.told(why, unit_id))
            };
            each_row(path, columns.dimensions, Some(unit_id), add)?;
            Ok(rows.finish())
        }
        Source::Bounded => {
            let mut counts = Counted::new(domain, bound);
            let add = |codes: &[&str], count: Option<&str>| {
                let column = columns.count.unwrap_or_default();
                let n = count.map_or(Ok(1), |text| text.trim().parse());
                let n = n.map_err(|_| {
                    (
                        column.to_owned(),
                        "the count is not a whole number of at least 0",
                    )
                })?;
                counts
                    .add(codes, n)
                    .map_err(|why| columns.told(why, column))
            };
            each_row(path, columns.dimensions, columns.count, add)?;
            Ok((counts.finish(), 0))
        }
    }
}

/// The columns of an input.
pub(super) struct Columns<'a> {
    pub dimensions: &'a [String],
    pub count: Option<&'a str>,
    pub source: &'a Source,
}

/// A column and what is wrong there.
type Wrong = (String, &'static str);

impl Columns<'_> {
    fn told(&self, why: BadRow, other: &str) -> Wrong {
        match why {
            BadRow::Code(d) => (
                self.dimensions.get(d).cloned().unwrap_or_default(),
                "the code is not in the stated domain",
            ),
            BadRow::NoUnit => (other.to_owned(), "the privacy unit is missing"),
            BadRow::TooMany => (other.to_owned(), "the counts are too large"),
        }
    }
}

fn problem(row: Option<u64>, column: &str, what: &str) -> Problem {
    Problem {
        row,
        column: column.to_owned(),
        span: None,
        what: what.to_owned(),
        help: "compare the row with `[dp.domain]`; margins are computed here".to_owned(),
    }
}

fn each_row(
    path: &Path,
    dimensions: &[String],
    other: Option<&str>,
    add: impl FnMut(&[&str], Option<&str>) -> Result<(), Wrong>,
) -> Result<(), DpError> {
    let is_parquet = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
    let names: Vec<&str> = dimensions.iter().map(String::as_str).chain(other).collect();
    let problems = if is_parquet {
        each_of_parquet(path, &names, dimensions.len(), add)?
    } else {
        each_of_csv(path, &names, dimensions.len(), add)?
    };
    if problems.is_empty() {
        return Ok(());
    }
    Err(DpError::Rows {
        path: path.to_path_buf(),
        problems,
    })
}

fn missing(column: &str) -> Problem {
    problem(None, column, "the input has no such column")
}

fn each_of_csv(
    path: &Path,
    names: &[&str],
    dimensions: usize,
    mut add: impl FnMut(&[&str], Option<&str>) -> Result<(), Wrong>,
) -> Result<Vec<Problem>, DpError> {
    let file = std::fs::File::open(path).map_err(DpError::io(path))?;
    let mut reader = csv::Reader::from_reader(std::io::BufReader::new(file));
    let header = reader.headers().cloned().unwrap_or_default();
    let place = |name: &&str| {
        let found = header
            .iter()
            .position(|h| h.trim_start_matches('\u{feff}') == *name);
        found.ok_or_else(|| missing(name))
    };
    let places: Vec<Result<usize, Problem>> = names.iter().map(place).collect();
    if places.iter().any(Result::is_err) {
        return Ok(places.into_iter().filter_map(Result::err).collect());
    }
    let places: Vec<usize> = places.into_iter().flatten().collect();
    let mut problems = Vec::new();
    let mut record = csv::StringRecord::new();
    let mut row = 1_u64;
    while problems.len() < MOST {
        row += 1;
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {
                let cells: Vec<&str> = places
                    .iter()
                    .map(|at| record.get(*at).unwrap_or_default())
                    .collect();
                let (codes, rest) = cells.split_at(dimensions);
                if let Err((column, what)) = add(codes, rest.first().copied()) {
                    problems.push(problem(Some(row), &column, what));
                }
            }
            Err(_) => {
                let what = "not a row of CSV in UTF-8 with as many cells as the header";
                problems.push(problem(Some(row), "", what));
                break;
            }
        }
    }
    Ok(problems)
}

fn each_of_parquet(
    path: &Path,
    names: &[&str],
    dimensions: usize,
    mut add: impl FnMut(&[&str], Option<&str>) -> Result<(), Wrong>,
) -> Result<Vec<Problem>, DpError> {
    let reader = TableReader::open(path, None).map_err(ProtectError::from)?;
    let schema = reader.schema();
    let absent = names.iter().filter(|n| schema.field_with_name(n).is_err());
    let mut problems: Vec<Problem> = absent.map(|n| missing(n)).collect();
    if !problems.is_empty() {
        return Ok(problems);
    }
    let mut row = 0_u64;
    for batch in reader {
        let batch = batch.map_err(ProtectError::from)?;
        let mut columns = Vec::new();
        for name in names {
            let column = batch.column_by_name(name);
            let text = column
                .and_then(|c| arrow::compute::cast(c, &DataType::Utf8).ok())
                .and_then(|c| c.as_any().downcast_ref::<StringArray>().cloned());
            match text {
                Some(text) => columns.push(text),
                None => {
                    return Ok(vec![problem(
                        None,
                        name,
                        "a column of a type without codes",
                    )]);
                }
            }
        }
        for i in 0..batch.num_rows() {
            row += 1;
            let cells: Vec<&str> = columns
                .iter()
                .map(|c| if c.is_null(i) { "" } else { c.value(i) })
                .collect();
            let (codes, rest) = cells.split_at(dimensions);
            if let Err((column, what)) = add(codes, rest.first().copied()) {
                problems.push(problem(Some(row), &column, what));
            }
            if problems.len() >= MOST {
                return Ok(problems);
            }
        }
    }
    Ok(problems)
}
