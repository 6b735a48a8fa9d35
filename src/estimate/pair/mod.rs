//! `kinlink estimate pair`: two lists that were linked with error, by themselves.
//!
//! | room | what |
//! | --- | --- |
//! | `read` | the strata of a clerical sample, from a CSV file |
//! | `text` | the report as a statistician reads it |
//!
//! The estimators are those of [`super::linkage_error`]; here they are put together for two lists
//! and one sample.

mod error;
mod read;
pub mod text;

use serde::Serialize;

pub use error::{EXPLANATIONS, PairError};
pub use read::{Sampled, read};

use super::interval::limits::Interval;
use super::linkage_error::{
    ClericalSample, DualSystem, Lists, Outside, Quality, dependence_band, matches,
};
use super::number::Level;

/// Odds ratios of the two lists for which the population is told.
const ODDS_RATIOS: [f64; 5] = [0.5, 0.8, 1.0, 1.25, 2.0];

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Distinct people in the first list.
    pub first: u64,
    /// In the second.
    pub second: u64,
    /// Matches that no blocking rule brought together, with the standard error of that.
    pub missed: Option<(f64, f64)>,
    /// Draws for the interval by draws.
    pub draws: u32,
    /// Their seed.
    pub seed: u64,
}

/// Ends of an interval of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ends {
    /// Lower.
    pub lower: f64,
    /// Upper.
    pub upper: f64,
}

/// What each source makes of the variance of the population, as shares.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shares {
    /// Whom the two lists hold.
    pub lists: f64,
    /// Which matches became links, and which links are false.
    pub links: f64,
    /// What precision and recall are known from.
    pub quality: f64,
}

/// The population under one odds ratio between the lists.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Dependence {
    /// Above 1 if who is in one list is more often in the other.
    pub odds_ratio: f64,
    /// The population.
    pub population: f64,
}

/// The report. People are counted, not rounded.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// `kinlink-estimate-pair-1`.
    pub form: &'static str,
    /// Distinct people in the first list.
    pub first: u64,
    /// In the second.
    pub second: u64,
    /// Links: the pairs of the strata of links.
    pub links: u64,
    /// True links among the links.
    pub precision: f64,
    /// True links among the matches.
    pub recall: f64,
    /// Matches that the links stand for.
    pub matches: f64,
    /// The standard error of that.
    pub matches_standard_error: f64,
    /// Distinct people in the two lists together.
    pub distinct: f64,
    /// The population: those on neither list as well.
    pub population: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Its 95 % interval by the formula of the variance.
    pub interval: Ends,
    /// The same by draws of precision and recall: to be preferred where labels are few.
    pub interval_by_draws: Ends,
    /// What the variance is made of.
    pub shares: Shares,
    /// The population as if every link were true and no match were missed.
    pub as_if_perfect: f64,
    /// The population for dependences of the two lists, which nothing in them can tell.
    pub dependence: Vec<Dependence>,
    /// What a reader must be told.
    pub warnings: Vec<String>,
}

/// Estimates.
///
/// # Errors
/// The codes of [`super::MethodError`]: strata without labels, counts that contradict each other,
/// no match at all; KL-E-213 and 214 are of [`read`].
pub fn analyse(sampled: Sampled, options: &Options) -> Result<Report, PairError> {
    let outside = match (sampled.outside, options.missed) {
        (Some(outside), None) => outside,
        (None, Some((missed, standard_error))) => Outside::Reckoned {
            missed,
            standard_error,
        },
        (None, None) => Outside::NotCovered,
        (Some(_), Some(_)) => return Err(PairError::MissedTwice),
    };
    let sample = ClericalSample::new(sampled.strata, outside)?;
    let lists = Lists {
        first: options.first,
        second: options.second,
        links: sample.links(),
    };
    let found = DualSystem::estimate(lists, &sample)?;
    let level = Level::NINETY_FIVE;
    let by_formula = found.interval(level)?;
    let by_draws =
        DualSystem::interval_by_draws(lists, &sample, options.draws, options.seed, level)?;
    let (matched, variance) = matches(lists.links, &sample);
    let total = found.variance.total();
    let share = |part: f64| if total > 0.0 { part / total } else { 0.0 };
    let (n1, n2) = (real(options.first), real(options.second));
    let band = dependence_band(n1, n2, found.matches, &ODDS_RATIOS)?;
    let cautions = sample.cautions().iter().chain(&found.cautions);
    Ok(Report {
        form: "kinlink-estimate-pair-1",
        first: options.first,
        second: options.second,
        links: lists.links,
        precision: sample.precision(),
        recall: sample.recall(),
        matches: matched,
        matches_standard_error: variance.sqrt(),
        distinct: found.distinct,
        population: found.population,
        standard_error: total.sqrt(),
        interval: ends(by_formula),
        interval_by_draws: ends(by_draws),
        shares: Shares {
            lists: share(found.variance.lists),
            links: share(found.variance.thinning),
            quality: share(found.variance.quality),
        },
        as_if_perfect: (n1 + 1.0) * (n2 + 1.0) / (real(lists.links) + 1.0) - 1.0,
        dependence: band
            .into_iter()
            .map(|b| Dependence {
                odds_ratio: b.odds_ratio,
                population: b.population,
            })
            .collect(),
        warnings: cautions.map(ToString::to_string).collect(),
    })
}

fn ends(interval: Interval) -> Ends {
    Ends {
        lower: interval.lower,
        upper: interval.upper,
    }
}

fn real(n: u64) -> f64 {
    super::number::real(n)
}
