//! The hurdle model: whether a prisoner has children (logistic), and how many those have who do
//! (zero-truncated negative binomial). An imputation draws the coefficients of both from their
//! normal approximation, then each prisoner who was not screened (Rubin, *Multiple Imputation for
//! Nonresponse in Surveys*, 1987, section 5.3).

use std::collections::BTreeMap;

use nalgebra::{DMatrix, DVector};

use super::super::caution::Caution;
use super::super::draw::Draws;
use super::super::linear::{Rows, dot, root};
use super::super::method_error::MethodError;
use super::super::number::real;
use super::logistic::{self, Logistic, logistic as inverse_logit};
use super::screening::{Answer, AsRecorded, Imputer, Screening};
use super::sensitivity::Odds;
use super::truncated::{self, Group, Truncated, mean_and_size, truncated_mean};

/// A fitted hurdle model, with the prisoners it is to impute.
#[derive(Debug, Clone, PartialEq)]
pub struct Hurdle {
    patterns: Rows,
    /// Of each prisoner who was not screened, the pattern of covariates.
    missing: Vec<usize>,
    any: Logistic,
    any_root: DMatrix<f64>,
    many: Truncated,
    many_root: DMatrix<f64>,
    cautions: Vec<Caution>,
}

impl Hurdle {
    /// Fits to those who were screened. A row of covariates for each prisoner, the constant among
    /// them.
    ///
    /// # Errors
    /// KL-E-211 if rows and prisoners differ in number; KL-E-206 to KL-E-210 as the two regressions.
    pub fn fit(screening: &Screening<AsRecorded>, rows: &Rows) -> Result<Self, MethodError> {
        let answers = screening.answers();
        if answers.len() != rows.len() {
            return Err(MethodError::Lengths {
                what: "covariates of prisoners",
            });
        }
        let (patterns, of) = patterns(rows)?;
        let mut trials = vec![(0.0, 0.0); patterns.len()];
        let mut numbers: BTreeMap<(usize, u32), u64> = BTreeMap::new();
        let mut missing = Vec::new();
        for (answer, pattern) in answers.iter().zip(&of) {
            match answer {
                Answer::NotScreened => missing.push(*pattern),
                Answer::Declared(n) => {
                    trials[*pattern].0 += 1.0;
                    if *n > 0 {
                        trials[*pattern].1 += 1.0;
                        *numbers.entry((*pattern, *n)).or_insert(0) += 1;
                    }
                }
            }
        }
        let groups: Vec<Group> = numbers
            .into_iter()
            .map(|((row, children), n)| Group {
                row,
                children,
                families: real(n),
            })
            .collect();
        let any = logistic::fit(&patterns, &trials)?;
        let many = truncated::fit(&patterns, &groups)?;
        let cautions = match many.at_limit {
            true => vec![Caution::DispersionAtLimit],
            false => Vec::new(),
        };
        Ok(Hurdle {
            any_root: root(&any.covariance),
            many_root: root(&many.covariance),
            patterns,
            missing,
            any,
            many,
            cautions,
        })
    }

    /// The children to expect of all who were not screened, at the point estimates.
    pub fn expected(&self, odds: Odds) -> f64 {
        let of = |pattern: &usize| {
            let row = self.patterns.row(*pattern);
            let p = probability(row, &self.any.coefficients, odds);
            let (mean, k) = mean_and_size(row, &self.many.parameters);
            p * truncated_mean(mean, k)
        };
        self.missing.iter().map(of).sum()
    }
}

fn probability(row: &[f64], coefficients: &DVector<f64>, odds: Odds) -> f64 {
    inverse_logit(dot(row, coefficients) + odds.factor().ln())
}

/// Distinct rows in the order of their first, and of each row which it is.
fn patterns(rows: &Rows) -> Result<(Rows, Vec<usize>), MethodError> {
    let mut seen: BTreeMap<Vec<u64>, usize> = BTreeMap::new();
    let mut values = Vec::new();
    let mut of = Vec::with_capacity(rows.len());
    for row in rows.iter() {
        // Nought has two signs and is one value.
        let bits = row.iter().map(|x| (x + 0.0).to_bits()).collect();
        let next = seen.len();
        let at = *seen.entry(bits).or_insert_with(|| {
            values.extend_from_slice(row);
            next
        });
        of.push(at);
    }
    Ok((Rows::new(values, rows.columns())?, of))
}

fn drawn(mean: &DVector<f64>, root: &DMatrix<f64>, draws: &mut Draws) -> DVector<f64> {
    let z = DVector::from_fn(mean.len(), |_, _| draws.normal());
    mean + root * z
}

impl Imputer for Hurdle {
    fn draw(&self, odds: Odds, draws: &mut Draws) -> Vec<u32> {
        let any = drawn(&self.any.coefficients, &self.any_root, draws);
        let many = drawn(&self.many.parameters, &self.many_root, draws);
        let of: Vec<(f64, f64, f64)> = self
            .patterns
            .iter()
            .map(|row| {
                let (mean, k) = mean_and_size(row, &many);
                (probability(row, &any, odds), mean, k)
            })
            .collect();
        let one = |pattern: &usize| {
            let (p, mean, k) = of.get(*pattern).copied().unwrap_or((0.0, 1.0, 1.0));
            // Both draws are made whether needed or not, so that other odds meet the same draws.
            let (has, number) = (draws.unit() < p, truncated::draw(mean, k, draws));
            if has { number } else { 0 }
        };
        self.missing.iter().map(one).collect()
    }

    fn cautions(&self) -> &[Caution] {
        &self.cautions
    }
}
