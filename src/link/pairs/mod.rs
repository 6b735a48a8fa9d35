//! The linkage side's walk over pairs of rows: blocks, each pair once, its pattern of levels.
//!
//! | room | what |
//! | --- | --- |
//! | `blocks` | rows with equal tokens, and what is left out because too many share one |
//! | `pattern` | the levels of a pair and the rules that bring it together, as one number |
//! | `walk` | all pairs of a rule's blocks, those of earlier rules left out |

mod blocks;
mod pattern;
mod walk;

pub use blocks::{Blocks, Membership, shared};
pub use pattern::{MOST_COMPARISONS, MOST_RULES, Pattern};
pub use walk::{Dependent, Side, Taken, Walk};
