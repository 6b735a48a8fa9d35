//! Owner: what the owner of one extract does at his own site, without the rest of the pipeline.
//!
//! ```text
//!                          ┌─▶ linkage/   encodings               for the linkage unit
//! extract ─▶ clear tables ─┼─▶ payload/   tables without names    for the analyst
//!            (removed)     └─▶ owner/     join tables             stays with the key's owner
//!                     or ────▶ data/      a research release: another pseudonym for each project
//! ```
//!
//! [`split`] and [`release`] call the stages `ingest` and `pseudonymise` as the pipeline does; what
//! they add is the folder, which appears in one rename or not at all, and its description.

mod dictionary;
mod error;
mod interrupt;
mod manifest;
mod origin;
mod readme;
mod recipe_file;
mod release;
mod request;
mod split;
mod treatment;
mod workspace;

pub use error::{EXPLANATIONS, OwnerError};
pub use manifest::{FileEntry, Manifest, Settings, Within};
pub use release::{ReleaseOutcome, release};
pub use request::{DEFAULT_PROJECT, DEFAULT_REFERENCE, DEFAULT_ROUND, Request};
pub use split::{SplitOutcome, lint_folder, split};
pub use treatment::withheld;

/// What every export says.
pub const NOTICE: &str = "To re-identify a person in these data without the controller's consent \
                          is an offence (Data Protection Act 2018, section 171).";
