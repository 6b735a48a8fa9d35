//! Dates in the format of a feature, read as Python's `datetime.strptime` reads them in the C
//! locale, and written as `%Y%m%d`.
//!
//! A directive takes the first of its alternatives with which the rest of the format still
//! matches, so `%d` takes one digit or two; letters match in either case; blanks in the format
//! match any blanks. Source: Python Library Reference, `strftime()` and `strptime()` behaviour.

use fancy_regex::{Captures, Regex};
use jiff::civil::Date;

use super::error::Breach;
use super::number::digit;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// A date format that was found to be one.
pub struct DateFormat {
    regex: Regex,
    /// The directives, in the order in which they stand.
    directives: Vec<char>,
}

/// What the directives said, before it is a date.
#[derive(Default)]
struct Parts {
    year: Option<i16>,
    iso_year: Option<i16>,
    iso_week: Option<i16>,
    /// The week, and whether it begins on Monday.
    week: Option<(i32, bool)>,
    month: Option<i8>,
    day: Option<i8>,
    /// 0 is Monday.
    weekday: Option<i32>,
    day_of_year: Option<i32>,
}

impl DateFormat {
    /// A format of `strptime`. `None` for an unknown directive, one that stands twice, or a
    /// percent sign at the end.
    pub fn new(format: &str) -> Option<Self> {
        let mut directives = Vec::new();
        let mut regex = String::from("(?i)\\A");
        let mut blank = false;
        let mut rest = format.chars();
        while let Some(c) = rest.next() {
            if c.is_whitespace() {
                if !blank {
                    regex.push_str(r"[\s\x1c-\x1f]+");
                }
                blank = true;
                continue;
            }
            blank = false;
            if c == '%' {
                directive(rest.next()?, &mut regex, &mut directives)?;
            } else {
                regex.push_str(&fancy_regex::escape(&c.to_string()));
            }
        }
        let mut once = directives.clone();
        once.sort_unstable();
        once.dedup();
        if once.len() != directives.len() {
            return None;
        }
        let regex = Regex::new(&regex).ok()?;
        Some(DateFormat { regex, directives })
    }

    /// The date of a value, as `%Y%m%d`. Years before 1000 have no leading noughts, as in the
    /// reference.
    pub fn canonical(&self, value: &str) -> Result<String, Breach> {
        self.parse(value)
            .map(|d| format!("{}{:02}{:02}", d.year(), d.month(), d.day()))
            .ok_or(Breach::Date)
    }

    fn parse(&self, value: &str) -> Option<Date> {
        let found = self.regex.captures(value).ok()??;
        if found.get(0)?.end() != value.len() {
            return None;
        }
        let mut parts = Parts::default();
        for &directive in &self.directives {
            let text = group(&found, directive)?;
            match directive {
                'z' => offset(text)?,
                _ => parts.take(directive, text)?,
            }
        }
        parts.date()
    }
}

fn group<'v>(found: &Captures<'v, str>, directive: char) -> Option<&'v str> {
    let mut name = [0_u8; 4];
    Some(found.name(directive.encode_utf8(&mut name))?.as_str())
}

