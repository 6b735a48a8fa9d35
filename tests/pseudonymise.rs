//! Promise: the owner of one extract makes, by himself, what the linkage unit and the analyst get;
//! the parts have nothing in common; a research release belongs to one project; and whatever goes
//! wrong, nothing is written.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod world;

#[path = "pseudonymise/desk.rs"]
mod desk;
#[path = "pseudonymise/lint.rs"]
mod lint;
#[path = "pseudonymise/memory.rs"]
mod memory;
#[path = "pseudonymise/refusals.rs"]
mod refusals;
#[path = "pseudonymise/release.rs"]
mod release;
#[path = "pseudonymise/split.rs"]
mod split;
