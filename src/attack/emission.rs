//! What leaves the owner of a file of so many people: the emission gate, as the program applies it.
//!
//! The adversary knows the program, so he leaves out of his own file what its gate would.

use hashbrown::HashMap;

use super::view::PassView;
use crate::pseudonymise::{ALIKE, Form, Patterns, Pseudonym, block_cap};

/// The rows of a view that leave in a file of `people` people: those of blocks within the cap, and
/// of lanes those whose pattern enough rows have.
pub(super) fn emitted(view: &PassView, people: usize) -> PassView {
    let mut out = view.clone();
    let Some(form) = &view.form else {
        return out;
    };
    let sizes = view.sizes();
    let cap = block_cap(people as u64);
    let within = |key: &Pseudonym| sizes.get(key).is_some_and(|size| *size as u64 <= cap);
    out.rows.retain(|row| within(&row.key));
    if matches!(form, Form::Lanes(_)) {
        keep_look_alikes(&mut out);
    }
    out
}

fn keep_look_alikes(view: &mut PassView) {
    let mut pattern: HashMap<(Pseudonym, Pseudonym), u64> = HashMap::new();
    let mut patterns = Patterns::default();
    for group in view.groups().values() {
        let tags: Vec<&[u8]> = group.iter().map(|row| row.encoding.as_slice()).collect();
        let of_row = group.iter().map(|row| (row.key, row.row));
        pattern.extend(of_row.zip(patterns.of(&tags).iter().copied()));
    }
    let mut alike: HashMap<u64, u32> = HashMap::new();
    for of_row in pattern.values() {
        *alike.entry(*of_row).or_default() += 1;
    }
    view.rows.retain(|row| {
        let found = pattern.get(&(row.key, row.row));
        found
            .and_then(|p| alike.get(p))
            .is_some_and(|n| *n >= ALIKE)
    });
}
