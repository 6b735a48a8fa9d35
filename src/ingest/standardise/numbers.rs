//! System numbers: prison, police, criminal record, probation and pupil numbers, with their check
//! letters where they have any. None where the shape or the check letter is wrong: a wrong number
//! links the wrong person, and no number links nobody.

/// Check letters of PNC and CRO numbers: the remainder by 23 of year and serial, `Z` for nought.
const POLICE: &[u8; 23] = b"ZABCDEFGHJKLMNPQRTUVWXY";
/// Check letters of unique pupil numbers (Department for Education), `A` for nought.
const PUPIL: &[u8; 23] = b"ABCDEFGHJKLMNPQRTUVWXYZ";

/// Upper-case, without blanks.
fn compact(raw: &str) -> String {
    raw.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

fn number(digits: &str) -> Option<u64> {
    (!digits.is_empty() && digits.len() <= 12 && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

fn check(letters: &[u8; 23], value: u64) -> Option<char> {
    let remainder = usize::try_from(value % 23).ok()?;
    letters.get(remainder).map(|b| char::from(*b))
}

/// Splits the check letter off the end.
fn split_letter(text: &str) -> Option<(&str, char)> {
    let letter = text.chars().next_back().filter(char::is_ascii_uppercase)?;
    Some((text.strip_suffix(letter)?, letter))
}

/// A prison number, `A1234BC`: a letter, four digits, two letters. It has no check letter.
pub fn noms(raw: &str) -> Option<String> {
    let text = compact(raw);
    let fits = match text.as_bytes() {
        [a, digits @ .., b, c] if digits.len() == 4 => {
            [a, b, c].iter().all(|l| l.is_ascii_uppercase())
                && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    fits.then_some(text)
}

/// A Police National Computer number in its long form, `2012/0394773H`: the year, seven digits,
/// and the check letter of the two-digit year followed by the seven digits.
///
/// The short form (`12/394773H`), leading zeros left out and the slash left out are read as well;
/// a two-digit year up to `today_yy` is of this century, any other of the last.
pub fn pnc(raw: &str, today_yy: u8) -> Option<String> {
    let text = compact(raw);
    let (body, letter) = split_letter(&text)?;
    let (year, serial) = match body.split_once('/') {
        Some(parts) => parts,
        None if body.len() == 11 => body.split_at_checked(4)?,
        None => body.split_at_checked(2)?,
    };
    if serial.len() > 7 {
        return None;
    }
    let serial = number(serial)?;
    let long = match year.len() {
        4 => number(year)?,
        2 => {
            let short = number(year)?;
            short
                + if short <= u64::from(today_yy) {
                    2000
                } else {
                    1900
                }
        }
        _ => return None,
    };
    if !(1900..2100).contains(&long) {
        return None;
    }
    (check(POLICE, (long % 100) * 10_000_000 + serial) == Some(letter))
        .then(|| format!("{long:04}/{serial:07}{letter}"))
}

/// A Criminal Records Office number: `265416/21G` (six digits, year, check letter of the year
/// followed by the six digits), or `SF05/482703J` (no file held; check letter of the year followed
/// by the digits as they are written). `000000/00Z`, which stands for none, is none.
pub fn cro(raw: &str) -> Option<String> {
    let text = compact(raw);
    let (body, letter) = split_letter(&text)?;
    let (first, second) = body.split_once('/')?;
    if let Some(year) = first.strip_prefix("SF") {
        if year.len() != 2 || second.len() > 6 {
            return None;
        }
        let serial = number(second)?;
        let joined = number(year)? * 10_u64.pow(u32::try_from(second.len()).ok()?) + serial;
        return (check(POLICE, joined) == Some(letter))
            .then(|| format!("SF{year}/{serial}{letter}"));
    }
    if second.len() != 2 || first.len() > 6 {
        return None;
    }
    let (serial, year) = (number(first)?, number(second)?);
    let fits = check(POLICE, year * 1_000_000 + serial) == Some(letter);
    (fits && serial != 0).then(|| format!("{serial:06}/{year:02}{letter}"))
}

/// A case reference number of probation, `X123456`: a letter and six digits.
pub fn crn(raw: &str) -> Option<String> {
    let text = compact(raw);
    let fits = match text.as_bytes() {
        [letter, digits @ ..] => {
            letter.is_ascii_uppercase()
                && digits.len() == 6
                && digits.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    fits.then_some(text)
}

/// A unique pupil number of 13 characters: the check letter, then twelve digits of which the last
/// is a letter in a temporary number.
///
/// The check letter is that of the sum of the digits, each times its position from 2 to 13, by 23;
/// the letter that ends a temporary number counts as its place in the same list.
pub fn upn(raw: &str) -> Option<String> {
    let text = compact(raw);
    let (&letter, rest) = text.as_bytes().split_first()?;
    if rest.len() != 12 {
        return None;
    }
    let mut sum = 0_u64;
    for (position, byte) in (2_u64..).zip(rest) {
        let value = match byte {
            b'0'..=b'9' => u64::from(byte - b'0'),
            _ if position == 13 => PUPIL.iter().position(|l| l == byte)? as u64,
            _ => return None,
        };
        sum += value * position;
    }
    (check(PUPIL, sum) == Some(char::from(letter))).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prison_and_probation_numbers_have_a_shape() {
        assert_eq!(noms("a1234bc").as_deref(), Some("A1234BC"));
        assert_eq!(crn(" x123456").as_deref(), Some("X123456"));
        for raw in ["", "A123BC", "A12345BC", "11234BC", "A1234B1", "A1234É"] {
            assert_eq!(noms(raw), None, "{raw}");
        }
        for raw in ["", "X12345", "X1234567", "1234567", "XX12345"] {
            assert_eq!(crn(raw), None, "{raw}");
        }
    }

    #[test]
    fn police_numbers_meet_in_the_long_form() {
        for raw in [
            "2003/0062845E",
            "03/62845E",
            "03/0062845e",
            "20030062845E",
            "03 62845 E",
        ] {
            assert_eq!(pnc(raw, 25).as_deref(), Some("2003/0062845E"), "{raw}");
        }
        // The year is of the last century where it would else lie in the future.
        assert_eq!(pnc("03/62845E", 2).as_deref(), Some("1903/0062845E"));
        for raw in [
            "",
            "E",
            "2003/0062845F",
            "2003/E",
            "3/62845E",
            "2003/00628451E",
            "203/62845E",
        ] {
            assert_eq!(pnc(raw, 25), None, "{raw}");
        }
    }

    #[test]
    fn criminal_record_numbers() {
        assert_eq!(cro("265416/21G").as_deref(), Some("265416/21G"));
        assert_eq!(cro("sf05/482703j").as_deref(), Some("SF05/482703J"));
        assert_eq!(cro("SF83/50058Z").as_deref(), Some("SF83/50058Z"));
        for raw in [
            "",
            "000000/00Z",
            "265416/21H",
            "SF05/482703K",
            "265416G",
            "SF5/482703J",
        ] {
            assert_eq!(cro(raw), None, "{raw}");
        }
    }

    fn with_check(rest: &str) -> String {
        let found: Vec<String> = PUPIL
            .iter()
            .map(|l| format!("{}{rest}", char::from(*l)))
            .filter(|candidate| upn(candidate).is_some())
            .collect();
        assert_eq!(found.len(), 1, "exactly one letter fits");
        found[0].clone()
    }

    proptest! {
        #[test]
        fn exactly_one_check_letter_fits_a_pupil_number(rest in "[0-9]{11}[0-9A-HJ-NP-RT-Z]") {
            with_check(&rest);
        }

        #[test]
        fn a_changed_digit_of_a_pupil_number_is_noticed(rest in "[0-9]{12}", at in 0_usize..12, by in 1_u8..10) {
            // Every position is a multiplier between 2 and 13 and so has no factor in common
            // with 23: no change of one digit leaves the sum as it was.
            let good = with_check(&rest);
            let mut bytes = good.into_bytes();
            bytes[at + 1] = b'0' + (bytes[at + 1] - b'0' + by) % 10;
            prop_assert_eq!(upn(std::str::from_utf8(&bytes).expect("digits")), None);
        }

        #[test]
        fn exactly_one_check_letter_fits_a_police_number(year in 1950_u32..2025, serial in 0_u32..10_000_000) {
            let fitting: Vec<String> = POLICE
                .iter()
                .filter_map(|l| pnc(&format!("{year}/{serial:07}{}", char::from(*l)), 25))
                .collect();
            prop_assert_eq!(fitting.len(), 1);
            prop_assert_eq!(pnc(&fitting[0], 25), Some(fitting[0].clone()));
            // The short form of a year within the last hundred comes to the same.
            if year > 1925 {
                prop_assert_eq!(pnc(&fitting[0][2..], 25), Some(fitting[0].clone()));
            }
        }

        #[test]
        fn exactly_one_check_letter_fits_a_criminal_record_number(year in 0_u32..100, serial in 1_u32..1_000_000) {
            let fitting: Vec<String> = POLICE
                .iter()
                .filter_map(|l| cro(&format!("{serial}/{year:02}{}", char::from(*l))))
                .collect();
            prop_assert_eq!(fitting.len(), 1);
            prop_assert_eq!(cro(&fitting[0]), Some(fitting[0].clone()));
        }

        #[test]
        fn no_text_upsets_them(raw in "\\PC{0,16}") {
            let _ = (noms(&raw), pnc(&raw, 25), cro(&raw), crn(&raw), upn(&raw));
        }
    }
}
