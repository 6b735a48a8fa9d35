//! Promise: rows are linked on encodings, by rules and a model that the program finds for itself; it
//! says what it expects of its links, why a pair was linked, and what it could not do; and wrong
//! input is told with its place.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "link/bad_input.rs"]
mod bad_input;
#[path = "link/bench.rs"]
mod bench;
#[path = "link/dates.rs"]
mod dates;
#[path = "link/earlier.rs"]
mod earlier;
#[path = "link/evaluate.rs"]
mod evaluate;
#[path = "link/linking.rs"]
mod linking;
#[path = "link/model.rs"]
mod model;
#[path = "link/parcels.rs"]
mod parcels;
#[path = "link/review.rs"]
mod review;
#[path = "link/splink.rs"]
mod splink;
#[path = "link/why.rs"]
mod why;
