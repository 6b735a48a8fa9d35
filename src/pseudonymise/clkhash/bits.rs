//! Filters, and the hash functions that choose which bits a token sets.
//!
//! - `blakeHash`: BLAKE2b-512 (RFC 7693) under the first key, with the number of the block as its
//!   salt; each digest gives 32 positions.
//! - `doubleHash`: positions `h1 + i h2`, with `h1` an HMAC-SHA-1 under the first key and `h2` an
//!   HMAC-MD5 under the second (Schnell, Bachteler and Reiher, "A Novel Error-Tolerant Anonymous
//!   Linking Code", 2011).

use blake2::Blake2bMac512;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use zeroize::Zeroizing;

/// The longest filter, in bits: two mebibytes a record.
pub const LONGEST_FILTER: u64 = 1 << 24;
/// The longest key of BLAKE2b, in bytes.
pub const LONGEST_BLAKE_KEY: usize = 64;
/// Positions that one BLAKE2b digest gives.
const POSITIONS: usize = 32;

/// Which hash function a feature uses, and how many bits it sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashing {
    pub(super) function: Function,
    pub(super) strategy: Strategy,
}

/// The hash function of a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// BLAKE2b.
    Blake,
    /// Double hashing; if asked to, without the tokens whose `h2` is 0.
    Double { prevent_singularity: bool },
}

/// How many bits each token sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// So many each.
    PerToken(u32),
    /// So many together; the first tokens take what does not divide.
    PerFeature(u32),
}

impl Strategy {
    /// The bits that the token at `place` of `count` sets.
    pub fn bits(self, place: usize, count: usize) -> usize {
        let whole = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        match self {
            Strategy::PerToken(k) => whole(k),
            Strategy::PerFeature(b) => {
                let (share, rest) = (whole(b) / count.max(1), whole(b) % count.max(1));
                share + usize::from(place < rest)
            }
        }
    }
}

/// A row of bits; the first is the highest bit of the first byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    words: Vec<u64>,
    length: usize,
}

impl Filter {
    /// A filter of so many bits, none set.
    pub fn new(length: usize) -> Self {
        Filter {
            words: vec![0; length.div_ceil(64)],
            length,
        }
    }

    /// Unsets all.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Sets one; a position beyond the end is none.
    pub fn set(&mut self, position: usize) {
        if let Some(word) = self.words.get_mut(position / 64) {
            *word |= 1 << (63 - position % 64);
        }
    }

    /// Tells whether one is set.
    pub fn get(&self, position: usize) -> bool {
        let word = self.words.get(position / 64).copied().unwrap_or(0);
        position < self.length && word >> (63 - position % 64) & 1 == 1
    }

    /// Its words, to keep and to bring back with [`Filter::unite`].
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Sets all that are set in those words.
    pub fn unite(&mut self, words: &[u64]) {
        for (mine, theirs) in self.words.iter_mut().zip(words) {
            *mine |= theirs;
        }
    }

    /// Lays the second half over the first, by exclusive or, so many times.
    pub fn fold(&mut self, times: u32) {
        for _ in 0..times {
            let half = self.length / 2;
            if half.is_multiple_of(64) {
                let (first, second) = self.words.split_at_mut(half / 64);
                for (mine, theirs) in first.iter_mut().zip(second) {
                    *mine ^= *theirs;
                }
                self.words.truncate(half / 64);
            } else {
                let mut folded = Filter::new(half);
                for at in (0..half).filter(|&at| self.get(at) != self.get(at + half)) {
                    folded.set(at);
                }
                self.words = folded.words;
            }
            self.length = half;
        }
    }

    /// How many are set.
    pub fn count(&self) -> u32 {
        self.words.iter().map(|w| w.count_ones()).sum()
    }

    /// Puts the bytes into `out`; the bits after the end are 0.
    pub fn bytes(&self, out: &mut Vec<u8>) {
        out.clear();
        out.extend(self.words.iter().flat_map(|w| w.to_be_bytes()));
        out.truncate(self.length.div_ceil(8));
    }
}

/// The hash function of one feature with its keys; it has no `Debug`.
pub enum Hasher {
    /// The key of BLAKE2b.
    Blake(Zeroizing<Vec<u8>>),
    /// The two prepared HMACs.
    Double {
        sha1: Box<Hmac<Sha1>>,
        md5: Box<Hmac<Md5>>,
        prevent_singularity: bool,
        length: u32,
    },
}

/// What a token's hash gives: enough to know all its positions, for any number of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Positions {
    /// The first positions, before they are cut to the filter's length.
    Listed(Vec<u16>),
    /// A beginning and a step.
    Stepped { first: u32, step: u32 },
}

/// A key that the hash function cannot take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyLength;

impl Hasher {
    /// The function with the two keys of its feature, for filters of so many bits.
    pub fn new(function: Function, keys: [&[u8]; 2], length: u32) -> Result<Self, KeyLength> {
        let [first, second] = keys;
        match function {
            Function::Blake => {
                blake(first, 0)?;
                Ok(Hasher::Blake(Zeroizing::new(first.to_vec())))
            }
            Function::Double {
                prevent_singularity,
            } => Ok(Hasher::Double {
                sha1: Box::new(Hmac::new_from_slice(first).map_err(|_| KeyLength)?),
                md5: Box::new(Hmac::new_from_slice(second).map_err(|_| KeyLength)?),
                prevent_singularity,
                length,
            }),
        }
    }

