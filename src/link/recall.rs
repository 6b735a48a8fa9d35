//! How many matches no blocking rule brought together, reckoned from how many rules brought
//! together those that were found: capture and recapture, with rules in place of lists.
//!
//! Matches differ in how easily they are caught: two clean records meet under every rule, two bad
//! ones under none. So the estimate is the second-order jackknife, made for unequal catchability
//! (Burnham and Overton, "Robust estimation of population size when capture probabilities vary
//! among animals", Ecology 60, 1979); its floor is Chao's lower bound (Chao, "Estimating the
//! population size for capture-recapture data with unequal catchability", Biometrics 43, 1987).
//! Rules that miss the same records for the same reason make both too low; rules that share fields
//! and were chosen to overlap little make them too high. Between two files fields are the better
//! lists ([`missed_by_fields`]); within one, where the records of a person make many pairs that are
//! alike, rules are.

mod fields;

use serde::{Deserialize, Serialize};

use super::model::real;
use super::pairs::MOST_RULES;
pub use fields::missed_by_fields;

/// The quantile of the normal distribution for 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// Matches that no rule brought together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Missed {
    /// At least so many.
    pub at_least: f64,
    /// About so many.
    pub about: f64,
    /// The standard error of that, as far as the draw of matches goes.
    pub standard_error: f64,
    /// From the lower bound less its own error to the estimate and its error, at 95 %.
    pub range: [f64; 2],
}

/// Of each match its probability and how many of so many rules brought it together.
pub fn missed(matches: impl Iterator<Item = (f64, u32)>, rules: usize) -> Missed {
    let mut of = [0.0; MOST_RULES + 1];
    for (probability, times) in matches {
        if let Some(slot) = usize::try_from(times).ok().and_then(|k| of.get_mut(k)) {
            *slot += probability;
        }
    }
    estimate(&of, rules)
}

/// The estimate of frequencies of capture: `of[k]` matches were caught `k` times.
pub fn estimate(of: &[f64], rules: usize) -> Missed {
    let (Some(once), Some(twice)) = (of.get(1), of.get(2)) else {
        return Missed::default();
    };
    if rules < 2 {
        return Missed::default();
    }
    // The bias-corrected form, which stands where no match was caught twice.
    let at_least = match *once > 1.0 {
        true => once * (once - 1.0) / (2.0 * (twice + 1.0)),
        false => 0.0,
    };
    let t = real(rules as u64);
    let (plus, minus) = ((2.0 * t - 3.0) / t, (t - 2.0).powi(2) / (t * (t - 1.0)));
    let jackknife = plus * once - minus * twice;
    let found: f64 = of.iter().skip(1).sum();
    let weight = |k: usize| match k {
        1 => 1.0 + plus,
        2 => 1.0 - minus,
        _ => 1.0,
    };
    let squares = of.iter().enumerate().skip(1);
    let squares: f64 = squares.map(|(k, n)| weight(k).powi(2) * n).sum();
    let about = jackknife.max(at_least);
    let standard_error = (squares - found - jackknife).max(0.0).sqrt();
    let least = at_least - Z * bound_variance(*once, *twice).sqrt();
    Missed {
        at_least,
        about,
        standard_error,
        range: [least.max(0.0), about + Z * standard_error],
    }
}

/// The variance of Chao's lower bound: its own as a count, and what it has from both counts by the
/// delta method (Colwell, *EstimateS* user's guide, appendix B, for the bias-corrected form).
fn bound_variance(once: f64, twice: f64) -> f64 {
    if once <= 1.0 {
        return 0.0;
    }
    let next = twice + 1.0;
    once * (once - 1.0) / (2.0 * next)
        + once * (2.0 * once - 1.0).powi(2) / (4.0 * next.powi(2))
        + once.powi(2) * twice * (once - 1.0).powi(2) / (4.0 * next.powi(4))
}

impl Missed {
    /// The share of all matches that some rule brought together, given how many were found: the
    /// estimate, and what the range of the missed leaves.
    pub fn blocking_recall(&self, found: f64) -> Option<(f64, [f64; 2])> {
        let share = |missed: f64| found / (found + missed.max(0.0));
        let [least, most] = self.range;
        (found > 0.0).then(|| (share(self.about), [share(most), share(least)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use rand::{Rng, SeedableRng};

    #[test]
    fn known_answers() {
        // Burnham and Overton's coefficients at t = 18: 33/18 and 256/306.
        let of = [0.0, 43.0, 16.0, 8.0, 6.0, 0.0, 2.0, 1.0];
        let found = estimate(&of, 18);
        let expected = 43.0 * 33.0 / 18.0 - 16.0 * 256.0 / 306.0;
        assert!((found.about - expected).abs() < 1e-9);
        assert!((found.at_least - 43.0 * 42.0 / 34.0).abs() < 1e-9);
        let all: f64 = of.iter().sum();
        let variance = 43.0 * (1.0_f64 + 33.0 / 18.0).powi(2)
            + 16.0 * (1.0_f64 - 256.0 / 306.0).powi(2)
            + 17.0
            - (all + expected);
        assert!((found.standard_error.powi(2) - variance).abs() < 1e-6);
    }

    #[test]
    fn nothing_is_said_where_nothing_can_be() {
        assert_eq!(estimate(&[0.0, 10.0, 5.0], 1), Missed::default());
        assert_eq!(missed(std::iter::empty(), 5).about, 0.0);
        // All were caught by every rule.
        assert_eq!(missed([(1.0, 4); 50].into_iter(), 4).about, 0.0);
        assert_eq!(Missed::default().blocking_recall(0.0), None);
    }

    /// The errors of estimate and bound, mean over draws, and how often the range held the truth: of
    /// matches of several sorts, each caught by each of eight rules with a chance of its own.
    fn simulated(sorts: &[(usize, f64)]) -> ([f64; 2], u32) {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let mut caught_by = |chance: f64| {
            let threshold = (chance * f64::from(u32::MAX)) as u32;
            (0..8).filter(|_| random.next_u32() < threshold).count() as u32
        };
        let (mut errors, mut held) = ([0.0; 2], 0);
        for _ in 0..100 {
            let all = sorts.iter().flat_map(|(n, chance)| vec![*chance; *n]);
            let all: Vec<u32> = all.map(&mut caught_by).collect();
            let truth = all.iter().filter(|times| **times == 0).count() as f64;
            let found = missed(all.iter().filter(|t| **t > 0).map(|t| (1.0, *t)), 8);
            errors[0] += (found.about - truth) / truth / 100.0;
            errors[1] += (found.at_least - truth) / truth / 100.0;
            held += u32::from((found.range[0]..=found.range[1]).contains(&truth));
        }
        (errors, held)
    }

    #[test]
    fn the_range_holds_the_truth_where_catchability_differs() {
        // Hardly anybody is missed: the bound is right, the jackknife too high.
        let ([about, least], held) = simulated(&[(500, 0.25), (1_500, 0.7)]);
        assert!(least.abs() < 0.15 && about > 0.5, "{about} {least}");
        assert!(held >= 93, "{held}");
        // Some are hardly ever caught: the jackknife is near, the bound half of the truth.
        let ([about, least], held) = simulated(&[(400, 0.06), (600, 0.3), (1_000, 0.7)]);
        assert!(about.abs() < 0.15 && least < -0.4, "{about} {least}");
        assert!(held >= 93, "{held}");
    }
}
