//! Clerical review: the band between two thresholds, the sample, and what the decisions say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::bench::{Bench, done, mode, person, refused, told};
use arrow::array::{BooleanArray, Float64Array, StringArray};
use kinlink::columnar::TableReader;
use kinlink::link::out_files;
use serde_json::Value;

/// The rows of a CSV file by the names of their columns.
fn table(bench: &Bench, name: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(bench.path(name)).expect("CSV");
    reader.deserialize().map(|row| row.expect("row")).collect()
}

fn text(bench: &Bench, name: &str) -> String {
    std::fs::read_to_string(bench.path(name)).expect("text")
}

/// A linkage with every pair kept, and a sample of it.
fn drawn(keep: &[&str], sample: &[&str]) -> (Bench, Value) {
    let bench = Bench::new();
    let args: Vec<&str> = ["left.csv", "right.csv"]
        .iter()
        .chain(keep)
        .copied()
        .collect();
    done(&bench.link("out", &args));
    let args: Vec<&str> = ["link", "review", "sample", "out"]
        .iter()
        .chain(sample)
        .copied()
        .collect();
    let json = bench.json(&args);
    (bench, json)
}

/// Whether the pair of a number is a match: both ids end in the number of one person.
fn truth(bench: &Bench) -> BTreeMap<u64, bool> {
    let key = table(bench, "out/review/key_for_steward.csv");
    let same = |row: &BTreeMap<String, String>| row["left_id"][1..] == row["right_id"][1..];
    key.iter()
        .map(|row| (row["number"].parse().expect("number"), same(row)))
        .collect()
}

/// Decisions as a reviewer hands them in.
fn decide(
    bench: &Bench,
    name: &str,
    of: &BTreeMap<u64, bool>,
    say: impl Fn(u64, bool) -> &'static str,
) {
    let mut text = "number,decision\n".to_owned();
    for (number, is_match) in of {
        let _ = writeln!(text, "{number},{}", say(*number, *is_match));
    }
    bench.write(name, &text);
}

fn right(_: u64, is_match: bool) -> &'static str {
    if is_match { "match" } else { "no match" }
}

#[test]
fn the_band_between_two_thresholds_is_counted_and_never_linked() {
    let bench = Bench::new();
    let both = ["left.csv", "right.csv"];
    let args = [&both[..], &["--threshold", "0.9999", "--keep", "0"]].concat();
    done(&bench.link("plain", &args));
    let output = bench.link("band", &[&args[..], &["--review-from", "0.01"]].concat());
    done(&output);
    let band = {
        let mut band = BTreeSet::new();
        let path = bench.path("band/review_band.parquet");
        out_files::read_pairs(&path, |left, right, p| {
            assert!((0.01..0.9999).contains(&p));
            band.insert((left.to_owned(), right.to_owned()));
        })
        .expect("pairs");
        band
    };
    assert!(!band.is_empty());
    assert_eq!(mode(&bench.path("band/review_band.parquet")), 0o600);
    // What is linked does not depend on the band.
    for name in ["links.parquet", "clusters.parquet"] {
        assert!(
            bench.bytes("plain", name) == bench.bytes("band", name),
            "{name}"
        );
    }
    out_files::read_pairs(&bench.path("band/links.parquet"), |left, right, _| {
        assert!(!band.contains(&(left.to_owned(), right.to_owned())));
    })
    .expect("links");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        out.contains(&format!(
            "{} pairs from 0.010 up to the threshold",
            band.len()
        )),
        "{out}"
    );
    let model: Value = serde_json::from_slice(&bench.bytes("band", "model.json")).expect("JSON");
    assert_eq!(model["review"]["pairs"], band.len());
    assert!(text(&bench, "band/linkage.html").contains("for clerical review"));

    // The same from the specification; and no band above the threshold.
    let spec = text(&bench, "spec.toml");
    bench.write(
        "spec.toml",
        &(spec + "[link]\nthreshold = 0.9999\nreview_from = 0.01\n"),
    );
    done(&bench.link("spec", &[&both[..], &["--keep", "0"]].concat()));
    assert!(
        bench.bytes("spec", "review_band.parquet") == bench.bytes("band", "review_band.parquet")
    );
    let above = ["--threshold", "0.5", "--review-from", "0.6"];
    refused(
        &bench.link("above", &[&both[..], &above[..]].concat()),
        2,
        "KL-L-034",
    );
}

