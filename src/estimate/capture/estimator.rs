//! The estimators that a number can be taken from: what each makes of the fits of one table.

use super::average::{self, Criterion};
use super::fit::{Counts, Fit};
use super::model::Model;
use super::pair::Overlap;
use super::saturated;

/// Where a number comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Estimator {
    /// Two lists, Chapman's estimate.
    Chapman,
    /// Three lists with every dependence of two, small-sample form.
    SmallSample,
    /// The average by Akaike's weights over the models with every pair of lists.
    EveryPair,
    /// The average over all models by their weights of Akaike.
    AicAverage,
    /// The average over all models by their weights of Schwarz.
    BicAverage,
    /// The model with the smallest criterion of Akaike.
    AicBest,
    /// The model with the smallest criterion of Schwarz.
    BicBest,
    /// One model, whatever the criteria say.
    Model(Model),
}

impl Estimator {
    /// Its name in the output.
    pub fn name(self) -> &'static str {
        match self {
            Estimator::Chapman => "chapman",
            Estimator::SmallSample => "saturated_small_sample",
            Estimator::EveryPair => "aic_average_every_pair",
            Estimator::AicAverage => "aic_average",
            Estimator::BicAverage => "bic_average",
            Estimator::AicBest => "aic_best",
            Estimator::BicBest => "bic_best",
            Estimator::Model(_) => "model",
        }
    }

    /// Its name in words.
    pub fn words(self) -> &'static str {
        match self {
            Estimator::Chapman => "Chapman's estimate",
            Estimator::SmallSample => "all pairs, small-sample form",
            Estimator::EveryPair => "average by AIC, every pair kept",
            Estimator::AicAverage => "average by AIC",
            Estimator::BicAverage => "average by BIC",
            Estimator::AicBest => "best model by AIC",
            Estimator::BicBest => "best model by BIC",
            Estimator::Model(_) => "the one model",
        }
    }

    /// The number of people; `None` if there is no number. `fits` are the fits of the models to the
    /// same counts.
    pub fn point(self, counts: &Counts, fits: &[Fit]) -> Option<f64> {
        let total = |fit: &Fit| fit.total();
        match self {
            Estimator::Chapman => Some(overlap(counts).estimate().chapman),
            Estimator::SmallSample => saturated::three_lists(counts).map(|u| u.total()),
            Estimator::EveryPair => {
                average::with_every_pair(fits).map(|a| counts.observed() + a.unseen)
            }
            Estimator::AicAverage => average::mean(fits, Criterion::Aic),
            Estimator::BicAverage => average::mean(fits, Criterion::Bic),
            Estimator::AicBest => average::best(fits, Criterion::Aic).map(total),
            Estimator::BicBest => average::best(fits, Criterion::Bic).map(total),
            Estimator::Model(model) => {
                let fit = fits.iter().find(|f| f.model == model)?;
                fit.admissibility.admissible().then(|| fit.total())
            }
        }
    }
}

/// The first two lists.
pub(super) fn overlap(counts: &Counts) -> Overlap {
    Overlap {
        first: counts.margin(0b01),
        second: counts.margin(0b10),
        both: counts.margin(0b11),
    }
}
