//! The parsed document, read field by field; every problem is noted with its place.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{COMPARISONS, Columns, Compare, DATE_COLUMNS, FIELDS, Other, Sided, Spec};
use crate::diagnostic::{Diagnostic, Exit, Place};

/// What reads, and what it found wrong.
pub(super) struct Reader<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
    pub(super) problems: Vec<Diagnostic>,
}

pub(super) type Value<'i> = Spanned<DeValue<'i>>;

impl Reader<'_> {
    pub(super) fn problem(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        what: String,
        help: &str,
    ) {
        let line = self.text.get(..span.start).unwrap_or_default();
        let line = line.bytes().filter(|b| *b == b'\n').count() as u64 + 1;
        self.problems.push(
            Diagnostic::new(code, Exit::Usage, what, help).at(Place::file(self.path)
                .row(line)
                .span(span.start, span.len().max(1))),
        );
    }

    pub(super) fn unknown(&mut self, key: &str, span: Range<usize>, known: &[&str]) {
        let help = match nearest(key, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known here: {}", known.join(", ")),
        };
        self.problem(
            "KL-L-011",
            span,
            format!("there is no key `{key}` here"),
            &help,
        );
    }

    pub(super) fn wrong(&mut self, value: &Value<'_>, expected: &str) {
        let found = value.get_ref().type_str();
        self.problem(
            "KL-L-012",
            value.span(),
            format!("expected {expected}, found {found}"),
            "see `kinlink explain KL-L-012` for the grammar",
        );
    }

    pub(super) fn spec(&mut self, root: &Spanned<DeTable<'_>>) -> Option<Spec> {
        let known = [
            "id",
            "fields",
            "formats",
            "other",
            "link",
            "cannot_link",
            "dates",
        ];
        for key in root.get_ref().keys() {
            if !known.contains(&key.get_ref().as_ref()) {
                self.unknown(key.get_ref(), key.span(), &known);
            }
        }
        let get = |name: &str| root.get_ref().get(name);
        let id = match get("id") {
            Some(value) => self.sided(value, "a column", Reader::string),
            None => {
                self.problem(
                    "KL-L-013",
                    0..0,
                    "the specification has no `id`".to_owned(),
                    "say which column identifies a row: id = \"rec_id\"",
                );
                None
            }
        };
        let mut fields = BTreeMap::new();
        self.table(get("fields"), |reader, key, span, value| {
            if FIELDS.contains(&key) {
                if let Some(columns) = reader.columns_of(value, key == "date_of_birth") {
                    fields.insert(key.to_owned(), columns);
                }
            } else {
                reader.unknown(key, span, &FIELDS);
            }
        });
        let mut other = BTreeMap::new();
        self.table(get("other"), |reader, key, span, value| {
            if let Some(one) = reader.other(key, span, value) {
                other.insert(key.to_owned(), one);
            }
        });
        if fields.len() + other.len() < 2 && self.problems.is_empty() {
            self.problem(
                "KL-L-013",
                0..0,
                "the specification names fewer than two fields".to_owned(),
                "a single field links strangers: name at least two under [fields] and [other]",
            );
        }
        let formats = self.formats(get("formats"), &other);
        let options = self.options(get("link"));
        let names: Vec<&str> = fields
            .keys()
            .chain(other.keys())
            .map(String::as_str)
            .collect();
        let cannot_link = self.cannot_link(get("cannot_link"), &names);
        let dates = self.dates(get("dates"));
        Some(Spec {
            id: id?,
            fields,
            formats,
            other,
            options,
            cannot_link,
            dates,
        })
    }

    pub(super) fn table(
        &mut self,
        value: Option<&Value<'_>>,
        mut each: impl FnMut(&mut Self, &str, Range<usize>, &Value<'_>),
    ) {
        let Some(value) = value else {
            return;
        };
        match value.get_ref() {
            DeValue::Table(table) => {
                for (key, value) in table {
                    each(self, key.get_ref(), key.span(), value);
                }
            }
            _ => self.wrong(value, "a table"),
        }
    }

    pub(super) fn string(&mut self, value: &Value<'_>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) if !text.is_empty() => Some(text.clone().into_owned()),
            _ => {
                self.wrong(value, "the name of a column");
                None
            }
        }
    }

    fn sided<T: Clone>(
        &mut self,
        value: &Value<'_>,
        what: &str,
        mut one: impl FnMut(&mut Self, &Value<'_>) -> Option<T>,
    ) -> Option<Sided<T>> {
        let DeValue::Table(table) = value.get_ref() else {
            return one(self, value).map(Sided::both);
        };
        if !(table.contains_key("left") || table.contains_key("right")) {
            return one(self, value).map(Sided::both);
        }
        for key in table.keys() {
            if !["left", "right"].contains(&key.get_ref().as_ref()) {
                self.unknown(key.get_ref(), key.span(), &["left", "right"]);
            }
        }
        match (table.get("left"), table.get("right")) {
            (Some(left), Some(right)) => {
                let (left, right) = (one(self, left), one(self, right));
                Some(Sided {
                    left: left?,
                    right: right?,
                })
            }
            _ => {
                self.wrong(value, &format!("{what} for both `left` and `right`"));
                None
            }
        }
    }

    fn columns_of(&mut self, value: &Value<'_>, date: bool) -> Option<Sided<Columns>> {
        self.sided(value, "columns", |reader, value| {
            reader.columns(value, date)
        })
    }

    fn columns(&mut self, value: &Value<'_>, date: bool) -> Option<Columns> {
        match value.get_ref() {
            DeValue::Array(list) if !list.is_empty() => {
                let names: Option<Vec<String>> = list.iter().map(|v| self.string(v)).collect();
                names.map(Columns::Joined)
            }
            DeValue::Table(table) if date => {
                let known = ["day", "month", "year"];
                for key in table.keys() {
                    if !known.contains(&key.get_ref().as_ref()) {
                        self.unknown(key.get_ref(), key.span(), &known);
                    }
                }
                let mut part = |name: &str| table.get(name).and_then(|v| self.string(v));
                Some(Columns::Date {
                    day: part("day"),
                    month: part("month"),
                    year: part("year"),
                })
            }
            _ => self.string(value).map(|name| Columns::Joined(vec![name])),
        }
    }

    fn other(&mut self, key: &str, span: Range<usize>, value: &Value<'_>) -> Option<Other> {
        if FIELDS.contains(&key) {
            self.problem(
                "KL-L-011",
                span,
                format!("`{key}` is a linkage field of its own"),
                "name it under [fields]",
            );
            return None;
        }
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(value, "{ column = \"…\", compare = \"…\" }");
            return None;
        };
        for key in table.keys() {
            if !["column", "compare"].contains(&key.get_ref().as_ref()) {
                self.unknown(key.get_ref(), key.span(), &["column", "compare"]);
            }
        }
        let (Some(column), Some(word)) = (table.get("column"), table.get("compare")) else {
            self.wrong(value, "both `column` and `compare`");
            return None;
        };
        let column = self.columns_of(column, false);
        let named = word.get_ref().as_str().unwrap_or_default();
        let Some((_, compare)) = COMPARISONS.iter().find(|(w, _)| *w == named) else {
            let words: Vec<&str> = COMPARISONS.iter().map(|(w, _)| *w).collect();
            self.wrong(word, &format!("one of {}", words.join(", ")));
            return None;
        };
        Some(Other {
            column: column?,
            compare: *compare,
        })
    }

    fn formats(
        &mut self,
        value: Option<&Value<'_>>,
        other: &BTreeMap<String, Other>,
    ) -> BTreeMap<String, Sided<String>> {
        let mut known = vec!["date_of_birth"];
        known.extend(DATE_COLUMNS);
        known.extend(
            other
                .iter()
                .filter(|(_, o)| o.compare == Compare::Date)
                .map(|(name, _)| name.as_str()),
        );
        let mut formats = BTreeMap::new();
        self.table(value, |reader, key, span, value| {
            if known.contains(&key) {
                if let Some(format) = reader.sided(value, "a format", Reader::string) {
                    formats.insert(key.to_owned(), format);
                }
            } else {
                reader.unknown(key, span, &known);
            }
        });
        formats
    }
}

/// The word that was probably meant.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(word, k), *k))
        .min()
        .filter(|(distance, k)| *distance <= 1 + k.chars().count() / 4)
        .map(|(_, k)| k)
}
