//! The zero-truncated negative binomial: how many children those have who have any.
//!
//! With mean μ = exp(xᵀb) and size k of the distribution before truncation,
//! P(y) = Γ(y+k) / (Γ(k) y!) (k/(k+μ))^k (μ/(k+μ))^y / (1 − (k/(k+μ))^k) for y ≥ 1 (Cameron and
//! Trivedi, *Regression Analysis of Count Data*, 2nd ed. 2013, section 4.3). Fitted by Newton on
//! (b, log k), the Hessian by differences of the gradient.

use nalgebra::{DMatrix, DVector};
use statrs::function::gamma::{digamma, ln_gamma};

use super::super::draw::Draws;
use super::super::linear::{Rows, inverse};
use super::super::method_error::MethodError;
use super::super::number::size;

const WHAT: &str = "the model of numbers of children";
/// Steps at most.
const STEPS: u32 = 100;
/// The greatest gradient per family at which the fit has settled.
const SETTLED: f64 = 1e-9;
/// log k: beyond the upper limit the distribution is Poisson to three digits.
const LIMITS: [f64; 2] = [-4.0, 7.0];
/// The half width of differences for the Hessian.
const APART: f64 = 1e-5;

/// A fitted distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct Truncated {
    /// The coefficients of log μ, and log k last.
    pub parameters: DVector<f64>,
    /// Their covariance; nought for log k where it is at its limit.
    pub covariance: DMatrix<f64>,
    /// Whether k is at its limit, where the numbers vary as Poisson numbers do.
    pub at_limit: bool,
}

/// Families of one covariate pattern (a row) with so many children, and how many of them there are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Group {
    /// The pattern.
    pub row: usize,
    /// Children; at least one.
    pub children: u32,
    /// Families.
    pub families: f64,
}

/// μ and k of a pattern.
pub fn mean_and_size(row: &[f64], parameters: &DVector<f64>) -> (f64, f64) {
    let eta = row
        .iter()
        .zip(parameters.iter())
        .map(|(a, b)| a * b)
        .sum::<f64>();
    let log_size = parameters.iter().next_back().copied().unwrap_or(0.0);
    (
        eta.clamp(-30.0, 30.0).exp(),
        log_size.clamp(-10.0, 10.0).exp(),
    )
}

/// log of the probability of none before truncation.
fn log_none(mean: f64, k: f64) -> f64 {
    -k * (mean / k).ln_1p()
}

/// The mean of a family that has any.
pub fn truncated_mean(mean: f64, k: f64) -> f64 {
    mean / -log_none(mean, k).exp_m1()
}

/// A draw, by going up from one.
pub fn draw(mean: f64, k: f64, draws: &mut Draws) -> u32 {
    let none = log_none(mean, k).exp();
    let share = mean / (k + mean);
    let mut probability = none * k * share / -log_none(mean, k).exp_m1();
    let mut left = draws.unit() - probability;
    let mut children = 1_u32;
    while left >= 0.0 && children < 60 {
        let y = f64::from(children);
        probability *= (y + k) / (y + 1.0) * share;
        left -= probability;
        children += 1;
    }
    children
}

struct Likelihood<'a> {
    rows: &'a Rows,
    groups: &'a [Group],
}

impl Likelihood<'_> {
    fn value(&self, parameters: &DVector<f64>) -> f64 {
        let one = |g: &Group| {
            let (mean, k) = mean_and_size(self.rows.row(g.row), parameters);
            let y = f64::from(g.children);
            let none = log_none(mean, k);
            let log = ln_gamma(y + k) - ln_gamma(k) - ln_gamma(y + 1.0)
                + none
                + y * (mean / (k + mean)).ln()
                - (-none.exp_m1()).ln();
            g.families * log
        };
        self.groups.iter().map(one).sum()
    }

    fn gradient(&self, parameters: &DVector<f64>) -> DVector<f64> {
        let mut sum = DVector::zeros(parameters.len());
        let last = parameters.len() - 1;
        for g in self.groups {
            let row = self.rows.row(g.row);
            let (mean, k) = mean_and_size(row, parameters);
            let y = f64::from(g.children);
            let none = log_none(mean, k);
            // P0 / (1 − P0).
            let odds = 1.0 / (-none).exp_m1();
            let by_eta = (y - mean) * k / (k + mean) - odds * k * mean / (k + mean);
            let slope = -(mean / k).ln_1p() + mean / (k + mean);
            let by_k = digamma(y + k) - digamma(k) - (mean / k).ln_1p() + 1.0
                - (k + y) / (k + mean)
                + odds * slope;
            for (slot, x) in sum.iter_mut().zip(row) {
                *slot += g.families * by_eta * x;
            }
            sum[last] += g.families * by_k * k;
        }
        sum
    }

    fn information(&self, parameters: &DVector<f64>) -> DMatrix<f64> {
        let n = parameters.len();
        let mut out = DMatrix::zeros(n, n);
        for j in 0..n {
            let (mut up, mut down) = (parameters.clone(), parameters.clone());
            up[j] += APART;
            down[j] -= APART;
            let column = (self.gradient(&down) - self.gradient(&up)) / (2.0 * APART);
            out.set_column(j, &column);
        }
        (&out + out.transpose()) / 2.0
    }
}

