//! Strata: which are large enough, which are joined, what each gives, and the weights of records.
//!
//! A stratum of 1,000 children and more stands; one of 300 to 999 stands with a warning, since its
//! intervals hold the truth somewhat less often than stated; one of fewer is joined to its nearest
//! neighbour. The number that decides is the one to expect, records times the inverse of the
//! coverage of all strata together, and not the stratum's own estimate, which chance can make large
//! just where it is least sure.

use super::super::caution::Caution;
use super::super::draw::Draws;
use super::super::method_error::MethodError;
use super::super::number::mean_and_variance;
use super::histories::{Corrected, Observed};
use super::saturated::{Form, Saturated};
use super::transition::{ListLinkage, Transition};

/// Children from which a stratum stands without a warning.
pub const FREE: f64 = 1000.0;
/// Children below which a stratum is joined to another.
pub const LEAST: f64 = 300.0;

/// A stratum.
#[derive(Debug, Clone, PartialEq)]
pub struct StratumTable {
    /// Its categories, the one that must be kept longest first: neighbours are those that have the
    /// most of them in common from the left.
    pub key: Vec<String>,
    /// Its numbers by history.
    pub observed: Observed,
    /// Which of the clerical samples tells its linkage error.
    pub linkage: usize,
}

impl StratumTable {
    fn name(&self) -> String {
        self.key.join("/")
    }
}

/// Strata joined to groups. Every stratum is in one.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    groups: Vec<Vec<usize>>,
    /// What was joined, and which groups are small.
    pub cautions: Vec<Caution>,
}

impl Plan {
    /// Joins small strata. Groups are in the order of their first stratum.
    ///
    /// # Errors
    /// KL-E-210 if there is no stratum.
    pub fn new(strata: &[StratumTable], linkages: &[ListLinkage]) -> Result<Self, MethodError> {
        let mut groups: Vec<Vec<usize>> = (0..strata.len()).map(|i| vec![i]).collect();
        if groups.is_empty() {
            return Err(MethodError::TooFew {
                what: "strata",
                found: 0,
                needed: 1,
            });
        }
        let factor = expected_per_record(strata, linkages)?;
        let expected = |group: &[usize]| -> f64 {
            let records = group.iter().filter_map(|i| strata.get(*i));
            factor * records.map(|s| s.observed.records()).sum::<f64>()
        };
        let mut cautions = Vec::new();
        while groups.len() > 1 {
            let sizes: Vec<f64> = groups.iter().map(|g| expected(g)).collect();
            let Some((smallest, _)) = sizes
                .iter()
                .enumerate()
                .filter(|(_, n)| **n < LEAST)
                .min_by(|a, b| a.1.total_cmp(b.1))
            else {
                break;
            };
            let into = nearest(strata, &groups, &sizes, smallest);
            cautions.push(Caution::Collapsed {
                stratum: label(strata, &groups[smallest]),
                into: label(strata, &groups[into]),
            });
            let moved = groups.remove(smallest);
            let into = into - usize::from(into > smallest);
            groups[into].extend(moved);
            groups[into].sort_unstable();
            groups.sort_by_key(|g| g.first().copied());
        }
        for group in &groups {
            let n = expected(group);
            if n < LEAST {
                cautions.push(Caution::TooSmallAltogether { expected: n });
            } else if n < FREE {
                cautions.push(Caution::SmallStratum {
                    stratum: label(strata, group),
                    expected: n,
                });
            }
        }
        Ok(Plan { groups, cautions })
    }

    /// The groups, each the numbers of its strata.
    pub fn groups(&self) -> &[Vec<usize>] {
        &self.groups
    }
}

/// Children to expect for one record, over all strata.
fn expected_per_record(
    strata: &[StratumTable],
    linkages: &[ListLinkage],
) -> Result<f64, MethodError> {
    let mut all = [0.0; 7];
    for stratum in strata {
        let t = linkage(linkages, stratum.linkage)?.point();
        let (corrected, _) = t.correct(&stratum.observed, "");
        for (slot, n) in all.iter_mut().zip(corrected.numbers()) {
            *slot += n;
        }
    }
    let records: f64 = strata.iter().map(|s| s.observed.records()).sum();
    let whole = Saturated::estimate(&Corrected(all), Form::SmallSample)?;
    Ok(match records > 0.0 {
        true => whole.population() / records,
        false => 1.0,
    })
}

fn linkage(linkages: &[ListLinkage], at: usize) -> Result<&ListLinkage, MethodError> {
    linkages.get(at).ok_or(MethodError::Lengths {
        what: "clerical samples of the strata",
    })
}

