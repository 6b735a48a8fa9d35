//! Figures of local authorities: what each has for itself, weighed against what its prisoners lead to
//! expect.
//!
//! The model of Fay and Herriot ([`super::super::small_area`]) on the logarithm of children for each
//! prisoner whose home was there, with the share of women among these as covariate. ψ is the area's
//! own variance over the square of its estimate: of each family there, w (w − 1) times the square of
//! its children, by how far families are from what they state, and what imputed sets differ by. What all areas share, the variance of the whole, is
//! added at the end. The figures add up to the national one, less the children whose area is not
//! known.

use std::collections::BTreeMap;

use super::super::caution::Caution;
use super::super::interval::{Components, Total};
use super::super::linear::Rows;
use super::super::method_error::MethodError;
use super::super::number::{mean_and_variance, size};
use super::super::people::Home;
use super::super::small_area::{AreaStatus, Direct, FayHerriot, Fit, figures as benchmarked};
use super::area::{Area, Figure};
use super::division::Division;

/// What a local authority has for itself.
#[derive(Debug, Clone, Copy, Default)]
struct Own {
    children: f64,
    variance: f64,
}

/// The figures, and what must be told; none where there is too little for a model, which is told.
pub(super) fn figures(of: &Division<'_>) -> (Vec<Figure>, Vec<Caution>) {
    match modelled(of) {
        Ok(found) => found,
        Err(why) => (Vec::new(), vec![Caution::NoSmallAreas(why.to_string())]),
    }
}

fn modelled(of: &Division<'_>) -> Result<(Vec<Figure>, Vec<Caution>), MethodError> {
    let own = own(of);
    let prisoners: Vec<(&'static str, [f64; 2])> = of
        .population
        .prisoners
        .iter()
        .filter(|(_, [all, _])| *all > 0.0)
        .map(|(code, both)| (*code, *both))
        .collect();
    let covariates = prisoners
        .iter()
        .flat_map(|(_, [all, women])| [1.0, women / all])
        .collect();
    let direct: Vec<Option<Direct>> = prisoners
        .iter()
        .map(|(code, [all, _])| {
            let own = own.get(code)?;
            let certain = own.variance <= 0.0 || own.children <= 0.0;
            (!certain).then(|| Direct {
                value: (own.children / all).ln(),
                variance: own.variance / own.children.powi(2),
            })
        })
        .collect();
    let model = FayHerriot::fit(&Rows::new(covariates, 2)?, &direct, Fit::Reml)?;
    let known: f64 = own.values().map(|o| o.children).sum();
    let population: Vec<f64> = prisoners.iter().map(|(_, [all, _])| *all).collect();
    let whole = of.whole;
    let shared = whole.components.total() / whole.value().powi(2);
    let found = benchmarked(&model.areas, &population, known, shared, whole.level)?;
    let figures = prisoners
        .iter()
        .zip(&found.figures)
        .zip(&model.areas)
        .filter(|((_, figure), _)| figure.status == AreaStatus::Composite)
        .map(|(((code, _), figure), area)| Figure {
            area: Area::LocalAuthority(code),
            total: total(whole, figure, area.mse + shared),
        })
        .collect();
    Ok((figures, model.cautions))
}

/// A figure of an area as a total: its interval is the model's.
fn total(whole: &Total, figure: &super::super::small_area::Figure, relative: f64) -> Total {
    let variance = relative * figure.children.powi(2);
    Total {
        counted: 0.0,
        unseen: figure.children,
        components: Components {
            families: variance,
            linkage_error: 0.0,
            imputation: 0.0,
            calibration: 0.0,
            noise: whole.components.noise,
        },
        other: 0.0,
        interval: figure.interval,
        level: whole.level,
        cautions: Vec::new(),
    }
}

/// Variance of the children of a family about what it states, by what states it: as the audit found.
fn about_statements(of: &Division<'_>, numbers: &[u32]) -> [[f64; 2]; 2] {
    let mut sums = [[[0.0_f64; 2]; 2]; 2];
    for (family, number) in of.population.families.iter().zip(numbers) {
        let [families, children] =
            &mut sums[usize::from(family.custody)][usize::from(family.probation)];
        *families += 1.0;
        *children += f64::from(*number);
    }
    let variance = |custody: bool, probation: bool| {
        let [families, children] = sums[usize::from(custody)][usize::from(probation)];
        let average = children / families.max(1.0);
        (of.audit.of_a_family(custody, probation) * average).powi(2)
    };
    [false, true].map(|custody| [false, true].map(|probation| variance(custody, probation)))
}

/// What each local authority has for itself, in children of the whole.
fn own(of: &Division<'_>) -> BTreeMap<&'static str, Own> {
    let sets = of.sets.iter().zip(&of.numbers.sets);
    let mut shares: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    let mut own: BTreeMap<&'static str, Own> = BTreeMap::new();
    let within = 1.0 / size(of.sets.len());
    for ((set, numbers), at) in sets.zip(0_usize..) {
        let all = of.sum(set, numbers, |_, n| f64::from(n));
        let children = of.whole.value() / all.max(f64::MIN_POSITIVE);
        let families = of.population.families.iter().zip(numbers);
        let about = about_statements(of, numbers);
        for ((family, number), weight) in families.zip(&set.weights) {
            let mut codes: Vec<&'static str> = family
                .children
                .iter()
                .map(|child| child.home)
                .chain([family.home])
                .filter_map(Home::local_authority)
                .collect();
            codes.sort_unstable();
            codes.dedup();
            for code in codes {
                let living = family.living(*number, |h| h.local_authority() == Some(code));
                let there = living * family.weight * children;
                let of_sets = shares
                    .entry(code)
                    .or_insert_with(|| vec![0.0; of.sets.len()]);
                if let Some(sum) = of_sets.get_mut(at) {
                    *sum += weight * there;
                }
                let of_whole = living / f64::from((*number).max(1));
                let about = about[usize::from(family.custody)][usize::from(family.probation)];
                // Within a set, of which the mean over the sets is taken.
                own.entry(code).or_default().variance += within
                    * (weight * (weight - 1.0).max(0.0) * there.powi(2)
                        + (weight * family.weight * children * of_whole).powi(2) * about);
            }
        }
    }
    for (code, of_sets) in shares {
        let (mean, between) = mean_and_variance(&of_sets);
        let own = own.entry(code).or_default();
        own.children = mean;
        own.variance += (1.0 + 1.0 / size(of_sets.len())) * between;
    }
    own
}
