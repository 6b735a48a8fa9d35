//! What can be wrong with a key, a share, or where they come from.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnose, Diagnostic, Exit, Place};

/// What is wrong with the text of a key or of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing in it.
    Empty,
    /// Longer than any key.
    Long,
    /// Not text at all.
    Binary,
    /// Text of another kind.
    Other,
    /// The check value does not match.
    Check,
}

impl Flaw {
    fn sentence(self, what: &str) -> String {
        match self {
            Flaw::Empty => "it is empty".to_owned(),
            Flaw::Long => "it is longer than 4,096 bytes".to_owned(),
            Flaw::Binary => "it is not text".to_owned(),
            Flaw::Other => format!("it does not have the lines of a {what}"),
            Flaw::Check => "a character was changed: the check value does not match".to_owned(),
        }
    }
}

/// How the command that gives a key failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandFailure {
    /// It could not be started.
    NotStarted(ErrorKind),
    /// It ended with this exit code.
    Code(i32),
    /// A signal ended it.
    Signal,
}

impl std::fmt::Display for CommandFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CommandFailure::NotStarted(kind) => write!(f, "it could not be started ({kind})"),
            CommandFailure::Code(code) => write!(f, "it ended with exit code {code}"),
            CommandFailure::Signal => f.write_str("a signal ended it"),
        }
    }
}

/// What can be wrong. No variant can carry a byte of a key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyError {
    /// There is nothing there, or it cannot be read.
    #[error("the key cannot be read ({kind})")]
    Unreadable {
        /// Where from.
        path: PathBuf,
        /// What the operating system said.
        kind: ErrorKind,
    },
    /// Others can read it.
    #[error("others can read the file (mode {mode:04o})")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a regular file.
    #[error("the key is a link, a folder or a device, not a file")]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The text is not that of a key.
    #[error("this is no kinlink key: {}", .flaw.sentence("key"))]
    Malformed {
        /// Where from.
        path: PathBuf,
        /// What is wrong.
        flaw: Flaw,
    },
    /// The text is not that of a key for files.
    #[error("this is no kinlink key for files: {}", .flaw.sentence("key for files"))]
    MalformedFileKey {
        /// Where from.
        path: PathBuf,
        /// What is wrong.
        flaw: Flaw,
    },
    /// A key for files where one for pseudonyms is needed.
    #[error("this key encrypts files; it makes no pseudonyms")]
    ForFiles {
        /// Where from.
        path: PathBuf,
    },
    /// A key for pseudonyms where one for files is needed.
    #[error("this key makes pseudonyms; it encrypts no files and is handed to no reader of them")]
    ForPseudonyms {
        /// Where from.
        path: PathBuf,
    },
    /// A file stands there already.
    #[error("a file of that name exists; a key is never overwritten")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be written.
    #[error("the file cannot be written ({kind})")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        kind: ErrorKind,
    },
    /// A key of another purpose.
    #[error("the key is for {found}, the pipeline says {expected}")]
    Purpose {
        /// Where from.
        path: PathBuf,
        /// The key's purpose.
        found: &'static str,
        /// The pipeline's.
        expected: &'static str,
    },
    /// Another key than before.
    #[error("the key's fingerprint is not the one this run began with")]
    OtherKey {
        /// Where from.
        path: PathBuf,
    },
    /// The operating system has no random numbers.
    #[error("the operating system gave no random bytes")]
    NoEntropy,
    /// Not 32 bytes.
    #[error("the key has {bytes} bytes; it must have 32")]
    Length {
        /// Where from.
        path: PathBuf,
        /// How many.
        bytes: usize,
    },
    /// Bytes that no random generator gives.
    #[error("the key's bytes are not random: a text, a repetition or a progression")]
    Weak {
        /// Where from.
        path: PathBuf,
    },
    /// A command that gives no key.
    #[error("the command that gives the key failed: {failure}")]
    Command {
        /// The program.
        path: PathBuf,
        /// How.
        failure: CommandFailure,
    },
    /// A source that gives no end.
    #[error("the key did not come within {seconds} seconds")]
    Late {
        /// Where from.
        path: PathBuf,
        /// The limit.
        seconds: u64,
    },
    /// A split that protects nothing, or cannot be restored.
    #[error("{threshold} of {shares} shares is no split")]
    Numbers {
        /// N.
        shares: u8,
        /// K.
        threshold: u8,
    },
    /// The text is not that of a share.
    #[error("this is no share of a key: {}", .flaw.sentence("share"))]
    Share {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        flaw: Flaw,
    },
    /// Shares that do not belong together.
    #[error("the share is of another key or another split than {}", .than.display())]
    OtherSplit {
        /// The file.
        path: PathBuf,
        /// The first file.
        than: PathBuf,
    },
    /// One share twice.
    #[error("this is share {number} again; {} has it too", .first.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The first file with it.
        first: PathBuf,
        /// Its number.
        number: u8,
    },
    /// Too few shares.
    #[error("{given} of the {needed} shares that are needed were given")]
    TooFew {
        /// How many.
        given: usize,
        /// K.
        needed: u8,
    },
    /// Shares that check, and make another key than they name.
    #[error("the shares do not make the key whose fingerprint they name")]
    NotRestored,
    /// A folder with something in it.
    #[error("the folder for the shares is not empty; a share is never overwritten")]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
}

