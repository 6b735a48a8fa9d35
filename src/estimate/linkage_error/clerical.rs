//! Precision and recall from pairs that people looked at, drawn by strata.
//!
//! With N_b pairs in stratum b and the share p_b of matches among its labels, the true links are
//! TP = Σ N_b p_b over strata of links, the missed matches FN = Σ N_b p_b over all others; precision
//! is TP / links and recall TP / (TP + FN). So precision / recall = (TP + FN) / links, and the
//! variance of the number of matches is that of TP + FN alone: by stratum
//! N² (1 − n / N) p (1 − p) / (n − 1) (Cochran, *Sampling Techniques*, 1977, sections 3.2 and 5.3).
//! Where every label is the same, the variance is that of Jeffreys' posterior, since such a sample
//! does not make certain.

use super::super::caution::Caution;
use super::super::draw::Draws;
use super::super::method_error::{MethodError, within};
use super::super::number::real;
use super::{Basis, LEAST_SHARE, Quality};

/// Fewer labels than this in a stratum are told.
const FEW_LABELS: u64 = 30;

/// Where the pairs of a stratum stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// Links.
    Linked,
    /// Compared, and not linked.
    BelowThreshold,
}

/// What is known of the pairs that no block brought together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outside {
    /// A sample of them.
    Sampled {
        /// The pairs.
        pairs: u64,
        /// Of them, pairs with a label.
        labelled: u64,
        /// Matches among those.
        matches: u64,
    },
    /// So many matches, reckoned from how many rules brought together the others.
    Reckoned {
        /// Matches missed.
        missed: f64,
        /// The standard error of that.
        standard_error: f64,
    },
    /// Nothing: recall is then that of the pairs compared, and is told so.
    NotCovered,
}

/// A stratum of the sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Stratum {
    /// Its name: a score band.
    pub name: String,
    /// Where it stands.
    pub place: Where,
    /// Its pairs.
    pub pairs: u64,
    /// Pairs with a label.
    pub labelled: u64,
    /// Matches among those.
    pub matches: u64,
}

/// A sample that can tell both precision and recall: it has links and pairs below the threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct ClericalSample {
    strata: Vec<Stratum>,
    outside: Outside,
    cautions: Vec<Caution>,
}

impl ClericalSample {
    /// Checks a sample.
    ///
    /// # Errors
    /// KL-E-202 if no stratum has links, none lies below the threshold, or one with pairs has no
    /// label; KL-E-203 if a stratum has more matches than labels or more labels than pairs, or no
    /// match is among the links.
    pub fn new(strata: Vec<Stratum>, outside: Outside) -> Result<Self, MethodError> {
        let mut cautions = Vec::new();
        for stratum in &strata {
            check(
                &stratum.name,
                stratum.pairs,
                stratum.labelled,
                stratum.matches,
            )?;
            if stratum.pairs > 0 && stratum.labelled < FEW_LABELS.min(stratum.pairs) {
                cautions.push(Caution::FewLabels {
                    stratum: stratum.name.clone(),
                    labelled: stratum.labelled,
                });
            }
        }
        for (place, name) in [
            (Where::Linked, "links"),
            (Where::BelowThreshold, "pairs below the threshold"),
        ] {
            if !strata.iter().any(|s| s.place == place && s.labelled > 0) {
                return Err(MethodError::NoLabels {
                    stratum: name.to_owned(),
                });
            }
        }
        match outside {
            Outside::Sampled {
                pairs,
                labelled,
                matches,
            } => check("outside the blocks", pairs, labelled, matches)?,
            Outside::Reckoned {
                missed,
                standard_error,
            } => {
                within(missed, [0.0, f64::MAX], "missed matches")?;
                within(standard_error, [0.0, f64::MAX], "a standard error")?;
            }
            Outside::NotCovered => cautions.push(Caution::RecallOfComparedPairs),
        }
        let sample = ClericalSample {
            strata,
            outside,
            cautions,
        };
        if sample.matches_at(Where::Linked) <= 0.0 {
            return Err(MethodError::NoOverlap);
        }
        Ok(sample)
    }

