//! The rows of an input file as columns of standardised values: the clear side of a stand-alone
//! linkage, held in memory and never written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::LinkError;
use super::cannot_link::dates::DateColumns;
use super::pairs::MOST_COMPARISONS;
use super::spec::{Columns, Compare, Spec};
use super::table_file::for_each_row;
use crate::comparison::Kind;
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::digest::Digest;
use crate::ingest::standardise;
use crate::pseudonymise::words::{Column, Comparison, Interner, Source};

/// Problems of one kind that are told row by row; the rest is told as a number.
const TOLD: usize = 20;

/// An input file.
pub struct Input {
    /// Where.
    pub path: PathBuf,
    /// Its digest.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
    /// The ids of its rows.
    pub ids: Column,
    /// Its values, a column a field (see [`columns`]).
    pub source: Source,
    /// By field: values that could not be read as what the field should be, and so count as
    /// missing.
    pub unread: BTreeMap<String, u64>,
    /// The dates that may rule pairs out.
    pub dates: DateColumns,
}

impl Input {
    /// Rows.
    pub fn rows(&self) -> usize {
        self.source.rows
    }
}

/// The linkage fields that have a column of their own, in order.
const OWN: [(&str, Kind); 8] = [
    ("forename", Kind::Forename),
    ("surname", Kind::Surname),
    ("date_of_birth", Kind::Date),
    ("postcode", Kind::Postcode),
    ("sex", Kind::Sex),
    ("address", Kind::Text),
    ("middle_names", Kind::Forename),
    ("former_surname", Kind::Surname),
];

/// The columns of a specification: their fields and what is compared, those of `[other]` last.
pub fn columns(spec: &Spec) -> Vec<(String, Kind)> {
    let own = OWN
        .iter()
        .filter(|(name, _)| spec.fields.contains_key(*name));
    let own = own.map(|(name, kind)| ((*name).to_owned(), *kind));
    let other = spec.other.iter().map(|(name, other)| {
        let kind = match other.compare {
            Compare::Name | Compare::Text => Kind::Text,
            Compare::Date => Kind::Date,
            Compare::Identifier => Kind::Identifier,
            Compare::Exact | Compare::Number => Kind::Exact,
        };
        (name.clone(), kind)
    });
    own.chain(other).collect()
}

/// The comparisons of a specification: as many as a pattern has room for.
pub fn comparisons(spec: &Spec) -> Vec<Comparison> {
    let mut out = Comparison::of_columns(&columns(spec));
    out.truncate(MOST_COMPARISONS);
    out
}

/// Reads and standardises a file. Side 0 is the left or the only one.
pub fn read(path: &Path, side: usize, spec: &Spec) -> Result<Input, LinkError> {
    read_where(path, side, spec, None)
}

/// Which rows are wanted, by their ids.
pub type Wanted<'a> = &'a dyn Fn(&str) -> bool;

