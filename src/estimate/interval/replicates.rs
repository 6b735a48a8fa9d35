//! One engine that draws everything anew: families, linkage error, imputation, calibration, noise.
//!
//! It is an alternative to the sum of variances of [`super::components`] and a check of it. In each
//! replicate every family (or prisoner, where weights are calibrated) gets a weight from the Bayesian
//! bootstrap, exponential with mean 1; weights are calibrated again; transition matrices are drawn;
//! one of the imputed data sets is taken in turn; and the protection's noise is drawn.
//!
//! A plain bootstrap of families is about a superpopulation and too wide. Here the children that the
//! new weights add to the population itself are taken away again, and what no list holds is drawn
//! with the variance (1 − π)/π Σ s²:
//!
//! ```text
//! N*_b = N̂(ω_b, T_b, set_b, raked_b) − Σ (ω_b − 1) s + U_b + noise_b
//! ```
//!
//! so that the variance of N*_b is that about the number that is there. With calibrated weights s is
//! its residual on the covariates, since their totals are known, and U has Σ (w − 1) e² besides.
//! Replicates are functions of (seed, replicate), computed by all threads and reduced in order.

use rayon::prelude::*;

use super::super::calibration::{Design, rake_within_bounds, residuals};
use super::super::caution::Caution;
use super::super::coverage::{ListLinkage, Plan, Stratified, StratumTable, Transition};
use super::super::draw::Draws;
use super::super::family_variance::{Families, FamilyVariance, influence};
use super::super::method_error::MethodError;
use super::super::number::{Level, mean_and_variance, size};
use super::limits::{Interval, log_normal};
use super::noise::Noise;

/// Fewer replicates than this give no variance.
const LEAST: u32 = 200;
// Streams of draws: one for weights, one for what is added, and from here one for each sample.
const WEIGHTS: u64 = 0;
const ADDED: u64 = 1;
const SAMPLES: u64 = 1000;

/// Calibration that is done anew in every replicate.
#[derive(Debug, Clone, Copy)]
pub struct Recalibration<'a> {
    /// Covariates and totals of all prisoners, those without families too.
    pub design: &'a Design,
    /// Weights before.
    pub base: &'a [f64],
    /// The prisoner of each family.
    pub prisoner: &'a [usize],
}

/// Everything that goes into the national figure.
#[derive(Debug, Clone, Copy)]
pub struct Engine<'a> {
    /// The families, in as many imputed data sets as there are; one where nothing is imputed. All
    /// have the same families in the same order. Where weights are calibrated, records carry 1.
    pub sets: &'a [Families],
    /// The strata; their numbers are taken from the families.
    pub strata: &'a [StratumTable],
    /// How small strata are joined.
    pub plan: &'a Plan,
    /// Linkage error by clerical sample.
    pub linkages: &'a [ListLinkage],
    /// Linkage error of families as such.
    pub family_linkage: &'a Transition,
    /// Calibration, if there is any.
    pub calibration: Option<Recalibration<'a>>,
    /// The protection of the published figure.
    pub noise: Noise,
}

/// What the replicates say.
#[derive(Debug, Clone, PartialEq)]
pub struct Replicated {
    /// Distinct children counted.
    pub counted: f64,
    /// Children unseen.
    pub unseen: f64,
    /// The variance over replicates.
    pub variance: f64,
    /// The interval on the logarithm of the unseen.
    pub interval: Interval,
    /// The replicates in order.
    pub values: Vec<f64>,
    /// What must be told.
    pub cautions: Vec<Caution>,
}

/// What does not change from replicate to replicate, for one data set.
struct Prepared {
    /// Of each unit, the children whose number is known once weights are drawn.
    centre: Vec<f64>,
    /// The variance of those in no list.
    unobserved: f64,
    counted: f64,
    unseen: f64,
}

