//! The imputed sets of a population, each estimated by strata: by the categories of the headline, or
//! by those of a dimension of the tables.

use std::collections::BTreeSet;

use super::super::coverage::{
    History, ListLinkage, Observed, Plan, Stratified, StratumTable, Transition,
};
use super::super::family_variance::{Families, Record};
use super::super::linkage_error::Rate;
use super::super::method_error::MethodError;
use super::super::part_variance::{EstimatedPart, Linearised};
use super::division::Measure;
use super::numbers::Numbers;
use super::population::{Family, Population};

/// A stratification is used where each of its strata has as many records as this in each history
/// with children's services, the list that holds fewest.
const LEAST_OVERLAP: f64 = 30.0;

/// Everything of one imputed set.
pub(super) struct Set {
    pub(super) estimate: Stratified,
    pub(super) linearised: Linearised,
    pub(super) strata: Vec<StratumTable>,
    /// Weight of each family.
    pub(super) weights: Vec<f64>,
}

impl Set {
    /// What `value` tells of each family, with so many children, summed over all that there are, and
    /// brought to what the same set by other strata makes of `total`.
    pub(super) fn part(
        &self,
        to: &Set,
        population: &Population,
        numbers: &[u32],
        [value, total]: [Measure<'_>; 2],
    ) -> Result<EstimatedPart, MethodError> {
        let [value, total] = [value, total].map(|of| -> Vec<f64> {
            let families = population.families.iter().zip(numbers);
            let families = families.filter(|(f, n)| held(f, **n));
            families.map(|(f, n)| f.weight * of(f, *n)).collect()
        });
        self.linearised.brought(&value, &total, &to.linearised)
    }
}

/// The sets by the strata of the headline, and how strata were joined.
pub(super) fn by_strata(
    population: &Population,
    numbers: &Numbers,
    t: &Transition,
) -> Result<(Vec<Set>, Plan), MethodError> {
    let Some(first) = numbers.sets.first() else {
        return Err(MethodError::TooFew {
            what: "imputed sets",
            found: 0,
            needed: 1,
        });
    };
    let depth = depth(population, first)?;
    with_keys(population, numbers, t, &Keys::to_depth(population, depth))
}

/// The share of the records of joined strata that one must have for its weights to be its own.
const OWN: f64 = 0.9;

/// The sets by the categories of a dimension, on which it may depend what a list holds.
pub(super) struct OfDimension {
    /// The sets.
    pub(super) sets: Vec<Set>,
    /// The codes whose stratum stands alone, or has nearly all records of those it was joined with.
    own: BTreeSet<String>,
}

impl OfDimension {
    pub(super) fn of(
        population: &Population,
        numbers: &Numbers,
        t: &Transition,
        code: impl Fn(&Family) -> &'static str,
    ) -> Result<Self, MethodError> {
        let keys = Keys::by(population, |f| vec![code(f)]);
        let (sets, plan) = with_keys(population, numbers, t, &keys)?;
        let records: Vec<f64> = sets.first().map_or_else(Vec::new, |set| {
            set.strata.iter().map(|s| s.observed.records()).collect()
        });
        let of = |stratum: usize| records.get(stratum).copied().unwrap_or(0.0);
        let mut own = BTreeSet::new();
        for group in plan.groups() {
            let all: f64 = group.iter().map(|s| of(*s)).sum();
            let most = group.iter().filter(|s| of(**s) >= OWN * all);
            let names = most.filter_map(|s| keys.names.get(*s));
            own.extend(names.flatten().cloned());
        }
        Ok(OfDimension { sets, own })
    }

