//! The linkage unit: of each pass the pairs of rows that share a block, and how far they agree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::encoding::{Form, LEVELS, PassName};
use super::pair_files::{FORM, MANIFEST, PairManifest, PassPairs, RowPair, packed};
use crate::columnar::{self, ColumnarError, TableReader};
use crate::comparison::MISSING;
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::link::LinkError;
use crate::link::engine::BLOCK_CAP;
use crate::link::stage::write_json;
use crate::progress::Progress;
use crate::pseudonymise::{FOOTER, Pseudonym};

/// The key of the footer in which a file names its pass.
const PASS: &str = "kinlink:block";

/// The rows of a pass of one owner, in the order of their blocks.
struct Rows {
    key: String,
    name: String,
    /// Block, row, and where the row's encoding begins.
    rows: Vec<(Pseudonym, Pseudonym, usize)>,
    encodings: Vec<u8>,
    width: usize,
}

/// Writes the pairs of every pass that both parcels have to a new folder.
///
/// # Errors
/// Parcels of two keys; passes of the same name and another form; no pass in common.
pub fn pairs(
    [left, right]: [&Path; 2],
    out: &Path,
    progress: &dyn Progress,
) -> Result<PairManifest, LinkError> {
    let (ours, theirs) = (passes(left)?, passes(right)?);
    let both: Vec<(&(String, String), &PathBuf, &PathBuf)> = ours
        .iter()
        .filter_map(|(name, path)| Some((name, path, theirs.get(name)?)))
        .collect();
    if both.is_empty() {
        return Err(LinkError::one(
            Diagnostic::new(
                "KL-L-080",
                Exit::Usage,
                "the parcels have no block-keyed pass in common",
                "name the folders `linkage` of two parcels, made with the same recipes of the same \
                 kinds of people",
            )
            .at(Place::file(left)),
        ));
    }
    progress.begin("passes compared", Some(both.len() as u64));
    let mut manifest = PairManifest {
        form: FORM.to_owned(),
        key_fingerprint: String::new(),
        passes: Vec::new(),
    };
    for ((kind, file), left, right) in both {
        let (left, right) = (Rows::read(left)?, Rows::read(right)?);
        let name = fits(&left, &right, file, &manifest.key_fingerprint)?;
        manifest.key_fingerprint.clone_from(&left.key);
        let (mut pass, mut found) = compare(&left, &right, &name.form);
        pass.kind.clone_from(kind);
        pass.file.clone_from(file);
        pass.pass.clone_from(&left.name);
        pass.comparisons = name.comparisons().iter().map(|c| (*c).to_owned()).collect();
        // In the order of their pseudonyms nothing tells which pairs share a block.
        found.par_sort_unstable();
        pass.write(out, &left.key, &found)?;
        manifest.passes.push(pass);
        progress.advance(1);
    }
    progress.end();
    write_json(&out.join(MANIFEST), &manifest)?;
    Ok(manifest)
}

/// The files of block-keyed passes in a parcel, by kind and name: the parcel may be the folder
/// `linkage` or the one above it.
fn passes(parcel: &Path) -> Result<BTreeMap<(String, String), PathBuf>, LinkError> {
    let inner = parcel.join("linkage");
    let folder = if inner.is_dir() {
        inner
    } else {
        parcel.to_path_buf()
    };
    let mut out = BTreeMap::new();
    for kind in crate::pseudonymise::KINDS {
        let files = folder.join("blocks").join(kind);
        let entries = match std::fs::read_dir(&files) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            Err(source) => {
                return Err(LinkError::Io {
                    path: files,
                    source,
                });
            }
        };
        for entry in entries {
            let path = entry
                .map_err(|source| LinkError::Io {
                    path: files.clone(),
                    source,
                })?
                .path();
            if path.extension().is_some_and(|e| e == "parquet") {
                let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
                out.insert((kind.to_owned(), name.unwrap_or_default()), path);
            }
        }
    }
    Ok(out)
}

/// What the pass is, if both files are of one key and one form.
fn fits(left: &Rows, right: &Rows, file: &str, key: &str) -> Result<PassName, LinkError> {
    let problem = |code: &'static str, exit: Exit, what: &str, help: &str| {
        LinkError::one(Diagnostic::new(code, exit, what, help).at(Place::file(Path::new(file))))
    };
    if left.key != right.key || left.key.is_empty() || (!key.is_empty() && left.key != key) {
        return Err(problem(
            "KL-L-081",
            Exit::Key,
            "the two parcels are not of one key",
            "both owners encode with the same key, project, round and salt; compare fingerprints",
        ));
    }
    let name = PassName::parse(&left.name).filter(|_| left.name == right.name);
    let name = name.filter(|name| {
        let width = name.form.width().unwrap_or(left.width);
        left.width == right.width && left.width == width
    });
    name.ok_or_else(|| {
        problem(
            "KL-L-082",
            Exit::Usage,
            "a pass is not the same in the two parcels",
            "both owners use the same recipes and the same `--encoding`",
        )
    })
}

