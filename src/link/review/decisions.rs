//! Reads what a reviewer decided: a number and a word in each row.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::link::LinkError;
use crate::link::table_file::for_each_row;

/// What a reviewer says of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// One person.
    Match,
    /// Two people.
    NoMatch,
    /// The levels do not tell.
    Unsure,
}

impl Decision {
    /// All of them, in order.
    pub const ALL: [Decision; 3] = [Decision::Match, Decision::NoMatch, Decision::Unsure];

    fn of_word(word: &str) -> Option<Self> {
        let plain = word.trim().to_lowercase().replace(['_', '-'], " ");
        match plain.as_str() {
            "match" => Some(Decision::Match),
            "no match" => Some(Decision::NoMatch),
            "unsure" => Some(Decision::Unsure),
            _ => None,
        }
    }
}

/// Problems that are told one by one.
const TOLD: usize = 20;

/// The decisions of a file on each of the numbers asked for, and on no other.
pub fn decisions(path: &Path, asked: &BTreeSet<u64>) -> Result<BTreeMap<u64, Decision>, LinkError> {
    let mut found = BTreeMap::new();
    let mut problems: Vec<Diagnostic> = Vec::new();
    let problem = |what: String, help: &str, place: Place| {
        Diagnostic::new("KL-L-062", Exit::Input, what, help).at(place)
    };
    for_each_row(path, &["number", "decision"], |row, values| {
        let value = |place: usize| values.get(place).copied().flatten();
        let place = |column: &str| Place::file(path).row(row).column(column);
        let number = value(0).and_then(|text| text.parse::<u64>().ok());
        let Some(number) = number.filter(|number| asked.contains(number)) else {
            problems.push(problem(
                "the number is not one of those asked for".to_owned(),
                "fill in the file that was handed out; leave its numbers as they are",
                place("number"),
            ));
            return;
        };
        let Some(decision) = value(1).and_then(Decision::of_word) else {
            problems.push(problem(
                match value(1) {
                    None => format!("pair {number} has no decision"),
                    Some(_) => format!("the decision on pair {number} is none of the three words"),
                },
                "write `match`, `no match` or `unsure`",
                place("decision"),
            ));
            return;
        };
        if found.insert(number, decision).is_some() {
            problems.push(problem(
                format!("pair {number} stands in an earlier row"),
                "decide on every pair once",
                place("number"),
            ));
        }
    })?;
    let missing: Vec<u64> = asked
        .iter()
        .filter(|n| !found.contains_key(*n))
        .copied()
        .collect();
    if let (Some(first), true) = (missing.first(), problems.is_empty()) {
        problems.push(problem(
            format!(
                "{} numbers are missing, the first of them {first}",
                missing.len()
            ),
            "decide on every pair; `unsure` is a decision",
            Place::file(path).column("number"),
        ));
    }
    problems.truncate(TOLD);
    match problems.is_empty() {
        true => Ok(found),
        false => Err(LinkError::Problems(problems)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_decisions() {
        let read = |word| Decision::of_word(word);
        assert_eq!(read(" Match"), Some(Decision::Match));
        assert_eq!(read("no_match"), Some(Decision::NoMatch));
        assert_eq!(read("NO MATCH"), Some(Decision::NoMatch));
        assert_eq!(
            (read("unsure"), read("maybe")),
            (Some(Decision::Unsure), None)
        );
    }
}
