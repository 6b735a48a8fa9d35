//! The attacks on structure (A3, A4, A5), as they are put to the rows of a pass.

use hashbrown::HashMap;

use super::equality::{Values, refine};
use super::pattern::{Mined, Named, mine};
use super::population::Known;
use super::similarity::{Features, structure};
use super::view::PassView;
use crate::pseudonymise::{Form, Pseudonym};

/// Bits as numbers, the encodings of one person side by side.
pub(super) fn features(encodings: &[Vec<Vec<u8>>]) -> Features {
    let rows = encodings.first().map_or(0, Vec::len);
    (0..rows)
        .map(|row| {
            let of = encodings.iter().filter_map(|e| e.get(row));
            of.flatten()
                .flat_map(|byte| (0..8).map(move |bit| f32::from(byte >> bit & 1)))
                .collect()
        })
        .collect()
}

/// A4 on the rows of a pass, blocks or no blocks.
pub(super) fn file_structure(
    ours: &PassView,
    theirs: &[&PassView],
    held: usize,
    shift: usize,
) -> f64 {
    let Some(form) = &ours.form else { return 0.0 };
    // Only people who have a row on the adversary's side can be named.
    let by_person = |view: &PassView| -> HashMap<usize, Vec<u8>> {
        view.rows
            .iter()
            .map(|r| (r.person, r.encoding.clone()))
            .collect()
    };
    let sides: Vec<HashMap<usize, Vec<u8>>> = theirs.iter().map(|v| by_person(v)).collect();
    let mut people: Vec<usize> = (shift..shift + held).collect();
    people.retain(|p| sides.iter().all(|side| side.contains_key(p)));
    let place: HashMap<usize, usize> = people.iter().enumerate().map(|(i, p)| (*p, i)).collect();
    let right: Vec<Option<usize>> = ours
        .rows
        .iter()
        .map(|r| place.get(&r.person).copied())
        .collect();
    let own: Vec<Vec<u8>> = ours.rows.iter().map(|r| r.encoding.clone()).collect();
    let other: Vec<Vec<Vec<u8>>> = sides
        .iter()
        .map(|side| people.iter().filter_map(|p| side.get(p).cloned()).collect())
        .collect();
    match form {
        Form::Filters(_) => structure(&features(&[own]), &features(&other), &right),
        Form::Lanes(_) => {
            let first = other.into_iter().next().unwrap_or_default();
            structure(&one_hot(&own), &one_hot(&first), &right)
        }
    }
}

/// Tags as numbers: one for each value of each lane.
fn one_hot(encodings: &[Vec<u8>]) -> Features {
    let row = |tags: &Vec<u8>| {
        let mut out = vec![0.0; tags.len() * 256];
        for (lane, tag) in tags.iter().enumerate() {
            if let Some(slot) = out.get_mut(lane * 256 + usize::from(*tag)) {
                *slot = 1.0;
            }
        }
        out
    };
    encodings.iter().map(row).collect()
}

pub(super) fn number(key: &Pseudonym) -> u64 {
    key.first_chunk::<8>().map_or(0, |b| u64::from_be_bytes(*b))
}

/// A3 on the rows of a pass: keys of one row, or block and tags of one row.
pub(super) fn named_by_pattern(ours: &PassView, theirs: &PassView) -> f64 {
    let (a, people_a) = pattern_of(ours);
    let (b, people_b) = pattern_of(theirs);
    refine((&a, &people_a), (&b, &people_b))
}

fn pattern_of(view: &PassView) -> (Values, Vec<usize>) {
    let mut by_row: HashMap<Pseudonym, usize> = HashMap::new();
    let (mut values, mut people): (Values, Vec<usize>) = (Vec::new(), Vec::new());
    for row in &view.rows {
        let place = *by_row.entry(row.row).or_insert_with(|| {
            values.push(Vec::new());
            people.push(row.person);
            people.len() - 1
        });
        let Some(own) = values.get_mut(place) else {
            continue;
        };
        own.push((0, number(&row.key)));
        if matches!(view.form, Some(Form::Lanes(_))) {
            let tags = (1_u16..).zip(&row.encoding).filter(|(_, tag)| **tag != 0);
            own.extend(tags.map(|(lane, tag)| {
                (
                    lane,
                    number(&row.key) ^ u64::from(*tag).wrapping_mul(0x9e37_79b9_7f4a_7c15),
                )
            }));
        }
    }
    (values, people)
}

/// A5 on the rows of a pass; `target` are the people whose rows they are.
pub(super) fn mined_rows(ours: &PassView, target: &[Known], held: &[Known]) -> Mined {
    let names = forenames(target);
    let rows = ours.rows.iter().map(|row| Named {
        bits: &row.encoding,
        block: row.key,
        name: names.get(row.person).copied().unwrap_or_default(),
    });
    mine(&rows.collect::<Vec<_>>(), &forenames(held))
}

pub(super) fn forenames(people: &[Known]) -> Vec<&str> {
    people
        .iter()
        .map(|p| p.forename().unwrap_or_default())
        .collect()
}
