//! Composite match keys: HMACs over several fields at once, one recipe a pass.
//!
//! Two records that agree on every part of a recipe get the same key; nothing else can be read
//! from it. A recipe of a single identifier is refused, because its hash falls to a frequency
//! count (surnames: 12 % of a million records named by rank alone).

use super::cipher::{Block, PassKey};
use super::key::{Messages, ProjectKeys, Pseudonym, SubKey};
use super::part::{Identity, Part};
use super::recipe::Recipe;
use super::values::{Values, places};

/// A match key: equal for records that agree on every part of the recipe.
pub type MatchKey = Pseudonym;

struct Pass {
    /// The recipe's parts, as places among those of all passes.
    parts: Vec<usize>,
    match_key: SubKey,
    rows: PassKey,
}

/// Room for a batch of people, reused from batch to batch.
#[derive(Default)]
pub struct Scratch {
    values: Values,
    /// Of each pass the messages of its keys, and how many of them each person has.
    messages: Vec<Messages>,
    counts: Vec<Vec<usize>>,
    hashed: Vec<MatchKey>,
    /// Of each row of a pass: the person and the key.
    keys: Vec<(usize, MatchKey)>,
    rows: Vec<Block>,
}

/// A row of a pass: what leaves the owner, and whose it is.
pub struct KeyRow<'a> {
    /// The number of the pass.
    pub pass: usize,
    /// The place of the person in the batch.
    pub person: usize,
    /// The row's pseudonym in this pass.
    pub row: Pseudonym,
    /// The match key.
    pub key: &'a MatchKey,
}

/// Names the rows: one name of one record is a row. A row's name never leaves the owner; each pass
/// makes its own pseudonym of it.
pub struct RowNames(SubKey);

impl RowNames {
    /// The names of a project and round.
    pub fn new(keys: &ProjectKeys) -> Self {
        RowNames(keys.derive(&["row name"]))
    }

    /// The name of a record's `alias`-th name in a source.
    pub fn name(&self, source: &str, record: &str, alias: u32) -> Pseudonym {
        let fields = [source.as_bytes(), record.as_bytes(), &alias.to_le_bytes()];
        self.0.mac(&fields)
    }

    /// The names of many, each a record and the number of its name, in order.
    pub fn names<'a>(
        &self,
        source: &str,
        all: impl Iterator<Item = (&'a str, u32)>,
    ) -> Vec<Pseudonym> {
        let mut messages = Messages::default();
        for (record, alias) in all {
            messages.field(source.as_bytes());
            messages.field(record.as_bytes());
            messages.field(&alias.to_le_bytes());
            messages.end();
        }
        let mut out = Vec::with_capacity(messages.len());
        self.0.macs(&messages, &mut out);
        out
    }
}

/// Makes the match keys and row pseudonyms of every pass.
pub struct Encoder {
    /// The parts that any recipe takes.
    parts: Vec<Part>,
    passes: Vec<Pass>,
}

impl Encoder {
    /// An encoder for the recipes in order; `kind` separates adults from children.
    pub fn new(keys: &ProjectKeys, kind: &str, recipes: &[Recipe]) -> Self {
        let mut parts = Vec::new();
        let passes = recipes
            .iter()
            .map(|recipe| {
                let (digest, name) = (recipe.digest().hex(), recipe.name());
                Pass {
                    match_key: keys.derive(&[&digest, "match key", kind, &name]),
                    rows: PassKey::derive(keys, &[&digest, "row pseudonym", kind, &name]),
                    parts: places(&mut parts, recipe.parts()),
                }
            })
            .collect();
        Encoder { parts, passes }
    }

    /// The number of passes.
    pub fn passes(&self) -> usize {
        self.passes.len()
    }

