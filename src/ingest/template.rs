//! Templates: values that a schema composes, such as `{la}/{CHILD}` or `row:{row}`.
//!
//! `{FIELD}` is a field's value (translated by its codes), `{FIELD|upn}` the same in a standard
//! form, `{FIELD|legal_status}` the same through a code list that comes with the program; `{la}`
//! is what the source's path matched, `{row}` the row's number in its file. A template whose parts
//! are not all there gives nothing.

use std::fmt::Write as _;

use super::convert::{self, Cell, Kind};
use crate::schema::code_list::{self, CodeList};

/// How a field's value goes into a template.
#[derive(Debug, Clone, Copy)]
pub enum Filter {
    /// As it stands.
    None,
    /// In a standard form.
    Standard(Kind),
    /// Through a code list.
    Codes(&'static CodeList),
}

/// A part of a template.
#[derive(Debug, Clone)]
pub enum Part {
    /// Text as it stands.
    Literal(String),
    /// `{la}`.
    Capture,
    /// `{row}`.
    Row,
    /// `{FIELD}` or `{FIELD|filter}`.
    Field(usize, Filter),
}

/// A parsed template.
#[derive(Debug, Clone)]
pub struct Template {
    /// Its parts.
    pub parts: Vec<Part>,
}

impl Template {
    /// Parses a template; `field` finds a field by name.
    ///
    /// # Errors
    /// The word that is no field, or no filter.
    pub fn parse(text: &str, field: impl Fn(&str) -> Option<usize>) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                parts.push(Part::Literal(before.to_owned()));
            }
            let (inside, behind) = after.split_once('}').ok_or_else(|| "{".to_owned())?;
            rest = behind;
            let (name, filter) = match inside.split_once('|') {
                Some((name, filter)) => (name, filter_of(filter)?),
                None => (inside, Filter::None),
            };
            parts.push(match (field(name), name) {
                (Some(index), _) => Part::Field(index, filter),
                (None, "la") => Part::Capture,
                (None, "row") => Part::Row,
                (None, _) => return Err(name.to_owned()),
            });
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Template { parts })
    }

    /// The fields it uses.
    pub fn fields(&self) -> impl Iterator<Item = usize> + '_ {
        self.parts.iter().filter_map(|p| match p {
            Part::Field(index, _) => Some(*index),
            _ => None,
        })
    }

    /// Does it use `{la}`?
    pub fn needs_capture(&self) -> bool {
        self.parts.iter().any(|p| matches!(p, Part::Capture))
    }

    /// Fills it into `out`; tells whether all its parts were there.
    pub fn fill<'a>(
        &self,
        out: &mut String,
        value: impl Fn(usize) -> Option<&'a str>,
        capture: Option<&str>,
        row: u64,
        setting: &convert::Setting,
    ) -> bool {
        out.clear();
        for part in &self.parts {
            let there = match part {
                Part::Literal(text) => {
                    out.push_str(text);
                    true
                }
                Part::Capture => capture.map(|c| out.push_str(c)).is_some(),
                Part::Row => write!(out, "{row}").is_ok(),
                Part::Field(index, filter) => {
                    value(*index).is_some_and(|raw| push(out, raw, *filter, setting))
                }
            };
            if !there {
                out.clear();
                return false;
            }
        }
        !out.is_empty()
    }
}

fn push(out: &mut String, raw: &str, filter: Filter, setting: &convert::Setting) -> bool {
    match filter {
        Filter::None => out.push_str(raw),
        Filter::Codes(list) => match list.word(raw) {
            Some(word) => out.push_str(word),
            None => return false,
        },
        Filter::Standard(kind) => match convert::convert(kind, raw, "%Y-%m-%d", setting).0 {
            Cell::Text(text) => out.push_str(&text),
            _ => return false,
        },
    }
    true
}

fn filter_of(name: &str) -> Result<Filter, String> {
    if let Some(list) = code_list::built_in(name) {
        // Some lists share their name with a kind that does the same.
        return Ok(Filter::Codes(list));
    }
    convert::by_name(name)
        .map(Filter::Standard)
        .ok_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::Date;

    fn fill(text: &str, la: Option<&str>) -> Option<String> {
        let names = ["CHILD", "UPN"];
        let template = Template::parse(text, |n| names.iter().position(|f| *f == n)).unwrap();
        let mut out = String::new();
        let setting = convert::Setting {
            reference: Date::constant(2025, 9, 30),
        };
        let value = |i: usize| ["c1", "not a number"].get(i).copied();
        template
            .fill(&mut out, value, la, 7, &setting)
            .then_some(out)
    }

    #[test]
    fn a_template_is_whole_or_nothing() {
        assert_eq!(fill("{la}/{CHILD}", Some("301")).as_deref(), Some("301/c1"));
        assert_eq!(fill("{la}/{CHILD}", None), None);
        assert_eq!(fill("row:{row}", None).as_deref(), Some("row:7"));
        assert_eq!(fill("{UPN|upn}", None), None);
        assert_eq!(fill("{UPN}", None).as_deref(), Some("not a number"));
    }

    #[test]
    fn unknown_fields_and_filters_are_named() {
        assert_eq!(Template::parse("{X}", |_| None).unwrap_err(), "X");
        assert_eq!(Template::parse("{X|y}", |_| Some(0)).unwrap_err(), "y");
    }
}
