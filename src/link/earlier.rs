//! What a linkage leaves for a later one, and what of an earlier one still holds.
//!
//! | file | a row | columns |
//! | --- | --- | --- |
//! | `rows.parquet` | a row of the inputs, in the order of `clusters.parquet` | `digest`: keyed, of all that is compared |
//! | `scored.parquet` | a pair that was kept | `left`, `right`: the rows' places in their files, from 0; `pattern`: its levels and rules |
//!
//! A row is as it was if its id is there and its digest is the same. Another key, a specification that
//! compares something else, or a folder without these files: nothing is carried over, and all pairs are
//! compared.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, FixedSizeBinaryBuilder, RecordBatch, UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema};
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::LinkError;
use super::engine::Carried;
use super::estimates::{Patterns, read_patterns};
use super::model_file::ModelFile;
use super::out_files;
use super::pairs::Pattern;
use super::people::Input;
use super::settle::Likely;
use crate::columnar::{self, ColumnarError, Layout, TableReader, TableWriter};
use crate::pseudonymise::FOOTER;
use crate::pseudonymise::words::RowDigest;

/// The digests of rows.
pub const ROWS: &str = "rows.parquet";
/// The pairs that were kept.
pub const SCORED: &str = "scored.parquet";
/// The key of the footer that tells whether all pairs that were compared are there.
const COMPLETE: &str = "kinlink.complete";

/// How the rows of the inputs stand to those of an earlier linkage, and its pairs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarriedOver {
    /// Rows that are as they were.
    pub unchanged: u64,
    /// Rows whose id was there, and that say something else now.
    pub changed: u64,
    /// Rows whose id was not there.
    pub new: u64,
    /// Earlier rows whose id is not there any more.
    pub gone: u64,
    /// Pairs carried over without a comparison.
    pub pairs: u64,
    /// Pairs compared.
    pub compared: u64,
}

