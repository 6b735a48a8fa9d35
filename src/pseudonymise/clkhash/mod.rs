//! clkhash interop: cryptographic linkage keys (CLKs) as clkhash 0.18 makes them, bit for bit.
//!
//! For linkages whose other parties use clkhash and anonlink. A CLK is one Bloom filter of a
//! record; whoever holds a list of the people finds about 99 % of the records in it without the
//! key. It is not what kinlink's own linkage uses.
//!
//! | file | purpose |
//! | --- | --- |
//! | `schema.rs`, `versions.rs`, `reading.rs` | linkage schemas of versions 1, 2 and 3 |
//! | `secret.rs`, `base64_text.rs` | the secret, and the keys derived from it; salts |
//! | `field.rs`, `number.rs`, `date.rs`, `pattern.rs` | formats: what values may look like, and their one form |
//! | `tokens.rs` | comparisons: values to tokens |
//! | `bits.rs` | hash functions: tokens to bits; filters |
//! | `encoder.rs` | records to CLKs |
//! | `rows.rs`, `run.rs` | a table to a file of CLKs |

mod base64_text;
mod bits;
mod date;
mod encoder;
mod error;
mod field;
mod number;
mod pattern;
mod reading;
mod rows;
mod run;
mod schema;
mod secret;
#[cfg(test)]
mod tests;
mod tokens;
mod versions;

pub use encoder::{Encoder, RecordBreach, Worker};
pub use error::{Breach, ClkhashError, EXPLANATIONS, SchemaProblem};
pub use run::{Job, Remark, Summary, encode_file};
pub use schema::{LinkageSchema, SchemaFault, SchemaRemark};
pub use secret::{Secret, Weakness};
