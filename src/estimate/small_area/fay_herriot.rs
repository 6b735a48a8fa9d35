//! The area-level model of Fay and Herriot ("Estimates of income for small places", JASA 74, 1979):
//!
//! ```text
//! y_a = x_aᵀ b + v_a + e_a,   v ~ (0, A),   e ~ (0, ψ_a), ψ_a known
//! θ_a = γ_a y_a + (1 − γ_a) x_aᵀ b,   γ_a = A / (A + ψ_a)
//! ```
//!
//! A is fitted by restricted or full maximum likelihood (Fisher scoring) or by Fay and Herriot's
//! equation of moments. ψ holds what an area has for itself; variance that all areas share, of
//! linkage error and the like, is added at the end (see [`super::publish`]).

use nalgebra::{DMatrix, DVector};

use super::super::caution::Caution;
use super::super::linear::{Rows, dot, inverse};
use super::super::method_error::{MethodError, finite, within};
use super::super::number::size;
use super::mse;

const WHAT: &str = "the covariates of the areas";
/// Steps at most.
const STEPS: u32 = 200;
/// The change of A, relative to A and the middle ψ, at which it has settled.
const SETTLED: f64 = 1e-10;

/// How A is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// Restricted maximum likelihood.
    Reml,
    /// Maximum likelihood.
    Ml,
    /// Σ (y − xᵀb)² / (A + ψ) = m − p.
    Moments,
}

/// An area's own estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Direct {
    /// y.
    pub value: f64,
    /// ψ; above nought.
    pub variance: f64,
}

/// Where an area's figure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AreaStatus {
    /// Its own estimate and the model.
    Composite,
    /// The model alone: it has no estimate of its own. To be flagged.
    Synthetic,
}

/// The figure of an area.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// θ.
    pub value: f64,
    /// Its mean squared error.
    pub mse: f64,
    /// γ, the weight of its own estimate; nought of a synthetic one.
    pub weight: f64,
    /// Where it comes from.
    pub status: AreaStatus,
}

/// The fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct FayHerriot {
    /// A.
    pub between: f64,
    /// b.
    pub coefficients: DVector<f64>,
    /// Its covariance.
    pub covariance: DMatrix<f64>,
    /// The logarithm of the likelihood at the fit.
    pub log_likelihood: f64,
    /// All areas in order.
    pub areas: Vec<Area>,
    /// Steps.
    pub iterations: u32,
    /// What must be told.
    pub cautions: Vec<Caution>,
}

/// The areas with an estimate of their own.
pub(super) struct Data {
    pub(super) rows: Rows,
    y: Vec<f64>,
    pub(super) psi: Vec<f64>,
}

/// Generalised least squares at one A.
pub(super) struct Gls {
    pub(super) covariance: DMatrix<f64>,
    coefficients: DVector<f64>,
    /// (y − xᵀb) / (A + ψ).
    scaled: Vec<f64>,
}

impl Data {
    /// 1 / (A + ψ) to a power.
    pub(super) fn inverse_variances(&self, a: f64, power: i32) -> impl Iterator<Item = f64> + '_ {
        self.psi.iter().map(move |p| (a + p).powi(-power))
    }

    fn gls(&self, a: f64) -> Result<Gls, MethodError> {
        let covariance = inverse(&self.rows.gram(self.inverse_variances(a, 1)), WHAT)?;
        let scaled_y = self.y.iter().zip(&self.psi).map(|(y, p)| y / (a + p));
        let coefficients = &covariance * self.rows.weighted_sum(scaled_y);
        let triples = self.rows.iter().zip(&self.y).zip(&self.psi);
        let scaled = triples
            .map(|((x, y), p)| (y - dot(x, &coefficients)) / (a + p))
            .collect();
        Ok(Gls {
            covariance,
            coefficients,
            scaled,
        })
    }

    /// The step of A: score over information.
    fn step(&self, a: f64, fit: Fit) -> Result<f64, MethodError> {
        let gls = self.gls(a)?;
        let sum = |power| self.inverse_variances(a, power).sum::<f64>();
        let squares: f64 = gls.scaled.iter().map(|r| r * r).sum();
        match fit {
            Fit::Moments => {
                let quadratic: f64 = gls
                    .scaled
                    .iter()
                    .zip(&self.psi)
                    .map(|(r, p)| r * r * (a + p))
                    .sum();
                let wanted = size(self.y.len()) - size(self.rows.columns());
                Ok((quadratic - wanted) / squares.max(f64::MIN_POSITIVE))
            }
            Fit::Ml => Ok((squares - sum(1)) / sum(2)),
            Fit::Reml => {
                let second = self.rows.gram(self.inverse_variances(a, 2));
                let third = self.rows.gram(self.inverse_variances(a, 3));
                let q2 = &gls.covariance * second;
                let trace = sum(1) - q2.trace();
                let information =
                    sum(2) - 2.0 * (&gls.covariance * third).trace() + (&q2 * &q2).trace();
                Ok((squares - trace) / information)
            }
        }
    }

    fn log_likelihood(&self, a: f64, gls: &Gls) -> f64 {
        let one = |(r, p): (&f64, &f64)| {
            let v = a + p;
            (std::f64::consts::TAU * v).ln() + r * r * v
        };
        -0.5 * gls.scaled.iter().zip(&self.psi).map(one).sum::<f64>()
    }
}

