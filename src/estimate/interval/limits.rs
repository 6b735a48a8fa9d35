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
//!
//! Of a part, some of the error may have nothing to do with the unseen: who of the counted is in the
//! part at all. That error goes to both sides alike. With l and u the limits about the unseen and W the
//! other variance, the limits of the sum N are
//!
//! ```text
//! N − √((N − l)² + z² W)  to  N + √((u − N)² + z² W)
//! ```
//!
//! (Zou and Donner, "Construction of confidence limits about effect measures: a general approach",
//! Statistics in Medicine 27, 2008, 1693–1702).

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

/// The interval of counted + unseen with two independent errors: one about the unseen, as in
/// [`log_normal`], and one that is not. Not below nought.
///
/// # Errors
/// KL-E-212 if a number is not finite; KL-E-201 if a variance is below nought.
pub fn with_other_error(
    counted: f64,
    unseen: f64,
    [of_unseen, other]: [f64; 2],
    level: Level,
) -> Result<Interval, MethodError> {
    let about = log_normal(counted, unseen, of_unseen, level)?;
    if checked(other)? == 0.0 {
        return Ok(about);
    }
    let value = counted + unseen;
    let other = level.normal().powi(2) * other;
    let half = |side: f64| (side * side + other).sqrt();
    Ok(Interval {
        lower: (value - half(value - about.lower)).max(0.0),
        upper: finite(value + half(about.upper - value), "an upper limit")?,
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
    fn an_error_that_is_not_of_the_unseen_goes_to_both_sides() {
        let of = |variances| with_other_error(800.0, 100.0, variances, Level::NINETY_FIVE);
        let skewed = log_normal(800.0, 100.0, 1_600.0, Level::NINETY_FIVE).expect("an interval");
        assert_eq!(of([1_600.0, 0.0]).expect("an interval"), skewed);
        // Nothing about the unseen: the normal interval.
        let even = of([0.0, 1_600.0]).expect("an interval");
        let half = Level::NINETY_FIVE.normal() * 40.0;
        assert!((even.lower - (900.0 - half)).abs() < 1e-9);
        assert!((even.upper - (900.0 + half)).abs() < 1e-9);
        // Both: below the count too, and skewed less.
        let both = of([1_600.0, 6_400.0]).expect("an interval");
        assert!(both.lower < 800.0 && both.lower < skewed.lower && skewed.upper < both.upper);
        assert!(900.0 - both.lower < both.upper - 900.0);
        assert!(of([1.0, -1.0]).is_err() && of([f64::NAN, 1.0]).is_err());
        let few = with_other_error(3.0, 1.0, [1.0, 100.0], Level::NINETY_FIVE);
        assert_eq!(few.expect("an interval").lower, 0.0);
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