/// What could be carried over.
pub enum Carry {
    /// This.
    Over(Box<Carried>, CarriedOver),
    /// Nothing, for a reason.
    Nothing(&'static str),
}

fn malformed(path: &Path) -> LinkError {
    let path = path.to_path_buf();
    ColumnarError::Malformed { path }.into()
}

/// Writes `rows.parquet`: the digests of all rows, side by side.
pub fn write_rows(out: &Path, key: &str, digests: &[Vec<RowDigest>]) -> Result<(), LinkError> {
    let path = out.join(ROWS);
    let schema = Arc::new(Schema::new(vec![Field::new(
        "digest",
        DataType::FixedSizeBinary(16),
        false,
    )]));
    let footer = [(FOOTER.to_owned(), key.to_owned())];
    let mut writer = TableWriter::create(&path, schema.clone(), Layout::Hashes, &footer)?;
    for chunk in digests.iter().flat_map(|side| side.chunks(1 << 16)) {
        let mut column = FixedSizeBinaryBuilder::with_capacity(chunk.len(), 16);
        for digest in chunk {
            column.append_value(digest).map_err(|_| malformed(&path))?;
        }
        let columns: Vec<ArrayRef> = vec![Arc::new(column.finish())];
        let batch = RecordBatch::try_new(schema.clone(), columns);
        writer.write(&batch.map_err(|_| malformed(&path))?)?;
    }
    writer.finish()?;
    Ok(())
}

/// Writes `scored.parquet`.
pub fn write_scored(
    out: &Path,
    key: &str,
    (least, complete): (f64, bool),
    pairs: &[Likely],
) -> Result<(), LinkError> {
    let path = out.join(SCORED);
    let schema = Arc::new(Schema::new(vec![
        Field::new("left", DataType::UInt32, false),
        Field::new("right", DataType::UInt32, false),
        Field::new("pattern", DataType::UInt64, false),
    ]));
    let footer = [
        (FOOTER.to_owned(), key.to_owned()),
        (out_files::LEAST.to_owned(), least.to_string()),
        (COMPLETE.to_owned(), complete.to_string()),
    ];
    let mut writer = TableWriter::create(&path, schema.clone(), Layout::People, &footer)?;
    for chunk in pairs.chunks(1 << 16) {
        let row = |of: fn(&Likely) -> u32| -> ArrayRef {
            Arc::new(UInt32Array::from_iter_values(chunk.iter().map(of)))
        };
        let patterns = chunk.iter().map(|p| p.pattern.0);
        let columns = vec![
            row(|p| p.left),
            row(|p| p.right),
            Arc::new(UInt64Array::from_iter_values(patterns)),
        ];
        let batch = RecordBatch::try_new(schema.clone(), columns);
        writer.write(&batch.map_err(|_| malformed(&path))?)?;
    }
    writer.finish()?;
    Ok(())
}

/// What of an earlier linkage still holds, for a linkage that keeps pairs of at least a probability.
pub fn carry(
    out: &Path,
    key: &str,
    model: &ModelFile,
    least: f64,
    (inputs, digests): (&[Input], &[Vec<RowDigest>]),
) -> Result<Carry, LinkError> {
    if !out.join(ROWS).exists() || !out.join(SCORED).exists() {
        return Ok(Carry::Nothing("the earlier linkage kept no rows and pairs"));
    }
    let footer = Footer::read(&out.join(SCORED))?;
    if footer.key != key {
        return Ok(Carry::Nothing(
            "the earlier linkage was made with another key",
        ));
    }
    if footer.least > least {
        return Ok(Carry::Nothing(
            "less probable pairs are asked for than the earlier linkage kept",
        ));
    }
    let then = Then::read(out, inputs, digests)?;
    let pairs = then.pairs(&out.join(SCORED))?;
    let unchanged: Vec<Vec<bool>> = then.unchanged;
    let same = unchanged.iter().flatten().filter(|same| **same).count() as u64;
    let rows: usize = inputs.iter().map(Input::rows).sum();
    let told = CarriedOver {
        unchanged: same,
        changed: then.changed,
        new: rows as u64 - same - then.changed,
        gone: then.gone,
        ..CarriedOver::default()
    };
    let carried = Carried {
        unchanged,
        pairs,
        complete: footer.complete,
        patterns: counted(&read_patterns(&out.join("patterns.parquet"))?),
        new_pairs: model.rules.iter().map(|r| r.new_pairs).collect(),
    };
    Ok(Carry::Over(Box::new(carried), told))
}

/// Patterns of pairs that were brought together, and of pairs of chance.
fn counted(patterns: &Patterns) -> [HashMap<Pattern, u64>; 2] {
    let brought = patterns.iter().filter(|(_, sums)| sums.pairs > 0);
    let chance = patterns.iter().filter(|(_, sums)| sums.chance > 0);
    [
        brought
            .map(|(pattern, sums)| (*pattern, sums.pairs))
            .collect(),
        chance
            .map(|(pattern, sums)| (*pattern, sums.chance))
            .collect(),
    ]
}

/// What the footer of `scored.parquet` says.
struct Footer {
    key: String,
    least: f64,
    complete: bool,
}

impl Footer {
    fn read(path: &Path) -> Result<Self, LinkError> {
        let reader = TableReader::open(path, Some(&["left"]))?;
        let find = |name: &str| {
            let found = reader.keys().iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        Ok(Footer {
            key: find(FOOTER),
            least: find(out_files::LEAST).parse().unwrap_or(1.0),
            complete: find(COMPLETE) == "true",
        })
    }
}

/// The rows of an earlier linkage, by the places that they have now.
struct Then {
    /// Of each side and earlier row its place now, if it is as it was.
    place: Vec<Vec<Option<u32>>>,
    /// Of each side and row whether it is as it was.
    unchanged: Vec<Vec<bool>>,
    changed: u64,
    gone: u64,
}

impl Then {
    fn read(out: &Path, inputs: &[Input], digests: &[Vec<RowDigest>]) -> Result<Self, LinkError> {
        let mut now: Vec<Places<'_>> = inputs.iter().map(Places::new).collect();
        let none = |input: &Input| vec![false; input.rows()];
        let mut then = Then {
            place: vec![Vec::new(); inputs.len()],
            unchanged: inputs.iter().map(none).collect(),
            changed: 0,
            gone: 0,
        };
        let path = out.join("clusters.parquet");
        let mut sides: Vec<u8> = Vec::new();
        out_files::read_clusters(&path, |id, source, _| {
            let side = usize::from(source == "right" && inputs.len() > 1);
            sides.push(u8::from(side == 1));
            if let (Some(now), Some(place)) = (now.get_mut(side), then.place.get_mut(side)) {
                place.push(now.of(id, place.len()));
            }
        })?;
        then.compare(&out.join(ROWS), &sides, digests)?;
        Ok(then)
    }

