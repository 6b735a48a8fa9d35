//! The estimate of one population, with its interval.
//!
//! ```text
//! children = pairs − children of two prisoners
//! pairs    = Σ strata [ counted + unseen ]        saturated estimator of three lists
//! ```
//!
//! Each imputed set of numbers is estimated and the mean taken. The variance within a set, of the
//! families, of the audit of the statements and of the register, is the mean over the sets, and that
//! between the sets is the imputation's (Rubin, *Multiple Imputation for Nonresponse in Surveys*,
//! 1987, 3.1); the rounding of what is published has a variance of its own.

use super::super::caution::Caution;
use super::super::coverage::{Diagnostics, Observed, Plan, Stratified};
use super::super::draw::Draws;
use super::super::interval::{Components, Noise, Total};
use super::super::method_error::MethodError;
use super::super::number::{Level, mean_and_variance, real, size};
use super::super::part_variance::EstimatedPart;
use super::area::{self, Figure};
use super::division::Division;
use super::group::{self, ByDimension, GroupFigure};
use super::local;
use super::numbers::Numbers;
use super::of_two::Links;
use super::population::Population;
use super::register::Register;
use super::sets::{self, Set};
use super::statements::Statements;

/// How to estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How far statements are right.
    pub statements: Statements,
    /// Draws for the variance of the audit.
    pub replicates: u32,
    /// The seed.
    pub seed: u64,
    /// Published figures are rounded to this.
    pub rounding: u64,
    /// How well records of children are linked.
    pub links: Links,
}

/// The estimate of one population.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Children, of all areas and of each.
    pub children: Vec<Figure>,
    /// A child and an entry of a parent into prison, likewise.
    pub entries: Vec<Figure>,
    /// Children of each local authority, by the model of small areas.
    pub local_authorities: Vec<Figure>,
    /// Children by which parent, by age, by ethnic group and by what the parent is in prison for.
    pub groups: Vec<GroupFigure>,
    /// Entries, likewise.
    pub groups_of_entries: Vec<GroupFigure>,
    /// Pairs of a parent and a child, estimated.
    pub pairs: f64,
    /// Children of two prisoners, estimated.
    pub of_two: f64,
    /// Pairs by history as the lists have them, of the first imputed set.
    pub observed: Observed,
    /// The strata, by name.
    pub strata: Vec<String>,
    /// What the estimate would be under other assumptions: name, least, greatest.
    pub sensitivity: Vec<(String, f64, f64)>,
    /// Shares of families that some list holds.
    pub coverage_of_families: f64,
    /// What must be told.
    pub cautions: Vec<Caution>,
}

/// Estimates a population.
///
/// # Errors
/// KL-E-210 if there is no family; whatever makes the estimators fail otherwise.
pub fn estimate(
    population: &Population,
    numbers: &Numbers,
    register: &Register,
    settings: &Settings,
) -> Result<Estimate, MethodError> {
    if population.families.is_empty() {
        return Err(MethodError::TooFew {
            what: "families of prisoners",
            found: 0,
            needed: 1,
        });
    }
    let audit = &settings.statements;
    let settings = &Settings {
        statements: settings.statements.among(stated_by(population)),
        ..*settings
    };
    let t = settings.statements.transition()?;
    let (sets, plan) = sets::by_strata(population, numbers, &t)?;
    let Some(one) = sets.first() else {
        return Err(MethodError::TooFew {
            what: "imputed sets",
            found: 0,
            needed: 1,
        });
    };

    let populations: Vec<f64> = sets.iter().map(|s| s.estimate.population()).collect();
    let (pairs, between) = mean_and_variance(&populations);
    let counted = mean(sets.iter().map(|s| s.estimate.counted()));
    let within = Within::of(population, numbers, register, (&sets, &plan), settings)?;
    let of_sexes = mean_pairs_of_sexes(population, numbers, &sets);
    let of_two = population.of_two.estimate(of_sexes, settings.links);
    let left = (1.0 - of_two.children / pairs.max(1.0)).clamp(0.5, 1.0);
    let components = Components {
        families: within.families * left * left + of_two.variance,
        linkage_error: within.audit * left * left,
        imputation: (1.0 + 1.0 / size(sets.len())) * between * left * left,
        calibration: within.calibration * left * left,
        noise: Noise::Nearest {
            base: real(settings.rounding.max(1)),
        }
        .variance()?,
    };
    let whole = Total::new(
        counted * left,
        (pairs - counted).max(0.0) * left,
        components,
        Level::NINETY_FIVE,
    )?;
    let mut cautions = plan.cautions.clone();
    cautions.extend(one.estimate.cautions.iter().cloned());
    cautions.extend(numbers.cautions.iter().cloned());
    if settings.statements.certain() {
        cautions.push(Caution::StatementsNotAudited);
    }
    let corrected = t.correct(&sets::sum(&one.strata), "all strata").0;
    cautions.extend(Diagnostics::of(&corrected).cautions);
    let division = Division {
        population,
        numbers,
        sets: &sets,
        main: &sets,
        audit,
        whole: &whole,
        of_two,
        left,
    };
    let by_dimension = ByDimension::of(population, numbers, &t)?;
    let ratio = settings.statements.entries;
    let (local_authorities, told) = local::figures(&division);
    cautions.extend(told);
    Ok(Estimate {
        children: area::children(&division)?,
        entries: area::entries(&division, ratio)?,
        local_authorities,
        groups: group::children(&division, &by_dimension)?,
        groups_of_entries: group::entries(&division, &by_dimension, ratio)?,
        pairs,
        of_two: of_two.children,
        observed: sets::sum(&one.strata),
        strata: one.strata.iter().map(|s| s.key.join(", ")).collect(),
        sensitivity: super::sensitivity::of(&one.strata, &plan, &t, pairs, left)?,
        coverage_of_families: within.coverage_of_families,
        cautions,
    })
}

