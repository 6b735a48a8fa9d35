//! The transition matrix T of linkage error between three lists: E[observed] = T true.
//!
//! Missed links first. A child in two lists keeps its link with recall r_ij, or becomes two
//! children. A child in all three stays one if two of its three links are found,
//! r₁₂r₁₃ + r₁₂r₂₃ + r₁₃r₂₃ − 2 r₁₂r₁₃r₂₃; becomes pair ij and a third with r_ij (1 − r_ik)(1 − r_jk);
//! and three with Π (1 − r). Then false links: of the children in list j alone, a share β_ij is
//! taken for a child in list i alone (i < j), so that each such link makes one record of two. T is
//! the product of the two. False links of other kinds are rarer and are not in it; a matrix that was
//! measured by sending known children through the linkage can be given instead.
//!
//! The method extends Ding and Fienberg ("Multiple sample estimation of population and census
//! undercount in the presence of matching errors", Survey Methodology 22, 1996).

use nalgebra::{SMatrix, SVector};

use super::super::caution::Caution;
use super::super::draw::Draws;
use super::super::linkage_error::Rate;
use super::super::method_error::{MethodError, within};
use super::histories::{Corrected, Observed};

type Seven = SMatrix<f64, 7, 7>;

/// Beyond this condition number (in the norm of greatest column sums) a warning is given.
const WORRYING: f64 = 10.0;
/// Beyond this T counts as singular.
const SINGULAR: f64 = 1e8;

/// Pairs of lists in the order in which rates are given: 1–2, 1–3, 2–3. With the index of the pair's
/// history, of the two single lists, and of the third.
const PAIRS: [Pair; 3] = [
    Pair {
        both: 2,
        first: 0,
        second: 1,
        third: 3,
    },
    Pair {
        both: 4,
        first: 0,
        second: 3,
        third: 1,
    },
    Pair {
        both: 5,
        first: 1,
        second: 3,
        third: 0,
    },
];

struct Pair {
    both: usize,
    first: usize,
    second: usize,
    third: usize,
}

/// T and what undoes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    matrix: Seven,
    correction: Seven,
    condition: f64,
}

impl Transition {
    /// No linkage error at all. To be used where lists were linked by a number that all of them
    /// hold, or to see what an uncorrected estimate would be.
    pub fn identity() -> Self {
        Transition {
            matrix: Seven::identity(),
            correction: Seven::identity(),
            condition: 1.0,
        }
    }

    /// From recalls and rates of false links of the pairs of lists 1–2, 1–3, 2–3.
    ///
    /// # Errors
    /// KL-E-201 if a rate is no share, or list 3 would lose more than all its children; KL-E-205 if
    /// T cannot be inverted.
    pub fn from_rates(recall: [f64; 3], false_links: [f64; 3]) -> Result<Self, MethodError> {
        for r in recall {
            within(r, [0.0, 1.0], "recall")?;
        }
        for b in false_links {
            within(b, [0.0, 1.0], "a rate of false links")?;
        }
        within(
            false_links[1] + false_links[2],
            [0.0, 1.0],
            "false links of list 3",
        )?;
        Self::invertible(merge(false_links) * split(recall))
    }

    /// A matrix that was measured: column by column, what became of children with each history.
    /// Rows and columns are in the order of [`super::History::all`].
    ///
    /// # Errors
    /// KL-E-212 if an entry is not finite; KL-E-205 if it cannot be inverted.
    pub fn measured(columns: [[f64; 7]; 7]) -> Result<Self, MethodError> {
        if columns.iter().flatten().any(|x| !x.is_finite()) {
            return Err(MethodError::NotFinite {
                what: "a transition rate",
            });
        }
        Self::invertible(Seven::from_fn(|i, j| columns[j][i]))
    }

    fn invertible(matrix: Seven) -> Result<Self, MethodError> {
        let correction = matrix.try_inverse().ok_or(MethodError::NoInverse)?;
        let norm = |m: &Seven| {
            m.column_iter()
                .map(|c| c.iter().map(|x| x.abs()).sum::<f64>())
                .fold(0.0, f64::max)
        };
        let condition = norm(&matrix) * norm(&correction);
        // Written so that a condition that is not a number is refused as well.
        match condition <= SINGULAR {
            true => Ok(Transition {
                matrix,
                correction,
                condition,
            }),
            false => Err(MethodError::NoInverse),
        }
    }

