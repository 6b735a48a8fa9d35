//! Blocks of rows under a rule, and the tags of rows in their blocks.

use std::ops::Range;

use rayon::prelude::*;

use super::column::Source;
use super::digest::Digests;
use super::rule::{Comparison, Rule};
use crate::comparison::{Kind, LANES, Word};
use crate::pseudonymise::ProjectKeys;
use crate::pseudonymise::cipher::{Block, PassKey};

/// What the linkage side groups rows by: rows of one block have one token. 0 is no block.
pub type Token = u64;

/// The keys of a rule: of its blocks, of its tokens, and of each comparison's tags.
pub struct RuleKey {
    blocks: PassKey,
    tokens: PassKey,
    tags: Vec<PassKey>,
}

impl RuleKey {
    /// Derived from the project's keys, the rule and the comparisons.
    pub fn derive(keys: &ProjectKeys, rule: &str, comparisons: &[Comparison]) -> Self {
        let tags = comparisons
            .iter()
            .map(|c| PassKey::derive(keys, &["link", "tags", rule, &c.name]))
            .collect();
        RuleKey {
            blocks: PassKey::derive(keys, &["link", "blocks", rule]),
            tokens: PassKey::derive(keys, &["link", "tokens", rule]),
            tags,
        }
    }

    /// The blocks of rows, and of each row whether it has all parts: otherwise it is in no block.
    fn blocks(
        &self,
        rule: &Rule,
        source: &Source,
        digests: &[Digests],
        rows: impl Iterator<Item = usize> + Clone,
        out: &mut Vec<Block>,
    ) -> Vec<bool> {
        let lane = |row: usize, column: usize, lane: usize| {
            let number = source.columns.get(column).map_or(0, |c| c.number(row));
            digests.get(column).map_or(0, |d| d.lane(number, lane))
        };
        out.clear();
        out.extend(rows.clone().map(|_| Block::default()));
        let mut there = vec![true; out.len()];
        let mut chain = |values: &mut dyn Iterator<Item = u64>| {
            for ((state, there), value) in out.iter_mut().zip(&mut there).zip(values) {
                *there &= value != 0;
                mix(state, value);
            }
            self.blocks.permute(out);
        };
        for part in &rule.parts {
            chain(&mut rows.clone().map(|r| lane(r, part.column, part.lane)));
        }
        if let Some([a, b]) = &rule.unordered {
            let both = |r: usize| {
                let (x, y) = (lane(r, a.column, a.lane), lane(r, b.column, b.lane));
                if x == 0 || y == 0 {
                    (0, 0)
                } else {
                    (x.min(y), x.max(y))
                }
            };
            chain(&mut rows.clone().map(|r| both(r).0));
            chain(&mut rows.clone().map(|r| both(r).1));
        }
        there
    }

    /// The tokens of all rows of a source.
    pub fn tokens(&self, rule: &Rule, source: &Source, digests: &[Digests]) -> Vec<Token> {
        let mut out = Vec::new();
        by_row(&mut out, (source.rows, 1), |rows, out| {
            let mut blocks = Vec::new();
            let there = self.blocks(rule, source, digests, rows.map(at), &mut blocks);
            self.tokens.permute(&mut blocks);
            for ((token, block), there) in out.iter_mut().zip(&blocks).zip(there) {
                *token = if there { first(block).max(1) } else { 0 };
            }
        });
        out
    }

