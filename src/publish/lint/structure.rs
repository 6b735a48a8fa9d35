//! The six items about structure.

use std::collections::BTreeSet;

use super::checklist::Item;
use super::document::{Document, Row, Sheet};
use super::finding::Finding;
use super::region::{is_empty, regions};

const fn item(check: &'static str, essential: bool) -> Item {
    Item {
        section: "Structure",
        check,
        essential,
    }
}

pub(super) fn check(document: &Document) -> Vec<Finding> {
    vec![
        names(document),
        blank_sheets(document),
        column_a(document),
        left_edge(document),
        below(document),
        several(document),
    ]
}

fn names(document: &Document) -> Finding {
    let mut seen = BTreeSet::new();
    let places = document
        .sheets
        .iter()
        .filter(|s| {
            let name = s.name.trim().to_lowercase();
            let number = name.strip_prefix("sheet").map(str::trim);
            let given = number.is_some_and(|n| n.chars().all(|c| c.is_ascii_digit()));
            given || name.is_empty() || name != s.name.to_lowercase() || !seen.insert(name)
        })
        .map(|s| s.name.clone())
        .collect();
    item("Give worksheets unique names or numbers", true).none_of(
        places,
        "every sheet has a name of its own",
        "a sheet has the name a program gave it, or another's",
    )
}

fn blank_sheets(document: &Document) -> Finding {
    let places = document
        .sheets
        .iter()
        .filter(|s| s.is_blank())
        .map(|s| s.name.clone())
        .collect();
    item("Remove blank worksheets", true).none_of(places, "there are none", "a sheet is blank")
}

/// The rows above the tables of a sheet, or all where it has none.
fn lines<'a>(document: &Document, sheet: &'a Sheet) -> &'a [Row] {
    let tops = regions(document, sheet).into_iter().map(|r| r.top);
    let top = tops.min().unwrap_or(sheet.rows.len());
    sheet.rows.get(..top).unwrap_or_default()
}

fn column_a(document: &Document) -> Finding {
    let mut places = Vec::new();
    for sheet in document.sheets.iter().filter(|s| !s.is_blank()) {
        for (r, row) in lines(document, sheet).iter().enumerate() {
            let alone = row
                .cells
                .iter()
                .skip(1)
                .all(super::document::Cell::is_empty);
            if is_empty(sheet, 0, r) || !alone {
                places.push(sheet.place(0, r));
            }
        }
        if is_empty(sheet, 0, 0) && lines(document, sheet).is_empty() {
            places.push(sheet.place(0, 0));
        }
    }
    item("Use cells in column A wisely", true).none_of(
        places,
        "what stands above a table stands in column A, from A1 without a gap",
        "column A has a gap above a table, or text stands beside it",
    )
}

fn left_edge(document: &Document) -> Finding {
    let mut places = Vec::new();
    for sheet in &document.sheets {
        for region in regions(document, sheet) {
            if region.left > 0 {
                places.push(sheet.place(region.left, region.top));
            }
        }
    }
    item(
        "Position tables against the left-hand edges of each sheet",
        true,
    )
    .none_of(
        places,
        "every table begins in column A",
        "a table does not begin in column A",
    )
}

fn below(document: &Document) -> Finding {
    let mut places = Vec::new();
    for sheet in &document.sheets {
        let all = regions(document, sheet);
        let Some(bottom) = all.iter().map(|r| r.bottom).max() else {
            continue;
        };
        for (r, row) in sheet.rows.iter().enumerate().skip(bottom + 1) {
            if !row.is_empty() {
                places.push(format!("{}, row {}", sheet.name, r + 1));
            }
        }
    }
    item("Avoid putting content below a table", false).none_of(
        places,
        "nothing stands below a table",
        "something stands below a table",
    )
}

fn several(document: &Document) -> Finding {
    let mut places = Vec::new();
    for sheet in &document.sheets {
        let all = regions(document, sheet);
        let gap = all.iter().filter(|r| !r.marked).any(|region| {
            (region.top..region.bottom).any(|row| region.columns().all(|c| is_empty(sheet, c, row)))
        });
        let outside = sheet.told().count()
            > all.iter().map(|r| count(sheet, *r)).sum::<usize>()
                + lines(document, sheet)
                    .iter()
                    .map(|r| r.cells.len())
                    .sum::<usize>();
        if all.len() > 1 || gap || outside {
            places.push(sheet.name.clone());
        }
    }
    item("Avoid worksheets with multiple tables", false).none_of(
        places,
        "no sheet has more than one table",
        "a sheet has more than one table, or something beside its table",
    )
}

fn count(sheet: &Sheet, region: super::region::Region) -> usize {
    let mut out = 0;
    for (r, row) in sheet.rows.iter().enumerate() {
        for (c, cell) in row.cells.iter().enumerate() {
            out += usize::from(!cell.is_empty() && region.holds(c, r));
        }
    }
    out
}
