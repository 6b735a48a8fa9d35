//! What of a person a recipe or a blocking rule takes.

use std::fmt;
use std::hash::BuildHasher;
use std::str::FromStr;

use super::key::push_field;
use super::phonetic::soundex;
use super::recipe::RecipeError;
use super::values::Values;

/// One name of one person, standardised (see `ingest::standardise`): names are upper-case letters
/// with single spaces, a postcode is `AB1 2CD`.
///
/// It holds clear values, so it has neither `Debug` nor `Display`, and cannot slip into a message:
///
/// ```compile_fail
/// println!("{:?}", kinlink::pseudonymise::Identity::default());
/// ```
#[derive(Clone, Copy, Default)]
pub struct Identity<'a> {
    /// First forename, or all that a source gives in one field.
    pub forename: Option<&'a str>,
    /// Middle names.
    pub middle_names: Option<&'a str>,
    /// Surname.
    pub surname: Option<&'a str>,
    /// Surname at birth or before marriage.
    pub former_surname: Option<&'a str>,
    /// Year, month, day; a part may be missing.
    pub year: Option<i16>,
    /// Month of birth, 1 to 12.
    pub month: Option<u8>,
    /// Day of birth, 1 to 31.
    pub day: Option<u8>,
    /// `M` or `F`.
    pub sex: Option<&'a str>,
    /// Postcode.
    pub postcode: Option<&'a str>,
    /// Prison number.
    pub noms: Option<&'a str>,
    /// Police National Computer number.
    pub pnc: Option<&'a str>,
    /// Criminal Records Office number.
    pub cro: Option<&'a str>,
    /// Case reference number of probation.
    pub crn: Option<&'a str>,
    /// Unique pupil number.
    pub upn: Option<&'a str>,
    /// Local authority number and the child's number there.
    pub local_id: Option<&'a str>,
    /// Any further field, by its name.
    pub other: &'a [(&'a str, Option<&'a str>)],
}

impl Identity<'_> {
    /// Year, month and day of birth, if all are known.
    pub(super) fn date(&self) -> Option<(i16, u8, u8)> {
        Some((self.year?, self.month?, self.day?))
    }
}

impl<'a> Identity<'a> {
    /// The text of a column of the canonical table; none for what is no text.
    pub(super) fn text(&self, column: &str) -> Option<&'a str> {
        match column {
            "forename" => self.forename,
            "middle_names" => self.middle_names,
            "surname" => self.surname,
            "former_surname" => self.former_surname,
            "sex" => self.sex,
            "postcode" => self.postcode,
            "noms" => self.noms,
            "pnc" => self.pnc,
            "cro" => self.cro,
            "crn" => self.crn,
            "upn" => self.upn,
            "local_id" => self.local_id,
            _ => None,
        }
    }
}

/// What of a person a recipe takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// The forename, whole.
    Forename,
    /// Its first word.
    ForenameFirst,
    /// Any of: the words of the forename and of the middle names.
    ForenameAny,
    /// Its first letter.
    ForenameInitial,
    /// Its Soundex code.
    ForenameSoundex,
    /// The middle names, whole.
    MiddleNames,
    /// The surname, whole.
    Surname,
    /// Its Soundex code.
    SurnameSoundex,
    /// Its first four letters.
    SurnameFirst4,
    /// Any of: the surname, each part of a double-barrelled one, the former surname.
    SurnameAny,
    /// Forename and surname in alphabetical order, so that swapped ones agree.
    NamesUnordered,
    /// Day, month and year.
    DateOfBirth,
    /// The same with day and month in numerical order, so that swapped ones agree.
    DateOfBirthUnordered,
    /// Year alone.
    YearOfBirth,
    /// Year and month.
    MonthOfBirth,
    /// Day and month, without the year.
    DayAndMonthOfBirth,
    /// Day and year, without the month.
    DayAndYearOfBirth,
    /// Sex.
    Sex,
    /// The whole postcode.
    Postcode,
    /// Postcode without its last two letters.
    PostcodeSector,
    /// The part before the space.
    PostcodeDistrict,
    /// Prison number.
    Noms,
    /// Police National Computer number.
    Pnc,
    /// Criminal Records Office number.
    Cro,
    /// Case reference number.
    Crn,
    /// Unique pupil number.
    Upn,
    /// Local authority number and the child's number there.
    LocalId,
    /// A further field of that name.
    Other(String),
}

