//! Calibration: weights that meet published totals and stay near those there were.
//!
//! Of the totals of prisoners by sex and age, region, status and ethnicity, the weights of prisoners
//! are made, before any child is counted. Children are never forced to an earlier estimate of
//! children. [`design`] holds covariates with their totals, [`newton`] finds the weights by raking,
//! linear (GREG) or bounded logit distance, [`residual`] has the variance.

pub mod design;
pub mod newton;
pub mod residual;

pub use design::{Design, Margin};
pub use newton::{Calibrated, Distance, calibrate, rake_within_bounds};
pub use residual::{cluster_variance, residual_variance, residuals};
