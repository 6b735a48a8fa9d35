//! The nearest additive table without a negative cell.
//!
//! Minimises Σ τ_A |Q_A (x − x̂)|² over x ≥ 0, x̂ the unbiased estimate and Q_A the sums of table A,
//! by an accelerated projected gradient (Beck and Teboulle, "A Fast Iterative Shrinkage-Thresholding
//! Algorithm", 2009) with restarts (O'Donoghue and Candès, "Adaptive Restart for Accelerated
//! Gradient Schemes", 2015).

use super::super::domain::Domain;

/// It ends when no cell moves by more than this in a step,
const STILL: f64 = 1e-4;

/// or after so many steps: whole numbers are made of the result, so that a hundredth does not show.
const STEPS: usize = 600;

/// From estimates of the finest cells, in row-major order, to such that are not negative.
pub(super) fn nonnegative(domain: &Domain, tau: &[f64], estimate: &[f64]) -> Vec<f64> {
    if estimate.iter().all(|x| *x >= 0.0) {
        return estimate.to_vec();
    }
    let operator = Operator::new(domain, tau);
    let step = 1.0 / operator.norm();
    let mut x: Vec<f64> = estimate.iter().map(|x| x.max(0.0)).collect();
    let mut ahead = x.clone();
    let mut pace = 1.0_f64;
    let mut lattice = vec![0.0; domain.lattice()];
    for _ in 0..STEPS {
        operator.gradient(&ahead, estimate, &mut lattice);
        let next: Vec<f64> = ahead
            .iter()
            .zip(&operator.leaves)
            .map(|(a, place)| (a - step * lattice[*place]).max(0.0))
            .collect();
        let moved = x
            .iter()
            .zip(&next)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        // Against the way that the gradient goes: begin again without the run-up.
        let against: f64 = ahead
            .iter()
            .zip(&next)
            .zip(&x)
            .map(|((a, n), x)| (a - n) * (n - x))
            .sum();
        let faster = if against > 0.0 {
            1.0
        } else {
            f64::midpoint(1.0, (1.0 + 4.0 * pace * pace).sqrt())
        };
        let run_up = if against > 0.0 {
            0.0
        } else {
            (pace - 1.0) / faster
        };
        ahead = next
            .iter()
            .zip(&x)
            .map(|(n, x)| n + run_up * (n - x))
            .collect();
        (x, pace) = (next, faster);
        if moved < STILL {
            break;
        }
    }
    x
}

/// Σ τ_A Q_Aᵀ Q_A.
struct Operator<'a> {
    domain: &'a Domain,
    leaves: Vec<usize>,
    /// τ at every place of the lattice.
    weights: Vec<f64>,
    norm: f64,
}

impl<'a> Operator<'a> {
    fn new(domain: &'a Domain, tau: &[f64]) -> Self {
        let mut weights = vec![0.0; domain.lattice()];
        for (levels, t) in domain.tables().iter().zip(tau) {
            for place in domain.places(levels) {
                weights[place] = *t;
            }
        }
        let leaves = domain.places(&domain.finest());
        // The greatest row sum of a matrix without negative entries is not below its norm.
        let mut sums = vec![0.0; domain.lattice()];
        for place in &leaves {
            sums[*place] = 1.0;
        }
        domain.sum_up(&mut sums);
        for (s, w) in sums.iter_mut().zip(&weights) {
            *s *= w;
        }
        domain.hand_down(&mut sums);
        let norm = leaves.iter().map(|p| sums[*p]).fold(0.0, f64::max);
        Operator {
            domain,
            leaves,
            weights,
            norm,
        }
    }

    fn norm(&self) -> f64 {
        self.norm.max(f64::MIN_POSITIVE)
    }

    /// The gradient, at the finest places of the lattice.
    fn gradient(&self, x: &[f64], estimate: &[f64], lattice: &mut [f64]) {
        lattice.iter_mut().for_each(|l| *l = 0.0);
        for ((place, x), e) in self.leaves.iter().zip(x).zip(estimate) {
            lattice[*place] = x - e;
        }
        self.domain.sum_up(lattice);
        for (l, w) in lattice.iter_mut().zip(&self.weights) {
            *l *= w;
        }
        self.domain.hand_down(lattice);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::super::domain::Axis;
    use super::*;

    fn domain() -> Domain {
        let axis = |name: &str, n: usize| {
            let codes: Vec<String> = (0..n).map(|i| format!("{i:02}")).collect();
            Axis::new(name, &codes, &BTreeMap::new()).expect("axis")
        };
        let tables = [vec!["a".to_owned(), "b".to_owned()]];
        Domain::new(vec![axis("a", 6), axis("b", 4)], &tables).expect("domain")
    }

    #[test]
    fn the_conditions_of_an_optimum_hold() {
        // Karush, Kuhn, Tucker: where a cell is above 0 the gradient is 0; at 0 it is not negative.
        let domain = domain();
        let tau = [0.3, 0.1, 0.2, 0.4];
        let estimate: Vec<f64> = (0..24).map(|i| f64::from(i * 37 % 23) - 6.0).collect();
        let x = nonnegative(&domain, &tau, &estimate);
        let operator = Operator::new(&domain, &tau);
        let mut lattice = vec![0.0; domain.lattice()];
        operator.gradient(&x, &estimate, &mut lattice);
        assert!(x.iter().filter(|x| **x == 0.0).count() > 3);
        for (place, x) in operator.leaves.iter().zip(&x) {
            let slope = lattice[*place];
            assert!(slope > -2e-3 * operator.norm(), "{slope}");
            assert!(
                *x == 0.0 || slope.abs() < 2e-3 * operator.norm(),
                "{slope} {x}"
            );
        }
    }

    #[test]
    fn what_is_not_negative_stays() {
        let estimate: Vec<f64> = (0..24).map(f64::from).collect();
        assert_eq!(nonnegative(&domain(), &[1.0; 4], &estimate), estimate);
    }
}
