//! A Splink model is brought over, and weighs pairs as it does there.

use std::path::Path;

use super::bench::{Bench, done, mode, refused};
use kinlink::link::why::{PairName, why};
use kinlink::link::{model_file::ModelFile, out_files, spec::Spec, splink};
use serde_json::Value;

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/splink");
    path.join(name).display().to_string()
}

fn import(bench: &Bench, settings: &str, model: &str) -> Value {
    bench.json(&[
        "link",
        "import-splink",
        settings,
        "--spec",
        "spec.toml",
        "-o",
        model,
    ])
}

/// m and u of a level of a comparison.
fn shares(model: &ModelFile, comparison: &str, level: &str) -> (f64, f64) {
    let own = model
        .comparisons
        .iter()
        .find(|c| c.comparison.name == comparison);
    let level = own
        .expect("comparison")
        .levels
        .iter()
        .find(|l| l.level == level);
    level.map(|l| (l.m, l.u)).expect("level")
}

fn close((m, u): (f64, f64), expected: (f64, f64)) {
    assert!(
        (m - expected.0).abs() < 1e-9 && (u - expected.1).abs() < 1e-9,
        "{m} {u} {expected:?}"
    );
}

#[test]
fn levels_that_splink_wrote_become_levels_here() {
    let bench = Bench::new();
    let told = import(&bench, &fixture("splink5.json"), "model.json");
    assert_eq!(mode(&bench.path("model.json")), 0o600);
    let model: ModelFile =
        serde_json::from_slice(&std::fs::read(bench.path("model.json")).expect("model"))
            .expect("a model");
    // Exact is exact; 0.92 and 0.88 are both similar, and share with what is not told apart.
    close(shares(&model, "forename", "exact"), (0.80, 0.08));
    close(shares(&model, "forename", "similar"), (0.03, 0.01 / 3.0));
    close(shares(&model, "forename", "short form"), (0.03, 0.01 / 3.0));
    close(shares(&model, "forename", "alike"), (0.04, 0.06));
    close(shares(&model, "surname", "part"), (0.05, 0.005));
    close(shares(&model, "surname", "similar"), (0.05, 0.005));
    close(shares(&model, "date_of_birth", "exact"), (0.9, 0.0001));
    // A month and one edit apart are both two parts of three; within a year, the year.
    close(
        shares(&model, "date_of_birth", "two parts of three"),
        (0.06 / 3.0, 0.005 / 3.0),
    );
    close(shares(&model, "date_of_birth", "year"), (0.02 / 3.0, 0.01));
    close(shares(&model, "date_of_birth", "different"), (0.02, 0.9649));
    close(shares(&model, "postcode", "sector"), (0.03, 0.0005));
    close(shares(&model, "postcode", "area"), (0.12, 0.9));
    close(shares(&model, "sex", "different"), (0.02, 0.5));
    let (m, u) = shares(&model, "names", "swapped");
    assert_eq!(m, u);
    let rules: Vec<&str> = model
        .rules
        .iter()
        .map(|rule| rule.rule.name.as_str())
        .collect();
    assert_eq!(
        rules,
        [
            "forename+surname",
            "date_of_birth",
            "forename.initial+surname",
            "postcode",
            "surname.first4+date_of_birth.year",
        ]
    );
    assert_eq!(told["warnings"], serde_json::json!(model.warnings));
    insta::assert_snapshot!("warnings", model.warnings.join("\n"));
}

