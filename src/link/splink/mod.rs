//! A trained Splink model as a model of this program.
//!
//! | room | what |
//! | --- | --- |
//! | `settings` | the settings file: what is read of it |
//! | `sql` | conditions as a tree |
//! | `meaning` | what a condition asks of two rows |
//! | `fields` | which comparison looks at a column |
//! | `levels` | m and u, counted out to the levels here |
//! | `rules` | blocking rules as rules of lanes |
//!
//! Splink has one m and u for all rules and the share λ of matches among pairs of chance. Under a
//! rule the share of matches is then λ's odds times m/u of all that the rule asks for in full, and
//! the rest weighs as it does in Splink: the weight of a pair is the same under every rule.

mod fields;
mod levels;
mod meaning;
mod rules;
mod settings;
mod sql;

use std::path::Path;

use self::fields::Fields;
use self::levels::Shares;
use self::settings::Settings;
use super::LinkError;
use super::model::{Fit, Role, RuleFit};
use super::model_file::{FORM, ModelFile, RuleFile, comparison_files, rule_comparisons};
use super::people;
use super::spec::Spec;
use crate::comparison::Kind;
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::digest::Digest;
use crate::pseudonymise::words::{Comparison, Rule};

/// λ where the settings name none: that of a new Splink model.
const LAMBDA: f64 = 1e-4;

/// Makes a model of a settings file. What has no counterpart stands in its warnings.
pub fn import(path: &Path, spec: &Spec) -> Result<ModelFile, LinkError> {
    let bytes = std::fs::read(path).map_err(|source| LinkError::Io {
        path: path.to_path_buf(),
        source,
    })?;
    let settings: Settings = serde_json::from_slice(&bytes).map_err(|_| {
        problem(
            path,
            "KL-L-070",
            "the file is no settings file of Splink 4 or 5",
            "save the trained model with linker.misc.save_model_to_json(\"settings.json\")",
        )
    })?;
    let comparisons = people::comparisons(spec);
    let fields = Fields::new(spec, &comparisons);
    let (shares, mut warnings) = levels::shares(&settings, &comparisons, &fields);
    let (rules, more) = rules::rules(&settings.blocking_rules_to_generate_predictions, &fields);
    warnings.extend(more);
    if shares.iter().all(|s| s.m == s.u) || rules.is_empty() {
        let what = match rules.is_empty() {
            true => "no blocking rule of the settings has a counterpart",
            false => "no comparison of the settings has a counterpart with m and u",
        };
        return Err(problem(
            path,
            "KL-L-071",
            what,
            "name the columns of the settings in the specification; `kinlink explain KL-L-071` \
             lists what has a counterpart",
        ));
    }
    let lambda = settings.probability_two_random_records_match;
    let lambda = lambda.filter(|p| *p > 0.0 && *p < 1.0).unwrap_or_else(|| {
        warnings.push(format!(
            "the settings do not tell the share of matches among all pairs: {LAMBDA} is taken"
        ));
        LAMBDA
    });
    Ok(model(
        &comparisons,
        (&shares, &rules),
        lambda,
        warnings,
        Digest::of(&bytes),
    ))
}

fn problem(path: &Path, code: &'static str, what: &str, help: &str) -> LinkError {
    LinkError::one(Diagnostic::new(code, Exit::Input, what, help).at(Place::file(path)))
}

fn model(
    comparisons: &[Comparison],
    (shares, rules): (&[Shares], &[Rule]),
    lambda: f64,
    warnings: Vec<String>,
    settings: Digest,
) -> ModelFile {
    let fits: Vec<RuleFit> = rules
        .iter()
        .map(|rule| rule_fit(rule, comparisons, shares, lambda))
        .collect();
    let fit = Fit {
        m: shares.iter().map(|s| s.m.clone()).collect(),
        u: shares.iter().map(|s| s.u.clone()).collect(),
        rules: fits,
        kin: Vec::new(),
        rounds: 0,
        converged: true,
    };
    let rule_file = |(rule, fit): (&Rule, &RuleFit)| RuleFile {
        rule: rule.clone(),
        pairs: 0,
        new_pairs: 0,
        capped_blocks: 0,
        capped_pairs: 0,
        matches: fit.matches,
        kin: Vec::new(),
        comparisons: rule_comparisons(fit),
    };
    ModelFile {
        form: FORM.to_owned(),
        learnt_from: vec![settings],
        comparisons: comparison_files(comparisons, &fit),
        kin: Vec::new(),
        rules: rules.iter().zip(&fit.rules).map(rule_file).collect(),
        rounds: 0,
        converged: true,
        compared: 0,
        chance: 0,
        warnings,
        expected_matches: 0.0,
        missed: crate::link::recall::Missed::default(),
        threshold: 0.5,
        review: None,
        expected_precision: None,
        links: 0,
        records_linked: 0,
        entities: 0,
    }
}

/// What a rule asks of a comparison: all of the value, a part of it, or nothing.
fn role(rule: &Rule, comparison: &Comparison) -> Role {
    let Some(column) = comparison.columns.first().copied().flatten() else {
        return Role::Free;
    };
    let asks = |lane: usize| {
        rule.parts
            .iter()
            .any(|p| p.column == column && p.lane == lane)
    };
    match comparison.kind {
        Kind::Names => Role::Free,
        Kind::Date if asks(1) && asks(7) => Role::Fixed,
        Kind::Date => partial(rule, column),
        _ if asks(0) => Role::Fixed,
        _ => partial(rule, column),
    }
}

fn partial(rule: &Rule, column: usize) -> Role {
    match rule.columns().any(|asked| asked == column) {
        true => Role::Partial,
        false => Role::Free,
    }
}

fn rule_fit(rule: &Rule, comparisons: &[Comparison], shares: &[Shares], lambda: f64) -> RuleFit {
    let roles: Vec<Role> = comparisons.iter().map(|c| role(rule, c)).collect();
    let mut log_odds = (lambda / (1.0 - lambda)).ln();
    for (role, shares) in roles.iter().zip(shares) {
        if let (Role::Fixed, [_, m, ..], [_, u, ..]) =
            (role, shares.m.as_slice(), shares.u.as_slice())
        {
            log_odds += (m.max(1e-9) / u.max(1e-9)).ln();
        }
    }
    let own = |(role, shares): (&Role, &Shares)| (*role == Role::Partial).then(|| shares.m.clone());
    RuleFit {
        matches: super::model::logistic(log_odds).clamp(1e-9, 1.0 - 1e-9),
        u: shares.iter().map(|s| s.u.clone()).collect(),
        m: roles.iter().zip(shares).map(own).collect(),
        roles,
        kin: Vec::new(),
    }
}
