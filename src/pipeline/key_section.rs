//! `[key]` of a pipeline file: where the key comes from, what it must be for, and the key itself.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::error::{ConfigProblem, PipelineError};
use super::file::Pipeline;
use super::project::{Project, Refused, refusal};
use crate::pseudonymise::{KeyError, KeySource, MasterKey};
use crate::purpose::Purpose;

/// `[key]`. Exactly one of `file`, `fd` and `command` is stated.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySection {
    /// The key file, mode 0600, below the project folder or the data root.
    pub file: Option<Spanned<String>>,
    /// A file descriptor that is open when the program starts.
    pub fd: Option<Spanned<i32>>,
    /// A program by its absolute path, and its arguments, that writes the key to its standard
    /// output.
    pub command: Option<Spanned<Vec<String>>>,
    /// `rehearsal` or `production`; the key must be of this purpose.
    pub purpose: Purpose,
}

impl KeySection {
    /// The rules of the section that need no other.
    pub(super) fn check(&self, problems: &mut Vec<ConfigProblem>) {
        let stated = [
            self.file.is_some(),
            self.fd.is_some(),
            self.command.is_some(),
        ];
        if stated.iter().filter(|s| **s).count() != 1 {
            problems.push(ConfigProblem::nowhere(
                "[key] needs one of `file`, `fd` and `command`, and no more".to_owned(),
                "such as file = \"keys/national.key\"; docs/keys.md tells when to use which",
            ));
        }
        if let Some(fd) = &self.fd
            && KeySource::descriptor(*fd.get_ref()).is_none()
        {
            problems.push(ConfigProblem::at(
                fd.span(),
                "a key is not read from this file descriptor",
                "0 is standard input; others are 3 and above",
            ));
        }
        if let Some(command) = &self.command
            && KeySource::command(command.get_ref()).is_none()
        {
            problems.push(ConfigProblem::at(
                command.span(),
                "a command is the absolute path of a program, then its arguments",
                "such as [\"/usr/local/bin/key-service\", \"get\", \"national\"]; there is no shell",
            ));
        }
    }

    /// How messages name the source.
    pub(super) fn shown(&self) -> PathBuf {
        match (&self.file, self.other_source()) {
            (Some(file), _) => PathBuf::from(file.get_ref()),
            (None, Some(source)) => source.shown(),
            (None, None) => PathBuf::new(),
        }
    }

    /// The source where it is no file.
    fn other_source(&self) -> Option<KeySource> {
        let fd = self.fd.as_ref().map(|fd| *fd.get_ref());
        let command = self.command.as_ref().map(Spanned::get_ref);
        fd.and_then(KeySource::descriptor)
            .or_else(|| command.and_then(|words| KeySource::command(words)))
    }
}

/// The key that the pipeline names. A rehearsal whose key file is not there gets the key of its
/// seed.
pub(super) fn load(
    pipeline: &Pipeline,
    project: &Project,
) -> Result<Option<MasterKey>, PipelineError> {
    let Some(section) = &pipeline.file.key else {
        return Ok(None);
    };
    let source = match (&section.file, section.other_source()) {
        (None, Some(source)) => source,
        (Some(relative), _) => KeySource::File(key_file(relative, pipeline, project)?),
        // The checks of the file do not let this through.
        (None, None) => return Ok(None),
    };
    let key = source.load()?;
    if key.purpose() != section.purpose {
        return Err(KeyError::Purpose {
            path: source.shown(),
            found: key.purpose().word(),
            expected: section.purpose.word(),
        }
        .into());
    }
    Ok(Some(key))
}

fn key_file(
    relative: &Spanned<String>,
    pipeline: &Pipeline,
    project: &Project,
) -> Result<PathBuf, PipelineError> {
    let refused = |refused| {
        let span = relative.span();
        PipelineError::Files {
            problems: vec![refusal(
                refused,
                "the key",
                relative.get_ref(),
                &pipeline.path,
                (span.start, span.len()),
            )],
        }
    };
    match project.data_path(relative.get_ref()) {
        Ok(path) => Ok(path),
        Err(Refused::Absent) => {
            let path = project.new_path(relative.get_ref()).map_err(refused)?;
            let Some(synth) = &pipeline.file.synth else {
                return Err(KeyError::Unreadable {
                    path,
                    kind: std::io::ErrorKind::NotFound,
                }
                .into());
            };
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(PipelineError::io(folder))?;
            }
            MasterKey::of_rehearsal_seed(synth.seed).save(&path)?;
            Ok(path)
        }
        Err(outside) => Err(refused(outside)),
    }
}
