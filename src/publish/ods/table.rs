//! The sheet of a table: what a reader needs above it, then one row for each set of codes and one
//! column for each concept and measure.

use std::collections::{BTreeMap, BTreeSet};

use super::book::{Cell, Column, Grid, Line, Role, Sheet};
use super::sheets::{MARKERS, NOTE_TEXTS, NOTES, heading, tab, texts};
use crate::protect::ProtectedRow;
use crate::publish::cleared::{ClearedInfo, ClearedTable};
use crate::schema::published::{Concept, DimensionDef, Status, TOTAL, TableDef};

/// How a measure is called in headings.
pub(in crate::publish) fn measure_heading(measure: &str) -> String {
    match measure {
        "children" => "number of children".to_owned(),
        "parents" => "number of parents".to_owned(),
        "percent" => "per cent of children".to_owned(),
        "rate_per_1000" => "rate per 1,000 children under 18".to_owned(),
        "rate_per_10000" => "rate per 10,000 children under 18".to_owned(),
        "children_estimated" => "estimated number of children".to_owned(),
        "estimated_rate_per_1000" => "estimated rate per 1,000 children under 18".to_owned(),
        "estimated_rate_per_10000" => "estimated rate per 10,000 children under 18".to_owned(),
        "earlier_children" => "earlier number of children".to_owned(),
        "ratio" => "this release divided by the earlier number".to_owned(),
        other => other.replace('_', " "),
    }
}

/// Digits after the point.
fn decimals(measure: &str) -> u8 {
    match TableDef::unit(measure) {
        "ratio" => 2,
        "children" | "parents" => 0,
        _ => 1,
    }
}

/// What a column of figures holds of the row of its concept and measure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Value,
    Lower,
    Upper,
}

impl Part {
    fn of(self, row: &ProtectedRow) -> Option<f64> {
        match self {
            Part::Value => row.value,
            Part::Lower => row.lower,
            Part::Upper => row.upper,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Part::Value => "",
            Part::Lower => ", lower end of the interval",
            Part::Upper => ", upper end of the interval",
        }
    }
}

type Figures<'a> = BTreeMap<(&'a [String], Concept, &'a str), &'a ProtectedRow>;

/// The sheet of a table.
pub(super) fn table_sheet(table: ClearedTable<'_>, info: ClearedInfo<'_>) -> Sheet {
    let definition = table.definition();
    let rows = table.rows();
    let mut order: Vec<&[String]> = Vec::new();
    let mut kinds: Vec<(Concept, &str)> = Vec::new();
    let mut figures: Figures<'_> = BTreeMap::new();
    let (mut seen_codes, mut seen_kinds) = (BTreeSet::new(), BTreeSet::new());
    for row in rows {
        if seen_codes.insert(row.codes.as_slice()) {
            order.push(&row.codes);
        }
        if seen_kinds.insert((row.concept, row.measure.as_str())) {
            kinds.push((row.concept, &row.measure));
        }
        figures.insert((&row.codes, row.concept, &row.measure), row);
    }
    let parts: Vec<(Concept, &str, Part)> = kinds
        .iter()
        .flat_map(|(concept, measure)| {
            let own = || {
                rows.iter()
                    .filter(|r| r.concept == *concept && r.measure == *measure)
            };
            let interval = own().any(|r| r.lower.is_some() || r.upper.is_some());
            let all = [Part::Value, Part::Lower, Part::Upper];
            let count = if interval { 3 } else { 1 };
            all.into_iter()
                .take(count)
                .map(|part| (*concept, *measure, part))
        })
        .collect();
    let marked = rows.iter().any(|r| r.marker.is_some());
    let mut used = BTreeSet::new();
    let body: Vec<Vec<Cell>> = order
        .iter()
        .map(|codes| body_row(definition, codes, &parts, &figures, marked, &mut used))
        .collect();
    Sheet {
        tab: tab(definition),
        lines: above(table, info, &used),
        grid: Some(Grid {
            name: range_name(definition),
            columns: columns(definition, &parts, marked),
            rows: body,
        }),
    }
}

fn columns(definition: &TableDef, parts: &[(Concept, &str, Part)], marked: bool) -> Vec<Column> {
    let mut out = Vec::new();
    for dimension in &definition.dimensions {
        if has_code_column(dimension) {
            out.extend(texts(&["Area code"]));
        }
        out.extend(texts(&[&dimension.title]));
    }
    out.extend(parts.iter().map(|(concept, measure, part)| Column {
        heading: format!(
            "{}: {}{}",
            heading(*concept),
            measure_heading(measure),
            part.words()
        ),
        numeric: true,
    }));
    if marked {
        out.extend(texts(&["Markers"]));
    }
    out
}