#[test]
fn an_imported_model_weighs_every_pair_as_splink_does() {
    let bench = Bench::new();
    import(&bench, &fixture("splink5.json"), "model.json");
    let args = [
        "left.csv",
        "right.csv",
        "--model",
        "model.json",
        "--keep",
        "0",
    ];
    done(&bench.link("out", &args));
    let out = bench.path("out");
    let model = out_files::read_model(&out).expect("model");
    let mut pairs = Vec::new();
    out_files::read_patterns(&out.join("pairs.parquet"), |pair| {
        pairs.push((
            pair.left.to_owned(),
            pair.right.to_owned(),
            pair.pattern,
            pair.weight,
        ));
    })
    .expect("pairs");
    assert!(pairs.len() > 300);
    let start = (0.0011_f64 / (1.0 - 0.0011)).log2();
    for (left, right, pattern, weight) in &pairs {
        // λ, and m/u of every level: whatever the rule.
        let mut sum = start;
        for (c, comparison) in model.comparisons.iter().enumerate() {
            if let Some(level) = usize::from(pattern.level(c)).checked_sub(1) {
                let level = &comparison.levels[level];
                sum += (level.m / level.u).log2();
            }
        }
        assert!(
            (sum - weight).abs() < 1e-6,
            "{left} {right}: {sum} {weight}"
        );
    }
    let (left, right, ..) = &pairs[0];
    let name = PairName {
        left: left.clone(),
        right: right.clone(),
    };
    assert!(why(&out, &[name]).is_ok());
    let found = bench.json(&["link", "evaluate", "out", "--entity-column", "who"]);
    assert!(
        found["pairs"]["precision"].as_f64() > Some(0.95),
        "{found:#}"
    );
    assert!(found["pairs"]["recall"].as_f64() > Some(0.75), "{found:#}");
}

#[test]
fn a_comparison_of_both_names_is_counted_out_to_each() {
    let bench = Bench::new();
    let spec = Spec::read(&bench.path("spec.toml")).expect("spec");
    let path = fixture("joint_names.json");
    let model = splink::import(Path::new(&path), &spec).expect("a model");
    // Crossed names are no part of either name's own comparison; what has no counterpart goes on to
    // the next level.
    close(
        shares(&model, "forename", "exact"),
        (0.7 / 0.95, 0.008 / 0.998),
    );
    close(
        shares(&model, "surname", "exact"),
        (0.78 / 0.95, 0.088 / 0.998),
    );
    close(shares(&model, "names", "swapped"), (0.05, 0.002));
    close(
        shares(&model, "forename", "different"),
        (0.15 / 0.95 / 4.0, 0.98 / 0.998 / 4.0),
    );
    // The year was not learnt: it weighs as different.
    let (m, u) = shares(&model, "date_of_birth", "year");
    close((m, u), shares(&model, "date_of_birth", "different"));
    let rules: Vec<&str> = model
        .rules
        .iter()
        .map(|rule| rule.rule.name.as_str())
        .collect();
    assert_eq!(
        rules,
        ["date_of_birth", "surname.soundex+date_of_birth.month"]
    );
    insta::assert_snapshot!("joint_warnings", model.warnings.join("\n"));
}

#[test]
fn what_is_no_settings_file_or_has_no_counterpart_is_refused() {
    let bench = Bench::new();
    let import = |settings: &str, model: &str| {
        bench.kinlink(
            &[
                "link",
                "import-splink",
                settings,
                "--spec",
                "spec.toml",
                "-o",
                model,
            ],
            &[],
        )
    };
    bench.write("text.json", "{\"comparisons\": 3}");
    refused(&import("text.json", "m1"), 3, "KL-L-070");
    let text = std::fs::read_to_string(fixture("splink5.json")).expect("text");
    bench.write("other.json", &text.replace("l.", "x."));
    refused(&import("other.json", "m2"), 3, "KL-L-071");
    let mut untrained: Value = serde_json::from_str(&text).expect("JSON");
    for comparison in untrained["comparisons"]
        .as_array_mut()
        .expect("comparisons")
    {
        for level in comparison["comparison_levels"]
            .as_array_mut()
            .expect("levels")
        {
            level
                .as_object_mut()
                .expect("level")
                .remove("m_probability");
        }
    }
    bench.write("untrained.json", &untrained.to_string());
    refused(&import("untrained.json", "m3"), 3, "KL-L-071");
    assert!(!bench.path("m1").exists() && !bench.path("m2").exists() && !bench.path("m3").exists());
    done(&import(&fixture("splink5.json"), "model.json"));
    refused(
        &import(&fixture("splink5.json"), "model.json"),
        9,
        "KL-L-003",
    );
}