/// Adds the expression of one directive; composite ones add those of their parts.
fn directive(c: char, regex: &mut String, directives: &mut Vec<char>) -> Option<()> {
    let composite: Option<&[char]> = match c {
        'c' => Some(&[
            'a', ' ', 'b', ' ', 'd', ' ', 'H', ':', 'M', ':', 'S', ' ', 'Y',
        ]),
        'x' => Some(&['m', '/', 'd', '/', 'y']),
        'X' => Some(&['H', ':', 'M', ':', 'S']),
        _ => None,
    };
    if let Some(parts) = composite {
        for &part in parts {
            match part {
                ' ' => regex.push_str(r"[\s\x1c-\x1f]+"),
                '/' | ':' => regex.push(part),
                _ => directive(part, regex, directives)?,
            }
        }
        return Some(());
    }
    let names = |list: &[&str], letters: usize| {
        let mut list: Vec<&str> = list
            .iter()
            .filter_map(|n| n.get(..letters.min(n.len())))
            .collect();
        list.sort_by_key(|n| std::cmp::Reverse(n.len()));
        list.join("|")
    };
    let alternatives = match c {
        '%' => {
            regex.push('%');
            return Some(());
        }
        'd' => r"3[0-1]|[1-2]\d|0[1-9]|[1-9]| [1-9]".to_owned(),
        'f' => "[0-9]{1,6}".to_owned(),
        'H' => r"2[0-3]|[0-1]\d|\d".to_owned(),
        'I' => "1[0-2]|0[1-9]|[1-9]".to_owned(),
        'G' | 'Y' => r"\d\d\d\d".to_owned(),
        'j' => r"36[0-6]|3[0-5]\d|[1-2]\d\d|0[1-9]\d|00[1-9]|[1-9]\d|0[1-9]|[1-9]".to_owned(),
        'm' => "1[0-2]|0[1-9]|[1-9]".to_owned(),
        'M' => r"[0-5]\d|\d".to_owned(),
        'S' => r"6[0-1]|[0-5]\d|\d".to_owned(),
        'U' | 'W' => r"5[0-3]|[0-4]\d|\d".to_owned(),
        'V' => r"5[0-3]|0[1-9]|[1-4]\d|\d".to_owned(),
        'w' => "[0-6]".to_owned(),
        'u' => "[1-7]".to_owned(),
        'y' => r"\d\d".to_owned(),
        'z' => r"[+-]\d\d:?[0-5]\d(?::?[0-5]\d(?:\.\d{1,6})?)?|(?-i:Z)".to_owned(),
        'Z' => "utc|gmt".to_owned(),
        'p' => "am|pm".to_owned(),
        'A' => names(&DAYS, usize::MAX),
        'a' => names(&DAYS, 3),
        'B' => names(&MONTHS, usize::MAX),
        'b' => names(&MONTHS, 3),
        _ => return None,
    };
    regex.push_str(&format!("(?P<{c}>{alternatives})"));
    directives.push(c);
    Some(())
}

/// The number that digits of any script, after an optional blank, stand for.
fn whole(text: &str) -> Option<i16> {
    text.trim_start().chars().try_fold(0_i16, |sum, c| {
        sum.checked_mul(10)?.checked_add(i16::from(digit(c)?))
    })
}

/// The place of a name in a list of names, by as many letters as the text has.
fn place(list: &[&str], text: &str) -> Option<usize> {
    let text = text.to_lowercase();
    list.iter()
        .position(|name| name.get(..text.len()) == Some(&text))
}

/// An offset from UTC plays no part in the date, but a wrong one makes the value wrong: colons in
/// one place and not in the other, or a day or more.
fn offset(text: &str) -> Option<()> {
    if text == "Z" {
        return Some(());
    }
    let body: Vec<char> = text.chars().skip(1).collect();
    let colon = |at: usize| body.get(at) == Some(&':');
    let seconds = if colon(2) {
        body.get(5..)
    } else {
        body.get(4..)
    };
    let first = seconds.and_then(<[char]>::first);
    if first.is_some_and(|&c| colon(2) != (c == ':')) {
        return None;
    }
    let hours = digit(*body.first()?)? * 10 + digit(*body.get(1)?)?;
    (hours < 24).then_some(())
}

impl Parts {
    fn take(&mut self, directive: char, text: &str) -> Option<()> {
        match directive {
            'y' => {
                let short = whole(text)?;
                self.year = Some(if short <= 68 { 2000 } else { 1900 } + short);
            }
            'Y' => self.year = whole(text),
            'G' => self.iso_year = whole(text),
            'V' => self.iso_week = whole(text),
            'm' => self.month = i8::try_from(whole(text)?).ok(),
            'B' | 'b' => self.month = i8::try_from(place(&MONTHS, text)? + 1).ok(),
            'd' => self.day = i8::try_from(whole(text)?).ok(),
            'A' | 'a' => self.weekday = i32::try_from(place(&DAYS, text)?).ok(),
            'w' => self.weekday = Some((i32::from(whole(text)?) + 6) % 7),
            'u' => self.weekday = Some(i32::from(whole(text)?) - 1),
            'j' => self.day_of_year = Some(i32::from(whole(text)?)),
            'U' | 'W' => self.week = Some((i32::from(whole(text)?), directive == 'W')),
            // A leap second is no second of a date and time.
            'S' if whole(text)? > 59 => return None,
            _ => {}
        }
        Some(())
    }

