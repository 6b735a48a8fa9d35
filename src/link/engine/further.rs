//! A linkage that goes on from an earlier one: only pairs with a row that is new or changed are
//! compared, the others are carried over with what was seen of them then.
//!
//! All rows are put into blocks again, for that is what an added row may change: a pair of two old
//! rows is carried over if it is under the same rules as it was. A block that has grown beyond the cap
//! is left out, and its rows are taken as new, so that their pairs are what a linkage of everything
//! would make of them. What may differ from such a linkage: pairs of old rows in blocks that were left
//! out and are small enough now, because rows of theirs have gone or changed.

use hashbrown::{HashMap, HashSet};

use super::linking::{Judge, Keep, Together, components};
use super::{BLOCK_CAP, Engine, Linked, Scored};
use crate::link::model::{Counts, Fit};
use crate::link::pairs::{Blocks, Pattern, Taken, shared};
use crate::pseudonymise::words::{Held, Rule, beside};

/// What an earlier linkage left.
pub struct Carried {
    /// Of each side whether a row is as it was.
    pub unchanged: Vec<Vec<bool>>,
    /// Pairs of two such rows that were of use, with their patterns.
    pub pairs: Vec<(u32, u32, Pattern)>,
    /// Whether those are all pairs that were compared.
    pub complete: bool,
    /// Patterns of all pairs that were compared, and of pairs of chance.
    pub patterns: [HashMap<Pattern, u64>; 2],
    /// Of each rule the pairs that no earlier one had.
    pub new_pairs: Vec<u64>,
}

/// How much of a linkage was carried over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Further {
    /// Pairs carried over.
    pub carried: u64,
    /// Pairs compared.
    pub compared: u64,
    /// Whether the pairs are all that were compared, then and now.
    pub complete: bool,
}

/// The rows whose pairs are compared, by side.
struct Fresh(Vec<Vec<bool>>);

impl Fresh {
    fn has(&self, side: usize, row: u32) -> bool {
        let rows = self.0.get(side).or(self.0.first());
        let place = usize::try_from(row).unwrap_or(usize::MAX);
        rows.and_then(|rows| rows.get(place)) != Some(&false)
    }

    fn add(&mut self, side: usize, row: u32) {
        let place = usize::try_from(row).unwrap_or(usize::MAX);
        let rows = self.0.get_mut(side);
        if let Some(slot) = rows.and_then(|rows| rows.get_mut(place)) {
            *slot = true;
        }
    }
}

/// What came of a walk over some pairs.
#[derive(Default)]
struct Walked {
    found: Vec<Scored>,
    patterns: HashMap<Pattern, u64>,
    new_pairs: Vec<u64>,
}

