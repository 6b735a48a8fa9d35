//! Ingest: extracts to the canonical model. The clear zone begins and ends here.

pub mod standardise;
