//! Prisoners who were not screened: numbers of children imputed many times, and pooled.
//!
//! A gap is repaired once. Who was not screened is missing from the list of custody screening, and
//! the coverage estimate repairs just that; imputing their children and then estimating coverage
//! would count them twice. So a [`Screening`] has a state: as recorded it can say who is in the list
//! and can be imputed, which uses it up; imputed it can be pooled, and can no longer say who is in
//! the list. The two totals are rivals, to be published side by side.
//!
//! ```compile_fail
//! use kinlink::estimate::imputation::{Imputed, Screening};
//! fn list_a(screening: &Screening<Imputed>) -> Vec<bool> {
//!     screening.in_list() // there is no such method: the gap is repaired already
//! }
//! ```
//!
//! [`hurdle`] and [`hot_deck`] impute, [`rubin`] pools, [`sensitivity`] asks what if those who were
//! not screened differ from those who were.

pub mod hot_deck;
pub mod hurdle;
pub mod logistic;
pub mod rubin;
pub mod screening;
pub mod sensitivity;
pub mod truncated;

pub use hot_deck::HotDeck;
pub use hurdle::Hurdle;
pub use rubin::{Imputations, Pooled, pool};
pub use screening::{Answer, AsRecorded, Imputed, Imputer, Screening};
pub use sensitivity::{ODDS, Odds, tipping_point};
