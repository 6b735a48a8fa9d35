//! Rubin's rules: the mean of the estimates, the variance T = U + (1 + 1/M) B, and the degrees of
//! freedom of Barnard and Rubin ("Small-sample degrees of freedom with multiple imputation",
//! Biometrika 86, 1999).

use super::super::interval::limits::Interval;
use super::super::method_error::{MethodError, finite, within};
use super::super::number::{Level, mean_and_variance, size};

/// A number of imputations: 20 at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imputations(u16);

impl Imputations {
    /// Of that number.
    ///
    /// # Errors
    /// KL-E-210 below 20.
    pub fn new(number: u16) -> Result<Self, MethodError> {
        match number >= 20 {
            true => Ok(Imputations(number)),
            false => Err(MethodError::TooFew {
                what: "imputations",
                found: usize::from(number),
                needed: 20,
            }),
        }
    }

    /// The number.
    pub fn number(self) -> u16 {
        self.0
    }
}

/// Estimates of imputed data sets, pooled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pooled {
    /// The mean estimate.
    pub estimate: f64,
    /// U: the mean variance within.
    pub within: f64,
    /// B: the variance between.
    pub between: f64,
    /// M.
    pub imputations: usize,
    /// T.
    pub variance: f64,
    /// Degrees of freedom; infinite where nothing varies between imputations.
    pub degrees: f64,
    /// The relative increase of variance, (1 + 1/M) B / U; infinite where U is nought.
    pub increase: f64,
    /// The share of information that is missing, (r + 2/(ν + 3)) / (r + 1).
    pub missing_information: f64,
}

impl Pooled {
    /// (1 + 1/M) B, the part that goes into the national interval.
    pub fn imputation_variance(&self) -> f64 {
        (1.0 + 1.0 / size(self.imputations)) * self.between
    }

    /// The interval by Student's t.
    ///
    /// # Errors
    /// KL-E-212 if a number is not finite.
    pub fn interval(&self, level: Level) -> Result<Interval, MethodError> {
        let half = level.student(self.degrees) * finite(self.variance, "a variance")?.sqrt();
        Ok(Interval {
            lower: self.estimate - half,
            upper: self.estimate + half,
        })
    }
}

/// Pools estimates with their variances. `complete` is the degrees of freedom that complete data
/// would have, n − k; none where all of a population is in the data, or n is large.
///
/// # Errors
/// KL-E-210 for fewer than two; KL-E-201 for a variance below nought; KL-E-212 for a number that is
/// not finite.
pub fn pool(estimates: &[(f64, f64)], complete: Option<f64>) -> Result<Pooled, MethodError> {
    if estimates.len() < 2 {
        return Err(MethodError::TooFew {
            what: "imputed data sets",
            found: estimates.len(),
            needed: 2,
        });
    }
    for (q, u) in estimates {
        finite(*q, "an estimate")?;
        within(*u, [0.0, f64::MAX], "a variance")?;
    }
    let values: Vec<f64> = estimates.iter().map(|(q, _)| *q).collect();
    let (estimate, between) = mean_and_variance(&values);
    let m = size(estimates.len());
    let inside = estimates.iter().map(|(_, u)| u).sum::<f64>() / m;
    let extra = (1.0 + 1.0 / m) * between;
    let variance = inside + extra;
    let degrees = degrees(m, extra, variance, complete);
    let increase = match (inside > 0.0, extra > 0.0) {
        (true, _) => extra / inside,
        (false, true) => f64::INFINITY,
        (false, false) => 0.0,
    };
    let missing_information = match increase.is_finite() {
        true => (increase + 2.0 / (degrees + 3.0)) / (increase + 1.0),
        false => 1.0,
    };
    Ok(Pooled {
        estimate,
        within: inside,
        between,
        imputations: estimates.len(),
        variance,
        degrees,
        increase,
        missing_information,
    })
}

fn degrees(m: f64, extra: f64, variance: f64, complete: Option<f64>) -> f64 {
    let lambda = match variance > 0.0 {
        true => extra / variance,
        false => 0.0,
    };
    let old = match lambda > 0.0 {
        true => (m - 1.0) / (lambda * lambda),
        false => f64::INFINITY,
    };
    // With no variance within, complete data leave nothing open and the correction has no meaning.
    let observed = complete
        .filter(|_| lambda < 1.0)
        .map(|c| (c + 1.0) / (c + 3.0) * c * (1.0 - lambda));
    match observed {
        Some(observed) if old.is_infinite() => observed,
        Some(observed) => old * observed / (old + observed),
        None => old,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_between_and_nothing_within() {
        let same = pool(&[(2.0, 1.0); 20], None).expect("pooled");
        assert_eq!((same.variance, same.degrees), (1.0, f64::INFINITY));
        let i = same.interval(Level::NINETY_FIVE).expect("an interval");
        assert!((i.upper - 2.0 - 1.959_963_98).abs() < 1e-6);
        let census = pool(&[(1.0, 0.0), (3.0, 0.0)], Some(20.0)).expect("pooled");
        assert_eq!((census.degrees, census.missing_information), (1.0, 1.0));
        assert!(
            census
                .interval(Level::NINETY_FIVE)
                .expect("i")
                .upper
                .is_finite()
        );
        assert_eq!(census.imputation_variance(), 3.0);
        let still = pool(&[(1.0, 0.0); 3], Some(20.0)).expect("pooled");
        assert!(still.interval(Level::NINETY_FIVE).expect("i").width() == 0.0);
        assert!(pool(&[(1.0, 1.0)], None).is_err());
        assert!(pool(&[(1.0, -1.0), (1.0, 1.0)], None).is_err());
        assert!(Imputations::new(19).is_err());
        assert_eq!(Imputations::new(20).map(Imputations::number), Ok(20));
    }
}
