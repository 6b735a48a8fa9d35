//! How far the expected matches would move if the counts had come out otherwise, or if other rules
//! had been heard.
//!
//! **Counts.** Every count of a pattern is drawn anew from a Poisson distribution around it and the
//! model is fitted again (the Poisson bootstrap: Hanley and MacGibbon, "Creating non-parametric
//! bootstrap samples using Poisson frequencies", 2006).
//!
//! **Rules.** The weight of a pair is the mean of what its rules say one by one; the rules are
//! weighted anew by exponential draws (the Bayesian bootstrap: Rubin 1981). Rules that condition on
//! different fields and disagree about the same pairs show what the model does not know.
//!
//! What rivals and a calibration did to the probability of a pattern's pairs is kept, as a shift of
//! its log odds.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::link::estimates::{Patterns, Sums, whole};
use crate::link::model::{Counts, Fit, Weights, fit, logistic, real};
use crate::link::pairs::{MOST_RULES, Pattern};
use crate::link::recall;
use crate::pseudonymise::words::{Comparison, Rule};

/// Fits to drawn counts.
const FITS: u64 = 24;
/// Draws of weights of the rules.
const DRAWS: u64 = 200;

/// The expected matches under another fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Again {
    /// Among the links.
    pub(super) links: f64,
    /// Among the other pairs.
    pub(super) others: f64,
    /// That no rule brought together.
    pub(super) missed: f64,
}

/// The counts of a linkage and the model that was learnt from them.
pub(super) struct Refit<'a> {
    pub(super) patterns: &'a Patterns,
    pub(super) comparisons: &'a [Comparison],
    pub(super) rules: &'a [Rule],
    pub(super) fit: &'a Fit,
    /// Rows of the smaller file.
    pub(super) smaller: u64,
}

/// A group of pairs of one pattern, and how far their log odds are from the pattern's own.
#[derive(Clone, Copy)]
struct Shifted {
    pattern: Pattern,
    pairs: f64,
    shift: f64,
    is_link: bool,
}

