//! The same people without protection: what an attack finds there is what the protection takes away.

use super::equality::{Values, refine};
use super::pattern::{Mined, Named, mine};
use super::population::Known;
use super::similarity::structure;
use super::structure::{features, forenames, number};
use super::suite::OWN;
use super::view::{PassView, RowView};
use crate::pseudonymise::{Filters, Identity, MasterKey, Pseudonym};

/// Forename, surname, year of birth, sex and postcode district, each as a key of its own: what must
/// not be made.
pub(super) fn single_fields(people: &[Known]) -> Vec<PassView> {
    let mut views: Vec<PassView> = [
        "forename",
        "surname",
        "year of birth",
        "sex",
        "postcode district",
    ]
    .map(|name| PassView {
        name: name.to_owned(),
        form: None,
        rows: Vec::new(),
    })
    .into();
    for (person, known) in people.iter().enumerate() {
        for (view, key) in views.iter_mut().zip(field_keys(known)) {
            view.rows.extend(key.map(|key| RowView::bare(person, key)));
        }
    }
    views
}

/// Stand-ins for the hashes of single fields: equal where the values are equal.
fn field_keys(known: &Known) -> [Option<Pseudonym>; 5] {
    let who = known.identity();
    let key = |text: Option<String>| text.map(|t| unkeyed_text(&t));
    let district = who.postcode.and_then(|p| p.split(' ').next());
    [
        key(who.forename.map(str::to_owned)),
        key(who.surname.map(str::to_owned)),
        key(who.year.map(|y| y.to_string())),
        key(who.sex.map(str::to_owned)),
        key(district.map(str::to_owned)),
    ]
}

fn unkeyed_text(text: &str) -> Pseudonym {
    use sha2::{Digest, Sha256};
    let full = Sha256::digest(text.as_bytes());
    std::array::from_fn(|i| full.get(i).copied().unwrap_or(0))
}

pub(super) fn name_lengths(people: &[Known]) -> Vec<usize> {
    let length = |p: &Known| p.identity().surname.map_or(0, str::len);
    people.iter().map(length).collect()
}

/// A4 on plain filters of the whole record under one key.
pub(super) fn plain_structure(target: &[Known], held: &[Known], right: &[Option<usize>]) -> f64 {
    let bits = |people: &[Known], seed: u64| -> Vec<Vec<u8>> {
        let who: Vec<Identity<'_>> = people.iter().map(Known::identity).collect();
        let keys = MasterKey::of_rehearsal_seed(seed).for_project("plain filters", "1");
        Filters::record().plain(keys.derive(&["plain"]).mac(&[]), &who)
    };
    let ours = features(&[bits(target, 1)]);
    let theirs = features(&OWN.map(|seed| bits(held, seed)));
    structure(&ours, &theirs, right)
}

/// A3 on five hashes of single fields under one pseudonym.
pub(super) fn single_equality(target: &[Known], held: &[Known], shift: usize) -> f64 {
    let values = |people: &[Known]| -> Values {
        let row = |known: &Known| {
            let keys = field_keys(known);
            let columns = (0_u16..).zip(keys);
            columns
                .filter_map(|(c, key)| Some((c, number(&key?))))
                .collect()
        };
        people.iter().map(row).collect()
    };
    let ours: Vec<usize> = (0..target.len()).collect();
    let theirs: Vec<usize> = (shift..shift + held.len()).collect();
    refine((&values(target), &ours), (&values(held), &theirs))
}

/// A5 on filters of the forename alone under one key, each row by itself.
pub(super) fn mined(target: &[Known], held: &[Known]) -> Mined {
    let nothing = Mined {
        telling: 0.0,
        fitting: 0.0,
    };
    let Ok(layout) = Filters::fields(512) else {
        return nothing;
    };
    let Some(range) = layout.ranges().into_iter().next() else {
        return nothing;
    };
    let who: Vec<Identity<'_>> = target.iter().map(Known::identity).collect();
    let filters = layout.plain([9; 16], &who);
    let rows = (0_u128..).zip(&filters).zip(forenames(target));
    let rows = rows.filter_map(|((row, filter), name)| {
        Some(Named {
            bits: filter.get(range.clone())?,
            block: row.to_be_bytes(),
            name,
        })
    });
    mine(&rows.collect::<Vec<_>>(), &forenames(held))
}
