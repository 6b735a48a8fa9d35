//! The decision: passes from strict to loose, keys that are unambiguous, one entity a person.
//!
//! A link that joins two entities has the probability of its pass. A pair that earlier passes had
//! brought into one entity through others, and that now shares a key itself, becomes a link too;
//! it stands on those other links, so it has the probability of the weakest so far.
//!
//! A pass is decided as a whole: every key is judged against the entities as they were before the
//! pass, so that the outcome depends neither on the order of the keys (which a new encoding key
//! would change) nor on that of the rows.

use std::collections::BTreeMap;

use super::chance;
use super::entities::{Entities, Sources};
use super::owner_side::{RecordGroups, Records};
use super::pass::{Between, Pair, PassInput, PassSummary, Rules};
use hashbrown::{HashMap, HashSet};

/// Pairs that a pass joins, and pairs that were joined before it.
type NewLinks = (Vec<(u32, u32)>, Vec<(u32, u32)>);

/// The decision so far.
pub struct Decision {
    rules: Rules,
    entities: Entities,
    seen: HashSet<u64>,
    links: Vec<Pair>,
    kept: Vec<Pair>,
    passes: Vec<PassSummary>,
    most_rows: Vec<u64>,
    /// The least probability of a link so far.
    weakest: f64,
}

/// A key that would join more entities of two or more records than this is the key of a common
/// value, not of a person.
const MOST_FORMED: usize = 4;

/// What a key says about the entities that share it.
enum Verdict {
    /// Nothing new.
    Settled,
    /// It fits several people.
    Ambiguous,
    /// These are one person.
    Join(Vec<u32>),
}

impl Decision {
    /// Nothing decided yet.
    pub fn new(rules: Rules) -> Self {
        let most_rows = vec![0; rules.sources.len()];
        Decision {
            rules,
            entities: Entities::default(),
            seen: HashSet::new(),
            links: Vec::new(),
            kept: Vec::new(),
            passes: Vec::new(),
            most_rows,
            weakest: chance::MOST,
        }
    }

    /// Rows by source and duplicate-free source that are linked: room for [`Decision::note`].
    pub fn none_linked(&self) -> Vec<Vec<u64>> {
        vec![vec![0; self.rules.sources.len()]; self.rules.sources.len()]
    }

    /// Notes a row of a known record in the counts of linked rows.
    pub fn note(&self, source: u8, record: u32, linked: &mut [Vec<u64>]) {
        if at(record) >= self.entities.len() {
            return;
        }
        let mut others = self.entities.taken(record) & !self.rules.bit(source);
        let Some(counts) = linked.get_mut(usize::from(source)) else {
            return;
        };
        while others != 0 {
            let t = others.trailing_zeros();
            if let Some(count) = usize::try_from(t).ok().and_then(|t| counts.get_mut(t)) {
                *count += 1;
            }
            others &= others - 1;
        }
    }

    /// Decides one pass.
    pub fn pass(&mut self, input: &PassInput, records: &Records) {
        while self.entities.len() < records.len() {
            let number = u32::try_from(self.entities.len()).unwrap_or(u32::MAX);
            self.entities.add(self.rules.bit(records.source(number)));
        }
        for (most, rows) in self.most_rows.iter_mut().zip(&input.seen.rows_by_source) {
            *most = (*most).max(*rows);
        }
        let mut collisions = input.seen.capped_within.clone();
        collisions.resize(self.rules.sources.len(), 0);
        let mut ambiguous = Vec::new();
        let mut joins: Vec<Vec<u32>> = Vec::new();
        let mut pairs_seen = 0;
        for (g, group) in input.groups.iter().enumerate() {
            pairs_seen += self.count(group, records, &mut collisions);
            match self.judge(group, records) {
                Verdict::Settled => {}
                Verdict::Ambiguous => ambiguous.push(g),
                Verdict::Join(roots) => joins.push(roots),
            }
        }
        let (trial, contradicted) = self.tried(&joins);
        let (found, settled) = self.new_links(&trial, &input.groups, records);
        let summary = self.weigh(input, &collisions, &found, records);
        let number = u8::try_from(self.passes.len()).unwrap_or(u8::MAX);
        let probability = summary.match_probability.unwrap_or(0.0);
        self.link(&settled, number, self.weakest);
        if summary.used {
            self.entities = trial;
            if !found.is_empty() {
                self.weakest = self.weakest.min(probability);
            }
            self.link(&found, number, probability);
        } else if self.rules.keep.is_some_and(|keep| probability >= keep) {
            let pairs = found
                .iter()
                .map(|pair| Pair::new(*pair, number, probability));
            self.kept.extend(pairs);
        }
        self.keep_rivals(input, &ambiguous, probability, number, records);
        self.passes.push(PassSummary {
            pairs_seen,
            links_settled: settled.len() as u64,
            ambiguous_keys: ambiguous.len() as u64,
            contradicted_keys: contradicted,
            ..summary
        });
    }

