//! The sheets of a release: cover, contents, notes and shorthand, then those of the tables.

use super::book::{Book, Cell, Column, Grid, Line, Role, Sheet};
use super::table::table_sheet;
use crate::publish::cleared::{Cleared, ClearedInfo, ClearedTable};
use crate::purpose::Purpose;
use crate::schema::published::{Concept, DimensionDef, Status, TableDef};

/// The row of the column headings on every sheet of a table, counted from 1.
pub(crate) const HEADING_ROW: usize = 7;

const CONTENTS: &str = "Contents";
pub(super) const NOTES: &str = "Notes";
const SHORTHAND: &str = "Shorthand";

/// The document of a release.
pub(crate) fn book(cleared: &Cleared<'_>) -> Book {
    let info = cleared.info();
    let mut sheets = vec![
        cover(cleared),
        contents(cleared),
        notes(cleared),
        shorthand(info),
    ];
    sheets.extend(cleared.tables().map(|t| table_sheet(t, info)));
    Book {
        title: info.title.clone(),
        subject: format!("{} {}", info.label, info.period),
        description: info.notice(),
        sheets,
    }
}

/// The name on the tab of a table.
pub(super) fn tab(definition: &TableDef) -> String {
    format!("Table {}", definition.id)
}

fn cover(cleared: &Cleared<'_>) -> Sheet {
    let info = cleared.info();
    let mut lines = vec![Line::new(Role::Title, &info.title)];
    let mut add = |role, text: String| lines.push(Line::new(role, text));
    if info.purpose == Purpose::Rehearsal {
        add(
            Role::Paragraph,
            "Rehearsal: every person in this document is invented. These are no statistics."
                .to_owned(),
        );
    }
    add(
        Role::Paragraph,
        format!("{}.", info.label.trim_end_matches('.')),
    );
    add(Role::Heading, "About this document".to_owned());
    add(
        Role::Paragraph,
        format!("Reference date of stocks: {}.", info.reference_date),
    );
    add(
        Role::Paragraph,
        format!("Period of the year's figures: {}.", info.period),
    );
    add(Role::Paragraph, format!("Release: {}.", info.id));
    add(
        Role::Paragraph,
        format!("Key fingerprint of the run: {}.", info.key_fingerprint),
    );
    add(Role::Heading, "What is counted".to_owned());
    for concept in Concept::ALL {
        add(
            Role::Paragraph,
            format!("{}: {}.", heading(concept), concept.meaning()),
        );
    }
    add(
        Role::Paragraph,
        "The three are different things and are never added, compared or divided by one another."
            .to_owned(),
    );
    add(Role::Heading, "How to use this document".to_owned());
    add(
        Role::Paragraph,
        format!(
            "The worksheet {CONTENTS} lists the tables, {NOTES} holds the notes, {SHORTHAND} \
             explains the symbols."
        ),
    );
    add(
        Role::Paragraph,
        format!(
            "Every table has a worksheet of its own, with its column headings in row \
             {HEADING_ROW} and nothing below the table."
        ),
    );
    add(
        Role::Paragraph,
        "The same figures stand in the folder tables of the release as CSV and Parquet.".to_owned(),
    );
    Sheet {
        tab: "Cover".to_owned(),
        lines,
        grid: None,
    }
}

fn contents(cleared: &Cleared<'_>) -> Sheet {
    let mut rows: Vec<Vec<Cell>> = [
        (NOTES, "Notes", "Notes on the tables"),
        (
            SHORTHAND,
            "Shorthand",
            "Symbols that stand in the place of figures",
        ),
    ]
    .into_iter()
    .map(|(tab, title, about)| {
        vec![
            link(tab),
            Cell::Text(title.to_owned()),
            Cell::Text(about.to_owned()),
        ]
    })
    .collect();
    rows.extend(cleared.tables().map(|table| {
        let definition = table.definition();
        vec![
            link(&tab(definition)),
            Cell::Text(definition.title.clone()),
            Cell::Text(definition.subtitle.clone()),
        ]
    }));
    Sheet {
        tab: CONTENTS.to_owned(),
        lines: vec![
            Line::new(Role::Title, "Contents"),
            Line::new(Role::Text, "This worksheet contains one table."),
            Line::new(
                Role::Text,
                "Each row leads to a worksheet of this document.",
            ),
        ],
        grid: Some(Grid {
            name: "Contents_list".to_owned(),
            columns: texts(&["Worksheet", "Title", "What it gives"]),
            rows,
        }),
    }
}

fn link(tab: &str) -> Cell {
    Cell::Link {
        text: tab.to_owned(),
        tab: tab.to_owned(),
    }
}

