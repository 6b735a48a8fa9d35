//! Whether a file holds anybody twice.

use super::sides;
use crate::comparison::Kind;
use crate::link::assign::Cardinality;
use crate::link::engine::Engine;
use crate::link::pass::SourceInfo;
use crate::pseudonymise::words::{Comparison, Part, Rule};

/// A file is taken as free of duplicates if at most this many pairs of rows in a thousand rows agree
/// on everything that identifies a person, beyond what chance explains.
const PAIRS_IN_THOUSAND: f64 = 0.5;
/// How many times more often people agree on all of it than the product of its parts says: names go
/// with years of birth and with each other.
const TOGETHER: f64 = 4.0;

/// Which sides are free of duplicates, and how that is known: because it was stated, or because
/// hardly any two rows agree on all names, dates and numbers that there are.
pub(super) fn duplicates(
    engine: &Engine<'_>,
    files: usize,
    comparisons: &[Comparison],
    stated: Option<Cardinality>,
) -> (Vec<SourceInfo>, &'static str) {
    let whole = comparisons.iter().flat_map(|c| {
        let lanes: &[usize] = match c.kind {
            Kind::Date => &[1, 7],
            Kind::Forename | Kind::Surname | Kind::Identifier if c.name != "middle_names" => &[0],
            _ => &[],
        };
        let column = c.columns.first().copied().flatten();
        let part = move |lane: &usize| {
            column.map(|column| Part {
                column,
                lane: *lane,
            })
        };
        lanes.iter().filter_map(part)
    });
    let strict = Rule {
        name: "duplicates".to_owned(),
        parts: whole.collect(),
        unordered: None,
    };
    let few = |side: usize| {
        let chance = engine.chance_repeats(side, &strict);
        !strict.parts.is_empty()
            && engine.repeats(side, &strict) <= PAIRS_IN_THOUSAND + TOGETHER * chance
    };
    let free = |side: usize| match stated {
        _ if files < 2 => false,
        // Where a row has one partner at most, the other file holds nobody twice.
        Some(stated) if side == 0 => stated.right_has_one(),
        Some(stated) => stated.left_has_one(),
        None => few(side),
    };
    let sources = sides(files > 1)
        .iter()
        .enumerate()
        .map(|(side, name)| SourceInfo {
            name: (*name).to_owned(),
            duplicate_free: free(side),
        });
    let known_from = match (files, stated) {
        (1, _) => "as no: its duplicates are what is looked for",
        (_, Some(_)) => "as stated",
        _ => "from how many of its rows agree on all that identifies a person",
    };
    (sources.collect(), known_from)
}
