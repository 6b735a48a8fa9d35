//! Names of people: the lists of `names.toml`, and a long tail put together from syllables.

use super::super::dice::{Dice, count, real};
use super::super::error::SynthError;
use super::super::names::{Culture, Names, Sex};
use super::parameters::{PairParameters, Tails};

const CULTURES: [Culture; 10] = [
    Culture::British,
    Culture::Welsh,
    Culture::Irish,
    Culture::Eastern,
    Culture::Muslim,
    Culture::Indian,
    Culture::African,
    Culture::Caribbean,
    Culture::Chinese,
    Culture::Arab,
];

/// Lists and tail.
pub(super) struct PairNames<'a> {
    lists: Names,
    p: &'a PairParameters,
    first: Vec<&'a str>,
    middle: Vec<&'a str>,
    last: Vec<&'a str>,
    last_male: Vec<&'a str>,
    last_female: Vec<&'a str>,
}

/// The syllable at a place, counted round and round.
fn syllable<'a>(list: &[&'a str], at: u64) -> &'a str {
    let length = u64::try_from(list.len()).unwrap_or(1).max(1);
    let at = usize::try_from(at % length).unwrap_or(0);
    list.get(at).copied().unwrap_or("")
}

/// A rank below `size`, the weight of rank r falling as 1 / (r + `shift`).
fn rank(dice: &mut Dice, size: u64, shift: f64) -> u64 {
    let reach = (real(size) + shift) / shift;
    let drawn = shift * reach.powf(dice.unit()) - shift;
    count(drawn).min(size.saturating_sub(1))
}

/// Ranks lie apart: neighbours in rank have no syllable in common. 7,919 is a prime.
fn scattered(rank: u64, size: u64) -> u64 {
    rank * 7_919 % size.max(1)
}

impl<'a> PairNames<'a> {
    /// With the syllables of the parameters.
    pub(super) fn new(p: &'a PairParameters) -> Result<Self, SynthError> {
        let words = |text: &'a String| text.split_whitespace().collect();
        let tails: &'a Tails = &p.names;
        Ok(PairNames {
            lists: Names::new()?,
            p,
            first: words(&tails.first),
            middle: words(&tails.middle),
            last: words(&tails.last),
            last_male: words(&tails.last_male),
            last_female: words(&tails.last_female),
        })
    }

    /// A group of names.
    pub(super) fn culture(&self, dice: &mut Dice) -> Culture {
        let at = dice.weighted(self.p.people.cultures.as_slice());
        CULTURES.get(at).copied().unwrap_or(Culture::British)
    }

    /// A forename.
    pub(super) fn forename(&self, dice: &mut Dice, culture: Culture, sex: Sex) -> String {
        let tails = &self.p.names;
        if !dice.chance(**tails.tail_forename) {
            return self.lists.forename(dice, culture, sex).to_owned();
        }
        let size = *tails.forenames;
        let at = scattered(rank(dice, size, *tails.forename_shift), size);
        let ends = match sex {
            Sex::Male => &self.last_male,
            Sex::Female => &self.last_female,
        };
        let beginnings = u64::try_from(self.first.len()).unwrap_or(1).max(1);
        let first = syllable(&self.first, at);
        format!("{first}{}", syllable(ends, at / beginnings))
    }

    /// A surname: of the list, or of the tail.
    pub(super) fn surname(&self, dice: &mut Dice, culture: Culture) -> String {
        let tails = &self.p.names;
        let at_home = matches!(culture, Culture::British | Culture::Welsh | Culture::Irish);
        let [here, elsewhere] = **tails.tail_surname;
        if !dice.chance(if at_home { here } else { elsewhere }) {
            return self.lists.surname(dice, culture);
        }
        let size = *tails.surnames;
        let at = scattered(rank(dice, size, *tails.surname_shift), size);
        let of = |list: &[&str]| u64::try_from(list.len()).unwrap_or(1).max(1);
        let (first, rest) = (syllable(&self.first, at), at / of(&self.first));
        let (last, rest) = (syllable(&self.last, rest), rest / of(&self.last));
        // Every so many-th name has no middle.
        let middle = match rest % (of(&self.middle) + 1) {
            0 => "",
            at => syllable(&self.middle, at - 1),
        };
        format!("{first}{middle}{last}")
    }

    /// The short form of a forename, where it has one.
    pub(super) fn short(&self, forename: &str) -> Option<&str> {
        self.lists.short(forename)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::synth::dice::key;

    #[test]
    fn surnames_have_a_head_and_a_long_tail() {
        let p = PairParameters::built_in().expect("parameters");
        let names = PairNames::new(&p).expect("names");
        let mut dice = Dice::new(&key(1), 1);
        let mut counts: HashMap<String, u32> = HashMap::new();
        for _ in 0..100_000 {
            let culture = names.culture(&mut dice);
            *counts.entry(names.surname(&mut dice, culture)).or_default() += 1;
        }
        // In England and Wales the commonest surname has 1.2 per cent, the first hundred a fifth to
        // a quarter.
        let mut sizes: Vec<u32> = counts.values().copied().collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let top: u32 = sizes.iter().take(100).sum();
        assert!((600..1_800).contains(&sizes[0]), "{}", sizes[0]);
        assert!((15_000..35_000).contains(&top), "{top}");
        assert!(sizes.len() > 15_000, "{}", sizes.len());
        assert!(counts.keys().all(|n| !n.is_empty()));
    }

    #[test]
    fn ranks_fall_off() {
        let mut dice = Dice::new(&key(1), 2);
        let drawn: Vec<u64> = (0..20_000).map(|_| rank(&mut dice, 1_000, 10.0)).collect();
        assert!(drawn.iter().all(|r| *r < 1_000));
        // ln(20/10) / ln(1010/10) = 0.150 of the ranks lie below 10.
        let low = drawn.iter().filter(|r| **r < 10).count();
        assert!((2_800..3_200).contains(&low), "{low}");
    }
}