/// Fits. Rows are the covariate patterns.
///
/// # Errors
/// KL-E-211 if a group names no pattern or has no child; KL-E-210 for fewer families than twice the
/// parameters; KL-E-206 if covariates are collinear; KL-E-208 if it does not settle.
pub fn fit(rows: &Rows, groups: &[Group]) -> Result<Truncated, MethodError> {
    if groups
        .iter()
        .any(|g| g.row >= rows.len() || g.children == 0)
    {
        return Err(MethodError::Lengths { what: WHAT });
    }
    let families: f64 = groups.iter().map(|g| g.families).sum();
    let needed = 2 * (rows.columns() + 1);
    if families < size(needed) {
        return Err(MethodError::TooFew {
            what: "families with children",
            found: groups.len(),
            needed,
        });
    }
    let likelihood = Likelihood { rows, groups };
    let start = start(rows, groups)?;
    let free = climb(&likelihood, start, families, false)?;
    let last = free.len() - 1;
    let at_limit = free[last] >= LIMITS[1] || free[last] <= LIMITS[0];
    let parameters = match at_limit {
        true => climb(&likelihood, free, families, true)?,
        false => free,
    };
    let information = likelihood.information(&parameters);
    let covariance = match at_limit {
        true => {
            let inner = inverse(&information.view((0, 0), (last, last)).into_owned(), WHAT)?;
            inner.resize(last + 1, last + 1, 0.0)
        }
        false => inverse(&information, WHAT)?,
    };
    Ok(Truncated {
        parameters,
        covariance,
        at_limit,
    })
}

/// Least squares of log(y − 1/2) on the covariates, and k = 5.
fn start(rows: &Rows, groups: &[Group]) -> Result<DVector<f64>, MethodError> {
    let mut weights = vec![0.0; rows.len()];
    let mut sums = vec![0.0; rows.len()];
    for g in groups {
        weights[g.row] += g.families;
        sums[g.row] += g.families * (f64::from(g.children) - 0.5).ln();
    }
    let b = inverse(&rows.gram(weights.into_iter()), WHAT)? * rows.weighted_sum(sums.into_iter());
    let mut out = b.resize_vertically(rows.columns() + 1, 0.0);
    out[rows.columns()] = 5.0_f64.ln();
    Ok(out)
}

/// Newton with halved steps; where the Hessian is no good direction, a ridge is added.
fn climb(
    likelihood: &Likelihood<'_>,
    mut at: DVector<f64>,
    families: f64,
    fixed: bool,
) -> Result<DVector<f64>, MethodError> {
    let last = at.len() - 1;
    let mut value = likelihood.value(&at);
    for _ in 0..STEPS {
        let mut gradient = likelihood.gradient(&at);
        let outward = (at[last] >= LIMITS[1] && gradient[last] > 0.0)
            || (at[last] <= LIMITS[0] && gradient[last] < 0.0);
        if fixed || outward {
            gradient[last] = 0.0;
        }
        if gradient.amax() < SETTLED * families {
            return Ok(at);
        }
        let step = direction(likelihood, &at, &gradient, fixed || outward)?;
        let mut scale = 1.0;
        loop {
            let mut next = &at + scale * &step;
            next[last] = next[last].clamp(LIMITS[0], LIMITS[1]);
            let there = likelihood.value(&next);
            if there >= value - 1e-12 * value.abs() {
                let still = (&next - &at).amax() < 1e-12;
                at = next;
                value = there;
                if still {
                    return Ok(at);
                }
                break;
            }
            scale /= 2.0;
            if scale < 1e-10 {
                // No step makes it better: as good as the arithmetic allows.
                return Ok(at);
            }
        }
    }
    Err(MethodError::NotConverged {
        what: WHAT,
        iterations: STEPS,
    })
}

