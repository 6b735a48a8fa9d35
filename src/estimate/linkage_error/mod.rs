//! Linkage error: how many of the links are true, how many matches were missed, and what that does
//! to counts.
//!
//! Precision and recall come from one of three sources, and each is a type that says what it is
//! known from: [`clerical`] (pairs that people looked at, by strata), [`calibrated`] (match
//! probabilities, which must have been calibrated on labelled pairs: there is no other way to make
//! the type), [`rate`] (figures from elsewhere, with the sample they rest on). Without any label,
//! [`links_per_record`] tells less, and says what. [`dual_system`] corrects linked counts and
//! two-list estimates with them.

pub mod calibrated;
pub mod clerical;
pub mod dual_system;
pub mod isotonic;
pub mod links_per_record;
pub mod rate;

pub use calibrated::CalibratedLinks;
pub use clerical::{ClericalSample, Outside, Stratum, Where};
pub use dual_system::{DualSystem, Lists, TwoListBand, dependence_band, matches};
pub use isotonic::{Calibration, Labelled, ReliabilityBin, Step, reliability};
pub use links_per_record::LinksPerRecord;
pub use rate::{LinkageQuality, Precision, Rate, Recall};

use super::draw::Draws;

/// Whether a share is that of the very pairs it is applied to, or of pairs like them. The second
/// leaves the chance of these pairs open, and the variance has a term for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// A sample of these pairs.
    ThesePairs,
    /// Other pairs of the same kind: a model, synthetic pairs, an earlier linkage.
    PairsLikeThem,
}

/// A source of precision and recall.
pub trait Quality {
    /// True links among the links.
    fn precision(&self) -> f64;
    /// True links among the matches.
    fn recall(&self) -> f64;
    /// What precision is the share of.
    fn precision_basis(&self) -> Basis;
    /// What recall is the share of.
    fn recall_basis(&self) -> Basis;
    /// The relative variance of precision / recall, which is that of the number of matches.
    fn relative_variance(&self) -> f64;
    /// A draw of precision and recall, both above nought.
    fn draw(&self, draws: &mut Draws) -> (f64, f64);
}

/// Shares are not drawn below this, so that a quotient stays finite.
const LEAST_SHARE: f64 = 1e-6;
