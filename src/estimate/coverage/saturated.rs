//! The saturated estimator of three lists: every pair of lists may depend on each other.
//!
//! ```text
//! f₀ = n₁₁₁ n₁₀₀ n₀₁₀ n₀₀₁ / (n₁₁₀ n₁₀₁ n₀₁₁)
//! ```
//!
//! (Fienberg, "The multiple recapture census for closed populations and incomplete 2^k contingency
//! tables", Biometrika 59, 1972). It assumes that there is no dependence of all three beyond those
//! of pairs, which three lists cannot tell: the band f₀ exp(−δ) shows what it would change. The form
//! with n + 1 below takes away the bias of small numbers, as Chapman's does for two lists.

use super::super::method_error::MethodError;
use super::histories::Corrected;

/// Whether one is added to the numbers below the fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it stands; the maximum of the likelihood.
    Plain,
    /// With n + 1 below: for estimates.
    SmallSample,
}

/// The sign of each history in the logarithm of f₀, in the order of [`super::History::all`].
pub const SIGNS: [f64; 7] = [1.0, 1.0, -1.0, 1.0, -1.0, -1.0, 1.0];

/// The values of the three-way term for which the estimate is told.
pub const DELTAS: [f64; 5] = [-0.5, -0.25, 0.0, 0.25, 0.5];

/// The estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Saturated {
    /// Distinct children in the lists.
    pub counted: f64,
    /// Children in none.
    pub unseen: f64,
    /// What one more child of each history adds to the estimate.
    pub gradient: [f64; 7],
    /// The variance if children were caught one by one: f₀² Σ 1/n + f₀. Families are not; see
    /// [`crate::estimate::family_variance`].
    pub variance_of_independent: f64,
}

impl Saturated {
    /// Estimates.
    ///
    /// # Errors
    /// KL-E-204 in the plain form if a pair of lists has no child alone.
    pub fn estimate(numbers: &Corrected, form: Form) -> Result<Self, MethodError> {
        let one = match form {
            Form::Plain => 0.0,
            Form::SmallSample => 1.0,
        };
        let n = numbers.numbers();
        let (mut above, mut below) = (1.0, 1.0);
        for (x, sign) in n.iter().zip(SIGNS) {
            match sign > 0.0 {
                true => above *= x,
                false => below *= x + one,
            }
        }
        if below <= 0.0 {
            return Err(MethodError::NoOverlap);
        }
        let unseen = above / below;
        let slope = |at: usize, x: f64, sign: f64| match sign > 0.0 {
            true => product_without(n, at) / below,
            false => -unseen / (x + one),
        };
        let mut gradient = [0.0; 7];
        let mut spread = 0.0;
        for (at, ((slot, x), sign)) in gradient.iter_mut().zip(n).zip(SIGNS).enumerate() {
            let d = slope(at, *x, sign);
            *slot = 1.0 + d;
            spread += d * d * x;
        }
        Ok(Saturated {
            counted: numbers.counted(),
            unseen,
            gradient,
            variance_of_independent: spread + unseen,
        })
    }

    /// The population.
    pub fn population(&self) -> f64 {
        self.counted + self.unseen
    }

    /// The population if the three-way term, which cannot be told from the data, were δ.
    pub fn with_three_way(&self, delta: f64) -> f64 {
        self.counted + self.unseen * (-delta).exp()
    }

    /// The band over [`DELTAS`].
    pub fn band(&self) -> [(f64, f64); 5] {
        DELTAS.map(|delta| (delta, self.with_three_way(delta)))
    }

    /// The estimated share of the population that the lists hold; one of nobody.
    pub fn coverage(&self) -> f64 {
        match self.population() > 0.0 {
            true => self.counted / self.population(),
            false => 1.0,
        }
    }
}

/// The product of the numbers above the fraction but the one at that place.
fn product_without(n: &[f64; 7], at: usize) -> f64 {
    n.iter()
        .zip(SIGNS)
        .enumerate()
        .filter(|(i, (_, sign))| *i != at && *sign > 0.0)
        .map(|(_, (x, _))| x)
        .product()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_gradient_is_that_of_the_estimate(n in proptest::array::uniform7(1.0..500.0_f64), at in 0..7_usize) {
            let of = |n: [f64; 7]| Saturated::estimate(&Corrected(n), Form::SmallSample).unwrap();
            let h = 1e-5 * n[at];
            let (mut up, mut down) = (n, n);
            up[at] += h;
            down[at] -= h;
            let numeric = (of(up).population() - of(down).population()) / (2.0 * h);
            let told = of(n).gradient[at];
            prop_assert!((numeric - told).abs() < 1e-4 * told.abs().max(1.0), "{numeric} {told}");
        }

        #[test]
        fn exact_under_pairwise_dependence(
            p in proptest::array::uniform3(0.2..0.7_f64), odds in proptest::array::uniform3(0.5..2.0_f64),
        ) {
            // Cells of a log-linear model with all pairs; the estimate gives back the eighth.
            let cell = |mask: usize| {
                let on = |l: usize| mask & (1 << l) != 0;
                let single: f64 = (0..3).filter(|l| on(*l)).map(|l| p[l] / (1.0 - p[l])).product();
                let pair = |i: usize, j: usize, o: f64| if on(i) && on(j) { o } else { 1.0 };
                1000.0 * single * pair(0, 1, odds[0]) * pair(0, 2, odds[1]) * pair(1, 2, odds[2])
            };
            let n: [f64; 7] = std::array::from_fn(|i| cell(i + 1));
            let found = Saturated::estimate(&Corrected(n), Form::Plain).unwrap();
            prop_assert!((found.unseen - 1000.0).abs() < 1e-6);
            prop_assert!(found.band()[0].1 > found.population() && found.band()[4].1 < found.population());
        }
    }

    #[test]
    fn empty_cells() {
        let n = Corrected([10.0, 10.0, 0.0, 10.0, 5.0, 5.0, 5.0]);
        assert_eq!(
            Saturated::estimate(&n, Form::Plain),
            Err(MethodError::NoOverlap)
        );
        let small = Saturated::estimate(&n, Form::SmallSample).expect("an estimate");
        assert!(small.unseen.is_finite() && small.gradient.iter().all(|g| g.is_finite()));
        let none =
            Saturated::estimate(&Corrected([0.0; 7]), Form::SmallSample).expect("an estimate");
        assert_eq!((none.population(), none.coverage()), (0.0, 1.0));
    }
}
