//! What can go wrong in protection.

use std::path::PathBuf;

use super::hierarchy::BadHierarchy;
use super::system::CannotJoin;
use crate::columnar::ColumnarError;
use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};

/// One problem of an input file. Never with the value that stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// 1-based row, where there is one.
    pub row: Option<u64>,
    /// The column or key.
    pub column: String,
    /// Byte offset and length in a configuration file.
    pub span: Option<(usize, usize)>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

/// A cell that cannot be protected.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Blocked {
    /// The table it stands in.
    pub table: String,
    /// Its codes.
    pub codes: Vec<String>,
}

/// What can go wrong in protection.
#[derive(Debug, thiserror::Error)]
pub enum ProtectError {
    /// A Parquet file.
    #[error(transparent)]
    File(#[from] ColumnarError),
    /// Another file could not be read or written.
    #[error("{}: {}", .path.display(), .source.kind())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no table of that id.
    #[error("no table `{id}` is defined")]
    UnknownTable {
        /// The id in the configuration.
        id: String,
    },
    /// A file of cells holds what its definition does not allow.
    #[error("{} has cells that cannot be protected", .path.display())]
    Cells {
        /// The file.
        path: PathBuf,
        /// Every problem.
        problems: Vec<Problem>,
    },
    /// A specification is wrong.
    #[error("{} is not a specification that can be followed", .path.display())]
    Spec {
        /// The file.
        path: PathBuf,
        /// Every problem.
        problems: Vec<Problem>,
    },
    /// The codes of a dimension do not make a hierarchy.
    #[error("dimension `{dimension}`: {why}")]
    Hierarchy {
        /// The dimension's name.
        dimension: String,
        /// Why.
        why: BadHierarchy,
    },
    /// A table is too large, or linked tables disagree.
    #[error(transparent)]
    Join(#[from] CannotJoin),
    /// No pattern protects some small counts.
    #[error("{cells} small counts cannot be protected in {tables}")]
    Unprotectable {
        /// The tables of the system.
        tables: String,
        /// How many cells.
        cells: usize,
        /// Which: for the restricted folder, never for a message.
        blocked: Vec<Blocked>,
    },
    /// The audit found hidden cells that can be worked out.
    #[error("{cells} hidden cells of {tables} can be worked out")]
    Exposed {
        /// The tables of the system.
        tables: String,
        /// How many cells.
        cells: usize,
    },
    /// The true count behind a rounded or perturbed number follows.
    #[error("{cells} small counts of {tables} follow from the numbers that would be shown")]
    Unpicked {
        /// The tables of the system.
        tables: String,
        /// How many cells.
        cells: usize,
    },
    /// What was published contradicts itself.
    #[error("{}: the published tables contradict each other", .path.display())]
    Contradiction {
        /// The first of the tables.
        path: PathBuf,
    },
    /// An audit of published tables found cells that are exposed.
    #[error("{cells} cells of the published tables are exposed")]
    Release {
        /// How many.
        cells: usize,
    },
    /// There are too many groups of owners to look at.
    #[error("{groups} groups of people and {hidden} hidden cells are too many to look at")]
    Owners {
        /// Groups of people who make up hidden cells.
        groups: usize,
        /// Hidden cells.
        hidden: usize,
    },
    /// A protected file is not the one that its receipt names.
    #[error("{} is not the file that its receipt names", .path.display())]
    Digest {
        /// The file.
        path: PathBuf,
    },
    /// A file is not a protected table of ours.
    #[error("{} is not a protected table", .path.display())]
    NotProtected {
        /// The file.
        path: PathBuf,
    },
    /// The file to be written is there already.
    #[error("{} exists", .path.display())]
    Exists {
        /// The file or folder.
        path: PathBuf,
    },
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-P-001",
        exit: Exit::Usage,
        title: "There is no such table",
        when: "A pipeline file asks for a table that kinlink has no definition of.",
        fix: "Use one of the ids in `schemas/tables/`, `T01` for one.",
    },
    Explanation {
        code: "KL-P-002",
        exit: Exit::Input,
        title: "A cell does not fit its table",
        when: "A file of cells holds a code, concept or measure that the table's definition does \
               not have, a margin where an inner cell belongs, a cell twice, or a count that is \
               not a whole number.",
        fix: "Give inner cells only: margins are computed here. Compare the codes with the \
              definition, or with the hierarchy file.",
    },
    Explanation {
        code: "KL-P-003",
        exit: Exit::Usage,
        title: "The specification of protection is wrong",
        when: "A key is unknown or of the wrong type, a dimension is not declared, or a setting \
               is not one that kinlink has.",
        fix: "The message shows the line; `dimensions`, `count`, `tables`, `[hierarchy]`, \
              `[primary]`, `[secondary]` and `[rounding]` are the parts.",
    },
    Explanation {
        code: "KL-P-004",
        exit: Exit::Input,
        title: "Codes do not make a hierarchy",
        when: "A code stands above itself, has two parents in one hierarchy file, or is both in \
               the data and a margin.",
        fix: "Mend the child,parent file; two ways of grouping the same codes go into two files.",
    },
    Explanation {
        code: "KL-P-005",
        exit: Exit::Resources,
        title: "A table is too large, or tables that belong together disagree",
        when: "A table with all its margins has more cells than can be held, or a cell that two \
               tables share has two counts.",
        fix: "Use fewer dimensions or codes; count linked tables from the same rows.",
    },
    Explanation {
        code: "KL-P-006",
        exit: Exit::Disclosure,
        title: "Small counts cannot be protected",
        when: "However many cells are hidden, the attacker's bounds stay closer than the width \
               asked for; or a cell that must be shown is itself small, or stands in the way of \
               every pattern. `restricted/blocked.json` in the output names the cells.",
        fix: "Merge codes of the dimension, ask for a smaller width, or take cells from \
              `must_show`.",
    },
    Explanation {
        code: "KL-P-007",
        exit: Exit::Disclosure,
        title: "Hidden cells can be worked out",
        when: "The audit of a finished table found hidden cells whose value follows from what is \
               shown, or whose bounds are closer than the rules allow. Nothing was published.",
        fix: "This is a defect of the pattern, not of the data: keep the run directory and report \
              it. Merging codes of the dimension avoids it.",
    },
    Explanation {
        code: "KL-P-008",
        exit: Exit::Integrity,
        title: "A protected table was changed",
        when: "A file of the protect stage does not have the digest in its receipt, or was not \
               written by that stage.",
        fix: "Nothing that was changed is published. Run the protect stage again.",
    },
    Explanation {
        code: "KL-P-009",
        exit: Exit::Usage,
        title: "The output is there already",
        when: "The folder or file that the command should write exists.",
        fix: "Name another one, or remove the old one yourself.",
    },
    Explanation {
        code: "KL-P-010",
        exit: Exit::Resources,
        title: "A file could not be read or written",
        when: "The operating system refused: no such file, no permission, no space.",
        fix: "Mend what the message names and try again.",
    },
    Explanation {
        code: "KL-P-011",
        exit: Exit::Input,
        title: "The published tables contradict each other",
        when: "No counts are possible for which all that was published holds: a total is not the \
               sum of its parts, a cell has two values, or a file is read as exact that was \
               rounded.",
        fix: "Name the rounding in `[rounding]`, the margins' code in `[published] total`, and \
              give tables of the same population. Revised figures of another date are another \
              table: give them a dimension of their own.",
    },
    Explanation {
        code: "KL-P-012",
        exit: Exit::Disclosure,
        title: "Published tables expose cells",
        when: "`kinlink protect audit` found hidden cells whose value follows from what is shown, \
               small counts with bounds closer than the width asked for, or small counts that \
               stand in no table and follow all the same. The report lists them with what gives \
               them away.",
        fix: "Hide one of the cells that the certificate names, in every table that shows it, and \
              audit again; or protect the tables together with `kinlink protect table`.",
    },
    Explanation {
        code: "KL-P-013",
        exit: Exit::Disclosure,
        title: "Rounding can be undone",
        when: "The numbers that would be shown, with the margins they belong to, leave a single \
               possible count for a small cell. Nothing was written.",
        fix: "Use `method = \"controlled\"` or `\"small-count\"`, a larger base, or hide small \
              counts as well with `[primary]`.",
    },
    Explanation {
        code: "KL-P-014",
        exit: Exit::Resources,
        title: "Too many owners of cells to look at",
        when: "An audit with the attacker `singleton` or `group` looks at every hidden cell for \
               every group of people that may make up others, and there are more than four million \
               of such pairs. Nothing is said about what owners learn.",
        fix: "Audit with the attacker `rule-aware`, take a smaller `group`, or audit tables with \
              fewer hidden cells. Where small counts are marked, or the counts of hidden cells \
              stand in the table, fewer groups are possible.",
    },
];

impl Diagnose for ProtectError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let one =
            |code, exit, help: &str| vec![Diagnostic::new(code, exit, self.to_string(), help)];
        match self {
            ProtectError::File(inner) => inner.diagnostics(),
            ProtectError::Io { path, source } => vec![
                Diagnostic::new(
                    "KL-P-010",
                    if source.kind() == std::io::ErrorKind::NotFound {
                        Exit::Usage
                    } else {
                        Exit::Resources
                    },
                    format!("the file could not be read or written: {}", source.kind()),
                    "check the path, the permission and the space left",
                )
                .at(Place::file(path)),
            ],
            ProtectError::UnknownTable { .. } => one(
                "KL-P-001",
                Exit::Usage,
                "use one of the ids in `schemas/tables/`, `T01` for one",
            ),
            ProtectError::Cells { path, problems } => told("KL-P-002", Exit::Input, path, problems),
            ProtectError::Spec { path, problems } => told("KL-P-003", Exit::Usage, path, problems),
            ProtectError::Hierarchy { .. } => one(
                "KL-P-004",
                Exit::Input,
                "mend the child,parent file; give inner codes only in the data",
            ),
            ProtectError::Join(_) => one(
                "KL-P-005",
                Exit::Resources,
                "use fewer dimensions or codes; count linked tables from the same rows",
            ),
            ProtectError::Unprotectable { .. } => one(
                "KL-P-006",
                Exit::Disclosure,
                "merge codes of a dimension, ask for a smaller width, or show less by `must_show`; \
                 the output's restricted folder names the cells",
            ),
            ProtectError::Exposed { .. } => vec![
                Diagnostic::new(
                    "KL-P-007",
                    Exit::Disclosure,
                    self.to_string(),
                    "merge codes of a dimension; `kinlink explain KL-P-007` says more",
                )
                .kept("the tables stay in the run directory; nothing was published"),
            ],
            ProtectError::Unpicked { .. } => one(
                "KL-P-013",
                Exit::Disclosure,
                "use controlled or small-count rounding, a larger base, or hide small counts too",
            ),
            ProtectError::Contradiction { path } => vec![
                Diagnostic::new(
                    "KL-P-011",
                    Exit::Input,
                    "the published tables contradict each other",
                    "name the rounding and the code of margins; give tables of one population",
                )
                .at(Place::file(path)),
            ],
            ProtectError::Release { .. } => one(
                "KL-P-012",
                Exit::Disclosure,
                "hide one of the cells that each certificate names, and audit again",
            ),
            ProtectError::Owners { .. } => one(
                "KL-P-014",
                Exit::Resources,
                "audit with the attacker `rule-aware`, or take a smaller `group`",
            ),
            ProtectError::Digest { path } | ProtectError::NotProtected { path } => vec![
                Diagnostic::new(
                    "KL-P-008",
                    Exit::Integrity,
                    "the file is not a protected table with the digest that was promised",
                    "run the protect stage again",
                )
                .at(Place::file(path)),
            ],
            ProtectError::Exists { path } => vec![
                Diagnostic::new(
                    "KL-P-009",
                    Exit::Usage,
                    "the output exists and is not overwritten",
                    "name another output, or remove the old one",
                )
                .at(Place::file(path)),
            ],
        }
    }
}

pub(super) fn told(
    code: &'static str,
    exit: Exit,
    path: &PathBuf,
    problems: &[Problem],
) -> Vec<Diagnostic> {
    problems
        .iter()
        .map(|p| {
            let mut place = Place::file(path).column(p.column.clone());
            place.row = p.row;
            place.span = p.span;
            Diagnostic::new(code, exit, p.what.clone(), p.help.clone()).at(place)
        })
        .collect()
}
