//! `synth.json`: what was written, from what, and the true figures.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::SynthError;
use super::truth::Counts;
use super::{Job, Parameters};
use crate::digest::Digest;
use crate::stage::OutputFile;

/// The name of the record; it is written last.
const NAME: &str = "synth.json";

/// True figures of one tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Children with a parent in prison on the reference date.
    pub stock: u64,
    /// Children with a parent in prison on any day of the year.
    pub year_unique: u64,
    /// Child × admission of a parent in the year.
    pub incidence: u64,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Always true: nobody in the files is real.
    pub synthetic: bool,
    /// The program that wrote them.
    pub program: String,
    /// The seed.
    pub seed: u64,
    /// The part of the country.
    pub scale: f64,
    /// The digest of the parameter file.
    pub parameters: Digest,
    /// People in prison on any day of the year.
    pub people: u64,
    /// People in prison on the reference date; women among them.
    pub stock: [u64; 2],
    /// Admissions in the year; those of women among them.
    pub admissions: [u64; 2],
    /// People in prison in the year with a child under 18 in it.
    pub parents: u64,
    /// People known to probation.
    pub probation: u64,
    /// Children under 18 on the reference date, of all families.
    pub children: u64,
    /// True figures of all children.
    pub all: Tier,
    /// True figures of children who are named, with a date of birth, as their parent's.
    pub named: Tier,
    /// Every file but this one.
    pub files: Vec<OutputFile>,
}

fn program() -> String {
    format!("kinlink {}", env!("CARGO_PKG_VERSION"))
}

pub(super) fn write(
    job: &Job,
    files: Vec<OutputFile>,
    counts: &Counts,
) -> Result<Summary, SynthError> {
    let tier = |tier| Tier {
        stock: counts.total(tier, "stock"),
        year_unique: counts.total(tier, "year_unique"),
        incidence: counts.total(tier, "incidence"),
    };
    let summary = Summary {
        synthetic: true,
        program: program(),
        seed: job.seed,
        scale: job.scale,
        parameters: job.parameters.digest(),
        people: counts.people,
        stock: counts.stock,
        admissions: counts.admissions,
        parents: counts.parents,
        probation: counts.probation,
        children: counts.children,
        all: tier("all"),
        named: tier("named"),
        files,
    };
    let path = job.out.join(NAME);
    let error = |source| SynthError::Io {
        path: path.clone(),
        source,
    };
    let text = serde_json::to_string_pretty(&summary).map_err(|e| error(e.into()))?;
    std::fs::write(&path, text + "\n").map_err(error)?;
    Ok(summary)
}

/// Do the extracts of this seed, scale and parameters stand in the folder already, written by
/// this version of the program, and is every file of the length that was written? The digests
/// themselves are for the reader of the files to check.
pub fn is_complete(dir: &Path, job: &Job) -> bool {
    let Ok(text) = std::fs::read_to_string(dir.join(NAME)) else {
        return false;
    };
    let Ok(found) = serde_json::from_str::<Summary>(&text) else {
        return false;
    };
    same(&found, job.seed, job.scale, &job.parameters)
        && found.files.iter().all(|file| {
            std::fs::metadata(dir.join(&file.path))
                .is_ok_and(|m| m.is_file() && m.len() == file.bytes)
        })
}

fn same(found: &Summary, seed: u64, scale: f64, parameters: &Parameters) -> bool {
    found.program == program()
        && found.seed == seed
        && found.scale.to_bits() == scale.to_bits()
        && found.parameters == parameters.digest()
}