#[test]
fn reviewers_are_told_levels_and_nothing_else() {
    let (bench, json) = drawn(&["--keep", "0"], &["--per-band", "40"]);
    let folder = bench.path("out/review");
    assert_eq!(mode(&folder), 0o700);
    for name in [
        "pairs_for_reviewers.csv",
        "key_for_steward.csv",
        "sample.json",
        "README.md",
    ] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
    let handed = text(&bench, "out/review/pairs_for_reviewers.csv");
    let header = handed.lines().next().expect("header");
    assert_eq!(
        header,
        "number,decision,forename,surname,date_of_birth,postcode,sex,names,surname_frequency,\
         forename_frequency"
    );
    let known: BTreeSet<&str> = handed
        .lines()
        .skip(1)
        .flat_map(|l| l.split(',').skip(2))
        .collect();
    assert!(
        known
            .iter()
            .all(|word| !word.contains(|c: char| c.is_ascii_digit())),
        "{known:?}"
    );
    for n in 0..500 {
        assert!(!handed.contains(&person(n)[4]));
    }

    // The key has the same numbers, and they are in no order of probability.
    let key = table(&bench, "out/review/key_for_steward.csv");
    assert_eq!(key.len(), handed.lines().count() - 1);
    let number =
        |row: &BTreeMap<String, String>, column: &str| row[column].parse::<f64>().expect("number");
    let probabilities: Vec<f64> = key.iter().map(|row| number(row, "probability")).collect();
    let rises = probabilities
        .windows(2)
        .filter(|pair| pair[0] < pair[1])
        .count();
    assert!(
        rises > key.len() / 4 && rises < 3 * key.len() / 4,
        "{rises} of {}",
        key.len()
    );
    for row in &key {
        let [low, high] = row["band"].split(" to ").collect::<Vec<_>>()[..] else {
            panic!("no band");
        };
        let p = number(row, "probability");
        assert!(p >= low.parse().expect("low") && p <= high.parse().expect("high"));
    }
    // Every pair of the linkage is in one stratum.
    let strata = json["sample"]["strata"].as_array().expect("strata");
    let pairs: u64 = strata
        .iter()
        .map(|s| s["pairs"].as_u64().expect("pairs"))
        .sum();
    let mut kept = 0;
    out_files::read_pairs(&bench.path("out/pairs.parquet"), |_, _, _| kept += 1).expect("pairs");
    assert_eq!(pairs, kept);
    for stratum in strata {
        let of = |name: &str| stratum[name].as_u64().expect("number");
        assert_eq!(of("drawn"), of("pairs").min(40));
        let fraction = of("drawn") as f64 / of("pairs") as f64;
        let own = key.iter().filter(|row| {
            stratum["band"] == row["band"]
                && (stratum["linked"] == true) == (row["linked"] == "true")
        });
        let own: Vec<_> = own.collect();
        assert_eq!(own.len() as u64, of("drawn"));
        assert!(
            own.iter()
                .all(|row| (number(row, "sampling_fraction") - fraction).abs() < 1e-12)
        );
    }
    assert_eq!(json["sample"]["frame"]["pairs"], "compared");
}

#[test]
fn the_same_seed_draws_the_same_pairs() {
    let (one, _) = drawn(&["--keep", "0"], &["--seed", "7"]);
    let (two, _) = drawn(&["--keep", "0"], &["--seed", "7"]);
    let (other, _) = drawn(&["--keep", "0"], &["--seed", "8"]);
    let key = |bench: &Bench| text(bench, "out/review/key_for_steward.csv");
    assert_eq!(key(&one), key(&two));
    assert_ne!(key(&one), key(&other));
    // A second sample would write over the first.
    let again = one.kinlink(&["link", "review", "sample", "out"], &[]);
    refused(&again, 2, "KL-L-061");
}

#[test]
fn without_pairs_below_the_threshold_links_alone_are_drawn() {
    let (bench, json) = drawn(&[], &[]);
    assert_eq!(json["sample"]["frame"]["pairs"], "links");
    let strata = json["sample"]["strata"].as_array().expect("strata");
    assert!(strata.iter().all(|s| s["linked"] == true));
    let truth = truth(&bench);
    decide(&bench, "one.csv", &truth, right);
    decide(&bench, "two.csv", &truth, right);
    let found = bench.json(&["link", "review", "read", "out", "one.csv", "two.csv"]);
    assert!(found["estimates"]["precision"]["value"].as_f64() > Some(0.9));
    assert!(found["estimates"]["recall"].is_null());
    let (_, band) = drawn(&["--threshold", "0.9999", "--review-from", "0.05"], &[]);
    assert_eq!(band["sample"]["frame"]["from"], Value::Null);
    assert_eq!(band["sample"]["frame"]["probability"], 0.05);
}

