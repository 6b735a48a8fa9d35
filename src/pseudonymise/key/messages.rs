//! Messages that are hashed together: one after the other, each padded as SHA-256 wants it.

use zeroize::Zeroize;

use super::hmac_state::{BLOCK, LENGTH};

/// Messages of one key. They hold clear values, so they have no `Debug` and are wiped when they go.
#[derive(Default)]
pub struct Messages {
    blocks: Vec<[u8; BLOCK]>,
    /// Of each message the first block and the one after its last.
    spans: Vec<(u32, u32)>,
    /// The first block of the message that is being written.
    first: usize,
    /// Its bytes.
    length: usize,
}

impl Drop for Messages {
    fn drop(&mut self) {
        self.blocks.zeroize();
    }
}

impl Messages {
    /// Begins anew; the room is kept.
    pub fn clear(&mut self) {
        self.blocks.clear();
        self.spans.clear();
        (self.first, self.length) = (0, 0);
    }

    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Appends bytes to the message that is being written.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let at = self.length % BLOCK;
            if at == 0 {
                self.blocks.push([0; BLOCK]);
            }
            let Some(block) = self.blocks.last_mut() else {
                return;
            };
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - at));
            if let Some(room) = block.get_mut(at..at + now.len()) {
                room.copy_from_slice(now);
            }
            self.length += now.len();
            bytes = later;
        }
    }

    /// Appends a field with its length in front, as [`push_field`](super::push_field) does.
    pub fn field(&mut self, bytes: &[u8]) {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.push(&length.to_le_bytes());
        self.push(bytes);
    }

    /// Ends the message that is being written.
    pub fn end(&mut self) {
        // The key's block is a part of what is hashed.
        let bits = ((BLOCK + self.length) as u64).wrapping_mul(8);
        self.push(&[0x80]);
        if self.length % BLOCK > BLOCK - LENGTH || self.length.is_multiple_of(BLOCK) {
            self.blocks.push([0; BLOCK]);
        }
        if let Some(end) = self.blocks.last_mut().and_then(|b| b.last_chunk_mut()) {
            *end = bits.to_be_bytes();
        }
        let place = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.spans
            .push((place(self.first), place(self.blocks.len())));
        (self.first, self.length) = (self.blocks.len(), 0);
    }

    /// The blocks of every message.
    pub(super) fn spans(&self) -> impl ExactSizeIterator<Item = &[[u8; BLOCK]]> {
        self.spans.iter().map(|(from, to)| {
            let place = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
            self.blocks
                .get(place(*from)..place(*to))
                .unwrap_or_default()
        })
    }
}
