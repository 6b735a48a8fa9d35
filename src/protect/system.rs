//! The relation system: every cell of every linked table once, with its true count, and every
//! sum that holds between cells.
//!
//! Tables that share cells meet here. Protection and audit work on the whole system, never table
//! by table: what one table hides another would show.

use hashbrown::{HashMap, HashSet};

use super::hierarchy::Hierarchy;

/// `total = Σ parts`, as indices of cells.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Relation {
    pub total: u32,
    pub parts: Vec<u32>,
}

/// One table before it joins a system: hierarchies over named variables, and its inner cells.
#[derive(Debug, Clone)]
pub(crate) struct Cube {
    /// The variable of each dimension; linked tables share variables.
    pub variables: Vec<String>,
    pub hierarchies: Vec<Hierarchy>,
    /// For each inner cell, the position of its leaf in each dimension, and its count.
    pub inner: Vec<(Vec<usize>, u64)>,
}

/// Cells and relations.
#[derive(Debug, Default)]
pub(crate) struct System {
    variables: Vec<String>,
    codes: Vec<HashMap<String, u32>>,
    index: HashMap<Box<[u32]>, u32>,
    keys: Vec<Box<[u32]>>,
    seen: HashSet<Relation>,
    /// True count of each cell.
    pub value: Vec<u64>,
    /// The sums, each once.
    pub relations: Vec<Relation>,
}

/// Why a table cannot join a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotJoin {
    /// A cell that it shares with a table before has another count there.
    #[error("a cell that two tables share has two counts")]
    Disagrees,
    /// Too many cells to hold.
    #[error("the table has more than {MOST_CELLS} cells")]
    TooLarge,
}

/// More cells than this in one table are refused.
pub(crate) const MOST_CELLS: usize = 20_000_000;

/// The place of a cell in lists of all cells.
pub(crate) fn place(cell: u32) -> usize {
    usize::try_from(cell).unwrap_or(usize::MAX)
}

impl Cube {
    fn sizes(&self) -> Vec<usize> {
        self.hierarchies.iter().map(|h| h.codes.len()).collect()
    }

    /// Number of cells with all margins.
    pub fn cells(&self) -> Option<usize> {
        self.sizes()
            .iter()
            .try_fold(1_usize, |n, s| n.checked_mul(*s))
            .filter(|n| *n <= MOST_CELLS)
    }

    /// The code indices of a cell, by its position in row-major order.
    pub fn position(&self, mut cell: usize) -> Vec<usize> {
        let mut out = vec![0; self.hierarchies.len()];
        for (slot, h) in out.iter_mut().zip(&self.hierarchies).rev() {
            *slot = cell % h.codes.len();
            cell /= h.codes.len();
        }
        out
    }

    pub fn strides(&self) -> Vec<usize> {
        let mut strides = vec![1; self.hierarchies.len()];
        for d in (1..self.hierarchies.len()).rev() {
            strides[d - 1] = strides[d] * self.hierarchies[d].codes.len();
        }
        strides
    }

    /// The counts of all cells, margins included, in row-major order.
    pub fn totals(&self, cells: usize) -> Vec<u64> {
        let mut totals = vec![0_u64; cells];
        for (leaves, count) in &self.inner {
            for cell in self.above(leaves) {
                totals[cell] += count;
            }
        }
        totals
    }

    /// The cells that an inner cell is part of, itself included, by their place in row-major order.
    pub fn above(&self, leaves: &[usize]) -> Vec<usize> {
        let mut at = vec![0];
        for ((leaf, h), stride) in leaves.iter().zip(&self.hierarchies).zip(self.strides()) {
            let mut next = Vec::with_capacity(at.len() * h.above[*leaf].len());
            for base in &at {
                next.extend(h.above[*leaf].iter().map(|code| base + code * stride));
            }
            at = next;
        }
        at
    }
}

impl System {
    /// A system with nothing in it.
    pub fn new() -> Self {
        System::default()
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.value.len()
    }

    /// How many dimensions of a cell are not at their total: 0 for the grand total.
    pub fn depth(&self, cell: u32) -> usize {
        self.keys[place(cell)].iter().filter(|c| **c != 0).count()
    }

    /// The codes of a cell, one a variable; 0 is the total.
    pub fn key(&self, cell: u32) -> &[u32] {
        &self.keys[place(cell)]
    }

    /// The cell with these codes.
    pub fn find(&self, codes: &[u32]) -> Option<u32> {
        self.index.get(codes).copied()
    }

    /// Number of variables.
    pub fn width(&self) -> usize {
        self.variables.len()
    }

    /// Number of codes of a variable, its total included.
    pub fn codes_of(&self, variable: usize) -> usize {
        self.codes[variable].len()
    }

