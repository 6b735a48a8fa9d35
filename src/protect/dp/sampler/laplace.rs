//! The discrete Laplace distribution: P(x) ∝ exp(−|x| s/t) for a scale of t/s.
//!
//! Canonne, Kamath, Steinke, algorithm 2. Its variance is 2 e/(e − 1)² with e = exp(s/t), which is
//! less than 2 (t/s)².

use num_bigint::BigUint;

use super::BadParameter;
use super::bernoulli::{bernoulli_exp_big, bernoulli_exp_minus_one, small};
use super::bits::Bits;
use crate::protect::dp::exact::Ratio;

/// Draws of P(x) ∝ exp(−|x| / scale).
#[derive(Debug, Clone)]
pub struct DiscreteLaplace {
    size: Size,
}

#[derive(Debug, Clone)]
enum Size {
    /// Both parts of the scale have 32 bits.
    Small {
        t: u32,
        s: u32,
    },
    Big {
        t: BigUint,
        s: BigUint,
    },
}

impl DiscreteLaplace {
    /// The distribution of a scale above 0 and below 2⁴⁰.
    ///
    /// # Errors
    /// [`BadParameter`] for any other scale.
    pub fn new(scale: &Ratio) -> Result<Self, BadParameter> {
        if scale.is_zero() {
            return Err(BadParameter::Zero);
        }
        if scale.ceiling().bits() > 40 {
            return Err(BadParameter::TooLarge);
        }
        let (t, s) = (scale.numerator(), scale.denominator());
        let size = match (u32::try_from(t), u32::try_from(s)) {
            (Ok(t), Ok(s)) => Size::Small { t, s },
            _ => Size::Big {
                t: t.clone(),
                s: s.clone(),
            },
        };
        Ok(DiscreteLaplace { size })
    }

    /// One draw.
    pub fn draw(&self, bits: &mut Bits) -> i64 {
        match &self.size {
            Size::Small { t, s: 1 } => of_whole_scale(bits, *t),
            Size::Small { t, s } => loop {
                let x = magnitude(bits, *t) / u64::from(*s);
                if let Some(y) = with_sign(bits, x) {
                    return y;
                }
            },
            Size::Big { t, s } => loop {
                let x = magnitude_big(bits, t) / s;
                // A scale below 2⁴⁰ passes 2⁶² with a chance below exp(−2²²), that is never.
                let x = u64::try_from(&x).unwrap_or(u64::MAX);
                if let Some(y) = with_sign(bits, x.min(1 << 62)) {
                    return y;
                }
            },
        }
    }
}

/// A draw of the scale `t`, a whole number: what the discrete Gaussian starts from.
#[inline]
pub(super) fn of_whole_scale(bits: &mut Bits, t: u32) -> i64 {
    loop {
        let x = magnitude(bits, t);
        if let Some(y) = with_sign(bits, x) {
            return y;
        }
    }
}

/// The sign; none for −0, which would make 0 twice as likely as it is.
#[inline]
fn with_sign(bits: &mut Bits, x: u64) -> Option<i64> {
    let negative = bits.bit();
    let x = i64::try_from(x).ok()?;
    match (negative, x) {
        (true, 0) => None,
        (true, x) => Some(-x),
        (false, x) => Some(x),
    }
}

/// A draw of P(x) ∝ exp(−x/t) over x = 0, 1, 2, …: a uniform rest, kept with the chance
/// exp(−rest/t), and t for every success of a coin of the chance exp(−1).
#[inline]
fn magnitude(bits: &mut Bits, t: u32) -> u64 {
    let rest = loop {
        let rest = bits.uniform(t);
        if kept(bits, rest, t) {
            break rest;
        }
    };
    let mut turns = 0_u64;
    while bernoulli_exp_minus_one(bits) {
        turns += 1;
    }
    u64::from(rest) + u64::from(t) * turns
}

/// A coin of the chance exp(−rest/t), rest < t.
#[inline]
fn kept(bits: &mut Bits, rest: u32, t: u32) -> bool {
    let mut k = 1_u32;
    loop {
        let coin = match t.checked_mul(k) {
            Some(product) => small(bits, rest, product),
            None => super::bernoulli(bits, rest.into(), u128::from(t) * u128::from(k)),
        };
        if !coin {
            return k % 2 == 1;
        }
        k += 1;
    }
}

fn magnitude_big(bits: &mut Bits, t: &BigUint) -> BigUint {
    let rest = loop {
        let rest = match u32::try_from(t) {
            Ok(t) => BigUint::from(bits.uniform(t)),
            Err(_) => bits.uniform_big(t),
        };
        if bernoulli_exp_big(bits, rest.clone(), t) {
            break rest;
        }
    };
    let mut turns = 0_u64;
    while bernoulli_exp_minus_one(bits) {
        turns += 1;
    }
    rest + t * turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_big_draws_are_the_same_draws() {
        for (t, s) in [
            (1_u32, 1_u32),
            (5, 2),
            (4_000_000_000, 1_999_999_999),
            (7, 3),
        ] {
            let scale = Ratio::new(t, s).expect("ratio");
            let small = DiscreteLaplace::new(&scale).expect("scale");
            let big = DiscreteLaplace {
                size: Size::Big {
                    t: t.into(),
                    s: s.into(),
                },
            };
            let (mut one, mut other) = (Bits::from_seed([1; 32]), Bits::from_seed([1; 32]));
            for _ in 0..500 {
                assert_eq!(small.draw(&mut one), big.draw(&mut other), "{t}/{s}");
            }
        }
    }

    #[test]
    fn parameters_without_a_distribution_are_refused() {
        assert_eq!(
            DiscreteLaplace::new(&Ratio::zero()).err(),
            Some(BadParameter::Zero)
        );
        let huge = Ratio::whole(1_u64 << 41);
        assert_eq!(
            DiscreteLaplace::new(&huge).err(),
            Some(BadParameter::TooLarge)
        );
    }
}
