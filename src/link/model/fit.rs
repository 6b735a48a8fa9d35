//! m, u and the share of matches, by expectation and maximisation over all rules together.
//!
//! For each rule the pairs of its blocks are a mixture of matches and of others. What matches look
//! like in a comparison (m) is the same under every rule that does not look at that comparison;
//! what others look like (u) is the rule's own, because strangers who share a block are no
//! strangers of chance: within a forename nearly all agree on sex, within a postcode many agree on
//! the surname. So a rule never teaches the model about what it has conditioned on, and a
//! correlation between a comparison and the block cannot pass for a match.
//!
//! It is fitted twice: first with strangers alone, then, from there, with kin among them (`kin`).

use super::counts::{Counts, Role, place};
use super::kin::{Agreement, Kin};
use super::order::in_order;
use super::says::Says;
use crate::comparison::{Kind, Level, MISSING};

/// Rounds at most, each of the two times.
const ROUNDS: usize = 1_000;
/// The fit stands still when no share changes by more.
const STILL: f64 = 1e-6;
/// Pairs of chance that a rule's own u starts from: so many, and so large a share of its pairs. It
/// keeps u, and kin, from taking up matches where a rule brings hardly anything else together.
const ANCHOR: (f64, f64) = (20.0, 0.05);
/// Matches that m starts from.
const PRIOR: f64 = 5.0;
/// The share that each sort of kin starts from.
const FIRST_KIN: f64 = 0.01;
/// Pairs of chance that the dates of namesakes start from.
const KIN_PRIOR: f64 = 50.0;

/// What was learnt of a rule.
#[derive(Debug, Clone)]
pub struct RuleFit {
    /// The share of matches among its pairs.
    pub matches: f64,
    /// What it leaves open of each comparison.
    pub roles: Vec<Role>,
    /// Of each comparison the shares of the levels among pairs that are no matches; level 0 unused.
    pub u: Vec<Vec<f64>>,
    /// Of each comparison that the rule fixes in part, the shares among its matches.
    pub m: Vec<Option<Vec<f64>>>,
    /// Of each sort of kin the share among its pairs that are no matches.
    pub kin: Vec<f64>,
}

impl RuleFit {
    /// The share of matches as natural log odds.
    pub fn prior(&self) -> f64 {
        (self.matches / (1.0 - self.matches)).ln()
    }

    /// Whether all of its pairs have one level of a comparison, which so says nothing.
    pub fn asks(&self, comparison: usize) -> bool {
        self.roles
            .get(comparison)
            .is_none_or(|role| *role == Role::Fixed)
    }
}

/// What was learnt.
#[derive(Debug, Clone)]
pub struct Fit {
    /// Of each comparison the shares of the levels among matches; level 0 unused.
    pub m: Vec<Vec<f64>>,
    /// The same among pairs of chance.
    pub u: Vec<Vec<f64>>,
    /// Rule by rule.
    pub rules: Vec<RuleFit>,
    /// Sorts of kin; none where the comparisons cannot tell them.
    pub kin: Vec<Kin>,
    /// Rounds that it took.
    pub rounds: usize,
    /// Whether it stood still.
    pub converged: bool,
}

/// Shares of levels, the missing one left out.
fn shares(counts: &[f64]) -> Vec<f64> {
    let all: f64 = counts.iter().skip(1).sum();
    let share = |c: &f64| if all > 0.0 { c / all } else { 0.0 };
    let mut out: Vec<f64> = counts.iter().map(share).collect();
    if let Some(missing) = out.first_mut() {
        *missing = 0.0;
    }
    out
}

/// What matches are taken to look like before anything is known: four of five agree exactly, a
/// tenth differ, the rest lies between. Names stand in another field in one of a hundred.
fn first_m(kind: Kind) -> Vec<f64> {
    if kind == Kind::Names {
        return vec![0.0, 0.01, 0.005, 0.01, 0.975];
    }
    let levels = kind.levels();
    let between = levels.saturating_sub(3);
    let middle = 0.12 / f64::from(u32::try_from(between.max(1)).unwrap_or(1));
    let mut out = vec![if between == 0 { 0.0 } else { middle }; levels];
    let last = levels - 1;
    for (place, share) in [(0, 0.0), (1, 0.8), (last, 0.08)] {
        if let Some(slot) = out.get_mut(place) {
            *slot = share;
        }
    }
    shares(&out)
}

fn plus(counts: &[f64], prior: &[f64], weight: f64) -> Vec<f64> {
    let sum = counts.iter().zip(prior).map(|(c, p)| c + p * weight);
    sum.collect()
}

