//! `kinlink explain CODE`: the page behind every error code.

use serde_json::json;

use super::{Context, Done, Failure};
use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation};

/// Arguments of `kinlink explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A code such as KL-K-002; without one, the list of all.
    code: Option<String>,
}

/// Every code of every room.
pub fn all() -> Vec<&'static Explanation> {
    [
        crate::pipeline::EXPLANATIONS,
        crate::synth::EXPLANATIONS,
        crate::schema::EXPLANATIONS,
        crate::ingest::EXPLANATIONS,
        crate::pseudonymise::EXPLANATIONS,
        crate::pseudonymise::gate::EXPLANATIONS,
        crate::pseudonymise::lint::EXPLANATIONS,
        crate::owner::EXPLANATIONS,
        crate::pseudonymise::clkhash::EXPLANATIONS,
        crate::link::EXPLANATIONS,
        crate::estimate::EXPLANATIONS,
        crate::estimate::capture::EXPLANATIONS,
        crate::estimate::METHOD_EXPLANATIONS,
        crate::estimate::pair::EXPLANATIONS,
        crate::protect::EXPLANATIONS,
        crate::protect::dp::EXPLANATIONS,
        crate::publish::EXPLANATIONS,
        crate::publish::report::EXPLANATIONS,
        crate::release::EXPLANATIONS,
        crate::publish::lint::EXPLANATIONS,
        crate::columnar::EXPLANATIONS,
        crate::research::EXPLANATIONS,
        crate::scaffold::EXPLANATIONS,
        crate::doctor::EXPLANATIONS,
        super::attack::EXPLANATIONS,
        super::defect::EXPLANATIONS,
    ]
    .into_iter()
    .flatten()
    .chain(EXPLANATIONS)
    .collect()
}

const EXPLANATIONS: &[Explanation] = &[Explanation {
    code: "KL-X-001",
    exit: Exit::Usage,
    title: "There is no such code",
    when: "`kinlink explain` was asked for a code that no message carries.",
    fix: "`kinlink explain` by itself lists them all.",
}];

#[derive(Debug, thiserror::Error)]
#[error("there is no such code")]
struct UnknownCode;

impl Diagnose for UnknownCode {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        vec![Diagnostic::new(
            "KL-X-001",
            Exit::Usage,
            self.to_string(),
            "`kinlink explain` by itself lists all codes",
        )]
    }
}

pub(super) fn run(args: Args, _context: &Context) -> Result<Done, Failure> {
    let Some(code) = args.code else {
        let list = all();
        let text: Vec<String> = list
            .iter()
            .map(|e| format!("{}  exit {:<2}  {}", e.code, e.exit.code(), e.title))
            .collect();
        let json = list.iter().map(|e| as_json(e)).collect();
        return Ok(Done::new(text.join("\n"), json));
    };
    let found = all()
        .into_iter()
        .find(|e| e.code.eq_ignore_ascii_case(&code))
        .ok_or(UnknownCode)?;
    let text = format!(
        "{}  {}\n\nWhen   {}\nMend   {}\nExit   {}",
        found.code,
        found.title,
        found.when,
        found.fix,
        found.exit.code()
    );
    Ok(Done::new(text, as_json(found)))
}

fn as_json(e: &Explanation) -> serde_json::Value {
    json!({ "code": e.code, "exit": e.exit.code(), "title": e.title, "when": e.when, "fix": e.fix })
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_explanations_share_a_code() {
        let mut codes: Vec<_> = super::all().iter().map(|e| e.code).collect();
        let n = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), n);
    }
}
