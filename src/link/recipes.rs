//! The passes of a stand-alone linkage: composite recipes for the fields that there are.
//!
//! The list is long and general; how often two people agree on each part, counted in the files
//! themselves, puts it in order from strict to loose and takes out what is too common to be worth
//! encoding. Nothing in it is fitted to one data set.
//!
//! Every recipe holds a date of birth (the year at least), both names, or the number of a person
//! in some system: a surname and two words about a place make a family, not a person, and no
//! product of rates would say so.

use hashbrown::{DefaultHashBuilder, HashMap};
use rayon::prelude::*;

use super::people::Person;
use super::spec::{Compare, Spec};
use crate::pseudonymise::{Part, Recipe};

/// Recipes over names, date of birth, postcode, sex and address.
const GENERAL: &[&[&str]] = &[
    &["forename", "surname", "date_of_birth", "postcode"],
    &["forename", "surname", "date_of_birth"],
    &["forename.first", "surname.any", "date_of_birth"],
    &["forename.any", "surname", "date_of_birth"],
    &["names.unordered", "date_of_birth"],
    &["names.unordered", "postcode"],
    &["forename", "surname", "date_of_birth.unordered"],
    &["forename.soundex", "surname.soundex", "date_of_birth"],
    &["forename.initial", "surname", "date_of_birth"],
    &[
        "forename.initial",
        "surname.soundex",
        "date_of_birth",
        "sex",
    ],
    &["forename.initial", "surname.first4", "date_of_birth"],
    &["forename", "date_of_birth", "postcode"],
    &["surname", "date_of_birth", "postcode", "sex"],
    &["surname.soundex", "date_of_birth", "postcode"],
    &["forename.soundex", "date_of_birth", "postcode"],
    &["forename", "surname", "postcode"],
    &["forename.soundex", "surname.soundex", "postcode"],
    &["forename", "surname", "postcode.sector"],
    &["forename", "surname", "date_of_birth.month"],
    &["forename", "surname", "date_of_birth.day_year"],
    &["forename", "surname", "date_of_birth.day_month"],
    &[
        "forename",
        "surname",
        "date_of_birth.month",
        "postcode.district",
    ],
    &[
        "forename",
        "surname",
        "date_of_birth.day_year",
        "postcode.district",
    ],
    &[
        "forename",
        "surname",
        "date_of_birth.day_month",
        "postcode.district",
    ],
    &[
        "forename",
        "surname",
        "date_of_birth.year",
        "postcode.district",
    ],
    &["forename", "surname", "date_of_birth.year", "sex"],
    &["forename", "date_of_birth", "postcode.district"],
    &["surname", "date_of_birth", "postcode.district"],
    &[
        "forename.soundex",
        "surname.soundex",
        "date_of_birth.year",
        "postcode.sector",
    ],
    &["surname", "date_of_birth", "sex"],
    &["forename", "date_of_birth", "sex"],
    &["forename.soundex", "date_of_birth", "sex"],
    &["forename", "middle_names", "surname"],
    &["forename", "middle_names", "date_of_birth"],
    &["middle_names", "surname", "date_of_birth"],
    &["forename", "surname", "sex"],
    &["forename", "surname", "other.address"],
    &["forename", "date_of_birth", "other.address"],
    &["surname", "date_of_birth", "other.address"],
    &["forename", "postcode", "other.address"],
    &["surname.soundex", "forename.soundex", "other.address"],
    &["date_of_birth", "postcode", "other.address"],
    &["date_of_birth", "postcode", "sex"],
];

/// Recipes of an identifier: never by itself.
const WITH_IDENTIFIER: &[&[&str]] = &[
    &["forename"],
    &["surname"],
    &["forename.soundex"],
    &["surname.soundex"],
    &["date_of_birth"],
    &["date_of_birth.year", "sex"],
    &["postcode"],
    &["forename", "postcode"],
    &["surname", "postcode"],
];

/// Recipes of a further name, which says little that the other names do not say.
const WITH_NAME: &[&[&str]] = &[
    &["date_of_birth"],
    &["postcode"],
    &["date_of_birth.year", "postcode.district"],
];

/// Recipes of any other further field.
const WITH_OTHER: &[&[&str]] = &[
    &["forename", "surname"],
    &["forename", "surname", "date_of_birth.year"],
    &["forename.soundex", "surname.soundex", "date_of_birth.year"],
    &["forename", "date_of_birth"],
    &["surname", "date_of_birth"],
    &["forename", "surname", "postcode"],
    &["date_of_birth", "postcode"],
];

