//! Publish: safe tables to files that people read.
//!
//! Takes [`ProtectedTable`](crate::protect::ProtectedTable)s and nothing else, and writes a
//! release: Parquet and CSV of every table, a data package that describes them, a page in plain
//! words, and the digests. Nothing written depends on the clock, the machine or the order of a
//! hash.

mod checker_pack;
mod cleared;
mod csv_table;
mod datapackage;
mod ees;
mod error;
mod format;
pub mod labels;
pub mod lint;
mod ods;
mod parquet_table;
mod provenance;
mod readme;
pub mod report;
mod stage;
mod summary;

pub use crate::purpose::Purpose;
pub use checker_pack::Review;
pub use error::{EXPLANATIONS, PublishError};
pub use format::Format;
pub use provenance::Provenance;
pub use stage::{Job, ReleaseInfo, run};
pub use summary::{Headline, Summary};
