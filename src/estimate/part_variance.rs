//! A part of a coverage estimate and its variance: children of a group, of an area, or their parents'
//! entries.
//!
//! A part of the children is estimated as Ĝ = Σ groups of strata N̂_h a_h, with a_h = Σ x_f / Σ n_f the
//! share of the group's n_f records that are in the part. To the first order a family adds
//!
//! ```text
//! i_f = a_h (C_f · g) + w_h (x_f − a_h n_f),   w_h = N̂_h / Σ n_f
//! ```
//!
//! and e_f = i_f − s_f x_f / n_f is its share of the error, in the terms of
//! [`super::family_variance`]; of the whole, x_f = n_f, it is what stands there. Of Ĝ the sum of
//! s_f x_f / n_f was counted, and the rest is unseen.
//!
//! Where the groups of strata are the part's own, it is brought to what another stratification makes
//! of a total T of which it is a part: Ĝ T̂ / T̂_D, and a family adds
//! b i_f + (Ĝ / T̂_D) (i_f(T) − b i_f(T_D)) with b = T̂ / T̂_D.

use super::coverage::{Plan, Stratified, Transition};
use super::family_variance::{
    Families, FamilyVariance, Influence, NO_STRATUM, coverage_of_families, groups_of_strata,
    influence,
};
use super::method_error::MethodError;

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

/// An estimated part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EstimatedPart {
    /// The estimate.
    pub value: f64,
    /// What of it was counted; the rest is unseen.
    pub counted: f64,
    /// Its variance.
    pub variance: FamilyVariance,
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

    /// A part: `there` is how much of each family's records is in it, in the order of the families, the
    /// family's weight in it.
    ///
    /// # Errors
    /// KL-E-211 if there are not as many as families.
    pub fn part(&self, there: &[f64]) -> Result<EstimatedPart, MethodError> {
        self.brought(there, &self.records(), self)
    }

    /// A part of `total`, brought to what another estimate of the same families makes of that:
    /// Ĝ T̂ / T̂_D, D being this one.
    ///
    /// # Errors
    /// KL-E-211 if there are not as many as families.
    pub fn brought(
        &self,
        there: &[f64],
        total: &[f64],
        to: &Self,
    ) -> Result<EstimatedPart, MethodError> {
        let part = Part::new(self, there)?;
        let (own, aim) = (Part::new(self, total)?, Part::new(to, total)?);
        let of_own = own.value().max(f64::MIN_POSITIVE);
        let (bring, share) = (aim.value() / of_own, part.value() / of_own);
        let on_parts = part.influences().zip(own.influences());
        let on_all = on_parts.zip(aim.influences());
        let (mut counted, mut squares, mut sizes) = (0.0, 0.0, 0.0);
        for ((family, x), ((on_part, on_own), on_aim)) in
            self.families.iter().zip(there).zip(on_all)
        {
            let here = match family.records > 0.0 {
                true => family.influence.distinct * x / family.records,
                false => 0.0,
            };
            counted += here;
            squares += (bring * on_part + share * (on_aim - bring * on_own) - here).powi(2);
            if family.weight > 0.0 {
                sizes += here * here / family.weight;
            }
        }
        Ok(EstimatedPart {
            value: bring * part.value(),
            counted,
            variance: FamilyVariance {
                observed: squares,
                unobserved: (1.0 - self.coverage) / self.coverage * sizes,
                coverage_of_families: self.coverage,
            },
        })
    }

    /// Records of each family, in order: `there` of the whole.
    pub fn records(&self) -> Vec<f64> {
        self.families.iter().map(|f| f.records).collect()
    }
}

/// A part before it is brought to anything.
struct Part<'a> {
    of: &'a Linearised,
    there: &'a [f64],
    /// a_h.
    shares: Vec<f64>,
}

impl<'a> Part<'a> {
    fn new(of: &'a Linearised, there: &'a [f64]) -> Result<Self, MethodError> {
        if there.len() != of.families.len() {
            return Err(MethodError::Lengths {
                what: "families of a part",
            });
        }
        let mut shares = vec![0.0; of.groups.len()];
        for (family, x) in of.families.iter().zip(there) {
            let share = shares.get_mut(family.group).ok_or(NO_STRATUM)?;
            *share += x;
        }
        for (share, [_, records]) in shares.iter_mut().zip(&of.groups) {
            *share /= records.max(f64::MIN_POSITIVE);
        }
        Ok(Part { of, there, shares })
    }

    /// Ĝ.
    fn value(&self) -> f64 {
        let groups = self.of.groups.iter().zip(&self.shares);
        groups.map(|([w, n], a)| w * n * a).sum()
    }

    /// i_f of each family.
    fn influences(&self) -> impl Iterator<Item = f64> {
        let families = self.of.families.iter().zip(self.there);
        families.map(|(family, x)| {
            let share = self.shares.get(family.group).copied().unwrap_or(0.0);
            let weight = self.of.groups.get(family.group).map_or(1.0, |[w, _]| *w);
            share * family.influence.on_estimate + weight * (x - share * family.records)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::coverage::{History, ListLinkage, StratumTable};
    use super::super::draw::Draws;
    use super::super::family_variance::Record;
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
        assert!((part.variance.total() / whole.total() - 1.0).abs() < 1e-9);
        assert!((part.value / estimate.population() - 1.0).abs() < 1e-9);
        assert!((part.counted / estimate.counted() - 1.0).abs() < 1e-9);
        let nobody = vec![0.0; families.len()];
        let nobody = linearised.part(&nobody).expect("a variance");
        let parts = [nobody.value, nobody.counted, nobody.variance.total()];
        assert_eq!(parts, [0.0; 3]);
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
            let found = linearised.part(&boys).expect("a part");
            errors.push(found.value - truth);
            variances.push(found.variance.total());
        }
        let ratio = mean_and_variance(&variances).0 / mean_and_variance(&errors).1;
        // A variance of 400 errors is itself within some 15 %.
        assert!((0.85..1.2).contains(&ratio), "{ratio}");
    }
}
