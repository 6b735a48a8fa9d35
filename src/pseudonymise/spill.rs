//! Encodings on their way to a sorted file: written to buckets by their first byte, then sorted a
//! bucket at a time, so that memory does not grow with the file.
//!
//! What is spilt is encoded already: pseudonyms, keys, tags. The file has no name (it is unlinked
//! as soon as it is open), so that nothing of it is left behind whatever happens.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::columnar::ColumnarError;

/// Buckets. Their number is fixed, so that a file does not depend on the memory there is.
const BUCKETS: usize = 64;
/// Bytes that a bucket gathers before they are written.
const BUFFER: usize = 1 << 15;

/// Bytes in buckets, in a file without a name.
pub(super) struct Buckets {
    path: PathBuf,
    file: File,
    end: u64,
    buffers: Vec<Vec<u8>>,
    chunks: Vec<Vec<(u64, usize)>>,
}

impl Buckets {
    /// Empty buckets in `folder`, which is made where it is missing.
    pub(super) fn new(folder: &Path) -> Result<Self, ColumnarError> {
        let path = folder.join(".spill");
        let open = || {
            std::fs::create_dir_all(folder)?;
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            std::fs::remove_file(&path)?;
            Ok(file)
        };
        let file = open().map_err(|source| io_error(&path, source))?;
        Ok(Buckets {
            path,
            file,
            end: 0,
            buffers: vec![Vec::new(); BUCKETS],
            chunks: vec![Vec::new(); BUCKETS],
        })
    }

    /// Appends the parts of a row to the bucket of its first byte.
    pub(super) fn push(&mut self, row: &[&[u8]]) -> Result<(), ColumnarError> {
        let first = row.iter().flat_map(|part| part.iter()).next();
        let bucket = usize::from(first.copied().unwrap_or(0)) * BUCKETS / 256;
        if let Some(buffer) = self.buffers.get_mut(bucket) {
            for part in row {
                buffer.extend_from_slice(part);
            }
            if buffer.len() >= BUFFER {
                self.flush(bucket)?;
            }
        }
        Ok(())
    }

    fn flush(&mut self, bucket: usize) -> Result<(), ColumnarError> {
        let (Some(buffer), Some(chunks)) =
            (self.buffers.get_mut(bucket), self.chunks.get_mut(bucket))
        else {
            return Ok(());
        };
        self.file
            .write_all(buffer)
            .map_err(|source| io_error(&self.path, source))?;
        chunks.push((self.end, buffer.len()));
        self.end += buffer.len() as u64;
        buffer.clear();
        Ok(())
    }

    /// The buckets in order, each as it was filled.
    pub(super) fn each(&self) -> impl Iterator<Item = Result<Vec<u8>, ColumnarError>> {
        let all = self.chunks.iter().zip(&self.buffers);
        all.map(|(chunks, buffer)| self.read(chunks, buffer))
    }

    fn read(&self, chunks: &[(u64, usize)], buffer: &[u8]) -> Result<Vec<u8>, ColumnarError> {
        let spilt: usize = chunks.iter().map(|(_, length)| length).sum();
        let mut bytes = Vec::with_capacity(spilt + buffer.len());
        bytes.resize(spilt, 0);
        let mut rest = bytes.as_mut_slice();
        for (from, length) in chunks {
            let (now, later) = rest.split_at_mut(*length);
            self.file
                .read_exact_at(now, *from)
                .map_err(|source| io_error(&self.path, source))?;
            rest = later;
        }
        bytes.extend_from_slice(buffer);
        Ok(bytes)
    }
}

/// Rows of equal width, in buckets.
pub(super) struct Spill {
    buckets: Buckets,
    width: usize,
}

impl Spill {
    /// A spill of rows of `width` bytes, in a file without a name in `folder`.
    pub(super) fn new(folder: &Path, width: usize) -> Result<Self, ColumnarError> {
        let buckets = Buckets::new(folder)?;
        Ok(Spill { buckets, width })
    }

    /// Takes up rows, one after the other in `rows`.
    pub(super) fn take(&mut self, rows: &[u8]) -> Result<(), ColumnarError> {
        rows.chunks_exact(self.width.max(1))
            .try_for_each(|row| self.buckets.push(&[row]))
    }

    /// Hands the buckets to `each` in order, every one sorted; together they are all rows sorted.
    pub(super) fn sorted(
        &self,
        mut each: impl FnMut(Sorted) -> Result<(), ColumnarError>,
    ) -> Result<(), ColumnarError> {
        for bytes in self.buckets.each() {
            each(Sorted::new(bytes?, self.width))?;
        }
        Ok(())
    }
}

fn io_error(path: &Path, source: io::Error) -> ColumnarError {
    ColumnarError::Io {
        path: path.to_path_buf(),
        source,
    }
}

/// A bucket, sorted by the bytes of its rows.
pub(super) struct Sorted {
    bytes: Vec<u8>,
    width: usize,
    order: Vec<(u64, u32)>,
}

impl Sorted {
    fn new(bytes: Vec<u8>, width: usize) -> Self {
        let width = width.max(1);
        let head = |row: &[u8]| row.first_chunk::<8>().map_or(0, |h| u64::from_be_bytes(*h));
        let mut order: Vec<(u64, u32)> = (0_u32..)
            .zip(bytes.chunks_exact(width))
            .map(|(place, row)| (head(row), place))
            .collect();
        order.par_sort_unstable_by(|a, b| {
            a.0.cmp(&b.0)
                .then_with(|| row_of(&bytes, width, a.1).cmp(row_of(&bytes, width, b.1)))
        });
        Sorted {
            bytes,
            width,
            order,
        }
    }

    /// The rows in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.order
            .iter()
            .map(|(_, place)| row_of(&self.bytes, self.width, *place))
    }
}

fn row_of(bytes: &[u8], width: usize, place: u32) -> &[u8] {
    let from = usize::try_from(place)
        .unwrap_or(usize::MAX)
        .saturating_mul(width);
    bytes
        .get(from..from.saturating_add(width))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_come_back_sorted_and_none_is_lost(
            mut rows in proptest::collection::vec(any::<[u8; 12]>(), 0..400),
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let mut spill = Spill::new(folder.path(), 12).expect("a spill");
            for row in &rows {
                spill.take(row).expect("room");
            }
            let mut back: Vec<Vec<u8>> = Vec::new();
            spill
                .sorted(|bucket| {
                    back.extend(bucket.rows().map(<[u8]>::to_vec));
                    Ok(())
                })
                .expect("read back");
            rows.sort_unstable();
            prop_assert_eq!(back, rows.iter().map(|r| r.to_vec()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn more_than_a_buffer_comes_back_and_no_file_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut spill = Spill::new(folder.path(), 16).expect("a spill");
        let rows = 20_000_u32;
        for i in 0..rows {
            let mut row = [0; 16];
            row[1..5].copy_from_slice(&i.wrapping_mul(2_654_435_761).to_be_bytes());
            spill.take(&row).expect("room");
        }
        assert_eq!(std::fs::read_dir(folder.path()).expect("a list").count(), 0);
        let mut last: Vec<u8> = Vec::new();
        let mut seen = 0;
        spill
            .sorted(|bucket| {
                for row in bucket.rows() {
                    assert!(last.as_slice() < row);
                    last = row.to_vec();
                    seen += 1;
                }
                Ok(())
            })
            .expect("read back");
        assert_eq!(seen, rows);
    }
}
