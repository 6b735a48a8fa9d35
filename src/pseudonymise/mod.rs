//! Pseudonymise: the last place that sees a name.
//!
//! Identifiers become keyed hashes: a row pseudonym for each pass, composite match keys, and a
//! record pseudonym for the payload. Nothing here hashes a single identifier by itself.

mod identity;
mod key;
mod match_key;
mod payload;
mod phonetic;
mod stage;

pub use crate::purpose::Purpose;
pub use key::{
    CommandFailure, EXPLANATIONS, FOOTER, Fingerprint, Flaw, KeyError, KeySource, MasterKey,
    ProjectKeys, Pseudonym, Salt, Split, SubKey, combine, split,
};
pub use match_key::{Encoder, Identity, MatchKey, Part, Recipe, RecipeError, Scratch};
pub use payload::days_of;
pub use stage::{ClearTable, Job, PseudonymiseError, run};
