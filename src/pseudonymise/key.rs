//! Keys: the master key in its file, and the sub-keys derived from it for each purpose.
//!
//! The master key is 32 bytes from the operating system, in a text file with mode 0600. It is
//! never used to hash data: HKDF-SHA-256 (RFC 5869) derives a key for every purpose, and
//! HMAC-SHA-256 (RFC 2104) under that key makes pseudonyms. Keys have no `Debug`, are wiped on
//! drop, and never pass through arguments or the environment.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use rand::TryRng;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::diagnostic::{Diagnose, Diagnostic, Exit, Explanation, Place};

/// `O_NOFOLLOW` on Linux: a key is never opened through a symbolic link.
const O_NOFOLLOW: i32 = 0o400_000;
/// The longest key file that is read.
const MAX_KEY_FILE: u64 = 4096;
const HEADER: &str = "kinlink-key-v1";

/// A pseudonym or a match key: an HMAC-SHA-256, cut to 16 bytes.
pub type Pseudonym = [u8; 16];

/// What a key may be used for. It is part of the key: the two give different pseudonyms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Synthetic data and practice.
    Rehearsal,
    /// Real people.
    Production,
}

impl Purpose {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Purpose::Rehearsal => "rehearsal",
            Purpose::Production => "production",
        }
    }

    /// The purpose of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "rehearsal" => Some(Purpose::Rehearsal),
            "production" => Some(Purpose::Production),
            _ => None,
        }
    }
}

/// What can be wrong with a key. No variant can carry a byte of one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyError {
    /// There is no file, or it cannot be read.
    #[error("the key file cannot be read ({kind})")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        kind: std::io::ErrorKind,
    },
    /// Others can read it.
    #[error("the key file can be read by others (mode {mode:04o})")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a regular file.
    #[error("the key file is a link, a folder or a device")]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// The text is not that of a key.
    #[error("the file is not a kinlink key, or a character of it was changed")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// A key file stands there already.
    #[error("a file of that name exists; a key is never overwritten")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be written.
    #[error("the key file cannot be written ({kind})")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        kind: std::io::ErrorKind,
    },
    /// A key of another purpose.
    #[error("the key is for {found}, the pipeline says {expected}")]
    Purpose {
        /// The file.
        path: PathBuf,
        /// The key's purpose.
        found: &'static str,
        /// The pipeline's.
        expected: &'static str,
    },
    /// Another key than before.
    #[error("the key's fingerprint is not the one this run began with")]
    OtherKey {
        /// The file.
        path: PathBuf,
    },
    /// The operating system has no random numbers.
    #[error("the operating system gave no random bytes")]
    NoEntropy,
}

/// The codes of this room.
pub const EXPLANATIONS: &[Explanation] = &[
    Explanation {
        code: "KL-K-001",
        exit: Exit::Key,
        title: "The key file cannot be read",
        when: "There is no file at the path in `[key]`, or this account may not read it.",
        fix: "`kinlink key new KEY --purpose production` makes one; a rehearsal makes its own.",
    },
    Explanation {
        code: "KL-K-002",
        exit: Exit::Key,
        title: "Others can read the key",
        when: "The file's mode gives its group or everybody a right.",
        fix: "`chmod 600 KEY`, then find out who could have read it. If anybody could, make a new \
              key and encode again.",
    },
    Explanation {
        code: "KL-K-003",
        exit: Exit::Key,
        title: "The key is not a regular file",
        when: "The path is a symbolic link, a folder, a pipe or a device.",
        fix: "Name the file itself.",
    },
    Explanation {
        code: "KL-K-004",
        exit: Exit::Key,
        title: "The file is not a kinlink key",
        when: "Its text is not that of a key file, or its check value does not match.",
        fix: "Restore the file from its backup; a changed character is always noticed.",
    },
    Explanation {
        code: "KL-K-005",
        exit: Exit::Key,
        title: "A key file stands there already",
        when: "`kinlink key new` was asked to write where a file is.",
        fix: "Choose another name. Keys are never overwritten.",
    },
    Explanation {
        code: "KL-K-006",
        exit: Exit::Key,
        title: "The key file cannot be written",
        when: "The folder does not exist, is full, or may not be written to.",
        fix: "Make the folder, or choose another.",
    },
    Explanation {
        code: "KL-K-007",
        exit: Exit::Key,
        title: "The key has another purpose",
        when: "A rehearsal key is used for production, or the other way round.",
        fix: "Use a key of the purpose that `[key] purpose` states.",
    },
    Explanation {
        code: "KL-K-008",
        exit: Exit::Key,
        title: "Another key than the run began with",
        when: "A run is resumed with a key whose fingerprint differs.",
        fix: "Put the first key back, or start a new run.",
    },
    Explanation {
        code: "KL-K-009",
        exit: Exit::Key,
        title: "No random bytes",
        when: "The operating system's generator failed.",
        fix: "Try again on a machine with a working generator.",
    },
];

