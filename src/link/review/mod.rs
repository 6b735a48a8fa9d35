//! Clerical review: two people look at pairs without knowing what the model thinks of them.
//!
//! | room | what |
//! | --- | --- |
//! | `sample` | draws pairs by score band; a file for reviewers, a key for the steward |
//! | `decisions` | reads what reviewers decided, number by number |
//! | `agreement` | how far two reviewers agree, beyond chance |
//! | `estimate` | precision, recall and calibration from a stratified sample |
//! | `read` | the order of the work when the decisions are back |
//! | `scored` | labels without ids, as a run takes them |
//!
//! Reviewers are given a number and levels in words: no id, no value, no probability and no band.

mod agreement;
mod decisions;
mod estimate;
mod read;
mod sample;
mod scored;

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::LinkError;
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::digest::Digest;

pub use agreement::Agreement;
pub use decisions::Decision;
pub use estimate::{Estimate, StratumEstimate};
pub use read::{Estimates, Files, LabelledPair, Reading, once, read};
pub use sample::{Bands, Plan, sample};
pub use scored::{LEAST_LABELS, read_scored_labels};

/// The folder in that of the linkage.
pub const FOLDER: &str = "review";
/// What reviewers are given.
pub const FOR_REVIEWERS: &str = "pairs_for_reviewers.csv";
/// What the steward keeps.
pub const KEY: &str = "key_for_steward.csv";
/// What was drawn.
const SAMPLE: &str = "sample.json";
/// The pairs on which the reviewers do not agree.
pub const TO_ADJUDICATE: &str = "to_adjudicate.csv";
/// The strata, with how many of their pairs were looked at and are matches.
pub const STRATA: &str = "strata.csv";
/// The pairs with their decisions.
pub const LABELS: &str = "labels.parquet";
/// The same without ids, with the model's probabilities.
pub const SCORED_LABELS: &str = "scored_labels.csv";

/// Which pairs could be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "pairs")]
pub enum Frame {
    /// Every pair that was compared.
    Compared,
    /// Links, and other pairs from a probability on.
    From {
        /// The least probability of a pair that is no link.
        probability: f64,
    },
    /// Links alone.
    Links,
}

/// Pairs that were drawn from together: of one score band, and all links or none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stratum {
    /// The score band, such as `0.5 to 0.9`.
    pub band: String,
    /// Whether they are links.
    pub linked: bool,
    /// How many there are.
    pub pairs: u64,
    /// How many were drawn.
    pub drawn: u64,
}

/// `sample.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The seed of the draw.
    pub seed: u64,
    /// The bounds of the score bands.
    pub bands: Vec<f64>,
    /// Pairs drawn of each stratum at most.
    pub per_band: u64,
    /// Which pairs could be drawn.
    pub frame: Frame,
    /// The strata, most probable first.
    pub strata: Vec<Stratum>,
    /// The digest of the key.
    pub key: Digest,
    /// The digest of the file for reviewers, as it was written.
    pub for_reviewers: Digest,
    /// The fingerprint of the linkage's key, where the sample is kept apart from the linkage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_fingerprint: Option<String>,
}

/// A problem with how the command was called.
fn usage(code: &'static str, what: &str, help: &str, path: &Path) -> LinkError {
    LinkError::one(Diagnostic::new(code, Exit::Usage, what, help).at(Place::file(path)))
}
