//! The kinds of comparison: what levels there are, and which lanes must agree for each.

use serde::{Deserialize, Serialize};

use super::word::{Word, agree, present};

/// How far two values agree: 1 is the most, 0 is unknown because one is missing.
pub type Level = u8;

/// The level of a missing value.
pub const MISSING: Level = 0;

/// Bands of the frequency of a name.
pub const FREQUENCY_BANDS: u8 = 4;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A forename.
    Forename,
    /// A surname, perhaps of several words.
    Surname,
    /// Forename, surname, former surname and middle name against each other.
    Names,
    /// A date.
    Date,
    /// Sex.
    Sex,
    /// A postcode, British or not.
    Postcode,
    /// Free text, compared by its pairs of letters.
    Text,
    /// Equal or not.
    Exact,
    /// A number of a system.
    Identifier,
    /// How frequent a name is that two records share: a band, told beside the comparison of the
    /// name and missing where the two names are not the same.
    Frequency,
}

const fn bit(lane: u8) -> u8 {
    1 << lane
}

/// Whether all of these lanes agree.
const fn all(agree: u8, lanes: u8) -> bool {
    agree & lanes == lanes
}

impl Kind {
    /// The labels of the levels, from 1 on, best first.
    pub fn labels(self) -> &'static [&'static str] {
        match self {
            Kind::Forename => &[
                "exact",
                "first word",
                "short form",
                "similar",
                "alike",
                "initial only",
                "same initial",
                "different",
            ],
            Kind::Surname => &["exact", "part", "similar", "alike", "different"],
            Kind::Names => &["swapped", "former surname", "middle name", "none of these"],
            Kind::Date => &[
                "exact",
                "day and month swapped",
                "one digit of the year",
                "two parts of three",
                "day and month",
                "year, a date by default",
                "year",
                "different",
            ],
            Kind::Sex | Kind::Exact => &["exact", "different"],
            Kind::Postcode => &["unit", "sector", "district", "area", "different"],
            Kind::Text => &["exact", "very similar", "similar", "alike", "different"],
            Kind::Identifier => &["exact", "two characters swapped", "half", "different"],
            Kind::Frequency => &["very rare", "rare", "common", "very common"],
        }
    }

    /// Levels that there are, the missing one included.
    pub fn levels(self) -> usize {
        self.labels().len() + 1
    }

    /// The level of two words.
    pub fn level(self, a: Word, b: Word) -> Level {
        match self {
            Kind::Forename => forename(a, b),
            Kind::Surname => surname(a, b),
            Kind::Names => names(a, b),
            Kind::Date => date(a, b),
            Kind::Sex | Kind::Exact => exact(a, b),
            Kind::Postcode => postcode(a, b),
            Kind::Text => text(a, b),
            Kind::Identifier => identifier(a, b),
            Kind::Frequency => frequency(a, b),
        }
    }
}

fn forename(a: Word, b: Word) -> Level {
    let there = present(a) & present(b);
    if there & bit(5) == 0 {
        return MISSING;
    }
    let agree = agree(a, b);
    if there & bit(4) == 0 {
        // One of them is an initial.
        return if agree & bit(5) != 0 { 6 } else { 8 };
    }
    let (soundex, prefix, suffix) = (agree & bit(4), agree & bit(6), agree & bit(7));
    if all(agree, bit(0) | bit(1)) {
        1
    } else if all(agree, bit(1) | bit(4)) {
        2
    } else if all(agree, bit(2) | bit(3)) {
        3
    } else if (soundex != 0 && prefix | suffix != 0) || (prefix != 0 && suffix != 0) {
        4
    } else if agree & bit(5) != 0 && soundex | prefix | suffix != 0 {
        5
    } else if agree & bit(5) != 0 {
        7
    } else {
        8
    }
}

fn surname(a: Word, b: Word) -> Level {
    let there = present(a) & present(b);
    if there & bit(0) == 0 {
        return MISSING;
    }
    let agree = agree(a, b);
    let (soundex, prefix, suffix) = (agree & bit(3), agree & bit(5), agree & bit(6));
    // The first word of one against the last of the other.
    let crossed = crossed_parts(a, b);
    if all(agree, bit(0) | bit(1)) {
        1
    } else if all(agree, bit(1) | bit(5)) || all(agree, bit(2) | bit(6)) || crossed {
        2
    } else if (soundex != 0 && prefix | suffix != 0) || (prefix != 0 && suffix != 0) {
        3
    } else if (soundex != 0 || prefix != 0) && agree & bit(4) != 0 {
        4
    } else {
        5
    }
}

