//! What `kinlink estimate capture` says, as it stands in the JSON.
//!
//! A number that does not exist is `null`, and the reason stands beside it; no value is infinite or
//! not a number.

use serde::Serialize;

use super::average::Average;
use super::coverage::{LowerBound, SampleCoverage};
use super::fit::Fit;
use super::interval::Interval;
use super::pair::PairEstimate;

/// Everything.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// People on at least one list.
    pub n_observed: u64,
    /// The lists, in the order of the columns.
    pub lists: Vec<String>,
    /// How the models were found.
    pub models_fitted: ModelsFitted,
    /// The models, best AIC first; those without a number last.
    pub models: Vec<ModelRow>,
    /// The number to use, if there is one.
    pub selected: Option<Selected>,
    /// Intervals, by method.
    pub intervals: Intervals,
    /// What speaks for and against the number.
    pub diagnostics: Diagnostics,
    /// What the reader must know.
    pub warnings: Vec<String>,
    /// What was noticed while reading.
    pub notes: Vec<String>,
}

/// How the models were found.
#[derive(Debug, Clone, Serialize)]
pub struct ModelsFitted {
    /// How many were fitted.
    pub fitted: usize,
    /// How many have a number.
    pub admissible: usize,
    /// Whether these are all hierarchical models of the order.
    pub all: bool,
    /// The largest number of lists in a term.
    pub max_order: u32,
}

/// One model.
#[derive(Debug, Clone, Serialize)]
pub struct ModelRow {
    /// Its terms.
    pub model: String,
    /// The terms that are part of no other.
    pub generators: String,
    /// People in all.
    pub n_hat: Option<f64>,
    /// Standard error, for a population of fixed size.
    pub se_n: Option<f64>,
    /// Deviance from the counts.
    pub deviance: Option<f64>,
    /// Observable cells less parameters.
    pub df: i32,
    /// Akaike's criterion.
    pub aic: Option<f64>,
    /// Schwarz's criterion, with the logarithm of the people observed.
    pub bic: Option<f64>,
    /// Akaike's weight among the models with a number.
    pub aic_weight: f64,
    /// Whether there is a number.
    pub admissible: bool,
    /// Why there is one or none.
    pub reason: &'static str,
    /// Terms at minus infinity, since nobody is on those lists together.
    pub empty_terms: Vec<String>,
}

impl ModelRow {
    /// The row of a fit.
    pub fn of(fit: &Fit, weight: f64, lists: &[String]) -> Self {
        let there = fit.admissibility.admissible();
        let number = |x: f64| (there && x.is_finite()).then_some(x);
        ModelRow {
            model: fit.model.name(lists),
            generators: fit.model.brackets(lists),
            n_hat: number(fit.total()),
            se_n: number(fit.standard_error()),
            deviance: number(fit.deviance),
            df: fit.df,
            aic: number(fit.aic()),
            bic: number(fit.bic()),
            aic_weight: weight,
            admissible: there,
            reason: fit.admissibility.reason(),
            empty_terms: fit
                .empty_terms
                .iter()
                .map(|t| super::model::term_name(*t, lists))
                .collect(),
        }
    }
}

/// The number to use, and why this one.
#[derive(Debug, Clone, Serialize)]
pub struct Selected {
    /// The estimator.
    pub estimator: &'static str,
    /// The model it is of, or the one nearest to it if it is an average.
    pub model: String,
    /// People in all.
    pub n_hat: f64,
    /// People on no list.
    pub unseen: f64,
    /// Standard error, for a population of fixed size.
    pub se_n: f64,
    /// The 95 per cent interval to publish with it.
    pub interval: Interval,
    /// How the interval is made.
    pub interval_method: &'static str,
    /// Why this estimator.
    pub why: &'static str,
}

/// Intervals of 95 per cent, by method.
#[derive(Debug, Clone, Serialize)]
pub struct Intervals {
    /// The level.
    pub level: f64,
    /// Estimate plus and minus 1.96 standard errors, of the selected estimator.
    pub wald: Option<Interval>,
    /// Log-normal in the number unseen, of the selected estimator.
    pub lognormal: Option<Interval>,
    /// By the profile of the multinomial likelihood, of the selected model.
    pub profile: Option<ProfileInterval>,
    /// By the bootstrap, of the selected estimator.
    pub bootstrap: Option<BootstrapInterval>,
    /// Of the best models by each criterion and of all pairs, each as if it were true.
    pub by_model: Vec<ModelIntervals>,
    /// By the bootstrap, of every estimator, each choosing its model anew.
    pub by_estimator: Vec<BootstrapInterval>,
    /// What the bootstrap did.
    pub replicates: Option<Replicates>,
}

