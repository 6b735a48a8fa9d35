//! What a check found: an outcome, a sentence, and where.

use serde::Serialize;
use serde_json::{Value, json};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The file does what is asked.
    Pass,
    /// It does not, and may be published all the same.
    Warning,
    /// It does not.
    Fail,
    /// A person has to decide: no program can.
    Undecided,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Outcome::Pass => "PASS",
            Outcome::Warning => "WARNING",
            Outcome::Fail => "FAIL",
            Outcome::Undecided => "A PERSON",
        }
    }
}

/// One check and what it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the check.
    pub check: &'static str,
    /// The stage or section that it belongs to.
    pub section: &'static str,
    /// Does a failure stop a release?
    pub essential: bool,
    /// How it came out.
    pub outcome: Outcome,
    /// One sentence.
    pub message: String,
    /// Where; at most twenty places, the rest are counted in the message.
    pub places: Vec<String>,
}

/// Places told of one check.
const MOST_PLACES: usize = 20;

impl Finding {
    pub(super) fn new(
        section: &'static str,
        check: &'static str,
        essential: bool,
        outcome: Outcome,
        message: impl Into<String>,
    ) -> Self {
        Finding {
            check,
            section,
            essential,
            outcome,
            message: message.into(),
            places: Vec::new(),
        }
    }

    /// Adds where.
    pub(super) fn at(mut self, places: Vec<String>) -> Self {
        let more = places.len().saturating_sub(MOST_PLACES);
        self.places = places.into_iter().take(MOST_PLACES).collect();
        if more > 0 {
            self.message.push_str(&format!(" ({more} more places)"));
        }
        self
    }
}

/// What the checks of one file found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What was asked of the file.
    pub standard: &'static str,
    /// The checks in their order.
    pub findings: Vec<Finding>,
}

impl Report {
    /// How many came out so.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.findings
            .iter()
            .filter(|f| f.outcome == outcome)
            .count()
    }

    /// Does a failure stop a release?
    pub fn stops(&self) -> bool {
        self.findings
            .iter()
            .any(|f| f.essential && f.outcome == Outcome::Fail)
    }

    /// For people: sections with their checks, then the counts.
    pub fn text(&self) -> String {
        let mut out = format!("{}\n", self.standard);
        let mut section = "";
        for finding in &self.findings {
            if finding.section != section {
                section = finding.section;
                out.push_str(&format!("\n{section}\n"));
            }
            let star = if finding.essential {
                ""
            } else {
                " (not essential)"
            };
            out.push_str(&format!(
                "  {:<8}  {}{star}: {}\n",
                finding.outcome.word(),
                finding.check,
                finding.message
            ));
            for place in &finding.places {
                out.push_str(&format!("            {place}\n"));
            }
        }
        out.push_str(&format!("\n{}\n", self.counts()));
        out
    }

    fn counts(&self) -> String {
        format!(
            "{} checks: {} passed, {} warnings, {} failed, {} for a person to decide",
            self.findings.len(),
            self.count(Outcome::Pass),
            self.count(Outcome::Warning),
            self.count(Outcome::Fail),
            self.count(Outcome::Undecided),
        )
    }

    /// For programs.
    pub fn json(&self) -> Value {
        json!({
            "standard": self.standard,
            "checks": self.findings.len(),
            "passed": self.count(Outcome::Pass),
            "warnings": self.count(Outcome::Warning),
            "failed": self.count(Outcome::Fail),
            "undecided": self.count(Outcome::Undecided),
            "stops": self.stops(),
            "findings": self.findings,
        })
    }
}
