//! A plan: what each table's noise is, exactly, and what all of it costs, exactly.
//!
//! The best shares are real numbers; they become millionths of the budget that add up to a whole,
//! and only then variances. So nothing that was rounded in floating point decides what is spent.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::allocate::{Goal, Variances, shares};
use super::structure::Structure;
use crate::protect::dp::accounting::{Contribution, Definition, Loss, PrivacyUnit, PureDp, Zcdp};
use crate::protect::dp::domain::Domain;
use crate::protect::dp::exact::Ratio;
use crate::protect::dp::sampler::{BadParameter, DiscreteGaussian, DiscreteLaplace};

/// Parts that a budget is cut into.
pub const SHARES: u64 = 1_000_000;

/// What a release asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The tables.
    pub domain: Domain,
    /// Whose presence is hidden.
    pub unit: PrivacyUnit,
    /// In how many rows a unit may be.
    pub contribution: Contribution,
    /// What the release may cost a unit.
    pub loss: Loss,
    /// What shall be small.
    pub goal: Goal,
}

/// The noise of each cell of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Noise {
    /// Discrete Gaussian of this variance parameter σ².
    Gaussian(Ratio),
    /// Discrete Laplace of this scale.
    Laplace(Ratio),
}

impl Noise {
    /// Its variance, or for the Gaussian the parameter, which is not less.
    pub(crate) fn variance(&self) -> f64 {
        match self {
            Noise::Gaussian(variance) => nearest(variance),
            Noise::Laplace(scale) => {
                let e = (1.0 / nearest(scale)).exp();
                2.0 * e / ((e - 1.0) * (e - 1.0))
            }
        }
    }
}

/// The nearest floating-point number to a fraction.
pub(crate) fn nearest(ratio: &Ratio) -> f64 {
    ratio.decimal_down(40).parse().unwrap_or(0.0)
}

/// Why a request cannot be planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The loss is 0.
    #[error("a budget of 0 buys no table")]
    Nothing,
    /// The noise would be too large to draw.
    #[error("{0}")]
    Noise(#[from] BadParameter),
}

/// The noise of every table of a release, and its cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    domain: Domain,
    unit: PrivacyUnit,
    contribution: Contribution,
    loss: Loss,
    goal: Goal,
    /// Millionths of the budget, by table.
    shares: Vec<u64>,
    noise: Vec<Option<Noise>>,
}

impl Plan {
    /// The best plan for a request.
    ///
    /// # Errors
    /// [`PlanError`] where the budget is 0 or the noise too large.
    pub fn new(request: Request) -> Result<Self, PlanError> {
        let structure = Structure::new(&request.domain);
        let best = shares(
            &request.domain,
            &structure,
            request.goal,
            request.loss.definition(),
        );
        Plan::of_shares(request, whole_shares(&best))
    }

    /// The plan of given shares, in millionths; they add up to [`SHARES`].
    fn of_shares(request: Request, shares: Vec<u64>) -> Result<Self, PlanError> {
        if request.loss.amount().is_zero() {
            return Err(PlanError::Nothing);
        }
        let noise = shares
            .iter()
            .map(|share| noise(&request, *share))
            .collect::<Result<Vec<_>, _>>()?;
        let plan = Plan {
            domain: request.domain,
            unit: request.unit,
            contribution: request.contribution,
            loss: request.loss,
            goal: request.goal,
            shares,
            noise,
        };
        Ok(plan)
    }

    /// The tables.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Whose presence is hidden.
    pub fn unit(&self) -> PrivacyUnit {
        self.unit
    }

    /// In how many rows a unit may be.
    pub fn contribution(&self) -> Contribution {
        self.contribution
    }

    /// What was asked to be small.
    pub fn goal(&self) -> Goal {
        self.goal
    }

    /// The definition of privacy.
    pub fn definition(&self) -> Definition {
        self.loss.definition()
    }

    /// The noise of each table; none where a table is not measured because finer ones tell as much.
    pub fn noise(&self) -> &[Option<Noise>] {
        &self.noise
    }

    /// Millionths of the budget, by table.
    pub fn shares(&self) -> &[u64] {
        &self.shares
    }

    /// What the noise costs a unit: the sum over the tables, each by its theorem. It is computed
    /// from the noise, not taken over from what was asked for.
    pub fn loss(&self) -> Loss {
        let rows = self.contribution.rows();
        self.noise
            .iter()
            .flatten()
            .fold(Loss::none(self.definition()), |sum, noise| {
                let one = match noise {
                    Noise::Gaussian(variance) => Zcdp::of_gaussian(variance, rows).map(Loss::Zcdp),
                    Noise::Laplace(scale) => PureDp::of_laplace(scale, rows).map(Loss::Pure),
                };
                // A variance is never 0 and all noise of a plan is of one kind.
                one.and_then(|l| sum.with(&l)).unwrap_or(sum)
            })
    }

    /// What the release may cost.
    pub fn asked(&self) -> &Loss {
        &self.loss
    }

