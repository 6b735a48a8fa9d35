//! `kinlink attack`: let a motivated intruder at a run's own encodings.

use std::path::PathBuf;

use serde_json::json;

use super::{Context, Done, Failure};
use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};
use crate::pipeline;

/// Arguments of `kinlink attack`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run's folder. Its extracts and its key must be at hand: the adversary holds the people.
    run: PathBuf,
    /// People attacked at a time; fewer where there are not so many.
    #[arg(long, value_delimiter = ',', default_values_t = [2_000, 10_000])]
    people: Vec<usize>,
}

/// The code of this room.
pub(super) const EXPLANATIONS: &[Explanation] = &[Explanation {
    code: "KL-A-001",
    exit: Exit::Disclosure,
    title: "An attack on the encodings got through",
    when: "`kinlink attack` named more people than its gate allows, or found something of a key.",
    fix: "Read `review/attack.md` in the run: it names the attack and the pass. Take the pass out, \
          or give it parts that fewer people share, and run again. Do not pass the encodings on.",
}];

/// Attacks that got through.
#[derive(Debug, thiserror::Error)]
#[error("{figures} figures are above their gates")]
struct GotThrough {
    figures: usize,
    report: PathBuf,
}

impl Diagnose for GotThrough {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        vec![
            Diagnostic::new(
                "KL-A-001",
                Exit::Disclosure,
                self.to_string(),
                "read the report; do not pass the encodings on",
            )
            .at(Place::file(&self.report)),
        ]
    }
}

pub(super) fn run(args: Args, context: &Context) -> Result<Done, Failure> {
    let attacked = pipeline::attack(&args.run, &args.people, &context.progress)?;
    let [_, page] = &attacked.files;
    if attacked.broken() > 0 {
        return Err(Box::new(GotThrough {
            figures: attacked.broken(),
            report: page.clone(),
        }));
    }
    let mut text = String::from(
        "of each attack the pass that fares worst; shares of rows, or a correlation (A10)\n\n\
         attack  what                              people  overlap     worst      gate  unprotected",
    );
    for (kind, f) in attacked.worst() {
        let optional = |v: Option<f64>| v.map_or("-".to_owned(), |v| format!("{v:.4}"));
        text.push_str(&format!(
            "\n{:<6}  {:<32}  {:>6}  {:<7}  {:>8.4}  {:>8}  {:>11}  {kind} {}",
            f.attack,
            f.what,
            f.people,
            f.overlap,
            f.figure,
            optional(f.gate),
            optional(f.unprotected),
            f.pass,
        ));
    }
    text.push_str(&format!("\n\nreport  {}", page.display()));
    Ok(Done::new(
        text,
        json!({ "reports": attacked.reports, "report": page }),
    ))
}
