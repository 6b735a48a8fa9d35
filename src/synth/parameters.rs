//! The parameters of the synthetic population: what they are, where they come from, and how they
//! are read.
//!
//! The file `schemas/synth/parameters.toml` is built into the program; another file of the same
//! form may stand in for it. Every entry carries its basis and its source.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::Path;

use serde::Deserialize;

use super::error::SynthError;
use crate::digest::Digest;

const BUILT_IN: &str = include_str!("../../schemas/synth/parameters.toml");

/// On what a value rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// A published figure.
    Published,
    /// Arithmetic on published figures.
    Derived,
    /// Chosen; nobody has published it.
    Assumed,
}

/// A value with its basis and its source. It reads as the value itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated<T> {
    /// The value.
    pub value: T,
    /// On what it rests.
    pub basis: Basis,
    /// Where it comes from.
    pub source: String,
}

impl<T> Deref for Stated<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// A number between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Share(f64);

impl TryFrom<f64> for Share {
    type Error = &'static str;

    fn try_from(value: f64) -> Result<Self, Self::Error> {
        if (0.0..=1.0).contains(&value) {
            Ok(Share(value))
        } else {
            Err("a share lies between 0 and 1")
        }
    }
}

impl Deref for Share {
    type Target = f64;

    fn deref(&self) -> &f64 {
        &self.0
    }
}

/// A fixed number of weights, none negative, not all zero.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Vec<f64>")]
pub struct Mix<const N: usize>([f64; N]);

impl<const N: usize> TryFrom<Vec<f64>> for Mix<N> {
    type Error = String;

    fn try_from(value: Vec<f64>) -> Result<Self, Self::Error> {
        let good = value.iter().all(|w| w.is_finite() && *w >= 0.0);
        let weights: [f64; N] = value
            .try_into()
            .map_err(|_| format!("this list has {N} numbers"))?;
        if good && weights.iter().sum::<f64>() > 0.0 {
            Ok(Mix(weights))
        } else {
            Err("weights are not negative, and not all of them are zero".to_owned())
        }
    }
}

impl<const N: usize> Deref for Mix<N> {
    type Target = [f64; N];

    fn deref(&self) -> &[f64; N] {
        &self.0
    }
}

/// A fixed number of shares, one for each of some kinds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Vec<f64>")]
pub struct Shares<const N: usize>([f64; N]);

impl<const N: usize> TryFrom<Vec<f64>> for Shares<N> {
    type Error = String;

    fn try_from(value: Vec<f64>) -> Result<Self, Self::Error> {
        let shares: [f64; N] = value
            .try_into()
            .map_err(|_| format!("this list has {N} numbers"))?;
        if shares.iter().all(|s| (0.0..=1.0).contains(s)) {
            Ok(Shares(shares))
        } else {
            Err("a share lies between 0 and 1".to_owned())
        }
    }
}

impl<const N: usize> Deref for Shares<N> {
    type Target = [f64; N];

    fn deref(&self) -> &[f64; N] {
        &self.0
    }
}

/// Weights by code.
pub(super) type ByCode = BTreeMap<String, f64>;

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name { $(pub(super) $field: Stated<$kind>),* }

        impl $name {
            #[cfg(test)]
            fn sources(&self) -> Vec<(&'static str, &str)> {
                vec![$((stringify!($field), self.$field.source.as_str())),*]
            }
        }
    };
}

pub(super) use section;

