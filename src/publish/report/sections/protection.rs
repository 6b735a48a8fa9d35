//! Protection: which cells have a value, and, for checkers, how the others are kept.

use super::super::chart::{StackedRow, stacked};
use super::super::number::{real, real64};
use super::super::page::{Block, Cell, Section, Table};
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
    section.blocks.push(Block::Terms(terms));
    section
}