/// An interval by the profile.
#[derive(Debug, Clone, Serialize)]
pub struct ProfileInterval {
    /// The model.
    pub model: String,
    /// The top of the multinomial likelihood.
    pub n_hat: f64,
    /// The interval.
    #[serde(flatten)]
    pub interval: Interval,
}

/// An interval by the bootstrap.
#[derive(Debug, Clone, Serialize)]
pub struct BootstrapInterval {
    /// The estimator.
    pub estimator: &'static str,
    /// Its estimate.
    pub n_hat: Option<f64>,
    /// The BCa interval.
    #[serde(flatten)]
    pub interval: Interval,
    /// The percentile interval.
    pub percentile: Interval,
    /// Standard deviation of the replicates with a number.
    pub se_n: f64,
    /// Replicates without a number; they count as larger than any.
    pub without_number: u32,
}

/// What the bootstrap did.
#[derive(Debug, Clone, Serialize)]
pub struct Replicates {
    /// Replicates.
    pub replicates: u32,
    /// The seed.
    pub seed: u64,
    /// Models fitted to each.
    pub models: usize,
}

/// The intervals of one model.
#[derive(Debug, Clone, Serialize)]
pub struct ModelIntervals {
    /// What makes this model one to look at: best AIC, best BIC, all pairs, independence.
    pub which: Vec<&'static str>,
    /// The model.
    pub model: String,
    /// Its estimate.
    pub n_hat: f64,
    /// Estimate plus and minus 1.96 standard errors.
    pub wald: Interval,
    /// Log-normal in the number unseen.
    pub lognormal: Interval,
    /// By the profile of the multinomial likelihood.
    pub profile: Option<Interval>,
}

/// What speaks for and against the number.
#[derive(Debug, Clone, Serialize)]
pub struct Diagnostics {
    /// The average over all models by AIC.
    pub aic_average: Option<Average>,
    /// The average over all models by BIC.
    pub bic_average: Option<Average>,
    /// The smallest and largest estimate within 2 of the best AIC.
    pub range_within_2_aic: Option<[f64; 2]>,
    /// The smallest and largest estimate of any model.
    pub range_of_models: Option<[f64; 2]>,
    /// Chao's lower bound.
    pub lower_bound: LowerBound,
    /// Sample coverage, for three lists or more.
    pub sample_coverage: Option<SampleCoverage>,
    /// The exact posterior over decomposable graphs, for up to five lists.
    pub bayes: Option<Bayes>,
    /// Two lists at a time.
    pub pairs: Vec<PairRow>,
    /// Two lists: by the odds ratio between them.
    pub theta_band: Vec<BandRow>,
    /// By the log-linear term of all lists, which no table can tell.
    pub delta_band: Vec<BandRow>,
    /// The share of a list that another holds.
    pub implied_coverage: Vec<CoverageRow>,
    /// The size of each list, from two others within it.
    pub within_lists: Vec<WithinRow>,
    /// If a share of the people on one list alone should not be there.
    pub trimmed: Vec<BandRow>,
}

/// The posterior over decomposable graphs.
#[derive(Debug, Clone, Serialize)]
pub struct Bayes {
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation.
    pub sd: f64,
    /// Its median.
    pub median: f64,
    /// The 95 per cent interval.
    #[serde(flatten)]
    pub interval: Interval,
    /// The most probable number.
    pub mode: f64,
    /// Most people unseen for each one seen that were considered.
    pub farthest: u32,
    /// The most probable graphs.
    pub graphs: Vec<GraphRow>,
}

/// A graph.
#[derive(Debug, Clone, Serialize)]
pub struct GraphRow {
    /// The pairs of lists that depend on each other.
    pub pairs: Vec<String>,
    /// Its probability.
    pub probability: f64,
}

/// Two lists.
#[derive(Debug, Clone, Serialize)]
pub struct PairRow {
    /// The two.
    pub lists: String,
    /// What they say alone.
    #[serde(flatten)]
    pub estimate: PairEstimate,
}

/// An estimate under an assumption.
#[derive(Debug, Clone, Serialize)]
pub struct BandRow {
    /// The assumed value.
    pub assumed: f64,
    /// People in all.
    pub n_hat: Option<f64>,
    /// The log-normal interval, where there is one.
    pub interval: Option<Interval>,
}

/// How much of one list is on another.
#[derive(Debug, Clone, Serialize)]
pub struct CoverageRow {
    /// The list that covers.
    pub by: String,
    /// The list that is covered.
    pub of: String,
    /// The share.
    pub share: f64,
}

/// A list whose size is known and estimated.
#[derive(Debug, Clone, Serialize)]
pub struct WithinRow {
    /// The list.
    pub list: String,
    /// The two others.
    pub from: String,
    /// Its size.
    pub size: f64,
    /// Its size as estimated.
    pub estimate: Option<f64>,
}
