//! Rows with equal tokens.

use rayon::prelude::*;

use crate::pseudonymise::words::Token;

/// The blocks of a rule: rows of the left and of the right source, block by block. Of one source
/// compared with itself both sides are the same rows.
#[derive(Debug, Default)]
pub struct Blocks {
    /// Left rows in the order of the blocks.
    pub left: Vec<u32>,
    /// Right rows; empty where a source is compared with itself.
    pub right: Vec<u32>,
    /// Where each block ends, left and right.
    pub ends: Vec<(u32, u32)>,
    /// Pairs in them.
    pub pairs: u64,
    /// Blocks left out because they hold too many pairs.
    pub capped_blocks: u64,
    /// Pairs in those.
    pub capped_pairs: u64,
    /// Their rows, left and right.
    pub capped: Vec<(Vec<u32>, Vec<u32>)>,
}

/// Rows in the order of their tokens, those without one left out: shared out by the first bits of
/// the token, then sorted share by share, since tokens are spread evenly.
fn sorted(tokens: &[Token]) -> Vec<(Token, u32)> {
    const SHARES: usize = 1024;
    let share = |token: Token| usize::try_from(token >> 54).unwrap_or(0);
    let rows = || {
        let rows = tokens.iter().copied().zip(0_u32..);
        rows.filter(|(token, _)| *token != 0)
    };
    let mut ends = vec![0_usize; SHARES + 1];
    for (token, _) in rows() {
        if let Some(count) = ends.get_mut(share(token) + 1) {
            *count += 1;
        }
    }
    let mut all = 0;
    for end in &mut ends {
        all += *end;
        *end = all;
    }
    let mut next = ends.clone();
    let mut out = vec![(0, 0); all];
    for (token, row) in rows() {
        if let Some(place) = next.get_mut(share(token)) {
            if let Some(slot) = out.get_mut(*place) {
                *slot = (token, row);
            }
            *place += 1;
        }
    }
    let mut rest = out.as_mut_slice();
    let mut shares = Vec::with_capacity(SHARES);
    for pair in ends.windows(2) {
        let length = pair.iter().rev().copied().reduce(|to, from| to - from);
        let (here, after) = rest.split_at_mut(length.unwrap_or(0));
        shares.push(here);
        rest = after;
    }
    shares
        .into_par_iter()
        .for_each(|share| share.sort_unstable());
    out
}

impl Blocks {
    /// Blocks that rows of both sources share, of at most `cap` pairs each.
    pub fn between(left: &[Token], right: &[Token], cap: u64) -> Self {
        let (left, right) = (sorted(left), sorted(right));
        let mut out = Blocks::default();
        let mut rest = right.as_slice();
        for group in left.chunk_by(|a, b| a.0 == b.0) {
            // Tokens of both sides are spread evenly: the next block is a few rows away.
            let token = group.first().map_or(0, |row| row.0);
            let run = |rows: &[(Token, u32)], of: &dyn Fn(Token) -> bool| {
                rows.iter().position(|row| !of(row.0)).unwrap_or(rows.len())
            };
            let (_, after) = rest.split_at(run(rest, &|other| other < token));
            let (theirs, after) = after.split_at(run(after, &|other| other == token));
            rest = after;
            if !theirs.is_empty() {
                out.push(group, theirs, group.len() as u64 * theirs.len() as u64, cap);
            }
        }
        out
    }

    /// Blocks that rows of one source share.
    pub fn within(tokens: &[Token], cap: u64) -> Self {
        let rows = sorted(tokens);
        let mut out = Blocks::default();
        for group in rows.chunk_by(|a, b| a.0 == b.0) {
            let size = group.len() as u64;
            if size > 1 {
                out.push(group, &[], size * (size - 1) / 2, cap);
            }
        }
        out
    }

    fn push(&mut self, left: &[(Token, u32)], right: &[(Token, u32)], pairs: u64, cap: u64) {
        if pairs > cap {
            self.capped_blocks += 1;
            self.capped_pairs += pairs;
            let rows = |of: &[(Token, u32)]| of.iter().map(|row| row.1).collect();
            self.capped.push((rows(left), rows(right)));
            return;
        }
        self.pairs += pairs;
        self.left.extend(left.iter().map(|row| row.1));
        self.right.extend(right.iter().map(|row| row.1));
        let end = |rows: &Vec<u32>| u32::try_from(rows.len()).unwrap_or(u32::MAX);
        self.ends.push((end(&self.left), end(&self.right)));
    }

    /// Every `step`-th block. Blocks are in the order of their tokens, which is that of chance.
    pub fn every(&self, step: usize) -> Blocks {
        if step <= 1 {
            return Blocks {
                left: self.left.clone(),
                right: self.right.clone(),
                ends: self.ends.clone(),
                ..Blocks::default()
            };
        }
        let mut out = Blocks::default();
        for (left, right) in self.rows().step_by(step) {
            out.add(left, right);
        }
        out
    }

    /// The blocks that hold a row asked for, on either side.
    pub fn with(&self, is_left: impl Fn(u32) -> bool, is_right: impl Fn(u32) -> bool) -> Blocks {
        let mut out = Blocks::default();
        for (left, right) in self.rows() {
            if left.iter().any(|row| is_left(*row)) || right.iter().any(|row| is_right(*row)) {
                out.add(left, right);
            }
        }
        out
    }

