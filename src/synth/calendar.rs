//! Days as whole numbers, and how extracts write them.

use std::sync::OnceLock;

use jiff::civil::Date;
use jiff::{Span, ToSpan};

/// Days since 1970-01-01.
pub(super) type Day = i32;

/// The first day of the year under study, 2024-10-01.
pub(super) const YEAR_START: Day = 19_997;
/// The day after its last, 2025-10-01.
pub(super) const YEAR_END: Day = 20_362;
/// The reference date, 2025-09-30: stock is counted and the extracts are taken on it.
pub(super) const REFERENCE: Day = YEAR_END - 1;

const FIRST: Day = -25_567; // 1900-01-01
const LAST: Day = 24_000; // in 2035
const WIDTH: usize = 10;

struct Texts {
    iso: String,
    british: String,
}

fn texts() -> &'static Texts {
    static TEXTS: OnceLock<Texts> = OnceLock::new();
    TEXTS.get_or_init(|| {
        let (mut iso, mut british) = (String::new(), String::new());
        for day in FIRST..=LAST {
            let d = date(day);
            iso.push_str(&format!("{:04}-{:02}-{:02}", d.year(), d.month(), d.day()));
            british.push_str(&format!("{:02}/{:02}/{:04}", d.day(), d.month(), d.year()));
        }
        Texts { iso, british }
    })
}

fn cut(text: &'static str, day: Day) -> &'static str {
    let start = usize::try_from(day.clamp(FIRST, LAST) - FIRST).unwrap_or(0) * WIDTH;
    text.get(start..start + WIDTH).unwrap_or("")
}

/// `2025-09-30`. Days before 1900 or after 2035 are drawn to those bounds.
pub(super) fn iso(day: Day) -> &'static str {
    cut(&texts().iso, day)
}

/// `30/09/2025`.
pub(super) fn british(day: Day) -> &'static str {
    cut(&texts().british, day)
}

/// The civil date of a day.
pub(super) fn date(day: Day) -> Date {
    jiff::civil::date(1970, 1, 1).saturating_add(Span::new().days(day))
}

/// The day of a civil date.
pub(super) fn day(date: Date) -> Day {
    jiff::civil::date(1970, 1, 1)
        .until(date)
        .map_or(0, |span| span.get_days())
}

/// The day some years later; 29 February becomes 1 March where the year has none, so that a child
/// of that day comes of age on 1 March.
pub(super) fn years_after(from: Day, years: i32) -> Day {
    let before = date(from);
    let after = before.saturating_add(years.years());
    day(after) + Day::from(after.day() < before.day())
}

/// Whole years of age on a day; negative before birth.
pub(super) fn age_on(birth: Day, on: Day) -> i32 {
    let (b, d) = (date(birth), date(on));
    let years = i32::from(d.year()) - i32::from(b.year());
    years - i32::from((d.month(), d.day()) < (b.month(), b.day()))
}

/// The year of a day.
pub(super) fn year(day: Day) -> i32 {
    i32::from(date(day).year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_and_the_reference_date_are_what_they_say() {
        assert_eq!(iso(YEAR_START), "2024-10-01");
        assert_eq!(iso(YEAR_END), "2025-10-01");
        assert_eq!(
            (iso(REFERENCE), british(REFERENCE)),
            ("2025-09-30", "30/09/2025")
        );
        assert_eq!((iso(0), iso(FIRST)), ("1970-01-01", "1900-01-01"));
        assert_eq!(day(date(12_345)), 12_345);
    }

    #[test]
    fn eighteen_is_reached_on_the_birthday() {
        let birth = years_after(REFERENCE, -18);
        assert_eq!(
            (age_on(birth, REFERENCE), age_on(birth + 1, REFERENCE)),
            (18, 17)
        );
        assert_eq!(years_after(birth, 18), REFERENCE);
        let leap = jiff::civil::date(2008, 2, 29);
        let of_age = jiff::civil::date(2026, 3, 1);
        assert_eq!(years_after(day(leap), 18), day(of_age));
    }
}