    /// Hands `emit` every row of some people, pass by pass, person by person. Of a record in a pass
    /// there is none where a part is missing, and several where a part has several values, never
    /// one key twice. `names` are those of their rows (see [`RowNames`]), of which a row's pseudonym
    /// is a permutation keyed by the pass: no two passes share one, and no two rows of a pass. A
    /// batch of a few hundred is several times faster than one person at a time, and gives the same.
    pub fn encode(
        &self,
        people: &[Identity<'_>],
        names: &[Pseudonym],
        scratch: &mut Scratch,
        mut emit: impl FnMut(KeyRow<'_>),
    ) {
        self.take(people, scratch);
        for (number, pass) in self.passes.iter().enumerate() {
            pass.keys(number, scratch);
            pass.pseudonyms(names, scratch);
            for ((person, key), row) in scratch.keys.iter().zip(&scratch.rows) {
                emit(KeyRow {
                    pass: number,
                    person: *person,
                    row: (*row).into(),
                    key,
                });
            }
        }
    }

    /// The messages of all passes.
    fn take(&self, people: &[Identity<'_>], scratch: &mut Scratch) {
        scratch
            .messages
            .resize_with(self.passes.len(), Messages::default);
        scratch.counts.resize_with(self.passes.len(), Vec::new);
        scratch.messages.iter_mut().for_each(Messages::clear);
        scratch.counts.iter_mut().for_each(Vec::clear);
        for who in people {
            scratch.values.take(&self.parts, who);
            let room = scratch.messages.iter_mut().zip(&mut scratch.counts);
            for (pass, (messages, counts)) in self.passes.iter().zip(room) {
                counts.push(scratch.values.messages(&pass.parts, messages));
            }
        }
    }
}

impl Pass {
    /// The keys of each person, none twice.
    fn keys(&self, number: usize, scratch: &mut Scratch) {
        scratch.hashed.clear();
        scratch.keys.clear();
        let pass = scratch.messages.get(number).zip(scratch.counts.get(number));
        let Some((messages, counts)) = pass else {
            return;
        };
        self.match_key.macs(messages, &mut scratch.hashed);
        let mut rest = scratch.hashed.as_slice();
        for (person, count) in counts.iter().enumerate() {
            let (own, others) = rest.split_at(*count);
            rest = others;
            for (place, key) in own.iter().enumerate() {
                if !own.iter().take(place).any(|before| before == key) {
                    scratch.keys.push((person, *key));
                }
            }
        }
    }

    /// The pseudonyms of the rows. A record's second and further key in a pass have pseudonyms of
    /// their own: two keys under one would say that they are of one person, and who shares both
    /// would be a pattern.
    fn pseudonyms(&self, names: &[Pseudonym], scratch: &mut Scratch) {
        scratch.rows.clear();
        let (mut before, mut number) = (None, 0_u8);
        for (person, _) in &scratch.keys {
            number = match before {
                Some(same) if same == *person => number.wrapping_add(1),
                _ => 0,
            };
            before = Some(*person);
            let mut name = names.get(*person).copied().unwrap_or_default();
            if let Some(last) = name.last_mut() {
                *last ^= number;
            }
            scratch.rows.push(Block::from(name));
        }
        self.rows.permute(&mut scratch.rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pseudonymise::{MasterKey, Part, RecipeError};

    fn test_keys() -> ProjectKeys {
        MasterKey::of_rehearsal_seed(1).for_project("test", "1")
    }

    fn encoder(recipes: &[&[&str]]) -> Encoder {
        let recipes: Vec<Recipe> = recipes
            .iter()
            .map(|w| Recipe::of_words(w).expect("a recipe"))
            .collect();
        let keys = test_keys();
        Encoder::new(&keys, "adult", &recipes)
    }

    fn keys(encoder: &Encoder, pass: usize, who: &Identity<'_>) -> Vec<MatchKey> {
        let mut out = Vec::new();
        encoder.encode(&[*who], &[[0; 16]], &mut Scratch::default(), |row| {
            if row.pass == pass {
                out.push(*row.key);
            }
        });
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
        let e = encoder(&[&["forename", "surname.any"], &["forename.any", "surname"]]);
        let names = RowNames::new(&test_keys());
        let all = [("1", 0), ("1", 1), ("2", 0)];
        let rows = names.names("a", all.into_iter());
        assert_eq!(
            rows,
            all.map(|(record, alias)| names.name("a", record, alias))
        );
        // Two names in one field: three keys, and three rows, in the first pass.
        let two = Identity {
            surname: Some("HOBBS PARRY"),
            ..ann()
        };
        let mut seen: std::collections::BTreeSet<Pseudonym> = rows.iter().copied().collect();
        let mut of_pass = [Vec::new(), Vec::new()];
        e.encode(
            &[two, ann(), ann()],
            &rows,
            &mut Scratch::default(),
            |row| {
                seen.insert(row.row);
                of_pass[row.pass].push(row.person);
            },
        );
        assert_eq!(of_pass, [vec![0, 0, 0, 1, 2], vec![0, 1, 2]]);
        assert_eq!(seen.len(), 3 + 8);
    }

    #[test]
    fn a_batch_gives_what_its_people_give_one_by_one() {
        let e = encoder(&[
            &["forename.any", "surname.any", "date_of_birth"],
            &["names.unordered", "date_of_birth"],
        ]);
        let long = "A".repeat(70);
        let people: Vec<Identity<'_>> = (0..40_u8)
            .map(|n| Identity {
                forename: Some(if n % 7 == 0 { &long } else { "ANN MARIE" }),
                surname: (n % 5 > 0).then_some("HOBBS PARRY"),
                day: Some(n),
                ..ann()
            })
            .collect();
        let names: Vec<Pseudonym> = (0..40).map(|n| [n; 16]).collect();
        let mut scratch = Scratch::default();
        let mut at_once = Vec::new();
        e.encode(&people, &names, &mut scratch, |r| {
            at_once.push((r.pass, r.person, r.row, *r.key));
        });
        let mut single = Vec::new();
        for (person, (who, name)) in people.iter().zip(&names).enumerate() {
            e.encode(&[*who], &[*name], &mut scratch, |r| {
                single.push((r.pass, person, r.row, *r.key));
            });
        }
        single.sort_by_key(|(pass, person, ..)| (*pass, *person));
        assert_eq!(at_once, single);
    }
}
