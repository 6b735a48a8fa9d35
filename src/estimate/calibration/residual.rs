//! The variance of a calibrated total: that of what the covariates do not explain.
//!
//! With e = y − xᵀB, B the regression of y on the covariates under the weights before calibration, a
//! total Σ w y of calibrated weights varies as Σ w e (Deville and Särndal 1992). Where each unit of
//! the population responded by itself with probability 1/w, that is Σ w (w − 1) e².

use super::super::linear::{dot, inverse};
use super::super::method_error::MethodError;
use super::super::number::size;
use super::design::Design;
use super::newton::Calibrated;

/// The residuals e of the records, by the weights before calibration.
///
/// # Errors
/// KL-E-211 if the lengths differ; KL-E-206 if covariates are collinear.
pub fn residuals(base: &[f64], y: &[f64], design: &Design) -> Result<Vec<f64>, MethodError> {
    if y.len() != base.len() {
        return Err(MethodError::Lengths {
            what: "values and weights",
        });
    }
    let mass = design.by_pattern(base)?;
    let mut sums = vec![0.0; mass.len()];
    for ((w, y), at) in base.iter().zip(y).zip(&design.of) {
        sums[*at] += w * y;
    }
    let gram = design.patterns.gram(mass.into_iter());
    let b = inverse(&gram, "the control totals")? * design.patterns.weighted_sum(sums.into_iter());
    let fitted: Vec<f64> = design.patterns.iter().map(|x| dot(x, &b)).collect();
    Ok(y.iter()
        .zip(&design.of)
        .map(|(y, at)| y - fitted[*at])
        .collect())
}

/// Σ w (w − 1) e² of calibrated weights w; a weight below one adds nothing.
///
/// # Errors
/// As [`residuals`].
pub fn residual_variance(
    base: &[f64],
    calibrated: &Calibrated,
    y: &[f64],
    design: &Design,
) -> Result<f64, MethodError> {
    let residuals = residuals(base, y, design)?;
    let each = calibrated.weights.iter().zip(&residuals);
    Ok(each.map(|(w, e)| w * (w - 1.0).max(0.0) * e * e).sum())
}

/// The variance of a total from a sample of clusters: n / (n − 1) (1 − n/N) Σ (z_c − z̄)², z_c being
/// the weighted sum of residuals of a cluster (Särndal, Swensson and Wretman, *Model Assisted Survey
/// Sampling*, 1992, section 4.2).
///
/// # Errors
/// KL-E-211 if the lengths differ; KL-E-210 for fewer than two clusters; KL-E-203 if the population
/// has fewer clusters than the sample.
pub fn cluster_variance(
    weighted_residuals: &[f64],
    cluster: &[u64],
    clusters_in_population: f64,
) -> Result<f64, MethodError> {
    if weighted_residuals.len() != cluster.len() {
        return Err(MethodError::Lengths {
            what: "clusters and residuals",
        });
    }
    let mut sums = std::collections::BTreeMap::new();
    for (z, c) in weighted_residuals.iter().zip(cluster) {
        *sums.entry(*c).or_insert(0.0) += z;
    }
    let n = size(sums.len());
    if sums.len() < 2 {
        return Err(MethodError::TooFew {
            what: "clusters",
            found: sums.len(),
            needed: 2,
        });
    }
    if n > clusters_in_population || clusters_in_population.is_nan() {
        return Err(MethodError::Contradiction {
            what: "more clusters in the sample than in the population".to_owned(),
        });
    }
    let mean = sums.values().sum::<f64>() / n;
    let squares: f64 = sums.values().map(|z| (z - mean).powi(2)).sum();
    Ok(n / (n - 1.0) * (1.0 - n / clusters_in_population) * squares)
}
