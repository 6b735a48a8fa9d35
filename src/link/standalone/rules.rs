//! By which rules rows are compared: those of an earlier model, those that the specification names, or
//! those that the data speak for.

use std::path::Path;

use crate::comparison::Kind;
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::link::LinkError;
use crate::link::blocking;
use crate::link::engine::Engine;
use crate::link::model::real;
use crate::link::model_file::{ComparisonFile, ModelFile};
use crate::link::pairs::{MOST_COMPARISONS, MOST_RULES};
use crate::link::people;
use crate::link::spec::{Blocking, Spec};
use crate::pseudonymise::words::{Comparison, Rule};

/// The blocking rules that the specification names, or those that the data speak for.
pub(super) fn rules(
    engine: &Engine<'_>,
    spec: &Spec,
    comparisons: &[Comparison],
    path: &Path,
) -> Result<Vec<Rule>, LinkError> {
    let problem = |code: &'static str, what: String, help: &str| {
        Diagnostic::new(code, Exit::Usage, what, help).at(Place::file(path))
    };
    let names = match &spec.options.blocking {
        Blocking::Given(names) => names,
        Blocking::Auto => {
            let rules = engine.choose(spec.options.pairs);
            return match rules.is_empty() {
                false => Ok(rules),
                true => Err(LinkError::one(problem(
                    "KL-L-031",
                    "no combination of the fields is rare enough to link by".to_owned(),
                    "name more fields in the specification",
                ))),
            };
        }
    };
    let (mut rules, mut problems) = (Vec::new(), Vec::new());
    for name in names {
        match blocking::parse(name, comparisons) {
            Some(rule) => rules.push(rule),
            None => problems.push(problem(
                "KL-L-033",
                format!("there is no blocking rule `{name}`"),
                "join fields of the specification by +, each whole or a part of it, such as \
                 surname.soundex+date_of_birth.year; `kinlink explain KL-L-033` lists the parts",
            )),
        }
    }
    if rules.len() > MOST_RULES {
        problems.push(problem(
            "KL-L-033",
            format!("{} blocking rules are more than {MOST_RULES}", rules.len()),
            "leave out those that bring the fewest new pairs",
        ));
    }
    match problems.is_empty() {
        true => Ok(rules),
        false => Err(LinkError::Problems(problems)),
    }
}

/// The comparisons of a specification, and the model of an earlier linkage of them. Whether
/// frequencies of names are compared is for the model to say where there is one, and else for the
/// specification.
pub(super) fn compared(
    path: Option<&Path>,
    spec: &Spec,
) -> Result<(Vec<Comparison>, Option<ModelFile>), LinkError> {
    let plain = people::comparisons(spec);
    let Some(path) = path else {
        let comparisons = match spec.options.name_frequency.unwrap_or(true) {
            true => Comparison::with_frequencies(plain, MOST_COMPARISONS),
            false => plain,
        };
        return Ok((comparisons, None));
    };
    let known = read_model(path)?;
    let is_frequency = |c: &ComparisonFile| c.comparison.kind == Kind::Frequency;
    let comparisons = match known.comparisons.iter().any(is_frequency) {
        true => Comparison::with_frequencies(plain, MOST_COMPARISONS),
        false => plain,
    };
    match known.fits(&comparisons) {
        true => Ok((comparisons, Some(known))),
        false => Err(bad_model(
            path,
            "the model is of other fields than the specification",
        )),
    }
}

fn bad_model(path: &Path, what: &str) -> LinkError {
    LinkError::one(
        Diagnostic::new(
            "KL-L-032",
            Exit::Usage,
            what,
            "name the model.json of an earlier linkage with the same specification",
        )
        .at(Place::file(path)),
    )
}

/// Reads a `model.json` of an earlier linkage.
pub(in crate::link) fn read_model(path: &Path) -> Result<ModelFile, LinkError> {
    let text = std::fs::read_to_string(path).map_err(|source| LinkError::Io {
        path: path.to_path_buf(),
        source,
    })?;
    let model: ModelFile = serde_json::from_str(&text)
        .map_err(|_| bad_model(path, "the file is no model of this program"))?;
    let whole = model.rules.iter().all(|rule| {
        rule.comparisons.len() == model.comparisons.len()
            && rule.matches > 0.0
            && rule.matches < 1.0
            && rule.kin.len() == model.kin.len()
            && rule.kin.iter().all(|share| (0.0..1.0).contains(share))
            && rule
                .comparisons
                .iter()
                .all(|c| c.u.iter().all(|u| u.is_finite()))
    });
    if whole && real(model.compared) >= 0.0 {
        Ok(model)
    } else {
        Err(bad_model(path, "the file is no model of this program"))
    }
}
