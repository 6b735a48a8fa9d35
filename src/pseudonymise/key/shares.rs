//! A key split among custodians: any K of N shares restore it, fewer tell nothing.
//!
//! Shamir's scheme over GF(256), byte by byte (A. Shamir, *How to share a secret*, Communications
//! of the ACM 22, 1979), from the crate `blahaj`, which draws coefficients from all 256 values:
//! its predecessor `sharks` never drew zero, so that shares told something of the key
//! (RUSTSEC-2024-0398). A share is a text:
//!
//! ```text
//! kinlink-key-share-v1
//! key <fingerprint>
//! purpose production
//! split <16 hexadecimal digits, the same in every share of a split>
//! share 2
//! shares 5
//! threshold 3
//! bytes <64 hexadecimal digits>
//! check <first 16 digits of the SHA-256 of all lines before this one>
//! ```

use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use blahaj::{Share as Point, Sharks};
use rand::{SeedableRng, TryRng};
use rand_chacha::ChaCha20Rng;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::error::{Flaw, KeyError};
use super::hexadecimal::{fill, hex, push_hex};
use super::master::MasterKey;
use super::text::{SecretText, lines, open_private, write_private};
use crate::purpose::Purpose;

const HEADER: &str = "kinlink-key-share-v1";

/// How a key is split: N shares, of which K restore it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    shares: u8,
    threshold: u8,
}

impl Split {
    /// A threshold from 2 to the number of shares. With 1, every share would be the key.
    pub fn new(shares: u8, threshold: u8) -> Result<Self, KeyError> {
        if threshold < 2 || threshold > shares {
            return Err(KeyError::Numbers { shares, threshold });
        }
        Ok(Split { shares, threshold })
    }

    /// N.
    pub fn shares(self) -> u8 {
        self.shares
    }

    /// K.
    pub fn threshold(self) -> u8 {
        self.threshold
    }
}

/// What shares of one split of one key have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Common {
    fingerprint: String,
    purpose: Purpose,
    id: String,
    split: Split,
}

struct Share {
    common: Common,
    number: u8,
    bytes: Zeroizing<[u8; 32]>,
}

/// Splits a key into files of mode 0600 in a new or empty folder (made with mode 0700): one a
/// custodian, `share-2-of-5.txt`. Gives their paths in order.
///
/// # Errors
/// The folder is not empty or cannot be written to; what was written before is removed.
pub fn split(key: &MasterKey, split: Split, folder: &Path) -> Result<Vec<PathBuf>, KeyError> {
    let mut id = [0_u8; 8];
    let mut seed = Zeroizing::new([0_u8; 32]);
    let mut system = rand::rngs::SysRng;
    if system.try_fill_bytes(&mut id).is_err() || system.try_fill_bytes(seed.as_mut()).is_err() {
        return Err(KeyError::NoEntropy);
    }
    let common = Common {
        fingerprint: key.fingerprint().to_string(),
        purpose: key.purpose(),
        id: hex(&id).to_string(),
        split,
    };
    empty(folder)?;
    let mut random = ChaCha20Rng::from_seed(*seed);
    let points = Sharks(split.threshold).dealer_rng(key.bytes(), &mut random);
    let mut written = Vec::new();
    for (number, point) in (1..=split.shares).zip(points) {
        let path = folder.join(format!("share-{number}-of-{}.txt", split.shares));
        let share = Share {
            common: common.clone(),
            number,
            bytes: ordinates(&point),
        };
        if let Err(error) = write_private(&path, &share.text()) {
            for path in &written {
                let _ = std::fs::remove_file(path);
            }
            return Err(error);
        }
        written.push(path);
    }
    Ok(written)
}

fn empty(folder: &Path) -> Result<(), KeyError> {
    let unwritable = |e: std::io::Error| KeyError::Unwritable {
        path: folder.to_path_buf(),
        kind: e.kind(),
    };
    match std::fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(KeyError::Occupied {
                path: folder.to_path_buf(),
            }),
        },
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => std::fs::DirBuilder::new()
            .mode(0o700)
            .create(folder)
            .map_err(unwritable),
        Err(e) => Err(unwritable(e)),
    }
}

/// The 32 bytes of a point after its number.
fn ordinates(point: &Point) -> Zeroizing<[u8; 32]> {
    let all = Zeroizing::new(Vec::from(point));
    let mut out = Zeroizing::new([0_u8; 32]);
    for (o, b) in out.iter_mut().zip(all.iter().skip(1)) {
        *o = *b;
    }
    out
}

