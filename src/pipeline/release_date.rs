//! When a run's release may first be read, as its pipeline file says.

use std::path::Path;

use super::error::{Mismatch, MismatchKind, PipelineError};
use super::file::Pipeline;
use super::receipt::read_record;
use super::run_directory::Origin;
use super::runner::read_plan;
use crate::digest::Digest;

/// The `release_date` of `[publish]` in the pipeline file of a run; none where it states none.
///
/// # Errors
/// A run that is not there, or a pipeline file that is gone or has changed since.
pub fn release_date(run: &Path) -> Result<Option<String>, PipelineError> {
    let (plan, _) = read_plan(run)?;
    let (origin, _): (Origin, Digest) = read_record(&run.join("origin.json"))?;
    let pipeline = Pipeline::read(&origin.pipeline)?;
    if Digest::of(pipeline.text.as_bytes()) != plan.configuration {
        return Err(PipelineError::Integrity(vec![Mismatch {
            path: origin.pipeline,
            what: MismatchKind::Changed,
        }]));
    }
    Ok(pipeline.file.publish.release_date)
}
