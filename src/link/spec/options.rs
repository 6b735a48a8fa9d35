//! `[link]` and `[[cannot_link]]`: how is linked, and what is never linked.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::DeValue;

use super::reader::{Reader, Value};
use crate::link::assign::{Cardinality, WORDS};

/// Which blocking rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Blocking {
    /// Chosen from the data, within the budget of pairs.
    #[default]
    Auto,
    /// These, by name: fields joined by `+`, each whole or a part of it.
    Given(Vec<String>),
}

/// What `[link]` says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// Least probability of a link.
    pub threshold: Option<f64>,
    /// Least probability of a pair for clerical review.
    pub review_from: Option<f64>,
    /// How many partners a row may have.
    pub cardinality: Option<Cardinality>,
    /// Blocking rules.
    pub blocking: Blocking,
    /// The budget of pairs for rules that are chosen.
    pub pairs: Option<u64>,
    /// Whether agreement on a rare name counts for more; it does where nothing is said.
    pub name_frequency: Option<bool>,
}

/// How far two rows agree on a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// The best level: all of it.
    Same,
    /// The last level: none of it.
    Different,
}

/// Pairs of rows that are never one person: twins have one surname and one date of birth, and
/// forenames with nothing in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CannotLink {
    /// What must hold of every field named.
    pub levels: BTreeMap<String, Agreement>,
}

const KNOWN: [&str; 7] = [
    "threshold",
    "review_from",
    "one_to_one",
    "cardinality",
    "blocking",
    "pairs",
    "name_frequency",
];

impl Reader<'_> {
    pub(super) fn options(&mut self, value: Option<&Value<'_>>) -> Options {
        let mut options = Options::default();
        self.table(value, |reader, key, span, value| {
            reader.option(&mut options, key, span, value)
        });
        options
    }

    fn option(&mut self, into: &mut Options, key: &str, span: Range<usize>, value: &Value<'_>) {
        match key {
            "threshold" => into.threshold = self.probability(value),
            "review_from" => into.review_from = self.probability(value),
            "one_to_one" => match value.get_ref().as_bool() {
                Some(true) => into.cardinality = Some(Cardinality::OneToOne),
                Some(false) => {}
                None => self.wrong(value, "true or false"),
            },
            "cardinality" => {
                let word = value.get_ref().as_str().unwrap_or_default();
                match WORDS.iter().find(|(known, _)| *known == word) {
                    Some((_, cardinality)) => into.cardinality = Some(*cardinality),
                    None => {
                        let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
                        self.wrong(value, &format!("one of {}", words.join(", ")));
                    }
                }
            }
            "blocking" => into.blocking = self.blocking(value),
            "pairs" => match number(value).parse::<u64>() {
                Ok(n) if n > 0 => into.pairs = Some(n),
                _ => self.wrong(value, "a number of pairs above nought"),
            },
            "name_frequency" => match value.get_ref().as_bool() {
                Some(asked) => into.name_frequency = Some(asked),
                None => self.wrong(value, "true or false"),
            },
            _ => self.unknown(key, span, &KNOWN),
        }
    }

    fn probability(&mut self, value: &Value<'_>) -> Option<f64> {
        let found = number(value).parse().ok();
        let found = found.filter(|n| (0.0..=1.0).contains(n));
        if found.is_none() {
            self.wrong(value, "a probability from 0 to 1");
        }
        found
    }

    fn blocking(&mut self, value: &Value<'_>) -> Blocking {
        match value.get_ref() {
            DeValue::String(word) if word == "auto" => Blocking::Auto,
            DeValue::Array(list) if !list.is_empty() => {
                Blocking::Given(list.iter().filter_map(|rule| self.string(rule)).collect())
            }
            _ => {
                self.wrong(value, "\"auto\" or a list of blocking rules");
                Blocking::Auto
            }
        }
    }

    pub(super) fn cannot_link(
        &mut self,
        value: Option<&Value<'_>>,
        fields: &[&str],
    ) -> Vec<CannotLink> {
        let Some(value) = value else {
            return Vec::new();
        };
        let DeValue::Array(list) = value.get_ref() else {
            self.wrong(value, "a table [[cannot_link]]");
            return Vec::new();
        };
        let mut out = Vec::new();
        for rule in list {
            let mut levels = BTreeMap::new();
            self.table(Some(rule), |reader, key, span, value| {
                if !fields.contains(&key) {
                    return reader.unknown(key, span, fields);
                }
                match value.get_ref().as_str() {
                    Some("same") => drop(levels.insert(key.to_owned(), Agreement::Same)),
                    Some("different") => drop(levels.insert(key.to_owned(), Agreement::Different)),
                    _ => reader.wrong(value, "\"same\" or \"different\""),
                }
            });
            match levels.is_empty() {
                true => self.wrong(rule, "at least one field that is same or different"),
                false => out.push(CannotLink { levels }),
            }
        }
        out
    }
}

/// A number as it is written, or nothing.
fn number<'a>(value: &'a Value<'_>) -> &'a str {
    match value.get_ref() {
        DeValue::Float(n) => n.as_str(),
        DeValue::Integer(n) => n.as_str(),
        _ => "",
    }
}
