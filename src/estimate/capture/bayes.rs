//! The exact posterior of the number of people over all decomposable graphs of dependence.
//!
//! Madigan and York 1997, "Bayesian methods for estimation of the size of a closed population",
//! Biometrika 84, 19–31. A graph joins lists that depend on each other; its cell probabilities have
//! the hyper-Dirichlet prior with the same weight in every cell, all weights summing to one; graphs are equally
//! probable beforehand, and a total of `N` has prior weight `1/N`. The likelihood of a graph is then a product of
//! ratios of gamma functions over the elimination order of its lists.

use serde::Serialize;
use statrs::function::gamma::ln_gamma;

use super::table::{Table, real};

/// Most lists: six have 18,154 graphs, and a prior that says less than their number.
pub const MOST_LISTS: usize = 5;

/// As many likelihoods as are computed for single numbers unseen; above it numbers are taken in steps.
const WORK: u64 = 8_000_000;

/// From here on, numbers are then taken in steps of this fraction of themselves, each for as many as
/// it stands for: the mean moves by less than one in a hundred thousand.
const EVERY: u64 = 5_000;

/// The posterior.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Posterior {
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation.
    pub sd: f64,
    /// Its median.
    pub median: f64,
    /// The 2.5 per cent point.
    pub lower: f64,
    /// The 97.5 per cent point.
    pub upper: f64,
    /// The most probable number.
    pub mode: f64,
    /// Most people unseen for each one seen that were considered.
    pub farthest: u32,
    /// The probability of the last tenth of that range: large if the range cuts the posterior off.
    pub at_the_end: f64,
    /// The probability of each graph, the largest first, with the pairs of lists that it joins.
    pub graphs: Vec<(f64, Vec<usize>)>,
}

/// A decomposable graph as the sets that its likelihood is made of: those that multiply, those that
/// divide. The empty set is left out of both: its factor is common to all graphs.
struct Graph {
    edges: Vec<usize>,
    sets: Vec<(usize, f64)>,
}

/// The posterior with up to `farthest` people unseen for each one seen; `None` for more than
/// [`MOST_LISTS`] lists.
pub fn posterior(table: &Table, farthest: u32) -> Option<Posterior> {
    if table.order() > MOST_LISTS {
        return None;
    }
    let graphs = decomposable(table.order());
    let margins = Margins::of(table);
    let last = table.observed().saturating_mul(u64::from(farthest));
    let graphs_there = u64::try_from(graphs.len()).unwrap_or(u64::MAX);
    let all = last.saturating_mul(graphs_there) <= WORK;
    let steps = grid(last, if all { u64::MAX } else { EVERY });
    // A coarse pass for the size of the logarithms, so that nothing overflows and nothing is stored.
    let mut largest = f64::NEG_INFINITY;
    for (unseen, _) in steps.iter().step_by(20) {
        let sets = margins.at(*unseen);
        let here = graphs.iter().map(|g| g.log_likelihood(&sets));
        largest = here.fold(largest, f64::max);
    }
    let mut of_graph = vec![0.0; graphs.len()];
    let mut of_total = Vec::with_capacity(steps.len());
    for (unseen, stands_for) in &steps {
        let sets = margins.at(*unseen);
        let mut here = 0.0;
        for (graph, sum) in graphs.iter().zip(&mut of_graph) {
            let weight = (graph.log_likelihood(&sets) - largest).exp();
            *sum += weight * stands_for;
            here += weight;
        }
        of_total.push((real(table.observed() + unseen), here, *stands_for));
    }
    Some(summary(&graphs, &of_graph, &of_total, farthest))
}

fn summary(
    graphs: &[Graph],
    of_graph: &[f64],
    of_total: &[(f64, f64, f64)],
    farthest: u32,
) -> Posterior {
    let sum: f64 = of_graph.iter().sum();
    let mean = of_total.iter().map(|(n, p, k)| n * p * k).sum::<f64>() / sum;
    let square = |(n, p, k): &(f64, f64, f64)| (n - mean).powi(2) * p * k;
    let sd = (of_total.iter().map(square).sum::<f64>() / sum).sqrt();
    let point = |share: f64| {
        let mut so_far = 0.0;
        for (n, p, k) in of_total {
            so_far += p * k;
            if so_far >= share * sum {
                return *n;
            }
        }
        of_total.last().map_or(0.0, |(n, _, _)| *n)
    };
    let mode = of_total
        .iter()
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.total_cmp(&a.0)));
    let last = of_total.last().map_or(0.0, |(n, _, _)| *n);
    let first = of_total.first().map_or(0.0, |(n, _, _)| *n);
    let end = of_total
        .iter()
        .filter(|(n, _, _)| *n > last - 0.1 * (last - first));
    let mut by_graph: Vec<(f64, Vec<usize>)> = of_graph
        .iter()
        .zip(graphs)
        .map(|(p, g)| (p / sum, g.edges.clone()))
        .collect();
    by_graph.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    Posterior {
        mean,
        sd,
        median: point(0.5),
        lower: point(0.025),
        upper: point(0.975),
        mode: mode.map_or(0.0, |(n, _, _)| *n),
        farthest,
        at_the_end: end.map(|(_, p, k)| p * k).sum::<f64>() / sum,
        graphs: by_graph,
    }
}

