//! HMAC-SHA-256 of many messages of one key at once, a message a lane of a wide register.
//!
//! This is the one room with `unsafe` in it, and what is unsafe is one thing: to call a function
//! that is compiled for instructions which not every processor has. The call is sound where the
//! processor has them, which [`Width::of_this_machine`] asks it; a [`Width`] cannot be had otherwise.
//! The functions themselves are safe Rust: arithmetic on registers, no pointer and no conversion of
//! memory. Results are those of the crates `sha2` and `hmac`, which the tests below compare with at
//! every length and every number of messages; what is written depends on no width.
//!
//! | the processor has | messages at a time |
//! | --- | --- |
//! | AVX-512 (F and BW) | 16 |
//! | SHA instructions | 1, by `sha2` |
//! | AVX2 alone | 8 |
//! | none of them, or is no x86-64 | 1, by `sha2` |
//!
//! No value and no key decides on a branch or on an address: only how many blocks a message has.

use super::derive::Pseudonym;
use super::hmac_state::{BLOCK, HmacState};
use super::messages::Messages;

/// Messages of more blocks are hashed one by one; a match key has one or two.
const MOST_BLOCKS: usize = 4;

/// A message in its blocks.
type Blocks<'a> = &'a [[u8; BLOCK]];

/// Appends the HMAC of each message, cut to 16 bytes, in order.
pub(super) fn macs(state: &HmacState, messages: &Messages, out: &mut Vec<Pseudonym>) {
    macs_of(Width::of_this_machine(), state, messages, out);
}

fn macs_of(width: Width, state: &HmacState, messages: &Messages, out: &mut Vec<Pseudonym>) {
    let from = out.len();
    out.resize(from + messages.len(), [0; 16]);
    let out = out.get_mut(from..).unwrap_or_default();
    match width.0 {
        Lanes::One => one_by_one(state, messages, out),
        #[cfg(target_arch = "x86_64")]
        Lanes::Eight => many::<8>(state, messages, out, |blocks| {
            // SAFETY: a width of eight is made only where the processor says that it has AVX2.
            #[allow(unsafe_code, reason = "see the head of this file")]
            unsafe {
                x86::eight(state, blocks)
            }
        }),
        #[cfg(target_arch = "x86_64")]
        Lanes::Sixteen => many::<16>(state, messages, out, |blocks| {
            // SAFETY: a width of sixteen is made only where the processor says that it has AVX-512
            // F and BW.
            #[allow(unsafe_code, reason = "see the head of this file")]
            unsafe {
                x86::sixteen(state, blocks)
            }
        }),
    }
}

fn one_by_one(state: &HmacState, messages: &Messages, out: &mut [Pseudonym]) {
    for (blocks, slot) in messages.spans().zip(out) {
        *slot = cut(&state.mac_blocks(blocks));
    }
}

