//! The views of a run: what the review and the restricted view add, and the command.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use assert_cmd::Command;
use kinlink::columnar::{Layout, TableWriter};
use kinlink::digest::Digest;
use kinlink::publish::report::{self, ReportError, RestrictedView, ReviewView};
use serde_json::{Value, json};

use crate::releases::{copy, files, made};

/// What protection leaves for the report's review.
const CHECKED: [&str; 2] = ["bounds.csv", "Q4.csv"];

/// A run directory with receipts around the made release.
fn run() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("folder");
    let root = folder.path();
    copy(&made().release, &root.join("release"));
    std::fs::create_dir_all(root.join("stage/05-protect")).expect("folder");
    std::fs::copy(
        made().run.root().join("stage/05-protect/summary.json"),
        root.join("stage/05-protect/summary.json"),
    )
    .expect("copied");
    let review = root.join("review/05-protect");
    std::fs::create_dir_all(&review).expect("folder");
    for name in CHECKED {
        let from = made().run.root().join("review/05-protect").join(name);
        std::fs::copy(from, review.join(name)).expect("copied");
    }
    let link = root.join("stage/03-link/adult");
    std::fs::create_dir_all(&link).expect("folder");
    std::fs::write(link.join("model.json"), model().to_string()).expect("written");
    links(&link.join("links.parquet"));
    let account = |source: &str, rows: [u64; 6]| {
        json!({"source": source, "unit": source, "rows_in": rows[0], "accepted": rows[1],
            "quarantined": rows[2], "merged": rows[3], "excluded": rows[4], "out_of_scope": rows[5]})
    };
    let accounts = json!([
        account("custody.offenders", [6289, 6226, 0, 63, 0, 0]),
        account("census.school_census", [190_200, 190_180, 20, 0, 0, 0]),
    ]);
    let stages = [
        ("ingest", "01-ingest", accounts, json!({})),
        (
            "link",
            "03-link",
            json!([]),
            json!({"adult": {"links": 4, "entities": 3}}),
        ),
        (
            "estimate",
            "04-estimate",
            json!([]),
            json!({"children_named": 1326, "children_stock": 654}),
        ),
        ("protect", "05-protect", json!([]), json!({})),
        ("publish", "06-publish", json!([]), json!({})),
    ];
    let mut receipts = Vec::new();
    for (stage, name, accounts, figures) in stages {
        let own = match stage {
            "publish" => PathBuf::from("release"),
            _ => Path::new("stage").join(name),
        };
        let there = root.join(&own).exists();
        let mut paths: Vec<PathBuf> = files_if(there, &root.join(&own))
            .iter()
            .map(|f| own.join(f))
            .collect();
        if stage == "protect" {
            paths.extend(CHECKED.map(|f| Path::new("review/05-protect").join(f)));
        }
        let outputs: Vec<Value> = paths
            .iter()
            .map(|path| {
                let (digest, bytes) = Digest::of_file(&root.join(path)).expect("there");
                json!({"path": path, "digest": digest, "bytes": bytes})
            })
            .collect();
        let receipt = json!({
            "stage": stage, "plan": Digest::of(b"plan"), "previous": null, "key": null,
            "program": {"version": "0.1.0", "digest": Digest::of(b"program")},
            "outputs": outputs, "purged": [], "accounts": accounts, "figures": figures,
        });
        let path = root.join("stage").join(name).join("receipt.json");
        std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        std::fs::write(&path, receipt.to_string()).expect("written");
        receipts.push(json!([stage, Digest::of(receipt.to_string().as_bytes())]));
    }
    let manifest =
        json!({"run": "children-0001", "plan": Digest::of(b"plan"), "receipts": receipts});
    std::fs::write(root.join("manifest.json"), manifest.to_string()).expect("written");
    folder
}

fn files_if(there: bool, folder: &Path) -> Vec<PathBuf> {
    if there { files(folder) } else { Vec::new() }
}

