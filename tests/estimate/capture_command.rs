//! `kinlink estimate capture` as a process: what it prints, and what it says of wrong input.

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

fn fixture(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/estimate");
    folder.join(format!("{name}.csv"))
}

fn capture(table: &Path, more: &[&str]) -> Output {
    let mut command = Command::cargo_bin("kinlink").expect("binary");
    command.args(["estimate", "capture"]).arg(table).args(more);
    command.output().expect("run")
}

fn text(table: &Path, more: &[&str]) -> String {
    let out = capture(table, more);
    assert_eq!(
        out.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).expect("text")
}

fn json(table: &Path, more: &[&str]) -> Value {
    let more: Vec<&str> = more.iter().copied().chain(["--format", "json"]).collect();
    serde_json::from_str(&text(table, &more)).expect("json")
}

/// A table in a file, and what the command says of it: the exit code and the error.
fn refused(bytes: &[u8], more: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("table.csv");
    std::fs::write(&path, bytes).expect("written");
    let out = capture(&path, more);
    assert!(out.stdout.is_empty());
    let error = String::from_utf8(out.stderr).expect("text");
    let error = error.replace(&folder.path().display().to_string(), "FOLDER");
    (out.status.code().expect("code"), error)
}

/// A table that is good but for its form gives the same as the plain one.
fn same_as_plain(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("table.csv");
    std::fs::write(&path, bytes).expect("written");
    let plain = json(&fixture("hepatitis_a_taiwan"), &["--replicates", "0"]);
    let found = json(&path, &["--replicates", "0"]);
    assert_eq!(found["selected"]["n_hat"], plain["selected"]["n_hat"]);
    assert_eq!(found["models"], plain["models"]);
}

#[test]
fn three_lists_as_a_statistician_reads_them() {
    insta::assert_snapshot!("three_lists", text(&fixture("hepatitis_a_taiwan"), &[]));
}

#[test]
fn four_lists_as_a_statistician_reads_them() {
    let few = ["--replicates", "100"];
    insta::assert_snapshot!("four_lists", text(&fixture("diabetes_casale"), &few));
}

#[test]
fn a_sparse_table_and_two_lists() {
    let none = ["--replicates", "0"];
    insta::assert_snapshot!("sparse", text(&fixture("artificial_3"), &none));
    let two = ["--lists", "P,Q", "--replicates", "0"];
    insta::assert_snapshot!("two_lists", text(&fixture("hepatitis_a_taiwan"), &two));
}

#[test]
fn the_json_has_what_programs_read() {
    let found = json(&fixture("hiv_rome"), &["--replicates", "100"]);
    assert_eq!(found["n_observed"], 1896);
    assert_eq!(found["lists"], serde_json::json!(["c1", "c2", "c3", "c4"]));
    let models = found["models"].as_array().expect("models");
    assert_eq!(models.len(), 113);
    let first = &models[0];
    assert_eq!(first["model"], "c1 + c2 + c3 + c4 + c1:c2");
    assert!((first["n_hat"].as_f64().expect("n") / 12_318.467_676_785_5 - 1.0).abs() < 1e-6);
    assert_eq!(
        (&first["df"], &first["admissible"]),
        (&9.into(), &true.into())
    );
    for key in ["se_n", "deviance", "aic", "bic"] {
        assert!(first[key].is_f64(), "{key}");
    }
    let without = models.iter().filter(|m| m["admissible"] == false);
    let without: Vec<&Value> = without.collect();
    assert_eq!(without.len(), 2);
    assert!(
        without
            .iter()
            .all(|m| m["n_hat"].is_null() && m["reason"].is_string())
    );
    for key in ["wald", "lognormal", "profile", "bootstrap"] {
        assert!(found["intervals"][key]["lower"].is_f64(), "{key}");
    }
    assert_eq!(
        found["intervals"]["by_model"][0]["which"],
        serde_json::json!(["best AIC"])
    );
    assert!(found["selected"]["n_hat"].is_f64() && found["selected"]["why"].is_string());
    assert!(found["warnings"].is_array() && found["diagnostics"].is_object());
}

