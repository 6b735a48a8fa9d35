//! How a budget is spent: how much noise every table gets, so that all tables together are as exact
//! as the budget allows. Reads no data.
//!
//! | room | what is in it |
//! | --- | --- |
//! | `structure` | what a table tells of which part of the counts |
//! | `tree` | precision and estimates along a hierarchy |
//! | `allocate` | the best shares of the budget |
//! | `settled` | shares as exact variances, and what they cost |

mod allocate;
mod settled;
mod structure;
mod tree;

pub use allocate::Goal;
pub(super) use settled::nearest;
pub use settled::{Noise, Plan, PlanError, Request, SHARES};
pub(super) use structure::{Component, Structure, number};
pub(super) use tree::Gains;