/// The group with the most in common from the left; of these the smallest; of these the first.
fn nearest(strata: &[StratumTable], groups: &[Vec<usize>], sizes: &[f64], of: usize) -> usize {
    let common = |other: usize| -> usize {
        let pairs = groups[of]
            .iter()
            .flat_map(|a| groups[other].iter().map(move |b| (*a, *b)));
        pairs
            .map(|(a, b)| {
                let keys = strata[a].key.iter().zip(&strata[b].key);
                keys.take_while(|(x, y)| x == y).count()
            })
            .max()
            .unwrap_or(0)
    };
    (0..groups.len())
        .filter(|other| *other != of)
        .min_by(|a, b| {
            let by_key = common(*b).cmp(&common(*a));
            by_key.then(sizes[*a].total_cmp(&sizes[*b])).then(a.cmp(b))
        })
        .unwrap_or(of)
}

fn label(strata: &[StratumTable], group: &[usize]) -> String {
    let names: Vec<String> = group
        .iter()
        .filter_map(|i| strata.get(*i))
        .map(StratumTable::name)
        .collect();
    names.join(" + ")
}

/// The estimates of all groups of strata.
#[derive(Debug, Clone, PartialEq)]
pub struct Stratified {
    /// The groups' estimates, in the order of the plan.
    pub groups: Vec<Saturated>,
    /// What one more record of each history in each stratum adds to the total: the gradient by
    /// observed numbers.
    pub gradients: Vec<[f64; 7]>,
    /// What one more record of each history in each stratum adds to the distinct children counted.
    pub distinct: Vec<[f64; 7]>,
    /// The weight of a record in each stratum: population over records of its group.
    pub weights: Vec<f64>,
    /// What must be told.
    pub cautions: Vec<Caution>,
}

impl Stratified {
    /// With the point estimates of linkage error.
    ///
    /// # Errors
    /// KL-E-211 if a stratum names a clerical sample that is not there.
    pub fn estimate(
        strata: &[StratumTable],
        plan: &Plan,
        linkages: &[ListLinkage],
    ) -> Result<Self, MethodError> {
        let transitions: Vec<&Transition> = linkages.iter().map(ListLinkage::point).collect();
        Self::with(strata, plan, &transitions)
    }

    /// With any transition matrices, one for each clerical sample: of a draw, or the identity.
    ///
    /// # Errors
    /// KL-E-211 if a stratum names a clerical sample that is not there.
    pub fn with(
        strata: &[StratumTable],
        plan: &Plan,
        transitions: &[&Transition],
    ) -> Result<Self, MethodError> {
        let missing = MethodError::Lengths {
            what: "clerical samples of the strata",
        };
        let mut out = Stratified {
            groups: Vec::with_capacity(plan.groups.len()),
            gradients: vec![[0.0; 7]; strata.len()],
            distinct: vec![[0.0; 7]; strata.len()],
            weights: vec![1.0; strata.len()],
            cautions: Vec::new(),
        };
        for group in &plan.groups {
            let mut sum = [0.0; 7];
            let mut records = 0.0;
            for (stratum, t) in members(strata, group, transitions) {
                let t = t.ok_or(missing.clone())?;
                let (corrected, told) = t.correct(&stratum.observed, &stratum.name());
                out.cautions.extend(told);
                records += stratum.observed.records();
                for (slot, n) in sum.iter_mut().zip(corrected.numbers()) {
                    *slot += n;
                }
            }
            let sum = Corrected(sum);
            let found = Saturated::estimate(&sum, Form::SmallSample)?;
            out.tell_overlap(&sum, strata, group);
            for (at, (_, t)) in group.iter().zip(members(strata, group, transitions)) {
                if let Some(t) = t {
                    out.gradients[*at] = t.pull_back(&found.gradient);
                    out.distinct[*at] = t.pull_back(&[1.0; 7]);
                }
                if records > 0.0 {
                    out.weights[*at] = found.population() / records;
                }
            }
            out.groups.push(found);
        }
        Ok(out)
    }

    fn tell_overlap(&mut self, numbers: &Corrected, strata: &[StratumTable], group: &[usize]) {
        let empty = [2, 4, 5, 6].iter().any(|i| numbers.numbers()[*i] <= 0.0);
        if empty && numbers.counted() > 0.0 {
            self.cautions.push(Caution::NoOverlap {
                stratum: label(strata, group),
            });
        }
    }

    /// Distinct children in the lists.
    pub fn counted(&self) -> f64 {
        self.groups.iter().map(|g| g.counted).sum()
    }

    /// Children in none.
    pub fn unseen(&self) -> f64 {
        self.groups.iter().map(|g| g.unseen).sum()
    }

    /// All.
    pub fn population(&self) -> f64 {
        self.counted() + self.unseen()
    }
}