    fn date(self) -> Option<Date> {
        match (self.year, self.iso_year, self.iso_week) {
            (None, Some(_), week)
                if week.is_none() || self.weekday.is_none() || self.day_of_year.is_some() =>
            {
                return None;
            }
            (None, Some(_), _) => {}
            (_, _, Some(_)) if self.week.is_none() => return None,
            _ => {}
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        // Without a year, 29 February is looked for in a leap year and then not found in 1900.
        let borrowed = self.year.is_none() && (month, day) == (2, 29);
        let year = self.year.unwrap_or(if borrowed { 1904 } else { 1900 });
        let (year, of_year) = match (self.day_of_year, self.weekday) {
            (Some(n), _) => (year, Some(n)),
            (None, Some(weekday)) => self.by_week(year, weekday)?,
            (None, None) => (year, None),
        };
        let date = match of_year {
            Some(n) => first_of(year)?
                .checked_add(jiff::Span::new().days(n - 1))
                .ok()?,
            None => {
                first_of(year)?;
                Date::new(year, month, day).ok()?
            }
        };
        let date = match borrowed {
            true => Date::new(1900, date.month(), date.day()).ok()?,
            false => date,
        };
        (1..=9999).contains(&date.year()).then_some(date)
    }

    /// The day of the year from a week and a weekday.
    fn by_week(&self, year: i16, weekday: i32) -> Option<(i16, Option<i32>)> {
        if let Some((week, from_monday)) = self.week {
            let first = i32::from(first_of(year)?.weekday().to_monday_zero_offset());
            let (first, weekday) = match from_monday {
                true => (first, weekday),
                false => ((first + 1) % 7, (weekday + 1) % 7),
            };
            let n = match week {
                0 => 1 + weekday - first,
                _ => 1 + (7 - first) % 7 + 7 * (week - 1) + weekday,
            };
            return Some((year, Some(n)));
        }
        if let (Some(iso_year), Some(iso_week)) = (self.iso_year, self.iso_week) {
            first_of(iso_year)?;
            let fourth = Date::new(iso_year, 1, 4).ok()?;
            let correction = i32::from(fourth.weekday().to_monday_one_offset()) + 3;
            return Some((
                iso_year,
                Some(i32::from(iso_week) * 7 + weekday + 1 - correction),
            ));
        }
        Some((year, None))
    }
}

/// The first of January; years run from 1 to 9999.
fn first_of(year: i16) -> Option<Date> {
    (1..=9999)
        .contains(&year)
        .then(|| Date::new(year, 1, 1).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_strptime_reads_them() {
        for (format, value, date) in [
            ("%Y-%m-%d", "1999-1-2", Some("19990102")),
            ("%Y-%m-%d", "1999-02-29", None),
            ("%Y-%m-%d", "31/12/1999", None),
            ("%Y-%m-%d", "1999-01-02 ", None),
            ("%d/%m/%Y", "31/12/1985", Some("19851231")),
            ("%d/%m/%y", "1/2/68", Some("20680201")),
            ("%d/%m/%y", "1/2/69", Some("19690201")),
            ("%d%m%Y", "1122000", Some("20000211")),
            ("%d %B %Y", "3  maRCH\t1991", Some("19910303")),
            ("%d-%b-%Y", "03-Mar-1991", Some("19910303")),
            ("%Y%m%d", "09990101", Some("9990101")),
            ("%Y", "0000", None),
            ("%Y/%j", "2000/366", Some("20001231")),
            ("%Y/%j", "2001/366", Some("20020101")),
            ("%G-%V-%u", "2020-53-7", Some("20210103")),
            ("%G-%V-%u", "2020-01-1", Some("20191230")),
            ("%G-%V", "2020-53", None),
            ("%Y %U %w", "2020 00 0", Some("20191229")),
            ("%Y %W %A", "2020 01 Monday", Some("20200106")),
            ("%d/%m", "29/2", None),
            ("%d/%m", "28/2", Some("19000228")),
            (
                "%Y-%m-%dT%H:%M:%S%z",
                "2000-02-29T23:59:59+01:00",
                Some("20000229"),
            ),
            ("%Y-%m-%dT%H:%M:%S%z", "2000-02-29T23:59:60Z", None),
            ("%Y%z", "2000+01:0000", None),
            ("%x", "03/04/05", Some("20050304")),
            ("%c", "Tue Feb 29 10:00:00 2000", Some("20000229")),
            ("%Y.%m", "2000.07", Some("20000701")),
            ("%Y.%m", "2000x07", None),
            ("100%% %Y", "100% 2001", Some("20010101")),
        ] {
            let read = DateFormat::new(format).expect(format).canonical(value).ok();
            assert_eq!(read.as_deref(), date, "{format} of {value:?}");
        }
        for wrong in ["%Q", "%", "%Y%Y", "%-d"] {
            assert!(DateFormat::new(wrong).is_none(), "{wrong}");
        }
    }
}
