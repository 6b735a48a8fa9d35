//! m, u and the share of matches, by expectation and maximisation over all rules together.
//!
//! For each rule the pairs of its blocks are a mixture of matches and of others. What matches look
//! like in a comparison (m) is the same under every rule that does not look at that comparison;
//! what others look like (u) is the rule's own, because strangers who share a block are no
//! strangers of chance: within a forename nearly all agree on sex, within a postcode many agree on
//! the surname. So a rule never teaches the model about what it has conditioned on, and a
//! correlation between a comparison and the block cannot pass for a match.

use super::counts::{Counts, Role, place};
use crate::comparison::{Kind, Level, MISSING};

/// Rounds at most.
const ROUNDS: usize = 500;
/// The fit stands still when no share changes by more.
const STILL: f64 = 1e-7;
/// Pairs of chance that a rule's own u starts from: so many, and so large a share of its pairs. It
/// keeps u from taking up matches where a rule brings hardly anything else together.
const ANCHOR: (f64, f64) = (20.0, 0.05);
/// Matches that m starts from.
const PRIOR: f64 = 5.0;

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
            }
        })
        .collect();
    let mut fit = Fit {
        m: counts.kinds.iter().map(|k| first_m(*k)).collect(),
        u: chance,
        rules,
        rounds: 0,
        converged: false,
    };
    let prior = fit.m.clone();
    for round in 1..=ROUNDS {
        let change = fit.round(counts, &prior);
        fit.rounds = round;
        if change < STILL {
            fit.converged = true;
            break;
        }
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
    /// The natural logarithm of the odds of a pattern under a rule, without the rule's share of
    /// matches.
    pub(super) fn evidence(&self, rule: usize, levels: &[Level]) -> f64 {
        let all = levels.iter().enumerate();
        all.map(|(c, level)| self.says(rule, c, *level)).sum()
    }

    /// What one comparison at a level says under a rule, in natural log odds: ln m/u, and nothing
    /// where a value is missing or the rule has asked for it.
    pub(super) fn says(&self, rule: usize, comparison: usize, level: Level) -> f64 {
        let Some(own) = self.rules.get(rule) else {
            return 0.0;
        };
        if level == MISSING || own.asks(comparison) {
            return 0.0;
        }
        let at = place(level);
        let m = match own.m.get(comparison) {
            Some(Some(partial)) => partial.get(at),
            _ => self.m.get(comparison).and_then(|m| m.get(at)),
        };
        let u = own.u.get(comparison).and_then(|u| u.get(at));
        match (m, u) {
            (Some(m), Some(u)) => (m.max(1e-9) / u.max(1e-9)).ln(),
            _ => 0.0,
        }
    }

    /// One round; the greatest change of a share of matches or of m.
    fn round(&mut self, counts: &Counts, prior: &[Vec<f64>]) -> f64 {
        let sizes: Vec<usize> = counts.kinds.iter().map(|k| k.levels()).collect();
        let empty = || -> Vec<Vec<f64>> { sizes.iter().map(|n| vec![0.0; *n]).collect() };
        let mut pooled = empty();
        let mut next: Vec<RuleFit> = Vec::with_capacity(self.rules.len());
        for (rule, places) in counts.of_rule.iter().enumerate() {
            let (mut matched, mut other) = (empty(), empty());
            let (mut all, mut hits) = (0.0, 0.0);
            let share = self.rules.get(rule).map_or(0.1, |r| r.matches);
            let odds = (share / (1.0 - share)).ln();
            let mut levels = vec![0; sizes.len()];
            for (pattern, count) in places.iter().filter_map(|p| counts.pairs.get(*p)) {
                for (c, level) in levels.iter_mut().enumerate() {
                    *level = pattern.level(c);
                }
                let w = logistic(odds + self.evidence(rule, &levels));
                all += count;
                hits += count * w;
                for ((level, m), u) in levels.iter().zip(&mut matched).zip(&mut other) {
                    let at = place(*level);
                    if let (Some(m), Some(u)) = (m.get_mut(at), u.get_mut(at)) {
                        *m += count * w;
                        *u += count * (1.0 - w);
                    }
                }
            }
            next.push(self.maximise(counts, rule, (all, hits), (&matched, &other), &mut pooled));
        }
        let m: Vec<Vec<f64>> = pooled
            .iter()
            .zip(prior)
            .map(|(counts, prior)| shares(&plus(counts, prior, PRIOR)))
            .collect();
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

    fn maximise(
        &self,
        counts: &Counts,
        rule: usize,
        (all, hits): (f64, f64),
        (matched, other): (&[Vec<f64>], &[Vec<f64>]),
        pooled: &mut [Vec<f64>],
    ) -> RuleFit {
        let roles = counts
            .roles
            .get(rule)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let (mut u, mut m) = (Vec::new(), Vec::new());
        for (c, role) in roles.iter().enumerate() {
            let (Some(matched), Some(other)) = (matched.get(c), other.get(c)) else {
                continue;
            };
            let chance = self.u.get(c).map(Vec::as_slice).unwrap_or_default();
            match role {
                Role::Free => {
                    if let Some(pool) = pooled.get_mut(c) {
                        for (slot, count) in pool.iter_mut().zip(matched) {
                            *slot += count;
                        }
                    }
                    let (least, share) = ANCHOR;
                    u.push(shares(&plus(other, chance, least.max(share * all))));
                    m.push(None);
                }
                Role::Partial => {
                    let seen = shares(&counts.levels(rule, c));
                    u.push(shares(&plus(other, &seen, 1.0)));
                    m.push(Some(shares(&plus(matched, &seen, 1.0))));
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
        }
    }
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
