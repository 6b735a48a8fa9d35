//! A release: what readers find in it, the same bytes every time, and nothing that was hidden.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "publish/checker_pack.rs"]
mod checker_pack;
#[path = "publish/command.rs"]
mod command;
#[path = "publish/education.rs"]
mod education;
#[path = "publish/labels.rs"]
mod labels;
#[path = "publish/provenance.rs"]
mod provenance;
#[path = "publish/readers.rs"]
mod readers;
#[path = "publish/spreadsheet.rs"]
mod spreadsheet;
mod stage_cells;

use std::path::Path;
use std::sync::OnceLock;

use kinlink::accounting::RowAccount;
use kinlink::columnar::TableReader;
use kinlink::digest::Digest;
use kinlink::protect::{self, ProtectedTable};
use kinlink::publish::{self, Purpose, ReleaseInfo};
use kinlink::stage::{OutputFile, StageReport};
use stage_cells::{ALL_TABLES, Run};

fn release(purpose: Purpose) -> ReleaseInfo {
    ReleaseInfo {
        id: "rehearsal-0001".into(),
        title: "Children with a parent in prison, England and Wales".into(),
        purpose,
        reference_date: "2025-09-30".into(),
        period: "1 October 2024 to 30 September 2025".into(),
        key_fingerprint: "0000-0000".into(),
        label: "Official statistics in development".into(),
    }
}

fn tables(run: &Run, report: &StageReport) -> Vec<ProtectedTable> {
    report
        .files
        .iter()
        .filter(|f| f.path.starts_with("stage/05-protect/tables"))
        .map(|f| protect::load(&run.root().join(&f.path), &f.digest).expect("loads"))
        .collect()
}

/// Where the release comes from, with rows that may not be told as they are.
fn origin() -> publish::Provenance {
    publish::Provenance {
        plan: Digest::of(b"plan"),
        configuration: Digest::of(b"pipeline file"),
        program_version: "0.1.0".into(),
        program: Digest::of(b"program"),
        definitions: vec![("schema of custody.offenders".into(), Digest::of(b"schema"))],
        extracts: 2,
        accounts: vec![(
            "ingest".into(),
            RowAccount {
                rows_in: 98_113,
                accepted: 97_640,
                quarantined: 412,
                merged: 57,
                excluded: 2,
                out_of_scope: 2,
                ..RowAccount::new("custody.offenders", "person")
            },
        )],
    }
}

/// What `protect` left for the checker.
fn for_review(run: &Run, report: &StageReport) -> publish::Review {
    let summary = std::fs::read(run.root().join("stage/05-protect/summary.json")).expect("there");
    publish::Review {
        underlying: report
            .files
            .iter()
            .filter(|f| f.path.starts_with("review"))
            .map(|f| {
                let id = f.path.file_stem().expect("a name").to_string_lossy();
                (id.into_owned(), run.root().join(&f.path), f.digest)
            })
            .collect(),
        protection: serde_json::from_slice(&summary).expect("JSON"),
    }
}

fn job(run: &Run, report: &StageReport, purpose: Purpose) -> publish::Job {
    publish::Job {
        tables: tables(run, report),
        quality: None,
        target: run.root().join("release"),
        release: release(purpose),
        formats: publish::Format::ALL.into_iter().collect(),
        provenance: Some(origin()),
        review: Some(for_review(run, report)),
    }
}

/// What `protect` wrote, kept in memory: it is done once for all tests.
struct Protected {
    report: StageReport,
    files: Vec<(std::path::PathBuf, Vec<u8>)>,
}

/// A run in which all tables are protected.
fn protected() -> (Run, StageReport) {
    static KEPT: OnceLock<Protected> = OnceLock::new();
    let kept = KEPT.get_or_init(|| {
        let run = Run::new();
        let report = run.protect(&ALL_TABLES).expect("protects");
        let read = |f: &OutputFile| {
            let bytes = std::fs::read(run.root().join(&f.path)).expect("there");
            (f.path.clone(), bytes)
        };
        let files = report.files.iter().map(read).collect();
        Protected { report, files }
    });
    let run = Run::new();
    for (path, bytes) in &kept.files {
        let path = run.root().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, bytes).expect("written");
    }
    (run, kept.report.clone())
}

fn published(purpose: Purpose) -> (Run, std::path::PathBuf, publish::Summary) {
    let (run, report) = protected();
    let target = run.root().join("release");
    let job = job(&run, &report, purpose);
    let (report, summary) = run
        .folders("06-publish", |f| publish::run(&job, f))
        .expect("publishes");
    for file in &report.files {
        let (digest, bytes) = Digest::of_file(&run.root().join(&file.path)).expect("there");
        assert_eq!((digest, bytes), (file.digest, file.bytes));
    }
    (run, target, summary)
}

fn text(target: &Path, name: &str) -> String {
    std::fs::read_to_string(target.join(name)).expect("readable")
}

