//! How many matches no blocking rule brought together, reckoned from how many rules brought
//! together those that were found: capture and recapture, with rules in place of lists.
//!
//! Matches differ in how easily they are caught: two clean records meet under every rule, two bad
//! ones under none. So the estimate is the second-order jackknife, made for unequal catchability
//! (Burnham and Overton, "Robust estimation of population size when capture probabilities vary
//! among animals", Ecology 60, 1979); its floor is Chao's lower bound (Chao, "Estimating the
//! population size for capture-recapture data with unequal catchability", Biometrics 43, 1987).
//! Rules that miss the same records for the same reason make both too low.

use serde::{Deserialize, Serialize};

use super::model::real;
use super::pairs::MOST_RULES;

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
    Missed {
        at_least,
        about: jackknife.max(at_least),
        standard_error: (squares - found - jackknife).max(0.0).sqrt(),
    }
}

impl Missed {
    /// The share of all matches that some rule brought together, given how many were found: the
    /// estimate, and its interval at 95 % as far as the draw of matches goes.
    pub fn blocking_recall(&self, found: f64) -> Option<(f64, [f64; 2])> {
        const Z: f64 = 1.959_963_984_540_054;
        if found <= 0.0 {
            return None;
        }
        let share = |missed: f64| found / (found + missed.max(0.0));
        let half = Z * self.standard_error;
        let least = (self.about - half).max(self.at_least);
        Some((share(self.about), [share(self.about + half), share(least)]))
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

    /// Matches of two sorts, caught by each of eight rules with a chance of their own.
    #[test]
    fn the_interval_holds_the_truth_where_catchability_differs() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let (mut held, mut below) = (0, 0);
        for _ in 0..200 {
            let mut caught = Vec::new();
            for n in 0..2_000 {
                let chance = if n % 4 == 0 { 0.25 } else { 0.7 };
                let threshold = (chance * f64::from(u32::MAX)) as u32;
                let times = (0..8).filter(|_| random.next_u32() < threshold).count();
                if times > 0 {
                    caught.push((1.0, times as u32));
                }
            }
            let found = caught.len() as f64;
            let missed = missed(caught.into_iter(), 8);
            let (_, [low, high]) = missed.blocking_recall(found).expect("a recall");
            let truth = found / 2_000.0;
            held += u32::from((low..=high).contains(&truth));
            below += u32::from(missed.at_least > 2_000.0 - found);
        }
        assert!(held > 160, "{held} of 200");
        assert!(below < 100, "the lower bound is one: {below} of 200");
    }
}
