//! Composite match keys: HMACs over several fields at once, one recipe a pass.
//!
//! Two records that agree on every part of a recipe get the same key; nothing else can be read
//! from it. A recipe of a single identifier is refused, because its hash falls to a frequency
//! count (surnames: 12 % of a million records named by rank alone).

use super::cipher::{Block, PassKey};
use super::key::{ProjectKeys, Pseudonym, SubKey};
use super::part::{Identity, Values};
use super::recipe::Recipe;

/// A match key: equal for records that agree on every part of the recipe.
pub type MatchKey = Pseudonym;
struct Pass {
    recipe: Recipe,
    match_key: SubKey,
    rows: PassKey,
}

/// Room for one record's values, reused from record to record.
#[derive(Default)]
pub struct Scratch {
    values: Values,
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
                    rows: PassKey::derive(keys, &[&digest, "row pseudonym", kind, &name]),
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

    /// The pseudonyms of rows in one pass, from their names (see [`RowNames`]): a permutation
    /// keyed by the pass, so no two passes share one, and no two rows of a pass.
    pub fn rows(&self, pass: usize, names: &[Pseudonym]) -> Vec<Pseudonym> {
        let mut blocks: Vec<Block> = names.iter().map(|n| Block::from(*n)).collect();
        if let Some(pass) = self.passes.get(pass) {
            pass.rows.permute(&mut blocks);
        }
        blocks.into_iter().map(Into::into).collect()
    }

    /// The pseudonym of the row of a record's second and further key in a pass. Two keys under one
    /// pseudonym would say that they are of one person, and who shares both would be a pattern.
    pub fn further_row(&self, pass: usize, name: &Pseudonym, number: u8) -> Pseudonym {
        let mut name = *name;
        if let Some(last) = name.last_mut() {
            *last ^= number;
        }
        let mut block = [Block::from(name)];
        if let Some(pass) = self.passes.get(pass) {
            pass.rows.permute(&mut block);
        }
        block.map(Into::into).into_iter().next().unwrap_or_default()
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
        scratch.values.take(pass.recipe.parts(), who);
        let begin = out.len();
        for index in 0..scratch.values.combinations() {
            let key = pass.match_key.mac_message(scratch.values.message(index));
            if !out.get(begin..).unwrap_or_default().contains(&key) {
                out.push(key);
            }
        }
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
        let names = RowNames::new(&test_keys());
        let rows = [
            names.name("a", "1", 0),
            names.name("a", "1", 1),
            names.name("b", "1", 0),
        ];
        let mut seen: std::collections::BTreeSet<Pseudonym> = rows.into();
        seen.extend(e.rows(0, &rows));
        seen.extend(e.rows(1, &rows));
        // So has the row of a second key.
        seen.extend(rows.map(|name| e.further_row(0, &name, 1)));
        assert_eq!(seen.len(), 12);
        assert_eq!(e.further_row(0, &rows[0], 0), e.rows(0, &rows)[0]);
    }
}
