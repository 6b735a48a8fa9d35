//! What can go wrong with a pipeline file, a project folder or a run directory.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};

/// One problem of a pipeline file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Where in the text, in bytes.
    pub span: Option<Range<usize>>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
    /// Is it the form of the file, or one of its rules?
    pub code: &'static str,
}

impl ConfigProblem {
    /// A rule broken at a place.
    pub fn at(span: Range<usize>, what: impl Into<String>, help: impl Into<String>) -> Self {
        ConfigProblem {
            span: Some(span),
            what: what.into(),
            help: help.into(),
            code: "KL-C-003",
        }
    }

    /// A rule broken by something that is not there.
    pub fn nowhere(what: String, help: impl Into<String>) -> Self {
        ConfigProblem {
            span: None,
            what,
            help: help.into(),
            code: "KL-C-003",
        }
    }

    /// What the TOML reader says; an unknown key gets a "did you mean".
    pub fn of_toml(error: &toml::de::Error) -> Self {
        let message = error.message().to_owned();
        let help = did_you_mean(&message).unwrap_or_else(|| {
            "the whole grammar is in docs/pipeline-file.md; pipelines/rehearsal.toml is an example"
                .to_owned()
        });
        ConfigProblem {
            span: error.span(),
            what: message,
            help,
            code: "KL-C-002",
        }
    }
}

/// From "unknown field `x`, expected one of `a`, `b`": the nearest of the expected, if it is near.
pub fn did_you_mean(message: &str) -> Option<String> {
    let mut words = message.split('`').skip(1).step_by(2);
    if !message.starts_with("unknown ") {
        return None;
    }
    let found = words.next()?;
    let (distance, word) = words
        .map(|w| (strsim::damerau_levenshtein(found, w), w))
        .min()?;
    (distance <= found.len().max(3) / 2).then(|| format!("did you mean `{word}`?"))
}

/// A file that is not what its receipt or plan says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: MismatchKind,
}

/// What is wrong with a recorded file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MismatchKind {
    /// Its bytes are others than those recorded.
    Changed,
    /// It is not there.
    Missing,
    /// It is there, and nothing recorded it.
    Unexpected,
    /// It should have been removed, and is there.
    NotPurged,
    /// It does not follow from the files that it is made from.
    Inconsistent,
}

impl MismatchKind {
    fn sentence(self) -> &'static str {
        match self {
            MismatchKind::Changed => "the file's bytes are not those that were recorded",
            MismatchKind::Missing => "a recorded file is not there",
            MismatchKind::Unexpected => "a file is there that no receipt records",
            MismatchKind::NotPurged => "a file with clear identifiers should have been removed",
            MismatchKind::Inconsistent => "the file does not follow from the receipts",
        }
    }
}

/// What can go wrong in this room.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The pipeline file cannot be read.
    #[error("the pipeline file cannot be read ({kind})")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        kind: std::io::ErrorKind,
    },
    /// The pipeline file is wrong.
    #[error("the pipeline file has {} problem(s)", .problems.len())]
    Config {
        /// The file.
        path: PathBuf,
        /// All that was found.
        problems: Vec<ConfigProblem>,
    },
    /// Files that the pipeline names are not there, or lie outside the project.
    #[error("the pipeline names files that cannot be used")]
    Files {
        /// The diagnostics, ready made.
        problems: Vec<Diagnostic>,
    },
    /// The operating system refused.
    #[error("{path}: {kind}", path = .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        kind: std::io::ErrorKind,
    },
    /// Another run holds the run directory.
    #[error("another process holds this run")]
    Locked {
        /// The lock.
        path: PathBuf,
    },
    /// There is no such run.
    #[error("there is no such run")]
    NoRun {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Recorded files are not what they were.
    #[error("{} file(s) are not what was recorded", .0.len())]
    Integrity(Vec<Mismatch>),
    /// Rows that nobody accounts for.
    #[error("rows are not accounted for")]
    Unaccounted {
        /// Stage, source, unit, rows in, rows accounted for.
        accounts: Vec<(&'static str, String, String, u64, u64)>,
    },
    /// Extracts of another seed, scale or parameters stand where the synthetic ones should go.
    #[error("other extracts stand in the folder of the synthetic ones")]
    OtherExtracts {
        /// The folder.
        path: PathBuf,
    },
    /// A stage, the key or the generator failed; it says why itself.
    #[error("{0}")]
    Room(Box<dyn Diagnose + Send + Sync>),
    /// A recorded plan that cannot be read.
    #[error("the record cannot be read")]
    Record {
        /// The file.
        path: PathBuf,
    },
}

impl PipelineError {
    /// A pipeline file with problems.
    pub fn config(path: &Path, problems: Vec<ConfigProblem>) -> Self {
        PipelineError::Config {
            path: path.to_path_buf(),
            problems,
        }
    }

    /// An input or output error at a path.
    pub fn io(path: &Path) -> impl Fn(std::io::Error) -> Self + '_ {
        move |e| PipelineError::Io {
            path: path.to_path_buf(),
            kind: e.kind(),
        }
    }
}

