//! Several sources of one kind of people, linked with each other.
//!
//! Every couple of sources is counted by itself, and a source that is not free of duplicates with
//! itself; one model is learnt of all, since what is wrong with a name does not depend on whom it is
//! compared with; and then each couple has a share of matches of its own, because it is that in which
//! couples differ most. A record with several names is counted by its first and found by any: of the
//! names of two records the pair that agrees best speaks for them.
//!
//! ```text
//! couples ─▶ tallies of patterns ─▶ one fit ─▶ pairs of each couple ─▶ its share of matches
//!                                                      └─▶ best of the names ─▶ pairs of records
//! ```

use std::borrow::Cow;

use hashbrown::HashMap;
use rayon::prelude::*;

use super::cannot_link::Apart;
use super::engine::{Engine, Keep, RuleCost, Scored};
use super::model::{self, Counts, Fit, Weights, fit, logistic, real};
use super::pairs::{Dependent, Pattern};
use crate::comparison::Level;
use crate::progress::Progress;
use crate::pseudonymise::words::{Comparison, Digests, Held, Rule, Source, beside};
use crate::pseudonymise::{LinkageSource, ProjectKeys};

/// Pairs of chance over all couples together: so many a row, but never below or above.
const CHANCE_A_ROW: f64 = 20.0;
const CHANCE: (f64, f64) = (3e5, 4e6);
/// Pairs less probable than this, before couples have their own shares, are let go.
const LEAST: f64 = 1e-3;
/// Matches that a couple's own share starts from at the common one.
const PRIOR: f64 = 2.0;
/// Rounds in which a couple's share comes to rest.
const ROUNDS: usize = 50;
/// A couple's odds differ from the common ones by no more than this.
const MOST_APART: f64 = 1000.0;

/// One source.
#[derive(Clone, Copy)]
pub struct Party<'a> {
    /// Its rows.
    pub rows: &'a LinkageSource,
    /// Whether every record in it is another person.
    pub duplicate_free: bool,
    /// Whether it is compared with itself.
    pub within: bool,
}

/// Two sources, or one with itself, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Couple {
    /// The first.
    pub left: usize,
    /// The second; the first again for a source with itself.
    pub right: usize,
}

impl Couple {
    /// Whether it is a source with itself.
    pub fn is_within(self) -> bool {
        self.left == self.right
    }
}

/// What came of a couple.
pub struct CoupleScores {
    /// Which.
    pub couple: Couple,
    /// Pairs of its records, by their numbers in their sources, in that order.
    pub pairs: Vec<Scored>,
    /// Pairs of rows compared.
    pub compared: u64,
    /// What its odds are multiplied by, against the common model.
    pub factor: f64,
}

/// What came of all.
pub struct Federated {
    /// The common counts.
    pub counts: Counts,
    /// The common model.
    pub fit: Fit,
    /// What each rule brought together, over all couples.
    pub rules: Vec<RuleCost>,
    /// Pairs of chance.
    pub chance: u64,
    /// Couple by couple.
    pub couples: Vec<CoupleScores>,
    /// What the model finds wrong with itself.
    pub warnings: Vec<String>,
}

/// Sources, and by what they are linked.
pub struct Federation<'a> {
    /// The sources.
    pub parties: &'a [Party<'a>],
    /// The comparisons.
    pub comparisons: &'a [Comparison],
    /// The blocking rules.
    pub rules: &'a [Rule],
    /// The keys of the project.
    pub keys: &'a ProjectKeys,
    /// Who watches.
    pub progress: &'a dyn Progress,
}

/// The rows of a party that a step works on.
struct Side<'a> {
    source: Cow<'a, Source>,
    digests: &'a [Digests],
}

impl Side<'_> {
    fn held(&self) -> Held<'_> {
        Held {
            source: self.source.as_ref(),
            digests: self.digests,
        }
    }
}

