//! Small linear algebra: symmetric positive definite systems by Cholesky, with collinear columns
//! told instead of divided by.

use nalgebra::{DMatrix, DVector};

use super::method_error::MethodError;
use super::number::size;

/// A column counts as a sum of others where its pivot, after scaling to a diagonal of ones, falls
/// below this.
const LEAST_PIVOT: f64 = 1e-10;

/// The inverse of a symmetric positive definite matrix.
///
/// # Errors
/// KL-E-206 where it is singular to within a pivot of 1e-10 after scaling.
pub fn inverse(matrix: &DMatrix<f64>, what: &'static str) -> Result<DMatrix<f64>, MethodError> {
    let collinear = MethodError::Collinear { what };
    let n = matrix.nrows();
    let mut scale = DVector::zeros(n);
    for (slot, d) in scale.iter_mut().zip(matrix.diagonal().iter()) {
        if d.is_nan() || *d <= 0.0 || d.is_infinite() {
            return Err(collinear);
        }
        *slot = 1.0 / d.sqrt();
    }
    let scaled = DMatrix::from_fn(n, n, |i, j| matrix[(i, j)] * scale[i] * scale[j]);
    let Some(cholesky) = scaled.cholesky() else {
        return Err(collinear);
    };
    let sound = cholesky
        .l_dirty()
        .diagonal()
        .iter()
        .all(|d| d * d > LEAST_PIVOT);
    if !sound {
        return Err(collinear);
    }
    let inverse = cholesky.inverse();
    Ok(DMatrix::from_fn(n, n, |i, j| {
        inverse[(i, j)] * scale[i] * scale[j]
    }))
}

/// Rows of covariates, all of one length.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    values: Vec<f64>,
    columns: usize,
}

impl Rows {
    /// Rows of that many columns, one after the other.
    ///
    /// # Errors
    /// KL-E-211 if the values do not fill whole rows; KL-E-212 if one is not finite.
    pub fn new(values: Vec<f64>, columns: usize) -> Result<Self, MethodError> {
        if columns == 0 || !values.len().is_multiple_of(columns) {
            return Err(MethodError::Lengths {
                what: "rows of covariates",
            });
        }
        if values.iter().any(|v| !v.is_finite()) {
            return Err(MethodError::NotFinite {
                what: "a covariate",
            });
        }
        Ok(Rows { values, columns })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The rows in order.
    pub fn iter(&self) -> impl Iterator<Item = &[f64]> + Clone {
        self.values.chunks_exact(self.columns)
    }

    /// A row; empty beyond the last.
    pub fn row(&self, at: usize) -> &[f64] {
        let from = at.saturating_mul(self.columns);
        let to = from.saturating_add(self.columns);
        self.values.get(from..to).unwrap_or(&[])
    }

    /// Σ w x xᵀ.
    pub fn gram(&self, weights: impl Iterator<Item = f64>) -> DMatrix<f64> {
        let p = self.columns;
        let mut sums = vec![0.0; p * p];
        for (row, weight) in self.iter().zip(weights) {
            for (line, a) in sums.chunks_exact_mut(p).zip(row) {
                let scaled = weight * a;
                for (slot, b) in line.iter_mut().zip(row) {
                    *slot += scaled * b;
                }
            }
        }
        DMatrix::from_row_slice(p, p, &sums)
    }

    /// Σ w x.
    pub fn weighted_sum(&self, weights: impl Iterator<Item = f64>) -> DVector<f64> {
        let mut sums = DVector::zeros(self.columns);
        for (row, weight) in self.iter().zip(weights) {
            for (slot, a) in sums.iter_mut().zip(row) {
                *slot += weight * a;
            }
        }
        sums
    }
}

/// x · b.
pub fn dot(row: &[f64], coefficients: &DVector<f64>) -> f64 {
    row.iter()
        .zip(coefficients.iter())
        .map(|(a, b)| a * b)
        .sum()
}

/// A lower triangular L with L Lᵀ = covariance, for draws; columns of no variance are nought.
pub fn root(covariance: &DMatrix<f64>) -> DMatrix<f64> {
    let n = covariance.nrows();
    let mut l = DMatrix::zeros(n, n);
    for j in 0..n {
        let own: f64 = (0..j).map(|k| l[(j, k)] * l[(j, k)]).sum();
        let pivot = covariance[(j, j)] - own;
        if pivot <= 1e-14 * size(n) * covariance[(j, j)].abs() {
            continue;
        }
        let d = pivot.sqrt();
        l[(j, j)] = d;
        for i in j + 1..n {
            let sum: f64 = (0..j).map(|k| l[(i, k)] * l[(j, k)]).sum();
            l[(i, j)] = (covariance[(i, j)] - sum) / d;
        }
    }
    l
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inverse_and_a_root() {
        let m = DMatrix::from_row_slice(2, 2, &[4.0e8, 2.0, 2.0, 3.0e-6]);
        let product = &m * inverse(&m, "m").expect("an inverse");
        assert!((product - DMatrix::<f64>::identity(2, 2)).abs().max() < 1e-6);
        let l = root(&m);
        assert!((&l * l.transpose() - &m).abs().max() < 1e-6);
        let singular = DMatrix::from_row_slice(2, 2, &[1.0, 2.0, 2.0, 4.0]);
        assert!(inverse(&singular, "m").is_err());
        let l = root(&singular);
        assert!((&l * l.transpose() - &singular).abs().max() < 1e-12);
        assert!(inverse(&DMatrix::from_element(1, 1, f64::NAN), "m").is_err());
    }

    #[test]
    fn rows_and_their_sums() {
        let rows = Rows::new(vec![1.0, 2.0, 1.0, 3.0], 2).expect("rows");
        assert_eq!((rows.len(), rows.row(1)), (2, [1.0, 3.0].as_slice()));
        let gram = rows.gram([1.0, 2.0].into_iter());
        assert_eq!(gram, DMatrix::from_row_slice(2, 2, &[3.0, 8.0, 8.0, 22.0]));
        assert!(Rows::new(vec![1.0; 3], 2).is_err());
        assert!(Rows::new(vec![f64::NAN], 1).is_err());
        assert_eq!(rows.row(7), [0.0_f64; 0].as_slice());
    }
}
