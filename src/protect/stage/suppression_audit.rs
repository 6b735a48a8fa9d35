//! What the audit found, for checkers: the attacker's bounds of every hidden cell, and the sums of
//! it table by table (table Q4).
//!
//! Both go to the run's `review/` folder and never further. Bounds are of two kinds. `exact` ones
//! are the least and greatest value that a linear program allows. Where a system has too many
//! hidden cells for programs about each, they are `proved`: both stand in sets of whole numbers
//! that agree with all that is shown, so that the true bounds are these or further apart. Both take
//! shown numbers for exact counts, which rounding only makes worse for the
//! attacker.

use super::super::error::ProtectError;
use super::super::linked::State;
use super::super::release::attacker_in_words;
use super::super::review::{self, Known};
use super::super::rules::Rules;
use super::{TrueCell, Working};
use crate::stage::{OutputFile, StageFolders};

/// The attacker that the bounds are about.
pub(super) fn attacker(rules: &Rules) -> String {
    format!("{}; shown numbers are exact", attacker_in_words(rules))
}

/// Writes `bounds.csv` and `Q4.csv` to the review folder.
pub(super) fn write(
    tables: &[Working],
    rules: &Rules,
    folders: &StageFolders<'_>,
) -> Result<Vec<OutputFile>, ProtectError> {
    let attacker = attacker(rules);
    let mut bounds = csv::Writer::from_writer(Vec::new());
    let mut sums = csv::Writer::from_writer(Vec::new());
    let mut rows = (0, 0);
    let written = render(tables, rules, &attacker, &mut bounds, &mut sums, &mut rows);
    let mut out = Vec::new();
    for (name, writer, rows) in [("bounds.csv", bounds, rows.0), ("Q4.csv", sums, rows.1)] {
        let path = folders.review.join(name);
        let bytes = writer.into_inner().ok().filter(|_| written.is_ok());
        let bytes = bytes.ok_or_else(|| ProtectError::NotProtected { path: path.clone() })?;
        out.push(review::put(path, &bytes, rows, folders)?);
    }
    Ok(out)
}

type Sheet = csv::Writer<Vec<u8>>;

fn render(
    tables: &[Working],
    rules: &Rules,
    attacker: &str,
    bounds: &mut Sheet,
    sums: &mut Sheet,
    rows: &mut (u64, u64),
) -> Result<(), csv::Error> {
    bounds.write_record([
        "table", "concept", "measure", "cell", "state", "least", "most", "width", "bounds",
        "attacker",
    ])?;
    sums.write_record([
        "table",
        "concept",
        "measure",
        "cells",
        "primary",
        "secondary",
        "width_asked",
        "least_width_primary",
        "least_width_secondary",
        "bounds",
        "attacker",
    ])?;
    for table in tables.iter().filter(|t| !t.published) {
        for part in table.restricted.chunk_by(|a, b| (a.1, &a.2) == (b.1, &b.2)) {
            for (codes, concept, measure, cell) in part {
                let Some(known) = Known::of(cell) else {
                    continue;
                };
                bounds.write_record([
                    &table.definition.id,
                    concept.word(),
                    measure,
                    &named(table, codes),
                    cell.state.word(),
                    &known.least.to_string(),
                    &known.most.to_string(),
                    &known.width().to_string(),
                    known.word(),
                    attacker,
                ])?;
                rows.0 += 1;
            }
            if let Some(sum) = Sum::of(part) {
                sums.write_record(sum.record(table, rules, attacker))?;
                rows.1 += 1;
            }
        }
    }
    Ok(())
}

/// The codes of a cell, each with its dimension.
fn named(table: &Working, codes: &[String]) -> String {
    let dimensions = table.definition.dimensions.iter().zip(codes);
    let named: Vec<String> = dimensions
        .map(|(d, code)| format!("{}={code}", d.name))
        .collect();
    named.join("; ")
}

/// The cells of a table in one concept and measure.
struct Sum<'a> {
    of: &'a TrueCell,
    cells: usize,
    primary: usize,
    secondary: usize,
    /// Least width of small counts, and of other hidden cells.
    least: [Option<f64>; 2],
    /// Are all bounds exact?
    exact: bool,
}

impl<'a> Sum<'a> {
    fn of(part: &'a [TrueCell]) -> Option<Self> {
        let of = part.first()?;
        let number = |s: State| part.iter().filter(|r| r.3.state == s).count();
        let known = |s: State| {
            let cells = part.iter().filter(move |r| r.3.state == s);
            cells.filter_map(|r| Known::of(&r.3))
        };
        let least = [State::Primary, State::Secondary]
            .map(|s| known(s).map(|k| k.width()).min_by(f64::total_cmp));
        let mut all = known(State::Primary).chain(known(State::Secondary));
        Some(Sum {
            of,
            cells: part.len() - number(State::Impossible),
            primary: number(State::Primary),
            secondary: number(State::Secondary),
            least,
            exact: all.all(|k| k.exact),
        })
    }

    fn record(&self, table: &Working, rules: &Rules, attacker: &str) -> Vec<String> {
        let width = |w: Option<f64>| w.map(|w| w.to_string()).unwrap_or_default();
        let [primary, secondary] = self.least.map(width);
        let asked = if self.primary > 0 {
            rules.width.max(1).to_string()
        } else {
            String::new()
        };
        let bounds = match (self.primary + self.secondary, self.exact) {
            (0, _) => "",
            (_, true) => Known::EXACT,
            (_, false) => Known::PROVED,
        };
        vec![
            table.definition.id.clone(),
            self.of.1.word().to_owned(),
            self.of.2.clone(),
            self.cells.to_string(),
            self.primary.to_string(),
            self.secondary.to_string(),
            asked,
            primary,
            secondary,
            bounds.to_owned(),
            attacker.to_owned(),
        ]
    }
}
