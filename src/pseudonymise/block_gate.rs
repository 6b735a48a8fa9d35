//! Which rows of blocks leave the owner: the cap of each source, and which patterns enough rows have.

use std::path::Path;

use hashbrown::HashSet;
use rayon::prelude::*;

use super::gate::{Counter, block_cap};
use super::look_alike::{ALIKE, Pattern, Patterns};
use super::pass_files::P;
use super::spill::Spill;
use crate::columnar::ColumnarError;

/// The cap of a block for each source, given the sources' numbers and their rows.
pub(super) fn caps(sources: impl Iterator<Item = (u8, u64)> + Clone) -> Vec<u64> {
    let last = sources.clone().map(|(source, _)| usize::from(source)).max();
    let mut caps = vec![block_cap(0); last.map_or(0, |l| l + 1)];
    for (source, rows) in sources {
        if let Some(cap) = caps.get_mut(usize::from(source)) {
            *cap = block_cap(rows);
        }
    }
    caps
}

/// What decides which rows of blocks may leave: the cap of each source, and which patterns enough
/// rows have.
pub(super) struct BlockGate<'a> {
    /// Bytes of an encoding.
    pub(super) width: usize,
    caps: &'a [u64],
    /// The patterns that enough rows of their source have; none where all rows may leave.
    alike: Option<HashSet<(usize, Pattern)>>,
}

/// Bytes of a pattern and its source on their way to be counted.
const COUNTED: usize = 9;

impl<'a> BlockGate<'a> {
    /// Looks at all rows once. Most patterns are those of one block alone: so they are spilt to
    /// `folder` to be counted, and what stays in memory is what many rows have.
    pub(super) fn new(
        spill: &Spill,
        width: usize,
        tags: bool,
        caps: &'a [u64],
        folder: &Path,
    ) -> Result<Self, ColumnarError> {
        let mut gate = BlockGate {
            width,
            caps,
            alike: None,
        };
        if !tags {
            return Ok(gate);
        }
        let mut counted = Spill::new(folder, COUNTED)?;
        let mut found = Vec::new();
        spill.sorted(|bucket| {
            let rows: Vec<&[u8]> = bucket.rows().collect();
            found.clear();
            for (row, pattern) in rows.iter().zip(gate.patterns(&blocks_of(&rows))) {
                if let Some(pattern) = pattern {
                    found.extend_from_slice(&pattern.to_be_bytes());
                    found.push(source_of(row));
                }
            }
            counted.take(&found)
        })?;
        gate.alike = Some(shared_by_many(&counted)?);
        Ok(gate)
    }

    /// The patterns of the rows of some blocks among the rows of their sources; none for a row of a
    /// source that has more rows in the block than it may.
    fn patterns(&self, blocks: &[&[&[u8]]]) -> Vec<Option<Pattern>> {
        let parts = blocks.par_chunks(BLOCKS).map(|blocks| {
            let mut space = Space::default();
            let mut out = Vec::new();
            for block in blocks {
                let from = out.len();
                out.resize(from + block.len(), None);
                self.of_block(block, &mut space, out.get_mut(from..).unwrap_or_default());
            }
            out
        });
        parts.collect::<Vec<_>>().concat()
    }