    /// What goes with it.
    pub fn cautions(&self) -> &[Caution] {
        &self.cautions
    }

    /// The links.
    pub fn links(&self) -> u64 {
        let linked = self.strata.iter().filter(|s| s.place == Where::Linked);
        linked.map(|s| s.pairs).sum()
    }

    /// TP and FN.
    fn point(&self) -> (f64, f64) {
        let outside = match self.outside {
            Outside::Sampled {
                pairs,
                labelled,
                matches,
            } => expected(pairs, labelled, matches),
            Outside::Reckoned { missed, .. } => missed,
            Outside::NotCovered => 0.0,
        };
        let missed = self.matches_at(Where::BelowThreshold) + outside;
        (self.matches_at(Where::Linked), missed)
    }

    fn matches_at(&self, place: Where) -> f64 {
        let there = self.strata.iter().filter(|s| s.place == place);
        there
            .map(|s| expected(s.pairs, s.labelled, s.matches))
            .sum()
    }
}

fn check(name: &str, pairs: u64, labelled: u64, matches: u64) -> Result<(), MethodError> {
    if labelled == 0 && pairs > 0 {
        return Err(MethodError::NoLabels {
            stratum: name.to_owned(),
        });
    }
    if matches > labelled || labelled > pairs {
        return Err(MethodError::Contradiction {
            what: format!("stratum {name} has more matches than labels, or more labels than pairs"),
        });
    }
    Ok(())
}

fn expected(pairs: u64, labelled: u64, matches: u64) -> f64 {
    match labelled {
        0 => 0.0,
        n => real(pairs) * real(matches) / real(n),
    }
}

/// The variance of the number of matches in a stratum.
fn variance(pairs: u64, labelled: u64, matches: u64) -> f64 {
    if labelled == 0 || labelled >= pairs {
        return 0.0;
    }
    let (all, n, x) = (real(pairs), real(labelled), real(matches));
    if matches == 0 || matches == labelled || labelled == 1 {
        let (a, b) = (x + 0.5, n - x + 0.5);
        return (all - n).powi(2) * a * b / ((n + 1.0).powi(2) * (n + 2.0));
    }
    let p = x / n;
    all * all * (1.0 - n / all) * p * (1.0 - p) / (n - 1.0)
}

/// A draw of the number of matches: those seen, and a drawn share of those not looked at.
fn drawn(pairs: u64, labelled: u64, matches: u64, draws: &mut Draws) -> f64 {
    let open = real(pairs.saturating_sub(labelled));
    match open > 0.0 {
        true => real(matches) + open * draws.share(matches, labelled),
        false => real(matches),
    }
}

impl Quality for ClericalSample {
    fn precision(&self) -> f64 {
        self.point().0 / real(self.links())
    }

    fn recall(&self) -> f64 {
        let (found, missed) = self.point();
        found / (found + missed)
    }

    fn precision_basis(&self) -> Basis {
        Basis::ThesePairs
    }

    fn recall_basis(&self) -> Basis {
        Basis::ThesePairs
    }

    fn relative_variance(&self) -> f64 {
        let inside: f64 = self
            .strata
            .iter()
            .map(|s| variance(s.pairs, s.labelled, s.matches))
            .sum();
        let outside = match self.outside {
            Outside::Sampled {
                pairs,
                labelled,
                matches,
            } => variance(pairs, labelled, matches),
            Outside::Reckoned { standard_error, .. } => standard_error.powi(2),
            Outside::NotCovered => 0.0,
        };
        let (found, missed) = self.point();
        (inside + outside) / (found + missed).powi(2)
    }

