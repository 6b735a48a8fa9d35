//! The best shares of the budget.
//!
//! With τ_A the precision of a cell of table A, the sum of variances f(τ) is convex and falls as
//! 1/τ. Under zCDP the budget is Σ τ_A, since a unit is in one cell of each table. The
//! multiplicative update τ_A ← τ_A √(−∂f/∂τ_A), scaled to the budget, lowers f in every step
//! (Silvey, Titterington, Torsney, "An Algorithm for Optimal Designs on a Finite Design Space",
//! 1978); since f(τ) ≥ f(best) ≥ 2 f(τ) − budget · max_A(−∂f/∂τ_A) it is known how far it is from
//! the best. Under pure privacy the budget is Σ ε_A with τ_A ∝ ε_A², which is not convex: the
//! best of several starts is taken.

use super::structure::{Structure, number};
use super::tree::Gains;
use crate::protect::dp::accounting::Definition;
use crate::protect::dp::domain::{Axis, Domain};

/// What shall be small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// The sum of the variances of all cells: fine tables, which have most cells, matter most.
    #[default]
    Total,
    /// The mean over tables of their mean variance: a coarse table counts as much as a fine one.
    Mean,
    /// The greatest variance of a cell.
    Worst,
}

/// Steps of the update at most.
const STEPS: usize = 4000;

/// The update ends when f is within this part of the best.
const GAP: f64 = 2e-4;

/// Powers of the norm by which the greatest variance is approached.
const POWERS: [i32; 6] = [2, 4, 8, 16, 32, 64];

/// Shares of the budget by table, which add up to 1.
pub(super) fn shares(
    domain: &Domain,
    structure: &Structure,
    goal: Goal,
    definition: Definition,
) -> Vec<f64> {
    let search = Search { domain, structure };
    let tables = domain.tables();
    let weight = |t: &Vec<usize>| match goal {
        Goal::Total => 1.0,
        Goal::Mean | Goal::Worst => 1.0 / number(domain.cells(t)),
    };
    let weights: Vec<f64> = tables.iter().map(weight).collect();
    let equal = vec![1.0 / number(tables.len()); tables.len()];
    let starts: Vec<Vec<f64>> = match definition {
        Definition::Zcdp => vec![equal],
        Definition::Pure => {
            let by_cells = |power: f64| {
                let raw = tables.iter().map(|t| number(domain.cells(t)).powf(power));
                scaled(raw.collect())
            };
            vec![equal, by_cells(1.0), by_cells(0.33), by_cells(-0.33)]
        }
    };
    let mut best: Option<(f64, Vec<f64>)> = None;
    for start in starts {
        let found = match goal {
            Goal::Worst => search.least_worst(start, definition),
            _ => search.least_sum(start, &weights, definition),
        };
        let tau = precision(&found, definition);
        let value = match goal {
            Goal::Worst => search.worst(&tau).into_iter().fold(0.0, f64::max),
            _ => search.sum(&tau, &weights),
        };
        if best.as_ref().is_none_or(|(least, _)| value < *least) {
            best = Some((value, found));
        }
    }
    best.map_or_else(Vec::new, |(_, shares)| shares)
}

/// Precision of each table for shares of a budget of 1, up to a factor.
fn precision(shares: &[f64], definition: Definition) -> Vec<f64> {
    match definition {
        Definition::Zcdp => shares.to_vec(),
        Definition::Pure => shares.iter().map(|s| s * s).collect(),
    }
}

fn scaled(mut shares: Vec<f64>) -> Vec<f64> {
    let sum: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|s| *s /= sum);
    shares
}

struct Search<'a> {
    domain: &'a Domain,
    structure: &'a Structure,
}

