//! Least squares along a hierarchy: every node is measured with the precision of its level, and
//! the children of a node add up to it.
//!
//! One pass up gives each node what it and everything below it tell; one pass down adds what the
//! rest tells. Both are linear in the nodes (Hay, Rastogi, Miklau, Suciu, "Boosting the Accuracy of
//! Differentially Private Histograms Through Consistency", VLDB 2010, for equal precisions and
//! even trees).

use crate::protect::dp::domain::Axis;

/// Variances of the nodes and the factors of the two passes.
#[derive(Debug, Clone)]
pub(crate) struct Gains {
    /// Precision of each level.
    precision: Vec<f64>,
    /// Variance of a node from itself and what is below it.
    up: Vec<f64>,
    /// Sum of that over the children of a node.
    below: Vec<f64>,
    /// Variance of a node from everything.
    pub variance: Vec<f64>,
}

impl Gains {
    /// For the levels of `precision`; none where the finest of them is not measured, or nothing is.
    pub fn new(axis: &Axis, precision: &[f64]) -> Option<Self> {
        let depth = precision.len().checked_sub(1)?;
        let finest = precision.last().copied().filter(|p| *p > 0.0)?;
        let nodes = axis.level(depth).end;
        let (mut up, mut below) = (vec![0.0; nodes], vec![0.0; nodes]);
        for level in (0..=depth).rev() {
            for node in axis.level(level) {
                up[node] = if level == depth {
                    1.0 / finest
                } else {
                    1.0 / (precision[level] + 1.0 / below[node])
                };
                if node > 0 {
                    below[axis.parent(node)] += up[node];
                }
            }
        }
        let mut variance = up.clone();
        for node in 1..nodes {
            let parent = axis.parent(node);
            let part = up[node] / below[parent];
            variance[node] = up[node] * (1.0 - part) + part * part * variance[parent];
        }
        Some(Gains {
            precision: precision.to_vec(),
            up,
            below,
            variance,
        })
    }

    /// The sum of the variances of a level.
    pub fn sum(&self, axis: &Axis, level: usize) -> f64 {
        axis.level(level).map(|n| self.variance[n]).sum()
    }

    /// Estimates in place: `rows` has, node by node, `width` sums of measurements each times its
    /// precision; it ends with the estimates.
    pub fn solve(&self, axis: &Axis, rows: &mut [f64], width: usize) {
        let depth = self.precision.len() - 1;
        let nodes = self.up.len();
        // Sums over the children of what goes up.
        let mut children = vec![0.0; nodes * width];
        for node in (0..nodes).rev() {
            let own = &mut rows[node * width..(node + 1) * width];
            let inner = !axis.level(depth).contains(&node);
            for (x, sum) in own.iter_mut().zip(&children[node * width..]) {
                let told = if inner { sum / self.below[node] } else { 0.0 };
                *x = (*x + told) * self.up[node];
            }
            if node > 0 {
                let parent = axis.parent(node) * width;
                for (sum, x) in children[parent..parent + width].iter_mut().zip(own) {
                    *sum += *x;
                }
            }
        }
        for node in 1..nodes {
            let parent = axis.parent(node);
            let part = self.up[node] / self.below[parent];
            let (before, own) = rows.split_at_mut(node * width);
            let above = &before[parent * width..(parent + 1) * width];
            let sums = &children[parent * width..(parent + 1) * width];
            for ((x, a), sum) in own.iter_mut().zip(above).zip(sums) {
                *x += part * (a - sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use nalgebra::{DMatrix, DVector};

    use super::*;

    fn axis() -> Axis {
        let leaves: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        let above: BTreeMap<String, String> =
            [("a", "N"), ("b", "N"), ("c", "S"), ("d", "S"), ("e", "S")]
                .map(|(c, p)| (c.to_owned(), p.to_owned()))
                .into();
        Axis::new("la", &leaves, &above).expect("axis")
    }

    #[test]
    fn estimates_and_variances_are_those_of_dense_least_squares() {
        let axis = axis();
        let precision = [0.7, 0.2, 1.3];
        let mut q = DMatrix::<f64>::zeros(8, 5);
        for leaf in axis.leaves() {
            let mut node = leaf;
            loop {
                q[(node, leaf - 3)] = 1.0;
                if node == 0 {
                    break;
                }
                node = axis.parent(node);
            }
        }
        let level = |n: usize| (0..3).find(|l| axis.level(*l).contains(&n)).expect("level");
        let w = DMatrix::from_diagonal(&DVector::from_fn(8, |n, _| precision[level(n)]));
        let y = DVector::from_fn(8, |n, _| [20.0, 9.0, 12.0, 4.0, 6.0, 1.0, 7.0, 3.0][n]);
        let normal = (q.transpose() * &w * &q).try_inverse().expect("regular");
        let dense = &q * &normal * q.transpose() * &w * &y;
        let covariance = &q * &normal * q.transpose();
        let gains = Gains::new(&axis, &precision).expect("measured");
        let mut rows: Vec<f64> = (0..8).map(|n| y[n] * precision[level(n)]).collect();
        gains.solve(&axis, &mut rows, 1);
        for n in 0..8 {
            assert!((rows[n] - dense[n]).abs() < 1e-12, "{n}");
            assert!(
                (gains.variance[n] - covariance[(n, n)]).abs() < 1e-12,
                "{n}"
            );
        }
    }

    #[test]
    fn a_level_that_is_not_measured_has_no_estimate() {
        assert!(Gains::new(&axis(), &[1.0, 1.0, 0.0]).is_none());
        assert!(Gains::new(&axis(), &[0.0, 0.0, 1.0]).is_some());
    }
}
