//! Coins: one of a rational chance, and one of the chance exp(−γ) for a rational γ.
//!
//! A coin of the chance a/b is a uniform number U of [0, 1) compared with a/b, 32 bits of U at a
//! time. With u the next word, U lies in [u, u + 1)/2³². If u·b ≥ a·2³², U is not below a/b; if
//! (u + 1)·b ≤ a·2³², it is; else the rest decides: the same question for the next word and
//! (a·2³² − u·b)/b, which is again between 0 and 1. Each question is of whole numbers. A number of
//! 128 bits holds them while b < 2⁹⁶, because a ≤ b, u < 2³²; above that big integers ask the same
//! questions of the same words, so both ways give the same coin.

use num_bigint::BigUint;

use super::bits::Bits;

/// Below this, the products of a question fit into 128 bits.
const FITS: u128 = 1 << 96;

/// A coin of the chance `a / b`, `a ≤ b`, `0 < b`.
#[inline]
pub fn bernoulli(bits: &mut Bits, a: u128, b: u128) -> bool {
    match (u32::try_from(a), u32::try_from(b)) {
        (Ok(a), Ok(b)) => small(bits, a, b),
        _ if b < FITS => wide(bits, a, b),
        _ => big(bits, BigUint::from(a), &BigUint::from(b)),
    }
}

/// The same in 64 bits, for numbers of 32.
#[inline]
pub(super) fn small(bits: &mut Bits, a: u32, b: u32) -> bool {
    let (mut a, b) = (u64::from(a), u64::from(b));
    // a = b gives a·2³² − u·b ≥ b for every u, so the coin is sure.
    loop {
        let left = a << 32;
        let product = u64::from(bits.word()) * b;
        if product >= left {
            return false;
        }
        if left - product >= b {
            return true;
        }
        a = left - product;
    }
}

/// The same in 128 bits.
#[inline]
fn wide(bits: &mut Bits, mut a: u128, b: u128) -> bool {
    loop {
        let left = a << 32;
        let product = u128::from(bits.word()) * b;
        if product >= left {
            return false;
        }
        if left - product >= b {
            return true;
        }
        a = left - product;
    }
}

/// The same for numbers of any size.
pub(super) fn big(bits: &mut Bits, mut a: BigUint, b: &BigUint) -> bool {
    loop {
        let left = a << 32_u32;
        let product = b * bits.word();
        if product >= left {
            return false;
        }
        if &left - &product >= *b {
            return true;
        }
        a = left - product;
    }
}

/// A coin of the chance exp(−a/b), `0 < b` (Canonne, Kamath, Steinke, algorithm 1).
#[inline]
pub fn bernoulli_exp(bits: &mut Bits, mut a: u128, b: u128) -> bool {
    while a > b {
        if !bernoulli_exp_minus_one(bits) {
            return false;
        }
        a -= b;
    }
    // Now γ = a/b ≤ 1. The first k whose coin of the chance γ/k fails is odd with the chance exp(−γ).
    let mut k = 1_u32;
    loop {
        let coin = match b.checked_mul(u128::from(k)) {
            Some(product) => bernoulli(bits, a, product),
            None => big(bits, BigUint::from(a), &(BigUint::from(b) * k)),
        };
        if !coin {
            return k % 2 == 1;
        }
        k += 1;
    }
}

/// The same for numbers of any size.
pub(super) fn bernoulli_exp_big(bits: &mut Bits, mut a: BigUint, b: &BigUint) -> bool {
    while a > *b {
        if !bernoulli_exp_minus_one(bits) {
            return false;
        }
        a -= b;
    }
    let mut k = 1_u32;
    while big(bits, a.clone(), &(b * k)) {
        k += 1;
    }
    k % 2 == 1
}

/// A coin of the chance exp(−1).
#[inline]
pub(super) fn bernoulli_exp_minus_one(bits: &mut Bits) -> bool {
    // The first coin, of the chance 1/1, is sure: it is not tossed.
    let mut k = 2_u32;
    while small(bits, 1, k) {
        k += 1;
    }
    k % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_widths_ask_the_same_questions() {
        for (a, b) in [
            (1_u32, 3_u32),
            (2, 3),
            (7, 7),
            (0, 5),
            (999_999_999, 1_000_000_007),
        ] {
            let (mut s, mut w, mut g) = (
                Bits::from_seed([9; 32]),
                Bits::from_seed([9; 32]),
                Bits::from_seed([9; 32]),
            );
            for _ in 0..2_000 {
                let coin = small(&mut s, a, b);
                assert_eq!(coin, wide(&mut w, a.into(), b.into()));
                assert_eq!(coin, big(&mut g, a.into(), &b.into()));
            }
            let next = g.word();
            assert_eq!((s.word(), w.word()), (next, next));
        }
    }

    #[test]
    fn the_widest_and_the_big_coin_agree_at_the_edge() {
        let b = FITS - 1;
        for a in [1, b / 3, b / 2 + 1, b - 1, b] {
            let (mut w, mut g) = (Bits::from_seed([8; 32]), Bits::from_seed([8; 32]));
            for _ in 0..500 {
                let coin = wide(&mut w, a, b);
                assert_eq!(coin, big(&mut g, a.into(), &b.into()));
            }
            assert_eq!(w.word(), g.word());
        }
    }

    #[test]
    fn exponential_coins_agree_with_big_ones() {
        for (a, b) in [(1_u128, 2_u128), (5, 3), (1 << 90, (1 << 91) + 1), (12, 5)] {
            let (mut w, mut g) = (Bits::from_seed([7; 32]), Bits::from_seed([7; 32]));
            let mut sum = 0_u32;
            for _ in 0..4_000 {
                let coin = bernoulli_exp(&mut w, a, b);
                assert_eq!(coin, bernoulli_exp_big(&mut g, a.into(), &b.into()));
                sum += u32::from(coin);
            }
            assert_eq!(w.word(), g.word());
            // exp(−1/2), exp(−5/3), exp(−1/2), exp(−12/5) in 4,000; six standard deviations.
            let expected = match b {
                3 => 756,
                5 => 363,
                _ => 2_426,
            };
            assert!(sum.abs_diff(expected) < 190, "{sum} {expected}");
        }
    }
}
