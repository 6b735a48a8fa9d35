//! `kinlink link why`: the parts of a pair's weight add up to what the output says.

use std::path::Path;

use super::bench::{Bench, HEADER, altered, done, person, refused, rows, told};
use kinlink::link::out_files;
use kinlink::link::why::{Decision, PairName, TOLERANCE, Why, why};

fn name(left: &str, right: &str) -> PairName {
    PairName {
        left: left.to_owned(),
        right: right.to_owned(),
    }
}

fn pairs(out: &Path, file: &str) -> Vec<(PairName, f64, f64)> {
    let mut pairs = Vec::new();
    out_files::read_patterns(&out.join(file), |pair| {
        let own = name(pair.left, pair.right);
        pairs.push((own, pair.weight, pair.probability));
    })
    .expect("pairs");
    pairs
}

/// Every pair adds up: the parts to the weight, and with its rivals to the probability.
fn adds_up(out: &Path) -> Vec<Why> {
    let links = pairs(out, "links.parquet");
    let mut all = Vec::new();
    for (own, weight, probability) in pairs(out, "pairs.parquet") {
        let found = why(out, std::slice::from_ref(&own)).expect("a pair");
        let parts: f64 = found.comparisons.iter().map(|said| said.bits).sum();
        let parts = parts + found.kin_bits.unwrap_or(0.0);
        assert!((found.start_bits + parts - weight).abs() < 1e-9, "{own:?}");
        let sum = found.probability_of_sum();
        assert!(
            (sum - probability).abs() <= TOLERANCE,
            "{sum} {probability}"
        );
        assert!((found.probability - probability).abs() < f64::EPSILON);
        let linked = links.iter().any(|(link, ..)| *link == own);
        assert_eq!(found.decision == Decision::Linked, linked, "{own:?}");
        assert!(found.rules.iter().all(|rule| rule.bits.is_finite()));
        all.push(found);
    }
    all
}

#[test]
fn the_parts_of_every_pair_of_two_files_add_up_to_its_probability() {
    let bench = Bench::new();
    let mut left = HEADER.to_owned();
    rows(&mut left, "l", (0..160).map(|n| (n, person(n))));
    bench.write("left.csv", &left);
    let mut right = HEADER.to_owned();
    rows(&mut right, "r", (100..260).map(|n| (n, altered(n))));
    // Some have somebody beside them who differs in the forename alone, so that there are rivals.
    for n in 130..140 {
        let mut twin = person(n);
        twin[0] = "Zoe".to_owned();
        rows(&mut right, "t", [(n, twin)].into_iter());
    }
    bench.write("right.csv", &right);
    done(&bench.link("out", &["left.csv", "right.csv", "--keep", "0"]));
    let all = adds_up(&bench.path("out"));
    assert!(all.len() > 150);
    let rivals = |found: &Why| {
        found
            .rivals
            .as_ref()
            .is_some_and(|r| r.others > 0 && r.bits < -0.01)
    };
    assert!(all.iter().filter(|found| rivals(found)).count() > 10);
    assert!(
        all.iter()
            .flat_map(|found| &found.rivals)
            .all(|r| r.all_known)
    );
}

#[test]
fn the_parts_of_every_pair_of_one_file_add_up_to_its_probability() {
    let bench = Bench::new();
    let mut file = HEADER.to_owned();
    rows(&mut file, "a", (0..120).map(|n| (n, person(n))));
    rows(&mut file, "b", (0..50).map(|n| (n, altered(n))));
    bench.write("file.csv", &file);
    done(&bench.link("out", &["file.csv", "--keep", "0"]));
    let all = adds_up(&bench.path("out"));
    assert!(all.len() > 50 && all.iter().all(|found| found.rivals.is_none()));
    // Of one file the order of the two ids is free.
    let (own, ..) = pairs(&bench.path("out"), "links.parquet").swap_remove(0);
    let turned = why(&bench.path("out"), &[name(&own.right, &own.left)]).expect("a pair");
    assert_eq!(turned.decision, Decision::Linked);
}

