//! The emission gate: what may leave the owner, by how many share a key.
//!
//! A key that many people share can be named by its frequency alone, and a pass whose keys are
//! few is a census of a single value. So before a file of keys is kept, it is counted, source by
//! source: a match key whose largest group or whose share of different values is outside the
//! bounds is refused, and with it the stage, because whoever wrote the recipe must change it. A
//! block is an extra chance and not a promise: of a blocking rule, blocks above the cap are left
//! out, and how many rows that cost is reported.

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation};

/// So many rows may share a match key whatever the size of the file: several names of one person.
const ALWAYS: u64 = 10;
/// The largest group of a match key, in rows of the file for one row of the group: 0.1 per cent.
const SHARE: u64 = 1_000;
/// The least share of different keys among the rows of a file, in per cent.
const DISTINCT: u64 = 50;
/// Files of fewer rows are not judged by their share of different keys.
const FEW: u64 = 100;
/// A block never holds more rows of one source.
const BLOCK_MOST: u64 = 200;

/// What was counted of one source in one pass.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeyCounts {
    /// Rows, counting a row once for each of its keys.
    pub rows: u64,
    /// Different keys.
    pub distinct: u64,
    /// Rows of the key that most rows share.
    pub largest: u64,
    /// Rows left out because too many share their block.
    pub capped: u64,
}

/// Counts the groups of one pass while its rows go by in the order of their keys.
#[derive(Debug, Default)]
pub(super) struct Counter {
    sources: Vec<KeyCounts>,
}

impl Counter {
    /// One key: how many rows of each source share it.
    pub(super) fn group(&mut self, rows_by_source: &[u64]) {
        if self.sources.len() < rows_by_source.len() {
            self.sources
                .resize(rows_by_source.len(), KeyCounts::default());
        }
        for (counts, rows) in self.sources.iter_mut().zip(rows_by_source) {
            if *rows > 0 {
                counts.rows += rows;
                counts.distinct += 1;
                counts.largest = counts.largest.max(*rows);
            }
        }
    }

    /// Rows of a source that were left out.
    pub(super) fn capped(&mut self, source: usize, rows: u64) {
        if self.sources.len() <= source {
            self.sources.resize(source + 1, KeyCounts::default());
        }
        if let Some(counts) = self.sources.get_mut(source) {
            counts.capped += rows;
        }
    }

    /// The counts by source.
    pub(super) fn counts(&self) -> &[KeyCounts] {
        &self.sources
    }
}

/// The most rows of one source that may share a block, in a file of so many rows: a thousandth of
/// them, at least ten, at most two hundred.
pub fn block_cap(rows: u64) -> u64 {
    (rows / SHARE).clamp(ALWAYS, BLOCK_MOST)
}

/// Judges the counts of a match key.
pub(super) fn judge(kind: &str, recipe: &str, counts: &[KeyCounts]) -> Result<(), GateError> {
    for source in counts {
        let refused = |because| GateError {
            kind: kind.to_owned(),
            recipe: recipe.to_owned(),
            because,
            counts: source.clone(),
        };
        if source.largest > ALWAYS.max(source.rows / SHARE) {
            return Err(refused(Because::Group));
        }
        if source.rows >= FEW && source.distinct * 100 < source.rows * DISTINCT {
            return Err(refused(Because::Distinct));
        }
    }
    Ok(())
}

/// Which bound was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// Too many rows share one key.
    Group,
    /// Too few keys are different.
    Distinct,
}

/// A match key that would leak.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the match key `{recipe}` of {kind} records would leak: {}", .because.text(.counts))]
pub struct GateError {
    /// Adult or child.
    pub kind: String,
    /// The recipe's words.
    pub recipe: String,
    /// Which bound.
    pub because: Because,
    /// What was counted.
    pub counts: KeyCounts,
}

impl Because {
    fn text(self, counts: &KeyCounts) -> String {
        match self {
            Because::Group => format!(
                "{} of {} rows share one value (at most {} may)",
                counts.largest,
                counts.rows,
                ALWAYS.max(counts.rows / SHARE)
            ),
            Because::Distinct => format!(
                "{} rows have only {} different values (at least {DISTINCT} per cent must differ)",
                counts.rows, counts.distinct
            ),
        }
    }
}

/// The code of this room.
pub const EXPLANATIONS: &[Explanation] = &[Explanation {
    code: "KL-K-301",
    exit: Exit::Disclosure,
    title: "A match key would leak",
    when: "So many people share a value of the match key that its frequency alone would name it, \
           or its values are so few that the file would be a census of them.",
    fix: "Add a part that tells people apart (the date of birth, the postcode), or take the \
          recipe out. The counts that the message gives are of the file of one source.",
}];

impl Diagnose for GateError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        vec![Diagnostic::new(
            "KL-K-301",
            Exit::Disclosure,
            self.to_string(),
            "add a part that tells people apart, or take the recipe out",
        )]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(rows: u64, distinct: u64, largest: u64) -> Vec<KeyCounts> {
        vec![KeyCounts {
            rows,
            distinct,
            largest,
            capped: 0,
        }]
    }

    #[test]
    fn keys_that_many_share_and_keys_that_are_few_are_refused() {
        assert!(judge("adult", "r", &counts(100_000, 99_000, 12)).is_ok());
        assert!(judge("adult", "r", &counts(500, 480, 10)).is_ok());
        let group = judge("adult", "r", &counts(100_000, 99_000, 101)).expect_err("refused");
        assert_eq!(group.because, Because::Group);
        insta::assert_snapshot!(group.to_string(), @"the match key `r` of adult records would leak: 101 of 100000 rows share one value (at most 100 may)");
        let few = judge("child", "r", &counts(100_000, 40_000, 50)).expect_err("refused");
        assert_eq!(few.because, Because::Distinct);
        insta::assert_snapshot!(few.to_string(), @"the match key `r` of child records would leak: 100000 rows have only 40000 different values (at least 50 per cent must differ)");
    }

    #[test]
    fn the_cap_of_a_block_grows_with_the_file_within_bounds() {
        assert_eq!(block_cap(0), 10);
        assert_eq!(block_cap(50_000), 50);
        assert_eq!(block_cap(10_000_000), 200);
    }

    #[test]
    fn groups_are_counted_by_source() {
        let mut counter = Counter::default();
        counter.group(&[2, 0]);
        counter.group(&[1, 5]);
        counter.capped(2, 300);
        let seen = counter.counts();
        assert_eq!((seen[0].rows, seen[0].distinct, seen[0].largest), (3, 2, 2));
        assert_eq!((seen[1].rows, seen[1].largest), (5, 5));
        assert_eq!(seen[2].capped, 300);
    }
}
