//! What the user reads: results on standard output, messages and errors on standard error.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::Failure;
use super::progress::TerminalProgress;
use crate::diagnostic::{Diagnostic, Exit};

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs: one JSON document on standard output; errors as JSON on standard error.
    Json,
}

/// Options that every command takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Global {
    /// How results are printed.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Say less: no progress, no notes.
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// What a command found.
pub struct Done {
    /// For people.
    pub text: String,
    /// The same for programs.
    pub json: Value,
    /// What to type next.
    pub next: Option<String>,
    /// Why the result is not good enough: told after it, with its exit code.
    pub blocked: Option<Failure>,
}

impl Done {
    /// A result with its text and its JSON.
    pub fn new(text: impl Into<String>, json: Value) -> Self {
        Done {
            text: text.into(),
            json,
            next: None,
            blocked: None,
        }
    }

    /// Says that what was found stops a release.
    pub fn blocked(mut self, why: impl Into<Failure>) -> Self {
        self.blocked = Some(why.into());
        self
    }

    /// Adds the command to type next.
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}

/// The edge between a command and its user.
pub struct Context {
    format: Format,
    /// Progress, as bars on a terminal and as lines elsewhere.
    pub progress: TerminalProgress,
}

impl Context {
    pub(super) fn new(global: Global) -> Self {
        Context {
            format: global.format,
            progress: TerminalProgress::new(global.quiet || global.format == Format::Json),
        }
    }

    pub(super) fn conclude(&self, result: Result<Done, Failure>) -> ExitCode {
        match result {
            Ok(done) => {
                let mut out = std::io::stdout().lock();
                let written = match self.format {
                    Format::Text if done.text.is_empty() => Ok(()),
                    Format::Text => writeln!(out, "{}", done.text.trim_end()),
                    Format::Json => writeln!(out, "{:#}", done.json),
                };
                drop(out);
                if let Some(why) = done.blocked {
                    return self.fail(&why.diagnostics());
                }
                // A reader that went away (`| head`) is no error of ours.
                if written.is_ok()
                    && self.format == Format::Text
                    && let Some(next) = &done.next
                {
                    let _ = writeln!(std::io::stderr(), "next: {next}");
                }
                ExitCode::from(Exit::Done.code())
            }
            Err(failure) => self.fail(&failure.diagnostics()),
        }
    }

    fn fail(&self, diagnostics: &[Diagnostic]) -> ExitCode {
        let exit = diagnostics
            .iter()
            .map(|d| d.exit)
            .max()
            .unwrap_or(Exit::Bug);
        let mut err = std::io::stderr().lock();
        for one in diagnostics {
            let _ = match self.format {
                Format::Text => write!(err, "{}", render(one)),
                Format::Json => writeln!(err, "{}", to_json(one)),
            };
        }
        ExitCode::from(exit.code())
    }
}

fn to_json(one: &Diagnostic) -> Value {
    json!({
        "code": one.code,
        "exit": one.exit.code(),
        "what": one.what,
        "file": one.place.file.as_ref().map(|f| f.display().to_string()),
        "row": one.place.row,
        "column": one.place.column,
        "rule": one.rule,
        "kept": one.kept,
        "help": one.help,
    })
}

/// One diagnostic as text. Configuration errors with a span show the line they stand on.
pub fn render(one: &Diagnostic) -> String {
    if let (Some(file), Some((start, len))) = (&one.place.file, one.place.span)
        && let Some(text) = with_source(one, file, start, len)
    {
        return text;
    }
    let mut out = format!("error[{}]: {}\n", one.code, one.what);
    let place = one.place.to_string();
    for (label, text) in [
        ("place", (!place.is_empty()).then_some(place.as_str())),
        ("rule", one.rule.as_deref()),
        ("kept", one.kept.as_deref()),
        ("help", Some(one.help.as_str())),
    ] {
        if let Some(text) = text {
            out.push_str(&format!("   {label:<5}  {text}\n"));
        }
    }
    out.push_str(&format!("   exit   {}\n", one.exit.code()));
    out
}

fn with_source(
    one: &Diagnostic,
    file: &std::path::Path,
    start: usize,
    len: usize,
) -> Option<String> {
    let source = std::fs::read_to_string(file).ok()?;
    let start = start.min(source.len());
    let end = (start + len).min(source.len());
    let mut report = miette::MietteDiagnostic::new(one.what.clone())
        .with_code(one.code)
        .with_help(one.help.clone());
    report = report.with_label(miette::LabeledSpan::at(
        start..end,
        one.rule.clone().unwrap_or_else(|| "here".to_owned()),
    ));
    let named = miette::NamedSource::new(file.display().to_string(), source);
    let report = miette::Report::new(report).with_source_code(named);
    let theme = if std::env::var_os("NO_COLOR").is_some() || !std::io::stderr().is_terminal() {
        miette::GraphicalTheme::unicode_nocolor()
    } else {
        miette::GraphicalTheme::unicode()
    };
    let mut out = String::new();
    miette::GraphicalReportHandler::new_themed(theme)
        .with_width(100)
        .render_report(&mut out, report.as_ref())
        .ok()?;
    out.push_str(&format!("   exit   {}\n", one.exit.code()));
    Some(out)
}
