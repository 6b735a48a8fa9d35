//! Row accounting: every row of every file is accepted, quarantined, merged, excluded or out of
//! scope, and the five add up to the rows that came in.

use serde::{Deserialize, Serialize};

/// The account of one file (or one table of one source) in one stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowAccount {
    /// The source's name in the pipeline file.
    pub source: String,
    /// The file, or the table, that is accounted for.
    pub unit: String,
    /// Rows that came in.
    pub rows_in: u64,
    /// Rows that went on to the next table.
    pub accepted: u64,
    /// Rows held back by a validation rule.
    pub quarantined: u64,
    /// Rows merged into another row that says the same.
    pub merged: u64,
    /// Rows excluded by a list (objections, erasures).
    pub excluded: u64,
    /// Rows that are right but that the question does not ask for.
    pub out_of_scope: u64,
}

impl RowAccount {
    /// An account with nothing in it.
    pub fn new(source: impl Into<String>, unit: impl Into<String>) -> Self {
        RowAccount {
            source: source.into(),
            unit: unit.into(),
            rows_in: 0,
            accepted: 0,
            quarantined: 0,
            merged: 0,
            excluded: 0,
            out_of_scope: 0,
        }
    }

    /// Rows that have a place: the five ways out, added up.
    pub fn accounted(&self) -> u64 {
        self.accepted + self.quarantined + self.merged + self.excluded + self.out_of_scope
    }

    /// Does `in = accepted + quarantined + merged + excluded + out of scope` hold?
    pub fn balances(&self) -> bool {
        self.rows_in == self.accounted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_row_does_not_balance() {
        let mut account = RowAccount::new("custody", "offenders.csv");
        account.rows_in = 10;
        account.accepted = 7;
        account.quarantined = 2;
        assert!(!account.balances());
        account.merged = 1;
        assert!(account.balances());
    }
}
