//! The one interval of a figure: what varies, how much each source makes of it, and from where to
//! where.
//!
//! [`limits`] turns a variance into limits, [`components`] adds up the variances and tells each
//! one's share, [`noise`] has the variances of protection methods, and [`replicates`] is one engine
//! that draws everything anew, as an alternative and a check.

pub mod components;
pub mod limits;
pub mod noise;
pub mod replicates;

pub use components::{Components, Share, Source, Total};
pub use limits::{Interval, log_normal, normal};
pub use noise::Noise;
pub use replicates::{Engine, Recalibration, Replicated};
