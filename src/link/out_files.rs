//! The folder that a stand-alone linkage writes, and that `evaluate`, `why` and `review` read. A run
//! writes a part of it for `review`.
//!
//! `links.parquet`, `pairs.parquet` and `review_band.parquet` have a row a pair:
//!
//! | column | what |
//! | --- | --- |
//! | `left_id`, `right_id` | the ids of its rows |
//! | `match_weight` | log₂ of the odds that it is a match, by itself |
//! | `match_probability` | after its rivals were heard, where a file is free of duplicates |
//! | `levels` | its level in every comparison of `model.json`, in that order, joined by `.`; 0 for a missing value |
//! | `rules` | the numbers of the blocking rules of `model.json` that brought it together, from 1, joined by `.` |

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, DictionaryArray, Float64Array, RecordBatch, StringArray,
    StringDictionaryBuilder,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

use super::LinkError;
use super::earlier;
use super::estimates::{self, Estimates};
use super::model_file::ModelFile;
use super::pairs::Pattern;
use super::report;
use super::settle::Likely;
use super::spec::Spec;
use super::stable;
use super::stage::{write_json, write_text};
use super::standalone::{Outcome, Request, sides};
use crate::columnar::{self, ColumnarError, Layout, TableReader, TableWriter, Written};
use crate::digest::Digest;
use crate::pseudonymise::FOOTER;

/// `inputs.json`: what was linked, so that a truth that stands in the inputs can be found again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// The files, left first.
    pub inputs: Vec<InputFile>,
    /// The specification.
    pub spec: SpecFile,
    /// The fingerprint of the key.
    pub key_fingerprint: String,
}

/// An input file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputFile {
    /// `left`, `right`, or `file` where there is one.
    pub side: String,
    /// Where it was.
    pub path: PathBuf,
    /// Its digest.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// The column that identifies a row.
    pub id: String,
    /// Whether it was taken as free of duplicates, so that rivals share.
    #[serde(default)]
    pub duplicate_free: bool,
}

/// The links.
pub const LINKS: &str = "links.parquet";
/// The pairs that were kept, the links among them.
pub const PAIRS: &str = "pairs.parquet";
/// The pairs between the two thresholds.
pub const BAND: &str = "review_band.parquet";
/// The model.
pub const MODEL: &str = "model.json";

/// The name under which the folder keeps the specification.
pub const SPEC: &str = "spec.toml";

/// The specification's file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecFile {
    /// Where it was.
    pub path: PathBuf,
    /// Its digest.
    pub digest: Digest,
}

