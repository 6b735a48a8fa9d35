//! Protection: which cells have a value, and, for checkers, how the others are kept.

use super::super::chart::{StackedRow, stacked};
use super::super::number::{real, real64};
use super::super::page::{Block, Cell, Section, Table};
use super::super::record::{CellBoundsRecord, SuppressionAuditRecord};
use super::super::view::{ReleaseView, ReviewView};
use super::{Drawn, empty, number, text};
use crate::schema::published::Status;

/// Cells by status, as any reader of the tables can count them.
pub(crate) fn released(view: &ReleaseView, drawn: &mut Drawn) -> Section {
    let mut section = empty("protection", "What is hidden to protect people");
    let used: Vec<Status> = Status::ALL
        .into_iter()
        .filter(|s| {
            view.tables()
                .iter()
                .any(|t| t.rows.iter().any(|r| r.status == *s))
        })
        .collect();
    section
        .blocks
        .push(Block::Paragraph(words(view, &used).to_owned()));
    let count = |table: &super::super::released::ReleasedTable, status: Status| {
        real(table.rows.iter().filter(|r| r.status == status).count())
    };
    let data: Vec<StackedRow> = view
        .tables()
        .iter()
        .map(|t| StackedRow {
            label: format!("{} {}", t.id, t.title),
            parts: used.iter().map(|s| count(t, *s)).collect(),
        })
        .collect();
    if data.is_empty() {
        return section;
    }
    let rows = view.tables().iter().map(|t| {
        let mut cells = vec![text(t.id.as_str())];
        cells.extend(used.iter().map(|s| number(Some(count(t, *s)))));
        cells.push(Cell::Number(
            t.rounding
                .map_or_else(|| "none".to_owned(), |b| format!("{b}")),
        ));
        cells
    });
    let mut heads = vec!["Table".to_owned()];
    heads.extend(used.iter().map(|s| status_name(*s).to_owned()));
    heads.push("Rounded to".to_owned());
    let beside = Table {
        caption: "Cells of each table by status".to_owned(),
        heads,
        rows: rows.collect(),
    };
    let names: Vec<String> = used.iter().map(|s| status_name(*s).to_owned()).collect();
    section.blocks.push(drawn.figure(
        "Cells shown and hidden in each table",
        "Share of the cells of each table of this release, by status",
        stacked(&data, &names, "Share of cells"),
        beside,
    ));
    section
}

/// What was done to protect people, as far as the tables show it.
fn words(view: &ReleaseView, used: &[Status]) -> &'static str {
    let rounded = view.tables().iter().any(|t| t.rounding.is_some());
    match (used.contains(&Status::C), rounded) {
        (true, _) => {
            "Small counts are hidden, and so are as many other cells as it takes that no hidden \
             count can be had from what is shown. Shown counts are rounded; percentages and \
             rates are computed from rounded counts, so parts may not add up to totals."
        }
        (false, true) => {
            "No cell is hidden. Counts are rounded; percentages and rates are computed from \
             rounded counts, so parts may not add up to totals."
        }
        (false, false) => "No cell is hidden and no count is rounded.",
    }
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Observed => "shown",
        Status::C => "confidential [c]",
        Status::X => "not available [x]",
        Status::Z => "not applicable [z]",
        Status::Low => "rounds to zero [low]",
        Status::U => "low reliability [u]",
    }
}

/// For checkers: why cells are hidden, and how far an attacker's bounds are apart.
pub(crate) fn checked(view: &ReviewView, drawn: &mut Drawn) -> Section {
    let mut section = empty("checked", "How the hidden cells are kept");
    let record = view.record().protection();
    if record.tables.is_empty() {
        return section;
    }
    let names = ["shown", "small counts", "hidden for their sake", "other"];
    let parts = |t: &super::super::record::ProtectedTableRecord| {
        let other = t.cells.saturating_sub(t.shown + t.primary + t.secondary);
        [t.shown, t.primary, t.secondary, other]
            .map(real64)
            .to_vec()
    };
    let data: Vec<StackedRow> = record
        .tables
        .iter()
        .map(|t| StackedRow {
            label: t.id.clone(),
            parts: parts(t),
        })
        .collect();
    let rows = record
        .tables
        .iter()
        .map(|t| {
            let mut cells = vec![text(t.id.as_str())];
            cells.extend(parts(t).into_iter().map(|n| number(Some(n))));
            cells
        })
        .collect();
    let mut heads = vec!["Table".to_owned()];
    heads.extend(names.map(str::to_owned));
    section.blocks.push(drawn.figure(
        "Why cells are hidden, table by table",
        "Rows of each protected table: shown, hidden as small counts, hidden for others' sake, \
         and without a value of their own (derived from hidden cells, not applicable)",
        stacked(&data, &names.map(str::to_owned), "Share of rows"),
        Table {
            caption: "Rows by reason".to_owned(),
            heads,
            rows,
        },
    ));
    let mut terms = Vec::new();
    if let Some(width) = record.least_width {
        terms.push((
            "Least distance between an attacker's bounds of a hidden cell".to_owned(),
            super::figure(width),
        ));
    }
    if let Some(rules) = record.rules.as_object() {
        for (key, value) in rules {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            terms.push((format!("Rule: {}", key.replace('_', " ")), value));
        }
    }
    if !record.attacker.is_empty() {
        terms.push(("The attacker".to_owned(), record.attacker.clone()));
    }
    section.blocks.push(Block::Terms(terms));
    section.blocks.extend(audits(view.record().audits()));
    section
        .blocks
        .extend(cell_by_cell(view.record().bounds(), &record.attacker));
    section
}

