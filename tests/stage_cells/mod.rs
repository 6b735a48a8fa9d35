//! Inner cells of every published table, counted from one invented population, for the tests of
//! `protect` and `publish`.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema};
use kinlink::columnar::{Layout, TableWriter};
use kinlink::progress::Silent;
use kinlink::protect::{self, Job, ProtectError, Rules, TableJob};
use kinlink::schema::codes::local_authorities;
use kinlink::schema::published::{self, Concept, TableDef};
use kinlink::stage::{StageFolders, StageReport};

pub const ALL_TABLES: [&str; 8] = ["T01", "T03", "T04", "T06", "T07", "T09", "T10", "Q3"];

pub struct Run {
    dir: tempfile::TempDir,
}

/// One invented child.
type Child = BTreeMap<&'static str, String>;

/// Invented children: areas of very different sizes, some with a handful.
fn children() -> Vec<Child> {
    let mut out = Vec::new();
    let mut state = 7_u64;
    let mut draw = |n: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let pick = |list: &[&str], at: u64| list[usize::try_from(at).unwrap()].to_owned();
    for (i, la) in local_authorities().iter().enumerate() {
        let size = 1 + (i as u64 * 37) % 91;
        for _ in 0..size {
            let lost = draw(60) == 0;
            let area = |code: &str| {
                if lost {
                    "x".to_owned()
                } else {
                    code.to_owned()
                }
            };
            let sexes = [
                "father",
                "father",
                "father",
                "father",
                "mother",
                "both_concurrent",
                "both_not_concurrent",
            ];
            let region = if la.region_code == la.country_code {
                &la.country_code
            } else {
                &la.region_code
            };
            out.push(Child::from([
                ("local_authority", area(&la.code)),
                ("region", area(region)),
                ("country", area(&la.country_code)),
                ("parent_sex", pick(&sexes, draw(7))),
                (
                    "age_band",
                    pick(&["0", "1-4", "5-9", "10-15", "16-17", "18"], draw(6)),
                ),
                (
                    "sentence_band",
                    pick(&kinlink::schema::canonical::SENTENCE_BANDS, draw(8)),
                ),
                (
                    "offence_group",
                    pick(&kinlink::schema::canonical::OFFENCE_GROUPS, draw(3)),
                ),
                (
                    "days_band",
                    pick(
                        &["1-14", "15-28", "29-91", "92-182", "183-364", "365"],
                        draw(6),
                    ),
                ),
                ("spells_band", pick(&["1", "2", "3+"], draw(3))),
            ]));
        }
    }
    out
}

fn count(table: &TableDef, concept: Concept, measure: &str) -> BTreeMap<Vec<String>, u64> {
    let mut counts = BTreeMap::new();
    for child in children() {
        let stock = concept == Concept::Stock;
        if stock && (child["age_band"] == "18" || child["parent_sex"] == "both_not_concurrent") {
            continue;
        }
        if measure == "parents" && child["parent_sex"].starts_with("both") {
            continue;
        }
        let key = table
            .dimensions
            .iter()
            .map(|d| child[d.name.as_str()].clone())
            .collect();
        *counts.entry(key).or_insert(0) += 1;
    }
    counts
}

/// Writes inner cells as `estimate` does.
pub fn write_cells(path: &Path, table: &TableDef, rows: &[(Vec<String>, Concept, String, u64)]) {
    let mut fields: Vec<Field> = table
        .dimensions
        .iter()
        .map(|d| Field::new(&d.name, DataType::Utf8, false))
        .collect();
    fields.push(Field::new("concept", DataType::Utf8, false));
    fields.push(Field::new("measure", DataType::Utf8, false));
    fields.push(Field::new("count", DataType::UInt64, false));
    let schema = Arc::new(Schema::new(fields));
    let mut columns: Vec<ArrayRef> = (0..table.dimensions.len())
        .map(|d| {
            Arc::new(
                rows.iter()
                    .map(|r| Some(r.0[d].clone()))
                    .collect::<StringArray>(),
            ) as ArrayRef
        })
        .collect();
    columns.push(Arc::new(
        rows.iter()
            .map(|r| Some(r.1.word()))
            .collect::<StringArray>(),
    ));
    columns.push(Arc::new(
        rows.iter()
            .map(|r| Some(r.2.clone()))
            .collect::<StringArray>(),
    ));
    columns.push(Arc::new(
        rows.iter().map(|r| Some(r.3)).collect::<UInt64Array>(),
    ));
    let mut writer = TableWriter::create(path, schema.clone(), Layout::Restricted, &[]).unwrap();
    writer
        .write(&RecordBatch::try_new(schema, columns).unwrap())
        .unwrap();
    writer.finish().unwrap();
}

impl Run {
    pub fn new() -> Self {
        Run {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    pub fn folders<T>(&self, name: &str, work: impl FnOnce(&StageFolders<'_>) -> T) -> T {
        let [stage, restricted, review] = ["stage", "restricted", "review"].map(|part| {
            let path = self.root().join(part).join(name);
            std::fs::create_dir_all(&path).unwrap();
            path
        });
        work(&StageFolders {
            root: self.root(),
            stage: &stage,
            restricted: &restricted,
            review: &review,
            progress: &Silent,
        })
    }

    /// The job for some tables, with their cells written.
    pub fn job(&self, ids: &[&str]) -> Job {
        let tables = ids.iter().map(|id| self.table(id)).collect();
        let population = self.root().join("child_population.csv");
        let mut text = String::from("local_authority,children\n");
        for la in local_authorities() {
            text.push_str(&format!("{},20000\n", la.code));
        }
        std::fs::write(&population, text).unwrap();
        Job {
            tables,
            population: Some(population),
            quality: None,
            reference: None,
            rules: Rules::default(),
        }
    }

    fn table(&self, id: &str) -> TableJob {
        let table = published::table(id).unwrap();
        let cells = self.cells_path(id);
        if table.built_from.is_none() {
            let mut rows = Vec::new();
            for concept in &table.concepts {
                for measure in &table.measures {
                    for (codes, n) in count(table, *concept, measure) {
                        rows.push((codes, *concept, measure.clone(), n));
                    }
                }
            }
            write_cells(&cells, table, &rows);
        }
        TableJob {
            id: id.to_owned(),
            cells,
            rounding: None,
            published: false,
        }
    }

    pub fn cells_path(&self, id: &str) -> PathBuf {
        self.root()
            .join(format!("stage/04-estimate/cells/{id}.parquet"))
    }

    pub fn protect(&self, ids: &[&str]) -> Result<StageReport, ProtectError> {
        let job = self.job(ids);
        self.run_job(&job)
    }

    pub fn run_job(&self, job: &Job) -> Result<StageReport, ProtectError> {
        self.folders("05-protect", |f| protect::run(job, f))
    }
}
