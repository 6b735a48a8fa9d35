//! The order of a linkage: blocks, counts of patterns, the model, scored pairs.
//!
//! Few pairs are kept as they are counted. Of many, the model is learnt from every so many-th block,
//! and those of use are found by a second walk over all of them, so that memory holds links and not
//! pairs.

use hashbrown::HashMap;

use super::chance::CHANCE;
use super::{BLOCK_CAP, Engine, Linked, NEVER, RuleCost, Scored};
use crate::link::cannot_link::Apart;
use crate::link::entities::Entities;
use crate::link::model::{Counts, Fit, Weights, fit, real};
use crate::link::pairs::{Blocks, Membership, Pattern, Walk};
use crate::pseudonymise::words::Rule;

/// So many pairs are kept as they are counted.
pub(super) const KEPT: u64 = 4_000_000;

/// The blocks of every rule, and in which of them each row of each source is.
pub(super) struct Together {
    pub(super) blocks: Vec<Blocks>,
    pub(super) members: Vec<Membership>,
}

/// What counting saw.
#[derive(Default)]
struct Counted {
    patterns: HashMap<Pattern, u64>,
    /// All pairs, where there are few.
    kept: Option<Vec<(u32, u32, Pattern)>>,
    /// Of each rule the pairs that no earlier one had, where all were seen.
    new_pairs: Vec<u64>,
}

/// What a pair is worth, and whether it is of use.
pub(super) struct Judge<'a> {
    weights: Weights<'a>,
    apart: &'a Apart,
    /// The least natural log odds that are of use.
    bound: f64,
}

impl<'a> Judge<'a> {
    /// Of a model and what to keep.
    pub(super) fn new(fit: &'a Fit, keep: Keep<'a>) -> Self {
        Judge {
            weights: Weights::new(fit),
            apart: keep.apart,
            bound: (keep.least.max(1e-12) / (1.0 - keep.least).max(1e-12)).ln(),
        }
    }

    pub(super) fn of_levels(&self, pattern: Pattern) -> f64 {
        match self.apart.by_levels(pattern) {
            true => NEVER,
            false => self.weights.log_odds(pattern),
        }
    }

    pub(super) fn scored(
        &self,
        (left, right): (u32, u32),
        pattern: Pattern,
        of_levels: f64,
    ) -> Scored {
        Scored {
            left,
            right,
            pattern,
            log_odds: match self.is_apart(left, right, of_levels) {
                true => NEVER,
                false => of_levels,
            },
        }
    }

    /// Named, or ruled out by dates. Dates are asked of likely pairs alone: of most pairs of strangers
    /// they would say what is known.
    fn is_apart(&self, left: u32, right: u32, of_levels: f64) -> bool {
        self.apart.by_name(left, right)
            || (of_levels >= self.bound && self.apart.by_dates(left, right))
    }

    /// Likely enough, or known to be apart.
    pub(super) fn is_of_use(&self, pair: &Scored) -> bool {
        pair.log_odds >= self.bound || pair.log_odds == NEVER
    }
}

/// The patterns of the pairs that rules bring together, and of pairs of chance.
pub struct Tally {
    together: Together,
    counted: Counted,
    chance: HashMap<Pattern, u64>,
    chance_pairs: u64,
}

impl Tally {
    /// The patterns, each with its count: of pairs brought together, then of pairs of chance.
    pub fn patterns(&self) -> [&HashMap<Pattern, u64>; 2] {
        [&self.counted.patterns, &self.chance]
    }

    /// Pairs of chance.
    pub fn chance_pairs(&self) -> u64 {
        self.chance_pairs
    }
}

/// What to keep of the pairs that a model weighs.
#[derive(Clone, Copy)]
pub struct Keep<'a> {
    /// The least probability. A pair that is known to be apart is kept as well, its odds nought.
    pub least: f64,
    /// What is known to be apart.
    pub apart: &'a Apart,
}

