//! The Fellegi–Sunter model, from nothing but counts of patterns.
//!
//! | room | what |
//! | --- | --- |
//! | `counts` | how many pairs have each pattern, rule by rule |
//! | `fit` | m, u and the share of matches by expectation and maximisation |
//! | `kin` | strangers who are no strangers: households, twins, namesakes |
//! | `order` | a rarer name that two records share never weighs less |
//! | `says` | what each level says under a rule |
//! | `check` | whether the rules agree about what matches look like |
//! | `weights` | what a pattern is worth: match weight and probability |

mod check;
mod counts;
mod fit;
mod kin;
mod order;
mod says;
mod weights;

pub use check::{check, one_person};
pub(crate) use counts::real;
pub use counts::{Counts, Role};
pub use fit::{Fit, RuleFit, fit};
pub(crate) use fit::{log_odds, logistic};
pub use kin::{Agreement, Kin, Relation};
pub use weights::{Terms, Weights};
