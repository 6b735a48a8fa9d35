//! Coverage: how many children no list holds, from three lists that overlap.
//!
//! Lists are numbered 1 to 3 (custody screening and contacts, probation, children's services). A
//! [`History`] says which of them hold a child. What was [`Observed`] suffers from missed and false
//! links; a [`Transition`] turns it into what is [`Corrected`], and only that can be estimated from
//! ([`saturated`]). [`strata`] has the rule for small strata and the coverage weights,
//! [`diagnostics`] what speaks for or against the assumptions.

pub mod diagnostics;
pub mod histories;
pub mod saturated;
pub mod strata;
pub mod transition;

pub use diagnostics::Diagnostics;
pub use histories::{Corrected, History, Observed};
pub use saturated::{Form, Saturated};
pub use strata::{Plan, Stratified, StratumTable};
pub use transition::{ListLinkage, Transition};
