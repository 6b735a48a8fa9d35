//! The specification of a stand-alone linkage: which column is what, in TOML.
//!
//! Read by hand over the parsed document, so that every problem is told with its line, an unknown
//! key with the one that was probably meant.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::LinkError;
use crate::diagnostic::{Diagnostic, Exit, Place};

/// A value for each of the two files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sided<T> {
    /// For the first file, or the only one.
    pub left: T,
    /// For the second.
    pub right: T,
}

impl<T: Clone> Sided<T> {
    fn both(value: T) -> Self {
        Sided {
            left: value.clone(),
            right: value,
        }
    }
}

impl<T> Sided<T> {
    /// The value of a side: 0 is left.
    pub fn of(&self, side: usize) -> &T {
        if side == 0 { &self.left } else { &self.right }
    }
}

/// The columns that make one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Columns {
    /// One column, or several joined by a space.
    Joined(Vec<String>),
    /// A date in up to three columns.
    Date {
        /// Day of the month.
        day: Option<String>,
        /// Month, 1 to 12.
        month: Option<String>,
        /// Year, four digits.
        year: Option<String>,
    },
}

/// The linkage fields that `[fields]` may name.
pub const FIELDS: [&str; 8] = [
    "forename",
    "middle_names",
    "surname",
    "former_surname",
    "date_of_birth",
    "sex",
    "postcode",
    "address",
];

const COMPARISONS: [(&str, Compare); 6] = [
    ("exact", Compare::Exact),
    ("name", Compare::Name),
    ("text", Compare::Text),
    ("date", Compare::Date),
    ("number", Compare::Number),
    ("identifier", Compare::Identifier),
];

/// How a further column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// Equal or not, upper and lower case aside.
    Exact,
    /// As a name: letters only.
    Name,
    /// As text: letters and digits.
    Text,
    /// As a date.
    Date,
    /// As a number.
    Number,
    /// As the number of a person in some system: rare, but never by itself.
    Identifier,
}

/// A further column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// The columns.
    pub column: Sided<Columns>,
    /// How it is compared.
    pub compare: Compare,
}

/// A specification.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// The column that identifies a row.
    pub id: Sided<String>,
    /// Linkage fields and their columns.
    pub fields: BTreeMap<String, Sided<Columns>>,
    /// Date formats of `date_of_birth` and of further date columns.
    pub formats: BTreeMap<String, Sided<String>>,
    /// Further columns.
    pub other: BTreeMap<String, Other>,
    /// Least probability of a link.
    pub threshold: Option<f64>,
    /// Least probability of a pair for clerical review.
    pub review_from: Option<f64>,
    /// May a row be linked to one row at most?
    pub one_to_one: Option<bool>,
}

/// The date format where none is stated.
pub const ISO_DATE: &str = "%Y-%m-%d";

impl Spec {
    /// Reads a specification; all its problems in one error.
    pub fn read(path: &Path) -> Result<Self, LinkError> {
        let text = std::fs::read_to_string(path).map_err(|source| {
            LinkError::one(
                Diagnostic::new(
                    "KL-L-010",
                    Exit::Usage,
                    format!("the specification cannot be read: {}", source.kind()),
                    "name an existing TOML file with --spec",
                )
                .at(Place::file(path)),
            )
        })?;
        Self::parse(&text, path)
    }

    /// Reads a specification from its text; `path` is for the messages.
    pub fn parse(text: &str, path: &Path) -> Result<Self, LinkError> {
        let mut reader = Reader {
            path,
            text,
            problems: Vec::new(),
        };
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            reader.problem(
                "KL-L-010",
                span,
                format!("not TOML: {}", error.message()),
                "mend the line",
            );
        }
        let spec = reader.spec(&root);
        reader
            .problems
            .sort_by_key(|problem| problem.place.span.map(|(start, _)| start));
        match (spec, reader.problems.is_empty()) {
            (Some(spec), true) => Ok(spec),
            _ => Err(LinkError::Problems(reader.problems)),
        }
    }

    /// The date format of a field on a side.
    pub fn format(&self, field: &str, side: usize) -> &str {
        self.formats.get(field).map_or(ISO_DATE, |f| f.of(side))
    }
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    problems: Vec<Diagnostic>,
}

type Value<'i> = Spanned<DeValue<'i>>;

