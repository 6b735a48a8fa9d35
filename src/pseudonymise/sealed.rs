//! Files that only the holder of the project's key can open.
//!
//! Deterministic authenticated encryption by a synthetic initial value (Rogaway and Shrimpton, "A
//! provable-security treatment of the key-wrap problem", EUROCRYPT 2006): a file begins with the
//! HMAC-SHA-256 of its contents, cut to 16 bytes, and the key of the stream behind it is derived
//! from that. So the same contents give the same file, and two contents never meet one stream. The
//! stream is AES-128 over a counter.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use super::cipher::{Block, PassKey};
use super::key::{ProjectKeys, Pseudonym};
use crate::columnar::{ColumnarError, Written};
use crate::digest::Digest;

/// Blocks of the stream that are made at a time.
const AT_A_TIME: usize = 1 << 12;
const BLOCK: usize = 16;

/// Contents that were read, wiped when they go.
pub(super) type Contents = Zeroizing<Vec<u8>>;

/// Seals contents for a use, in place; gives what stands in front of them.
fn seal(keys: &ProjectKeys, path: &[&str], contents: &mut [u8]) -> Pseudonym {
    let front = front(keys, path, contents);
    stream(keys, path, &front, contents);
    front
}

fn front(keys: &ProjectKeys, path: &[&str], contents: &[u8]) -> Pseudonym {
    keys.derive(&[&["sealed", "front"], path].concat())
        .mac_message(contents)
}

/// Adds the stream of a front to bytes; twice is once too often.
fn stream(keys: &ProjectKeys, path: &[&str], front: &Pseudonym, bytes: &mut [u8]) {
    let own = keys.derive(&[&["sealed", "stream"], path].concat());
    let key = PassKey::new(own.mac_message(front));
    let mut counter = 0_u64;
    let mut blocks: Vec<Block> = Vec::with_capacity(AT_A_TIME);
    for part in bytes.chunks_mut(AT_A_TIME * BLOCK) {
        blocks.clear();
        for _ in part.chunks(BLOCK) {
            let mut block = Block::default();
            for (slot, byte) in block.iter_mut().zip(counter.to_le_bytes()) {
                *slot = byte;
            }
            blocks.push(block);
            counter += 1;
        }
        key.permute(&mut blocks);
        for (byte, mask) in part.iter_mut().zip(blocks.iter().flatten()) {
            *byte ^= mask;
        }
    }
}

/// Writes a sealed file of mode 0600 that must not exist. `rows` is what its receipt says.
pub(super) fn write(
    file: &Path,
    keys: &ProjectKeys,
    path: &[&str],
    mut contents: Contents,
    rows: u64,
) -> Result<Written, ColumnarError> {
    let io = |source| ColumnarError::Io {
        path: file.to_path_buf(),
        source,
    };
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent).map_err(io)?;
    }
    let front = seal(keys, path, &mut contents);
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map_err(io)?;
    out.write_all(&front).map_err(io)?;
    out.write_all(&contents).map_err(io)?;
    out.sync_all().map_err(io)?;
    drop(out);
    let (digest, bytes) = Digest::of_file(file).map_err(io)?;
    Ok(Written {
        path: file.to_path_buf(),
        digest,
        bytes,
        rows,
    })
}

/// Reads a sealed file. One that another key sealed, or that was changed, is malformed.
pub(super) fn read(
    file: &Path,
    keys: &ProjectKeys,
    path: &[&str],
) -> Result<Contents, ColumnarError> {
    let io = |source| ColumnarError::Io {
        path: file.to_path_buf(),
        source,
    };
    let malformed = || ColumnarError::Malformed {
        path: file.to_path_buf(),
    };
    let mut source = std::fs::File::open(file).map_err(io)?;
    let mut stated = Pseudonym::default();
    source.read_exact(&mut stated).map_err(|_| malformed())?;
    let mut contents = Zeroizing::new(Vec::new());
    source.read_to_end(&mut contents).map_err(io)?;
    stream(keys, path, &stated, &mut contents);
    // Whoever can time this holds the file and the machine; a plain comparison is enough.
    match front(keys, path, &contents) == stated {
        true => Ok(contents),
        false => Err(malformed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pseudonymise::MasterKey;

    #[test]
    fn what_is_sealed_opens_with_its_key_for_its_use_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sub/a.sealed");
        let keys = |seed| MasterKey::of_rehearsal_seed(seed).for_project("sealed", "1");
        let text: Vec<u8> = (0..100_003_u32).map(|n| n.to_le_bytes()[0]).collect();
        let contents = || Zeroizing::new(text.clone());
        let written = write(&file, &keys(1), &["adult", "custody"], contents(), 7).unwrap();
        assert_eq!((written.rows, written.bytes), (7, 100_003 + 16));
        assert_eq!(*read(&file, &keys(1), &["adult", "custody"]).unwrap(), text);
        assert!(read(&file, &keys(2), &["adult", "custody"]).is_err());
        assert!(read(&file, &keys(1), &["child", "custody"]).is_err());
        let mut bytes = std::fs::read(&file).unwrap();
        // Nothing of the contents shows, and a flipped bit is found.
        assert!(!bytes.windows(8).any(|w| text.windows(8).next() == Some(w)));
        bytes[50_000] ^= 4;
        std::fs::write(&file, &bytes).unwrap();
        assert!(read(&file, &keys(1), &["adult", "custody"]).is_err());
        let again = folder.path().join("b.sealed");
        let second = write(&again, &keys(1), &["adult", "custody"], contents(), 7).unwrap();
        assert_eq!(written.digest, second.digest);
        let mut other = contents();
        other[0] ^= 1;
        let third = folder.path().join("c.sealed");
        write(&third, &keys(1), &["adult", "custody"], other, 7).unwrap();
        let (a, b) = (
            std::fs::read(&again).unwrap(),
            std::fs::read(&third).unwrap(),
        );
        let same = a.iter().zip(&b).filter(|(x, y)| x == y).count();
        assert!(same < a.len() / 100, "another stream");
    }
}
