//! Reads published tables, ours or another's, as symbols: CSV or Parquet, with margins.
//!
//! A symbol is a number, or a word that says why there is none. Which column holds what follows
//! from the names that publishers use, or from `[published]` in the specification.

use std::path::Path;

use arrow::array::{Array, StringArray};
use arrow::datatypes::DataType;

use super::error::{Problem, ProtectError};
use super::exact::count;
use super::range::{Range, UNLIMITED};
use super::rules::{RoundingMethod, Rules};
use super::spec::{Published, Spec};
use crate::columnar::TableReader;
use crate::schema::published::TOTAL;

/// What stands in a cell of a published table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Symbol {
    /// A number, exact or rounded.
    Number(i64),
    /// `c`: hidden for the sake of confidentiality.
    Hidden,
    /// `low`, `k`: a count that rounds to zero.
    Low,
    /// `z`: cannot occur.
    Never,
    /// `x`, `:`, `u`: nothing is said.
    Silent,
}

impl Symbol {
    fn of_word(word: &str) -> Option<Symbol> {
        let word = word.trim().trim_matches(['[', ']', '(', ')']);
        match word.to_ascii_lowercase().as_str() {
            "c" | "*" | "suppressed" | "redacted" | "primary" | "secondary" => Some(Symbol::Hidden),
            "low" | "k" | "~" => Some(Symbol::Low),
            "z" | "not_applicable" => Some(Symbol::Never),
            "x" | ":" | ".." | "u" | "na" => Some(Symbol::Silent),
            _ => None,
        }
    }

    /// The counts that the symbol allows, for whoever knows the rules.
    pub fn range(self, rules: &Rules, spread: Spread) -> Range {
        let any = Range::at_least(0);
        match self {
            Symbol::Number(n) => Range {
                lower: (n - spread.below).max(0),
                upper: (n + spread.above).min(UNLIMITED),
            },
            Symbol::Hidden => Range::at_least(rules.least()),
            Symbol::Low => Range {
                lower: rules.least().min(1),
                upper: spread.above.max(1),
            },
            Symbol::Never => Range::exactly(0),
            Symbol::Silent => any,
        }
    }
}

/// How far the true count may be from a published number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Spread {
    /// So many less, at most.
    pub below: i64,
    /// So many more, at most.
    pub above: i64,
}

/// One cell of a published table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// One code for each dimension of the specification; `Total` where the table has none.
    pub codes: Vec<String>,
    pub symbol: Symbol,
    /// Was it hidden as a small count? Where the table says so.
    pub primary: Option<bool>,
    /// The count of a hidden cell, where the table still has it: on the restricted side.
    pub count: Option<i64>,
}

/// A published table: the dimensions that it has, by position, and its cells.
pub(crate) struct Sheet {
    pub dimensions: Vec<usize>,
    pub entries: Vec<Entry>,
}

/// Column names and rows, all as text.
struct Raw {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

fn wrong(path: &Path, row: Option<u64>, column: &str, what: &str, help: &str) -> ProtectError {
    ProtectError::Cells {
        path: path.to_path_buf(),
        problems: vec![Problem {
            row,
            column: column.to_owned(),
            span: None,
            what: what.to_owned(),
            help: help.to_owned(),
        }],
    }
}

fn raw(path: &Path) -> Result<Raw, ProtectError> {
    let parquet = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
    if parquet {
        raw_parquet(path)
    } else {
        raw_csv(path)
    }
}

fn raw_csv(path: &Path) -> Result<Raw, ProtectError> {
    let file = std::fs::File::open(path).map_err(|source| ProtectError::Io {
        path: path.to_path_buf(),
        source,
    })?;
    let mut reader = csv::Reader::from_reader(std::io::BufReader::new(file));
    let bad = |row| {
        wrong(
            path,
            Some(row),
            "",
            "not a row of CSV in UTF-8",
            "mend the row",
        )
    };
    let columns = reader
        .headers()
        .map_err(|_| bad(1))?
        .iter()
        .map(|c| c.trim_start_matches('\u{feff}').to_owned())
        .collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let row = u64::try_from(rows.len()).unwrap_or(0) + 2;
        let record = record.map_err(|_| bad(row))?;
        rows.push(record.iter().map(str::to_owned).collect());
    }
    Ok(Raw { columns, rows })
}

fn raw_parquet(path: &Path) -> Result<Raw, ProtectError> {
    let reader = TableReader::open(path, None)?;
    let columns: Vec<String> = reader
        .schema()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for batch in reader {
        let batch = batch?;
        let texts = batch
            .columns()
            .iter()
            .zip(&columns)
            .map(|(column, name)| {
                arrow::compute::cast(column, &DataType::Utf8)
                    .ok()
                    .and_then(|c| c.as_any().downcast_ref::<StringArray>().cloned())
                    .ok_or_else(|| {
                        wrong(
                            path,
                            None,
                            name,
                            "a column that is no text",
                            "write text and numbers",
                        )
                    })
            })
            .collect::<Result<Vec<_>, _>>()?;
        for i in 0..batch.num_rows() {
            let cells = texts.iter();
            rows.push(
                cells
                    .map(|a| {
                        if a.is_null(i) {
                            String::new()
                        } else {
                            a.value(i).to_owned()
                        }
                    })
                    .collect(),
            );
        }
    }
    Ok(Raw { columns, rows })
}