    /// The words of the rows of a source in their blocks under a rule, row by row and comparison by
    /// comparison within a row. What `out` holds of rows that are not `wanted` has no meaning: it is
    /// used for one rule after the other, and is not emptied between them.
    pub fn words(
        &self,
        rule: &Rule,
        source: &Source,
        digests: &[Digests],
        comparisons: &[Comparison],
        wanted: &(dyn Fn(u32) -> bool + Sync),
        out: &mut Vec<Word>,
    ) {
        // What the whole of a value is asked of by the rule is equal in a block; there is nothing to
        // encode but which lanes there are.
        let is_fixed = |c: &Comparison| {
            let column = c.columns.first().copied().flatten();
            let asks = |lane: usize| {
                let mut parts = rule.parts.iter();
                parts.any(|part| Some(part.column) == column && part.lane == lane)
            };
            match c.kind {
                Kind::Names | Kind::Frequency => false,
                Kind::Date => asks(1) && asks(7),
                _ => asks(0),
            }
        };
        let fixed: Vec<bool> = comparisons.iter().map(is_fixed).collect();
        by_row(out, (source.rows, comparisons.len()), |rows, out| {
            let rows: Vec<u32> = rows.filter(|row| wanted(*row)).collect();
            let mut blocks = Vec::with_capacity(rows.len());
            self.blocks(
                rule,
                source,
                digests,
                rows.iter().map(|r| at(*r)),
                &mut blocks,
            );
            self.tag(
                source,
                digests,
                (comparisons, &fixed),
                (&rows, &blocks),
                out,
            );
        });
    }

    /// The words of rows in blocks of chance, row by row: `drawn` gives the rows that are in one, in
    /// order, each with the number of its block. Other rows have no words.
    pub fn random_words(
        &self,
        source: &Source,
        digests: &[Digests],
        comparisons: &[Comparison],
        drawn: &[(u32, u32)],
    ) -> Vec<Word> {
        let mut in_order: Vec<(u32, u32)> =
            drawn.iter().map(|(block, row)| (*row, *block)).collect();
        in_order.sort_unstable();
        let fixed = vec![false; comparisons.len()];
        let mut out = Vec::new();
        by_row(&mut out, (source.rows, comparisons.len()), |rows, out| {
            let from = in_order.partition_point(|(row, _)| *row < rows.start);
            let to = in_order.partition_point(|(row, _)| *row < rows.end);
            let here = in_order.get(from..to).unwrap_or_default();
            let number = |(_, block): &(u32, u32)| {
                let mut start = Block::default();
                mix(&mut start, u64::from(*block) + 1);
                start
            };
            let mut blocks: Vec<Block> = here.iter().map(number).collect();
            self.blocks.permute(&mut blocks);
            let rows: Vec<u32> = here.iter().map(|(row, _)| *row).collect();
            self.tag(
                source,
                digests,
                (comparisons, &fixed),
                (&rows, &blocks),
                out,
            );
        });
        out
    }

    /// Tags rows of one chunk: `out` holds the words of the chunk's rows from its first on.
    fn tag(
        &self,
        source: &Source,
        digests: &[Digests],
        (comparisons, fixed): (&[Comparison], &[bool]),
        (rows, blocks): (&[u32], &[Block]),
        out: &mut [Word],
    ) {
        let width = comparisons.len();
        let place = |row: u32, c: usize| at(row) % CHUNK * width + c;
        let mut work: Vec<Block> = Vec::with_capacity(rows.len() * LANES);
        let mut shown: Vec<[u64; LANES]> = Vec::with_capacity(rows.len());
        let keys = comparisons.iter().zip(fixed).zip(&self.tags);
        for (c, ((comparison, fixed), key)) in keys.enumerate() {
            if comparison.kind == Kind::Frequency {
                for row in rows {
                    if let Some(slot) = out.get_mut(place(*row, c)) {
                        *slot = band(source, digests, comparison, at(*row));
                    }
                }
                continue;
            }
            // By itself, since it is all waiting for memory, and the waiting overlaps.
            shown.clear();
            let of = |row: &u32| values(source, digests, comparison, at(*row));
            shown.extend(rows.iter().map(of));
            work.clear();
            let there = |lanes: &[u64; LANES]| *lanes != [0; LANES];
            if !fixed {
                for (lanes, block) in shown.iter().zip(blocks).filter(|(l, _)| there(l)) {
                    work.extend(lanes.iter().map(|value| {
                        let mut state = *block;
                        mix(&mut state, *value);
                        state
                    }));
                }
            }
            key.permute(&mut work);
            let mut states = work.chunks_exact(LANES);
            for (row, lanes) in rows.iter().zip(&shown) {
                let tags = match there(lanes) && !fixed {
                    true => states.next(),
                    false => None,
                };
                let tag = |lane: usize, value: u64| match (value, tags.and_then(|t| t.get(lane))) {
                    (0, _) => 0,
                    (_, None) => 1,
                    (_, Some(state)) => first(state) % 255 + 1,
                };
                let word = lanes.iter().enumerate().fold(0, |word, (lane, value)| {
                    word | tag(lane, *value) << (8 * lane)
                });
                if let Some(slot) = out.get_mut(place(*row, c)) {
                    *slot = word;
                }
            }
        }
    }
}