    fn of_block<'r>(&self, block: &[&'r [u8]], space: &mut Space<'r>, out: &mut [Option<Pattern>]) {
        let after = 2 * P + 1;
        let mut next = Some(0);
        // Source by source, in the order of their numbers; nearly always there is one.
        while let Some(least) = next.take() {
            let sources = block.iter().map(|row| source_of(row));
            let Some(source) = sources.filter(|source| *source >= least).min() else {
                break;
            };
            next = source.checked_add(1);
            space.places.clear();
            space.tags.clear();
            for (place, row) in block.iter().enumerate() {
                if source_of(row) == source {
                    space.places.push(place);
                    let tags = row.get(after..after + self.width);
                    space.tags.push(tags.unwrap_or_default());
                }
            }
            let cap = self.caps.get(usize::from(source));
            if cap.is_some_and(|cap| space.tags.len() as u64 > *cap) {
                continue;
            }
            let found = space.patterns.of(&space.tags);
            for (place, pattern) in space.places.iter().zip(found) {
                if let Some(slot) = out.get_mut(*place) {
                    *slot = Some(*pattern);
                }
            }
        }
    }

    /// The rows of a bucket that may leave, counted.
    pub(super) fn keep<'r>(&self, rows: &[&'r [u8]], counter: &mut Counter) -> Vec<&'r [u8]> {
        let blocks = blocks_of(rows);
        let patterns = match self.alike {
            Some(_) => self.patterns(&blocks),
            None => Vec::new(),
        };
        let mut out = Vec::with_capacity(rows.len());
        let mut from = 0;
        for block in blocks {
            let before = out.len();
            let own = patterns.get(from..from + block.len()).unwrap_or_default();
            self.keep_of(block, own, &mut out);
            count_block(block, out.get(before..).unwrap_or_default(), counter);
            from += block.len();
        }
        out
    }

    fn keep_of<'r>(
        &self,
        block: &[&'r [u8]],
        patterns: &[Option<Pattern>],
        out: &mut Vec<&'r [u8]>,
    ) {
        match &self.alike {
            None => {
                for row in block {
                    let source = source_of(row);
                    let rows = block.iter().filter(|r| source_of(r) == source).count() as u64;
                    let cap = self.caps.get(usize::from(source));
                    if cap.is_none_or(|cap| rows <= *cap) {
                        out.push(row);
                    }
                }
            }
            Some(alike) => {
                for (row, pattern) in block.iter().zip(patterns) {
                    let source = usize::from(source_of(row));
                    if pattern.is_some_and(|pattern| alike.contains(&(source, pattern))) {
                        out.push(row);
                    }
                }
            }
        }
    }
}

/// Blocks that one task looks at.
const BLOCKS: usize = 512;

/// Room for the rows of a source in a block.
#[derive(Default)]
struct Space<'r> {
    places: Vec<usize>,
    tags: Vec<&'r [u8]>,
    patterns: Patterns,
}

/// The number of a row's source.
fn source_of(row: &[u8]) -> u8 {
    row.get(2 * P).copied().unwrap_or(0)
}

/// Rows in the order of their blocks, block by block.
fn blocks_of<'a, 'r>(rows: &'a [&'r [u8]]) -> Vec<&'a [&'r [u8]]> {
    rows.chunk_by(|a, b| a.get(..P) == b.get(..P)).collect()
}

/// The patterns that at least [`ALIKE`] rows of a source have.
fn shared_by_many(counted: &Spill) -> Result<HashSet<(usize, Pattern)>, ColumnarError> {
    let mut out = HashSet::new();
    counted.sorted(|bucket| {
        let rows: Vec<&[u8]> = bucket.rows().collect();
        for same in rows.chunk_by(|a, b| a == b) {
            let row = same.first().and_then(|row| row.split_first_chunk::<8>());
            if let (true, Some((pattern, [source]))) = (same.len() as u64 >= u64::from(ALIKE), row)
            {
                out.insert((usize::from(*source), Pattern::from_be_bytes(*pattern)));
            }
        }
        Ok(())
    })?;
    Ok(out)
}

/// Counts the rows of a block that leave, and those that do not.
fn count_block(block: &[&[u8]], kept: &[&[u8]], counter: &mut Counter) {
    let source_of = |row: &[u8]| usize::from(source_of(row));
    let most = block.iter().map(|row| source_of(row)).max().unwrap_or(0);
    let (mut all, mut left) = (vec![0_u64; most + 1], vec![0_u64; most + 1]);
    for (counts, rows) in [(&mut all, block), (&mut left, kept)] {
        for row in rows {
            if let Some(count) = counts.get_mut(source_of(row)) {
                *count += 1;
            }
        }
    }
    counter.group(&left);
    for (source, (all, left)) in all.iter().zip(&left).enumerate() {
        if all > left {
            counter.capped(source, all - left);
        }
    }
}
