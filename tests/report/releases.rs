//! Releases to look at: one of an invented population, and ways to change it as somebody might.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, Float64Array, RecordBatch, StringArray};
use kinlink::columnar::{Layout, TableReader, TableWriter};
use kinlink::digest::Digest;
use kinlink::protect;
use kinlink::publish::{self, Purpose, ReleaseInfo};

use crate::stage_cells::{ALL_TABLES, Run};

pub fn info(purpose: Purpose) -> ReleaseInfo {
    ReleaseInfo {
        id: "children-0001".into(),
        title: "Children with a parent in prison, England and Wales".into(),
        purpose,
        reference_date: "2025-09-30".into(),
        period: "2024-10-01 to 2025-09-30".into(),
        key_fingerprint: "0000-0000".into(),
        label: "Official statistics in development".into(),
    }
}

/// A release with its run, made once for all tests.
pub struct Made {
    pub run: Run,
    pub release: PathBuf,
}

pub fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let run = Run::new();
        let report = run.protect(&ALL_TABLES).expect("protects");
        let release = run.root().join("release");
        let files = report.files.iter();
        let tables = files
            .filter(|f| f.path.starts_with("stage/05-protect/tables"))
            .map(|f| protect::load(&run.root().join(&f.path), &f.digest).expect("loads"))
            .collect();
        let job = publish::Job {
            tables,
            quality: None,
            target: release.clone(),
            release: info(Purpose::Production),
            formats: publish::Format::ALL.into_iter().collect(),
            provenance: None,
            review: None,
        };
        run.folders("06-publish", |f| publish::run(&job, f))
            .expect("publishes");
        Made { run, release }
    })
}

/// A copy of the release that a test may change.
pub struct Copy {
    pub folder: tempfile::TempDir,
}

/// A row of a released table, to be changed.
#[derive(Debug, Clone)]
pub struct Row {
    pub codes: Vec<String>,
    pub concept: String,
    pub measure: String,
    pub value: Option<f64>,
    pub interval: Option<(f64, f64)>,
    pub status: String,
}