/// Messages of equal numbers of blocks together, `N` at a time. Where fewer are left, lanes repeat
/// the last one.
fn many<const N: usize>(
    state: &HmacState,
    messages: &Messages,
    out: &mut [Pseudonym],
    hash: impl Fn(&[Blocks<'_>; N]) -> [Pseudonym; N],
) {
    for count in 1..=MOST_BLOCKS {
        let (mut lanes, mut places, mut held) = ([[].as_slice(); N], [0; N], 0);
        let mut flush = |lanes: &[Blocks<'_>; N], places: &[usize]| {
            let hashed = hash(lanes);
            for (place, mac) in places.iter().zip(hashed) {
                if let Some(slot) = out.get_mut(*place) {
                    *slot = mac;
                }
            }
        };
        let of_count = messages.spans().enumerate();
        for (place, blocks) in of_count.filter(|(_, blocks)| blocks.len() == count) {
            lanes[held] = blocks;
            places[held] = place;
            held += 1;
            if held == N {
                flush(&lanes, &places);
                held = 0;
            }
        }
        if let Some((last, rest)) = held.checked_sub(1).and_then(|n| {
            let last = *lanes.get(n)?;
            Some((last, lanes.get_mut(held..)?))
        }) {
            rest.fill(last);
            flush(&lanes, places.get(..held).unwrap_or_default());
        }
    }
    for (blocks, slot) in messages.spans().zip(out) {
        if blocks.len() > MOST_BLOCKS {
            *slot = cut(&state.mac_blocks(blocks));
        }
    }
}

/// The first sixteen bytes.
pub(super) fn cut(mac: &[u8; 32]) -> Pseudonym {
    mac.first_chunk().copied().unwrap_or_default()
}

/// How many messages this machine hashes at a time.
#[derive(Clone, Copy)]
struct Width(Lanes);

#[derive(Clone, Copy)]
enum Lanes {
    One,
    #[cfg(target_arch = "x86_64")]
    Eight,
    #[cfg(target_arch = "x86_64")]
    Sixteen,
}

impl Width {
    /// The best: SHA instructions are better than eight lanes, and not as good as sixteen. The
    /// processor is asked once; after that an answer is a look at memory.
    fn of_this_machine() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(sixteen) = Width::sixteen() {
                return sixteen;
            }
            if let Some(eight) = Width::eight().filter(|_| !is_x86_feature_detected!("sha")) {
                return eight;
            }
        }
        Width(Lanes::One)
    }

    #[cfg(target_arch = "x86_64")]
    fn eight() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Width(Lanes::Eight))
    }

    #[cfg(target_arch = "x86_64")]
    fn sixteen() -> Option<Self> {
        let both = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        both.then_some(Width(Lanes::Sixteen))
    }

    /// All widths that the processor can do.
    #[cfg(test)]
    fn all() -> Vec<Self> {
        let mut all = vec![Width(Lanes::One)];
        #[cfg(target_arch = "x86_64")]
        all.extend(Width::eight().into_iter().chain(Width::sixteen()));
        all
    }
}

#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;

    /// By the crates.
    fn expected(key: &[u8; 32], message: &[u8]) -> Pseudonym {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
        mac.update(message);
        let full = mac.finalize().into_bytes();
        std::array::from_fn(|i| full[i])
    }

    fn agree(key: &[u8; 32], all: &[Vec<u8>]) {
        let mut messages = Messages::default();
        for message in all {
            messages.push(message);
            messages.end();
        }
        let wanted: Vec<Pseudonym> = all.iter().map(|m| expected(key, m)).collect();
        for width in Width::all() {
            let mut out = vec![[9; 16]];
            macs_of(width, &HmacState::new(key), &messages, &mut out);
            assert_eq!(out[0], [9; 16]);
            assert_eq!(out[1..], wanted);
        }
    }

    fn bytes(length: usize, seed: usize) -> Vec<u8> {
        (0..length)
            .map(|i| u8::try_from((i * 131 + seed * 29 + 7) % 251).expect("a byte"))
            .collect()
    }

    #[test]
    fn every_length_and_every_number_of_messages_is_as_the_crates_have_it() {
        let key: [u8; 32] = std::array::from_fn(|i| u8::try_from(i).expect("a byte"));
        for length in 0..400 {
            agree(&key, &[bytes(length, length)]);
        }
        for number in 0..70 {
            let same: Vec<Vec<u8>> = (0..number).map(|n| bytes(30, n)).collect();
            agree(&key, &same);
        }
        // All lengths at once: batches of every number of blocks, full ones and parts.
        let all: Vec<Vec<u8>> = (0..400).map(|n| bytes(n * 7 % 401, n)).collect();
        agree(&key, &all);
    }

    proptest! {
        #[test]
        fn any_messages_are_as_the_crates_have_them(
            key in any::<[u8; 32]>(),
            all in proptest::collection::vec(
                proptest::collection::vec(any::<u8>(), 0..200), 0..40),
        ) {
            agree(&key, &all);
        }
    }

    #[test]
    fn messages_are_those_of_their_fields_and_are_taken_anew_after_a_clear() {
        let mut messages = Messages::default();
        for _ in 0..2 {
            messages.clear();
            messages.field(b"ANN");
            messages.field(b"");
            messages.end();
            let mut out = Vec::new();
            macs(&HmacState::new(&[3; 32]), &messages, &mut out);
            let message = [3, 0, 0, 0, b'A', b'N', b'N', 0, 0, 0, 0];
            assert_eq!(out, [expected(&[3; 32], &message)]);
            assert_eq!(messages.len(), 1);
        }
    }
}