impl Engine<'_> {
    /// Links under rules. `known` is a model learnt before.
    pub fn link(&self, rules: &[Rule], known: Option<&Fit>, keep: Keep<'_>) -> Linked {
        let tally = self.tally(rules, CHANCE);
        let [pairs, chance] = tally.patterns();
        let entries = |of: &HashMap<Pattern, u64>| of.iter().map(|(p, n)| (*p, *n)).collect();
        let (pairs, chance): (Vec<_>, Vec<_>) = (entries(pairs), entries(chance));
        let counts = Counts::new(self.comparisons, rules, pairs, chance);
        let fitted = match known {
            Some(known) => known.clone(),
            None => fit(&counts, self.smaller()),
        };
        let chance = tally.chance_pairs;
        let (pairs, costs) = self.score(rules, Some(tally), &fitted, keep);
        Linked {
            compared: costs.iter().map(|c| c.new_pairs).sum(),
            rules: costs,
            counts,
            fit: fitted,
            chance,
            pairs,
        }
    }

    /// The rows of the smaller source: there are no more matches than that between two.
    pub fn smaller(&self) -> f64 {
        let rows = (0..self.sources.len()).map(|side| self.rows(side)).min();
        real(rows.unwrap_or(0) as u64)
    }

    /// Counts the patterns of the pairs that rules bring together, and of about so many of chance.
    pub fn tally(&self, rules: &[Rule], chance: f64) -> Tally {
        self.progress
            .begin("pairs compared", Some(rules.len() as u64));
        let together = self.together(rules);
        let counted = self.count(rules, &together);
        self.progress.end();
        let (chance, chance_pairs) = self.chance(&together.members, chance);
        Tally {
            together,
            counted,
            chance,
            chance_pairs,
        }
    }

    /// Weighs the pairs by a model: those of use in the order of their rows, and what each rule
    /// cost. Pairs that a tally kept are not compared again.
    pub fn score(
        &self,
        rules: &[Rule],
        tally: Option<Tally>,
        fitted: &Fit,
        keep: Keep<'_>,
    ) -> (Vec<Scored>, Vec<RuleCost>) {
        let judge = Judge::new(fitted, keep);
        let (together, counted) = match tally {
            Some(tally) => (tally.together, tally.counted),
            None => (self.together(rules), Counted::default()),
        };
        let (mut pairs, new_pairs) = match counted.kept {
            Some(kept) => (self.weighed(kept, &judge), counted.new_pairs),
            None => self.found(rules, &together, &judge),
        };
        pairs.sort_unstable_by_key(|p| (p.left, p.right));
        let costs = rules.iter().zip(together.blocks.iter().zip(new_pairs));
        let costs = costs.map(|(rule, (blocks, new))| RuleCost::of(rule, blocks, new));
        (pairs, costs.collect())
    }

    pub(super) fn together(&self, rules: &[Rule]) -> Together {
        let empty = self.sources.iter();
        let empty = empty.map(|s| Membership::new(s.rows, rules.len()));
        let mut out = Together {
            blocks: Vec::with_capacity(rules.len()),
            members: empty.collect(),
        };
        for (number, rule) in rules.iter().enumerate() {
            let blocks = self.blocks(&self.tokens(rule), BLOCK_CAP);
            let mut sides = out.members.iter_mut();
            if let Some(left) = sides.next() {
                left.note(number, &blocks.left, blocks.ends.iter().map(|e| e.0));
            }
            if let Some(right) = sides.next() {
                right.note(number, &blocks.right, blocks.ends.iter().map(|e| e.1));
            }
            out.blocks.push(blocks);
        }
        out
    }

    /// Counts patterns: of all pairs, which are then kept, or of a share of the blocks.
    fn count(&self, rules: &[Rule], together: &Together) -> Counted {
        let pairs = together.blocks.iter().map(|b| b.pairs).sum::<u64>();
        let step = usize::try_from(pairs.div_ceil(KEPT)).unwrap_or(1).max(1);
        let mut out = Counted {
            kept: (step == 1).then(Vec::new),
            ..Counted::default()
        };
        let mut words = Vec::new();
        for (number, (rule, blocks)) in rules.iter().zip(&together.blocks).enumerate() {
            let before = out.kept.as_ref().map_or(0, Vec::len);
            let sample = blocks.every(step);
            let room = (&sample, &mut words);
            self.walk((number, rule), room, &together.members, None, |walk| {
                out.take(walk, step);
            });
            let after = out.kept.as_ref().map_or(0, Vec::len);
            out.new_pairs.push((after - before) as u64);
            self.progress.advance(1);
        }
        out
    }

    /// The pairs that were kept, weighed. Of one source all of them: what speaks against two rows
    /// is heard as well.
    fn weighed(&self, kept: Vec<(u32, u32, Pattern)>, judge: &Judge<'_>) -> Vec<Scored> {
        let mut worth: HashMap<Pattern, f64> = HashMap::new();
        let all = kept.into_iter().map(|(left, right, pattern)| {
            let of_levels = worth.entry(pattern);
            let of_levels = *of_levels.or_insert_with(|| judge.of_levels(pattern));
            judge.scored((left, right), pattern, of_levels)
        });
        all.filter(|pair| !self.two() || judge.is_of_use(pair))
            .collect()
    }

    /// The pairs of use, found by another walk, and how many new pairs each rule has. Of one source
    /// also what speaks against two rows that others hold together, which takes one walk more.
    fn found(
        &self,
        rules: &[Rule],
        together: &Together,
        judge: &Judge<'_>,
    ) -> (Vec<Scored>, Vec<u64>) {
        let walks = if self.two() { 1 } else { 2 };
        let steps = walks * rules.len() as u64;
        self.progress.begin("pairs scored", Some(steps));
        let found = if self.two() {
            self.collect(rules, together, judge, &|pair| judge.is_of_use(pair))
        } else {
            let likely = |pair: &Scored| pair.log_odds >= 0.0;
            let (likely, _) = self.collect(rules, together, judge, &likely);
            let group = components(self.rows(0), &likely);
            let of = |row: u32| usize::try_from(row).ok().and_then(|row| group.get(row));
            self.collect(rules, together, judge, &|pair| {
                judge.is_of_use(pair) || of(pair.left) == of(pair.right)
            })
        };
        self.progress.end();
        found
    }

    fn collect(
        &self,
        rules: &[Rule],
        together: &Together,
        judge: &Judge<'_>,
        wanted: &(dyn Fn(&Scored) -> bool + Sync),
    ) -> (Vec<Scored>, Vec<u64>) {
        let (mut found, mut new_pairs) = (Vec::new(), Vec::new());
        let mut words = Vec::new();
        for (number, (rule, blocks)) in rules.iter().zip(&together.blocks).enumerate() {
            let mut new = 0;
            let room = (blocks, &mut words);
            self.walk((number, rule), room, &together.members, None, |walk| {
                for (seen, likely) in score(walk, judge, wanted) {
                    new += seen;
                    found.extend(likely);
                }
            });
            new_pairs.push(new);
            self.progress.advance(1);
        }
        (found, new_pairs)
    }
}

