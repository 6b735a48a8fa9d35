//! A record of a person: what a file knows of it, and what went wrong when it was written.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::super::calendar::{Day, REFERENCE, date, day, iso, year};
use super::super::dice::Dice;
use super::super::noise::typo;
use super::parameters::Errors;
use super::person::{Home, Person, World};
use super::rows::Side;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// What is different about a record.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Kind { $($(#[$doc])* $name),* }

        impl Kind {
            /// Its name.
            pub(super) fn name(self) -> &'static str {
                match self { $(Kind::$name => $text),* }
            }
        }
    };
}

kinds! {
    /// Another surname than the other file knows.
    SurnameChanged = "surname_changed",
    /// The other surname beside the first.
    SurnameJoined = "surname_joined",
    MovedNear = "moved_near",
    MovedFar = "moved_far",
    TypoForename = "typo_forename",
    TypoSurname = "typo_surname",
    Nickname = "nickname",
    Initial = "initial",
    Swap = "swap",
    HalfSurname = "half_surname",
    ForenameMissing = "forename_missing",
    SurnameMissing = "surname_missing",
    MiddleMissing = "middle_missing",
    MiddleInitial = "middle_initial",
    DateSwapped = "date_swapped",
    DateDigit = "date_digit",
    DateJanuary = "date_january",
    DateDefault = "date_default",
    DateMissing = "date_missing",
    SexWrong = "sex_wrong",
    SexMissing = "sex_missing",
    PostcodeTypo = "postcode_typo",
    PostcodeMissing = "postcode_missing",
}

/// How many records have each.
pub(super) type Tally = BTreeMap<Kind, u64>;

/// A record: empty text is a missing value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub forename: String,
    pub middle: String,
    pub surname: String,
    pub birth: String,
    pub sex: &'static str,
    pub postcode: String,
}

/// The pen with which a record is written: its file, its random numbers, and what went wrong.
struct Pen<'a> {
    errors: &'a Errors,
    side: Side,
    dice: &'a mut Dice,
    tally: &'a mut Tally,
}

impl Pen<'_> {
    /// Draws an error of the file's share, and notes it.
    fn slips(&mut self, shares: [f64; 2], kind: Kind) -> bool {
        let slips = self.dice.chance(self.side.of(shares));
        if slips {
            self.note(kind);
        }
        slips
    }

    fn note(&mut self, kind: Kind) {
        *self.tally.entry(kind).or_default() += 1;
    }

    /// A typing error, of the file's share.
    fn types(&mut self, text: &mut String, shares: [f64; 2], kind: Kind) {
        if self.dice.chance(self.side.of(shares))
            && let Some(wrong) = mistyped(self.dice, text)
        {
            *text = wrong;
            self.note(kind);
        }
    }
}

/// Text with a typing error, unless it is too short for one.
fn mistyped(dice: &mut Dice, text: &str) -> Option<String> {
    // A letter may be replaced by itself, or swapped with its like.
    (0..8).map(|_| typo(dice, text)).find(|wrong| wrong != text)
}

/// Writes down a person. `again` is a second record in the right file, which knows one surname and
/// one home or the other.
pub(super) fn record(
    world: &World,
    person: &Person,
    (side, again): (Side, bool),
    dice: &mut Dice,
    tally: &mut Tally,
) -> Record {
    let mut pen = Pen {
        errors: &world.p.errors,
        side,
        dice,
        tally,
    };
    let (surname, home) = known(&mut pen, person, again);
    let (forename, surname) = names(&mut pen, world, person, surname);
    Record {
        forename,
        surname,
        middle: middle(&mut pen, &person.middle),
        birth: birth(&mut pen, person.birth),
        sex: sex(&mut pen, person),
        postcode: postcode(&mut pen, world.postcode(home)),
    }
}

/// Surname and home as the file knows them.
fn known<'p>(pen: &mut Pen<'_>, person: &'p Person, again: bool) -> (&'p str, Home) {
    let mut knows = || pen.side == Side::Right && (!again || pen.dice.chance(0.5));
    let surname = person.other_surname.as_deref().filter(|_| knows());
    let home = person.other_home.filter(|_| knows());
    if let Some(other) = surname {
        let rest = other.strip_prefix(person.surname.as_str());
        let joined = rest.is_some_and(|rest| rest.starts_with('-'));
        pen.note(if joined {
            Kind::SurnameJoined
        } else {
            Kind::SurnameChanged
        });
    }
    if let Some(home) = home {
        let near = home.area == person.home.area;
        pen.note(if near {
            Kind::MovedNear
        } else {
            Kind::MovedFar
        });
    }
    (
        surname.unwrap_or(&person.surname),
        home.unwrap_or(person.home),
    )
}

fn names(pen: &mut Pen<'_>, world: &World, person: &Person, surname: &str) -> (String, String) {
    let e = pen.errors;
    let mut forename = person.forename.clone();
    let mut surname = surname.to_owned();
    if let Some(short) = world.names.short(&forename)
        && pen.slips(**e.nickname, Kind::Nickname)
    {
        short.clone_into(&mut forename);
    }
    if pen.slips(**e.initial, Kind::Initial) {
        forename = initials(&forename);
    } else {
        pen.types(&mut forename, **e.typo_forename, Kind::TypoForename);
    }
    if surname.contains('-') && pen.slips(**e.half_surname, Kind::HalfSurname) {
        let first = pen.dice.chance(0.5);
        if let Some((a, b)) = surname.clone().split_once('-') {
            surname = if first { a } else { b }.to_owned();
        }
    }
    pen.types(&mut surname, **e.typo_surname, Kind::TypoSurname);
    if pen.slips(**e.swap, Kind::Swap) {
        std::mem::swap(&mut forename, &mut surname);
    }
    if pen.slips(**e.forename_missing, Kind::ForenameMissing) {
        forename.clear();
    }
    if pen.slips(**e.surname_missing, Kind::SurnameMissing) {
        surname.clear();
    }
    (forename, surname)
}

