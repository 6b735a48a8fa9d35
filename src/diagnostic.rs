//! What a user reads when something is wrong: a code, a place, a rule, what was kept, and help.
//!
//! Every room has an error enum of its own; at the edge it becomes a [`Diagnostic`]. A diagnostic
//! never carries a value from the data, only where it stands.

use std::fmt;
use std::path::{Path, PathBuf};

/// The process's exit codes. They are a contract with the schedulers and scripts that call us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// The work was done.
    Done = 0,
    /// A defect in kinlink itself.
    Bug = 1,
    /// Usage or configuration is wrong.
    Usage = 2,
    /// Input failed validation or a reject limit.
    Input = 3,
    /// A digest does not match: a file was changed, cut or swapped.
    Integrity = 4,
    /// Rows are not accounted for.
    Unaccounted = 5,
    /// Key, permission, purpose or fingerprint.
    Key = 6,
    /// Disclosure control blocks the release.
    Disclosure = 7,
    /// An approval is missing or invalid.
    Approval = 8,
    /// Disk, memory or time; the run can be resumed.
    Resources = 9,
    /// Another run holds the project or the run directory.
    Locked = 11,
}

impl Exit {
    /// The number that the process returns.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Bug => 1,
            Exit::Usage => 2,
            Exit::Input => 3,
            Exit::Integrity => 4,
            Exit::Unaccounted => 5,
            Exit::Key => 6,
            Exit::Disclosure => 7,
            Exit::Approval => 8,
            Exit::Resources => 9,
            Exit::Locked => 11,
        }
    }
}

/// Where a problem stands. Never what stands there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The file, as the user named it.
    pub file: Option<PathBuf>,
    /// 1-based line (text files) or row (tables).
    pub row: Option<u64>,
    /// The column's name, or the key's path in a configuration file.
    pub column: Option<String>,
    /// Byte offset and length in the file's text, for configuration files shown with their source.
    pub span: Option<(usize, usize)>,
}

impl Place {
    /// A whole file.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Place {
            file: Some(path.as_ref().to_path_buf()),
            ..Place::default()
        }
    }

    /// Adds a 1-based row or line.
    pub fn row(mut self, row: u64) -> Self {
        self.row = Some(row);
        self
    }

    /// Adds a column or key.
    pub fn column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// Adds a byte span of the file's text.
    pub fn span(mut self, start: usize, len: usize) -> Self {
        self.span = Some((start, len));
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sep = "";
        if let Some(file) = &self.file {
            write!(f, "{}", file.display())?;
            sep = ", ";
        }
        if let Some(row) = self.row {
            write!(f, "{sep}row {row}")?;
            sep = ", ";
        }
        if let Some(column) = &self.column {
            write!(f, "{sep}column `{column}`")?;
        }
        Ok(())
    }
}

/// One problem, told so that the reader can mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable code, `KL-<room letter>-<number>`; `kinlink explain CODE` tells more.
    pub code: &'static str,
    /// What the process returns.
    pub exit: Exit,
    /// One sentence: what is wrong.
    pub what: String,
    /// Where.
    pub place: Place,
    /// The rule that was broken, if there is one.
    pub rule: Option<String>,
    /// What was kept, and that nothing was published.
    pub kept: Option<String>,
    /// What to do now.
    pub help: String,
}

impl Diagnostic {
    /// A diagnostic with its code, exit, sentence and help; the rest is added.
    pub fn new(
        code: &'static str,
        exit: Exit,
        what: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Diagnostic {
            code,
            exit,
            what: what.into(),
            place: Place::default(),
            rule: None,
            kept: None,
            help: help.into(),
        }
    }

    /// Adds the place.
    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// Adds the rule.
    pub fn rule(mut self, rule: impl Into<String>) -> Self {
        self.rule = Some(rule.into());
        self
    }

    /// Adds what was kept.
    pub fn kept(mut self, kept: impl Into<String>) -> Self {
        self.kept = Some(kept.into());
        self
    }
}

/// What every room's error can do: become diagnostics. One error may hold several problems,
/// since all problems of a file are told in one go.
pub trait Diagnose: std::error::Error {
    /// All the problems, in the order in which they stand in the input.
    fn diagnostics(&self) -> Vec<Diagnostic>;
}

/// The text behind one code, for `kinlink explain`.
#[derive(Debug, Clone, Copy)]
pub struct Explanation {
    /// The code, as it is printed.
    pub code: &'static str,
    /// What the process returns with it.
    pub exit: Exit,
    /// A few words.
    pub title: &'static str,
    /// When it occurs.
    pub when: &'static str,
    /// How to mend it.
    pub fix: &'static str,
}
