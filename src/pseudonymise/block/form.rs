//! The forms that an encoding can have, and which of them a blocking rule's passes have.
//!
//! Attacks by somebody who holds the whole population decided between them (`docs/attacks.md` has
//! the figures). In a block of a few people, one filter of the whole record shows how alike each
//! two of them are, and that pattern finds the block again among all blocks of the population;
//! filters of single fields show more, tags of all fields in one row most. What holds is to part
//! the fields: every rule makes a pass for each group of lanes, with keys, block tokens and row
//! pseudonyms of its own, and only the holder of the join tables can lay them side by side.

use serde::{Deserialize, Serialize};

use super::filter::Filters;
use super::lane::Lane;
use super::rule::{BlockError, BlockRule};
use crate::pseudonymise::Part;

/// What of a person the bytes of an encoding hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Bloom filters: of the whole record, or one a field.
    Filters(Filters),
    /// One byte a lane.
    Lanes(Vec<Lane>),
}

impl Form {
    /// Bytes of an encoding.
    pub fn width(&self) -> usize {
        match self {
            Form::Filters(filters) => filters.width(),
            Form::Lanes(lanes) => lanes.len(),
        }
    }

    /// What the bytes are, for the footer of a file.
    pub fn describe(&self) -> String {
        match self {
            Form::Filters(filters) => filters.describe(),
            Form::Lanes(lanes) => {
                let words: Vec<String> = lanes.iter().map(Lane::to_string).collect();
                format!("lanes {}", words.join(" "))
            }
        }
    }
}

/// How the passes of a rule are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arrangement {
    /// A pass for each group of lanes: forename, surname, date of birth, place.
    #[default]
    Lanes,
    /// One pass of a 1,024-bit filter for the whole record.
    Record,
    /// One pass of a filter for each field.
    Fields,
}

/// One pass: a rule, the name of what it encodes, and the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockPass {
    /// Who is compared with whom.
    pub rule: BlockRule,
    /// `record`, `fields`, or the group of lanes.
    pub group: &'static str,
    /// What is encoded.
    pub form: Form,
}

impl BlockPass {
    /// The passes of some rules in order.
    pub fn of_rules(
        rules: &[BlockRule],
        arrangement: Arrangement,
    ) -> Result<Vec<BlockPass>, BlockError> {
        let mut out = Vec::new();
        for rule in rules {
            let mut pass = |group, form| {
                out.push(BlockPass {
                    rule: rule.clone(),
                    group,
                    form,
                });
            };
            match arrangement {
                Arrangement::Record => pass("record", Form::Filters(Filters::record())),
                Arrangement::Fields => pass("fields", Form::Filters(Filters::fields(256)?)),
                Arrangement::Lanes => {
                    for (group, lanes) in groups(rule) {
                        pass(group, Form::Lanes(lanes));
                    }
                }
            }
        }
        Ok(out)
    }

    /// The names of the files of some passes, in order: `rule-01-forename.parquet`, the rules
    /// numbered as they come.
    pub fn file_names<'a>(passes: impl IntoIterator<Item = &'a BlockPass>) -> Vec<String> {
        let mut rules: Vec<&BlockRule> = Vec::new();
        let name = |pass: &'a BlockPass| {
            let known = rules.iter().position(|r| **r == pass.rule);
            let number = known.unwrap_or_else(|| {
                rules.push(&pass.rule);
                rules.len() - 1
            });
            format!("rule-{:02}-{}.parquet", number + 1, pass.group)
        };
        passes.into_iter().map(name).collect()
    }

    /// The pass's name, which no other has.
    pub fn name(&self) -> String {
        format!("{}/{}", self.rule.name(), self.group)
    }
}

/// The groups of lanes for a rule. What the rule itself fixes is left out: within a block of one
/// date of birth a date says nothing; within one of a surname's Soundex code the surname says
/// whether it is the same, and its sketch would tell the variants of a code apart.
fn groups(rule: &BlockRule) -> Vec<(&'static str, Vec<Lane>)> {
    let has = |wanted: &[Part]| rule.parts().iter().any(|p| wanted.contains(p));
    let mut out = Vec::new();
    let mut forename = vec![Lane::Forename];
    if !has(&[Part::ForenameSoundex]) {
        forename.extend((0..4).map(Lane::ForenameSketch));
    }
    let mut surname = vec![Lane::Surname];
    if !has(&[Part::SurnameSoundex]) {
        surname.extend((0..4).map(Lane::SurnameSketch));
    }
    if !has(&[Part::Forename, Part::NamesUnordered]) {
        out.push(("forename", forename));
    }
    if !has(&[Part::Surname, Part::NamesUnordered]) {
        out.push(("surname", surname));
    }
    if !has(&[Part::DateOfBirth]) {
        let date = [
            Lane::DateOfBirth,
            Lane::DateUnordered,
            Lane::DayMonth,
            Lane::DayYear,
            Lane::MonthYear,
        ];
        out.push(("date", date.to_vec()));
    }
    if !has(&[Part::Postcode]) {
        let place = [Lane::Postcode, Lane::PostcodeSector, Lane::PostcodeDistrict];
        out.push(("place", place.to_vec()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_rules_have_fourteen_passes_with_names_of_their_own() {
        let passes = BlockPass::of_rules(&BlockRule::usual(), Arrangement::Lanes).expect("passes");
        let names: std::collections::BTreeSet<String> =
            passes.iter().map(BlockPass::name).collect();
        assert_eq!((passes.len(), names.len()), (14, 14));
        assert!(names.contains("postcode/surname"));
        assert!(!names.contains("postcode/place"));
        assert!(!names.contains("date_of_birth/date"));
        let files = BlockPass::file_names(&passes);
        assert_eq!(
            files.first().map(String::as_str),
            Some("rule-01-forename.parquet")
        );
        assert_eq!(
            files.last().map(String::as_str),
            Some("rule-04-place.parquet")
        );
    }
}
