//! What the linkage side has of some people, with the truth beside it for counting hits.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use crate::pseudonymise::{Form, Pseudonym};

/// One row of a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowView {
    /// Who it is: a place in the adversary's list. The attacks look at it only to count hits.
    pub person: usize,
    /// The row's pseudonym in the pass.
    pub row: Pseudonym,
    /// The match key, or the block's token.
    pub key: Pseudonym,
    /// The encoding; empty for a match key.
    pub encoding: Vec<u8>,
}

/// The rows of one pass.
#[derive(Debug, Clone)]
pub struct PassView {
    /// The pass's name.
    pub name: String,
    /// What an encoding is; none for match keys.
    pub form: Option<Form>,
    /// The rows, in no order that tells anything.
    pub rows: Vec<RowView>,
}

impl PassView {
    /// The rows by their key, in the order of the keys.
    pub fn groups(&self) -> BTreeMap<Pseudonym, Vec<&RowView>> {
        let mut groups: BTreeMap<Pseudonym, Vec<&RowView>> = BTreeMap::new();
        for row in &self.rows {
            groups.entry(row.key).or_default().push(row);
        }
        groups
    }

    /// How many rows share each key.
    pub fn sizes(&self) -> HashMap<Pseudonym, usize> {
        let mut sizes = HashMap::new();
        for row in &self.rows {
            *sizes.entry(row.key).or_insert(0) += 1;
        }
        sizes
    }
}
