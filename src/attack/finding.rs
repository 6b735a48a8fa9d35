//! A figure beside its gate, and the figures of a kind of people.

use serde::Serialize;

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// A1 to A11.
    pub attack: &'static str,
    /// What was tried.
    pub what: &'static str,
    /// The pass, or none for all.
    pub pass: String,
    /// People attacked.
    pub people: usize,
    /// How many of them the adversary holds.
    pub overlap: &'static str,
    /// The figure: a share, a count or a correlation.
    pub figure: f64,
    /// The figure may not be above this.
    pub gate: Option<f64>,
    /// The same attack on the same people without protection.
    pub unprotected: Option<f64>,
}

impl Finding {
    /// Whether the figure is within its gate.
    pub fn holds(&self) -> bool {
        self.gate.is_none_or(|gate| self.figure.abs() <= gate)
    }
}

/// All figures of a target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Adult or child.
    pub kind: String,
    /// People in the source.
    pub people: usize,
    /// The figures, in the order of the attacks.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The figures outside their gates.
    pub fn broken(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| !f.holds())
    }
}
