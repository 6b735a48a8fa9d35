//! Rehearsals: synthetic extracts, written before the run unless they stand there already.

use super::error::PipelineError;
use super::file::Pipeline;
use super::project::Project;
use super::receipt::sync_folder;
use super::run_directory::remove;
use crate::progress::Progress;
use crate::synth;

/// Writes the extracts of a `[synth]` section, so that they appear whole or not at all. Extracts
/// of the same seed, scale and parameters that stand there already are kept.
pub fn rehearse(
    pipeline: &Pipeline,
    project: &Project,
    progress: &dyn Progress,
) -> Result<(), PipelineError> {
    let Some(section) = &pipeline.file.synth else {
        return Ok(());
    };
    let outside = |path: &toml::Spanned<String>| PipelineError::Files {
        problems: vec![super::project::refusal(
            super::project::Refused::Outside,
            "the folder of the synthetic extracts",
            path.get_ref(),
            &pipeline.path,
            (path.span().start, path.span().len()),
        )],
    };
    let out = project
        .new_path(section.out.get_ref())
        .map_err(|_| outside(&section.out))?;
    let parameters = match &section.parameters {
        None => synth::Parameters::built_in()?,
        Some(path) => {
            let file = project
                .data_path(path.get_ref())
                .map_err(|_| outside(path))?;
            synth::Parameters::load(&file)?
        }
    };
    let mut job = synth::Job {
        out: out.clone(),
        seed: section.seed,
        scale: section.scale,
        parameters,
    };
    if synth::is_complete(&out, &job) {
        return Ok(());
    }
    if out.exists() {
        return Err(PipelineError::OtherExtracts { path: out });
    }
    let mut name = out.file_name().unwrap_or_default().to_os_string();
    name.push(".partial");
    let partial = out.with_file_name(name);
    remove(&partial)?;
    job.out = partial.clone();
    progress.note("synthetic extracts");
    synth::run(&job, progress)?;
    std::fs::rename(&partial, &out).map_err(PipelineError::io(&out))?;
    if let Some(folder) = out.parent() {
        sync_folder(folder)?;
    }
    Ok(())
}
