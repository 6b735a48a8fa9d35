//! The figures of the quality report, as `estimate` hands them to `protect`: estimates, shares of the
//! variance, losses from record to estimate, links by group, other assumptions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::published::Concept;

/// An estimate of an area.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EstimateRow {
    /// Which concept.
    pub concept: Concept,
    /// The code of the area, or `Total`.
    pub area: String,
    /// Children whom the linkage found; none where it is not one number.
    pub linked: Option<f64>,
    /// The estimate.
    pub estimate: f64,
    /// The lower limit of the 95 % interval.
    pub lower: f64,
    /// The upper limit.
    pub upper: f64,
    /// The standard error.
    pub standard_error: f64,
    /// `observed`, or `u` where it is too unsure to publish.
    pub status: String,
}

/// An estimate of a group of the whole: of an age, of which parent, of a sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRow {
    /// Which concept.
    pub concept: Concept,
    /// The dimension of the tables.
    pub dimension: String,
    /// The group's code in it.
    pub code: String,
    /// The estimate.
    pub estimate: f64,
    /// The lower limit of the 95 % interval.
    pub lower: f64,
    /// The upper limit.
    pub upper: f64,
    /// The standard error.
    pub standard_error: f64,
    /// `observed`, or `u` where it is too unsure to publish.
    pub status: String,
}

/// A source's share of the variance of a headline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareRow {
    /// Which concept.
    pub concept: Concept,
    /// The source.
    pub source: String,
    /// Its share, 0 to 1.
    pub share: f64,
}

/// A step from record to estimate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossRow {
    /// The step, in words.
    pub step: String,
    /// Records, people or children left.
    pub records: f64,
}

/// How many of a group are linked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkRow {
    /// Which link, in words.
    pub link: String,
    /// `all`, `sex`, `age`, `ethnicity`, `country`, `region`.
    pub group: String,
    /// The category.
    pub code: String,
    /// People in the group.
    pub records: f64,
    /// Share of them that is linked.
    pub match_rate: f64,
    /// The share of the group's links that are right, where it was estimated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<EstimatedShare>,
    /// The share of the group's matches that are linked, where it was estimated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall: Option<EstimatedShare>,
    /// How the two were estimated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

/// A share as it was estimated, and its interval at 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EstimatedShare {
    /// The estimate.
    pub estimate: f64,
    /// The lower limit.
    pub lower: f64,
    /// The upper limit.
    pub upper: f64,
}

/// How well the records of a group are linked, by the word of the model that linked them, or by labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkedGroup {
    /// `all`, `sex`, `age`, `ethnicity`, `region`.
    pub group: String,
    /// The category.
    pub code: String,
    /// Records.
    pub records: u64,
    /// Records that are linked with another.
    pub linked: u64,
    /// Links. One of two records that say different things of themselves is counted where the first
    /// of the two is.
    pub links: u64,
    /// The expected share of the links that are right; none where there is no link.
    pub precision: Option<EstimatedShare>,
    /// The expected share of the matches that are linked, between systems of which it can be told.
    pub recall: Option<EstimatedShare>,
    /// The links between those systems.
    pub links_with_recall: u64,
}

/// `quality.json` of a kind of people, which the stage `link` writes for the stage `estimate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkageQuality {
    /// `adult` or `child`.
    pub kind: String,
    /// How precision and recall were estimated.
    pub method: String,
    /// All, then group by group.
    pub groups: Vec<LinkedGroup>,
}

/// An assumption, and what the estimate would be at both of its ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SensitivityRow {
    /// Which concept.
    pub concept: Concept,
    /// The assumption.
    pub assumption: String,
    /// The lesser estimate.
    pub low: f64,
    /// The greater.
    pub high: f64,
    /// The estimate as published.
    pub central: f64,
}

/// Pairs of a parent and a child by the lists that hold them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryRow {
    /// Which concept.
    pub concept: Concept,
    /// Stated by prisons.
    pub custody: bool,
    /// By probation.
    pub probation: bool,
    /// Named by children's services.
    pub services: bool,
    /// Pairs.
    pub pairs: f64,
}

/// All figures. A list that is missing is empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quality {
    /// Estimates of the whole and of countries.
    pub estimates: Vec<EstimateRow>,
    /// Estimates of regions and local authorities. They leave the restricted zone in tables alone,
    /// where they are hidden with the count beside them.
    pub areas: Vec<EstimateRow>,
    /// Estimates of groups of the whole; likewise in tables alone.
    pub groups: Vec<GroupRow>,
    /// Shares of the variance.
    pub variance_shares: Vec<ShareRow>,
    /// What the lists hold.
    pub histories: Vec<HistoryRow>,
    /// From record to estimate.
    pub losses: Vec<LossRow>,
    /// Links by group.
    pub linkage: Vec<LinkRow>,
    /// Other assumptions.
    pub sensitivity: Vec<SensitivityRow>,
    /// What a reader must be told, by concept.
    pub cautions: BTreeMap<String, Vec<String>>,
}
