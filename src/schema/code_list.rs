//! Code lists that translate a source's codes into the words of the canonical model.
//!
//! Each list is a CSV in `schemas/codes/`, `code,word` (further columns are for readers), and is
//! built into the binary. A code ending in `*` stands for all codes that begin so; the longest
//! beginning wins. The word `-` says that the code is known and means nothing here. A schema names a list with `"kinlink:codes": "ethnicity"` or writes its own
//! list in place.

use std::sync::OnceLock;

use hashbrown::HashMap;

/// The word of a code that is known and means nothing here.
pub const NOTHING: &str = "-";

/// A list: codes and what they mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeList {
    exact: HashMap<String, String>,
    prefixes: Vec<(String, String)>,
}

impl CodeList {
    /// A list from pairs of code and word. A later pair of the same code wins.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut list = CodeList::default();
        for (code, word) in pairs {
            match code.strip_suffix('*') {
                Some(prefix) => list.prefixes.push((prefix.to_owned(), word)),
                None => {
                    list.exact.insert(code, word);
                }
            }
        }
        // Longest first, so that the first that fits is the most particular.
        list.prefixes
            .sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        list
    }

    /// The word for a code, as written or in upper case.
    pub fn word(&self, code: &str) -> Option<&str> {
        if let Some(word) = self.exact.get(code) {
            return Some(word);
        }
        let upper = code.to_ascii_uppercase();
        if let Some(word) = self.exact.get(&upper) {
            return Some(word);
        }
        self.prefixes
            .iter()
            .find(|(prefix, _)| upper.starts_with(prefix.as_str()))
            .map(|(_, word)| word.as_str())
    }

    /// All words, sorted, once each.
    pub fn words(&self) -> Vec<&str> {
        let mut words: Vec<&str> = self
            .exact
            .values()
            .map(String::as_str)
            .chain(self.prefixes.iter().map(|(_, w)| w.as_str()))
            .collect();
        words.sort_unstable();
        words.dedup();
        words
    }
}

macro_rules! lists {
    ($($name:literal => $file:literal, $column:literal;)*) => {
        /// The names of the lists that come with the program.
        pub const NAMES: &[&str] = &[$($name),*];

        /// The list of that name, if it comes with the program.
        pub fn built_in(name: &str) -> Option<&'static CodeList> {
            match name {
                $($name => {
                    static LIST: OnceLock<CodeList> = OnceLock::new();
                    Some(LIST.get_or_init(|| {
                        parse(include_str!(concat!("../../schemas/codes/", $file)), $column)
                    }))
                })*
                _ => None,
            }
        }
    };
}

lists! {
    "ethnicity" => "ethnicity.csv", "word";
    "contact_relationship" => "contact_relationship.csv", "word";
    "carer_relationship" => "carer_relationship.csv", "word";
    "legal_status" => "imprisonment_status.csv", "legal_status";
    "sentence_kind" => "imprisonment_status.csv", "sentence_kind";
    "sentence_calculation" => "sentence_calculation.csv", "word";
    "offence_group" => "offence_groups.csv", "group";
}

fn parse(text: &'static str, column: &str) -> CodeList {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let headers = reader.headers().cloned().unwrap_or_default();
    let wanted = headers.iter().position(|h| h == column).unwrap_or(1);
    // A first column called `prefix` says that every code of the list is a beginning.
    let star = if headers.get(0) == Some("prefix") {
        "*"
    } else {
        ""
    };
    CodeList::new(
        reader
            .into_records()
            .filter_map(Result::ok)
            .filter_map(|r| {
                let code = r.get(0)?;
                let word = r.get(wanted)?;
                (!word.is_empty()).then(|| (format!("{code}{star}"), word.to_owned()))
            }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::canonical::{ETHNICITIES, LEGAL_STATUSES, OFFENCE_GROUPS};

    #[test]
    fn every_built_in_list_has_words_of_the_model() {
        for name in NAMES {
            assert!(!built_in(name).unwrap().words().is_empty(), "{name}");
        }
        let within = |name: &str, words: &[&str]| {
            for word in built_in(name).unwrap().words() {
                assert!(words.contains(&word), "{name}: {word}");
            }
        };
        within("ethnicity", &ETHNICITIES);
        within("legal_status", &LEGAL_STATUSES);
        within("offence_group", &OFFENCE_GROUPS);
    }

    #[test]
    fn the_longest_beginning_wins() {
        let list = CodeList::new(
            [("A*", "a"), ("AB*", "ab"), ("ABC", "abc")].map(|(c, w)| (c.into(), w.into())),
        );
        assert_eq!(list.word("AX"), Some("a"));
        assert_eq!(list.word("abx"), Some("ab"));
        assert_eq!(list.word("abc"), Some("abc"));
        assert_eq!(list.word("B"), None);
    }
}