    /// Adds over-coverage: of the children that a list alone is left with after correction, the
    /// share that does belong to the population.
    ///
    /// # Errors
    /// KL-E-201 if a share is out of range.
    pub fn with_validity(mut self, shares: [f64; 3]) -> Result<Self, MethodError> {
        for (row, share) in [0, 1, 3].into_iter().zip(shares) {
            within(share, [0.0, 1.0], "the validity of a list")?;
            self.correction.row_mut(row).scale_mut(share);
        }
        Ok(self)
    }

    /// T.
    pub fn matrix(&self) -> [[f64; 7]; 7] {
        std::array::from_fn(|i| std::array::from_fn(|j| self.matrix[(i, j)]))
    }

    /// T applied to true numbers: what is to be observed.
    ///
    /// # Errors
    /// KL-E-201 if a number is below nought or not finite.
    pub fn observe(&self, truth: [f64; 7]) -> Result<Observed, MethodError> {
        Observed::new((self.matrix * SVector::from(truth)).into())
    }

    /// What was observed, undone. Numbers below nought are set to it, with a warning that names the
    /// stratum.
    pub fn correct(&self, observed: &Observed, stratum: &str) -> (Corrected, Vec<Caution>) {
        let mut numbers: [f64; 7] = (self.correction * SVector::from(*observed.numbers())).into();
        let mut cautions = Vec::new();
        // A hair below nought is rounding.
        let floor = -1e-9 * observed.records().max(1.0);
        if numbers.iter().any(|n| *n < floor) {
            cautions.push(Caution::NegativeCells {
                stratum: stratum.to_owned(),
            });
        }
        for n in &mut numbers {
            *n = n.max(0.0);
        }
        if self.condition > WORRYING {
            cautions.push(Caution::IllConditioned {
                condition: self.condition,
            });
        }
        (Corrected(numbers), cautions)
    }

    /// A gradient by corrected numbers as a gradient by observed ones: Cᵀ g, C being the correction.
    pub fn pull_back(&self, gradient: &[f64; 7]) -> [f64; 7] {
        self.correction.tr_mul(&SVector::from(*gradient)).into()
    }
}

/// Missed links.
fn split(recall: [f64; 3]) -> Seven {
    let mut s = Seven::zeros();
    for single in [0, 1, 3] {
        s[(single, single)] = 1.0;
    }
    let [r12, r13, r23] = recall;
    s[(6, 6)] = r12 * r13 + r12 * r23 + r13 * r23 - 2.0 * r12 * r13 * r23;
    let none = (1.0 - r12) * (1.0 - r13) * (1.0 - r23);
    for single in [0, 1, 3] {
        s[(single, 6)] += none;
    }
    for (pair, r) in PAIRS.iter().zip(recall) {
        s[(pair.both, pair.both)] = r;
        s[(pair.first, pair.both)] = 1.0 - r;
        s[(pair.second, pair.both)] = 1.0 - r;
        // (1 − r_ik)(1 − r_jk) is the product of the misses over this pair's own; written out, since
        // a recall of one makes that a quotient of noughts.
        let others: f64 = PAIRS
            .iter()
            .zip(recall)
            .filter(|(p, _)| p.both != pair.both)
            .map(|(_, r)| 1.0 - r)
            .product();
        s[(pair.both, 6)] += r * others;
        s[(pair.third, 6)] += r * others;
    }
    s
}

/// False links.
fn merge(false_links: [f64; 3]) -> Seven {
    let mut m = Seven::identity();
    for (pair, b) in PAIRS.iter().zip(false_links) {
        m[(pair.first, pair.second)] -= b;
        m[(pair.second, pair.second)] -= b;
        m[(pair.both, pair.second)] += b;
    }
    m
}

/// Recalls and rates of false links of the three pairs of lists, with what they are known from; and
/// the validity of each list. One clerical sample is one of these, and strata that share the sample
/// share its draws.
#[derive(Debug, Clone, PartialEq)]
pub struct ListLinkage {
    recall: [Rate; 3],
    false_links: [Rate; 3],
    validity: Option<[Rate; 3]>,
    point: Transition,
}

impl ListLinkage {
    /// Of the pairs of lists 1–2, 1–3, 2–3.
    ///
    /// # Errors
    /// KL-E-201 and KL-E-205 as [`Transition::from_rates`].
    pub fn new(recall: [Rate; 3], false_links: [Rate; 3]) -> Result<Self, MethodError> {
        let point =
            Transition::from_rates(recall.map(|r| r.value()), false_links.map(|b| b.value()))?;
        Ok(ListLinkage {
            recall,
            false_links,
            validity: None,
            point,
        })
    }

