//! From a variance to limits.
//!
//! A population is what was counted, R, and what was not, f₀. What was counted is there, so the
//! interval is laid about f₀ alone and on its logarithm:
//!
//! ```text
//! R + f₀ / c  to  R + f₀ c,   c = exp(z √ log(1 + V / f₀²))
//! ```
//!
//! (Burnham, in Chao, "Estimating the population size for capture-recapture data with unequal
//! catchability", Biometrics 43, 1987). It is skewed as the estimator is, and never below the count.

use super::super::method_error::{MethodError, finite};
use super::super::number::Level;

/// From and to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower limit.
    pub lower: f64,
    /// The upper limit.
    pub upper: f64,
}

impl Interval {
    /// Does it hold the value?
    pub fn holds(self, value: f64) -> bool {
        self.lower <= value && value <= self.upper
    }

    /// From end to end.
    pub fn width(self) -> f64 {
        self.upper - self.lower
    }
}

/// The interval of counted + unseen with that variance, on the logarithm of the unseen. Where
/// nobody is estimated to be unseen, the normal interval of the count, cut at nought.
///
/// # Errors
/// KL-E-212 if a number is not finite; KL-E-201 if the variance is below nought.
pub fn log_normal(
    counted: f64,
    unseen: f64,
    variance: f64,
    level: Level,
) -> Result<Interval, MethodError> {
    if finite(unseen, "the number of unseen")? <= 0.0 {
        let about = normal(counted, variance, level)?;
        return Ok(Interval {
            lower: about.lower.max(0.0),
            upper: about.upper,
        });
    }
    let (counted, variance) = (finite(counted, "the count")?, checked(variance)?);
    let spread = (variance / (unseen * unseen)).ln_1p().sqrt();
    let c = (level.normal() * spread).exp();
    Ok(Interval {
        lower: counted + unseen / c,
        upper: finite(counted + unseen * c, "an upper limit")?,
    })
}

/// The normal interval.
///
/// # Errors
/// KL-E-212 if a number is not finite; KL-E-201 if the variance is below nought.
pub fn normal(value: f64, variance: f64, level: Level) -> Result<Interval, MethodError> {
    let half = level.normal() * checked(variance)?.sqrt();
    let value = finite(value, "an estimate")?;
    Ok(Interval {
        lower: value - half,
        upper: value + half,
    })
}

fn checked(variance: f64) -> Result<f64, MethodError> {
    match finite(variance, "a variance")? >= 0.0 {
        true => Ok(variance),
        false => Err(MethodError::OutOfRange {
            what: "a variance",
            low: 0.0,
            high: f64::MAX,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_the_unseen() {
        // Hepatitis A in Taiwan, lists P and Q; reckoned with 1.96, which is this level.
        let level = Level::new(0.950_004_209_703_559).expect("a level");
        let i = log_normal(208.0, 125.56, 28.699_714_284_292_1_f64.powi(2), level);
        let i = i.expect("an interval");
        assert!((i.lower - 288.678_399_955_808_7).abs() < 1e-6, "{i:?}");
        assert!((i.upper - 403.409_348_829_866_15).abs() < 1e-6, "{i:?}");
    }

    #[test]
    fn nobody_unseen_and_numbers_that_are_none() {
        let i = log_normal(10.0, 0.0, 100.0, Level::NINETY_FIVE).expect("an interval");
        assert_eq!(i.lower, 0.0);
        assert!((i.upper - 29.6).abs() < 0.01);
        assert!(log_normal(10.0, 5.0, f64::NAN, Level::NINETY_FIVE).is_err());
        assert!(log_normal(10.0, 5.0, -1.0, Level::NINETY_FIVE).is_err());
        assert!(normal(f64::INFINITY, 1.0, Level::NINETY_FIVE).is_err());
    }
}
