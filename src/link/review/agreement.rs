//! How far two reviewers agree, and how far beyond chance.
//!
//! Cohen's kappa ("A coefficient of agreement for nominal scales", 1960) with the standard error for
//! large samples of Fleiss, Cohen and Everitt ("Large sample standard errors of kappa and weighted
//! kappa", 1969). It is of the pairs that were drawn: bands of doubtful pairs are drawn more densely
//! than others, so that it is lower than it would be for all pairs.

use serde::Serialize;

use super::decisions::Decision;
use crate::link::evaluate::wilson;
use crate::link::model::real;

const Z: f64 = 1.959_963_984_540_054;

/// The agreement of two reviewers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// Pairs that both decided on.
    pub pairs: u64,
    /// Those on which they say the same.
    pub same: u64,
    /// Their share.
    pub share: Option<f64>,
    /// Its Wilson score interval at 95 %.
    pub share_interval: Option<[f64; 2]>,
    /// Cohen's kappa; none where both always say one and the same.
    pub kappa: Option<f64>,
    /// Its interval at 95 %.
    pub kappa_interval: Option<[f64; 2]>,
    /// How often the first said the row's word and the second the column's: match, no match, unsure.
    pub table: [[u64; 3]; 3],
}

impl Agreement {
    /// Of the decisions of two reviewers on the same pairs.
    pub fn new(decisions: impl Iterator<Item = (Decision, Decision)>) -> Self {
        let mut table = [[0; 3]; 3];
        let place = |decision| Decision::ALL.iter().position(|d| *d == decision);
        for (first, second) in decisions {
            let row = place(first).and_then(|p| table.get_mut(p));
            if let Some(cell) = place(second).and_then(|p| row?.get_mut(p)) {
                *cell += 1;
            }
        }
        Self::of_table(table)
    }

    fn of_table(table: [[u64; 3]; 3]) -> Self {
        let pairs: u64 = table.iter().flatten().sum();
        let [[a, _, _], [_, b, _], [_, _, c]] = table;
        let same = a + b + c;
        let kappa = kappa(&table, real(pairs));
        Agreement {
            pairs,
            same,
            share: (pairs > 0).then(|| real(same) / real(pairs)),
            share_interval: wilson(same, pairs),
            kappa: kappa.map(|(kappa, _)| kappa),
            kappa_interval: kappa
                .map(|(k, error)| [(k - Z * error).max(-1.0), (k + Z * error).min(1.0)]),
            table,
        }
    }
}

/// Kappa and its standard error.
fn kappa(table: &[[u64; 3]; 3], n: f64) -> Option<(f64, f64)> {
    let share = table.map(|row| row.map(|count| real(count) / n));
    let first = share.map(|row| row.iter().sum::<f64>());
    let second = share
        .iter()
        .fold([0.0; 3], |[x, y, z], [a, b, c]| [x + a, y + b, z + c]);
    let by_chance: f64 = first.iter().zip(&second).map(|(a, b)| a * b).sum();
    if n <= 0.0 || 1.0 - by_chance < 1e-12 {
        return None;
    }
    let (mut observed, mut on, mut off) = (0.0, 0.0, 0.0);
    for (i, row) in share.iter().enumerate() {
        observed += row.get(i).copied().unwrap_or(0.0);
    }
    let kappa = (observed - by_chance) / (1.0 - by_chance);
    for (i, (row, of_first)) in share.iter().zip(first).enumerate() {
        for (j, (p, of_second)) in row.iter().zip(second).enumerate() {
            // Of a cell off the diagonal: the column's total of the first, the row's of the second.
            let turned =
                first.get(j).copied().unwrap_or(0.0) + second.get(i).copied().unwrap_or(0.0);
            if i == j {
                on += p * (1.0 - (of_first + of_second) * (1.0 - kappa)).powi(2);
            } else {
                off += p * turned.powi(2);
            }
        }
    }
    let rest = (kappa - by_chance * (1.0 - kappa)).powi(2);
    let variance = on + (1.0 - kappa).powi(2) * off - rest;
    let error = variance.max(0.0).sqrt() / ((1.0 - by_chance) * n.sqrt());
    Some((kappa, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kappa_is_that_of_the_textbook() {
        // Fleiss, "Statistical methods for rates and proportions" (1981), tables 13.1 and 13.2:
        // kappa 0.676 with a standard error of 0.088 (0.087 before rounding).
        let table = [[75, 1, 4], [5, 4, 1], [0, 0, 10]];
        let (k, error) = kappa(&table, 100.0).expect("kappa");
        assert!((k - 0.676).abs() < 5e-4, "{k}");
        assert!((error - 0.088).abs() < 1e-3, "{error}");
        let all = Agreement::of_table(table);
        assert_eq!((all.pairs, all.same, all.share), (100, 89, Some(0.89)));
    }

    #[test]
    fn kappa_of_agreement_of_disagreement_and_of_one_word() {
        let of = |table| Agreement::of_table(table);
        assert_eq!(of([[5, 0, 0], [0, 5, 0], [0, 0, 5]]).kappa, Some(1.0));
        let none = of([[0, 5, 0], [5, 0, 0], [0, 0, 0]]);
        assert_eq!((none.kappa, none.share), (Some(-1.0), Some(0.0)));
        let one = of([[9, 0, 0], [0; 3], [0; 3]]);
        assert_eq!(
            (one.kappa, one.kappa_interval, one.share),
            (None, None, Some(1.0))
        );
        let chance = of([[25, 25, 0], [25, 25, 0], [0; 3]]);
        assert!(chance.kappa.is_some_and(|k| k.abs() < 1e-12));
    }
}
