//! Promise: the report of a release draws released values and no others; every view is one page
//! that everybody can read; and nothing leaves by the desk of releases that breaks a rule.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "report/browser.rs"]
mod browser;
#[path = "report/desk.rs"]
mod desk;
#[path = "report/drawn.rs"]
mod drawn;
#[path = "report/page.rs"]
mod page;
#[path = "report/releases.rs"]
mod releases;
mod stage_cells;
#[path = "report/svg.rs"]
mod svg;
#[path = "report/views.rs"]
mod views;
