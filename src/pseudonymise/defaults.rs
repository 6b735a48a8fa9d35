//! The recipes that are used where nobody names others: one list a kind of person, strict to loose.
//!
//! The national pipeline, the rehearsal and an owner who works by himself all take them from here:
//! encodings can only be linked where both sides used the same recipes.

use super::block::{Arrangement, BlockPass, BlockRule};
use super::recipe::Recipe;
use crate::schema::canonical::kind;

/// What adults and children have in common: names, date of birth, place.
const NAMES: [&[&str]; 7] = [
    &["forename", "surname", "date_of_birth", "postcode"],
    &["forename", "surname", "date_of_birth", "sex"],
    &["forename", "surname.any", "date_of_birth"],
    &["names.unordered", "date_of_birth"],
    &[
        "forename",
        "surname",
        "date_of_birth.unordered",
        "postcode.district",
    ],
    &[
        "forename.soundex",
        "surname.soundex",
        "date_of_birth",
        "postcode.sector",
    ],
    &["forename", "date_of_birth", "postcode"],
];

/// Numbers of the justice system.
const ADULT: [&[&str]; 3] = [
    &["noms", "date_of_birth"],
    &["pnc", "date_of_birth"],
    &["noms", "surname.soundex"],
];

/// Numbers of schools and children's services.
const CHILD: [&[&str]; 3] = [
    &["upn", "date_of_birth"],
    &["local_id", "date_of_birth"],
    &["local_id"],
];

/// The kinds of person that have recipes.
pub const KINDS: [&str; 2] = [kind::ADULT, kind::CHILD];

/// The recipes of a kind; none for a word that is no kind.
pub fn default_recipes(of: &str) -> Vec<Recipe> {
    let numbers = match of {
        kind::ADULT => ADULT,
        kind::CHILD => CHILD,
        _ => return Vec::new(),
    };
    // Each is composite; the test below would miss one that is not.
    let words = numbers.iter().chain(&NAMES);
    words.filter_map(|w| Recipe::of_words(w).ok()).collect()
}

/// The block-keyed passes of a kind. Adults have the usual rules. Children have none: there are a
/// hundred times as many of them, so that the blocks of a date of birth or of a name are far above
/// the cap, and their numbers and exact names link them.
pub fn default_blocks(of: &str, arrangement: Arrangement) -> Vec<BlockPass> {
    match of {
        kind::ADULT => BlockPass::of_rules(&BlockRule::usual(), arrangement).unwrap_or_default(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_reads_as_recipes_and_names_none_twice() {
        for of in KINDS {
            let all = default_recipes(of);
            assert_eq!(all.len(), 10, "{of}");
            let mut names: Vec<String> = all.iter().map(Recipe::name).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), 10, "{of}");
        }
        assert!(default_recipes("horse").is_empty());
    }
}