impl Federation<'_> {
    /// Links.
    pub fn link(&self) -> Federated {
        let couples = self.couples();
        let (counts, fit, chance) = self.learn(&couples);
        let mut rules: Vec<RuleCost> = Vec::new();
        let mut scores = Vec::new();
        for couple in couples {
            let (score, costs) = self.score(couple, &fit);
            add_costs(&mut rules, costs);
            scores.push(score);
        }
        let mut warnings = model::check(&counts, &fit, self.comparisons, self.rules);
        if !model::one_person(&counts, &fit, self.comparisons) {
            scores.iter_mut().for_each(|score| score.pairs.clear());
            warnings.push(NOBODY.to_owned());
        }
        Federated {
            counts,
            fit,
            rules,
            chance,
            couples: scores,
            warnings,
        }
    }

    /// All couples of sources that have rows, and sources with themselves where that is asked for.
    pub fn couples(&self) -> Vec<Couple> {
        let all = 0..self.parties.len();
        let couples =
            all.flat_map(|left| (left..self.parties.len()).map(move |right| (left, right)));
        couples
            .map(|(left, right)| Couple { left, right })
            .filter(|couple| {
                let party = |number: usize| self.parties.get(number);
                let has_rows = |number| party(number).is_some_and(|p| p.rows.source.rows > 0);
                let within = party(couple.left).is_some_and(|p| p.within && !p.duplicate_free);
                let both = has_rows(couple.left) && has_rows(couple.right);
                both && (!couple.is_within() || within)
            })
            .collect()
    }

    fn engine<'e>(&'e self, sides: &'e [Side<'_>]) -> Engine<'e> {
        let sources: Vec<(&Source, &[Digests])> = sides
            .iter()
            .map(|side| (side.source.as_ref(), side.digests))
            .collect();
        Engine::of(&sources, self.comparisons, self.keys, self.progress)
    }

    /// The sides of a couple: one for a source with itself.
    fn sides(&self, couple: Couple, first_names: bool) -> Vec<Side<'_>> {
        let numbers = match couple.is_within() {
            true => vec![couple.left],
            false => vec![couple.left, couple.right],
        };
        let side = |number: usize| {
            let rows = self.parties.get(number)?.rows;
            let source = match first_names && rows.is_first.iter().any(|first| !first) {
                true => Cow::Owned(rows.source.rows_at(&rows.first_names())),
                false => Cow::Borrowed(&rows.source),
            };
            Some(Side {
                source,
                digests: &rows.digests,
            })
        };
        numbers.into_iter().filter_map(side).collect()
    }

    /// One model of all couples, by the first names of their records.
    fn learn(&self, couples: &[Couple]) -> (Counts, Fit, u64) {
        let mut pairs: HashMap<Pattern, u64> = HashMap::new();
        let mut chance: HashMap<Pattern, u64> = HashMap::new();
        let (mut smaller, mut chance_pairs) = (0.0, 0);
        let rows: f64 = self
            .parties
            .iter()
            .map(|p| real(p.rows.source.rows as u64))
            .sum();
        let chance_of_all = (CHANCE_A_ROW * rows).clamp(CHANCE.0, CHANCE.1);
        let each = chance_of_all / real(couples.len() as u64).max(1.0);
        for couple in couples {
            let sides = self.sides(*couple, true);
            let engine = self.engine(&sides);
            let tally = engine.tally(self.rules, each);
            let [found, strangers] = tally.patterns();
            for (all, more) in [(&mut pairs, found), (&mut chance, strangers)] {
                for (pattern, count) in more {
                    *all.entry(*pattern).or_default() += count;
                }
            }
            smaller += engine.smaller();
            chance_pairs += tally.chance_pairs();
        }
        let counts = Counts::new(self.comparisons, self.rules, pairs, chance);
        let learnt = fit(&counts, smaller);
        (counts, learnt, chance_pairs)
    }

    fn score(&self, couple: Couple, fit: &Fit) -> (CoupleScores, Vec<RuleCost>) {
        let sides = self.sides(couple, false);
        let apart = Apart::default();
        let keep = Keep {
            least: LEAST,
            apart: &apart,
        };
        let (rows, costs) = self.engine(&sides).score(self.rules, None, fit, keep);
        let rows = self.laid_side_by_side(&sides, rows, fit);
        let records = |number: usize| self.parties.get(number).map(|p| p.rows.records.as_slice());
        let (left, right) = (records(couple.left), records(couple.right));
        let mut pairs = best_of_names(&rows, left, right, couple.is_within());
        let factor = own_share(&mut pairs, expected_before(&costs, fit));
        let score = CoupleScores {
            couple,
            pairs,
            compared: costs.iter().map(|c| c.new_pairs).sum(),
            factor,
        };
        (score, costs)
    }
}

impl Federation<'_> {
    /// Weighs the pairs that were kept once more, by what their rows show laid side by side: here one
    /// owner holds both, and the chance by which one tag in 255 agrees need not decide anything.
    fn laid_side_by_side(
        &self,
        sides: &[Side<'_>],
        mut pairs: Vec<Scored>,
        fit: &Fit,
    ) -> Vec<Scored> {
        let (Some(left), Some(right)) = (sides.first(), sides.last()) else {
            return pairs;
        };
        let (left, right) = (left.held(), right.held());
        let weights = Weights::new(fit);
        pairs.par_iter_mut().for_each(|pair| {
            let row = |row: u32| usize::try_from(row).unwrap_or(usize::MAX);
            let (a, b) = ((left, row(pair.left)), (right, row(pair.right)));
            let levels = side_by_side(self.comparisons, a, b);
            pair.pattern = levels.under(pair.pattern.rules());
            pair.log_odds = weights.log_odds(pair.pattern);
        });
        pairs
    }
}

