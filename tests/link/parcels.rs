//! Two owners encode by themselves, a linkage unit without a key compares, the owner of the key joins.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::bench::{Bench, altered, done, person, refused};
use arrow::array::{Array, FixedSizeBinaryArray};
use kinlink::columnar::{self, TableReader};
use kinlink::pseudonymise::MasterKey;
use serde_json::Value;

const SCHEMA: &str = r#"{
  "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
  "title": "People of an office",
  "kinlink:table": "person",
  "kinlink:set": {"record": "p:{Number}", "kind": "adult"},
  "fieldsMatch": "equal",
  "missingValues": [""],
  "fields": [
    {"name": "Number", "type": "string", "constraints": {"required": true}, "kinlink:role": "record-id", "kinlink:onOutput": "pseudonymise"},
    {"name": "Forename", "type": "string", "kinlink:role": "direct-identifier", "kinlink:canonical": "forename", "kinlink:onOutput": "drop"},
    {"name": "Surname", "type": "string", "kinlink:role": "direct-identifier", "kinlink:canonical": "surname", "kinlink:onOutput": "drop"},
    {"name": "Born", "type": "date", "kinlink:role": "quasi-identifier", "kinlink:canonical": "date_of_birth", "kinlink:onOutput": "drop", "kinlink:onInvalid": "null"},
    {"name": "Sex", "type": "string", "kinlink:role": "dimension", "kinlink:canonical": "sex", "kinlink:codes": {"M": "M", "F": "F"}, "kinlink:onOutput": "keep"},
    {"name": "Postcode", "type": "string", "kinlink:role": "quasi-identifier", "kinlink:canonical": "postcode", "kinlink:onOutput": "drop"}
  ]
}
"#;

/// Two offices with a hundred people in common, both with the bench's key.
fn offices() -> Bench {
    let bench = Bench::new();
    bench.key("other");
    bench.write("S.json", SCHEMA);
    let file = |people: &mut dyn Iterator<Item = (usize, [String; 5])>| {
        let mut out = "Number,Forename,Surname,Born,Sex,Postcode\n".to_owned();
        for (n, p) in people {
            let _ = writeln!(out, "{n},{}", p.join(","));
        }
        out
    };
    bench.write("a.csv", &file(&mut (0..300).map(|n| (n, person(n)))));
    bench.write(
        "b.csv",
        &file(&mut (200..500).rev().map(|n| (n, altered(n)))),
    );
    bench
}

fn encode(bench: &Bench, office: &str, out: &str, more: &[&str]) {
    let input = format!("{office}.csv");
    let mut args = vec!["pseudonymise", &input, "--schema", "S.json", "-o", out];
    args.extend(more);
    if !more.contains(&"--key") {
        args.extend(["--key", "key"]);
    }
    done(&bench.kinlink(&args, &[]));
}

fn parcels(bench: &Bench, more: &[&str]) {
    let of_a = ["--source", "0", "--system", "a"];
    let of_b = ["--source", "1", "--system", "b"];
    encode(bench, "a", "A", &[&of_a, more].concat());
    encode(bench, "b", "B", &[&of_b, more].concat());
    done(&bench.kinlink(
        &["link", "parcels", "A/linkage", "B/linkage", "-o", "pairs"],
        &[],
    ));
}

/// The record pseudonym of a person of an office.
fn record(bench: &Bench, office: &str, n: usize) -> [u8; 16] {
    let source = kinlink::pseudonymise::KeySource::File(bench.path("key"));
    let key: MasterKey = source.load().expect("the key");
    let keys = key.for_project("kinlink", "1");
    let record = format!("p:{n}");
    keys.derive(&["record pseudonym"])
        .mac(&[office.as_bytes(), record.as_bytes()])
}

fn joined(bench: &Bench, out: &str, more: &[&str]) -> Value {
    let mut args = vec![
        "link", "join", "pairs", "--left", "A/owner", "--right", "B/owner", "-o", out,
    ];
    args.extend(more);
    bench.json(&args)
}

fn column(path: &Path, name: &str) -> Vec<[u8; 16]> {
    let mut out = Vec::new();
    for batch in TableReader::open(path, Some(&[name])).expect("a table") {
        let batch = batch.expect("rows");
        let values: &FixedSizeBinaryArray = columnar::bytes(&batch, name, path).expect("bytes");
        out.extend(
            (0..values.len()).map(|row| <[u8; 16]>::try_from(values.value(row)).expect("16")),
        );
    }
    out
}

/// Right and wrong links.
fn hits(bench: &Bench, out: &str) -> (usize, usize) {
    let path = bench.path(out).join("adult/links.parquet");
    let links: Vec<([u8; 16], [u8; 16])> = column(&path, "left")
        .into_iter()
        .zip(column(&path, "right"))
        .collect();
    let truth: BTreeSet<([u8; 16], [u8; 16])> = (200..300)
        .map(|n| (record(bench, "a", n), record(bench, "b", n)))
        .collect();
    let right = links.iter().filter(|link| truth.contains(*link)).count();
    assert!(links.is_sorted());
    (right, links.len() - right)
}

