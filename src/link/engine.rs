//! One linkage from encoded rows to scored pairs: rules, blocks, counts of patterns, the model.
//!
//! The owner's part is behind [`RuleKey`]: tokens of all rows first, then words of the rows that
//! share a block. The linkage's part sees tokens, words and row numbers. In one process the owner
//! joins the comparisons of a row by its number, before they are compared and not after; what
//! reaches the model is the same.

use hashbrown::HashMap;

use super::blocking::{self, Priced};
use super::cannot_link::Apart;
use super::entities::Entities;
use super::model::{Counts, Fit, Weights, fit, real};
use super::pairs::{Blocks, CrossedNames, Membership, Pattern, Side, Walk};
use crate::comparison::{Kind, Word};
use crate::progress::Progress;
use crate::pseudonymise::ProjectKeys;
use crate::pseudonymise::words::{
    Column, Comparison, Digests, Rule, RuleKey, Source, Token, random_blocks,
};

/// Pairs of one block at most: five hundred rows against five hundred.
pub const BLOCK_CAP: u64 = 250_000;
/// Rows of a source by which candidate rules are priced.
const SAMPLE: usize = 100_000;
/// The budget of pairs that rules are chosen within: so many a row, but never below or above.
const PAIRS_A_ROW: f64 = 8.0;
const BUDGET: (f64, f64) = (2e6, 4e7);
/// Pairs of chance.
const CHANCE: f64 = 1e7;
/// So many pairs are kept as they are counted. Of more, the model is learnt from about so many, and
/// those of use are found by a second walk.
const KEPT: u64 = 4_000_000;

/// The log odds of a pair that is known to be apart.
pub const NEVER: f64 = f64::NEG_INFINITY;

/// A pair that the model has weighed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Row of the left source.
    pub left: u32,
    /// Row of the right source, or of the same one.
    pub right: u32,
    /// Its levels and rules.
    pub pattern: Pattern,
    /// The natural log odds that it is a match.
    pub log_odds: f64,
}

/// What a rule brought together.
#[derive(Debug, Clone)]
pub struct RuleCost {
    /// The rule.
    pub rule: Rule,
    /// Pairs in its blocks.
    pub pairs: u64,
    /// Pairs that no earlier rule had.
    pub new_pairs: u64,
    /// Blocks left out because they hold too many pairs.
    pub capped_blocks: u64,
    /// Pairs in those.
    pub capped_pairs: u64,
}

/// What came of a linkage before anything is decided.
pub struct Linked {
    /// The rules, in order.
    pub rules: Vec<RuleCost>,
    /// Counts of patterns.
    pub counts: Counts,
    /// The model.
    pub fit: Fit,
    /// Pairs compared, each once.
    pub compared: u64,
    /// Pairs of chance compared.
    pub chance: u64,
    /// Pairs at or above the least probability asked for, in the order of their rows.
    pub pairs: Vec<Scored>,
}

/// One linkage: one source against itself, or two against each other.
pub struct Engine<'a> {
    sources: Vec<&'a Source>,
    comparisons: &'a [Comparison],
    digests: Vec<Vec<Digests>>,
    keys: &'a ProjectKeys,
    progress: &'a dyn Progress,
}

/// The names under which sources draw their rows for blocks of chance.
const NAMES: [&str; 2] = ["left", "right"];

impl<'a> Engine<'a> {
    /// Makes the digests of one or two sources.
    pub fn new(
        sources: Vec<&'a Source>,
        comparisons: &'a [Comparison],
        keys: &'a ProjectKeys,
        progress: &'a dyn Progress,
    ) -> Self {
        let digests = sources
            .iter()
            .map(|source| column_digests(source, comparisons, keys))
            .collect();
        Engine {
            sources,
            comparisons,
            digests,
            keys,
            progress,
        }
    }

    /// A side's rows and their digests.
    pub(super) fn held(&self, side: usize) -> Option<(&Source, &[Digests])> {
        let source = self.sources.get(side)?;
        Some((source, self.digests.get(side)?))
    }

    fn two(&self) -> bool {
        self.sources.len() > 1
    }

    fn rows(&self, side: usize) -> usize {
        self.sources.get(side).map_or(0, |s| s.rows)
    }