impl KeyError {
    /// The code, and what to do now.
    fn code_and_help(&self) -> (&'static str, &'static str) {
        match self {
            KeyError::Unreadable { .. } => (
                "KL-K-001",
                "`kinlink key new KEY` makes a key; see `kinlink explain KL-K-001`",
            ),
            KeyError::Exposed { .. } => (
                "KL-K-002",
                "`chmod 600` the file, then find out who could have read it",
            ),
            KeyError::NotAFile { .. } => ("KL-K-003", "name the key file itself"),
            KeyError::Malformed { .. } => (
                "KL-K-004",
                "restore the key from its backup or from its shares",
            ),
            KeyError::MalformedFileKey { .. } => (
                "KL-K-016",
                "copy the key again, or make one with `kinlink key new KEY --purpose files`",
            ),
            KeyError::ForFiles { .. } => (
                "KL-K-014",
                "name the project's key; `kinlink key new KEY` makes one",
            ),
            KeyError::ForPseudonyms { .. } => (
                "KL-K-015",
                "make a key for files with `kinlink key new KEY --purpose files`",
            ),
            KeyError::Exists { .. } => ("KL-K-005", "choose another name"),
            KeyError::Unwritable { .. } => ("KL-K-006", "make the folder, or choose another"),
            KeyError::Purpose { .. } => (
                "KL-K-007",
                "use a key of the purpose that `[key] purpose` states",
            ),
            KeyError::OtherKey { .. } => ("KL-K-008", "put the first key back, or start a new run"),
            KeyError::NoEntropy => ("KL-K-009", "try again on another machine"),
            KeyError::Length { .. } => ("KL-K-010", "`kinlink key new KEY` makes a key"),
            KeyError::Weak { .. } => ("KL-K-011", "`kinlink key new KEY` makes a random key"),
            KeyError::Command { .. } => (
                "KL-K-012",
                "run the command by hand as this account and see what it says",
            ),
            KeyError::Late { .. } => (
                "KL-K-013",
                "see whether the key service answers; close the writing end of the pipe",
            ),
            KeyError::Numbers { .. } => (
                "KL-K-020",
                "choose a threshold from 2 to the number of shares",
            ),
            KeyError::Share { .. } => (
                "KL-K-021",
                "compare it with its custodian's other copy, or use another share",
            ),
            KeyError::OtherSplit { .. } => ("KL-K-022", "use shares of one split of one key"),
            KeyError::Twice { .. } => ("KL-K-023", "name each share once"),
            KeyError::TooFew { .. } => ("KL-K-024", "ask further custodians for their shares"),
            KeyError::NotRestored => ("KL-K-025", "try other shares; tell the custodians"),
            KeyError::Occupied { .. } => ("KL-K-026", "name a new folder"),
        }
    }

    fn path(&self) -> Option<&Path> {
        match self {
            KeyError::Unreadable { path, .. }
            | KeyError::Exposed { path, .. }
            | KeyError::NotAFile { path }
            | KeyError::Malformed { path, .. }
            | KeyError::MalformedFileKey { path, .. }
            | KeyError::ForFiles { path }
            | KeyError::ForPseudonyms { path }
            | KeyError::Exists { path }
            | KeyError::Unwritable { path, .. }
            | KeyError::Purpose { path, .. }
            | KeyError::OtherKey { path }
            | KeyError::Length { path, .. }
            | KeyError::Weak { path }
            | KeyError::Command { path, .. }
            | KeyError::Late { path, .. }
            | KeyError::Share { path, .. }
            | KeyError::OtherSplit { path, .. }
            | KeyError::Twice { path, .. }
            | KeyError::Occupied { path } => Some(path),
            KeyError::NoEntropy
            | KeyError::Numbers { .. }
            | KeyError::TooFew { .. }
            | KeyError::NotRestored => None,
        }
    }
}

impl Diagnose for KeyError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let (code, help) = self.code_and_help();
        let exit = match self {
            KeyError::Numbers { .. } => Exit::Usage,
            _ => Exit::Key,
        };
        let mut one = Diagnostic::new(code, exit, self.to_string(), help);
        if let Some(path) = self.path() {
            one = one.at(Place::file(path));
        }
        vec![one]
    }
}