    /// Counts the admissible pairs of a group, and adds the pairs of one source that are not in
    /// one entity to `collisions`.
    fn count(&self, group: &[u32], records: &Records, collisions: &mut [u64]) -> u64 {
        let mut here: Vec<(u8, u32)> = group
            .iter()
            .map(|r| (records.source(*r), self.entities.root(*r)))
            .collect();
        here.sort_unstable();
        let choose = |n: usize| (n * n.saturating_sub(1) / 2) as u64;
        let mut pairs = choose(here.len());
        for source in here.chunk_by(|a, b| a.0 == b.0) {
            let number = source.first().map_or(0, |s| s.0);
            let all = choose(source.len());
            let together: u64 = source
                .chunk_by(|a, b| a.1 == b.1)
                .map(|e| choose(e.len()))
                .sum();
            if let Some(count) = collisions.get_mut(usize::from(number)) {
                *count += all - together;
            }
            if !self.rules.admissible(number, number) {
                pairs -= all;
            }
        }
        pairs
    }

    /// Judges a key by the entities that share it.
    ///
    /// An entity that could join none of the others (its places in the duplicate-free sources are
    /// taken) has found its people already and is no rival. If the rest fit together, they are one
    /// person; if two of them exclude each other, the key says nothing.
    fn judge(&self, group: &[u32], records: &Records) -> Verdict {
        let mut entities: Vec<(u32, Sources)> = group
            .iter()
            .map(|r| {
                let root = self.entities.root(*r);
                (root, self.entities.taken(root))
            })
            .collect();
        entities.sort_unstable();
        entities.dedup();
        if entities.len() < 2 {
            return Verdict::Settled;
        }
        let open: Vec<(u32, Sources)> = entities
            .iter()
            .filter(|(root, taken)| {
                entities
                    .iter()
                    .any(|(other, theirs)| other != root && taken & theirs == 0)
            })
            .copied()
            .collect();
        let mut sources = group
            .iter()
            .filter(|r| {
                open.iter()
                    .any(|(root, _)| *root == self.entities.root(**r))
            })
            .map(|r| records.source(*r));
        let Some(first) = sources.next() else {
            return Verdict::Settled;
        };
        if !(self.rules.admissible(first, first) || sources.any(|s| s != first)) {
            return Verdict::Settled;
        }
        let formed = open
            .iter()
            .filter(|(root, _)| self.entities.size(*root) > 1);
        if formed.count() > MOST_FORMED {
            return Verdict::Ambiguous;
        }
        let mut taken = 0;
        for (_, theirs) in &open {
            if taken & theirs != 0 {
                return Verdict::Ambiguous;
            }
            taken |= theirs;
        }
        Verdict::Join(open.into_iter().map(|(root, _)| root).collect())
    }