/// The same of the rows that are wanted alone; nothing is kept of the others. Whether the dates are
/// of the format stated is then not asked: it was, when all rows were read.
pub fn read_where(
    path: &Path,
    side: usize,
    spec: &Spec,
    wanted: Option<Wanted<'_>>,
) -> Result<Input, LinkError> {
    let (digest, bytes) = Digest::of_file(path).map_err(|source| LinkError::Io {
        path: path.to_path_buf(),
        source,
    })?;
    let plan = Plan::new(spec, side);
    let named: Vec<&str> = plan.wanted.iter().map(String::as_str).collect();
    let mut ids = Interner::default();
    // Values are kept as they stand, each once; what is different is brought to its standard form
    // when all rows are read.
    let mut raw: Vec<Interner> = plan.fields.iter().map(|_| Interner::default()).collect();
    let mut dated: Vec<Interner> = plan.dates.iter().map(|_| Interner::default()).collect();
    let mut without = Vec::new();
    for_each_row(path, &named, |row, values| {
        let Some(Some(id)) = values.first().copied() else {
            without.push(row);
            return;
        };
        if wanted.is_some_and(|wanted| !wanted(id)) {
            return;
        }
        ids.push(Some(id));
        for (field, raw) in plan.fields.iter().zip(&mut raw) {
            raw.push(field.slots.value(values).as_deref());
        }
        for (date, raw) in plan.dates.iter().zip(&mut dated) {
            raw.push(values.get(date.slot).copied().flatten());
        }
    })?;
    let mut counts = Counts::default();
    let rows = ids.rows();
    let fields = plan.fields.iter().zip(raw);
    let columns: Vec<Column> = fields
        .map(|(field, raw)| field.standard(&raw.finish(), &mut counts))
        .collect();
    let dates = match spec.dates.is_empty() {
        true => DateColumns::default(),
        false => plan.date_columns(dated, &columns, &mut counts),
    };
    let mut problems = Vec::new();
    let id = spec.id.of(side);
    let ids = ids.finish();
    let twice = twice(&ids, &without);
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
        if wanted.is_none() && count.unread > 0 && count.unread * 2 > count.filled {
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
    if problems.is_empty() && columns.iter().all(|column| column.distinct() == 0) {
        problems.push(
            Diagnostic::new(
                "KL-L-028",
                Exit::Input,
                "no row has a value that can be read, in any field to link by",
                "check that the specification names the right columns of this file",
            )
            .at(Place::file(path)),
        );
    }
    if !problems.is_empty() {
        return Err(LinkError::Problems(problems));
    }
    Ok(Input {
        path: path.to_path_buf(),
        digest,
        bytes,
        source: Source { rows, columns },
        ids,
        dates,
        unread: counts
            .by_field
            .into_iter()
            .filter(|(_, c)| c.unread > 0)
            .map(|(field, c)| (field, c.unread))
            .collect(),
    })
}

/// The rows, from 1, whose id stands in an earlier row; `without` are those that have none. Where not
/// all rows were wanted they are counted among those that were.
fn twice(ids: &Column, without: &[u64]) -> Vec<u64> {
    let mut without = without.iter().peekable();
    let mut left_out = 0;
    let row_of = |place: usize| {
        let mut row = place as u64 + 1 + left_out;
        while without.next_if(|other| **other <= row).is_some() {
            (row, left_out) = (row + 1, left_out + 1);
        }
        row
    };
    ids.repeated().into_iter().map(row_of).collect()
}

/// Fields that have no value in a whole file, in words: they cannot help there.
pub fn without_values(inputs: &[Input], spec: &Spec, sides: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    for (input, side) in inputs.iter().zip(sides) {
        for ((field, _), column) in columns(spec).iter().zip(&input.source.columns) {
            if column.distinct() == 0 {
                let of = match *side {
                    "file" => "the file".to_owned(),
                    side => format!("the {side} file"),
                };
                out.push(format!(
                    "{field}: no row of {of} has a value that can be read"
                ));
            }
        }
    }
    out
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
    /// Counts the rows of a column of dates that are filled, and those whose value is no date.
    fn dates(&mut self, field: &str, raw: &Column, read: &[bool]) {
        let count = self.by_field.entry(field.to_owned()).or_default();
        for (row, number) in (1_u64..).zip(raw.numbers()) {
            let Some(place) = number.checked_sub(1) else {
                continue;
            };
            count.filled += 1;
            let read = usize::try_from(place).ok().and_then(|p| read.get(p));
            if read != Some(&true) {
                if count.unread == 0 {
                    count.first = row;
                }
                count.unread += 1;
            }
        }
    }
}

/// Which of the wanted columns make which field, in the order of [`columns`].
struct Plan {
    wanted: Vec<String>,
    fields: Vec<FieldPlan>,
    /// Columns of `[dates]`.
    dates: Vec<DatePlan>,
}

/// A column of `[dates]`: its key, where it stands, and its format; none for the place of a stay.
struct DatePlan {
    key: &'static str,
    slot: usize,
    format: Option<String>,
}

/// One field: where its raw value is, and how it is brought to its standard form.
struct FieldPlan {
    name: String,
    slots: Slots,
    form: Form,
}

enum Form {
    Name,
    Sex,
    Postcode,
    /// With its format.
    Date(String),
    /// In parts: day, month and year, each by itself.
    DateParts,
    Plain(Compare),
}

/// Where the columns of a field stand among the wanted ones.
enum Slots {
    Joined(Vec<usize>),
    Date([Option<usize>; 3]),
}

impl Slots {
    /// The raw value of a row: columns joined by a space, or day, month and year by a bar.
    fn value<'v>(&self, values: &[Option<&'v str>]) -> Option<Cow<'v, str>> {
        let of = |slot: &usize| values.get(*slot).copied().flatten();
        match self {
            Slots::Joined(slots) => match slots.as_slice() {
                [one] => of(one).map(Cow::Borrowed),
                many => {
                    let parts: Vec<&str> = many.iter().filter_map(of).collect();
                    (!parts.is_empty()).then(|| Cow::Owned(parts.join(" ")))
                }
            },
            Slots::Date(slots) => {
                let parts = slots.each_ref().map(|slot| slot.as_ref().and_then(of));
                let any = parts.iter().any(Option::is_some);
                any.then(|| Cow::Owned(parts.map(Option::unwrap_or_default).join("|")))
            }
        }
    }
}

