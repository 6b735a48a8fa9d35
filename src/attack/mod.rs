//! The motivated intruder: attacks on a run's own encodings, by somebody who holds the people.
//!
//! The adversary knows the scheme, the program and the whole population in the clear, or half of
//! it; he does not have the key. Every attack is run against what the linkage side has, and again
//! against an encoding without protection of the same people, so that a figure of nought is seen
//! to come from the protection and not from an attack that does not work. A pass is no proof:
//! these are lower bounds on what an adversary can do.
//!
//! | room | attacks |
//! | --- | --- |
//! | `frequency` | A1 rank alignment, A2 shares of keys |
//! | `equality` | A3 the pattern of equal values (Weisfeiler and Leman) |
//! | `similarity` | A4 the structure of similarities of a whole file |
//! | `blocks` | A4 again, block by block |
//! | `pattern`, `chance` | A5 bits that go together, and whether they do so by chance |
//! | `single` | A6 to A11: dictionaries, wrong keys, noise, lengths, two projects |
//! | `emission` | what the emission gate leaves of a file |
//! | `structure`, `unprotected` | the attacks on structure, on a pass and on people without protection |
//! | `suite` | all of them in order, each figure beside its gate |

mod blocks;
mod chance;
mod emission;
mod equality;
mod finding;
mod frequency;
mod pattern;
mod population;
mod similarity;
mod single;
mod structure;
mod suite;
mod unprotected;
mod view;

pub use finding::{Finding, Report};
pub use population::{Known, Population};
pub use suite::{Settings, Target, run};
pub use view::{PassView, RowView, views};

#[cfg(test)]
mod tests;