    /// Left and right rows of each block.
    fn rows(&self) -> impl Iterator<Item = (&[u32], &[u32])> {
        let at = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        let starts = std::iter::once(&(0, 0)).chain(&self.ends);
        starts.zip(&self.ends).map(move |(from, to)| {
            let left = self.left.get(at(from.0)..at(to.0));
            let right = self.right.get(at(from.1)..at(to.1));
            (left.unwrap_or_default(), right.unwrap_or_default())
        })
    }

    fn add(&mut self, left: &[u32], right: &[u32]) {
        self.left.extend(left);
        self.right.extend(right);
        let end = |rows: &Vec<u32>| u32::try_from(rows.len()).unwrap_or(u32::MAX);
        self.ends.push((end(&self.left), end(&self.right)));
    }

    /// Blocks of chance from rows that were put into them.
    pub fn of_chance(left: &[(u32, u32)], right: Option<&[(u32, u32)]>) -> Self {
        let mut out = Blocks::default();
        let last = left.iter().map(|row| row.0).max().unwrap_or(0);
        let group = |rows: &[(u32, u32)], block: u32| {
            let from = rows.partition_point(|row| row.0 < block);
            let to = rows.partition_point(|row| row.0 <= block);
            (from, to)
        };
        for block in 0..=last {
            let (from, to) = group(left, block);
            let size = (to - from) as u64;
            out.left
                .extend(left.get(from..to).unwrap_or_default().iter().map(|r| r.1));
            out.pairs += match right {
                None => size * size.saturating_sub(1) / 2,
                Some(right) => {
                    let (from, to) = group(right, block);
                    let rows = right.get(from..to).unwrap_or_default();
                    out.right.extend(rows.iter().map(|r| r.1));
                    size * rows.len() as u64
                }
            };
            let end = |rows: &Vec<u32>| u32::try_from(rows.len()).unwrap_or(u32::MAX);
            out.ends.push((end(&out.left), end(&out.right)));
        }
        out
    }
}

/// In which block of each rule a row is, 0 for none.
pub struct Membership {
    rules: usize,
    blocks: Vec<u32>,
}

impl Membership {
    /// Of so many rows, in no block yet.
    pub fn new(rows: usize, rules: usize) -> Self {
        Membership {
            rules,
            blocks: vec![0; rows * rules],
        }
    }

    /// Notes the blocks of a rule: `ends` are those of the side whose rows are given.
    pub fn note(&mut self, rule: usize, rows: &[u32], ends: impl Iterator<Item = u32>) {
        let mut from = 0;
        for (block, end) in (1_u32..).zip(ends) {
            let end = usize::try_from(end).unwrap_or(usize::MAX);
            for row in rows.get(from..end).unwrap_or_default() {
                let place = usize::try_from(*row).unwrap_or(usize::MAX) * self.rules + rule;
                if let Some(slot) = self.blocks.get_mut(place) {
                    *slot = block;
                }
            }
            from = end;
        }
    }

    /// The blocks of a row, rule by rule.
    pub fn of(&self, row: u32) -> &[u32] {
        let from = usize::try_from(row).unwrap_or(usize::MAX) * self.rules;
        self.blocks.get(from..from + self.rules).unwrap_or_default()
    }
}

/// The rules whose blocks hold both rows, a bit each.
pub fn shared(a: &[u32], b: &[u32]) -> u16 {
    let pairs = (0..16).zip(a.iter().zip(b));
    pairs.fold(0, |mask, (rule, (x, y))| {
        mask | u16::from(x == y && *x != 0) << rule
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_are_sorted_as_a_sort_would(tokens in prop::collection::vec(prop_oneof![Just(0), any::<u64>(), 1_u64..9], 0..200)) {
            let mut simple: Vec<(Token, u32)> = tokens.iter().copied().zip(0..).filter(|t| t.0 != 0).collect();
            simple.sort_unstable();
            prop_assert_eq!(sorted(&tokens), simple);
        }
    }

    #[test]
    fn blocks_hold_equal_tokens_within_the_cap() {
        let left = [5, 7, 5, 0, 9, 7];
        let right = [7, 5, 9, 9, 0];
        let blocks = Blocks::between(&left, &right, 2);
        assert_eq!(blocks.left, [0, 2, 1, 5, 4]);
        assert_eq!(blocks.right, [1, 0, 2, 3]);
        assert_eq!(blocks.ends, [(2, 1), (4, 2), (5, 4)]);
        assert_eq!((blocks.pairs, blocks.capped_blocks), (6, 0));
        let capped = Blocks::between(&left, &right, 1);
        assert_eq!(
            (capped.pairs, capped.capped_blocks, capped.capped_pairs),
            (0, 3, 6)
        );
        assert_eq!(capped.capped[0], (vec![0, 2], vec![1]));
        let some = blocks.with(|left| left == 4, |right| right == 0);
        assert_eq!(
            (some.left.as_slice(), some.right.as_slice()),
            (&[1, 5, 4][..], &[0, 2, 3][..])
        );
        assert_eq!(some.ends, [(2, 1), (3, 3)]);
        let own = Blocks::within(&left, 10);
        assert_eq!((own.left.as_slice(), own.pairs), (&[0, 2, 1, 5][..], 2));
    }

    #[test]
    fn rows_of_one_block_share_its_rule() {
        let mut members = Membership::new(4, 2);
        members.note(0, &[0, 2, 1], [2, 3].into_iter());
        members.note(1, &[0, 1], [2].into_iter());
        assert_eq!(shared(members.of(0), members.of(2)), 0b01);
        assert_eq!(shared(members.of(0), members.of(1)), 0b10);
        assert_eq!(shared(members.of(3), members.of(3)), 0);
    }
}
