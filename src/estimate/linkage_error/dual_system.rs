//! Linked counts and two-list estimates with imperfect links.
//!
//! L links of precision P and recall R stand for m = P L / R matches. Then n₁ + n₂ − m are distinct,
//! and N = (n₁ + 1)(n₂ + 1) / (m + 1) − 1 (Chapman 1951). The same as Ding and Fienberg ("Dual
//! system estimation of census undercount in the presence of matching error", Survey Methodology 20,
//! 1994), N = n₁ n₂ (α − β) / (L − β n₂) with α = R and β = (1 − P) L / n₀₁, but for Chapman's ones.
//! The variance:
//!
//! ```text
//! V = (n₁+1)(n₂+1)(n₁−m)(n₂−m) / ((m+1)² (m+2))     the lists (Seber 1970)
//!   + (N/m)² (m (1−R)/R + (1−P) L/R²)               the chance of these links, each part where its
//!                                                    share is not that of these very pairs
//!   + N² Var(P/R) / (P/R)²                           how well P and R are known
//! ```

use super::super::caution::Caution;
use super::super::draw::Draws;
use super::super::interval::limits::{Interval, log_normal};
use super::super::method_error::MethodError;
use super::super::number::{Level, real, sorted_quantile};
use super::{Basis, Quality};

/// Fewer draws than this give no limits.
const LEAST_DRAWS: u32 = 1000;

/// Two lists and the links between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lists {
    /// Distinct people in the first.
    pub first: u64,
    /// In the second.
    pub second: u64,
    /// Links.
    pub links: u64,
}

/// The variance of a two-list estimate by source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variance {
    /// Of the lists.
    pub lists: f64,
    /// Of which matches became links, and which links are false.
    pub thinning: f64,
    /// Of what precision and recall are known from.
    pub quality: f64,
}

impl Variance {
    /// The sum.
    pub fn total(&self) -> f64 {
        self.lists + self.thinning + self.quality
    }
}

/// A two-list estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct DualSystem {
    /// Matches after correction, m.
    pub matches: f64,
    /// Distinct people in the lists together.
    pub distinct: f64,
    /// The population.
    pub population: f64,
    /// Its variance.
    pub variance: Variance,
    /// What goes with it.
    pub cautions: Vec<Caution>,
}

/// The number of matches that links of that quality stand for, with its variance.
pub fn matches(links: u64, quality: &impl Quality) -> (f64, f64) {
    let m = quality.precision() * real(links) / quality.recall();
    let known = m * m * quality.relative_variance();
    let basis = (quality.precision_basis(), quality.recall_basis());
    let chance = thinning(m, links, (quality.precision(), quality.recall()), basis);
    (m, chance + known)
}

fn thinning(m: f64, links: u64, (precision, recall): (f64, f64), basis: (Basis, Basis)) -> f64 {
    let missed = match basis.1 {
        Basis::ThesePairs => 0.0,
        Basis::PairsLikeThem => m * (1.0 - recall) / recall,
    };
    let wrong = match basis.0 {
        Basis::ThesePairs => 0.0,
        Basis::PairsLikeThem => (1.0 - precision) * real(links) / (recall * recall),
    };
    missed + wrong
}

impl DualSystem {
    /// The estimate.
    ///
    /// # Errors
    /// KL-E-203 if there are more links than pairs of records can be matches; KL-E-204 if there is
    /// no link.
    pub fn estimate(lists: Lists, quality: &impl Quality) -> Result<Self, MethodError> {
        let shares = (quality.precision(), quality.recall());
        let basis = (quality.precision_basis(), quality.recall_basis());
        Self::of_shares(lists, shares, basis, quality.relative_variance())
    }

