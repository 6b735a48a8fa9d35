//! The bootstrap, with the model chosen anew in every replicate.
//!
//! The people observed are drawn again, as many as there were, with replacement; every model is
//! fitted again, and every estimator makes its choice again, so that the interval holds the
//! uncertainty of the choice (Silverman, Chan and Vincent 2024, "Bootstrapping multiple systems
//! estimates to account for model selection", Statistics and Computing 34, 44). The ends are those of
//! BCa: percentiles moved for bias and for the change of the standard error with the estimate (Efron
//! 1987, JASA 82, 171–185), the latter from leaving out one person at a time.
//!
//! A replicate without a finite estimate counts as larger than any number. If the percentile of an
//! end falls among them, there is no such end.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution};
use rayon::prelude::*;

use super::estimator::Estimator;
use super::fit::{Counts, Faces, Fit};
use super::interval::{Interval, LEVEL, normal_quantile, normal_share};
use super::model::Model;
use super::table::{CELLS, Table, real, small};

/// The stratum of the seed: this bootstrap and no other draw.
const STRATUM: u64 = 0x6361_7074_7572_6501;

/// What is drawn and fitted.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Replicates.
    pub replicates: u32,
    /// The seed; with it and the table the replicates are the same on every machine.
    pub seed: u64,
    /// The models that are fitted to each.
    pub models: Vec<Model>,
    /// The estimators that choose among them.
    pub estimators: Vec<Estimator>,
}

/// What the bootstrap says of one estimator.
#[derive(Debug, Clone, PartialEq)]
pub struct Resampled {
    /// The estimator.
    pub estimator: Estimator,
    /// The BCa interval.
    pub bca: Interval,
    /// The percentile interval.
    pub percentile: Interval,
    /// Standard deviation of the finite replicates.
    pub standard_error: f64,
    /// Replicates without a finite estimate.
    pub without_number: u32,
    /// The replicates, smallest first; those without a number at the end, as infinity.
    pub replicates: Vec<f64>,
    bias: f64,
    acceleration: f64,
}

impl Resampled {
    /// The BCa point of a share, such as 0.025; infinite among replicates without a number.
    pub fn point(&self, share: f64) -> f64 {
        let z = self.bias + normal_quantile(share);
        let moved = normal_share(self.bias + z / (1.0 - self.acceleration * z));
        quantile(&self.replicates, moved)
    }
}

/// Draws, fits and chooses. The order of the replicates, not of the threads, decides everything.
pub fn bootstrap(table: &Table, plan: &Plan) -> Vec<Resampled> {
    let counts = Counts::of(table);
    let observed = estimates(&counts, plan, &mut Faces::default());
    let replicates: Vec<Vec<f64>> = (0..plan.replicates)
        .into_par_iter()
        .map_init(Faces::default, |faces, replicate| {
            let mut random = generator(plan.seed, STRATUM, u64::from(replicate));
            estimates(&resample(table, &mut random), plan, faces)
        })
        .collect();
    let jackknife = left_out(&counts, plan);
    (0..plan.estimators.len())
        .map(|e| {
            let drawn = replicates.iter().map(|r| r[e]).collect();
            let without_one: Vec<(f64, f64)> = jackknife.iter().map(|(n, r)| (*n, r[e])).collect();
            conclude(plan.estimators[e], observed[e], drawn, &without_one)
        })
        .collect()
}

/// A generator of its own for every stratum and replicate of a seed.
pub(super) fn generator(seed: u64, stratum: u64, replicate: u64) -> ChaCha8Rng {
    let mut bytes = [0; 32];
    for (part, number) in bytes.chunks_exact_mut(8).zip([seed, stratum, replicate]) {
        part.copy_from_slice(&number.to_le_bytes());
    }
    ChaCha8Rng::from_seed(bytes)
}

/// As many people as were observed, each of a history drawn by the observed shares.
fn resample(table: &Table, random: &mut ChaCha8Rng) -> Counts {
    let mut counts = [0.0; CELLS];
    let (mut people, mut left) = (table.observed(), table.observed());
    for (h, n) in table.cells().filter(|(_, n)| *n > 0) {
        let drawn = binomial(people, real(n) / real(left), random);
        counts[h] = real(drawn);
        people -= drawn;
        left -= n;
    }
    Counts::new(table.order(), counts)
}

