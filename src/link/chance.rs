//! How often two different people share a match key, and what a link is worth in that light.
//!
//! Nothing here needs a known truth. A pass is judged by one figure, the rate `u` at which two
//! records of different people share its key:
//!
//! - where a source is free of duplicates, every pair of its records that shares a key is a pair
//!   of different people, so `u` is counted: `(pairs that share a key + c) / (pairs + 1)` over
//!   all such sources, with `c = 1` (add-one smoothing), or less where the owner knows the
//!   collision rates of the key's parts (below);
//! - where none is, and the owner measured the parts while encoding, `u` is the product of the
//!   collision rates of the key's parts, each the chance that two records of the file agree on
//!   that part, times [`DEPENDENCE`]. True duplicates in the file raise each rate, so the owner
//!   counts the rates a second time on one record of each entity found the first time;
//! - where none is and nothing else is known, `u` is the least, over the sources, of the rate of
//!   pairs that share the key and are not linked yet. Their true duplicates are among them, so
//!   this too errs towards too much chance.
//!
//! `n_left · n_right · u` is then the number of agreements to expect by chance between two
//! sources, where rows that found their partner in an earlier pass no longer count; the share of
//! a pass's new links that chance does not explain is their probability.

use serde::{Deserialize, Serialize};

/// The parts of a key are not independent (a family shares surname and postcode; forenames go
/// with years of birth), so the product of their rates is taken this many times.
pub const DEPENDENCE: f64 = 10.0;

/// No agreement is certain, however rare by chance: twins are given one name, records are typed
/// over. A probability stops here.
pub const MOST: f64 = 0.9999;

/// How `u` is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateFrom {
    /// Counted in sources that are free of duplicates.
    Counted,
    /// Product of the rates of the key's parts.
    Parts,
    /// The least of the sources' rates: an upper bound.
    Bound,
}

/// The rate at which two records of different people share a key, and how it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Per pair of records.
    pub u: f64,
    /// How it is known.
    pub from: RateFrom,
}

/// Counts as `f64`: exact to 2^53, which no count here reaches.
pub(crate) fn real(count: u64) -> f64 {
    let high = u32::try_from(count >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(count & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

fn pairs(n: u64) -> f64 {
    real(n) * (real(n) - 1.0).max(0.0) / 2.0
}

/// The rate of a pass (see the top of this file).
///
/// `rows` and `collisions` are by source: rows that have a key, and pairs of records that share
/// one and are not known to be one person. `parts` is the product of the collision rates of the
/// key's parts, if the owner measured them.
pub fn rate(rows: &[u64], collisions: &[u64], duplicate_free: &[bool], parts: Option<f64>) -> Rate {
    let sources = || rows.iter().zip(collisions).zip(duplicate_free);
    let (mut shared, mut all) = (0.0, 0.0);
    for ((n, c), free) in sources() {
        if *free && *n > 1 {
            shared += real(*c);
            all += pairs(*n);
        }
    }
    let parts = parts.map(|u| (u * DEPENDENCE).min(1.0));
    if all > 0.0 {
        let smoothing = parts.map_or(1.0, |u| (u * all).min(1.0));
        return Rate {
            u: ((shared + smoothing) / (all + 1.0)).min(1.0),
            from: RateFrom::Counted,
        };
    }
    if let Some(u) = parts {
        return Rate {
            u,
            from: RateFrom::Parts,
        };
    }
    let bound = sources()
        .filter(|((n, _), _)| **n > 1)
        .map(|((n, c), _)| (real(*c) + 1.0) / (pairs(*n) + 1.0))
        .fold(1.0, f64::min);
    Rate {
        u: bound,
        from: RateFrom::Bound,
    }
}

/// Agreements to expect by chance between two sources: `free_left · free_right · u`, where `free`
/// are the rows that can still take a partner in the other source.
pub fn expected_between(u: f64, free_left: u64, free_right: u64) -> f64 {
    real(free_left) * real(free_right) * u
}

/// Agreements to expect by chance inside one source that may have duplicates.
pub fn expected_within(u: f64, rows: u64) -> f64 {
    pairs(rows) * u
}

/// The share of the links that chance does not explain: `1 − expected / links`, at least 0 and at
/// most [`MOST`]. None where the pass made no link.
pub fn probability(expected: f64, links: u64) -> Option<f64> {
    (links > 0).then(|| (1.0 - expected / real(links)).clamp(0.0, MOST))
}

/// The weight of a link in bits: the logarithm to base 2 of its odds over the prior odds. The
/// prior is the share of all pairs of records that were linked.
pub fn weight(probability: f64, prior: f64) -> f64 {
    let odds = |p: f64| {
        let p = p.clamp(1e-12, 1.0 - 1e-12);
        p / (1.0 - p)
    };
    (odds(probability) / odds(prior)).log2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collisions_of_a_file_without_duplicates_give_the_rate() {
        // 1,000 rows make 499,500 pairs; 9 share a key.
        let known = rate(&[1000, 500], &[9, 400], &[true, false], None);
        assert_eq!(known.from, RateFrom::Counted);
        assert!((known.u - 10.0 / 499_501.0).abs() < 1e-12);
        // With the rates of the parts known, a file that shows no collision is not said to have
        // had one.
        let better = rate(&[1000, 500], &[0, 0], &[true, false], Some(1e-9));
        assert!(better.u < 2e-8);
    }

    #[test]
    fn without_such_a_file_the_parts_or_the_bound_give_it() {
        let parts = rate(&[1000], &[50], &[false], Some(1e-8));
        assert_eq!((parts.from, parts.u), (RateFrom::Parts, 1e-7));
        let bound = rate(&[1000, 2000], &[50, 10], &[false, false], None);
        assert_eq!(bound.from, RateFrom::Bound);
        assert!((bound.u - 11.0 / 1_999_001.0).abs() < 1e-12);
        assert_eq!(rate(&[1, 1], &[0, 0], &[true, true], None).u, 1.0);
    }

    #[test]
    fn probability_is_what_chance_does_not_explain() {
        assert_eq!(probability(25.0, 100), Some(0.75));
        assert_eq!(probability(500.0, 100), Some(0.0));
        assert_eq!(probability(0.0, 100), Some(MOST));
        assert_eq!(probability(1.0, 0), None);
        // Even odds after a prior of 1 in 1,025: ten bits.
        assert!((weight(0.5, 1.0 / 1025.0) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn counts_stay_exact() {
        assert_eq!(real(9_007_199_254_740_991), 9_007_199_254_740_991.0);
        assert_eq!(real(0), 0.0);
    }
}
