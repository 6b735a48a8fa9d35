//! The derivation of keys from the master key, and the HMAC that they are for.
//!
//! HKDF-SHA-256 (RFC 5869). Extract: the salt is public and belongs to the project; the input is
//! the master key. Expand: the info is a list of fields, each with its length in front as four
//! bytes, least significant first:
//!
//! | field | in a pass |
//! | --- | --- |
//! | version of the derivation | `kinlink 1` |
//! | purpose of the key | `rehearsal` or `production` |
//! | project | its name |
//! | round | its word |
//! | recipe | SHA-256 of the recipe, in hexadecimal digits |
//! | use | `match key` or `row pseudonym` |
//! | pass | the kind of people |
//! | fields | the parts of the recipe |
//!
//! From the fifth on it is the path that the caller names; uses without a recipe have a shorter
//! one, such as `record pseudonym`. A change to any of this is a change of every pseudonym: the
//! known answers below notice it.

use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::hexadecimal::fill;
use super::hmac_state::HmacState;
use super::lanes;
use super::locked::Locked;
use super::master::Fingerprint;
use super::messages::Messages;

/// A pseudonym or a match key: an HMAC-SHA-256, cut to 16 bytes.
pub type Pseudonym = [u8; 16];

/// The version of the derivation: the first field of every info.
const VERSION: &[u8] = b"kinlink 1";

/// The public salt of a project (RFC 5869, section 3.1): it separates the keys of two projects
/// even where one master key is used for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl Salt {
    /// From 64 lower-case hexadecimal digits.
    pub fn from_hex(digits: &str) -> Option<Self> {
        let mut bytes = [0_u8; 32];
        fill(&mut bytes, digits).then_some(Salt(bytes))
    }

    /// The salt of a project that states none: SHA-256 of a label and the project's name, each
    /// with its length in front.
    pub fn of_project(name: &str) -> Self {
        let mut message = Vec::with_capacity(64);
        push_field(&mut message, b"kinlink salt of a project");
        push_field(&mut message, name.as_bytes());
        Salt(Sha256::digest(&message).into())
    }
}

/// The keys of one project and round; every use derives a key of its own from it.
pub struct ProjectKeys {
    pseudorandom: Locked<Zeroizing<[u8; 32]>>,
    /// The first fields of every info: version, purpose, project, round.
    scope: Vec<u8>,
    fingerprint: Fingerprint,
}

impl ProjectKeys {
    pub(super) fn new(
        master: &[u8; 32],
        fingerprint: Fingerprint,
        salt: &Salt,
        scope: [&str; 3],
    ) -> Self {
        let (mut extracted, _) = Hkdf::<Sha256>::extract(Some(&salt.0), master);
        let pseudorandom = Locked::new(Zeroizing::new(extracted.into()));
        extracted.as_mut_slice().zeroize();
        let mut fields = Vec::with_capacity(96);
        push_field(&mut fields, VERSION);
        for field in scope {
            push_field(&mut fields, field.as_bytes());
        }
        ProjectKeys {
            pseudorandom,
            scope: fields,
            fingerprint,
        }
    }

    /// The key for a use, named by a path such as `[digest, "match key", "adult", "surname+sex"]`.
    pub fn derive(&self, path: &[&str]) -> SubKey {
        let mut info = self.scope.clone();
        for part in path {
            push_field(&mut info, part.as_bytes());
        }
        let mut bytes = Zeroizing::new([0_u8; 32]);
        // Neither can fail: the pseudorandom key is as long as the hash, and 32 bytes are within
        // the 255 blocks that RFC 5869 allows.
        if let Ok(hkdf) = Hkdf::<Sha256>::from_prk(self.pseudorandom.get().as_slice()) {
            let _ = hkdf.expand(&info, bytes.as_mut());
        }
        SubKey::new(&bytes)
    }

    /// The fingerprint of the master key.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

/// A derived key as its HMAC state: a message costs two compressions, not four.
pub struct SubKey {
    state: Locked<HmacState>,
}

impl SubKey {
    fn new(key: &[u8; 32]) -> Self {
        SubKey {
            state: Locked::new(HmacState::new(key)),
        }
    }

    /// A key from input, salt and info of its own: for the fingerprint and the check value, which
    /// must not depend on a project.
    pub(super) fn expand(input: &[u8; 32], salt: &[u8], info: &[u8]) -> Self {
        let mut message = Vec::with_capacity(32);
        push_field(&mut message, info);
        let mut bytes = Zeroizing::new([0_u8; 32]);
        // 32 bytes are within the 255 blocks that RFC 5869 allows.
        let _ = Hkdf::<Sha256>::new(Some(salt), input).expand(&message, bytes.as_mut());
        SubKey::new(&bytes)
    }

    /// HMAC-SHA-256 of the length-prefixed fields, cut to 16 bytes.
    pub fn mac(&self, fields: &[&[u8]]) -> Pseudonym {
        let mut message = Vec::with_capacity(64);
        for field in fields {
            push_field(&mut message, field);
        }
        self.mac_message(&message)
    }

    /// HMAC-SHA-256 of a message that is already length-prefixed, cut to 16 bytes.
    pub fn mac_message(&self, message: &[u8]) -> Pseudonym {
        lanes::cut(&self.state.get().mac(message))
    }

    /// Appends the HMAC-SHA-256 of each message, cut to 16 bytes, in order. Some hundreds at once
    /// are several times faster than one by one, and give the same.
    pub fn macs(&self, messages: &Messages, out: &mut Vec<Pseudonym>) {
        lanes::macs(self.state.get(), messages, out);
    }
}

/// Appends a field to a message with its length in front, so that no two lists of fields give the
/// same message.
pub(crate) fn push_field(message: &mut Vec<u8>, field: &[u8]) {
    let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
    message.extend_from_slice(&length.to_le_bytes());
    message.extend_from_slice(field);
}

#[cfg(test)]
mod tests;
