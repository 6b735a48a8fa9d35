//! Promise: every estimator gives the known answers, its intervals hold the truth as often as they
//! say, and an estimator from which a source of variance or a correction was taken away does not.
//!
//! The quick suite runs a share of each simulation. The whole ones, of 500 replicates:
//! `cargo test --release --test estimate_methods -- --ignored --nocapture`.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and a long study prints what it found"
)]

#[path = "estimate_methods/engine.rs"]
mod engine;
#[path = "estimate_methods/gate.rs"]
mod gate;
#[path = "estimate_methods/known_answers.rs"]
mod known_answers;
#[path = "estimate_methods/known_weights_and_areas.rs"]
mod known_weights_and_areas;
#[path = "estimate_methods/negative.rs"]
mod negative;
#[path = "estimate_methods/simulation_lists.rs"]
mod simulation_lists;
#[path = "estimate_methods/simulation_rest.rs"]
mod simulation_rest;
#[path = "estimate_methods/stock_flow_example.rs"]
mod stock_flow_example;
#[path = "estimate_methods/told.rs"]
mod told;
#[path = "estimate_methods/world.rs"]
mod world;
