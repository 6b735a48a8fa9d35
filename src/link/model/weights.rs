//! What a pattern is worth.

use super::counts::Counts;
use super::fit::{Fit, logistic};
use crate::link::pairs::Pattern;

/// A fit, ready to weigh patterns.
pub struct Weights<'a> {
    fit: &'a Fit,
    counts: &'a Counts,
}

impl<'a> Weights<'a> {
    /// Of a fit to those counts.
    pub fn new(fit: &'a Fit, counts: &'a Counts) -> Self {
        Weights { fit, counts }
    }

    /// The natural log odds that a pair of the pattern is a match: the mean over the rules that
    /// bring it together.
    pub fn log_odds(&self, pattern: Pattern) -> f64 {
        let levels: Vec<u8> = (0..self.counts.kinds.len())
            .map(|c| pattern.level(c))
            .collect();
        let (mut sum, mut rules) = (0.0, 0.0);
        for (number, rule) in self.fit.rules.iter().enumerate() {
            if pattern.in_rule(number) {
                let prior = (rule.matches / (1.0 - rule.matches)).ln();
                sum += prior + self.fit.evidence(self.counts, number, &levels);
                rules += 1.0;
            }
        }
        if rules > 0.0 {
            sum / rules
        } else {
            f64::NEG_INFINITY
        }
    }

    /// The probability.
    pub fn probability(&self, pattern: Pattern) -> f64 {
        logistic(self.log_odds(pattern))
    }
}
