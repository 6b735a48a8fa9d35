//! The variance of a coverage estimate when siblings are caught together.
//!
//! A family whose parent was screened has all its children in the list, so families and not children
//! are independent. With C_f the family's records by stratum and history, g the gradient of the
//! estimate by those numbers, and s_f the family's children, N̂ − N = Σ over families e_f to the first
//! order, with e_f = C_f · g − s_f of a family that some list holds and −s_f of one that none holds:
//!
//! ```text
//! V_fam = Σ_observed e_f² + (1 − π)/π Σ_observed s_f²
//! ```
//!
//! where π is the share of families that some list holds, by the same estimator on the families'
//! own histories. Taking s_f away makes it the variance about the number that is there; without it
//! (an uncentred sandwich, or a plain bootstrap of families) it is that about a superpopulation, and
//! intervals are too wide.
//!
//! A part of the children is estimated as Ĝ = Σ groups of strata N̂_h a_h, with a_h = Σ x_f / Σ n_f the
//! share of the group's n_f records that are in the part. To the first order
//!
//! ```text
//! e_f = a_h (C_f · g) + w_h (x_f − a_h n_f) − s_f x_f / n_f,   w_h = N̂_h / Σ n_f
//! ```
//!
//! ([`Linearised`]), which of the whole, x_f = n_f, is what stands above. Where the groups of strata
//! are the part's own and Ĝ is brought to the total N̂ of other strata, Ĝ N̂ / N̂_D, a family adds
//! b e_f + (Ĝ / N̂_D) (C_f · g − b C_f · g_D) with b = N̂ / N̂_D.

use super::coverage::{Form, History, Observed, Plan, Saturated, Stratified, Transition};
use super::method_error::{MethodError, within};

/// A record of a child in the lists: stratum, history, weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Record {
    /// The number of its stratum.
    pub stratum: usize,
    /// The lists that hold it.
    pub history: History,
    /// Its weight; 1 without calibration.
    pub weight: f64,
}

/// The records of families, one family after the other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Families {
    records: Vec<Record>,
    ends: Vec<usize>,
    children: Vec<Option<f64>>,
}

impl Families {
    /// None yet.
    pub fn new() -> Self {
        Families::default()
    }

    /// Adds a family that some list holds. `children` is the number that the parent declared; where
    /// nothing was declared, it is taken from the family's records, corrected for linkage error.
    ///
    /// # Errors
    /// KL-E-210 if it has no record; KL-E-201 if a number is below nought.
    pub fn push(&mut self, records: &[Record], children: Option<f64>) -> Result<(), MethodError> {
        if records.is_empty() {
            return Err(MethodError::TooFew {
                what: "records of a family",
                found: 0,
                needed: 1,
            });
        }
        for record in records {
            within(record.weight, [0.0, f64::MAX], "a weight")?;
        }
        if let Some(n) = children {
            within(n, [0.0, f64::MAX], "a number of children")?;
        }
        self.records.extend_from_slice(records);
        self.ends.push(self.records.len());
        self.children.push(children);
        Ok(())
    }

    /// The number of families.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The families in order: their records, and children declared.
    pub fn iter(&self) -> impl Iterator<Item = (&[Record], Option<f64>)> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .zip(&self.children)
            .map(|((from, to), n)| (self.records.get(from..*to).unwrap_or(&[]), *n))
    }

    /// Numbers by history of every stratum, each family with a factor of its own.
    pub fn observed(&self, strata: usize, factors: impl Iterator<Item = f64>) -> Vec<Observed> {
        let mut out = vec![Observed::default(); strata];
        for ((records, _), factor) in self.iter().zip(factors) {
            for record in records {
                if let Some(cells) = out.get_mut(record.stratum) {
                    cells.add(record.history, factor * record.weight);
                }
            }
        }
        out
    }
}

/// V_fam and its parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FamilyVariance {
    /// Σ e_f².
    pub observed: f64,
    /// (1 − π)/π Σ s_f².
    pub unobserved: f64,
    /// π.
    pub coverage_of_families: f64,
}