impl Diagnose for KeyError {
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let (code, path, help) = match self {
            KeyError::Unreadable { path, .. } => (
                "KL-K-001",
                Some(path),
                "`kinlink key new KEY` makes a key; see `kinlink explain KL-K-001`",
            ),
            KeyError::Exposed { path, .. } => (
                "KL-K-002",
                Some(path),
                "`chmod 600` the file, then find out who could have read it",
            ),
            KeyError::NotAFile { path } => ("KL-K-003", Some(path), "name the key file itself"),
            KeyError::Malformed { path } => {
                ("KL-K-004", Some(path), "restore the key from its backup")
            }
            KeyError::Exists { path } => ("KL-K-005", Some(path), "choose another name"),
            KeyError::Unwritable { path, .. } => {
                ("KL-K-006", Some(path), "make the folder, or choose another")
            }
            KeyError::Purpose { path, .. } => (
                "KL-K-007",
                Some(path),
                "use a key of the purpose that `[key] purpose` states",
            ),
            KeyError::OtherKey { path } => (
                "KL-K-008",
                Some(path),
                "put the first key back, or start a new run",
            ),
            KeyError::NoEntropy => ("KL-K-009", None, "try again on another machine"),
        };
        let mut one = Diagnostic::new(code, Exit::Key, self.to_string(), help);
        if let Some(path) = path {
            one = one.at(Place::file(path));
        }
        vec![one]
    }
}

/// The master key of a project and round.
pub struct MasterKey {
    bytes: Zeroizing<[u8; 32]>,
    purpose: Purpose,
}

