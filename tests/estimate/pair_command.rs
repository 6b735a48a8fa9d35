//! Promise: `kinlink estimate pair` gives the two-list estimate of a clerical sample as the formulas
//! have it, the same each time, and tells wrong strata with their place.

use assert_cmd::Command;
use tempfile::TempDir;

const STRATA: &str = "stratum,place,pairs,labelled,matches\n\
                      0.99 to 1,linked,900,100,99\n\
                      0.9 to 0.99,linked,100,50,45\n\
                      below 0.9,below,10000,400,2\n";

/// Runs the command on strata and gives its exit code, standard output and standard error.
fn pair(strata: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("strata.csv"), strata).expect("written");
    let output = Command::new(assert_cmd::cargo::cargo_bin!("kinlink"))
        .args([
            "estimate",
            "pair",
            "strata.csv",
            "--first",
            "2000",
            "--second",
            "1500",
        ])
        .args(more)
        .current_dir(folder.path())
        .output()
        .expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn json(strata: &str, more: &[&str]) -> serde_json::Value {
    let more = [&["--format", "json"], more].concat();
    let (code, out, err) = pair(strata, &more);
    assert_eq!(code, Some(0), "{err}");
    serde_json::from_str(&out).expect("JSON")
}

fn near(found: &serde_json::Value, wanted: f64, by: f64) {
    let found = found.as_f64().expect("a number");
    assert!((found - wanted).abs() < by, "{found}, not {wanted}");
}

#[test]
fn the_figures_are_those_of_the_formulas() {
    let report = json(STRATA, &[]);
    // 891 and 90 true links, 50 matches among the others.
    near(&report["precision"], 0.981, 1e-12);
    near(&report["recall"], 981.0 / 1031.0, 1e-12);
    near(&report["matches"], 1031.0, 1e-9);
    // By stratum N² (1 − n/N) p (1 − p) / (n − 1): 72.0, 9.18 and 1197.0.
    let variance: f64 = 72.0 + 10_000.0 * 0.5 * 0.09 / 49.0 + 1e8 * 0.96 * 0.005 * 0.995 / 399.0;
    near(&report["matches_standard_error"], variance.sqrt(), 1e-6);
    let population: f64 = 2001.0 * 1501.0 / 1032.0 - 1.0;
    near(&report["population"], population, 1e-9);
    near(&report["distinct"], 2469.0, 1e-9);
    near(
        &report["as_if_perfect"],
        2001.0 * 1501.0 / 1001.0 - 1.0,
        1e-9,
    );
    let lists: f64 = 2001.0 * 1501.0 * 969.0 * 469.0 / (1032.0_f64.powi(2) * 1033.0);
    let quality = population.powi(2) * variance / 1031.0_f64.powi(2);
    near(&report["standard_error"], (lists + quality).sqrt(), 1e-6);
    near(
        &report["shares"]["quality"],
        quality / (lists + quality),
        1e-9,
    );
    assert_eq!(report["shares"]["links"], 0.0);
    for interval in ["interval", "interval_by_draws"] {
        let end = |name: &str| report[interval][name].as_f64().expect("a number");
        assert!(end("lower") < population - 80.0 && population + 80.0 < end("upper"));
        assert!(end("lower") > 2469.0);
    }
    // Nothing was said of pairs outside the blocks.
    let warnings = report["warnings"].as_array().expect("a list");
    assert!(!warnings.is_empty());
    assert_eq!(report, json(STRATA, &[]));
}

#[test]
fn matches_outside_the_blocks_lower_the_recall() {
    let report = json(STRATA, &["--missed", "69", "--missed-error", "20"]);
    near(&report["recall"], 981.0 / 1100.0, 1e-12);
    near(&report["population"], 2001.0 * 1501.0 / 1101.0 - 1.0, 1e-9);
    let sampled = format!("{STRATA}outside,outside,5000,500,0\n");
    let other = json(&sampled, &[]);
    near(&other["recall"], 981.0 / 1031.0, 1e-12);
    let error = |r: &serde_json::Value| r["standard_error"].as_f64().expect("a number");
    assert!(error(&other) > error(&json(STRATA, &[])));
    let (code, _, err) = pair(&sampled, &["--missed", "69", "--missed-error", "20"]);
    assert!(code == Some(2) && err.contains("KL-E-215"), "{err}");
}

#[test]
fn people_read_it() {
    let (code, out, err) = pair(STRATA, &[]);
    assert_eq!(code, Some(0), "{err}");
    insta::assert_snapshot!(out);
}

#[test]
fn wrong_strata_are_told_with_their_place() {
    for (strata, code, word) in [
        ("stratum,pairs\n", "KL-E-213", "place"),
        (
            "stratum,place,pairs,labelled,matches\na,linkd,1,1,1\n",
            "KL-E-214",
            "place",
        ),
        (
            "stratum,place,pairs,labelled,matches\na,linked,9,x,1\n",
            "KL-E-214",
            "labelled",
        ),
        (
            "stratum,place,pairs,labelled,matches\na,linked,9,9,9\n",
            "KL-E-202",
            "threshold",
        ),
        (
            "stratum,place,pairs,labelled,matches\na,linked,9,9,10\nb,below,9,9,0\n",
            "KL-E-203",
            "matches",
        ),
        (
            "stratum,place,pairs,labelled,matches\na,linked,9,9,0\nb,below,9,9,0\n",
            "KL-E-204",
            "match",
        ),
        (
            "stratum,place,pairs,labelled,matches\na,linked,9000,9,9\nb,below,9,9,0\n",
            "KL-E-203",
            "links",
        ),
    ] {
        let (exit, out, err) = pair(strata, &[]);
        assert_ne!(exit, Some(0), "{strata}");
        assert!(err.contains(code) && err.contains(word), "{strata}\n{err}");
        assert_eq!(out, "");
    }
}
