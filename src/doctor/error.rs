//! A machine on which a run should not be started.

use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation};

/// Something would stop a run.
#[derive(Debug, thiserror::Error)]
#[error("{count} finding(s) would stop a run here")]
pub struct Unfit {
    /// How many findings say so.
    pub count: usize,
}

impl Diagnose for Unfit {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        vec![Diagnostic::new(
            "KL-M-001",
            Exit::Usage,
            self.to_string(),
            "mend what is marked `fail` and call it again; `warn` does not stop a run",
        )]
    }
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[Explanation {
    code: "KL-M-001",
    exit: Exit::Usage,
    title: "The machine would stop a run",
    when: "`kinlink doctor` found too little disk or memory, a file system that does not keep \
           modes, locks or renames, a key file that others can read, or sources that are missing \
           or lie outside the project.",
    fix: "Each line marked `fail` says what to do.",
}];