impl Engine<'_> {
    /// Runs.
    ///
    /// # Errors
    /// KL-E-210 for fewer than 200 replicates, no data set, or if more than one replicate in twenty
    /// could not be computed; KL-E-211 if data sets differ in families; any error of the estimate
    /// itself.
    pub fn run(&self, replicates: u32, seed: u64, level: Level) -> Result<Replicated, MethodError> {
        if replicates < LEAST {
            return Err(MethodError::TooFew {
                what: "replicates",
                found: usize::try_from(replicates).unwrap_or(0),
                needed: 200,
            });
        }
        self.check()?;
        let noise = self.noise.variance()?;
        let prepared: Vec<Prepared> = self
            .sets
            .iter()
            .map(|families| self.prepare(families))
            .collect::<Result<_, _>>()?;
        let all: Vec<Option<f64>> = (0..replicates)
            .into_par_iter()
            .map(|replicate| self.replicate(seed, replicate, &prepared, noise).ok())
            .collect();
        let values: Vec<f64> = all
            .iter()
            .flatten()
            .copied()
            .filter(|v| v.is_finite())
            .collect();
        let lost = all.len() - values.len();
        if lost * 20 > all.len() {
            return Err(MethodError::TooFew {
                what: "replicates that could be computed",
                found: values.len(),
                needed: all.len() - all.len() / 20,
            });
        }
        let cautions = match lost {
            0 => Vec::new(),
            _ => vec![Caution::ReplicatesLost {
                lost: u64::try_from(lost).unwrap_or(u64::MAX),
                of: u64::from(replicates),
            }],
        };
        let mean =
            |f: fn(&Prepared) -> f64| prepared.iter().map(f).sum::<f64>() / size(prepared.len());
        let (counted, unseen) = (mean(|p| p.counted), mean(|p| p.unseen));
        let variance = mean_and_variance(&values).1;
        Ok(Replicated {
            counted,
            unseen,
            variance,
            interval: log_normal(counted, unseen, variance, level)?,
            values,
            cautions,
        })
    }

    fn check(&self) -> Result<(), MethodError> {
        let Some(first) = self.sets.first() else {
            return Err(MethodError::TooFew {
                what: "data sets",
                found: 0,
                needed: 1,
            });
        };
        let units = self.calibration.map_or(first.len(), |c| c.base.len());
        let same = self.sets.iter().all(|s| s.len() == first.len());
        let fits = self.calibration.is_none_or(|c| {
            c.prisoner.len() == first.len()
                && c.design.records() == units
                && c.prisoner.iter().all(|p| *p < units)
        });
        match same && fits {
            true => Ok(()),
            false => Err(MethodError::Lengths {
                what: "families of the data sets",
            }),
        }
    }

    /// Numbers by history with a factor for each unit.
    fn strata_of(&self, families: &Families, factors: &[f64]) -> Vec<StratumTable> {
        let factor = |family: usize| {
            let unit = self
                .calibration
                .and_then(|c| c.prisoner.get(family).copied());
            factors.get(unit.unwrap_or(family)).copied().unwrap_or(0.0)
        };
        let observed = families.observed(self.strata.len(), (0..families.len()).map(factor));
        let mut strata = self.strata.to_vec();
        for (stratum, numbers) in strata.iter_mut().zip(observed) {
            stratum.observed = numbers;
        }
        strata
    }

    fn weights(&self, omega: &[f64]) -> Result<Vec<f64>, MethodError> {
        match self.calibration {
            None => Ok(omega.to_vec()),
            Some(c) => {
                let base: Vec<f64> = c.base.iter().zip(omega).map(|(b, o)| b * o).collect();
                Ok(rake_within_bounds(&base, c.design)?.weights)
            }
        }
    }

    fn prepare(&self, families: &Families) -> Result<Prepared, MethodError> {
        let units = self.calibration.map_or(families.len(), |c| c.base.len());
        let weights = self.weights(&vec![1.0; units])?;
        let strata = self.strata_of(families, &weights);
        let estimate = Stratified::estimate(&strata, self.plan, self.linkages)?;
        let variance = FamilyVariance::of(families, &estimate, self.plan, self.family_linkage)?;
        let mut children = vec![0.0; units];
        let mut squares = 0.0;
        for (family, (records, declared)) in families.iter().enumerate() {
            let s = match declared {
                Some(n) => n,
                None => influence(records, &estimate)?.distinct,
            };
            let unit = self
                .calibration
                .and_then(|c| c.prisoner.get(family).copied());
            let unit = unit.unwrap_or(family);
            if let (Some(slot), Some(w)) = (children.get_mut(unit), weights.get(unit)) {
                *slot += s;
                squares += w * s * s;
            }
        }
        let share = variance.coverage_of_families;
        let mut unobserved = (1.0 - share) / share * squares;
        let centre = match self.calibration {
            None => children,
            Some(c) => {
                let e = residuals(c.base, &children, c.design)?;
                let missing = weights
                    .iter()
                    .zip(&e)
                    .map(|(w, e)| (w - 1.0).max(0.0) * e * e);
                unobserved += missing.sum::<f64>();
                e
            }
        };
        Ok(Prepared {
            centre,
            unobserved,
            counted: estimate.counted(),
            unseen: estimate.unseen(),
        })
    }

    fn replicate(
        &self,
        seed: u64,
        replicate: u32,
        prepared: &[Prepared],
        noise: f64,
    ) -> Result<f64, MethodError> {
        let number = u64::from(replicate);
        let set = usize::try_from(replicate).unwrap_or(0) % self.sets.len();
        let (Some(families), Some(known)) = (self.sets.get(set), prepared.get(set)) else {
            return Err(MethodError::Lengths { what: "data sets" });
        };
        let mut draws = Draws::new(seed, WEIGHTS, number);
        let omega: Vec<f64> = known.centre.iter().map(|_| draws.exponential()).collect();
        let strata = self.strata_of(families, &self.weights(&omega)?);
        let drawn: Vec<Transition> = self
            .linkages
            .iter()
            .zip(SAMPLES..)
            .map(|(linkage, stream)| linkage.draw(&mut Draws::new(seed, stream, number)))
            .collect::<Result<_, _>>()?;
        let transitions: Vec<&Transition> = drawn.iter().collect();
        let estimate = Stratified::with(&strata, self.plan, &transitions)?;
        let added = omega.iter().zip(&known.centre).map(|(o, s)| (o - 1.0) * s);
        let added: f64 = added.sum();
        let mut other = Draws::new(seed, ADDED, number);
        let outside = known.unobserved.max(0.0).sqrt() * other.normal();
        Ok(estimate.population() - added + outside + noise.sqrt() * other.normal())
    }
}
