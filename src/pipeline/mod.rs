//! Pipeline file, plan, run directory, receipts, resume and verify.
pub mod error;
pub mod file;
mod project;
mod receipt;
mod run_directory;