    /// The entities after all joins that do not contradict each other, and the number of keys
    /// whose joins do: together they would put two records of a duplicate-free source into one
    /// entity, and none of them can be preferred.
    fn tried(&self, joins: &[Vec<u32>]) -> (Entities, u64) {
        let mut local: HashMap<u32, u32> = HashMap::new();
        let mut parts = Entities::default();
        let mut roots: Vec<u32> = Vec::new();
        for join in joins {
            let mut before = None;
            for root in join {
                let here = *local.entry(*root).or_insert_with(|| {
                    roots.push(*root);
                    parts.add(0)
                });
                if let Some(before) = before {
                    parts.join(before, here);
                }
                before = Some(here);
            }
        }
        let mut taken = vec![0_u64; roots.len()];
        let mut contradicted = vec![false; roots.len()];
        for (here, root) in (0_u32..).zip(&roots) {
            let part = at(parts.root(here));
            let theirs = self.entities.taken(*root);
            if let (Some(taken), Some(bad)) = (taken.get_mut(part), contradicted.get_mut(part)) {
                *bad |= *taken & theirs != 0;
                *taken |= theirs;
            }
        }
        let mut trial = self.entities.clone();
        let mut keys = 0;
        for join in joins {
            let Some((first, rest)) = join.split_first() else {
                continue;
            };
            let part = local.get(first).map_or(0, |here| at(parts.root(*here)));
            if contradicted.get(part).copied().unwrap_or(true) {
                keys += 1;
                continue;
            }
            for other in rest {
                trial.join(*first, *other);
            }
        }
        (trial, keys)
    }

    fn link(&mut self, pairs: &[(u32, u32)], pass: u8, probability: f64) {
        for pair in pairs {
            self.seen.insert(packed(pair.0, pair.1));
            self.links.push(Pair::new(*pair, pass, probability));
        }
    }

    /// Pairs that share a key, are in one entity of `trial`, and were not linked before, each
    /// once: those that this pass joins, and those that were in one entity before it.
    fn new_links(&self, trial: &Entities, groups: &RecordGroups, records: &Records) -> NewLinks {
        let (mut found, mut settled) = (Vec::new(), Vec::new());
        for group in groups.iter() {
            for (i, a) in group.iter().enumerate() {
                let root = trial.root(*a);
                for b in group.iter().skip(i + 1) {
                    if trial.root(*b) == root
                        && self
                            .rules
                            .admissible(records.source(*a), records.source(*b))
                        && !self.seen.contains(&packed(*a, *b))
                    {
                        let pair = ordered(*a, *b, records);
                        if self.entities.root(*a) == self.entities.root(*b) {
                            settled.push(pair);
                        } else {
                            found.push(pair);
                        }
                    }
                }
            }
        }
        for list in [&mut found, &mut settled] {
            list.sort_unstable();
            list.dedup();
        }
        (found, settled)
    }

    /// The figures of a pass, and whether it is used.
    fn weigh(
        &self,
        input: &PassInput,
        collisions: &[u64],
        found: &[(u32, u32)],
        records: &Records,
    ) -> PassSummary {
        let sources = &self.rules.sources;
        let mut rows = input.seen.rows_by_source.clone();
        rows.resize(sources.len(), 0);
        let free: Vec<bool> = sources.iter().map(|s| s.duplicate_free).collect();
        let rate = chance::rate(&rows, collisions, &free, input.parts);
        let mut links: BTreeMap<(u8, u8), u64> = BTreeMap::new();
        for (a, b) in found {
            *links
                .entry((records.source(*a), records.source(*b)))
                .or_default() += 1;
        }
        let mut between = Vec::new();
        let mut expected = 0.0;
        for (s, left) in (0_u8..).zip(sources) {
            for (t, right) in (0_u8..).zip(sources).skip(usize::from(s)) {
                if !self.rules.admissible(s, t) {
                    continue;
                }
                let here = if s == t {
                    chance::expected_within(rate.u, open_rows(&rows, &[], s, t))
                } else {
                    chance::expected_between(
                        rate.u,
                        open_rows(&rows, &input.linked, s, t),
                        open_rows(&rows, &input.linked, t, s),
                    )
                };
                expected += here;
                if let Some(n) = links.get(&(s, t)) {
                    between.push(Between {
                        left: left.name.clone(),
                        right: right.name.clone(),
                        links: *n,
                        expected_chance: here,
                    });
                }
            }
        }
        let made = found.len() as u64;
        let probability = match input.fixed {
            Some(p) if made > 0 => Some(p),
            _ => chance::probability(expected, made),
        };
        PassSummary {
            name: input.name.clone(),
            used: probability.is_none_or(|p| p >= self.rules.floor),
            rows: input.seen.rows(),
            distinct_keys: input.seen.distinct_keys,
            shared_keys: input.seen.shared_keys,
            groups: input.groups.len() as u64,
            largest_group: input.seen.largest_group,
            pairs_seen: 0,
            links_made: made,
            links_settled: 0,
            ambiguous_keys: 0,
            contradicted_keys: 0,
            capped_keys: input.seen.capped_keys,
            u: rate.u,
            u_from: rate.from,
            expected_chance: expected,
            match_probability: probability,
            match_weight: None,
            between,
        }
    }