    /// Compares the digests of rows then and now: `sides` are those of the earlier rows in order.
    fn compare(
        &mut self,
        path: &Path,
        sides: &[u8],
        digests: &[Vec<RowDigest>],
    ) -> Result<(), LinkError> {
        let mut sides = sides.iter().map(|side| usize::from(*side));
        let mut next = vec![0_usize; self.place.len()];
        for batch in TableReader::open(path, Some(&["digest"]))? {
            let batch = batch?;
            let column = columnar::bytes(&batch, "digest", path)?;
            for row in 0..column.len() {
                let side = sides.next().ok_or_else(|| malformed(path))?;
                let (Some(places), Some(next)) = (self.place.get_mut(side), next.get_mut(side))
                else {
                    return Err(malformed(path));
                };
                let slot = places.get_mut(*next).ok_or_else(|| malformed(path))?;
                *next += 1;
                let Some(now) = slot.and_then(|now| usize::try_from(now).ok()) else {
                    self.gone += 1;
                    continue;
                };
                let own = digests.get(side).and_then(|side| side.get(now));
                if own.map(RowDigest::as_slice) != Some(column.value(row)) {
                    self.changed += 1;
                    *slot = None;
                } else if let Some(same) = self.unchanged.get_mut(side).and_then(|s| s.get_mut(now))
                {
                    *same = true;
                }
            }
        }
        match sides.next() {
            None => Ok(()),
            Some(_) => Err(malformed(path)),
        }
    }

    /// The pairs of two rows that are as they were.
    fn pairs(&self, path: &Path) -> Result<Vec<(u32, u32, Pattern)>, LinkError> {
        let one = self.place.len() < 2;
        let mut out = Vec::new();
        for batch in TableReader::open(path, None)? {
            let batch = batch?;
            let left = columnar::u32(&batch, "left", path)?;
            let right = columnar::u32(&batch, "right", path)?;
            let pattern = columnar::u64(&batch, "pattern", path)?;
            let place = |side: usize, row: u32| -> Result<Option<u32>, LinkError> {
                let places = self.place.get(side).or(self.place.first());
                let row = usize::try_from(row).ok();
                let place = places.zip(row).and_then(|(places, row)| places.get(row));
                place.copied().ok_or_else(|| malformed(path))
            };
            for row in 0..batch.num_rows() {
                let (a, b) = (place(0, left.value(row))?, place(1, right.value(row))?);
                if let (Some(a), Some(b)) = (a, b) {
                    let (a, b) = if one { (a.min(b), a.max(b)) } else { (a, b) };
                    out.push((a, b, Pattern(pattern.value(row))));
                }
            }
        }
        Ok(out)
    }
}

/// Where an id stands now. Rows mostly stand where they stood, so that nothing is looked up.
struct Places<'a> {
    input: &'a Input,
    by_id: Option<HashMap<&'a str, u32>>,
}

impl<'a> Places<'a> {
    fn new(input: &'a Input) -> Self {
        Places { input, by_id: None }
    }

    fn of(&mut self, id: &str, expected: usize) -> Option<u32> {
        let input = self.input;
        if expected < input.rows() && input.ids.text(expected) == id {
            return u32::try_from(expected).ok();
        }
        let by_id = self.by_id.get_or_insert_with(|| {
            let rows = (0..input.rows()).zip(0_u32..);
            rows.map(|(row, number)| (input.ids.text(row), number))
                .collect()
        });
        by_id.get(id).copied()
    }
}
