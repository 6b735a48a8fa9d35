//! The second pass: families help. What the first says of adults speaks for children, and the other
//! way round.

use std::path::PathBuf;

use hashbrown::{HashMap, HashSet};

use super::told::FamilyPairs;
use super::{Kind, at};
use crate::columnar::{self, TableReader};
use crate::comparison;
use crate::link::LinkError;
use crate::link::engine::Scored;
use crate::link::entities::Entities;
use crate::link::families::{Kinship, Relatives, Support, of_one_family, share_of_matches};
use crate::link::federation::{Couple, CoupleScores, side_by_side};
use crate::link::model::logistic;
use crate::link::pairs::Pattern;
use crate::pseudonymise::Pseudonym;
use crate::pseudonymise::words::{Comparison, Held};
use crate::schema::canonical::{RECORD, kind};

/// Two records are surely one person from this probability on, for what their relatives say.
const SURE: f64 = 0.99;

/// The second pass: what relatives say, in both directions by the odds of the first.
pub(super) fn families(kinds: &mut [Kind<'_>], files: &[PathBuf]) -> Result<(), LinkError> {
    let place = |of: &str| kinds.iter().position(|k| k.job.kind == of);
    let (Some(adults), Some(children)) = (place(kind::ADULT), place(kind::CHILD)) else {
        return Ok(());
    };
    let relations = {
        let (Some(adults), Some(children)) = (kinds.get(adults), kinds.get(children)) else {
            return Ok(());
        };
        read_relations(files, &adults.numbers(), &children.numbers())?
    };
    let turned: Vec<(u32, u32)> = relations.iter().map(|(a, c)| (*c, *a)).collect();
    let entity = |of: usize| kinds.get(of).map(|kind| kind.decide().entity);
    let (adults_linked, children_linked) = (entity(adults), entity(children));
    for (of, relations, linked) in [
        (adults, relations, children_linked),
        (children, turned, adults_linked),
    ] {
        if let (Some(kind), Some(linked)) = (kinds.get_mut(of), linked) {
            let relatives = Relatives::new(kind.records(), relations);
            kind.hear(&relatives, &linked);
            if of == children {
                kind.compare_families(&relatives, &linked);
            }
        }
    }
    Ok(())
}

/// Who says of whom to be their parent, or to care for them: numbers of adults and of children.
fn read_relations(
    files: &[PathBuf],
    adults: &HashMap<Pseudonym, u32>,
    children: &HashMap<Pseudonym, u32>,
) -> Result<Vec<(u32, u32)>, LinkError> {
    let mut out = Vec::new();
    for path in files {
        for batch in TableReader::open(path, Some(&[RECORD, "child"]))? {
            let batch = batch?;
            let record = columnar::bytes(&batch, RECORD, path)?;
            let child = columnar::bytes(&batch, "child", path)?;
            let number = |of: &HashMap<Pseudonym, u32>, value: Option<&[u8]>| {
                of.get(value?.first_chunk::<16>()?).copied()
            };
            let pairs = record.iter().zip(child.iter());
            out.extend(pairs.filter_map(|(a, c)| Some((number(adults, a)?, number(children, c)?))));
        }
    }
    Ok(out)
}

impl Kind<'_> {
    /// Of each record the group of those that are surely one person, by all couples but one.
    fn sure_without(&self, couple: usize) -> Vec<u32> {
        let mut groups = Entities::default();
        for _ in 0..self.records() {
            groups.add(0);
        }
        let others = self
            .couples
            .iter()
            .enumerate()
            .filter(|(place, _)| *place != couple);
        for pair in others.flat_map(|(_, scores)| &scores.pairs) {
            if logistic(pair.log_odds) >= SURE {
                groups.join(pair.left, pair.right);
            }
        }
        (0_u32..)
            .take(self.records())
            .map(|record| groups.root(record))
            .collect()
    }

    /// What the relatives of each pair are to each other, couple by couple. Of two records that
    /// others join already nothing is asked.
    fn kinships(&self, relatives: &Relatives, entity: &[u32]) -> Vec<Vec<Option<Kinship>>> {
        let of_couple = |(place, scores): (usize, &CoupleScores)| {
            let group = self.sure_without(place);
            let relatives = relatives.of_groups(&group);
            let of = |record: u32| group.get(at(record));
            let kinship = |pair: &Scored| match of(pair.left) == of(pair.right) {
                true => None,
                false => Kinship::of(relatives.of(pair.left), relatives.of(pair.right), entity),
            };
            scores.pairs.iter().map(kinship).collect()
        };
        self.couples.iter().enumerate().map(of_couple).collect()
    }

    /// Learns from relatives, whose entities are given, and adds what they say.
    fn hear(&mut self, relatives: &Relatives, entity: &[u32]) {
        let kinships = self.kinships(relatives, entity);
        let pairs = self.pairs().zip(kinships.iter().flatten());
        let support = Support::learn(
            pairs.filter_map(|(pair, kinship)| Some((logistic(pair.log_odds), (*kinship)?))),
        );
        let pairs = self.couples.iter_mut().flat_map(|c| &mut c.pairs);
        for (pair, kinship) in pairs.zip(kinships.into_iter().flatten()) {
            pair.log_odds += support.evidence(kinship);
        }
        let heard = support.pairs.iter().any(|n| *n > 0);
        self.families = heard.then_some(support);
    }

    /// Compares the children of one family whom no rule brought together, and adds what is likely.
    fn compare_families(&mut self, relatives: &Relatives, entity: &[u32]) {
        let group = self.sure_without(usize::MAX);
        let known: HashSet<(u32, u32)> = self.pairs().map(|p| (p.left, p.right)).collect();
        let relatives = relatives.of_groups(&group);
        let pairs: Vec<(u32, u32, Pattern, f64)> = of_one_family(&relatives, entity, &group)
            .into_iter()
            .filter(|pair| !known.contains(pair))
            .filter_map(|(a, b)| {
                let pattern = self.beside(a, b)?;
                Some((a, b, pattern, self.against_siblings(pattern)))
            })
            .collect();
        let evidence: Vec<f64> = pairs.iter().map(|p| p.3).collect();
        let share = share_of_matches(&evidence);
        let prior = (share / (1.0 - share)).ln();
        let mut added = 0;
        for (left, right, pattern, evidence) in pairs {
            let couple = Couple {
                left: self.source_of(left),
                right: self.source_of(right),
            };
            let Some(scores) = self.couples.iter_mut().find(|c| c.couple == couple) else {
                continue;
            };
            added += 1;
            scores.compared += 1;
            scores.pairs.push(Scored {
                left,
                right,
                pattern,
                log_odds: evidence + prior,
            });
        }
        for scores in &mut self.couples {
            scores.pairs.sort_unstable_by_key(|p| (p.left, p.right));
        }
        self.of_one_family = (added > 0).then_some(FamilyPairs {
            pairs: added,
            matches: share,
        });
    }

    /// What a pattern says for one child against two of one family, in natural log odds: brothers and
    /// sisters differ like strangers of chance, but for what a household has in common.
    fn against_siblings(&self, pattern: Pattern) -> f64 {
        let own = |kind: comparison::Kind| {
            use comparison::Kind::{Names, Postcode, Surname};
            !matches!(kind, Surname | Postcode | Names)
        };
        let fit = &self.linked.fit;
        let of = |(c, comparison): (usize, &Comparison)| {
            let level = usize::from(pattern.level(c));
            let share = |of: &[Vec<f64>]| of.get(c).and_then(|l| l.get(level)).copied();
            match (share(&fit.m), share(&fit.u)) {
                (Some(m), Some(u)) if own(comparison.kind) && level > 0 => {
                    (m.max(1e-9) / u.max(1e-9)).ln()
                }
                _ => 0.0,
            }
        };
        self.comparisons.iter().enumerate().map(of).sum()
    }

    /// The pattern of two records laid side by side; none where their dates of birth cannot be
    /// compared.
    fn beside(&self, a: u32, b: u32) -> Option<Pattern> {
        let row = |number: u32| {
            let source = self.source_of(number);
            let held = self.held.get(source)?;
            let record = number - self.first.get(source).copied().unwrap_or(0);
            // Rows stand in the order of their records; the first is the first name.
            let row = held.records.partition_point(|r| *r < record);
            let side = Held {
                source: &held.source,
                digests: &held.digests,
            };
            Some((side, row))
        };
        let (left, right) = (row(a)?, row(b)?);
        let pattern = side_by_side(&self.comparisons, left, right);
        let born = self
            .comparisons
            .iter()
            .position(|c| c.kind == comparison::Kind::Date)?;
        (pattern.level(born) != comparison::MISSING).then_some(pattern)
    }
}
