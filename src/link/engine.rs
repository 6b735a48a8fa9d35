//! One linkage from encoded rows to scored pairs: rules, blocks, counts of patterns, the model.
//!
//! The owner's part is behind [`RuleKey`]: tokens of all rows first, then words of the rows that
//! share a block. The linkage's part sees tokens, words and row numbers. In one process the owner
//! joins the comparisons of a row by its number, before they are compared and not after; what
//! reaches the model is the same.

mod chance;
mod choice;
mod further;
mod linking;

pub use further::{Carried, Further};
pub use linking::{Keep, Tally};

use std::borrow::Cow;

use super::model::{Counts, Fit, real};
use super::pairs::{Blocks, Dependent, Membership, Pattern, Side, Taken, Walk};
use crate::comparison::{Kind, Word};
use crate::progress::Progress;
use crate::pseudonymise::ProjectKeys;
use crate::pseudonymise::words::{
    Comparison, Digests, Rule, RuleKey, Source, Token, column_digests, note_frequencies,
};

/// Pairs of one block at most: five hundred rows against five hundred.
pub const BLOCK_CAP: u64 = 250_000;
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

impl RuleCost {
    fn of(rule: &Rule, blocks: &Blocks, new_pairs: u64) -> Self {
        RuleCost {
            rule: rule.clone(),
            pairs: blocks.pairs,
            new_pairs,
            capped_blocks: blocks.capped_blocks,
            capped_pairs: blocks.capped_pairs,
        }
    }
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

impl Linked {
    /// Whether so few pairs were compared that those of one source were all kept.
    pub fn holds_all(&self) -> bool {
        self.rules.iter().map(|cost| cost.pairs).sum::<u64>() <= linking::KEPT
    }
}

/// One linkage: one source against itself, or two against each other.
pub struct Engine<'a> {
    sources: Vec<&'a Source>,
    comparisons: &'a [Comparison],
    dependent: Dependent,
    digests: Vec<Cow<'a, [Digests]>>,
    keys: &'a ProjectKeys,
    progress: &'a dyn Progress,
}

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
            .map(|source| (*source, column_digests(source, comparisons, keys)));
        let mut digests: Vec<(&Source, Vec<Digests>)> = digests.collect();
        note_frequencies(&mut digests, comparisons);
        let digests = digests.into_iter().map(|(_, d)| Cow::Owned(d)).collect();
        Engine {
            sources,
            comparisons,
            dependent: Dependent::of(comparisons),
            digests,
            keys,
            progress,
        }
    }

    /// Of one or two sources whose digests their owner made.
    pub fn of(
        sources: &[(&'a Source, &'a [Digests])],
        comparisons: &'a [Comparison],
        keys: &'a ProjectKeys,
        progress: &'a dyn Progress,
    ) -> Self {
        let digests = sources.iter().map(|(_, digests)| Cow::Borrowed(*digests));
        Engine {
            sources: sources.iter().map(|(source, _)| *source).collect(),
            comparisons,
            dependent: Dependent::of(comparisons),
            digests: digests.collect(),
            keys,
            progress,
        }
    }

    /// A side's rows and their digests.
    pub(super) fn held(&self, side: usize) -> Option<(&Source, &[Digests])> {
        let source = self.sources.get(side)?;
        Some((source, self.digests.get(side)?.as_ref()))
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

    /// Has the words of a rule's blocks made and hands the walk over them on. `words` is room that
    /// one rule after the other uses.
    fn walk(
        &self,
        (number, rule): (usize, &Rule),
        (blocks, words): (&Blocks, &mut Vec<Vec<Word>>),
        members: &[Membership],
        taken: Option<Taken<'_>>,
        mut each: impl FnMut(&Walk<'_>),
    ) {
        let key = RuleKey::derive(self.keys, &rule.name, self.comparisons);
        let rows = [&blocks.left, &blocks.right];
        let sides = self.sources.iter().zip(&self.digests).zip(rows);
        words.resize_with(self.sources.len(), Vec::new);
        for (((source, digests), rows), words) in sides.zip(words.iter_mut()) {
            let asked = flags(source.rows, rows);
            let wanted =
                |row: u32| usize::try_from(row).is_ok_and(|row| asked.get(row) == Some(&true));
            key.words(rule, source, digests, self.comparisons, &wanted, words);
        }
        self.with_sides(words, members, (Some(number), taken), blocks, |walk| {
            each(walk)
        });
    }

    fn with_sides(
        &self,
        words: &[Vec<Word>],
        members: &[Membership],
        (rule, taken): (Option<usize>, Option<Taken<'_>>),
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
            dependent: &self.dependent,
            taken,
        });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::cannot_link::Apart;
    use crate::progress::Silent;
    use crate::pseudonymise::MasterKey;
    use crate::pseudonymise::words::{Interner, Part};

    fn keep(apart: &Apart) -> Keep<'_> {
        Keep { least: 1e-9, apart }
    }

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
        let linked = engine.link(&rules, None, keep(&Apart::default()));
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
        let linked = engine.link(&rules, None, keep(&Apart::default()));
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
            let mut words = Vec::new();
            key.words(&rule, &rows, &digests, &comparisons, &|_| true, &mut words);
            words
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