impl Search<'_> {
    fn axis(&self) -> &Axis {
        &self.domain.axes()[self.structure.tree]
    }

    fn least_sum(&self, mut shares: Vec<f64>, weights: &[f64], definition: Definition) -> Vec<f64> {
        for _ in 0..STEPS {
            let tau = precision(&shares, definition);
            let (value, slope) = self.slope(&tau, weights);
            let (power, slope) = by_share(&shares, slope, definition);
            let greatest = slope.iter().copied().fold(0.0, f64::max);
            let told: f64 = shares.iter().zip(&slope).map(|(s, g)| s * g).sum();
            if greatest - told <= GAP * value {
                break;
            }
            let next = shares.iter().zip(&slope).map(|(s, g)| s * g.powf(power));
            shares = scaled(next.collect());
        }
        shares
    }

    /// Approaches the greatest variance by norms of rising power.
    fn least_worst(&self, mut shares: Vec<f64>, definition: Definition) -> Vec<f64> {
        let mut best = (f64::INFINITY, shares.clone());
        for power in POWERS {
            for _ in 0..STEPS / 40 {
                let tau = precision(&shares, definition);
                let worst = self.worst(&tau);
                let greatest = worst.iter().copied().fold(0.0, f64::max);
                if greatest < best.0 {
                    best = (greatest, shares.clone());
                }
                let weights: Vec<f64> = worst
                    .iter()
                    .zip(self.domain.tables())
                    .map(|(v, t)| (v / greatest).powi(power - 1) / number(self.domain.cells(t)))
                    .collect();
                let (_, slope) = self.slope(&tau, &weights);
                let (_, slope) = by_share(&shares, slope, definition);
                let step = 1.0 / f64::from(power + 1);
                let next = shares.iter().zip(&slope).map(|(s, g)| s * g.powf(step));
                shares = scaled(next.collect());
            }
        }
        best.1
    }

    /// The weighted sum of the variances of all cells; infinite where something is not measured.
    fn sum(&self, tau: &[f64], weights: &[f64]) -> f64 {
        let tree = self.structure.tree;
        let each = self.structure.components.iter().map(|component| {
            let wanted = component_weights(component, tree, weights);
            self.component_sum(&component.precisions(tree, tau), &wanted)
        });
        each.sum()
    }

    fn component_sum(&self, precision: &[f64], wanted: &[f64]) -> f64 {
        let Some(gains) = Gains::new(self.axis(), precision) else {
            return f64::INFINITY;
        };
        let levels = wanted.iter().enumerate();
        levels.map(|(l, w)| w * gains.sum(self.axis(), l)).sum()
    }

    /// The weighted sum and how much it falls with the precision of each table. The slope along a
    /// level of the tree is a difference over a millionth, with an error of about as much.
    fn slope(&self, tau: &[f64], weights: &[f64]) -> (f64, Vec<f64>) {
        let tree = self.structure.tree;
        let (mut value, mut slope) = (0.0, vec![0.0; tau.len()]);
        for component in &self.structure.components {
            let wanted = component_weights(component, tree, weights);
            let mut precision = component.precisions(tree, tau);
            let here = self.component_sum(&precision, &wanted);
            let most = precision.iter().copied().fold(0.0, f64::max);
            let falls: Vec<f64> = (0..precision.len())
                .map(|level| {
                    let (step, before) = (most * 1e-6, precision[level]);
                    precision[level] += step;
                    let after = self.component_sum(&precision, &wanted);
                    precision[level] = before;
                    ((here - after) / step).max(0.0)
                })
                .collect();
            value += here;
            for part in &component.parts {
                slope[part.table] += falls[part.level] * part.spread;
            }
        }
        (value, slope)
    }

    /// The greatest variance of a cell of each table.
    fn worst(&self, tau: &[f64]) -> Vec<f64> {
        let variances = Variances::new(self.domain, self.structure, tau);
        (0..tau.len()).map(|t| variances.greatest(t)).collect()
    }
}

/// What each level of the tree weighs in a component.
fn component_weights(component: &super::Component, tree: usize, weights: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; component.depth(tree) + 1];
    for part in &component.parts {
        out[part.level] += weights[part.table] * part.spread * part.rank;
    }
    out
}

/// The slope by shares, and the power of the update: the fixed point is where all slopes are equal.
fn by_share(shares: &[f64], slope: Vec<f64>, definition: Definition) -> (f64, Vec<f64>) {
    match definition {
        Definition::Zcdp => (0.5, slope),
        Definition::Pure => {
            let by = shares.iter().zip(slope).map(|(s, g)| 2.0 * s * g);
            (1.0 / 3.0, by.collect())
        }
    }
}

/// Variances of all cells before the step to counts that are not negative.
pub(crate) struct Variances<'a> {
    domain: &'a Domain,
    tree: usize,
    /// By table, by node of the tree at the table's level.
    by_node: Vec<Vec<f64>>,
}

impl<'a> Variances<'a> {
    /// For the precision of a cell of each table.
    pub fn new(domain: &'a Domain, structure: &Structure, tau: &[f64]) -> Self {
        let tree = structure.tree;
        let axis = &domain.axes()[tree];
        let mut by_node: Vec<Vec<f64>> = domain
            .tables()
            .iter()
            .map(|t| vec![0.0; axis.size(t[tree])])
            .collect();
        for component in &structure.components {
            let gains = Gains::new(axis, &component.precisions(tree, tau));
            for part in &component.parts {
                let nodes = axis.level(part.level);
                for (out, node) in by_node[part.table].iter_mut().zip(nodes) {
                    *out += gains
                        .as_ref()
                        .map_or(f64::INFINITY, |g| part.share * g.variance[node]);
                }
            }
        }
        Variances {
            domain,
            tree,
            by_node,
        }
    }

    /// Of each cell of a table, in row-major order.
    pub fn of(&self, table: usize) -> Vec<f64> {
        let levels = &self.domain.tables()[table];
        let sizes = |range: std::ops::Range<usize>| -> usize {
            range
                .map(|d| self.domain.axes()[d].size(levels[d]))
                .product()
        };
        let (before, after) = (sizes(0..self.tree), sizes(self.tree + 1..levels.len()));
        let one: Vec<f64> = self.by_node[table]
            .iter()
            .flat_map(|v| std::iter::repeat_n(*v, after))
            .collect();
        one.repeat(before)
    }

    /// The greatest of a table.
    pub fn greatest(&self, table: usize) -> f64 {
        self.by_node[table].iter().copied().fold(0.0, f64::max)
    }

    /// The mean over the cells of a table.
    pub fn mean(&self, table: usize) -> f64 {
        let of = &self.by_node[table];
        of.iter().sum::<f64>() / number(of.len())
    }
}

#[cfg(test)]
mod tests;
