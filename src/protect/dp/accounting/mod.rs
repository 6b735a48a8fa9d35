//! What a release costs: privacy loss as types that cannot be mixed up, composed exactly.
//!
//! | room | what is in it |
//! | --- | --- |
//! | `loss` | zero-concentrated and pure differential privacy, and their composition |
//! | `conversion` | zCDP as (ε, δ), rounded the safe way |
//! | `unit` | whose presence is hidden, and in how many rows of a table it may be |

#![deny(clippy::float_arithmetic)]

mod conversion;
mod loss;
mod unit;

pub use conversion::{Delta, epsilon_of, rho_within};
pub use loss::{Definition, Loss, PureDp, Zcdp};
pub use unit::{Contribution, PrivacyUnit};
