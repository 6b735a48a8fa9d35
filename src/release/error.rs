//! What can go wrong at the desk.

use std::path::PathBuf;

use super::check::Refusal;
use crate::columnar::ColumnarError;
use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};
use crate::pipeline::PipelineError;
use crate::protect::ProtectError;
use crate::publish::report::ReportError;

/// What can go wrong at the desk.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// A file of the release.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A Parquet file.
    #[error(transparent)]
    File(#[from] ColumnarError),
    /// The run.
    #[error(transparent)]
    Run(#[from] PipelineError),
    /// The auditor.
    #[error(transparent)]
    Audit(#[from] ProtectError),
    /// A file could not be read or written.
    #[error("{}: {}", .path.display(), .source.kind())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The release breaks rules.
    #[error("the release is refused for {} reasons", .refusals.len())]
    Refused {
        /// The release.
        release: PathBuf,
        /// Every reason.
        refusals: Vec<Refusal>,
    },
    /// A rehearsal among statistics, or statistics among rehearsals.
    #[error("a {release} release and a {shelf} shelf do not go together")]
    Purpose {
        /// What the release is.
        release: String,
        /// What the shelf holds.
        shelf: String,
    },
    /// The date of publication is not known.
    #[error("the date of publication is not stated, or is no date")]
    Date,
    /// There is a release of this id on the shelf.
    #[error("{id} is on the shelf already")]
    There {
        /// The release.
        id: String,
    },
    /// There is no such release on the shelf, or it is not in a state for this.
    #[error("{id} is not on the shelf, or is withdrawn or corrected already")]
    NotThere {
        /// The release.
        id: String,
    },
    /// A correction is of the same period.
    #[error("{id} is of another reference date or period, so it cannot be corrected by this one")]
    OtherPeriod {
        /// The release to be corrected.
        id: String,
    },
    /// A withdrawal or correction without a reason.
    #[error("no reason is given")]
    NoReason,
    /// The register is not of its form.
    #[error("{} is not a register of releases", .path.display())]
    Register {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else is at the shelf.
    #[error("another process is at the shelf")]
    Locked {
        /// The lock.
        path: PathBuf,
    },
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-Q-001",
        exit: Exit::Resources,
        title: "A file at the desk of releases could not be read or written",
        when: "The operating system refused: no space, no permission.",
        fix: "Mend what the message names and try again. A release that was being published is \
              not on the shelf until its last step.",
    },
    Explanation {
        code: "KL-Q-002",
        exit: Exit::Disclosure,
        title: "The release is refused",
        when: "`kinlink release check` found counts that are not rounded, small counts, missing \
               context, files of a kind or size that is not let out, or cells that follow from an \
               earlier release.",
        fix: "Each message names the file and the rule. Change the protection or the table and \
              run the pipeline again from `protect`.",
    },
    Explanation {
        code: "KL-Q-003",
        exit: Exit::Key,
        title: "Rehearsals and statistics do not share a shelf",
        when: "A rehearsal was to be published among statistics, or without `--rehearsal`; or \
               statistics among rehearsals.",
        fix: "Publish rehearsals with `--rehearsal` to a folder of their own.",
    },
    Explanation {
        code: "KL-Q-004",
        exit: Exit::Usage,
        title: "The date of publication is not stated",
        when: "[publish] has no `release_date`, none was given with --date, the two differ, or \
               it is no date.",
        fix: "Write release_date = \"2026-12-03\" in [publish]. The time is 09:30 in London.",
    },
    Explanation {
        code: "KL-Q-005",
        exit: Exit::Usage,
        title: "The release is on the shelf already",
        when: "A release of this id was published, withdrawn or corrected before.",
        fix: "An id stands for one set of bytes for ever. A changed release is a new run; publish \
              it with `kinlink release correct`.",
    },
    Explanation {
        code: "KL-Q-006",
        exit: Exit::Usage,
        title: "There is no such release to withdraw or correct",
        when: "The id is not in the register, or its release is withdrawn or corrected already.",
        fix: "`register.json` in the folder of releases lists the ids and their states.",
    },
    Explanation {
        code: "KL-Q-007",
        exit: Exit::Usage,
        title: "A correction is of the same period",
        when: "The release to be corrected has another reference date or period.",
        fix: "Publish it as a release of its own: `kinlink release publish`.",
    },
    Explanation {
        code: "KL-Q-008",
        exit: Exit::Usage,
        title: "No reason is given",
        when: "A release is withdrawn or corrected with an empty reason.",
        fix: "Say why with --reason; readers see it.",
    },
    Explanation {
        code: "KL-Q-009",
        exit: Exit::Integrity,
        title: "The register of releases is not of its form",
        when: "`register.json` in the folder of releases cannot be read, or a release on the \
               shelf is not as the register recorded it.",
        fix: "Restore the folder from its copy and find out who changed it.",
    },
    Explanation {
        code: "KL-Q-010",
        exit: Exit::Locked,
        title: "Another process is at the shelf",
        when: "Two commands publish, withdraw or correct in one folder at once.",
        fix: "Wait for the other one and try again.",
    },
];

impl Diagnose for ReleaseError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let one = |code, exit, help: &str| Diagnostic::new(code, exit, self.to_string(), help);
        let found = match self {
            ReleaseError::Report(inner) => return inner.diagnostics(),
            ReleaseError::File(inner) => return inner.diagnostics(),
            ReleaseError::Run(inner) => return inner.diagnostics(),
            ReleaseError::Audit(inner) => return inner.diagnostics(),
            ReleaseError::Refused { release, refusals } => {
                let each = refusals.iter().map(|r| {
                    let place = Place::file(release.join(&r.file));
                    Diagnostic::new("KL-Q-002", Exit::Disclosure, r.what.clone(), r.help)
                        .at(place)
                        .rule(r.rule.sentence())
                        .kept("nothing was published")
                });
                return each.collect();
            }
            ReleaseError::Io { path, .. } => one(
                "KL-Q-001",
                Exit::Resources,
                "mend what the message names and try again",
            )
            .at(Place::file(path)),
            ReleaseError::Purpose { .. } => one(
                "KL-Q-003",
                Exit::Key,
                "publish rehearsals with `--rehearsal` to a folder of their own",
            ),
            ReleaseError::Date => one(
                "KL-Q-004",
                Exit::Usage,
                "write release_date = \"2026-12-03\" in [publish], or give --date; not two dates",
            ),
            ReleaseError::There { .. } => one(
                "KL-Q-005",
                Exit::Usage,
                "a changed release is a new run: `kinlink release correct`",
            ),
            ReleaseError::NotThere { .. } => one(
                "KL-Q-006",
                Exit::Usage,
                "`register.json` lists the ids and their states",
            ),
            ReleaseError::OtherPeriod { .. } => one(
                "KL-Q-007",
                Exit::Usage,
                "publish it as a release of its own: `kinlink release publish`",
            ),
            ReleaseError::NoReason => one(
                "KL-Q-008",
                Exit::Usage,
                "say why with --reason; readers see it",
            ),
            ReleaseError::Register { path } => one(
                "KL-Q-009",
                Exit::Integrity,
                "restore the folder from its copy and find out who changed it",
            )
            .at(Place::file(path)),
            ReleaseError::Locked { path } => one(
                "KL-Q-010",
                Exit::Locked,
                "wait for the other process and try again",
            )
            .at(Place::file(path)),
        };
        vec![found]
    }
}
