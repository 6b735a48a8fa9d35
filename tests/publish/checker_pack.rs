//! The checker's pack: its form, its checksums, what lies under each table.

use std::path::PathBuf;

use kinlink::digest::Digest;
use kinlink::publish::{self, PublishError, Purpose};

use super::stage_cells::{ALL_TABLES, Run};
use super::{job, published};

fn pack() -> (Run, PathBuf, serde_json::Value) {
    let (run, _, _) = published(Purpose::Production);
    let folder = run.root().join("review/06-publish");
    let text = std::fs::read_to_string(folder.join("results.json")).expect("there");
    let results = serde_json::from_str(&text).expect("JSON");
    (run, folder, results)
}

#[test]
fn results_have_the_form_that_the_viewer_opens() {
    let (_run, folder, whole) = pack();
    assert!(whole["version"].is_string());
    let results = whole["results"].as_object().expect("results");
    assert_eq!(results.len(), ALL_TABLES.len() + 1);
    for (uid, result) in results {
        assert_eq!(result["uid"], uid.as_str());
        for key in [
            "status",
            "type",
            "command",
            "summary",
            "timestamp",
            "exception",
        ] {
            assert!(result[key].is_string(), "{key} of {uid}");
        }
        assert!(result["properties"].is_object() && result["outcome"].is_object());
        assert!(result["fair"].is_object());
        assert!(result["comments"].as_array().is_some_and(|c| !c.is_empty()));
        let files = result["files"].as_array().expect("files");
        assert!(!files.is_empty());
        for file in files {
            let name = file["name"].as_str().expect("a name");
            let (digest, _) = Digest::of_file(&folder.join(name)).expect("there");
            let sum = folder.join(format!("checksums/{name}.txt"));
            assert_eq!(std::fs::read_to_string(sum).expect("there"), digest.hex());
        }
    }
}

#[test]
fn every_counted_table_has_what_lies_under_it() {
    let (run, folder, whole) = pack();
    let t07 = whole["results"]["output_4"].clone();
    assert_eq!(t07["properties"]["table"], "T07");
    assert_eq!(t07["status"], "review");
    let summary = t07["summary"].as_str().expect("a summary");
    assert!(summary.contains("cells suppressed") && summary.contains("rounded to base 5"));
    let mut reader = csv::Reader::from_path(folder.join("T07_underlying.csv")).expect("there");
    let header = reader.headers().expect("header").clone();
    let at = |name: &str| header.iter().position(|h| h == name).expect("column");
    let (mut small, mut bounded) = (0, 0);
    for record in reader.records() {
        let record = record.expect("row");
        let count: u64 = record[at("count")].parse().expect("a count");
        let state = &record[at("state")];
        if state == "primary" {
            assert!((1..6).contains(&count) && &record[at("shown")] == "c");
            small += 1;
        }
        if let (Ok(low), Ok(high)) = (
            record[at("lower")].parse::<f64>(),
            record[at("upper")].parse::<f64>(),
        ) {
            let count: f64 = record[at("count")].parse().expect("a number");
            assert!(low <= count && count <= high, "{low} {count} {high}");
            bounded += 1;
        }
    }
    assert!(small > 0 && bounded > 0, "{small} {bounded}");
    let original = std::fs::read(run.root().join("review/05-protect/T07.csv")).expect("there");
    let copied = std::fs::read(folder.join("T07_underlying.csv")).expect("there");
    assert_eq!(original, copied);
    // A table that is made of released figures has no counts of its own.
    assert!(!folder.join("Q3_underlying.csv").exists());
}

#[test]
fn a_summary_of_a_table_reads_like_this() {
    let (_run, _, whole) = pack();
    insta::assert_snapshot!("checker_t07", format!("{:#}", whole["results"]["output_4"]));
}

#[test]
fn a_changed_count_is_found_and_nothing_is_packed() {
    let run = Run::new();
    let report = run.protect(&["T07"]).expect("protects");
    let job = job(&run, &report, Purpose::Production);
    let path = run.root().join("review/05-protect/T07.csv");
    let text = std::fs::read_to_string(&path).expect("there");
    std::fs::write(&path, text.replacen("observed", "Observed", 1)).expect("written");
    let result = run.folders("06-publish", |f| publish::run(&job, f));
    assert!(matches!(result, Err(PublishError::Changed { .. })));
}
