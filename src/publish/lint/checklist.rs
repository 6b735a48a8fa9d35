//! The release checklist for accessible spreadsheets: 36 items in five sections, all of them
//! checked on every document.
//!
//! The items are those of the Analysis Function's checklist of the basics. What an item asks of a
//! document is decided from the document alone; where that cannot be, the item is left to a person
//! and says so.

use super::document::Document;
use super::finding::{Finding, Outcome, Report};
use super::{footnotes, formatting, publishing, structure, tables};

/// What the report is headed with.
const STANDARD: &str = "Release checklist for accessible spreadsheets, 36 items";

/// Makes every check.
pub(super) fn check(document: &Document) -> Report {
    let mut findings = tables::check(document);
    findings.extend(footnotes::check(document));
    findings.extend(formatting::check(document));
    findings.extend(structure::check(document));
    findings.extend(publishing::check(document));
    Report {
        standard: STANDARD,
        findings,
    }
}

/// An item of the list.
#[derive(Clone, Copy)]
pub(super) struct Item {
    pub section: &'static str,
    pub check: &'static str,
    pub essential: bool,
}

impl Item {
    /// Passes if no place is against it, and fails with the places otherwise.
    pub(super) fn none_of(self, places: Vec<String>, good: &str, bad: &str) -> Finding {
        if places.is_empty() {
            self.pass(good)
        } else {
            self.fail(bad).at(places)
        }
    }

    pub(super) fn pass(self, message: &str) -> Finding {
        self.with(Outcome::Pass, message)
    }

    pub(super) fn fail(self, message: &str) -> Finding {
        self.with(Outcome::Fail, message)
    }

    pub(super) fn undecided(self, message: &str) -> Finding {
        self.with(Outcome::Undecided, message)
    }

    fn with(self, outcome: Outcome, message: &str) -> Finding {
        Finding::new(self.section, self.check, self.essential, outcome, message)
    }
}
