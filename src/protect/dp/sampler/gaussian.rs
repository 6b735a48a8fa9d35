//! The discrete Gaussian distribution: P(x) ∝ exp(−x²/2σ²) over the whole numbers.
//!
//! Canonne, Kamath, Steinke, algorithm 3: a discrete Laplace draw Y of the scale t = ⌊σ⌋ + 1 is
//! kept with the chance exp(−(|Y| − σ²/t)²/2σ²). With σ² = a/b that is exp(−γ) with
//! γ = (|Y| t b − a)²/(2 a b t²), a fraction of whole numbers. Its variance is at most σ²
//! (theorem 7 there).

use num_bigint::BigUint;

use super::BadParameter;
use super::bernoulli::{bernoulli_exp, bernoulli_exp_big};
use super::bits::Bits;
use super::laplace::of_whole_scale;
use crate::protect::dp::exact::Ratio;

/// Draws of P(x) ∝ exp(−x²/2σ²).
#[derive(Debug, Clone)]
pub struct DiscreteGaussian {
    /// ⌊σ⌋ + 1.
    t: u32,
    fixed: Option<Fixed>,
    big: Big,
}

/// The parts of γ in 128 bits.
#[derive(Debug, Clone, Copy)]
struct Fixed {
    /// t·b
    step: u128,
    /// a
    middle: u128,
    /// 2·a·b·t²
    below: u128,
}

#[derive(Debug, Clone)]
struct Big {
    step: BigUint,
    middle: BigUint,
    below: BigUint,
}

impl DiscreteGaussian {
    /// The distribution of a variance parameter σ² above 0 and below 2⁶².
    ///
    /// # Errors
    /// [`BadParameter`] for any other.
    pub fn new(variance: &Ratio) -> Result<Self, BadParameter> {
        if variance.is_zero() {
            return Err(BadParameter::Zero);
        }
        let t = variance.floor().sqrt() + 1_u8;
        let t = u32::try_from(&t)
            .ok()
            .filter(|t| *t < 1 << 31)
            .ok_or(BadParameter::TooLarge)?;
        let (a, b) = (variance.numerator(), variance.denominator());
        let big = Big {
            step: b * t,
            middle: a.clone(),
            below: a * b * 2_u8 * t * t,
        };
        let fixed = match (
            u128::try_from(&big.step),
            u128::try_from(&big.middle),
            u128::try_from(&big.below),
        ) {
            (Ok(step), Ok(middle), Ok(below)) => Some(Fixed {
                step,
                middle,
                below,
            }),
            _ => None,
        };
        Ok(DiscreteGaussian { t, fixed, big })
    }

    /// One draw.
    #[inline]
    pub fn draw(&self, bits: &mut Bits) -> i64 {
        loop {
            let y = of_whole_scale(bits, self.t);
            if self.keeps(bits, y.unsigned_abs()) {
                return y;
            }
        }
    }

    /// The coin of the chance exp(−γ): in 128 bits where nothing of γ is longer, else in integers
    /// of any size. Both toss the same coin.
    #[inline]
    fn keeps(&self, bits: &mut Bits, y: u64) -> bool {
        if let Some(fixed) = self.fixed
            && let Some(reached) = fixed.step.checked_mul(u128::from(y))
            && let away = reached.abs_diff(fixed.middle)
            && let Some(square) = away.checked_mul(away)
        {
            return bernoulli_exp(bits, square, fixed.below);
        }
        self.keeps_big(bits, y)
    }

    fn keeps_big(&self, bits: &mut Bits, y: u64) -> bool {
        let reached = &self.big.step * y;
        let away = if reached > self.big.middle {
            reached - &self.big.middle
        } else {
            &self.big.middle - reached
        };
        bernoulli_exp_big(bits, &away * &away, &self.big.below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(text: &str) -> Ratio {
        text.parse().expect("ratio")
    }

    #[test]
    fn fixed_and_big_draws_are_the_same_draws() {
        for variance in [
            "1/2",
            "1",
            "25/4",
            "5000000/123457",
            "4000",
            "170141183460469231731/170141183460469231",
            "1000000007/3",
        ] {
            let fast = DiscreteGaussian::new(&ratio(variance)).expect("variance");
            let slow = DiscreteGaussian {
                fixed: None,
                ..fast.clone()
            };
            let (mut one, mut other) = (Bits::from_seed([2; 32]), Bits::from_seed([2; 32]));
            for _ in 0..1_000 {
                assert_eq!(fast.draw(&mut one), slow.draw(&mut other), "{variance}");
            }
        }
    }

    #[test]
    fn parameters_without_a_distribution_are_refused() {
        assert_eq!(
            DiscreteGaussian::new(&Ratio::zero()).err(),
            Some(BadParameter::Zero)
        );
        assert_eq!(
            DiscreteGaussian::new(&Ratio::whole(1_u64 << 62)).err(),
            Some(BadParameter::TooLarge)
        );
        assert!(DiscreteGaussian::new(&ratio("1/1000000")).is_ok());
    }

    #[test]
    fn the_first_draws_of_a_seed_stay_what_they_are() {
        // A change of these is a change of every released figure that is drawn again.
        let gaussian = DiscreteGaussian::new(&ratio("40")).expect("variance");
        let mut bits = Bits::from_seed([42; 32]);
        let draws: Vec<i64> = (0..12).map(|_| gaussian.draw(&mut bits)).collect();
        assert_eq!(draws, FIRST);
    }

    const FIRST: [i64; 12] = [-8, -3, 2, 4, 3, 4, 10, -5, -11, 0, -2, -5];
}