impl MasterKey {
    /// Draws a key from the operating system.
    pub fn random(purpose: Purpose) -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        rand::rngs::SysRng
            .try_fill_bytes(bytes.as_mut())
            .map_err(|_| KeyError::NoEntropy)?;
        Ok(MasterKey { bytes, purpose })
    }

    /// The rehearsal key of a seed. Anybody can make it, so it protects nobody: it exists so that
    /// two clones of the project agree on synthetic data.
    pub fn of_rehearsal_seed(seed: u64) -> Self {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        let hkdf = Hkdf::<Sha256>::new(Some(b"kinlink rehearsal"), &seed.to_le_bytes());
        // 32 bytes are within the 255 blocks that RFC 5869 allows.
        let _ = hkdf.expand(b"master key", bytes.as_mut());
        MasterKey {
            bytes,
            purpose: Purpose::Rehearsal,
        }
    }

    /// Writes the key to a new file of mode 0600.
    pub fn save(&self, path: &Path) -> Result<(), KeyError> {
        let unwritable = |e: std::io::Error| match e.kind() {
            std::io::ErrorKind::AlreadyExists => KeyError::Exists {
                path: path.to_path_buf(),
            },
            kind => KeyError::Unwritable {
                path: path.to_path_buf(),
                kind,
            },
        };
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(O_NOFOLLOW)
            .open(path)
            .map_err(unwritable)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))
            .map_err(unwritable)?;
        let text = Zeroizing::new(format!(
            "{HEADER}\npurpose {}\nkey {}\ncheck {}\n",
            self.purpose.word(),
            *hex(self.bytes.as_ref()),
            *hex(&self.check_value()),
        ));
        file.write_all(text.as_bytes()).map_err(unwritable)?;
        file.sync_all().map_err(unwritable)
    }

    /// Reads a key file. Refused: a link, a file that others can read, a changed character.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let unreadable = |e: std::io::Error| KeyError::Unreadable {
            path: path.to_path_buf(),
            kind: e.kind(),
        };
        let entry = std::fs::symlink_metadata(path).map_err(unreadable)?;
        if !entry.is_file() {
            return Err(KeyError::NotAFile {
                path: path.to_path_buf(),
            });
        }
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(O_NOFOLLOW)
            .open(path)
            .map_err(unreadable)?;
        Self::read(file, path)
    }

    fn read(file: File, path: &Path) -> Result<Self, KeyError> {
        let unreadable = |e: std::io::Error| KeyError::Unreadable {
            path: path.to_path_buf(),
            kind: e.kind(),
        };
        let malformed = || KeyError::Malformed {
            path: path.to_path_buf(),
        };
        let mode = file.metadata().map_err(unreadable)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed {
                path: path.to_path_buf(),
                mode,
            });
        }
        let mut text = Zeroizing::new(String::new());
        file.take(MAX_KEY_FILE)
            .read_to_string(&mut text)
            .map_err(|e| match e.kind() {
                std::io::ErrorKind::InvalidData => malformed(),
                _ => unreadable(e),
            })?;
        Self::parse(&text).ok_or_else(malformed)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != HEADER {
            return None;
        }
        let purpose = Purpose::from_word(lines.next()?.strip_prefix("purpose ")?)?;
        let bytes = unhex::<32>(lines.next()?.strip_prefix("key ")?)?;
        let check = unhex::<8>(lines.next()?.strip_prefix("check ")?)?;
        let key = MasterKey { bytes, purpose };
        (lines.next().is_none() && key.check_value() == *check).then_some(key)
    }

    /// What the key may be used for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// A public name of the key: 80 bits of an HMAC under a purpose of its own.
    pub fn fingerprint(&self) -> Fingerprint {
        let mac = self.expand(&[b"fingerprint"]).mac(&[b"kinlink"]);
        let mut out = [0_u8; 10];
        for (o, m) in out.iter_mut().zip(mac) {
            *o = m;
        }
        Fingerprint(out)
    }

    /// The keys of one project and round. A new round is a new set of pseudonyms.
    pub fn for_project(&self, project: &str, round: &str) -> ProjectKeys {
        ProjectKeys {
            root: self.expand(&[b"project", project.as_bytes(), round.as_bytes()]),
        }
    }

    fn check_value(&self) -> [u8; 8] {
        let mac = self.expand(&[b"check"]).mac(&[b"kcv"]);
        let mut out = [0_u8; 8];
        for (o, m) in out.iter_mut().zip(mac) {
            *o = m;
        }
        out
    }

    fn expand(&self, info: &[&[u8]]) -> SubKey {
        SubKey::expand(self.bytes.as_ref(), self.purpose.word().as_bytes(), info)
    }
}

/// A public name of a key, four groups of five hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 10]);

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

/// The keys of one project and round; every use derives a key of its own from it.
pub struct ProjectKeys {
    root: SubKey,
}

impl ProjectKeys {
    /// The key for a purpose, named by a path such as `["match key", "adult", "name-dob"]`.
    pub fn derive(&self, path: &[&str]) -> SubKey {
        let info: Vec<&[u8]> = path.iter().map(|p| p.as_bytes()).collect();
        SubKey::expand(self.root.bytes.as_ref(), b"kinlink v1", &info)
    }
}

/// A derived key with its HMAC state prepared: a message costs two compressions, not four.
#[derive(Clone)]
pub struct SubKey {
    bytes: Zeroizing<[u8; 32]>,
    state: Hmac<Sha256>,
}

impl SubKey {
    fn expand(ikm: &[u8], salt: &[u8], info: &[&[u8]]) -> Self {
        let mut message = Vec::with_capacity(64);
        for part in info {
            push_field(&mut message, part);
        }
        let mut bytes = Zeroizing::new([0_u8; 32]);
        // 32 bytes are within the 255 blocks that RFC 5869 allows.
        let _ = Hkdf::<Sha256>::new(Some(salt), ikm).expand(&message, bytes.as_mut());
        // HMAC pads a key to the hash's block with zeros (RFC 2104, section 2).
        let mut block = Zeroizing::new([0_u8; 64]);
        for (b, k) in block.iter_mut().zip(bytes.iter()) {
            *b = *k;
        }
        let state = Hmac::<Sha256>::new((&*block).into());
        SubKey { bytes, state }
    }