#[test]
fn other_columns_are_added_up() {
    let table = fixture("spina_bifida_ny_by_ethnicity");
    let found = json(
        &table,
        &["--lists", "birth,death,rehab", "--replicates", "0"],
    );
    assert_eq!(found["n_observed"], 621);
    assert!(
        found["notes"][0]
            .as_str()
            .expect("note")
            .contains("added up over 1 other column")
    );
    // Without --lists the column of words is no list.
    let bytes = std::fs::read(table).expect("file");
    let (code, error) = refused(&bytes, &[]);
    assert_eq!(code, 3);
    assert!(error.contains("KL-E-103") && error.contains("row 2") && error.contains("`ethnicity`"));
    assert!(!error.contains("caucasian"), "no value in a message");
}

#[test]
fn a_model_can_be_asked_for() {
    let table = fixture("hiv_rome");
    let asked = ["--model", "c4 + c3 + c2 + c1 + c2:c1", "--replicates", "0"];
    let found = json(&table, &asked);
    assert_eq!(found["selected"]["model"], "c1 + c2 + c3 + c4 + c1:c2");
    let profile = &found["intervals"]["profile"];
    assert!((profile["lower"].as_f64().expect("end") / 10_265.993_510_8 - 1.0).abs() < 1e-6);
    assert!((profile["upper"].as_f64().expect("end") / 14_992.332_940_2 - 1.0).abs() < 1e-6);
    for wrong in [
        "c1 + c2",
        "c1 + c2 + c3 + c4 + c1:c2:c3",
        "c1 + c2 + c3 + c4 + c9",
        "",
    ] {
        let out = capture(&table, &["--model", wrong]);
        assert_eq!(out.status.code(), Some(2), "{wrong}");
        assert!(String::from_utf8_lossy(&out.stderr).contains("KL-E-109"));
    }
}

#[test]
fn five_lists_with_terms_of_two_at_most() {
    let found = json(
        &fixture("new_orleans_5list"),
        &["--max-order", "2", "--replicates", "0"],
    );
    assert_eq!(found["models_fitted"]["admissible"], 1024);
    let models = found["models"].as_array().expect("models");
    let plain = models
        .iter()
        .find(|m| m["model"] == "A + BEFG + C + D + H")
        .expect("model");
    assert!((plain["n_hat"].as_f64().expect("n") / 1_034.151_065_231 - 1.0).abs() < 1e-6);
}

#[test]
fn the_form_of_the_file_does_not_matter() {
    let plain = std::fs::read_to_string(fixture("hepatitis_a_taiwan")).expect("table");
    same_as_plain(&[b"\xEF\xBB\xBF", plain.as_bytes()].concat());
    same_as_plain(plain.replace('\n', "\r\n").as_bytes());
    same_as_plain(plain.replace('"', "").replace(',', " , ").as_bytes());
    same_as_plain(plain.replace("count", "Count").as_bytes());
    let mut lines: Vec<&str> = plain.lines().collect();
    lines[1..].reverse();
    same_as_plain((lines.join("\n") + "\n\n").as_bytes());
}

#[test]
fn the_people_on_no_list_are_left_out_with_a_note() {
    let plain = std::fs::read_to_string(fixture("hepatitis_a_taiwan")).expect("table");
    same_as_plain(format!("{plain}0,0,0,1000\n").as_bytes());
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("t.csv");
    std::fs::write(&path, format!("{plain}0,0,0,1000\n")).expect("written");
    let found = json(&path, &["--replicates", "0"]);
    assert!(found["notes"][0].as_str().expect("note").contains("row 9"));
}

