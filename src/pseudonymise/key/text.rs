//! The text of a key file; private files; and reading no more than a key is long.
//!
//! ```text
//! kinlink-key-v1
//! purpose production
//! key <64 hexadecimal digits>
//! check <16 hexadecimal digits>
//! ```

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;
use zeroize::Zeroizing;

use super::error::{Flaw, KeyError};
use super::for_files::is_for_files;
use super::hexadecimal::{bytes_in, fill, push_hex};
use super::master::{MasterKey, is_weak};
use crate::purpose::Purpose;

/// The longest text that is read.
const LONGEST: usize = 4096;
/// The first line of a master key.
pub(super) const HEADER: &str = "kinlink-key-v1";

/// A text that may hold a secret: wiped when it is dropped, never moved while it is read.
pub(super) struct SecretText {
    bytes: Zeroizing<Box<[u8]>>,
    length: usize,
}

impl SecretText {
    /// Reads a private file.
    pub(super) fn of_file(path: &Path) -> Result<Self, KeyError> {
        let file = open_private(path)?;
        SecretText::read(file).map_err(|kind| KeyError::Unreadable {
            path: path.to_path_buf(),
            kind,
        })
    }

    /// Reads to the end, at most [`LONGEST`] bytes and one, by which a longer text shows.
    pub(super) fn read(mut from: impl Read) -> Result<Self, ErrorKind> {
        let mut text = SecretText {
            bytes: Zeroizing::new(vec![0; LONGEST + 1].into_boxed_slice()),
            length: 0,
        };
        while let Some(room) = text.bytes.get_mut(text.length..).filter(|r| !r.is_empty()) {
            match from.read(room) {
                Ok(0) => break,
                Ok(n) => text.length += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e.kind()),
            }
        }
        Ok(text)
    }

    /// The text, if it is one.
    pub(super) fn get(&self) -> Result<&str, Flaw> {
        match self.bytes.get(..self.length) {
            Some([]) | None => Err(Flaw::Empty),
            Some(all) if all.len() > LONGEST => Err(Flaw::Long),
            Some(all) => std::str::from_utf8(all).map_err(|_| Flaw::Binary),
        }
    }
}

/// Opens a file that only its owner can read: no link, no folder, no device.
pub(super) fn open_private(path: &Path) -> Result<File, KeyError> {
    let unreadable = |e: std::io::Error| match e.raw_os_error() {
        Some(code) if code == Errno::LOOP.raw_os_error() => KeyError::NotAFile {
            path: path.to_path_buf(),
        },
        _ => KeyError::Unreadable {
            path: path.to_path_buf(),
            kind: e.kind(),
        },
    };
    let file = OpenOptions::new()
        .read(true)
        // A pipe must not hold us up; it is refused below.
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
        .open(path)
        .map_err(unreadable)?;
    private(&file, path)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(KeyError::NotAFile {
            path: path.to_path_buf(),
        });
    }
    Ok(file)
}

/// Refuses a regular file that others than its owner have a right to.
pub(super) fn private(file: &File, path: &Path) -> Result<(), KeyError> {
    let status = file.metadata().map_err(|e| KeyError::Unreadable {
        path: path.to_path_buf(),
        kind: e.kind(),
    })?;
    let mode = status.mode() & 0o777;
    if status.is_file() && mode & 0o077 != 0 {
        return Err(KeyError::Exposed {
            path: path.to_path_buf(),
            mode,
        });
    }
    Ok(())
}

/// Writes a text to a new file of mode 0600. A file that could not be written whole is removed.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), KeyError> {
    let unwritable = |e: std::io::Error| match e.kind() {
        ErrorKind::AlreadyExists => KeyError::Exists {
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
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
        .map_err(unwritable)?;
    let written = file
        .set_permissions(std::fs::Permissions::from_mode(0o600))
        .and_then(|()| file.write_all(text.as_bytes()))
        .and_then(|()| file.sync_all());
    if let Err(e) = written {
        // It is ours: it did not exist a moment ago.
        let _ = std::fs::remove_file(path);
        return Err(unwritable(e));
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))
        .and_then(|f| f.sync_all())
        .map_err(unwritable)
}

impl MasterKey {
    /// Writes the key to a new file of mode 0600.
    pub fn save(&self, path: &Path) -> Result<(), KeyError> {
        // The room is reserved at once: a text that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(256));
        text.push_str(HEADER);
        text.push_str("\npurpose ");
        text.push_str(self.purpose().word());
        text.push_str("\nkey ");
        push_hex(&mut text, self.bytes());
        text.push_str("\ncheck ");
        push_hex(&mut text, &self.check_value());
        text.push('\n');
        write_private(path, &text)
    }

    /// Reads a key file. Refused: a link, a file that others can read, a changed character.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        MasterKey::of_text(&SecretText::of_file(path)?, path)
    }

    /// The key of a text; `path` says where it came from.
    pub(super) fn of_text(text: &SecretText, path: &Path) -> Result<Self, KeyError> {
        let malformed = |flaw| KeyError::Malformed {
            path: path.to_path_buf(),
            flaw,
        };
        if is_for_files(text) {
            return Err(KeyError::ForFiles {
                path: path.to_path_buf(),
            });
        }
        let text = text.get().map_err(malformed)?;
        let [purpose, key, check] =
            lines(text, HEADER, ["purpose", "key", "check"]).ok_or(malformed(Flaw::Other))?;
        let purpose = Purpose::from_word(purpose).ok_or(malformed(Flaw::Other))?;
        match bytes_in(key) {
            Some(32) => {}
            Some(bytes) => {
                return Err(KeyError::Length {
                    path: path.to_path_buf(),
                    bytes,
                });
            }
            None => return Err(malformed(Flaw::Other)),
        }
        let key =
            MasterKey::filled(purpose, |b| fill(b, key)).ok_or_else(|| malformed(Flaw::Other))?;
        if is_weak(key.bytes()) {
            return Err(KeyError::Weak {
                path: path.to_path_buf(),
            });
        }
        let mut stated = [0_u8; 8];
        if !fill(&mut stated, check) || key.check_value() != stated {
            return Err(malformed(Flaw::Check));
        }
        Ok(key)
    }
}

/// The values of a text of a header and named lines, in their order and no others.
pub(super) fn lines<'a, const N: usize>(
    text: &'a str,
    header: &str,
    names: [&str; N],
) -> Option<[&'a str; N]> {
    let mut lines = text.strip_suffix('\n')?.split('\n');
    if lines.next()? != header {
        return None;
    }
    let mut values = [""; N];
    for (value, name) in values.iter_mut().zip(names) {
        *value = lines.next()?.strip_prefix(name)?.strip_prefix(' ')?;
    }
    lines.next().is_none().then_some(values)
}

#[cfg(test)]
mod tests;
