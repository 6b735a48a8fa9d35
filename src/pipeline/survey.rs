//! What a pipeline will ask of the machine: where it writes, how much it reads, where its key is.
//! Opens nothing but the pipeline file; of extracts it asks for the size.

use std::path::{Path, PathBuf};

use super::error::PipelineError;
use super::file::{Method, Pipeline};
use super::project::{Project, Refused};
use super::runner::Options;

/// What a pipeline will ask of the machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// The project folder.
    pub project: PathBuf,
    /// Where run directories go; it need not be there yet.
    pub runs: PathBuf,
    /// The extracts.
    pub extracts: Extracts,
    /// Sources whose path leads out of the project folder and the data root.
    pub outside: Vec<String>,
    /// The key, where it is a file.
    pub key: Option<KeyFile>,
}

/// The extracts of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Extracts {
    /// They stand there, or some of them.
    There {
        /// Their bytes.
        bytes: u64,
        /// Files.
        files: usize,
        /// Sources of which no file is there.
        missing: usize,
    },
    /// A rehearsal will write them.
    ToWrite {
        /// The part of the country; 1.0 is all of England and Wales.
        scale: f64,
    },
    /// The method needs none.
    None,
}

/// A key file that a pipeline names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// Where it is or will be.
    pub path: PathBuf,
    /// A rehearsal makes it where it is not there.
    pub made: bool,
}

/// Reads a pipeline file and looks for what it names.
///
/// # Errors
/// A pipeline file that cannot be read or is wrong.
pub fn survey(path: &Path, options: &Options) -> Result<Survey, PipelineError> {
    let pipeline = Pipeline::read(path)?;
    let project = Project::of(&pipeline.path, options.data.clone());
    let (extracts, outside) = extracts(&pipeline, &project);
    let named = pipeline.file.key.as_ref().and_then(|k| k.file.as_ref());
    let key = named.and_then(|relative| {
        let path = project
            .data_path(relative.get_ref())
            .or_else(|_| project.new_path(relative.get_ref()));
        Some(KeyFile {
            path: path.ok()?,
            made: pipeline.file.synth.is_some(),
        })
    });
    Ok(Survey {
        project: project.folder().to_path_buf(),
        runs: options.runs.clone().unwrap_or_else(|| project.runs()),
        extracts,
        outside,
        key,
    })
}

/// How much the sources are, and which of them lead out.
fn extracts(pipeline: &Pipeline, project: &Project) -> (Extracts, Vec<String>) {
    let mut outside = Vec::new();
    if pipeline.file.estimate.method == Method::Bold {
        return (Extracts::None, outside);
    }
    let (mut bytes, mut files, mut missing) = (0_u64, 0, 0);
    for source in &pipeline.file.source {
        match project.matching(source.path.get_ref()) {
            Ok(found) => {
                files += found.len();
                let sizes = found
                    .iter()
                    .filter_map(|(path, _)| std::fs::metadata(path).ok());
                bytes += sizes.map(|m| m.len()).sum::<u64>();
            }
            Err(Refused::Absent) => missing += 1,
            Err(Refused::Outside) => outside.push(source.name.get_ref().clone()),
        }
    }
    match &pipeline.file.synth {
        Some(synth) if files == 0 => (Extracts::ToWrite { scale: synth.scale }, outside),
        _ => (
            Extracts::There {
                bytes,
                files,
                missing,
            },
            outside,
        ),
    }
}
