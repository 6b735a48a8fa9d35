//! Which rows of blocks leave the owner: the cap of each source, and which patterns enough rows have.

use std::path::Path;

use hashbrown::HashSet;

use super::gate::{Counter, block_cap};
use super::look_alike::{ALIKE, Pattern, patterns};
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
            for block in rows.chunk_by(|a, b| a.get(..P) == b.get(..P)) {
                gate.patterns(block, |source, pattern, _| {
                    found.extend_from_slice(&pattern.to_be_bytes());
                    // The number of a source is one byte of the row that it was read from.
                    found.push(u8::try_from(source).unwrap_or(u8::MAX));
                });
            }
            counted.take(&found)
        })?;
        gate.alike = Some(shared_by_many(&counted)?);
        Ok(gate)
    }

    /// The patterns of the rows of a block, source by source.
    fn patterns<'r>(&self, block: &[&'r [u8]], mut each: impl FnMut(usize, Pattern, &'r [u8])) {
        let source_of = |row: &[u8]| usize::from(row.get(2 * P).copied().unwrap_or(0));
        let mut sources: Vec<usize> = block.iter().map(|row| source_of(row)).collect();
        sources.sort_unstable();
        sources.dedup();
        for source in sources {
            let own: Vec<&[u8]> = block
                .iter()
                .filter(|row| source_of(row) == source)
                .copied()
                .collect();
            if self
                .caps
                .get(source)
                .is_some_and(|cap| own.len() as u64 > *cap)
            {
                continue;
            }
            let after = 2 * P + 1;
            let tags: Vec<&[u8]> = own
                .iter()
                .map(|row| row.get(after..after + self.width).unwrap_or_default())
                .collect();
            for (row, pattern) in own.iter().zip(patterns(&tags)) {
                each(source, pattern, row);
            }
        }
    }

    /// The rows of a block that may leave, counted.
    pub(super) fn keep<'r>(
        &self,
        block: &[&'r [u8]],
        counter: &mut Counter,
        out: &mut Vec<&'r [u8]>,
    ) {
        let before = out.len();
        match &self.alike {
            None => {
                let source_of = |row: &[u8]| usize::from(row.get(2 * P).copied().unwrap_or(0));
                for row in block {
                    let source = source_of(row);
                    let rows = block.iter().filter(|r| source_of(r) == source).count() as u64;
                    if self.caps.get(source).is_none_or(|cap| rows <= *cap) {
                        out.push(row);
                    }
                }
            }
            Some(alike) => self.patterns(block, |source, pattern, row| {
                if alike.contains(&(source, pattern)) {
                    out.push(row);
                }
            }),
        }
        count_block(block, out.get(before..).unwrap_or_default(), counter);
    }
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
    let source_of = |row: &[u8]| usize::from(row.get(2 * P).copied().unwrap_or(0));
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