    /// Has the group of this code weights of its own? If not, it has those of groups that the lists
    /// may hold more or less of, and no interval of it would be true.
    pub(super) fn stands(&self, code: &str) -> bool {
        self.own.contains(code)
    }
}

fn with_keys(
    population: &Population,
    numbers: &Numbers,
    t: &Transition,
    keys: &Keys,
) -> Result<(Vec<Set>, Plan), MethodError> {
    let first = numbers.sets.first().map_or(&[][..], Vec::as_slice);
    let plan = Plan::new(&tables(population, first, keys), &certain()?)?;
    let sets = numbers
        .sets
        .iter()
        .map(|n| set(population, n, keys, &plan, t));
    let sets: Vec<Set> = sets.collect::<Result<_, _>>()?;
    Ok((sets, plan))
}

/// How many categories of the strata are used: the most with which every stratum has enough.
fn depth(population: &Population, numbers: &[u32]) -> Result<usize, MethodError> {
    for depth in [2, 1] {
        let keys = Keys::to_depth(population, depth);
        let strata = tables(population, numbers, &keys);
        let enough = |s: &StratumTable| {
            let n = s.observed.numbers();
            [n[3], n[4], n[5], n[6]].iter().all(|n| *n >= LEAST_OVERLAP)
        };
        if strata.iter().all(enough) {
            return Ok(depth);
        }
    }
    Ok(0)
}

/// The stratum of each family, and the strata's names.
struct Keys {
    of: Vec<usize>,
    names: Vec<Vec<String>>,
}

impl Keys {
    /// Of so many categories of the strata.
    fn to_depth(population: &Population, depth: usize) -> Self {
        Keys::by(population, |f| {
            f.stratum.iter().take(depth).copied().collect()
        })
    }

    fn by(population: &Population, key: impl Fn(&Family) -> Vec<&'static str>) -> Self {
        let key = |f: &Family| -> Vec<String> { key(f).into_iter().map(str::to_owned).collect() };
        let all: Vec<Vec<String>> = population.families.iter().map(key).collect();
        let mut names = all.clone();
        names.sort();
        names.dedup();
        let of = all.iter().map(|k| names.binary_search(k).unwrap_or(0));
        Keys {
            of: of.collect(),
            names,
        }
    }
}

/// The records of a family with so many children: those of children's services first.
fn histories(family: &Family, number: u32) -> impl Iterator<Item = History> + '_ {
    let stated = [family.custody, family.probation];
    let children = usize::try_from(number).unwrap_or(usize::MAX);
    (0..children).filter_map(move |child| History::of([stated[0], stated[1], child < family.known]))
}

/// Has a family with so many children any record?
fn held(family: &Family, number: u32) -> bool {
    histories(family, number).next().is_some()
}

fn tables(population: &Population, numbers: &[u32], keys: &Keys) -> Vec<StratumTable> {
    let mut observed = vec![Observed::default(); keys.names.len()];
    for ((family, number), at) in population.families.iter().zip(numbers).zip(&keys.of) {
        for history in histories(family, *number) {
            if let Some(cells) = observed.get_mut(*at) {
                cells.add(history, family.weight);
            }
        }
    }
    let both = keys.names.iter().zip(observed);
    both.map(|(key, observed)| StratumTable {
        key: key.clone(),
        observed,
        linkage: 0,
    })
    .collect()
}

fn set(
    population: &Population,
    numbers: &[u32],
    keys: &Keys,
    plan: &Plan,
    t: &Transition,
) -> Result<Set, MethodError> {
    let strata = tables(population, numbers, keys);
    let estimate = Stratified::with(&strata, plan, &[t])?;
    let mut families = Families::new();
    for ((family, number), stratum) in population.families.iter().zip(numbers).zip(&keys.of) {
        let records: Vec<Record> = histories(family, *number)
            .map(|history| Record {
                stratum: *stratum,
                history,
                weight: family.weight,
            })
            .collect();
        if !records.is_empty() {
            families.push(&records, None)?;
        }
    }
    let weight = |at: &usize| estimate.weights.get(*at).copied().unwrap_or(1.0);
    let weights = keys.of.iter().map(weight).collect();
    Ok(Set {
        linearised: Linearised::of(&families, &estimate, plan, &Transition::identity())?,
        estimate,
        strata,
        weights,
    })
}

pub(super) fn sum(strata: &[StratumTable]) -> Observed {
    let all = strata.iter().map(|s| s.observed);
    all.fold(Observed::default(), |a, b| a.plus(&b))
}

fn certain() -> Result<Vec<ListLinkage>, MethodError> {
    let rate = Rate::certain;
    let (one, nought) = (rate(1.0)?, rate(0.0)?);
    Ok(vec![ListLinkage::new([one; 3], [nought; 3])?])
}