    /// HMAC-SHA-256 of the length-prefixed fields, cut to 16 bytes.
    pub fn mac(&self, fields: &[&[u8]]) -> Pseudonym {
        let mut message = Vec::with_capacity(64);
        for field in fields {
            push_field(&mut message, field);
        }
        self.mac_message(&message)
    }

    /// HMAC-SHA-256 of a message that is already length-prefixed (see [`push_field`]), cut to
    /// 16 bytes.
    pub fn mac_message(&self, message: &[u8]) -> Pseudonym {
        let full = self.mac_full(message);
        let mut out = [0_u8; 16];
        for (o, m) in out.iter_mut().zip(full) {
            *o = m;
        }
        out
    }

    /// HMAC-SHA-256 of a message that is already length-prefixed, whole. Its halves are as
    /// independent as two keys; one may be published and the other kept.
    pub(super) fn mac_full(&self, message: &[u8]) -> [u8; 32] {
        let mut state = self.state.clone();
        state.update(message);
        state.finalize().into_bytes().into()
    }
}

/// Appends a field to a message with its length in front, so that no two lists of fields give the
/// same message.
pub(crate) fn push_field(message: &mut Vec<u8>, field: &[u8]) {
    let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
    message.extend_from_slice(&length.to_le_bytes());
    message.extend_from_slice(field);
}

fn hex(bytes: &[u8]) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(bytes.len() * 2));
    for byte in bytes {
        out.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        out.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
    }
    out
}

fn unhex<const N: usize>(text: &str) -> Option<Zeroizing<[u8; N]>> {
    if text.len() != 2 * N || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut out = Zeroizing::new([0_u8; N]);
    for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let mut digits = std::str::from_utf8(pair).ok()?.to_owned();
        *byte = u8::from_str_radix(&digits, 16).ok()?;
        digits.zeroize();
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_file_and_a_changed_character_does_not() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.key");
        let key = MasterKey::random(Purpose::Production).expect("entropy");
        key.save(&path).expect("saved");
        let back = MasterKey::load(&path).expect("loaded");
        assert_eq!(back.fingerprint(), key.fingerprint());
        assert_eq!(
            key.save(&path),
            Err(KeyError::Exists { path: path.clone() })
        );

        let text = std::fs::read_to_string(&path).expect("text");
        for (i, c) in text.char_indices().filter(|(_, c)| c.is_ascii_hexdigit()) {
            let other = if c == '0' { '1' } else { '0' };
            let mut changed: Vec<char> = text.chars().collect();
            changed[i] = other;
            let changed: String = changed.into_iter().collect();
            assert!(MasterKey::parse(&changed).is_none(), "character {i}");
        }
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.key");
        MasterKey::of_rehearsal_seed(1).save(&path).expect("saved");
        for mode in [0o640, 0o604, 0o660, 0o644, 0o610] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("mode");
            assert!(matches!(
                MasterKey::load(&path),
                Err(KeyError::Exposed { mode: m, .. }) if m == mode
            ));
        }
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).expect("link");
        assert_eq!(
            MasterKey::load(&link).err(),
            Some(KeyError::NotAFile { path: link })
        );
    }

    #[test]
    fn purposes_projects_rounds_and_paths_all_give_other_keys() {
        let key = MasterKey::of_rehearsal_seed(7);
        let other_seed = MasterKey::of_rehearsal_seed(8);
        let mut seen = std::collections::BTreeSet::new();
        for (key, project, round, path) in [
            (&key, "a", "1", ["x", "y"]),
            (&key, "a", "2", ["x", "y"]),
            (&key, "b", "1", ["x", "y"]),
            (&key, "a", "1", ["xy", ""]),
            (&key, "a", "1", ["", "xy"]),
            (&other_seed, "a", "1", ["x", "y"]),
        ] {
            let mac = key.for_project(project, round).derive(&path).mac(&[b"m"]);
            assert!(seen.insert(mac));
        }
    }

    #[test]
    fn hmac_is_that_of_rfc_4231() {
        // Test case 2 has a four-byte key, which a SubKey cannot have; the crate is checked here
        // so that a change of crate is noticed.
        let mut mac = Hmac::<Sha256>::new_from_slice(b"Jefe").expect("any length");
        mac.update(b"what do ya want for nothing?");
        let full = mac.finalize().into_bytes();
        assert_eq!(
            *hex(&full),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
