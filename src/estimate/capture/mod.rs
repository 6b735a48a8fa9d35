//! Capture and recapture: how many people are on no list, from what lists have in common.
//!
//! A statistician's tool by itself (`kinlink estimate capture`) and the engine of the coverage
//! estimates. [`read`] takes a table of list histories, [`fit`] fits hierarchical log-linear models,
//! [`select`] says which number is used, [`bootstrap`] and [`profile`] how sure it is, [`diagnose`]
//! what speaks against it, [`analyse`] does all of it, and [`text`] writes it down.
//!
//! The likelihood is that of independent Poisson counts. Its estimates of the cells are those of the
//! multinomial one; standard errors are for a population of fixed size.

mod analyse;
pub mod average;
pub mod bayes;
pub mod bootstrap;
pub mod coverage;
mod diagnose;
mod error;
mod estimator;
mod face;
mod fit;
mod interval;
mod model;
mod newton;
pub mod pair;
pub mod profile;
mod read;
pub mod report;
pub mod saturated;
mod search;
pub mod select;
mod table;
pub mod text;

pub use analyse::{BOOTSTRAP_MODELS, Options, analyse, parse};
pub use error::{CaptureError, EXPLANATIONS};
pub use estimator::Estimator;
pub use fit::{Admissibility, Counts, Fit};
pub use interval::{Interval, LEVEL, log_normal, wald};
pub use model::Model;
pub use read::{ReadTable, read};
pub use search::{ALL_UP_TO, Fitted, MOST_FITS, fit_all, for_bootstrap, search};
pub use table::{MOST_LISTS, MOST_PEOPLE, Table};
