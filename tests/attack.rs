//! Promise: a motivated intruder is let at a run's own encodings by one command; the figures lie in
//! `review/` beside their gates and beside what no protection would give, and one that is above its
//! gate ends with exit 7.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod world;

use std::path::Path;

use serde_json::Value;
use world::World;

fn findings(run: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(run.join("review/attack.json")).expect("a report");
    let reports: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let of = |report: &Value| report["findings"].as_array().expect("findings").clone();
    reports.iter().flat_map(of).collect()
}

fn above(findings: &[Value]) -> Vec<String> {
    let broken = |f: &&Value| {
        let figure = f["figure"].as_f64().expect("a figure").abs();
        f["gate"].as_f64().is_some_and(|gate| figure > gate)
    };
    let word = |f: &Value| f["attack"].as_str().expect("a word").to_owned();
    findings.iter().filter(broken).map(word).collect()
}

#[test]
#[ignore = "minutes: cargo test --release --test attack -- --ignored"]
fn a_run_stands_and_the_report_shows_that_the_attacks_work() {
    let world = World::at_scale("0.004");
    let run = world.rehearse();
    let path = run.to_str().expect("a path");
    let output = world.run(&["attack", path, "--people", "2000"], 0);
    let said = world::text(&output.stdout);
    for attack in 1..=11 {
        assert!(said.contains(&format!("A{attack} ")), "A{attack}: {said}");
    }
    let found = findings(&run);
    assert_eq!(above(&found), Vec::<String>::new());
    // Without protection the same people are named.
    let most = |attack: &str| {
        let of = found.iter().filter(|f| f["attack"] == attack);
        of.filter_map(|f| f["unprotected"].as_f64())
            .fold(0.0, f64::max)
    };
    assert!(most("A3") > 0.9 && most("A6") > 0.99 && most("A11") > 0.99);
    let page = std::fs::read_to_string(run.join("review/attack.md")).expect("a page");
    assert!(page.contains("| A4 | blocks by their pattern |"), "{page}");
    // The report belongs to the run, and nothing in the clear stays behind.
    world.run(&["verify", path], 0);
}

#[test]
#[ignore = "minutes: cargo test --release --test attack -- --ignored"]
fn filters_of_whole_records_end_with_exit_7() {
    let world = World::at_scale("0.004");
    world.edit(
        "pipelines/rehearsal.toml",
        "[link.adult]",
        "[link.adult]\nencoding = \"record\"",
    );
    let run = world.rehearse();
    let path = run.to_str().expect("a path");
    let output = world.run(&["attack", path, "--people", "2000"], 7);
    assert!(world::text(&output.stderr).contains("KL-A-001"));
    assert!(above(&findings(&run)).contains(&"A4".to_owned()));
}
