//! The owner's side of a comparison: clear values in, block tokens and words of tags out.
//!
//! ```text
//! value ─▶ lanes ─▶ digest of each lane      under a key of the project
//!                       │
//!                       ├─▶ block = digests of a rule's lanes, chained    under the rule's key
//!                       │       └─▶ token: what the linkage side groups by
//!                       └─▶ tag = one byte of (block, digest)             under the comparison's key
//! ```
//!
//! Each source is encoded by itself. The linkage side first sees tokens; it asks for the words of
//! those rows alone that share a block with another source (or, in one file, with another row).
//!
//! | room | what |
//! | --- | --- |
//! | `column` | the clear values of a source, each kept once |
//! | `lanes`, `nickname` | the lanes of a value |
//! | `digest` | the digests of lanes |
//! | `frequency` | how frequent a name is, in four bands |
//! | `row_digest` | whether a row is what it was to an earlier linkage |
//! | `rule` | comparisons, and the blocking rules made of their lanes |
//! | `tokens` | blocks, tokens and words of rows |
//! | `beside` | the words of two rows that the owner lays side by side |

mod beside;
mod column;
mod digest;
mod frequency;
mod lanes;
mod nickname;
mod row_digest;
mod rule;
mod tokens;

pub use beside::{Held, beside};
pub use column::{Column, Interner, Source};
pub use digest::{Digests, column_digests};
pub use frequency::note_frequencies;
pub use row_digest::{Beside, RowDigest, row_digests};
pub use rule::{Comparison, Part, Rule};
pub use tokens::{RuleKey, Token, random_blocks};