    /// Remembers the pairs of ambiguous keys: the pass's probability, shared among the rivals.
    fn keep_rivals(
        &mut self,
        input: &PassInput,
        ambiguous: &[usize],
        probability: f64,
        number: u8,
        records: &Records,
    ) {
        let Some(keep) = self.rules.keep else {
            return;
        };
        let groups: Vec<&[u32]> = input.groups.iter().collect();
        for group in ambiguous.iter().filter_map(|g| groups.get(*g)) {
            let of = |source: u8| {
                group
                    .iter()
                    .filter(|r| records.source(**r) == source)
                    .count()
            };
            for (i, a) in group.iter().enumerate() {
                for b in group.iter().skip(i + 1) {
                    let (s, t) = (records.source(*a), records.source(*b));
                    let rivals = chance::real(of(s).max(of(t)) as u64);
                    let shared = probability / rivals;
                    if self.rules.admissible(s, t) && shared >= keep {
                        let (left, right) = ordered(*a, *b, records);
                        self.kept.push(Pair {
                            left,
                            right,
                            pass: number,
                            probability: shared,
                        });
                    }
                }
            }
        }
    }

    /// Ends the walk: links by record, every pair that was remembered, entities and figures.
    pub fn finish(mut self, records: &Records) -> Decided {
        let by_record = |p: &Pair| {
            (
                records.pseudonym(p.left),
                records.pseudonym(p.right),
                p.pass,
            )
        };
        self.links.sort_unstable_by_key(by_record);
        let mut kept: Vec<Pair> = self
            .kept
            .into_iter()
            .filter(|p| !self.seen.contains(&packed(p.left, p.right)))
            .collect();
        kept.sort_unstable_by_key(by_record);
        kept.dedup_by_key(|p| (p.left, p.right));
        let mut space = 0.0;
        for (s, n) in (0_u8..).zip(&self.most_rows) {
            for (t, m) in (0_u8..).zip(&self.most_rows).skip(usize::from(s)) {
                if self.rules.admissible(s, t) {
                    space += if s == t {
                        chance::expected_within(1.0, *n)
                    } else {
                        chance::expected_between(1.0, *n, *m)
                    };
                }
            }
        }
        let prior = (chance::real(self.links.len() as u64) / f64::max(space, 1.0)).min(1.0);
        for pass in &mut self.passes {
            pass.match_weight = pass.match_probability.map(|p| chance::weight(p, prior));
        }
        Decided {
            entities: self.entities,
            links: self.links,
            kept,
            passes: self.passes,
            prior,
        }
    }
}

/// What was decided.
pub struct Decided {
    /// The entities, by record number.
    pub entities: Entities,
    /// The links, sorted by the pseudonyms of left and right.
    pub links: Vec<Pair>,
    /// Pairs that share a key and were not linked, as far as they were to be remembered.
    pub kept: Vec<Pair>,
    /// The passes.
    pub passes: Vec<PassSummary>,
    /// Links as a share of all pairs of records.
    pub prior: f64,
}

fn open_rows(rows: &[u64], linked: &[Vec<u64>], of: u8, to: u8) -> u64 {
    let all = rows.get(usize::from(of)).copied().unwrap_or(0);
    let gone = linked
        .get(usize::from(of))
        .and_then(|l| l.get(usize::from(to)))
        .copied()
        .unwrap_or(0);
    all.saturating_sub(gone)
}

fn at(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn packed(a: u32, b: u32) -> u64 {
    (u64::from(a.min(b)) << 32) | u64::from(a.max(b))
}

fn ordered(a: u32, b: u32, records: &Records) -> (u32, u32) {
    let rank = |r: u32| (records.source(r), records.pseudonym(r));
    if rank(a) <= rank(b) { (a, b) } else { (b, a) }
}

#[cfg(test)]
mod tests;
