//! AES-128 as a permutation of pseudonyms, and as the pseudo-random function of a block.
//!
//! Why AES and not HMAC: an encoding needs several values a record and pass, and AES with the
//! processor's own instructions gives one in some ten nanoseconds where HMAC-SHA-256 takes a
//! hundred and more. AES-128 is a reviewed pseudo-random permutation (FIPS 197). A message is the
//! block's digest (an HMAC-SHA-256 of its value), then the value with its domain and length in
//! front, chained as CBC-MAC under the key of the pass; because the messages of one key are all
//! prefix-free, that is a pseudo-random function of (block, domain, value) (Bellare, Kilian and
//! Rogaway, "The security of the cipher block chaining message authentication code", 2000). What
//! stands after the first step is the block's key: it is never written, and no two blocks or
//! passes share one. It is kept for the moment of one record and so is not wiped; the keys of
//! passes are.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use zeroize::Zeroizing;

use super::key::ProjectKeys;

/// Sixteen bytes, as the cipher takes them.
pub(crate) type Block = aes::Block;

/// Bytes of a message that fit into its first block, after domain and length.
const FIRST: usize = 14;

/// A message: what the bits or the tag of a value are a function of. It holds clear values, so it
/// has no `Debug`.
#[derive(Clone)]
pub(crate) struct Message {
    first: Block,
    rest: Zeroizing<Vec<[u8; 16]>>,
}

impl Message {
    /// The value of a domain. Two domains never share a message. Values beyond 255 bytes are cut.
    pub(crate) fn new(domain: u8, value: &[u8]) -> Self {
        let value = value.get(..255).unwrap_or(value);
        let (head, tail) = value.split_at(value.len().min(FIRST));
        let mut first = [0; 16];
        let [in_front, length, rest @ ..] = &mut first;
        (*in_front, *length) = (domain, u8::try_from(value.len()).unwrap_or(u8::MAX));
        if let Some(room) = rest.get_mut(..head.len()) {
            room.copy_from_slice(head);
        }
        let first = Block::from(first);
        let rest = tail
            .chunks(16)
            .map(|chunk| {
                let mut block = [0_u8; 16];
                for (slot, byte) in block.iter_mut().zip(chunk) {
                    *slot = *byte;
                }
                block
            })
            .collect();
        Message {
            first,
            rest: Zeroizing::new(rest),
        }
    }

    /// The first block.
    pub(crate) fn first(&self) -> &Block {
        &self.first
    }

    /// Whether there are more.
    pub(crate) fn is_long(&self) -> bool {
        !self.rest.is_empty()
    }
}

/// The block of a message of four bytes.
pub(crate) fn short(domain: u8, value: [u8; 4]) -> Block {
    let [a, b, c, d] = value;
    Block::from([domain, 4, a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
}

/// The key of a pass.
pub(crate) struct PassKey(Aes128);

impl PassKey {
    /// From sixteen bytes of a key-derivation function.
    pub(crate) fn new(bytes: [u8; 16]) -> Self {
        PassKey(Aes128::new(&Array::from(bytes)))
    }

    /// The key of that path.
    pub(crate) fn derive(keys: &ProjectKeys, path: &[&str]) -> Self {
        PassKey::new(keys.derive(path).mac(&[]))
    }

    /// The permutation under this key, of many blocks in place. Bulk calls are several times faster
    /// than single ones: the cipher's wide path prepares its round keys anew for each call.
    pub(crate) fn permute(&self, blocks: &mut [Block]) {
        self.0.encrypt_blocks(blocks);
    }

    /// The function at messages of one block each: in place, each mixed with its block's key
    /// beforehand (see [`keyed`]).
    pub(crate) fn values(&self, messages: &mut [Block]) {
        self.0.encrypt_blocks(messages);
    }

    /// Goes on from the value of a message's first block through the rest of it.
    pub(crate) fn finish(&self, message: &Message, state: &mut Block) {
        for block in message.rest.iter() {
            *state = keyed(state, &Block::from(*block));
            self.0.encrypt_block(state);
        }
    }
}

/// A block of a message mixed with the state before it: the block's key, at first.
pub(crate) fn keyed(state: &Block, message: &Block) -> Block {
    let mixed = u128::from_ne_bytes(state.0) ^ u128::from_ne_bytes(message.0);
    Block::from(mixed.to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(key: &PassKey, digest: u8, domain: u8, text: &[u8]) -> [u8; 16] {
        let mut block = [Block::from([digest; 16])];
        key.permute(&mut block);
        let message = Message::new(domain, text);
        let mut state = [keyed(&block[0], message.first())];
        key.values(&mut state);
        key.finish(&message, &mut state[0]);
        state[0].into()
    }

    #[test]
    fn aes_is_that_of_fips_197() {
        // Appendix C.1, key 000102…0f, plaintext 00112233…ff.
        let key: [u8; 16] = std::array::from_fn(|i| u8::try_from(i).unwrap());
        let mut text = [Block::from(std::array::from_fn::<u8, 16, _>(|i| {
            u8::try_from(i * 17).unwrap()
        }))];
        PassKey::new(key).permute(&mut text);
        let expected = [
            0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30, 0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4,
            0xc5, 0x5a,
        ];
        assert_eq!(<[u8; 16]>::from(text[0]), expected);
    }

    #[test]
    fn domains_lengths_and_long_values_all_differ() {
        let key = PassKey::new([7; 16]);
        let long = [b'A'; 40];
        let mut seen = std::collections::BTreeSet::new();
        for domain in 0..3 {
            for text in [
                &b""[..],
                b"\0",
                b"A",
                b"A\0",
                &long[..14],
                &long[..15],
                &long[..16],
                &long[..30],
                &long[..31],
                &long,
            ] {
                assert!(seen.insert(value(&key, 3, domain, text)));
            }
        }
    }

    #[test]
    fn the_same_value_in_two_blocks_differs() {
        let key = PassKey::new([7; 16]);
        assert_eq!(value(&key, 1, 1, b"ANNE"), value(&key, 1, 1, b"ANNE"));
        assert_ne!(value(&key, 1, 1, b"ANNE"), value(&key, 2, 1, b"ANNE"));
        assert_eq!(Message::new(1, b"ANNE").first(), &short(1, *b"ANNE"));
    }
}
