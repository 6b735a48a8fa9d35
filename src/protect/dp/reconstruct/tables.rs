//! Tables that can be read: values, intervals and marks of reliability.

use super::super::accounting::Definition;
use super::super::domain::{Domain, Levels};
use super::super::measure::Measurements;
use super::super::plan::Structure;
use super::integers::{integers, to_integer};
use super::linear::{Linear, signed};
use super::nonnegative::nonnegative;
use super::rake::rake;

/// The 97.5 per cent point of the normal distribution.
const NORMAL: f64 = 1.959_963_984_540_054;

/// The same for one Laplace variable, ln 20/√2 standard deviations; sums of several need less.
const LAPLACE: f64 = 2.118_287_110_519_427;

/// How far the noise lets a value be trusted, by its coefficient of variation: the standard
/// deviation of the noise over the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reliability {
    /// At most 5 per cent.
    Reliable,
    /// At most 20 per cent.
    Caution,
    /// More than 20 per cent, or a value of 0.
    Low,
}

impl Reliability {
    /// The word in the column `reliability`.
    pub fn word(self) -> &'static str {
        match self {
            Reliability::Reliable => "reliable",
            Reliability::Caution => "caution",
            Reliability::Low => "low",
        }
    }

    fn of(value: i64, deviation: f64) -> Self {
        let value = signed(value);
        if deviation <= 0.05 * value {
            Reliability::Reliable
        } else if deviation <= 0.2 * value {
            Reliability::Caution
        } else {
            Reliability::Low
        }
    }
}

/// One table, its cells in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub struct NoisyTable {
    /// The level of each dimension.
    pub levels: Levels,
    /// The unbiased estimate.
    pub estimate: Vec<f64>,
    /// Its standard deviation: of the noise alone, before the step to whole numbers.
    pub deviation: Vec<f64>,
    /// A whole number, not negative; all tables of a release add up. None where it is hidden.
    pub value: Vec<Option<i64>>,
    /// Lower end of the 95 per cent interval, of the unbiased estimate. It may be negative.
    pub lower: Vec<i64>,
    /// Upper end of it.
    pub upper: Vec<i64>,
    /// How far the noise lets the value be trusted.
    pub reliability: Vec<Reliability>,
}

/// All tables of a release.
#[derive(Debug, Clone, PartialEq)]
pub struct NoisyTables {
    domain: Domain,
    tables: Vec<NoisyTable>,
    drift: f64,
}

/// Makes tables of measurements.
pub fn reconstruct(measurements: &Measurements) -> NoisyTables {
    let plan = measurements.plan();
    let domain = plan.domain().clone();
    let structure = Structure::new(&domain);
    let tau = plan.precision();
    let linear = Linear::new(measurements, &structure);
    let estimates: Vec<Vec<f64>> = domain.tables().iter().map(|l| linear.table(l)).collect();
    let finest = domain.finest();
    let mut real = nonnegative(&domain, &tau, &linear.table(&finest));
    let kept = |(levels, e): (&Levels, &Vec<f64>)| {
        (*levels != finest && e.iter().all(|x| *x >= 0.0)).then(|| e.clone())
    };
    let targets: Vec<_> = domain.tables().iter().zip(&estimates).map(kept).collect();
    rake(&domain, &mut real, &targets);
    let whole = integers(&domain, &real);
    let leaves = domain.places(&domain.finest());
    let (mut values, mut smooth) = (vec![0_i64; domain.lattice()], vec![0.0; domain.lattice()]);
    for ((place, n), x) in leaves.into_iter().zip(whole).zip(real) {
        values[place] = n;
        smooth[place] = x;
    }
    domain.sum_up(&mut values);
    domain.sum_up(&mut smooth);
    let variances = plan.variances(&structure);
    let points = match plan.definition() {
        Definition::Zcdp => NORMAL,
        Definition::Pure => LAPLACE,
    };
    let mut drift = 0.0_f64;
    let mut tables = Vec::with_capacity(domain.tables().len());
    for ((t, levels), estimate) in domain.tables().iter().enumerate().zip(estimates) {
        let places = domain.places(levels);
        for at in &places {
            drift = drift.max((signed(values[*at]) - smooth[*at]).abs());
        }
        let cells = places.iter().map(|at| values[*at]).collect();
        tables.push(finished(levels, estimate, variances.of(t), cells, points));
    }
    NoisyTables {
        domain,
        tables,
        drift,
    }
}

fn finished(
    levels: &[usize],
    estimate: Vec<f64>,
    variance: Vec<f64>,
    cells: Vec<i64>,
    points: f64,
) -> NoisyTable {
    let deviation: Vec<f64> = variance.into_iter().map(f64::sqrt).collect();
    let ends = |sign: f64| {
        estimate
            .iter()
            .zip(&deviation)
            .map(move |(e, d)| e + sign * points * d)
    };
    // An end is rounded outwards; the value is never outside.
    let lower = ends(-1.0)
        .zip(&cells)
        .map(|(x, v)| to_integer(x.floor()).min(*v));
    let upper = ends(1.0)
        .zip(&cells)
        .map(|(x, v)| to_integer(x.ceil()).max(*v));
    let marks = cells.iter().zip(&deviation);
    NoisyTable {
        levels: levels.to_vec(),
        lower: lower.collect(),
        upper: upper.collect(),
        reliability: marks.map(|(v, d)| Reliability::of(*v, *d)).collect(),
        value: cells.into_iter().map(Some).collect(),
        estimate,
        deviation,
    }
}

impl NoisyTables {
    /// The domain.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The tables, coarse before fine.
    pub fn tables(&self) -> &[NoisyTable] {
        &self.tables
    }

    /// The farthest that a whole number of any table is from the real one that it stands for.
    pub fn drift(&self) -> f64 {
        self.drift
    }

    /// Hides noisy values from 1 to one below `least`. It protects nobody further: it is for readers, and a
    /// function of the noisy values, not of the true ones.
    pub fn hide_below(&mut self, least: u64) {
        let least = i64::try_from(least).unwrap_or(i64::MAX);
        for value in self.tables.iter_mut().flat_map(|t| &mut t.value) {
            *value = value.filter(|v| *v == 0 || *v >= least);
        }
    }

    /// Hides values of low reliability, zeros too.
    pub fn hide_unreliable(&mut self) {
        for table in &mut self.tables {
            for (value, mark) in table.value.iter_mut().zip(&table.reliability) {
                *value = value.filter(|_| *mark != Reliability::Low);
            }
        }
    }
}