fn is_true(text: &str) -> bool {
    matches!(
        text.trim().to_ascii_lowercase().as_str(),
        "true" | "t" | "1" | "yes" | "primary"
    )
}

/// A number written with thousands separators or a decimal point that says nothing.
fn number(text: &str) -> Option<i64> {
    let plain: String = text.trim().chars().filter(|c| *c != ',').collect();
    let whole = match plain.split_once('.') {
        Some((whole, rest)) if rest.chars().all(|c| c == '0') => whole,
        Some(_) => return None,
        None => plain.as_str(),
    };
    whole.parse().ok().filter(|n| (0..UNLIMITED).contains(n))
}

/// Where a table keeps what.
struct Places {
    dimensions: Vec<Option<usize>>,
    value: usize,
    status: Option<usize>,
    suppressed: Option<usize>,
    primary: Option<usize>,
    /// The word of our own restricted tables: `primary`, `secondary` or another.
    state: Option<usize>,
}

fn places(path: &Path, columns: &[String], spec: &Spec) -> Result<Places, ProtectError> {
    let at = |name: &str| columns.iter().position(|c| c == name);
    let Published {
        value,
        status,
        suppressed,
        primary,
        ..
    } = &spec.published;
    let named = |name: &Option<String>, usual: &[&str]| match name {
        Some(name) => at(name),
        None => usual.iter().find_map(|n| at(n)),
    };
    let counted = spec.count.as_deref().unwrap_or("count");
    let Some(value) = named(value, &["value", counted, "n", "freq", "count"]) else {
        return Err(wrong(
            path,
            Some(1),
            counted,
            "no column of published values",
            "name it: [published] value = \"…\"",
        ));
    };
    let dimensions: Vec<Option<usize>> = spec.dimensions.iter().map(|d| at(d)).collect();
    if dimensions.iter().all(Option::is_none) {
        let what = "the table has none of the dimensions";
        return Err(wrong(
            path,
            Some(1),
            "dimensions",
            what,
            "compare the names",
        ));
    }
    let own = |at: Option<usize>| at.filter(|at| !dimensions.contains(&Some(*at)));
    let (status, state) = (own(named(status, &["status", "state"])), own(at("state")));
    Ok(Places {
        value,
        status,
        suppressed: named(suppressed, &["suppressed"]),
        primary: named(primary, &["primary"]),
        state,
        dimensions,
    })
}

/// Reads one table.
pub(crate) fn read(path: &Path, spec: &Spec) -> Result<Sheet, ProtectError> {
    let Raw { columns, rows } = raw(path)?;
    let places = places(path, &columns, spec)?;
    let mut entries = Vec::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate() {
        let line = u64::try_from(i).unwrap_or(0) + 2;
        let cell = |at: usize| row.get(at).map(String::as_str).unwrap_or_default();
        let total = spec.published.total.as_str();
        let codes = places
            .dimensions
            .iter()
            .map(|at| match at.map(cell) {
                None => TOTAL.to_owned(),
                Some(code) if code == total => TOTAL.to_owned(),
                Some(code) => code.to_owned(),
            })
            .collect();
        let word = places.status.map(cell).unwrap_or_default();
        let text = cell(places.value);
        let said = spec.published.hidden.iter().any(|h| h == word || h == text);
        let symbol = if said || places.suppressed.map(cell).is_some_and(is_true) {
            Symbol::Hidden
        } else if let Some(symbol) = Symbol::of_word(word).or_else(|| Symbol::of_word(text)) {
            symbol
        } else if let Some(n) = number(text) {
            Symbol::Number(n)
        } else if text.trim().is_empty() {
            Symbol::Hidden
        } else {
            let column = columns
                .get(places.value)
                .map(String::as_str)
                .unwrap_or_default();
            return Err(wrong(
                path,
                Some(line),
                column,
                "neither a whole number of at least 0 nor a known symbol",
                "name the word for hidden cells: [published] hidden = [\"…\"]",
            ));
        };
        entries.push(Entry {
            codes,
            symbol,
            primary: places.primary.or(places.state).map(|at| is_true(cell(at))),
            count: number(text).filter(|_| symbol == Symbol::Hidden),
        });
    }
    let present = places.dimensions.iter().enumerate();
    Ok(Sheet {
        dimensions: present
            .filter(|(_, at)| at.is_some())
            .map(|(d, _)| d)
            .collect(),
        entries,
    })
}

/// How far counts may be from the published numbers of a specification.
pub(crate) fn spread(spec: &Spec) -> Spread {
    if let Some(section) = &spec.cell_key {
        let most = count(section.keys.most());
        return Spread {
            below: most,
            above: most,
        };
    }
    let Some(rounding) = spec.rounding else {
        return Spread::default();
    };
    let next = count(rounding.base.max(1)) - 1;
    match spec.rounding_method {
        RoundingMethod::Nearest => rounding.spread(),
        RoundingMethod::Random | RoundingMethod::Controlled => Spread {
            below: next,
            above: next,
        },
        // Which cells are inner is not known here, and margins may be off by more than the base.
        RoundingMethod::SmallCount => Spread {
            below: UNLIMITED,
            above: UNLIMITED,
        },
    }
}
