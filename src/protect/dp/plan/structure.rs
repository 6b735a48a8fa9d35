//! What a table tells of which part of the counts.
//!
//! In a dimension whose groups are all of one size (every dimension without a hierarchy is such),
//! let P_j average over the groups of level j and E_j = P_j − P_{j−1}. A table at level ℓ tells of
//! E_0 … E_ℓ and of nothing else, and what it tells of E_j is the same for all j ≤ ℓ. So the least
//! squares over all tables fall apart into **components**, one for each choice of j in each such
//! dimension (Xiao, He, Zhang, Kifer, "An Optimal and Scalable Matrix Mechanism for Noisy Marginals
//! under Convex Loss Functions", NeurIPS 2023, for dimensions without levels). The one dimension
//! whose groups may differ in size, the **tree**, is solved within each component.

use crate::protect::dp::domain::Domain;
use crate::protect::exact::real;

/// A number of cells as a real number.
pub(crate) fn number(n: usize) -> f64 {
    real(u64::try_from(n).unwrap_or(u64::MAX))
}

/// The dimensions and components of a domain.
#[derive(Debug, Clone)]
pub(crate) struct Structure {
    /// The place of the tree among the dimensions.
    pub tree: usize,
    pub components: Vec<Component>,
}

/// One component.
#[derive(Debug, Clone)]
pub(crate) struct Component {
    /// j of each dimension; of the tree, the finest level that is measured.
    pub levels: Vec<usize>,
    /// The tables that tell of it.
    pub parts: Vec<Part>,
}

/// What one table tells of a component.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// Its place among the tables.
    pub table: usize,
    /// Its level of the tree.
    pub level: usize,
    /// Finest cells (without the tree) in one cell of it: its precision in the component is so
    /// many times that of its cells.
    pub spread: f64,
    /// The rank of the component in these dimensions.
    pub rank: f64,
    /// Variance of a cell of it, for a variance of 1 in the component.
    pub share: f64,
}

impl Structure {
    pub fn new(domain: &Domain) -> Self {
        let axes = domain.axes();
        let uneven = axes.iter().position(|a| !a.is_even());
        let longest = (0..axes.len()).max_by_key(|a| axes[*a].nodes());
        let tree = uneven.or(longest).unwrap_or(0);
        let mut choices: Vec<Vec<usize>> = vec![Vec::new()];
        for (d, axis) in axes.iter().enumerate() {
            let top = if d == tree { 1 } else { axis.levels() };
            choices = choices
                .iter()
                .flat_map(|c| (0..top).map(move |j| [c.as_slice(), &[j]].concat()))
                .collect();
        }
        let components = choices
            .into_iter()
            .filter_map(|levels| Component::new(domain, tree, levels))
            .collect();
        Structure { tree, components }
    }
}

impl Component {
    /// None where no table tells of it, or where a level has no more codes than the one above, so
    /// that there is nothing to tell.
    fn new(domain: &Domain, tree: usize, mut levels: Vec<usize>) -> Option<Self> {
        let mut parts = Vec::new();
        for (t, table) in domain.tables().iter().enumerate() {
            let others = || (0..table.len()).filter(|d| *d != tree);
            if others().any(|d| table[d] < levels[d]) {
                continue;
            }
            let (mut spread, mut rank, mut share) = (1.0, 1.0, 1.0);
            for d in others() {
                let axis = &domain.axes()[d];
                let group = number(axis.leaves().len()) / number(axis.size(table[d]));
                let own = axis.size(levels[d]);
                let above = levels[d].checked_sub(1).map_or(0, |j| axis.size(j));
                spread *= group;
                rank *= number(own - above);
                share *= group * group * number(own - above) / number(axis.leaves().len());
            }
            parts.push(Part {
                table: t,
                level: table[tree],
                spread,
                rank,
                share,
            });
        }
        if parts.iter().any(|p| p.rank <= 0.0) {
            return None;
        }
        levels[tree] = parts.iter().map(|p| p.level).max()?;
        Some(Component { levels, parts })
    }

    /// The finest level of the tree that is measured in this component.
    pub fn depth(&self, tree: usize) -> usize {
        self.levels[tree]
    }

    /// Precision of each level of the tree, from the precision of a cell of each table.
    pub fn precisions(&self, tree: usize, tau: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.depth(tree) + 1];
        for part in &self.parts {
            out[part.level] += tau[part.table] * part.spread;
        }
        out
    }
}