impl FamilyVariance {
    /// V_fam.
    pub fn total(&self) -> f64 {
        self.observed + self.unobserved
    }

    /// Of an estimate of those families. `family_linkage` is the linkage error of families as such:
    /// the identity where a family is known by its parent in every list.
    ///
    /// # Errors
    /// KL-E-210 if there is no family; KL-E-211 if a record names a stratum that is not there.
    pub fn of(
        families: &Families,
        estimate: &Stratified,
        plan: &Plan,
        family_linkage: &Transition,
    ) -> Result<Self, MethodError> {
        if families.is_empty() {
            return Err(MethodError::TooFew {
                what: "families",
                found: 0,
                needed: 1,
            });
        }
        let (mut squares, mut sizes) = (0.0, 0.0);
        for (records, declared) in families.iter() {
            let share = influence(records, estimate)?;
            // A family of weight w stands for w families like it.
            let weight = records.first().map_or(1.0, |r| r.weight);
            let children = declared.map_or(share.distinct, |n| weight * n);
            squares += (share.on_estimate - children).powi(2);
            if weight > 0.0 {
                sizes += children * children / weight;
            }
        }
        let coverage = coverage_of_families(families, plan, family_linkage)?;
        Ok(FamilyVariance {
            observed: squares,
            unobserved: (1.0 - coverage) / coverage * sizes,
            coverage_of_families: coverage,
        })
    }
}

/// What the variance of any part of an estimate needs of each family.
#[derive(Debug, Clone, PartialEq)]
pub struct Linearised {
    families: Vec<OfFamily>,
    /// Weight of a record and number of records, of each group of strata.
    groups: Vec<[f64; 2]>,
    /// π.
    coverage: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct OfFamily {
    group: usize,
    weight: f64,
    records: f64,
    influence: Influence,
}

impl Linearised {
    /// Of an estimate of those families.
    ///
    /// # Errors
    /// As [`FamilyVariance::of`].
    pub fn of(
        families: &Families,
        estimate: &Stratified,
        plan: &Plan,
        family_linkage: &Transition,
    ) -> Result<Self, MethodError> {
        let lookup = groups_of_strata(plan);
        let mut groups = vec![[1.0, 0.0]; plan.groups().len()];
        let mut all = Vec::with_capacity(families.len());
        for (records, _) in families.iter() {
            let stratum = records.first().map_or(0, |r| r.stratum);
            let group = lookup.get(stratum).copied().flatten();
            let sums = group.and_then(|g| groups.get_mut(g));
            let (Some(group), Some([weight, sum])) = (group, sums) else {
                return Err(NO_STRATUM);
            };
            *weight = estimate.weights.get(stratum).copied().unwrap_or(1.0);
            let of_family: f64 = records.iter().map(|r| r.weight).sum();
            *sum += of_family;
            all.push(OfFamily {
                group,
                weight: records.first().map_or(1.0, |r| r.weight),
                records: of_family,
                influence: influence(records, estimate)?,
            });
        }
        Ok(Linearised {
            families: all,
            groups,
            coverage: coverage_of_families(families, plan, family_linkage)?,
        })
    }

    /// The variance of a part: `there` is how much of each family's records is in it, in the order of
    /// the families, the family's weight in it.
    ///
    /// # Errors
    /// KL-E-211 if there are not as many as families.
    pub fn part(&self, there: &[f64]) -> Result<FamilyVariance, MethodError> {
        self.benchmarked(there, self)
    }

