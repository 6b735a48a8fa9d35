//! Link: rows to people, on encodings only.
//!
//! Five seams, each a file or two, so that one can be replaced without the others:
//!
//! - the **linkage side** ([`linkage_side`]) sees one pass at a time, as triples of source, row
//!   pseudonym and match key, and returns the groups of rows that share a key;
//! - the **owner's side** ([`owner_side`]) holds the tables that join row pseudonyms to record
//!   pseudonyms, and turns groups of rows into groups of records;
//! - the **decision** ([`decide`], [`chance`]) walks the passes from strict to loose, says which
//!   keys are unambiguous, and what a link of each pass is worth;
//! - the **entities** ([`entities`]) are connected clusters that never hold two records of one
//!   source that is free of duplicates;
//! - **evaluation** compares links with a known truth.
//!
//! After them: [`why`] draws what spoke for and against a pair, [`review`] has people look at some,
//! and [`splink`] makes a model of another program's settings.
//!
//! Where two owners keep their keys and records to themselves, [`parcels`] links their encodings.
//!
//! Round them: [`stage`] is the third stage of a pipeline; `standalone` links two files, or the
//! rows of one, from the command line.

pub mod agglomerate;
pub mod assign;
pub mod blocking;
pub mod cannot_link;
pub mod chance;
pub mod decide;
pub mod earlier;
pub mod engine;
pub mod entities;
mod error;
pub mod estimates;
pub mod evaluate;
pub mod families;
pub mod federation;
pub mod linkage_side;
pub mod model;
pub mod model_file;
pub mod out_files;
pub mod owner_side;
pub mod pairs;
pub mod parcels;
pub mod pass;
pub mod people;
pub mod recall;
pub mod report;
pub mod review;
pub mod settle;
pub mod spec;
pub mod splink;
pub mod stable;
pub mod stage;
pub mod standalone;
pub mod table_file;
pub mod unlinkable;
pub mod why;

pub use error::{EXPLANATIONS, LinkError};
pub use stage::{
    DatesJob, Job, KindJob, LabelledMap, ModelJob, ModelSource, PassFiles, SourceInfo, run,
};