/// The numbers unseen that are looked at, and how many each stands for.
fn grid(last: u64, every: u64) -> Vec<(u64, f64)> {
    let mut out = Vec::new();
    let mut unseen = 1_u64;
    while unseen <= last.max(1) {
        let step = (unseen / every).max(1);
        out.push((unseen + (step - 1) / 2, real(step)));
        unseen += step;
    }
    out
}

/// What the likelihood needs of the table: for each set of lists the part that does not change with
/// the number unseen, and the people on none of the set.
struct Margins {
    fixed: Vec<f64>,
    on_none: Vec<f64>,
    weight: Vec<f64>,
    observed: f64,
}

impl Margins {
    fn of(table: &Table) -> Self {
        let lists = table.order();
        let mut margins = Margins {
            fixed: Vec::new(),
            on_none: Vec::new(),
            weight: Vec::new(),
            observed: real(table.observed()),
        };
        for set in 0..1_usize << lists {
            let mut cells = vec![0.0; 1 << lists];
            for (h, n) in table.cells() {
                cells[h & set] += real(n);
            }
            let parts = (0..1_usize << lists).filter(|c| c & !set == 0);
            let weight = 1.0 / f64::from(1_u32 << set.count_ones());
            let seen = parts.filter(|c| *c != 0);
            let gammas = seen.map(|c| ln_gamma(cells[c] + weight) - ln_gamma(weight));
            margins.fixed.push(gammas.sum::<f64>() - ln_gamma(weight));
            margins.on_none.push(cells[0]);
            margins.weight.push(weight);
        }
        margins
    }

    /// The logarithm of the marginal likelihood of every set of lists. The first, of the empty set,
    /// holds what is common to all graphs: the ways to choose who is unseen, and the prior of the
    /// total.
    fn at(&self, unseen: u64) -> Vec<f64> {
        let unseen = real(unseen);
        let total = self.observed + unseen;
        let of_total = ln_gamma(total + 1.0);
        let mut out: Vec<f64> = (0..self.fixed.len())
            .map(|s| self.fixed[s] + ln_gamma(self.on_none[s] + unseen + self.weight[s]) - of_total)
            .collect();
        out[0] = of_total - ln_gamma(unseen + 1.0) - total.ln();
        out
    }
}

impl Graph {
    fn log_likelihood(&self, sets: &[f64]) -> f64 {
        self.sets
            .iter()
            .map(|(set, sign)| sign * sets[*set])
            .sum::<f64>()
            + sets[0]
    }

    /// By removing one list after the other whose neighbours all know each other; `None` if at some
    /// point there is none, for then the graph is not decomposable.
    fn of(lists: usize, edges: Vec<usize>) -> Option<Self> {
        let joined = |i: usize, j: usize| edges.contains(&(1 << i | 1 << j));
        let mut left: Vec<usize> = (0..lists).collect();
        let mut signs = vec![0.0; 1 << lists];
        while !left.is_empty() {
            let neighbours = |i: usize| -> Vec<usize> {
                let others = left.iter().copied();
                others.filter(|j| *j != i && joined(i, *j)).collect()
            };
            let simple = |i: &usize| {
                let n = neighbours(*i);
                n.iter().all(|a| n.iter().all(|b| a == b || joined(*a, *b)))
            };
            let next = left.iter().copied().find(simple)?;
            let rest = neighbours(next).iter().fold(0_usize, |set, j| set | 1 << j);
            signs[rest | 1 << next] += 1.0;
            signs[rest] -= 1.0;
            left.retain(|i| *i != next);
        }
        // The empty set's own factor is gamma(1) / gamma(1 + N) over itself: nothing.
        signs[0] = 0.0;
        let sets = signs.into_iter().enumerate().filter(|(_, s)| *s != 0.0);
        Some(Graph {
            sets: sets.collect(),
            edges,
        })
    }
}

/// Every decomposable graph: 2, 8, 61 and 822 for two to five lists.
fn decomposable(lists: usize) -> Vec<Graph> {
    let mut pairs: Vec<usize> = (0..1_usize << lists)
        .filter(|s| s.count_ones() == 2)
        .collect();
    pairs.sort_unstable();
    (0..1_usize << pairs.len())
        .filter_map(|choice| {
            let there = pairs
                .iter()
                .enumerate()
                .filter(|(i, _)| choice >> i & 1 == 1);
            Graph::of(lists, there.map(|(_, p)| *p).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_graphs_as_are_chordal() {
        for (lists, graphs) in [(2, 2), (3, 8), (4, 61), (5, 822)] {
            assert_eq!(decomposable(lists).len(), graphs);
        }
    }
}
