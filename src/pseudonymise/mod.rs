//! Pseudonymise: the last place that sees a name.
//!
//! Identifiers become keyed hashes: a row pseudonym for each pass, composite match keys, and a
//! record pseudonym for the payload. Nothing here hashes a single identifier by itself, but for
//! [`clkhash`], which does what that program's linkage schemas say and nothing in a run uses.

pub mod clkhash;
mod identity;
mod key;
mod match_key;
mod payload;
mod phonetic;
mod stage;

pub use key::{
    EXPLANATIONS, Fingerprint, KeyError, MasterKey, ProjectKeys, Pseudonym, Purpose, SubKey,
};
pub use match_key::{Encoder, Identity, MatchKey, Part, Recipe, RecipeError, Scratch};
pub use payload::days_of;
pub use stage::{ClearTable, Job, PseudonymiseError, run};