    /// Variances of all cells of each table, before the step to counts that are not negative.
    pub(crate) fn variances<'a>(&'a self, structure: &Structure) -> Variances<'a> {
        Variances::new(&self.domain, structure, &self.precision())
    }

    /// Precision of a cell of each table: 0 where it is not measured.
    pub(crate) fn precision(&self) -> Vec<f64> {
        let of = |noise: &Option<Noise>| noise.as_ref().map_or(0.0, |n| 1.0 / n.variance());
        self.noise.iter().map(of).collect()
    }

    /// The mean standard deviation of the cells of each table.
    pub fn standard_deviations(&self) -> Vec<f64> {
        let variances = self.variances(&Structure::new(&self.domain));
        (0..self.shares.len())
            .map(|t| variances.mean(t).sqrt())
            .collect()
    }

    /// SHA-256 of everything that decides the noise.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(serde_json::to_vec(self).unwrap_or_default()).into()
    }
}

/// σ² = c²·10⁶/(2ρk) or scale = c·10⁶/(εk) for k millionths; none for 0 of them.
fn noise(request: &Request, share: u64) -> Result<Option<Noise>, PlanError> {
    let rows = Ratio::whole(request.contribution.rows());
    let paid = Ratio::whole(share).times(request.loss.amount());
    let noise = match &request.loss {
        Loss::Zcdp(_) => rows
            .squared()
            .half()
            .times(&Ratio::whole(SHARES))
            .over(&paid)
            .map(Noise::Gaussian),
        Loss::Pure(_) => rows
            .times(&Ratio::whole(SHARES))
            .over(&paid)
            .map(Noise::Laplace),
    };
    match &noise {
        Some(Noise::Gaussian(variance)) => drop(DiscreteGaussian::new(variance)?),
        Some(Noise::Laplace(scale)) => drop(DiscreteLaplace::new(scale)?),
        None => {}
    }
    Ok(noise)
}

/// Millionths that add up to a whole: rounded down, and what is left goes to the greatest rests.
fn whole_shares(shares: &[f64]) -> Vec<u64> {
    let total = crate::protect::exact::real(SHARES);
    let mut parts: Vec<(u64, f64)> = shares
        .iter()
        .map(|s| {
            let exact = (s * total).clamp(0.0, total);
            let floor = exact.floor();
            (format!("{floor:.0}").parse().unwrap_or(0), exact - floor)
        })
        .collect();
    let given: u64 = parts.iter().map(|(n, _)| n).sum();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|a, b| parts[*b].1.total_cmp(&parts[*a].1).then(a.cmp(b)));
    let mut left = SHARES.saturating_sub(given);
    for place in order.into_iter().cycle().take(parts.len() * 2) {
        if left == 0 {
            break;
        }
        parts[place].0 += 1;
        left -= 1;
    }
    parts.into_iter().map(|(n, _)| n).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::protect::dp::domain::Axis;

    fn request(loss: Loss, rows: u32) -> Request {
        let axis = |name: &str, n: usize| {
            let codes: Vec<String> = (0..n).map(|i| format!("{name}{i}")).collect();
            Axis::new(name, &codes, &BTreeMap::new()).expect("axis")
        };
        let tables = [vec!["a".to_owned(), "b".to_owned()]];
        Request {
            domain: Domain::new(vec![axis("a", 7), axis("b", 3)], &tables).expect("domain"),
            unit: PrivacyUnit::Child,
            contribution: Contribution::try_from(rows).expect("bound"),
            loss,
            goal: Goal::Total,
        }
    }

    #[test]
    fn a_plan_costs_exactly_what_was_asked_for() {
        for (amount, rows) in [("0.1", 1), ("1/3", 4), ("2", 2)] {
            for definition in [Definition::Zcdp, Definition::Pure] {
                let loss = Loss::of(definition, amount.parse().expect("ratio"));
                let plan = Plan::new(request(loss.clone(), rows)).expect("plan");
                assert_eq!(plan.loss(), loss);
                assert_eq!(plan.shares().iter().sum::<u64>(), SHARES);
            }
        }
    }

    #[test]
    fn no_budget_is_no_plan() {
        let none = Loss::none(Definition::Zcdp);
        assert_eq!(Plan::new(request(none, 1)).err(), Some(PlanError::Nothing));
        let crumb = Loss::of(Definition::Zcdp, "1e-40".parse().expect("ratio"));
        let error = Plan::new(request(crumb, 1)).err();
        assert_eq!(error, Some(PlanError::Noise(BadParameter::TooLarge)));
    }

    proptest! {
        #[test]
        fn millionths_add_up(raw in prop::collection::vec(0.0001_f64..1.0, 1..40)) {
            let sum: f64 = raw.iter().sum();
            let shares: Vec<f64> = raw.iter().map(|r| r / sum).collect();
            let whole = whole_shares(&shares);
            prop_assert_eq!(whole.iter().sum::<u64>(), SHARES);
            for (w, s) in whole.iter().zip(&shares) {
                let off = crate::protect::exact::real(*w) - s * 1e6;
                prop_assert!(off.abs() <= 1.000_001);
            }
        }
    }
}
