//! For checkers: is every row accounted for, from extract to estimate, and what do fields lack?

use super::super::chart::{Bar, StackedRow, Unit, bars, stacked};
use super::super::number::{percent, real64};
use super::super::page::{Cell, Section, Table};
use super::super::record::FieldQuality;
use super::super::view::ReviewView;
use super::{Drawn, empty, number, text};
use crate::stage::Stage;

/// Rows of the extracts, and people from link to estimate.
pub(crate) fn accounts(view: &ReviewView, drawn: &mut Drawn) -> Section {
    let mut section = empty("rows", "Rows accounted for");
    let names = [
        "accepted",
        "quarantined",
        "merged",
        "excluded",
        "out of scope",
    ];
    let accounts = view.record().by_source(Stage::Ingest);
    let parts = |a: &crate::accounting::RowAccount| {
        [
            a.accepted,
            a.quarantined,
            a.merged,
            a.excluded,
            a.out_of_scope,
        ]
        .map(real64)
    };
    let data: Vec<StackedRow> = accounts
        .iter()
        .map(|a| StackedRow {
            label: plain(&a.source),
            parts: parts(a).to_vec(),
        })
        .collect();
    if !data.is_empty() {
        let balanced = accounts.iter().all(crate::accounting::RowAccount::balances);
        let mut heads = vec!["Source".to_owned(), "rows in".to_owned()];
        heads.extend(names.map(str::to_owned));
        let rows = accounts.iter().map(|a| {
            let mut cells = vec![text(a.source.as_str()), number(Some(real64(a.rows_in)))];
            cells.extend(parts(a).map(|n| number(Some(n))));
            cells
        });
        let words = Table {
            caption: "Rows of each source".to_owned(),
            heads,
            rows: rows.collect(),
        };
        let headline = if balanced {
            "Every row of every extract is accounted for"
        } else {
            "Rows are missing from the account"
        };
        section.blocks.push(drawn.figure(
            headline,
            "Share of the rows of each source, by what became of them at ingest",
            stacked(&data, &names.map(str::to_owned), "Share of rows"),
            words,
        ));
    }
    section.blocks.extend(people(view, drawn));
    section
}

/// A source's name as words.
fn plain(source: &str) -> String {
    source.replace('.', ": ").replace('_', " ")
}

/// What is told of a stage's figures, in the order of the data.
const PEOPLE: [(Stage, &str, &str); 8] = [
    (
        Stage::Estimate,
        "adult_records_linked",
        "Adult records linked to another",
    ),
    (
        Stage::Estimate,
        "adults_in_custody_in_year",
        "Adults in custody in the year",
    ),
    (
        Stage::Estimate,
        "child_records_linked",
        "Child records linked to another",
    ),
    (
        Stage::Estimate,
        "children_named",
        "Children with a named parent in custody",
    ),
    (
        Stage::Estimate,
        "children_known_to_another_system",
        "of these, known to another system",
    ),
    (
        Stage::Estimate,
        "children_without_date_of_birth",
        "of these, without date of birth",
    ),
    (
        Stage::Estimate,
        "children_year_unique",
        "Children counted in the year",
    ),
    (
        Stage::Estimate,
        "children_stock",
        "Children counted on the reference date",
    ),
];

fn people(view: &ReviewView, drawn: &mut Drawn) -> Option<super::Block> {
    let found: Vec<(&str, f64)> = PEOPLE
        .iter()
        .filter_map(|(stage, name, words)| {
            Some((*words, real64(view.record().figure(*stage, name)?)))
        })
        .collect();
    if found.is_empty() {
        return None;
    }
    let data: Vec<Bar> = found
        .iter()
        .map(|(label, value)| Bar {
            label: (*label).to_owned(),
            value: Some(*value),
            symbol: String::new(),
            interval: None,
            part: label.starts_with("of these"),
        })
        .collect();
    Some(
        drawn.figure(
            "From linked records to children counted",
            "Number of records and people at the stage estimate, exact counts",
            bars(&data, "Records or people", Unit::Number),
            Table {
                caption: "People from link to estimate".to_owned(),
                heads: ["Step", "Number"].map(str::to_owned).to_vec(),
                rows: found
                    .into_iter()
                    .map(|(label, value)| vec![text(label), number(Some(value))])
                    .collect(),
            },
        ),
    )
}

/// Fields that the drawing shows; the table has them all.
const WORST: usize = 15;

/// What the fields lack.
pub(crate) fn fields(view: &ReviewView, drawn: &mut Drawn) -> Section {
    let mut section = empty("fields", "What the fields lack");
    let share = |f: &FieldQuality| {
        let without = f.missing + f.default + f.invalid;
        (f.rows > 0).then(|| real64(without) / real64(f.rows))
    };
    let mut list: Vec<(&FieldQuality, f64)> = view
        .record()
        .fields()
        .iter()
        .filter_map(|f| Some((f, share(f)?)))
        .filter(|(_, s)| *s > 0.0)
        .collect();
    if list.is_empty() {
        return section;
    }
    list.sort_by(|a, b| {
        let names = |f: &FieldQuality| (f.source.clone(), f.field.clone());
        b.1.total_cmp(&a.1).then(names(a.0).cmp(&names(b.0)))
    });
    let data: Vec<Bar> = list
        .iter()
        .take(WORST)
        .map(|(f, share)| Bar {
            label: format!("{}, {}", plain(&f.source), f.field),
            value: Some(*share),
            symbol: String::new(),
            interval: None,
            part: false,
        })
        .collect();
    let rows = list.iter().map(|(f, share)| {
        let mut cells = vec![text(format!("{} {}", f.source, f.field))];
        cells.extend([f.rows, f.missing, f.default, f.invalid].map(|n| number(Some(real64(n)))));
        cells.push(Cell::Number(percent(*share, 1)));
        cells
    });
    let heads = [
        "Field",
        "Rows",
        "Missing",
        "Stands for none",
        "Invalid",
        "Share",
    ];
    let words = Table {
        caption: "Fields with missing, default or invalid values".to_owned(),
        heads: heads.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    };
    section.blocks.push(drawn.figure(
        "Fields that lack most of their values",
        format!("Share of rows without a usable value, the {WORST} fields that lack most"),
        bars(&data, "Share of rows without a usable value", Unit::Share),
        words,
    ));
    section
}
