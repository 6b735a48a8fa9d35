//! Encodings on their way to a sorted file: written to buckets by their first bits, then sorted a
//! bucket at a time. A bucket that is too large for memory is put into buckets by its next bits, so
//! that memory does not grow with the file.
//!
//! What is spilt is encoded already: pseudonyms, keys, tags. The files have no name, so that nothing
//! of them is left behind whatever happens.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::columnar::{ColumnarError, nameless};

/// Bits of a row that choose its bucket. Their number is fixed, so that a file does not depend on
/// the memory there is.
const BITS: u32 = 6;
const BUCKETS: usize = 1 << BITS;
/// Bytes that a bucket gathers before they are written. Sixty files may be filled at once, so that
/// this is what most of the memory is for.
const BUFFER: usize = 1 << 13;
/// Bytes of a bucket that is held in memory; a larger one is divided.
const LARGEST: usize = 4 << 20;

/// Where a row ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rows {
    /// All have this many bytes.
    Equal(usize),
    /// After this many bytes stand four that tell, little end first, how many more there are.
    Stated(usize),
}

impl Rows {
    /// The first row, and what is behind it.
    fn split(self, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
        let length = match self {
            Rows::Equal(width) => width.max(1),
            Rows::Stated(before) => {
                let stated = bytes.get(before..)?.first_chunk::<4>()?;
                before + 4 + usize::try_from(u32::from_le_bytes(*stated)).ok()?
            }
        };
        bytes.split_at_checked(length)
    }
}

/// Bytes in buckets, in a file without a name.
pub(super) struct Buckets {
    folder: PathBuf,
    rows: Rows,
    /// Bits of a row that were used up by the buckets around this one.
    used: u32,
    largest: usize,
    file: File,
    end: u64,
    buffers: Vec<Vec<u8>>,
    chunks: Vec<Vec<(u64, usize)>>,
}

impl Buckets {
    /// Empty buckets in `folder`, which is made where it is missing.
    pub(super) fn new(folder: &Path, rows: Rows) -> Result<Self, ColumnarError> {
        Buckets::within(folder, rows, 0, LARGEST)
    }

    fn within(folder: &Path, rows: Rows, used: u32, largest: usize) -> Result<Self, ColumnarError> {
        Ok(Buckets {
            folder: folder.to_path_buf(),
            rows,
            used,
            largest,
            file: nameless(folder)?,
            end: 0,
            buffers: vec![Vec::new(); BUCKETS],
            chunks: vec![Vec::new(); BUCKETS],
        })
    }

