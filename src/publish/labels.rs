//! Welsh for the labels of the tables on Wales, from one catalogue of strings
//! (`schemas/labels/cy.json`).
//!
//! The tables keep their codes and English labels, so that one file serves both languages; the
//! labels in Welsh are a table of their own that is joined to them by column and code.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::ods::measure_heading;
use crate::schema::published::{Concept, DimensionDef, Status, TOTAL, TableDef, tables};

const WELSH: &str = include_str!("../../schemas/labels/cy.json");

/// A label in both languages, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The table; `all` for what every table has.
    pub table: String,
    /// The column in which the code stands; nothing for the title of the table.
    pub column: String,
    /// The code; nothing for the column itself.
    pub code: String,
    /// English.
    pub english: String,
    /// Welsh; nothing where the catalogue has none.
    pub welsh: Option<&'static str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    #[serde(rename = "language")]
    _language: String,
    #[serde(rename = "about")]
    _about: String,
    labels: BTreeMap<String, String>,
}

/// The Welsh of an English label.
pub fn welsh(english: &str) -> Option<&'static str> {
    static ALL: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        // The file is a part of the program; a test reads it.
        serde_json::from_str::<Catalogue>(WELSH).map_or_else(|_| BTreeMap::new(), |c| c.labels)
    });
    all.get(english).map(String::as_str)
}

/// The table of services in Wales: it is by service alone.
const SERVICES_IN_WALES: &str = "T15";

/// Is there a row on Wales in the table? There is in those by area, and in that of services there.
pub fn on_wales(table: &TableDef) -> bool {
    table.id == SERVICES_IN_WALES || table.dimensions.iter().any(|d| d.variable == "area")
}

/// Every label of the tables on Wales, in the order of the tables, with what all tables share at
/// the end. Names of local authorities in England are proper names and are left out.
pub fn labels() -> Vec<Label> {
    let mut out = Vec::new();
    for table in tables().iter().filter(|t| on_wales(t)) {
        out.push(label(&table.id, "", "", &table.title));
        for dimension in &table.dimensions {
            of_dimension(&table.id, dimension, &mut out);
        }
        let estimated = table.estimated.iter().map(|e| &e.name);
        let derived = table.derived.iter().map(|d| &d.name);
        for measure in table.measures.iter().chain(estimated).chain(derived) {
            let heading = measure_heading(measure);
            out.push(label(&table.id, "measure", measure, &heading));
        }
    }
    for concept in Concept::ALL {
        out.push(label("all", "concept", concept.word(), concept.meaning()));
    }
    for status in Status::ALL {
        out.push(label("all", "status", status.word(), status.meaning()));
    }
    out
}

fn of_dimension(table: &str, dimension: &DimensionDef, out: &mut Vec<Label>) {
    out.push(label(table, &dimension.name, "", &dimension.title));
    if !dimension.total.is_empty() {
        out.push(label(table, &dimension.name, TOTAL, &dimension.total));
    }
    let english_authority =
        |code: &str| dimension.name == "local_authority" && is_authority_of_england(code);
    for one in &dimension.codes {
        if !english_authority(&one.code) {
            out.push(label(table, &dimension.name, &one.code, &one.label));
        }
    }
}

/// `E06` to `E10` are local authorities; `E12` are regions and `E92` is the country.
fn is_authority_of_england(code: &str) -> bool {
    ["E06", "E07", "E08", "E09", "E10"]
        .iter()
        .any(|kind| code.starts_with(kind))
}

fn label(table: &str, column: &str, code: &str, english: &str) -> Label {
    Label {
        table: table.to_owned(),
        column: column.to_owned(),
        code: code.to_owned(),
        english: english.to_owned(),
        welsh: welsh(english),
    }
}

/// The labels as comma-separated values with a heading.
pub fn csv(labels: &[Label]) -> String {
    let mut out = "table,column,code,label_en,label_cy\n".to_owned();
    for one in labels {
        let cells = [
            one.table.as_str(),
            &one.column,
            &one.code,
            &one.english,
            one.welsh.unwrap_or_default(),
        ];
        let cells = cells.map(|cell| match cell.contains([',', '"']) {
            true => format!("\"{}\"", cell.replace('"', "\"\"")),
            false => cell.to_owned(),
        });
        out.push_str(&cells.join(","));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_of_the_tables_on_wales_has_a_welsh_one() {
        let all = labels();
        let without: Vec<&Label> = all.iter().filter(|l| l.welsh.is_none()).collect();
        assert!(without.is_empty(), "{without:#?}");
        assert!(all.len() > 150, "{}", all.len());
        for table in ["T01", "T07", "T15"] {
            assert!(all.iter().any(|l| l.table == table), "{table}");
        }
        // No other table is one on Wales.
        assert!(!all.iter().any(|l| l.table == "T10"));
    }

    #[test]
    fn no_welsh_label_stands_for_two_english_ones_of_a_column() {
        let mut seen: BTreeMap<(String, String, &str), String> = BTreeMap::new();
        for one in labels() {
            let Some(welsh) = one.welsh.filter(|_| !one.code.is_empty()) else {
                continue;
            };
            let key = (one.table, one.column, welsh);
            let known = seen.entry(key.clone()).or_insert(one.english.clone());
            assert_eq!(*known, one.english, "{key:?}");
        }
    }

    #[test]
    fn nothing_of_the_catalogue_is_out_of_use() {
        let all = labels();
        let catalogue: Catalogue = serde_json::from_str(WELSH).expect("a catalogue");
        for english in catalogue.labels.keys() {
            assert!(all.iter().any(|l| l.english == *english), "{english}");
        }
        // What a spreadsheet would run is in no label.
        for welsh in catalogue.labels.values() {
            assert!(!welsh.starts_with(['=', '+', '-', '@']), "{welsh}");
        }
    }

    #[test]
    fn a_comma_is_quoted() {
        let text = csv(&labels());
        assert!(text.contains("T07,local_authority,W06000015,Cardiff,Caerdydd\n"));
        let quoted = "\"Mother and father, never at the same time\"";
        assert!(text.contains(quoted), "{text}");
    }
}
