//! The four items about notes.

use std::collections::BTreeSet;

use super::checklist::Item;
use super::document::{Document, Sheet};
use super::finding::Finding;
use super::region::regions;

const fn item(check: &'static str, essential: bool) -> Item {
    Item {
        section: "Footnotes",
        check,
        essential,
    }
}

pub(super) fn check(document: &Document) -> Vec<Finding> {
    vec![
        superscripts(document),
        the_word(document),
        markers(document),
        notes_sheet(document),
    ]
}

/// Signs that point to notes in print.
const SIGNS: [char; 16] = [
    '*', '†', '‡', '§', '¶', '⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹', '※',
];

fn superscripts(document: &Document) -> Finding {
    let mut places = Vec::new();
    for sheet in &document.sheets {
        for (place, cell) in sheet.told() {
            let raised = cell.spans.iter().any(|span| {
                let position = document.style("text", span, "text-position");
                position.is_some_and(|p| p.starts_with("super") || p.starts_with("sub"))
            });
            let signed = cell.text.trim_end().ends_with(SIGNS)
                && cell.text.chars().any(char::is_alphanumeric);
            if raised || signed {
                places.push(place);
            }
        }
    }
    item(
        "Do not use symbols or superscript to signpost to notes",
        true,
    )
    .none_of(
        places,
        "there are none",
        "a raised text, or a sign such as * or †, points to a note",
    )
}

/// What stands in square brackets.
fn bracketed(text: &str) -> impl Iterator<Item = &str> {
    text.split('[')
        .skip(1)
        .filter_map(|rest| rest.split_once(']'))
        .map(|(inner, _)| inner.trim())
}

fn is_note(inner: &str) -> bool {
    inner
        .to_lowercase()
        .strip_prefix("note ")
        .is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()))
}

fn the_word(document: &Document) -> Finding {
    let mut places = Vec::new();
    for sheet in &document.sheets {
        for (place, cell) in sheet.told() {
            let digits = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_ascii_digit());
            let other = cell.text.to_lowercase().contains("footnote");
            if other || bracketed(&cell.text).any(digits) {
                places.push(place);
            }
        }
    }
    item("Use the word 'note' when referring to footnotes", false).none_of(
        places,
        "notes are called [note 1] and so on",
        "a note is called by another word, or by a bare number",
    )
}

/// A sheet that holds the notes themselves.
fn is_notes(sheet: &Sheet) -> bool {
    let name = sheet.name.to_lowercase();
    name == "note" || name == "notes" || name.starts_with("notes ")
}

fn markers(document: &Document) -> Finding {
    let mut places = Vec::new();
    for sheet in document.sheets.iter().filter(|s| !is_notes(s)) {
        for region in regions(document, sheet) {
            for row in region.body() {
                for column in region.columns() {
                    let heading = sheet.rows.get(region.top).and_then(|r| r.cell(column));
                    let of_notes = heading.is_some_and(|h| h.text.to_lowercase().contains("note"));
                    let cell = sheet.rows.get(row).and_then(|r| r.cell(column));
                    if !of_notes && cell.is_some_and(|c| bracketed(&c.text).any(is_note)) {
                        places.push(sheet.place(column, row));
                    }
                }
            }
        }
    }
    item("Avoid putting note markers in specific cells", false).none_of(
        places,
        "notes are referred to above tables, in headings or in a column of notes",
        "a note is referred to in a cell of a table",
    )
}

fn notes_sheet(document: &Document) -> Finding {
    let item = item("Put note text in a notes table on a notes worksheet", false);
    let lower = |s: &str| s.to_lowercase();
    let referred: BTreeSet<String> = document
        .sheets
        .iter()
        .filter(|s| !is_notes(s))
        .flat_map(|s| s.told().flat_map(|(_, c)| bracketed(&c.text)))
        .filter(|inner| is_note(inner))
        .map(lower)
        .collect();
    let explained: BTreeSet<String> = document
        .sheets
        .iter()
        .filter(|s| is_notes(s))
        .flat_map(|s| s.rows.iter().filter_map(|r| r.cell(0)))
        .flat_map(|c| bracketed(&c.text).map(lower))
        .collect();
    if referred.is_empty() {
        return item.pass("no note is referred to");
    }
    let places = referred
        .difference(&explained)
        .map(|n| format!("[{n}]"))
        .collect();
    item.none_of(
        places,
        "every note that is referred to stands in the notes table",
        "a note is referred to that no notes worksheet explains",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_known_by_their_word_and_number() {
        let found: Vec<&str> = bracketed("a [note 1] b [c] [2").collect();
        assert_eq!(found, ["note 1", "c"]);
        assert!(is_note("Note 12") && !is_note("note") && !is_note("c") && !is_note("note x"));
    }
}
