//! Pairs of chance: rows that are put into blocks at random, under a key of their own, so that
//! strangers can be compared at all.

use hashbrown::HashMap;

use super::Engine;
use crate::comparison::Word;
use crate::link::pairs::{Blocks, Membership, Pattern};
use crate::pseudonymise::words::{RuleKey, random_blocks};

/// Pairs of chance, where nobody says how many.
pub(super) const CHANCE: f64 = 1e7;
/// The names under which sources draw their rows for blocks of chance.
const NAMES: [&str; 2] = ["left", "right"];

impl Engine<'_> {
    /// Counts the patterns of pairs of chance: in as many blocks as it takes for about so many.
    pub(super) fn chance(
        &self,
        members: &[Membership],
        pairs: f64,
    ) -> (HashMap<Pattern, u64>, u64) {
        let all = self.all_pairs().max(1.0);
        let blocks = (all / pairs).floor().clamp(1.0, 1000.0);
        let rate = (pairs * blocks / all).sqrt().min(1.0);
        let number = (0_u32..).take_while(|n| f64::from(*n) < blocks).count();
        let number = u32::try_from(number).unwrap_or(1);
        let drawn: Vec<Vec<(u32, u32)>> = (0..self.sources.len())
            .zip(NAMES)
            .map(|(side, name)| random_blocks(self.keys, name, self.rows(side), number, rate))
            .collect();
        let key = RuleKey::derive(self.keys, "chance", self.comparisons);
        let words: Vec<Vec<Word>> = self
            .sources
            .iter()
            .zip(&self.digests)
            .zip(&drawn)
            .map(|((s, d), rows)| key.random_words(s, d, self.comparisons, rows))
            .collect();
        let mut sides = drawn.iter().map(Vec::as_slice);
        let left = sides.next().unwrap_or_default();
        let blocks = Blocks::of_chance(left, sides.next());
        let mut counts = HashMap::new();
        self.with_sides(&words, members, (None, None), &blocks, |walk| {
            counts = walk.count();
        });
        (counts, blocks.pairs)
    }
}
