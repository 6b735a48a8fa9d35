//! Percentages and rates, from protected values alone.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::{Problem, ProtectError};
use super::exact::real;
use super::table::ProtectedRow;
use crate::schema::codes::{ENGLAND_AND_WALES, local_authority};
use crate::schema::published::{
    Concept, DerivedDef, DerivedKind, NOT_AVAILABLE, Status, TOTAL, TableDef,
};

/// Children under 18 by area: local authorities, regions, countries, and `Total`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Population(BTreeMap<String, u64>);

impl Population {
    /// Reads `local_authority,children` and adds up regions and countries.
    pub fn read(path: &Path) -> Result<Self, ProtectError> {
        let io = |source| ProtectError::Io {
            path: path.to_path_buf(),
            source,
        };
        let text = std::fs::read_to_string(path).map_err(io)?;
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let mut problems = Vec::new();
        let mut problem = |row: Option<u64>, column: &str, what: &str| {
            problems.push(Problem {
                row,
                column: column.to_owned(),
                span: None,
                what: what.to_owned(),
                help: "one row for each local authority: nine-character code, whole number"
                    .to_owned(),
            });
        };
        let header = reader.headers().cloned().unwrap_or_default();
        let column = |name: &str| {
            header
                .iter()
                .position(|h| h.trim_start_matches('\u{feff}') == name)
        };
        let (Some(area), Some(children)) = (column("local_authority"), column("children")) else {
            problem(
                Some(1),
                "local_authority,children",
                "the columns are not there",
            );
            return Err(ProtectError::Cells {
                path: path.to_path_buf(),
                problems,
            });
        };
        let mut sums: BTreeMap<String, u64> = BTreeMap::new();
        for (i, record) in reader.records().enumerate() {
            let row = u64::try_from(i).map_or(0, |i| i + 2);
            let Ok(record) = record else {
                problem(Some(row), "local_authority", "not a row of CSV");
                continue;
            };
            let la = record.get(area).and_then(local_authority);
            let count: Option<u64> = record.get(children).and_then(|t| t.trim().parse().ok());
            let (Some(la), Some(count)) = (la, count) else {
                problem(
                    Some(row),
                    "local_authority",
                    "not a local authority with a whole number",
                );
                continue;
            };
            let mut above = vec![
                la.code.as_str(),
                la.region_code.as_str(),
                la.country_code.as_str(),
            ];
            above.dedup();
            for code in above.into_iter().chain([TOTAL, ENGLAND_AND_WALES]) {
                *sums.entry(code.to_owned()).or_default() += count;
            }
        }
        if problems.is_empty() {
            Ok(Population(sums))
        } else {
            Err(ProtectError::Cells {
                path: path.to_path_buf(),
                problems,
            })
        }
    }
}

/// The rows of a derived measure, beside the rows it is derived from.
pub(crate) fn derive(
    table: &TableDef,
    what: &DerivedDef,
    rows: &[ProtectedRow],
    population: Option<&Population>,
) -> Vec<ProtectedRow> {
    let index: BTreeMap<(Concept, &[String]), &ProtectedRow> = rows
        .iter()
        .filter(|r| r.measure == what.of)
        .map(|r| ((r.concept, r.codes.as_slice()), r))
        .collect();
    let area = table.dimensions.iter().position(|d| d.variable == "area");
    rows.iter()
        .filter(|r| r.measure == what.of)
        .map(|row| {
            let base = match what.kind {
                DerivedKind::Percent => {
                    let mut codes = row.codes.clone();
                    for (code, d) in codes.iter_mut().zip(&table.dimensions) {
                        if what.over.contains(&d.name) {
                            *code = TOTAL.to_owned();
                        }
                    }
                    match index.get(&(row.concept, codes.as_slice())) {
                        Some(whole) => whole.value.ok_or(whole.status),
                        None => Err(Status::X),
                    }
                }
                DerivedKind::Rate => {
                    let code = area.and_then(|a| row.codes.get(a)).map(String::as_str);
                    match (code, population) {
                        (Some(NOT_AVAILABLE), _) => Err(Status::Z),
                        (Some(code), Some(p)) => p.0.get(code).map(|n| real(*n)).ok_or(Status::X),
                        _ => Err(Status::X),
                    }
                }
                DerivedKind::Ratio => Err(Status::X),
            };
            let per = match what.kind {
                DerivedKind::Percent => 100.0,
                DerivedKind::Rate => f64::from(what.per.unwrap_or(1_000)),
                DerivedKind::Ratio => 1.0,
            };
            let (value, status) = match (row.value, base) {
                (None, _) => (None, row.status),
                (Some(_), Err(status)) => (None, status),
                (Some(_), Ok(whole)) if whole <= 0.0 => (None, Status::Z),
                (Some(part), Ok(whole)) => (Some(half_up(part / whole * per, 1)), Status::Observed),
            };
            ProtectedRow {
                measure: what.name.clone(),
                value,
                lower: None,
                upper: None,
                status,
                marker: None,
                codes: row.codes.clone(),
                concept: row.concept,
            }
        })
        .collect()
}

/// Rounds to so many decimals, half up.
pub(crate) fn half_up(x: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    // The small addition undoes binary representation just below a half (0.35 · 10 = 3.4999…).
    (x * scale + 0.5 + 1e-9).floor() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_up() {
        assert_eq!(
            [0.35, 0.25, 12.34, 12.349].map(|x| half_up(x, 1)),
            [0.4, 0.3, 12.3, 12.3]
        );
    }
}