/// Whether first and last word of two surnames stand crosswise.
pub(super) fn crossed_parts(a: Word, b: Word) -> bool {
    crosses(a, b, 1, 2) && crosses(a, b, 2, 1)
}

/// Whether a lane of one word agrees with another lane of the other.
fn crosses(a: Word, b: Word, lane: u8, other: u8) -> bool {
    let byte = |word: Word, lane: u8| word >> (8 * lane) & 0xff;
    let own = byte(a, lane);
    own != 0 && own == byte(b, other)
}

/// Lanes: 0 and 1 forename, 2 and 3 surname, 4 and 5 former surname, 6 and 7 middle name.
fn names(a: Word, b: Word) -> Level {
    let there = present(a) & present(b);
    if there & (bit(0) | bit(2)) == 0 {
        return MISSING;
    }
    let meet = |from: u8, to: u8| crosses(a, b, from, to) && crosses(a, b, from + 1, to + 1);
    let same = |lane: u8| meet(lane, lane);
    if meet(0, 2) && meet(2, 0) && !same(0) {
        1
    } else if !same(2) && (meet(2, 4) || meet(4, 2)) {
        2
    } else if !same(0) && (meet(0, 6) || meet(6, 0)) {
        3
    } else {
        4
    }
}

fn date(a: Word, b: Word) -> Level {
    let there = present(a) & present(b);
    if there & bit(7) == 0 {
        return MISSING;
    }
    let agree = agree(a, b);
    let year = agree & bit(7) != 0;
    if there & bit(1) == 0 {
        return if year { 6 } else { 8 };
    }
    if year && all(agree, bit(1) | bit(2) | bit(3)) {
        1
    } else if year && all(agree, bit(0) | bit(4)) {
        2
    } else if !year && all(agree, bit(1)) && agree & (bit(5) | bit(6)) != 0 {
        3
    } else if year && agree & (bit(2) | bit(3)) != 0 {
        4
    } else if agree & bit(1) != 0 {
        5
    } else if year {
        7
    } else {
        8
    }
}

fn exact(a: Word, b: Word) -> Level {
    match present(a) & present(b) & bit(0) {
        0 => MISSING,
        _ if all(agree(a, b), bit(0) | bit(1)) => 1,
        _ => 2,
    }
}

fn postcode(a: Word, b: Word) -> Level {
    if present(a) & present(b) & bit(0) == 0 {
        return MISSING;
    }
    let agree = agree(a, b);
    if all(agree, bit(0) | bit(4)) {
        1
    } else if all(agree, bit(1) | bit(5)) {
        2
    } else if all(agree, bit(2) | bit(3)) {
        3
    } else if agree & bit(3) != 0 {
        4
    } else {
        5
    }
}

fn text(a: Word, b: Word) -> Level {
    if present(a) & present(b) & bit(0) == 0 {
        return MISSING;
    }
    let agree = agree(a, b);
    let minima = (agree & 0b1111_1100).count_ones();
    match minima {
        _ if agree & bit(0) != 0 && (minima > 3 || agree & bit(1) != 0) => 1,
        4.. => 2,
        2 | 3 => 3,
        1 => 4,
        _ => 5,
    }
}

fn identifier(a: Word, b: Word) -> Level {
    if present(a) & present(b) & bit(0) == 0 {
        return MISSING;
    }
    let agree = agree(a, b);
    if all(agree, bit(0) | bit(1)) {
        1
    } else if all(agree, bit(6) | bit(7)) {
        2
    } else if all(agree, bit(2) | bit(3)) || all(agree, bit(4) | bit(5)) {
        3
    } else {
        4
    }
}

/// Words of this kind are bands and no tags: the more frequent band of the two counts.
fn frequency(a: Word, b: Word) -> Level {
    let band = |word: Word| Level::try_from(word).unwrap_or(MISSING);
    match (band(a), band(b)) {
        (MISSING, _) | (_, MISSING) => MISSING,
        (a, b) => a.max(b).min(FREQUENCY_BANDS),
    }
}
