//! The entries of a ledger and their chain of digests.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::protect::dp::accounting::{Loss, PrivacyUnit};
use crate::protect::dp::noise_key::ReleaseId;

/// What a budget is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Whose data: such as `children with a parent in prison, England and Wales`.
    pub population: String,
    /// Whose presence is hidden.
    pub unit: PrivacyUnit,
    /// The period that the budget is for.
    pub period: String,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Entry {
    /// The beginning: the scope and what may be spent in all.
    Open {
        /// What the budget is for.
        scope: Scope,
        /// All that may be spent.
        budget: Loss,
    },
    /// A loss that is spent from now on.
    Reserve {
        /// The keyed name of the release.
        release: ReleaseId,
        /// What its owner calls it.
        label: String,
        /// SHA-256 of the plan.
        plan: Digest,
        /// The fingerprint of the key of the noise.
        key: String,
        /// What it costs a unit.
        loss: Loss,
        /// The same under the definition of the ledger.
        charged: Loss,
        /// What it costs one row: one child, where the unit is a parent or family.
        row: Loss,
    },
    /// The measurements of a release are stored.
    Commit {
        /// The release.
        release: ReleaseId,
        /// SHA-256 of its measurements.
        measurements: Digest,
    },
}

/// An entry in its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// 0, 1, 2, ….
    pub sequence: u64,
    /// The entry.
    pub entry: Entry,
    /// The digest of the line before; of nothing for the first.
    pub previous: Digest,
    /// The digest of the three above.
    pub digest: Digest,
}

impl Line {
    /// The next line of a chain.
    pub(super) fn after(last: Option<&Line>, entry: Entry) -> Line {
        let sequence = last.map_or(0, |l| l.sequence + 1);
        let previous = last.map_or_else(|| Digest::of(b""), |l| l.digest);
        let digest = digest(sequence, &entry, &previous);
        Line {
            sequence,
            entry,
            previous,
            digest,
        }
    }

    /// As it stands in the file, with the end of the line.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }

    /// Reads a line without its end; none if it is not, to the byte, the line that follows.
    pub(super) fn read(text: &str, last: Option<&Line>) -> Option<Line> {
        let line: Line = serde_json::from_str(text).ok()?;
        let sound = line == Line::after(last, line.entry.clone());
        let same = line.text().strip_suffix('\n') == Some(text);
        let first = matches!(line.entry, Entry::Open { .. }) == last.is_none();
        (sound && same && first && line.entry.is_sound()).then_some(line)
    }
}

impl Entry {
    fn is_sound(&self) -> bool {
        match self {
            Entry::Open { .. } => true,
            Entry::Reserve { release, .. } | Entry::Commit { release, .. } => release.is_sound(),
        }
    }
}

fn digest(sequence: u64, entry: &Entry, previous: &Digest) -> Digest {
    let text = serde_json::to_string(&(sequence, entry, previous)).unwrap_or_default();
    Digest::of(text.as_bytes())
}