fn direction(
    likelihood: &Likelihood<'_>,
    at: &DVector<f64>,
    gradient: &DVector<f64>,
    fixed: bool,
) -> Result<DVector<f64>, MethodError> {
    let mut information = likelihood.information(at);
    let last = at.len() - 1;
    if fixed {
        information.row_mut(last).fill(0.0);
        information.column_mut(last).fill(0.0);
        information[(last, last)] = 1.0;
    }
    let ridge = information.diagonal().amax();
    for power in 0..12 {
        let mut tried = information.clone();
        let add = if power == 0 {
            0.0
        } else {
            ridge * 10.0_f64.powi(power - 9)
        };
        for i in 0..=last {
            tried[(i, i)] += add;
        }
        if let Ok(inverse) = inverse(&tried, WHAT) {
            return Ok(inverse * gradient);
        }
    }
    Err(MethodError::Collinear { what: WHAT })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::number::mean_and_variance;

    fn world(k: f64, coefficients: [f64; 2], families: u32) -> (Rows, Vec<Group>) {
        let rows = Rows::new(vec![1.0, 0.0, 1.0, 1.0], 2).expect("rows");
        let mut draws = Draws::new(8, 0, 0);
        let mut groups = Vec::new();
        for n in 0..families {
            let row = usize::from(n % 2 == 0);
            let x = if row == 1 { coefficients[1] } else { 0.0 };
            let children = draw((coefficients[0] + x).exp(), k, &mut draws);
            groups.push(Group {
                row,
                children,
                families: 1.0,
            });
        }
        (rows, groups)
    }

    #[test]
    fn draws_have_the_truncated_mean() {
        let mut draws = Draws::new(9, 0, 0);
        for (mean, k) in [(1.2, 3.0), (2.5, 0.7), (0.4, 50.0)] {
            let all: Vec<f64> = (0..20_000)
                .map(|_| f64::from(draw(mean, k, &mut draws)))
                .collect();
            let (found, v) = mean_and_variance(&all);
            let error = (v / 20_000.0).sqrt();
            assert!(
                (found - truncated_mean(mean, k)).abs() < 4.0 * error,
                "{found}"
            );
        }
    }

    #[test]
    fn the_fit_finds_what_made_the_numbers() {
        let (rows, groups) = world(3.0, [0.3, 0.4], 20_000);
        let found = fit(&rows, &groups).expect("a fit");
        assert!(!found.at_limit);
        for (at, truth) in [0.3, 0.4, 3.0_f64.ln()].into_iter().enumerate() {
            let error = found.covariance[(at, at)].sqrt();
            assert!(
                (found.parameters[at] - truth).abs() < 4.0 * error,
                "{at} {}",
                found.parameters[at]
            );
        }
        let likelihood = Likelihood {
            rows: &rows,
            groups: &groups,
        };
        assert!(likelihood.gradient(&found.parameters).amax() < 1e-3);
    }

    #[test]
    fn the_gradient_is_that_of_the_likelihood() {
        let (rows, groups) = world(2.0, [0.2, 0.5], 200);
        let likelihood = Likelihood {
            rows: &rows,
            groups: &groups,
        };
        let at = DVector::from_vec(vec![0.1, 0.3, 0.4]);
        let told = likelihood.gradient(&at);
        for j in 0..3 {
            let (mut up, mut down) = (at.clone(), at.clone());
            up[j] += 1e-5;
            down[j] -= 1e-5;
            let numeric = (likelihood.value(&up) - likelihood.value(&down)) / 2e-5;
            assert!(
                (numeric - told[j]).abs() < 1e-4 * numeric.abs().max(1.0),
                "{j}"
            );
        }
    }

    #[test]
    fn numbers_that_vary_no_more_than_poisson() {
        let (rows, mut groups) = world(1e6, [0.3, 0.0], 400);
        groups
            .iter_mut()
            .for_each(|g| g.children = 1 + g.children % 2);
        let found = fit(&rows, &groups).expect("a fit");
        assert!(found.at_limit);
        assert_eq!(found.covariance[(2, 2)], 0.0);
        assert!(found.parameters.iter().all(|x| x.is_finite()));
        assert!(fit(&rows, &groups[..2]).is_err());
        groups[0].children = 0;
        assert!(fit(&rows, &groups).is_err());
    }
}