#[test]
fn two_reviewers_an_adjudicator_and_what_they_find() {
    let (bench, _) = drawn(&["--keep", "0"], &["--per-band", "30"]);
    let truth = truth(&bench);
    // The first errs nowhere; the second is wrong on every tenth pair and unsure of every fifteenth.
    decide(&bench, "one.csv", &truth, right);
    decide(&bench, "two.csv", &truth, |number, is_match| match number {
        n if n % 15 == 0 => "unsure",
        n if n % 10 == 0 => right(n, !is_match),
        n => right(n, is_match),
    });
    let read = ["link", "review", "read", "out", "one.csv", "two.csv"];
    let output = bench.kinlink(&read, &[]);
    done(&output);
    insta::assert_snapshot!(
        "before_adjudication",
        String::from_utf8_lossy(&output.stdout)
    );
    let found = bench.json(&read);
    let open: Vec<u64> = truth
        .keys()
        .copied()
        .filter(|n| n % 10 == 0 || n % 15 == 0)
        .collect();
    assert_eq!(found["to_adjudicate"], serde_json::json!(open));
    assert!(found["estimates"].is_null() && !bench.path("out/review/labels.parquet").exists());
    let share = 1.0 - open.len() as f64 / truth.len() as f64;
    assert!((found["agreement"]["share"].as_f64().expect("share") - share).abs() < 1e-12);
    assert!(found["agreement"]["kappa"].as_f64() < Some(share));

    let handed = table(&bench, "out/review/to_adjudicate.csv");
    assert_eq!(handed.len(), open.len());
    assert!(
        handed
            .iter()
            .all(|row| row["decision"].is_empty() && row.contains_key("surname"))
    );

    let doubtful: BTreeMap<u64, bool> = open.iter().map(|n| (*n, truth[n])).collect();
    decide(&bench, "third.csv", &doubtful, right);
    let whole = [&read[..], &["--adjudicated", "third.csv"]].concat();
    let output = bench.kinlink(&whole, &[]);
    done(&output);
    insta::assert_snapshot!("adjudicated", String::from_utf8_lossy(&output.stdout));
    let found = bench.json(&whole);
    let estimates = &found["estimates"];

    // What is estimated holds what is true of all pairs.
    let (mut links, mut hits) = (0.0, 0.0);
    let same = |left: &str, right: &str| left[1..] == right[1..];
    out_files::read_pairs(&bench.path("out/links.parquet"), |left, right, _| {
        links += 1.0;
        hits += f64::from(u8::from(same(left, right)));
    })
    .expect("links");
    let mut matches = 0.0;
    out_files::read_pairs(&bench.path("out/pairs.parquet"), |left, right, _| {
        matches += f64::from(u8::from(same(left, right)));
    })
    .expect("pairs");
    for (name, true_value) in [("precision", hits / links), ("recall", hits / matches)] {
        let [low, high] = [0, 1].map(|i| estimates[name]["interval"][i].as_f64().expect("limit"));
        assert!(
            (low..=high).contains(&true_value),
            "{name}: {true_value} {low} {high}"
        );
    }

    labels_are_as_decided(&bench, &truth);
    reliability_is_told(&bench, &found, &truth);
    // The strata go on to the estimate of two lists, which finds the matches.
    let strata = ["estimate", "pair", "out/review/strata.csv"];
    let lists = ["--first", "100000", "--second", "100000"];
    let pair = bench.json(&[&strata[..], &lists[..]].concat());
    assert_eq!(pair["links"].as_f64(), Some(links));
    let number = |name: &str| pair[name].as_f64().expect("a number");
    let away = (number("matches") - matches).abs();
    assert!(
        away < 3.0 * number("matches_standard_error"),
        "{pair} {matches}"
    );
    // Reading again changes nothing; other decisions would.
    done(&bench.kinlink(&whole, &[]));
    decide(&bench, "third.csv", &doubtful, |n, is_match| {
        right(n, !is_match)
    });
    refused(&bench.kinlink(&whole, &[]), 2, "KL-L-064");
}

/// On the terminal, in JSON, on a page for those who made the linkage, and as a map for analysts.
fn reliability_is_told(bench: &Bench, found: &Value, truth: &BTreeMap<u64, bool>) {
    let bins = found["reliability"]["bins"].as_array().expect("bins");
    let pairs: u64 = bins.iter().filter_map(|bin| bin["pairs"].as_u64()).sum();
    assert_eq!(pairs, truth.len() as u64);
    let matches = |bin: &Value| bin["matches"].as_f64().expect("a share");
    assert_eq!(bins.first().map(matches), Some(0.0));
    assert_eq!(bins.last().map(matches), Some(1.0));

    let page = text(bench, "out/review/review.html");
    for words in ["RESTRICTED", "Precision of the links", "Said lies within"] {
        assert!(page.contains(words), "{words}");
    }
    for row in table(bench, "out/review/key_for_steward.csv") {
        let id = format!(">{}<", row["left_id"]);
        assert!(!page.contains(&id), "{id}");
    }
    assert_eq!(mode(&bench.path("out/review/review.html")), 0o600);

    let steps = table(bench, "out/review/calibration.csv");
    let number = |row: &BTreeMap<String, String>, name: &str| -> f64 {
        row[name].parse().expect("a number")
    };
    assert!(steps.len() > 1);
    for two in steps.windows(2) {
        let [below, above] = two else {
            unreachable!("two")
        };
        assert!(number(below, "to") < number(above, "from"));
        assert!(number(below, "probability") < number(above, "probability"));
    }
}

