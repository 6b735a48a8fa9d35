//! The screener of Explore Education Statistics: a data file and its meta file against the public
//! checks of the service, in their order and under their names.
//!
//! The public screener stops at the first stage that fails; here every check of every stage is
//! made, so that all problems are told at once. Where a check needs a column that is not there, it
//! fails and says so. Lookups that this program does not carry (wards, constituencies and the
//! like) end in a warning where a file uses them.

mod columns;
mod filters;
mod geography;
mod meta;
mod names;
mod pair;
mod reference;
mod time;

use std::path::Path;

use super::error::LintError;
use super::finding::{Finding, Outcome, Report};

/// What the report is headed with.
const STANDARD: &str = "Checks of the Explore Education Statistics screener";

/// Makes every check on a data file and the meta file beside it.
pub(super) fn check(path: &Path) -> Result<Report, LintError> {
    let pair = pair::Pair::read(path)?;
    let mut findings = names::check(&pair);
    findings.extend(columns::precheck(&pair));
    findings.extend(columns::check(&pair));
    findings.extend(meta::check(&pair));
    findings.extend(filters::nulls(&pair));
    findings.extend(filters::precheck(&pair));
    findings.extend(time::precheck(&pair));
    findings.extend(geography::precheck(&pair));
    findings.extend(time::check(&pair));
    findings.extend(filters::check(&pair));
    findings.extend(geography::check(&pair));
    findings.extend(filters::indicators(&pair));
    findings.extend(columns::api(&pair));
    Ok(Report {
        standard: STANDARD,
        findings,
    })
}

/// A check of the screener.
#[derive(Clone, Copy)]
struct Check {
    stage: &'static str,
    name: &'static str,
}

impl Check {
    fn pass(self, message: impl Into<String>) -> Finding {
        Finding::new(self.stage, self.name, true, Outcome::Pass, message)
    }

    fn fail(self, message: impl Into<String>, places: Vec<String>) -> Finding {
        Finding::new(self.stage, self.name, true, Outcome::Fail, message).at(places)
    }

    fn warn(self, message: impl Into<String>, places: Vec<String>) -> Finding {
        Finding::new(self.stage, self.name, true, Outcome::Warning, message).at(places)
    }

    /// Fails with the places, or passes if there are none.
    fn none_of(self, places: Vec<String>, good: &str, bad: &str) -> Finding {
        if places.is_empty() {
            self.pass(good)
        } else {
            self.fail(bad, places)
        }
    }

    /// Warns with the places, or passes if there are none.
    fn warn_of(self, places: Vec<String>, good: &str, bad: &str) -> Finding {
        if places.is_empty() {
            self.pass(good)
        } else {
            self.warn(bad, places)
        }
    }

    /// A column that the check needs is not there.
    fn missing(self, column: &str) -> Finding {
        self.fail(
            "this cannot be checked: a column is missing",
            vec![column.to_owned()],
        )
    }
}
