//! A6 to A11: dictionaries, wrong keys, noise, lengths, and two projects.

use hashbrown::HashSet;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};

use super::frequency::real;
use super::view::PassView;
use crate::pseudonymise::{Identity, Part, Pseudonym};

/// The share of rows of `target` whose key stands in a list that the adversary made.
pub(super) fn found(target: &PassView, list: &HashSet<Pseudonym>) -> f64 {
    let hits = target.rows.iter().filter(|row| list.contains(&row.key));
    real(hits.count()) / real(target.rows.len()).max(1.0)
}

/// The keys of a view.
pub(super) fn keys(view: &PassView) -> HashSet<Pseudonym> {
    view.rows.iter().map(|row| row.key).collect()
}

/// The dictionary without a key (A6, A9): SHA-256 of every value that the people have, with and
/// without a salt that is known, cut to sixteen bytes.
pub(super) fn unkeyed(parts: &[Part], people: &[Identity<'_>], salt: &[u8]) -> Vec<Pseudonym> {
    let mut out = Vec::new();
    for who in people {
        for value in Part::messages(parts, who) {
            let full = Sha256::new()
                .chain_update(&value)
                .chain_update(salt)
                .finalize();
            out.push(std::array::from_fn(|i| full.get(i).copied().unwrap_or(0)));
        }
    }
    out
}

/// A8: the greatest share that one value has of a position: a byte of tags, or a bit of a filter.
/// Noise or bits that are the same in every record would show as one.
pub(super) fn constancy(view: &PassView, tags: bool) -> f64 {
    let width = view.rows.first().map_or(0, |row| row.encoding.len());
    let share = |place: usize| {
        let values = view.rows.iter().filter_map(|row| row.encoding.get(place));
        if tags {
            let mut counts = [0_usize; 256];
            let mut all = 0;
            for value in values.filter(|v| **v != 0) {
                if let Some(count) = counts.get_mut(usize::from(*value)) {
                    *count += 1;
                }
                all += 1;
            }
            return real(counts.into_iter().max().unwrap_or(0)) / real(all).max(1.0);
        }
        let mut set = [0_usize; 8];
        for value in values {
            for (bit, count) in set.iter_mut().enumerate() {
                *count += usize::from(value >> bit & 1);
            }
        }
        let rows = real(view.rows.len()).max(1.0);
        let of = |count: &usize| (real(*count) / rows).max(1.0 - real(*count) / rows);
        set.iter().map(of).fold(0.0, f64::max)
    };
    (0..width).map(share).fold(0.0, f64::max)
}

/// Noise whose generator is seeded anew for every record, as a published tool has it: the
/// unprotected side of A8.
pub(super) fn reseeded_noise(like: &PassView) -> PassView {
    let mut noise = like.clone();
    for row in &mut noise.rows {
        let mut random = ChaCha20Rng::seed_from_u64(1);
        for byte in &mut row.encoding {
            let [drawn, ..] = random.next_u32().to_le_bytes();
            *byte = drawn;
        }
    }
    noise
}

/// A10: the correlation between the length of a name and how many bits of its encoding are set.
pub(super) fn length_correlation(encodings: &[(usize, &[u8])]) -> f64 {
    let points = encodings.iter().map(|(length, bytes)| {
        let set: u32 = bytes.iter().map(|b| b.count_ones()).sum();
        (real(*length), f64::from(set))
    });
    correlation(&points.collect::<Vec<_>>())
}

fn correlation(points: &[(f64, f64)]) -> f64 {
    let n = real(points.len()).max(1.0);
    let mean = |f: fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let sum = |f: &dyn Fn(f64, f64) -> f64| points.iter().map(|p| f(p.0 - x, p.1 - y)).sum::<f64>();
    let (both, xx, yy) = (sum(&|a, b| a * b), sum(&|a, _| a * a), sum(&|_, b| b * b));
    if xx <= 0.0 || yy <= 0.0 {
        return 0.0;
    }
    both / (xx * yy).sqrt()
}

/// A filter that sets a fixed number of bits for each pair of letters: its fill grows with the
/// name. It is the unprotected side of A10.
pub(super) fn bits_per_token(name: &str) -> Vec<u8> {
    let mut out = vec![0; 128];
    let before = std::iter::once(b' ').chain(name.bytes());
    for (a, b) in before.zip(name.bytes().chain([b' '])) {
        let digest = Sha256::digest([a, b]);
        for pair in digest.chunks_exact(2).take(10) {
            let value = pair
                .first_chunk::<2>()
                .map_or(0, |p| u16::from_le_bytes(*p))
                & 1023;
            if let Some(slot) = out.get_mut(usize::from(value >> 3)) {
                *slot |= 1 << (value & 7);
            }
        }
    }
    out
}