    /// The variance of a part that is brought to the total of another estimate of the same families:
    /// Ĝ N̂ / N̂_D, D being this one.
    ///
    /// # Errors
    /// KL-E-211 if there are not as many as families.
    pub fn benchmarked(&self, there: &[f64], to: &Self) -> Result<FamilyVariance, MethodError> {
        if there.len() != self.families.len() || to.families.len() != there.len() {
            return Err(MethodError::Lengths {
                what: "families of a part",
            });
        }
        let mut shares = vec![0.0; self.groups.len()];
        for (family, x) in self.families.iter().zip(there) {
            if let Some(share) = shares.get_mut(family.group) {
                *share += x;
            }
        }
        for (share, [_, records]) in shares.iter_mut().zip(&self.groups) {
            *share /= records.max(f64::MIN_POSITIVE);
        }
        let total = |of: &Self| of.groups.iter().map(|[w, n]| w * n).sum::<f64>();
        let brought = total(to) / total(self).max(f64::MIN_POSITIVE);
        let parts = self.groups.iter().zip(&shares);
        let part = parts.map(|([w, n], a)| w * n * a).sum::<f64>() / total(self);
        let (mut squares, mut sizes) = (0.0, 0.0);
        for ((family, of_to), x) in self.families.iter().zip(&to.families).zip(there) {
            let group = self.groups.get(family.group).zip(shares.get(family.group));
            let ([weight, _], share) = group.ok_or(NO_STRATUM)?;
            let own = match family.records > 0.0 {
                true => family.influence.distinct * x / family.records,
                false => 0.0,
            };
            let of_share = weight * (x - share * family.records);
            let on_part = share * family.influence.on_estimate + of_share;
            let on_total = of_to.influence.on_estimate - brought * family.influence.on_estimate;
            squares += (brought * on_part + part * on_total - own).powi(2);
            if family.weight > 0.0 {
                sizes += own * own / family.weight;
            }
        }
        Ok(FamilyVariance {
            observed: squares,
            unobserved: (1.0 - self.coverage) / self.coverage * sizes,
            coverage_of_families: self.coverage,
        })
    }

    /// Records of each family, in order: `there` of the whole.
    pub fn records(&self) -> Vec<f64> {
        self.families.iter().map(|f| f.records).collect()
    }
}

const NO_STRATUM: MethodError = MethodError::Lengths {
    what: "strata of the families' records",
};

/// The group of each stratum.
fn groups_of_strata(plan: &Plan) -> Vec<Option<usize>> {
    let strata = plan.groups().iter().flatten().max().map_or(0, |m| m + 1);
    let group_of = |stratum: usize| plan.groups().iter().position(|g| g.contains(&stratum));
    (0..strata).map(group_of).collect()
}

/// What a family adds to the estimate, and its distinct children by its records.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Influence {
    /// C_f · g.
    pub on_estimate: f64,
    /// C_f · T⁻ᵀ 1.
    pub distinct: f64,
}

/// The influence of a family's records.
///
/// # Errors
/// KL-E-211 if a record names a stratum that is not there.
pub fn influence(records: &[Record], estimate: &Stratified) -> Result<Influence, MethodError> {
    let mut out = Influence {
        on_estimate: 0.0,
        distinct: 0.0,
    };
    for record in records {
        let at = record.history.index();
        let of = |all: &[[f64; 7]]| all.get(record.stratum).and_then(|g| g.get(at)).copied();
        let (Some(g), Some(d)) = (of(&estimate.gradients), of(&estimate.distinct)) else {
            return Err(NO_STRATUM);
        };
        out.on_estimate += record.weight * g;
        out.distinct += record.weight * d;
    }
    Ok(out)
}

/// π: families are counted in the group of their first record, with the lists that hold any child.
fn coverage_of_families(
    families: &Families,
    plan: &Plan,
    linkage: &Transition,
) -> Result<f64, MethodError> {
    let mut groups = vec![Observed::default(); plan.groups().len()];
    let lookup = groups_of_strata(plan);
    for (records, _) in families.iter() {
        let Some(first) = records.first() else {
            continue;
        };
        let lists = records.iter().fold(first.history, |h, r| h.and(r.history));
        let group = lookup.get(first.stratum).copied().flatten();
        let Some(cells) = group.and_then(|g| groups.get_mut(g)) else {
            return Err(NO_STRATUM);
        };
        cells.add(lists, 1.0);
    }
    let (mut counted, mut population) = (0.0, 0.0);
    for cells in &groups {
        let (corrected, _) = linkage.correct(cells, "families");
        let found = Saturated::estimate(&corrected, Form::SmallSample)?;
        counted += found.counted;
        population += found.population();
    }
    match population > 0.0 && counted > 0.0 {
        true => Ok(counted / population),
        false => Err(MethodError::NoOverlap),
    }
}

