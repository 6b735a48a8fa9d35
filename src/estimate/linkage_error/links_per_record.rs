//! What the number of links of each record tells without any label.
//!
//! A record of the one list has a match in the other with probability p and is found; false links
//! come besides at random: n = Bernoulli(p) + Poisson(λ). Then mean = p + λ and variance =
//! p (1 − p) + λ, so p = √(mean − variance) and λ = mean − p (Blakely and Salmond 2002 and, as
//! the neighbour model, Dasylva and Goussanou 2021, for all pairs above a threshold before any rule
//! of one-to-one).
//!
//! **Not identified**: p is recall × coverage, the share of records that are in the other list *and*
//! are found there. Which of the two is short cannot be told, so there is no way from this type to a
//! [`Recall`] but by stating the coverage. It also needs one match at most for a record (no
//! duplicates in the other list), false links at one rate for all records (else λ is too high and p
//! too low), and links before they were made one-to-one.

use super::super::caution::Caution;
use super::super::method_error::{MethodError, within};
use super::super::number::real;
use super::rate::{Precision, Rate, Recall};

/// Fewer records than this say nothing.
const LEAST_RECORDS: u64 = 100;

/// The estimates from links per record.
#[derive(Debug, Clone, PartialEq)]
pub struct LinksPerRecord {
    found: f64,
    found_variance: f64,
    false_links: f64,
    false_links_variance: f64,
    precision_variance: f64,
    cautions: Vec<Caution>,
}

impl LinksPerRecord {
    /// Of the number of records with 0, 1, 2, … links.
    ///
    /// # Errors
    /// KL-E-210 for fewer than 100 records; KL-E-204 if no record has a link.
    pub fn estimate(records_with: &[u64]) -> Result<Self, MethodError> {
        let records: u64 = records_with.iter().sum();
        if records < LEAST_RECORDS {
            return Err(MethodError::TooFew {
                what: "records",
                found: usize::try_from(records).unwrap_or(usize::MAX),
                needed: 100,
            });
        }
        let counts = || {
            records_with
                .iter()
                .zip(0_u64..)
                .map(|(n, k)| (real(*n), real(k)))
        };
        let n = real(records);
        let mean = counts().map(|(r, k)| r * k).sum::<f64>() / n;
        if mean <= 0.0 {
            return Err(MethodError::NoOverlap);
        }
        let spread = counts().map(|(r, k)| r * (k - mean).powi(2)).sum::<f64>() / n;
        let square = mean - spread;
        let mut cautions = Vec::new();
        // p lies between nought and the mean.
        let most = mean.min(1.0);
        if square <= 0.0 || square > most * most {
            cautions.push(Caution::LinksPerRecordDoNotFit);
        }
        let found = square.max(0.0).sqrt().min(most);
        // By influence: of the mean k − mean, of the square (k − mean) − ((k − mean)² − variance).
        let slope = 1.0 / (2.0 * found.max(0.01));
        let influence = |k: f64| {
            let d = k - mean;
            (d - (d * d - spread)) * slope
        };
        let of =
            |f: &dyn Fn(f64) -> f64| counts().map(|(r, k)| r * f(k).powi(2)).sum::<f64>() / (n * n);
        let precision = found / mean;
        Ok(LinksPerRecord {
            found,
            found_variance: of(&influence),
            false_links: mean - found,
            false_links_variance: of(&|k| k - mean - influence(k)),
            precision_variance: of(&|k| (influence(k) - precision * (k - mean)) / mean),
            cautions,
        })
    }

    /// The share of records that have a match in the other list and were linked to it: recall times
    /// coverage. With its variance.
    pub fn recall_times_coverage(&self) -> (f64, f64) {
        (self.found, self.found_variance)
    }

    /// False links for each record, with the variance.
    pub fn false_links_per_record(&self) -> (f64, f64) {
        (self.false_links, self.false_links_variance)
    }