/// The first letter of every word, with a space between them.
fn initials(names: &str) -> String {
    let letters = names.split(' ').filter_map(|name| name.chars().next());
    let letters: Vec<String> = letters.map(String::from).collect();
    letters.join(" ")
}

fn middle(pen: &mut Pen<'_>, names: &str) -> String {
    let e = pen.errors;
    if names.is_empty() || pen.slips(**e.middle_missing, Kind::MiddleMissing) {
        return String::new();
    }
    if pen.slips(**e.middle_initial, Kind::MiddleInitial) {
        return initials(names);
    }
    names.to_owned()
}

/// The date of birth as text. A date has one error at most.
fn birth(pen: &mut Pen<'_>, birth: Day) -> String {
    let e = pen.errors;
    let right = || iso(birth).to_owned();
    if pen.slips(**e.date_missing, Kind::DateMissing) {
        return String::new();
    }
    if pen.slips(**e.date_default, Kind::DateDefault) {
        let older = pen.dice.chance(0.33);
        return if older { "1900-01-01" } else { "1970-01-01" }.to_owned();
    }
    if pen.slips(**e.date_january, Kind::DateJanuary) {
        return format!("{:04}-01-01", year(birth));
    }
    if pen.slips(**e.date_digit, Kind::DateDigit) {
        return one_digit_off(pen.dice, birth).map_or_else(right, |d| iso(d).to_owned());
    }
    let d = date(birth);
    if d.day() <= 12
        && d.day() != d.month()
        && pen.slips(**e.date_swapped, Kind::DateSwapped)
        && let Ok(swapped) = Date::new(d.year(), d.day(), d.month())
    {
        return iso(day(swapped)).to_owned();
    }
    right()
}

/// A date that differs in one digit: of the day, of the month, or of the last two of the year.
fn one_digit_off(dice: &mut Dice, birth: Day) -> Option<Day> {
    for _ in 0..100 {
        let mut digits: Vec<u8> = iso(birth).bytes().collect();
        let place = dice.pick(&[2, 3, 6, 8, 9]).copied()?;
        let digit = u8::try_from(dice.between(0, 9)).unwrap_or(0) + b'0';
        let slot = digits.get_mut(place)?;
        if *slot == digit {
            continue;
        }
        *slot = digit;
        let text = String::from_utf8(digits).ok()?;
        let wrong = text.parse::<Date>().map(day);
        // Nobody is written down who is born after the day of the file.
        if let Ok(wrong) = wrong
            && wrong <= REFERENCE
        {
            return Some(wrong);
        }
    }
    None
}

fn sex(pen: &mut Pen<'_>, person: &Person) -> &'static str {
    let e = pen.errors;
    if pen.slips(**e.sex_missing, Kind::SexMissing) {
        return "";
    }
    if pen.slips(**e.sex_wrong, Kind::SexWrong) {
        return person.sex.other().letter();
    }
    person.sex.letter()
}

fn postcode(pen: &mut Pen<'_>, right: String) -> String {
    let e = pen.errors;
    if pen.slips(**e.postcode_missing, Kind::PostcodeMissing) {
        return String::new();
    }
    if pen.slips(**e.postcode_typo, Kind::PostcodeTypo) {
        return one_character_off(pen.dice, &right);
    }
    right
}

/// A postcode with another digit or letter at one place.
fn one_character_off(dice: &mut Dice, right: &str) -> String {
    let mut bytes: Vec<u8> = right.bytes().collect();
    let places: Vec<usize> = (0..bytes.len())
        .filter(|i| bytes.get(*i) != Some(&b' '))
        .collect();
    let Some(slot) = dice.pick(&places).and_then(|at| bytes.get_mut(*at)) else {
        return right.to_owned();
    };
    let step = u8::try_from(dice.between(1, 9)).unwrap_or(1);
    *slot = match *slot {
        digit @ b'0'..=b'9' => (digit - b'0' + step) % 10 + b'0',
        letter => (letter.wrapping_sub(b'A') + step) % 26 + b'A',
    };
    String::from_utf8(bytes).unwrap_or_else(|_| right.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::dice::key;

    #[test]
    fn one_digit_is_one_digit() {
        let mut dice = Dice::new(&key(1), 1);
        for birth in [0, 7_000, 11_016, -4_000] {
            for _ in 0..50 {
                let wrong = one_digit_off(&mut dice, birth).expect("a date");
                let digits = iso(birth).bytes().zip(iso(wrong).bytes());
                assert_eq!(digits.filter(|(a, b)| a != b).count(), 1, "{birth} {wrong}");
            }
        }
    }

    #[test]
    fn one_character_is_one_character() {
        let mut dice = Dice::new(&key(1), 1);
        for _ in 0..200 {
            let wrong = one_character_off(&mut dice, "LS91 4ZD");
            let pairs = wrong.chars().zip("LS91 4ZD".chars());
            assert_eq!(pairs.filter(|(a, b)| a != b).count(), 1, "{wrong}");
            let letter = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ';
            assert!(wrong.len() == 8 && wrong.chars().all(letter), "{wrong}");
        }
        assert_eq!(initials("Ann-Marie Zoë"), "A Z");
    }
}