/// Writes every file of the folder.
pub fn write(outcome: &Outcome, request: &Request, spec: &Spec) -> Result<(), LinkError> {
    let out = &request.out;
    let io = |path: &Path| {
        let path = path.to_path_buf();
        move |source| LinkError::Io { path, source }
    };
    std::fs::create_dir_all(out).map_err(io(out))?;
    let names = sides(outcome.inputs.len() > 1);
    let mut files = Vec::new();
    for (side, input) in outcome.inputs.iter().enumerate() {
        files.push(InputFile {
            side: names.get(side).copied().unwrap_or_default().to_owned(),
            path: std::path::absolute(&input.path).map_err(io(&input.path))?,
            digest: input.digest,
            bytes: input.bytes,
            rows: input.rows() as u64,
            id: spec.id.of(side).clone(),
            duplicate_free: (outcome.sources.get(side)).is_some_and(|s| s.duplicate_free),
        });
    }
    let (digest, _) = Digest::of_file(&request.spec).map_err(io(&request.spec))?;
    let inputs = Inputs {
        inputs: files,
        spec: SpecFile {
            path: std::path::absolute(&request.spec).map_err(io(&request.spec))?,
            digest,
        },
        key_fingerprint: outcome.fingerprint.clone(),
    };
    write_json(&out.join("inputs.json"), &inputs)?;
    let text = std::fs::read_to_string(&request.spec).map_err(io(&request.spec))?;
    write_text(&out.join(SPEC), &without_remarks(text))?;
    write_json(&out.join("estimates.json"), &outcome.estimates)?;
    estimates::write_patterns(
        &out.join("patterns.parquet"),
        &outcome.patterns,
        &outcome.fingerprint,
    )?;
    let pairs = PairFile {
        fingerprint: &outcome.fingerprint,
        comparisons: outcome.model.comparisons.len(),
    };
    let ids = |pair: &Likely| outcome.ids(pair);
    let least = outcome.model.threshold;
    pairs.write(&out.join(LINKS), (&outcome.links, least), ids)?;
    if let Some(keep) = request.keep {
        pairs.write(&out.join(PAIRS), (&outcome.kept, keep), ids)?;
    }
    if let Some(review) = outcome.model.review {
        let path = out.join(BAND);
        pairs.write(&path, (&outcome.band, review.from), ids)?;
    }
    write_clusters(&out.join("clusters.parquet"), outcome)?;
    earlier::write_rows(out, &outcome.fingerprint, &outcome.row_digests)?;
    if let Some(scored) = &outcome.scored {
        let terms = (scored.least, scored.complete);
        earlier::write_scored(out, &outcome.fingerprint, terms, &scored.pairs)?;
    }
    if outcome.names.kept.is_some() {
        stable::write_log(
            &out.join(stable::LOG),
            &outcome.fingerprint,
            &outcome.names.log,
        )?;
    }
    write_json(&out.join(MODEL), &outcome.model)?;
    write_text(
        &out.join("linkage.html"),
        &report::html(outcome, spec, &inputs),
    )?;
    Ok(())
}

/// A specification with nothing but its keys and values: names of columns, and forms.
fn without_remarks(text: String) -> String {
    let plain = text.parse::<toml::Table>().ok();
    let plain = plain.and_then(|table| toml::to_string(&table).ok());
    plain.unwrap_or(text)
}

fn text_column(values: impl Iterator<Item = impl AsRef<str>>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// Columns whose values are those of rows, or nearly.
const NAMES_OF_ROWS: [&str; 4] = ["id", "entity_id", "left_id", "right_id"];

fn write_table(
    path: &Path,
    schema: &SchemaRef,
    footer: &[(String, String)],
    batches: impl Iterator<Item = Vec<ArrayRef>>,
) -> Result<Written, LinkError> {
    let mut writer = TableWriter::create_with_distinct(
        path,
        schema.clone(),
        Layout::People,
        footer,
        &NAMES_OF_ROWS,
    )?;
    for columns in batches {
        let batch = RecordBatch::try_new(schema.clone(), columns).map_err(|_| {
            ColumnarError::Malformed {
                path: path.to_path_buf(),
            }
        })?;
        writer.write(&batch)?;
    }
    Ok(writer.finish()?)
}

/// What the footer of a file of pairs says of its columns of patterns.
const PAIR_COLUMNS: [(&str, &str); 2] = [
    (
        "kinlink.levels",
        "level numbers of the comparisons of model.json in its order, joined by a point; \
         1 is its first level, 0 a missing value",
    ),
    (
        "kinlink.rules",
        "numbers of the blocking rules of model.json that brought the pair together, from 1, \
         joined by a point",
    ),
];

fn key_footer(fingerprint: &str) -> (String, String) {
    (FOOTER.to_owned(), fingerprint.to_owned())
}

fn pair_schema() -> SchemaRef {
    let words = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    Arc::new(Schema::new(vec![
        Field::new("left_id", DataType::Utf8, false),
        Field::new("right_id", DataType::Utf8, false),
        Field::new("match_weight", DataType::Float64, false),
        Field::new("match_probability", DataType::Float64, false),
        Field::new("levels", words(), false),
        Field::new("rules", words(), false),
    ]))
}

/// The key of the footer that tells the least probability of the pairs of a file.
pub(super) const LEAST: &str = "kinlink.least_probability";

/// How files of pairs of one linkage are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct PairFile<'a> {
    /// The fingerprint of the key.
    pub fingerprint: &'a str,
    /// How many comparisons the model has.
    pub comparisons: usize,
}

