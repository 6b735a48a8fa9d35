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

    /// What each rule that brings a pair of the pattern together says by itself: its number and the
    /// natural log odds.
    pub fn by_rule(&self, pattern: Pattern) -> impl Iterator<Item = (usize, f64)> {
        let levels: Vec<u8> = (0..self.counts.kinds.len())
            .map(|c| pattern.level(c))
            .collect();
        let rules = self.fit.rules.iter().enumerate();
        let held = rules.filter(move |(number, _)| pattern.in_rule(*number));
        held.map(move |(number, rule)| {
            let prior = (rule.matches / (1.0 - rule.matches)).ln();
            let evidence = self.fit.evidence(self.counts, number, &levels);
            (number, prior + evidence)
        })
    }

    /// The natural log odds that a pair of the pattern is a match: the mean over the rules that
    /// bring it together.
    pub fn log_odds(&self, pattern: Pattern) -> f64 {
        let (mut sum, mut rules) = (0.0, 0.0);
        for (_, log_odds) in self.by_rule(pattern) {
            sum += log_odds;
            rules += 1.0;
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
