//! The public domain of a release: which codes each dimension has, how they nest, and which tables
//! are made of them.
//!
//! It is stated and not read off the data: a code that stands in a table because somebody has it
//! tells of that person, and a count of zero is noised like every other.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// Cells of the whole lattice (every combination of levels) that are held at most.
pub const MOST_CELLS: usize = 4_000_000;

/// The code of a margin.
const TOTAL: &str = crate::schema::published::TOTAL;

/// One dimension: its codes level by level, `Total` first, the finest last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axis {
    name: String,
    codes: Vec<String>,
    /// The node above; 0 for the total itself.
    parent: Vec<usize>,
    /// Where each level begins, and the end.
    starts: Vec<usize>,
    /// A node that only stands for a code further down, where a branch is shorter than others.
    stand_in: Vec<bool>,
}

/// Why codes do not make a domain. Never with the codes themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadDomain {
    /// A dimension without codes.
    #[error("a dimension has no codes")]
    Empty,
    /// A code stands twice, or is `Total`, or is a margin of the hierarchy.
    #[error("a code stands twice, is a margin, or is `Total`")]
    Twice,
    /// A code stands above itself.
    #[error("a code stands above itself")]
    Cycle,
    /// Two dimensions have groups of unequal size.
    #[error("more than one dimension has a hierarchy with groups of unequal size")]
    TwoTrees,
    /// More cells than are held.
    #[error("the tables have more than {MOST_CELLS} cells with all their margins")]
    TooLarge,
    /// A table without dimensions or with an unknown one.
    #[error("a table names no dimension, or one that there is not")]
    NoTable,
}

impl Axis {
    /// A dimension of the finest codes, and of the codes above them.
    ///
    /// # Errors
    /// [`BadDomain`] where they do not nest.
    pub fn new(
        name: &str,
        leaves: &[String],
        above: &BTreeMap<String, String>,
    ) -> Result<Self, BadDomain> {
        if leaves.is_empty() {
            return Err(BadDomain::Empty);
        }
        let margins: BTreeSet<&String> = above.values().collect();
        let mut seen = BTreeSet::new();
        for leaf in leaves {
            if leaf == TOTAL || leaf.is_empty() || margins.contains(leaf) || !seen.insert(leaf) {
                return Err(BadDomain::Twice);
            }
        }
        let chains = leaves
            .iter()
            .map(|leaf| chain(leaf, above))
            .collect::<Result<Vec<_>, _>>()?;
        let depth = chains.iter().map(Vec::len).max().unwrap_or(1);
        let mut axis = Axis {
            name: name.to_owned(),
            codes: vec![TOTAL.to_owned()],
            parent: vec![0],
            starts: vec![0, 1],
            stand_in: vec![false],
        };
        // Each leaf's node on the level that was last made.
        let mut at = vec![0_usize; leaves.len()];
        for level in 0..depth {
            axis.add_level(&chains, level, depth, &mut at);
        }
        Ok(axis)
    }

    /// Nodes in the order of their parents, so that the children of one stand together.
    fn add_level(&mut self, chains: &[Vec<String>], level: usize, depth: usize, at: &mut [usize]) {
        let mut order: Vec<usize> = (0..chains.len()).collect();
        order.sort_by_key(|leaf| at[*leaf]);
        let mut known: BTreeMap<(usize, &str), usize> = BTreeMap::new();
        for leaf in order {
            let chain = &chains[leaf];
            let code = chain
                .get(level)
                .or(chain.last())
                .map_or(TOTAL, String::as_str);
            let own = level + 1 >= chain.len();
            let key = (at[leaf], code);
            let node = *known.entry(key).or_insert_with(|| {
                self.codes.push(code.to_owned());
                self.parent.push(key.0);
                self.stand_in.push(own && level + 1 < depth);
                self.codes.len() - 1
            });
            at[leaf] = node;
        }
        self.starts.push(self.codes.len());
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Levels, the total among them.
    pub fn levels(&self) -> usize {
        self.starts.len() - 1
    }

    /// Codes of all levels.
    pub fn nodes(&self) -> usize {
        self.codes.len()
    }

    /// The nodes of a level.
    pub fn level(&self, level: usize) -> std::ops::Range<usize> {
        self.starts[level]..self.starts[level + 1]
    }

    /// How many nodes a level has.
    pub fn size(&self, level: usize) -> usize {
        self.level(level).len()
    }

    /// The finest codes.
    pub fn leaves(&self) -> std::ops::Range<usize> {
        self.level(self.levels() - 1)
    }

    /// The node above.
    pub fn parent(&self, node: usize) -> usize {
        self.parent[node]
    }

    /// The code of a node.
    pub fn code(&self, node: usize) -> &str {
        &self.codes[node]
    }

    /// Does the node only stand for a code further down?
    pub fn stands_in(&self, node: usize) -> bool {
        self.stand_in[node]
    }

    /// Do all nodes of each level have as many leaves below them?
    pub fn is_even(&self) -> bool {
        let mut below = vec![0_usize; self.nodes()];
        for node in (0..self.nodes()).rev() {
            if self.leaves().contains(&node) {
                below[node] = 1;
            }
            if node > 0 {
                below[self.parent[node]] += below[node];
            }
        }
        (0..self.levels()).all(|l| {
            let mut sizes = self.level(l).map(|n| below[n]);
            let first = sizes.next();
            sizes.all(|s| Some(s) == first)
        })
    }
}

/// A leaf's codes from the top down, without the total.
fn chain(leaf: &str, above: &BTreeMap<String, String>) -> Result<Vec<String>, BadDomain> {
    let mut out = vec![leaf.to_owned()];
    let mut code = leaf;
    while let Some(up) = above.get(code).filter(|up| *up != TOTAL) {
        if out.len() > above.len() + 1 {
            return Err(BadDomain::Cycle);
        }
        out.push(up.clone());
        code = up;
    }
    out.reverse();
    Ok(out)
}

/// A table: for each dimension, the level at which it is shown; 0 is the total.
pub type Levels = Vec<usize>;

/// The dimensions and the tables of a release, each table with all its margins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domain {
    axes: Vec<Axis>,
    tables: Vec<Levels>,
}

