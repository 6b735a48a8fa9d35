//! From noisy measurements to tables that can be read: additive, whole, not negative, each cell
//! with an interval and a mark of reliability. A function of the measurements alone.
//!
//! | room | what is in it |
//! | --- | --- |
//! | `linear` | the least squares of all measurements, cell by cell, unbiased |
//! | `nonnegative` | the nearest additive table without a negative cell |
//! | `rake` | margins that need no correction are kept |
//! | `integers` | the same in whole numbers |
//! | `tables` | values, intervals, marks |

mod integers;
mod linear;
mod nonnegative;
mod rake;
mod tables;

pub use tables::{NoisyTable, NoisyTables, Reliability, reconstruct};