/// Families stated by custody alone, by probation alone, and by both.
fn stated_by(population: &Population) -> [usize; 3] {
    let number = |custody: bool, probation: bool| {
        let those = population.families.iter();
        those
            .filter(|f| (f.custody, f.probation) == (custody, probation))
            .count()
    };
    [number(true, false), number(false, true), number(true, true)]
}

/// Estimated pairs of mothers and of fathers, the mean of the imputed sets.
fn mean_pairs_of_sexes(population: &Population, numbers: &Numbers, sets: &[Set]) -> [f64; 2] {
    [true, false].map(|mothers| {
        mean(sets.iter().zip(&numbers.sets).map(|(set, numbers)| {
            let all = population.families.iter().zip(numbers).zip(&set.weights);
            let of = all.filter(|((f, _), _)| f.is_mothers() == mothers);
            of.map(|((f, n), w)| w * f.weight * f64::from(*n)).sum()
        }))
    })
}

pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    mean_and_variance(&values.collect::<Vec<f64>>()).0
}

/// What would vary if no number were missing: means over the imputed sets.
struct Within {
    families: f64,
    audit: f64,
    calibration: f64,
    coverage_of_families: f64,
}

impl Within {
    fn of(
        population: &Population,
        numbers: &Numbers,
        register: &Register,
        (sets, plan): (&[Set], &Plan),
        settings: &Settings,
    ) -> Result<Self, MethodError> {
        let family = |set: &Set| set.linearised.part(&set.linearised.records());
        let families: Vec<EstimatedPart> = sets.iter().map(family).collect::<Result<_, _>>()?;
        let calibration = sets.iter().zip(&numbers.sets);
        let calibration: Vec<f64> = calibration
            .map(|(set, numbers)| calibration_variance(population, numbers, set, register))
            .collect::<Result<_, _>>()?;
        Ok(Within {
            families: mean(families.iter().map(|f| f.variance.total())),
            audit: audit_variance(sets, plan, settings)?,
            calibration: mean(calibration.into_iter()),
            coverage_of_families: mean(families.iter().map(|f| f.variance.coverage_of_families)),
        })
    }
}

/// The variance that comes from who is missing in the register.
fn calibration_variance(
    population: &Population,
    numbers: &[u32],
    set: &Set,
    register: &Register,
) -> Result<f64, MethodError> {
    let all = population.families.iter().zip(numbers).zip(&set.weights);
    let adds: Vec<_> = all
        .map(|((f, n), w)| (f.prisoner, w * f64::from(*n)))
        .collect();
    register.variance(&adds)
}

/// The variance that comes from the audit of the statements: the draws are shared out among the
/// sets, and the variances of the sets averaged.
fn audit_variance(sets: &[Set], plan: &Plan, settings: &Settings) -> Result<f64, MethodError> {
    if settings.statements.certain() {
        return Ok(0.0);
    }
    let count = u32::try_from(sets.len()).unwrap_or(u32::MAX).max(1);
    let each = u64::from(settings.replicates.div_ceil(count).max(2));
    let of_set = |(set, first): (&Set, u64)| -> Result<f64, MethodError> {
        let totals: Vec<f64> = (first * each..(first + 1) * each)
            .map(|replicate| {
                let mut draws = Draws::new(settings.seed, 1, replicate);
                let t = settings.statements.draw(&mut draws)?;
                Ok(Stratified::with(&set.strata, plan, &[&t])?.population())
            })
            .collect::<Result<_, MethodError>>()?;
        Ok(mean_and_variance(&totals).1)
    };
    let variances: Vec<f64> = sets.iter().zip(0..).map(of_set).collect::<Result<_, _>>()?;
    Ok(mean(variances.into_iter()))
}
