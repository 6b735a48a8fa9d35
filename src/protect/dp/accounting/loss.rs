//! Privacy loss under two definitions.
//!
//! ρ-zCDP: Bun and Steinke, "Concentrated Differential Privacy" (TCC 2016), definition 1.1. Pure
//! ε-DP: Dwork, McSherry, Nissim, Smith (TCC 2006). Both add up over releases (lemma 2.3 there;
//! basic composition), and ε-DP is ε²/2-zCDP (proposition 1.4); there is no way back, and no
//! function here goes it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::protect::dp::exact::Ratio;

/// ρ of zero-concentrated differential privacy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Zcdp(Ratio);

/// ε of pure differential privacy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PureDp(Ratio);

impl Zcdp {
    /// A loss of ρ.
    pub fn new(rho: Ratio) -> Self {
        Zcdp(rho)
    }

    /// ρ.
    pub fn rho(&self) -> &Ratio {
        &self.0
    }

    /// The loss of both releases together.
    pub fn with(&self, other: &Zcdp) -> Zcdp {
        Zcdp(self.0.plus(&other.0))
    }

    /// The loss of a discrete Gaussian of variance parameter σ² on a count that one unit changes
    /// by at most `sensitivity`: sensitivity²/2σ² (Canonne, Kamath, Steinke, theorem 14). None for
    /// a variance of 0.
    pub fn of_gaussian(variance: &Ratio, sensitivity: u32) -> Option<Zcdp> {
        let square = Ratio::whole(sensitivity).squared();
        square.half().over(variance).map(Zcdp)
    }
}

impl PureDp {
    /// A loss of ε.
    pub fn new(epsilon: Ratio) -> Self {
        PureDp(epsilon)
    }

    /// ε.
    pub fn epsilon(&self) -> &Ratio {
        &self.0
    }

    /// The loss of both releases together.
    pub fn with(&self, other: &PureDp) -> PureDp {
        PureDp(self.0.plus(&other.0))
    }

    /// The loss of discrete Laplace noise of a scale on a count that one unit changes by at most
    /// `sensitivity`: sensitivity/scale. None for a scale of 0.
    pub fn of_laplace(scale: &Ratio, sensitivity: u32) -> Option<PureDp> {
        Ratio::whole(sensitivity).over(scale).map(PureDp)
    }

    /// What it is under the weaker definition: ε²/2.
    pub fn as_zcdp(&self) -> Zcdp {
        Zcdp(self.0.squared().half())
    }
}

/// A definition of privacy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Definition {
    /// Zero-concentrated: ρ.
    Zcdp,
    /// Pure: ε.
    Pure,
}

impl Definition {
    /// The letter of its loss.
    pub fn symbol(self) -> &'static str {
        match self {
            Definition::Zcdp => "rho",
            Definition::Pure => "epsilon",
        }
    }
}

/// A loss with its definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Loss {
    /// ρ.
    Zcdp(Zcdp),
    /// ε.
    Pure(PureDp),
}

impl Loss {
    /// Its definition.
    pub fn definition(&self) -> Definition {
        match self {
            Loss::Zcdp(_) => Definition::Zcdp,
            Loss::Pure(_) => Definition::Pure,
        }
    }

    /// ρ or ε.
    pub fn amount(&self) -> &Ratio {
        match self {
            Loss::Zcdp(l) => l.rho(),
            Loss::Pure(l) => l.epsilon(),
        }
    }

    /// No loss.
    pub fn none(definition: Definition) -> Loss {
        Loss::of(definition, Ratio::zero())
    }

    /// An amount under a definition.
    pub fn of(definition: Definition, amount: Ratio) -> Loss {
        match definition {
            Definition::Zcdp => Loss::Zcdp(Zcdp(amount)),
            Definition::Pure => Loss::Pure(PureDp(amount)),
        }
    }

    /// The loss under another definition: pure as zCDP; never the other way round.
    pub fn under(&self, definition: Definition) -> Option<Loss> {
        match (self, definition) {
            (Loss::Pure(l), Definition::Zcdp) => Some(Loss::Zcdp(l.as_zcdp())),
            (Loss::Zcdp(_), Definition::Pure) => None,
            (same, _) => Some(same.clone()),
        }
    }

    /// The loss of both together; none where the definitions differ.
    pub fn with(&self, other: &Loss) -> Option<Loss> {
        match (self, other) {
            (Loss::Zcdp(a), Loss::Zcdp(b)) => Some(Loss::Zcdp(a.with(b))),
            (Loss::Pure(a), Loss::Pure(b)) => Some(Loss::Pure(a.with(b))),
            _ => None,
        }
    }

    /// The loss of one row, where the unit may be in `rows` of them: what one child loses if the
    /// unit is a family of so many. ρ falls with the square, ε with the number.
    pub fn of_one_row(&self, rows: u32) -> Option<Loss> {
        let rows = Ratio::whole(rows);
        Some(match self {
            Loss::Zcdp(l) => Loss::Zcdp(Zcdp(l.rho().over(&rows.squared())?)),
            Loss::Pure(l) => Loss::Pure(PureDp(l.epsilon().over(&rows)?)),
        })
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.definition().symbol(), self.amount())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(text: &str) -> Ratio {
        text.parse().expect("ratio")
    }

    #[test]
    fn losses_add_exactly() {
        let thirds = (0..3).fold(Zcdp::new(Ratio::zero()), |sum, _| {
            sum.with(&Zcdp::new(ratio("1/3")))
        });
        assert_eq!(thirds, Zcdp::new(ratio("1")));
        let tenths = (0..10).fold(PureDp::new(Ratio::zero()), |sum, _| {
            sum.with(&PureDp::new(ratio("0.1")))
        });
        assert_eq!(tenths, PureDp::new(ratio("1")));
    }

    #[test]
    fn mechanisms_cost_what_their_theorems_say() {
        // A standard deviation of 5 and a count that changes by 1: 1/50.
        assert_eq!(
            Zcdp::of_gaussian(&ratio("25"), 1),
            Some(Zcdp::new(ratio("1/50")))
        );
        // A family of three in one cell: nine times that.
        assert_eq!(
            Zcdp::of_gaussian(&ratio("25"), 3),
            Some(Zcdp::new(ratio("9/50")))
        );
        assert_eq!(
            PureDp::of_laplace(&ratio("5/2"), 2),
            Some(PureDp::new(ratio("4/5")))
        );
        assert_eq!(Zcdp::of_gaussian(&Ratio::zero(), 1), None);
    }

    #[test]
    fn pure_is_concentrated_and_not_the_other_way() {
        let pure = Loss::Pure(PureDp::new(ratio("1/2")));
        assert_eq!(
            pure.under(Definition::Zcdp),
            Some(Loss::Zcdp(Zcdp::new(ratio("1/8"))))
        );
        let zcdp = Loss::Zcdp(Zcdp::new(ratio("1/8")));
        assert_eq!(zcdp.under(Definition::Pure), None);
        assert_eq!(pure.with(&zcdp), None);
        assert_eq!(
            zcdp.of_one_row(3),
            Some(Loss::Zcdp(Zcdp::new(ratio("1/72"))))
        );
    }
}
