//! Who was screened and what was declared, and the one repair of what was not.

use super::super::caution::Caution;
use super::super::draw::Draws;
use super::super::method_error::MethodError;
use super::rubin::{Imputations, Pooled, pool};
use super::sensitivity::Odds;

/// What is known of a prisoner's children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Screened: so many children, or none.
    Declared(u32),
    /// Not screened.
    NotScreened,
}

/// As the screening recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsRecorded(());

/// With what was missing imputed, many times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imputed {
    /// For each imputation the numbers of those who were not screened, in order.
    sets: Vec<Vec<u32>>,
}

/// All prisoners of the population, in one order, and what was done about those not screened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screening<State> {
    answers: Vec<Answer>,
    state: State,
}

/// A model that can impute. It is fitted to a screening as recorded.
pub trait Imputer {
    /// The numbers of children of those who were not screened, in order: one draw of all that is
    /// uncertain. The odds of having any are multiplied by `odds`, which is 1 where those who were
    /// not screened are like those who were with the same covariates.
    fn draw(&self, odds: Odds, draws: &mut Draws) -> Vec<u32>;

    /// What must be told of the fit.
    fn cautions(&self) -> &[Caution];
}

impl<State> Screening<State> {
    /// The answers.
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }
}

impl Screening<AsRecorded> {
    /// The answers of all prisoners.
    pub fn new(answers: Vec<Answer>) -> Self {
        Screening {
            answers,
            state: AsRecorded(()),
        }
    }

    /// Of each prisoner, whether the list of custody screening holds children of theirs. For
    /// coverage; who was not screened is not in it.
    pub fn in_list(&self) -> Vec<bool> {
        let declared = |a: &Answer| matches!(a, Answer::Declared(n) if *n > 0);
        self.answers.iter().map(declared).collect()
    }

    /// Imputes, and so uses the record up. The seed gives each imputation a stream of its own, so
    /// that two calls with different odds differ by nothing but the odds.
    ///
    /// # Errors
    /// KL-E-211 if the model was fitted to another screening.
    pub fn impute(
        self,
        model: &impl Imputer,
        imputations: Imputations,
        odds: Odds,
        seed: u64,
    ) -> Result<Screening<Imputed>, MethodError> {
        let missing = self
            .answers
            .iter()
            .filter(|a| **a == Answer::NotScreened)
            .count();
        let sets: Vec<Vec<u32>> = (0..u64::from(imputations.number()))
            .map(|set| model.draw(odds, &mut Draws::new(seed, 0, set)))
            .collect();
        if sets.iter().any(|s| s.len() != missing) {
            return Err(MethodError::Lengths {
                what: "prisoners of the screening and of the model",
            });
        }
        Ok(Screening {
            answers: self.answers,
            state: Imputed { sets },
        })
    }
}

impl Screening<Imputed> {
    /// The imputations.
    pub fn imputations(&self) -> usize {
        self.state.sets.len()
    }

    /// The numbers of children of all prisoners in one imputation; none beyond the last.
    pub fn completed(&self, imputation: usize) -> Option<Vec<u32>> {
        let mut missing = self.state.sets.get(imputation)?.iter();
        let all = self.answers.iter().map(|answer| match answer {
            Answer::Declared(n) => *n,
            Answer::NotScreened => missing.next().copied().unwrap_or(0),
        });
        Some(all.collect())
    }

    /// Estimates from every completed set, pooled. The estimate gives a number and its variance if
    /// nothing were missing; of a population that is all there, that variance is nought.
    ///
    /// # Errors
    /// As [`pool`].
    pub fn pool(
        &self,
        complete: Option<f64>,
        estimate: impl Fn(&[u32]) -> (f64, f64),
    ) -> Result<Pooled, MethodError> {
        let estimates: Vec<(f64, f64)> = (0..self.imputations())
            .filter_map(|set| self.completed(set))
            .map(|children| estimate(&children))
            .collect();
        pool(&estimates, complete)
    }
}
