//! The master key of a project and round: 32 random bytes and a purpose.

use hkdf::Hkdf;
use rand::TryRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::derive::{ProjectKeys, Pseudonym, Salt, SubKey};
use super::error::KeyError;
use super::hexadecimal::hex;
use super::locked::Locked;
use crate::purpose::Purpose;

/// The name under which the fingerprint stands in the footer of a Parquet file.
pub const FOOTER: &str = "kinlink:key-fingerprint";

/// Fewer distinct bytes than this among 32 do not come from a random generator: with one that is
/// sound it happens once in 10^16 keys.
const LEAST_DISTINCT: usize = 13;

/// The master key of a project and round.
pub struct MasterKey {
    secret: Locked<Zeroizing<[u8; 32]>>,
    purpose: Purpose,
}

impl MasterKey {
    /// Draws a key from the operating system.
    pub fn random(purpose: Purpose) -> Result<Self, KeyError> {
        MasterKey::filled(purpose, |bytes| {
            rand::rngs::SysRng.try_fill_bytes(bytes).is_ok() && !is_weak(bytes)
        })
        .ok_or(KeyError::NoEntropy)
    }

    /// The rehearsal key of a seed. Anybody can make it, so it protects nobody: it exists so that
    /// two clones of the project agree on synthetic data.
    pub fn of_rehearsal_seed(seed: u64) -> Self {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        let hkdf = Hkdf::<Sha256>::new(Some(b"kinlink rehearsal"), &seed.to_le_bytes());
        // 32 bytes are within the 255 blocks that RFC 5869 allows.
        let _ = hkdf.expand(b"master key", bytes.as_mut());
        MasterKey {
            secret: Locked::new(bytes),
            purpose: Purpose::Rehearsal,
        }
    }

    /// A key whose bytes `fill` writes where they stay; none if it says that it could not.
    pub(super) fn filled(
        purpose: Purpose,
        fill: impl FnOnce(&mut [u8; 32]) -> bool,
    ) -> Option<Self> {
        let secret = Locked::filled(fill)?;
        Some(MasterKey { secret, purpose })
    }

    /// What the key may be used for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// A public name of the key: 80 bits of an HMAC under a derived key of its own.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_mac(self.named(b"fingerprint").mac(&[b"kinlink"]))
    }

    /// The keys of one project and round, with the salt that follows from the project's name. A
    /// new round is a new set of pseudonyms.
    pub fn for_project(&self, project: &str, round: &str) -> ProjectKeys {
        self.for_project_salted(&Salt::of_project(project), project, round)
    }

    /// The same with a salt that the project states.
    pub fn for_project_salted(&self, salt: &Salt, project: &str, round: &str) -> ProjectKeys {
        let scope = [self.purpose.word(), project, round];
        ProjectKeys::new(self.bytes(), self.fingerprint(), salt, scope)
    }

    /// Eight bytes that show a changed character of a key file.
    pub(super) fn check_value(&self) -> [u8; 8] {
        let mac = self.named(b"check").mac(&[b"kcv"]);
        let mut out = [0_u8; 8];
        for (o, m) in out.iter_mut().zip(mac) {
            *o = m;
        }
        out
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        self.secret.get()
    }

    fn named(&self, info: &[u8]) -> SubKey {
        SubKey::expand(self.bytes(), self.purpose.word().as_bytes(), info)
    }
}

/// Are these bytes of a kind that no random generator gives: few distinct ones, a repetition, a
/// progression, or a text? A key with a good look may still be a bad one; these are the accidents.
pub(super) fn is_weak(bytes: &[u8]) -> bool {
    let distinct: std::collections::BTreeSet<u8> = bytes.iter().copied().collect();
    let repeats = (1..=bytes.len() / 2).any(|p| bytes.iter().zip(bytes.iter().skip(p)).all(same));
    let mut steps = bytes
        .iter()
        .zip(bytes.iter().skip(1))
        .map(|(a, b)| b.wrapping_sub(*a));
    let first = steps.next();
    let progression = steps.all(|s| Some(s) == first);
    let text = std::str::from_utf8(bytes).is_ok_and(|t| !t.chars().any(char::is_control));
    distinct.len() < LEAST_DISTINCT || repeats || progression || text
}

fn same((a, b): (&u8, &u8)) -> bool {
    a == b
}

/// A public name of a key, four groups of five hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 10]);

impl Fingerprint {
    /// The first ten bytes of a keyed hash.
    pub(super) fn of_mac(mac: Pseudonym) -> Self {
        let mut out = [0_u8; 10];
        for (o, m) in out.iter_mut().zip(mac) {
            *o = m;
        }
        Fingerprint(out)
    }

    /// What stands in the footer of every Parquet file that this key made.
    pub fn footer(&self) -> (String, String) {
        (FOOTER.to_owned(), self.to_string())
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = hex(&self.0);
        for (i, c) in digits.chars().enumerate() {
            if i > 0 && i % 5 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{c}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_no_generator_gives_are_weak() {
        let progression: Vec<u8> = (3..35).collect();
        let backwards: Vec<u8> = (0..32).map(|i: u8| 200_u8.wrapping_sub(7 * i)).collect();
        let sixteen: Vec<u8> = (0..32_u8).map(|i| (i % 16).wrapping_mul(17)).collect();
        let few: Vec<u8> = (0..32_u8).map(|i| (i % 11).pow(2) % 7).collect();
        for weak in [
            &[0_u8; 32][..],
            &[0xa5; 32],
            b"correct horse battery staple 123",
            "Schlüssel für das Jahr 2026 äöü".as_bytes(),
            &progression,
            &backwards,
            &sixteen,
            &few,
        ] {
            assert!(is_weak(weak), "{} bytes", weak.len());
        }
    }

    #[test]
    fn ten_thousand_random_keys_are_not_weak() {
        let mut bytes = [0_u8; 32];
        for _ in 0..10_000 {
            rand::rngs::SysRng
                .try_fill_bytes(&mut bytes)
                .expect("entropy");
            assert!(!is_weak(&bytes));
        }
        assert!(!is_weak(MasterKey::of_rehearsal_seed(20_250_930).bytes()));
    }

    #[test]
    fn the_fingerprint_is_a_known_answer() {
        // Computed with another implementation (Python's hmac and hashlib).
        let key = MasterKey::of_rehearsal_seed(7);
        assert_eq!(key.fingerprint().to_string(), "0b48e-7d9c4-68111-ece37");
        assert_eq!(*hex(&key.check_value()), "c3eb626baa4d8288");
    }
}
