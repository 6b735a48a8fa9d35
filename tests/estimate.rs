//! Promise: the capture–recapture estimators give the published answers of published tables, hold what
//! they say in simulation, say when a number does not exist, and tell wrong input with its place.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and a simulation tells what it found"
)]

#[path = "estimate/capture_command.rs"]
mod capture_command;
#[path = "estimate/capture_known.rs"]
mod capture_known;
#[path = "estimate/capture_properties.rs"]
mod capture_properties;
#[path = "estimate/capture_simulation.rs"]
mod capture_simulation;
#[path = "estimate/pair_command.rs"]
mod pair_command;