impl Copy {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let release = folder.path().join("release");
        copy(&made().release, &release);
        Copy { folder }
    }

    pub fn release(&self) -> PathBuf {
        self.folder.path().join("release")
    }

    /// Writes a file of the release and its digest.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.release().join(name);
        std::fs::write(path, bytes).expect("written");
        self.seal();
    }

    /// Takes tables out.
    pub fn keep(&self, ids: &[&str]) {
        for entry in std::fs::read_dir(self.release().join("tables")).expect("tables") {
            let path = entry.expect("entry").path();
            let stem = path
                .file_stem()
                .expect("stem")
                .to_string_lossy()
                .into_owned();
            if !ids.contains(&stem.as_str()) {
                std::fs::remove_file(path).expect("removed");
            }
        }
        self.seal();
    }

    /// Replaces a text in a file of the release.
    pub fn replace(&self, name: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.release().join(name)).expect("text");
        assert!(text.contains(from), "{from} in {name}");
        self.put(name, text.replace(from, to).as_bytes());
    }

    /// Changes the rows of a table in Parquet and CSV, and its rounding.
    pub fn change(&self, id: &str, rounding: Option<u64>, change: impl Fn(&mut Vec<Row>)) {
        let path = self.release().join(format!("tables/{id}.parquet"));
        let reader = TableReader::open(&path, None).expect("opens");
        let (schema, mut keys) = (reader.schema(), reader.keys().to_vec());
        keys.retain(|(k, _)| k.starts_with("kinlink:"));
        if let Some(base) = rounding {
            for (_, text) in keys.iter_mut().filter(|(k, _)| k == "kinlink:table") {
                let mut value: serde_json::Value = serde_json::from_str(text).expect("JSON");
                value["kinlink:rounding"] = base.into();
                *text = value.to_string();
            }
        }
        let names: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
        let dimensions = names.len() - 7;
        let mut rows = Vec::new();
        for batch in reader {
            let batch = batch.expect("batch");
            let text = |i: usize| {
                batch
                    .column(i)
                    .as_any()
                    .downcast_ref::<StringArray>()
                    .unwrap()
            };
            let number = |i: usize| {
                batch
                    .column(i)
                    .as_any()
                    .downcast_ref::<Float64Array>()
                    .unwrap()
            };
            let some = |a: &Float64Array, i: usize| (!a.is_null(i)).then(|| a.value(i));
            for i in 0..batch.num_rows() {
                rows.push(Row {
                    codes: (0..dimensions)
                        .map(|d| text(d).value(i).to_owned())
                        .collect(),
                    concept: text(dimensions).value(i).to_owned(),
                    measure: text(dimensions + 1).value(i).to_owned(),
                    value: some(number(dimensions + 2), i),
                    interval: some(number(dimensions + 3), i).zip(some(number(dimensions + 4), i)),
                    status: text(dimensions + 5).value(i).to_owned(),
                });
            }
        }
        change(&mut rows);
        std::fs::remove_file(&path).expect("removed");
        let texts = |of: &dyn Fn(&Row) -> String| -> ArrayRef {
            Arc::new(rows.iter().map(|r| Some(of(r))).collect::<StringArray>())
        };
        let numbers = |of: &dyn Fn(&Row) -> Option<f64>| -> ArrayRef {
            Arc::new(rows.iter().map(of).collect::<Float64Array>())
        };
        let mut columns: Vec<ArrayRef> = (0..dimensions)
            .map(|d| texts(&|r: &Row| r.codes[d].clone()))
            .collect();
        columns.extend([
            texts(&|r| r.concept.clone()),
            texts(&|r| r.measure.clone()),
            numbers(&|r| r.value),
            numbers(&|r| r.interval.map(|i| i.0)),
            numbers(&|r| r.interval.map(|i| i.1)),
            texts(&|r| r.status.clone()),
        ]);
        columns.push(Arc::new(
            rows.iter().map(|_| None::<&str>).collect::<StringArray>(),
        ));
        let batch = RecordBatch::try_new(schema.clone(), columns).expect("batch");
        let mut writer = TableWriter::create(&path, schema, Layout::Release, &keys).expect("new");
        writer.write(&batch).expect("written");
        writer.finish().expect("finished");
        let mut csv = format!("{}\n", names.join(","));
        for r in &rows {
            let number = |v: Option<f64>| v.map_or(String::new(), |v| format!("{v}"));
            let value = r.value.map_or(r.status.clone(), |v| format!("{v}"));
            let ends = [r.interval.map(|i| i.0), r.interval.map(|i| i.1)].map(number);
            csv.push_str(&format!(
                "{},{},{},{value},{},{},\n",
                r.codes.join(","),
                r.concept,
                r.measure,
                ends.join(","),
                r.status
            ));
        }
        self.put(&format!("tables/{id}.csv"), csv.as_bytes());
    }

    /// T01 with estimates and intervals beside the counts, and `quality.json`.
    pub fn with_estimates(self) -> Self {
        self.change("T01", None, |rows| {
            let counts: Vec<Row> = rows
                .iter()
                .filter(|r| r.measure == "children")
                .cloned()
                .collect();
            for mut row in counts {
                row.measure = "children_estimated".into();
                row.value = row.value.map(|v| v * 2.0);
                row.interval = row.value.map(|v| (v - 130.0, v + 170.0));
                rows.push(row);
            }
        });
        self.put("quality.json", include_bytes!("quality.json"));
        self
    }

    /// Writes `SHA256SUMS` anew.
    pub fn seal(&self) {
        let release = self.release();
        let mut lines: Vec<String> = files(&release)
            .into_iter()
            .filter(|f| f != Path::new("SHA256SUMS"))
            .map(|f| {
                let digest = Digest::of_file(&release.join(&f)).expect("there").0;
                format!("{}  {}\n", digest.hex(), f.display())
            })
            .collect();
        lines.sort();
        std::fs::write(release.join("SHA256SUMS"), lines.concat()).expect("written");
    }
}

pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(here) = open.pop() {
        for entry in std::fs::read_dir(folder.join(&here)).expect("folder") {
            let entry = entry.expect("entry");
            let path = here.join(entry.file_name());
            if entry.file_type().expect("type").is_dir() {
                open.push(path);
            } else {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}

pub fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let path = to.join(&file);
        std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        std::fs::copy(from.join(&file), path).expect("copied");
    }
}
