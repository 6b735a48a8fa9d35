//! Blocking rules: what two records must share to be compared at all.
//!
//! A block's value is never written: it becomes an HMAC, half of which names the block and half of
//! which is the key of everything in it. A rule of a single identifier is allowed here, where a
//! match key of one is not, because a block that many people share is left out (see the cap of the
//! emission gate), and because rank alignment of what is left names nobody (attack A1).

use crate::pseudonymise::{Part, RecipeError};

/// What can be wrong with a blocking rule or a lane.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// A word that is no part.
    #[error("`{word}` is no part of a blocking rule")]
    UnknownPart {
        /// The word.
        word: String,
    },
    /// A word that is no lane.
    #[error("`{word}` is no lane of an encoding")]
    UnknownLane {
        /// The word.
        word: String,
    },
    /// A rule of too few values: its blocks would be the whole file, or a census of it.
    #[error("the blocking rule `{rule}` has too few different values to block on")]
    TooCoarse {
        /// The rule's words.
        rule: String,
    },
    /// A filter of no bits, or of a number that is no power of two from 64 to 4,096.
    #[error("a filter of {bits} bits with {positions} positions of `{field}` cannot be made")]
    Filter {
        /// Bits.
        bits: u32,
        /// Positions.
        positions: u32,
        /// The field.
        field: &'static str,
    },
}

/// A blocking rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockRule {
    parts: Vec<Part>,
}

impl BlockRule {
    /// A rule of parts. Refused: none at all, or sex, an initial or a year by themselves.
    pub fn new(parts: Vec<Part>) -> Result<Self, BlockError> {
        let coarse = |part: &Part| {
            matches!(
                part,
                Part::Sex | Part::ForenameInitial | Part::YearOfBirth | Part::PostcodeDistrict
            )
        };
        let pass = BlockRule { parts };
        if pass.parts.iter().all(coarse) {
            return Err(BlockError::TooCoarse { rule: pass.name() });
        }
        Ok(pass)
    }

    /// A rule written in words.
    pub fn of_words(words: &[&str]) -> Result<Self, BlockError> {
        let part = |word: &&str| {
            word.parse::<Part>().map_err(|error| match error {
                RecipeError::UnknownPart { word } => BlockError::UnknownPart { word },
                RecipeError::SingleIdentifier { recipe } => BlockError::TooCoarse { rule: recipe },
            })
        };
        BlockRule::new(words.iter().map(part).collect::<Result<_, _>>()?)
    }

    /// The rule's name: its words, joined by `+`.
    pub fn name(&self) -> String {
        let words: Vec<String> = self.parts.iter().map(Part::to_string).collect();
        words.join("+")
    }

    /// Its parts.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The four passes of the literature: date of birth; Soundex of the surname and year of birth;
    /// postcode; Soundex of both names.
    pub fn usual() -> Vec<BlockRule> {
        [
            vec![Part::DateOfBirth],
            vec![Part::SurnameSoundex, Part::YearOfBirth],
            vec![Part::Postcode],
            vec![Part::ForenameSoundex, Part::SurnameSoundex],
        ]
        .into_iter()
        .map(|parts| BlockRule { parts })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_back_and_coarse_ones_are_refused() {
        let pass = BlockRule::of_words(&["surname.soundex", "date_of_birth.year"]).expect("a rule");
        assert_eq!(pass.name(), "surname.soundex+date_of_birth.year");
        for words in [&["sex"][..], &["sex", "date_of_birth.year"], &[]] {
            assert!(matches!(
                BlockRule::of_words(words),
                Err(BlockError::TooCoarse { .. })
            ));
        }
        assert_eq!(
            BlockRule::of_words(&["surname", "shoe"]),
            Err(BlockError::UnknownPart {
                word: "shoe".to_owned()
            })
        );
    }
}