fn pair_files(bench: &Bench) -> Vec<PathBuf> {
    let folder = bench.path("pairs/adult");
    let entries = std::fs::read_dir(folder).expect("the pairs");
    let mut files: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    files.sort();
    files
}

#[test]
fn filters_of_whole_records_are_linked_without_a_name() {
    let bench = offices();
    parcels(&bench, &["--encoding", "record"]);
    let found = joined(&bench, "links", &["--one-to-one"]);
    let (right, wrong) = hits(&bench, "links");
    // Of three hundred people many have a pattern that fewer than ten share: such rows are held back.
    assert!(
        right >= 60 && wrong == 0,
        "{right} right, {wrong} wrong: {found:#}"
    );
    let kind = &found["kinds"][0];
    assert_eq!(kind["links"].as_u64(), Some((right + wrong) as u64));
    let expected = kind["expected_matches"].as_f64().expect("a number");
    assert!((60.0..75.0).contains(&expected), "{found:#}");
    // Every pair counts once, under how many rules it may stand.
    let passes: Value = serde_json::from_slice(&bench.bytes("pairs", "pairs.json")).expect("JSON");
    let all: u64 = passes["passes"]
        .as_array()
        .expect("passes")
        .iter()
        .map(|pass| pass["pairs"].as_u64().expect("a count"))
        .sum();
    assert!(kind["compared"].as_u64() < Some(all), "{found:#}");
    // A threshold that is stated stands.
    joined(&bench, "sure", &["--one-to-one", "--threshold", "0.999"]);
    assert_eq!(hits(&bench, "sure").1, 0);
}

#[test]
fn lanes_are_linked_too_and_every_field_speaks() {
    let bench = offices();
    parcels(&bench, &[]);
    let found = joined(&bench, "links", &["--one-to-one"]);
    let (right, wrong) = hits(&bench, "links");
    assert!(
        right >= 75 && wrong == 0,
        "{right} right, {wrong} wrong: {found:#}"
    );
    let mut names: Vec<&str> = found["kinds"][0]["comparisons"]
        .as_array()
        .expect("comparisons")
        .iter()
        .filter_map(|c| c["name"].as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["date_of_birth", "forename", "postcode", "surname"]);
}

#[test]
fn the_unit_learns_neither_records_nor_who_is_who_across_passes() {
    let bench = offices();
    parcels(&bench, &["--encoding", "record"]);
    let records: BTreeSet<[u8; 16]> = (0..500)
        .flat_map(|n| [record(&bench, "a", n), record(&bench, "b", n)])
        .collect();
    let mut seen: BTreeMap<[u8; 16], PathBuf> = BTreeMap::new();
    let files = pair_files(&bench);
    assert_eq!(files.len(), 4);
    for file in files {
        let pairs: Vec<([u8; 16], [u8; 16])> = column(&file, "left")
            .into_iter()
            .zip(column(&file, "right"))
            .collect();
        assert!(pairs.is_sorted() && !pairs.is_empty());
        for row in pairs.into_iter().flat_map(|(left, right)| [left, right]) {
            assert!(!records.contains(&row));
            let before = seen.insert(row, file.clone());
            assert!(
                before.is_none_or(|other| other == file),
                "a row of two passes"
            );
        }
    }
    // The same from the folder above, to the byte.
    done(&bench.kinlink(
        &["link", "parcels", "A", "B", "-o", "again"],
        &[("RAYON_NUM_THREADS", "1")],
    ));
    for file in [
        "pairs.json",
        "adult/rule-01-record.parquet",
        "adult/rule-04-record.parquet",
    ] {
        assert_eq!(
            bench.bytes("pairs", file),
            bench.bytes("again", file),
            "{file}"
        );
    }
}

#[test]
fn parcels_that_do_not_fit_are_refused() {
    let bench = offices();
    parcels(&bench, &["--encoding", "record"]);
    encode(
        &bench,
        "b",
        "K",
        &["--source", "1", "--encoding", "record", "--key", "other"],
    );
    encode(&bench, "b", "F", &["--source", "1", "--encoding", "fields"]);
    let link = |right: &str, out: &str| {
        bench.kinlink(&["link", "parcels", "A/linkage", right, "-o", out], &[])
    };
    refused(&link("K/linkage", "one"), 6, "KL-L-081");
    refused(&link("F/linkage", "two"), 2, "KL-L-080");
    refused(&link("A/payload", "three"), 2, "KL-L-080");
    refused(&link("B/linkage", "pairs"), 2, "KL-L-030");
    let join = |right: &str| {
        let args = [
            "link", "join", "pairs", "--left", "A/owner", "--right", right, "-o", "out",
        ];
        bench.kinlink(&args, &[])
    };
    // The join tables of another key, and those of another owner.
    refused(&join("K/owner"), 6, "KL-L-004");
    refused(&join("A/owner"), 4, "KL-L-001");
}
