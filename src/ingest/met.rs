//! Fingerprints of what was met before, with a value for each. The last ones stand in memory, the
//! others in sorted runs in a file without a name, so that memory does not grow with an extract:
//! of a fingerprint on disk twelve bits stay, a filter that tells most of those that are not there.
//!
//! A fingerprint is a hash without a secret. The file is in the folder of the clear tables, which hold
//! more, and is gone with them.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use hashbrown::HashMap;

use crate::columnar::{ColumnarError, nameless};

/// Fingerprints in memory: as many as a table of 2^20 places takes.
const RECENT: usize = (1 << 20) / 8 * 7;
/// Bytes of a fingerprint and its value in a run.
const ENTRY: usize = 16;
/// Entries that are read at a time.
const PAGE: usize = 128;
/// Bits of a filter's block, which is a line of the processor's cache.
const BLOCK: u64 = 512;
/// Bits of a filter for a fingerprint, and how many of them it sets.
const BITS: u64 = 12;
const SET: u32 = 6;

/// Fingerprints and their values.
pub(super) struct Met {
    folder: PathBuf,
    recent: HashMap<u64, u64>,
    /// How many of them there are before they go to disk.
    most: usize,
    file: Option<File>,
    end: u64,
    runs: Vec<Run>,
}

/// Sorted entries on disk.
struct Run {
    from: u64,
    entries: usize,
    filter: Filter,
    /// The first fingerprint of each page.
    firsts: Vec<u64>,
}

