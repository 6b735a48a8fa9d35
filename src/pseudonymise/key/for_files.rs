//! The key of encrypted files: 32 random bytes that are handed to whoever may read the files.
//!
//! ```text
//! kinlink-file-key-v1
//! fingerprint <four groups of five hexadecimal digits>
//! base64 <44 characters>
//! ```
//!
//! It is a kind of its own and no purpose of the master key. A master key ties pseudonyms to people
//! and stays with its steward; this one leaves, and gives nothing but the files. So neither is
//! derived from the other, they are different types, and the text of the one is refused as the
//! other. The text ends with the key as pyarrow (decoded) and DuckDB (as it is) take it. The
//! fingerprint is derived from the key in one direction and shows a changed character.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::TryRng;
use zeroize::Zeroizing;

use super::derive::SubKey;
use super::error::{Flaw, KeyError};
use super::locked::Locked;
use super::master::{Fingerprint, MasterKey, is_weak};
use super::text::{self, SecretText, lines, write_private};

/// The first line.
const HEADER: &str = "kinlink-file-key-v1";

/// Characters of 32 bytes in base64, with their padding.
const DIGITS: usize = 44;

/// Bytes that so many characters can stand for: one more than there are.
const ROOM: usize = 33;

/// The key of encrypted files.
pub struct FileKey {
    secret: Locked<Zeroizing<[u8; 32]>>,
}

/// A key of either kind.
pub enum AnyKey {
    /// For pseudonyms.
    Master(MasterKey),
    /// For files.
    Files(FileKey),
}

impl FileKey {
    /// Draws a key from the operating system.
    pub fn random() -> Result<Self, KeyError> {
        FileKey::filled(|bytes| rand::rngs::SysRng.try_fill_bytes(bytes).is_ok() && !is_weak(bytes))
            .ok_or(KeyError::NoEntropy)
    }

    fn filled(fill: impl FnOnce(&mut [u8; 32]) -> bool) -> Option<Self> {
        Locked::filled(fill).map(|secret| FileKey { secret })
    }

    /// A public name of the key: 80 bits of an HMAC under a key that is derived from it.
    pub fn fingerprint(&self) -> Fingerprint {
        let named = SubKey::expand(self.bytes(), b"files", b"fingerprint");
        Fingerprint::of_mac(named.mac(&[b"kinlink"]))
    }

    /// The key itself, for the cipher.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        self.secret.get()
    }

    /// Writes the key to a new file of mode 0600.
    pub fn save(&self, path: &Path) -> Result<(), KeyError> {
        let mut digits = Zeroizing::new([0_u8; DIGITS]);
        // 32 bytes are 44 characters, always.
        let _ = STANDARD.encode_slice(self.bytes(), digits.as_mut());
        // The room is reserved at once: a text that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(256));
        text.push_str(HEADER);
        text.push_str("\nfingerprint ");
        text.push_str(&self.fingerprint().to_string());
        text.push_str("\nbase64 ");
        for digit in digits.iter() {
            text.push(char::from(*digit));
        }
        text.push('\n');
        write_private(path, &text)
    }

    /// The key of a text; `path` says where it came from.
    pub(super) fn of_text(text: &SecretText, path: &Path) -> Result<Self, KeyError> {
        let malformed = |flaw| KeyError::MalformedFileKey {
            path: path.to_path_buf(),
            flaw,
        };
        let text = text.get().map_err(malformed)?;
        if text.lines().next() == Some(text::HEADER) {
            return Err(KeyError::ForPseudonyms {
                path: path.to_path_buf(),
            });
        }
        let [fingerprint, digits] =
            lines(text, HEADER, ["fingerprint", "base64"]).ok_or(malformed(Flaw::Other))?;
        let key =
            FileKey::filled(|bytes| decode(digits, bytes)).ok_or_else(|| malformed(Flaw::Other))?;
        if is_weak(key.bytes()) {
            return Err(KeyError::Weak {
                path: path.to_path_buf(),
            });
        }
        if key.fingerprint().to_string() != fingerprint {
            return Err(malformed(Flaw::Check));
        }
        Ok(key)
    }
}

/// Fills 32 bytes with what the characters stand for; false if they stand for more or fewer.
fn decode(digits: &str, out: &mut [u8; 32]) -> bool {
    let mut room = Zeroizing::new([0_u8; ROOM]);
    let decoded = STANDARD.decode_slice(digits, room.as_mut());
    match (decoded, room.first_chunk::<32>()) {
        (Ok(32), Some(bytes)) => {
            out.copy_from_slice(bytes);
            true
        }
        _ => false,
    }
}

impl AnyKey {
    /// The key of a text of either kind.
    pub(super) fn of_text(text: &SecretText, path: &Path) -> Result<Self, KeyError> {
        if is_for_files(text) {
            return FileKey::of_text(text, path).map(AnyKey::Files);
        }
        MasterKey::of_text(text, path).map(AnyKey::Master)
    }

    /// The word for what it may be used for.
    pub fn purpose(&self) -> &'static str {
        match self {
            AnyKey::Master(key) => key.purpose().word(),
            AnyKey::Files(_) => "files",
        }
    }

    /// Its public name.
    pub fn fingerprint(&self) -> Fingerprint {
        match self {
            AnyKey::Master(key) => key.fingerprint(),
            AnyKey::Files(key) => key.fingerprint(),
        }
    }
}

/// Is this the text of a key of files?
pub(super) fn is_for_files(text: &SecretText) -> bool {
    text.get()
        .is_ok_and(|text| text.lines().next() == Some(HEADER))
}

#[cfg(test)]
mod tests;