section! {
    /// Children, families, places.
    Population {
        children: u64, children_per_family: Mix<4>, region_children: ByCode, county_weight: f64,
        metropolitan_weight: f64, small_areas: ByCode, size_spread: f64, deprivation_effect: f64,
        region_prison: ByCode, children_per_postcode: u64, twins: Share, deaths: Share,
        moved: Share, ethnicity: ByCode,
    }
}
section! {
    /// People in prison and their stays.
    Prison {
        stock: u64, people_in_year: u64, admissions: u64, classes: Mix<4>, women: Shares<4>,
        again: Shares<4>, third_spell: Share, long_stay_days: f64, medium_stay_days: f64,
        short_stay_days: f64, short_share: Share, within_year_days: f64, return_days: f64,
        fixed_recall: Share, gap_days: f64, still_in_days: f64, history: Mix<4>,
        status_all_year: Mix<5>, status_released: Mix<5>, status_still_in: Mix<5>,
        status_within: Mix<5>, sentence_long: Mix<7>, sentence_medium: Mix<7>,
        sentence_short: Mix<7>, violent: Share, no_fixed_address: Share, age: Mix<7>,
        ethnicity: ByCode, foreign_national: Share,
    }
}
section! {
    /// Who of them are parents, and of whom.
    Parents {
        men: Share, women: Share, children: Mix<5>, child_age: Mix<4>, older_child: Share,
        co_parent_of_mother: Share, several_mothers: Share, lived_with_father: Share,
        lived_with_mother: Share, other_area: Share, surname_of_father: Share,
        surname_of_neither: Share, double_barrelled: Share, co_parent_same_ethnicity: Share,
    }
}
section! {
    /// What of that the prison and probation systems know.
    Recording {
        open: Share, screening: Shares<2>, contacts: Shares<2>, probation_flag: Shares<2>,
        contact_child: Share, contact_birth_date: Share, contact_address: Share,
        contact_second_person: Share, step_child: Share, grandchild: Share, child_visits: Share,
        visited: Share, screening_done: Share, false_yes: Share, primary_carer: Shares<2>,
        children_text: Share,
    }
}
section! {
    /// The probation system.
    Probation {
        caseload: u64, of_prisoners: Share, custody_before: Share, soft_deleted: Share,
        noms_known: Share, assessment: Share,
    }
}
section! {
    /// Children's services.
    Services {
        need_background: Share, need_father: Share, need_mother: Share, care_background: Share,
        care_father: Share, care_mother: Share, protection_plan: Share, holds_carers: Share,
        carer_mother: Share, carer_father: Share, carer_other: Share,
        carer_birth_date_missing: Share, two_authorities: Share, adopted: Share,
        overlapping_episodes: Share, upn_missing: Share, home_postcode_missing: Share,
    }
}
section! {
    /// The school census.
    School {
        in_census: Shares<4>, upn_missing: Share, upn_temporary: Share, upn_wrong_letter: Share,
        former_surname: Share, other_authority: Share, middle_name: Share,
        postcode_missing: Share,
    }
}
section! {
    /// How records of one person differ.
    Disagreement {
        typo: Share, nickname: Share, swap: Share, missing_middle: Share,
        adult_surname_change: Share, child_surname: Share, child_forename: Share,
        birth_date_digit: Share, birth_date_near: Share, birth_date_default: Share,
        birth_date_january: Share, sex_wrong: Share, sex_missing: Share,
        ethnicity_missing: Share,
    }
}
section! {
    /// System numbers.
    Identifiers {
        pnc_missing: Share, pnc_short: Share, pnc_wrong_letter: Share, cro_missing: Share,
        cro_dummy: Share, cro_file_not_held: Share, nino_known: Share, noms_numbers: Mix<3>,
        merge_recorded: Share, aliases: Mix<5>,
    }
}
section! {
    /// What goes wrong in extracts.
    Quirks {
        transfer: Share, transfer_as_release: Share, one_day_gap: Share, court: Share,
        dummy_postcode: Share, name_debris: Share, bad_date: Share, impossible_code: Share,
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sections {
    population: Population,
    prison: Prison,
    parents: Parents,
    recording: Recording,
    probation: Probation,
    services: Services,
    school: School,
    disagreement: Disagreement,
    identifiers: Identifiers,
    quirks: Quirks,
}

/// All parameters, and the digest of the file they were read from.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    pub(super) population: Population,
    pub(super) prison: Prison,
    pub(super) parents: Parents,
    pub(super) recording: Recording,
    pub(super) probation: Probation,
    pub(super) services: Services,
    pub(super) school: School,
    pub(super) disagreement: Disagreement,
    pub(super) identifiers: Identifiers,
    pub(super) quirks: Quirks,
    digest: Digest,
}

impl Parameters {
    /// The parameters that come with the program.
    ///
    /// # Errors
    /// None, unless the program was built with a file that does not parse.
    pub fn built_in() -> Result<Self, SynthError> {
        Self::parse(BUILT_IN, Path::new("schemas/synth/parameters.toml"))
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

    /// The number of people in prison on the reference date and through the year, and of
    /// admissions, that the parameters aim at for the whole country.
    pub fn targets(&self) -> Targets {
        Targets {
            children: *self.population.children,
            stock: *self.prison.stock,
            people_in_year: *self.prison.people_in_year,
            admissions: *self.prison.admissions,
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Self, SynthError> {
        let s: Sections = toml::from_str(text).map_err(|error| SynthError::Parameters {
            path: path.to_path_buf(),
            span: error.span().map(|s| (s.start, s.end - s.start)),
            message: error.message().to_owned(),
        })?;
        Ok(Parameters {
            population: s.population,
            prison: s.prison,
            parents: s.parents,
            recording: s.recording,
            probation: s.probation,
            services: s.services,
            school: s.school,
            disagreement: s.disagreement,
            identifiers: s.identifiers,
            quirks: s.quirks,
            digest: Digest::of(text.as_bytes()),
        })
    }
}

/// What the parameters aim at, for the whole country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Targets {
    /// Children under 18.
    pub children: u64,
    /// People in prison on the reference date.
    pub stock: u64,
    /// People in prison on any day of the year.
    pub people_in_year: u64,
    /// Admissions in the year.
    pub admissions: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_file_parses_and_every_value_has_a_source() {
        let p = Parameters::built_in().expect("parses");
        let all = [
            p.population.sources(),
            p.prison.sources(),
            p.parents.sources(),
            p.recording.sources(),
            p.probation.sources(),
            p.services.sources(),
            p.school.sources(),
            p.disagreement.sources(),
            p.identifiers.sources(),
            p.quirks.sources(),
        ]
        .concat();
        let unsourced: Vec<_> = all.iter().filter(|(_, s)| s.len() < 5).collect();
        assert!(all.len() > 100 && unsourced.is_empty(), "{unsourced:?}");
    }

    #[test]
    fn the_mean_number_of_children_is_two() {
        let p = Parameters::built_in().expect("parses");
        let mean: f64 = p
            .parents
            .children
            .iter()
            .zip(1..)
            .map(|(w, n)| w * f64::from(n))
            .sum();
        assert!((mean - 2.0).abs() < 0.02, "{mean}");
    }

    #[test]
    fn unknown_entries_and_impossible_shares_are_refused_with_their_place() {
        for (from, to) in [
            ("twins =", "triplets ="),
            ("open = { value = 0.60", "open = { value = 1.60"),
            (
                "basis = \"assumed\", source = \"pupils",
                "basis = \"guessed\", source = \"pupils",
            ),
        ] {
            let text = BUILT_IN.replacen(from, to, 1);
            assert_ne!(text, BUILT_IN);
            let error = Parameters::parse(&text, Path::new("p.toml")).expect_err("refused");
            assert!(
                matches!(error, SynthError::Parameters { span: Some(_), .. }),
                "{error}"
            );
        }
    }
}
