//! What of this machine would hinder a run: each a finding with a verdict and, where it is not
//! good, what to do.
//!
//! `process` looks at what the kernel grants this process, `room` at disk and memory against what
//! the sources need, `place` tries what the run directory needs of its file system, `secrets` looks
//! at the key file and at links that lead out. Nothing is changed; the place that is tried is
//! removed again. No extract is read.

mod error;
mod place;
mod process;
mod room;
mod secrets;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::pipeline::{self, Extracts, Options, PipelineError};

pub use error::{EXPLANATIONS, Unfit};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// A run works; something is less safe or slower than it could be.
    Warn,
    /// A run would end with an error, or should not be made here.
    Fail,
}

impl Verdict {
    /// The word that is printed.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub topic: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What was found.
    pub what: String,
    /// What to do; nothing where it is well.
    pub help: Option<String>,
}

impl Finding {
    fn ok(topic: &'static str, what: impl Into<String>) -> Self {
        Finding {
            topic,
            verdict: Verdict::Ok,
            what: what.into(),
            help: None,
        }
    }

    fn warn(topic: &'static str, what: impl Into<String>, help: impl Into<String>) -> Self {
        Finding {
            topic,
            verdict: Verdict::Warn,
            what: what.into(),
            help: Some(help.into()),
        }
    }

    fn fail(topic: &'static str, what: impl Into<String>, help: impl Into<String>) -> Self {
        Finding {
            verdict: Verdict::Fail,
            ..Finding::warn(topic, what, help)
        }
    }
}

/// Looks at the machine; with a pipeline, also at what that will ask of it.
///
/// # Errors
/// A pipeline file that cannot be read or is wrong. What is wrong with the machine is no error but
/// a finding.
pub fn examine(pipeline: Option<&Path>, options: &Options) -> Result<Vec<Finding>, PipelineError> {
    let survey = pipeline
        .map(|path| pipeline::survey(path, options))
        .transpose()?;
    let (project, runs) = match &survey {
        Some(survey) => (survey.project.clone(), survey.runs.clone()),
        None => {
            let runs = options.runs.clone();
            (PathBuf::from("."), runs.unwrap_or_else(|| "runs".into()))
        }
    };
    let mut findings = vec![
        process::memory_lock(),
        process::core_dumps(),
        process::swap(),
        process::umask(),
    ];
    if let Some(key) = survey.as_ref().and_then(|s| s.key.as_ref()) {
        findings.push(secrets::key_file(key));
    }
    findings.push(place::try_out(&runs));
    let need = survey.as_ref().map(|s| room::Need::of(&s.extracts));
    findings.push(room::disk(&runs, need.as_ref()));
    findings.push(room::memory(need.as_ref()));
    findings.push(process::threads());
    findings.push(process::clock());
    let outside = survey.as_ref().map_or(&[][..], |s| &s.outside);
    findings.push(secrets::links(&project, outside));
    if let Some(survey) = &survey {
        findings.push(sources(&survey.extracts));
    }
    Ok(findings)
}

/// Whether the extracts are there; `kinlink check` says which are not.
fn sources(extracts: &Extracts) -> Finding {
    let topic = "extracts";
    match *extracts {
        Extracts::None => Finding::ok(topic, "none needed"),
        Extracts::ToWrite { .. } => Finding::ok(topic, "synthetic, written by the run"),
        Extracts::There {
            files, missing: 0, ..
        } => Finding::ok(topic, format!("{files} files, all there")),
        Extracts::There { missing, .. } => Finding::fail(
            topic,
            format!("of {missing} sources there is no file"),
            "`kinlink check` on the same pipeline file names them",
        ),
    }
}
