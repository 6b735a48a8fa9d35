//! `--earlier`: a linkage goes on from an earlier one, and says what it carried over.

use std::collections::BTreeMap;

use super::bench::{Bench, HEADER, altered, done, person, rows};
use serde_json::Value;

/// The links of a folder with all that is told of them.
fn links(bench: &Bench, out: &str) -> BTreeMap<(String, String), (String, String)> {
    let mut pairs = BTreeMap::new();
    let path = bench.path(out).join("links.parquet");
    kinlink::link::out_files::read_patterns(&path, |pair| {
        let ids = (pair.left.to_owned(), pair.right.to_owned());
        let told = format!("{} {}", pair.weight, pair.probability);
        let pattern = format!("{:?}", pair.pattern);
        pairs.insert(ids, (pattern, told));
    })
    .expect("links");
    pairs
}

/// Which rows are in one entity.
fn together(bench: &Bench, out: &str) -> Vec<Vec<String>> {
    let mut of: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let path = bench.path(out).join("clusters.parquet");
    kinlink::link::out_files::read_clusters(&path, |id, source, entity| {
        let row = format!("{source} {id}");
        of.entry(entity.to_owned()).or_default().push(row);
    })
    .expect("clusters");
    let mut all: Vec<Vec<String>> = of.into_values().collect();
    all.iter_mut().for_each(|rows| rows.sort());
    all.sort();
    all
}

