//! The variance that a protection method adds to a published number.
//!
//! The mechanism is public, so its variance is known and is added after everything else. Laplace
//! noise: Dwork et al. 2006; the two-sided geometric: Ghosh, Roughgarden and Sundararajan 2009; the
//! discrete Gaussian: Canonne, Kamath and Steinke 2020. Δ, the sensitivity, is that of the unit that
//! is protected: where a parent or family is protected, the most children a family can add.

use super::super::method_error::{MethodError, within};

/// A way of protecting one number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Noise {
    /// The number is published as it is.
    None,
    /// Laplace noise with that scale b = Δ / ε.
    Laplace {
        /// b, in children.
        scale: f64,
    },
    /// Two-sided geometric noise with a = exp(−ε / Δ).
    Geometric {
        /// ε / Δ.
        rate: f64,
    },
    /// Discrete Gaussian noise with parameter σ.
    DiscreteGaussian {
        /// σ, in children.
        sigma: f64,
    },
    /// Rounding to the nearest multiple.
    Nearest {
        /// The base.
        base: f64,
    },
    /// Rounding up or down at random, unbiased.
    Random {
        /// The base.
        base: u32,
    },
}

impl Noise {
    /// The variance it adds to one number.
    ///
    /// Laplace 2 b²; geometric 2a / (1 − a)²; discrete Gaussian σ² (an upper bound that is met to
    /// eight digits from σ = 1 on); nearest b² / 12; random r (b − r) averaged over the remainders
    /// r, which is (b² − 1) / 6.
    ///
    /// # Errors
    /// KL-E-201 if a scale is not above nought.
    pub fn variance(self) -> Result<f64, MethodError> {
        let above = |value: f64, what| within(value, [f64::MIN_POSITIVE, f64::MAX], what);
        Ok(match self {
            Noise::None => 0.0,
            Noise::Laplace { scale } => 2.0 * above(scale, "the scale of the noise")?.powi(2),
            Noise::Geometric { rate } => {
                let a = (-above(rate, "the rate of the noise")?).exp();
                2.0 * a / (1.0 - a).powi(2)
            }
            Noise::DiscreteGaussian { sigma } => above(sigma, "sigma of the noise")?.powi(2),
            Noise::Nearest { base } => above(base, "the base of rounding")?.powi(2) / 12.0,
            Noise::Random { base } => {
                let base = above(f64::from(base), "the base of rounding")?;
                (base * base - 1.0) / 6.0
            }
        })
    }

    /// The variance of random rounding of a number whose remainder is known: r (b − r).
    ///
    /// # Errors
    /// KL-E-201 if the remainder is not below the base.
    pub fn of_remainder(remainder: u32, base: u32) -> Result<f64, MethodError> {
        let (r, b) = (f64::from(remainder), f64::from(base));
        within(r, [0.0, (b - 1.0).max(0.0)], "a remainder")?;
        Ok(r * (b - r))
    }

    /// The variance of a sum of so many numbers, each with noise of its own.
    ///
    /// # Errors
    /// KL-E-201 if a scale is not above nought.
    pub fn variance_of_sum(self, numbers: u32) -> Result<f64, MethodError> {
        Ok(self.variance()? * f64::from(numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variances_are_those_of_the_distributions() {
        let v = |n: Noise| n.variance().expect("a variance");
        assert_eq!(v(Noise::Laplace { scale: 8.0 }), 128.0);
        // Directly: P(k) = (1 − a) / (1 + a) a^|k|.
        let a = (-0.5_f64).exp();
        let direct: f64 = (1..400)
            .map(|k| 2.0 * f64::from(k).powi(2) * (1.0 - a) / (1.0 + a) * a.powi(k))
            .sum();
        assert!((v(Noise::Geometric { rate: 0.5 }) - direct).abs() < 1e-9);
        let weight = |k: i32| (-f64::from(k).powi(2) / 18.0).exp();
        let (sum, squares) = (-200..=200).fold((0.0, 0.0), |(s, q), k| {
            (s + weight(k), q + weight(k) * f64::from(k).powi(2))
        });
        assert!((v(Noise::DiscreteGaussian { sigma: 3.0 }) - squares / sum).abs() < 1e-8);
        let all: f64 = (0..5).map(|r| Noise::of_remainder(r, 5).expect("v")).sum();
        assert_eq!(v(Noise::Random { base: 5 }), all / 5.0);
        assert_eq!(v(Noise::Nearest { base: 5.0 }), 25.0 / 12.0);
        assert_eq!(v(Noise::None), 0.0);
        assert!(Noise::Laplace { scale: 0.0 }.variance().is_err());
        assert!(Noise::Geometric { rate: f64::NAN }.variance().is_err());
        assert!(Noise::of_remainder(5, 5).is_err());
        assert_eq!(Noise::Laplace { scale: 1.0 }.variance_of_sum(3), Ok(6.0));
    }
}
