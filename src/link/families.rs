//! Families help: a pair of adults and a pair of children who belong to each other.
//!
//! If a prisoner and a mother's partner in another file are one man, the child whom he names and the
//! child with whom she lives are more likely one; and the other way round. If one record names both
//! children, or one child both adults, they are more likely two. So after the first pass every pair
//! whose two records have relatives is looked at once more: are any two of their relatives linked?
//! How often that is so among matches and among others is learnt from the probabilities of the first
//! pass, as a comparison's m and u are, and adds to the odds. It is asked once, by the odds of the
//! first pass alone: two pairs cannot talk each other up.
//!
//! Two children of one family may also be one child whom no rule brought together: a prisoner names
//! a child by name and birthday, children's services know a birthday and a number. So the pairs of
//! one family are compared like those of a blocking rule, with a share of matches of their own.
//!
//! A record that is surely the same person as others has their relatives as well, for a register of
//! schools names no parents; but never through the pair that is asked about.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::model::{logistic, real};

/// Records of one family at most.
const LARGEST: usize = 60;
/// Rounds in which the share of matches among pairs of one family comes to rest.
const ROUNDS: usize = 200;
/// Pairs that the shares of the levels start from.
const PRIOR: f64 = 5.0;
/// Where they start: of matches, then of others; a common relative, linked ones, neither.
const FIRST: [[f64; 3]; 2] = [[0.02, 0.58, 0.40], [0.10, 0.05, 0.85]];
/// What relatives add or take at most, in natural log odds: brothers and sisters share them.
const MOST: f64 = 4.0;

/// Of each record the records of its relatives, by number over all sources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Relatives(Vec<Vec<u32>>);

impl Relatives {
    /// Of so many records, from pairs of a record and its relative; a relation stated twice is one.
    pub fn new(records: usize, relations: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut out = vec![Vec::new(); records];
        for (record, relative) in relations {
            let place = usize::try_from(record).ok();
            if let Some(own) = place.and_then(|place| out.get_mut(place)) {
                own.push(relative);
            }
        }
        for own in &mut out {
            own.sort_unstable();
            own.dedup();
        }
        Relatives(out)
    }

    /// The same for groups of records, of which each has the relatives of all: `group` names the
    /// group of each record.
    pub fn of_groups(&self, group: &[u32]) -> Relatives {
        let mut all: HashMap<u32, Vec<u32>> = HashMap::new();
        for (own, group) in self.0.iter().zip(group) {
            all.entry(*group).or_default().extend(own);
        }
        for own in all.values_mut() {
            own.sort_unstable();
            own.dedup();
        }
        let of = |group: &u32| all.get(group).cloned().unwrap_or_default();
        Relatives(group.iter().map(of).collect())
    }

    /// The relatives of a record.
    pub fn of(&self, record: u32) -> &[u32] {
        let place = usize::try_from(record).ok();
        let own = place.and_then(|place| self.0.get(place));
        own.map(Vec::as_slice).unwrap_or_default()
    }
}

