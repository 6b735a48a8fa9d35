//! Protect: counts to safe tables.
//!
//! Inner cells become tables with all their margins; the tables that share cells become one
//! system of relations; small counts are hidden, and so many further cells that nothing hidden
//! can be had by adding and subtracting or by bounds; what is shown is rounded. An audit of its
//! own then looks at the result and stops it if anything hidden is exposed.
//!
//! That is one mode. The other, [`dp`], adds noise to the counts first and hides nothing by them.
//!
//! [`ProtectedTable`] is what leaves this room and the only thing that `publish` takes. It can be
//! made here alone.

mod attacker;
mod audit;
mod basis;
mod benchmark;
mod cell_key;
mod cells;
mod certified;
mod circulation;
mod demands;
mod derive;
mod disguise;
pub mod dp;
mod elimination;
mod error;
mod exact;
mod hierarchy;
mod linked;
mod noise_section;
mod optimum;
mod owner;
mod product;
mod quality;
mod range;
mod reading;
mod records;
mod release;
mod repair;
mod review;
mod rounded;
mod rule_sections;
mod rules;
mod secondary;
mod showing;
mod simplex;
mod spec;
mod stage;
mod standalone;
mod system;
mod table;
mod why;

pub use cell_key::{CellKeys, NoiseRow, NoiseRules, NoiseTable};
pub use error::{Blocked, EXPLANATIONS, Problem, ProtectError};
pub use hierarchy::BadHierarchy;
pub use noise_section::CellKeySection;
pub use quality::ReleasableQuality;
pub use release::{
    CellBounds, Counts, Kind, Own, Owners, Proof, ReleaseAudit, Term, audit_release,
};
pub use rule_sections::Dominance;
pub use rules::{Attacker, Cost, Method, Rounding, RoundingMethod, Rules, Zeros};
pub use spec::{Published, Spec, read_spec};
pub use stage::{Job, TableJob, run};
pub use standalone::{TableSummary, protect_table};
pub use system::CannotJoin;
pub use table::{ProtectedRow, ProtectedTable, load};
pub use why::{Why, explain_cell};
