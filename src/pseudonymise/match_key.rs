//! Composite match keys: HMACs over several fields at once, one recipe a pass.
//!
//! Two records that agree on every part of a recipe get the same key; nothing else can be read
//! from it. A recipe of a single identifier is refused, because its hash falls to a frequency
//! count (surnames: 12 % of a million records named by rank alone).

use std::fmt;
use std::hash::BuildHasher;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::key::{ProjectKeys, Pseudonym, SubKey, push_field};
use super::phonetic::soundex;
use crate::digest::Digest;

/// The version of what the parts of a recipe mean: raised when the values that a part takes from
/// a person change.
const MEANING: &[u8] = b"kinlink recipe 1";

/// A match key: equal for records that agree on every part of the recipe.
pub type MatchKey = Pseudonym;

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
    fn identifier(&self) -> &str {
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

    /// Appends the part's values to `out`, each with its end marked in `ends`. No value: the
    /// recipe gives no key. Several: the recipe gives a key for each.
    fn values(&self, who: &Identity<'_>, out: &mut Vec<u8>, ends: &mut Vec<usize>) {
        let mut push = |value: &[u8]| {
            if !value.is_empty() {
                out.extend_from_slice(value);
                ends.push(out.len());
            }
        };
        let text = |value: Option<&str>| value.unwrap_or_default().as_bytes().to_vec();
        match self {
            Part::Forename => push(who.forename.unwrap_or_default().as_bytes()),
            Part::ForenameFirst => push(
                who.forename
                    .and_then(|name| name.split(' ').next())
                    .unwrap_or_default()
                    .as_bytes(),
            ),
            Part::ForenameAny => {
                let mut seen: Vec<&str> = Vec::with_capacity(4);
                for name in [who.forename, who.middle_names].into_iter().flatten() {
                    for one in name.split(' ') {
                        if one.len() > 1 && !seen.contains(&one) {
                            seen.push(one);
                            push(one.as_bytes());
                        }
                    }
                }
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
                let mut seen: Vec<&str> = Vec::with_capacity(4);
                for name in [who.surname, who.former_surname].into_iter().flatten() {
                    for one in std::iter::once(name).chain(name.split(' ')) {
                        if one.len() > 2 && !seen.contains(&one) {
                            seen.push(one);
                            push(one.as_bytes());
                        }
                    }
                }
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
            Part::Noms => push(&text(who.noms)),
            Part::Pnc => push(&text(who.pnc)),
            Part::Cro => push(&text(who.cro)),
            Part::Crn => push(&text(who.crn)),
            Part::Upn => push(&text(who.upn)),
            Part::LocalId => push(&text(who.local_id)),
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
        let (mut values, mut ends) = (Vec::new(), Vec::new());
        self.values(who, &mut values, &mut ends);
        let mut start = 0;
        for end in ends {
            out.push(hasher.hash_one(values.get(start..end).unwrap_or_default()));
            start = end;
        }
        values.zeroize();
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

/// What can be wrong with a recipe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    /// A word that is no part.
    #[error("`{word}` is no part of a match key")]
    UnknownPart {
        /// The word.
        word: String,
    },
    /// All parts come from one identifier.
    #[error("the match key `{recipe}` hashes a single identifier")]
    SingleIdentifier {
        /// The recipe's words.
        recipe: String,
    },
}

/// The parts that one pass hashes together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Recipe {
    parts: Vec<Part>,
}

impl Recipe {
    /// A recipe of parts that come from at least two identifiers.
    pub fn new(parts: Vec<Part>) -> Result<Self, RecipeError> {
        let recipe = Recipe { parts };
        let composite = match recipe.parts.split_first() {
            Some((first, rest)) => {
                // Each of the two holds two identifiers: forename and surname; a local authority
                // and the child's number there.
                matches!(first, Part::NamesUnordered | Part::LocalId)
                    || rest.iter().any(|p| p.identifier() != first.identifier())
            }
            None => false,
        };
        if composite {
            Ok(recipe)
        } else {
            Err(RecipeError::SingleIdentifier {
                recipe: recipe.name(),
            })
        }
    }

    /// The recipe's name: its words, joined by `+`.
    pub fn name(&self) -> String {
        let words: Vec<String> = self.parts.iter().map(Part::to_string).collect();
        words.join("+")
    }

    /// Its parts.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// A digest of the recipe: of the version of what parts mean, and of the parts in order. It
    /// is in the derivation of the keys of its pass, so that another recipe, or the same words
    /// with another meaning, is another key.
    pub fn digest(&self) -> Digest {
        let mut message = Vec::with_capacity(64);
        push_field(&mut message, MEANING);
        for part in &self.parts {
            push_field(&mut message, part.to_string().as_bytes());
        }
        Digest::of(&message)
    }

    /// A recipe written in words.
    pub fn of_words(words: &[&str]) -> Result<Self, RecipeError> {
        let parts: Result<Vec<Part>, RecipeError> = words.iter().map(|w| w.parse()).collect();
        Recipe::new(parts?)
    }
}

impl TryFrom<Vec<String>> for Recipe {
    type Error = RecipeError;

    fn try_from(words: Vec<String>) -> Result<Self, Self::Error> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Recipe::of_words(&words)
    }
}

impl From<Recipe> for Vec<String> {
    fn from(recipe: Recipe) -> Self {
        recipe.parts.iter().map(Part::to_string).collect()
    }
}

struct Pass {
    recipe: Recipe,
    match_key: SubKey,
    row: SubKey,
}

/// Room for one record's values, reused from record to record.
#[derive(Default)]
pub struct Scratch {
    values: Vec<u8>,
    ends: Vec<usize>,
    parts: Vec<std::ops::Range<usize>>,
    message: Vec<u8>,
}

/// Makes the match keys and row pseudonyms of every pass.
pub struct Encoder {
    passes: Vec<Pass>,
}

impl Encoder {
    /// An encoder for the recipes in order; `kind` separates adults from children.
    pub fn new(keys: &ProjectKeys, kind: &str, recipes: &[Recipe]) -> Self {
        let passes = recipes
            .iter()
            .map(|recipe| {
                let (digest, name) = (recipe.digest().hex(), recipe.name());
                Pass {
                    match_key: keys.derive(&[&digest, "match key", kind, &name]),
                    row: keys.derive(&[&digest, "row pseudonym", kind, &name]),
                    recipe: recipe.clone(),
                }
            })
            .collect();
        Encoder { passes }
    }

    /// The number of passes.
    pub fn passes(&self) -> usize {
        self.passes.len()
    }

    /// The pseudonym of a row (one name of one record) in one pass: no two passes share one.
    pub fn row(&self, pass: usize, source: &str, record: &str, alias: u32) -> Pseudonym {
        self.passes.get(pass).map_or([0; 16], |p| {
            p.row
                .mac(&[source.as_bytes(), record.as_bytes(), &alias.to_le_bytes()])
        })
    }

    /// Appends the match keys of a record in one pass: none where a part is missing, several
    /// where a part has several values, never one twice.
    pub fn match_keys(
        &self,
        pass: usize,
        who: &Identity<'_>,
        scratch: &mut Scratch,
        out: &mut Vec<MatchKey>,
    ) {
        let Some(pass) = self.passes.get(pass) else {
            return;
        };
        scratch.values.clear();
        scratch.ends.clear();
        scratch.parts.clear();
        for part in &pass.recipe.parts {
            let start = scratch.ends.len();
            part.values(who, &mut scratch.values, &mut scratch.ends);
            if scratch.ends.len() == start {
                return;
            }
            scratch.parts.push(start..scratch.ends.len());
        }
        let begin = out.len();
        let combinations: usize = scratch.parts.iter().map(ExactSizeIterator::len).product();
        for mut index in 0..combinations {
            scratch.message.clear();
            for range in &scratch.parts {
                let value = range.start + index % range.len();
                index /= range.len();
                let from = value
                    .checked_sub(1)
                    .and_then(|v| scratch.ends.get(v))
                    .copied()
                    .unwrap_or(0);
                let to = scratch.ends.get(value).copied().unwrap_or(from);
                let bytes = scratch.values.get(from..to).unwrap_or_default();
                push_field(&mut scratch.message, bytes);
            }
            let key = pass.match_key.mac_message(&scratch.message);
            if !out.get(begin..).unwrap_or_default().contains(&key) {
                out.push(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pseudonymise::MasterKey;

    fn encoder(recipes: &[&[&str]]) -> Encoder {
        let recipes: Vec<Recipe> = recipes
            .iter()
            .map(|w| Recipe::of_words(w).expect("a recipe"))
            .collect();
        let keys = MasterKey::of_rehearsal_seed(1).for_project("test", "1");
        Encoder::new(&keys, "adult", &recipes)
    }

    fn keys(encoder: &Encoder, pass: usize, who: &Identity<'_>) -> Vec<MatchKey> {
        let mut out = Vec::new();
        encoder.match_keys(pass, who, &mut Scratch::default(), &mut out);
        out
    }

    fn ann() -> Identity<'static> {
        Identity {
            forename: Some("ANN"),
            surname: Some("HOBBS"),
            year: Some(1990),
            month: Some(3),
            day: Some(4),
            ..Identity::default()
        }
    }

    #[test]
    fn a_single_identifier_is_refused() {
        for words in [
            &["surname"][..],
            &["upn"],
            &["surname", "surname.soundex"],
            &["date_of_birth", "date_of_birth.year"],
            &[],
        ] {
            assert!(matches!(
                Recipe::of_words(words),
                Err(RecipeError::SingleIdentifier { .. })
            ));
        }
        assert!(Recipe::of_words(&["surname", "sex"]).is_ok());
        assert!(matches!(
            Recipe::of_words(&["surname", "sxe"]),
            Err(RecipeError::UnknownPart { word }) if word == "sxe"
        ));
    }

    #[test]
    fn every_word_reads_back() {
        for word in Part::words() {
            assert_eq!(word.parse::<Part>().expect("a part").to_string(), word);
        }
    }

    #[test]
    fn agreement_gives_equal_keys_and_a_missing_part_none() {
        let e = encoder(&[&["forename", "surname", "date_of_birth"]]);
        assert_eq!(keys(&e, 0, &ann()), keys(&e, 0, &ann()));
        assert_eq!(keys(&e, 0, &ann()).len(), 1);
        let other = Identity {
            day: Some(5),
            ..ann()
        };
        assert_ne!(keys(&e, 0, &ann()), keys(&e, 0, &other));
        let missing = Identity {
            surname: None,
            ..ann()
        };
        assert!(keys(&e, 0, &missing).is_empty());
    }

    #[test]
    fn fields_cannot_run_into_each_other() {
        let e = encoder(&[&["forename", "surname"]]);
        let a = Identity {
            forename: Some("ANNA"),
            surname: Some("BELL"),
            ..Identity::default()
        };
        let b = Identity {
            forename: Some("ANNAB"),
            surname: Some("ELL"),
            ..Identity::default()
        };
        assert_ne!(keys(&e, 0, &a), keys(&e, 0, &b));
    }

    #[test]
    fn swapped_names_and_swapped_day_and_month_agree_where_the_recipe_says_so() {
        let e = encoder(&[
            &["names.unordered", "date_of_birth"],
            &["forename", "surname", "date_of_birth.unordered"],
        ]);
        let swapped = Identity {
            forename: Some("HOBBS"),
            surname: Some("ANN"),
            ..ann()
        };
        assert_eq!(keys(&e, 0, &ann()), keys(&e, 0, &swapped));
        assert_ne!(keys(&e, 1, &ann()), keys(&e, 1, &swapped));
        let turned = Identity {
            month: Some(4),
            day: Some(3),
            ..ann()
        };
        assert_eq!(keys(&e, 1, &ann()), keys(&e, 1, &turned));
    }

    #[test]
    fn a_double_barrelled_name_meets_each_of_its_parts() {
        let e = encoder(&[&["forename", "surname.any", "date_of_birth"]]);
        let both = Identity {
            surname: Some("HOBBS PARRY"),
            ..ann()
        };
        let one = keys(&e, 0, &ann());
        assert_eq!(one.len(), 1);
        assert_eq!(keys(&e, 0, &both).len(), 3);
        assert!(keys(&e, 0, &both).contains(&one[0]));
    }

    #[test]
    fn the_first_and_any_forename_and_parts_of_the_date() {
        let e = encoder(&[
            &["forename.first", "date_of_birth.day_month"],
            &["forename.any", "date_of_birth.day_year"],
        ]);
        let long = Identity {
            forename: Some("ANN MARIE"),
            middle_names: Some("JANE ANN"),
            ..ann()
        };
        let other_year = Identity {
            year: Some(1991),
            ..ann()
        };
        assert_eq!(keys(&e, 0, &ann()), keys(&e, 0, &long));
        assert_eq!(keys(&e, 0, &ann()), keys(&e, 0, &other_year));
        assert_eq!(keys(&e, 1, &long).len(), 3);
        assert!(keys(&e, 1, &long).contains(&keys(&e, 1, &ann())[0]));
        assert_ne!(keys(&e, 1, &ann()), keys(&e, 1, &other_year));
    }

    #[test]
    fn rows_have_another_pseudonym_in_every_pass() {
        let e = encoder(&[&["forename", "surname"], &["surname", "sex"]]);
        assert_ne!(e.row(0, "a", "1", 0), e.row(1, "a", "1", 0));
        assert_ne!(e.row(0, "a", "1", 0), e.row(0, "a", "1", 1));
        assert_ne!(e.row(0, "a", "1", 0), e.row(0, "b", "1", 0));
    }
}
