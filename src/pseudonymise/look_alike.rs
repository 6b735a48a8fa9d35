//! Rows that look alike: a row whose pattern few others have does not leave the owner.
//!
//! In a block, who shares which tags with whom is a pattern. A pattern that a file holds once is
//! found again in the population by whoever holds it, key or no key; one that many blocks have
//! names nobody. The pattern of a row is its colour when the colours of rows and tags stand still
//! (Weisfeiler and Leman, "The reduction of a graph to canonical form", 1968), reckoned among the
//! rows of its own source, because that is the list that an insider has.

/// A row leaves only if at least so many rows of its source have its pattern. Who knows the
/// population names one row of each pattern by a guess: with five, such guesses came to more than a
/// hundredth of the rows of a source of 2,000 people (attack A4).
pub(crate) const ALIKE: u32 = 10;
/// Rounds of refinement: patterns of a few shared tags stand still after two or three, and the attack
/// that this is to withstand (A3) looks no further.
const ROUNDS: usize = 6;

/// The pattern of a row.
pub(crate) type Pattern = u64;

/// Makes patterns, block by block, in room that it uses again.
#[derive(Default)]
pub(crate) struct Patterns {
    /// Of each row and lane the number of its tag, rows with one tag of a lane having one number; 0
    /// for a tag that is missing.
    tags: Vec<u32>,
    /// Of each tag what the rows that have it add up to.
    sums: Vec<u64>,
    /// Of each value of a tag its number in the lane at hand, or one of an earlier lane.
    known: Vec<u32>,
    colours: Vec<Pattern>,
    next: Vec<Pattern>,
    sorted: Vec<Pattern>,
}

impl Patterns {
    /// The patterns of rows of one source that share a block; each row is its tags.
    ///
    /// Colours stand still when a round tells no more rows apart than the one before. Blocks that are
    /// alike stand still after as many rounds, so that they may be compared then, once each row knows
    /// what colours its block has come to.
    pub(crate) fn of(&mut self, rows: &[&[u8]]) -> &[Pattern] {
        let lacks = |row: &&[u8]| {
            row.iter()
                .fold(1, |c, tag| mix(c, u64::from(u8::from(*tag == 0))))
        };
        self.colours.clear();
        self.colours.extend(rows.iter().map(lacks));
        if rows.len() == 1 {
            return &self.colours;
        }
        let width = rows.iter().map(|row| row.len()).max().unwrap_or(0).max(1);
        self.number(rows, width);
        let mut classes = self.classes();
        for round in 1..=ROUNDS {
            self.refine(width);
            let now = self.classes();
            if now == classes && round < ROUNDS {
                self.tell_blocks_apart();
                break;
            }
            classes = now;
        }
        &self.colours
    }

    /// Numbers the tags.
    fn number(&mut self, rows: &[&[u8]], width: usize) {
        self.tags.clear();
        self.tags.resize(rows.len() * width, 0);
        let mut last = 0;
        for lane in 0..width {
            // What is known of the values of the lane before is older than this lane's first number.
            let first = last + 1;
            self.known.resize(256, 0);
            for (place, row) in rows.iter().enumerate() {
                let tag = row.get(lane).copied().unwrap_or(0);
                let known = self.known.get_mut(usize::from(tag));
                if let (Some(number), Some(slot)) = (
                    known.filter(|_| tag != 0),
                    self.tags.get_mut(place * width + lane),
                ) {
                    if *number < first {
                        last += 1;
                        *number = last;
                    }
                    *slot = *number;
                }
            }
        }
        self.known.clear();
        self.sums.clear();
        self.sums.resize(place(last) + 1, 0);
    }

    /// One round: a row's colour, its block's, and those of the rows that share each of its tags.
    fn refine(&mut self, width: usize) {
        self.sums.fill(0);
        let mut block = 0_u64;
        for (colour, tags) in self.colours.iter().zip(self.tags.chunks_exact(width)) {
            let own = mix(2, *colour);
            block = block.wrapping_add(own);
            for tag in tags {
                if let Some(sum) = self.sums.get_mut(place(*tag)) {
                    *sum = sum.wrapping_add(own);
                }
            }
        }
        self.next.clear();
        let rows = self.colours.iter().zip(self.tags.chunks_exact(width));
        self.next.extend(rows.map(|(colour, tags)| {
            let around = (4_u64..).zip(tags).map(|(lane, tag)| match tag {
                0 => 0,
                tag => mix(lane, self.sums.get(place(*tag)).copied().unwrap_or(0)),
            });
            let around = around.fold(0_u64, u64::wrapping_add);
            mix(mix(*colour, block), around)
        }));
        std::mem::swap(&mut self.colours, &mut self.next);
    }

