//! What two encoded records show of each other, one comparison at a time.
//!
//! A comparison looks at one thing that a record holds (a forename, a date of birth). The owner
//! makes of a value up to eight **lanes**, derived values such as the Soundex code or the year;
//! encoded, a lane is one byte of a pseudo-random function keyed by the block, and the eight bytes
//! are one **word**. Two words give a **level**: exact, similar, different and so on, or none where
//! one of them is missing. Nothing but levels reaches the model.
//!
//! A byte agrees by chance once in 255 times, so nearly every level that counts as evidence asks for
//! two lanes that agree.
//!
//! | room | what |
//! | --- | --- |
//! | `kind` | the kinds of comparison: their levels, and which lanes must agree for each |
//! | `kernel` | the same for many pairs, from tables |
//! | `word` | equality of eight bytes at once |

mod kernel;
mod kind;
mod word;

pub use kernel::Kernel;
pub use kind::{FREQUENCY_BANDS, Kind, Level, MISSING};
pub use word::Word;

/// Lanes of a comparison.
pub const LANES: usize = 8;
