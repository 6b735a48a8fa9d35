//! The ten items about tables.

use std::collections::BTreeSet;

use super::checklist::Item;
use super::document::{Document, Sheet};
use super::finding::Finding;
use super::region::{Region, cell, is_empty, regions};

/// About how wide a character of twelve points is.
const CHARACTER_MM: f64 = 2.0;

/// A column that says nothing of its width.
const DEFAULT_MM: f64 = 22.6;

const fn item(check: &'static str, essential: bool) -> Item {
    Item {
        section: "Tables",
        check,
        essential,
    }
}

pub(super) fn check(document: &Document) -> Vec<Finding> {
    vec![
        marked_up(document),
        meaningful_names(document),
        merged(document),
        blank_rows_and_columns(document),
        one_heading_row(document),
        wrapped(document),
        filters_and_panes(document),
        empty_cells(document),
        hidden(document),
        widths(document),
    ]
}

/// Every table of every sheet.
fn all(document: &Document) -> impl Iterator<Item = (&Sheet, Region)> {
    document.sheets.iter().flat_map(|sheet| {
        regions(document, sheet)
            .into_iter()
            .map(move |r| (sheet, r))
    })
}

fn marked_up(document: &Document) -> Finding {
    let places = all(document)
        .filter(|(_, r)| !r.marked)
        .map(|(s, r)| s.place(r.left, r.top))
        .collect();
    item("Mark up tables", true).none_of(
        places,
        "every table is a named range",
        "a table is not marked up as a range",
    )
}

fn meaningful_names(document: &Document) -> Finding {
    let mut seen = BTreeSet::new();
    let places = document
        .ranges
        .iter()
        .filter(|r| {
            let name = r.name.to_lowercase();
            let word = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
            let given = [
                "table", "range", "database", "unnamed", "sheet", "import", "",
            ];
            given.contains(&word) || name.starts_with("__anonymous") || !seen.insert(name)
        })
        .map(|r| format!("{}, range {}", r.sheet, r.name))
        .collect();
    item("Give tables meaningful names", false).none_of(
        places,
        "every range has a name of its own that says something",
        "a range has a name that a program gave it, or that another range has",
    )
}

fn merged(document: &Document) -> Finding {
    let mut places = Vec::new();
    for sheet in &document.sheets {
        for (r, row) in sheet.rows.iter().enumerate() {
            for (c, cell) in row.cells.iter().enumerate() {
                if cell.merged || cell.nested {
                    places.push(sheet.place(c, r));
                }
            }
        }
    }
    item("Remove merged cells, split cells and nested tables", true).none_of(
        places,
        "there are none",
        "cells are merged, or a table stands in a cell",
    )
}

fn blank_rows_and_columns(document: &Document) -> Finding {
    let mut places = Vec::new();
    for (sheet, region) in all(document) {
        for row in region.top..=region.bottom {
            if region.columns().all(|c| is_empty(sheet, c, row)) {
                places.push(format!("{}, row {}", sheet.name, row + 1));
            }
        }
        for column in region.columns() {
            if (region.top..=region.bottom).all(|r| is_empty(sheet, column, r)) {
                places.push(format!(
                    "{}, column of {}",
                    sheet.name,
                    sheet.place(column, 0)
                ));
            }
        }
    }
    item("Remove blank rows and columns within tables", true).none_of(
        places,
        "no row or column within a table is blank",
        "a row or column within a table is blank",
    )
}

fn one_heading_row(document: &Document) -> Finding {
    let mut places = Vec::new();
    for (sheet, region) in all(document) {
        let mut seen = BTreeSet::new();
        for column in region.columns() {
            let heading = cell(sheet, column, region.top);
            let good =
                heading.is_some_and(|h| !h.is_empty() && !h.number && seen.insert(h.text.trim()));
            if !good {
                places.push(sheet.place(column, region.top));
            }
        }
        let tagged = document
            .ranges_of(sheet)
            .any(|r| r.rows.0 == region.top && r.has_header)
            || sheet.header_rows.contains(&region.top);
        let second = sheet.header_rows.iter().any(|r| region.body().contains(r));
        if !tagged || second {
            places.push(format!("{}, row {}", sheet.name, region.top + 1));
        }
    }
    item("All tables should have one tagged header row", true).none_of(
        places,
        "every table has one heading row, tagged, with a text of its own in every cell",
        "a heading is missing, doubled or a number, or the heading row is not the one that is tagged",
    )
}

