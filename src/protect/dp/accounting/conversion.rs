//! zCDP as (ε, δ), for readers who think in ε: an upper bound, rounded up.
//!
//! Canonne, Kamath, Steinke, proposition 12: ρ-zCDP is (ε, δ)-DP for every α > 1 with
//!
//! ε = ρα + (ln(1/δ) − ln α)/(α − 1) − ln(α/(α − 1)).
//!
//! Every α gives a valid bound, so the search for a good one need not be exact; each term is taken
//! from the side that makes ε larger.

use serde::{Deserialize, Serialize};

use super::loss::Zcdp;
use crate::protect::dp::exact::{Ratio, logarithm};

/// A δ above 0 and below 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Ratio", into = "Ratio")]
pub struct Delta(Ratio);

/// A δ that is 0, or 1 and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("delta is above 0 and below 1")]
pub struct NotADelta;

impl TryFrom<Ratio> for Delta {
    type Error = NotADelta;

    fn try_from(delta: Ratio) -> Result<Self, NotADelta> {
        let fits = !delta.is_zero() && delta < Ratio::whole(1_u8);
        fits.then_some(Delta(delta)).ok_or(NotADelta)
    }
}

impl From<Delta> for Ratio {
    fn from(delta: Delta) -> Ratio {
        delta.0
    }
}

impl Delta {
    /// δ.
    pub fn ratio(&self) -> &Ratio {
        &self.0
    }
}

/// α − 1 is searched among the multiples of this part of 1.
const STEPS: u64 = 64;

/// ε is rounded up to a multiple of this part of 1.
const PLACES: u64 = 1_000_000;

/// An ε such that the loss is (ε, δ)-DP: never below the least that the proposition gives, and not
/// above it by more than about a ten-thousandth.
pub fn epsilon_of(loss: &Zcdp, delta: &Delta) -> Ratio {
    if loss.rho().is_zero() {
        return Ratio::zero();
    }
    let Some(inverse) = Inverse::of(delta) else {
        return Ratio::zero();
    };
    let bound = |step: u64| bound(loss, &inverse, step);
    // The bound falls and then rises with α. Near its least value α − 1 is about √(ln(1/δ)/ρ).
    let mut best = inverse.guess(loss);
    let mut least = bound(best);
    let mut stride = (best / 4).max(1);
    loop {
        let around = [
            best.saturating_sub(stride).max(1),
            best.saturating_add(stride),
        ];
        let better = around
            .into_iter()
            .map(|step| (bound(step), step))
            .filter(|(e, _)| *e < least)
            .min();
        match better {
            Some((e, step)) => (least, best) = (e, step),
            None if stride == 1 || stride * 1000 < best => break,
            None => stride /= 2,
        }
    }
    least.rounded_up(PLACES)
}

/// 1/δ and a number not below its logarithm.
struct Inverse {
    logarithm: Ratio,
}

impl Inverse {
    fn of(delta: &Delta) -> Option<Self> {
        let inverse = Ratio::whole(1_u8).over(&delta.0)?;
        Some(Inverse {
            logarithm: logarithm(&inverse)?.upper,
        })
    }

    /// √(ln(1/δ)/ρ) in steps, at least 1.
    fn guess(&self, loss: &Zcdp) -> u64 {
        let square = self.logarithm.over(loss.rho());
        let steps = square.map(|s| s.times(&Ratio::whole(STEPS * STEPS)).floor().sqrt());
        steps
            .and_then(|s| u64::try_from(s).ok())
            .unwrap_or(1)
            .clamp(1, 1 << 40)
    }
}

/// The greatest ρ, in millionths, whose ε is not above the one asked for; 0 if there is none.
pub fn rho_within(epsilon: &Ratio, delta: &Delta) -> Zcdp {
    let rho = |millionths: u64| {
        Zcdp::new(
            Ratio::whole(millionths).times(&Ratio::new(1_u8, PLACES).unwrap_or_else(Ratio::zero)),
        )
    };
    // ρ ≤ ε for every δ below 1/2, and no release asks for a loss of a thousand.
    let (mut low, mut high) = (0_u64, 1_000 * PLACES);
    while high - low > 1 {
        let middle = low.midpoint(high);
        if epsilon_of(&rho(middle), delta) <= *epsilon {
            low = middle;
        } else {
            high = middle;
        }
    }
    rho(low)
}

/// The bound for α = 1 + step/64.
fn bound(loss: &Zcdp, inverse: &Inverse, step: u64) -> Ratio {
    let one = Ratio::whole(1_u8);
    let beyond =
        Ratio::whole(step.max(1)).times(&Ratio::new(1_u8, STEPS).unwrap_or_else(Ratio::zero));
    let alpha = one.plus(&beyond);
    let part = |x: &Ratio| x.over(&beyond).unwrap_or_else(Ratio::zero);
    // Both logarithms are of numbers above 1. Without one the bound is larger, so still a bound.
    let low = |x: &Ratio| logarithm(x).map_or_else(Ratio::zero, |l| l.lower);
    let more = loss.rho().times(&alpha).plus(&part(&inverse.logarithm));
    let less = part(&low(&alpha)).plus(&low(&part(&alpha)));
    more.minus(&less).unwrap_or_else(Ratio::zero)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epsilon(rho: &str, delta: &str) -> String {
        let delta: Ratio = delta.parse().expect("ratio");
        let delta = Delta::try_from(delta).expect("delta");
        epsilon_of(&Zcdp::new(rho.parse().expect("ratio")), &delta).decimal_up(2)
    }

    #[test]
    fn known_conversions() {
        // The first by Canonne, Kamath and Steinke's own program (optimal α in floating point),
        // rounded up; the last is the 2020 US Census persons' file, its 17.14 rounded up.
        for (rho, delta, known) in [
            ("0.02", "1e-6", "0.9"),
            ("0.1", "1e-6", "2.15"),
            ("0.1", "1e-9", "2.72"),
            ("1", "1e-9", "9.53"),
            ("293764/114921", "1e-10", "17.15"),
        ] {
            assert_eq!(epsilon(rho, delta), known, "{rho} {delta}");
        }
    }

    #[test]
    fn the_conversion_is_never_below_the_truth() {
        // The Gaussian mechanism of ρ = 1/2 (mean 1, variance 1) has δ(ε) = Φ(1/2 − ε) −
        // e^ε Φ(−1/2 − ε): 0.0126 at ε = 2, so no ε below 2 may be reported there.
        let delta = Delta::try_from("0.0126".parse::<Ratio>().expect("ratio")).expect("delta");
        let half = Zcdp::new("1/2".parse().expect("ratio"));
        let reported = epsilon_of(&half, &delta);
        assert!(reported >= "2".parse().expect("ratio"), "{reported}");
        assert!(reported <= "2.7".parse().expect("ratio"), "{reported}");
    }

    #[test]
    fn the_inverse_stays_within() {
        for (epsilon, delta) in [("1", "1e-6"), ("2.14", "1e-9"), ("0.05", "1e-5")] {
            let epsilon: Ratio = epsilon.parse().expect("ratio");
            let delta = Delta::try_from(delta.parse::<Ratio>().expect("ratio")).expect("delta");
            let rho = rho_within(&epsilon, &delta);
            assert!(epsilon_of(&rho, &delta) <= epsilon);
            let more = rho.with(&Zcdp::new("1e-6".parse().expect("ratio")));
            assert!(epsilon_of(&more, &delta) > epsilon);
        }
    }
}
