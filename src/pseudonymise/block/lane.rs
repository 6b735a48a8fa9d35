//! Lanes: the values of a person of which a one-byte tag is made.
//!
//! A tag is one byte of the block's pseudo-random function at the value, and 0 where there is no
//! value. Equal values have equal tags; different ones share a tag once in 255 times, so that an
//! equality seen is never proof of one. Lanes that may meet across fields (a former surname, a
//! middle name used as the first) share a domain.
//!
//! A lane should be one on which strangers in a block seldom agree. An agreement of strangers says
//! little for a link and much to somebody who looks for a block by its pattern: so dates are lanes
//! of two parts and not of one, and there is none for an initial by itself in the usual groups.

use std::fmt;
use std::str::FromStr;

use super::sketch::{LANES, Orders};
use crate::pseudonymise::Identity;
use crate::pseudonymise::phonetic::soundex;

/// One lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// The forename, whole.
    Forename,
    /// Its first word.
    ForenameFirst,
    /// Its first letter.
    ForenameInitial,
    /// Its Soundex code.
    ForenameSoundex,
    /// A part of its sketch, 0 to 7.
    ForenameSketch(u8),
    /// The middle names, whole.
    MiddleNames,
    /// Their first letter.
    MiddleInitial,
    /// The surname, whole.
    Surname,
    /// The first word of the surname.
    SurnameFirst,
    /// The last word of the surname.
    SurnameLast,
    /// Its Soundex code.
    SurnameSoundex,
    /// A part of its sketch, 0 to 7.
    SurnameSketch(u8),
    /// The former surname.
    FormerSurname,
    /// The date of birth.
    DateOfBirth,
    /// The same with day and month in numerical order, so that swapped ones agree.
    DateUnordered,
    /// Day and month of birth, for when the year is wrong.
    DayMonth,
    /// Day and year of birth, for when the month is wrong.
    DayYear,
    /// Month and year of birth, for when the day is wrong.
    MonthYear,
    /// Sex.
    Sex,
    /// The postcode.
    Postcode,
    /// The postcode without its last two letters.
    PostcodeSector,
    /// The part before the space.
    PostcodeDistrict,
}

const WORDS: [(&str, Lane); 20] = [
    ("forename", Lane::Forename),
    ("forename.first", Lane::ForenameFirst),
    ("forename.initial", Lane::ForenameInitial),
    ("forename.soundex", Lane::ForenameSoundex),
    ("middle_names", Lane::MiddleNames),
    ("middle_names.initial", Lane::MiddleInitial),
    ("surname", Lane::Surname),
    ("surname.first", Lane::SurnameFirst),
    ("surname.last", Lane::SurnameLast),
    ("surname.soundex", Lane::SurnameSoundex),
    ("former_surname", Lane::FormerSurname),
    ("date_of_birth", Lane::DateOfBirth),
    ("date_of_birth.unordered", Lane::DateUnordered),
    ("date_of_birth.day_month", Lane::DayMonth),
    ("date_of_birth.day_year", Lane::DayYear),
    ("date_of_birth.month", Lane::MonthYear),
    ("sex", Lane::Sex),
    ("postcode", Lane::Postcode),
    ("postcode.sector", Lane::PostcodeSector),
    ("postcode.district", Lane::PostcodeDistrict),
];

/// A lane's value: borrowed text, or a few bytes made of it.
pub(super) enum Value<'a> {
    /// Text of the person.
    Text(&'a str),
    /// Up to eight bytes.
    Short([u8; 8], usize),
}

impl Value<'_> {
    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Value::Text(text) => text.as_bytes(),
            Value::Short(bytes, length) => bytes.get(..*length).unwrap_or_default(),
        }
    }

    fn short(value: &[u8]) -> Value<'static> {
        let mut bytes = [0; 8];
        for (slot, byte) in bytes.iter_mut().zip(value) {
            *slot = *byte;
        }
        Value::Short(bytes, value.len().min(8))
    }
}

/// The sketches of a person's two names, made once a record.
pub(super) struct Sketches {
    forename: Option<[[u8; 8]; LANES]>,
    surname: Option<[[u8; 8]; LANES]>,
}

impl Sketches {
    pub(super) fn of(who: &Identity<'_>, orders: &Orders) -> Self {
        Sketches {
            forename: who.forename.and_then(|n| orders.lanes(n)),
            surname: who.surname.and_then(|n| orders.lanes(n)),
        }
    }
}

impl Lane {
    /// Every lane, in order.
    pub fn all() -> impl Iterator<Item = Lane> {
        let sketches = (0_u8..8).flat_map(|i| [Lane::ForenameSketch(i), Lane::SurnameSketch(i)]);
        WORDS.iter().map(|(_, lane)| *lane).chain(sketches)
    }