/// Pairs of records that belong to one family: of each family, which is an entity of their relatives,
/// every two records that are not in one group already; in order, each once.
pub fn of_one_family(relatives: &Relatives, entity: &[u32], group: &[u32]) -> Vec<(u32, u32)> {
    let mut families: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (record, own) in (0_u32..).zip(&relatives.0) {
        for relative in own {
            let place = usize::try_from(*relative).ok();
            if let Some(family) = place.and_then(|place| entity.get(place)) {
                families.entry(*family).or_default().push(record);
            }
        }
    }
    let of = |record: u32| group.get(usize::try_from(record).unwrap_or(usize::MAX));
    let mut out = Vec::new();
    for records in families.values_mut() {
        records.dedup();
        // No family is so large: what is, is a number that many records share by mistake.
        if records.len() > LARGEST {
            continue;
        }
        for (place, a) in records.iter().enumerate() {
            let others = records.iter().skip(place + 1);
            out.extend(others.filter(|b| of(*a) != of(**b)).map(|b| (*a, *b)));
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// Gives pairs of one family their odds: what their levels say, and the share of matches among such
/// pairs, which is learnt from them (expectation and maximisation over the share alone). Starts from
/// one in five.
pub fn share_of_matches(evidence: &[f64]) -> f64 {
    let mut share: f64 = 0.2;
    for _ in 0..ROUNDS {
        let prior = (share / (1.0 - share)).ln();
        let found: f64 = evidence.iter().map(|e| logistic(e + prior)).sum();
        let pairs = real(evidence.len() as u64);
        let next = (found + PRIOR * 0.2) / (pairs + PRIOR);
        let still = (next - share).abs() < 1e-9;
        share = next.clamp(1e-6, 1.0 - 1e-6);
        if still {
            break;
        }
    }
    share
}

/// What the relatives of two records are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kinship {
    /// One record is a relative of both.
    Common,
    /// Two of them are linked.
    Linked,
    /// Both have relatives, and none are linked.
    Neither,
}

impl Kinship {
    /// Of two lists of relatives, given the entity of each relative; none where one list is empty.
    pub fn of(ours: &[u32], theirs: &[u32], entity: &[u32]) -> Option<Kinship> {
        if ours.is_empty() || theirs.is_empty() {
            return None;
        }
        let of = |record: u32| {
            let place = usize::try_from(record).ok();
            place.and_then(|place| entity.get(place))
        };
        let any = |meet: &dyn Fn(u32, u32) -> bool| {
            ours.iter().any(|x| theirs.iter().any(|y| meet(*x, *y)))
        };
        Some(if any(&|x, y| x == y) {
            Kinship::Common
        } else if any(&|x, y| of(x).is_some() && of(x) == of(y)) {
            Kinship::Linked
        } else {
            Kinship::Neither
        })
    }

    fn place(self) -> usize {
        match self {
            Kinship::Common => 0,
            Kinship::Linked => 1,
            Kinship::Neither => 2,
        }
    }
}

/// What relatives say: learnt, and to be added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Support {
    /// Shares among matches: a common relative, linked ones, neither.
    pub m: [f64; 3],
    /// The same among other pairs that the first pass kept.
    pub u: [f64; 3],
    /// Pairs of each, whether matches or not.
    pub pairs: [u64; 3],
}

impl Support {
    /// Learns from pairs: the probability of each after the first pass, and its kinship.
    pub fn learn(pairs: impl IntoIterator<Item = (f64, Kinship)>) -> Self {
        let mut sums = FIRST.map(|shares| shares.map(|share| share * PRIOR));
        let mut counts = [0; 3];
        for (probability, kinship) in pairs {
            let [matches, others] = &mut sums;
            for (sums, more) in [(matches, probability), (others, 1.0 - probability)] {
                if let Some(sum) = sums.get_mut(kinship.place()) {
                    *sum += more;
                }
            }
            if let Some(count) = counts.get_mut(kinship.place()) {
                *count += 1;
            }
        }
        let shares = |sums: [f64; 3]| {
            let all: f64 = sums.iter().sum();
            sums.map(|sum| sum / all)
        };
        let [m, u] = sums.map(shares);
        Support {
            m,
            u,
            pairs: counts,
        }
    }

    /// What a pair gains or loses, in natural log odds.
    pub fn evidence(&self, kinship: Option<Kinship>) -> f64 {
        let Some(kinship) = kinship else {
            return 0.0;
        };
        let share = |of: &[f64; 3]| of.get(kinship.place()).copied().unwrap_or(1.0);
        (share(&self.m) / share(&self.u)).ln().clamp(-MOST, MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relatives_are_common_linked_or_neither() {
        // Records 0 to 3 are children; their parents are 0 and 1 | 1 | 2 | none.
        let relatives = Relatives::new(4, [(0, 0), (0, 1), (0, 1), (1, 1), (2, 2)]);
        // Parents 0 and 2 are one entity.
        let entity = [0, 1, 0];
        let of = |a, b| Kinship::of(relatives.of(a), relatives.of(b), &entity);
        assert_eq!(of(0, 1), Some(Kinship::Common));
        assert_eq!(of(0, 2), Some(Kinship::Linked));
        assert_eq!(of(2, 1), Some(Kinship::Neither));
        assert_eq!(of(0, 3), None);
    }

    #[test]
    fn pairs_of_one_family_are_named_once_and_not_where_they_are_one_already() {
        // Parents 0 and 1 are one entity. Children 0, 1 and 3 are theirs, 1 and 3 one group.
        let relatives = Relatives::new(4, [(0, 0), (1, 1), (2, 2), (3, 0), (3, 1)]);
        let pairs = of_one_family(&relatives, &[0, 0, 2], &[0, 1, 2, 1]);
        assert_eq!(pairs, [(0, 1), (0, 3)]);
    }

    #[test]
    fn the_share_of_matches_is_learnt() {
        let evidence: Vec<f64> = (0..1000)
            .map(|n| if n % 4 == 0 { 9.0 } else { -6.0 })
            .collect();
        let share = share_of_matches(&evidence);
        assert!((share - 0.25).abs() < 0.01, "{share}");
        assert!((share_of_matches(&[]) - 0.2).abs() < 1e-9);
    }

    #[test]
    fn a_group_has_the_relatives_of_all_its_records() {
        let relatives = Relatives::new(4, [(0, 7), (1, 8), (3, 8), (3, 9)]);
        let groups = relatives.of_groups(&[0, 0, 2, 0]);
        assert_eq!(groups.of(0), [7, 8, 9]);
        assert_eq!(groups.of(1), [7, 8, 9]);
        assert!(groups.of(2).is_empty());
    }

    #[test]
    fn what_goes_with_matches_raises_the_odds_and_what_does_not_lowers_them() {
        // Of a hundred sure matches eighty have linked parents; of as many sure others two have.
        let kinship = |linked: bool| match linked {
            true => Kinship::Linked,
            false => Kinship::Neither,
        };
        let matches = (0..100).map(|n| (0.9999, kinship(n % 10 < 8)));
        let others = (0..100).map(|n| (0.0001, kinship(n >= 98)));
        let support = Support::learn(matches.chain(others));
        assert_eq!(support.pairs, [0, 82, 118]);
        assert!((support.m[1] - 0.79).abs() < 0.02, "{support:?}");
        let evidence = |kinship| support.evidence(Some(kinship));
        assert!(evidence(Kinship::Linked) > 2.5);
        assert!(evidence(Kinship::Neither) < -1.0);
        assert!(support.evidence(None).abs() < 1e-12);
        assert!(evidence(Kinship::Common) < 0.0);
    }
}