impl Domain {
    /// A domain of dimensions and of tables, each by some of them.
    ///
    /// # Errors
    /// [`BadDomain`] where a table names none or an unknown dimension, or there are too many cells.
    pub fn new(axes: Vec<Axis>, tables: &[Vec<String>]) -> Result<Self, BadDomain> {
        let mut closed: BTreeSet<Levels> = BTreeSet::new();
        for table in tables {
            let mut made: Vec<Levels> = vec![Vec::new()];
            for axis in &axes {
                let top = if table.contains(&axis.name) {
                    axis.levels()
                } else {
                    1
                };
                made = made
                    .iter()
                    .flat_map(|l| (0..top).map(move |level| [l.as_slice(), &[level]].concat()))
                    .collect();
            }
            let known = |name: &String| axes.iter().any(|a| a.name == *name);
            if table.is_empty() || !table.iter().all(known) {
                return Err(BadDomain::NoTable);
            }
            closed.extend(made);
        }
        let cells = axes
            .iter()
            .try_fold(1_usize, |n, a| n.checked_mul(a.nodes()))
            .filter(|n| *n <= MOST_CELLS);
        if closed.is_empty() {
            return Err(BadDomain::NoTable);
        }
        if cells.is_none() {
            return Err(BadDomain::TooLarge);
        }
        if axes.iter().filter(|a| !a.is_even()).count() > 1 {
            return Err(BadDomain::TwoTrees);
        }
        Ok(Domain {
            axes,
            tables: closed.into_iter().collect(),
        })
    }

    /// The dimensions.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// The tables, each with all its margins, coarse before fine.
    pub fn tables(&self) -> &[Levels] {
        &self.tables
    }

    /// What a table is called: its dimensions, and the level where one has several.
    pub fn title(&self, table: &[usize]) -> String {
        let parts: Vec<String> = self
            .axes
            .iter()
            .zip(table)
            .filter(|(_, level)| **level > 0)
            .map(|(axis, level)| match axis.levels() {
                2 => axis.name.clone(),
                levels if level + 1 == levels => axis.name.clone(),
                _ => format!("{} (level {level})", axis.name),
            })
            .collect();
        if parts.is_empty() {
            TOTAL.to_owned()
        } else {
            parts.join(" × ")
        }
    }

    /// How many cells a table has.
    pub fn cells(&self, table: &[usize]) -> usize {
        let sizes = self.axes.iter().zip(table).map(|(a, l)| a.size(*l));
        sizes.product()
    }

    /// Cells of the lattice: every code of every dimension with every other.
    pub fn lattice(&self) -> usize {
        self.axes.iter().map(Axis::nodes).product()
    }

    /// Places of a table's cells in the lattice, in row-major order.
    pub fn places(&self, table: &[usize]) -> Vec<usize> {
        let mut out = vec![0];
        for (axis, level) in self.axes.iter().zip(table) {
            out = out
                .iter()
                .flat_map(|base| axis.level(*level).map(move |n| base * axis.nodes() + n))
                .collect();
        }
        out
    }

    /// The table of the finest cells: every dimension at its last level.
    pub fn finest(&self) -> Levels {
        self.axes.iter().map(|a| a.levels() - 1).collect()
    }

