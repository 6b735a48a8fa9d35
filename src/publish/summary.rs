//! What the terminal says after a release: the headline of each concept, and how much is shown.

use serde::Serialize;

use super::csv_table::number;
use crate::protect::ProtectedTable;
use crate::schema::codes::{ENGLAND, WALES};
use crate::schema::published::{Concept, Status, TOTAL};

/// The headline of one concept: the values as they are released, a symbol where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Headline {
    /// What is counted.
    pub concept: Concept,
    /// England and Wales.
    pub england_and_wales: String,
    /// England.
    pub england: String,
    /// Wales.
    pub wales: String,
}

/// What is in a release.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Summary {
    /// The headline of each concept of T01.
    pub headlines: Vec<Headline>,
    /// Cells with a value.
    pub shown: usize,
    /// Cells that are hidden, whatever for.
    pub hidden: usize,
    /// The files, relative to the release.
    pub files: Vec<String>,
}

impl Summary {
    pub(crate) fn of(tables: &[ProtectedTable], files: Vec<String>) -> Self {
        let rows = || tables.iter().flat_map(ProtectedTable::rows);
        let headlines = tables
            .iter()
            .filter(|t| t.definition().id == "T01")
            .flat_map(|t| {
                Concept::ALL.into_iter().filter_map(|concept| {
                    let figure = |area: &str| {
                        t.row(concept, "children", &[area]).map(|r| match r.value {
                            Some(v) => number(v),
                            None => r.status.word().to_owned(),
                        })
                    };
                    Some(Headline {
                        concept,
                        england_and_wales: figure(TOTAL)?,
                        england: figure(ENGLAND)?,
                        wales: figure(WALES)?,
                    })
                })
            })
            .collect();
        Summary {
            headlines,
            shown: rows().filter(|r| r.value.is_some()).count(),
            hidden: rows().filter(|r| r.status == Status::C).count(),
            files,
        }
    }

    /// A few lines for people.
    pub fn text(&self) -> String {
        let mut out = String::from("concept       England and Wales    England      Wales\n");
        for h in &self.headlines {
            out.push_str(&format!(
                "{:<12}  {:>17}  {:>9}  {:>9}\n",
                h.concept.word(),
                h.england_and_wales,
                h.england,
                h.wales
            ));
        }
        out.push_str(&format!(
            "\n{} cells shown, {} hidden; {} files\n",
            self.shown,
            self.hidden,
            self.files.len()
        ));
        out
    }
}