impl Reader<'_> {
    fn problem(&mut self, code: &'static str, span: Range<usize>, what: String, help: &str) {
        let line = self.text.get(..span.start).unwrap_or_default();
        let line = line.bytes().filter(|b| *b == b'\n').count() as u64 + 1;
        self.problems.push(
            Diagnostic::new(code, Exit::Usage, what, help).at(Place::file(self.path)
                .row(line)
                .span(span.start, span.len().max(1))),
        );
    }

    fn unknown(&mut self, key: &str, span: Range<usize>, known: &[&str]) {
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

    fn wrong(&mut self, value: &Value<'_>, expected: &str) {
        let found = value.get_ref().type_str();
        self.problem(
            "KL-L-012",
            value.span(),
            format!("expected {expected}, found {found}"),
            "see `kinlink explain KL-L-012` for the grammar",
        );
    }

    fn spec(&mut self, root: &Spanned<DeTable<'_>>) -> Option<Spec> {
        let known = ["id", "fields", "formats", "other", "link"];
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
        let (threshold, review_from, one_to_one) = self.options(get("link"));
        Some(Spec {
            id: id?,
            fields,
            formats,
            other,
            threshold,
            review_from,
            one_to_one,
        })
    }

    fn table(
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

    fn string(&mut self, value: &Value<'_>) -> Option<String> {
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

    fn options(&mut self, value: Option<&Value<'_>>) -> (Option<f64>, Option<f64>, Option<bool>) {
        let (mut threshold, mut review_from, mut one_to_one) = (None, None, None);
        self.table(value, |reader, key, span, value| match key {
            "threshold" => threshold = reader.probability(value),
            "review_from" => review_from = reader.probability(value),
            "one_to_one" => match value.get_ref().as_bool() {
                Some(yes) => one_to_one = Some(yes),
                None => reader.wrong(value, "true or false"),
            },
            _ => reader.unknown(key, span, &["threshold", "review_from", "one_to_one"]),
        });
        (threshold, review_from, one_to_one)
    }

    fn probability(&mut self, value: &Value<'_>) -> Option<f64> {
        let text = match value.get_ref() {
            DeValue::Float(n) => n.as_str(),
            DeValue::Integer(n) => n.as_str(),
            _ => "",
        };
        let found = text.parse().ok().filter(|n| (0.0..=1.0).contains(n));
        if found.is_none() {
            self.wrong(value, "a probability from 0 to 1");
        }
        found
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnose;

    fn read(text: &str) -> Result<Spec, Vec<Diagnostic>> {
        Spec::parse(text, Path::new("spec.toml")).map_err(|e| e.diagnostics())
    }

    #[test]
    fn the_whole_grammar_is_read() {
        let spec = read(
            r#"
            id = { left = "census_id", right = "cis_id" }
            [fields]
            forename = ["first", "second"]
            surname = { left = "a", right = ["b", "c"] }
            date_of_birth = { left = { day = "d", month = "m", year = "y" }, right = "dob" }
            postcode = "pc"
            [formats]
            date_of_birth = "%Y%m%d"
            [other]
            nhs = { column = "nhs", compare = "identifier" }
            seen = { column = "seen", compare = "date" }
            [link]
            threshold = 0.9
            review_from = 0.4
            one_to_one = true
            "#,
        )
        .expect("a specification");
        assert_eq!(
            (spec.id.left.as_str(), spec.id.right.as_str()),
            ("census_id", "cis_id")
        );
        assert_eq!(
            spec.fields["surname"].right,
            Columns::Joined(vec!["b".into(), "c".into()])
        );
        assert!(
            matches!(&spec.fields["date_of_birth"].left, Columns::Date { day: Some(d), .. } if d == "d")
        );
        assert_eq!(spec.format("date_of_birth", 1), "%Y%m%d");
        assert_eq!(spec.format("seen", 0), ISO_DATE);
        assert_eq!(spec.other["nhs"].compare, Compare::Identifier);
        assert_eq!((spec.threshold, spec.one_to_one), (Some(0.9), Some(true)));
        assert_eq!(spec.review_from, Some(0.4));
    }

    #[test]
    fn every_problem_is_told_with_its_line_and_what_was_meant() {
        let text = "id = \"a\"\n[fields]\nsurnam = \"s\"\nforename = 3\n[other]\nx = { column = \"x\", compare = \"fuzzy\" }\n[link]\nthreshold = 2.0\none-to-one = true\n";
        let problems = read(text).expect_err("problems");
        let told: Vec<(Option<u64>, &str)> = problems
            .iter()
            .map(|p| (p.place.row, p.help.as_str()))
            .collect();
        let lines: Vec<Option<u64>> = told.iter().map(|t| t.0).collect();
        assert_eq!(lines, [3, 4, 6, 8, 9].map(Some));
        assert!(told.iter().any(|t| t.1 == "did you mean `surname`?"));
        assert!(told.iter().any(|t| t.1 == "did you mean `one_to_one`?"));
        assert!(
            problems
                .iter()
                .all(|p| p.exit == Exit::Usage && p.place.span.is_some())
        );
    }

    #[test]
    fn a_specification_without_id_or_with_one_field_is_refused() {
        assert!(read("[fields]\nsurname = \"s\"\nforename = \"f\"").is_err());
        assert!(read("id = \"a\"\n[fields]\nsurname = \"s\"").is_err());
        assert!(read("id = \"a\"\n[fields\nsurname = ").is_err());
    }
}