fn labels_are_as_decided(bench: &Bench, truth: &BTreeMap<u64, bool>) {
    let path = bench.path("out/review/labels.parquet");
    assert_eq!(mode(&path), 0o600);
    let (mut count, mut weight) = (0, 0.0);
    for batch in TableReader::open(&path, None).expect("labels") {
        let batch = batch.expect("batch");
        let text = |name: &str| {
            batch
                .column_by_name(name)
                .expect("column")
                .as_any()
                .downcast_ref::<StringArray>()
                .expect("text")
        };
        let (left, right) = (text("left_id"), text("right_id"));
        let is_match = batch.column_by_name("is_match").expect("column").as_any();
        let is_match = is_match
            .downcast_ref::<BooleanArray>()
            .expect("truth values");
        let weights = batch.column_by_name("weight").expect("column").as_any();
        let weights = weights.downcast_ref::<Float64Array>().expect("numbers");
        for i in 0..batch.num_rows() {
            assert_eq!(is_match.value(i), left.value(i)[1..] == right.value(i)[1..]);
            assert!(weights.value(i) >= 1.0);
            weight += weights.value(i);
            count += 1;
        }
    }
    assert_eq!(count, truth.len());
    // The labelled pairs stand for all that were compared.
    let mut kept = 0.0;
    out_files::read_pairs(&bench.path("out/pairs.parquet"), |_, _, _| kept += 1.0).expect("pairs");
    assert!((weight - kept).abs() < 1e-6, "{weight} {kept}");
}

#[test]
fn decisions_that_do_not_fit_are_refused_with_their_place() {
    let (bench, _) = drawn(&["--keep", "0"], &["--per-band", "5"]);
    let truth = truth(&bench);
    decide(&bench, "one.csv", &truth, right);
    let read = |name: &str| bench.kinlink(&["link", "review", "read", "out", "one.csv", name], &[]);
    let good = text(&bench, "one.csv");
    let wrong = |name: &str, text: String, what: &str| {
        bench.write(name, &text);
        let output = read(name);
        refused(&output, 3, "KL-L-062");
        assert!(told(&output).contains(what), "{}", told(&output));
    };
    wrong(
        "missing.csv",
        good.replace("\n3,", "\n4,"),
        "stands in an earlier row",
    );
    let without: Vec<&str> = good.lines().filter(|l| !l.starts_with("3,")).collect();
    wrong(
        "fewer.csv",
        without.join("\n"),
        "1 numbers are missing, the first of them 3",
    );
    wrong(
        "unknown.csv",
        good.clone() + "9999,match\n",
        "not one of those asked for",
    );
    wrong(
        "word.csv",
        good.replacen("match", "perhaps", 1),
        "none of the three words",
    );
    wrong(
        "empty.csv",
        good.replacen(",match", ",", 1),
        "has no decision",
    );
    refused(&read("one.csv"), 2, "KL-L-065");

    // A number that needs no adjudication.
    decide(&bench, "two.csv", &truth, |n, is_match| {
        right(n, is_match ^ (n == 2))
    });
    done(&read("two.csv"));
    bench.write("third.csv", "number,decision\n1,match\n2,match\n");
    let adjudicated = [
        "link",
        "review",
        "read",
        "out",
        "one.csv",
        "two.csv",
        "--adjudicated",
        "third.csv",
    ];
    refused(&bench.kinlink(&adjudicated, &[]), 3, "KL-L-062");

    let key = text(&bench, "out/review/key_for_steward.csv");
    std::fs::write(
        bench.path("out/review/key_for_steward.csv"),
        key.replace("l2", "l1"),
    )
    .expect("written");
    refused(&read("two.csv"), 4, "KL-L-063");
    done(&bench.link("bare", &["left.csv", "right.csv"]));
    let output = bench.kinlink(
        &["link", "review", "read", "bare", "one.csv", "two.csv"],
        &[],
    );
    refused(&output, 2, "KL-L-065");
    let bands = ["link", "review", "sample", "bare", "--bands", "0.9,0.5"];
    refused(&bench.kinlink(&bands, &[]), 2, "KL-L-060");
}
