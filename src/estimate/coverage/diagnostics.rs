//! What speaks for or against the assumptions of the coverage estimate. Large disagreement is told,
//! not settled by a choice.

use super::super::caution::Caution;
use super::histories::{Corrected, History};

/// Below this implied coverage a list is told.
const LOW_IMPLIED: f64 = 0.5;
/// Below this sample coverage estimates are unstable (Chao and Tsay 1998).
const LOW_SAMPLE: f64 = 0.55;
/// A within-list estimate off by more than this factor is told.
const FAR: f64 = 1.25;

/// The three lists by twos and the third.
const OTHERS: [(usize, [usize; 2]); 3] = [(0, [1, 2]), (1, [0, 2]), (2, [0, 1])];

/// The diagnostics of one table.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostics {
    /// For each list: its size as the other two give it when they are matched within the list,
    /// n_ik n_jk / n_ijk, and its size in truth. Where the first is much less, the two are found
    /// together more often than apart (Binette and Steorts, "On the reliability of multiple systems
    /// estimation", JRSS A 185, 2022).
    pub within: [(Option<f64>, f64); 3],
    /// For each list, the least share of another list's children that it holds, n_ij / n_j.
    pub implied_coverage: [Option<f64>; 3],
    /// C = 1 − ⅓ Σ (children in list k alone) / n_k.
    pub sample_coverage: Option<f64>,
    /// What must be told.
    pub cautions: Vec<Caution>,
}

impl Diagnostics {
    /// Of corrected numbers.
    pub fn of(numbers: &Corrected) -> Self {
        let share = |a: f64, b: f64| (b > 0.0).then(|| a / b);
        let all_three = numbers.of(History::all()[6]);
        let within = OTHERS.map(|(k, [i, j])| {
            let product = numbers.in_both(i, k) * numbers.in_both(j, k);
            (share(product, all_three), numbers.in_list(k))
        });
        let implied_coverage = OTHERS.map(|(k, others)| {
            let shares = others.map(|j| share(numbers.in_both(k, j), numbers.in_list(j)));
            shares.into_iter().flatten().reduce(f64::min)
        });
        let alone = [0, 1, 3].map(|index| numbers.numbers()[index]);
        let parts: Vec<f64> = alone
            .iter()
            .enumerate()
            .filter_map(|(k, n)| share(*n, numbers.in_list(k)))
            .collect();
        let sample_coverage = (parts.len() == 3).then(|| 1.0 - parts.iter().sum::<f64>() / 3.0);
        let mut out = Diagnostics {
            within,
            implied_coverage,
            sample_coverage,
            cautions: Vec::new(),
        };
        out.cautions = out.told();
        out
    }

    fn told(&self) -> Vec<Caution> {
        let mut cautions = Vec::new();
        for (list, (given_back, size)) in self.within.iter().enumerate() {
            let ratio = given_back.filter(|_| *size > 0.0).map(|n| n / size);
            if let Some(ratio) = ratio.filter(|r| *r > FAR || *r < 1.0 / FAR) {
                cautions.push(Caution::ListsDepend { list, ratio });
            }
        }
        for (list, coverage) in self.implied_coverage.iter().enumerate() {
            if let Some(coverage) = coverage.filter(|c| *c < LOW_IMPLIED) {
                cautions.push(Caution::LowImpliedCoverage { list, coverage });
            }
        }
        if let Some(coverage) = self.sample_coverage.filter(|c| *c < LOW_SAMPLE) {
            cautions.push(Caution::LowSampleCoverage { coverage });
        }
        cautions
    }
}

/// One step of a trimmed dual-system estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trimmed {
    /// Records taken away from the first list.
    pub removed: f64,
    /// The population then.
    pub population: f64,
}

/// The curve of a trimmed dual-system estimate: records that may not belong are taken from the first
/// list in the order of doubt. Each step gives how many were taken away so far, and how many of
/// those had a match. If false records go first, the estimate falls; when only true ones are left
/// to go, it stays (Zhang and Dunne, "Trimmed dual system estimation", 2017). Steps that leave no
/// match are left out.
pub fn trimmed(first: f64, second: f64, matches: f64, steps: &[(f64, f64)]) -> Vec<Trimmed> {
    let of = |(removed, matched): &(f64, f64)| {
        let left = matches - matched;
        (left > 0.0 && first >= *removed).then(|| Trimmed {
            removed: *removed,
            population: (first - removed) * second / left,
        })
    };
    steps.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hepatitis_in_taiwan() {
        // Chao et al., Statistics in Medicine 20, 2001: lists P, Q, E.
        let n = Corrected([69.0, 55.0, 21.0, 63.0, 17.0, 18.0, 28.0]);
        let d = Diagnostics::of(&n);
        assert!((d.sample_coverage.expect("C") - 0.513).abs() < 5e-4);
        let (given_back, size) = d.within[2];
        assert!((given_back.expect("n") - 73.9).abs() < 0.05 && size == 126.0);
        assert!(d.cautions.contains(&Caution::ListsDepend {
            list: 2,
            ratio: 45.0 * 46.0 / 28.0 / 126.0
        }));
        assert!(
            d.cautions
                .iter()
                .any(|c| matches!(c, Caution::LowSampleCoverage { .. }))
        );
        assert!(
            d.cautions
                .iter()
                .any(|c| matches!(c, Caution::LowImpliedCoverage { .. }))
        );
    }

    #[test]
    fn empty_lists_and_trimming() {
        let d = Diagnostics::of(&Corrected([0.0; 7]));
        assert_eq!((d.sample_coverage, d.cautions.len()), (None, 0));
        // 100 false records without a match, then true ones at the matching rate of one half.
        let curve = trimmed(
            600.0,
            400.0,
            250.0,
            &[(0.0, 0.0), (100.0, 0.0), (200.0, 50.0), (600.0, 250.0)],
        );
        let found: Vec<f64> = curve.iter().map(|t| t.population).collect();
        assert_eq!(found, [960.0, 800.0, 800.0]);
    }
}
