//! Recipes of match keys: parts of at least two identifiers, hashed together.

use serde::{Deserialize, Serialize};

use super::key::push_field;
use super::part::Part;
use crate::digest::Digest;

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

/// The version of what the parts of a recipe mean: raised when the values that a part takes from
/// a person change.
const MEANING: &[u8] = b"kinlink recipe 1";

/// The digest of a list of parts, with the version of their meaning.
pub(super) fn digest_of(parts: &[Part]) -> Digest {
    let mut message = Vec::with_capacity(64);
    push_field(&mut message, MEANING);
    for part in parts {
        push_field(&mut message, part.to_string().as_bytes());
    }
    Digest::of(&message)
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
        digest_of(&self.parts)
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
