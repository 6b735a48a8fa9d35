//! Counts as real numbers, and quantiles: the few conversions that every estimator needs.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// A count as a real number: exact to 2^53, which no count of people reaches.
pub fn real(count: u64) -> f64 {
    let high = u32::try_from(count >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(count & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// A length as a real number.
pub fn size(length: usize) -> f64 {
    real(u64::try_from(length).unwrap_or(u64::MAX))
}

/// The share of intervals that are to hold the truth; strictly between nought and one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level(f64);

impl Level {
    /// 95 %, the level of every published interval.
    pub const NINETY_FIVE: Level = Level(0.95);

    /// A level; none outside nought to one.
    pub fn new(level: f64) -> Option<Self> {
        (level > 0.0 && level < 1.0).then_some(Level(level))
    }

    /// As a share.
    pub fn share(self) -> f64 {
        self.0
    }

    /// The two-sided quantile of the normal distribution: 1.96 at 95 %.
    pub fn normal(self) -> f64 {
        if self == Level::NINETY_FIVE {
            return 1.959_963_984_540_054;
        }
        Normal::standard().inverse_cdf(0.5 + self.0 / 2.0)
    }

    /// The two-sided quantile of Student's t; the normal one where the degrees of freedom are not
    /// a positive number or beyond ten million.
    pub fn student(self, degrees: f64) -> f64 {
        if degrees.is_nan() || degrees <= 0.0 || degrees > 1e7 {
            return self.normal();
        }
        StudentsT::new(0.0, 1.0, degrees)
            .map_or_else(|_| self.normal(), |t| t.inverse_cdf(0.5 + self.0 / 2.0))
    }
}

/// The mean, and the variance with divisor n − 1; a variance of nought for fewer than two.
pub fn mean_and_variance(values: &[f64]) -> (f64, f64) {
    let n = size(values.len());
    if values.is_empty() {
        return (0.0, 0.0);
    }
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return (mean, 0.0);
    }
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, squares / (n - 1.0))
}

/// The quantile of sorted values, interpolated between neighbours (type 7 of Hyndman and Fan 1996);
/// nought of none.
pub fn sorted_quantile(values: &[f64], share: f64) -> f64 {
    let Some(last) = values.len().checked_sub(1) else {
        return 0.0;
    };
    let place = size(last) * share.clamp(0.0, 1.0);
    let below = values
        .iter()
        .zip(0_u32..)
        .take_while(|(_, i)| f64::from(*i) <= place);
    let Some((low, at)) = below.last() else {
        return 0.0;
    };
    let after = usize::try_from(at).unwrap_or(last) + 1;
    let high = values.get(after).unwrap_or(low);
    low + (place - f64::from(at)) * (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_tables() {
        let ninety = Level::new(0.9).expect("a level");
        assert!((ninety.normal() - 1.644_853_626_951_472_7).abs() < 1e-9);
        for (degrees, t) in [(1.0, 12.706_205), (4.0, 2.776_445), (30.0, 2.042_272)] {
            let found = Level::NINETY_FIVE.student(degrees);
            assert!((found - t).abs() < 1e-5, "{degrees} {found}");
        }
        assert_eq!(Level::new(1.0), None);
    }

    #[test]
    fn quantiles_of_values() {
        let of = |share| sorted_quantile(&[1.0, 2.0, 4.0, 8.0], share);
        assert_eq!([of(0.0), of(0.5), of(1.0)], [1.0, 3.0, 8.0]);
        assert!((of(0.9) - 6.8).abs() < 1e-12);
        assert_eq!(sorted_quantile(&[], 0.5), 0.0);
        assert_eq!(sorted_quantile(&[3.0], 0.5), 3.0);
    }

    #[test]
    fn counts_are_exact() {
        assert_eq!(real(9_007_199_254_740_991), 9_007_199_254_740_991.0);
        assert_eq!(mean_and_variance(&[1.0, 3.0]), (2.0, 2.0));
        assert_eq!(mean_and_variance(&[]), (0.0, 0.0));
    }
}