fn wrapped(document: &Document) -> Finding {
    let mut places = Vec::new();
    for (sheet, region) in all(document) {
        for row in region.top..=region.bottom {
            for column in region.columns() {
                let Some(cell) = cell(sheet, column, row) else {
                    continue;
                };
                let wraps = document.style("table-cell", &cell.style, "wrap-option");
                let room = width(sheet, column) / CHARACTER_MM;
                if !cell.number && wraps != Some("wrap") && characters(&cell.text) > room {
                    places.push(sheet.place(column, row));
                }
            }
        }
    }
    item("Wrap text within cells", true).none_of(
        places,
        "texts in tables fit their columns or wrap",
        "a text in a table is longer than its column and does not wrap",
    )
}

fn filters_and_panes(document: &Document) -> Finding {
    let mut places: Vec<String> = document
        .ranges
        .iter()
        .filter(|r| r.has_buttons)
        .map(|r| format!("{}, range {}", r.sheet, r.name))
        .collect();
    places.extend(document.frozen.iter().map(|s| format!("{s}, panes")));
    item("Avoid adding filters and freeze panes", false).none_of(
        places,
        "there are none",
        "a table has filter buttons, or panes are frozen",
    )
}

fn empty_cells(document: &Document) -> Finding {
    let mut places = Vec::new();
    for (sheet, region) in all(document) {
        let explained = sheet.rows.iter().take(region.top).any(|row| {
            let text = row.cells.first().map(|c| c.text.to_lowercase());
            text.is_some_and(|t| (t.contains("blank") || t.contains("empty")) && t.contains("cell"))
        });
        if explained {
            continue;
        }
        for row in region.body() {
            for column in region.columns() {
                if is_empty(sheet, column, row) {
                    places.push(sheet.place(column, row));
                }
            }
        }
    }
    item(
        "Only leave cells with no data empty in certain circumstances",
        true,
    )
    .none_of(
        places,
        "no cell of a table is empty, or why it is stands above the table",
        "a cell of a table is empty and nothing above the table says why",
    )
}

fn hidden(document: &Document) -> Finding {
    let mut places = Vec::new();
    for sheet in &document.sheets {
        if sheet.hidden {
            places.push(sheet.name.clone());
        }
        for (i, row) in sheet.rows.iter().enumerate() {
            if row.hidden {
                places.push(format!("{}, row {}", sheet.name, i + 1));
            }
        }
        for (i, column) in sheet.columns.iter().enumerate() {
            if column.hidden {
                places.push(format!("{}, column of {}", sheet.name, sheet.place(i, 0)));
            }
        }
    }
    item("Avoid hiding rows or columns", false).none_of(
        places,
        "nothing is hidden",
        "a sheet, row or column is hidden",
    )
}

fn widths(document: &Document) -> Finding {
    let mut places = Vec::new();
    for (sheet, region) in all(document) {
        for column in region.columns() {
            let numbers = region.body().filter_map(|r| cell(sheet, column, r));
            let longest = numbers
                .filter(|c| c.number)
                .map(|c| characters(&c.text) * CHARACTER_MM)
                .fold(0.0, f64::max);
            let millimetres = width(sheet, column);
            if !(10.0..=250.0).contains(&millimetres) || longest > millimetres {
                places.push(format!(
                    "{}, column of {}",
                    sheet.name,
                    sheet.place(column, 0)
                ));
            }
        }
    }
    item("Columns should be a sensible width", false).none_of(
        places,
        "every column is as wide as its figures need and no wider than a page",
        "a column is narrower than its figures, or wider than a page",
    )
}

fn width(sheet: &Sheet, column: usize) -> f64 {
    let told = sheet.columns.get(column).and_then(|c| c.millimetres);
    told.unwrap_or(DEFAULT_MM)
}

fn characters(text: &str) -> f64 {
    u32::try_from(text.chars().count()).map_or(f64::MAX, f64::from)
}
