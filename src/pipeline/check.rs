//! Checking a pipeline before it runs: its grammar, its schemas, and whether its files are there.
//! Reads no personal data: of an extract, the header line at most. Labels of a review, which name
//! nobody, are read whole.

use std::path::Path;

use super::error::PipelineError;
use super::file::{Method, Pipeline};
use super::jobs;
use super::link_labels;
use super::prepare::locate;
use super::project::Project;
use super::runner::Options;
use crate::ingest;

/// What a check found to be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The project's name.
    pub project: String,
    /// Sources found.
    pub sources: usize,
    /// Files found.
    pub files: usize,
    /// Tables to be made.
    pub tables: usize,
    /// Extracts will be written first.
    pub rehearsal: bool,
}

/// Checks a pipeline file.
///
/// # Errors
/// Every problem of the file, every missing source, every schema or header that does not fit.
pub fn check(path: &Path, options: &Options) -> Result<Checked, PipelineError> {
    let pipeline = Pipeline::read(path)?;
    let project = Project::of(&pipeline.path, options.data.clone());
    let mut checked = Checked {
        project: pipeline.file.project.name.clone(),
        sources: pipeline.file.source.len(),
        files: 0,
        tables: pipeline.file.table.len(),
        rehearsal: pipeline.file.synth.is_some(),
    };
    if pipeline.file.estimate.method == Method::Bold {
        return Ok(checked);
    }
    // What is wrong with labels is told whether or not extracts are there.
    link_labels::read(&pipeline, &project)?;
    let (sources, directory) = match locate(&pipeline, &project) {
        Ok((sources, [directory, ..])) => (sources, directory),
        // The extracts of a rehearsal are written when it runs.
        Err(problems)
            if checked.rehearsal
                && problems.iter().all(|p| p.code == "KL-C-004")
                && !extracts_written(&pipeline, &project) =>
        {
            return Ok(checked);
        }
        Err(problems) => return Err(PipelineError::Files { problems }),
    };
    checked.files = sources.iter().map(|s| s.files.len()).sum();
    let problems = ingest::check(&jobs::ingest_job(&pipeline, sources, directory));
    if problems.is_empty() {
        Ok(checked)
    } else {
        Err(PipelineError::Files { problems })
    }
}

fn extracts_written(pipeline: &Pipeline, project: &Project) -> bool {
    pipeline
        .file
        .synth
        .as_ref()
        .is_some_and(|s| project.data_path(s.out.get_ref()).is_ok())
}
