//! Figures of small areas: each area's own estimate and what its covariates lead to expect, weighed
//! by how sure each is.
//!
//! [`fay_herriot`] is the model, on the logarithm of children per child of the population; [`publish`]
//! brings it back to numbers of children, adds them up to the national figure and says of every area
//! how it came about.

pub mod fay_herriot;
pub mod mse;
pub mod publish;

pub use fay_herriot::{Area, AreaStatus, Direct, FayHerriot, Fit};
pub use publish::{Benchmarked, Figure, figures};
