//! The key of noise: what a release is called, what noise it gets, and which rows of a unit come
//! first are keyed hashes, so that a rerun repeats them and nobody without the key can.
//!
//! The key takes the noise away again: whoever has it together with a release and a guess of the
//! table can test the guess. It is kept as the key of pseudonyms is.

use std::fmt::Write as _;

use crate::pseudonymise::{Fingerprint, MasterKey, SubKey};

/// A key for noise, derived from a master key. No `Debug`.
pub struct NoiseKey {
    key: SubKey,
    fingerprint: Fingerprint,
}

/// The keyed name of a release: the same for the same table, plan, scope and label under the same
/// key, and another one for any change. It tells nothing of the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct ReleaseId(String);

impl std::fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl ReleaseId {
    /// Is it 32 hexadecimal digits, and so a name that a file may have?
    pub(super) fn is_sound(&self) -> bool {
        self.0.len() == 32 && self.0.bytes().all(|b| b.is_ascii_hexdigit())
    }
}

impl NoiseKey {
    /// The key of noise of a master key.
    pub fn of(master: &MasterKey) -> Self {
        NoiseKey {
            key: master
                .for_project("differential privacy", "noise")
                .derive(&["noise 1"]),
            fingerprint: master.fingerprint(),
        }
    }

    /// The fingerprint of the master key.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    pub(super) fn unit(&self, name: &[u8]) -> [u8; 16] {
        self.key.mac(&[b"unit", name])
    }

    pub(super) fn order(&self, unit: &[u8; 16], cell: u32) -> [u8; 16] {
        self.key.mac(&[b"order", unit, &cell.to_le_bytes()])
    }

    pub(super) fn release(&self, table: &[u8; 32], plan: &[u8; 32], label: &str) -> ReleaseId {
        let mac = self.key.mac(&[b"release", table, plan, label.as_bytes()]);
        let mut name = String::with_capacity(32);
        for byte in mac {
            let _ = write!(name, "{byte:02x}");
        }
        ReleaseId(name)
    }

    /// The seed of the noise of one table of a release.
    pub(super) fn seed(&self, release: &ReleaseId, table: &[usize]) -> [u8; 32] {
        let levels = format!("{table:?}");
        let mut seed = [0_u8; 32];
        for (half, out) in [b"left", b"rest"]
            .into_iter()
            .zip(seed.chunks_exact_mut(16))
        {
            let mac = self
                .key
                .mac(&[b"noise", release.0.as_bytes(), levels.as_bytes(), half]);
            out.copy_from_slice(&mac);
        }
        seed
    }
}
