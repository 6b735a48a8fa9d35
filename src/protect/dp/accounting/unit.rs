//! Whose presence is hidden, and in how many rows of a table it may be.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The privacy unit: two data sets are neighbours if one has one such unit more than the other,
/// with all its rows (add or remove).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrivacyUnit {
    /// One child.
    Child,
    /// One parent with all children of that parent in the table.
    Parent,
    /// One family with all its children in the table.
    Family,
}

impl PrivacyUnit {
    /// All of them.
    pub const ALL: [PrivacyUnit; 3] =
        [PrivacyUnit::Child, PrivacyUnit::Parent, PrivacyUnit::Family];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            PrivacyUnit::Child => "child",
            PrivacyUnit::Parent => "parent",
            PrivacyUnit::Family => "family",
        }
    }
}

impl fmt::Display for PrivacyUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The most rows of one unit in a table, at least 1. They may all be in one cell, so a count of a
/// table changes by so many with one unit, in L1 and in L2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Contribution(u32);

/// A bound of 0, or one that bounds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a unit may be in 1 to {} rows of a table", Contribution::MOST)]
pub struct NotABound;

impl Contribution {
    /// Above this a bound would make any noise useless.
    pub const MOST: u32 = 1000;

    /// One row a unit.
    pub const ONE: Contribution = Contribution(1);

    /// The number of rows.
    pub fn rows(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Contribution {
    type Error = NotABound;

    fn try_from(rows: u32) -> Result<Self, NotABound> {
        (1..=Contribution::MOST)
            .contains(&rows)
            .then_some(Contribution(rows))
            .ok_or(NotABound)
    }
}

impl From<Contribution> for u32 {
    fn from(bound: Contribution) -> u32 {
        bound.0
    }
}
