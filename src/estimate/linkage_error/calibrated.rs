//! Precision and recall from the match probabilities of all pairs, once calibrated.
//!
//! With π of every pair: TP = Σ π over links, FN = Σ π over the other pairs and the matches that no
//! block brought together; precision TP / links, recall TP / (TP + FN). Two things are uncertain:
//! the calibration, which rests on its labelled pairs (Bayesian bootstrap), and the pairs, each of
//! which is a match or not (Σ π (1 − π), pairs taken as independent). The type is made from a
//! [`Calibration`], so there is none of uncalibrated probabilities:
//!
//! ```compile_fail
//! use kinlink::estimate::linkage_error::CalibratedLinks;
//! // In the place of a Calibration, the model's own probabilities: refused.
//! let quality = CalibratedLinks::new(&[0.99, 0.98], &[0.99, 0.98], &[0.2], 0.0, 1);
//! ```

use super::super::draw::Draws;
use super::super::method_error::{MethodError, within};
use super::super::number::{mean_and_variance, size};
use super::isotonic::{Calibration, Curve};
use super::{Basis, LEAST_SHARE, Quality};

/// Draws of the calibration from which its variance is reckoned.
const REDRAWN: u64 = 200;

/// Distinct scores with how many pairs have each: a model of patterns gives few.
#[derive(Debug, Clone, PartialEq)]
struct Scores(Vec<(f64, f64)>);

impl Scores {
    fn of(scores: &[f64]) -> Self {
        let mut sorted = scores.to_vec();
        sorted.sort_by(f64::total_cmp);
        let equal = sorted.chunk_by(|a, b| a == b);
        Scores(
            equal
                .filter_map(|c| Some((*c.first()?, size(c.len()))))
                .collect(),
        )
    }

    fn number(&self) -> f64 {
        self.0.iter().map(|(_, n)| n).sum()
    }

    /// The matches to expect, and the variance that chance makes of them.
    fn matches(&self, curve: &Curve) -> (f64, f64) {
        self.0
            .iter()
            .fold((0.0, 0.0), |(mean, variance), (score, n)| {
                let p = curve.at(*score);
                (mean + n * p, variance + n * p * (1.0 - p))
            })
    }
}

/// Links and other pairs with calibrated probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibratedLinks {
    calibration: Calibration,
    links: Scores,
    others: Scores,
    outside: f64,
    found: f64,
    missed: f64,
    relative_variance: f64,
}

impl CalibratedLinks {
    /// Of the model's probabilities of the links, of all other pairs that were compared, and the
    /// number of matches that no block brought together. The seed is for the variance.
    ///
    /// # Errors
    /// KL-E-201 if a number is no probability; KL-E-204 if there are no links, or no match among
    /// them.
    pub fn new(
        calibration: &Calibration,
        links: &[f64],
        others: &[f64],
        outside: f64,
        seed: u64,
    ) -> Result<Self, MethodError> {
        for score in links.iter().chain(others) {
            within(*score, [0.0, 1.0], "a match probability")?;
        }
        within(outside, [0.0, f64::MAX], "matches outside the blocks")?;
        let (links, others) = (Scores::of(links), Scores::of(others));
        let found = links.matches(calibration.curve()).0;
        let missed = others.matches(calibration.curve()).0 + outside;
        if found <= 0.0 {
            return Err(MethodError::NoOverlap);
        }
        let mut out = CalibratedLinks {
            calibration: calibration.clone(),
            links,
            others,
            outside,
            found,
            missed,
            relative_variance: 0.0,
        };
        out.relative_variance = out.variance_of_matches(seed) / (found + missed).powi(2);
        Ok(out)
    }