pub(super) fn texts(headings: &[&str]) -> Vec<Column> {
    headings
        .iter()
        .map(|h| Column {
            heading: (*h).to_owned(),
            numeric: false,
        })
        .collect()
}

/// A note, and the tables that it is about.
pub(super) type Note = (&'static str, fn(ClearedTable<'_>) -> bool);

/// The notes; their numbers are their places.
pub(super) const NOTE_TEXTS: [Note; 7] = [
    (
        "Stocks, the year's children and entries into prison are different concepts. Figures of \
         different concepts are never added, compared or divided by one another.",
        |t| t.definition().concepts.len() > 1,
    ),
    (
        "Small counts are hidden, and so are as many other cells as it takes that no hidden count \
         can be had from what is shown.",
        |t| t.definition().suppression.is_some(),
    ),
    (
        "Percentages and rates are computed from rounded counts, so parts may not add up to \
         totals.",
        |t| !t.definition().derived.is_empty(),
    ),
    (
        "The area is that of the child's home at the reference date; where it is not known, that \
         of the parent's address before prison.",
        |t| has_dimension(t, |d| d.variable == "area"),
    ),
    (
        "A child whose mother and father were both in prison counts once, under both.",
        |t| has_dimension(t, |d| d.name == "parent_sex"),
    ),
    (
        "An earlier figure is set beside the figure of this release that counts the same concept.",
        |t| has_dimension(t, |d| d.name == "earlier_estimate"),
    ),
    (
        "Ages and ethnic groups are known of children whom a source names. Estimates take the \
         others to be as those are. In tests on synthetic records infants were named less often \
         than older children; where that is so, the estimate of infants is too low.",
        |t| {
            let estimated = t.definition().estimated.as_ref();
            let there = estimated.is_some_and(|e| t.all_rows().iter().any(|r| r.measure == e.name));
            there && has_dimension(t, |d| ["age_band", "ethnicity"].contains(&d.name.as_str()))
        },
    ),
];

fn has_dimension(table: ClearedTable<'_>, is: impl Fn(&DimensionDef) -> bool) -> bool {
    table.definition().dimensions.iter().any(is)
}

fn notes(cleared: &Cleared<'_>) -> Sheet {
    let rows = NOTE_TEXTS
        .iter()
        .enumerate()
        .map(|(i, (text, applies))| {
            let tables: Vec<String> = cleared
                .tables()
                .filter(|t| applies(*t))
                .map(|t| t.definition().id.clone())
                .collect();
            let tables = if tables.is_empty() {
                "None in this release".to_owned()
            } else {
                tables.join(", ")
            };
            vec![
                Cell::Text(format!("[note {}]", i + 1)),
                Cell::Text((*text).to_owned()),
                Cell::Text(tables),
            ]
        })
        .collect();
    Sheet {
        tab: NOTES.to_owned(),
        lines: vec![
            Line::new(Role::Title, "Notes"),
            Line::new(Role::Text, "This worksheet contains one table."),
            Line::new(
                Role::Text,
                "Notes are referred to above each table by their number.",
            ),
        ],
        grid: Some(Grid {
            name: "Notes_list".to_owned(),
            columns: texts(&["Note number", "Note text", "Tables"]),
            rows,
        }),
    }
}

/// Markers that may stand beside a value.
pub(super) const MARKERS: [(&str, &str); 4] = [
    ("p", "provisional"),
    ("r", "revised since an earlier release"),
    ("e", "estimated"),
    ("b", "break in the series"),
];

fn shorthand(info: ClearedInfo<'_>) -> Sheet {
    let statuses = Status::ALL
        .into_iter()
        .filter(|s| *s != Status::Observed)
        .map(|s| (s.word(), s.meaning()));
    let rows = statuses
        .chain(MARKERS)
        .map(|(word, meaning)| {
            vec![
                Cell::Text(format!("[{word}]")),
                Cell::Text(meaning.to_owned()),
            ]
        })
        .collect();
    Sheet {
        tab: SHORTHAND.to_owned(),
        lines: vec![
            Line::new(Role::Title, "Shorthand"),
            Line::new(Role::Text, "This worksheet contains one table."),
            Line::new(Role::Text, info.notice()),
        ],
        grid: Some(Grid {
            name: "Shorthand_list".to_owned(),
            columns: texts(&["Shorthand", "Meaning"]),
            rows,
        }),
    }
}

/// How a concept is called in headings.
pub(super) fn heading(concept: Concept) -> &'static str {
    match concept {
        Concept::Stock => "Stock",
        Concept::YearUnique => "Children in the year",
        Concept::Incidence => "Entries in the year",
    }
}
