//! What can go wrong in releases with noise.

use std::path::{Path, PathBuf};

use super::accounting::{Loss, PrivacyUnit};
use super::domain::BadDomain;
use super::measure::Mismatch;
use super::plan::PlanError;
use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};
use crate::protect::error::{Problem, ProtectError};
use crate::pseudonymise::KeyError;

/// What can go wrong in releases with noise.
#[derive(Debug, thiserror::Error)]
pub enum DpError {
    /// The budget does not cover a release.
    #[error("the release costs {asked} and {left} is left")]
    Spent {
        /// The ledger.
        path: PathBuf,
        /// What the release costs.
        asked: Box<Loss>,
        /// What is left.
        left: Box<Loss>,
    },
    /// A ledger or a file of it was changed.
    #[error("{} is not what the ledger's chain says", .path.display())]
    Ledger {
        /// The file.
        path: PathBuf,
    },
    /// Another program holds the ledger.
    #[error("another program holds {}", .path.display())]
    Locked {
        /// The lock.
        path: PathBuf,
    },
    /// There is no ledger.
    #[error("{} holds no ledger", .path.display())]
    NoLedger {
        /// The folder.
        path: PathBuf,
    },
    /// There is a ledger.
    #[error("{} holds a ledger", .path.display())]
    LedgerExists {
        /// The folder.
        path: PathBuf,
    },
    /// The ledger is pure, the release is not.
    #[error("the ledger counts epsilon of pure privacy, and the release has none")]
    Definition,
    /// The ledger is for another unit.
    #[error("the ledger hides a {ledger}, the release a {plan}")]
    Unit {
        /// The unit of the ledger.
        ledger: PrivacyUnit,
        /// The unit of the release.
        plan: PrivacyUnit,
    },
    /// Rows that do not fit the domain.
    #[error("{} has rows that do not fit the domain", .path.display())]
    Rows {
        /// The file.
        path: PathBuf,
        /// Every problem.
        problems: Vec<Problem>,
    },
    /// The codes make no domain.
    #[error(transparent)]
    Domain(#[from] BadDomain),
    /// The request cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A reservation was used for another release: a defect.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// An amount that is not above 0.
    #[error("a budget is a number above 0 such as 0.5, 1/2 or 1e-3")]
    Amount,
    /// A file could not be read or written.
    #[error("{}: {}", .path.display(), .source.kind())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The specification or the input.
    #[error(transparent)]
    Protect(#[from] ProtectError),
}

impl DpError {
    pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> DpError + use<> {
        let path = path.to_path_buf();
        move |source| DpError::Io { path, source }
    }
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-N-001",
        exit: Exit::Disclosure,
        title: "The privacy budget does not cover the release",
        when: "A release costs more than is left in its ledger. Nothing was measured. A release \
               whose noise was drawn stays spent, also if it was never finished or published.",
        fix: "`kinlink budget history LEDGER` lists what was spent. Ask for a smaller rho or \
              epsilon, or publish fewer tables. A larger budget is a decision of whoever answers \
              for it, and a new ledger; it does not undo what was released under the old one.",
    },
    Explanation {
        code: "KL-N-002",
        exit: Exit::Integrity,
        title: "A ledger was changed",
        when: "A line of the ledger, its head or a stored measurement is not what the chain of \
               digests says: a byte was changed, a line was taken out, or a measurement stands \
               there that nobody paid for.",
        fix: "Put the folder back from a copy that has the last head that a release printed. Until \
              then nothing is released from it.",
    },
    Explanation {
        code: "KL-N-003",
        exit: Exit::Locked,
        title: "Another program holds the ledger",
        when: "Two releases from one ledger at a time could each spend the last of it.",
        fix: "Wait for the other one.",
    },
    Explanation {
        code: "KL-N-004",
        exit: Exit::Usage,
        title: "There is no ledger, or there is one already",
        when: "A release names a folder without a ledger, or `kinlink budget new` one with a \
               ledger.",
        fix: "`kinlink budget new LEDGER` makes one, once; the folder is named in `[dp]` of the \
              specification.",
    },
    Explanation {
        code: "KL-N-005",
        exit: Exit::Usage,
        title: "The ledger is for another definition or unit",
        when: "A ledger of pure privacy is asked to pay for Gaussian noise, or a ledger that hides \
               a child for a release that hides a family.",
        fix: "Make a ledger for this unit, or state `epsilon` without `delta` for pure privacy.",
    },
    Explanation {
        code: "KL-N-006",
        exit: Exit::Input,
        title: "A row does not fit the domain",
        when: "A code is not in the stated domain of its dimension, the privacy unit of a row is \
               missing, or a count is not a whole number of at least 0.",
        fix: "State the whole public list of codes in `[dp.domain]`, also those that nobody has; \
              mend the row.",
    },
    Explanation {
        code: "KL-N-007",
        exit: Exit::Usage,
        title: "The tables or the budget cannot be planned",
        when: "A dimension has no codes, codes do not nest, two dimensions have hierarchies with \
               groups of unequal size, there are too many cells, or the budget is 0 or so small \
               that its noise cannot be drawn.",
        fix: "Mend what the message names. With two uneven hierarchies, leave one out and state \
              its groups as a dimension of a table of its own.",
    },
    Explanation {
        code: "KL-N-008",
        exit: Exit::Resources,
        title: "A file of a release with noise could not be read or written",
        when: "The operating system refused: no such file, no permission, no space.",
        fix: "Mend what the message names and do the same again: what was paid is not paid twice.",
    },
    Explanation {
        code: "KL-N-009",
        exit: Exit::Bug,
        title: "A reservation was used for another release",
        when: "The table or the plan changed between reserving and measuring. Nothing was measured.",
        fix: "This is a defect of kinlink: report it.",
    },
];

impl Diagnose for DpError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let one = |code, exit, help: &str| Diagnostic::new(code, exit, self.to_string(), help);
        match self {
            DpError::Spent { path, .. } => vec![
                one(
                    "KL-N-001",
                    Exit::Disclosure,
                    "ask for less, or see `kinlink budget history` for what was spent",
                )
                .at(Place::file(path))
                .rule("what all releases cost together stays within the budget")
                .kept("nothing was measured and nothing was spent"),
            ],
            DpError::Ledger { path } => vec![
                one(
                    "KL-N-002",
                    Exit::Integrity,
                    "put the folder back from a copy with the last head that was printed",
                )
                .at(Place::file(path)),
            ],
            DpError::Locked { path } => vec![
                one(
                    "KL-N-003",
                    Exit::Locked,
                    "wait until the other release is done",
                )
                .at(Place::file(path)),
            ],
            DpError::NoLedger { path } => vec![
                one(
                    "KL-N-004",
                    Exit::Usage,
                    "make one with `kinlink budget new`",
                )
                .at(Place::file(path)),
            ],
            DpError::LedgerExists { path } => vec![
                one(
                    "KL-N-004",
                    Exit::Usage,
                    "name another folder; a ledger is never replaced",
                )
                .at(Place::file(path)),
            ],
            DpError::Definition => vec![one(
                "KL-N-005",
                Exit::Usage,
                "state `epsilon` without `delta`, or use a ledger that counts rho",
            )],
            DpError::Unit { .. } => vec![one(
                "KL-N-005",
                Exit::Usage,
                "use a ledger of this unit, or state the unit of the ledger",
            )],
            DpError::Rows { path, problems } => {
                crate::protect::error::told("KL-N-006", Exit::Input, path, problems)
            }
            DpError::Domain(_) | DpError::Plan(_) => vec![one(
                "KL-N-007",
                Exit::Usage,
                "mend `[dp]`, `tables` or `[hierarchy]`; `kinlink explain KL-N-007` says more",
            )],
            DpError::Amount => vec![one("KL-N-007", Exit::Usage, "give a number above 0")],
            DpError::Io { path, source } => vec![
                one(
                    "KL-N-008",
                    if source.kind() == std::io::ErrorKind::NotFound {
                        Exit::Usage
                    } else {
                        Exit::Resources
                    },
                    "check the path, the permission and the space left",
                )
                .at(Place::file(path)),
            ],
            DpError::Mismatch(_) => vec![one("KL-N-009", Exit::Bug, "report this")],
            DpError::Key(inner) => inner.diagnostics(),
            DpError::Protect(inner) => inner.diagnostics(),
        }
    }
}
