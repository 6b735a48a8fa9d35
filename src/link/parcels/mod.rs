//! Two owners' parcels, linked: the encodings of each at the linkage unit, the join tables of both at
//! the owner of the key.
//!
//! ```text
//! linkage/ of two owners ─▶ pairs of rows, pass by pass        the linkage unit: no key, no records
//!                                 │
//! owner/ of both ──────────▶ pairs of records, each once ─▶ model ─▶ links      the owner of the key
//! ```
//!
//! The unit sees one pass at a time: rows that share a block token, and how far their encodings agree.
//! Row pseudonyms differ from pass to pass, so it cannot lay the pairs of two passes side by side. The
//! owner of the key does: a pair of records that several passes found is one, with the best level that
//! any of them saw, and the rules that found it.
//!
//! | room | what |
//! | --- | --- |
//! | `encoding` | what an encoding says of itself, and the levels of two |
//! | `unit` | pairs of rows of a pass |
//! | `pair_files` | the folder that goes from the unit to the owner |
//! | `join` | pairs of rows to pairs of records |
//! | `decide` | the model of them, and the links |

mod decide;
mod encoding;
mod join;
mod pair_files;
mod unit;

pub use decide::{KindLinks, decide, write};
pub use encoding::{Form, PassName};
pub use join::{Joined, join};
pub use pair_files::{PairManifest, PassPairs};
pub use unit::pairs;
