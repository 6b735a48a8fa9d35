//! The folder of a release: `.OUT.partial` beside OUT until it is whole, then one rename.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, FixedSizeBinaryBuilder, Float64Array, RecordBatch,
    StringArray, UInt32Array,
};
use arrow::datatypes::{DataType, Field, Schema};
use serde_json::json;

use super::readme::readme;
use super::sheets::{Column, Sheet, Values};
use super::{Figures, Job, Released, ResearchError};
use crate::columnar::{ColumnarError, Encryption, Layout, TableWriter};
use crate::digest::Digest;
use crate::owner::NOTICE;
use crate::schema::canonical::PSEUDONYM_BYTES;

/// Classes of the probability of the weakest link.
const CLASSES: [f64; 5] = [0.5, 0.8, 0.9, 0.99, 0.999];

/// Writes everything, or nothing.
pub(super) fn write(
    job: &Job,
    sheets: &[Sheet],
    figures: &Figures,
) -> Result<Released, ResearchError> {
    let name = job.out.file_name().ok_or(ResearchError::Request {
        what: "the release needs a folder with a name",
        help: "name it with -o, such as -o outcomes-study",
    })?;
    let mut partial = std::ffi::OsString::from(".");
    partial.push(name);
    partial.push(".partial");
    let partial = job.out.with_file_name(partial);
    let _ = std::fs::remove_dir_all(&partial);
    let written = fill(job, sheets, figures, &partial);
    match written {
        Ok(tables) => {
            std::fs::rename(&partial, &job.out).map_err(io(&job.out))?;
            Ok(Released {
                out: job.out.clone(),
                tables,
                encrypted_with: job
                    .encrypt_with
                    .as_ref()
                    .map(|k| k.fingerprint().to_string()),
                figures: figures.clone(),
            })
        }
        Err(error) => {
            let _ = std::fs::remove_dir_all(&partial);
            Err(error)
        }
    }
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> ResearchError + '_ {
    move |source| ResearchError::Io {
        path: path.to_path_buf(),
        kind: source.kind(),
    }
}

fn fill(
    job: &Job,
    sheets: &[Sheet],
    figures: &Figures,
    folder: &Path,
) -> Result<Vec<(&'static str, u64)>, ResearchError> {
    let private = |path: &Path| DirBuilder::new().mode(0o700).create(path).map_err(io(path));
    private(folder)?;
    private(&folder.join("data"))?;
    let mut sums = Vec::new();
    let mut tables = Vec::new();
    let encryption = encryption(job)?;
    for sheet in sheets {
        let file = format!("data/{}.parquet", sheet.name);
        let (digest, rows) = parquet(sheet, &folder.join(&file), (job, encryption.as_ref()))?;
        sums.push((file, digest));
        tables.push((sheet.name, rows));
    }
    let disclosure = serde_json::to_string_pretty(figures).unwrap_or_default() + "\n";
    for (file, text) in [
        ("dictionary.csv", dictionary(sheets)),
        ("codes.csv", codes(sheets)),
        ("disclosure.json", disclosure),
        ("linkage.json", linkage(job, sheets)),
        ("README.md", readme(job, figures, &tables)),
    ] {
        keep(&folder.join(file), &text)?;
        sums.push((file.to_owned(), Digest::of(text.as_bytes())));
    }
    sums.sort_by(|a, b| a.0.cmp(&b.0));
    let list = sums.iter().fold(String::new(), |mut out, (file, digest)| {
        let _ = writeln!(out, "{}  {file}", digest.hex());
        out
    });
    keep(&folder.join("SHA256SUMS"), &list)?;
    File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(io(folder))?;
    Ok(tables)
}

fn keep(path: &Path, text: &str) -> Result<(), ResearchError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .map_err(io(path))
}

/// How the Parquet files are encrypted, if they are.
fn encryption(job: &Job) -> Result<Option<Encryption>, ResearchError> {
    let Some(key) = &job.encrypt_with else {
        return Ok(None);
    };
    let name = key.fingerprint().to_string();
    let made = Encryption::new(key.bytes(), &name).ok_or(ResearchError::Request {
        what: "the files cannot be encrypted with this key",
        help: "make another with `kinlink key new KEY --purpose files`",
    })?;
    Ok(Some(made))
}

fn parquet(
    sheet: &Sheet,
    path: &Path,
    (job, encryption): (&Job, Option<&Encryption>),
) -> Result<(Digest, u64), ResearchError> {
    let malformed = || ColumnarError::Malformed {
        path: path.to_path_buf(),
    };
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for column in &sheet.columns {
        let (kind, nullable, array) = array(&column.values).ok_or_else(malformed)?;
        let told = HashMap::from([
            ("description".to_owned(), column.description.to_owned()),
            ("kinlink:treatment".to_owned(), column.treatment.clone()),
        ]);
        fields.push(Field::new(column.name, kind, nullable).with_metadata(told));
        arrays.push(array);
    }
    let schema = Arc::new(Schema::new(fields));
    let footer = [
        job.footer.clone(),
        ("kinlink:research-project".to_owned(), job.project.clone()),
        ("kinlink:notice".to_owned(), NOTICE.to_owned()),
    ];
    let batch = RecordBatch::try_new(schema.clone(), arrays).map_err(|_| malformed())?;
    let mut writer =
        TableWriter::create_encrypted(path, schema, Layout::People, &footer, encryption)?;
    writer.write(&batch)?;
    let written = writer.finish()?;
    Ok((written.digest, written.rows))
}

