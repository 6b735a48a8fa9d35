//! Tables with differential privacy: noise first, everything else after it.
//!
//! ```text
//! rows ─▶ tabulate ─▶ plan ─▶ ledger.reserve ─▶ measure ─▶ ledger.commit ─▶ reconstruct ─▶ files
//!         true table  public                    noise: the true table ends  noisy tables only
//! ```
//!
//! The other mode of `protect`, suppression, decides by true counts what is hidden. The two do not
//! mix: hiding by true counts and adding noise after it is not private, because what is hidden tells
//! of the true counts. Here the types see to it: a [`TrueTable`] can only be measured, and
//! [`measure`] takes it away; hiding is a function of [`NoisyTables`].
//!
//! | room | what is in it | floating point |
//! | --- | --- | --- |
//! | `exact` | fractions, bounds of logarithms | never |
//! | `sampler` | discrete Laplace and discrete Gaussian draws | never |
//! | `accounting` | losses, composition, conversion, the privacy unit | never |
//! | `ledger` | the budget on disk | never |
//! | `measure`, `noise_key`, `tabulate`, `domain` | true counts, keyed noise, the public domain | never |
//! | `plan` | how the budget is spent best; exact variances | to choose shares |
//! | `reconstruct` | noisy counts to tables | after the noise |
//! | `section`, `input`, `release`, `files` | `[dp]` of a specification, to the files | after the noise |

pub mod accounting;
mod domain;
mod error;
pub mod exact;
mod files;
mod input;
pub mod ledger;
mod meaning;
mod measure;
mod noise_key;
mod plan;
mod reconstruct;
mod release;
pub mod sampler;
mod section;
mod tabulate;

pub use domain::{Axis, BadDomain, Domain, Levels, MOST_CELLS};
pub use error::{DpError, EXPLANATIONS};
pub use ledger::{Book, Reservation, Scope};
pub use meaning::{Meaning, meaning};
pub use measure::{Measurements, Mismatch, measure, release_id};
pub use noise_key::{NoiseKey, ReleaseId};
pub use plan::{Goal, Noise, Plan, PlanError, Request, SHARES};
pub use reconstruct::{NoisyTable, NoisyTables, Reliability, reconstruct};
pub use release::{Released, TableLine, plan_of, release_table, table_lines};
pub(super) use section::read_section;
pub use section::{Section, Show, Source};
pub use tabulate::{BadRow, Counted, Tabulator, TrueTable};