    fn of_shares(
        lists: Lists,
        (precision, recall): (f64, f64),
        basis: (Basis, Basis),
        relative_variance: f64,
    ) -> Result<Self, MethodError> {
        if lists.links == 0 || lists.first == 0 || lists.second == 0 {
            return Err(MethodError::NoOverlap);
        }
        let most = lists.first.min(lists.second);
        if lists.links > most {
            return Err(MethodError::Contradiction {
                what: "more links than the smaller list has people".to_owned(),
            });
        }
        let (n1, n2) = (real(lists.first), real(lists.second));
        let estimated = precision * real(lists.links) / recall;
        let m = estimated.min(real(most));
        let population = (n1 + 1.0) * (n2 + 1.0) / (m + 1.0) - 1.0;
        let slope = population / m;
        let cautions = match estimated > real(most) {
            true => vec![Caution::MoreMatchesThanRecords],
            false => Vec::new(),
        };
        Ok(DualSystem {
            matches: m,
            distinct: n1 + n2 - m,
            population,
            variance: Variance {
                lists: (n1 + 1.0) * (n2 + 1.0) * (n1 - m) * (n2 - m)
                    / ((m + 1.0).powi(2) * (m + 2.0)),
                thinning: slope * slope * thinning(m, lists.links, (precision, recall), basis),
                quality: population * population * relative_variance,
            },
            cautions,
        })
    }

    /// Its interval, on the logarithm of the unseen.
    ///
    /// # Errors
    /// KL-E-212 if the upper limit is not finite.
    pub fn interval(&self, level: Level) -> Result<Interval, MethodError> {
        let unseen = self.population - self.distinct;
        log_normal(self.distinct, unseen, self.variance.total(), level)
    }

    /// The interval by draws of precision and recall, and of the lists about each draw on the
    /// logarithm of the unseen. Where the labels are few, the number of matches is skewed, and this
    /// interval is as well; the other holds the truth somewhat less often than it says.
    ///
    /// # Errors
    /// KL-E-210 for fewer than 1,000 draws; KL-E-203 and KL-E-204 as [`DualSystem::estimate`].
    pub fn interval_by_draws(
        lists: Lists,
        quality: &impl Quality,
        number: u32,
        seed: u64,
        level: Level,
    ) -> Result<Interval, MethodError> {
        if number < LEAST_DRAWS {
            return Err(MethodError::TooFew {
                what: "draws of precision and recall",
                found: usize::try_from(number).unwrap_or(0),
                needed: 1000,
            });
        }
        let mut values = Vec::new();
        for replicate in 0..u64::from(number) {
            let mut draws = Draws::new(seed, 0, replicate);
            let shares = quality.draw(&mut draws);
            let basis = (quality.precision_basis(), quality.recall_basis());
            let found = Self::of_shares(lists, shares, basis, 0.0)?;
            let unseen = found.population - found.distinct;
            let z = draws.normal();
            if unseen <= 0.0 {
                values.push(found.population);
                continue;
            }
            let log = (found.variance.total() / (unseen * unseen)).ln_1p();
            values.push(found.distinct + unseen * (z * log.sqrt() - log / 2.0).exp());
        }
        values.sort_by(f64::total_cmp);
        let tail = (1.0 - level.share()) / 2.0;
        Ok(Interval {
            lower: sorted_quantile(&values, tail),
            upper: sorted_quantile(&values, 1.0 - tail),
        })
    }
}

/// The estimate under one odds ratio between the lists.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoListBand {
    /// The odds ratio θ: above 1 if who is in one list is more often in the other.
    pub odds_ratio: f64,
    /// n + θ n₁₀ n₀₁ / n₁₁.
    pub population: f64,
}

/// The band over the dependence of the two lists, which two lists cannot tell.
///
/// # Errors
/// KL-E-204 without matches.
pub fn dependence_band(
    first: f64,
    second: f64,
    matches: f64,
    odds_ratios: &[f64],
) -> Result<Vec<TwoListBand>, MethodError> {
    if matches <= 0.0 || matches.is_nan() {
        return Err(MethodError::NoOverlap);
    }
    let (only_first, only_second) = ((first - matches).max(0.0), (second - matches).max(0.0));
    let seen = only_first + only_second + matches;
    let of = |odds_ratio: &f64| TwoListBand {
        odds_ratio: *odds_ratio,
        population: seen + odds_ratio * only_first * only_second / matches,
    };
    Ok(odds_ratios.iter().map(of).collect())
}
