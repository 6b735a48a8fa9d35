//! The owner's side of a comparison: the lanes of a value in the clear.

use super::nickname::class;
use crate::comparison::{Kind, LANES};
use crate::pseudonymise::phonetic::soundex;

/// Orders of pairs of letters of which a text's minima are taken.
const ORDERS: usize = 6;

/// One lane of a value: its domain (values of two lanes can meet if their domains are one) and its
/// bytes, which are clear.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Lane {
    /// Which lanes it can be compared with.
    pub domain: u8,
    bytes: [u8; 46],
    length: u8,
}

impl Lane {
    fn new(domain: u8, value: &[u8]) -> Self {
        let mut bytes = [0; 46];
        for (slot, byte) in bytes.iter_mut().zip(value) {
            *slot = *byte;
        }
        Lane {
            domain,
            bytes,
            length: u8::try_from(value.len().min(46)).unwrap_or(46),
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }
}

type Lanes = [Option<Lane>; LANES];

/// The lanes of a standardised value under a kind of comparison.
pub(super) fn lanes(kind: Kind, value: &str) -> Lanes {
    if value.is_empty() {
        return Lanes::default();
    }
    match kind {
        Kind::Forename => forename(value),
        Kind::Surname => surname(value),
        Kind::Date => date(value),
        Kind::Postcode => postcode(value),
        Kind::Text => text(value),
        Kind::Identifier => identifier(value),
        Kind::Exact | Kind::Sex => exact(value),
        Kind::Names | Kind::Frequency => Lanes::default(),
    }
}

/// The two lanes of a name in [`Kind::Names`], where names of different fields can meet.
pub(super) fn name_lanes(name: &str) -> [Option<Lane>; 2] {
    match name.is_empty() {
        true => [None, None],
        false => [
            Some(Lane::new(1, name.as_bytes())),
            Some(Lane::new(2, name.as_bytes())),
        ],
    }
}

fn some(domain: u8, value: &str) -> Option<Lane> {
    (!value.is_empty()).then(|| Lane::new(domain, value.as_bytes()))
}

/// The first `n` characters of a name that has more than that, or all of a shorter one.
fn head(name: &str, n: usize) -> &str {
    name.char_indices()
        .nth(n)
        .map_or(name, |(end, _)| name.get(..end).unwrap_or(name))
}

/// The last `n` characters.
fn tail(name: &str, n: usize) -> &str {
    let count = name.chars().count();
    let from = name.char_indices().nth(count.saturating_sub(n));
    from.map_or(name, |(at, _)| name.get(at..).unwrap_or(name))
}

fn code(domain: u8, name: &str) -> Option<Lane> {
    soundex(name).map(|code| Lane::new(domain, &code))
}

/// 0 whole, 1 first word, 2 and 3 class of short forms, 4 Soundex, 5 initial, 6 first three
/// letters, 7 last three. A name of one letter is an initial and nothing else.
fn forename(name: &str) -> Lanes {
    let first = name.split(' ').next().unwrap_or(name);
    let initial = some(15, head(first, 1));
    if first.chars().count() < 2 {
        return [None, None, None, None, None, initial, None, None];
    }
    [
        some(10, name),
        some(11, first),
        some(12, class(first)),
        some(13, class(first)),
        code(14, first),
        initial,
        some(16, head(first, 3)),
        some(17, tail(first, 3)),
    ]
}

/// 0 whole, 1 first word, 2 last word, 3 Soundex, 4 initial, 5 first four letters, 6 last three, 7
/// Soundex of the last word.
fn surname(name: &str) -> Lanes {
    let last = name.rsplit(' ').next().unwrap_or(name);
    [
        some(20, name),
        some(21, name.split(' ').next().unwrap_or(name)),
        some(21, last),
        code(14, name),
        some(24, head(name, 1)),
        some(25, head(name, 4)),
        some(26, tail(name, 3)),
        code(27, last),
    ]
}

/// 0 and 4 whole with day and month in numerical order, 1 day and month, 2 day and year, 3 month and
/// year, 5 day, month and decade, 6 day, month and last digit of the year, 7 year. The whole date is
/// 1 and 7 together. Of the first of January, and of a date of which a part is missing, the year alone: systems write
/// that day where they know no better. The value is `YYYY-MM-DD` with `?` for what is missing.
fn date(value: &str) -> Lanes {
    let part = |from: usize, to: usize| {
        let text = value.get(from..to).unwrap_or_default();
        if text.contains('?') { "" } else { text }
    };
    let (y, m, d) = (part(0, 4), part(5, 7), part(8, 10));
    let year = some(37, y);
    if y.is_empty() || m.is_empty() || d.is_empty() || (m, d) == ("01", "01") {
        return [None, None, None, None, None, None, None, year];
    }
    let ordered = if m <= d { [m, d] } else { [d, m] };
    let lane = |domain: u8, parts: &[&str]| some(domain, &parts.concat());
    [
        lane(30, &[y, ordered[0], ordered[1]]),
        lane(31, &[m, d]),
        lane(32, &[y, d]),
        lane(33, &[y, m]),
        lane(34, &[y, ordered[0], ordered[1]]),
        lane(35, &[m, d, part(0, 3)]),
        lane(36, &[m, d, part(3, 4)]),
        year,
    ]
}

/// 0 and 4 unit, 1 and 5 sector, 2 district, 3 area. Of a postcode that is not British: the whole,
/// without its last character, its first two, its first.
fn postcode(value: &str) -> Lanes {
    let (sector, district, area) = match value.split_once(' ') {
        Some((outward, inward)) => {
            let letters = outward.bytes().take_while(u8::is_ascii_alphabetic).count();
            let sector = value.len() - inward.len() + inward.len().min(1);
            (
                value.get(..sector).unwrap_or(value),
                outward,
                outward.get(..letters).unwrap_or(outward),
            )
        }
        None => {
            let count = value.chars().count();
            (
                head(value, count.saturating_sub(1).max(1)),
                head(value, 2),
                head(value, 1),
            )
        }
    };
    [
        some(40, value),
        some(41, sector),
        some(42, district),
        some(43, area),
        some(44, value),
        some(45, sector),
        None,
        None,
    ]
}

/// 0 whole, 1 first word, 2 to 7 minima of its pairs of letters under six orders (Broder, "On the
/// resemblance and containment of documents", 1997): two texts share about as many of them as they
/// share pairs.
fn text(value: &str) -> Lanes {
    let mut out = Lanes::default();
    let bytes = value.as_bytes();
    let mut minima = [(u64::MAX, [0_u8; 2]); ORDERS];
    for pair in bytes.windows(2).filter_map(<[u8]>::first_chunk::<2>) {
        for (order, least) in (1_u64..).zip(&mut minima) {
            let place = scatter(order << 16 | u64::from(u16::from_le_bytes(*pair)));
            *least = (*least).min((place, *pair));
        }
    }
    let found = minima.iter().filter(|m| m.0 != u64::MAX);
    for (slot, (lane, (_, pair))) in out.iter_mut().skip(2).zip((2_u8..).zip(found)) {
        *slot = Some(Lane::new(50 + lane, pair));
    }
    out[0] = some(50, value);
    out[1] = some(51, value.split(' ').next().unwrap_or(value));
    out
}

/// A number's place in a pseudo-random order (the finaliser of SplitMix64). It is public: what it
/// orders is encoded afterwards.
fn scatter(value: u64) -> u64 {
    let mut z = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// 0 and 1 whole, 2 and 3 first half, 4 and 5 second half, 6 and 7 the characters in order, so
/// that two that changed places agree.
fn identifier(value: &str) -> Lanes {
    let half = value.chars().count() / 2;
    let first = head(value, half);
    let second = value.get(first.len()..).unwrap_or_default();
    let mut sorted: Vec<char> = value.chars().collect();
    sorted.sort_unstable();
    let sorted: String = sorted.into_iter().collect();
    [
        some(60, value),
        some(61, value),
        some(62, first),
        some(63, first),
        some(64, second),
        some(65, second),
        some(66, &sorted),
        some(67, &sorted),
    ]
}

/// 0 and 1 whole.
fn exact(value: &str) -> Lanes {
    let mut out = Lanes::default();
    out[0] = some(70, value);
    out[1] = some(71, value);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: Kind, value: &str) -> Vec<String> {
        let text = |lane: &Option<Lane>| match lane {
            Some(lane) => String::from_utf8_lossy(lane.bytes()).into_owned(),
            None => "-".to_owned(),
        };
        lanes(kind, value).iter().map(text).collect()
    }

    #[test]
    fn lanes_of_names() {
        assert_eq!(
            shown(Kind::Forename, "BILL JAMES"),
            [
                "BILL JAMES",
                "BILL",
                "WILLIAM",
                "WILLIAM",
                "B400",
                "B",
                "BIL",
                "ILL"
            ]
        );
        assert_eq!(
            shown(Kind::Forename, "J"),
            ["-", "-", "-", "-", "-", "J", "-", "-"]
        );
        assert_eq!(
            shown(Kind::Surname, "SMITH JONES"),
            [
                "SMITH JONES",
                "SMITH",
                "JONES",
                "S532",
                "S",
                "SMIT",
                "NES",
                "J520"
            ]
        );
    }

    #[test]
    fn lanes_of_dates_and_places() {
        assert_eq!(
            shown(Kind::Date, "1985-11-03"),
            [
                "19850311", "1103", "198503", "198511", "19850311", "1103198", "11035", "1985"
            ]
        );
        let only_year = ["-", "-", "-", "-", "-", "-", "-", "1985"];
        assert_eq!(shown(Kind::Date, "1985-01-01"), only_year);
        assert_eq!(shown(Kind::Date, "1985-??-03"), only_year);
        assert_eq!(
            shown(Kind::Postcode, "SW1A 2AA"),
            [
                "SW1A 2AA", "SW1A 2", "SW1A", "SW", "SW1A 2AA", "SW1A 2", "-", "-"
            ]
        );
        assert_eq!(
            shown(Kind::Postcode, "4223")[..4],
            ["4223", "422", "42", "4"].map(str::to_owned)
        );
    }

    #[test]
    fn a_misspelt_text_keeps_most_of_its_minima() {
        let a = lanes(Kind::Text, "8 STANLEY STREET");
        let b = lanes(Kind::Text, "8 STANLET STREET");
        let c = lanes(Kind::Text, "12 PINKERTON CIRCUIT");
        let shared = |x: &Lanes, y: &Lanes| {
            let pairs = x.iter().zip(y).skip(2);
            pairs.filter(|(v, w)| v.is_some() && v == w).count()
        };
        assert!(shared(&a, &b) >= 3 && shared(&a, &c) <= 2);
    }
}
