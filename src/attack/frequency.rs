//! A1: a key's value is guessed by its rank among all keys. A2: who shares a key.

use std::collections::BTreeMap;

use super::view::PassView;

/// The share of rows that are named if the adversary lays the keys, ordered by how many rows share
/// each, beside the values of his own people, ordered likewise. Keys that as many rows share are in
/// no order: of such a class he guesses at random, and the figure is what he can expect.
///
/// `target` and `held` are the same pass, of the people attacked and of those he holds; the key of
/// a row of `held` stands for its value.
pub(super) fn rank_alignment(target: &PassView, held: &PassView) -> f64 {
    let (ours, theirs) = (classes(target), classes(held));
    let rows = target.rows.len();
    if rows == 0 {
        return 0.0;
    }
    // Of each person held: the size class and the place of the value in it.
    let mut expected = 0.0;
    let mut rank_ours = ranks(&ours);
    let rank_theirs = ranks(&theirs);
    let value_of: BTreeMap<usize, usize> = held
        .groups()
        .values()
        .flat_map(|group| group.iter().map(|row| (row.person, group.len())))
        .collect();
    for (size, keys) in &ours {
        let (from, to) = rank_ours.remove(size).unwrap_or_default();
        for people in keys {
            // The key's rank is anywhere in its class; the right value's anywhere in its own.
            let Some(right) = people.iter().find_map(|p| value_of.get(p)) else {
                continue;
            };
            let Some((first, last)) = rank_theirs.get(right) else {
                continue;
            };
            let shared = to.min(*last).saturating_sub(from.max(*first));
            let chances = (to - from) * (last - first);
            expected += real(people.len()) * real(shared) / real(chances.max(1));
        }
    }
    expected / real(rows)
}

fn classes(view: &PassView) -> BTreeMap<usize, Vec<Vec<usize>>> {
    let mut out: BTreeMap<usize, Vec<Vec<usize>>> = BTreeMap::new();
    for group in view.groups().values() {
        let people = group.iter().map(|row| row.person).collect();
        out.entry(group.len()).or_default().push(people);
    }
    out
}

/// The ranks that the keys of each size take up, from the largest size down.
fn ranks(classes: &BTreeMap<usize, Vec<Vec<usize>>>) -> BTreeMap<usize, (usize, usize)> {
    let mut at = 0;
    let mut out = BTreeMap::new();
    for (size, keys) in classes.iter().rev() {
        out.insert(*size, (at, at + keys.len()));
        at += keys.len();
    }
    out
}

/// What a pass shows of who shares a key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shares {
    /// Different keys among the rows.
    pub distinct: f64,
    /// Rows of the key that most share, among all.
    pub largest: f64,
}

/// A2.
pub(super) fn shares(view: &PassView) -> Shares {
    let sizes = view.sizes();
    if view.rows.is_empty() {
        // Nothing left, so nothing is shared.
        return Shares {
            distinct: 1.0,
            largest: 0.0,
        };
    }
    let rows = real(view.rows.len());
    Shares {
        distinct: real(sizes.len()) / rows,
        largest: real(sizes.values().copied().max().unwrap_or(0)) / rows,
    }
}

/// A count as a number; counts of people are exact in it.
pub(super) fn real(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attack::RowView;

    fn view(values: &[u8], shift: u8) -> PassView {
        let rows = values.iter().enumerate().map(|(person, value)| RowView {
            person,
            row: [0; 16],
            key: [value.wrapping_mul(37).wrapping_add(shift); 16],
            encoding: Vec::new(),
        });
        PassView {
            name: "test".to_owned(),
            form: None,
            rows: rows.collect(),
        }
    }

    #[test]
    fn values_of_different_frequencies_are_all_named() {
        let values = [1, 1, 1, 1, 2, 2, 2, 3, 3, 4];
        assert!((rank_alignment(&view(&values, 3), &view(&values, 90)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn of_values_of_one_frequency_one_is_named_by_chance() {
        let values: Vec<u8> = (0..100).collect();
        assert!((rank_alignment(&view(&values, 3), &view(&values, 90)) - 0.01).abs() < 1e-9);
    }

    #[test]
    fn shares_of_a_pass() {
        let seen = shares(&view(&[1, 1, 2, 3], 0));
        assert_eq!((seen.distinct, seen.largest), (0.75, 0.5));
    }
}