/// The pattern of two rows that one owner lays side by side, under no rule.
pub fn side_by_side(
    comparisons: &[Comparison],
    left: (Held<'_>, usize),
    right: (Held<'_>, usize),
) -> Pattern {
    let level = |c: &Comparison| {
        let (x, y) = beside(c, left, right);
        c.kind.level(x, y)
    };
    let mut levels: Vec<Level> = comparisons.iter().map(level).collect();
    Dependent::of(comparisons).settle(&mut levels);
    Pattern::new(levels.into_iter(), 0)
}

/// What is said where what agrees is nobody's.
pub const NOBODY: &str =
    "the records that agree most do not agree on what names a person: nobody is linked";

fn add_costs(all: &mut Vec<RuleCost>, more: Vec<RuleCost>) {
    if all.is_empty() {
        *all = more;
        return;
    }
    for (sum, more) in all.iter_mut().zip(more) {
        sum.pairs += more.pairs;
        sum.new_pairs += more.new_pairs;
        sum.capped_blocks += more.capped_blocks;
        sum.capped_pairs += more.capped_pairs;
    }
}

/// Pairs of rows to pairs of records, each with the names that agree best; in the order of the records.
fn best_of_names(
    rows: &[Scored],
    left: Option<&[u32]>,
    right: Option<&[u32]>,
    within: bool,
) -> Vec<Scored> {
    let record = |of: Option<&[u32]>, row: u32| -> Option<u32> {
        of?.get(usize::try_from(row).ok()?).copied()
    };
    let of_records = |pair: &Scored| {
        let (a, b) = (record(left, pair.left)?, record(right, pair.right)?);
        let (a, b) = if within { (a.min(b), a.max(b)) } else { (a, b) };
        (!within || a != b).then_some(Scored {
            left: a,
            right: b,
            ..*pair
        })
    };
    let mut all: Vec<Scored> = rows.iter().filter_map(of_records).collect();
    // Among equals the lower pattern, so that nothing depends on the order of names.
    all.sort_by(|a, b| {
        let records = (a.left, a.right).cmp(&(b.left, b.right));
        let odds = || b.log_odds.total_cmp(&a.log_odds);
        records
            .then_with(odds)
            .then_with(|| a.pattern.cmp(&b.pattern))
    });
    all.dedup_by_key(|pair| (pair.left, pair.right));
    all
}

/// The matches that a couple would have if its rules' pairs held as many as those of all couples do.
fn expected_before(costs: &[RuleCost], fit: &Fit) -> f64 {
    let rules = costs.iter().zip(&fit.rules);
    rules
        .map(|(cost, rule)| real(cost.new_pairs) * rule.matches)
        .sum()
}

/// Gives the pairs of a couple odds of its own: multiplied by that factor which makes the matches
/// found as many as the share says (expectation and maximisation over the share alone). Where a couple
/// has few pairs it stays near the common share.
fn own_share(pairs: &mut [Scored], before: f64) -> f64 {
    let mut factor: f64 = 1.0;
    for _ in 0..ROUNDS {
        let shift = factor.ln();
        let found: f64 = pairs.iter().map(|p| logistic(p.log_odds + shift)).sum();
        let next = ((found + PRIOR) / (before + PRIOR)).clamp(1.0 / MOST_APART, MOST_APART);
        let still = (next / factor - 1.0).abs() < 1e-6;
        factor = next;
        if still {
            break;
        }
    }
    for pair in pairs.iter_mut() {
        pair.log_odds += factor.ln();
    }
    factor
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(left: u32, right: u32, log_odds: f64) -> Scored {
        Scored {
            left,
            right,
            pattern: Pattern(0),
            log_odds,
        }
    }

    #[test]
    fn the_names_that_agree_best_speak_for_two_records() {
        // Rows 0 and 1 are record 0 of the left source; row 2 is record 1.
        let rows = [scored(0, 0, -2.0), scored(1, 0, 5.0), scored(2, 1, 1.0)];
        let best = best_of_names(&rows, Some(&[0, 0, 1]), Some(&[0, 1]), false);
        assert_eq!(best, [scored(0, 0, 5.0), scored(1, 1, 1.0)]);
        // Within one source two names of a record are no pair.
        let within = best_of_names(
            &[scored(0, 1, 9.0), scored(1, 2, 3.0)],
            Some(&[0, 0, 1]),
            Some(&[0, 0, 1]),
            true,
        );
        assert_eq!(within, [scored(0, 1, 3.0)]);
    }

    #[test]
    fn a_couple_with_more_matches_than_usual_has_better_odds() {
        let mut rich: Vec<Scored> = (0..100).map(|n| scored(n, n, 4.0)).collect();
        let factor = own_share(&mut rich, 10.0);
        assert!(factor > 5.0, "{factor}");
        assert!(rich[0].log_odds > 5.0);
        let mut poor: Vec<Scored> = (0..100).map(|n| scored(n, n, -4.0)).collect();
        let factor = own_share(&mut poor, 50.0);
        assert!(factor < 0.2, "{factor}");
        // With nothing to go by it stays at the common share.
        assert!((own_share(&mut [], 0.1) - 1.0).abs() < 0.1);
    }
}