    /// All pairs that there are.
    pub fn all_pairs(&self) -> f64 {
        let rows = |side| real(self.rows(side) as u64);
        match self.two() {
            true => rows(0) * rows(1),
            false => rows(0) * (rows(0) - 1.0).max(0.0) / 2.0,
        }
    }

    fn tokens(&self, rule: &Rule) -> Vec<Vec<Token>> {
        let key = RuleKey::derive(self.keys, &rule.name, self.comparisons);
        let sides = self.sources.iter().zip(&self.digests);
        sides.map(|(s, d)| key.tokens(rule, s, d)).collect()
    }

    fn blocks(&self, tokens: &[Vec<Token>], cap: u64) -> Blocks {
        match tokens {
            [left, right, ..] => Blocks::between(left, right, cap),
            [one] => Blocks::within(one, cap),
            [] => Blocks::default(),
        }
    }

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
        let columns: std::collections::BTreeSet<usize> = rule.columns().collect();
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

    /// Links under rules. `known` is a model learnt before; `least` is the least probability of a
    /// pair that is kept. A pair that is known to be apart is kept as well, its odds nought.
    pub fn link(&self, rules: &[Rule], known: Option<&Fit>, least: f64, apart: &Apart) -> Linked {
        self.progress
            .begin("pairs compared", Some(rules.len() as u64));
        let mut members: Vec<Membership> = self
            .sources
            .iter()
            .map(|s| Membership::new(s.rows, rules.len()))
            .collect();
        let mut all = Vec::new();
        for (number, rule) in rules.iter().enumerate() {
            let blocks = self.blocks(&self.tokens(rule), BLOCK_CAP);
            let mut sides = members.iter_mut();
            if let Some(left) = sides.next() {
                left.note(number, &blocks.left, blocks.ends.iter().map(|e| e.0));
            }
            if let Some(right) = sides.next() {
                right.note(number, &blocks.right, blocks.ends.iter().map(|e| e.1));
            }
            all.push(blocks);
        }
        let together = all.iter().map(|b| b.pairs).sum::<u64>();
        let keep_all = together <= KEPT;
        // Of many pairs the model is learnt from a share of the blocks.
        let step = usize::try_from(together.div_ceil(KEPT)).unwrap_or(1).max(1);
        let mut counts: HashMap<Pattern, u64> = HashMap::new();
        let mut kept: Vec<(u32, u32, Pattern)> = Vec::new();
        let mut new_pairs = vec![0; rules.len()];
        for ((number, rule), (blocks, new)) in
            rules.iter().enumerate().zip(all.iter().zip(&mut new_pairs))
        {
            let sample = blocks.every(step);
            self.walk(number, rule, &sample, &members, |walk| {
                if keep_all {
                    let parts =
                        walk.fold(Vec::new, |all: &mut Vec<_>, a, b, p| all.push((a, b, p)));
                    for (a, b, pattern) in parts.into_iter().flatten() {
                        *counts.entry(pattern).or_default() += 1;
                        *new += 1;
                        kept.push((a, b, pattern));
                    }
                } else {
                    for (pattern, count) in walk.count() {
                        *counts.entry(pattern).or_default() += count * step as u64;
                    }
                }
            });
            self.progress.advance(1);
        }
        self.progress.end();
        let (chance, chance_pairs) = self.chance(&members);
        let counts = Counts::new(self.comparisons, rules, counts, chance);
        let smaller = (0..self.sources.len()).map(|s| self.rows(s)).min();
        let fitted = match known {
            Some(known) => known.clone(),
            None => fit(&counts, real(smaller.unwrap_or(0) as u64)),
        };
        let weights = Weights::new(&fitted);
        let bound = (least.max(1e-12) / (1.0 - least).max(1e-12)).ln();
        let mut pairs: Vec<Scored> = if keep_all {
            let worth: HashMap<Pattern, f64> = counts
                .pairs
                .iter()
                .map(|(pattern, _)| (*pattern, weights.log_odds(*pattern)))
                .collect();
            let scored = |(left, right, pattern): (u32, u32, Pattern)| Scored {
                left,
                right,
                pattern,
                log_odds: match apart.by_levels(pattern) || apart.by_name(left, right) {
                    true => NEVER,
                    false => worth.get(&pattern).copied().unwrap_or(NEVER),
                },
            };
            let all = kept.into_iter().map(scored);
            all.filter(|pair| !self.two() || pair.log_odds >= bound || pair.log_odds == NEVER)
                .collect()
        } else {
            let steps = if self.two() { 1 } else { 2 } * rules.len() as u64;
            self.progress.begin("pairs scored", Some(steps));
            let mut collect = |wanted: &(dyn Fn(&Scored) -> bool + Sync)| {
                let mut found: Vec<Scored> = Vec::new();
                for ((number, rule), (blocks, new)) in
                    rules.iter().enumerate().zip(all.iter().zip(&mut new_pairs))
                {
                    *new = 0;
                    self.walk(number, rule, blocks, &members, |walk| {
                        for (seen, likely) in score(walk, &weights, apart, wanted) {
                            *new += seen;
                            found.extend(likely);
                        }
                    });
                    self.progress.advance(1);
                }
                found
            };
            let found = if self.two() {
                collect(&|pair| pair.log_odds >= bound || pair.log_odds == NEVER)
            } else {
                // Of one file also what speaks against two rows that others hold together.
                let likely = collect(&|pair| pair.log_odds >= 0.0);
                let group = components(self.rows(0), &likely);
                let of = |row: u32| usize::try_from(row).ok().and_then(|row| group.get(row));
                collect(&|pair| {
                    let weighed = pair.log_odds >= bound || pair.log_odds == NEVER;
                    weighed || of(pair.left) == of(pair.right)
                })
            };
            self.progress.end();
            found
        };
        let costs: Vec<RuleCost> = rules
            .iter()
            .zip(all.iter().zip(new_pairs))
            .map(|(rule, (blocks, new_pairs))| RuleCost {
                rule: rule.clone(),
                pairs: blocks.pairs,
                new_pairs,
                capped_blocks: blocks.capped_blocks,
                capped_pairs: blocks.capped_pairs,
            })
            .collect();
        pairs.sort_unstable_by_key(|p| (p.left, p.right));
        Linked {
            compared: costs.iter().map(|c| c.new_pairs).sum(),
            rules: costs,
            counts,
            fit: fitted,
            chance: chance_pairs,
            pairs,
        }
    }

