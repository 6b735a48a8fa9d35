//! Exact numbers: everything between a budget and a draw of noise is made of them. No floating
//! point here, nor in `sampler`, `accounting` and `ledger`: a rounded number breaks the guarantee in
//! ways that no test of the output can see.
//!
//! | room | what is in it |
//! | --- | --- |
//! | `ratio` | fractions that are not negative, of any size |
//! | `logarithm` | fractions that a logarithm is proven to lie between |

#![deny(clippy::float_arithmetic)]

mod logarithm;
mod ratio;

pub use logarithm::{Between, logarithm};
pub use ratio::{NotARatio, Ratio};
