//! The shared secret in its file, and the keys that HKDF (RFC 5869) derives from it.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use hkdf::Hkdf;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use super::error::ClkhashError;

/// The longest secret that is read.
const MOST_BYTES: u64 = 1 << 20;
/// A secret with fewer bytes than this can be guessed.
const FEWEST_BYTES: usize = 32;

/// A secret; it has no `Debug` and is wiped on drop.
pub struct Secret(Zeroizing<Vec<u8>>);

/// What is weak about a secret or its file. The reference takes such secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// No byte at all.
    Empty,
    /// Fewer than 32 bytes.
    Short,
    /// The group or everybody may read the file.
    Exposed(u32),
}

impl Secret {
    /// A secret of those bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Secret(Zeroizing::new(bytes))
    }

    /// Reads a secret: all bytes of the file but one line break at its end.
    pub fn load(path: &Path) -> Result<(Self, Vec<Weakness>), ClkhashError> {
        let unreadable = |kind| ClkhashError::SecretUnreadable {
            path: path.to_path_buf(),
            kind,
        };
        let file = File::open(path).map_err(|e| unreadable(e.kind()))?;
        let about = file.metadata().map_err(|e| unreadable(e.kind()))?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
        file.take(MOST_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| unreadable(e.kind()))?;
        if u64::try_from(bytes.len()).is_ok_and(|n| n > MOST_BYTES) {
            return Err(unreadable(std::io::ErrorKind::FileTooLarge));
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        let mut weak = Vec::new();
        match bytes.len() {
            0 => weak.push(Weakness::Empty),
            n if n < FEWEST_BYTES => weak.push(Weakness::Short),
            _ => {}
        }
        let mode = about.mode() & 0o777;
        if about.is_file() && mode & 0o077 != 0 {
            weak.push(Weakness::Exposed(mode));
        }
        Ok((Secret(bytes), weak))
    }
}

/// The hash function of HKDF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KdfHash {
    Sha256,
    Sha512,
}

/// How keys are derived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kdf {
    pub(super) hash: KdfHash,
    pub(super) salt: Option<Vec<u8>>,
    pub(super) info: Vec<u8>,
    /// Bytes of a key.
    pub(super) key_size: usize,
}

impl Kdf {
    /// Bytes that HKDF can give: 255 blocks of its hash function.
    pub fn most_bytes(&self) -> usize {
        255 * match self.hash {
            KdfHash::Sha256 => 32,
            KdfHash::Sha512 => 64,
        }
    }

    /// The keys of so many features, ignored ones too. `None` if HKDF cannot give as many bytes.
    pub fn derive(&self, secret: &Secret, features: usize) -> Option<Keys> {
        let length = features.checked_mul(2)?.checked_mul(self.key_size)?;
        if length > self.most_bytes() {
            return None;
        }
        let mut bytes = Zeroizing::new(vec![0_u8; length]);
        let salt = self.salt.as_deref();
        let expanded = match self.hash {
            KdfHash::Sha256 => Hkdf::<Sha256>::new(salt, &secret.0).expand(&self.info, &mut bytes),
            KdfHash::Sha512 => Hkdf::<Sha512>::new(salt, &secret.0).expand(&self.info, &mut bytes),
        };
        expanded.ok()?;
        Some(Keys {
            bytes,
            size: self.key_size,
        })
    }
}

/// The keys of all features, wiped on drop.
pub struct Keys {
    bytes: Zeroizing<Vec<u8>>,
    size: usize,
}

impl Keys {
    /// The two keys of the feature at `place`.
    pub fn pair(&self, place: usize) -> Option<[&[u8]; 2]> {
        let start = place.checked_mul(2)?.checked_mul(self.size)?;
        let pair = self.bytes.get(start..start + 2 * self.size)?;
        let (first, second) = pair.split_at(self.size);
        Some([first, second])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn one_line_break_at_the_end_is_no_part_of_the_secret() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("secret");
        for (written, read, weak) in [
            (&b"se cret\n"[..], &b"se cret"[..], Weakness::Short),
            (b"secret\r\n", b"secret", Weakness::Short),
            (b"secret\n\n", b"secret\n", Weakness::Short),
            (b"\n", b"", Weakness::Empty),
            (b"\xff\xfe", b"\xff\xfe", Weakness::Short),
        ] {
            std::fs::write(&path, written).expect("written");
            let private = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(&path, private).expect("mode");
            let Ok((secret, found)) = Secret::load(&path) else {
                panic!("not read");
            };
            assert_eq!(secret.0.as_slice(), read);
            assert_eq!(found, [weak]);
        }
        std::fs::write(&path, [7; 32]).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("mode");
        let found = Secret::load(&path).map(|(_, weak)| weak);
        assert_eq!(found.ok(), Some(vec![Weakness::Exposed(0o640)]));
        assert!(Secret::load(folder.path()).is_err());
        assert!(Secret::load(&folder.path().join("none")).is_err());
    }
}
