//! The budget on disk: what may be spent on a population, and what was.
//!
//! A ledger is a folder: `ledger.jsonl` (one entry a line, each with the digest of the one before
//! it), `head.json` (the last entry that was synced), `measurements/` (the noisy counts of every
//! release, to be given again), `lock`.
//!
//! The order of a release is: **reserve** (the loss is written and synced), measure, store the
//! measurements and sync them, **commit**. What is reserved is spent, whatever happens after: a
//! crash never gives it back. The noise is a keyed function of the release, so doing the same
//! release again finishes it with the same noise and pays nothing; any change of table, plan, label
//! or key is another release and pays.
//!
//! | room | what is in it |
//! | --- | --- |
//! | `entry` | the entries and their chain |
//! | `book` | the folder: open, reserve, recall, commit |
//! | `account` | what is spent and left |
//!
//! What it cannot see: a folder that was set back as a whole to an earlier state. Every release
//! prints the head of the chain; keep the last one, and `kinlink budget show` must still list it.

#![deny(clippy::float_arithmetic)]

mod account;
mod book;
mod entry;

pub use account::{Account, Spent};
pub use book::{Book, Reservation};
pub use entry::{Entry, Line, Scope};