    /// Has the words of a rule's blocks made and hands the walk over them on.
    fn walk(
        &self,
        number: usize,
        rule: &Rule,
        blocks: &Blocks,
        members: &[Membership],
        mut each: impl FnMut(&Walk<'_>),
    ) {
        let key = RuleKey::derive(self.keys, &rule.name, self.comparisons);
        let rows = [&blocks.left, &blocks.right];
        let sides = self.sources.iter().zip(&self.digests).zip(rows);
        let words: Vec<Vec<Word>> = sides
            .map(|((source, digests), rows)| {
                let asked = flags(source.rows, rows);
                let wanted =
                    |row: u32| usize::try_from(row).is_ok_and(|row| asked.get(row) == Some(&true));
                key.words(rule, source, digests, self.comparisons, &wanted)
            })
            .collect();
        self.with_sides(&words, members, Some(number), blocks, |walk| each(walk));
    }

    fn with_sides(
        &self,
        words: &[Vec<Word>],
        members: &[Membership],
        rule: Option<usize>,
        blocks: &Blocks,
        each: impl FnOnce(&Walk<'_>),
    ) {
        let kinds: Vec<Kind> = self.comparisons.iter().map(|c| c.kind).collect();
        let side = |number: usize| {
            Some(Side {
                words: words.get(number)?,
                members: members.get(number)?,
            })
        };
        let Some(left) = side(0) else {
            return;
        };
        each(&Walk {
            rule,
            blocks,
            left,
            right: side(1),
            kinds: &kinds,
            names: CrossedNames::of(&kinds),
        });
    }

    /// Counts the patterns of pairs of chance: in as many blocks as it takes for about ten million.
    fn chance(&self, members: &[Membership]) -> (HashMap<Pattern, u64>, u64) {
        let all = self.all_pairs().max(1.0);
        let blocks = (all / CHANCE).floor().clamp(1.0, 1000.0);
        let rate = (CHANCE * blocks / all).sqrt().min(1.0);
        let number = (0_u32..).take_while(|n| f64::from(*n) < blocks).count();
        let number = u32::try_from(number).unwrap_or(1);
        let drawn: Vec<Vec<(u32, u32)>> = (0..self.sources.len())
            .zip(NAMES)
            .map(|(side, name)| random_blocks(self.keys, name, self.rows(side), number, rate))
            .collect();
        let key = RuleKey::derive(self.keys, "chance", self.comparisons);
        let words: Vec<Vec<Word>> = self
            .sources
            .iter()
            .zip(&self.digests)
            .zip(&drawn)
            .map(|((s, d), rows)| key.random_words(s, d, self.comparisons, rows))
            .collect();
        let mut sides = drawn.iter().map(Vec::as_slice);
        let left = sides.next().unwrap_or_default();
        let blocks = Blocks::of_chance(left, sides.next());
        let mut counts = HashMap::new();
        self.with_sides(&words, members, None, &blocks, |walk| counts = walk.count());
        (counts, blocks.pairs)
    }
}

/// Which of so many rows are in a list.
fn flags(rows: usize, list: &[u32]) -> Vec<bool> {
    let mut out = vec![false; rows];
    for row in list {
        if let Some(slot) = usize::try_from(*row).ok().and_then(|row| out.get_mut(row)) {
            *slot = true;
        }
    }
    out
}

/// Scores the new pairs of a walk: of each task how many there were, and those wanted.
fn score(
    walk: &Walk<'_>,
    weights: &Weights<'_>,
    apart: &Apart,
    wanted: &(dyn Fn(&Scored) -> bool + Sync),
) -> Vec<(u64, Vec<Scored>)> {
    type Task = (u64, Vec<Scored>, HashMap<Pattern, f64>);
    let tasks = walk.fold(
        Task::default,
        |(seen, found, worth): &mut Task, left, right, pattern| {
            let log_odds = *worth.entry(pattern).or_insert_with(|| {
                if apart.by_levels(pattern) {
                    return NEVER;
                }
                weights.log_odds(pattern)
            });
            let log_odds = match apart.by_name(left, right) {
                true => NEVER,
                false => log_odds,
            };
            *seen += 1;
            let pair = Scored {
                left,
                right,
                pattern,
                log_odds,
            };
            if wanted(&pair) {
                found.push(pair);
            }
        },
    );
    tasks
        .into_iter()
        .map(|(seen, found, _)| (seen, found))
        .collect()
}

/// Of each row the lowest row that pairs join it to.
fn components(rows: usize, pairs: &[Scored]) -> Vec<u32> {
    let mut entities = Entities::default();
    for _ in 0..rows {
        entities.add(0);
    }
    for pair in pairs {
        entities.join(pair.left, pair.right);
    }
    (0_u32..).take(rows).map(|row| entities.root(row)).collect()
}

/// The digests of every column that some comparison looks at.
pub(super) fn column_digests(
    source: &Source,
    comparisons: &[Comparison],
    keys: &ProjectKeys,
) -> Vec<Digests> {
    let of = |(place, column)| {
        let looks = |c: &&Comparison| c.columns.contains(&Some(place));
        let own = comparisons
            .iter()
            .filter(looks)
            .find(|c| c.kind != Kind::Names);
        let named = comparisons
            .iter()
            .filter(looks)
            .any(|c| c.kind == Kind::Names);
        match own.map(|c| c.kind).or(named.then_some(Kind::Names)) {
            Some(kind) => Digests::of(column, kind, named, keys),
            None => Digests::default(),
        }
    };
    source.columns.iter().enumerate().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;
    use crate::pseudonymise::MasterKey;
    use crate::pseudonymise::words::{Interner, Part};

    const NAMES: [&str; 5] = ["ANNE", "BOB", "CAROL", "DAVID", "EVE"];
    const DATES: [&str; 4] = ["1980-02-03", "1980-03-02", "1991-11-30", "1975-06-07"];

    /// Row `n` is person `n` of forty, under a name and a date that twenty people share.
    fn source(rows: impl Iterator<Item = usize> + Clone) -> Source {
        let column = |values: &[&str], step: usize| {
            let mut column = Interner::default();
            for n in rows.clone() {
                column.push(values.get(n / step % values.len()).copied());
            }
            column.finish()
        };
        Source {
            rows: rows.clone().count(),
            columns: vec![column(&NAMES, 1), column(&DATES, 5)],
        }
    }

    fn comparisons() -> Vec<Comparison> {
        [("forename", Kind::Forename, 0), ("born", Kind::Date, 1)]
            .map(|(name, kind, column)| Comparison {
                name: name.to_owned(),
                kind,
                columns: vec![Some(column)],
            })
            .into()
    }

    fn rule(name: &str, parts: &[(usize, usize)]) -> Rule {
        Rule {
            name: name.to_owned(),
            parts: parts
                .iter()
                .map(|(column, lane)| Part {
                    column: *column,
                    lane: *lane,
                })
                .collect(),
            unordered: None,
        }
    }

    #[test]
    fn every_pair_that_shares_a_rule_is_compared_once() {
        let comparisons = comparisons();
        let keys = MasterKey::of_rehearsal_seed(1).for_project("engine", "1");
        let (left, right) = (source(0..30), source(10..40));
        let rules = [rule("forename", &[(0, 0)]), rule("born", &[(1, 1), (1, 7)])];
        let same = |a: usize, b: usize| (a % 5 == b % 5, a / 5 % 4 == b / 5 % 4);

        let engine = Engine::new(vec![&left, &right], &comparisons, &keys, &Silent);
        let linked = engine.link(&rules, None, 1e-9, &Apart::default());
        let all = (0..30).flat_map(|a| (10..40).map(move |b| (a, b)));
        let shared = all.filter(|(a, b)| {
            let (name, date) = same(*a, *b);
            name || date
        });
        assert_eq!(linked.compared, shared.clone().count() as u64);
        assert_eq!(linked.chance, 900);
        // The levels are those of the values.
        for pair in &linked.pairs {
            let (a, b) = (pair.left as usize, pair.right as usize + 10);
            let (name, date) = same(a, b);
            assert_eq!(pair.pattern.level(0) == 1, name, "{a} {b}");
            assert_eq!(pair.pattern.level(1) == 1, date, "{a} {b}");
            assert_eq!(
                (pair.pattern.in_rule(0), pair.pattern.in_rule(1)),
                (name, date)
            );
        }

        let engine = Engine::new(vec![&left], &comparisons, &keys, &Silent);
        let linked = engine.link(&rules, None, 1e-9, &Apart::default());
        let all = (0..30).flat_map(|a| (a + 1..30).map(move |b| (a, b)));
        let shared = all.filter(|(a, b)| {
            let (name, date) = same(*a, *b);
            name || date
        });
        assert_eq!(linked.compared, shared.count() as u64);
    }

    #[test]
    fn another_key_gives_other_words_and_the_same_levels() {
        let comparisons = comparisons();
        let rows = source(0..20);
        let rule = rule("born", &[(1, 1), (1, 7)]);
        let words = |seed: u64| {
            let keys = MasterKey::of_rehearsal_seed(seed).for_project("engine", "1");
            let digests = column_digests(&rows, &comparisons, &keys);
            let key = RuleKey::derive(&keys, &rule.name, &comparisons);
            key.words(&rule, &rows, &digests, &comparisons, &|_| true)
        };
        let (one, two) = (words(1), words(2));
        let forenames = |words: &[Word]| words.iter().step_by(2).copied().collect::<Vec<_>>();
        assert_ne!(forenames(&one), forenames(&two));
        // Rows 0 and 20 would share a block; 0 and 5 do not, and nothing of them is alike.
        let level =
            |words: &[Word], a: usize, b: usize| Kind::Forename.level(words[2 * a], words[2 * b]);
        assert_eq!((level(&one, 0, 1), level(&two, 0, 1)), (8, 8));
        assert_eq!((level(&one, 0, 0), level(&two, 0, 0)), (1, 1));
        assert_ne!(one[0], one[10], "one name in two blocks");
    }
}