#[test]
fn what_is_no_table_is_refused_with_its_place() {
    let cases: [(&[u8], &str, i32, &str); 17] = [
        (b"", "KL-E-102", 3, "no column `count`"),
        (b"a,b\n1,1\n", "KL-E-102", 3, "no column `count`"),
        (b"a,a,count\n1,1,2\n", "KL-E-102", 3, "same name"),
        (b"a,b:c,count\n1,1,2\n", "KL-E-102", 3, "colon"),
        (b"a,count\n1,2\n", "KL-E-105", 3, "1 lists"),
        (
            b"a,b,c,d,e,f,g,count\n1,1,1,1,1,1,1,2\n",
            "KL-E-105",
            3,
            "7 lists",
        ),
        (b"a,b,count\n1,2,3\n", "KL-E-103", 3, "row 2, column `b`"),
        (b"a,b,count\n1,,3\n", "KL-E-103", 3, "row 2, column `b`"),
        (
            b"a,b,count\n1,1,-3\n",
            "KL-E-103",
            3,
            "row 2, column `count`",
        ),
        (
            b"a,b,count\n1,1,3\n1,0,2.5\n",
            "KL-E-103",
            3,
            "row 3, column `count`",
        ),
        (b"a,b,count\n1,1,\n", "KL-E-103", 3, "row 2, column `count`"),
        (b"a,b,count\n1,1,3\n1,0\n", "KL-E-103", 3, "row 3"),
        (b"a,b,count\n1,1,3\n1,0,4\n1,1,5\n", "KL-E-104", 3, "row 4"),
        (b"a,b,count\n1,0,3\n0,1,4\n", "KL-E-107", 3, "two lists"),
        (
            b"a,b,c,count\n1,1,0,3\n0,1,0,4\n",
            "KL-E-106",
            3,
            "column `c`",
        ),
        (
            b"a,b,count\n1,1,99999999999999999999999\n1,0,3\n0,1,2\n",
            "KL-E-108",
            3,
            "million million",
        ),
        (b"a,b,count\n1,1,\xFF\n", "KL-E-103", 3, "UTF-8"),
    ];
    for (bytes, code, exit, says) in cases {
        let (found, error) = refused(bytes, &[]);
        let of = String::from_utf8_lossy(bytes);
        assert_eq!(found, exit, "{of}: {error}");
        assert!(
            error.contains(code) && error.contains(says),
            "{of}: {error}"
        );
    }
    let (code, error) = refused(b"a,b,count\n1,1,2\n1,0,3\n0,1,2\n", &["--lists", "a,z"]);
    assert_eq!(code, 3);
    assert!(error.contains("KL-E-102") && error.contains("no such column"));
    let out = capture(Path::new("/nowhere/table.csv"), &[]);
    assert_eq!(out.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&out.stderr).contains("KL-E-101"));
    let few = capture(&fixture("hiv_rome"), &["--replicates", "7"]);
    assert_eq!(few.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&few.stderr).contains("KL-E-110"));
}

#[test]
fn counts_of_a_whole_country_are_taken() {
    let found = {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("t.csv");
        let table = "a,b,c,count\n1,1,1,200000000\n1,1,0,100000000\n1,0,1,90000000\n0,1,1,80000000\n\
                     1,0,0,300000000\n0,1,0,300000000\n0,0,1,300000000\n";
        std::fs::write(&path, table).expect("written");
        json(&path, &["--replicates", "100"])
    };
    let exact: f64 = 2e8 * 3e8 * 3e8 * 3e8 / (1e8 * 9e7 * 8e7);
    let models = found["models"].as_array().expect("models");
    let all = models
        .iter()
        .find(|m| m["model"] == "a + b + c + a:b + a:c + b:c")
        .expect("model");
    let n_hat = all["n_hat"].as_f64().expect("n");
    assert!((n_hat / (1.37e9 + exact) - 1.0).abs() < 1e-9, "{n_hat}");
}

#[test]
fn the_same_bytes_for_the_same_seed() {
    let more = ["--replicates", "200", "--seed", "5", "--format", "json"];
    let once = text(&fixture("korea_3list"), &more);
    assert_eq!(once, text(&fixture("korea_3list"), &more));
    let other = ["--replicates", "200", "--seed", "6", "--format", "json"];
    assert_ne!(once, text(&fixture("korea_3list"), &other));
}
