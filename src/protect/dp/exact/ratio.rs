//! Fractions that are not negative, in lowest terms, of any size.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use num_bigint::BigUint;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A fraction of two whole numbers, at least 0, in lowest terms.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: BigUint,
    denominator: BigUint,
}

/// A text that is not a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a number such as 0.1, 1/10 or 1e-6")]
pub struct NotARatio;

/// Most digits after the point, and greatest exponent, that are read.
const MOST_PLACES: usize = 60;

impl Ratio {
    /// `numerator / denominator`; none where the denominator is 0.
    pub fn new(numerator: impl Into<BigUint>, denominator: impl Into<BigUint>) -> Option<Self> {
        let (numerator, denominator) = (numerator.into(), denominator.into());
        if denominator == BigUint::ZERO {
            return None;
        }
        let common = greatest_common_divisor(&numerator, &denominator);
        Some(Ratio {
            numerator: numerator / &common,
            denominator: denominator / common,
        })
    }

    /// A whole number.
    pub fn whole(number: impl Into<BigUint>) -> Self {
        Ratio {
            numerator: number.into(),
            denominator: BigUint::from(1_u8),
        }
    }

    /// 0.
    pub fn zero() -> Self {
        Ratio::whole(0_u8)
    }

    /// Is it 0?
    pub fn is_zero(&self) -> bool {
        self.numerator == BigUint::ZERO
    }

    /// Above the line.
    pub fn numerator(&self) -> &BigUint {
        &self.numerator
    }

    /// Below the line.
    pub fn denominator(&self) -> &BigUint {
        &self.denominator
    }

    /// The sum.
    pub fn plus(&self, other: &Ratio) -> Ratio {
        reduced(
            &self.numerator * &other.denominator + &other.numerator * &self.denominator,
            &self.denominator * &other.denominator,
        )
    }

    /// The difference; none where it would be negative.
    pub fn minus(&self, other: &Ratio) -> Option<Ratio> {
        let (left, right) = self.crossed(other);
        (left >= right).then(|| reduced(left - right, &self.denominator * &other.denominator))
    }

    /// The product.
    pub fn times(&self, other: &Ratio) -> Ratio {
        reduced(
            &self.numerator * &other.numerator,
            &self.denominator * &other.denominator,
        )
    }

    /// The quotient; none where the other is 0.
    pub fn over(&self, other: &Ratio) -> Option<Ratio> {
        Ratio::new(
            &self.numerator * &other.denominator,
            &self.denominator * &other.numerator,
        )
    }

    /// The square.
    pub fn squared(&self) -> Ratio {
        self.times(self)
    }

    /// Half of it.
    pub fn half(&self) -> Ratio {
        reduced(self.numerator.clone(), &self.denominator * 2_u8)
    }

    /// The whole part.
    pub fn floor(&self) -> BigUint {
        &self.numerator / &self.denominator
    }

    /// The least whole number that is not less.
    pub fn ceiling(&self) -> BigUint {
        (&self.numerator + &self.denominator - 1_u8) / &self.denominator
    }

    /// The least multiple of `1 / steps` that is not less; the number itself for no steps.
    pub fn rounded_up(&self, steps: u64) -> Ratio {
        match Ratio::new(self.times(&Ratio::whole(steps)).ceiling(), steps) {
            Some(up) => up,
            None => self.clone(),
        }
    }

    /// In decimals, rounded up at the last place: what is printed of a loss is never too small.
    pub fn decimal_up(&self, places: u32) -> String {
        let ten = BigUint::from(10_u8).pow(places);
        let scaled = Ratio::whole(ten).times(self).ceiling().to_string();
        pointed(&scaled, places)
    }

    /// In decimals, rounded down at the last place: for what is left of a budget.
    pub fn decimal_down(&self, places: u32) -> String {
        let ten = BigUint::from(10_u8).pow(places);
        let scaled = Ratio::whole(ten).times(self).floor().to_string();
        pointed(&scaled, places)
    }

    fn crossed(&self, other: &Ratio) -> (BigUint, BigUint) {
        (
            &self.numerator * &other.denominator,
            &other.numerator * &self.denominator,
        )
    }
}

/// Puts a point before the last places and takes needless zeros away.
fn pointed(digits: &str, places: u32) -> String {
    let places = usize::try_from(places).unwrap_or(0);
    if places == 0 {
        return digits.to_owned();
    }
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, after) = padded.split_at(padded.len() - places);
    let after = after.trim_end_matches('0');
    if after.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{after}")
    }
}