fn linked(bench: &Bench, out: &str, more: &[&str]) -> Value {
    let args: Vec<&str> = more.iter().copied().chain(["--format", "json"]).collect();
    let output = bench.link(out, &args);
    done(&output);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn people(prefix: &str, people: impl Iterator<Item = (usize, [String; 5])>) -> String {
    let mut out = String::new();
    rows(&mut out, prefix, people);
    out
}

/// Goes on from `first`, and links all under its model and threshold: both must find the same.
fn same(bench: &Bench, files: &[&str]) -> Value {
    let model: Value = serde_json::from_slice(&bench.bytes("first", "model.json")).expect("JSON");
    let threshold = model["threshold"].to_string();
    let model = bench.path("first").join("model.json").display().to_string();
    let on: Vec<&str> = files
        .iter()
        .copied()
        .chain(["--earlier", "first"])
        .collect();
    let found = linked(bench, "on", &on);
    let how = ["--model", &model, "--threshold", &threshold];
    let whole: Vec<&str> = files.iter().copied().chain(how).collect();
    let all = linked(bench, "all", &whole);
    assert_eq!(links(bench, "on"), links(bench, "all"));
    assert_eq!(together(bench, "on"), together(bench, "all"));
    for key in [
        "links",
        "entities",
        "compared",
        "expected_matches",
        "missed",
        "rules",
    ] {
        assert_eq!(found[key], all[key], "{key}");
    }
    found
}

#[test]
fn added_rows_are_linked_as_if_all_had_been() {
    let bench = Bench::new();
    let left = people("l", (0..300).map(|n| (n, person(n))));
    let right = people("r", (200..400).map(|n| (n, altered(n))));
    bench.write("left.csv", &format!("{HEADER}{left}"));
    bench.write("right.csv", &format!("{HEADER}{right}"));
    let first = linked(&bench, "first", &["left.csv", "right.csv"]);
    assert!(first["carried_over"].is_null());
    // New rows in front and behind, so that no row stands where it stood.
    let before = people("l", (380..395).map(|n| (n, person(n))));
    let after = people("r", (100..120).map(|n| (n, altered(n))));
    bench.write("left.csv", &format!("{HEADER}{before}{left}"));
    bench.write("right.csv", &format!("{HEADER}{right}{after}"));
    let found = same(&bench, &["left.csv", "right.csv"]);
    let over = &found["carried_over"];
    assert_eq!(
        (&over["unchanged"], &over["new"]),
        (&500.into(), &35.into())
    );
    assert_eq!((&over["changed"], &over["gone"]), (&0.into(), &0.into()));
    let compared = |of: &Value, key: &str| of[key].as_u64().expect("a count");
    assert_eq!(
        compared(over, "compared") + compared(&first, "compared"),
        compared(&found, "compared")
    );
    // Person 385 is in both files now.
    assert!(links(&bench, "on").contains_key(&("l385".to_owned(), "r385".to_owned())));
}

#[test]
fn rows_of_one_file_are_added_and_the_linkage_goes_on_again() {
    let bench = Bench::new();
    let mut file = HEADER.to_owned() + &people("a", (0..200).map(|n| (n, person(n))));
    file += &people("b", (0..60).map(|n| (n, altered(n))));
    bench.write("file.csv", &file);
    linked(&bench, "first", &["file.csv"]);
    file += &people("c", (40..90).map(|n| (n, person(n))));
    bench.write("file.csv", &file);
    let found = same(&bench, &["file.csv"]);
    assert_eq!(found["carried_over"]["new"], 50);
    // From the second on nothing is new, and nothing is compared.
    let third = linked(&bench, "third", &["file.csv", "--earlier", "on"]);
    assert_eq!(third["carried_over"]["compared"], 0);
    assert_eq!(links(&bench, "third"), links(&bench, "on"));
    assert_eq!(
        bench.bytes("third", "clusters.parquet"),
        bench.bytes("on", "clusters.parquet")
    );
}

#[test]
fn changed_and_departed_rows_are_noticed() {
    let bench = Bench::new();
    let left = people("l", (0..200).map(|n| (n, person(n))));
    bench.write("left.csv", &format!("{HEADER}{left}"));
    let right = people("r", (0..150).map(|n| (n, person(n))));
    bench.write("right.csv", &format!("{HEADER}{right}"));
    linked(&bench, "first", &["left.csv", "right.csv"]);
    // Row r3 says what r170 would; r4 is gone.
    let mut changed: Vec<String> = right.lines().map(str::to_owned).collect();
    changed[3] = format!("r3,{},p170", person(170).join(","));
    changed.remove(4);
    bench.write("right.csv", &format!("{HEADER}{}", changed.join("\n")));
    let found = same_links(&bench);
    let over = &found["carried_over"];
    assert_eq!((&over["changed"], &over["gone"]), (&1.into(), &1.into()));
    let now = links(&bench, "on");
    assert!(now.contains_key(&("l170".to_owned(), "r3".to_owned())));
    assert!(!now.contains_key(&("l3".to_owned(), "r3".to_owned())));
}

/// As [`same`], of links and entities alone: what was compared then of rows that are gone counts on.
fn same_links(bench: &Bench) -> Value {
    let model: Value = serde_json::from_slice(&bench.bytes("first", "model.json")).expect("JSON");
    let threshold = model["threshold"].to_string();
    let model = bench.path("first").join("model.json").display().to_string();
    let files = ["left.csv", "right.csv"];
    let on: Vec<&str> = files.into_iter().chain(["--earlier", "first"]).collect();
    let found = linked(bench, "on", &on);
    let how = ["--model", &model, "--threshold", &threshold];
    let whole: Vec<&str> = files.into_iter().chain(how).collect();
    linked(bench, "all", &whole);
    assert_eq!(links(bench, "on"), links(bench, "all"));
    assert_eq!(together(bench, "on"), together(bench, "all"));
    found
}

#[test]
fn where_nothing_can_be_carried_over_all_is_compared_and_that_is_told() {
    let bench = Bench::new();
    bench.key("other");
    let files = ["left.csv", "right.csv"];
    linked(&bench, "first", &files);
    let with = |out: &str, more: &[&str]| {
        let args: Vec<&str> = files.into_iter().chain(["--earlier", "first"]).collect();
        let args: Vec<&str> = args.into_iter().chain(more.iter().copied()).collect();
        let output = bench.link(out, &args);
        done(&output);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let told = with("another", &["--key", "other"]);
    assert!(
        told.contains("All pairs were compared: the earlier linkage was made with another key"),
        "{told}"
    );
    let told = with("keep", &["--keep", "0"]);
    assert!(
        told.contains("All pairs were compared: less probable pairs are asked for"),
        "{told}"
    );
    let told = with("same", &[]);
    assert!(told.contains("0 pairs were compared, and"), "{told}");
    // A rule more is another linkage: every row counts as changed.
    let spec = std::fs::read_to_string(bench.path("spec.toml")).expect("spec");
    let rule = "[[cannot_link]]\nsex = \"different\"\n";
    bench.write("spec.toml", &format!("{spec}{rule}"));
    let told = with("rule", &[]);
    assert!(
        told.contains("0 are as they were, 600 changed and 0 new"),
        "{told}"
    );
    std::fs::remove_file(bench.path("first").join("rows.parquet")).expect("removed");
    let told = with("gone", &[]);
    assert!(
        told.contains("the earlier linkage kept no rows and pairs"),
        "{told}"
    );
}
