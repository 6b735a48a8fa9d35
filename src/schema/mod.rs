//! Schemas: what a file must look like, what its columns mean, and the canonical model that all
//! sources are brought to.

pub mod canonical;
pub mod codes;
pub mod published;
