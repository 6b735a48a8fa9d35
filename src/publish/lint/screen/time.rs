//! Checks of the columns of time.

use super::Check;
use super::pair::Pair;
use super::reference::time_family;
use crate::publish::lint::finding::Finding;

/// The stage before the checks of time.
pub(super) fn precheck(pair: &Pair) -> Vec<Finding> {
    let of = |name| Check {
        stage: "Precheck time",
        name,
    };
    let number = of("precheck_time_period_num");
    let valid = of("precheck_time_id_valid");
    let mix = of("precheck_time_id_mix");
    let identifiers = pair.data.distinct("time_identifier");
    let periods = pair.data.distinct("time_period");
    let unknown = identifiers.iter().filter(|i| time_family(i).is_none());
    let families: std::collections::BTreeSet<_> =
        identifiers.iter().filter_map(|i| time_family(i)).collect();
    let digits = |p: &&&str| !(matches!(p.len(), 4 | 6) && p.bytes().all(|b| b.is_ascii_digit()));
    let has = |column: &str| pair.data.has(column);
    vec![
        if has("time_period") {
            number.none_of(
                periods
                    .iter()
                    .filter(digits)
                    .map(|p| (*p).to_owned())
                    .collect(),
                "every time_period is a number of four or six digits",
                "a time_period is no number of four or six digits",
            )
        } else {
            number.missing("time_period")
        },
        if has("time_identifier") {
            valid.none_of(
                unknown.map(|i| (*i).to_owned()).collect(),
                "every time_identifier is one that the service knows",
                "a time_identifier is none that the service knows",
            )
        } else {
            valid.missing("time_identifier")
        },
        if !has("time_identifier") {
            mix.missing("time_identifier")
        } else if families.len() > 1 {
            mix.fail(
                "the file mixes identifiers that do not go together",
                identifiers.iter().map(|i| (*i).to_owned()).collect(),
            )
        } else {
            mix.pass("the identifiers of time go together")
        },
    ]
}

/// The stage of time.
pub(super) fn check(pair: &Pair) -> Vec<Finding> {
    let of = |name| Check {
        stage: "Check time",
        name,
    };
    let length = of("check_time_period");
    let consecutive = of("check_time_period_six");
    if !pair.data.has("time_period") || !pair.data.has("time_identifier") {
        return [length, consecutive]
            .map(|c| c.missing("time_period or time_identifier"))
            .to_vec();
    }
    let periods = pair.data.distinct("time_period");
    let identifiers = pair.data.distinct("time_identifier");
    let digits = identifiers
        .iter()
        .find_map(|i| time_family(i))
        .map(|(_, digits)| digits);
    let wrong = |p: &&&str| digits.is_some_and(|d| p.len() != d);
    let gap = |p: &&&str| {
        let part = |from: usize| p.get(from..from + 2).and_then(|t| t.parse::<u32>().ok());
        p.len() == 6
            && match (part(2), part(4)) {
                (Some(first), Some(second)) => (first + 1) % 100 != second,
                _ => true,
            }
    };
    vec![
        length.none_of(
            periods
                .iter()
                .filter(wrong)
                .map(|p| (*p).to_owned())
                .collect(),
            "every time_period is as long as its identifier wants it",
            "a time_period is not as long as its identifier wants it",
        ),
        consecutive.none_of(
            periods
                .iter()
                .filter(gap)
                .map(|p| (*p).to_owned())
                .collect(),
            "no time_period of six digits, or they name years that follow one another",
            "a time_period of six digits names years that do not follow one another",
        ),
    ]
}