/// Official codes are given; codes of ours are not, for their labels say the same.
fn has_code_column(dimension: &DimensionDef) -> bool {
    dimension.variable == "area"
}

fn body_row(
    definition: &TableDef,
    codes: &[String],
    parts: &[(Concept, &str, Part)],
    figures: &Figures<'_>,
    marked: bool,
    used: &mut BTreeSet<String>,
) -> Vec<Cell> {
    let mut out = Vec::new();
    for (dimension, code) in definition.dimensions.iter().zip(codes) {
        if has_code_column(dimension) {
            out.push(area_code(dimension, code, used));
        }
        out.push(Cell::Text(dimension.label(code).to_owned()));
    }
    let mut markers: Vec<String> = Vec::new();
    for (concept, measure, part) in parts {
        let row = figures.get(&(codes, *concept, *measure));
        if let (Some(marker), Part::Value) = (row.and_then(|r| r.marker.as_ref()), part) {
            used.insert(marker.clone());
            markers.push(format!(
                "{}: {} [{marker}]",
                heading(*concept),
                measure_heading(measure)
            ));
        }
        out.push(figure(row.copied(), *part, decimals(measure), used));
    }
    if marked {
        out.push(Cell::Text(if markers.is_empty() {
            "No marker".to_owned()
        } else {
            markers.join("; ")
        }));
    }
    out
}

fn area_code(dimension: &DimensionDef, code: &str, used: &mut BTreeSet<String>) -> Cell {
    let shown = match (&dimension.total_code, code == TOTAL) {
        (Some(total), true) => total.as_str(),
        _ => code,
    };
    // The place that is not available has the symbol for a code.
    if shown == Status::X.word() {
        used.insert(shown.to_owned());
        return Cell::Text(format!("[{shown}]"));
    }
    Cell::Text(shown.to_owned())
}

/// A figure, or the symbol that tells why there is none; never an empty cell.
fn figure(
    row: Option<&ProtectedRow>,
    part: Part,
    decimals: u8,
    used: &mut BTreeSet<String>,
) -> Cell {
    if let Some(value) = row.and_then(|r| part.of(r)) {
        return Cell::Number { value, decimals };
    }
    let word = match row.map(|r| r.status) {
        Some(Status::Observed) | None => Status::X.word(),
        Some(other) => other.word(),
    };
    used.insert(word.to_owned());
    Cell::Symbol(format!("[{word}]"))
}

/// The lines above a table; with the heading row they are [`HEADING_ROW`](super::sheets::HEADING_ROW).
fn above(table: ClearedTable<'_>, info: ClearedInfo<'_>, used: &BTreeSet<String>) -> Vec<Line> {
    let definition = table.definition();
    let explained: Vec<String> = Status::ALL
        .into_iter()
        .map(|s| (s.word(), s.meaning()))
        .chain(MARKERS)
        .filter(|(word, _)| used.contains(*word))
        .map(|(word, meaning)| format!("[{word}] {meaning}"))
        .collect();
    let explained = if explained.is_empty() {
        "No shorthand is used in this table.".to_owned()
    } else {
        format!("Shorthand: {}.", explained.join("; "))
    };
    let notes: Vec<String> = NOTE_TEXTS
        .iter()
        .enumerate()
        .filter(|(_, (_, applies))| applies(table))
        .map(|(i, _)| format!("[note {}]", i + 1))
        .collect();
    let rounding = match table.rounding() {
        Some(base) => format!("Counts are rounded to the nearest {base}."),
        None => "Counts are given as they are released, without further rounding.".to_owned(),
    };
    let notes = if notes.is_empty() {
        "No note refers to this table.".to_owned()
    } else {
        format!("See {} in the worksheet {NOTES}.", notes.join(", "))
    };
    vec![
        Line::new(
            Role::Title,
            format!("Table {}: {}", definition.id, definition.title),
        ),
        Line::new(Role::Text, format!("{}.", definition.subtitle)),
        Line::new(Role::Text, "This worksheet contains one table."),
        Line::new(Role::Text, explained),
        Line::new(Role::Text, format!("{rounding} {notes}")),
        Line::new(
            Role::Text,
            format!("{} Release {}.", info.notice(), info.id),
        ),
    ]
}

/// A name of letters, digits and `_`, which begins with the table's id.
fn range_name(definition: &TableDef) -> String {
    let title: String = definition
        .title
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    format!("Table_{}_{title}", definition.id)
}
