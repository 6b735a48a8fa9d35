//! The least squares of all measurements together: the estimate of every cell of every table that
//! is unbiased and has the least variance (Gauss–Markov), in one pass over the components.

use crate::protect::dp::domain::Domain;
use crate::protect::dp::measure::Measurements;
use crate::protect::dp::plan::{Component, Gains, Structure, number};

/// A component's estimates: for each node of the tree down to its depth, a row of its cells in the
/// other dimensions.
struct Solved<'a> {
    component: &'a Component,
    rows: Vec<f64>,
}

/// Unbiased estimates of every cell.
pub(super) struct Linear<'a> {
    domain: &'a Domain,
    tree: usize,
    solved: Vec<Solved<'a>>,
}

impl<'a> Linear<'a> {
    pub(super) fn new(measurements: &'a Measurements, structure: &'a Structure) -> Self {
        let plan = measurements.plan();
        let (domain, tau) = (plan.domain(), plan.precision());
        let tree = structure.tree;
        let tables: Vec<Option<Vec<f64>>> = measurements
            .counts()
            .iter()
            .zip(domain.tables())
            .map(|(counts, levels)| {
                let counts: Vec<f64> = counts.as_ref()?.iter().map(|n| signed(*n)).collect();
                Some(tree_first(domain, tree, levels, &counts))
            })
            .collect();
        let solved = structure
            .components
            .iter()
            .map(|c| solve(domain, tree, c, &tables, &tau))
            .collect();
        Linear {
            domain,
            tree,
            solved,
        }
    }

    /// Estimates of a table's cells, in row-major order.
    pub(super) fn table(&self, levels: &[usize]) -> Vec<f64> {
        let axis = &self.domain.axes()[self.tree];
        let nodes = axis.level(levels[self.tree]);
        let width = self.domain.cells(levels) / nodes.len();
        let mut out = vec![0.0; self.domain.cells(levels)];
        for solved in &self.solved {
            let of = &solved.component.levels;
            if !others(self.domain, self.tree).all(|d| levels[d] >= of[d]) {
                continue;
            }
            let spread: f64 = others(self.domain, self.tree)
                .map(|d| self.group(d, levels[d]))
                .product();
            let up = ancestors(self.domain, self.tree, levels, of);
            let own = self.cells(of);
            for (node, row) in nodes.clone().zip(out.chunks_exact_mut(width)) {
                let (node, part) = self.told(node, levels[self.tree], of[self.tree]);
                let from = &solved.rows[node * own..(node + 1) * own];
                for (x, at) in row.iter_mut().zip(&up) {
                    *x += spread * part * from[*at];
                }
            }
        }
        row_major(self.domain, self.tree, levels, &out)
    }

    /// The node of a component that tells of a node, and which part of it: where the component has
    /// not measured so fine a level, a node has the mean of its group.
    fn told(&self, mut node: usize, level: usize, depth: usize) -> (usize, f64) {
        let axis = &self.domain.axes()[self.tree];
        let mut part = 1.0;
        for above in (depth..level).rev() {
            let parent = axis.parent(node);
            let siblings = axis.level(above + 1).filter(|n| axis.parent(*n) == parent);
            part /= number(siblings.count());
            node = parent;
        }
        (node, part)
    }

    fn cells(&self, of: &[usize]) -> usize {
        others(self.domain, self.tree)
            .map(|d| self.domain.axes()[d].size(of[d]))
            .product()
    }

    /// Finest codes in a group of a level.
    fn group(&self, d: usize, level: usize) -> f64 {
        let axis = &self.domain.axes()[d];
        number(axis.leaves().len()) / number(axis.size(level))
    }
}

/// The dimensions but the tree.
fn others(domain: &Domain, tree: usize) -> impl Iterator<Item = usize> {
    (0..domain.axes().len()).filter(move |d| *d != tree)
}

/// A whole number as a real one; exact below 2⁵³.
pub(super) fn signed(n: i64) -> f64 {
    let size = crate::protect::exact::real(n.unsigned_abs());
    if n < 0 { -size } else { size }
}

