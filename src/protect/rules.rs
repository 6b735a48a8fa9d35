//! The rules of protection: what is hidden, against whom, and what hiding costs.

use serde::{Deserialize, Serialize};

use super::exact::{count, real};
use super::reading::Spread;

/// What happens to counts of zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Zeros {
    /// They are shown, so that a hidden cell is known to be at least 1.
    #[default]
    Open,
    /// They are hidden like small counts.
    Hidden,
}

/// What an attacker knows besides the published tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attacker {
    /// Hidden cells are at least 0.
    Outsider,
    /// The rule: where zeros are shown, a hidden cell is at least 1.
    #[default]
    RuleAware,
    /// The rule, and the count of a cell in which he is alone.
    Singleton,
    /// The rule, and the count of a cell that he and others, `group` in all, make up.
    Group,
}

/// What it costs to hide a cell that is not itself small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cost {
    /// Its count.
    #[default]
    Value,
    /// One.
    Count,
    /// The logarithm of one more than its count.
    Information,
}

impl Cost {
    /// The cost of hiding a count.
    pub fn of(self, count: u64) -> f64 {
        match self {
            Cost::Value => real(count),
            Cost::Count => 1.0,
            Cost::Information => real(count).ln_1p(),
        }
    }
}

/// How secondary cells are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// With a proof for small systems, fast for others.
    #[default]
    Auto,
    /// With a proof of the least cost, or a bound of it.
    Exact,
    /// Without.
    Fast,
}

/// The rules of one call of protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Counts from 1 to one below this are hidden. A table's own definition may ask for more.
    pub min_frequency: u64,
    /// What happens to zeros.
    pub zeros: Zeros,
    /// Against whom.
    pub attacker: Attacker,
    /// Least distance between an attacker's bounds for a small count.
    pub width: u64,
    /// What hiding costs.
    pub cost: Cost,
    /// How secondary cells are chosen.
    pub method: Method,
    /// How many people an attacking group has.
    pub group: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            min_frequency: 6,
            zeros: Zeros::Open,
            attacker: Attacker::RuleAware,
            width: 5,
            cost: Cost::Value,
            method: Method::Auto,
            group: 2,
        }
    }
}

impl Rules {
    /// Cells of at most so many people are known to the attacker who is counted in one.
    pub(crate) fn owns(&self) -> Option<u64> {
        match self.attacker {
            Attacker::Outsider | Attacker::RuleAware => None,
            Attacker::Singleton => Some(1),
            Attacker::Group => Some(self.group.max(1)),
        }
    }

    /// The least value that the attacker holds possible for a hidden cell.
    pub(crate) fn least(&self) -> i64 {
        match (self.attacker, self.zeros) {
            (Attacker::Outsider, _) | (_, Zeros::Hidden) => 0,
            (_, Zeros::Open) => 1,
        }
    }
}

/// Which multiple of the base stands for a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoundingMethod {
    /// The nearest; half goes up.
    #[default]
    Nearest,
    /// One of the two next to it, by chance and without bias.
    Random,
    /// One that keeps margins the sums of their parts.
    Controlled,
    /// Only small inner cells are rounded; margins stay their sums.
    SmallCount,
}

/// A rounding of shown counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rounding {
    /// Shown counts are multiples of this; 1 is exact.
    pub base: u64,
}

impl Rounding {
    /// How far the true count may be from the nearest multiple that is published.
    pub(crate) fn spread(self) -> Spread {
        let base = count(self.base.max(1));
        Spread {
            below: base / 2,
            above: base - 1 - base / 2,
        }
    }

    /// The error variance of a rounded count: the mean square of the error. For `Nearest` over
    /// remainders that are equally likely (the count is not known to whom the error matters); for
    /// `Random` of the count itself; for the additive methods of an inner cell, over remainders.
    pub fn error_variance(self, method: RoundingMethod, count: u64) -> f64 {
        let base = self.base.max(1);
        let (b, rest) = (real(base), real(count % base));
        match method {
            RoundingMethod::Random => rest * (b - rest),
            RoundingMethod::Nearest => {
                let squares = (0..base).map(|r| real(self.apply(r).abs_diff(r)).powi(2));
                squares.sum::<f64>() / b
            }
            RoundingMethod::SmallCount if count >= base => 0.0,
            RoundingMethod::Controlled | RoundingMethod::SmallCount => {
                (0..base).map(|r| real(r) * (b - real(r))).sum::<f64>() / b
            }
        }
    }

    /// The nearest multiple of the base; half goes up.
    pub fn apply(self, count: u64) -> u64 {
        let base = self.base.max(1);
        (count + base / 2) / base * base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_goes_up() {
        let ten = Rounding { base: 10 };
        assert_eq!([4, 5, 14, 15, 0].map(|n| ten.apply(n)), [0, 10, 10, 20, 0]);
        let five = Rounding { base: 5 };
        assert_eq!([2, 3, 7, 8].map(|n| five.apply(n)), [0, 5, 5, 10]);
        assert_eq!(Rounding { base: 1 }.apply(7), 7);
    }
}