/// A binomial draw; a share that rounding took out of bounds is put back.
pub(super) fn binomial(people: u64, share: f64, random: &mut ChaCha8Rng) -> u64 {
    match Binomial::new(people, share.clamp(0.0, 1.0)) {
        Ok(law) => law.sample(random).min(people),
        Err(_) => 0,
    }
}

fn estimates(counts: &Counts, plan: &Plan, faces: &mut Faces) -> Vec<f64> {
    let fits: Vec<Fit> = plan
        .models
        .iter()
        .map(|m| counts.fitted(*m, false, faces))
        .collect();
    let points = plan.estimators.iter().map(|e| e.point(counts, &fits));
    points.map(|p| p.unwrap_or(f64::INFINITY)).collect()
}

/// The estimates without one person of each history, and how many people have that history.
fn left_out(counts: &Counts, plan: &Plan) -> Vec<(f64, Vec<f64>)> {
    let cells: Vec<usize> = (1..1_usize << counts.lists())
        .filter(|c| counts.count(*c) > 0.0)
        .collect();
    cells
        .into_par_iter()
        .map(|cell| {
            let mut fewer = counts.counts;
            fewer[cell] -= 1.0;
            let fewer = Counts::new(counts.lists(), fewer);
            (
                counts.count(cell),
                estimates(&fewer, plan, &mut Faces::default()),
            )
        })
        .collect()
}

fn conclude(
    estimator: Estimator,
    observed: f64,
    mut replicates: Vec<f64>,
    without_one: &[(f64, f64)],
) -> Resampled {
    replicates.sort_by(f64::total_cmp);
    let finite: Vec<f64> = replicates
        .iter()
        .copied()
        .filter(|x| x.is_finite())
        .collect();
    let mean = finite.iter().sum::<f64>() / small(finite.len()).max(1.0);
    let squares: f64 = finite.iter().map(|x| (x - mean).powi(2)).sum();
    let mut out = Resampled {
        estimator,
        bca: Interval::of(f64::NAN, f64::NAN),
        percentile: Interval::of(
            quantile(&replicates, 0.5 - LEVEL / 2.0),
            quantile(&replicates, 0.5 + LEVEL / 2.0),
        ),
        standard_error: (squares / (small(finite.len()) - 1.0).max(1.0)).sqrt(),
        without_number: u32::try_from(replicates.len() - finite.len()).unwrap_or(u32::MAX),
        bias: bias(&replicates, observed),
        acceleration: acceleration(without_one),
        replicates,
    };
    out.bca = Interval::of(out.point(0.5 - LEVEL / 2.0), out.point(0.5 + LEVEL / 2.0));
    out
}

/// The normal quantile of the share of replicates below the estimate; of those equal to it, to
/// rounding, one half.
fn bias(replicates: &[f64], observed: f64) -> f64 {
    if !observed.is_finite() || replicates.is_empty() {
        return 0.0;
    }
    let near = 1e-9 * observed.abs();
    let below = replicates.iter().filter(|x| **x < observed - near).count();
    let equal = replicates
        .iter()
        .filter(|x| (**x - observed).abs() <= near)
        .count();
    let n = small(replicates.len());
    let share = (small(below) + small(equal) / 2.0) / n;
    normal_quantile(share.clamp(0.5 / n, 1.0 - 0.5 / n))
}

/// One sixth of the skewness of the influence of a person. Nought if leaving somebody out leaves no
/// number, or changes nothing.
fn acceleration(without_one: &[(f64, f64)]) -> f64 {
    let people: f64 = without_one.iter().map(|(n, _)| n).sum();
    let mean = without_one.iter().map(|(n, x)| n * x).sum::<f64>() / people;
    let moment = |power: i32| -> f64 {
        without_one
            .iter()
            .map(|(n, x)| n * (mean - x).powi(power))
            .sum()
    };
    let skewness = moment(3) / (6.0 * moment(2).powf(1.5));
    if skewness.is_finite() { skewness } else { 0.0 }
}

/// The quantile between the order statistics around it; infinite if one of them is.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = share.clamp(0.0, 1.0) * small(last);
    let below = (0..=last)
        .collect::<Vec<_>>()
        .partition_point(|i| small(*i) <= place)
        .saturating_sub(1);
    let (a, b) = (sorted[below], sorted[(below + 1).min(last)]);
    let part = place - small(below);
    match part > 0.0 && a != b {
        true => a + part * (b - a),
        false => a,
    }
}