    /// With the share of each list's lone children that belong to the population.
    ///
    /// # Errors
    /// KL-E-201 if a share is out of range.
    pub fn with_validity(mut self, validity: [Rate; 3]) -> Result<Self, MethodError> {
        self.point = self.point.with_validity(validity.map(|v| v.value()))?;
        self.validity = Some(validity);
        Ok(self)
    }

    /// T of the estimates.
    pub fn point(&self) -> &Transition {
        &self.point
    }

    /// T of a draw of every rate.
    ///
    /// # Errors
    /// KL-E-205 if that T cannot be inverted.
    pub fn draw(&self, draws: &mut Draws) -> Result<Transition, MethodError> {
        let recall = self.recall.map(|r| r.draw(draws));
        let mut false_links = self.false_links.map(|b| b.draw(draws));
        // Two rates of one list, drawn apart, may not take more than all of it.
        let taken = (false_links[1] + false_links[2]).max(1.0);
        false_links[1] /= taken;
        false_links[2] /= taken;
        let drawn = Transition::from_rates(recall, false_links)?;
        match &self.validity {
            Some(validity) => drawn.with_validity(validity.map(|v| v.draw(draws))),
            None => Ok(drawn),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn correction_undoes_observation(
            recall in proptest::array::uniform3(0.6..1.0_f64),
            wrong in proptest::array::uniform3(0.0..0.1_f64),
            truth in proptest::array::uniform7(1000.0..5000.0_f64),
        ) {
            let t = Transition::from_rates(recall, wrong).unwrap();
            if let Ok(observed) = t.observe(truth) {
                let (back, _) = t.correct(&observed, "s");
                for (a, b) in back.numbers().iter().zip(truth) {
                    prop_assert!((a - b).abs() < 1e-6 * b, "{a} {b}");
                }
            }
        }

        /// Missed links alone keep the number of entries in every list.
        #[test]
        fn missed_links_keep_the_lists(recall in proptest::array::uniform3(0.0..1.0_f64)) {
            let s = split(recall);
            let lists = |mask: usize| (0..3).filter(|l| (mask + 1) & (1 << l) != 0).count() as f64;
            for column in 0..7 {
                let entries: f64 = (0..7).map(|row| s[(row, column)] * lists(row)).sum();
                prop_assert!((entries - lists(column)).abs() < 1e-12);
            }
        }

        #[test]
        fn pulling_back_is_the_adjoint(
            recall in proptest::array::uniform3(0.6..1.0_f64),
            g in proptest::array::uniform7(-2.0..2.0_f64),
            o in proptest::array::uniform7(500.0..900.0_f64),
        ) {
            let t = Transition::from_rates(recall, [0.01; 3]).unwrap().with_validity([0.9, 1.0, 0.8]).unwrap();
            let corrected: [f64; 7] = (t.correction * SVector::from(o)).into();
            let a: f64 = corrected.iter().zip(g).map(|(x, y)| x * y).sum();
            let b: f64 = o.iter().zip(t.pull_back(&g)).map(|(x, y)| x * y).sum();
            prop_assert!((a - b).abs() < 1e-6);
        }
    }

    #[test]
    fn no_error_is_the_identity_and_no_link_is_refused() {
        assert_eq!(
            Transition::from_rates([1.0; 3], [0.0; 3])
                .expect("t")
                .matrix(),
            Transition::identity().matrix()
        );
        assert_eq!(
            Transition::from_rates([0.0; 3], [0.0; 3]),
            Err(MethodError::NoInverse)
        );
        assert!(Transition::from_rates([0.9; 3], [0.0, 0.6, 0.6]).is_err());
        assert!(Transition::from_rates([f64::NAN; 3], [0.0; 3]).is_err());
        assert!(Transition::measured([[f64::NAN; 7]; 7]).is_err());
    }

    #[test]
    fn cells_below_nought_are_told() {
        let t = Transition::from_rates([0.9; 3], [0.05; 3]).expect("t");
        let (n, cautions) = t.correct(
            &Observed::new([500.0, 500.0, 1.0, 500.0, 1.0, 1.0, 1.0]).expect("o"),
            "s",
        );
        assert!(n.numbers().iter().all(|x| *x >= 0.0));
        assert!(matches!(&cautions[..], [Caution::NegativeCells { .. }]));
    }
}
