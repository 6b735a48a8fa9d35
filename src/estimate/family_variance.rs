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
//! Of a part of the children: [`super::part_variance`].

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

pub(super) const NO_STRATUM: MethodError = MethodError::Lengths {
    what: "strata of the families' records",
};

/// The group of each stratum.
pub(super) fn groups_of_strata(plan: &Plan) -> Vec<Option<usize>> {
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
pub(super) fn coverage_of_families(
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
