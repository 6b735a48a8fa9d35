//! Ingest: extracts to the canonical model. The clear zone begins and ends here.
//!
//! ```text
//! files ─▶ read ─▶ rows ─▶ landing tables ─▶ assemble ─▶ canonical tables
//!          CSV      constraints, codes,        joins, spells,
//!          Parquet  standard forms             aliases, duplicates
//!          XML
//! ```
//!
//! What a file looks like and where its columns go stands in schema files ([`mapping`]); a new
//! source system is a new schema, not new code. Rows that break a rule are held back with file,
//! row, column and rule; values that systems fill in where nothing is known are dropped and
//! counted; every row is accounted for ([`ledger`]). Nothing depends on the number of threads.

mod assemble;
mod chunk;
mod constraint;
mod convert;
mod error;
mod explanations;
mod geography;
mod intake;
mod job;
mod landing;
mod ledger;
mod mapping;
mod met;
mod output;
mod quality;
mod read;
mod rows;
mod run;
pub mod standardise;
mod template;

pub use assemble::spells;
pub use error::{EXPLANATIONS, IngestError, Problem};
pub use job::{Job, Limits, Source};
pub use run::{check, run};