    fn variance_of_matches(&self, seed: u64) -> f64 {
        let redrawn: Vec<f64> = (0..REDRAWN)
            .map(|replicate| {
                let curve = self
                    .calibration
                    .redrawn(&mut Draws::new(seed, 0, replicate));
                self.links.matches(&curve).0 + self.others.matches(&curve).0
            })
            .collect();
        let curve = self.calibration.curve();
        let of_pairs = self.links.matches(curve).1 + self.others.matches(curve).1;
        mean_and_variance(&redrawn).1 + of_pairs
    }
}

/// The probabilities of a record's candidates when it has one match at most: of odds w_k each,
/// w_k / (1 + Σ w), the 1 standing for no match among them. An odd that is not above nought, or not
/// a number, counts as nought.
pub fn one_match_at_most(odds: &[f64]) -> Vec<f64> {
    let sound = |w: &f64| if *w > 0.0 { w.min(1e15) } else { 0.0 };
    let all: f64 = 1.0 + odds.iter().map(sound).sum::<f64>();
    odds.iter().map(|w| sound(w) / all).collect()
}

impl Quality for CalibratedLinks {
    fn precision(&self) -> f64 {
        self.found / self.links.number()
    }

    fn recall(&self) -> f64 {
        self.found / (self.found + self.missed)
    }

    // Expected, not counted, of these pairs: the relative variance holds what chance makes of them.
    fn precision_basis(&self) -> Basis {
        Basis::ThesePairs
    }

    fn recall_basis(&self) -> Basis {
        Basis::ThesePairs
    }

    fn relative_variance(&self) -> f64 {
        self.relative_variance
    }

    fn draw(&self, draws: &mut Draws) -> (f64, f64) {
        let curve = self.calibration.redrawn(draws);
        let number = |scores: &Scores, draws: &mut Draws| {
            let (mean, variance) = scores.matches(&curve);
            (mean + variance.sqrt() * draws.normal()).max(0.0)
        };
        let links = self.links.number();
        let found = number(&self.links, draws).min(links);
        let missed = number(&self.others, draws) + self.outside;
        let precision = (found / links).max(LEAST_SHARE);
        (
            precision,
            (found / (found + missed).max(LEAST_SHARE)).max(LEAST_SHARE),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::isotonic::Labelled;
    use super::*;

    fn calibration() -> Calibration {
        let of = |score: f64, matches: u32, of: u32| {
            (0..of).map(move |n| Labelled {
                score,
                is_match: n < matches,
                weight: 1.0,
            })
        };
        let labelled: Vec<Labelled> = of(0.99, 95, 100).chain(of(0.3, 20, 100)).collect();
        Calibration::fit(&labelled).expect("a calibration")
    }

    #[test]
    fn sums_of_calibrated_probabilities() {
        let q = CalibratedLinks::new(&calibration(), &[0.99; 1000], &[0.3; 100], 30.0, 1);
        let q = q.expect("a quality");
        assert!((q.precision() - 0.95).abs() < 1e-12);
        assert!((q.recall() - 950.0 / 1000.0).abs() < 1e-12);
        let ratios: Vec<f64> = (0..2000)
            .map(|r| {
                let (p, r) = q.draw(&mut Draws::new(2, 0, r));
                p / r
            })
            .collect();
        let (mean, variance) = mean_and_variance(&ratios);
        let relative = variance / (mean * mean);
        assert!(
            (relative / q.relative_variance() - 1.0).abs() < 0.25,
            "{relative}"
        );
    }

    #[test]
    fn rivals_share_one_match() {
        let p = one_match_at_most(&[3.0, 1.0]);
        assert_eq!(p, [0.6, 0.2]);
        assert_eq!(one_match_at_most(&[f64::NAN, -1.0]), [0.0, 0.0]);
        assert!(one_match_at_most(&[f64::INFINITY])[0] <= 1.0);
        assert!(CalibratedLinks::new(&calibration(), &[], &[0.3], 0.0, 1).is_err());
        assert!(CalibratedLinks::new(&calibration(), &[2.0], &[], 0.0, 1).is_err());
    }
}
