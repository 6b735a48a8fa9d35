//! Intervals for a number of people that is at least the number seen.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

/// Share of repetitions in which an interval is to hold the truth.
pub const LEVEL: f64 = 0.95;

/// From `lower` to `upper`; `upper` is `None` where the data set no upper end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end.
    pub lower: Option<f64>,
    /// The upper end.
    pub upper: Option<f64>,
}

impl Interval {
    /// An interval whose ends are left out where they are not finite.
    pub fn of(lower: f64, upper: f64) -> Self {
        let finite = |x: f64| x.is_finite().then_some(x);
        Interval {
            lower: finite(lower),
            upper: finite(upper),
        }
    }

    /// Is the number in it? A missing end bounds nothing.
    pub fn holds(&self, number: f64) -> bool {
        self.lower.is_none_or(|l| l <= number) && self.upper.is_none_or(|u| number <= u)
    }
}

/// The quantile of the normal distribution.
pub(super) fn normal_quantile(share: f64) -> f64 {
    Normal::standard().inverse_cdf(share)
}

/// The distribution function of the normal distribution.
pub(super) fn normal_share(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

/// The number of standard errors on each side, as it is printed in the papers; 95.0004 per cent.
const ERRORS: f64 = 1.96;

/// The 95 per cent point of chi-squared with one degree of freedom.
pub(super) fn chi_squared() -> f64 {
    normal_quantile(0.5 + LEVEL / 2.0).powi(2)
}

/// Estimate plus and minus so many standard errors; not below the number observed.
pub fn wald(observed: f64, total: f64, standard_error: f64) -> Interval {
    let half = ERRORS * standard_error;
    Interval::of((total - half).max(observed), total + half)
}

/// The number unseen has a log-normal distribution (Burnham; Chao 1987, "Estimating the population
/// size for capture-recapture data with unequal catchability", Biometrics 43, 783–791):
/// `n + f0 / c` to `n + f0 c`, `c = exp(z sqrt(log(1 + se^2 / f0^2)))`. With nobody unseen there is
/// no such distribution, and both ends are the number observed.
pub fn log_normal(observed: f64, unseen: f64, standard_error: f64) -> Interval {
    if unseen <= 0.0 {
        return Interval::of(observed, observed);
    }
    let ratio = standard_error / unseen;
    let factor = (ERRORS * (ratio * ratio).ln_1p().sqrt()).exp();
    Interval::of(observed + unseen / factor, observed + unseen * factor)
}
