//! Estimate: people to counts.
//!
//! From the linked payload: which children have a parent in custody, on the reference date and in
//! the year, each child once; then the cells of every table. This is tier P1 of the definitions:
//! children who are named, with a date of birth, as the son or daughter of somebody in custody.
//!
//! [`spells`] is interval arithmetic over days, [`family`] turns one child's parents into facts,
//! `circumstances` knows services and visits, `tabulate` counts facts into the [`count`] of each
//! table, `read` gathers the files, [`bold`] is the multiplier method of the official release, for
//! comparison. [`capture`] is for people on no list. [`stock_flow`] has the stock of every day and
//! the flow of a period.
//!
//! The estimators of the national figure and its interval, each of which knows no files:
//! [`linkage_error`] ▸ [`coverage`] with [`family_variance`] and [`part_variance`] ▸ [`imputation`], [`both_parents`],
//! [`calibration`] ▸ [`small_area`] ▸ [`interval`]. They share [`number`], [`draw`] and [`linear`]
//! (small algebra), and tell trouble as [`caution::Caution`] or [`MethodError`].

pub mod bold;
pub mod both_parents;
pub mod calibration;
pub mod capture;
pub mod caution;
mod circumstances;
pub mod count;
pub mod coverage;
pub mod draw;
mod error;
pub mod family;
pub mod family_variance;
pub mod imputation;
pub mod interval;
pub mod linear;
pub mod linkage_error;
mod method_error;
pub mod national;
pub mod number;
pub mod pair;
pub mod part_variance;
pub mod people;
mod quality;
mod read;
pub mod small_area;
pub mod spells;
mod stage;
pub mod stock_flow;
mod tabulate;

pub use error::{EXPLANATIONS, EstimateError};
pub use method_error::{METHOD_EXPLANATIONS, MethodError};
pub use read::{Entities, Entity, SystemFile};
pub use stage::{Inputs, Job, Method, Wanted, run};
