//! The rows of an input file as standardised identities: the clear side of a stand-alone linkage,
//! held in memory and never written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hashbrown::HashSet;
use jiff::civil::Date;

use super::LinkError;
use super::spec::{Columns, Compare, Spec};
use super::table_file::for_each_row;
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::digest::Digest;
use crate::ingest::standardise;
use crate::pseudonymise::Identity;

/// Problems of one kind that are told row by row; the rest is told as a number.
const TOLD: usize = 20;

type Text = Option<Box<str>>;

/// One row. It has no `Debug`: it holds clear values.
pub struct Person {
    /// The value of the id column.
    pub id: Box<str>,
    forename: Text,
    middle_names: Text,
    surname: Text,
    former_surname: Text,
    year: Option<i16>,
    month: Option<u8>,
    day: Option<u8>,
    sex: Option<&'static str>,
    postcode: Text,
    other: Box<[Text]>,
}

impl Person {
    /// Hands the row to `f` as the encoder wants it.
    pub fn with_identity<R>(
        &self,
        other_names: &[String],
        f: impl FnOnce(&Identity<'_>) -> R,
    ) -> R {
        let other: Vec<(&str, Option<&str>)> = other_names
            .iter()
            .map(String::as_str)
            .zip(self.other.iter().map(Option::as_deref))
            .collect();
        f(&Identity {
            forename: self.forename.as_deref(),
            middle_names: self.middle_names.as_deref(),
            surname: self.surname.as_deref(),
            former_surname: self.former_surname.as_deref(),
            year: self.year,
            month: self.month,
            day: self.day,
            sex: self.sex,
            postcode: self.postcode.as_deref(),
            other: &other,
            ..Identity::default()
        })
    }
}

/// An input file.
pub struct Input {
    /// Where.
    pub path: PathBuf,
    /// Its digest.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
    /// Its rows.
    pub people: Vec<Person>,
    /// By field: values that could not be read as what the field should be, and so count as
    /// missing.
    pub unread: BTreeMap<String, u64>,
}

/// The names of the further fields, in the order in which every [`Person`] holds them.
pub fn other_names(spec: &Spec) -> Vec<String> {
    let mut names: Vec<String> = spec.other.keys().cloned().collect();
    if spec.fields.contains_key("address") {
        names.push("address".to_owned());
    }
    names
}

/// Reads and standardises a file. Side 0 is the left or the only one.
pub fn read(path: &Path, side: usize, spec: &Spec) -> Result<Input, LinkError> {
    let (digest, bytes) = Digest::of_file(path).map_err(|source| LinkError::Io {
        path: path.to_path_buf(),
        source,
    })?;
    let plan = Plan::new(spec, side);
    let wanted: Vec<&str> = plan.wanted.iter().map(String::as_str).collect();
    let mut people = Vec::new();
    let mut seen: HashSet<Box<str>> = HashSet::new();
    let mut counts = Counts::default();
    let (mut without, mut twice) = (Vec::new(), Vec::new());
    for_each_row(path, &wanted, |row, values| {
        let Some(Some(id)) = values.first().copied() else {
            without.push(row);
            return;
        };
        if !seen.insert(id.into()) {
            twice.push(row);
        }
        people.push(plan.person(id, values, row, &mut counts));
    })?;
    drop(seen);
    let mut problems = Vec::new();
    let id = spec.id.of(side);
    tell(
        &mut problems,
        path,
        id,
        &without,
        "KL-L-024",
        "the row has no id",
    );
    tell(
        &mut problems,
        path,
        id,
        &twice,
        "KL-L-025",
        "the row's id stands in an earlier row",
    );
    for (field, count) in &counts.by_field {
        if count.unread > 0 && count.unread * 2 > count.filled {
            problems.push(
                Diagnostic::new(
                    "KL-L-026",
                    Exit::Input,
                    format!(
                        "{} of {} values are no dates of the format `{}`",
                        count.unread,
                        count.filled,
                        spec.format(field, side)
                    ),
                    format!("state the format: [formats] {field} = \"%d/%m/%Y\""),
                )
                .at(Place::file(path).row(count.first).column(field.clone())),
            );
        }
    }
    if !problems.is_empty() {
        return Err(LinkError::Problems(problems));
    }
    Ok(Input {
        path: path.to_path_buf(),
        digest,
        bytes,
        people,
        unread: counts
            .by_field
            .into_iter()
            .filter(|(_, c)| c.unread > 0)
            .map(|(field, c)| (field, c.unread))
            .collect(),
    })
}

fn tell(
    problems: &mut Vec<Diagnostic>,
    path: &Path,
    column: &str,
    rows: &[u64],
    code: &'static str,
    what: &str,
) {
    for (n, row) in rows.iter().enumerate().take(TOLD) {
        let what = if n + 1 == TOLD && rows.len() > TOLD {
            format!("{what}; so it is in {} more rows", rows.len() - TOLD)
        } else {
            what.to_owned()
        };
        problems.push(
            Diagnostic::new(
                code,
                Exit::Input,
                what,
                "every row needs an id of its own; number the rows if there is no such column",
            )
            .at(Place::file(path).row(*row).column(column)),
        );
    }
}

#[derive(Default)]
struct Count {
    filled: u64,
    unread: u64,
    first: u64,
}

#[derive(Default)]
struct Counts {
    by_field: BTreeMap<String, Count>,
}

impl Counts {
    fn date(&mut self, field: &str, read: bool, row: u64) {
        let count = self.by_field.entry(field.to_owned()).or_default();
        count.filled += 1;
        if !read {
            if count.unread == 0 {
                count.first = row;
            }
            count.unread += 1;
        }
    }
}

/// Which of the wanted columns make which field.
struct Plan<'s> {
    spec: &'s Spec,
    side: usize,
    wanted: Vec<String>,
    fields: BTreeMap<&'s str, Slots>,
    other: Vec<(&'s str, Compare, Slots)>,
}

/// Where the columns of a field stand among the wanted ones.
enum Slots {
    Joined(Vec<usize>),
    Date([Option<usize>; 3]),
}

impl<'s> Plan<'s> {
    fn new(spec: &'s Spec, side: usize) -> Self {
        let mut wanted = vec![spec.id.of(side).clone()];
        let mut slot = |name: &String| {
            wanted.push(name.clone());
            wanted.len() - 1
        };
        let mut slots = |columns: &Columns| match columns {
            Columns::Joined(names) => Slots::Joined(names.iter().map(&mut slot).collect()),
            Columns::Date { day, month, year } => {
                Slots::Date([day, month, year].map(|c| c.as_ref().map(&mut slot)))
            }
        };
        let fields = spec
            .fields
            .iter()
            .map(|(name, columns)| (name.as_str(), slots(columns.of(side))))
            .collect();
        let other = spec
            .other
            .iter()
            .map(|(name, o)| (name.as_str(), o.compare, slots(o.column.of(side))))
            .collect();
        Plan {
            spec,
            side,
            wanted,
            fields,
            other,
        }
    }

