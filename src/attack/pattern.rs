//! A5: bits that go together are the bits of one pair of letters (Christen, Vidanage, Ranbaduge and
//! Schnell, "Pattern-mining based cryptanalysis of Bloom filters for privacy-preserving record
//! linkage", 2018).
//!
//! The commonest pair of letters sets the bits that are most often set together. The adversary
//! counts the pairs of letters in his own names, looks in the filters for sets of bits that are
//! set together in about as many rows, and reads names from the pairs whose bits a row has. The
//! figure here is of the first step, without which there is no second: sets of bits whose rows tell
//! of some pair of letters, be it the one he takes it for or another, more than chance does.

use std::collections::BTreeMap;

use super::chance;
use super::frequency::real;
use crate::pseudonymise::Pseudonym;

/// Pairs of letters that are looked for, from the commonest down.
const PAIRS: usize = 48;
/// How much rarer than the pair the common support of its bits may be.
const SLACK: f64 = 0.98;
/// How much commoner: other pairs set some of the bits as well.
const MORE: f64 = 1.12;
/// The least number of bits of a pattern.
const LEAST: usize = 6;

/// One row: its encoding, the block that it stands in, and the name that it is of. Only the judge of
/// the attack looks at the name.
pub(super) struct Named<'a> {
    pub bits: &'a [u8],
    pub block: Pseudonym,
    pub name: &'a str,
}

/// What the attack comes to, as shares of the commonest pairs of letters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mined {
    /// Sets of bits that tell of names.
    pub telling: f64,
    /// Sets of bits that fit in number. Among few rows some do so by chance, and tell of nothing.
    pub fitting: f64,
}

/// Attacks rows. `held` are the names of the people whom the adversary holds.
pub(super) fn mine(rows: &[Named<'_>], held: &[&str]) -> Mined {
    let (mut telling, mut fitting) = (0.0, 0.0);
    if !rows.is_empty() && !held.is_empty() {
        let columns = columns(rows);
        let scale = real(rows.len()) / real(held.len());
        let common = common_pairs(held);
        let mut found: Vec<Rows> = Vec::new();
        for (_, count) in &common {
            let taken: Vec<&Rows> = found.iter().collect();
            found.extend(pattern(&columns, real(*count) * scale, &taken));
        }
        let letters: Vec<[u8; 2]> = common.iter().map(|(pair, _)| *pair).collect();
        let all = real(letters.len()).max(1.0);
        fitting = real(found.len()) / all;
        telling = real(chance::telling(
            &places(&found, rows.len()),
            &facts(rows, &letters),
        )) / all;
    }
    Mined { telling, fitting }
}

/// Which of the pairs of letters each name has, and the block of each row.
fn facts(rows: &[Named<'_>], letters: &[[u8; 2]]) -> Vec<(Pseudonym, u64)> {
    let has = |name: &str, pair: &[u8; 2]| pairs(name).any(|own| own == *pair);
    let word = |name: &str| {
        let own = letters
            .iter()
            .enumerate()
            .filter(|(_, pair)| has(name, pair));
        own.fold(0, |word, (place, _)| word | 1 << place)
    };
    rows.iter().map(|row| (row.block, word(row.name))).collect()
}

fn places(found: &[Rows], rows: usize) -> Vec<Vec<usize>> {
    let of = |set: &Rows| (0..rows).filter(|row| set.has(*row)).collect();
    found.iter().map(of).collect()
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
    fn and(&self, other: &Rows) -> Rows {
        Rows(self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect())
    }

    fn has(&self, row: usize) -> bool {
        let word = self.0.get(row / 64).copied().unwrap_or(0);
        word >> (row % 64) & 1 == 1
    }

    fn count(&self) -> f64 {
        self.0.iter().map(|word| f64::from(word.count_ones())).sum()
    }
}

/// For each bit the rows in which it is set.
fn columns(rows: &[Named<'_>]) -> Vec<Rows> {
    let bits = rows.first().map_or(0, |r| r.bits.len() * 8);
    let words = rows.len().div_ceil(64);
    let mut out = vec![Rows(vec![0; words]); bits];
    for (row, named) in rows.iter().enumerate() {
        for (byte, value) in named.bits.iter().enumerate() {
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

/// A set of bits that are set together in about `support` rows: of those found greedily from every
/// bit the one whose rows come nearest in number. Sets of rows that other pairs have are passed over.
fn pattern(columns: &[Rows], support: f64, taken: &[&Rows]) -> Option<Rows> {
    let enough: Vec<&Rows> = columns
        .iter()
        .filter(|c| c.count() >= support * SLACK)
        .collect();
    let mut best: Option<(f64, Rows)> = None;
    for start in &enough {
        let mut rows = (*start).clone();
        let mut length = 1;
        let mut left: Vec<&Rows> = enough.clone();
        // The bit whose rows are most alike is taken next (by the cosine: a bit that is set nearly
        // always keeps many rows and says nothing), as long as enough rows are kept.
        loop {
            let kept = |c: &&Rows| rows.and(c).count();
            left.retain(|c| kept(c) >= support * SLACK && !std::ptr::eq(*c, *start));
            let alike = |c: &&Rows| kept(c) / c.count().sqrt().max(1.0);
            let next = left
                .iter()
                .map(|c| (alike(c), *c))
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let Some((_, next)) = next else { break };
            rows = rows.and(next);
            left.retain(|c| !std::ptr::eq(*c, next));
            length += 1;
        }
        let away = (rows.count() - support).abs();
        let fits = rows.count() <= support * MORE && length >= LEAST;
        let new = taken
            .iter()
            .all(|t| t.and(&rows).count() < 0.9 * rows.count());
        if fits && new && best.as_ref().is_none_or(|b| away < b.0) {
            best = Some((away, rows));
        }
    }
    best.map(|b| b.1)
}
