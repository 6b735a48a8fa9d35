//! The folder that goes from the linkage unit to the owner of the key.
//!
//! | file | a row | columns |
//! | --- | --- | --- |
//! | `<kind>/rule-NN-<group>.parquet` | a pair of rows of a pass | `left`, `right`: row pseudonyms of the pass; `levels`: four bits a comparison, the first lowest |
//! | `pairs.json` | | what the passes are, and what each has counted |

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{FixedSizeBinaryBuilder, RecordBatch, UInt32Array};
use arrow::datatypes::{DataType, Field, Schema};
use serde::{Deserialize, Serialize};

use crate::columnar::{self, ColumnarError, Layout, TableReader, TableWriter};
use crate::comparison::Level;
use crate::link::LinkError;
use crate::pseudonymise::{FOOTER, Pseudonym};

/// The name of the manifest.
pub const MANIFEST: &str = "pairs.json";
/// The word for this form of pairs.
pub const FORM: &str = "kinlink-pairs-1";
const BITS: usize = 4;
/// Comparisons that `levels` has room for.
const MOST: usize = 8;

/// A pass and what it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassPairs {
    /// `adult` or `child`.
    pub kind: String,
    /// The name of its file, with the owner as well.
    pub file: String,
    /// Its rule and form.
    pub pass: String,
    /// Its comparisons, in the order of the levels.
    pub comparisons: Vec<String>,
    /// Rows of the left owner, and of the right.
    pub rows: [u64; 2],
    /// Blocks that both have rows in.
    pub blocks: u64,
    /// Pairs in those.
    pub pairs: u64,
    /// Pairs of them that agree on nothing, which are counted and not written.
    pub different: u64,
    /// Blocks left out because they hold too many pairs, and the pairs in them.
    pub capped: [u64; 2],
}

/// `pairs.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairManifest {
    /// [`FORM`].
    pub form: String,
    /// The fingerprint of the key that both owners used.
    pub key_fingerprint: String,
    /// The passes, in order.
    pub passes: Vec<PassPairs>,
}

/// A pair of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowPair {
    /// The pseudonym of the left row.
    pub left: Pseudonym,
    /// That of the right row.
    pub right: Pseudonym,
    /// Levels, four bits each.
    pub levels: u32,
}

/// Levels as one number.
pub fn packed(levels: &[Level]) -> u32 {
    let levels = levels.iter().take(MOST).enumerate();
    levels.fold(0, |all, (place, level)| {
        all | u32::from(level & 15) << (place * BITS)
    })
}

/// The level at a place of [`packed`] ones.
pub fn level_at(levels: u32, place: usize) -> Level {
    let [low, ..] = (levels >> (place.min(MOST - 1) * BITS)).to_le_bytes();
    low & 15
}

fn malformed(path: &Path) -> LinkError {
    let path = path.to_path_buf();
    ColumnarError::Malformed { path }.into()
}

impl PassPairs {
    /// Where its pairs are, in a folder of pairs.
    pub fn path(&self, folder: &Path) -> PathBuf {
        folder.join(&self.kind).join(&self.file)
    }

    /// Writes its pairs.
    pub fn write(&self, folder: &Path, key: &str, pairs: &[RowPair]) -> Result<(), LinkError> {
        let path = self.path(folder);
        let id = DataType::FixedSizeBinary(16);
        let schema = Arc::new(Schema::new(vec![
            Field::new("left", id.clone(), false),
            Field::new("right", id, false),
            Field::new("levels", DataType::UInt32, false),
        ]));
        let footer = [(FOOTER.to_owned(), key.to_owned())];
        let mut writer = TableWriter::create(&path, schema.clone(), Layout::Hashes, &footer)?;
        for chunk in pairs.chunks(1 << 16) {
            let column = |of: fn(&RowPair) -> &Pseudonym| {
                let mut column = FixedSizeBinaryBuilder::with_capacity(chunk.len(), 16);
                for pair in chunk {
                    column
                        .append_value(of(pair))
                        .map_err(|_| malformed(&path))?;
                }
                Ok::<_, LinkError>(Arc::new(column.finish()))
            };
            let levels = UInt32Array::from_iter_values(chunk.iter().map(|p| p.levels));
            let columns: Vec<arrow::array::ArrayRef> = vec![
                column(|pair| &pair.left)?,
                column(|pair| &pair.right)?,
                Arc::new(levels),
            ];
            let batch = RecordBatch::try_new(schema.clone(), columns);
            writer.write(&batch.map_err(|_| malformed(&path))?)?;
        }
        writer.finish()?;
        Ok(())
    }

    /// Reads its pairs.
    pub fn read(&self, folder: &Path, mut each: impl FnMut(RowPair)) -> Result<(), LinkError> {
        let path = self.path(folder);
        for batch in TableReader::open(&path, None)? {
            let batch = batch?;
            let left = columnar::bytes(&batch, "left", &path)?;
            let right = columnar::bytes(&batch, "right", &path)?;
            let levels = columnar::u32(&batch, "levels", &path)?;
            for ((left, right), levels) in left.iter().zip(right.iter()).zip(levels.values()) {
                let id = |bytes: Option<&[u8]>| {
                    let id = bytes.and_then(|bytes| bytes.first_chunk::<16>());
                    id.copied().ok_or_else(|| malformed(&path))
                };
                each(RowPair {
                    left: id(left)?,
                    right: id(right)?,
                    levels: *levels,
                });
            }
        }
        Ok(())
    }
}

impl PairManifest {
    /// Reads the manifest of a folder of pairs.
    pub fn read(folder: &Path) -> Result<Self, LinkError> {
        let path = folder.join(MANIFEST);
        let text = std::fs::read_to_string(&path).map_err(|source| LinkError::Io {
            path: path.clone(),
            source,
        })?;
        let read: Option<PairManifest> = serde_json::from_str(&text).ok();
        let read = read.filter(|manifest| manifest.form == FORM);
        read.ok_or_else(|| malformed(&path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_packed_and_pairs_read_back() {
        let levels = [1, 0, 5, 3];
        let number = packed(&levels);
        assert_eq!(
            [0, 1, 2, 3, 4].map(|place| level_at(number, place)),
            [1, 0, 5, 3, 0]
        );
        let folder = tempfile::tempdir().expect("folder");
        let pass = PassPairs {
            kind: "adult".to_owned(),
            file: "rule-01-record.parquet".to_owned(),
            pass: String::new(),
            comparisons: Vec::new(),
            rows: [1, 1],
            blocks: 1,
            pairs: 1,
            different: 0,
            capped: [0, 0],
        };
        let pair = |n: u8| RowPair {
            left: [n; 16],
            right: [n + 1; 16],
            levels: number,
        };
        pass.write(folder.path(), "key", &[pair(1), pair(4)])
            .expect("written");
        let mut read = Vec::new();
        pass.read(folder.path(), |pair| read.push(pair))
            .expect("read");
        assert_eq!(read, [pair(1), pair(4)]);
    }
}
