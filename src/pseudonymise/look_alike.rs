//! Rows that look alike: a row whose pattern few others have does not leave the owner.
//!
//! In a block, who shares which tags with whom is a pattern. A pattern that a file holds once is
//! found again in the population by whoever holds it, key or no key; one that many blocks have
//! names nobody. The pattern of a row is its colour when the colours of rows and tags stand still
//! (Weisfeiler and Leman, "The reduction of a graph to canonical form", 1968), reckoned among the
//! rows of its own source, because that is the list that an insider has.

use hashbrown::HashMap;

/// A row leaves only if at least so many rows of its source have its pattern. Who knows the
/// population names one row of each pattern by a guess: with five, such guesses came to more than a
/// hundredth of the rows of a source of 2,000 people (attack A4).
pub(crate) const ALIKE: u32 = 10;
/// Rounds of refinement: patterns of a few shared tags stand still after two or three, and the attack
/// that this is to withstand (A3) looks no further.
const ROUNDS: usize = 6;

/// The pattern of a row.
pub(crate) type Pattern = u64;

/// The patterns of rows of one source that share a block; each row is its tags.
pub(crate) fn patterns(rows: &[&[u8]]) -> Vec<Pattern> {
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

/// One step of a hash for colours (the finaliser of SplitMix64).
fn mix(state: u64, value: u64) -> u64 {
    let mut z = state.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ value;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

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