/// Rows that are encoded at a time.
const CHUNK: usize = 1024;

/// Fills so many words or tokens a row for so many rows, some rows at a time.
fn by_row(
    out: &mut Vec<u64>,
    (rows, width): (usize, usize),
    fill: impl Fn(Range<u32>, &mut [u64]) + Sync,
) {
    out.resize(rows * width, 0);
    out.par_chunks_mut(CHUNK * width.max(1))
        .enumerate()
        .for_each(|(chunk, out)| {
            let number = |row: usize| u32::try_from(row).unwrap_or(u32::MAX);
            let from = chunk * CHUNK;
            fill(number(from)..number(rows.min(from + CHUNK)), out);
        });
}

/// The word of a comparison of frequencies: the band itself.
pub(super) fn band(
    source: &Source,
    digests: &[Digests],
    comparison: &Comparison,
    row: usize,
) -> Word {
    let column = comparison.columns.first().copied().flatten();
    let number = column
        .and_then(|c| source.columns.get(c))
        .map(|c| c.number(row));
    let digests = column.and_then(|c| digests.get(c));
    let band = number.zip(digests).map(|(number, d)| d.band(number));
    Word::from(band.unwrap_or(0))
}

/// The digests that a comparison shows of a row.
pub(super) fn values(
    source: &Source,
    digests: &[Digests],
    comparison: &Comparison,
    row: usize,
) -> [u64; LANES] {
    let of = |column: &Option<usize>| {
        let column = (*column)?;
        Some((
            digests.get(column)?,
            source.columns.get(column)?.number(row),
        ))
    };
    if comparison.kind != Kind::Names {
        let first = comparison.columns.first().and_then(of);
        return first.map_or([0; LANES], |(digests, number)| digests.lanes(number));
    }
    let mut out = [0; LANES];
    for (slot, column) in out.chunks_exact_mut(2).zip(&comparison.columns) {
        if let Some((digests, number)) = of(column) {
            slot.copy_from_slice(&digests.names(number));
        }
    }
    out
}

/// Blocks of chance for comparing rows that share nothing: of each row that is taken, its block and
/// itself, in the order of the blocks. Who is taken depends on the row's number and the key alone.
pub fn random_blocks(
    keys: &ProjectKeys,
    source: &str,
    rows: usize,
    blocks: u32,
    rate: f64,
) -> Vec<(u32, u32)> {
    let key = PassKey::derive(keys, &["link", "random", source]);
    let mut states: Vec<Block> = (0..rows)
        .map(|row| {
            let mut state = Block::default();
            mix(&mut state, row as u64 + 1);
            state
        })
        .collect();
    key.permute(&mut states);
    // The rate in parts of 2³², and the block by the other half of the number.
    let least = rate.clamp(0.0, 1.0) * 4_294_967_296.0;
    let mut out: Vec<(u32, u32)> = (0_u32..)
        .zip(&states)
        .filter_map(|(row, state)| {
            let value = first(state);
            let (low, high) = (value & 0xffff_ffff, value >> 32);
            let taken = f64::from(u32::try_from(low).unwrap_or(u32::MAX)) < least;
            let block = u32::try_from(high % u64::from(blocks.max(1))).unwrap_or(0);
            taken.then_some((block, row))
        })
        .collect();
    out.sort_unstable();
    out
}

fn at(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}

/// Mixes a number into a state.
pub(super) fn mix(state: &mut Block, value: u64) {
    for (byte, other) in state.iter_mut().zip(value.to_le_bytes()) {
        *byte ^= other;
    }
}

fn first(block: &Block) -> u64 {
    block
        .first_chunk::<8>()
        .map_or(0, |b| u64::from_le_bytes(*b))
}
