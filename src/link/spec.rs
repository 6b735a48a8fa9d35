//! The specification of a stand-alone linkage: which column is what, in TOML.
//!
//! Read by hand over the parsed document, so that every problem is told with its line, an unknown
//! key with the one that was probably meant.

mod dates;
mod options;
mod reader;

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::DeTable;

use super::LinkError;
use crate::diagnostic::{Diagnostic, Exit, Place};
pub use dates::{DATE_COLUMNS, DateRules, InCustody, OnSides, PARENT_YEARS};
pub use options::{Agreement, Blocking, CannotLink, Options};
use reader::Reader;
pub use reader::nearest;

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
    /// How it is linked.
    pub options: Options,
    /// Pairs that are never one person, whatever the model says.
    pub cannot_link: Vec<CannotLink>,
    /// Dates that rule a pair out.
    pub dates: DateRules,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnose;
    use crate::link::assign::Cardinality;

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
            blocking = ["date_of_birth+forename.initial", "postcode"]
            pairs = 1_000_000
            name_frequency = false
            [[cannot_link]]
            surname = "same"
            date_of_birth = "same"
            forename = "different"
            [dates]
            died = { left = "died" }
            dated = { right = "seen" }
            parent_years = 14
            in_custody_from = "in"
            in_custody_at = "prison"
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
        assert_eq!(
            spec.options,
            Options {
                threshold: Some(0.9),
                review_from: Some(0.4),
                cardinality: Some(Cardinality::OneToOne),
                blocking: Blocking::Given(vec![
                    "date_of_birth+forename.initial".to_owned(),
                    "postcode".to_owned(),
                ]),
                pairs: Some(1_000_000),
                name_frequency: Some(false),
            }
        );
        let twins = &spec.cannot_link[0].levels;
        assert_eq!(twins["forename"], Agreement::Different);
        assert_eq!(twins.len(), 3);
        let columns = |side| spec.dates.columns(side).map(|(_, column)| column);
        assert_eq!(columns(0), [Some("died"), None, None, Some("in"), None]);
        assert_eq!(columns(1), [None, Some("seen"), None, Some("in"), None]);
        assert_eq!(spec.dates.parent_years, Some(14));
        assert_eq!(spec.dates.in_custody.place.of(1), Some("prison"));
    }

    #[test]
    fn a_stay_without_its_place_and_years_that_nobody_is_younger_by_are_refused() {
        let with = |dates: &str| {
            let text = format!(
                "id = \"a\"\n[fields]\nsurname = \"s\"\nforename = \"f\"\n[dates]\n{dates}\n"
            );
            read(&text).map_err(|problems| problems.len())
        };
        assert!(with("in_custody_from = \"in\"\nin_custody_at = \"at\"").is_ok());
        for wrong in [
            "in_custody_from = \"in\"",
            "in_custody_to = { left = \"out\" }",
            "parent_years = 90",
            "dead = \"d\"",
        ] {
            assert_eq!(with(wrong), Err(1), "{wrong}");
        }
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