impl Refit<'_> {
    fn counts(&self, mut of: impl FnMut(u64) -> u64) -> Counts {
        let drawn: Vec<(Pattern, [u64; 2])> = self
            .patterns
            .iter()
            .map(|(pattern, sums)| (*pattern, [of(sums.pairs), of(sums.chance)]))
            .collect();
        let side = |place: usize| {
            let counts = drawn
                .iter()
                .map(move |(pattern, n)| (*pattern, n.get(place).copied()));
            counts.filter_map(|(pattern, n)| Some((pattern, n.filter(|n| *n > 0)?)))
        };
        Counts::new(self.comparisons, self.rules, side(0), side(1))
    }

    /// The pairs that are at all likely, by pattern.
    fn shifted(&self) -> Vec<Shifted> {
        let weights = Weights::new(self.fit);
        let mut out = Vec::new();
        for (pattern, sums) in self.patterns {
            let own = [(true, &sums.links), (false, &sums.others)];
            for (is_link, Sums { pairs, matches, .. }) in own {
                if *pairs > 0 {
                    let p = (matches / real(*pairs)).clamp(1e-12, 1.0 - 1e-12);
                    out.push(Shifted {
                        pattern: *pattern,
                        pairs: real(*pairs),
                        shift: (p / (1.0 - p)).ln() - weights.log_odds(*pattern),
                        is_link,
                    });
                }
            }
        }
        out
    }

    /// The expected matches if the log odds of patterns are these.
    fn again(&self, pairs: &[Shifted], log_odds: impl Fn(Pattern) -> f64) -> Again {
        let (mut links, mut others) = (0.0, 0.0);
        let mut found = [0.0; MOST_RULES + 1];
        for group in pairs {
            let expected = group.pairs * logistic(log_odds(group.pattern) + group.shift);
            *if group.is_link {
                &mut links
            } else {
                &mut others
            } += expected;
            let times = usize::try_from(group.pattern.rules().count_ones());
            if let Some(slot) = times.ok().and_then(|k| found.get_mut(k)) {
                *slot += expected;
            }
        }
        Again {
            links,
            others,
            missed: recall::estimate(&found, self.rules.len()).about,
        }
    }

    /// Under fits to drawn counts.
    pub(super) fn by_counts(&self) -> Vec<Again> {
        let pairs = self.shifted();
        // Of many pairs some blocks were counted, and the counts multiplied by how many blocks stand
        // for one. That is the greatest number that divides all of them.
        let step = self
            .patterns
            .values()
            .fold(0, |g, sums| divisor(g, sums.pairs))
            .max(1);
        let one = |number: u64| {
            let mut random = ChaCha8Rng::seed_from_u64(number);
            let draw = |n: u64| match n % step {
                0 => step * poisson(&mut random, real(n / step)),
                _ => poisson(&mut random, real(n)),
            };
            let counts = self.counts(draw);
            let again = fit(&counts, real(self.smaller));
            let weights = Weights::new(&again);
            self.again(&pairs, |pattern| weights.log_odds(pattern))
        };
        (0..FITS).into_par_iter().map(one).collect()
    }

    /// Under drawn weights of the rules.
    pub(super) fn by_rules(&self) -> Vec<Again> {
        let pairs = self.shifted();
        let weights = Weights::new(self.fit);
        let said: hashbrown::HashMap<Pattern, Vec<(usize, f64)>> = pairs
            .iter()
            .map(|group| (group.pattern, weights.by_rule(group.pattern).collect()))
            .collect();
        let one = |number: u64| {
            let mut random = ChaCha8Rng::seed_from_u64(FITS + number);
            let heard: Vec<f64> = self.rules.iter().map(|_| -open(&mut random).ln()).collect();
            self.again(&pairs, |pattern| {
                let said = said.get(&pattern).map(Vec::as_slice).unwrap_or_default();
                let (mut sum, mut all) = (0.0, 0.0);
                for (rule, log_odds) in said {
                    let weight = heard.get(*rule).copied().unwrap_or(0.0);
                    sum += weight * log_odds;
                    all += weight;
                }
                if all > 0.0 {
                    sum / all
                } else {
                    f64::NEG_INFINITY
                }
            })
        };
        (0..DRAWS).into_par_iter().map(one).collect()
    }
}

fn divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// A number above 0 and below 1.
fn open(random: &mut ChaCha8Rng) -> f64 {
    (f64::from(random.next_u32()) + 0.5) / 4_294_967_296.0
}

/// A draw from a Poisson distribution: by products of uniform draws (Knuth), and from a mean of 30 on
/// by the normal distribution.
fn poisson(random: &mut ChaCha8Rng, mean: f64) -> u64 {
    if mean >= 30.0 {
        let radius = (-2.0 * open(random).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * open(random)).cos();
        return whole((mean + mean.sqrt() * normal + 0.5).max(0.0));
    }
    let least = (-mean).exp();
    let mut product = open(random);
    let mut count = 0;
    while product > least {
        product *= open(random);
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_mean_and_variance_of_a_poisson_distribution() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        for mean in [0.0, 0.7, 12.0, 45.0] {
            let draws: Vec<f64> = (0..20_000)
                .map(|_| real(poisson(&mut random, mean)))
                .collect();
            let n = 20_000.0;
            let average = draws.iter().sum::<f64>() / n;
            let variance = draws.iter().map(|d| (d - average).powi(2)).sum::<f64>() / n;
            assert!(
                (average - mean).abs() < 0.03 * mean.max(0.1),
                "{average} {mean}"
            );
            assert!(
                (variance - mean).abs() < 0.06 * mean.max(0.1),
                "{variance} {mean}"
            );
        }
        assert_eq!(divisor(divisor(0, 12), 18), 6);
    }
}
