//! Averages over models by their weights of Akaike or Schwarz.

use serde::Serialize;

use super::fit::Fit;
use super::model::Model;

/// By which criterion models are weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criterion {
    /// Akaike's.
    Aic,
    /// Schwarz's, with the logarithm of the people observed.
    Bic,
}

impl Criterion {
    /// The criterion of a fit; small is good.
    pub fn of(self, fit: &Fit) -> f64 {
        match self {
            Criterion::Aic => fit.aic(),
            Criterion::Bic => fit.bic(),
        }
    }
}

/// An average over models.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Average {
    /// The estimate.
    pub n_hat: f64,
    /// Its standard error: the root of the weighted mean of each model's variance and the square of
    /// its distance from the average (Burnham and Anderson 2002, "Model selection and multimodel
    /// inference", section 4.3).
    pub se_n: f64,
    /// The older form, the weighted mean of the roots (Buckland, Burnham and Augustin 1997,
    /// Biometrics 53, 603–618).
    pub se_buckland: f64,
    /// The largest weight of a model.
    pub largest_weight: f64,
    /// How many models have a weight of at least a hundredth.
    pub models: usize,
}

/// The weights of the fits, which sum to one; nought for those without a number.
pub fn weights(fits: &[Fit], criterion: Criterion) -> Vec<f64> {
    let there = fits.iter().filter(|f| f.admissibility.admissible());
    let least = there.map(|f| criterion.of(f)).fold(f64::INFINITY, f64::min);
    let weight = |f: &Fit| match f.admissibility.admissible() {
        true => ((least - criterion.of(f)) / 2.0).exp(),
        false => 0.0,
    };
    let all: Vec<f64> = fits.iter().map(weight).collect();
    let sum: f64 = all.iter().sum();
    all.into_iter()
        .map(|w| if sum > 0.0 { w / sum } else { 0.0 })
        .collect()
}

/// The weighted mean of the estimates alone; `None` if no model has a number.
pub(super) fn mean(fits: &[Fit], criterion: Criterion) -> Option<f64> {
    let weights = weights(fits, criterion);
    let there = fits.iter().zip(&weights).filter(|(_, w)| **w > 0.0);
    let (sum, any) = there.fold((0.0, false), |(sum, _), (f, w)| (sum + w * f.total(), true));
    any.then_some(sum)
}

/// The average of the fits that have a number; `None` if none has.
pub fn average(fits: &[Fit], criterion: Criterion) -> Option<Average> {
    let n_hat = mean(fits, criterion)?;
    let weights = weights(fits, criterion);
    let (mut variance, mut buckland) = (0.0, 0.0);
    for (fit, weight) in fits.iter().zip(&weights).filter(|(_, w)| **w > 0.0) {
        let apart = (fit.total() - n_hat).powi(2) + fit.standard_error().powi(2);
        variance += weight * apart;
        buckland += weight * apart.sqrt();
    }
    Some(Average {
        n_hat,
        se_n: variance.sqrt(),
        se_buckland: buckland,
        largest_weight: weights.iter().copied().fold(0.0, f64::max),
        models: weights.iter().filter(|w| **w >= 0.01).count(),
    })
}

/// The average by Akaike's weights of the logarithm of the number unseen, over the models that hold
/// every pair of lists. `None` if none of them has a number, or one has nobody unseen.
///
/// With two lists depending on each other a little, no criterion sees it in a small table, and an
/// estimate that leaves the pair out is too low and too sure. So no pair is left out; the terms of
/// more lists are weighed. Variances are those of the logarithm, `log(1 + se^2 / f0^2)`, and the
/// squares of the distances from the average.
pub fn with_every_pair(fits: &[Fit]) -> Option<LogAverage> {
    let holds = |f: &&Fit| holds_every_pair(f.model);
    let those: Vec<Fit> = fits.iter().filter(holds).cloned().collect();
    let weights = weights(&those, Criterion::Aic);
    let there = || those.iter().zip(&weights).filter(|(_, w)| **w > 0.0);
    let log_unseen: f64 = there().map(|(f, w)| w * f.unseen.ln()).sum();
    let apart = |f: &Fit| {
        let ratio = f.standard_error() / f.unseen;
        (ratio * ratio).ln_1p() + (f.unseen.ln() - log_unseen).powi(2)
    };
    let variance: f64 = there().map(|(f, w)| w * apart(f)).sum();
    let sound = there().next().is_some() && log_unseen.is_finite() && variance.is_finite();
    sound.then_some(LogAverage {
        unseen: log_unseen.exp(),
        log_error: variance.sqrt(),
        models: those.len(),
    })
}

/// Does the model hold every pair of lists?
pub(super) fn holds_every_pair(model: Model) -> bool {
    model.holds(Model::all_of_order(model.lists(), 2))
}

/// An average of the logarithm of the number unseen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogAverage {
    /// People unseen.
    pub unseen: f64,
    /// Standard error of the logarithm of it.
    pub log_error: f64,
    /// How many models were weighed.
    pub models: usize,
}

/// The fit with the smallest criterion, among those with a number; the first of equals.
pub fn best(fits: &[Fit], criterion: Criterion) -> Option<&Fit> {
    let there = fits.iter().filter(|f| f.admissibility.admissible());
    there.min_by(|a, b| criterion.of(a).total_cmp(&criterion.of(b)))
}