    /// Appends the parts of a row to its bucket, which the first eight bytes of the first part
    /// choose.
    pub(super) fn push(&mut self, row: &[&[u8]]) -> Result<(), ColumnarError> {
        let head = row.first().map_or(0, |first| head(first));
        let bits = head.checked_shl(self.used).unwrap_or(0) >> (u64::BITS - BITS);
        let bucket = usize::try_from(bits).unwrap_or(0);
        let length: usize = row.iter().map(|part| part.len()).sum();
        let full = |buffer: &Vec<u8>| buffer.len() + length > BUFFER;
        if self.buffers.get(bucket).is_some_and(full) {
            self.flush(bucket)?;
        }
        if let Some(buffer) = self.buffers.get_mut(bucket) {
            if buffer.capacity() == 0 {
                buffer.reserve_exact(BUFFER.max(length));
            }
            for part in row {
                buffer.extend_from_slice(part);
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
            .map_err(|source| ColumnarError::io(&self.folder, source))?;
        chunks.push((self.end, buffer.len()));
        self.end += buffer.len() as u64;
        buffer.clear();
        Ok(())
    }

    /// Hands the buckets to `each` in order, each as it was filled. Rows that have their first
    /// eight bytes in common come together.
    pub(super) fn each(
        &self,
        each: &mut dyn FnMut(Vec<u8>) -> Result<(), ColumnarError>,
    ) -> Result<(), ColumnarError> {
        for (chunks, buffer) in self.chunks.iter().zip(&self.buffers) {
            let bytes = chunks.iter().map(|(_, length)| length).sum::<usize>() + buffer.len();
            if bytes > self.largest && self.used + BITS < u64::BITS {
                self.divided(chunks, buffer)?.each(each)?;
            } else {
                let mut whole = Vec::with_capacity(bytes);
                for (from, length) in chunks {
                    self.read(*from, *length, &mut whole)?;
                }
                whole.extend_from_slice(buffer);
                each(whole)?;
            }
        }
        Ok(())
    }

    /// A bucket in buckets by the next bits of its rows.
    fn divided(&self, chunks: &[(u64, usize)], buffer: &[u8]) -> Result<Buckets, ColumnarError> {
        let used = self.used + BITS;
        let mut out = Buckets::within(&self.folder, self.rows, used, self.largest)?;
        let mut space = Vec::new();
        for (from, length) in chunks {
            space.clear();
            self.read(*from, *length, &mut space)?;
            out.take(&space)?;
        }
        out.take(buffer)?;
        Ok(out)
    }

    /// Takes up whole rows.
    fn take(&mut self, mut rows: &[u8]) -> Result<(), ColumnarError> {
        while let Some((row, rest)) = self.rows.split(rows) {
            self.push(&[row])?;
            rows = rest;
        }
        Ok(())
    }

    /// Appends bytes of the file.
    fn read(&self, from: u64, length: usize, to: &mut Vec<u8>) -> Result<(), ColumnarError> {
        let before = to.len();
        to.resize(before + length, 0);
        self.file
            .read_exact_at(to.get_mut(before..).unwrap_or_default(), from)
            .map_err(|source| ColumnarError::io(&self.folder, source))
    }
}

/// The first eight bytes as a number that sorts as they do.
fn head(row: &[u8]) -> u64 {
    let mut first = [0; 8];
    for (slot, byte) in first.iter_mut().zip(row) {
        *slot = *byte;
    }
    u64::from_be_bytes(first)
}

/// Rows of equal width, in buckets.
pub(super) struct Spill {
    buckets: Buckets,
    width: usize,
}

impl Spill {
    /// A spill of rows of `width` bytes, in a file without a name in `folder`.
    pub(super) fn new(folder: &Path, width: usize) -> Result<Self, ColumnarError> {
        let buckets = Buckets::new(folder, Rows::Equal(width))?;
        Ok(Spill { buckets, width })
    }

    /// Takes up rows, one after the other in `rows`.
    pub(super) fn take(&mut self, rows: &[u8]) -> Result<(), ColumnarError> {
        self.buckets.take(rows)
    }

    /// Hands the buckets to `each` in order, every one sorted; together they are all rows sorted.
    pub(super) fn sorted(
        &self,
        mut each: impl FnMut(Sorted) -> Result<(), ColumnarError>,
    ) -> Result<(), ColumnarError> {
        let width = self.width;
        self.buckets
            .each(&mut |bytes| each(Sorted::new(bytes, width)))
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

    proptest! {
        #[test]
        fn a_bucket_too_large_for_memory_is_divided(
            firsts in proptest::collection::vec(0_u8..3, 200..2_000),
            largest in 64_usize..4_000,
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let rows = Rows::Stated(9);
            let mut buckets = Buckets::within(folder.path(), rows, 0, largest).expect("buckets");
            // Rows of many lengths; most of them share their beginning with others.
            let mut all: Vec<Vec<u8>> = Vec::new();
            for (n, first) in (0_u32..).zip(firsts) {
                let [low, ..] = n.to_le_bytes();
                let id = [first, 7, 7, low % 4, 0, 0, 0, low % 5, 1];
                let length = n % 11;
                let body = vec![low; usize::try_from(length).expect("small")];
                buckets.push(&[&id, &length.to_le_bytes(), &body]).expect("room");
                all.push([&id[..], &length.to_le_bytes(), &body].concat());
            }
            let mut back: Vec<Vec<u8>> = Vec::new();
            buckets
                .each(&mut |mut bytes| {
                    let mut here = Vec::new();
                    while let Some((row, rest)) = rows.split(&bytes) {
                        here.push(row.to_vec());
                        bytes = rest.to_vec();
                    }
                    here.sort_by_key(|row| head(row));
                    back.extend(here);
                    Ok(())
                })
                .expect("read back");
            all.sort_by_key(|row| head(row));
            prop_assert_eq!(back, all);
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