impl Engine<'_> {
    /// Links under the rules and the model of an earlier linkage.
    pub fn link_further(
        &self,
        rules: &[Rule],
        fit: &Fit,
        carried: Carried,
        keep: Keep<'_>,
    ) -> (Linked, Further) {
        let judge = Judge::new(fit, keep);
        let together = self.together(rules);
        let mut fresh = self.fresh(&together, &carried);
        let kept = self.still_together(&together, &carried, &mut fresh);
        let second = self.sources.len() - 1;
        let is_fresh = |a: u32, b: u32| fresh.has(0, a) || fresh.has(second, b);
        let stored: Vec<Scored> = kept
            .iter()
            .filter(|(a, b, _)| !is_fresh(*a, *b))
            .map(|(a, b, pattern)| judge.scored((*a, *b), *pattern, judge.of_levels(*pattern)))
            .collect();
        let some: Vec<Blocks> = together
            .blocks
            .iter()
            .map(|b| b.with(|row| fresh.has(0, row), |row| fresh.has(1, row)))
            .collect();
        let all = !self.two() && carried.complete && few(&together);
        let of_use = |pair: &Scored| all || judge.is_of_use(pair);
        let mut walked = self.walk_some(rules, (&together, &some), &judge, &is_fresh, &of_use);
        let compared: u64 = walked.new_pairs.iter().sum();
        let mut pairs = stored;
        pairs.append(&mut walked.found);
        if !self.two() && !all {
            pairs = self.against(rules, &together, &judge, pairs);
        }
        pairs.retain(|pair| !self.two() || judge.is_of_use(pair));
        pairs.sort_unstable_by_key(|p| (p.left, p.right));
        let further = Further {
            carried: pairs.iter().filter(|p| !is_fresh(p.left, p.right)).count() as u64,
            compared,
            complete: all,
        };
        let linked = self.told(rules, fit, carried, (together, walked), pairs);
        (linked, further)
    }

    /// Rows that are new or changed, and those of blocks that have grown beyond the cap.
    fn fresh(&self, together: &Together, carried: &Carried) -> Fresh {
        let turned = |rows: &Vec<bool>| rows.iter().map(|same| !same).collect();
        let mut fresh = Fresh(carried.unchanged.iter().map(turned).collect());
        let is_old = |side: usize, row: u32| {
            let rows = carried.unchanged.get(side);
            rows.and_then(|rows| rows.get(usize::try_from(row).ok()?)) == Some(&true)
        };
        for (left, right) in together.blocks.iter().flat_map(|b| &b.capped) {
            let old = |side: usize, rows: &[u32]| {
                rows.iter().filter(|row| is_old(side, **row)).count() as u64
            };
            let (ours, theirs) = (old(0, left), old(1, right));
            let before = match self.two() {
                true => ours * theirs,
                false => ours * ours.saturating_sub(1) / 2,
            };
            if before <= BLOCK_CAP {
                left.iter().for_each(|row| fresh.add(0, *row));
                right.iter().for_each(|row| fresh.add(1, *row));
            }
        }
        fresh
    }

    /// The pairs of old rows that are under the same rules as they were; a row of any other pair is
    /// taken as new.
    fn still_together(
        &self,
        together: &Together,
        carried: &Carried,
        fresh: &mut Fresh,
    ) -> Vec<(u32, u32, Pattern)> {
        let (Some(left), Some(right)) = (together.members.first(), together.members.last()) else {
            return Vec::new();
        };
        let mut out = Vec::with_capacity(carried.pairs.len());
        for (a, b, pattern) in &carried.pairs {
            match shared(left.of(*a), right.of(*b)) == pattern.rules() {
                true => out.push((*a, *b, self.with_frequencies((*a, *b), *pattern))),
                false => fresh.add(0, *a),
            }
        }
        out
    }

    /// A pattern of two old rows with the frequencies that their names have now: rows that were added
    /// or are gone may have moved a name to another band.
    fn with_frequencies(&self, (a, b): (u32, u32), pattern: Pattern) -> Pattern {
        let second = self.sources.len() - 1;
        let held = |side: usize| {
            let (source, digests) = self.held(side)?;
            Some(Held { source, digests })
        };
        let (Some(left), Some(right)) = (held(0), held(second)) else {
            return pattern;
        };
        let row = |row: u32| usize::try_from(row).unwrap_or(usize::MAX);
        let shared = self.dependent.frequencies().iter();
        let shared = shared.filter(|(_, name)| pattern.level(*name) == 1);
        shared.fold(pattern, |pattern, (frequency, _)| {
            let Some(comparison) = self.comparisons.get(*frequency) else {
                return pattern;
            };
            let (x, y) = beside(comparison, (left, row(a)), (right, row(b)));
            pattern.with_level(*frequency, comparison.kind.level(x, y))
        })
    }

    fn walk_some(
        &self,
        rules: &[Rule],
        (together, some): (&Together, &[Blocks]),
        judge: &Judge<'_>,
        taken: Taken<'_>,
        wanted: &(dyn Fn(&Scored) -> bool + Sync),
    ) -> Walked {
        type Task = (Vec<Scored>, HashMap<Pattern, (u64, f64)>);
        let mut out = Walked::default();
        self.progress
            .begin("new pairs compared", Some(rules.len() as u64));
        let mut words = Vec::new();
        for (number, (rule, blocks)) in rules.iter().zip(some).enumerate() {
            let mut new = 0;
            let members = &together.members;
            let room = (blocks, &mut words);
            self.walk((number, rule), room, members, Some(taken), |walk| {
                let tasks = walk.fold(Task::default, |(found, seen): &mut Task, a, b, pattern| {
                    let entry = seen.entry(pattern);
                    let entry = entry.or_insert_with(|| (0, judge.of_levels(pattern)));
                    entry.0 += 1;
                    let pair = judge.scored((a, b), pattern, entry.1);
                    if wanted(&pair) {
                        found.push(pair);
                    }
                });
                for (found, seen) in tasks {
                    out.found.extend(found);
                    for (pattern, (count, _)) in seen {
                        *out.patterns.entry(pattern).or_default() += count;
                        new += count;
                    }
                }
            });
            out.new_pairs.push(new);
            self.progress.advance(1);
        }
        self.progress.end();
        out
    }

    /// Of one file where not all pairs are known: what speaks against rows that others join.
    fn against(
        &self,
        rules: &[Rule],
        together: &Together,
        judge: &Judge<'_>,
        mut pairs: Vec<Scored>,
    ) -> Vec<Scored> {
        let likely: Vec<Scored> = pairs
            .iter()
            .filter(|p| p.log_odds >= 0.0)
            .copied()
            .collect();
        let group = components(self.rows(0), &likely);
        let mut size: HashMap<u32, u32> = HashMap::new();
        for root in &group {
            *size.entry(*root).or_default() += 1;
        }
        let of = |row: u32| usize::try_from(row).ok().and_then(|row| group.get(row));
        let among = |row: u32| of(row).and_then(|root| size.get(root)) > Some(&1);
        let known: HashSet<(u32, u32)> = pairs.iter().map(|p| (p.left, p.right)).collect();
        let in_one =
            |a: u32, b: u32| of(a) == of(b) && !known.contains(&(a, b)) && !known.contains(&(b, a));
        let some: Vec<Blocks> = together
            .blocks
            .iter()
            .map(|b| b.with(among, among))
            .collect();
        let walked = self.walk_some(rules, (together, &some), judge, &in_one, &|_| true);
        pairs.extend(walked.found);
        pairs.retain(|p| judge.is_of_use(p) || of(p.left) == of(p.right));
        pairs
    }

    /// A linkage as it would be told if all of it had been done now.
    fn told(
        &self,
        rules: &[Rule],
        fit: &Fit,
        carried: Carried,
        (together, walked): (Together, Walked),
        pairs: Vec<Scored>,
    ) -> Linked {
        let [mut patterns, chance] = carried.patterns;
        for (pattern, count) in walked.patterns {
            *patterns.entry(pattern).or_default() += count;
        }
        let before = carried.new_pairs.into_iter().chain(std::iter::repeat(0));
        let new_pairs = walked.new_pairs.iter().zip(before).map(|(n, old)| n + old);
        let costs: Vec<super::RuleCost> = rules
            .iter()
            .zip(together.blocks.iter().zip(new_pairs))
            .map(|(rule, (blocks, new))| super::RuleCost::of(rule, blocks, new))
            .collect();
        Linked {
            compared: costs.iter().map(|c| c.new_pairs).sum(),
            chance: chance.values().sum(),
            rules: costs,
            counts: Counts::new(self.comparisons, rules, patterns, chance),
            fit: fit.clone(),
            pairs,
        }
    }
}