    fn person(&self, id: &str, values: &[Option<&str>], row: u64, counts: &mut Counts) -> Person {
        let raw = |field: &str| {
            self.fields
                .get(field)
                .and_then(|slots| joined(slots, values))
        };
        let name = |field: &str| {
            raw(field)
                .and_then(|t| standardise::name(&t))
                .map(Into::into)
        };
        let (year, month, day) = self.date_of_birth(values, row, counts);
        let mut other: Vec<Text> = self
            .other
            .iter()
            .map(|(field, compare, slots)| {
                let raw = joined(slots, values)?;
                match compare {
                    Compare::Date => {
                        let format = self.spec.format(field, self.side);
                        let date = standardise::date(&raw, format).ok();
                        counts.date(field, date.is_some(), row);
                        date.map(|d| d.to_string().into())
                    }
                    _ => plain(&raw, *compare),
                }
            })
            .collect();
        if self.fields.contains_key("address") {
            other.push(raw("address").and_then(|t| plain(&t, Compare::Text)));
        }
        Person {
            id: id.into(),
            forename: name("forename"),
            middle_names: name("middle_names"),
            surname: name("surname"),
            former_surname: name("former_surname"),
            year,
            month,
            day,
            sex: raw("sex").and_then(|t| standardise::sex(&t)),
            postcode: raw("postcode").and_then(|t| postcode(&t)),
            other: other.into(),
        }
    }

