//! What a pattern is worth, and what each comparison adds to it.

use super::fit::{Fit, logistic};
use super::says::Says;
use crate::comparison::Level;
use crate::link::pairs::Pattern;

/// A fit, ready to weigh patterns.
pub struct Weights<'a> {
    fit: &'a Fit,
    says: Vec<Says>,
}

/// The log odds of a pattern in their parts: means over the rules that bring the pair together. All
/// are natural logarithms.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// The rules, by number from 0.
    pub rules: Vec<usize>,
    /// The share of matches among the pairs of a rule, as log odds.
    pub prior: f64,
    /// What each comparison adds, a match against a stranger.
    pub comparisons: Vec<f64>,
    /// What is taken off because kin would agree like that as well.
    pub kin: f64,
    /// Of each comparison, how many of the rules ask for it, so that it says nothing under them.
    pub asked: Vec<usize>,
}

impl Terms {
    /// Their sum: the log odds of the pair by itself.
    pub fn sum(&self) -> f64 {
        self.prior + self.comparisons.iter().sum::<f64>() + self.kin
    }
}

impl<'a> Weights<'a> {
    /// Of a fit.
    pub fn new(fit: &'a Fit) -> Self {
        let rules = 0..fit.rules.len();
        Weights {
            fit,
            says: rules.map(|rule| fit.says(rule)).collect(),
        }
    }

    fn levels(&self, pattern: Pattern) -> Vec<Level> {
        (0..self.fit.m.len()).map(|c| pattern.level(c)).collect()
    }

    /// What each rule that brings a pair of the pattern together says by itself: its number and the
    /// natural log odds.
    pub fn by_rule(&self, pattern: Pattern) -> impl Iterator<Item = (usize, f64)> {
        let levels = self.levels(pattern);
        let rules = self.fit.rules.iter().zip(&self.says).enumerate();
        let held = rules.filter(move |(number, _)| pattern.in_rule(*number));
        held.map(move |(number, (rule, says))| (number, rule.prior() + says.evidence(&levels)))
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

    /// The same in its parts; none for a pair that no rule brings together.
    pub fn terms(&self, pattern: Pattern) -> Option<Terms> {
        let numbered = self.fit.rules.iter().enumerate();
        let held: Vec<usize> = numbered
            .filter(|(number, _)| pattern.in_rule(*number))
            .map(|(number, _)| number)
            .collect();
        let rules = || held.iter().filter_map(|number| self.fit.rules.get(*number));
        let count = f64::from(u32::try_from(held.len()).ok().filter(|n| *n > 0)?);
        let levels = self.levels(pattern);
        let says = || held.iter().filter_map(|number| self.says.get(*number));
        let mean = |(c, level): (usize, &Level)| {
            says().map(|says| says.comparison(c, *level)).sum::<f64>() / count
        };
        let asked = |c: usize| rules().filter(|rule| rule.asks(c)).count();
        Some(Terms {
            prior: rules().map(|rule| rule.prior()).sum::<f64>() / count,
            comparisons: levels.iter().enumerate().map(mean).collect(),
            kin: says().map(|says| says.kin(&levels)).sum::<f64>() / count,
            asked: (0..levels.len()).map(asked).collect(),
            rules: held,
        })
    }

    /// The probability.
    pub fn probability(&self, pattern: Pattern) -> f64 {
        logistic(self.log_odds(pattern))
    }
}