/// A column's type, whether it has gaps, and its array.
fn array(values: &Values) -> Option<(DataType, bool, ArrayRef)> {
    Some(match values {
        Values::Pseudonym(all) => {
            let mut builder = FixedSizeBinaryBuilder::with_capacity(all.len(), PSEUDONYM_BYTES);
            for one in all {
                builder.append_value(one).ok()?;
            }
            let kind = DataType::FixedSizeBinary(PSEUDONYM_BYTES);
            (kind, false, Arc::new(builder.finish()))
        }
        Values::Text(all) => {
            let array = StringArray::from_iter_values(all);
            (DataType::Utf8, false, Arc::new(array))
        }
        Values::Flag(all) => {
            let array = BooleanArray::from(all.clone());
            (DataType::Boolean, false, Arc::new(array))
        }
        Values::Count(all) => {
            let array = UInt32Array::from(all.clone());
            (DataType::UInt32, false, Arc::new(array))
        }
        Values::Number(all) => {
            let array = Float64Array::from(all.clone());
            (DataType::Float64, true, Arc::new(array))
        }
        Values::Month(all) => {
            let array = Date32Array::from(all.clone());
            (DataType::Date32, true, Arc::new(array))
        }
    })
}

/// The words for a column's type.
fn kind(values: &Values) -> &'static str {
    match values {
        Values::Pseudonym(_) => "16 bytes",
        Values::Text(_) => "text",
        Values::Flag(_) => "boolean",
        Values::Count(_) => "whole number",
        Values::Number(_) => "number",
        Values::Month(_) => "date",
    }
}

/// One line a column.
fn dictionary(sheets: &[Sheet]) -> String {
    let heading = ["table", "column", "type", "description", "treatment"].map(str::to_owned);
    let rows = columns(sheets).map(|(sheet, c)| {
        [
            sheet.name.to_owned(),
            c.name.to_owned(),
            kind(&c.values).to_owned(),
            c.description.to_owned(),
            c.treatment.clone(),
        ]
    });
    csv(std::iter::once(heading).chain(rows))
}

/// The codebook: one line a code.
fn codes(sheets: &[Sheet]) -> String {
    let heading = ["table", "column", "code", "label"].map(str::to_owned);
    let rows = columns(sheets).flat_map(|(sheet, c)| {
        c.codes.iter().map(move |(code, label)| {
            [
                sheet.name.to_owned(),
                c.name.to_owned(),
                code.clone(),
                label.clone(),
            ]
        })
    });
    csv(std::iter::once(heading).chain(rows))
}

fn columns(sheets: &[Sheet]) -> impl Iterator<Item = (&Sheet, &Column)> {
    sheets
        .iter()
        .flat_map(|sheet| sheet.columns.iter().map(move |c| (sheet, c)))
}

/// Lines of comma-separated values; what holds a comma or a quotation mark is quoted.
fn csv<const N: usize>(rows: impl Iterator<Item = [String; N]>) -> String {
    let mut out = String::new();
    for row in rows {
        let cells = row.map(|cell| match cell.contains([',', '"', '\n']) {
            true => format!("\"{}\"", cell.replace('"', "\"\"")),
            false => cell,
        });
        out.push_str(&cells.join(","));
        out.push('\n');
    }
    out
}

/// Thresholds, and how many people hang together by a weakest link of which probability.
fn linkage(job: &Job, sheets: &[Sheet]) -> String {
    let of = |name: &str| {
        let sheet = sheets.iter().find(|s| s.name == name);
        let columns = sheet.map_or(&[][..], |s| &s.columns);
        let found = columns.iter().find(|c| c.name == "match_probability");
        let Some(Values::Number(all)) = found.map(|c| &c.values) else {
            return json!({});
        };
        let at_least = |p: f64| all.iter().flatten().filter(|x| **x >= p).count();
        json!({
            "people": all.len(),
            "of_one_record": all.iter().filter(|x| x.is_none()).count(),
            "weakest_link_at_least": CLASSES.map(|p| json!({ "probability": p, "people": at_least(p) })),
        })
    };
    let [adults, children] = job.thresholds;
    let value = json!({
        "run": job.run,
        "threshold_of_pairs": { "adult": adults, "child": children },
        "child": of("child"),
        "parent": of("parent"),
        "notes": [
            "match_weight is log2 of the odds that two records are one person, by the model.",
            "Links that were missed cannot be seen here: a child may lack a parent, or records.",
        ],
    });
    serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
}