/// Fits the model.
pub fn fit(counts: &Counts, smaller: f64) -> Fit {
    let chance: Vec<Vec<f64>> = (0..counts.kinds.len())
        .map(|c| {
            let levels = counts.chance_levels(c);
            // A level that chance never shows is still possible.
            let floor = vec![1.0; levels.len()];
            shares(&plus(&levels, &floor, 0.5))
        })
        .collect();
    let rules: Vec<RuleFit> = (0..counts.of_rule.len())
        .map(|rule| {
            let pairs = counts.pairs_of(rule).max(1.0);
            RuleFit {
                matches: (0.2 * smaller / pairs).clamp(1e-4, 0.5),
                roles: counts.roles.get(rule).cloned().unwrap_or_default(),
                u: start_u(counts, rule, &chance),
                m: start_partial(counts, rule),
                kin: Vec::new(),
            }
        })
        .collect();
    // Of how frequent a shared name is nothing is taken to be known.
    let first = counts
        .kinds
        .iter()
        .zip(&chance)
        .map(|(kind, chance)| match kind {
            Kind::Frequency => chance.clone(),
            kind => first_m(*kind),
        });
    let first = first.collect();
    let mut fit = Fit {
        m: first,
        u: chance,
        rules,
        kin: Vec::new(),
        rounds: 0,
        converged: false,
    };
    let prior = fit.m.clone();
    fit.settle(counts, &prior);
    if !counts.kin.is_empty() {
        fit.begin_kin(counts);
        let prior = fit.m.clone();
        fit.settle(counts, &prior);
    }
    fit
}

/// Of what the rule does not look at, chance; of the rest, all its pairs.
fn start_u(counts: &Counts, rule: usize, chance: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let role = |c: usize| counts.roles.get(rule).and_then(|r| r.get(c)).copied();
    let of = |(c, chance): (usize, &Vec<f64>)| match role(c) {
        Some(Role::Free) => chance.clone(),
        _ => shares(&counts.levels(rule, c)),
    };
    chance.iter().enumerate().map(of).collect()
}

fn start_partial(counts: &Counts, rule: usize) -> Vec<Option<Vec<f64>>> {
    let kinds = counts.kinds.iter().enumerate();
    kinds
        .map(|(c, kind)| {
            let role = counts.roles.get(rule).and_then(|r| r.get(c))?;
            if *role != Role::Partial {
                return None;
            }
            // The levels that the rule leaves, as far apart as they are at the start.
            let seen = counts.levels(rule, c);
            let open = first_m(*kind);
            let open = open
                .iter()
                .zip(&seen)
                .map(|(m, n)| if *n > 0.0 { *m } else { 0.0 });
            Some(shares(&open.collect::<Vec<_>>()))
        })
        .collect()
}

impl Fit {
    /// Rounds until it stands still.
    fn settle(&mut self, counts: &Counts, prior: &[Vec<f64>]) {
        self.converged = false;
        for _ in 0..ROUNDS {
            let change = self.round(counts, prior);
            self.rounds += 1;
            if change < STILL {
                self.converged = true;
                return;
            }
        }
    }

    /// Puts kin among the strangers: few, and with dates as by chance.
    fn begin_kin(&mut self, counts: &Counts) {
        self.kin.clone_from(&counts.kin);
        for kin in &mut self.kin {
            for (agreement, chance) in kin.comparisons.iter_mut().zip(&self.u) {
                if let Agreement::Learnt(shares) = agreement {
                    shares.clone_from(chance);
                }
            }
        }
        for rule in &mut self.rules {
            rule.kin = vec![FIRST_KIN; self.kin.len()];
        }
    }

    /// What each level says under a rule.
    pub(super) fn says(&self, rule: usize) -> Says {
        Says::new(self, rule)
    }

    /// One round; the greatest change of a share of matches or of m.
    fn round(&mut self, counts: &Counts, prior: &[Vec<f64>]) -> f64 {
        let mut pooled = empty(counts);
        let mut learnt: Vec<Vec<Vec<f64>>> = self.kin.iter().map(|_| empty(counts)).collect();
        let mut next: Vec<RuleFit> = Vec::with_capacity(self.rules.len());
        for rule in 0..counts.of_rule.len() {
            let expected = self.expect(counts, rule);
            for (kin, (all, own)) in self.kin.iter().zip(learnt.iter_mut().zip(&expected.of_kin)) {
                let free = |c: usize| counts.role(rule, c) == Some(Role::Free);
                for (c, (all, own)) in all.iter_mut().zip(own).enumerate() {
                    let is_learnt = matches!(kin.comparisons.get(c), Some(Agreement::Learnt(_)));
                    if is_learnt && free(c) {
                        add(all, own);
                    }
                }
            }
            next.push(self.maximise(counts, rule, &expected, &mut pooled));
        }
        let learnt_m = pooled
            .iter()
            .zip(prior)
            .zip(counts.kinds.iter().zip(&self.u));
        let m: Vec<Vec<f64>> = learnt_m
            .map(|((seen, prior), (kind, chance))| {
                in_order(*kind, shares(&plus(seen, prior, PRIOR)), chance)
            })
            .collect();
        for (kin, seen) in self.kin.iter_mut().zip(&learnt) {
            let all = kin.comparisons.iter_mut().zip(seen.iter().zip(&self.u));
            for (agreement, (seen, chance)) in all {
                if let Agreement::Learnt(own) = agreement {
                    *own = shares(&plus(seen, chance, KIN_PRIOR));
                }
            }
        }
        let far = |a: f64, b: f64| (a - b).abs();
        let moved = m.iter().flatten().zip(self.m.iter().flatten());
        let moved = moved.map(|(a, b)| far(*a, *b)).fold(0.0, f64::max);
        let shares = next
            .iter()
            .zip(&self.rules)
            .map(|(a, b)| far(a.matches, b.matches));
        let change = shares.fold(moved, f64::max);
        self.m = m;
        self.rules = next;
        change
    }