const WORDS: [(&str, Part); 27] = [
    ("forename", Part::Forename),
    ("forename.first", Part::ForenameFirst),
    ("forename.any", Part::ForenameAny),
    ("forename.initial", Part::ForenameInitial),
    ("forename.soundex", Part::ForenameSoundex),
    ("middle_names", Part::MiddleNames),
    ("surname", Part::Surname),
    ("surname.soundex", Part::SurnameSoundex),
    ("surname.first4", Part::SurnameFirst4),
    ("surname.any", Part::SurnameAny),
    ("names.unordered", Part::NamesUnordered),
    ("date_of_birth", Part::DateOfBirth),
    ("date_of_birth.unordered", Part::DateOfBirthUnordered),
    ("date_of_birth.year", Part::YearOfBirth),
    ("date_of_birth.month", Part::MonthOfBirth),
    ("date_of_birth.day_month", Part::DayAndMonthOfBirth),
    ("date_of_birth.day_year", Part::DayAndYearOfBirth),
    ("sex", Part::Sex),
    ("postcode", Part::Postcode),
    ("postcode.sector", Part::PostcodeSector),
    ("postcode.district", Part::PostcodeDistrict),
    ("noms", Part::Noms),
    ("pnc", Part::Pnc),
    ("cro", Part::Cro),
    ("crn", Part::Crn),
    ("upn", Part::Upn),
    ("local_id", Part::LocalId),
];

impl Part {
    /// Every word that a recipe may use, in order.
    pub fn words() -> impl Iterator<Item = &'static str> {
        WORDS.iter().map(|(word, _)| *word)
    }

    /// The identifier it comes from: two parts of one identifier do not make a composite.
    pub(super) fn identifier(&self) -> &str {
        match self {
            Part::Forename
            | Part::ForenameFirst
            | Part::ForenameAny
            | Part::ForenameInitial
            | Part::ForenameSoundex => "forename",
            Part::MiddleNames => "middle_names",
            Part::Surname | Part::SurnameSoundex | Part::SurnameFirst4 | Part::SurnameAny => {
                "surname"
            }
            Part::NamesUnordered => "names",
            Part::DateOfBirth
            | Part::DateOfBirthUnordered
            | Part::YearOfBirth
            | Part::MonthOfBirth
            | Part::DayAndMonthOfBirth
            | Part::DayAndYearOfBirth => "date_of_birth",
            Part::Sex => "sex",
            Part::Postcode | Part::PostcodeSector | Part::PostcodeDistrict => "postcode",
            Part::Noms => "noms",
            Part::Pnc => "pnc",
            Part::Cro => "cro",
            Part::Crn => "crn",
            Part::Upn => "upn",
            Part::LocalId => "local_id",
            Part::Other(name) => name,
        }
    }

    /// Hands `each` the part's values. No value: the recipe gives no key. Several: the recipe gives
    /// a key for each.
    pub(super) fn values(&self, who: &Identity<'_>, mut each: impl FnMut(&[u8])) {
        let mut push = |value: &[u8]| {
            if !value.is_empty() {
                each(value);
            }
        };
        let text = |value: Option<&str>, push: &mut dyn FnMut(&[u8])| {
            push(value.unwrap_or_default().as_bytes());
        };
        match self {
            Part::Forename => push(who.forename.unwrap_or_default().as_bytes()),
            Part::ForenameFirst => push(
                who.forename
                    .and_then(|name| name.split(' ').next())
                    .unwrap_or_default()
                    .as_bytes(),
            ),
            Part::ForenameAny => {
                let names = [who.forename, who.middle_names].into_iter().flatten();
                let words = names.flat_map(|name| name.split(' '));
                once_each(words.filter(|one| one.len() > 1), push);
            }
            Part::ForenameInitial => push(first(who.forename, 1)),
            Part::ForenameSoundex => {
                if let Some(code) = who.forename.and_then(soundex) {
                    push(&code);
                }
            }
            Part::MiddleNames => push(who.middle_names.unwrap_or_default().as_bytes()),
            Part::Surname => push(who.surname.unwrap_or_default().as_bytes()),
            Part::SurnameSoundex => {
                if let Some(code) = who.surname.and_then(soundex) {
                    push(&code);
                }
            }
            Part::SurnameFirst4 => push(first(who.surname, 4)),
            Part::SurnameAny => {
                let names = [who.surname, who.former_surname].into_iter().flatten();
                let words = names.flat_map(|name| std::iter::once(name).chain(name.split(' ')));
                once_each(words.filter(|one| one.len() > 2), push);
            }
            Part::NamesUnordered => {
                if let (Some(a), Some(b)) = (who.forename, who.surname) {
                    let (a, b) = if a <= b { (a, b) } else { (b, a) };
                    let mut both = Vec::with_capacity(a.len() + b.len() + 8);
                    push_field(&mut both, a.as_bytes());
                    push_field(&mut both, b.as_bytes());
                    push(&both);
                }
            }
            Part::DateOfBirth => {
                if let (Some(y), Some(m), Some(d)) = (who.year, who.month, who.day) {
                    let [a, b] = y.to_le_bytes();
                    push(&[a, b, m, d]);
                }
            }
            Part::DateOfBirthUnordered => {
                if let (Some(y), Some(m), Some(d)) = (who.year, who.month, who.day) {
                    let [a, b] = y.to_le_bytes();
                    push(&[a, b, m.min(d), m.max(d)]);
                }
            }
            Part::YearOfBirth => {
                if let Some(y) = who.year {
                    push(&y.to_le_bytes());
                }
            }
            Part::MonthOfBirth => {
                if let (Some(y), Some(m)) = (who.year, who.month) {
                    let [a, b] = y.to_le_bytes();
                    push(&[a, b, m]);
                }
            }
            Part::DayAndMonthOfBirth => {
                if let (Some(m), Some(d)) = (who.month, who.day) {
                    push(&[m, d]);
                }
            }
            Part::DayAndYearOfBirth => {
                if let (Some(y), Some(d)) = (who.year, who.day) {
                    let [a, b] = y.to_le_bytes();
                    push(&[a, b, d]);
                }
            }
            Part::Sex => push(who.sex.unwrap_or_default().as_bytes()),
            Part::Postcode => push(who.postcode.unwrap_or_default().as_bytes()),
            Part::PostcodeSector => push(sector(who.postcode)),
            Part::PostcodeDistrict => push(
                who.postcode
                    .and_then(|p| p.split(' ').next())
                    .unwrap_or_default()
                    .as_bytes(),
            ),
            Part::Noms => text(who.noms, &mut push),
            Part::Pnc => text(who.pnc, &mut push),
            Part::Cro => text(who.cro, &mut push),
            Part::Crn => text(who.crn, &mut push),
            Part::Upn => text(who.upn, &mut push),
            Part::LocalId => text(who.local_id, &mut push),
            Part::Other(name) => push(
                who.other
                    .iter()
                    .find(|(n, _)| n == name)
                    .and_then(|(_, v)| *v)
                    .unwrap_or_default()
                    .as_bytes(),
            ),
        }
    }
}