    /// The precision of the links, which is identified: p / (p + λ).
    ///
    /// # Errors
    /// KL-E-201 if none of the links is true.
    pub fn precision(&self) -> Result<Precision, MethodError> {
        let value = self.found / (self.found + self.false_links);
        Precision::new(rate(value, self.precision_variance)?)
    }

    /// The recall, given the share of records that are in the other list at all. That share comes
    /// from elsewhere; it is what this method does not identify.
    ///
    /// # Errors
    /// KL-E-201 if the coverage is less than the share of records that were found.
    pub fn recall_if_covered(&self, coverage: f64) -> Result<Recall, MethodError> {
        within(
            coverage,
            [self.found.max(f64::MIN_POSITIVE), 1.0],
            "coverage",
        )?;
        Recall::new(rate(
            self.found / coverage,
            self.found_variance / (coverage * coverage),
        )?)
    }

    /// What goes with it.
    pub fn cautions(&self) -> &[Caution] {
        &self.cautions
    }
}

/// At one, the variance of a share is bounded by that of a share just below.
fn rate(value: f64, variance: f64) -> Result<Rate, MethodError> {
    let value = value.clamp(0.0, 0.999_999);
    Rate::with_variance(value, variance.min(value * (1.0 - value)))
}

#[cfg(test)]
mod tests {
    use super::super::super::draw::Draws;
    use super::super::{LinkageQuality, Quality};
    use super::*;

    fn links(draws: &mut Draws, p: f64, rate: f64, records: u64) -> Vec<u64> {
        let mut with = vec![0_u64; 12];
        for _ in 0..records {
            let mut k = usize::from(draws.chance(p));
            let mut limit = (-rate).exp();
            let mut sum = limit;
            let u = draws.unit();
            let mut j = 0.0;
            while u > sum && k < 11 {
                j += 1.0;
                limit *= rate / j;
                sum += limit;
                k += 1;
            }
            with[k] += 1;
        }
        with
    }

    #[test]
    fn the_moments_give_back_what_made_the_links() {
        let mut held = 0;
        let mut all = Vec::new();
        for replicate in 0..300 {
            let with = links(&mut Draws::new(3, 0, replicate), 0.88, 0.05, 20_000);
            let found = LinksPerRecord::estimate(&with).expect("an estimate");
            let (p, v) = found.recall_times_coverage();
            held += u32::from((p - 0.88).abs() <= 1.96 * v.sqrt());
            all.push(p);
            assert!(found.cautions().is_empty());
        }
        let mean = all.iter().sum::<f64>() / 300.0;
        assert!((mean - 0.88).abs() < 0.001, "{mean}");
        assert!((276..=296).contains(&held), "{held}");
    }

    #[test]
    fn recall_needs_a_coverage_from_elsewhere() {
        let with = links(&mut Draws::new(4, 0, 0), 0.72, 0.02, 100_000);
        let found = LinksPerRecord::estimate(&with).expect("an estimate");
        assert!(found.recall_if_covered(0.5).is_err());
        let recall = found.recall_if_covered(0.8).expect("a recall");
        let quality = LinkageQuality::new(found.precision().expect("a precision"), recall);
        assert!(
            (quality.recall() - 0.9).abs() < 0.01,
            "{}",
            quality.recall()
        );
        assert!((quality.precision() - 0.72 / 0.74).abs() < 0.01);
    }

    #[test]
    fn links_that_vary_too_much_are_told() {
        let found = LinksPerRecord::estimate(&[900, 0, 0, 0, 0, 100]).expect("an estimate");
        assert_eq!(found.cautions(), [Caution::LinksPerRecordDoNotFit]);
        assert_eq!(found.recall_times_coverage().0, 0.0);
        assert!(found.precision().is_err());
        assert!(LinksPerRecord::estimate(&[5, 5]).is_err());
        assert!(LinksPerRecord::estimate(&[500]).is_err());
    }
}