fn members<'a>(
    strata: &'a [StratumTable],
    group: &'a [usize],
    transitions: &'a [&'a Transition],
) -> impl Iterator<Item = (&'a StratumTable, Option<&'a Transition>)> {
    group
        .iter()
        .filter_map(|i| strata.get(*i))
        .map(|s| (s, transitions.get(s.linkage).copied()))
}

/// V_T: the variance of the total that comes from what linkage error is known from. Every clerical
/// sample is drawn anew in each of `replicates`, and strata that share one share its draw. Also the
/// number of draws that could not be inverted.
///
/// # Errors
/// KL-E-210 for fewer than 100 replicates, or if more than one in twenty could not be computed.
pub fn linkage_variance(
    strata: &[StratumTable],
    plan: &Plan,
    linkages: &[ListLinkage],
    replicates: u32,
    seed: u64,
) -> Result<(f64, u64), MethodError> {
    let too_few = |found: usize| MethodError::TooFew {
        what: "draws of linkage error",
        found,
        needed: 100,
    };
    if replicates < 100 {
        return Err(too_few(usize::try_from(replicates).unwrap_or(0)));
    }
    let mut totals = Vec::new();
    let mut lost = 0;
    for replicate in 0..u64::from(replicates) {
        let drawn: Result<Vec<Transition>, MethodError> = linkages
            .iter()
            .zip(0..)
            .map(|(l, stratum)| l.draw(&mut Draws::new(seed, stratum, replicate)))
            .collect();
        let total = drawn.and_then(|all| {
            let all: Vec<&Transition> = all.iter().collect();
            Stratified::with(strata, plan, &all)
        });
        match total {
            Ok(total) => totals.push(total.population()),
            Err(_) => lost += 1,
        }
    }
    if lost * 20 > u64::from(replicates) {
        return Err(too_few(totals.len()));
    }
    Ok((mean_and_variance(&totals).1, lost))
}

#[cfg(test)]
mod tests {
    use super::super::super::linkage_error::Rate;
    use super::*;

    fn stratum(key: &[&str], each: f64) -> StratumTable {
        StratumTable {
            key: key.iter().map(|k| (*k).to_owned()).collect(),
            observed: Observed::new([each; 7]).expect("numbers"),
            linkage: 0,
        }
    }

    fn perfect() -> Vec<ListLinkage> {
        let (one, nought) = (
            Rate::certain(1.0).expect("r"),
            Rate::certain(0.0).expect("r"),
        );
        vec![ListLinkage::new([one; 3], [nought; 3]).expect("a linkage")]
    }

    #[test]
    fn small_strata_go_to_their_nearest_neighbour() {
        // With seven equal cells of n each: f0 = n⁴ / (n + 1)³, so about 8 n children.
        let strata = [
            stratum(&["father", "0-4", "north"], 300.0),
            stratum(&["father", "0-4", "south"], 10.0),
            stratum(&["father", "5-9", "north"], 60.0),
            stratum(&["mother", "0-4", "south"], 20.0),
        ];
        let plan = Plan::new(&strata, &perfect()).expect("a plan");
        assert_eq!(plan.groups(), [vec![0, 1], vec![2, 3]]);
        assert_eq!(plan.cautions.len(), 3, "{:?}", plan.cautions);
        let found = Stratified::estimate(&strata, &plan, &perfect()).expect("an estimate");
        assert_eq!(found.weights[0], found.weights[1]);
        let by_weight: f64 = strata
            .iter()
            .zip(&found.weights)
            .map(|(s, w)| w * s.observed.records())
            .sum();
        assert!((by_weight - found.population()).abs() < 1e-9);
    }

    #[test]
    fn too_small_altogether_is_told() {
        let plan = Plan::new(&[stratum(&["a"], 5.0)], &perfect()).expect("a plan");
        assert!(matches!(
            &plan.cautions[..],
            [Caution::TooSmallAltogether { .. }]
        ));
        assert!(Plan::new(&[], &perfect()).is_err());
        let mut stray = stratum(&["a"], 500.0);
        stray.linkage = 3;
        assert!(Plan::new(&[stray], &perfect()).is_err());
        let empty = [stratum(&["a"], 0.0)];
        let plan = Plan::new(&empty, &perfect()).expect("a plan");
        assert_eq!(
            Stratified::estimate(&empty, &plan, &perfect())
                .expect("e")
                .population(),
            0.0
        );
    }

    #[test]
    fn certain_linkage_has_no_variance() {
        let strata = [stratum(&["a"], 400.0)];
        let plan = Plan::new(&strata, &perfect()).expect("a plan");
        let (v, lost) = linkage_variance(&strata, &plan, &perfect(), 100, 1).expect("a variance");
        assert!(v < 1e-18 && lost == 0, "{v}");
        assert!(linkage_variance(&strata, &plan, &perfect(), 10, 1).is_err());
    }
}