impl Part {
    /// Appends a hash of each of the part's values for this person, under a hasher of the
    /// caller's, for counting in memory how often two people agree on it. A hash of one
    /// identifier protects nothing: it must not be written, and not leave the owner's process.
    pub fn hashes<S: BuildHasher>(&self, who: &Identity<'_>, hasher: &S, out: &mut Vec<u64>) {
        self.values(who, |value| out.push(hasher.hash_one(value)));
    }
}

impl Part {
    /// The length-prefixed messages of some parts for a person: what a match key is an HMAC of.
    /// They hold clear values; only an adversary's dictionary needs them outside the encoders.
    pub(crate) fn messages(parts: &[Part], who: &Identity<'_>) -> Vec<Vec<u8>> {
        let places: Vec<usize> = (0..parts.len()).collect();
        let mut values = Values::default();
        values.take(parts, who);
        (0..values.combinations(&places))
            .map(|index| values.message(&places, index).flatten().copied().collect())
            .collect()
    }
}

/// Hands `push` each word once, in the order in which they come. There are a few of them.
fn once_each<'a>(words: impl Iterator<Item = &'a str> + Clone, mut push: impl FnMut(&[u8])) {
    for (place, one) in words.clone().enumerate() {
        if !words.clone().take(place).any(|before| before == one) {
            push(one.as_bytes());
        }
    }
}

fn first(value: Option<&str>, letters: usize) -> &[u8] {
    let bytes = value.unwrap_or_default().as_bytes();
    bytes.get(..letters).unwrap_or(bytes)
}

fn sector(postcode: Option<&str>) -> &[u8] {
    let bytes = postcode.unwrap_or_default().as_bytes();
    bytes
        .len()
        .checked_sub(2)
        .and_then(|end| bytes.get(..end))
        .unwrap_or_default()
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Part::Other(name) = self {
            return write!(f, "other.{name}");
        }
        let word = WORDS.iter().find(|(_, p)| p == self).map_or("", |(w, _)| w);
        f.write_str(word)
    }
}

impl FromStr for Part {
    type Err = RecipeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(name) = text.strip_prefix("other.") {
            return Ok(Part::Other(name.to_owned()));
        }
        WORDS
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, part)| part.clone())
            .ok_or_else(|| RecipeError::UnknownPart {
                word: text.to_owned(),
            })
    }
}
