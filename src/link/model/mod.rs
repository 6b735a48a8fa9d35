//! The Fellegi–Sunter model, from nothing but counts of patterns.
//!
//! | room | what |
//! | --- | --- |
//! | `counts` | how many pairs have each pattern, rule by rule |
//! | `fit` | m, u and the share of matches by expectation and maximisation |
//! | `check` | whether the rules agree about what matches look like |
//! | `weights` | what a pattern is worth: match weight and probability |

mod check;
mod counts;
mod fit;
mod weights;

pub use check::{check, one_person};
pub(crate) use counts::real;
pub use counts::{Counts, Role};
pub(crate) use fit::logistic;
pub use fit::{Fit, RuleFit, fit};
pub use weights::{Terms, Weights};