fn solve<'a>(
    domain: &Domain,
    tree: usize,
    component: &'a Component,
    tables: &[Option<Vec<f64>>],
    tau: &[f64],
) -> Solved<'a> {
    let axis = &domain.axes()[tree];
    let of = &component.levels;
    let width: usize = others(domain, tree)
        .map(|d| domain.axes()[d].size(of[d]))
        .product();
    // How many finest cells one cell of the component is.
    let finest: f64 = others(domain, tree)
        .map(|d| number(domain.axes()[d].leaves().len()) / number(domain.axes()[d].size(of[d])))
        .product();
    let depth = component.depth(tree);
    let mut rows = vec![0.0; axis.level(depth).end * width];
    for part in &component.parts {
        let Some(table) = &tables[part.table] else {
            continue;
        };
        let levels = &domain.tables()[part.table];
        let up = ancestors(domain, tree, levels, of);
        let weight = tau[part.table] * part.spread / finest;
        for (node, cells) in axis.level(part.level).zip(table.chunks_exact(up.len())) {
            let row = &mut rows[node * width..(node + 1) * width];
            for (x, at) in cells.iter().zip(&up) {
                row[*at] += weight * x;
            }
        }
    }
    center(domain, tree, of, &mut rows);
    if let Some(gains) = Gains::new(axis, &component.precisions(tree, tau)) {
        gains.solve(axis, &mut rows, width);
    }
    Solved { component, rows }
}

/// Takes from every cell the mean of its group on the level above, dimension by dimension.
fn center(domain: &Domain, tree: usize, of: &[usize], rows: &mut [f64]) {
    let dimensions: Vec<usize> = others(domain, tree).collect();
    let mut stride = 1;
    for d in dimensions.into_iter().rev() {
        let axis = &domain.axes()[d];
        let size = axis.size(of[d]);
        if of[d] > 0 {
            let above = axis.level(of[d] - 1);
            let each = number(size) / number(above.len());
            let mut means = vec![0.0; above.len() * stride];
            for block in rows.chunks_exact_mut(size * stride) {
                means.iter_mut().for_each(|m| *m = 0.0);
                for (node, cells) in axis.level(of[d]).zip(block.chunks_exact(stride)) {
                    let at = (axis.parent(node) - above.start) * stride;
                    for (m, x) in means[at..].iter_mut().zip(cells) {
                        *m += x / each;
                    }
                }
                for (node, cells) in axis.level(of[d]).zip(block.chunks_exact_mut(stride)) {
                    let at = (axis.parent(node) - above.start) * stride;
                    for (m, x) in means[at..].iter().zip(cells) {
                        *x -= m;
                    }
                }
            }
        }
        stride *= size;
    }
}

/// For each cell of a table in the other dimensions, the cell of a coarser component that it is in.
fn ancestors(domain: &Domain, tree: usize, levels: &[usize], of: &[usize]) -> Vec<usize> {
    let mut out = vec![0];
    for d in others(domain, tree) {
        let axis = &domain.axes()[d];
        let first = axis.level(of[d]).start;
        let size = axis.size(of[d]);
        let up: Vec<usize> = axis
            .level(levels[d])
            .map(|mut node| {
                for _ in of[d]..levels[d] {
                    node = axis.parent(node);
                }
                node - first
            })
            .collect();
        out = out
            .iter()
            .flat_map(|base| up.iter().map(move |u| base * size + u))
            .collect();
    }
    out
}

/// Sizes of a table before, in, and after the tree.
fn sizes(domain: &Domain, tree: usize, levels: &[usize]) -> (usize, usize, usize) {
    let size = |d: usize| domain.axes()[d].size(levels[d]);
    (
        (0..tree).map(size).product(),
        size(tree),
        (tree + 1..levels.len()).map(size).product(),
    )
}

/// The cells with the tree as the first dimension.
fn tree_first(domain: &Domain, tree: usize, levels: &[usize], cells: &[f64]) -> Vec<f64> {
    let (before, of, after) = sizes(domain, tree, levels);
    let mut out = Vec::with_capacity(cells.len());
    for node in 0..of {
        for b in 0..before {
            let at = (b * of + node) * after;
            out.extend_from_slice(&cells[at..at + after]);
        }
    }
    out
}

/// The way back.
fn row_major(domain: &Domain, tree: usize, levels: &[usize], cells: &[f64]) -> Vec<f64> {
    let (before, of, after) = sizes(domain, tree, levels);
    let mut out = Vec::with_capacity(cells.len());
    for b in 0..before {
        for node in 0..of {
            let at = (node * before + b) * after;
            out.extend_from_slice(&cells[at..at + after]);
        }
    }
    out
}
