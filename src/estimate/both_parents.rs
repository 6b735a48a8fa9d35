//! A child of two prisoners counts once, with and without knowing which children are the same.
//!
//! With the children's identity, clusters of links are counted. Without, every pair of a parent in
//! custody and a child counts 1 / m, m being the parents of the child that are in custody in the
//! period (Sirken, "Household surveys with multiplicity", JASA 65, 1970; Lavallée, *Indirect
//! Sampling*, 2007): Σ over parents Σ over their children 1 / m = distinct children. Where m comes
//! from links between the records of children, it suffers from missed and false links: of two
//! parents, P D / R children have both in custody if D links were made.

use super::linkage_error::{Quality, matches};
use super::method_error::{MethodError, within};
use super::number::real;

/// Distinct children by weight share.
///
/// # Errors
/// KL-E-201 if a multiplicity is nought.
pub fn weight_share(multiplicities: impl Iterator<Item = u32>) -> Result<f64, MethodError> {
    // By multiplicity, so that the sum does not depend on the order and is exact where it can be.
    let mut pairs = std::collections::BTreeMap::new();
    for m in multiplicities {
        within(
            f64::from(m),
            [1.0, f64::MAX],
            "the number of a child's parents",
        )?;
        *pairs.entry(m).or_insert(0_u64) += 1;
    }
    Ok(pairs.into_iter().map(|(m, n)| real(n) / f64::from(m)).sum())
}

/// Distinct children where a child's two parents meet by links of its two records.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BothParents {
    /// Pairs of a parent and a child.
    pub pairs: f64,
    /// Children with both parents in custody, after correction.
    pub with_both: f64,
    /// Distinct children.
    pub children: f64,
    /// The variance of that from linkage error.
    pub variance: f64,
}

impl BothParents {
    /// Of pairs of a parent and a child, and the links between records of children of different
    /// parents.
    ///
    /// # Errors
    /// KL-E-203 if there are more links than two of the pairs each can make, before or after
    /// correction.
    pub fn estimate(pairs: u64, links: u64, quality: &impl Quality) -> Result<Self, MethodError> {
        let (with_both, variance) = match links {
            0 => (0.0, 0.0),
            n => matches(n, quality),
        };
        let all = real(pairs);
        if 2.0 * with_both > all || links > pairs / 2 {
            return Err(MethodError::Contradiction {
                what: "more children of two prisoners than pairs of parent and child allow"
                    .to_owned(),
            });
        }
        Ok(BothParents {
            pairs: all,
            with_both,
            children: all - with_both,
            variance,
        })
    }

    /// Pairs over children: how much a count of pairs is too high. One where there is nobody.
    pub fn double_count(&self) -> f64 {
        match self.children > 0.0 {
            true => self.pairs / self.children,
            false => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::draw::Draws;
    use super::super::linkage_error::{LinkageQuality, Precision, Rate, Recall};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_give_distinct_children(parents in proptest::collection::vec(1..4_u32, 0..60)) {
            let multiplicities = parents.iter().flat_map(|m| std::iter::repeat_n(*m, *m as usize));
            let found = weight_share(multiplicities).unwrap();
            prop_assert!((found - parents.len() as f64).abs() < 1e-9);
        }
    }

    fn quality(p: f64, r: f64, n: f64) -> LinkageQuality {
        let rate = |share| Rate::of_sample(share, n).expect("a rate");
        LinkageQuality::new(
            Precision::new(rate(p)).expect("p"),
            Recall::new(rate(r)).expect("r"),
        )
    }

    #[test]
    fn corrected_for_linkage_error() {
        let found =
            BothParents::estimate(1000, 60, &quality(0.9, 0.8, 200.0)).expect("an estimate");
        assert!((found.with_both - 67.5).abs() < 1e-12);
        assert!((found.children - 932.5).abs() < 1e-12);
        assert!((found.double_count() - 1000.0 / 932.5).abs() < 1e-12);
        assert!(BothParents::estimate(100, 60, &quality(0.9, 0.8, 200.0)).is_err());
        let none = BothParents::estimate(0, 0, &quality(0.9, 0.8, 200.0)).expect("an estimate");
        assert_eq!((none.children, none.double_count()), (0.0, 1.0));
        assert!(weight_share([0].into_iter()).is_err());
    }

    #[test]
    fn the_interval_holds_the_truth() {
        let (mut held, mut naive) = (0, 0);
        for replicate in 0..400 {
            let mut draws = Draws::new(4, 0, replicate);
            let (both, one) = (800_u64, 9000_u64);
            let found = draws.binomial(both, 0.85);
            let wrong = draws.binomial(4500, 0.01);
            let links = found + wrong;
            let truly = real(found) / real(links);
            let p = real(draws.binomial(300, truly)) / 300.0;
            let r = real(draws.binomial(300, 0.85)) / 300.0;
            let of = |n| Rate::of_sample(n, 300.0).expect("a rate");
            let q = LinkageQuality::new(
                Precision::new(of(p)).expect("p"),
                Recall::new(of(r)).expect("r"),
            );
            let pairs = 2 * both + one;
            let e = BothParents::estimate(pairs, links, &q).expect("an estimate");
            let truth = real(both + one);
            held += u32::from((e.children - truth).abs() <= 1.96 * e.variance.sqrt());
            naive += u32::from((real(pairs - links) - truth).abs() <= 1.96 * e.variance.sqrt());
        }
        assert!((365..=394).contains(&held), "{held}");
        assert!(naive < 300, "{naive}");
    }
}
