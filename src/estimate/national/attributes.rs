//! What is known of children and of parents beside their homes, in the words of the tables.

use super::super::family::{Stay, age_band};
use super::super::people::Home;
use super::super::read::Child;
use crate::schema::canonical::{ETHNICITIES, LEGAL_STATUSES, OFFENCE_GROUPS, SENTENCE_BANDS};

/// A child who counts and whom some list names. In order: by home first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Where the child lives.
    pub home: Home,
    /// Its age on the reference date, a word of `age_band`.
    pub age_band: &'static str,
    /// Its ethnic group, a word of [`ETHNICITIES`].
    pub ethnicity: &'static str,
}

impl Named {
    /// Of a child as the sources have it.
    pub fn of(child: Option<&Child>, home: Home) -> Self {
        let ethnicity = child.and_then(|c| c.ethnicity.as_deref()).unwrap_or("");
        Named {
            home,
            age_band: child.and_then(|c| c.age).map_or("0", age_band),
            ethnicity: word(&ETHNICITIES, ethnicity, "unknown"),
        }
    }
}

/// What a stay in prison is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing {
    /// A word of [`LEGAL_STATUSES`].
    pub legal_status: &'static str,
    /// A word of [`SENTENCE_BANDS`].
    pub sentence_band: &'static str,
    /// A word of [`OFFENCE_GROUPS`].
    pub offence_group: &'static str,
}

impl Standing {
    /// Of a stay.
    pub fn of(stay: &Stay) -> Self {
        Standing {
            legal_status: word(&LEGAL_STATUSES, &stay.legal_status, "other"),
            sentence_band: word(&SENTENCE_BANDS, &stay.sentence_band, "not_sentenced"),
            offence_group: word(&OFFENCE_GROUPS, &stay.offence_group, "unknown"),
        }
    }
}

/// The word of a list that a text is; another where it is none.
fn word(list: &[&'static str], text: &str, otherwise: &'static str) -> &'static str {
    list.iter().find(|w| **w == text).unwrap_or(&otherwise)
}

#[cfg(test)]
mod tests {
    use super::super::super::spells::Period;
    use super::*;

    #[test]
    fn a_text_that_is_no_word_of_the_list_is_not_known() {
        let stay = Stay {
            period: Period::new(0, 9),
            legal_status: "recall".to_owned(),
            sentence_band: "a while".to_owned(),
            offence_group: String::new(),
            prison: String::new(),
        };
        let found = Standing::of(&stay);
        let words = (found.legal_status, found.sentence_band, found.offence_group);
        assert_eq!(words, ("recall", "not_sentenced", "unknown"));
        assert_eq!(Named::of(None, Home::default()).ethnicity, "unknown");
    }
}
