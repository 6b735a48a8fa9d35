//! What a clerical review found, as a page draws it.

use crate::estimate::linkage_error::Calibration;

/// A share with the ends of its interval at 95 %.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewedShare {
    /// What it is a share of.
    pub name: String,
    /// The share.
    pub value: f64,
    /// Its interval.
    pub interval: [f64; 2],
}

/// What two reviewers and an adjudicator found.
#[derive(Debug, Clone, PartialEq)]
pub struct ClericalReview {
    /// Precision, recall, agreement: those that could be estimated.
    pub shares: Vec<ReviewedShare>,
    /// The calibration by the labelled pairs, or why there is none.
    pub calibration: Result<Calibration, String>,
}
