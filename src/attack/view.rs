//! What the linkage side has of some people, with the truth beside it for counting hits.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::population::Known;
use super::suite::Target;
use crate::pseudonymise::{
    BlockEncoder, Encoder, Form, Identity, ProjectKeys, Pseudonym, Recipe, Scratch, Workspace,
};

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

impl RowView {
    /// A key by itself.
    pub(super) fn bare(person: usize, key: Pseudonym) -> Self {
        RowView {
            person,
            row: [0; 16],
            key,
            encoding: Vec::new(),
        }
    }
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

/// A pass of match keys before its rows.
fn of_recipe(recipe: &Recipe) -> PassView {
    PassView {
        name: recipe.name(),
        form: None,
        rows: Vec::new(),
    }
}

/// People encoded in every pass of a target under some keys; the first has the number `from`.
pub fn views(
    keys: &ProjectKeys,
    target: &Target<'_>,
    people: &[Known],
    from: usize,
) -> Vec<PassView> {
    let who: Vec<Identity<'_>> = people.iter().map(Known::identity).collect();
    let names: Vec<Pseudonym> = people.iter().map(|p| p.name).collect();
    let encoder = Encoder::new(keys, target.kind, target.recipes);
    let mut out: Vec<PassView> = target.recipes.iter().map(of_recipe).collect();
    encoder.encode(&who, &names, &mut Scratch::default(), |row| {
        if let Some(view) = out.get_mut(row.pass) {
            view.rows.push(RowView {
                person: from + row.person,
                row: row.row,
                key: *row.key,
                encoding: Vec::new(),
            });
        }
    });
    let before = out.len();
    out.extend(target.blocks.iter().map(|pass| PassView {
        name: pass.name(),
        form: Some(pass.form.clone()),
        rows: Vec::new(),
    }));
    let encoder = BlockEncoder::new(keys, target.kind, target.blocks);
    encoder.encode(&who, &names, &mut Workspace::default(), |row| {
        if let Some(view) = out.get_mut(before + row.pass) {
            view.rows.push(RowView {
                person: from + row.person,
                row: row.row,
                key: row.block,
                encoding: row.encoding.to_vec(),
            });
        }
    });
    // The order of the rows tells nobody anything.
    for view in &mut out {
        view.rows.sort_by_key(|row| (row.key, row.row));
    }
    out
}