impl Met {
    /// Nothing met; what does not fit into memory goes to a file in `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        Met::with_most(folder, RECENT)
    }

    fn with_most(folder: &Path, most: usize) -> Self {
        Met {
            folder: folder.to_path_buf(),
            recent: HashMap::new(),
            most,
            file: None,
            end: 0,
            runs: Vec::new(),
        }
    }

    /// Whether nothing was met.
    pub(super) fn is_empty(&self) -> bool {
        self.recent.is_empty() && self.runs.is_empty()
    }

    /// The value of a fingerprint.
    pub(super) fn get(&self, fingerprint: u64) -> Result<Option<u64>, ColumnarError> {
        if let Some(value) = self.recent.get(&fingerprint) {
            return Ok(Some(*value));
        }
        // The last run has the last value.
        for run in self.runs.iter().rev() {
            if run.filter.may_hold(fingerprint)
                && let Some(value) = self.on_disk(run, fingerprint)?
            {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// Gives a fingerprint a value, in place of one that it had.
    pub(super) fn put(&mut self, fingerprint: u64, value: u64) -> Result<(), ColumnarError> {
        self.recent.insert(fingerprint, value);
        match self.recent.len() >= self.most {
            true => self.put_aside(),
            false => Ok(()),
        }
    }

    fn put_aside(&mut self) -> Result<(), ColumnarError> {
        let mut entries: Vec<(u64, u64)> = self.recent.drain().collect();
        entries.sort_unstable();
        let mut filter = Filter::of(entries.len());
        let mut bytes = Vec::with_capacity(entries.len() * ENTRY);
        for (fingerprint, value) in &entries {
            filter.add(*fingerprint);
            bytes.extend_from_slice(&fingerprint.to_le_bytes());
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        let mut file = match self.file.take() {
            Some(file) => file,
            None => nameless(&self.folder)?,
        };
        file.write_all(&bytes)
            .map_err(|source| ColumnarError::io(&self.folder, source))?;
        self.file = Some(file);
        let firsts = entries.chunks(PAGE).filter_map(|page| page.first());
        self.runs.push(Run {
            from: self.end,
            entries: entries.len(),
            filter,
            firsts: firsts.map(|(fingerprint, _)| *fingerprint).collect(),
        });
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// The value of a fingerprint in a run: one page is read.
    fn on_disk(&self, run: &Run, fingerprint: u64) -> Result<Option<u64>, ColumnarError> {
        let page = run.firsts.partition_point(|first| *first <= fingerprint);
        let (Some(page), Some(file)) = (page.checked_sub(1), &self.file) else {
            return Ok(None);
        };
        let mut bytes = [0; PAGE * ENTRY];
        let entries = PAGE.min(run.entries - page * PAGE);
        let bytes = bytes.get_mut(..entries * ENTRY).unwrap_or_default();
        file.read_exact_at(bytes, run.from + (page * PAGE * ENTRY) as u64)
            .map_err(|source| ColumnarError::io(&self.folder, source))?;
        let number = |bytes: &[u8]| bytes.first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
        let mut entries = bytes.chunks_exact(ENTRY);
        let entry = entries.find(|entry| number(entry) == fingerprint);
        Ok(entry.and_then(|entry| entry.get(8..)).map(number))
    }
}

/// A blocked Bloom filter (Putze, Sanders and Singler, "Cache-, hash- and space-efficient Bloom
/// filters", 2007): all bits of a fingerprint are in one block.
struct Filter {
    words: Vec<u64>,
    blocks: u64,
}

impl Filter {
    fn of(entries: usize) -> Self {
        let blocks = (entries as u64 * BITS).div_ceil(BLOCK).max(1);
        let words = usize::try_from(blocks * (BLOCK / 64)).unwrap_or(usize::MAX);
        Filter {
            words: vec![0; words],
            blocks,
        }
    }

    /// The places of a fingerprint's bits: a word each, and the bit in it.
    fn places(&self, fingerprint: u64) -> impl Iterator<Item = (usize, u64)> {
        let block = (u128::from(fingerprint) * u128::from(self.blocks)) >> 64;
        let first = usize::try_from(block).unwrap_or(0) * 8;
        // The block took the upper bits; these come from a product with an odd number.
        let mixed = fingerprint.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (0..SET).map(move |n| {
            let place = (mixed >> (9 * n + 1)) % BLOCK;
            let word = usize::try_from(place / 64).unwrap_or(0);
            (first + word, 1 << (place % 64))
        })
    }

    fn add(&mut self, fingerprint: u64) {
        let places: Vec<(usize, u64)> = self.places(fingerprint).collect();
        for (word, bit) in places {
            if let Some(word) = self.words.get_mut(word) {
                *word |= bit;
            }
        }
    }

    fn may_hold(&self, fingerprint: u64) -> bool {
        self.places(fingerprint)
            .all(|(word, bit)| self.words.get(word).is_none_or(|word| word & bit != 0))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_knows_what_a_map_in_memory_knows(
            puts in proptest::collection::vec((0_u64..400, any::<u64>()), 0..2_000),
            most in 1_usize..300,
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let spread = |n: u64| n.wrapping_mul(0xd134_2543_de82_ef95);
            let mut met = Met::with_most(folder.path(), most);
            let mut map = BTreeMap::new();
            prop_assert!(met.is_empty());
            for (fingerprint, value) in puts {
                let fingerprint = spread(fingerprint);
                prop_assert_eq!(met.get(fingerprint).expect("read"), map.get(&fingerprint).copied());
                met.put(fingerprint, value).expect("room");
                map.insert(fingerprint, value);
                prop_assert!(!met.is_empty());
            }
            for n in 0..400 {
                let known = met.get(spread(n)).expect("read");
                prop_assert_eq!(known, map.get(&spread(n)).copied());
            }
            prop_assert_eq!(std::fs::read_dir(folder.path()).expect("a list").count(), 0);
        }
    }

    #[test]
    fn the_filter_turns_nearly_all_others_away() {
        let hash = |n: u64| {
            let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            n ^ (n >> 31)
        };
        let mut filter = Filter::of(100_000);
        (0..100_000).for_each(|n| filter.add(hash(n)));
        assert!((0..100_000).all(|n| filter.may_hold(hash(n))));
        let wrong = (100_000..200_000)
            .filter(|n| filter.may_hold(hash(*n)))
            .count();
        assert!(wrong < 1_500, "{wrong} of 100,000");
    }
}
