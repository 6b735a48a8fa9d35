//! Fractions that the natural logarithm of a fraction is proven to lie between.
//!
//! `ln x = k ln 2 + ln m` with `x = 2^k m`, `1 ≤ m < 2`, and
//! `ln m = 2 (z + z³/3 + z⁵/5 + …)` with `z = (m − 1)/(m + 1)`. Every term is computed in fixed
//! point twice, rounded down and rounded up; what is cut off is less than the next term and an
//! eighth, since z² ≤ 1/9.

use num_bigint::BigUint;

use super::ratio::Ratio;

/// Bits after the point: the two ends are closer than 2⁻¹⁰⁰ for every number below 2⁶⁴.
const BITS: u32 = 128;

/// Two fractions and what lies between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Between {
    /// Not greater than the value.
    pub lower: Ratio,
    /// Not less than the value.
    pub upper: Ratio,
}

/// The natural logarithm of a number that is at least 1; none for a smaller one.
pub fn logarithm(x: &Ratio) -> Option<Between> {
    if *x < Ratio::whole(1_u8) {
        return None;
    }
    let k = x.floor().bits().saturating_sub(1);
    let m = x.over(&Ratio::whole(BigUint::from(1_u8) << k))?;
    let one = Ratio::whole(1_u8);
    let z = m.minus(&one)?.over(&m.plus(&one))?;
    let (two_low, two_high) = twice_artanh(&Ratio::new(1_u8, 3_u8)?);
    let (low, high) = twice_artanh(&z);
    let unit = BigUint::from(1_u8) << BITS;
    Some(Between {
        lower: Ratio::new(two_low * k + low, unit.clone())?,
        upper: Ratio::new(two_high * k + high, unit)?,
    })
}

/// `2 artanh z` for `0 ≤ z ≤ 1/3` in units of 2⁻¹²⁸: a number not above and one not below it.
fn twice_artanh(z: &Ratio) -> (BigUint, BigUint) {
    let scaled = z.times(&Ratio::whole(BigUint::from(1_u8) << BITS));
    let (mut low, mut high) = (scaled.floor(), scaled.ceiling());
    let (square_low, square_high) = (down(&(&low * &low)), up(&(&high * &high)));
    let (mut sum_low, mut sum_high) = (BigUint::ZERO, BigUint::ZERO);
    let mut odd = 1_u32;
    while low > BigUint::ZERO {
        sum_low += &low / odd;
        sum_high += &high / odd + 1_u8;
        low = down(&(&low * &square_low));
        high = up(&(&high * &square_high));
        odd += 2;
    }
    // The rest of the series: the next term, an eighth of it, and one for the rounding.
    let rest = &high + (&high >> 3_u32) + 1_u8;
    (sum_low << 1_u32, (sum_high + rest) << 1_u32)
}

fn down(product: &BigUint) -> BigUint {
    product >> BITS
}

fn up(product: &BigUint) -> BigUint {
    (product >> BITS) + 1_u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2⁻¹⁰⁰.
    fn narrow(b: &Between) -> bool {
        let width = b.upper.minus(&b.lower).expect("ordered");
        width.times(&Ratio::whole(BigUint::from(1_u8) << 100_u32)) < Ratio::whole(1_u8)
    }

    #[test]
    fn known_logarithms_lie_between() {
        // OEIS A002162, A002392, A016627 (ln 2, ln 10, ln 4) and ln(3/2), to 30 places.
        for (x, digits) in [
            ("2", "0.693147180559945309417232121458"),
            ("10", "2.302585092994045684017991454684"),
            ("4", "1.386294361119890618834464242916"),
            ("3/2", "0.405465108108164381978013115464"),
        ] {
            let found = logarithm(&x.parse().expect("ratio")).expect("at least 1");
            let known: Ratio = digits.parse().expect("ratio");
            let after = known.plus(&"1e-30".parse().expect("ratio"));
            assert!(narrow(&found), "{x}");
            assert!(found.lower <= after && found.upper >= known, "{x}");
            assert_eq!(found.lower.decimal_down(28), known.decimal_down(28), "{x}");
        }
        let one = logarithm(&Ratio::whole(1_u8)).expect("at least 1");
        assert!(one.lower.is_zero() && narrow(&one));
        assert_eq!(logarithm(&"1/2".parse().expect("ratio")), None);
    }

    #[test]
    fn logarithms_add() {
        for (a, b) in [("7/5", "11/3"), ("1000001/1000000", "1e9"), ("8", "9/8")] {
            let (a, b): (Ratio, Ratio) = (a.parse().expect("ratio"), b.parse().expect("ratio"));
            let (la, lb) = (logarithm(&a).expect("ln"), logarithm(&b).expect("ln"));
            let both = logarithm(&a.times(&b)).expect("ln");
            assert!(both.lower <= la.upper.plus(&lb.upper));
            assert!(both.upper >= la.lower.plus(&lb.lower));
            assert!(narrow(&both));
        }
    }
}
