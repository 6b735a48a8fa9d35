//! Pseudonymise: the last place that sees a name.
//!
//! Identifiers become keyed hashes: a row pseudonym for each pass, composite match keys, and a
//! record pseudonym for the payload. Nothing here hashes a single identifier by itself, but for
//! [`clkhash`], which does what that program's linkage schemas say and nothing in a run uses.

mod block;
mod block_gate;
mod cipher;
pub mod clkhash;
mod coarsen;
mod defaults;
mod encode;
pub mod gate;
mod identity;
mod key;
mod linkage_source;
pub mod lint;
mod look_alike;
mod match_key;
mod part;
mod pass_files;
mod payload;
mod phonetic;
mod recipe;
mod release;
mod sealed;
mod sorted_table;
mod spill;
mod stage;
mod values;
pub mod words;

pub use crate::purpose::Purpose;
pub use block::{
    Arrangement, BlockEncoder, BlockError, BlockPass, BlockRow, BlockRule, FilterField, Filters,
    Form, Lane, Workspace,
};
pub use coarsen::month_of;
pub use defaults::{KINDS, default_blocks, default_recipes};
pub use gate::{Because, GateError, KeyCounts, block_cap};
pub use identity::each_person;
pub use key::{
    AnyKey, CommandFailure, EXPLANATIONS, FOOTER, FileKey, Fingerprint, Flaw, KeyError, KeySource,
    MasterKey, Messages, ProjectKeys, Pseudonym, Salt, Split, SubKey, combine, split,
};
pub use linkage_source::{LinkageSource, linkage_fields, read_linkage_source};
pub(crate) use look_alike::{ALIKE, Patterns};
pub use match_key::{Encoder, KeyRow, MatchKey, RowNames, Scratch};
pub use part::{Identity, Part};
pub use payload::days_of;
pub use recipe::{Recipe, RecipeError};
pub use release::{ReleaseColumn, Released, Treatment, is_reference, research_key, write_release};
pub use stage::{ClearTable, Job, PseudonymiseError, run};
