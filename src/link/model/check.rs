//! Whether a fit can be believed: what the rules say of matches one by one, beside what all say
//! together.
//!
//! A model that has taken the wrong pairs for matches seldom shows it in its own figures; it shows
//! where rules that condition on different fields disagree about the same comparison.

use super::counts::{Counts, Role, place};
use super::fit::{Fit, logistic};
use crate::comparison::Kind;
use crate::pseudonymise::words::{Comparison, Rule};

/// Rules disagree on a comparison if their shares of exact agreement differ from the common one by
/// more than this.
const APART: f64 = 0.3;
/// Rules of fewer expected matches are not heard.
const HEARD: f64 = 100.0;

/// Matches are rows of one person if they agree exactly on names, dates and numbers in so large a
/// share at least, on average over these fields.
const ONE_PERSON: f64 = 0.5;
/// A field is heard if so many pairs of chance have a value on both sides.
const SEEN: f64 = 100.0;

/// Whether what the model took for matches can be rows of one person: they agree on most of what
/// names a person by itself. Where two files have nobody in common, the fit finds the next best
/// thing: strangers of one forename, or households of one surname.
pub fn one_person(counts: &Counts, fit: &Fit, comparisons: &[Comparison]) -> bool {
    let own = |c: &Comparison| {
        let names_somebody = matches!(
            c.kind,
            Kind::Forename | Kind::Surname | Kind::Date | Kind::Identifier
        );
        names_somebody && c.name != "middle_names"
    };
    let (mut sum, mut fields) = (0.0, 0.0);
    for (place, (comparison, m)) in comparisons.iter().zip(&fit.m).enumerate() {
        if own(comparison) && seen(counts, place) {
            sum += m.get(1).copied().unwrap_or(0.0);
            fields += 1.0;
        }
    }
    sum >= ONE_PERSON * fields
}

/// Whether pairs of chance tell anything of a comparison.
fn seen(counts: &Counts, comparison: usize) -> bool {
    counts.chance_levels(comparison).iter().skip(1).sum::<f64>() >= SEEN
}

/// What is wrong with a fit, in words without values; empty where nothing was found.
pub fn check(
    counts: &Counts,
    fit: &Fit,
    comparisons: &[Comparison],
    rules: &[Rule],
) -> Vec<String> {
    let mut out = Vec::new();
    if !fit.converged {
        out.push(format!(
            "the model had not come to rest after {} rounds",
            fit.rounds
        ));
    }
    if counts.pairs.is_empty() {
        out.push(
            "no two rows were compared: none share a block, or only blocks that hold too many pairs"
                .to_owned(),
        );
    }
    let fields = comparisons.iter().zip(&fit.m).zip(&fit.u).enumerate();
    for (place, ((comparison, m), u)) in fields {
        if comparison.kind == Kind::Frequency || !seen(counts, place) {
            continue;
        }
        let exact = |shares: &Vec<f64>| shares.get(1).copied().unwrap_or(0.0);
        if exact(m) <= exact(u) {
            out.push(format!(
                "{}: matches agree no more often than chance; it tells nobody apart",
                comparison.name
            ));
        }
    }
    for (number, rule) in rules.iter().enumerate() {
        let (matches, shares) = by_rule(counts, fit, number);
        if matches < HEARD {
            continue;
        }
        let roles = fit.rules.get(number).map(|rule| rule.roles.as_slice());
        let roles = roles.unwrap_or_default();
        for (((comparison, role), own), all) in
            comparisons.iter().zip(roles).zip(&shares).zip(&fit.m)
        {
            let exact = |shares: &Vec<f64>| shares.get(1).copied().unwrap_or(0.0);
            let seen: f64 = own.iter().skip(1).sum();
            let heard = *role == Role::Free && comparison.kind != Kind::Frequency;
            if heard && seen > 0.0 && (exact(own) - exact(all)).abs() > APART {
                out.push(format!(
                    "{}: {:.0} of 100 matches agree exactly, but {:.0} of 100 of those that {} \
                     brings together; one of the two is wrong, or the two fields go together",
                    comparison.name,
                    100.0 * exact(all),
                    100.0 * exact(own),
                    rule.name,
                ));
            }
        }
    }
    out
}

/// The expected matches of a rule, and their shares of levels.
fn by_rule(counts: &Counts, fit: &Fit, rule: usize) -> (f64, Vec<Vec<f64>>) {
    let mut levels: Vec<Vec<f64>> = counts.kinds.iter().map(|k| vec![0.0; k.levels()]).collect();
    let mut matches = 0.0;
    let share = fit.rules.get(rule).map_or(0.0, |r| r.matches);
    let odds = (share / (1.0 - share)).ln();
    let says = fit.says(rule);
    for (pattern, count) in counts.of_rule(rule) {
        let of: Vec<u8> = (0..counts.kinds.len()).map(|c| pattern.level(c)).collect();
        let w = count * logistic(odds + says.evidence(&of));
        matches += w;
        for (level, slots) in of.iter().zip(&mut levels) {
            if let Some(slot) = slots.get_mut(place(*level)) {
                *slot += w;
            }
        }
    }
    for shares in &mut levels {
        let seen: f64 = shares.iter().skip(1).sum();
        for share in shares.iter_mut().filter(|_| seen > 0.0) {
            *share /= seen;
        }
    }
    (matches, levels)
}