    /// The positions of a token, at least so many.
    pub fn positions(&self, token: &[u8], count: usize) -> Positions {
        match self {
            Hasher::Blake(key) => {
                let mut list = Vec::with_capacity(count.next_multiple_of(POSITIONS));
                extend(key, token, count, &mut list);
                Positions::Listed(list)
            }
            Hasher::Double {
                sha1,
                md5,
                prevent_singularity,
                length,
            } => {
                let first = modulo(&mac(sha1.as_ref(), &[token]), *length);
                let mut step = modulo(&mac(md5.as_ref(), &[token]), *length);
                let mut suffixes = '\0'..=char::MAX;
                while *prevent_singularity
                    && step == 0
                    && let Some(suffix) = suffixes.next()
                {
                    let mut bytes = [0_u8; 4];
                    let suffix = suffix.encode_utf8(&mut bytes).as_bytes();
                    step = modulo(&mac(md5.as_ref(), &[token, suffix]), *length);
                }
                Positions::Stepped { first, step }
            }
        }
    }

    /// Makes the list of a token longer, if it is one and holds less than `count`.
    pub fn ensure(&self, positions: &mut Positions, token: &[u8], count: usize) {
        if let (Hasher::Blake(key), Positions::Listed(list)) = (self, positions) {
            extend(key, token, count, list);
        }
    }
}

impl Positions {
    /// Sets the first `count` positions in a filter.
    pub fn set(&self, filter: &mut Filter, count: usize) {
        let length = filter.length.max(1);
        match self {
            Positions::Listed(list) => {
                for &position in list.iter().take(count) {
                    filter.set(usize::from(position) % length);
                }
            }
            &Positions::Stepped { first, step } => {
                let whole = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
                let (mut at, step) = (whole(first), whole(step));
                for _ in 0..count {
                    filter.set(at);
                    at += step;
                    if at >= length {
                        at -= length;
                    }
                }
            }
        }
    }
}

fn blake(key: &[u8], block: usize) -> Result<Blake2bMac512, KeyLength> {
    if key.len() > LONGEST_BLAKE_KEY {
        return Err(KeyLength);
    }
    // The number of the block in decimal digits; no list of positions is so long that these are
    // more than sixteen.
    let salt = block.to_string();
    Blake2bMac512::new_with_salt_and_personal(Some(key), salt.as_bytes(), &[])
        .map_err(|_| KeyLength)
}

fn extend(key: &[u8], token: &[u8], count: usize, list: &mut Vec<u16>) {
    while list.len() < count {
        // The key was tried when the hasher was made.
        let Ok(mut mac) = blake(key, list.len() / POSITIONS) else {
            return;
        };
        mac.update(token);
        let digest = mac.finalize().into_bytes();
        let (pairs, _) = digest.as_slice().as_chunks::<2>();
        list.extend(pairs.iter().map(|&pair| u16::from_le_bytes(pair)));
    }
}

fn mac<M: Mac + Clone>(keyed: &M, parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = keyed.clone();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// The remainder of a big-endian number.
fn modulo(digest: &[u8], length: u32) -> u32 {
    let length = u64::from(length.max(1));
    let rest = digest
        .iter()
        .fold(0_u64, |rest, &byte| (rest << 8 | u64::from(byte)) % length);
    u32::try_from(rest).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    #[test]
    fn bits_of_a_feature_are_shared_out() {
        let shares =
            |b, n| -> Vec<usize> { (0..n).map(|i| Strategy::PerFeature(b).bits(i, n)).collect() };
        assert_eq!(shares(10, 4), [3, 3, 2, 2]);
        assert_eq!(shares(2, 4), [1, 1, 0, 0]);
        assert_eq!(Strategy::PerToken(7).bits(3, 4), 7);
    }

    #[test]
    fn the_first_bit_is_the_highest_of_the_first_byte() {
        let mut filter = Filter::new(20);
        for at in [0, 9, 19, 64] {
            filter.set(at);
        }
        let mut bytes = Vec::new();
        filter.bytes(&mut bytes);
        assert_eq!(bytes, [0x80, 0x40, 0x10]);
        assert_eq!(filter.count(), 3);
    }

    #[test]
    fn blake_takes_keys_of_at_most_64_bytes() {
        let long = [1_u8; 65];
        assert!(Hasher::new(Function::Blake, [&long[..64], &[]], 64).is_ok());
        assert!(Hasher::new(Function::Blake, [&long, &[]], 64).is_err());
    }

    proptest! {
        #[test]
        fn folding_is_exclusive_or_of_halves(
            set in proptest::collection::vec(0_usize..384, 0..60),
            length in proptest::sample::select(vec![384_usize, 256, 24, 100, 128]),
            times in 0_u32..3,
        ) {
            let mut filter = Filter::new(length);
            let mut plain = vec![false; length];
            for at in set.into_iter().filter(|&at| at < length) {
                filter.set(at);
                plain[at] = true;
            }
            filter.fold(times);
            for _ in 0..times {
                let half = plain.len() / 2;
                plain = (0..half).map(|i| plain[i] != plain[i + half]).collect();
            }
            let found: Vec<bool> = (0..plain.len()).map(|i| filter.get(i)).collect();
            prop_assert_eq!(found, plain);
        }

        /// The first positions do not depend on how many are asked for, nor in how many calls.
        #[test]
        fn positions_are_a_prefix(token in proptest::collection::vec(any::<u8>(), 0..40), few in 0_usize..80, more in 0_usize..80) {
            for function in [Function::Blake, Function::Double { prevent_singularity: true }] {
                let hasher = Hasher::new(function, [&[1; 64], &[2; 64]], 1024).expect("keys");
                let set = |positions: &Positions| {
                    let mut filter = Filter::new(1024);
                    positions.set(&mut filter, few);
                    filter
                };
                let mut grown = hasher.positions(&token, few);
                let first = set(&grown);
                hasher.ensure(&mut grown, &token, few + more);
                prop_assert_eq!(&set(&grown), &first);
                prop_assert_eq!(&set(&hasher.positions(&token, few + more)), &first);
            }
        }
    }
}
