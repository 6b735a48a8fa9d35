//! What ingest is asked to do.

use std::path::PathBuf;

use jiff::civil::Date;

use crate::schema::table_schema::RejectLimit;

/// A source: one kind of file of one system, read through one schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name in the pipeline file, `custody.offenders`.
    pub name: String,
    /// The system, the part of the name before the dot.
    pub system: String,
    /// Its files, expanded from the pattern and sorted.
    pub files: Vec<PathBuf>,
    /// For each file, what `{la}` in the pattern matched, `301`.
    pub captures: Vec<Option<String>>,
    /// Its schema file.
    pub schema: PathBuf,
}

/// How many rows of a source one rule may reject before the run stops.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The share of the source's rows, 0 to 1.
    pub share: f64,
    /// The number of rows, whatever their share.
    pub count: Option<u64>,
    /// So few rows never stop a run by their share: one bad row of a file of twenty is no alarm.
    pub allowance: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            share: 0.01,
            count: None,
            allowance: 10,
        }
    }
}

impl Limits {
    /// These limits, where a schema does not state its own.
    pub fn overridden(self, by: RejectLimit) -> Self {
        Limits {
            share: by.share.unwrap_or(self.share),
            count: by.count.or(self.count),
            allowance: by.allowance.unwrap_or(self.allowance),
        }
    }

    /// Are `rejected` of `rows` too many?
    pub fn exceeded(self, rejected: u64, rows: u64) -> bool {
        let over_count = self.count.is_some_and(|limit| rejected > limit);
        // Counts of rows are far below 2^53, so the product is exact enough to compare.
        #[allow(clippy::cast_precision_loss)]
        let over_share = rejected as f64 > self.share * rows as f64;
        over_count || (rejected > self.allowance && over_share)
    }
}

/// What ingest is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The sources, in the order of the pipeline file.
    pub sources: Vec<Source>,
    /// `postcode,local_authority`: for people whose source does not say where they live.
    pub postcode_directory: Option<PathBuf>,
    /// The day of the stock count.
    pub reference_date: Date,
    /// How many rows a rule may reject.
    pub limits: Limits,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_rows_do_not_stop_a_run_but_a_count_does() {
        let limits = Limits::default();
        assert!(!limits.exceeded(1, 20));
        assert!(!limits.exceeded(10, 20));
        assert!(limits.exceeded(11, 20));
        assert!(!limits.exceeded(11, 1100));
        let strict = limits.overridden(RejectLimit {
            count: Some(0),
            ..RejectLimit::default()
        });
        assert!(strict.exceeded(1, 1_000_000));
        assert!(!strict.exceeded(0, 0));
    }
}
