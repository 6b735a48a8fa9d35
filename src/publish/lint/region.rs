//! Where the table of a sheet stands: where it is marked up, and otherwise where it seems to be.

use super::document::{Cell, Document, Row, Sheet};

/// The rectangle of a table, rows and columns from 0, all inclusive; `top` is its heading row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub top: usize,
    pub bottom: usize,
    pub left: usize,
    pub right: usize,
    pub marked: bool,
}

/// The tables of a sheet: those that are marked up, or the one that seems to be there.
pub(super) fn regions(document: &Document, sheet: &Sheet) -> Vec<Region> {
    let marked: Vec<Region> = document
        .ranges_of(sheet)
        .map(|r| Region {
            top: r.rows.0,
            // A range may reach below what is there.
            bottom: r
                .rows
                .1
                .min(sheet.rows.len().saturating_sub(1))
                .max(r.rows.0),
            left: r.columns.0,
            right: r.columns.1,
            marked: true,
        })
        .collect();
    if !marked.is_empty() {
        return marked;
    }
    guess(sheet).into_iter().collect()
}

/// Rows with something in two cells or more are a table's, from the first to the last of them.
fn guess(sheet: &Sheet) -> Option<Region> {
    let wide = |row: &Row| row.cells.iter().filter(|c| !c.is_empty()).count() > 1;
    let top = sheet.rows.iter().position(wide)?;
    let mut bottom = sheet.rows.iter().rposition(wide)?;
    // A row with a single figure is still a row of the table; a single text at the left is not.
    let left = sheet
        .rows
        .get(top)?
        .cells
        .iter()
        .position(|c| !c.is_empty())?;
    let figure = |row: &Row| row.cells.iter().skip(left + 1).any(|c| !c.is_empty());
    while sheet.rows.get(bottom + 1).is_some_and(figure) {
        bottom += 1;
    }
    let told = |row: &Row, last: bool| {
        let mut cells = row.cells.iter();
        let full = |c: &Cell| !c.is_empty();
        if last {
            cells.rposition(full)
        } else {
            cells.position(full)
        }
    };
    let rows = || sheet.rows.iter().take(bottom + 1).skip(top);
    Some(Region {
        top,
        bottom,
        left: rows().filter_map(|r| told(r, false)).min()?,
        right: rows().filter_map(|r| told(r, true)).max()?,
        marked: false,
    })
}

impl Region {
    /// The columns, from left to right.
    pub(super) fn columns(self) -> std::ops::RangeInclusive<usize> {
        self.left..=self.right
    }

    /// The rows under the heading.
    pub(super) fn body(self) -> std::ops::RangeInclusive<usize> {
        self.top + 1..=self.bottom
    }

    /// Is this place in it?
    pub(super) fn holds(self, column: usize, row: usize) -> bool {
        self.columns().contains(&column) && (self.top..=self.bottom).contains(&row)
    }
}

/// The cell at a place, if there is one.
pub(super) fn cell(sheet: &Sheet, column: usize, row: usize) -> Option<&Cell> {
    sheet.rows.get(row).and_then(|r| r.cell(column))
}

/// Does nothing stand at a place?
pub(super) fn is_empty(sheet: &Sheet, column: usize, row: usize) -> bool {
    cell(sheet, column, row).is_none_or(Cell::is_empty)
}
