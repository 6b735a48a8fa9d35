//! What is spent and what is left, from the entries.

use serde::Serialize;

use super::entry::{Entry, Line, Scope};
use crate::digest::Digest;
use crate::protect::dp::accounting::{Definition, Loss};
use crate::protect::dp::exact::Ratio;
use crate::protect::dp::noise_key::ReleaseId;

/// One release in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spent {
    /// The keyed name of the release.
    pub release: ReleaseId,
    /// What its owner calls it.
    pub label: String,
    /// What it costs a unit.
    pub loss: Loss,
    /// The same under the definition of the ledger.
    pub charged: Loss,
    /// What it costs one row.
    pub row: Loss,
    /// The fingerprint of the key of its noise.
    pub key: String,
    /// The digest of its measurements; none if it was never finished.
    pub measurements: Option<Digest>,
}

/// The state of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// What the budget is for.
    pub scope: Scope,
    /// All that may be spent.
    pub budget: Loss,
    /// Every release, in order.
    pub releases: Vec<Spent>,
    /// The digest of the last entry.
    pub head: Digest,
}

impl Account {
    /// The state after some lines; none if they do not begin with the opening, or contradict
    /// themselves.
    pub(super) fn of(lines: &[Line]) -> Option<Account> {
        let (first, rest) = lines.split_first()?;
        let Entry::Open { scope, budget } = &first.entry else {
            return None;
        };
        let mut releases: Vec<Spent> = Vec::new();
        for line in rest {
            match line.entry.clone() {
                Entry::Open { .. } => return None,
                Entry::Reserve {
                    release,
                    label,
                    key,
                    loss,
                    charged,
                    row,
                    ..
                } => {
                    let twice = releases.iter().any(|r| r.release == release);
                    if twice || loss.under(budget.definition()) != Some(charged.clone()) {
                        return None;
                    }
                    releases.push(Spent {
                        release,
                        label,
                        loss,
                        charged,
                        row,
                        key,
                        measurements: None,
                    });
                }
                Entry::Commit {
                    release,
                    measurements,
                } => {
                    let of = releases.iter_mut().find(|r| r.release == release)?;
                    if of.measurements.replace(measurements).is_some() {
                        return None;
                    }
                }
            }
        }
        let account = Account {
            scope: scope.clone(),
            budget: budget.clone(),
            releases,
            head: lines.last()?.digest,
        };
        account.left().map(|_| account)
    }

    /// The definition of privacy.
    pub fn definition(&self) -> Definition {
        self.budget.definition()
    }

    /// What all releases cost together, the unfinished ones too.
    pub fn spent(&self) -> Loss {
        let all = self.releases.iter().map(|r| r.charged.amount());
        let sum = all.fold(Ratio::zero(), |sum, one| sum.plus(one));
        Loss::of(self.definition(), sum)
    }

    /// What is left; none if more was spent than there was, which no sound ledger says.
    pub fn left(&self) -> Option<Loss> {
        let left = self.budget.amount().minus(self.spent().amount())?;
        Some(Loss::of(self.definition(), left))
    }

    /// The entry of a release.
    pub fn find(&self, release: &ReleaseId) -> Option<&Spent> {
        self.releases.iter().find(|r| r.release == *release)
    }
}