impl Rows {
    fn read(path: &Path) -> Result<Self, LinkError> {
        let reader = TableReader::open(path, Some(&["block", "row", "encoding"]))?;
        let told = |name: &str| {
            let found = reader.keys().iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let mut out = Rows {
            key: told(FOOTER),
            name: told(PASS),
            rows: Vec::new(),
            encodings: Vec::new(),
            width: 0,
        };
        let malformed = || ColumnarError::Malformed {
            path: path.to_path_buf(),
        };
        for batch in reader {
            let batch = batch?;
            let block = columnar::bytes(&batch, "block", path)?;
            let row = columnar::bytes(&batch, "row", path)?;
            let encoding = columnar::bytes(&batch, "encoding", path)?;
            out.width = usize::try_from(encoding.value_length()).unwrap_or(0);
            for ((block, row), bytes) in block.iter().zip(row.iter()).zip(encoding.iter()) {
                let id = |bytes: Option<&[u8]>| {
                    let id = bytes.and_then(|bytes| bytes.first_chunk::<16>());
                    id.copied().ok_or_else(malformed)
                };
                out.rows.push((id(block)?, id(row)?, out.encodings.len()));
                out.encodings.extend_from_slice(bytes.unwrap_or_default());
            }
        }
        out.rows.par_sort_unstable();
        Ok(out)
    }

    fn encoding(&self, from: usize) -> &[u8] {
        self.encodings
            .get(from..from + self.width)
            .unwrap_or_default()
    }
}

type Group<'a> = &'a [(Pseudonym, Pseudonym, usize)];

/// The rows of the blocks that both have.
fn shared<'a>(left: &'a Rows, right: &'a Rows) -> Vec<(Group<'a>, Group<'a>)> {
    let mut rest = right.rows.as_slice();
    let mut out = Vec::new();
    for ours in left.rows.chunk_by(|a, b| a.0 == b.0) {
        let block = ours.first().map_or([0; 16], |row| row.0);
        let from = rest.partition_point(|row| row.0 < block);
        rest = rest.get(from..).unwrap_or_default();
        let here = rest.partition_point(|row| row.0 == block);
        let (theirs, after) = rest.split_at(here);
        rest = after;
        if !theirs.is_empty() {
            out.push((ours, theirs));
        }
    }
    out
}

fn compare(left: &Rows, right: &Rows, form: &Form) -> (PassPairs, Vec<RowPair>) {
    let mut pass = PassPairs {
        kind: String::new(),
        file: String::new(),
        pass: String::new(),
        comparisons: Vec::new(),
        rows: [left.rows.len() as u64, right.rows.len() as u64],
        blocks: 0,
        pairs: 0,
        different: 0,
        capped: [0, 0],
    };
    let mut blocks = shared(left, right);
    pass.blocks = blocks.len() as u64;
    blocks.retain(|(ours, theirs)| {
        let pairs = ours.len() as u64 * theirs.len() as u64;
        let kept = pairs <= BLOCK_CAP;
        match kept {
            true => pass.pairs += pairs,
            false => pass.capped = [pass.capped[0] + 1, pass.capped[1] + pairs],
        }
        kept
    });
    // Of a whole record nothing else is known of a pair: where it agrees on nothing it is counted.
    let whole = matches!(form, Form::Filters(_));
    let of_block = |(ours, theirs): &(Group<'_>, Group<'_>)| {
        let mut found = Vec::new();
        for (_, row, from) in ours.iter() {
            for (_, other, to) in theirs.iter() {
                let levels = form.levels(left.encoding(*from), right.encoding(*to));
                let nothing = |level: &u8| *level == LEVELS || *level == MISSING;
                if !(whole && levels.iter().all(nothing)) {
                    found.push(RowPair {
                        left: *row,
                        right: *other,
                        levels: packed(&levels),
                    });
                }
            }
        }
        found
    };
    let found: Vec<RowPair> = blocks.par_iter().flat_map_iter(of_block).collect();
    pass.different = pass.pairs - found.len() as u64;
    (pass, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(of: &[(u8, u8, u8)]) -> Rows {
        let mut rows: Vec<(Pseudonym, Pseudonym, usize)> = of
            .iter()
            .enumerate()
            .map(|(place, (block, row, _))| ([*block; 16], [*row; 16], place))
            .collect();
        rows.sort_unstable();
        Rows {
            key: "key".to_owned(),
            name: "postcode: filter 8 bits of surname 2".to_owned(),
            rows,
            encodings: of.iter().map(|(_, _, bits)| *bits).collect(),
            width: 1,
        }
    }

    #[test]
    fn rows_are_compared_within_blocks_that_both_have() {
        let left = rows(&[(5, 1, 0b11), (2, 2, 0b11), (2, 3, 0b100), (9, 4, 1)]);
        let right = rows(&[(2, 7, 0b11), (2, 8, 0b1000), (5, 9, 0b110), (1, 6, 1)]);
        let name = fits(&left, &right, "rule", "").expect("one form");
        let (pass, found) = compare(&left, &right, &name.form);
        assert_eq!((pass.blocks, pass.pairs, pass.different), (2, 5, 3));
        let pair = |left: u8, right: u8, levels| RowPair {
            left: [left; 16],
            right: [right; 16],
            levels,
        };
        assert_eq!(found, [pair(2, 7, 1), pair(1, 9, 4)]);
    }

    #[test]
    fn another_key_or_another_form_is_refused() {
        let (left, mut right) = (rows(&[]), rows(&[]));
        right.key = "other".to_owned();
        assert!(fits(&left, &right, "rule", "").is_err());
        right.key = "key".to_owned();
        assert!(fits(&left, &right, "rule", "another").is_err());
        right.name = "postcode: filter 8 bits of surname 3".to_owned();
        assert!(fits(&left, &right, "rule", "key").is_err());
    }
}
