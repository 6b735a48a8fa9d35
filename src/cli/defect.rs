//! A defect of the program, told without its data.
//!
//! What a panic says may quote a value, such as the text that could not be read as a number. So
//! the message is never printed: only where in the program it happened, which is what a report
//! needs.

use std::io::Write;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::process::ExitCode;

use crate::diagnostic::{Diagnostic, Exit, Explanation};

/// Where to report a defect.
const REPORT: &str = "this is a defect of kinlink: send this message, without any data, to those \
                      who maintain it for you; it holds nothing about people";

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[Explanation {
    code: "KL-X-002",
    exit: Exit::Bug,
    title: "A defect of kinlink",
    when: "The program met a state that it should never be in. The message says where in the \
           program; what was being read is withheld, because it could be about a person.",
    fix: "Report the message to those who maintain kinlink for you. Finished stages of a run are \
          kept, and nothing partial was published; `kinlink resume RUN` tries again.",
}];

/// Runs the work. A panic anywhere in it ends with a message without data, and exit code 1.
pub fn guarded(work: impl FnOnce() -> ExitCode) -> ExitCode {
    set_hook(Box::new(tell));
    // Nothing of the work is looked at after a panic.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(ExitCode::from(Exit::Bug.code()))
}

fn tell(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(
        || "an unknown place".to_owned(),
        |l| format!("{}:{}:{}", l.file(), l.line(), l.column()),
    );
    let what = format!(
        "kinlink {} stopped at {place}; what it was working on is withheld",
        env!("CARGO_PKG_VERSION")
    );
    let one = Diagnostic::new("KL-X-002", Exit::Bug, what, REPORT)
        .kept("finished stages are kept; nothing partial was published");
    // A failure to write must not panic again.
    let _ = write!(std::io::stderr(), "{}", super::output::render(&one));
}