/// Whether so few pairs are brought together that all of them are kept.
fn few(together: &Together) -> bool {
    together.blocks.iter().map(|b| b.pairs).sum::<u64>() <= super::linking::KEPT
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::comparison::Kind;
    use crate::link::cannot_link::Apart;
    use crate::progress::Silent;
    use crate::pseudonymise::words::{Comparison, Interner, Part, Source};
    use crate::pseudonymise::{MasterKey, ProjectKeys};
    use proptest::prelude::*;

    const NAMES: [&str; 4] = ["ANNE", "BOB", "CAROL", "DAVE"];
    const DATES: [&str; 3] = ["1980-02-03", "1991-11-30", "1975-06-07"];

    /// Rows of a name and a date each, by their numbers.
    fn source(rows: &[(usize, usize)]) -> Source {
        let (mut names, mut dates) = (Interner::default(), Interner::default());
        for (name, date) in rows {
            names.push(NAMES.get(*name).copied());
            dates.push(DATES.get(*date).copied());
        }
        Source {
            rows: rows.len(),
            columns: vec![names.finish(), dates.finish()],
        }
    }

    fn rules() -> Vec<Rule> {
        let rule = |name: &str, parts: &[(usize, usize)]| Rule {
            name: name.to_owned(),
            parts: parts
                .iter()
                .map(|(column, lane)| Part {
                    column: *column,
                    lane: *lane,
                })
                .collect(),
            unordered: None,
        };
        vec![rule("name", &[(0, 0)]), rule("born", &[(1, 1), (1, 7)])]
    }

    struct World {
        comparisons: Vec<Comparison>,
        keys: ProjectKeys,
        apart: Apart,
    }

    impl World {
        fn new() -> Self {
            World {
                comparisons: Comparison::of_columns(&[
                    ("forename", Kind::Forename),
                    ("date_of_birth", Kind::Date),
                ]),
                keys: MasterKey::of_rehearsal_seed(4).for_project("further", "1"),
                apart: Apart::default(),
            }
        }

        fn keep(&self) -> Keep<'_> {
            Keep {
                least: 1e-3,
                apart: &self.apart,
            }
        }

        fn engine<'a>(&'a self, sources: &'a [Source]) -> Engine<'a> {
            let sources = sources.iter().collect();
            Engine::new(sources, &self.comparisons, &self.keys, &Silent)
        }

        /// The pairs of a linkage that goes on from one of the first rows, and those of one of all
        /// rows under its model.
        fn both(&self, sides: &[Vec<(usize, usize)>], first: &[usize]) -> [Vec<Scored>; 2] {
            let old: Vec<Source> = sides
                .iter()
                .zip(first)
                .map(|(r, n)| source(&r[..*n]))
                .collect();
            let new: Vec<Source> = sides.iter().map(|rows| source(rows)).collect();
            let before = self.engine(&old).link(&rules(), None, self.keep());
            let whole = |of: &[(Pattern, f64)]| {
                of.iter()
                    .map(|(p, n)| (*p, n.round() as u64))
                    .collect::<HashMap<_, _>>()
            };
            let carried = Carried {
                unchanged: sides
                    .iter()
                    .zip(first)
                    .map(|(rows, n)| (0..rows.len()).map(|row| row < *n).collect())
                    .collect(),
                pairs: before
                    .pairs
                    .iter()
                    .map(|p| (p.left, p.right, p.pattern))
                    .collect(),
                complete: before.holds_all(),
                patterns: [whole(&before.counts.pairs), whole(&before.counts.chance)],
                new_pairs: before.rules.iter().map(|r| r.new_pairs).collect(),
            };
            let engine = self.engine(&new);
            let (on, further) = engine.link_further(&rules(), &before.fit, carried, self.keep());
            let all = engine.link(&rules(), Some(&before.fit), self.keep());
            assert_eq!(on.compared, all.compared);
            assert_eq!(further.compared + before.compared, all.compared);
            assert_eq!(on.counts.pairs, all.counts.pairs);
            [on.pairs, all.pairs]
        }
    }

    fn rows() -> impl Strategy<Value = Vec<(usize, usize)>> {
        prop::collection::vec((0..=NAMES.len(), 0..=DATES.len()), 4..30)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn what_was_added_is_linked_as_if_all_were(left in rows(), right in rows(), share in 0_usize..4) {
            let world = World::new();
            let part = |rows: &Vec<(usize, usize)>| 2 + (rows.len() - 2) * share / 4;
            let firsts = [part(&left), part(&right)];
            let [on, all] = world.both(&[left.clone(), right], &firsts);
            prop_assert_eq!(on, all);
            let first = part(&left);
            let [on, all] = world.both(&[left], &[first]);
            prop_assert_eq!(on, all);
        }
    }

    #[test]
    fn a_block_that_outgrows_the_cap_is_left_out_of_what_is_carried_over() {
        // All share a date, and by fours a name: with 20 more rows their block is too large.
        let rows = |n: usize| (0..n).map(|row| (row % 4, 0)).collect::<Vec<_>>();
        let world = World::new();
        let sides = [rows(510), rows(500)];
        let old = [source(&sides[0][..490]), source(&sides[1])];
        let new = [source(&sides[0]), source(&sides[1])];
        let link = |sources: &[Source; 2], fit: Option<&Fit>| {
            world.engine(sources).link(&rules(), fit, world.keep())
        };
        let before = link(&old, None);
        let carried = Carried {
            unchanged: vec![(0..510).map(|row| row < 490).collect(), vec![true; 500]],
            pairs: before
                .pairs
                .iter()
                .map(|p| (p.left, p.right, p.pattern))
                .collect(),
            complete: false,
            patterns: Default::default(),
            new_pairs: Vec::new(),
        };
        let engine = world.engine(&new);
        let (on, _) = engine.link_further(&rules(), &before.fit, carried, world.keep());
        let all = link(&new, Some(&before.fit));
        assert_eq!(
            (before.rules[1].capped_blocks, all.rules[1].capped_blocks),
            (0, 1)
        );
        assert_eq!(on.pairs, all.pairs);
    }
}