/// The audit of suppression, table by table.
fn audits(audits: &[SuppressionAuditRecord]) -> Option<Block> {
    let rows = audits.iter().filter(|a| a.primary + a.secondary > 0);
    let rows: Vec<Vec<Cell>> = rows
        .map(|a| {
            let width = |w: Option<f64>| Cell::Number(w.map_or_else(|| "–".to_owned(), end));
            vec![
                text(a.table.as_str()),
                text(what(&a.concept, &a.measure)),
                number(Some(real64(a.cells))),
                number(Some(real64(a.primary))),
                number(Some(real64(a.secondary))),
                width(a.least_width_primary),
                width(a.least_width_secondary),
                text(a.bounds.as_str()),
            ]
        })
        .collect();
    (!rows.is_empty()).then(|| {
        Block::Table(Table {
            caption: "Q4. Audit of suppression: hidden cells, and the least width of the \
                      attacker's bounds"
                .to_owned(),
            heads: [
                "Table",
                "Counted",
                "Cells",
                "Small counts",
                "Hidden for their sake",
                "Least width, small counts",
                "Least width, others",
                "Bounds",
            ]
            .map(str::to_owned)
            .to_vec(),
            rows,
        })
    })
}

/// At most so many hidden cells are listed, those with the closest bounds.
const LISTED: usize = 200;

/// The attacker's bounds of hidden cells, the closest first.
fn cell_by_cell(bounds: &[CellBoundsRecord], attacker: &str) -> Vec<Block> {
    let mut order: Vec<&CellBoundsRecord> = bounds.iter().collect();
    order.sort_by(|a, b| a.width.total_cmp(&b.width));
    let rows: Vec<Vec<Cell>> = order
        .iter()
        .take(LISTED)
        .map(|b| {
            let state = match b.state.as_str() {
                "primary" => "small count",
                _ => "for others' sake",
            };
            vec![
                text(b.table.as_str()),
                text(format!("{}; {}", b.cell, what(&b.concept, &b.measure))),
                text(state),
                Cell::Number(end(b.least)),
                Cell::Number(end(b.most)),
                Cell::Number(end(b.width)),
                text(b.bounds.as_str()),
            ]
        })
        .collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let left = bounds.len() - rows.len();
    let mut words = format!(
        "What an attacker can find out of each hidden cell, the closest bounds first. The \
         attacker is {attacker}. Exact bounds are those of linear programs; proved ones stand in \
         whole numbers that agree with all that is shown, so that the attacker's are these or \
         further apart."
    );
    if left > 0 {
        words.push_str(&format!(
            " {left} more hidden cells, with bounds no closer, are in review/05-protect/bounds.csv."
        ));
    }
    let heads = [
        "Table", "Cell", "Status", "Least", "Most", "Width", "Bounds",
    ];
    let table = Table {
        caption: "Bounds cell by cell".to_owned(),
        heads: heads.map(str::to_owned).to_vec(),
        rows,
    };
    vec![Block::Paragraph(words), Block::Table(table)]
}

/// A bound, or that there is none.
fn end(value: f64) -> String {
    if value.is_finite() {
        super::figure(value)
    } else {
        "no limit".to_owned()
    }
}

fn what(concept: &str, measure: &str) -> String {
    format!(
        "{}, {}",
        concept.replace('_', " "),
        measure.replace('_', " ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(i: u32) -> CellBoundsRecord {
        let least = f64::from(i % 7);
        CellBoundsRecord {
            table: "T07".to_owned(),
            concept: "year_unique".to_owned(),
            measure: "children".to_owned(),
            cell: format!("local_authority=E{i:08}"),
            state: if i == 3 { "primary" } else { "secondary" }.to_owned(),
            least,
            most: least + 5.0 + f64::from(i),
            width: 5.0 + f64::from(i),
            bounds: "proved".to_owned(),
        }
    }

    #[test]
    fn the_closest_bounds_are_listed_and_the_rest_is_counted() {
        let all: Vec<CellBoundsRecord> = (0..250).rev().map(bounds).collect();
        let blocks = cell_by_cell(&all, "an outsider");
        let [Block::Paragraph(words), Block::Table(table)] = blocks.as_slice() else {
            panic!("{blocks:?}");
        };
        assert!(words.contains("50 more hidden cells"), "{words}");
        assert_eq!(table.rows.len(), LISTED);
        let width = |i: usize| table.rows[i][5].clone();
        assert_eq!(width(0), Cell::Number("5".to_owned()));
        assert_eq!(width(199), Cell::Number("204".to_owned()));
        assert_eq!(table.rows[3][2], Cell::Text("small count".to_owned()));
        assert!(cell_by_cell(&[], "an outsider").is_empty());
    }

    #[test]
    fn a_bound_that_nothing_limits_is_told_in_words() {
        assert_eq!(end(f64::INFINITY), "no limit");
        assert_eq!(end(1234.0), "1,234");
    }
}