#[test]
fn rivals_are_reckoned_where_not_all_pairs_were_kept() {
    let bench = Bench::new();
    done(&bench.link("all", &["left.csv", "right.csv", "--keep", "0"]));
    done(&bench.link("links", &["left.csv", "right.csv"]));
    for (own, ..) in pairs(&bench.path("links"), "links.parquet") {
        let of = |out: &str| why(&bench.path(out), std::slice::from_ref(&own)).expect("a pair");
        let (all, links) = (of("all"), of("links"));
        assert!(!links.rivals.as_ref().is_some_and(|r| r.all_known));
        assert!((all.sum_bits - links.sum_bits).abs() < 0.01, "{own:?}");
        assert!((links.probability_of_sum() - links.probability).abs() <= TOLERANCE);
    }
}

#[test]
fn what_people_read_of_a_pair() {
    let bench = Bench::new();
    done(&bench.link("out", &["left.csv", "right.csv", "--keep", "0"]));
    let read = |args: &[&str]| {
        let args: Vec<&str> = ["link", "why", "out"].iter().chain(args).copied().collect();
        let output = bench.kinlink(&args, &[]);
        done(&output);
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    // Person 202 has another surname in the right file, 205 forename and surname swapped.
    let text = read(&["l202", "r202"]);
    insta::assert_snapshot!("linked_pair", text);
    assert_eq!(text, read(&["l202:r202"]));
    insta::assert_snapshot!("swapped_names", read(&["l205", "r205"]));
    for value in person(202).iter().filter(|value| value.len() > 1) {
        assert!(
            !text.contains(value.as_str()),
            "a value stands in the output"
        );
    }
    let json = bench.json(&["link", "why", "out", "l202:r202"]);
    assert_eq!(json["decision"], "linked");
    let bits = |value: &serde_json::Value| value.as_f64().expect("bits");
    let said = json["comparisons"].as_array().expect("comparisons");
    let parts: f64 = said.iter().map(|said| bits(&said["bits"])).sum();
    let parts = parts + bits(&json["kin_bits"]);
    let sum = bits(&json["start_bits"]) + parts + bits(&json["rivals"]["bits"]);
    assert!((sum - bits(&json["sum_bits"])).abs() < 1e-9);
    let probability = 1.0 / (1.0 + (-sum).exp2());
    assert!((probability - bits(&json["probability"])).abs() <= bits(&json["tolerance"]));
}

#[test]
fn a_pair_that_is_not_there_is_told_without_ids() {
    let bench = Bench::new();
    done(&bench.link("out", &["left.csv", "right.csv"]));
    let of = |left: &str, right: &str| bench.kinlink(&["link", "why", "out", left, right], &[]);
    let output = of("l1", "r499");
    refused(&output, 2, "KL-L-050");
    assert!(told(&output).contains("--keep 0") && !told(&output).contains("r499"));
    let output = of("nobody", "r499");
    refused(&output, 2, "KL-L-051");
    assert!(!told(&output).contains("nobody"));
    // The sides are not exchanged.
    refused(&of("r202", "l202"), 2, "KL-L-051");
    refused(
        &bench.kinlink(&["link", "why", "out", "l202"], &[]),
        2,
        "KL-L-051",
    );
    done(&bench.link("all", &["left.csv", "right.csv", "--keep", "0"]));
    let output = bench.kinlink(&["link", "why", "all", "l1", "r499"], &[]);
    refused(&output, 2, "KL-L-050");
    assert!(
        told(&output).contains("no blocking rule"),
        "{}",
        told(&output)
    );
}

#[test]
fn the_model_of_another_linkage_is_noticed() {
    let bench = Bench::new();
    done(&bench.link("out", &["left.csv", "right.csv"]));
    let mut few = HEADER.to_owned();
    rows(&mut few, "r", (200..260).map(|n| (n, altered(n))));
    bench.write("few.csv", &few);
    done(&bench.link("other", &["left.csv", "few.csv"]));
    std::fs::copy(bench.path("other/model.json"), bench.path("out/model.json")).expect("copied");
    let output = bench.kinlink(&["link", "why", "out", "l202", "r202"], &[]);
    refused(&output, 4, "KL-L-052");
}

#[test]
fn a_pair_for_review_says_so() {
    let bench = Bench::new();
    done(&bench.link(
        "out",
        &[
            "left.csv",
            "right.csv",
            "--threshold",
            "1",
            "--review-from",
            "0.9",
        ],
    ));
    let found = why(&bench.path("out"), &[name("l204", "r204")]).expect("a pair");
    assert_eq!(
        (found.decision, found.review_from),
        (Decision::Review, Some(0.9))
    );
    let json = bench.json(&["link", "why", "out", "l204", "r204"]);
    assert_eq!(json["decision"], "review");
}
