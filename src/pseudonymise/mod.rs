//! Pseudonymise: the last place that sees a name.
//!
//! Identifiers become keyed hashes: a row pseudonym for each pass, composite match keys, and a
//! record pseudonym for the payload. Nothing here hashes a single identifier by itself.

mod block;
mod identity;
mod key;
mod match_key;
mod part;
mod payload;
mod phonetic;
mod recipe;
mod stage;

pub use block::{
    Arrangement, BlockEncoder, BlockError, BlockPass, BlockRow, BlockRule, FilterField, Filters,
    Form, Lane, Workspace,
};
pub use key::{
    EXPLANATIONS, Fingerprint, KeyError, MasterKey, ProjectKeys, Pseudonym, Purpose, SubKey,
};
pub use match_key::{Encoder, MatchKey, Scratch};
pub use part::{Identity, Part};
pub use payload::days_of;
pub use recipe::{Recipe, RecipeError};
pub use stage::{ClearTable, Job, PseudonymiseError, run};
