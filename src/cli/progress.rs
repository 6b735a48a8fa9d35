//! Progress for people: bars with rows, rate and time left on a terminal; a line at the beginning
//! and end of each step elsewhere; nothing when asked to be quiet.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use crate::progress::Progress;

struct Step {
    what: String,
    began: Instant,
    bar: Option<ProgressBar>,
}

/// Progress on standard error.
pub struct TerminalProgress {
    quiet: bool,
    terminal: bool,
    step: Mutex<Option<Step>>,
    done: AtomicU64,
}

impl TerminalProgress {
    /// Progress on standard error; `quiet` for none at all.
    pub fn new(quiet: bool) -> Self {
        TerminalProgress {
            quiet,
            terminal: std::io::stderr().is_terminal(),
            step: Mutex::new(None),
            done: AtomicU64::new(0),
        }
    }

    fn say(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    fn with_step<R>(&self, f: impl FnOnce(&mut Option<Step>) -> R) -> R {
        let mut guard = match self.step.lock() {
            Ok(guard) => guard,
            Err(poisoned) => poisoned.into_inner(),
        };
        f(&mut guard)
    }
}

impl Progress for TerminalProgress {
    fn begin(&self, what: &str, total: Option<u64>) {
        self.done.store(0, Ordering::Relaxed);
        let bar = (self.terminal && !self.quiet).then(|| {
            let bar = match total {
                Some(total) => ProgressBar::new(total),
                None => ProgressBar::new_spinner(),
            };
            let template = if total.is_some() {
                "  {msg:<40} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}"
            } else {
                "  {msg:<40} {spinner} {human_pos} {per_sec}"
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_message(what.to_owned());
            bar
        });
        self.with_step(|step| {
            *step = Some(Step {
                what: what.to_owned(),
                began: Instant::now(),
                bar,
            });
        });
    }

    fn advance(&self, units: u64) {
        self.done.fetch_add(units, Ordering::Relaxed);
        if self.terminal && !self.quiet {
            self.with_step(|step| {
                if let Some(bar) = step.as_ref().and_then(|s| s.bar.as_ref()) {
                    bar.inc(units);
                }
            });
        }
    }

    fn end(&self) {
        let done = self.done.load(Ordering::Relaxed);
        let ended = self.with_step(Option::take);
        let Some(step) = ended else { return };
        if let Some(bar) = step.bar {
            bar.finish_and_clear();
        }
        let seconds = step.began.elapsed().as_secs_f64();
        self.say(&format!(
            "  {:<44} {:>12} {:>8.1} s",
            step.what,
            thousands(done),
            seconds
        ));
    }

    fn note(&self, text: &str) {
        let bar = self.with_step(|step| step.as_ref().and_then(|s| s.bar.clone()));
        match bar {
            Some(bar) => bar.suspend(|| self.say(text)),
            None => self.say(text),
        }
    }
}

/// A number with commas in the thousands, as British publications write it.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn thousands_have_commas() {
        assert_eq!(thousands(7), "7");
        assert_eq!(thousands(192_912), "192,912");
        assert_eq!(thousands(12_600_000), "12,600,000");
    }
}