    fn date_of_birth(
        &self,
        values: &[Option<&str>],
        row: u64,
        counts: &mut Counts,
    ) -> (Option<i16>, Option<u8>, Option<u8>) {
        let none = (None, None, None);
        match self.fields.get("date_of_birth") {
            Some(Slots::Date([day, month, year])) => {
                let value = |slot: &Option<usize>| {
                    slot.and_then(|s| values.get(s).copied().flatten())
                        .and_then(|t| t.parse::<i16>().ok())
                };
                let small = |slot, most: u8| {
                    value(slot)
                        .and_then(|n| u8::try_from(n).ok())
                        .filter(|n| (1..=most).contains(n))
                };
                (value(year), small(month, 12), small(day, 31))
            }
            Some(slots @ Slots::Joined(_)) => {
                let Some(raw) = joined(slots, values) else {
                    return none;
                };
                let format = self.spec.format("date_of_birth", self.side);
                let date = standardise::date(&raw, format).ok();
                counts.date("date_of_birth", date.is_some(), row);
                match date.filter(|d| !standardise::is_default_date_of_birth(*d)) {
                    Some(d) => parts(d),
                    None => none,
                }
            }
            None => none,
        }
    }
}

fn parts(d: Date) -> (Option<i16>, Option<u8>, Option<u8>) {
    (
        Some(d.year()),
        u8::try_from(d.month()).ok(),
        u8::try_from(d.day()).ok(),
    )
}

fn joined(slots: &Slots, values: &[Option<&str>]) -> Option<String> {
    let Slots::Joined(slots) = slots else {
        return None;
    };
    let mut out = String::new();
    for value in slots
        .iter()
        .filter_map(|s| values.get(*s).copied().flatten())
    {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(value);
    }
    (!out.is_empty()).then_some(out)
}

/// A British postcode in its standard form; any other as upper-case letters and digits.
fn postcode(raw: &str) -> Option<Box<str>> {
    if standardise::is_dummy_postcode(raw) {
        return None;
    }
    match standardise::postcode(raw) {
        Some(british) => Some(british.into()),
        None => plain(raw, Compare::Identifier),
    }
}

/// The plain form of a further value; none where nothing is left.
fn plain(raw: &str, compare: Compare) -> Text {
    let out = match compare {
        Compare::Name => return standardise::name(raw).map(Into::into),
        Compare::Exact | Compare::Date => raw.to_uppercase(),
        Compare::Text => words(raw),
        Compare::Number => number(raw),
        Compare::Identifier => words(raw).replace(' ', ""),
    };
    (!out.is_empty()).then(|| out.into())
}

/// Letters and digits in upper case, everything else one space.
fn words(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_uppercase());
        } else if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// A number without what two systems write differently: leading zeros, zeros after the point.
fn number(raw: &str) -> String {
    let (sign, rest) = match raw.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", raw.trim_start_matches('+')),
    };
    let rest = rest.trim_start_matches('0');
    let rest = match rest.contains('.') {
        true => rest.trim_end_matches('0').trim_end_matches('.'),
        false => rest,
    };
    match rest {
        "" => "0".to_owned(),
        rest => format!("{sign}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_forms() {
        let form = |raw, compare| plain(raw, compare).map(|t| t.to_string());
        assert_eq!(
            form("12, High-street ", Compare::Text).as_deref(),
            Some("12 HIGH STREET")
        );
        assert_eq!(
            form("ab 12/3", Compare::Identifier).as_deref(),
            Some("AB123")
        );
        assert_eq!(form("-", Compare::Identifier), None);
        for (raw, standard) in [
            ("007", "7"),
            ("1.50", "1.5"),
            ("0", "0"),
            ("-03.0", "-3"),
            ("10", "10"),
        ] {
            assert_eq!(form(raw, Compare::Number).as_deref(), Some(standard));
        }
        assert_eq!(postcode("4011").as_deref(), Some("4011"));
        assert_eq!(postcode("tq138df").as_deref(), Some("TQ13 8DF"));
        assert_eq!(postcode("NF1 1NF"), None);
    }
}