impl PairFile<'_> {
    /// Writes pairs, whose least probability is given, with the ids of their rows.
    pub(super) fn write<S: AsRef<str>>(
        &self,
        path: &Path,
        (pairs, least): (&[Likely], f64),
        ids: impl Fn(&Likely) -> (S, S),
    ) -> Result<Written, LinkError> {
        let number = |values: &mut dyn Iterator<Item = f64>| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values(values))
        };
        let words = |chunk: &[Likely], text: &dyn Fn(Pattern) -> String| -> ArrayRef {
            let mut column = StringDictionaryBuilder::<Int32Type>::new();
            for pair in chunk {
                column.append_value(text(pair.pattern));
            }
            Arc::new(column.finish())
        };
        let told = PAIR_COLUMNS.map(|(key, text)| (key.to_owned(), text.to_owned()));
        let least = (LEAST.to_owned(), least.to_string());
        let own = [key_footer(self.fingerprint), least];
        let footer: Vec<(String, String)> = own.into_iter().chain(told).collect();
        write_table(
            path,
            &pair_schema(),
            &footer,
            pairs.chunks(1 << 16).map(|chunk| {
                vec![
                    text_column(chunk.iter().map(|p| ids(p).0)),
                    text_column(chunk.iter().map(|p| ids(p).1)),
                    number(&mut chunk.iter().map(|p| p.log_odds / std::f64::consts::LN_2)),
                    number(&mut chunk.iter().map(|p| p.probability)),
                    words(chunk, &|pattern| pattern.levels_text(self.comparisons)),
                    words(chunk, &Pattern::rules_text),
                ]
            }),
        )
    }
}

fn write_clusters(path: &Path, outcome: &Outcome) -> Result<Written, LinkError> {
    let names = sides(outcome.inputs.len() > 1);
    let side_name = |side: usize| names.get(side).copied().unwrap_or_default();
    let schema: SchemaRef = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("source", DataType::Utf8, false),
        Field::new("entity_id", DataType::Utf8, false),
    ]));
    let mut start = 0;
    write_table(
        path,
        &schema,
        &[key_footer(&outcome.fingerprint)],
        outcome.entity.chunks(1 << 16).map(|chunk| {
            let rows = start..start + chunk.len();
            start = rows.end;
            let entities = chunk.iter().map(|first| outcome.names.of(*first));
            vec![
                text_column(rows.clone().map(|row| outcome.id(row).0)),
                text_column(rows.map(|row| side_name(outcome.id(row).1))),
                text_column(entities),
            ]
        }),
    )
}

/// Reads `inputs.json`.
pub fn read_inputs(out: &Path) -> Result<Inputs, LinkError> {
    let path = out.join("inputs.json");
    let text = std::fs::read_to_string(&path).map_err(|source| LinkError::Io {
        path: path.clone(),
        source,
    })?;
    serde_json::from_str(&text).map_err(|_| ColumnarError::Malformed { path }.into())
}

/// A pair as it stands in a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StoredPair<'a> {
    /// The id of its left row.
    pub left: &'a str,
    /// The id of its right row.
    pub right: &'a str,
    /// Log₂ of its odds by itself.
    pub weight: f64,
    /// Its probability after its rivals were heard.
    pub probability: f64,
    /// Its levels and rules.
    pub pattern: Pattern,
}

fn numbers<'a>(
    batch: &'a RecordBatch,
    column: &str,
    path: &Path,
) -> Result<&'a Float64Array, LinkError> {
    let array = batch.column_by_name(column);
    let array = array.and_then(|a| a.as_any().downcast_ref());
    array.ok_or_else(|| bad_column(path, column))
}

fn bad_column(path: &Path, column: &str) -> LinkError {
    let (path, column) = (path.to_path_buf(), column.to_owned());
    ColumnarError::Column { path, column }.into()
}

/// Reads `estimates.json`; none where the folder has none.
pub fn read_estimates(out: &Path) -> Result<Option<Estimates>, LinkError> {
    let path = out.join("estimates.json");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(LinkError::Io { path, source }),
    };
    let read: Option<Estimates> = serde_json::from_str(&text).ok();
    let read = read.filter(|e| e.form == estimates::FORM);
    match read {
        Some(estimates) => Ok(Some(estimates)),
        None => Err(ColumnarError::Malformed { path }.into()),
    }
}