/// The caller knows that the denominator is a product of denominators, so not 0.
fn reduced(numerator: BigUint, denominator: BigUint) -> Ratio {
    let common = greatest_common_divisor(&numerator, &denominator);
    Ratio {
        numerator: numerator / &common,
        denominator: denominator / common,
    }
}

/// Euclid's algorithm; the second number is not 0.
fn greatest_common_divisor(a: &BigUint, b: &BigUint) -> BigUint {
    let (mut a, mut b) = (a.clone(), b.clone());
    while b != BigUint::ZERO {
        let rest = &a % &b;
        a = b;
        b = rest;
    }
    a
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = self.crossed(other);
        left.cmp(&right)
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.denominator == BigUint::from(1_u8) {
            write!(f, "{}", self.numerator)
        } else {
            write!(f, "{}/{}", self.numerator, self.denominator)
        }
    }
}

impl fmt::Debug for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Ratio {
    type Err = NotARatio;

    /// Reads `3`, `0.25`, `1e-6` and `1/10`, each exactly as it is written.
    fn from_str(text: &str) -> Result<Self, NotARatio> {
        match text.split_once('/') {
            Some((n, d)) => Ratio::new(digits(n)?, digits(d)?).ok_or(NotARatio),
            None => decimal(text),
        }
    }
}

fn digits(text: &str) -> Result<BigUint, NotARatio> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !plain || text.len() > 1000 {
        return Err(NotARatio);
    }
    text.parse().map_err(|_| NotARatio)
}

fn decimal(text: &str) -> Result<Ratio, NotARatio> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((m, e)) => (m, e.parse::<i32>().map_err(|_| NotARatio)?),
        None => (text, 0),
    };
    let (whole, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if after.len() > MOST_PLACES || (mantissa.contains('.') && after.is_empty()) {
        return Err(NotARatio);
    }
    let number = digits(&format!("{whole}{after}"))?;
    let places = i32::try_from(after.len()).map_err(|_| NotARatio)? - exponent;
    let size = usize::try_from(places.unsigned_abs()).map_err(|_| NotARatio)?;
    if whole.is_empty() || size > 2 * MOST_PLACES {
        return Err(NotARatio);
    }
    let ten = BigUint::from(10_u8).pow(places.unsigned_abs());
    if places >= 0 {
        Ratio::new(number, ten).ok_or(NotARatio)
    } else {
        Ok(Ratio::whole(number * ten))
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ratio(text: &str) -> Ratio {
        text.parse().expect("a ratio")
    }

    #[test]
    fn texts_are_read_as_they_are_written() {
        for (text, exact) in [
            ("0.1", "1/10"),
            ("1e-6", "1/1000000"),
            ("2.50", "5/2"),
            ("6/4", "3/2"),
            ("12e3", "12000"),
            ("0", "0"),
        ] {
            assert_eq!(ratio(text).to_string(), exact, "{text}");
        }
        for wrong in [
            "", ".5", "5.", "-1", "1/0", "1//2", "nan", "1e999", "+1", "1/-2",
        ] {
            assert_eq!(wrong.parse::<Ratio>(), Err(NotARatio), "{wrong}");
        }
    }

    #[test]
    fn decimals_round_the_way_they_say() {
        let third = ratio("1/3");
        assert_eq!(third.decimal_up(4), "0.3334");
        assert_eq!(third.decimal_down(4), "0.3333");
        assert_eq!(ratio("5/2").decimal_up(6), "2.5");
        assert_eq!(ratio("7").decimal_down(2), "7");
        assert_eq!(third.rounded_up(8), ratio("3/8"));
    }

    proptest! {
        #[test]
        fn arithmetic_is_that_of_fractions(a in 0_u32..5000, b in 1_u32..5000, c in 0_u32..5000, d in 1_u32..5000) {
            let (x, y) = (Ratio::new(a, b).expect("b"), Ratio::new(c, d).expect("d"));
            let (a, b, c, d) = (u64::from(a), u64::from(b), u64::from(c), u64::from(d));
            prop_assert_eq!(x.plus(&y), Ratio::new(a * d + c * b, b * d).expect("bd"));
            prop_assert_eq!(x.times(&y), Ratio::new(a * c, b * d).expect("bd"));
            prop_assert_eq!(x.cmp(&y), (a * d).cmp(&(c * b)));
            prop_assert_eq!(x.plus(&y).minus(&y), Some(x.clone()));
            prop_assert_eq!(x.minus(&y).is_some(), x >= y);
            prop_assert_eq!(x.over(&y).map(|q| q.times(&y)), (c > 0).then(|| x.clone()));
            prop_assert_eq!(x.to_string().parse::<Ratio>(), Ok(x));
        }
    }
}