fn model() -> Value {
    let level = |name: &str, m: f64, u: f64| json!({"level": name, "m": m, "u": u});
    json!({
        "form": "federated-1", "threshold": 0.5, "rounds": 22, "converged": true,
        "comparisons": [
            {"name": "forename", "kind": "forename", "levels": [
                level("exact", 0.9, 0.01), level("different", 0.1, 0.99)]},
            {"name": "date_of_birth", "kind": "date", "levels": [
                level("exact", 0.97, 0.0002), level("never", 0.0, 0.0001)]},
        ],
        "couples": [{"left": "custody", "right": "probation", "compared": 14700, "factor": 0.35,
            "expected_matches": 4.1, "missed": {"about": 0.2}, "links": 4,
            "expected_precision": 0.98, "expected_recall": 0.95}],
        "warnings": ["names: it tells nobody apart"],
    })
}

fn links(path: &Path) {
    let schema = Arc::new(Schema::new(vec![
        Field::new("match_weight", DataType::Float64, false),
        Field::new("match_probability", DataType::Float64, false),
    ]));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Float64Array::from(vec![4.0, 9.0, 31.5, 44.25])),
        Arc::new(Float64Array::from(vec![0.93, 0.99, 1.0, 1.0])),
    ];
    let mut writer = TableWriter::create(path, schema.clone(), Layout::Hashes, &[]).expect("new");
    let batch = RecordBatch::try_new(schema, columns).expect("batch");
    writer.write(&batch).expect("written");
    writer.finish().expect("finished");
}

#[test]
fn bounds_of_hidden_cells_are_for_checkers_only() {
    let run = run();
    let review = ReviewView::open(run.path()).expect("opens");
    let page = |report: report::Report| String::from_utf8(report.bytes).expect("UTF-8");
    let released = page(report::of_release(review.release()).expect("a report"));
    let checked = page(report::of_review(&review).expect("a report"));
    let rows = |name: &str| -> Vec<csv::StringRecord> {
        let path = run.path().join("review/05-protect").join(name);
        let reader = csv::Reader::from_path(path).expect("there");
        reader.into_records().map(|r| r.expect("a row")).collect()
    };
    let bounds = rows("bounds.csv");
    assert!(bounds.len() > 100, "{}", bounds.len());
    // Each hidden cell has both bounds, as far apart as was asked for where it is a small count.
    for row in &bounds {
        let number = |i: usize| row[i].parse::<f64>().expect("a number");
        assert_eq!(number(7), number(6) - number(5));
        assert!(number(7) >= if &row[4] == "primary" { 5.0 } else { 1.0 });
        assert!(row[9].contains("knows the rule"), "{row:?}");
    }
    let first = &bounds[0][3];
    assert!(checked.contains("Bounds cell by cell") && checked.contains(first));
    assert!(checked.contains("Audit of suppression"));
    for word in [
        "Bounds cell by cell",
        first,
        "Audit of suppression",
        "primary",
    ] {
        assert!(!released.contains(word), "{word}");
    }
    // Table by table, the same cells are counted.
    let sum = |column: usize| -> u64 {
        let rows = rows("Q4.csv");
        rows.iter()
            .map(|r| r[column].parse::<u64>().expect("a count"))
            .sum()
    };
    assert_eq!(sum(4) + sum(5), u64::try_from(bounds.len()).expect("few"));
    // A file that was changed after its receipt is not drawn from.
    std::fs::write(run.path().join("review/05-protect/bounds.csv"), "table\n").expect("written");
    assert!(matches!(
        ReviewView::open(run.path()),
        Err(ReportError::Changed { .. })
    ));
}

