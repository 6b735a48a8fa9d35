//! Logistic regression by iteratively reweighted least squares, on grouped rows.

use nalgebra::{DMatrix, DVector};

use super::super::linear::{Rows, dot, inverse};
use super::super::method_error::MethodError;

/// Steps at most.
const STEPS: u32 = 50;
/// The greatest change of a linear predictor, relative to 1 + its size, at which the fit has settled.
const SETTLED: f64 = 1e-10;
/// A linear predictor beyond this means probabilities of nought or one: separation.
const SEPARATED: f64 = 20.0;

/// A fitted regression.
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    /// The coefficients.
    pub coefficients: DVector<f64>,
    /// Their covariance, from the information at the fit.
    pub covariance: DMatrix<f64>,
}

/// The logistic function.
pub fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Fits to groups: covariates, trials, successes.
///
/// # Errors
/// KL-E-211 if the lengths differ; KL-E-206 if covariates are collinear; KL-E-207 if they separate
/// the outcomes; KL-E-208 if 50 steps do not settle.
pub fn fit(rows: &Rows, groups: &[(f64, f64)]) -> Result<Logistic, MethodError> {
    if rows.len() != groups.len() {
        return Err(MethodError::Lengths {
            what: "groups of a regression",
        });
    }
    let what = "the model of having children";
    let mut coefficients = DVector::zeros(rows.columns());
    for _ in 0..STEPS {
        let fitted: Vec<f64> = rows
            .iter()
            .map(|x| logistic(dot(x, &coefficients)))
            .collect();
        let weights = fitted
            .iter()
            .zip(groups)
            .map(|(p, (n, _))| n * p * (1.0 - p));
        let covariance = inverse(&rows.gram(weights), what)?;
        let errors = fitted.iter().zip(groups).map(|(p, (n, y))| y - n * p);
        let step = &covariance * rows.weighted_sum(errors);
        coefficients += &step;
        let moved = rows
            .iter()
            .map(|x| dot(x, &step).abs() / (1.0 + dot(x, &coefficients).abs()))
            .fold(0.0, f64::max);
        let far = rows
            .iter()
            .zip(groups)
            .filter(|(_, (n, _))| *n > 0.0)
            .any(|(x, _)| dot(x, &coefficients).abs() > SEPARATED);
        if far || !moved.is_finite() {
            return Err(MethodError::Separation { what });
        }
        if moved < SETTLED {
            return Ok(Logistic {
                coefficients,
                covariance,
            });
        }
    }
    Err(MethodError::NotConverged {
        what,
        iterations: STEPS,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_groups_are_their_odds() {
        let rows = Rows::new(vec![1.0, 0.0, 1.0, 1.0], 2).expect("rows");
        let found = fit(&rows, &[(100.0, 20.0), (200.0, 120.0)]).expect("a fit");
        let (a, b) = (found.coefficients[0], found.coefficients[1]);
        assert!((a - (20.0_f64 / 80.0).ln()).abs() < 1e-9);
        assert!((b - (1.5_f64 * 4.0).ln()).abs() < 1e-9);
        // The variance of a log odds ratio is the sum of inverse counts.
        let v = 1.0 / 20.0 + 1.0 / 80.0 + 1.0 / 120.0 + 1.0 / 80.0;
        assert!((found.covariance[(1, 1)] - v).abs() < 1e-9);
    }

    #[test]
    fn separation_and_collinearity_are_told() {
        let rows = Rows::new(vec![1.0, 0.0, 1.0, 1.0], 2).expect("rows");
        let told = fit(&rows, &[(100.0, 20.0), (50.0, 50.0)]);
        assert!(
            matches!(
                told,
                Err(MethodError::Separation { .. } | MethodError::Collinear { .. })
            ),
            "{told:?}"
        );
        let rows = Rows::new(vec![1.0, 1.0, 1.0, 1.0], 2).expect("rows");
        assert!(matches!(
            fit(&rows, &[(9.0, 2.0), (9.0, 3.0)]),
            Err(MethodError::Collinear { .. })
        ));
        assert!(fit(&rows, &[(9.0, 2.0)]).is_err());
    }
}
