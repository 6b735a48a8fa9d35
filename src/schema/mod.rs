//! Schemas: what a file must look like, what its columns mean, and the canonical model that all
//! sources are brought to.

pub mod canonical;
pub mod code_list;
pub mod codes;
pub mod published;
pub mod quality;
mod schema_error;
pub mod table_schema;

pub use schema_error::{EXPLANATIONS, SchemaError, SchemaProblem};