impl Diagnose for PipelineError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        match self {
            PipelineError::Unreadable { path, .. } => vec![
                Diagnostic::new(
                    "KL-C-001",
                    Exit::Usage,
                    self.to_string(),
                    "name a pipeline file such as pipelines/rehearsal.toml",
                )
                .at(Place::file(path)),
            ],
            PipelineError::Config { path, problems } => problems
                .iter()
                .map(|p| {
                    let mut place = Place::file(path);
                    if let Some(span) = &p.span {
                        place = place.span(span.start, span.len());
                    }
                    Diagnostic::new(p.code, Exit::Usage, p.what.clone(), p.help.clone()).at(place)
                })
                .collect(),
            PipelineError::Files { problems } => problems.clone(),
            PipelineError::Io { path, kind } => vec![
                Diagnostic::new(
                    "KL-D-001",
                    Exit::Resources,
                    format!("the run could not read or write ({kind})"),
                    "free space or mend the permission, then `kinlink resume RUN`",
                )
                .at(Place::file(path))
                .kept("finished stages are kept; nothing partial was published"),
            ],
            PipelineError::Locked { path } => vec![
                Diagnostic::new(
                    "KL-D-002",
                    Exit::Locked,
                    self.to_string(),
                    "wait for it; a lock ends with its process, so there is nothing to remove",
                )
                .at(Place::file(path)),
            ],
            PipelineError::NoRun { path } => vec![
                Diagnostic::new(
                    "KL-D-003",
                    Exit::Usage,
                    self.to_string(),
                    "name the folder of a run, such as runs/rehearsal-0123456789ab",
                )
                .at(Place::file(path)),
            ],
            PipelineError::Integrity(all) => all
                .iter()
                .map(|m| {
                    Diagnostic::new(
                        "KL-D-004",
                        Exit::Integrity,
                        m.what.sentence(),
                        "find out who changed it; a new delivery needs a new run",
                    )
                    .at(Place::file(&m.path))
                })
                .collect(),
            PipelineError::Unaccounted { accounts } => accounts
                .iter()
                .map(|(stage, source, unit, rows, accounted)| {
                    Diagnostic::new(
                        "KL-D-005",
                        Exit::Unaccounted,
                        format!(
                            "{stage}: {rows} rows came in from {source}, {accounted} are \
                             accounted for"
                        ),
                        "this is a defect or a tampered record; keep the run and report it",
                    )
                    .at(Place::file(unit))
                    .rule("in = accepted + quarantined + merged + excluded + out of scope")
                })
                .collect(),
            PipelineError::OtherExtracts { path } => vec![
                Diagnostic::new(
                    "KL-C-007",
                    Exit::Usage,
                    self.to_string(),
                    "move or remove the folder, or name another in [synth] out",
                )
                .at(Place::file(path)),
            ],
            PipelineError::Room(error) => error.diagnostics(),
            PipelineError::Record { path } => vec![
                Diagnostic::new(
                    "KL-D-006",
                    Exit::Integrity,
                    "a record of the run cannot be read",
                    "restore it from a backup, or start a new run",
                )
                .at(Place::file(path)),
            ],
        }
    }
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-C-001",
        exit: Exit::Usage,
        title: "The pipeline file cannot be read",
        when: "There is no file of that name, or this account may not read it.",
        fix: "Name a file under pipelines/.",
    },
    Explanation {
        code: "KL-C-002",
        exit: Exit::Usage,
        title: "The pipeline file does not follow its grammar",
        when: "A key is unknown, missing or of another type, or the file is not TOML.",
        fix: "The message shows the line; docs/pipeline-file.md has the whole grammar.",
    },
    Explanation {
        code: "KL-C-003",
        exit: Exit::Usage,
        title: "The pipeline file breaks a rule",
        when: "Two sections contradict each other, a section is missing that another needs, or a \
               value is outside its range.",
        fix: "The message says which rule, and what would keep it.",
    },
    Explanation {
        code: "KL-C-004",
        exit: Exit::Usage,
        title: "A file that the pipeline names is not there",
        when: "An extract, a schema or a code list is not where the pipeline says. `kinlink check` \
               lists all that are missing.",
        fix: "Put the file there, correct the path, or give the folder of the extracts with \
              `--data DIR`.",
    },
    Explanation {
        code: "KL-C-005",
        exit: Exit::Usage,
        title: "A path leads out of the project",
        when: "A path is absolute, has `..` in it, or goes through a link that leads out of the \
               project folder or the data root.",
        fix: "Keep files below the project folder, or give their folder with `--data DIR`.",
    },
    Explanation {
        code: "KL-C-006",
        exit: Exit::Usage,
        title: "There is no table of that id",
        when: "A [[table]] names an id that schemas/tables/ does not have.",
        fix: "The help line lists the ids.",
    },
    Explanation {
        code: "KL-C-007",
        exit: Exit::Usage,
        title: "Other extracts stand in the folder of the synthetic ones",
        when: "The folder in [synth] exists and does not hold complete extracts of this seed, \
               scale and parameters. It is never overwritten.",
        fix: "Move or remove it, or name another folder.",
    },
    Explanation {
        code: "KL-C-008",
        exit: Exit::Usage,
        title: "A run has no such mode of protection",
        when: "[protect] asks for noise (`mode = \"dp\"`, `[protect.dp]`) or cell keys. A run counts \
               children, entries and parents without their units, and publishes estimates, rates \
               and figures of quality that follow from true counts: beside noisy tables they would \
               take the guarantee back. Nothing is released with less protection than was asked for.",
        fix: "Write mode = \"sdc\". Tables with noise or cell keys are made by `kinlink protect \
              table` from rows that name their unit or record key; docs/differential-privacy.md \
              and docs/disclosure-control.md show it.",
    },
    Explanation {
        code: "KL-D-001",
        exit: Exit::Resources,
        title: "The run could not read or write",
        when: "The disk is full, or a permission is missing, in the run directory.",
        fix: "Mend it, then `kinlink resume RUN`. Finished stages are kept.",
    },
    Explanation {
        code: "KL-D-002",
        exit: Exit::Locked,
        title: "Another process holds the run",
        when: "Two commands work on one run directory.",
        fix: "Wait. The lock is the operating system's and ends with the process that holds it.",
    },
    Explanation {
        code: "KL-D-003",
        exit: Exit::Usage,
        title: "There is no such run",
        when: "The folder named has no plan.json.",
        fix: "Look in runs/.",
    },
    Explanation {
        code: "KL-D-004",
        exit: Exit::Integrity,
        title: "A file is not what was recorded",
        when: "An input, an intermediate file, a record or a released file was changed, removed \
               or added after it was recorded.",
        fix: "Find out who changed it. If a supplier sent a correction, start a new run.",
    },
    Explanation {
        code: "KL-D-005",
        exit: Exit::Unaccounted,
        title: "Rows are not accounted for",
        when: "For some file, the rows that came in are not the sum of those accepted, \
               quarantined, merged, excluded and out of scope.",
        fix: "Keep the run and report it: this is a defect, or the record was changed.",
    },
    Explanation {
        code: "KL-D-006",
        exit: Exit::Integrity,
        title: "A record of the run cannot be read",
        when: "plan.json, manifest.json or a receipt is not the JSON that kinlink writes.",
        fix: "Restore it from a backup, or start a new run.",
    },
];

macro_rules! from_room {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for PipelineError {
            fn from(error: $error) -> Self {
                PipelineError::Room(Box::new(error))
            }
        })*
    };
}

from_room!(
    crate::pseudonymise::KeyError,
    crate::synth::SynthError,
    crate::columnar::ColumnarError,
    crate::ingest::IngestError,
    crate::pseudonymise::PseudonymiseError,
    crate::link::LinkError,
    crate::estimate::EstimateError,
    crate::protect::ProtectError,
    crate::publish::PublishError,
    crate::research::ResearchError,
    crate::schema::SchemaError,
);
