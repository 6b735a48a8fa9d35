//! The parameters of the two files, read from `schemas/synth/pair.toml` or a file of its form.

use std::path::Path;

use serde::Deserialize;

use super::super::error::SynthError;
use super::super::parameters::{Mix, Share, Shares, Stated, section};
use crate::digest::Digest;

const BUILT_IN: &str = include_str!("../../../schemas/synth/pair.toml");

section! {
    /// Who is in the files.
    People {
        both: Share, again: Share, women: Shares<3>, age_custody: Mix<7>, age_parents: Mix<7>,
        cultures: Mix<10>, middle_names: Mix<3>, double_barrelled: Share, rows_per_postcode: u64,
    }
}
section! {
    /// The tail of their names.
    Tails {
        tail_surname: Shares<2>, tail_forename: Share, surnames: u64, surname_shift: f64,
        forenames: u64, forename_shift: f64, first: String, middle: String, last: String,
        last_male: String, last_female: String,
    }
}
section! {
    /// People who look like others.
    Relatives {
        household: Share, father_son: Share, twin: Share, namesake: Share,
        household_kinds: Mix<3>, partner_surname: Share, father_son_postcode: Share,
        twin_sex: Share, twin_postcode: Share, namesake_area: Share,
    }
}
section! {
    /// What changed between the files.
    Changes {
        surname_women: Share, surname_men: Share, joined: Share, moved_near: Share,
        moved_far: Share,
    }
}
section! {
    /// What is written wrongly, on the left and on the right.
    Errors {
        typo_forename: Shares<2>, typo_surname: Shares<2>, nickname: Shares<2>,
        initial: Shares<2>, swap: Shares<2>, half_surname: Shares<2>,
        forename_missing: Shares<2>, surname_missing: Shares<2>, middle_missing: Shares<2>,
        middle_initial: Shares<2>, date_swapped: Shares<2>, date_digit: Shares<2>,
        date_january: Shares<2>, date_default: Shares<2>, date_missing: Shares<2>,
        sex_wrong: Shares<2>, sex_missing: Shares<2>, postcode_typo: Shares<2>,
        postcode_missing: Shares<2>,
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sections {
    people: People,
    names: Tails,
    relatives: Relatives,
    changes: Changes,
    errors: Errors,
}

/// All parameters of the two files, and the digest of the file they were read from.
#[derive(Debug, Clone, PartialEq)]
pub struct PairParameters {
    pub(super) people: People,
    pub(super) names: Tails,
    pub(super) relatives: Relatives,
    pub(super) changes: Changes,
    pub(super) errors: Errors,
    digest: Digest,
}

impl PairParameters {
    /// The parameters that come with the program.
    ///
    /// # Errors
    /// None, unless the program was built with a file that does not parse.
    pub fn built_in() -> Result<Self, SynthError> {
        Self::parse(BUILT_IN, Path::new("schemas/synth/pair.toml"))
    }

    /// The parameters in a file of the same form.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, or has an unknown, missing or impossible entry.
    pub fn load(path: &Path) -> Result<Self, SynthError> {
        let text = std::fs::read_to_string(path).map_err(|source| SynthError::Io {
            path: path.to_path_buf(),
            source,
        })?;
        Self::parse(&text, path)
    }

    /// The digest of the file's bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    fn parse(text: &str, path: &Path) -> Result<Self, SynthError> {
        let wrong = |span: Option<(usize, usize)>, message: &str| SynthError::Parameters {
            path: path.to_path_buf(),
            span,
            message: message.to_owned(),
        };
        let s: Sections = toml::from_str(text)
            .map_err(|e| wrong(e.span().map(|s| (s.start, s.end - s.start)), e.message()))?;
        let names = &s.names;
        let syllables = [
            &names.first,
            &names.middle,
            &names.last,
            &names.last_male,
            &names.last_female,
        ];
        if syllables
            .iter()
            .any(|s| s.split_whitespace().next().is_none())
        {
            return Err(wrong(None, "a list of syllables is empty"));
        }
        let whole = *names.surnames > 0 && *names.forenames > 0;
        if !whole || *names.surname_shift < 1.0 || *names.forename_shift < 1.0 {
            return Err(wrong(
                None,
                "a tail has a name at least, and a shift of 1 or more",
            ));
        }
        let r = &s.relatives;
        if **r.household + **r.father_son + **r.twin + **r.namesake > 1.0 {
            return Err(wrong(
                None,
                "the shares of relatives are more than 1 together",
            ));
        }
        Ok(PairParameters {
            people: s.people,
            names: s.names,
            relatives: s.relatives,
            changes: s.changes,
            errors: s.errors,
            digest: Digest::of(text.as_bytes()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_file_parses_and_every_value_has_a_source() {
        let p = PairParameters::built_in().expect("parses");
        let all = [
            p.people.sources(),
            p.names.sources(),
            p.relatives.sources(),
            p.changes.sources(),
            p.errors.sources(),
        ]
        .concat();
        let unsourced: Vec<_> = all.iter().filter(|(_, s)| s.len() < 4).collect();
        assert!(all.len() > 45 && unsourced.is_empty(), "{unsourced:?}");
    }

    #[test]
    fn unknown_and_impossible_entries_are_refused() {
        for (from, to) in [
            ("twin =", "triplet ="),
            ("both = { value = 0.31", "both = { value = 1.31"),
            (
                "swap = { value = [0.001, 0.001]",
                "swap = { value = [0.001]",
            ),
            (
                "surname_shift = { value = 300.0",
                "surname_shift = { value = 0.0",
            ),
            ("household = { value = 0.06", "household = { value = 0.99"),
            ("forenames = { value = 1_400", "forenames = { value = 0"),
        ] {
            let text = BUILT_IN.replacen(from, to, 1);
            assert_ne!(text, BUILT_IN, "{from}");
            let error = PairParameters::parse(&text, Path::new("p.toml")).expect_err("refused");
            assert!(matches!(error, SynthError::Parameters { .. }), "{error}");
        }
    }
}
