//! The mean squared error of an area's figure, to second order: g1 + g2 + 2 g3, with what the bias
//! of A adds.
//!
//! ```text
//! g1 = A ψ / (A + ψ)       g2 = (1 − γ)² xᵀ Cov(b) x       g3 = ψ² / (A + ψ)³ Var(A)
//! ```
//!
//! REML: Var(A) = 2 / Σ (A+ψ)⁻², no bias. ML: the same variance and bias
//! −tr[Cov(b) Σ x xᵀ (A+ψ)⁻²] / Σ (A+ψ)⁻² (Datta and Lahiri, Statistica Sinica 10, 2000). Moments:
//! Var(A) = 2 m / (Σ (A+ψ)⁻¹)² and bias 2 (m Σ (A+ψ)⁻² − (Σ (A+ψ)⁻¹)²) / (Σ (A+ψ)⁻¹)³ (Datta, Rao
//! and Smith, Biometrika 92, 2005). The bias times (ψ / (A+ψ))² is taken away.

use nalgebra::DVector;

use super::super::number::size;
use super::fay_herriot::{Data, Fit, Gls};

/// What all areas have in common.
pub(super) struct Terms<'a> {
    gls: &'a Gls,
    between: f64,
    variance: f64,
    bias: f64,
}

impl<'a> Terms<'a> {
    pub(super) fn new(data: &Data, between: f64, gls: &'a Gls, fit: Fit) -> Self {
        let first: f64 = data.inverse_variances(between, 1).sum();
        let second: f64 = data.inverse_variances(between, 2).sum();
        let m = size(data.psi.len());
        let (variance, bias) = match fit {
            Fit::Reml => (2.0 / second, 0.0),
            Fit::Ml => {
                let gram = data.rows.gram(data.inverse_variances(between, 2));
                (2.0 / second, -(&gls.covariance * gram).trace() / second)
            }
            Fit::Moments => (
                2.0 * m / first.powi(2),
                2.0 * (m * second - first.powi(2)) / first.powi(3),
            ),
        };
        Terms {
            gls,
            between,
            variance,
            bias,
        }
    }

    /// Of an area with an estimate of its own.
    pub(super) fn composite(&self, x: &[f64], psi: f64) -> f64 {
        let all = self.between + psi;
        let other = psi / all;
        let g1 = self.between * other;
        let g2 = other * other * self.of_model(x);
        let g3 = other * other / all * self.variance;
        // With A at nought and few areas the correction can outweigh the rest; the model's own
        // error stays.
        (g1 + g2 + 2.0 * g3 - self.bias * other * other).max(g1 + g2)
    }

    /// Of an area without.
    pub(super) fn synthetic(&self, x: &[f64]) -> f64 {
        self.between + self.of_model(x)
    }

    fn of_model(&self, x: &[f64]) -> f64 {
        let x = DVector::from_column_slice(x);
        (x.transpose() * &self.gls.covariance * &x)[(0, 0)]
    }
}