impl Plan {
    fn new(spec: &Spec, side: usize) -> Self {
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
        let mut fields = Vec::new();
        for (name, _) in columns(spec) {
            let (of, compare) = match (spec.fields.get(&name), spec.other.get(&name)) {
                (Some(columns), _) => (columns.of(side), None),
                (None, Some(other)) => (other.column.of(side), Some(other.compare)),
                (None, None) => continue,
            };
            let slots = slots(of);
            let form = match (name.as_str(), compare, &slots) {
                (_, _, Slots::Date(_)) => Form::DateParts,
                (_, Some(Compare::Date), _) | ("date_of_birth", None, _) => {
                    Form::Date(spec.format(&name, side).to_owned())
                }
                (_, Some(compare), _) => Form::Plain(compare),
                ("sex", ..) => Form::Sex,
                ("postcode", ..) => Form::Postcode,
                ("address", ..) => Form::Plain(Compare::Text),
                _ => Form::Name,
            };
            fields.push(FieldPlan { name, slots, form });
        }
        let columns = spec.dates.columns(side).into_iter();
        let columns = columns.map(|(key, column)| (key, column, Some(spec.format(key, side))));
        let place = ("in_custody_at", spec.dates.in_custody.place.of(side), None);
        let dates = columns.chain([place]).filter_map(|(key, column, format)| {
            wanted.push(column?.to_owned());
            Some(DatePlan {
                key,
                slot: wanted.len() - 1,
                format: format.map(str::to_owned),
            })
        });
        let dates = dates.collect();
        Plan {
            wanted,
            fields,
            dates,
        }
    }

    /// The columns of `[dates]` in their standard forms, and the date of birth beside them.
    fn date_columns(
        &self,
        raw: Vec<Interner>,
        columns: &[Column],
        counts: &mut Counts,
    ) -> DateColumns {
        let mut out = DateColumns::default();
        for (plan, raw) in self.dates.iter().zip(raw) {
            let form = match &plan.format {
                Some(format) => Form::Date(format.clone()),
                None => Form::Plain(Compare::Text),
            };
            let field = FieldPlan {
                name: plan.key.to_owned(),
                slots: Slots::Joined(Vec::new()),
                form,
            };
            let column = Some(field.standard(&raw.finish(), counts));
            match plan.key {
                "died" => out.died = column,
                "dated" => out.alive = column,
                "parent_born" => out.parent_born = column,
                "in_custody_from" => out.from = column,
                "in_custody_to" => out.to = column,
                _ => out.place = column,
            }
        }
        let born = self.fields.iter().position(|f| f.name == "date_of_birth");
        out.born = born.and_then(|born| columns.get(born)).cloned();
        out
    }
}

impl FieldPlan {
    /// The column in its standard form.
    fn standard(&self, raw: &Column, counts: &mut Counts) -> Column {
        let mut read = Vec::with_capacity(raw.distinct());
        let mut form = |value: &str| match &self.form {
            Form::Name => standardise::name(value),
            Form::Sex => standardise::sex(value).map(str::to_owned),
            Form::Postcode => postcode(value),
            Form::Plain(compare) => plain(value, *compare),
            Form::DateParts => date_parts(value),
            Form::Date(format) => {
                let date = standardise::date(value, format).ok();
                read.push(date.is_some());
                let date = date.filter(|d| !standardise::is_default_date_of_birth(*d));
                date.map(|d| d.to_string())
            }
        };
        let column = raw.map(&mut form);
        if matches!(self.form, Form::Date(_)) {
            counts.dates(&self.name, raw, &read);
        }
        column
    }
}

/// `YYYY-MM-DD`, with `?` for parts that are missing, from day, month and year between bars.
fn date_parts(raw: &str) -> Option<String> {
    let mut parts = raw.split('|');
    let mut value = |least: u16, most: u16| {
        let number = parts.next()?.trim().parse::<u16>().ok()?;
        (least..=most).contains(&number).then_some(number)
    };
    let (day, month, year) = (value(1, 31), value(1, 12), value(1, 9999));
    if year.is_none() && month.is_none() && day.is_none() {
        return None;
    }
    let year = year.map_or("????".to_owned(), |n| format!("{n:04}"));
    let two = |n: Option<u16>| n.map_or("??".to_owned(), |n| format!("{n:02}"));
    Some(format!("{year}-{}-{}", two(month), two(day)))
}

/// A British postcode in its standard form; any other as upper-case letters and digits.
fn postcode(raw: &str) -> Option<String> {
    if standardise::is_dummy_postcode(raw) {
        return None;
    }
    match standardise::postcode(raw) {
        Some(british) => Some(british),
        None => plain(raw, Compare::Identifier),
    }
}

/// The plain form of a further value; none where nothing is left.
fn plain(raw: &str, compare: Compare) -> Option<String> {
    let out = match compare {
        Compare::Name => return standardise::name(raw),
        Compare::Exact | Compare::Date => raw.to_uppercase(),
        Compare::Text => words(raw),
        Compare::Number => number(raw),
        Compare::Identifier => words(raw).replace(' ', ""),
    };
    (!out.is_empty()).then_some(out)
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
        let form = |raw, compare| plain(raw, compare);
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
