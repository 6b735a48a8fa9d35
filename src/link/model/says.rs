//! What each level says under a rule: logarithms, taken once for all patterns.

use super::counts::place;
use super::fit::Fit;
use super::kin::Agreement;
use crate::comparison::{Level, MISSING};

/// Natural log odds by comparison and level; nothing where a value is missing or the rule has asked
/// for it.
type Table = Vec<Vec<f64>>;

/// A rule, ready for many patterns.
pub(super) struct Says {
    /// A match against a stranger.
    matches: Table,
    /// The share of strangers among pairs that are no matches.
    strangers: f64,
    /// Of each sort of kin its share among those, and kin against strangers.
    kin: Vec<(f64, Table)>,
}

/// Odds of kin are kept finite.
const MOST: f64 = 200.0;

impl Says {
    /// Of a rule.
    pub(super) fn new(fit: &Fit, rule: usize) -> Self {
        let own = fit.rules.get(rule);
        let shares: &[f64] = own.map(|r| r.kin.as_slice()).unwrap_or_default();
        let kin = fit.kin.iter().zip(shares);
        Says {
            matches: table(fit, rule, |_| &Agreement::AsMatch),
            strangers: 1.0 - shares.iter().sum::<f64>(),
            kin: kin
                .map(|(kin, share)| {
                    let agreement = |c: usize| {
                        let found = kin.comparisons.get(c);
                        found.unwrap_or(&Agreement::AsChance)
                    };
                    (*share, table(fit, rule, agreement))
                })
                .collect(),
        }
    }

    /// What one comparison says for a match against a stranger.
    pub(super) fn comparison(&self, comparison: usize, level: Level) -> f64 {
        at(&self.matches, comparison, level)
    }

    /// Fills in the odds of each sort of kin against strangers, times its share; returns the share of
    /// strangers and all of those together.
    pub(super) fn others(&self, levels: &[Level], odds: &mut [f64]) -> f64 {
        let mut all = self.strangers;
        for ((share, table), slot) in self.kin.iter().zip(odds) {
            *slot = share * sum(table, levels).min(MOST).exp();
            all += *slot;
        }
        all
    }

    /// The natural log odds of a match against a stranger.
    pub(super) fn against_strangers(&self, levels: &[Level]) -> f64 {
        sum(&self.matches, levels)
    }

    /// The share of strangers among pairs that are no matches.
    pub(super) fn strangers(&self) -> f64 {
        self.strangers
    }

    /// What there is of kin says against a match, in natural log odds.
    pub(super) fn kin(&self, levels: &[Level]) -> f64 {
        if self.kin.is_empty() {
            return 0.0;
        }
        let mut odds = vec![0.0; self.kin.len()];
        -self.others(levels, &mut odds).ln()
    }

    /// The natural log odds of a match against all others, without the rule's share of matches.
    pub(super) fn evidence(&self, levels: &[Level]) -> f64 {
        sum(&self.matches, levels) + self.kin(levels)
    }
}

fn at(table: &Table, comparison: usize, level: Level) -> f64 {
    let levels = table.get(comparison);
    levels
        .and_then(|l| l.get(place(level)))
        .copied()
        .unwrap_or(0.0)
}

fn sum(table: &Table, levels: &[Level]) -> f64 {
    let all = levels.iter().enumerate();
    all.map(|(c, level)| at(table, c, *level)).sum()
}

fn table<'a>(fit: &'a Fit, rule: usize, agreement: impl Fn(usize) -> &'a Agreement) -> Table {
    let Some(own) = fit.rules.get(rule) else {
        return Vec::new();
    };
    let ratio = |c: usize, m: &[f64]| -> Vec<f64> {
        if own.asks(c) {
            return Vec::new();
        }
        let u = own.u.get(c).map(Vec::as_slice).unwrap_or_default();
        // The rule leaves a part of it open: so it has shares of its own.
        let partial = own.m.get(c).and_then(Option::as_deref);
        let numerator = match (agreement(c), partial) {
            (Agreement::AsMatch, Some(partial)) => partial,
            (Agreement::AsMatch, None) => m,
            (_, Some(_)) => u,
            (Agreement::Learnt(shares), None) => shares,
            (Agreement::AsChance, None) => fit.u.get(c).map(Vec::as_slice).unwrap_or_default(),
        };
        let says = |(level, (f, u)): (usize, (&f64, &f64))| match level == place(MISSING) {
            true => 0.0,
            false => (f.max(1e-9) / u.max(1e-9)).ln(),
        };
        numerator.iter().zip(u).enumerate().map(says).collect()
    };
    fit.m.iter().enumerate().map(|(c, m)| ratio(c, m)).collect()
}
