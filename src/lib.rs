//! `kinlink`: how many children have a parent in prison?
//!
//! Extracts from prisons, probation and children's services go in; protected Parquet tables come
//! out. Between the two, every identifier is replaced by keyed hashes, people are linked without
//! being seen, children are counted once, and small cells are hidden.
//!
//! The map of the house; data only moves from the top of the second list to its bottom.
//!
//! Small shared types, known to all:
//! [`accounting`] (row accounts), [`columnar`] (Parquet files), [`diagnostic`] (what a user reads
//! when something is wrong), [`digest`] (SHA-256 of files), [`progress`], [`purpose`] (practice or
//! real people), [`stage`] (the six
//! stages and what they leave behind), [`schema`] (schemas, code lists,
//! the canonical model).
//!
//! The six stages, each a room that knows none of the others:
//! [`ingest`] ▸ [`pseudonymise`] ▸ [`link`] ▸ [`estimate`] ▸ [`protect`] ▸ [`publish`].
//!
//! Around them: [`synth`] writes synthetic extracts with a known truth; [`pipeline`] reads the
//! pipeline file, runs the stages in a run directory, and can resume and verify; [`owner`] runs the
//! first two for one extract at its owner's site; [`release`] checks, publishes, withdraws and
//! corrects releases; [`research`] makes linked microdata of a run for one research project; [`scaffold`] makes a project folder, [`doctor`] says what of the machine
//! would hinder a run; [`cli`] is the command line.

pub mod accounting;
pub mod attack;
pub mod cli;
pub mod columnar;
pub mod comparison;
pub mod diagnostic;
pub mod digest;
pub mod doctor;
pub mod estimate;
pub mod ingest;
pub mod link;
pub mod owner;
pub mod pipeline;
pub mod progress;
pub mod protect;
pub mod pseudonymise;
pub mod publish;
pub mod purpose;
pub mod release;
pub mod research;
pub mod scaffold;
pub mod schema;
pub mod stage;
pub mod synth;