/// Restores a key from the files of its shares. All that are given must belong together; all are
/// used, so that a forged one shows even where there are more than enough.
///
/// # Errors
/// The file that is wrong, or how many shares are missing.
pub fn combine(files: &[PathBuf]) -> Result<MasterKey, KeyError> {
    let mut first: Option<(Common, &Path)> = None;
    let mut numbers: BTreeMap<u8, &Path> = BTreeMap::new();
    let mut points = Vec::new();
    for path in files {
        let share = Share::load(path)?;
        match &first {
            None => first = Some((share.common.clone(), path)),
            Some((common, than)) if *common != share.common => {
                return Err(KeyError::OtherSplit {
                    path: path.clone(),
                    than: than.to_path_buf(),
                });
            }
            Some(_) => {}
        }
        if let Some(earlier) = numbers.insert(share.number, path) {
            return Err(KeyError::Twice {
                path: path.clone(),
                first: earlier.to_path_buf(),
                number: share.number,
            });
        }
        points.push(share.point().ok_or(KeyError::NotRestored)?);
    }
    let (common, _) = first.ok_or(KeyError::TooFew {
        given: 0,
        needed: 2,
    })?;
    if points.len() < usize::from(common.split.threshold) {
        return Err(KeyError::TooFew {
            given: points.len(),
            needed: common.split.threshold,
        });
    }
    let key = restored(&points, &common).ok_or(KeyError::NotRestored)?;
    if key.fingerprint().to_string() != common.fingerprint {
        return Err(KeyError::NotRestored);
    }
    Ok(key)
}

fn restored(points: &[Point], common: &Common) -> Option<MasterKey> {
    let bytes = Sharks(common.split.threshold).recover(points).ok()?;
    let bytes = Zeroizing::new(bytes);
    MasterKey::filled(common.purpose, |out| {
        let fits = bytes.len() == out.len();
        for (o, b) in out.iter_mut().zip(bytes.iter()) {
            *o = *b;
        }
        fits
    })
}

impl Share {
    fn text(&self) -> Zeroizing<String> {
        let Common {
            fingerprint,
            purpose,
            id,
            split,
        } = &self.common;
        // The room is reserved at once: a text that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(512));
        text.push_str(&format!(
            "{HEADER}\nkey {fingerprint}\npurpose {}\nsplit {id}\nshare {}\nshares {}\n\
             threshold {}\nbytes ",
            purpose.word(),
            self.number,
            split.shares,
            split.threshold,
        ));
        push_hex(&mut text, self.bytes.as_ref());
        text.push('\n');
        let check = check(&text);
        text.push_str("check ");
        text.push_str(&check);
        text.push('\n');
        text
    }

    fn load(path: &Path) -> Result<Self, KeyError> {
        let bad = |flaw| KeyError::Share {
            path: path.to_path_buf(),
            flaw,
        };
        let file = open_private(path)?;
        let text = SecretText::read(file).map_err(|kind| KeyError::Unreadable {
            path: path.to_path_buf(),
            kind,
        })?;
        Share::of(text.get().map_err(bad)?).map_err(bad)
    }

    fn of(text: &str) -> Result<Self, Flaw> {
        let names = [
            "key",
            "purpose",
            "split",
            "share",
            "shares",
            "threshold",
            "bytes",
            "check",
        ];
        let [
            fingerprint,
            purpose,
            id,
            number,
            shares,
            threshold,
            bytes,
            stated,
        ] = lines(text, HEADER, names).ok_or(Flaw::Other)?;
        let before = text.rfind("check ").and_then(|at| text.get(..at));
        if before.map(check).as_deref() != Some(stated) {
            return Err(Flaw::Check);
        }
        let small = |digits: &str| digits.parse::<u8>().map_err(|_| Flaw::Other);
        let split = Split::new(small(shares)?, small(threshold)?).map_err(|_| Flaw::Other)?;
        let number = small(number)?;
        let mut share = Share {
            common: Common {
                fingerprint: fingerprint.to_owned(),
                purpose: Purpose::from_word(purpose).ok_or(Flaw::Other)?,
                id: id.to_owned(),
                split,
            },
            number,
            bytes: Zeroizing::new([0; 32]),
        };
        let fits = (1..=split.shares).contains(&number) && fill(share.bytes.as_mut(), bytes);
        if fits { Ok(share) } else { Err(Flaw::Other) }
    }

    fn point(&self) -> Option<Point> {
        let mut all = [0_u8; 33];
        if let Some((number, rest)) = all.split_first_mut() {
            *number = self.number;
            rest.copy_from_slice(self.bytes.as_ref());
        }
        let point = Point::try_from(all.as_slice()).ok();
        all.zeroize();
        point
    }
}

/// The check of the lines before it: the first eight bytes of their SHA-256.
fn check(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    hex(digest.get(..8).unwrap_or_default()).to_string()
}

#[cfg(test)]
mod tests;