/// Calls `each` with left id, right id and probability of every pair of a file.
pub fn read_pairs(path: &Path, mut each: impl FnMut(&str, &str, f64)) -> Result<(), LinkError> {
    let columns = ["left_id", "right_id", "match_probability"];
    for batch in TableReader::open(path, Some(&columns))? {
        let batch = batch?;
        let left = columnar::text(&batch, "left_id", path)?;
        let right = columnar::text(&batch, "right_id", path)?;
        let probability = numbers(&batch, "match_probability", path)?;
        for i in 0..batch.num_rows() {
            each(left.value(i), right.value(i), probability.value(i));
        }
    }
    Ok(())
}

/// The least probability that a pair needed to be written to a file; none where the file does not
/// say.
pub fn least_probability(path: &Path) -> Result<Option<f64>, LinkError> {
    let reader = TableReader::open(path, Some(&["left_id"]))?;
    let told = reader.keys().iter().find(|(key, _)| key == LEAST);
    Ok(told.and_then(|(_, value)| value.parse().ok()))
}

/// The fingerprint of the key in the footer of a file; none where it does not say.
pub fn fingerprint(path: &Path) -> Result<Option<String>, LinkError> {
    let reader = TableReader::open(path, Some(&["left_id"]))?;
    let told = reader.keys().iter().find(|(key, _)| key == FOOTER);
    Ok(told.map(|(_, value)| value.clone()))
}

/// Reads `model.json`.
pub fn read_model(out: &Path) -> Result<ModelFile, LinkError> {
    let path = out.join(MODEL);
    let text = std::fs::read_to_string(&path).map_err(|source| LinkError::Io {
        path: path.clone(),
        source,
    })?;
    serde_json::from_str(&text).map_err(|_| ColumnarError::Malformed { path }.into())
}

/// Calls `each` with every pair of a file, its pattern included.
pub fn read_patterns(path: &Path, mut each: impl FnMut(&StoredPair<'_>)) -> Result<(), LinkError> {
    for batch in TableReader::open(path, None)? {
        let batch = batch?;
        let left = columnar::text(&batch, "left_id", path)?;
        let right = columnar::text(&batch, "right_id", path)?;
        let weight = numbers(&batch, "match_weight", path)?;
        let probability = numbers(&batch, "match_probability", path)?;
        let words = |column: &str| -> Result<_, LinkError> {
            let array = batch.column_by_name(column);
            let array = array.and_then(|a| a.as_any().downcast_ref::<DictionaryArray<Int32Type>>());
            let array = array.and_then(|a| a.downcast_dict::<StringArray>());
            array.ok_or_else(|| bad_column(path, column))
        };
        let (levels, rules) = (words("levels")?, words("rules")?);
        let texts = levels.into_iter().zip(rules);
        for (i, (levels, rules)) in texts.enumerate() {
            let pattern = Pattern::of_text(levels.unwrap_or_default(), rules.unwrap_or_default());
            each(&StoredPair {
                left: left.value(i),
                right: right.value(i),
                weight: weight.value(i),
                probability: probability.value(i),
                pattern: pattern.ok_or_else(|| bad_column(path, "levels"))?,
            });
        }
    }
    Ok(())
}

/// Calls `each` with id, source and entity of every row of `clusters.parquet`.
pub fn read_clusters(path: &Path, mut each: impl FnMut(&str, &str, &str)) -> Result<(), LinkError> {
    for batch in TableReader::open(path, Some(&["id", "source", "entity_id"]))? {
        let batch = batch?;
        let id = columnar::text(&batch, "id", path)?;
        let source = columnar::text(&batch, "source", path)?;
        let entity = columnar::text(&batch, "entity_id", path)?;
        for i in 0..batch.num_rows() {
            each(id.value(i), source.value(i), entity.value(i));
        }
    }
    Ok(())
}