    /// The domain of its values: lanes of one domain can be compared with each other.
    pub(super) fn domain(self) -> u8 {
        match self {
            Lane::Forename
            | Lane::ForenameFirst
            | Lane::MiddleNames
            | Lane::Surname
            | Lane::SurnameFirst
            | Lane::SurnameLast
            | Lane::FormerSurname => 1,
            Lane::ForenameInitial | Lane::MiddleInitial => 2,
            Lane::ForenameSoundex | Lane::SurnameSoundex => 3,
            Lane::DateOfBirth => 4,
            Lane::DateUnordered => 5,
            Lane::DayMonth => 6,
            Lane::DayYear => 7,
            Lane::MonthYear => 8,
            Lane::Sex => 9,
            Lane::Postcode => 10,
            Lane::PostcodeSector => 11,
            Lane::PostcodeDistrict => 12,
            Lane::ForenameSketch(index) | Lane::SurnameSketch(index) => 32 + index % 64,
        }
    }

    /// Its value for a person, or none.
    pub(super) fn value<'a>(self, who: &Identity<'a>, sketches: &Sketches) -> Option<Value<'a>> {
        let text = match self {
            Lane::Forename => who.forename,
            Lane::ForenameFirst => who.forename.and_then(|n| n.split(' ').next()),
            Lane::ForenameInitial => who.forename.and_then(|n| n.get(..1)),
            Lane::MiddleNames => who.middle_names,
            Lane::MiddleInitial => who.middle_names.and_then(|n| n.get(..1)),
            Lane::Surname => who.surname,
            Lane::SurnameFirst => who.surname.and_then(|n| n.split(' ').next()),
            Lane::SurnameLast => who.surname.and_then(|n| n.rsplit(' ').next()),
            Lane::FormerSurname => who.former_surname,
            Lane::Sex => who.sex,
            Lane::Postcode => who.postcode,
            Lane::PostcodeSector => who.postcode.and_then(sector),
            Lane::PostcodeDistrict => who.postcode.and_then(|p| p.split(' ').next()),
            _ => return self.made(who, sketches),
        };
        text.filter(|t| !t.is_empty()).map(Value::Text)
    }

    fn made(self, who: &Identity<'_>, sketches: &Sketches) -> Option<Value<'static>> {
        let lane = |lanes: &Option<[[u8; 8]; LANES]>, index: u8| {
            let bytes = lanes.as_ref()?.get(usize::from(index))?;
            Some(Value::short(bytes))
        };
        match self {
            Lane::ForenameSoundex => who.forename.and_then(soundex).map(|c| Value::short(&c)),
            Lane::SurnameSoundex => who.surname.and_then(soundex).map(|c| Value::short(&c)),
            Lane::ForenameSketch(index) => lane(&sketches.forename, index),
            Lane::SurnameSketch(index) => lane(&sketches.surname, index),
            Lane::DateOfBirth => who.date().map(|(y, m, d)| date(y, m, d)),
            Lane::DateUnordered => who.date().map(|(y, m, d)| date(y, m.min(d), m.max(d))),
            Lane::DayMonth => Some(date(0, who.month?, who.day?)),
            Lane::DayYear => Some(date(who.year?, 0, who.day?)),
            Lane::MonthYear => Some(date(who.year?, who.month?, 0)),
            _ => None,
        }
    }
}

fn sector(postcode: &str) -> Option<&str> {
    postcode.get(..postcode.len().checked_sub(2)?)
}

fn date(year: i16, month: u8, day: u8) -> Value<'static> {
    let [a, b] = year.to_le_bytes();
    Value::short(&[a, b, month, day])
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lane::ForenameSketch(index) => write!(f, "forename.sketch{index}"),
            Lane::SurnameSketch(index) => write!(f, "surname.sketch{index}"),
            _ => f.write_str(WORDS.iter().find(|(_, l)| l == self).map_or("", |(w, _)| w)),
        }
    }
}

impl FromStr for Lane {
    type Err = super::BlockError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || super::BlockError::UnknownLane {
            word: text.to_owned(),
        };
        let sketch = |rest: &str| {
            let index: u8 = rest.parse().map_err(|_| unknown())?;
            (usize::from(index) < LANES)
                .then_some(index)
                .ok_or_else(unknown)
        };
        if let Some(rest) = text.strip_prefix("forename.sketch") {
            return sketch(rest).map(Lane::ForenameSketch);
        }
        if let Some(rest) = text.strip_prefix("surname.sketch") {
            return sketch(rest).map(Lane::SurnameSketch);
        }
        let known = WORDS.iter().find(|(word, _)| *word == text);
        known.map(|(_, lane)| *lane).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for lane in Lane::all() {
            assert_eq!(lane.to_string().parse::<Lane>().expect("a lane"), lane);
        }
        assert!("forename.sketch8".parse::<Lane>().is_err());
        assert!("shoe size".parse::<Lane>().is_err());
    }

    #[test]
    fn the_sector_of_a_postcode() {
        assert_eq!(sector("SW1A 2AA"), Some("SW1A 2"));
        assert_eq!(sector("X"), None);
    }
}
