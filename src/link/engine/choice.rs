//! What rules would bring together, counted before anything is compared.

use std::collections::BTreeSet;

use super::{BLOCK_CAP, Engine};
use crate::link::blocking::{self, Priced};
use crate::link::model::real;
use crate::link::pairs::Blocks;
use crate::pseudonymise::words::{Column, Rule, RuleKey, Source, Token};

/// Rows of a source by which candidate rules are priced.
const SAMPLE: usize = 100_000;
/// The budget of pairs that rules are chosen within: so many a row, but never below or above.
const PAIRS_A_ROW: f64 = 8.0;
const BUDGET: (f64, f64) = (2e6, 2e8);

impl Engine<'_> {
    /// Pairs of rows, in a thousand rows of a source, that share a whole rule: how far from free
    /// of duplicates the source is.
    pub fn repeats(&self, side: usize, rule: &Rule) -> f64 {
        let key = RuleKey::derive(self.keys, &rule.name, self.comparisons);
        let (Some(source), Some(digests)) = (self.sources.get(side), self.digests.get(side)) else {
            return 0.0;
        };
        let tokens = key.tokens(rule, source, digests);
        let blocks = Blocks::within(&tokens, u64::MAX);
        1000.0 * real(blocks.pairs) / real(source.rows as u64).max(1.0)
    }

    /// What [`Engine::repeats`] would be by chance, if the rule's columns had nothing to do with each
    /// other.
    pub fn chance_repeats(&self, side: usize, rule: &Rule) -> f64 {
        let Some(source) = self.sources.get(side) else {
            return 0.0;
        };
        let of = |column: usize| {
            source
                .columns
                .get(column)
                .map_or(1.0, Column::chance_agreement)
        };
        let columns: BTreeSet<usize> = rule.columns().collect();
        let together: f64 = columns.into_iter().map(of).product();
        1000.0 * together * real(source.rows as u64) / 2.0
    }

    /// Chooses rules from the fields and the data, within a budget of pairs.
    pub fn choose(&self, budget: Option<u64>) -> Vec<Rule> {
        let candidates = blocking::candidates(self.comparisons);
        self.progress
            .begin("rules weighed", Some(candidates.len() as u64));
        // Every so many-th row: pairs grow with the product of the rows of both sides.
        let step = |side: usize| self.rows(side).div_ceil(SAMPLE).max(1);
        let steps: Vec<usize> = (0..self.sources.len()).map(step).collect();
        let samples: Vec<Source> = self
            .sources
            .iter()
            .zip(&steps)
            .map(|(s, step)| s.every(*step))
            .collect();
        let scale: f64 = match steps.as_slice() {
            [left, right, ..] => real(*left as u64) * real(*right as u64),
            [one] => real(*one as u64) * real(*one as u64),
            [] => 1.0,
        };
        let price = |rule: Rule| {
            let key = RuleKey::derive(self.keys, &rule.name, self.comparisons);
            let sides = samples.iter().zip(&self.digests);
            let tokens: Vec<Vec<Token>> = sides.map(|(s, d)| key.tokens(&rule, s, d)).collect();
            let filled = tokens.iter().map(|t| {
                let there = t.iter().filter(|token| **token != 0).count();
                real(there as u64) / real(t.len() as u64).max(1.0)
            });
            let filled = filled.product();
            let blocks = self.blocks(&tokens, BLOCK_CAP);
            self.progress.advance(1);
            Priced {
                rule,
                pairs: real(blocks.pairs) * scale,
                filled,
            }
        };
        let priced: Vec<Priced> = candidates.into_iter().map(price).collect();
        self.progress.end();
        let rows: f64 = self.sources.iter().map(|s| real(s.rows as u64)).sum();
        let budget = match budget {
            Some(pairs) => real(pairs),
            None => (PAIRS_A_ROW * rows).clamp(BUDGET.0, BUDGET.1),
        };
        blocking::choose(self.comparisons, &priced, budget)
    }
}