    /// Shares a rule's pairs out among matches, strangers and kin.
    fn expect(&self, counts: &Counts, rule: usize) -> Expected {
        let mut out = Expected {
            matched: empty(counts),
            strangers: empty(counts),
            of_kin: self.kin.iter().map(|_| empty(counts)).collect(),
            kin: vec![0.0; self.kin.len()],
            ..Expected::default()
        };
        let says = self.says(rule);
        let prior = self.rules.get(rule).map_or(0.0, RuleFit::prior);
        let mut levels = vec![MISSING; counts.kinds.len()];
        let mut kin = vec![0.0; self.kin.len()];
        for (pattern, count) in counts.of_rule(rule) {
            for (c, level) in levels.iter_mut().enumerate() {
                *level = pattern.level(c);
            }
            let others = says.others(&levels, &mut kin);
            let evidence = says.against_strangers(&levels) - others.ln();
            let w = logistic(prior + evidence);
            out.all += count;
            out.hits += count * w;
            let other = count * (1.0 - w) / others;
            tally(&mut out.matched, &levels, count * w);
            tally(&mut out.strangers, &levels, other * says.strangers());
            let of_kin = out.kin.iter_mut().zip(&mut out.of_kin);
            for ((sum, tallies), odds) in of_kin.zip(&kin) {
                *sum += other * odds;
                tally(tallies, &levels, other * odds);
            }
        }
        out
    }

    fn maximise(
        &self,
        counts: &Counts,
        rule: usize,
        expected: &Expected,
        pooled: &mut [Vec<f64>],
    ) -> RuleFit {
        let (all, hits) = (expected.all, expected.hits);
        let (least, share) = ANCHOR;
        let anchor = least.max(share * all);
        let roles = counts
            .roles
            .get(rule)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let (mut u, mut m) = (Vec::new(), Vec::new());
        for (c, role) in roles.iter().enumerate() {
            let (Some(matched), Some(other)) = (expected.matched.get(c), expected.strangers.get(c))
            else {
                continue;
            };
            let chance = self.u.get(c).map(Vec::as_slice).unwrap_or_default();
            match role {
                Role::Free => {
                    if let Some(pool) = pooled.get_mut(c) {
                        add(pool, matched);
                    }
                    u.push(shares(&plus(other, chance, anchor)));
                    m.push(None);
                }
                Role::Partial => {
                    let seen = shares(&counts.levels(rule, c));
                    let own = shares(&plus(other, &seen, 1.0));
                    let kind = counts.kinds.get(c).copied().unwrap_or(Kind::Exact);
                    m.push(Some(in_order(
                        kind,
                        shares(&plus(matched, &seen, 1.0)),
                        &own,
                    )));
                    u.push(own);
                }
                Role::Fixed => {
                    u.push(shares(other));
                    m.push(None);
                }
            }
        }
        RuleFit {
            matches: ((hits + 0.5) / (all + 1.0)).clamp(1e-9, 1.0 - 1e-9),
            roles: roles.to_vec(),
            u,
            m,
            kin: expected
                .kin
                .iter()
                .map(|sum| (sum + 1e-3) / (all - hits + anchor))
                .collect(),
        }
    }
}

/// What a rule's pairs are expected to be.
#[derive(Default)]
struct Expected {
    all: f64,
    hits: f64,
    matched: Vec<Vec<f64>>,
    strangers: Vec<Vec<f64>>,
    /// Of each sort of kin how many, and their levels.
    kin: Vec<f64>,
    of_kin: Vec<Vec<Vec<f64>>>,
}

fn empty(counts: &Counts) -> Vec<Vec<f64>> {
    let kinds = counts.kinds.iter();
    kinds.map(|k| vec![0.0; k.levels()]).collect()
}

fn tally(tallies: &mut [Vec<f64>], levels: &[Level], count: f64) {
    for (level, tally) in levels.iter().zip(tallies) {
        if let Some(slot) = tally.get_mut(place(*level)) {
            *slot += count;
        }
    }
}

fn add(all: &mut [f64], more: &[f64]) {
    for (slot, count) in all.iter_mut().zip(more) {
        *slot += count;
    }
}

/// The natural log odds of a probability that is neither nought nor one.
pub(crate) fn log_odds(p: f64) -> f64 {
    let p = p.clamp(1e-9, 1.0 - 1e-9);
    debug_assert!((logistic((p / (1.0 - p)).ln()) - p).abs() < 1e-6);
    (p / (1.0 - p)).ln()
}

/// The probability of natural log odds.
pub(crate) fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}
