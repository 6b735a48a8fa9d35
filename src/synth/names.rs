//! Names of invented people: lists by group, weighted, with a long tail of composed surnames.

use std::path::Path;

use hashbrown::HashMap;
use serde::Deserialize;

use super::dice::Dice;
use super::error::SynthError;

const LISTS: &str = include_str!("../../schemas/synth/names.toml");

/// Male or female; the extracts write other codes too, the invented people have these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sex {
    Male,
    Female,
}

impl Sex {
    /// `M` or `F`.
    pub(super) fn letter(self) -> &'static str {
        match self {
            Sex::Male => "M",
            Sex::Female => "F",
        }
    }

    /// The other one.
    pub(super) fn other(self) -> Sex {
        match self {
            Sex::Male => Sex::Female,
            Sex::Female => Sex::Male,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGroup {
    male: String,
    female: String,
    surname: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTail {
    first: String,
    last: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawShort {
    pairs: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLists {
    british: RawGroup,
    welsh: RawGroup,
    irish: RawGroup,
    eastern: RawGroup,
    muslim: RawGroup,
    indian: RawGroup,
    african: RawGroup,
    caribbean: RawGroup,
    chinese: RawGroup,
    arab: RawGroup,
    long_tail: RawTail,
    short: RawShort,
}

struct Ranked {
    names: Vec<String>,
    cumulative: Vec<f64>,
}

impl Ranked {
    fn new(text: &str) -> Self {
        let names: Vec<String> = text.split_whitespace().map(ToOwned::to_owned).collect();
        let mut sum = 0.0;
        let cumulative = names
            .iter()
            .zip(1_u32..)
            .map(|(_, rank)| {
                sum += 1.0 / f64::from(rank + 8);
                sum
            })
            .collect();
        Ranked { names, cumulative }
    }

    fn draw(&self, dice: &mut Dice) -> &str {
        let x = dice.unit() * self.cumulative.last().copied().unwrap_or(1.0);
        let i = self.cumulative.partition_point(|c| *c <= x);
        self.names.get(i).map_or("Smith", String::as_str)
    }
}

struct Group {
    male: Ranked,
    female: Ranked,
    surname: Ranked,
}

/// All lists.
pub(super) struct Names {
    groups: Vec<Group>,
    first: Vec<String>,
    last: Vec<String>,
    short: HashMap<String, String>,
}

/// A group of names. The order is that of [`Names::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Culture {
    British,
    Welsh,
    Irish,
    Eastern,
    Muslim,
    Indian,
    African,
    Caribbean,
    Chinese,
    Arab,
}

impl Culture {
    fn position(self) -> usize {
        match self {
            Culture::British => 0,
            Culture::Welsh => 1,
            Culture::Irish => 2,
            Culture::Eastern => 3,
            Culture::Muslim => 4,
            Culture::Indian => 5,
            Culture::African => 6,
            Culture::Caribbean => 7,
            Culture::Chinese => 8,
            Culture::Arab => 9,
        }
    }
}

impl Names {
    /// Reads the lists that come with the program.
    pub(super) fn new() -> Result<Self, SynthError> {
        let raw: RawLists = toml::from_str(LISTS).map_err(|error| SynthError::Parameters {
            path: Path::new("schemas/synth/names.toml").to_path_buf(),
            span: error.span().map(|s| (s.start, s.end - s.start)),
            message: error.message().to_owned(),
        })?;
        let words = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect();
        let groups = [
            raw.british,
            raw.welsh,
            raw.irish,
            raw.eastern,
            raw.muslim,
            raw.indian,
            raw.african,
            raw.caribbean,
            raw.chinese,
            raw.arab,
        ]
        .iter()
        .map(|g| Group {
            male: Ranked::new(&g.male),
            female: Ranked::new(&g.female),
            surname: Ranked::new(&g.surname),
        })
        .collect();
        Ok(Names {
            groups,
            first: words(&raw.long_tail.first),
            last: words(&raw.long_tail.last),
            short: raw
                .short
                .pairs
                .split_whitespace()
                .filter_map(|p| p.split_once(':'))
                .map(|(full, short)| (full.to_owned(), short.to_owned()))
                .collect(),
        })
    }

    /// A forename.
    pub(super) fn forename(&self, dice: &mut Dice, culture: Culture, sex: Sex) -> &str {
        self.groups.get(culture.position()).map_or("Alex", |g| {
            match sex {
                Sex::Male => &g.male,
                Sex::Female => &g.female,
            }
            .draw(dice)
        })
    }

    /// A surname; among British ones three in ten are composed, which makes the long tail.
    pub(super) fn surname(&self, dice: &mut Dice, culture: Culture) -> String {
        if culture == Culture::British && dice.chance(0.30) {
            let first = dice.pick(&self.first).map_or("", String::as_str);
            let last = dice.pick(&self.last).map_or("", String::as_str);
            return format!("{first}{last}");
        }
        self.groups
            .get(culture.position())
            .map_or_else(String::new, |g| g.surname.draw(dice).to_owned())
    }

    /// The short form of a forename, where it has one.
    pub(super) fn short(&self, forename: &str) -> Option<&str> {
        self.short.get(forename).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::dice::key;

    #[test]
    fn lists_have_no_name_twice_within_them() {
        let names = Names::new().expect("lists");
        for group in &names.groups {
            for list in [&group.male, &group.female, &group.surname] {
                assert!(list.names.len() >= 28);
            }
        }
    }

    #[test]
    fn names_with_accents_apostrophes_and_hyphens_occur() {
        let names = Names::new().expect("lists");
        let mut dice = Dice::new(&key(1), 1);
        let mut all = String::new();
        for _ in 0..3_000 {
            all.push_str(&names.surname(&mut dice, Culture::Irish));
            all.push_str(names.forename(&mut dice, Culture::Welsh, Sex::Female));
            all.push_str(names.forename(&mut dice, Culture::British, Sex::Female));
        }
        for part in ["O'Neill", "Siân", "Zoë", "Lily-Rose"] {
            assert!(all.contains(part), "{part}");
        }
    }
}
