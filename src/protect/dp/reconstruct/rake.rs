//! Margins that need no correction are kept.
//!
//! Where many cells are near zero, the nearest table without a negative cell has totals that are
//! too large: every cell that would be negative is raised, and least squares spread what that adds
//! over all margins. Tables whose unbiased estimates are nowhere negative need no raising; so the
//! finest cells are scaled until they add up to those (iterative proportional fitting; Deming and
//! Stephan, 1940). A cell of 0 stays 0.

use super::super::domain::Domain;
use super::integers::{index, places_of};

/// It ends when no margin is farther off than this,
const NEAR: f64 = 0.01;

/// or when a round brings them closer by less than a fiftieth, or after so many rounds.
const ROUNDS: usize = 40;

/// Scales finest cells, in row-major order, to the tables of `targets`; none leaves a table free.
pub(super) fn rake(domain: &Domain, cells: &mut [f64], targets: &[Option<Vec<f64>>]) {
    let tables = domain.tables();
    let mut wanted = vec![0.0; domain.lattice()];
    for (levels, target) in tables.iter().zip(targets) {
        for (place, x) in domain
            .places(levels)
            .into_iter()
            .zip(target.iter().flatten())
        {
            wanted[place] = *x;
        }
    }
    let mut kept: Vec<usize> = (0..tables.len())
        .filter(|t| targets[*t].is_some())
        .collect();
    // Fine before coarse, so that the coarse ones, which are known best, hold in the end.
    kept.sort_by_key(|t| (std::cmp::Reverse(domain.cells(&tables[*t])), *t));
    let leaves = domain.places(&domain.finest());
    let each: Vec<Vec<u32>> = leaves.iter().map(|l| places_of(domain, *l)).collect();
    // Table by table, so that a round reads each list from start to end.
    let places: Vec<Vec<u32>> = kept
        .iter()
        .map(|t| each.iter().map(|of| of[*t]).collect())
        .collect();
    let mut sums = vec![0.0; domain.lattice()];
    let mut before = f64::INFINITY;
    for _ in 0..ROUNDS {
        let mut farthest = 0.0_f64;
        for own in &places {
            for place in own {
                sums[index(*place)] = 0.0;
            }
            for (place, x) in own.iter().zip(&*cells) {
                sums[index(*place)] += x;
            }
            for (place, x) in own.iter().zip(cells.iter_mut()) {
                let (sum, wish) = (sums[index(*place)], wanted[index(*place)]);
                farthest = farthest.max((sum - wish).abs());
                if sum > 0.0 {
                    *x *= wish / sum;
                }
            }
        }
        if farthest < NEAR || farthest > 0.98 * before {
            break;
        }
        before = farthest;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::super::domain::Axis;
    use super::*;

    #[test]
    fn margins_are_met_and_zeros_stay() {
        let axis = |name: &str, n: usize| {
            let codes: Vec<String> = (0..n).map(|i| format!("{i}")).collect();
            Axis::new(name, &codes, &BTreeMap::new()).expect("axis")
        };
        let all = ["a", "b"].map(str::to_owned).to_vec();
        let domain = Domain::new(vec![axis("a", 2), axis("b", 3)], &[all]).expect("domain");
        assert_eq!(domain.tables(), [[0, 0], [0, 1], [1, 0], [1, 1]]);
        let mut cells = vec![4.0, 0.0, 8.0, 3.0, 5.0, 9.0];
        let targets = [
            Some(vec![24.0]),
            Some(vec![6.0, 4.0, 14.0]),
            Some(vec![10.0, 14.0]),
            None,
        ];
        rake(&domain, &mut cells, &targets);
        assert_eq!(cells[1], 0.0);
        assert!((cells[..3].iter().sum::<f64>() - 10.0).abs() < 0.02);
        assert!((cells[0] + cells[3] - 6.0).abs() < 0.02);
        assert!((cells.iter().sum::<f64>() - 24.0).abs() < 1e-9);
    }
}
