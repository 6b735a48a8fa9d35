//! Block-keyed encodings: what lets similar records be compared, and only within a block.
//!
//! The key of every encoding is derived from the project's key, the pass and the value of the
//! record's block (its date of birth, say). Two records in one block can be compared; two records
//! in different blocks, or the same record in two passes, look like random bytes to each other.
//! A holder of the whole population in the clear then has nothing to align but single blocks of a
//! few people, in place of one great structure of similarities.
//!
//! | room | what |
//! | --- | --- |
//! | `rule` | blocking rules: what two records must share to be compared |
//! //! | `lane` | values of which a one-byte tag is made |
//! | `sketch` | a name as a few minima of its pairs of letters |
//! | `filter` | Bloom filters over the tokens of fields |
//! | `form` | the forms an encoding can have, and the passes of a rule |
//! | `encoder` | a person in; block token, row pseudonym and encoding out |

mod encoder;
mod filter;
mod form;
mod lane;
mod rule;
mod sketch;

pub use encoder::{BlockEncoder, BlockRow, Workspace};
pub use filter::{FilterField, Filters};
pub use form::{Arrangement, BlockPass, Form};
pub use lane::Lane;
pub use rule::{BlockError, BlockRule};
