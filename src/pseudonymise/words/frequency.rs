//! How frequent a name is among those that are linked, in four coarse bands.
//!
//! Two people who share a rare name are likelier one person than two who share a common one. Of a
//! name's frequency nothing is kept but a band, whose bounds are fixed and public: shares of one in
//! a hundred, a thousand and ten thousand of all names, the sources of a linkage taken together. The
//! band stands beside a row's tags only for comparing; it is written to no encoding that leaves its
//! owner.

use hashbrown::HashMap;

use super::column::Source;
use super::digest::Digests;
use super::rule::Comparison;
use crate::comparison::{FREQUENCY_BANDS, Kind};

/// A name is in the second band from one in so many, in the third and fourth from ten and a
/// hundred times as frequent.
const RAREST: u64 = 10_000;

/// Notes the bands of the names whose frequencies are compared. The same name is counted as one in
/// all sources, by the digest of the whole of it.
pub fn note_frequencies<D: AsMut<[Digests]>>(
    sources: &mut [(&Source, D)],
    comparisons: &[Comparison],
) {
    let compared = comparisons.iter().filter(|c| c.kind == Kind::Frequency);
    for column in compared.filter_map(|c| c.columns.first().copied().flatten()) {
        let mut counts: HashMap<u64, u64> = HashMap::new();
        for (source, digests) in sources.iter_mut() {
            let digests: &mut [Digests] = digests.as_mut();
            let Some(own) = digests.get(column) else {
                continue;
            };
            let numbers = source.columns.get(column);
            for number in numbers.map(|c| c.numbers()).unwrap_or_default() {
                let [whole, ..] = own.lanes(*number);
                if whole != 0 {
                    *counts.entry(whole).or_default() += 1;
                }
            }
        }
        let all: u64 = counts.values().sum();
        for (_, digests) in sources.iter_mut() {
            if let Some(own) = digests.as_mut().get_mut(column) {
                let band = |lanes: &[u64; 8]| {
                    let [whole, ..] = lanes;
                    counts.get(whole).map_or(0, |count| band(*count, all))
                };
                own.bands = own.lanes.iter().map(band).collect();
            }
        }
    }
}

/// The band of a name that so many of all rows have: 1 is the rarest.
fn band(count: u64, all: u64) -> u8 {
    let mut band = 1;
    let mut one_in = RAREST;
    while band < FREQUENCY_BANDS && count.saturating_mul(one_in) >= all {
        band += 1;
        one_in /= 10;
    }
    band
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pseudonymise::MasterKey;
    use crate::pseudonymise::words::{Interner, column_digests};

    #[test]
    fn bounds_are_shares_of_all_names() {
        for (count, expected) in [
            (1, 1),
            (9, 1),
            (10, 2),
            (99, 2),
            (100, 3),
            (999, 3),
            (1_000, 4),
        ] {
            assert_eq!(band(count, 100_000), expected, "{count}");
        }
        // Of a few names each is frequent.
        assert_eq!(band(1, 50), 4);
    }

    #[test]
    fn a_name_has_one_band_in_both_sources() {
        let keys = MasterKey::of_rehearsal_seed(1).for_project("frequency", "1");
        let source = |names: &[(&str, usize)]| {
            let mut column = Interner::default();
            for (name, times) in names {
                (0..*times).for_each(|_| {
                    column.push(Some(name));
                });
            }
            Source {
                rows: column.rows(),
                columns: vec![column.finish()],
            }
        };
        let left = source(&[("RARE", 1), ("COMMON", 500)]);
        let right = source(&[("COMMON", 400), ("SOME", 9), ("RARE", 1), ("R", 2_000)]);
        let comparisons = Comparison::of_columns(&[("surname", Kind::Surname)]);
        let comparisons = Comparison::with_frequencies(comparisons, 12);
        let digests = |source: &Source| column_digests(source, &comparisons, &keys);
        let mut both = [(&left, digests(&left)), (&right, digests(&right))];
        note_frequencies(&mut both, &comparisons);
        let bands = |side: usize| -> Vec<u8> { (0..5).map(|n| both[side].1[0].band(n)).collect() };
        assert_eq!(bands(0), [0, 2, 4, 0, 0]);
        assert_eq!(bands(1), [0, 4, 3, 2, 4]);
    }
}
