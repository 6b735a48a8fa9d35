//! A5: bits that go together are the bits of one pair of letters (Christen, Vidanage, Ranbaduge and
//! Schnell, "Pattern-mining based cryptanalysis of Bloom filters for privacy-preserving record
//! linkage", 2018).
//!
//! The commonest pair of letters sets the bits that are most often set together. The adversary
//! counts the pairs of letters in his own names, looks in the filters for sets of bits that are
//! set together in about as many rows, and names a row by the pairs whose bits it has.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::frequency::real;

/// Pairs of letters that are looked for, from the commonest down.
const PAIRS: usize = 48;
/// How much rarer than the pair the common support of its bits may be.
const SLACK: f64 = 0.98;
/// How much commoner: other pairs set some of the bits as well.
const MORE: f64 = 1.12;
/// The least number of bits of a pattern.
const LEAST: usize = 6;

/// The share of rows whose name the adversary finds. `filters` are of the names of `target`, one
/// each; `names` are the names of the people he holds, and `right` the name of each row.
pub(super) fn mine(filters: &[Vec<u8>], names: &[&str], right: &[&str]) -> f64 {
    if filters.is_empty() || names.is_empty() {
        return 0.0;
    }
    let columns = columns(filters);
    let scale = real(filters.len()) / real(names.len());
    let found: Vec<([u8; 2], Rows)> = common_pairs(names)
        .into_iter()
        .filter_map(|(pair, count)| Some((pair, pattern(&columns, real(count) * scale)?)))
        .collect();
    // The names by which of the found pairs they have.
    let mut by_pairs: HashMap<Vec<bool>, Vec<&str>> = HashMap::new();
    let mut seen: Vec<&str> = names.to_vec();
    seen.sort_unstable();
    seen.dedup();
    for name in seen {
        let has = found
            .iter()
            .map(|(pair, _)| pairs(name).any(|p| p == *pair))
            .collect();
        by_pairs.entry(has).or_default().push(name);
    }
    let hits = right.iter().enumerate().filter(|(row, name)| {
        let has: Vec<bool> = found.iter().map(|(_, rows)| rows.has(*row)).collect();
        by_pairs.get(&has).is_some_and(|n| n.as_slice() == [**name])
    });
    real(hits.count()) / real(filters.len())
}

fn pairs(name: &str) -> impl Iterator<Item = [u8; 2]> {
    let before = std::iter::once(b' ').chain(name.bytes());
    before.zip(name.bytes().chain([b' '])).map(|(a, b)| [a, b])
}

fn common_pairs(names: &[&str]) -> Vec<([u8; 2], usize)> {
    let mut counts: BTreeMap<[u8; 2], usize> = BTreeMap::new();
    for name in names {
        let mut own: Vec<[u8; 2]> = pairs(name).collect();
        own.sort_unstable();
        own.dedup();
        for pair in own {
            *counts.entry(pair).or_default() += 1;
        }
    }
    let mut all: Vec<([u8; 2], usize)> = counts.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    all.truncate(PAIRS);
    all
}

/// A set of rows.
#[derive(Clone)]
struct Rows(Vec<u64>);

impl Rows {
    fn has(&self, row: usize) -> bool {
        self.0
            .get(row / 64)
            .is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    fn and(&self, other: &Rows) -> Rows {
        Rows(self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect())
    }

    fn count(&self) -> f64 {
        self.0.iter().map(|word| f64::from(word.count_ones())).sum()
    }
}

/// For each bit the rows in which it is set.
fn columns(filters: &[Vec<u8>]) -> Vec<Rows> {
    let bits = filters.first().map_or(0, |f| f.len() * 8);
    let words = filters.len().div_ceil(64);
    let mut out = vec![Rows(vec![0; words]); bits];
    for (row, filter) in filters.iter().enumerate() {
        for (byte, value) in filter.iter().enumerate() {
            for bit in (0..8).filter(|bit| value >> bit & 1 == 1) {
                let word = out
                    .get_mut(byte * 8 + bit)
                    .and_then(|c| c.0.get_mut(row / 64));
                if let Some(word) = word {
                    *word |= 1 << (row % 64);
                }
            }
        }
    }
    out
}

/// The longest set of bits, found greedily, that are set together in about `support` rows.
fn pattern(columns: &[Rows], support: f64) -> Option<Rows> {
    let enough: Vec<&Rows> = columns
        .iter()
        .filter(|c| c.count() >= support * SLACK)
        .collect();
    let mut best: Option<(usize, Rows)> = None;
    for start in &enough {
        let mut rows = (*start).clone();
        let mut length = 1;
        let mut left: Vec<&Rows> = enough.clone();
        // The bit that keeps most of the rows is taken next, as long as enough are kept.
        loop {
            let kept = |c: &&Rows| rows.and(c).count();
            left.retain(|c| kept(c) >= support * SLACK && !std::ptr::eq(*c, *start));
            let next = left
                .iter()
                .map(|c| (kept(c), *c))
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let Some((_, next)) = next else { break };
            rows = rows.and(next);
            left.retain(|c| !std::ptr::eq(*c, next));
            length += 1;
        }
        let fits = rows.count() <= support * MORE && length >= LEAST;
        if fits && best.as_ref().is_none_or(|b| length > b.0) {
            best = Some((length, rows));
        }
        if length > 24 && best.is_some() {
            break;
        }
    }
    best.map(|b| b.1)
}
