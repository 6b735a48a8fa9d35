//! Which rows of blocks leave the owner: the cap of each source, and which patterns enough rows have.

use hashbrown::HashMap;

use super::gate::{Counter, block_cap};
use super::look_alike::{ALIKE, Pattern, patterns};
use super::pass_files::P;
use super::spill::Spill;
use crate::columnar::ColumnarError;

/// The cap of a block for each source, given the sources' numbers and their rows.
pub(super) fn caps(sources: impl Iterator<Item = (u8, usize)> + Clone) -> Vec<u64> {
    let last = sources.clone().map(|(source, _)| usize::from(source)).max();
    let mut caps = vec![block_cap(0); last.map_or(0, |l| l + 1)];
    for (source, rows) in sources {
        if let Some(cap) = caps.get_mut(usize::from(source)) {
            *cap = block_cap(rows as u64);
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
    alike: Option<HashMap<(usize, Pattern), u32>>,
}

impl<'a> BlockGate<'a> {
    /// Looks at all rows once.
    pub(super) fn new(
        spill: &Spill,
        width: usize,
        tags: bool,
        caps: &'a [u64],
    ) -> Result<Self, ColumnarError> {
        let mut gate = BlockGate {
            width,
            caps,
            alike: None,
        };
        if !tags {
            return Ok(gate);
        }
        let mut alike: HashMap<(usize, Pattern), u32> = HashMap::new();
        spill.sorted(|bucket| {
            let rows: Vec<&[u8]> = bucket.rows().collect();
            for block in rows.chunk_by(|a, b| a.get(..P) == b.get(..P)) {
                gate.patterns(block, |source, pattern, _| {
                    *alike.entry((source, pattern)).or_default() += 1;
                });
            }
            Ok(())
        })?;
        gate.alike = Some(alike);
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
                if alike.get(&(source, pattern)).is_some_and(|n| *n >= ALIKE) {
                    out.push(row);
                }
            }),
        }
        count_block(block, out.get(before..).unwrap_or_default(), counter);
    }
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
