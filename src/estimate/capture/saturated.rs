//! Three lists with every dependence of two: the estimator in closed form, its small-sample form, and
//! the band over the dependence of all three, which no table can tell.

use super::fit::Counts;
use super::interval::{Interval, log_normal};

/// Log-linear terms of all lists together for which the estimate is told.
pub const DELTAS: [f64; 5] = [-0.5, -0.25, 0.0, 0.25, 0.5];

/// An estimate of the number unseen with the variance of its total.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unseen {
    /// People observed.
    pub observed: f64,
    /// People unseen.
    pub unseen: f64,
    /// Standard error of the total, for a population of fixed size.
    pub standard_error: f64,
}

impl Unseen {
    /// People in all.
    pub fn total(&self) -> f64 {
        self.observed + self.unseen
    }

    /// The log-normal interval of the total.
    pub fn interval(&self) -> Interval {
        log_normal(self.observed, self.unseen, self.standard_error)
    }

    /// The same if everybody unseen counted `factor` times.
    pub fn times(&self, factor: f64) -> Self {
        Unseen {
            unseen: self.unseen * factor,
            standard_error: self.standard_error * factor,
            ..*self
        }
    }
}

/// The small-sample form for three lists:
/// `f0 = n111 n100 n010 n001 / ((n110 + 1)(n101 + 1)(n011 + 1))`. Without the ones it is the estimate
/// of the model with all pairs, whose mean is too large by `1/n` of each cell below (as Chapman's ones
/// do for two lists). The variance is that of the logarithm, a sum of reciprocals, times `f0^2`, plus
/// `f0`. `None` for any other number of lists, or if a cell above is empty.
pub fn three_lists(counts: &Counts) -> Option<Unseen> {
    if counts.lists() != 3 {
        return None;
    }
    let above = [0b111, 0b001, 0b010, 0b100].map(|h| counts.count(h));
    let below = [0b011, 0b101, 0b110].map(|h| counts.count(h) + 1.0);
    if above.contains(&0.0) {
        return None;
    }
    let unseen = above.iter().product::<f64>() / below.iter().product::<f64>();
    let variance: f64 = above.iter().chain(&below).map(|n| n.recip()).sum();
    Some(Unseen {
        observed: counts.observed(),
        unseen,
        standard_error: (unseen + unseen * unseen * variance).sqrt(),
    })
}

/// By how much the number unseen changes if the term of all `lists` lists is `delta` and not nought:
/// `exp(delta)` for an even number of lists, `exp(-delta)` for an odd one. Exact for the model with
/// every other term; for a smaller model it is the change of the unseen cell alone.
pub fn factor(lists: usize, delta: f64) -> f64 {
    match lists % 2 {
        0 => delta.exp(),
        _ => (-delta).exp(),
    }
}
