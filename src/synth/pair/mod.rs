//! Two files of people to link, and which rows are one person.
//!
//! The left file stands for a custody register, the right one for parents known to children's
//! services. Between them lies what makes linkage hard: typing errors, short forms, changed
//! surnames, moves, missing values, twins, namesakes and households. The parameters in
//! `schemas/synth/pair.toml` say how much of each.
//!
//! | room | what |
//! | --- | --- |
//! | `parameters` | the shares of everything, with basis and source |
//! | `rows` | which person a row is, its id, and the truth |
//! | `names` | names of people, with a long tail put together from syllables |
//! | `person` | a person, as a function of the seed and of the person's number |
//! | `relatives` | people who look like others: households, twins, namesakes |
//! | `errors` | a record of a person, with what goes wrong in it |
//! | `write` | rows made by all threads and written in their order |
//! | `papers` | the specification and the page that lie beside the files |
//!
//! A row is made from its number without any other row being held, so memory does not grow with
//! the files; the bytes depend on the seed, the rows, the format and the parameters.

mod errors;
mod names;
mod papers;
mod parameters;
mod person;
mod relatives;
mod rows;
mod write;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::error::SynthError;
use crate::digest::Digest;
use crate::progress::Progress;
use crate::stage::OutputFile;
pub use parameters::PairParameters;
use person::World;
use rows::Side;

/// Rows of a file at least, so that shares of them can be had.
pub const LEAST_ROWS: u64 = 10;
/// Rows of a file at most.
pub const MOST_ROWS: u64 = 100_000_000;

/// How the two files and the truth are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Parquet.
    Parquet,
    /// CSV in UTF-8.
    Csv,
}

impl Form {
    /// How the names of the files end.
    pub fn ending(self) -> &'static str {
        match self {
            Form::Parquet => "parquet",
            Form::Csv => "csv",
        }
    }
}

/// What to write, and where.
#[derive(Debug, Clone)]
pub struct PairJob {
    /// The folder; empty or not there yet.
    pub out: PathBuf,
    /// Rows of each of the two files.
    pub rows: u64,
    /// The seed of all random draws.
    pub seed: u64,
    /// How the files are written.
    pub form: Form,
    /// What people and records are like.
    pub parameters: PairParameters,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairSummary {
    /// Always true: nobody in the files is real.
    pub synthetic: bool,
    /// The seed.
    pub seed: u64,
    /// The digest of the parameter file.
    pub parameters: Digest,
    /// Rows of each file.
    pub rows: u64,
    /// Left rows whose person is on the right too.
    pub both: u64,
    /// Right rows that are a second record of a person.
    pub again: u64,
    /// True pairs of a left and a right row.
    pub true_pairs: u64,
    /// By what went wrong: records of the left and of the right file that have it.
    pub errors: BTreeMap<&'static str, [u64; 2]>,
    /// The files.
    pub files: Vec<OutputFile>,
}

/// Writes the two files, their truth, a specification for `kinlink link` and a page about them.
///
/// # Errors
/// The folder is not empty, the number of rows is out of range, or a file cannot be written.
pub fn run(job: &PairJob, progress: &dyn Progress) -> Result<PairSummary, SynthError> {
    if !(LEAST_ROWS..=MOST_ROWS).contains(&job.rows) {
        return Err(SynthError::Rows);
    }
    super::must_be_empty(&job.out)?;
    let world = World::new(&job.parameters, job.seed, job.rows)?;
    progress.begin("rows of both files", Some(job.rows * 2));
    let (left, right) = rayon::join(
        || write::side(&world, Side::Left, job, progress),
        || write::side(&world, Side::Right, job, progress),
    );
    progress.end();
    let ((left, of_left), (right, of_right)) = (left?, right?);
    let truth = write::truth(&world, job)?;
    let mut errors: BTreeMap<&'static str, [u64; 2]> = BTreeMap::new();
    for (side, tally) in [of_left, of_right].iter().enumerate() {
        for (kind, count) in tally {
            if let Some(slot) = errors.entry(kind.name()).or_default().get_mut(side) {
                *slot = *count;
            }
        }
    }
    let mut summary = PairSummary {
        synthetic: true,
        seed: job.seed,
        parameters: job.parameters.digest(),
        rows: job.rows,
        both: world.rows.both(),
        again: world.rows.again(),
        true_pairs: truth.rows.unwrap_or(0),
        errors,
        files: vec![left, right, truth],
    };
    let papers = papers::write(job, &summary)?;
    summary.files.extend(papers);
    summary.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(summary)
}

#[cfg(test)]
mod tests;
