//! From what a source wrote to the standard form of a column, and how good it was.

use std::borrow::Cow;

use jiff::civil::Date;

use super::standardise;
use crate::schema::{code_list, codes};

/// The kind of a landing column, or of a filter in a template: which standard form its values get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A key: text without the blanks around it.
    Key,
    /// A word, usually from a code list.
    Word,
    /// A name.
    Name,
    /// A day.
    Date,
    /// A day of birth: defaults such as 1970-01-01 are nothing.
    BirthDate,
    /// A whole number.
    Number,
    /// A number of children, as people write it.
    Count,
    /// Yes or no.
    Flag,
    /// `M` or `F`.
    Sex,
    /// A British postcode.
    Postcode,
    /// One of the major groups.
    Ethnicity,
    /// A local authority's nine-character code.
    Authority,
    /// A prison number.
    Noms,
    /// A number of the Police National Computer.
    Pnc,
    /// A number of the Criminal Records Office.
    Cro,
    /// A probation number.
    Crn,
    /// A unique pupil number.
    Upn,
}

/// How a column is held in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// As text.
    Text,
    /// As days since 1970-01-01.
    Date,
    /// As a whole number.
    Number,
    /// As yes or no.
    Flag,
}

/// The names by which schemas (`kinlink:standardise`, template filters) call the kinds.
pub const NAMES: &[(&str, Kind)] = &[
    ("key", Kind::Key),
    ("word", Kind::Word),
    ("name", Kind::Name),
    ("date", Kind::Date),
    ("date_of_birth", Kind::BirthDate),
    ("number", Kind::Number),
    ("children", Kind::Count),
    ("flag", Kind::Flag),
    ("sex", Kind::Sex),
    ("postcode", Kind::Postcode),
    ("ethnicity", Kind::Ethnicity),
    ("local_authority", Kind::Authority),
    ("noms", Kind::Noms),
    ("pnc", Kind::Pnc),
    ("cro", Kind::Cro),
    ("crn", Kind::Crn),
    ("upn", Kind::Upn),
];

/// The kind of that name.
pub fn by_name(name: &str) -> Option<Kind> {
    NAMES.iter().find(|(n, _)| *n == name).map(|(_, k)| *k)
}

impl Kind {
    /// How a column of this kind is held.
    pub fn storage(self) -> Storage {
        match self {
            Kind::Date | Kind::BirthDate => Storage::Date,
            Kind::Number | Kind::Count => Storage::Number,
            Kind::Flag => Storage::Flag,
            _ => Storage::Text,
        }
    }
}

/// A value in standard form. It has no `Debug`: it may be a name.
#[derive(Clone, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Nothing.
    Null,
    /// Text.
    Text(Cow<'a, str>),
    /// Days since 1970-01-01.
    Date(i32),
    /// A whole number.
    Number(i32),
    /// Yes or no.
    Flag(bool),
}

/// How good a value was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// It has a standard form.
    Good,
    /// It is a value that systems fill in where nothing is known.
    Default,
    /// It is no valid value: a check letter fails, or no code list knows it.
    Invalid,
    /// It is not even written as its type demands.
    Malformed,
}

/// What conversion needs to know besides the value.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The day of reference, for years written with two digits and for days in the future.
    pub reference: Date,
}

/// More children than this in a free-text answer is a slip of the hand, such as `33` for `3`.
pub const MOST_CHILDREN: i32 = 20;

/// Brings a value to the standard form of its kind. `raw` is trimmed and not empty.
pub fn convert<'a>(kind: Kind, raw: &'a str, format: &str, setting: &Setting) -> (Cell<'a>, Grade) {
    let owned = |s: Option<String>, none: Grade| match s {
        Some(s) => (Cell::Text(Cow::Owned(s)), Grade::Good),
        None => (Cell::Null, none),
    };
    let constant = |s: Option<&'static str>| match s {
        Some(s) => (Cell::Text(Cow::Borrowed(s)), Grade::Good),
        None => (Cell::Null, Grade::Invalid),
    };
    match kind {
        Kind::Key | Kind::Word => (Cell::Text(Cow::Borrowed(raw)), Grade::Good),
        Kind::Name => owned(standardise::name(raw), Grade::Invalid),
        Kind::Date => match standardise::date(raw, format) {
            Ok(date) => (Cell::Date(days(date)), Grade::Good),
            Err(_) => (Cell::Null, Grade::Malformed),
        },
        Kind::BirthDate => birth_date(raw, format, setting),
        Kind::Number => match raw.parse() {
            Ok(n) => (Cell::Number(n), Grade::Good),
            Err(_) => (Cell::Null, Grade::Malformed),
        },
        Kind::Count => children(raw),
        Kind::Flag => flag(raw),
        Kind::Sex => constant(standardise::sex(raw)),
        Kind::Postcode => {
            let none = if standardise::is_dummy_postcode(raw) {
                Grade::Default
            } else {
                Grade::Invalid
            };
            owned(standardise::postcode(raw), none)
        }
        Kind::Ethnicity => constant(code_list::built_in("ethnicity").and_then(|l| l.word(raw))),
        Kind::Authority => constant(
            codes::local_authority_of_number(raw)
                .or_else(|| codes::local_authority(raw))
                .map(|la| la.code.as_str()),
        ),
        Kind::Noms => owned(standardise::noms(raw), Grade::Invalid),
        Kind::Pnc => owned(
            standardise::pnc(raw, two_digit_year(setting.reference)),
            Grade::Invalid,
        ),
        Kind::Cro => {
            // 000000/00Z satisfies the check letter, and everybody without a number has it.
            let zeros = raw.bytes().all(|b| matches!(b, b'0' | b'/' | b'Z' | b'z'));
            let none = if zeros {
                Grade::Default
            } else {
                Grade::Invalid
            };
            owned(standardise::cro(raw), none)
        }
        Kind::Crn => owned(standardise::crn(raw), Grade::Invalid),
        Kind::Upn => owned(standardise::upn(raw), Grade::Invalid),
    }
}

