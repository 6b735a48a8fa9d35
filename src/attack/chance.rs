//! Whether sets of rows tell of names more than chance does.
//!
//! The judge knows the names. Were a set found without regard to them, it would have each pair of
//! letters about as often as all rows have it; how far it is from that, in standard deviations of
//! the hypergeometric distribution, is its distance. What distances come about by chance is seen by
//! exchanging names between rows, again and again. Rows of one block stay together, for what its
//! rows have in common is seen by its token already. The level is fixed beforehand: a set tells
//! of names if it is further away than the furthest of all sets is in one exchange of twenty.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha20Rng;

use super::frequency::real;
use crate::pseudonymise::Pseudonym;

/// Exchanges of names.
const EXCHANGES: usize = 999;
/// So many of them may have a set that is further away: one in twenty.
const ABOVE: usize = 49;
/// Pairs of letters in a word.
const PAIRS: usize = 64;

/// How many of the sets tell of names. `sets` are places of rows; `facts` is each row's block, and
/// which pairs of letters its name has, as the bits of a word.
pub(super) fn telling(sets: &[Vec<usize>], facts: &[(Pseudonym, u64)]) -> usize {
    if sets.is_empty() {
        return 0;
    }
    let names: Vec<u64> = facts.iter().map(|(_, name)| *name).collect();
    let counts = counted(names.iter());
    let furthest = |names: &[u64], set: &Vec<usize>| distance(names, set, &counts);
    let mut random = ChaCha20Rng::seed_from_u64(0xA5);
    let blocks = blocks(facts);
    let mut by_chance: Vec<f64> = (0..EXCHANGES)
        .map(|_| {
            let names = exchanged(&names, &blocks, &mut random);
            let all = sets.iter().map(|set| furthest(&names, set));
            all.fold(0.0, f64::max)
        })
        .collect();
    by_chance.sort_by(|a, b| b.total_cmp(a));
    let limit = by_chance.get(ABOVE).copied().unwrap_or(f64::INFINITY);
    let beyond = |set: &&Vec<usize>| furthest(&names, set) > limit + 1e-9;
    sets.iter().filter(beyond).count()
}

/// How many names have each pair.
fn counted<'a>(names: impl Iterator<Item = &'a u64>) -> [usize; PAIRS] {
    let mut out = [0; PAIRS];
    for name in names {
        let mut left = *name;
        while left != 0 {
            let pair = usize::try_from(left.trailing_zeros()).unwrap_or(0);
            if let Some(slot) = out.get_mut(pair) {
                *slot += 1;
            }
            left &= left - 1;
        }
    }
    out
}

/// The greatest distance of a set from chance, over the pairs of letters.
fn distance(names: &[u64], set: &[usize], counts: &[usize; PAIRS]) -> f64 {
    let own = counted(set.iter().filter_map(|row| names.get(*row)));
    let (n, r) = (real(names.len()), real(set.len()));
    let of = own.iter().zip(counts).map(|(x, c)| {
        let share = real(*c) / n;
        let variance = r * share * (1.0 - share) * (n - r) / (n - 1.0).max(1.0);
        if variance > 0.0 {
            (real(*x) - r * share) / variance.sqrt()
        } else {
            0.0
        }
    });
    of.fold(0.0, f64::max)
}

/// The rows of each block, blocks of one size together.
fn blocks(facts: &[(Pseudonym, u64)]) -> Vec<Vec<Vec<usize>>> {
    let mut of_block: BTreeMap<Pseudonym, Vec<usize>> = BTreeMap::new();
    for (row, (block, _)) in facts.iter().enumerate() {
        of_block.entry(*block).or_default().push(row);
    }
    let mut by_size: BTreeMap<usize, Vec<Vec<usize>>> = BTreeMap::new();
    for rows in of_block.into_values() {
        by_size.entry(rows.len()).or_default().push(rows);
    }
    by_size.into_values().collect()
}

/// The names with those of each block given to another of its size.
fn exchanged(names: &[u64], blocks: &[Vec<Vec<usize>>], random: &mut ChaCha20Rng) -> Vec<u64> {
    let mut out = names.to_vec();
    for same in blocks {
        let mut others: Vec<&Vec<usize>> = same.iter().collect();
        others.shuffle(random);
        for (to, from) in same.iter().zip(others) {
            for (to, from) in to.iter().zip(from) {
                if let (Some(slot), Some(name)) = (out.get_mut(*to), names.get(*from)) {
                    *slot = *name;
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(number: usize) -> Pseudonym {
        let mut out = [0; 16];
        out[..8].copy_from_slice(&number.to_le_bytes());
        out
    }

    /// 2,000 rows, of which every fourth has pair 0 and every tenth pair 1.
    fn facts(rows_in_a_block: usize) -> Vec<(Pseudonym, u64)> {
        let name =
            |row: usize| u64::from(row.is_multiple_of(4)) | u64::from(row.is_multiple_of(10)) << 1;
        let all = (0..2_000).map(|row| (block(row / rows_in_a_block), name(row)));
        all.collect()
    }

    #[test]
    fn rows_with_a_pair_in_common_tell_and_rows_without_do_not() {
        let facts = facts(1);
        let pair: Vec<usize> = (0..2_000).filter(|row| row % 4 == 0).collect();
        // Half of the rows with the pair, and as many others: a set that is half right tells too.
        let half: Vec<usize> = (0..2_000)
            .filter(|row| row % 8 == 0 || row % 8 == 3)
            .collect();
        let any: Vec<usize> = (0..400).map(|i| (i * 37 + 1) % 2_000).collect();
        assert_eq!(telling(&[pair.clone(), half], &facts), 2);
        assert_eq!(telling(std::slice::from_ref(&any), &facts), 0);
        assert_eq!(telling(&[any, pair], &facts), 1);
        assert_eq!(telling(&[], &facts), 0);
    }

    #[test]
    fn of_sets_by_chance_one_in_twenty_is_let_through() {
        let facts = facts(1);
        let mut random = ChaCha20Rng::seed_from_u64(1);
        let mut rows: Vec<usize> = (0..2_000).collect();
        let through = (0..100).filter(|_| {
            rows.shuffle(&mut random);
            telling(&[rows[..150].to_vec()], &facts) > 0
        });
        let through = through.count();
        assert!((1..=11).contains(&through), "{through}");
    }

    #[test]
    fn what_a_block_has_in_common_is_no_news() {
        // Blocks of twenty rows with one name each: one block is a set, and any block would be.
        let facts: Vec<(Pseudonym, u64)> = (0..2_000)
            .map(|row| (block(row / 20), 1 << (row / 20 % 48)))
            .collect();
        let one: Vec<usize> = (0..20).collect();
        assert_eq!(telling(std::slice::from_ref(&one), &facts), 0);
        // Without regard to blocks it would be thought to tell.
        let apart: Vec<(Pseudonym, u64)> = facts
            .iter()
            .enumerate()
            .map(|(i, f)| (block(i), f.1))
            .collect();
        assert_eq!(telling(&[one], &apart), 1);
    }
}
