//! What weights must meet: covariates of each record and their totals in the population.
//!
//! Records with the same covariates get the same factor, so they are held as patterns: the work of
//! a step of Newton's method is that of the patterns and not of the records.

use std::collections::BTreeMap;

use nalgebra::DVector;

use super::super::linear::Rows;
use super::super::method_error::{MethodError, finite, within};
use super::super::number::size;

/// Margins of one population may differ by rounding, by no more than this share.
const ROUNDING: f64 = 1e-9;

/// A margin: categories with their totals, and the category of each record.
#[derive(Debug, Clone, PartialEq)]
pub struct Margin {
    /// Its name.
    pub name: String,
    /// Categories and totals in the population.
    pub totals: Vec<(String, f64)>,
    /// Of each record, the number of its category.
    pub of: Vec<usize>,
}

/// Covariates and totals.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    pub(super) patterns: Rows,
    pub(super) of: Vec<usize>,
    pub(super) totals: DVector<f64>,
}

impl Design {
    /// Of numbers: a row for each record, and a total for each column.
    ///
    /// # Errors
    /// KL-E-211 if totals and columns differ in number; KL-E-212 if a total is not finite.
    pub fn new(rows: &Rows, totals: &[f64]) -> Result<Self, MethodError> {
        if totals.len() != rows.columns() {
            return Err(MethodError::Lengths {
                what: "control totals",
            });
        }
        for total in totals {
            finite(*total, "a control total")?;
        }
        let mut seen: BTreeMap<Vec<u64>, usize> = BTreeMap::new();
        let (mut values, mut of) = (Vec::new(), Vec::with_capacity(rows.len()));
        for row in rows.iter() {
            let bits = row.iter().map(|x| (x + 0.0).to_bits()).collect();
            let next = seen.len();
            let at = *seen.entry(bits).or_insert_with(|| {
                values.extend_from_slice(row);
                next
            });
            of.push(at);
        }
        Ok(Design {
            patterns: Rows::new(values, rows.columns())?,
            of,
            totals: DVector::from_column_slice(totals),
        })
    }

    /// Of margins. Of all margins but the first, the last category is left out, since it follows.
    ///
    /// # Errors
    /// KL-E-203 if margins have different totals; KL-E-209 if a category with people in the
    /// population has no record; KL-E-211 if margins differ in records or a record has no category.
    pub fn of_margins(margins: &[Margin]) -> Result<Self, MethodError> {
        let records = margins.first().map_or(0, |m| m.of.len());
        let sum = |m: &Margin| m.totals.iter().map(|(_, n)| n).sum::<f64>();
        let whole = margins.first().map_or(0.0, sum);
        let (mut totals, mut kept) = (Vec::new(), Vec::new());
        for (at, margin) in margins.iter().enumerate() {
            check(margin, records)?;
            if (sum(margin) - whole).abs() > ROUNDING * whole.abs() {
                return Err(MethodError::Contradiction {
                    what: format!(
                        "margin {} adds up to another total than the first",
                        margin.name
                    ),
                });
            }
            let categories = margin.totals.len() - usize::from(at > 0);
            kept.push(categories);
            totals.extend(margin.totals.iter().take(categories).map(|(_, n)| *n));
        }
        let mut values = Vec::with_capacity(records * totals.len());
        for record in 0..records {
            for (margin, categories) in margins.iter().zip(&kept) {
                let own = margin.of.get(record).copied();
                values.extend((0..*categories).map(|c| if own == Some(c) { 1.0 } else { 0.0 }));
            }
        }
        Design::new(&Rows::new(values, totals.len().max(1))?, &totals)
    }

    /// The number of records.
    pub fn records(&self) -> usize {
        self.of.len()
    }

    /// The sums of weights by pattern.
    pub(super) fn by_pattern(&self, weights: &[f64]) -> Result<Vec<f64>, MethodError> {
        if weights.len() != self.of.len() {
            return Err(MethodError::Lengths {
                what: "weights and records",
            });
        }
        let mut sums = vec![0.0; self.patterns.len()];
        for (weight, at) in weights.iter().zip(&self.of) {
            sums[*at] += within(*weight, [0.0, f64::MAX], "a weight")?;
        }
        Ok(sums)
    }

    /// The greatest distance of sums from totals, relative to the totals.
    pub(super) fn distance(&self, sums: &DVector<f64>) -> f64 {
        let scale = self.totals.amax().max(f64::MIN_POSITIVE) / size(self.totals.len().max(1));
        let pairs = sums.iter().zip(self.totals.iter());
        pairs
            .map(|(s, t)| (s - t).abs() / t.abs().max(scale))
            .fold(0.0, f64::max)
    }
}

fn check(margin: &Margin, records: usize) -> Result<(), MethodError> {
    if margin.of.len() != records || margin.totals.is_empty() {
        return Err(MethodError::Lengths {
            what: "records of the margins",
        });
    }
    let mut seen = vec![false; margin.totals.len()];
    for category in &margin.of {
        match seen.get_mut(*category) {
            Some(slot) => *slot = true,
            None => {
                return Err(MethodError::Lengths {
                    what: "categories of a margin",
                });
            }
        }
    }
    for ((category, total), seen) in margin.totals.iter().zip(seen) {
        within(*total, [0.0, f64::MAX], "a control total")?;
        // A total of nought would need weights of nought, which no positive factor gives.
        if seen != (*total > 0.0) {
            let what = match seen {
                false => "has no record",
                true => "has records and a total of nought",
            };
            return Err(MethodError::Infeasible {
                what: format!("category {category} of margin {} {what}", margin.name),
            });
        }
    }
    Ok(())
}