/// Days since 1970-01-01.
pub fn days(date: Date) -> i32 {
    date.duration_since(Date::constant(1970, 1, 1))
        .as_hours()
        .checked_div(24)
        .and_then(|d| i32::try_from(d).ok())
        .unwrap_or_default()
}

fn two_digit_year(date: Date) -> u8 {
    u8::try_from(date.year().rem_euclid(100)).unwrap_or_default()
}

fn birth_date<'a>(raw: &str, format: &str, setting: &Setting) -> (Cell<'a>, Grade) {
    let Ok(date) = standardise::date(raw, format) else {
        return (Cell::Null, Grade::Malformed);
    };
    if standardise::is_default_date_of_birth(date) {
        return (Cell::Null, Grade::Default);
    }
    // Nobody in an extract is older than 120 years or born a year after it.
    let age = i32::from(setting.reference.year()) - i32::from(date.year());
    if (-1..=120).contains(&age) {
        (Cell::Date(days(date)), Grade::Good)
    } else {
        (Cell::Null, Grade::Invalid)
    }
}

fn flag<'a>(raw: &str) -> (Cell<'a>, Grade) {
    const YES: [&str; 5] = ["Y", "YES", "TRUE", "1", "T"];
    const NO: [&str; 5] = ["N", "NO", "FALSE", "0", "F"];
    const UNKNOWN: [&str; 4] = ["DK", "NA", "N/A", "UNKNOWN"];
    let is = |list: &[&str]| list.iter().any(|w| w.eq_ignore_ascii_case(raw));
    if is(&YES) {
        (Cell::Flag(true), Grade::Good)
    } else if is(&NO) {
        (Cell::Flag(false), Grade::Good)
    } else if is(&UNKNOWN) {
        (Cell::Null, Grade::Good)
    } else {
        (Cell::Null, Grade::Invalid)
    }
}

/// A number of children out of free text: `3`, `3 children`, `two`, `none`.
fn children<'a>(raw: &str) -> (Cell<'a>, Grade) {
    const WORDS: [&str; 13] = [
        "none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    let lower = raw.to_lowercase();
    let tokens: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|t| !t.is_empty())
        .collect();
    let number = |token: &str| -> Option<i32> {
        token.parse().ok().or_else(|| match token {
            "no" | "nil" | "zero" | "nought" => Some(0),
            _ => WORDS
                .iter()
                .position(|w| *w == token)
                .and_then(|i| i32::try_from(i).ok()),
        })
    };
    // "2 boys, 1 girl" adds up; two bare numbers ("3 or 4") leave it open which is meant.
    let has = |words: &[&str]| tokens.iter().any(|t| words.contains(t));
    let both =
        has(&["boy", "boys", "son", "sons"]) && has(&["girl", "girls", "daughter", "daughters"]);
    let mut found: Option<i32> = None;
    for value in tokens.iter().filter_map(|t| number(t)) {
        found = match found {
            None => Some(value),
            Some(before) if both => Some(before.saturating_add(value)),
            Some(before) if before == value => found,
            Some(_) => return (Cell::Null, Grade::Invalid),
        };
    }
    match found {
        Some(n) if (0..=MOST_CHILDREN).contains(&n) => (Cell::Number(n), Grade::Good),
        Some(_) => (Cell::Null, Grade::Default),
        None => (Cell::Null, Grade::Invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grade(kind: Kind, raw: &str) -> Grade {
        let setting = Setting {
            reference: Date::constant(2025, 9, 30),
        };
        convert(kind, raw, "%Y-%m-%d", &setting).1
    }

    #[test]
    fn days_count_from_1970() {
        assert_eq!(days(Date::constant(1970, 1, 1)), 0);
        assert_eq!(days(Date::constant(1969, 12, 31)), -1);
        assert_eq!(days(Date::constant(2025, 9, 30)), 20361);
    }

    #[test]
    fn numbers_of_children_are_read_as_people_write_them() {
        for (raw, number) in [
            ("3", 3),
            ("3 children", 3),
            ("Two", 2),
            ("none", 0),
            ("NIL", 0),
        ] {
            assert!(children(raw).0 == Cell::Number(number), "{raw}");
        }
        assert_eq!(children("33").1, Grade::Default);
        assert_eq!(children("3 or 4").1, Grade::Invalid);
        assert_eq!(children("see file").1, Grade::Invalid);
    }

    #[test]
    fn known_rubbish_is_told_from_slips() {
        assert_eq!(grade(Kind::BirthDate, "1970-01-01"), Grade::Default);
        assert_eq!(grade(Kind::BirthDate, "1970-13-01"), Grade::Malformed);
        assert_eq!(grade(Kind::BirthDate, "1790-02-01"), Grade::Invalid);
        assert_eq!(grade(Kind::Postcode, "NF1 1NF"), Grade::Default);
        assert_eq!(grade(Kind::Postcode, "HELLO"), Grade::Invalid);
        assert_eq!(grade(Kind::Cro, "000000/00Z"), Grade::Default);
        assert_eq!(grade(Kind::Pnc, "2012/0394773A"), Grade::Invalid);
        assert_eq!(grade(Kind::Pnc, "2012/0394773H"), Grade::Good);
        assert_eq!(grade(Kind::Flag, "DK"), Grade::Good);
    }
}
