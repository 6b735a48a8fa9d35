//! How many pairs have each pattern, and what each rule leaves open.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::kin::{Kin, kin};
use crate::comparison::{Kind, Level};
use crate::link::pairs::Pattern;
use crate::pseudonymise::words::{Comparison, Rule};

/// What a rule says of a comparison before two rows are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Nothing: the rule does not look at it.
    Free,
    /// Something: pairs of the rule's blocks cannot have all levels.
    Partial,
    /// All: pairs of the rule's blocks have one level.
    Fixed,
}

/// The share of a rule's pairs at one level from which the comparison counts as fixed.
const ONE_LEVEL: f64 = 0.98;

/// Counted patterns of all pairs that some rule brings together, each once, and of pairs of chance.
#[derive(Debug, Clone)]
pub struct Counts {
    /// What is compared.
    pub kinds: Vec<Kind>,
    /// The patterns in order, with their counts.
    pub pairs: Vec<(Pattern, f64)>,
    /// Of each rule the levels of its pairs in order, with their counts: patterns that differ in
    /// their other rules alone are one.
    pub of_rule: Vec<Vec<(Pattern, f64)>>,
    /// Of each rule and comparison.
    pub roles: Vec<Vec<Role>>,
    /// Patterns of pairs of chance.
    pub chance: Vec<(Pattern, f64)>,
    /// The sorts of kin that the comparisons can tell.
    pub kin: Vec<Kin>,
}

impl Counts {
    /// From counted patterns in any order.
    pub fn new(
        comparisons: &[Comparison],
        rules: &[Rule],
        pairs: impl IntoIterator<Item = (Pattern, u64)>,
        chance: impl IntoIterator<Item = (Pattern, u64)>,
    ) -> Self {
        let ordered = |pairs: &mut Vec<(Pattern, f64)>| pairs.sort_by_key(|p| p.0);
        let real = |(pattern, count): (Pattern, u64)| (pattern, real(count));
        let mut pairs: Vec<(Pattern, f64)> = pairs.into_iter().map(real).collect();
        let mut chance: Vec<(Pattern, f64)> = chance.into_iter().map(real).collect();
        ordered(&mut pairs);
        ordered(&mut chance);
        let of_rule = (0..rules.len()).map(|rule| {
            let mut levels: BTreeMap<Pattern, f64> = BTreeMap::new();
            for (pattern, count) in pairs.iter().filter(|(p, _)| p.in_rule(rule)) {
                *levels.entry(pattern.without_rules()).or_default() += count;
            }
            levels.into_iter().collect()
        });
        let of_rule: Vec<Vec<(Pattern, f64)>> = of_rule.collect();
        let mut counts = Counts {
            kinds: comparisons.iter().map(|c| c.kind).collect(),
            pairs,
            of_rule,
            roles: Vec::new(),
            chance,
            kin: kin(comparisons),
        };
        counts.roles = rules
            .iter()
            .enumerate()
            .map(|(number, rule)| {
                let of = comparisons.iter().enumerate();
                of.map(|(c, comparison)| {
                    let touched = rule
                        .columns()
                        .any(|column| comparison.columns.contains(&Some(column)));
                    counts.role_of(number, c, touched)
                })
                .collect()
            })
            .collect();
        counts
    }

    fn role_of(&self, rule: usize, comparison: usize, touched: bool) -> Role {
        if !touched {
            return Role::Free;
        }
        let levels = self.levels(rule, comparison);
        let all: f64 = levels.iter().skip(1).sum();
        let most = levels.iter().skip(1).copied().fold(0.0, f64::max);
        if most >= ONE_LEVEL * all {
            Role::Fixed
        } else {
            Role::Partial
        }
    }

    /// What a rule says of a comparison.
    pub fn role(&self, rule: usize, comparison: usize) -> Option<Role> {
        self.roles.get(rule)?.get(comparison).copied()
    }

    /// The levels of a rule's pairs.
    pub fn of_rule(&self, rule: usize) -> &[(Pattern, f64)] {
        self.of_rule
            .get(rule)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// How many pairs of a rule have each level of a comparison.
    pub fn levels(&self, rule: usize, comparison: usize) -> Vec<f64> {
        self.tally(comparison, self.of_rule(rule).iter())
    }

    /// How many pairs of chance have each level of a comparison.
    pub fn chance_levels(&self, comparison: usize) -> Vec<f64> {
        self.tally(comparison, self.chance.iter())
    }

    fn tally<'a>(
        &self,
        comparison: usize,
        pairs: impl Iterator<Item = &'a (Pattern, f64)>,
    ) -> Vec<f64> {
        let levels = self.kinds.get(comparison).map_or(1, |k| k.levels());
        let mut out = vec![0.0; levels];
        for (pattern, count) in pairs {
            if let Some(slot) = out.get_mut(place(pattern.level(comparison))) {
                *slot += count;
            }
        }
        out
    }

    /// All pairs of a rule.
    pub fn pairs_of(&self, rule: usize) -> f64 {
        self.of_rule(rule).iter().map(|pairs| pairs.1).sum()
    }
}

/// A level as a place in a table.
pub(super) fn place(level: Level) -> usize {
    usize::from(level)
}

/// A count as a number, exact below 2⁵³.
pub(crate) fn real(count: u64) -> f64 {
    let low = f64::from(u32::try_from(count & 0xffff_ffff).unwrap_or(u32::MAX));
    let high = f64::from(u32::try_from(count >> 32).unwrap_or(u32::MAX));
    high * 4_294_967_296.0 + low
}
