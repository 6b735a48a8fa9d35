//! The desk of releases: check one, put it on the shelf, withdraw it, correct it.
//!
//! [`check`] reads a run's release as a reader would, and refuses it with every reason at once.
//! [`Shelf`] is the folder of releases with its register: a release appears in it in one rename,
//! under its id. What has been on the shelf stays known, so that every later release of the same
//! period is audited together with it, withdrawn or not.

mod check;
mod differencing;
mod error;
mod limits;
mod register;
mod revisions;
mod shelf;

pub use check::{Checked, Refusal, check};
pub use error::{EXPLANATIONS, ReleaseError};
pub use limits::Limits;
pub use register::{Entry, Register, State};
pub use revisions::Revision;
pub use shelf::{Published, Shelf};
