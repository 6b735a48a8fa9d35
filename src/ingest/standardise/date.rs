//! Dates, read strictly by a stated format.

use jiff::civil::Date;

/// The text is not a date of the stated format. It does not say which text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a date of the stated format")]
pub struct NotADate;

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];

/// Reads a date by a format in the manner of `strptime`. The whole text must match, blanks at its
/// two ends aside.
///
/// `%Y` is four digits, `%m` and `%d` two, `%y` two (69 to 99 are 1969 to 1999 and 00 to 68 are
/// 2000 to 2068, as POSIX has it), `%b` the first three letters of an English month in any case,
/// `%%` a percent sign; `%H`, `%M`, `%S` are two digits of a time of day, which is dropped. Any
/// other character stands for itself. One digit where two are asked for is refused: a column that
/// sometimes drops a zero is a column that sometimes drops another one.
pub fn date(raw: &str, format: &str) -> Result<Date, NotADate> {
    let mut rest = raw.trim().as_bytes();
    let (mut year, mut month, mut day) = (None, None, None);
    let mut format = format.bytes();
    while let Some(f) = format.next() {
        if f != b'%' {
            rest = rest.strip_prefix(&[f]).ok_or(NotADate)?;
            continue;
        }
        match format.next().ok_or(NotADate)? {
            b'Y' => year = Some(digits(&mut rest, 4)?),
            b'y' => {
                let short = digits(&mut rest, 2)?;
                year = Some(short + if short < 69 { 2000 } else { 1900 });
            }
            b'm' => month = Some(digits(&mut rest, 2)?),
            b'd' => day = Some(digits(&mut rest, 2)?),
            b'b' => {
                let (word, after) = rest.split_at_checked(3).ok_or(NotADate)?;
                let number = (1_i16..)
                    .zip(MONTHS)
                    .find(|(_, m)| m.as_bytes().eq_ignore_ascii_case(word));
                month = Some(number.ok_or(NotADate)?.0);
                rest = after;
            }
            b'H' | b'M' | b'S' => {
                digits(&mut rest, 2)?;
            }
            b'%' => rest = rest.strip_prefix(b"%").ok_or(NotADate)?,
            _ => return Err(NotADate),
        }
    }
    if !rest.is_empty() {
        return Err(NotADate);
    }
    let narrow = |n: Option<i16>| n.and_then(|n| i8::try_from(n).ok()).ok_or(NotADate);
    Date::new(year.ok_or(NotADate)?, narrow(month)?, narrow(day)?).map_err(|_| NotADate)
}

fn digits(rest: &mut &[u8], count: usize) -> Result<i16, NotADate> {
    let (head, after) = rest.split_at_checked(count).ok_or(NotADate)?;
    let mut number = 0_i16;
    for byte in head {
        if !byte.is_ascii_digit() {
            return Err(NotADate);
        }
        number = number * 10 + i16::from(byte - b'0');
    }
    *rest = after;
    Ok(number)
}

/// Dates that systems write where they know none: 1970-01-01 and 1900-01-01 (named as such by the
/// HMPPS Core Person Record), 1901-01-01 and 1800-01-01 (migrations), 1899-12-30, 1899-12-31 and
/// 1753-01-01 (day nought of spreadsheets and databases), 1111-11-11, and the two ends of the
/// calendar. The first of January of any other year is not among them: people are born on it too.
pub fn is_default_date_of_birth(date: Date) -> bool {
    matches!(
        (date.year(), date.month(), date.day()),
        (1970 | 1900 | 1901 | 1800 | 1753 | 1, 1, 1)
            | (1899, 12, 30 | 31)
            | (1111, 11, 11)
            | (9999, 12, 31)
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_formats_of_the_sources() {
        let expected = Date::new(2024, 2, 29).expect("a leap day");
        for (raw, format) in [
            ("2024-02-29", "%Y-%m-%d"),
            ("29/02/2024", "%d/%m/%Y"),
            ("20240229", "%Y%m%d"),
            ("29-Feb-24", "%d-%b-%y"),
            (" 29FEB2024 ", "%d%b%Y"),
            ("2024-02-29 00:00:00", "%Y-%m-%d %H:%M:%S"),
        ] {
            assert_eq!(date(raw, format), Ok(expected), "{format}");
        }
        assert_eq!(date("01-01-69", "%d-%m-%y").expect("a date").year(), 1969);
        assert_eq!(date("01-01-68", "%d-%m-%y").expect("a date").year(), 2068);
    }

    #[test]
    fn what_is_not_quite_a_date_is_refused() {
        for (raw, format) in [
            ("", "%Y-%m-%d"),
            ("1999-1-2", "%Y-%m-%d"),
            ("1999-02-30", "%Y-%m-%d"),
            ("1999-01-02x", "%Y-%m-%d"),
            ("1999-01", "%Y-%m-%d"),
            ("1999-01", "%Y-%m"),
            ("1_99-01-02", "%Y-%m-%d"),
            ("+199-01-02", "%Y-%m-%d"),
            ("02 Foo 1999", "%d %b %Y"),
            ("1999", "%Q"),
            ("1999", "%"),
        ] {
            assert_eq!(date(raw, format), Err(NotADate), "{raw} {format}");
        }
    }

    #[test]
    fn defaults_are_known_and_new_year_is_not_one_of_them() {
        for (y, default) in [(1970, true), (1900, true), (1985, false)] {
            assert_eq!(
                is_default_date_of_birth(Date::new(y, 1, 1).expect("a date")),
                default
            );
        }
    }

    proptest! {
        #[test]
        fn every_date_is_read_back(y in 1800_i16..2100, m in 1_i8..=12, d in 1_i8..=31) {
            if let Ok(expected) = Date::new(y, m, d) {
                let text = format!("{d:02}.{m:02}.{y:04}");
                prop_assert_eq!(date(&text, "%d.%m.%Y"), Ok(expected));
            }
        }

        #[test]
        fn no_text_upsets_it(raw in "\\PC{0,12}", format in "\\PC{0,8}") {
            let _ = date(&raw, &format);
        }
    }
}
