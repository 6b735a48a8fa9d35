//! What can be wrong with a key, a share, or where they come from.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};

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

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-K-001",
        exit: Exit::Key,
        title: "The key cannot be read",
        when: "There is no file at the path, this account may not read it, or nothing is open at \
               the file descriptor.",
        fix: "`kinlink key new KEY --purpose production` makes one; a rehearsal makes its own.",
    },
    Explanation {
        code: "KL-K-002",
        exit: Exit::Key,
        title: "Others can read the key or share",
        when: "The file's mode gives its group or everybody a right.",
        fix: "`chmod 600 FILE`, then find out who could have read it. If anybody could, make a new \
              key and encode again.",
    },
    Explanation {
        code: "KL-K-003",
        exit: Exit::Key,
        title: "The key is not a regular file",
        when: "The path is a symbolic link, a folder, a pipe or a device.",
        fix: "Name the file itself. A pipe is read with `--key fd:N`.",
    },
    Explanation {
        code: "KL-K-004",
        exit: Exit::Key,
        title: "The text is not that of a kinlink key",
        when: "It is empty, too long, binary or of another kind, or its check value does not match.",
        fix: "Restore the file from its backup or from its shares; a changed character is always \
              noticed.",
    },
    Explanation {
        code: "KL-K-005",
        exit: Exit::Key,
        title: "A file stands there already",
        when: "A key was to be written where a file is.",
        fix: "Choose another name. Keys are never overwritten.",
    },
    Explanation {
        code: "KL-K-006",
        exit: Exit::Key,
        title: "The key or share cannot be written",
        when: "The folder does not exist, is full, or may not be written to.",
        fix: "Make the folder, or choose another.",
    },
    Explanation {
        code: "KL-K-007",
        exit: Exit::Key,
        title: "The key has another purpose",
        when: "A rehearsal key is used for production, or the other way round.",
        fix: "Use a key of the purpose that `[key] purpose` states.",
    },
    Explanation {
        code: "KL-K-008",
        exit: Exit::Key,
        title: "Another key than the run began with",
        when: "A run is resumed with a key whose fingerprint differs.",
        fix: "Put the first key back, or start a new run.",
    },
    Explanation {
        code: "KL-K-009",
        exit: Exit::Key,
        title: "No random bytes",
        when: "The operating system's generator failed.",
        fix: "Try again on a machine with a working generator.",
    },
    Explanation {
        code: "KL-K-010",
        exit: Exit::Key,
        title: "The key is not 32 bytes long",
        when: "The line `key` holds fewer or more than 64 hexadecimal digits.",
        fix: "Use a key that `kinlink key new` made; a password is no key.",
    },
    Explanation {
        code: "KL-K-011",
        exit: Exit::Key,
        title: "The key's bytes are not random",
        when: "They are all alike, repeat themselves, count up or down, or spell a text.",
        fix: "Use a key that `kinlink key new` made. A key that can be guessed protects nobody.",
    },
    Explanation {
        code: "KL-K-012",
        exit: Exit::Key,
        title: "The command that gives the key failed",
        when: "The program of `[key] command` could not be started, or ended with an error. What \
               it writes to standard error is not shown, because it could hold the key.",
        fix: "Run the command by hand, as the account that runs kinlink, and see what it says.",
    },
    Explanation {
        code: "KL-K-013",
        exit: Exit::Key,
        title: "The key did not come in time",
        when: "The command did not end, or nobody closed the other end of the file descriptor.",
        fix: "See whether the key service answers; close the writing end of the pipe.",
    },
    Explanation {
        code: "KL-K-020",
        exit: Exit::Usage,
        title: "No such split",
        when: "The threshold is below 2, or above the number of shares; or there are more than 255.",
        fix: "Choose a threshold from 2 to the number of shares, such as 3 of 5.",
    },
    Explanation {
        code: "KL-K-021",
        exit: Exit::Key,
        title: "The text is not that of a share",
        when: "The file is empty, binary or of another kind, or its check does not match: one \
               changed character is always noticed.",
        fix: "Compare it with its custodian's other copy, or use another custodian's share.",
    },
    Explanation {
        code: "KL-K-022",
        exit: Exit::Key,
        title: "Shares that do not belong together",
        when: "The shares are of two keys, or of two splits of one key.",
        fix: "Use shares of one split; their lines `key` and `split` are alike.",
    },
    Explanation {
        code: "KL-K-023",
        exit: Exit::Key,
        title: "One share was given twice",
        when: "Two of the files hold the share of the same number.",
        fix: "Name each share once; copies of one share count once.",
    },
    Explanation {
        code: "KL-K-024",
        exit: Exit::Key,
        title: "Too few shares",
        when: "Fewer shares than the threshold were given. Nothing about the key follows from them.",
        fix: "Ask further custodians for their shares.",
    },
    Explanation {
        code: "KL-K-025",
        exit: Exit::Key,
        title: "The shares do not make the key that they name",
        when: "Every share checks, and what they make has another fingerprint: a share was forged.",
        fix: "Try other shares; tell the custodians.",
    },
    Explanation {
        code: "KL-K-026",
        exit: Exit::Key,
        title: "The folder for the shares is not empty",
        when: "`kinlink key split` was to write into a folder with files in it.",
        fix: "Name a new folder.",
    },
];

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