impl Counted {
    fn take(&mut self, walk: &Walk<'_>, step: usize) {
        let Some(kept) = &mut self.kept else {
            for (pattern, count) in walk.count() {
                *self.patterns.entry(pattern).or_default() += count * step as u64;
            }
            return;
        };
        let parts = walk.fold(Vec::new, |all: &mut Vec<_>, a, b, p| all.push((a, b, p)));
        for (a, b, pattern) in parts.into_iter().flatten() {
            *self.patterns.entry(pattern).or_default() += 1;
            kept.push((a, b, pattern));
        }
    }
}

/// Scores the new pairs of a walk: of each task how many there were, and those wanted.
fn score(
    walk: &Walk<'_>,
    judge: &Judge<'_>,
    wanted: &(dyn Fn(&Scored) -> bool + Sync),
) -> Vec<(u64, Vec<Scored>)> {
    type Task = (u64, Vec<Scored>, HashMap<Pattern, f64>);
    let tasks = walk.fold(
        Task::default,
        |(seen, found, worth): &mut Task, left, right, pattern| {
            let of_levels = worth.entry(pattern);
            let of_levels = *of_levels.or_insert_with(|| judge.of_levels(pattern));
            let pair = judge.scored((left, right), pattern, of_levels);
            *seen += 1;
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
pub(super) fn components(rows: usize, pairs: &[Scored]) -> Vec<u32> {
    let mut entities = Entities::default();
    for _ in 0..rows {
        entities.add(0);
    }
    for pair in pairs {
        entities.join(pair.left, pair.right);
    }
    (0_u32..).take(rows).map(|row| entities.root(row)).collect()
}