    /// Adds a table with all its margins; gives the system's cell for each of the table's cells
    /// in row-major order. Nothing is changed when it cannot join.
    pub fn join(&mut self, cube: &Cube) -> Result<Vec<u32>, CannotJoin> {
        let cells = cube.cells().ok_or(CannotJoin::TooLarge)?;
        let totals = cube.totals(cells);
        let columns: Vec<usize> = cube.variables.iter().map(|v| self.column(v)).collect();
        let codes: Vec<Vec<u32>> = columns
            .iter()
            .zip(&cube.hierarchies)
            .map(|(column, h)| h.codes.iter().map(|c| self.code(*column, c)).collect())
            .collect();
        let keys: Vec<Box<[u32]>> = (0..cells)
            .map(|cell| {
                let mut key = vec![0_u32; self.variables.len()];
                for (d, code) in cube.position(cell).into_iter().enumerate() {
                    key[columns[d]] = codes[d][code];
                }
                key.into_boxed_slice()
            })
            .collect();
        for (key, total) in keys.iter().zip(&totals) {
            if let Some(known) = self.index.get(key)
                && self.value[place(*known)] != *total
            {
                return Err(CannotJoin::Disagrees);
            }
        }
        let mut ids = Vec::with_capacity(cells);
        for (key, total) in keys.into_iter().zip(totals) {
            let fresh = u32::try_from(self.value.len()).map_err(|_| CannotJoin::TooLarge)?;
            let id = *self.index.entry(key.clone()).or_insert(fresh);
            if id == fresh {
                self.keys.push(key);
                self.value.push(total);
            }
            ids.push(id);
        }
        self.relate(cube, &ids);
        Ok(ids)
    }

    fn relate(&mut self, cube: &Cube, ids: &[u32]) {
        let strides = cube.strides();
        for cell in 0..ids.len() {
            let position = cube.position(cell);
            for (d, h) in cube.hierarchies.iter().enumerate() {
                for group in h.groups.iter().filter(|g| g.total == position[d]) {
                    let base = cell - position[d] * strides[d];
                    let mut parts: Vec<u32> = group
                        .parts
                        .iter()
                        .map(|p| ids[base + p * strides[d]])
                        .collect();
                    parts.sort_unstable();
                    let relation = Relation {
                        total: ids[cell],
                        parts,
                    };
                    if self.seen.insert(relation.clone()) {
                        self.relations.push(relation);
                    }
                }
            }
        }
    }

    fn column(&mut self, variable: &str) -> usize {
        if let Some(at) = self.variables.iter().position(|v| v == variable) {
            return at;
        }
        self.variables.push(variable.to_owned());
        self.codes.push(HashMap::from([(
            crate::schema::published::TOTAL.to_owned(),
            0,
        )]));
        // Keys made before have one variable less; in all of them it is at its total.
        self.index.clear();
        for (id, key) in self.keys.iter_mut().enumerate() {
            let mut longer = key.to_vec();
            longer.push(0);
            *key = longer.into_boxed_slice();
            self.index
                .insert(key.clone(), u32::try_from(id).unwrap_or(u32::MAX));
        }
        self.variables.len() - 1
    }

    fn code(&mut self, column: usize, code: &str) -> u32 {
        let known = &mut self.codes[column];
        let fresh = u32::try_from(known.len()).unwrap_or(u32::MAX);
        *known.entry(code.to_owned()).or_insert(fresh)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| (*s).to_owned()).collect()
    }

    fn cube(variables: &[&str], inner: &[(&[usize], u64)]) -> Cube {
        Cube {
            variables: texts(variables),
            hierarchies: variables
                .iter()
                .map(|_| Hierarchy::new(&texts(&["a", "b"]), &[BTreeMap::new()]).expect("flat"))
                .collect(),
            inner: inner.iter().map(|(at, n)| (at.to_vec(), *n)).collect(),
        }
    }

    #[test]
    fn margins_add_up() {
        let mut system = System::new();
        let ids = system
            .join(&cube(
                &["x", "y"],
                &[(&[0, 0], 1), (&[0, 1], 2), (&[1, 1], 4)],
            ))
            .expect("joins");
        assert_eq!((ids.len(), system.len(), system.relations.len()), (9, 9, 6));
        assert_eq!(system.value[0], 7);
        for r in &system.relations {
            let sum: u64 = r.parts.iter().map(|p| system.value[place(*p)]).sum();
            assert_eq!(system.value[place(r.total)], sum);
        }
    }

    #[test]
    fn linked_tables_share_their_common_cells() {
        let mut system = System::new();
        system
            .join(&cube(&["x", "y"], &[(&[0, 0], 3), (&[1, 1], 4)]))
            .expect("joins");
        system
            .join(&cube(&["x", "z"], &[(&[0, 1], 3), (&[1, 1], 4)]))
            .expect("joins");
        // 9 + 9 cells, of which total, x = a and x = b are common.
        assert_eq!(system.len(), 15);
        let again = system.join(&cube(&["x"], &[(&[0], 2), (&[1], 5)]));
        assert_eq!(again, Err(CannotJoin::Disagrees));
        assert_eq!(system.len(), 15);
    }
}
