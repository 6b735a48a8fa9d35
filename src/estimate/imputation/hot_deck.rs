//! The hot-deck: who was not screened takes the number of a prisoner like them who was, after the
//! approximate Bayesian bootstrap (Rubin and Schenker, JASA 81, 1986): in each cell of covariates the
//! donors are first drawn with replacement from all donors of the cell, and the numbers then from
//! those. Cells with few donors take those of a coarser cell, the last covariate left out first.

use std::collections::BTreeMap;

use super::super::caution::Caution;
use super::super::draw::Draws;
use super::super::method_error::MethodError;
use super::super::number::size;
use super::screening::{Answer, AsRecorded, Imputer, Screening};
use super::sensitivity::Odds;

/// Donors that a cell needs.
const DONORS: usize = 20;

/// A cell: the numbers of its donors, and how many are to be imputed from them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cell {
    /// Its draws are its own, so that a prisoner more or less in another cell changes nothing here.
    stream: u64,
    donors: Vec<u32>,
    takers: usize,
}

/// A hot-deck, with the prisoners it is to impute.
#[derive(Debug, Clone, PartialEq)]
pub struct HotDeck {
    cells: Vec<Cell>,
    /// Of each prisoner who was not screened, in order, the cell.
    missing: Vec<usize>,
    cautions: Vec<Caution>,
}

impl HotDeck {
    /// Of the categories of each prisoner, the most important first.
    ///
    /// # Errors
    /// KL-E-211 if categories and prisoners differ in number; KL-E-210 if all who were screened are
    /// fewer than 20.
    pub fn new(
        screening: &Screening<AsRecorded>,
        categories: &[Vec<u16>],
    ) -> Result<Self, MethodError> {
        let answers = screening.answers();
        let depth = categories.first().map_or(0, Vec::len);
        if answers.len() != categories.len() || categories.iter().any(|c| c.len() != depth) {
            return Err(MethodError::Lengths {
                what: "categories of prisoners",
            });
        }
        let mut donors: BTreeMap<&[u16], Vec<u32>> = BTreeMap::new();
        for (answer, key) in answers.iter().zip(categories) {
            if let Answer::Declared(n) = answer {
                for length in 0..=depth {
                    donors.entry(&key[..length]).or_default().push(*n);
                }
            }
        }
        let screened = donors.get([].as_slice()).map_or(0, Vec::len);
        if screened < DONORS {
            return Err(MethodError::TooFew {
                what: "prisoners screened",
                found: screened,
                needed: DONORS,
            });
        }
        let mut cells: Vec<Cell> = Vec::new();
        let mut known: BTreeMap<&[u16], usize> = BTreeMap::new();
        let mut coarser = 0;
        let mut missing = Vec::new();
        for (answer, key) in answers.iter().zip(categories) {
            if *answer != Answer::NotScreened {
                continue;
            }
            let at = *known.entry(key).or_insert_with(|| {
                let enough = |length: &usize| {
                    donors
                        .get(&key[..*length])
                        .is_some_and(|d| d.len() >= DONORS)
                };
                let length = (0..=depth).rev().find(enough).unwrap_or(0);
                coarser += u64::from(length < depth);
                cells.push(Cell {
                    stream: stream(key),
                    donors: donors.get(&key[..length]).cloned().unwrap_or_default(),
                    takers: 0,
                });
                cells.len() - 1
            });
            cells[at].takers += 1;
            missing.push(at);
        }
        let cautions = match coarser > 0 {
            true => vec![Caution::CoarserDonors { cells: coarser }],
            false => Vec::new(),
        };
        Ok(HotDeck {
            cells,
            missing,
            cautions,
        })
    }
}

/// The stream of a cell, by its categories.
fn stream(key: &[u16]) -> u64 {
    key.iter().fold(0, |all: u64, category| {
        all.wrapping_mul(65_537)
            .wrapping_add(u64::from(*category) + 1)
    })
}

impl Cell {
    /// The numbers for its takers.
    fn draw(&self, odds: Odds, draws: &mut Draws) -> Vec<u32> {
        let pick = |from: &[u32], draws: &mut Draws| from.get(draws.below(from.len())).copied();
        let pool: Vec<u32> = (0..self.donors.len())
            .filter_map(|_| pick(&self.donors, draws))
            .collect();
        let parents: Vec<u32> = pool.iter().copied().filter(|n| *n > 0).collect();
        let share = size(parents.len()) / size(pool.len()).max(1.0);
        let odds = odds.factor();
        let p = share * odds / (1.0 - share + share * odds);
        let one = |draws: &mut Draws| {
            let (has, number) = (draws.unit() < p, pick(&parents, draws));
            if has { number.unwrap_or(0) } else { 0 }
        };
        (0..self.takers).map(|_| one(draws)).collect()
    }
}

impl Imputer for HotDeck {
    fn draw(&self, odds: Odds, draws: &mut Draws) -> Vec<u32> {
        let seed = draws.seed();
        let mut by_cell: Vec<std::vec::IntoIter<u32>> = self
            .cells
            .iter()
            .map(|cell| {
                let mut draws = Draws::new(seed, cell.stream, 0);
                cell.draw(odds, &mut draws).into_iter()
            })
            .collect();
        let mut next = |cell: &usize| by_cell.get_mut(*cell).and_then(Iterator::next).unwrap_or(0);
        self.missing.iter().map(&mut next).collect()
    }

    fn cautions(&self) -> &[Caution] {
        &self.cautions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screening() -> (Screening<AsRecorded>, Vec<Vec<u16>>) {
        let mut answers = vec![Answer::Declared(2); 40];
        answers.extend([Answer::Declared(0); 40]);
        answers.extend([Answer::NotScreened; 30]);
        let key = |i: usize| match i {
            0..40 => vec![1, 0],
            40..80 => vec![2, 0],
            80..100 => vec![1, 0],
            _ => vec![2, 7],
        };
        (Screening::new(answers), (0..110).map(key).collect())
    }

    #[test]
    fn donors_are_of_the_cell_or_a_coarser_one() {
        let (s, keys) = screening();
        let deck = HotDeck::new(&s, &keys).expect("a deck");
        assert_eq!(deck.cautions(), [Caution::CoarserDonors { cells: 1 }]);
        let drawn = deck.draw(Odds::UNCHANGED, &mut Draws::new(1, 0, 0));
        assert_eq!(drawn[..20], [2; 20]);
        assert_eq!(drawn[20..], [0; 10]);
    }

    #[test]
    fn odds_move_the_share() {
        let answers: Vec<Answer> = (0..4000)
            .map(|i| match i % 4 {
                0 => Answer::Declared(1),
                1 => Answer::Declared(0),
                _ => Answer::NotScreened,
            })
            .collect();
        let s = Screening::new(answers);
        let deck = HotDeck::new(&s, &vec![vec![]; 4000]).expect("a deck");
        let share = |odds| {
            size(
                deck.draw(Odds::new(odds).expect("odds"), &mut Draws::new(1, 0, 0))
                    .iter()
                    .filter(|n| **n > 0)
                    .count(),
            ) / 2000.0
        };
        assert!((share(1.0) - 0.5).abs() < 0.06);
        assert!((share(3.0) - 0.75).abs() < 0.06);
        assert!(HotDeck::new(&s, &[]).is_err());
        let few = Screening::new(vec![Answer::Declared(1); 3]);
        assert!(HotDeck::new(&few, &vec![vec![]; 3]).is_err());
    }
}
