//! A share that is not known for certain, and precision and recall made of two of them.

use super::super::draw::Draws;
use super::super::method_error::{MethodError, within};
use super::{Basis, LEAST_SHARE, Quality};

/// A share between nought and one with the sample that it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    value: f64,
    known: Known,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Known {
    Certain,
    Sample { of: f64 },
    Variance(f64),
}

impl Rate {
    /// A share of a simple random sample of `of`.
    ///
    /// # Errors
    /// KL-E-201 if the share or the size is out of range.
    pub fn of_sample(share: f64, of: f64) -> Result<Self, MethodError> {
        within(of, [1.0, f64::MAX], "the size of a sample")?;
        Ok(Rate {
            value: within(share, [0.0, 1.0], "a share")?,
            known: Known::Sample { of },
        })
    }

    /// A share that is taken as certain: by design, or for a sensitivity analysis.
    ///
    /// # Errors
    /// KL-E-201 if it is out of range.
    pub fn certain(share: f64) -> Result<Self, MethodError> {
        Ok(Rate {
            value: within(share, [0.0, 1.0], "a share")?,
            known: Known::Certain,
        })
    }

    /// A share with its variance.
    ///
    /// # Errors
    /// KL-E-201 if the share is out of range or the variance is not below p (1 − p).
    pub fn with_variance(share: f64, variance: f64) -> Result<Self, MethodError> {
        let value = within(share, [0.0, 1.0], "a share")?;
        let most = value * (1.0 - value);
        Ok(Rate {
            value,
            known: Known::Variance(within(variance, [0.0, most], "the variance of a share")?),
        })
    }

    /// The share.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Its variance: p (1 − p) / n of a sample; at nought or one that of Jeffreys' posterior, so
    /// that a sample without an error is not taken for certainty.
    pub fn variance(&self) -> f64 {
        match self.known {
            Known::Certain => 0.0,
            Known::Variance(v) => v,
            Known::Sample { of } if self.value > 0.0 && self.value < 1.0 => {
                self.value * (1.0 - self.value) / of
            }
            Known::Sample { of } => 0.5 * (of + 0.5) / ((of + 1.0).powi(2) * (of + 2.0)),
        }
    }

    /// A draw: Beta(x + 1/2, n − x + 1/2) of a sample, a Beta with that mean and variance else.
    pub fn draw(&self, draws: &mut Draws) -> f64 {
        let p = self.value;
        match self.known {
            Known::Certain => p,
            Known::Sample { of } => draws.beta(p * of + 0.5, (1.0 - p) * of + 0.5),
            Known::Variance(v) if v > 0.0 => {
                let size = p * (1.0 - p) / v - 1.0;
                draws.beta(p * size, (1.0 - p) * size)
            }
            Known::Variance(_) => p,
        }
    }

    fn is_certain(&self) -> bool {
        self.known == Known::Certain
    }
}

/// True links among the links, from a sample of these links unless it is certain or has a variance
/// of its own, which pairs like them gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Precision(Rate);

/// True links among the matches, from matches of the same kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recall(Rate);

impl Precision {
    /// Takes a rate for a precision.
    ///
    /// # Errors
    /// KL-E-201 if it is nought.
    pub fn new(rate: Rate) -> Result<Self, MethodError> {
        within(rate.value, [LEAST_SHARE, 1.0], "precision")?;
        Ok(Precision(rate))
    }
}

impl Recall {
    /// Takes a rate for a recall.
    ///
    /// # Errors
    /// KL-E-201 if it is nought.
    pub fn new(rate: Rate) -> Result<Self, MethodError> {
        within(rate.value, [LEAST_SHARE, 1.0], "recall")?;
        Ok(Recall(rate))
    }
}

/// Precision and recall from two independent samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkageQuality {
    precision: Rate,
    recall: Rate,
}

impl LinkageQuality {
    /// Of both; they cannot be swapped, since each is a type.
    pub fn new(precision: Precision, recall: Recall) -> Self {
        LinkageQuality {
            precision: precision.0,
            recall: recall.0,
        }
    }

    /// The same figures taken as certain: what an estimate looks like that forgets how they are
    /// known. For sensitivity analyses.
    pub fn without_uncertainty(&self) -> Self {
        let certain = |rate: Rate| Rate {
            known: Known::Certain,
            ..rate
        };
        LinkageQuality {
            precision: certain(self.precision),
            recall: certain(self.recall),
        }
    }
}

impl Quality for LinkageQuality {
    fn precision(&self) -> f64 {
        self.precision.value
    }

    fn recall(&self) -> f64 {
        self.recall.value
    }

    fn precision_basis(&self) -> Basis {
        match self.precision.known {
            Known::Sample { .. } => Basis::ThesePairs,
            Known::Certain | Known::Variance(_) => Basis::PairsLikeThem,
        }
    }

    fn recall_basis(&self) -> Basis {
        Basis::PairsLikeThem
    }

    fn relative_variance(&self) -> f64 {
        let of = |rate: &Rate| match rate.is_certain() {
            true => 0.0,
            false => rate.variance() / (rate.value * rate.value),
        };
        of(&self.precision) + of(&self.recall)
    }

    fn draw(&self, draws: &mut Draws) -> (f64, f64) {
        let precision = self.precision.draw(draws).max(LEAST_SHARE);
        (precision, self.recall.draw(draws).max(LEAST_SHARE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::number::mean_and_variance;

    #[test]
    fn draws_have_the_stated_mean_and_variance() {
        let rates = [
            Rate::of_sample(0.93, 300.0).expect("a rate"),
            Rate::with_variance(0.8, 0.001).expect("a rate"),
        ];
        for (stratum, rate) in rates.iter().enumerate() {
            let mut draws = Draws::new(1, stratum as u64, 0);
            let all: Vec<f64> = (0..20_000).map(|_| rate.draw(&mut draws)).collect();
            let (mean, variance) = mean_and_variance(&all);
            assert!((mean - rate.value()).abs() < 0.002, "{mean}");
            assert!(
                (variance / rate.variance() - 1.0).abs() < 0.06,
                "{variance}"
            );
        }
    }

    #[test]
    fn a_sample_without_an_error_is_not_certain() {
        let perfect = Rate::of_sample(1.0, 100.0).expect("a rate");
        assert!(perfect.variance() > 0.0);
        assert_eq!(Rate::certain(1.0).expect("a rate").variance(), 0.0);
        assert!(Rate::of_sample(1.1, 10.0).is_err());
        assert!(Rate::of_sample(f64::NAN, 10.0).is_err());
        assert!(Rate::with_variance(0.5, 0.3).is_err());
        assert!(Recall::new(Rate::certain(0.0).expect("a rate")).is_err());
    }
}
