//! Pseudonymise: the last place that sees a name.
//!
//! Identifiers become keyed hashes: a row pseudonym for each pass, composite match keys, and a
//! record pseudonym for the payload. Nothing here hashes a single identifier by itself.

mod coarsen;
mod identity;
mod key;
pub mod lint;
mod match_key;
mod payload;
mod phonetic;
mod recipes;
mod release;
mod stage;

pub use key::{
    EXPLANATIONS, Fingerprint, KeyError, MasterKey, ProjectKeys, Pseudonym, Purpose, SubKey,
};
pub use match_key::{Encoder, Identity, MatchKey, Part, Recipe, RecipeError, Scratch};
pub use payload::days_of;
pub use recipes::{KINDS, default_recipes};
pub use release::{ReleaseColumn, Released, Treatment, is_reference, research_key, write_release};
pub use stage::{ClearTable, Job, PseudonymiseError, run};
