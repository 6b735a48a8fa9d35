//! Two lists: Lincoln and Petersen, Chapman, and what a dependence would make of them.

use serde::Serialize;

use super::interval::{Interval, log_normal};

/// Odds ratios between two lists for which the estimate is told.
pub const ODDS_RATIOS: [f64; 5] = [0.5, 1.0, 1.5, 2.0, 3.0];

/// Two lists by their sizes and overlap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlap {
    /// People on the first list.
    pub first: f64,
    /// People on the second list.
    pub second: f64,
    /// People on both.
    pub both: f64,
}

/// The estimates from two lists.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PairEstimate {
    /// Lincoln and Petersen: `n1 n2 / m`; `None` without overlap.
    pub petersen: Option<f64>,
    /// Chapman: `(n1 + 1)(n2 + 1) / (m + 1) - 1`.
    pub chapman: f64,
    /// Standard error of Chapman's estimate.
    pub se_n: f64,
    /// Its log-normal interval.
    pub interval: Interval,
}

impl Overlap {
    /// People on at least one of the two.
    pub fn observed(&self) -> f64 {
        self.first + self.second - self.both
    }

    /// The estimates. Chapman 1951, "Some properties of the hypergeometric distribution with
    /// applications to zoological sample censuses"; its variance is Seber's (1970, Biometrics 26,
    /// 13–22), `(n1 + 1)(n2 + 1)(n1 - m)(n2 - m) / ((m + 1)^2 (m + 2))`. Unbiased while the two lists
    /// together are as long as the population.
    pub fn estimate(&self) -> PairEstimate {
        let Overlap {
            first,
            second,
            both,
        } = *self;
        let chapman = (first + 1.0) * (second + 1.0) / (both + 1.0) - 1.0;
        let variance = (first + 1.0) * (second + 1.0) * (first - both) * (second - both)
            / ((both + 1.0).powi(2) * (both + 2.0));
        let se_n = variance.sqrt();
        let observed = self.observed();
        PairEstimate {
            petersen: (both > 0.0).then(|| first * second / both),
            chapman,
            se_n,
            interval: log_normal(observed, chapman - observed, se_n),
        }
    }

    /// The estimate if being on one list multiplies the odds of being on the other by `theta`:
    /// `n + theta n10 n01 / n11` (the odds ratio of the whole table is then `theta`). `None` without
    /// overlap.
    pub fn with_odds_ratio(&self, theta: f64) -> Option<f64> {
        let unseen = (self.first - self.both) * (self.second - self.both) / self.both;
        (self.both > 0.0).then(|| self.observed() + theta * unseen)
    }
}
