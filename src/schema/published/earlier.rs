//! Figures that others published before, with what each one counts.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::Concept;

/// An earlier published figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierEstimate {
    /// A short code.
    pub code: String,
    /// The figure.
    pub value: u64,
    /// What it counts.
    pub concept: Concept,
    /// When.
    pub period: String,
    /// Where.
    pub place: String,
    /// How it was made.
    pub method: String,
    /// Where it stands.
    pub source: String,
}

/// The earlier published figures, in the order of the file.
pub fn earlier_estimates() -> &'static [EarlierEstimate] {
    static LIST: OnceLock<Vec<EarlierEstimate>> = OnceLock::new();
    LIST.get_or_init(|| {
        csv::Reader::from_reader(
            include_str!("../../../schemas/codes/earlier_estimates.csv").as_bytes(),
        )
        .into_deserialize()
        .filter_map(Result::ok)
        .collect()
    })
}
