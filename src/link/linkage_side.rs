//! The linkage side: one pass at a time, and of each row only its source, its row pseudonym and
//! its match key. Row pseudonyms differ from pass to pass, so nothing here can follow a record
//! from one pass into the next.

use rayon::prelude::*;

use crate::pseudonymise::{MatchKey, Pseudonym};

/// The rows of one pass: three columns of equal length, 33 bytes a row.
#[derive(Default)]
pub struct PassRows {
    /// The number of each row's source.
    pub sources: Vec<u8>,
    /// The row's pseudonym in this pass. A row with several keys stands here several times.
    pub rows: Vec<Pseudonym>,
    /// The match key.
    pub keys: Vec<MatchKey>,
}

/// A row in a group: its source and its pseudonym.
pub type Member = (u8, Pseudonym);

/// The groups of rows that share a match key, and what the pass looked like.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// The members of all groups, one group after the other; within a group by source and row.
    pub members: Vec<Member>,
    /// Where each group ends in `members`.
    pub ends: Vec<usize>,
    /// What was seen.
    pub seen: PassSeen,
}

/// What a pass looked like to the linkage side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PassSeen {
    /// Rows (counting a row once for each of its keys), by source.
    pub rows_by_source: Vec<u64>,
    /// Different keys.
    pub distinct_keys: u64,
    /// Keys shared by at least two rows.
    pub shared_keys: u64,
    /// Rows of the key that most rows share.
    pub largest_group: u64,
    /// Keys left out because more rows share them than allowed.
    pub capped_keys: u64,
    /// Pairs of rows of one source under the keys left out, by source.
    pub capped_within: Vec<u64>,
}

impl PassSeen {
    /// All rows.
    pub fn rows(&self) -> u64 {
        self.rows_by_source.iter().sum()
    }
}

impl Groups {
    /// The groups, one slice of members each.
    pub fn iter(&self) -> impl Iterator<Item = &[Member]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, &end)| self.members.get(start..end).unwrap_or_default())
    }
}

/// Groups the rows of a pass by their key. A key shared by more than `max_group` rows is counted
/// and left out.
///
/// The keys are sorted by their first eight bytes with the row's number beside them, 16 bytes a
/// row, in parallel; only rows whose eight bytes meet another's are looked at again. The result
/// depends neither on the order of the rows nor on the number of threads.
pub fn group(pass: &PassRows, max_group: usize) -> Groups {
    let mut index: Vec<(u64, u32)> = pass
        .keys
        .par_iter()
        .enumerate()
        .map(|(i, key)| (first_eight(key), u32::try_from(i).unwrap_or(u32::MAX)))
        .collect();
    index.par_sort_unstable();

    let sources = pass.sources.iter().max().map_or(0, |s| usize::from(*s) + 1);
    let mut groups = Groups::default();
    groups.seen.rows_by_source = vec![0; sources];
    groups.seen.capped_within = vec![0; sources];
    for source in &pass.sources {
        if let Some(count) = groups.seen.rows_by_source.get_mut(usize::from(*source)) {
            *count += 1;
        }
    }
    let mut run: Vec<(MatchKey, Member)> = Vec::new();
    for run_of_index in index.chunk_by(|a, b| a.0 == b.0) {
        if run_of_index.len() < 2 {
            groups.seen.distinct_keys += 1;
            groups.seen.largest_group = groups.seen.largest_group.max(1);
            continue;
        }
        run.clear();
        run.extend(run_of_index.iter().filter_map(|(_, i)| {
            let i = usize::try_from(*i).ok()?;
            Some((
                *pass.keys.get(i)?,
                (*pass.sources.get(i)?, *pass.rows.get(i)?),
            ))
        }));
        run.sort_unstable();
        run.dedup();
        for group in run.chunk_by(|a, b| a.0 == b.0) {
            groups.take(group, max_group);
        }
    }
    groups
}

impl Groups {
    fn take(&mut self, group: &[(MatchKey, Member)], max_group: usize) {
        self.seen.distinct_keys += 1;
        self.seen.largest_group = self.seen.largest_group.max(group.len() as u64);
        if group.len() < 2 {
            return;
        }
        self.seen.shared_keys += 1;
        if group.len() > max_group {
            self.seen.capped_keys += 1;
            for same in group.chunk_by(|a, b| a.1.0 == b.1.0) {
                let n = same.len() as u64;
                let source = same.first().map_or(0, |(_, (s, _))| usize::from(*s));
                if let Some(pairs) = self.seen.capped_within.get_mut(source) {
                    *pairs += n * (n - 1) / 2;
                }
            }
            return;
        }
        self.members.extend(group.iter().map(|(_, member)| *member));
        self.ends.push(self.members.len());
    }
}

fn first_eight(key: &MatchKey) -> u64 {
    key.first_chunk::<8>().map_or(0, |b| u64::from_be_bytes(*b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pass(rows: &[(u8, u8, u8)]) -> PassRows {
        // Keys that agree in their first eight bytes and differ in the last are the hard case.
        let wide = |n: u8| {
            let mut out = [7_u8; 16];
            out[15] = n;
            out
        };
        PassRows {
            sources: rows.iter().map(|r| r.0).collect(),
            rows: rows.iter().map(|r| wide(r.1)).collect(),
            keys: rows.iter().map(|r| wide(r.2)).collect(),
        }
    }

    #[test]
    fn rows_that_share_a_key_are_together_and_a_large_group_is_left_out() {
        let pass = pass(&[
            (0, 1, 9),
            (1, 2, 9),
            (0, 3, 8),
            (0, 4, 7),
            (0, 5, 7),
            (0, 6, 7),
        ]);
        let groups = group(&pass, 2);
        assert_eq!(groups.iter().count(), 1);
        assert_eq!(
            groups.members.iter().map(|m| m.0).collect::<Vec<_>>(),
            [0, 1]
        );
        assert_eq!(groups.seen.rows_by_source, [5, 1]);
        assert_eq!((groups.seen.distinct_keys, groups.seen.shared_keys), (3, 2));
        assert_eq!((groups.seen.largest_group, groups.seen.capped_keys), (3, 1));
        assert_eq!(groups.seen.capped_within, [3, 0]);
    }

    proptest! {
        #[test]
        fn groups_are_those_of_a_map_whatever_the_order(
            rows in proptest::collection::vec((0_u8..3, 0_u8..40, 0_u8..12), 0..60),
            turn in 0_usize..60,
        ) {
            let mut expected: std::collections::BTreeMap<u8, std::collections::BTreeSet<(u8, u8)>> =
                std::collections::BTreeMap::new();
            for (source, row, key) in &rows {
                expected.entry(*key).or_default().insert((*source, *row));
            }
            let found = group(&pass(&rows), 1000);
            let got: Vec<Vec<(u8, u8)>> = found
                .iter()
                .map(|g| g.iter().map(|(s, r)| (*s, r[15])).collect())
                .collect();
            let want: Vec<Vec<(u8, u8)>> = expected
                .values()
                .filter(|g| g.len() > 1)
                .map(|g| g.iter().copied().collect())
                .collect();
            prop_assert_eq!(got, want);
            let mut turned = rows.clone();
            let turn = turn.min(rows.len());
            turned.rotate_left(turn);
            prop_assert_eq!(group(&pass(&turned), 1000), found);
        }
    }
}
