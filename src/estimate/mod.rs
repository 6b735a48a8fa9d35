//! Estimate: people to counts.
//!
//! From the linked payload: which children have a parent in custody, on the reference date and in
//! the year, each child once; then the cells of every table. This is tier P1 of the definitions:
//! children who are named, with a date of birth, as the son or daughter of somebody in custody.
//!
//! [`spells`] is interval arithmetic over days, [`family`] turns one child's parents into facts,
//! [`count`] counts facts into cells, `read` gathers the files, [`bold`] is the multiplier method
//! of the official release, for comparison. [`capture`] is for people on no list.

pub mod bold;
pub mod capture;
pub mod count;
mod error;
pub mod family;
mod read;
pub mod spells;
mod stage;

pub use error::{EXPLANATIONS, EstimateError};
pub use read::SystemFile;
pub use stage::{Inputs, Job, Method, Wanted, run};
