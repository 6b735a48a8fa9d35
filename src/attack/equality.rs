//! A3: the pattern of who shares which values, with no value known.
//!
//! The rows and the values they share are a graph; the adversary draws the same graph of his own
//! people and refines the colours of both until they stand still (Weisfeiler and Leman, "The
//! reduction of a graph to canonical form", 1968). A row whose colour no other row has, and which
//! one of his own people has, is named.

use hashbrown::HashMap;

use super::frequency::real;

/// Rounds of refinement; patterns of few shared values stand still after three or four.
const ROUNDS: usize = 6;

/// A row's values, each with its column. Two rows share a value where column and number are equal.
pub(super) type Values = Vec<Vec<(u16, u64)>>;

/// The share of the target's rows that are named. `person` gives who a row is, on both sides.
pub(super) fn refine(target: (&Values, &[usize]), held: (&Values, &[usize])) -> f64 {
    let (a, b) = (colours(target.0), colours(held.0));
    let unique = |colours: &[u64]| {
        let mut seen: HashMap<u64, Option<usize>> = HashMap::new();
        for (row, colour) in colours.iter().enumerate() {
            let entry = seen.entry(*colour).or_insert(Some(row));
            if *entry != Some(row) {
                *entry = None;
            }
        }
        seen
    };
    let theirs = unique(&b);
    let hits = unique(&a)
        .into_iter()
        .filter_map(|(colour, row)| Some((row?, (*theirs.get(&colour)?)?)))
        .filter(|(ours, other)| target.1.get(*ours) == held.1.get(*other))
        .count();
    real(hits) / real(target.1.len()).max(1.0)
}

fn colours(rows: &Values) -> Vec<u64> {
    // A row begins with the pattern of what it has.
    let has = |row: &Vec<(u16, u64)>| {
        row.iter()
            .fold(1, |c, (column, _)| mix(c, (*column).into()))
    };
    let mut colours: Vec<u64> = rows.iter().map(has).collect();
    for _ in 0..ROUNDS {
        let mut around: HashMap<(u16, u64), Vec<u64>> = HashMap::new();
        for (row, colour) in rows.iter().zip(&colours) {
            for value in row {
                around.entry(*value).or_default().push(*colour);
            }
        }
        let of_value: HashMap<(u16, u64), u64> = around
            .into_iter()
            .map(|(value, mut around)| {
                around.sort_unstable();
                (value, around.iter().fold(2, |c, a| mix(c, *a)))
            })
            .collect();
        let next = |(row, colour): (&Vec<(u16, u64)>, &u64)| {
            let mut seen: Vec<(u16, u64)> = row
                .iter()
                .map(|value| (value.0, of_value.get(value).copied().unwrap_or(0)))
                .collect();
            seen.sort_unstable();
            seen.iter()
                .fold(*colour, |c, (column, v)| mix(mix(c, (*column).into()), *v))
        };
        colours = rows.iter().zip(&colours).map(next).collect();
    }
    colours
}

/// One step of a hash for colours (the finaliser of MurmurHash3, as in SplitMix64).
fn mix(state: u64, value: u64) -> u64 {
    let mut z = state.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ value;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_of_shared_values_names_and_keys_without_one_do_not() {
        // Four people; the first two share a forename, the second and third a surname.
        let pattern: Values = vec![
            vec![(0, 1), (1, 10)],
            vec![(0, 1), (1, 11)],
            vec![(0, 2), (1, 11)],
            vec![(0, 3), (1, 12)],
        ];
        let renamed: Values = pattern
            .iter()
            .map(|row| row.iter().map(|(c, v)| (*c, v * 7919 + 5)).collect())
            .collect();
        let people = [0, 1, 2, 3];
        let share = refine((&renamed, &people), (&pattern, &people));
        assert!((share - 1.0).abs() < 1e-9);

        let apart: Values = (0..4).map(|i| vec![(0, i)]).collect();
        assert!(refine((&apart, &people), (&apart, &people)).abs() < 1e-9);
    }
}