    fn draw(&self, draws: &mut Draws) -> (f64, f64) {
        let (mut found, mut missed) = (0.0, 0.0);
        for s in &self.strata {
            let matches = drawn(s.pairs, s.labelled, s.matches, draws);
            match s.place {
                Where::Linked => found += matches,
                Where::BelowThreshold => missed += matches,
            }
        }
        missed += match self.outside {
            Outside::Sampled {
                pairs,
                labelled,
                matches,
            } => drawn(pairs, labelled, matches, draws),
            Outside::Reckoned {
                missed,
                standard_error,
            } => (missed + standard_error * draws.normal()).max(0.0),
            Outside::NotCovered => 0.0,
        };
        let precision = (found / real(self.links())).max(LEAST_SHARE);
        (precision, (found / (found + missed)).max(LEAST_SHARE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::number::mean_and_variance;

    fn stratum(name: &str, place: Where, pairs: u64, labelled: u64, matches: u64) -> Stratum {
        Stratum {
            name: name.to_owned(),
            place,
            pairs,
            labelled,
            matches,
        }
    }

    fn sample(outside: Outside) -> ClericalSample {
        let strata = vec![
            stratum("0.99", Where::Linked, 8000, 100, 100),
            stratum("0.90", Where::Linked, 1000, 100, 80),
            stratum("0.50", Where::BelowThreshold, 2000, 100, 20),
        ];
        ClericalSample::new(strata, outside).expect("a sample")
    }

    #[test]
    fn precision_and_recall_of_strata() {
        let s = sample(Outside::Reckoned {
            missed: 100.0,
            standard_error: 20.0,
        });
        assert!((s.precision() - 8800.0 / 9000.0).abs() < 1e-12);
        assert!((s.recall() - 8800.0 / 9300.0).abs() < 1e-12);
        assert!(s.cautions().is_empty());
        let uncovered = sample(Outside::NotCovered);
        assert_eq!(uncovered.cautions(), [Caution::RecallOfComparedPairs]);
    }

    #[test]
    fn draws_agree_with_the_formula() {
        let s = sample(Outside::Sampled {
            pairs: 1_000_000,
            labelled: 10_000,
            matches: 3,
        });
        let mut draws = Draws::new(2, 0, 0);
        let ratios: Vec<f64> = (0..20_000)
            .map(|_| {
                let (p, r) = s.draw(&mut draws);
                p / r
            })
            .collect();
        let (mean, variance) = mean_and_variance(&ratios);
        let relative = variance / (mean * mean);
        assert!(
            (relative / s.relative_variance() - 1.0).abs() < 0.2,
            "{relative}"
        );
    }

    #[test]
    fn a_census_leaves_nothing_open() {
        let strata = vec![
            stratum("a", Where::Linked, 50, 50, 45),
            stratum("b", Where::BelowThreshold, 40, 40, 5),
        ];
        let outside = Outside::Reckoned {
            missed: 0.0,
            standard_error: 0.0,
        };
        let s = ClericalSample::new(strata, outside).expect("a sample");
        assert_eq!(s.relative_variance(), 0.0);
        let mut draws = Draws::new(1, 1, 1);
        assert_eq!(s.draw(&mut draws), (0.9, 0.9));
    }

    #[test]
    fn samples_that_cannot_tell_are_refused() {
        let links = || stratum("a", Where::Linked, 50, 10, 9);
        let below = || stratum("b", Where::BelowThreshold, 50, 10, 1);
        let refused = |strata| ClericalSample::new(strata, Outside::NotCovered).is_err();
        assert!(refused(vec![links()]));
        assert!(refused(vec![below()]));
        assert!(refused(vec![
            links(),
            stratum("b", Where::BelowThreshold, 50, 0, 0)
        ]));
        assert!(refused(vec![
            links(),
            stratum("b", Where::BelowThreshold, 50, 10, 11)
        ]));
        assert!(refused(vec![
            stratum("a", Where::Linked, 50, 10, 0),
            below()
        ]));
        assert!(!refused(vec![links(), below()]));
    }
}
