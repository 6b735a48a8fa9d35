//! `release/quality.json`: released, rounded figures on how good the estimates are. Every list may
//! be missing; a section without its list is left out.

use serde::Deserialize;

use crate::schema::published::Concept;

/// The whole file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Quality {
    /// Estimates with their intervals.
    pub estimates: Vec<Estimate>,
    /// What the variance of an estimate is made of.
    pub variance_shares: Vec<VarianceShare>,
    /// Records from extract to estimate.
    pub losses: Vec<Loss>,
    /// Linkage by group.
    pub linkage: Vec<LinkageGroup>,
    /// What assumptions do.
    pub sensitivity: Vec<Sensitivity>,
    /// Stated probabilities against what was found.
    pub reliability: Vec<Reliability>,
}

/// An estimate beside the linked count that it begins with.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Estimate {
    /// What is counted.
    pub concept: Concept,
    /// The country's code or name.
    pub country: String,
    /// Children found by linkage.
    #[serde(default)]
    pub linked: Option<f64>,
    /// The estimate.
    #[serde(default)]
    pub estimate: Option<f64>,
    /// Lower end of its interval.
    #[serde(default)]
    pub lower: Option<f64>,
    /// Upper end.
    #[serde(default)]
    pub upper: Option<f64>,
    /// Its standard error.
    #[serde(default)]
    pub standard_error: Option<f64>,
}

/// A source of error and its share of the variance, from 0 to 1.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct VarianceShare {
    /// Of which estimate.
    pub concept: Concept,
    /// Linkage, coverage, imputation, ….
    pub source: String,
    /// The share.
    pub share: f64,
}

/// Records after a step.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Loss {
    /// The step, in words.
    pub step: String,
    /// Records, rounded.
    pub records: f64,
}

/// How well a group was linked.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LinkageGroup {
    /// Adults or children.
    pub link: String,
    /// Sex, age, area.
    pub group: String,
    /// Its code.
    pub code: String,
    /// Records of the group, rounded.
    #[serde(default)]
    pub records: Option<f64>,
    /// The share of its records that were linked.
    #[serde(default)]
    pub match_rate: Option<f64>,
    /// The share of links that are right.
    #[serde(default)]
    pub precision: Option<f64>,
    /// Its interval.
    #[serde(default)]
    pub precision_lower: Option<f64>,
    /// Its interval.
    #[serde(default)]
    pub precision_upper: Option<f64>,
    /// The share of matches that were linked.
    #[serde(default)]
    pub recall: Option<f64>,
    /// Its interval.
    #[serde(default)]
    pub recall_lower: Option<f64>,
    /// Its interval.
    #[serde(default)]
    pub recall_upper: Option<f64>,
}

/// How far an assumption moves the estimate.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Sensitivity {
    /// The assumption, in words.
    pub assumption: String,
    /// The estimate at its one end.
    pub low: f64,
    /// The estimate at its other end.
    pub high: f64,
    /// The estimate as published.
    pub central: f64,
}

/// Pairs of one band of match probability.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Reliability {
    /// The band, `0.9 to 0.95`.
    pub band: String,
    /// Pairs in it, rounded.
    #[serde(default)]
    pub pairs: Option<f64>,
    /// The share of matches that the model expects.
    pub expected: f64,
    /// The share that was found.
    pub observed: f64,
}