#[cfg(test)]
mod tests {
    use super::super::coverage::{ListLinkage, StratumTable};
    use super::super::draw::Draws;
    use super::super::linkage_error::Rate;
    use super::super::number::mean_and_variance;
    use super::*;

    /// Families of one to three children in two strata, each with chances of its own to be in a list;
    /// of those who are held, the records and how many children are boys. Also the boys there are.
    fn world(seed: u64, parents: usize) -> (Families, Vec<f64>, f64) {
        let mut draws = Draws::new(seed, 0, 0);
        let mut families = Families::new();
        let (mut boys, mut all_boys) = (Vec::new(), 0.0);
        for at in 0..parents {
            let stratum = usize::from(at % 3 == 0);
            let shift = if stratum == 0 { 0.0 } else { 0.15 };
            let held = [0.5, 0.4, 0.35].map(|p| draws.chance(p - shift));
            let children = 1 + draws.below(3);
            let chance = if stratum == 0 { 0.3 } else { 0.8 };
            let of_boys = (0..children).filter(|_| draws.chance(chance)).count();
            let of_boys = super::super::number::size(of_boys);
            all_boys += of_boys;
            if let Some(history) = History::of(held) {
                let record = Record {
                    stratum,
                    history,
                    weight: 1.0,
                };
                families
                    .push(&vec![record; children], None)
                    .expect("a family");
                boys.push(of_boys);
            }
        }
        (families, boys, all_boys)
    }

    fn estimated(families: &Families, t: &Transition) -> (Stratified, Plan) {
        let one = families.len();
        let tables: Vec<StratumTable> = families
            .observed(2, std::iter::repeat_n(1.0, one))
            .into_iter()
            .zip(["a", "b"])
            .map(|(observed, name)| StratumTable {
                key: vec![name.to_owned()],
                observed,
                linkage: 0,
            })
            .collect();
        let rate = |p| Rate::certain(p).expect("a rate");
        let linkage = ListLinkage::new([rate(1.0); 3], [rate(0.0); 3]).expect("rates");
        let plan = Plan::new(&tables, &[linkage]).expect("a plan");
        let estimate = Stratified::with(&tables, &plan, &[t]).expect("an estimate");
        (estimate, plan)
    }

    #[test]
    fn the_part_that_is_everything_has_the_variance_of_the_whole() {
        let (families, _, _) = world(1, 2_000);
        let t = Transition::identity();
        let (estimate, plan) = estimated(&families, &t);
        let whole = FamilyVariance::of(&families, &estimate, &plan, &t).expect("a variance");
        let linearised = Linearised::of(&families, &estimate, &plan, &t).expect("influences");
        let part = linearised.part(&linearised.records()).expect("a variance");
        assert!((part.total() / whole.total() - 1.0).abs() < 1e-9);
        let nobody = vec![0.0; families.len()];
        assert_eq!(linearised.part(&nobody).expect("a variance").total(), 0.0);
        assert!(linearised.part(&[1.0]).is_err());
    }

    #[test]
    fn the_variance_of_a_part_is_that_of_its_errors() {
        let t = Transition::identity();
        let (mut errors, mut variances) = (Vec::new(), Vec::new());
        for seed in 0..400 {
            let (families, boys, truth) = world(seed, 1_500);
            let (estimate, plan) = estimated(&families, &t);
            let linearised = Linearised::of(&families, &estimate, &plan, &t).expect("influences");
            let found: f64 = families
                .iter()
                .zip(&boys)
                .map(|((records, _), n)| estimate.weights[records[0].stratum] * n)
                .sum();
            errors.push(found - truth);
            variances.push(linearised.part(&boys).expect("a variance").total());
        }
        let ratio = mean_and_variance(&variances).0 / mean_and_variance(&errors).1;
        // A variance of 400 errors is itself within some 15 %.
        assert!((0.85..1.2).contains(&ratio), "{ratio}");
    }
}
