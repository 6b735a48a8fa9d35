//! What a key, a run and a release are for: practice, or real people.
//!
//! The purpose is part of the key. A run takes it from its key, and a release from its run, so
//! that what was made with a rehearsal key can never be published as production.

use serde::{Deserialize, Serialize};

/// Practice, or real people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Synthetic people and practice: every released file is marked.
    Rehearsal,
    /// Real people.
    Production,
}

impl Purpose {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Purpose::Rehearsal => "rehearsal",
            Purpose::Production => "production",
        }
    }

    /// The purpose of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "rehearsal" => Some(Purpose::Rehearsal),
            "production" => Some(Purpose::Production),
            _ => None,
        }
    }
}