#[test]
fn each_view_adds_to_the_one_below() {
    let run = run();
    let review = ReviewView::open(run.path()).expect("opens");
    let restricted = RestrictedView::open(run.path()).expect("opens");
    let of_release = report::of_release(review.release()).expect("a report");
    let of_review = report::of_review(&review).expect("a report");
    let of_restricted = report::of_restricted(&restricted).expect("a report");
    let added = |more: &[String], less: &[String]| -> Vec<String> {
        more.iter().filter(|s| !less.contains(s)).cloned().collect()
    };
    assert_eq!(
        added(&of_review.sections, &of_release.sections),
        [
            "Rows accounted for",
            "Links made",
            "How the hidden cells are kept",
            "Record of the run"
        ]
    );
    assert_eq!(
        added(&of_restricted.sections, &of_review.sections),
        ["The model of the linkage"]
    );
    let page = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    assert!(page(&of_review.bytes).contains("REVIEW. NOT FOR RELEASE."));
    let whole = page(&of_restricted.bytes);
    assert!(whole.contains("RESTRICTED. NOT FOR RELEASE."));
    // Accounts are exact here, and only here.
    for exact in ["6,289", "1,326"] {
        assert!(page(&of_review.bytes).contains(exact), "{exact}");
        assert!(!page(&of_release.bytes).contains(exact), "{exact}");
    }
    for headline in [
        "Weights of adult links",
        "Precision and recall of adult links by threshold",
        "adult: weights of date of birth",
    ] {
        assert!(
            of_restricted.headlines.iter().any(|h| h == headline),
            "{headline}"
        );
    }
    for headline in &of_restricted.headlines {
        let words = headline.split_whitespace().count();
        assert!(words <= report::MOST_WORDS, "{headline}");
    }
}

#[test]
fn a_changed_receipt_or_model_is_not_reported_on() {
    for name in [
        "stage/01-ingest/receipt.json",
        "stage/03-link/adult/model.json",
    ] {
        let run = run();
        let path = run.path().join(name);
        let text = std::fs::read_to_string(&path).expect("text");
        std::fs::write(&path, format!("{text} ")).expect("written");
        let error = RestrictedView::open(run.path()).expect_err("refused");
        assert!(
            matches!(error, ReportError::Changed { .. }),
            "{name}: {error}"
        );
    }
}

fn kinlink(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinlink"));
    command.current_dir(folder);
    command
}

#[test]
fn the_command_writes_a_page_with_the_permissions_of_its_zone() {
    use std::os::unix::fs::PermissionsExt;
    let run = run();
    let here = tempfile::tempdir().expect("folder");
    let path = run.path().to_str().expect("a path");
    for (view, mode) in [("release", 0o644), ("review", 0o640), ("restricted", 0o600)] {
        kinlink(here.path())
            .args(["report", path, "--view", view])
            .assert()
            .success();
        let page = here.path().join(format!("report-{view}.html"));
        let found = std::fs::metadata(&page)
            .expect("there")
            .permissions()
            .mode()
            & 0o777;
        assert_eq!(found & !mode, 0, "{view}: {found:o}");
    }
    let own = std::fs::read(here.path().join("report-release.html")).expect("a page");
    let released = std::fs::read(run.path().join("release/report.html")).expect("a page");
    assert_eq!(own, released);
    // Among the recorded files there is no place for another one.
    let inside = run.path().join("review.html");
    let output = kinlink(here.path())
        .args(["report", path, "-o", inside.to_str().expect("a path")])
        .assert()
        .code(2);
    let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(said.contains("KL-R-055"), "{said}");
    let nowhere = kinlink(here.path())
        .args(["report", "nowhere"])
        .assert()
        .code(2);
    let said = String::from_utf8_lossy(&nowhere.get_output().stderr).into_owned();
    assert!(said.contains("KL-R-053"), "{said}");
}

#[test]
fn the_desk_as_a_command() {
    let here = tempfile::tempdir().expect("folder");
    let release = made().release.to_str().expect("a path");
    let output = kinlink(here.path())
        .args(["release", "check", release])
        .assert()
        .success();
    let said = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    insta::assert_snapshot!("checked", said);
    let output = kinlink(here.path())
        .args(["release", "check", release, "--most-rows", "100"])
        .assert()
        .code(7);
    let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(said.contains("KL-Q-002") && said.contains("T04"), "{said}");
    let output = kinlink(here.path())
        .args([
            "release",
            "withdraw",
            "x",
            "--releases",
            "releases",
            "--reason",
            "y",
        ])
        .assert()
        .code(2);
    let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(said.contains("KL-Q-006"), "{said}");
}