    /// What the next round would add once colours stand still: which colours the block has now. Two
    /// blocks that have the same ones then are told apart by no later round.
    fn tell_blocks_apart(&mut self) {
        let block = self.colours.iter().map(|colour| mix(2, *colour));
        let block = block.fold(0_u64, u64::wrapping_add);
        for colour in &mut self.colours {
            *colour = mix(*colour, block);
        }
    }

    /// How many colours there are.
    fn classes(&mut self) -> usize {
        self.sorted.clear();
        self.sorted.extend_from_slice(&self.colours);
        self.sorted.sort_unstable();
        self.sorted.dedup();
        self.sorted.len()
    }
}

fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// One step of a hash for colours (the finaliser of SplitMix64).
fn mix(state: u64, value: u64) -> u64 {
    let mut z = state.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ value;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use hashbrown::HashMap;
    use proptest::prelude::*;

    use super::*;

    fn patterns(rows: &[&[u8]]) -> Vec<Pattern> {
        Patterns::default().of(rows).to_vec()
    }

    /// The same by maps and lists, round after round to the last.
    fn by_maps(rows: &[&[u8]]) -> Vec<Pattern> {
        let lacks = |row: &&[u8]| {
            row.iter()
                .fold(1, |c, tag| mix(c, u64::from(u8::from(*tag == 0))))
        };
        let mut colours: Vec<Pattern> = rows.iter().map(lacks).collect();
        if rows.len() == 1 {
            return colours;
        }
        for _ in 0..ROUNDS {
            let mut around: HashMap<(usize, u8), Vec<Pattern>> = HashMap::new();
            for (row, colour) in rows.iter().zip(&colours) {
                for (lane, tag) in row.iter().enumerate().filter(|(_, tag)| **tag != 0) {
                    around.entry((lane, *tag)).or_default().push(*colour);
                }
            }
            let of_tag: HashMap<(usize, u8), Pattern> = around
                .into_iter()
                .map(|(tag, mut around)| {
                    around.sort_unstable();
                    (tag, around.iter().fold(2, |c, a| mix(c, *a)))
                })
                .collect();
            // A row is told by its block as well: how many there are, and of what colours.
            let mut block = colours.clone();
            block.sort_unstable();
            let block = block.iter().fold(3, |c, a| mix(c, *a));
            let next = |(row, colour): (&&[u8], &Pattern)| {
                let start = mix(*colour, block);
                row.iter().enumerate().fold(start, |c, (lane, tag)| {
                    mix(c, of_tag.get(&(lane, *tag)).copied().unwrap_or(0))
                })
            };
            colours = rows.iter().zip(&colours).map(next).collect();
        }
        colours
    }

    proptest! {
        /// Blocks of few rows and few tags, of which many are alike but for names: rows have one
        /// pattern exactly where the simple form gives them one, over all blocks.
        #[test]
        fn rows_are_told_apart_as_by_maps(
            blocks in prop::collection::vec(
                prop::collection::vec(prop::array::uniform4(0_u8..4), 1..7), 1..40),
        ) {
            let mut room = Patterns::default();
            let (mut ours, mut theirs) = (BTreeMap::new(), BTreeMap::new());
            for block in &blocks {
                let rows: Vec<&[u8]> = block.iter().map(<[u8; 4]>::as_slice).collect();
                let simple = by_maps(&rows);
                for (own, other) in room.of(&rows).iter().zip(simple) {
                    prop_assert_eq!(*ours.entry(*own).or_insert(other), other);
                    prop_assert_eq!(*theirs.entry(other).or_insert(*own), *own);
                }
            }
        }
    }

    #[test]
    fn a_pattern_does_not_depend_on_the_tags_themselves_nor_on_the_order() {
        let block: [&[u8]; 3] = [&[7, 1, 9], &[7, 2, 8], &[5, 2, 3]];
        let renamed: [&[u8]; 3] = [&[50, 61, 7], &[99, 61, 8], &[99, 40, 9]];
        let (mut a, mut b) = (patterns(&block), patterns(&renamed));
        assert_eq!(a[0], b[2]);
        a.sort_unstable();
        b.sort_unstable();
        assert_eq!(a, b);
    }

    #[test]
    fn who_shares_what_and_what_is_missing_tell_rows_apart() {
        let all = patterns(&[&[7, 1, 9], &[7, 2, 8], &[5, 2, 3], &[0, 4, 4]]);
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), 4);
        // Strangers in a block look alike.
        let strangers = patterns(&[&[1, 1], &[2, 2], &[3, 3]]);
        assert!(strangers.iter().all(|p| *p == strangers[0]));
        assert_ne!(strangers[0], patterns(&[&[1, 1]])[0]);
    }
}