/// The recipes that the fields of a specification allow.
pub fn candidates(spec: &Spec) -> Vec<Recipe> {
    let mut out: Vec<Recipe> = Vec::new();
    let mut add = |words: Vec<String>| {
        let known = words.iter().all(|w| has(spec, w));
        if let (true, Ok(recipe)) = (known, Recipe::try_from(words))
            && !out.contains(&recipe)
        {
            out.push(recipe);
        }
    };
    let owned = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    for words in GENERAL {
        add(owned(words));
    }
    for (name, other) in &spec.other {
        let with = match other.compare {
            Compare::Identifier => WITH_IDENTIFIER,
            Compare::Name => WITH_NAME,
            _ => WITH_OTHER,
        };
        for words in with {
            let mut words = owned(words);
            words.push(format!("other.{name}"));
            add(words);
        }
    }
    // Two further fields: with both names, or, if one is a person's number, with either.
    let further: Vec<(&String, Compare)> = spec
        .other
        .iter()
        .map(|(name, other)| (name, other.compare))
        .filter(|(_, compare)| *compare != Compare::Name)
        .collect();
    for (i, (a, of_a)) in further.iter().enumerate() {
        for (b, of_b) in further.iter().skip(i + 1) {
            let numbered = [of_a, of_b].contains(&&Compare::Identifier);
            let names: &[&[&str]] = match numbered {
                true => &[&["forename"], &["surname"]],
                false => &[&["forename", "surname"]],
            };
            for words in names {
                let mut words = owned(words);
                words.extend([format!("other.{a}"), format!("other.{b}")]);
                add(words);
            }
        }
    }
    out
}

fn has(spec: &Spec, word: &str) -> bool {
    let field = |name: &str| spec.fields.contains_key(name);
    match word.strip_prefix("other.") {
        Some(name) => spec.other.contains_key(name) || (name == "address" && field("address")),
        None => match word.split('.').next().unwrap_or_default() {
            "names" => field("forename") && field("surname"),
            name => field(name),
        },
    }
}

/// A recipe and how often two people agree on all its parts, if the parts were independent.
pub struct Ranked {
    /// The recipe.
    pub recipe: Recipe,
    /// The product of the collision rates of its parts.
    pub rate: f64,
}

/// Recipes from strict to loose, by the collision rates of their parts in the files. A part's rate
/// is the share of the pairs of records of one file that agree on it, among those that have it;
/// over both files, the pairs are pooled.
pub fn ranked(recipes: Vec<Recipe>, files: &[Vec<&Person>], other_names: &[String]) -> Vec<Ranked> {
    let mut parts: Vec<Part> = Vec::new();
    for part in recipes.iter().flat_map(Recipe::parts) {
        if !parts.contains(part) {
            parts.push(part.clone());
        }
    }
    let rates: Vec<f64> = parts
        .par_iter()
        .map(|part| collision_rate(part, files, other_names))
        .collect();
    let rate_of = |part: &Part| {
        let index = parts.iter().position(|p| p == part);
        index.and_then(|i| rates.get(i)).copied().unwrap_or(1.0)
    };
    let mut out: Vec<Ranked> = recipes
        .into_iter()
        .map(|recipe| Ranked {
            rate: recipe.parts().iter().map(rate_of).product(),
            recipe,
        })
        .collect();
    // A stable sort: recipes of one rate stay in the order of the list.
    out.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    out
}

fn collision_rate(part: &Part, files: &[Vec<&Person>], other_names: &[String]) -> f64 {
    let hasher = DefaultHashBuilder::default();
    let (mut same, mut all) = (0_u64, 0_u64);
    let mut hashes: Vec<u64> = Vec::new();
    for people in files {
        let mut counts: HashMap<u64, u64> = HashMap::new();
        let mut having = 0_u64;
        for person in people {
            hashes.clear();
            person.with_identity(other_names, |who| part.hashes(who, &hasher, &mut hashes));
            having += u64::from(!hashes.is_empty());
            for hash in &hashes {
                *counts.entry(*hash).or_default() += 1;
            }
        }
        same += counts.values().map(|n| n * (n - 1)).sum::<u64>();
        all += having * having.saturating_sub(1);
    }
    // One agreement more than was seen, so that no rate is nought.
    (super::chance::real(same) + 1.0) / (super::chance::real(all) + 1.0)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn spec(text: &str) -> Spec {
        Spec::parse(text, Path::new("s.toml")).expect("a specification")
    }

    #[test]
    fn only_fields_that_are_there_are_used_and_none_by_itself() {
        let spec = spec(
            "id = \"i\"\n[fields]\nsurname = \"s\"\ndate_of_birth = \"d\"\n[other]\nnhs = { column = \"n\", compare = \"identifier\" }",
        );
        let names: Vec<String> = candidates(&spec).iter().map(Recipe::name).collect();
        assert_eq!(
            names,
            [
                "surname+other.nhs",
                "surname.soundex+other.nhs",
                "date_of_birth+other.nhs"
            ]
        );
    }

    #[test]
    fn the_general_recipes_are_recipes() {
        for words in GENERAL {
            assert!(Recipe::of_words(words).is_ok(), "{words:?}");
        }
    }
}