impl FayHerriot {
    /// Fits to areas, with a row of covariates for each; an area without an estimate of its own gets
    /// the model's value.
    ///
    /// # Errors
    /// KL-E-211 if rows and areas differ in number; KL-E-210 for fewer areas with an estimate than
    /// covariates and two; KL-E-201 for a ψ not above nought; KL-E-206 if covariates are collinear;
    /// KL-E-208 if A does not settle.
    pub fn fit(rows: &Rows, direct: &[Option<Direct>], fit: Fit) -> Result<Self, MethodError> {
        let data = data(rows, direct)?;
        let (between, iterations) = between(&data, fit)?;
        let gls = data.gls(between)?;
        let error = mse::Terms::new(&data, between, &gls, fit);
        let areas = rows.iter().zip(direct).map(|(x, own)| {
            let model = dot(x, &gls.coefficients);
            match own {
                Some(own) => {
                    let weight = between / (between + own.variance);
                    Area {
                        value: weight * own.value + (1.0 - weight) * model,
                        mse: error.composite(x, own.variance),
                        weight,
                        status: AreaStatus::Composite,
                    }
                }
                None => Area {
                    value: model,
                    mse: error.synthetic(x),
                    weight: 0.0,
                    status: AreaStatus::Synthetic,
                },
            }
        });
        let areas = areas.collect();
        let cautions = match between > 0.0 {
            true => Vec::new(),
            false => vec![Caution::NoVarianceBetweenAreas],
        };
        Ok(FayHerriot {
            between,
            log_likelihood: data.log_likelihood(between, &gls),
            coefficients: gls.coefficients,
            covariance: gls.covariance,
            areas,
            iterations,
            cautions,
        })
    }
}

fn data(rows: &Rows, direct: &[Option<Direct>]) -> Result<Data, MethodError> {
    if rows.len() != direct.len() {
        return Err(MethodError::Lengths { what: WHAT });
    }
    let (mut values, mut y, mut psi) = (Vec::new(), Vec::new(), Vec::new());
    for (row, own) in rows.iter().zip(direct) {
        if let Some(own) = own {
            values.extend_from_slice(row);
            y.push(finite(own.value, "an area's estimate")?);
            psi.push(within(own.variance, [1e-12, 1e12], "an area's variance")?);
        }
    }
    let needed = rows.columns() + 2;
    if y.len() < needed {
        return Err(MethodError::TooFew {
            what: "areas with an estimate of their own",
            found: y.len(),
            needed,
        });
    }
    Ok(Data {
        rows: Rows::new(values, rows.columns())?,
        y,
        psi,
    })
}

/// A, from the middle ψ on. It is held at nought from below; a step that changes direction is
/// halved, so that scoring cannot swing.
fn between(data: &Data, fit: Fit) -> Result<(f64, u32), MethodError> {
    let mut sorted = data.psi.clone();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(1.0);
    let (mut a, mut before, mut damping) = (middle, 0.0_f64, 1.0_f64);
    for iteration in 1..=STEPS {
        let step = data.step(a, fit)?;
        if step * before < 0.0 {
            damping = (damping / 2.0).max(0.125);
        }
        before = step;
        let next = finite(a + damping * step, "the variance between areas")?.max(0.0);
        let moved = (next - a).abs();
        a = next;
        if moved <= SETTLED * (a + middle) {
            return Ok((a, iteration));
        }
    }
    Err(MethodError::NotConverged {
        what: "the variance between areas",
        iterations: STEPS,
    })
}
