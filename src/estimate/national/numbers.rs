//! The number of children of each family: stated, or imputed where only its existence is stated.
//!
//! A prisoner of whom a flag says that there are children, and no number, takes the number of one
//! like them who gave one (hot-deck; [`super::super::imputation`]). The number is never below the
//! children who are named. This repairs numbers alone: who is a parent is left to the coverage of
//! the lists, so that no gap is repaired twice.

use super::super::caution::Caution;
use super::super::imputation::{Answer, HotDeck, Imputations, Imputer, Odds, Screening};
use super::super::method_error::MethodError;
use super::population::{Family, Population};

/// The numbers of children of all families, in their order, once for each imputation.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// The sets.
    pub sets: Vec<Vec<u32>>,
    /// Families whose number was imputed.
    pub imputed: usize,
    /// What must be told.
    pub cautions: Vec<Caution>,
}

impl Numbers {
    /// Completes the numbers of a population.
    ///
    /// # Errors
    /// KL-E-210 if numbers are missing and fewer than 20 families have one.
    pub fn complete(
        population: &Population,
        imputations: Imputations,
        seed: u64,
    ) -> Result<Self, MethodError> {
        let asked: Vec<&Family> = population
            .families
            .iter()
            .filter(|f| f.stated_as_parent())
            .collect();
        let answers: Vec<Answer> = asked
            .iter()
            .map(|f| f.stated.map_or(Answer::NotScreened, Answer::Declared))
            .collect();
        let imputed = asked.iter().filter(|f| f.stated.is_none()).count();
        let screening = Screening::new(answers);
        if imputed == 0 {
            let one = filled(population, &mut [].iter());
            let sets = (0..imputations.number()).map(|_| one.clone()).collect();
            return Ok(Numbers {
                sets,
                imputed,
                cautions: Vec::new(),
            });
        }
        let categories: Vec<Vec<u16>> = asked.iter().map(|f| category(f)).collect();
        let deck = HotDeck::new(&screening, &categories)?;
        let cautions = deck.cautions().to_vec();
        let screening = screening.impute(&deck, imputations, Odds::UNCHANGED, seed)?;
        let sets = (0..screening.imputations())
            .filter_map(|set| screening.completed(set))
            .map(|of_asked| filled(population, &mut of_asked.iter()))
            .collect();
        Ok(Numbers {
            sets,
            imputed,
            cautions,
        })
    }
}

/// Families are alike by the number of children they name, then the sex of the parent.
fn category(family: &Family) -> Vec<u16> {
    let named = u16::try_from(family.named.min(3)).unwrap_or(3);
    vec![named, u16::from(family.stratum[0] == "mother")]
}

/// The number of every family: `of_asked` are those of families that a list speaks of, in order.
fn filled(population: &Population, of_asked: &mut dyn Iterator<Item = &u32>) -> Vec<u32> {
    let number = |family: &Family| {
        let at_least = u32::try_from(family.at_least()).unwrap_or(u32::MAX);
        if !family.stated_as_parent() {
            return at_least;
        }
        let stated = of_asked.next().copied().or(family.stated);
        stated.unwrap_or(1).max(at_least)
    };
    population.families.iter().map(number).collect()
}
