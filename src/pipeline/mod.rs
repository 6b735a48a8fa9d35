//! The pipeline: its file, its plan, its run directory; running, resuming and verifying it.
//!
//! [`file`] is the grammar, `key_section`, `link_section`, `estimate_section` and `protect_section` parts of it; `project` confines paths; `prepare` finds and digests the inputs;
//! `survey` says what they ask of the machine;
//! `jobs` turns plan and receipts into each stage's job; `runner` runs the stages; `receipt` and
//! `run_directory` are what is on disk; `verify` checks it; `attack` lets a motivated intruder at its encodings; `research` makes linked microdata of it; `rehearse` writes synthetic extracts
//! first where the pipeline says so.

mod attack;
pub mod error;
mod estimate_section;
pub mod file;
mod jobs;
mod key_section;
mod link_labels;
mod link_section;
mod prepare;
mod project;
mod protect_section;
mod receipt;
mod rehearse;
mod release_date;
mod research;
mod run_directory;
mod runner;
mod survey;
mod verify;

pub use attack::{Attacked, attack};
pub use check::{Checked, check};
pub use error::{EXPLANATIONS, PipelineError};
pub use receipt::{Manifest, Plan, Receipt};
pub use release_date::release_date;
pub use research::{ResearchRequest, research};
pub(crate) use run_directory::files_below;
pub use runner::{Options, Outcome, resume, run};
pub use survey::{Extracts, KeyFile, Survey, survey};
pub use verify::{Verified, verify};

mod check;