#[test]
fn the_readme_reads_like_this() {
    let (_run, target, _) = published(Purpose::Rehearsal);
    insta::assert_snapshot!("readme", text(&target, "README.txt"));
}

#[test]
fn the_package_describes_every_file_with_its_digest() {
    let (_run, target, _) = published(Purpose::Rehearsal);
    let package: serde_json::Value =
        serde_json::from_str(&text(&target, "datapackage.json")).expect("JSON");
    let resources = package["resources"].as_array().expect("resources");
    let tables = |r: &&serde_json::Value| r["kinlink:table"].is_string();
    assert_eq!(
        resources.iter().filter(tables).count(),
        2 * ALL_TABLES.len()
    );
    for r in resources {
        let path = r["path"].as_str().expect("path");
        let (digest, bytes) = Digest::of_file(&target.join(path)).expect("there");
        assert_eq!(r["hash"].as_str(), Some(digest.to_string().as_str()));
        let length = r["bytes"].as_u64().or(r["kinlink:bytes"].as_u64());
        assert_eq!(length, Some(bytes));
        if !tables(&r) {
            continue;
        }
        assert_eq!(r["schema"]["fieldsMatch"], "equal");
        assert!(
            r["kinlink:notice"]
                .as_str()
                .expect("notice")
                .contains("REHEARSAL")
        );
    }
    let first = &resources[0];
    insta::assert_snapshot!("resource_t01", format!("{first:#}"));
}

#[test]
fn the_sums_are_right() {
    let (_run, target, summary) = published(Purpose::Production);
    let sums = text(&target, "SHA256SUMS");
    assert_eq!(sums.lines().count() + 1, summary.files.len());
    for line in sums.lines() {
        let (hex, path) = line.split_once("  ").expect("two columns");
        assert_eq!(
            Digest::of_file(&target.join(path)).expect("there").0.hex(),
            hex
        );
    }
    assert!(!text(&target, "README.txt").contains("REHEARSAL"));
}

#[test]
fn two_runs_give_the_same_bytes() {
    let (_a, first, _) = published(Purpose::Rehearsal);
    let (_b, second, _) = published(Purpose::Rehearsal);
    assert_eq!(text(&first, "SHA256SUMS"), text(&second, "SHA256SUMS"));
}

#[test]
fn parquet_carries_units_status_and_the_notice() {
    let (_run, target, _) = published(Purpose::Rehearsal);
    let reader = TableReader::open(&target.join("tables/T07.parquet"), None).expect("opens");
    let keys: Vec<&str> = reader.keys().iter().map(|(k, _)| k.as_str()).collect();
    for key in ["kinlink:table", "kinlink:release_id", "kinlink:notice"] {
        assert!(keys.contains(&key), "{key} in {keys:?}");
    }
    for field in reader.schema().fields() {
        for key in ["description", "unit", "kinlink:role"] {
            let value = field.metadata().get(key);
            assert!(
                value.is_some_and(|v| !v.is_empty()),
                "{key} of {}",
                field.name()
            );
        }
    }
}

#[test]
fn csv_gives_the_symbol_in_place_of_the_value() {
    let (_run, target, _) = published(Purpose::Rehearsal);
    let csv = text(&target, "tables/T07.csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().expect("header").clone();
    let at = |name: &str| header.iter().position(|h| h == name).expect("column");
    let (value, status) = (at("value"), at("status"));
    let mut hidden = 0;
    for record in reader.records() {
        let record = record.expect("row");
        if &record[status] == "observed" {
            assert!(record[value].parse::<f64>().is_ok());
        } else {
            assert_eq!(record[value], record[status]);
            hidden += usize::from(&record[status] == "c");
        }
    }
    assert!(hidden > 0);
}

#[test]
fn nothing_in_a_release_tells_primary_from_secondary() {
    let (_run, target, summary) = published(Purpose::Rehearsal);
    for name in &summary.files {
        let bytes = std::fs::read(target.join(name)).expect("there");
        for word in ["primary", "secondary"] {
            let found = bytes.windows(word.len()).any(|w| w == word.as_bytes());
            // Table Schema's own word for a key is not about cells.
            let allowed =
                word == "primary" && String::from_utf8_lossy(&bytes).contains("primaryKey");
            assert!(!found || allowed, "{word} in {name}");
        }
    }
}

#[test]
fn a_release_is_never_written_over_another() {
    let run = Run::new();
    let target = run.root().join("release");
    std::fs::create_dir_all(&target).expect("made");
    std::fs::write(target.join("old"), "x").expect("written");
    let job = publish::Job {
        tables: Vec::new(),
        quality: None,
        target,
        release: release(Purpose::Rehearsal),
        formats: publish::Format::ALL.into_iter().collect(),
        provenance: None,
        review: None,
    };
    let result = run.folders("06-publish", |f| publish::run(&job, f));
    assert!(matches!(
        result,
        Err(publish::PublishError::NotEmpty { .. })
    ));
}
