//! A schema's text while it is read: values of the type that is wanted, and problems with their
//! places.

use serde_json::{Map, Value};

use super::properties;
use crate::schema::schema_error::SchemaProblem;

/// A text being read, and what was found wrong with it.
pub(super) struct Reading<'a> {
    text: &'a str,
    problems: Vec<SchemaProblem>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Reading {
            text,
            problems: Vec::new(),
        }
    }

    pub(super) fn into_problems(self) -> Vec<SchemaProblem> {
        self.problems
    }

    /// Where the n-th field's own text begins is not kept by the JSON parser; the first occurrence
    /// of the key after its field's name is.
    fn locate(&self, place: &str, word: &str) -> Option<usize> {
        let owner = place
            .strip_prefix("fields.")
            .and_then(|p| p.split('.').next());
        let from = owner
            .and_then(|name| self.text.find(&format!("\"{name}\"")))
            .unwrap_or(0);
        let quoted = format!("\"{word}\"");
        self.text
            .get(from..)
            .and_then(|t| t.find(&quoted))
            .map(|i| i + from)
            .or_else(|| self.text.find(&quoted))
    }

    fn problem(&mut self, code: &'static str, place: &str, word: &str, what: String, help: String) {
        let offset = self.locate(place, word);
        let at = offset.and_then(|o| {
            let before = self.text.get(..o)?;
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
            Some((line, column))
        });
        self.problems.push(SchemaProblem {
            code,
            what,
            property: if place.is_empty() {
                word.to_owned()
            } else {
                format!("{place}.{word}")
            },
            at,
            span: offset.map(|o| (o, word.len() + 2)),
            help,
        });
    }

    pub(super) fn unknown(&mut self, place: &str, key: &str, help: String) {
        self.problem(
            "KL-T-003",
            place,
            key,
            format!("unknown property `{key}`"),
            help,
        );
    }

    pub(super) fn wrong(&mut self, place: &str, key: &str, what: &str, help: impl Into<String>) {
        self.problem(
            "KL-T-004",
            place,
            key,
            format!("`{key}` {what}"),
            help.into(),
        );
    }

    pub(super) fn text(
        &mut self,
        object: &Map<String, Value>,
        place: &str,
        key: &str,
    ) -> Option<String> {
        match object.get(key)? {
            Value::String(s) => Some(s.clone()),
            _ => {
                self.wrong(place, key, "is not a text", "write it in quotation marks");
                None
            }
        }
    }

    /// A text or a list of texts.
    pub(super) fn texts(
        &mut self,
        object: &Map<String, Value>,
        place: &str,
        key: &str,
    ) -> Option<Vec<String>> {
        let value = object.get(key)?;
        let list = match value {
            Value::String(s) => Some(vec![s.clone()]),
            Value::Array(items) => items
                .iter()
                .map(|v| match v {
                    Value::String(s) => Some(s.clone()),
                    Value::Number(n) => Some(n.to_string()),
                    Value::Object(o) => o.get("value").and_then(Value::as_str).map(str::to_owned),
                    _ => None,
                })
                .collect(),
            _ => None,
        };
        if list.is_none() {
            self.wrong(
                place,
                key,
                "is not a list of texts",
                "write it as [\"…\", \"…\"]",
            );
        }
        list
    }

    pub(super) fn choice<T: Copy>(
        &mut self,
        object: &Map<String, Value>,
        place: &str,
        key: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let word = self.text(object, place, key)?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == word) {
            return Some(*value);
        }
        let names: Vec<&str> = choices.iter().map(|(n, _)| *n).collect();
        let help = match properties::suggestion(&word, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", names.join(", ")),
        };
        self.wrong(place, key, "is none of the words allowed", help);
        None
    }

    pub(super) fn number(
        &mut self,
        object: &Map<String, Value>,
        place: &str,
        key: &str,
    ) -> Option<u64> {
        let value = object.get(key)?;
        let number = value.as_u64();
        if number.is_none() {
            self.wrong(
                place,
                key,
                "is not a whole number from 0",
                "write it without quotation marks",
            );
        }
        number
    }
}