    /// The node of each dimension at a place of the lattice.
    pub fn nodes_at(&self, mut place: usize) -> Vec<usize> {
        let mut out = vec![0; self.axes.len()];
        for (slot, axis) in out.iter_mut().zip(&self.axes).rev() {
            *slot = place % axis.nodes();
            place /= axis.nodes();
        }
        out
    }

    /// Fills every margin of a lattice whose finest cells are filled and the rest 0.
    pub fn sum_up<T: Copy + AddAssign>(&self, lattice: &mut [T]) {
        self.along(lattice, false);
    }

    /// The transpose: adds to every finest cell what stands at all the margins that it is in.
    pub fn hand_down<T: Copy + AddAssign>(&self, lattice: &mut [T]) {
        self.along(lattice, true);
    }

    fn along<T: Copy + AddAssign>(&self, lattice: &mut [T], down: bool) {
        let mut stride = 1;
        for axis in self.axes.iter().rev() {
            let block = stride * axis.nodes();
            for part in lattice.chunks_exact_mut(block) {
                let mut step = |node: usize| {
                    let (before, from) = part.split_at_mut(node * stride);
                    let parent = axis.parent[node] * stride;
                    let above = &mut before[parent..parent + stride];
                    for (a, b) in above.iter_mut().zip(&mut from[..stride]) {
                        if down {
                            *b += *a;
                        } else {
                            *a += *b;
                        }
                    }
                };
                if down {
                    (1..axis.nodes()).for_each(&mut step);
                } else {
                    (1..axis.nodes()).rev().for_each(&mut step);
                }
            }
            stride = block;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| (*s).to_owned()).collect()
    }

    fn above(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(c, p)| ((*c).to_owned(), (*p).to_owned()))
            .collect()
    }

    #[test]
    fn branches_of_unequal_depth_are_filled_up() {
        let axis = Axis::new(
            "la",
            &texts(&["a", "w", "b"]),
            &above(&[("a", "N"), ("b", "N")]),
        )
        .expect("axis");
        let codes: Vec<&str> = (0..axis.nodes()).map(|n| axis.code(n)).collect();
        assert_eq!(codes, ["Total", "N", "w", "a", "b", "w"]);
        let stand_ins: Vec<bool> = (0..axis.nodes()).map(|n| axis.stands_in(n)).collect();
        assert_eq!(stand_ins, [false, false, true, false, false, false]);
        assert!(!axis.is_even());
        assert_eq!(axis.levels(), 3);
    }

    #[test]
    fn what_does_not_nest_is_refused() {
        let new = |leaves: &[&str], pairs: &[(&str, &str)]| {
            Axis::new("x", &texts(leaves), &above(pairs)).err()
        };
        assert_eq!(new(&[], &[]), Some(BadDomain::Empty));
        assert_eq!(new(&["a", "a"], &[]), Some(BadDomain::Twice));
        assert_eq!(new(&["a", "Total"], &[]), Some(BadDomain::Twice));
        assert_eq!(new(&["a", "b"], &[("a", "b")]), Some(BadDomain::Twice));
        let circle = [("a", "b"), ("b", "c"), ("c", "b")];
        assert_eq!(new(&["a"], &circle), Some(BadDomain::Cycle));
    }

    #[test]
    fn margins_are_sums_and_the_transpose_is_the_transpose() {
        let axes = vec![
            Axis::new(
                "la",
                &texts(&["a", "b", "c"]),
                &above(&[("a", "N"), ("b", "N"), ("c", "S")]),
            )
            .expect("axis"),
            Axis::new("sex", &texts(&["f", "m"]), &BTreeMap::new()).expect("axis"),
        ];
        let domain = Domain::new(axes, &[texts(&["la", "sex"])]).expect("domain");
        assert_eq!((domain.lattice(), domain.tables().len()), (18, 6));
        let leaves = domain.places(&domain.finest());
        let mut up = vec![0_i64; 18];
        for (i, place) in (1..).zip(&leaves) {
            up[*place] = i;
        }
        let x = up.clone();
        domain.sum_up(&mut up);
        assert_eq!(up[0], 21);
        assert_eq!(domain.title(&[1, 1]), "la (level 1) × sex");
        let north: Vec<i64> = domain.places(&[1, 0]).iter().map(|p| up[*p]).collect();
        assert_eq!(north, [10, 11]);
        // <Q x, y> = <x, Qᵀ y> for a y that differs at every cell.
        let y: Vec<i64> = (0..18).map(|i| i * i - 5).collect();
        let mut down = y.clone();
        domain.hand_down(&mut down);
        let left: i64 = up.iter().zip(&y).map(|(a, b)| a * b).sum();
        let right: i64 = leaves.iter().map(|p| x[*p] * down[*p]).sum();
        assert_eq!(left, right);
    }
}
