//! JSON objects read with the path of every key, so that all problems are told in one go.

use std::cell::RefCell;

use serde_json::{Map, Value};

use super::error::SchemaProblem;

/// What was found on the way.
#[derive(Default)]
pub struct Notes {
    /// What is wrong.
    pub problems: Vec<SchemaProblem>,
    /// Keys that nobody reads.
    pub unread: Vec<String>,
}

/// One object of the document.
pub struct Object<'v, 'n> {
    map: &'v Map<String, Value>,
    path: String,
    notes: &'n RefCell<Notes>,
}

impl<'v, 'n> Object<'v, 'n> {
    /// The object that a value must be.
    pub fn of(value: &'v Value, path: String, notes: &'n RefCell<Notes>) -> Option<Self> {
        let Value::Object(map) = value else {
            let problem = SchemaProblem::new(path, "an object is expected");
            notes.borrow_mut().problems.push(problem);
            return None;
        };
        Some(Object { map, path, notes })
    }

    /// The path of a key of this object.
    pub fn path(&self, key: &str) -> String {
        match (self.path.is_empty(), key.is_empty()) {
            (true, _) => key.to_owned(),
            (_, true) => self.path.clone(),
            _ => format!("{}.{key}", self.path),
        }
    }

    /// Tells of a problem with a key; an empty key is the object itself.
    pub fn problem(&self, key: &str, rule: impl Into<String>) {
        let problem = SchemaProblem::new(self.path(key), rule);
        self.notes.borrow_mut().problems.push(problem);
    }

    /// Tells whether there is such a key.
    pub fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    /// Tells whether there are no other keys than these.
    pub fn has_only(&self, keys: &[&str]) -> bool {
        self.map.keys().all(|k| keys.contains(&k.as_str()))
    }

    /// Other keys than these are problems.
    pub fn refuse_others(&self, keys: &[&str]) {
        for key in self.others(keys) {
            let closest = keys
                .iter()
                .min_by_key(|k| strsim::damerau_levenshtein(k, key))
                .filter(|k| strsim::damerau_levenshtein(k, key) <= 2);
            match closest {
                Some(closest) => {
                    self.problem(key, format!("unknown key; did you mean `{closest}`?"))
                }
                None => self.problem(key, format!("unknown key; {} are known", keys.join(", "))),
            }
        }
    }

    /// Other keys than these are noted: the reference passes over them without a word.
    pub fn note_others(&self, keys: &[&str]) {
        for key in self.others(keys) {
            let path = self.path(key);
            self.notes.borrow_mut().unread.push(path);
        }
    }

    fn others<'s>(&'s self, keys: &'s [&str]) -> impl Iterator<Item = &'v String> + 's {
        self.map.keys().filter(|k| !keys.contains(&k.as_str()))
    }

    fn required(&self, key: &str) -> Option<&'v Value> {
        let found = self.map.get(key);
        if found.is_none() {
            self.problem(key, "the key is missing");
        }
        found
    }

    /// A key that must be an object.
    pub fn object(&self, key: &str) -> Option<Object<'v, 'n>> {
        Object::of(self.required(key)?, self.path(key), self.notes)
    }

    /// A key that must be a list; with the path of each item.
    pub fn list(&self, key: &str) -> Option<Vec<(String, &'v Value)>> {
        let Value::Array(items) = self.required(key)? else {
            self.problem(key, "a list is expected");
            return None;
        };
        let path = self.path(key);
        let paths = (0..items.len()).map(|i| format!("{path}[{i}]"));
        Some(paths.zip(items).collect())
    }

    /// A key that must be text.
    pub fn text(&self, key: &str) -> Option<&'v str> {
        self.required(key)?;
        self.optional_text(key)
    }

    /// A key that is text if it is there.
    pub fn optional_text(&self, key: &str) -> Option<&'v str> {
        let text = self.map.get(key)?.as_str();
        if text.is_none() {
            self.problem(key, "text is expected");
        }
        text
    }

    /// A key that is true or false if it is there.
    pub fn optional_bool(&self, key: &str) -> Option<bool> {
        let flag = self.map.get(key)?.as_bool();
        if flag.is_none() {
            self.problem(key, "true or false is expected");
        }
        flag
    }

    /// A number that must be there.
    pub fn number(&self, key: &str) -> Option<f64> {
        let number = self.required(key)?.as_f64();
        if number.is_none() {
            self.problem(key, "a number is expected");
        }
        number
    }

    /// A whole number that must be there, within limits.
    pub fn whole(&self, key: &str, least: u64, most: u64) -> Option<u64> {
        self.required(key)?;
        self.optional_whole(key, least, most)
    }

    /// A whole number within limits, if it is there.
    pub fn optional_whole(&self, key: &str, least: u64, most: u64) -> Option<u64> {
        let number = self.map.get(key)?.as_u64();
        let number = number.filter(|n| (least..=most).contains(n));
        if number.is_none() {
            self.problem(
                key,
                format!("a whole number from {least} to {most} is expected"),
            );
        }
        number
    }

    /// A whole number of either sign, if it is there; `5.0` is one too. As decimal text.
    pub fn optional_integer(&self, key: &str) -> Option<String> {
        let number = match self.map.get(key)? {
            Value::Number(n) if n.is_i64() || n.is_u64() => Some(n.to_string()),
            Value::Number(n) => n
                .as_f64()
                .filter(|f| f.fract() == 0.0)
                .map(|f| format!("{f:.0}")),
            _ => None,
        };
        if number.is_none() {
            self.problem(key, "a whole number is expected");
        }
        number
    }

    /// One of a few words, if it is there.
    pub fn optional_choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let word = self.map.get(key)?.as_str();
        let found = choices.iter().find(|(name, _)| Some(*name) == word);
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.problem(key, format!("one of {} is expected", names.join(", ")));
        }
        found.map(|&(_, choice)| choice)
    }

    /// One of a few words that must be there.
    pub fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        self.required(key)?;
        self.optional_choice(key, choices)
    }
}
