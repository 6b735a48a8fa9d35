//! `[dates]`: dates that rule a pair out, whatever the model says.

use std::ops::Range;

use toml::de::DeValue;

use super::reader::{Reader, Value};

/// A column in one file, in the other, or in both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OnSides {
    /// Of the first file, or the only one.
    pub left: Option<String>,
    /// Of the second.
    pub right: Option<String>,
}

impl OnSides {
    /// The column of a side: 0 is left.
    pub fn of(&self, side: usize) -> Option<&str> {
        let column = if side == 0 { &self.left } else { &self.right };
        column.as_deref()
    }
}

/// A person in custody: from when to when, and where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InCustody {
    /// The first day.
    pub from: OnSides,
    /// The day of release; no value while it lasts.
    pub to: OnSides,
    /// The prison.
    pub place: OnSides,
}

/// What `[dates]` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DateRules {
    /// The day of the person's death.
    pub died: OnSides,
    /// A day on which the record shows its person alive.
    pub dated: OnSides,
    /// The date of birth of a parent.
    pub parent_born: OnSides,
    /// A child is younger than a parent by at least so many years; 12 where nothing is said.
    pub parent_years: Option<u8>,
    /// A stay in custody.
    pub in_custody: InCustody,
}

/// The keys that name columns of dates, which `[formats]` may name as well.
pub const DATE_COLUMNS: [&str; 5] = [
    "died",
    "dated",
    "parent_born",
    "in_custody_from",
    "in_custody_to",
];

const KNOWN: [&str; 7] = [
    "died",
    "dated",
    "parent_born",
    "parent_years",
    "in_custody_from",
    "in_custody_to",
    "in_custody_at",
];

/// Years between a parent and a child where nothing is said.
pub const PARENT_YEARS: u8 = 12;

impl DateRules {
    /// The column of each of [`DATE_COLUMNS`] on a side.
    pub fn columns(&self, side: usize) -> [(&'static str, Option<&str>); 5] {
        let of = [
            &self.died,
            &self.dated,
            &self.parent_born,
            &self.in_custody.from,
            &self.in_custody.to,
        ];
        let mut out = DATE_COLUMNS.map(|name| (name, None));
        for (slot, columns) in out.iter_mut().zip(of) {
            slot.1 = columns.of(side);
        }
        out
    }

    /// Whether anything is named.
    pub fn is_empty(&self) -> bool {
        *self == DateRules::default()
    }
}

impl Reader<'_> {
    pub(super) fn dates(&mut self, value: Option<&Value<'_>>) -> DateRules {
        let mut rules = DateRules::default();
        self.table(value, |reader, key, span, value| {
            reader.date_rule(&mut rules, key, span, value);
        });
        let custody = &rules.in_custody;
        for side in 0..2 {
            let whole = custody.from.of(side).is_some() == custody.place.of(side).is_some()
                && (custody.to.of(side).is_none() || custody.from.of(side).is_some());
            if let (false, Some(value)) = (whole, value) {
                self.wrong(
                    value,
                    "both `in_custody_from` and `in_custody_at` for a file",
                );
                break;
            }
        }
        rules
    }

    fn date_rule(
        &mut self,
        into: &mut DateRules,
        key: &str,
        span: Range<usize>,
        value: &Value<'_>,
    ) {
        match key {
            "died" => into.died = self.on_sides(value),
            "dated" => into.dated = self.on_sides(value),
            "parent_born" => into.parent_born = self.on_sides(value),
            "in_custody_from" => into.in_custody.from = self.on_sides(value),
            "in_custody_to" => into.in_custody.to = self.on_sides(value),
            "in_custody_at" => into.in_custody.place = self.on_sides(value),
            "parent_years" => {
                let years = match value.get_ref() {
                    DeValue::Integer(n) => n.as_str().parse::<u8>().ok(),
                    _ => None,
                };
                into.parent_years = years.filter(|years| (1..=40).contains(years));
                if into.parent_years.is_none() {
                    self.wrong(value, "a number of years from 1 to 40");
                }
            }
            _ => self.unknown(key, span, &KNOWN),
        }
    }

    /// A column for both files, or a table with `left`, `right` or both.
    fn on_sides(&mut self, value: &Value<'_>) -> OnSides {
        let mut out = OnSides::default();
        if !matches!(value.get_ref(), DeValue::Table(_)) {
            out.left = self.string(value);
            out.right.clone_from(&out.left);
            return out;
        }
        self.table(Some(value), |reader, key, span, value| match key {
            "left" => out.left = reader.string(value),
            "right" => out.right = reader.string(value),
            _ => reader.unknown(key, span, &["left", "right"]),
        });
        out
    }
}
