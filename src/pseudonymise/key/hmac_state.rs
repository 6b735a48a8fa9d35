//! HMAC-SHA-256 (RFC 2104) after its key: two states of SHA-256, from which a message goes on.
//!
//! The compression function is that of the crate `sha2`, which uses the processor's SHA
//! instructions where there are any. Kept as two states, and not as the crate `hmac` keeps them, so
//! that many messages can be hashed at once (see `lanes`).

use sha2::block_api::compress256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Bytes of a block of SHA-256.
pub(super) const BLOCK: usize = 64;
/// Bytes that the length of the message takes at its end, and the bit in front of the padding.
pub(super) const LENGTH: usize = 8;
/// The first state of SHA-256 (FIPS 180-4, section 5.3.3).
const FIRST: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The state of the inner and of the outer hash after the key's block. Whoever has it can make
/// every HMAC of the key, so it is wiped as a key is, and has no `Debug`.
pub(super) struct HmacState {
    pub(super) inner: [u32; 8],
    pub(super) outer: [u32; 8],
}

impl Drop for HmacState {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

impl ZeroizeOnDrop for HmacState {}

impl HmacState {
    /// After a key of 32 bytes, which HMAC pads to a block with zeros.
    pub(super) fn new(key: &[u8; 32]) -> Self {
        HmacState {
            inner: after(key, 0x36),
            outer: after(key, 0x5c),
        }
    }

    /// HMAC-SHA-256 of a message.
    pub(super) fn mac(&self, message: &[u8]) -> [u8; 32] {
        let mut inner = self.inner;
        let (whole, rest) = message.as_chunks::<BLOCK>();
        compress256(&mut inner, whole);
        let mut last = Zeroizing::new([[0_u8; BLOCK]; 2]);
        let blocks = pad(&mut last, rest, BLOCK + message.len());
        compress256(&mut inner, last.get(..blocks).unwrap_or_default());
        self.finish(&inner)
    }

    /// HMAC-SHA-256 of a message in blocks that are padded already (see [`pad`]).
    pub(super) fn mac_blocks(&self, blocks: &[[u8; BLOCK]]) -> [u8; 32] {
        let mut inner = self.inner;
        compress256(&mut inner, blocks);
        self.finish(&inner)
    }

    fn finish(&self, inner: &[u32; 8]) -> [u8; 32] {
        let mut block = [[0_u8; BLOCK]; 2];
        let blocks = pad(&mut block, &bytes(inner), BLOCK + 32);
        let mut outer = self.outer;
        compress256(&mut outer, block.get(..blocks).unwrap_or_default());
        bytes(&outer)
    }
}

/// The state after the block of a key with `mask` on every byte.
fn after(key: &[u8; 32], mask: u8) -> [u32; 8] {
    let mut block = Zeroizing::new([[mask; BLOCK]; 1]);
    for (slot, byte) in block.iter_mut().flatten().zip(key) {
        *slot ^= byte;
    }
    let mut state = FIRST;
    compress256(&mut state, block.as_slice());
    state
}

/// Writes the end of a message, of less than a block, with its padding; gives how many blocks that
/// is. `length` is all that is hashed, in bytes.
fn pad(out: &mut [[u8; BLOCK]; 2], rest: &[u8], length: usize) -> usize {
    let blocks = 1 + (rest.len() + LENGTH) / BLOCK;
    let bits = (length as u64).wrapping_mul(8).to_be_bytes();
    let bytes = out.as_flattened_mut();
    for (slot, byte) in bytes.iter_mut().zip(rest.iter().chain(&[0x80])) {
        *slot = *byte;
    }
    let end = bytes.iter_mut().take(blocks * BLOCK).rev();
    for (slot, byte) in end.zip(bits.iter().rev()) {
        *slot = *byte;
    }
    blocks
}

/// A state as the bytes of its digest.
fn bytes(state: &[u32; 8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (slot, byte) in out
        .iter_mut()
        .zip(state.iter().flat_map(|w| w.to_be_bytes()))
    {
        *slot = byte;
    }
    out
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;

    proptest! {
        #[test]
        fn every_length_is_as_the_crate_has_it(
            key in any::<[u8; 32]>(),
            message in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
            mac.update(&message);
            let expected: [u8; 32] = mac.finalize().into_bytes().into();
            prop_assert_eq!(HmacState::new(&key).mac(&message), expected);
        }
    }
}
