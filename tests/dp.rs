//! Promise: tables with noise are as private as they say. The noise has the stated distribution, a
//! broken sampler is noticed, what is spent is on disk before it is spent, and what is published is
//! a function of noisy counts alone.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "dp/attacks.rs"]
mod attacks;
#[path = "dp/audit.rs"]
mod audit;
#[path = "dp/command.rs"]
mod command;
#[path = "dp/distribution.rs"]
mod distribution;
#[path = "dp/ledger.rs"]
mod ledger;
#[path = "dp/no_float.rs"]
mod no_float;
#[path = "dp/normal.rs"]
mod normal;
#[path = "dp/tables.rs"]
mod tables;
#[path = "dp/world.rs"]
mod world;
