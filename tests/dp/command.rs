//! The command line: `kinlink budget` and `kinlink protect table` with `[dp]`.

use std::path::Path;
use std::process::Stdio;

use arrow::array::{Array, Int64Array, StringArray};
use assert_cmd::Command;
use kinlink::columnar::TableReader;
use kinlink::protect::dp::Book;
use kinlink::protect::dp::accounting::Loss;

use super::world::rho;

const SPEC: &str = r#"dimensions = ["la", "age", "sex"]
tables = [["la", "sex"], ["la", "age"]]

[hierarchy]
la = "la_region.csv"

[dp]
rho = 0.1
unit = "child"
unit_id = "child"
release = "2025"
ledger = "budget"
key = "noise.key"

[dp.domain]
age = ["0-4", "5-9", "10-14", "15-17"]
sex = ["F", "M"]
"#;

fn kinlink(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("kinlink").expect("built");
    command.current_dir(folder);
    command
}

/// A folder with a key, a ledger of rho 0.25, a specification, and 600 children in 8 areas of
/// three regions.
fn world() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("folder");
    let mut above = String::from("child,parent\n");
    for la in 0..8 {
        above.push_str(&format!("E{la},R{}\n", [0, 0, 0, 1, 1, 1, 1, 2][la]));
    }
    std::fs::write(dir.path().join("la_region.csv"), above).expect("written");
    std::fs::write(dir.path().join("children.csv"), children(600)).expect("written");
    std::fs::write(dir.path().join("spec.toml"), SPEC).expect("written");
    let run = |args: &[&str]| {
        kinlink(dir.path()).args(args).assert().success();
    };
    run(&["key", "new", "noise.key", "--purpose", "rehearsal"]);
    run(&[
        "budget",
        "new",
        "budget",
        "--rho",
        "0.25",
        "--unit",
        "child",
        "--population",
        "children",
        "--period",
        "2025",
    ]);
    dir
}

fn children(n: usize) -> String {
    let ages = ["0-4", "5-9", "10-14", "15-17"];
    let mut text = String::from("child,la,age,sex\n");
    for i in 0..n {
        let la = (i * i / 7) % 8;
        let sex = if i % 3 == 0 { "F" } else { "M" };
        text.push_str(&format!("c{i},E{la},{},{sex}\n", ages[i * 5 % 4]));
    }
    text
}

fn release(folder: &Path, out: &str) -> assert_cmd::assert::Assert {
    let args = [
        "protect",
        "table",
        "children.csv",
        "--spec",
        "spec.toml",
        "-o",
        out,
    ];
    kinlink(folder).args(args).assert()
}

fn spent(folder: &Path) -> Loss {
    Book::look(&folder.join("budget")).expect("sound").spent()
}

fn bytes(folder: &Path, out: &str) -> Vec<Vec<u8>> {
    [
        "cells.parquet",
        "estimates.parquet",
        "summary.json",
        "restricted/contribution.json",
    ]
    .map(|name| std::fs::read(folder.join(out).join(name)).expect(name))
    .to_vec()
}

#[test]
fn a_release_gives_the_same_files_again_and_pays_once() {
    let dir = world();
    release(dir.path(), "one").success();
    assert_eq!(spent(dir.path()), rho("0.1"));
    release(dir.path(), "two").success();
    assert_eq!(spent(dir.path()), rho("0.1"));
    assert_eq!(bytes(dir.path(), "one"), bytes(dir.path(), "two"));
    // One child more: paid anew, other noise everywhere.
    std::fs::write(dir.path().join("children.csv"), children(601)).expect("written");
    release(dir.path(), "three").success();
    assert_eq!(spent(dir.path()), rho("0.2"));
    assert_ne!(bytes(dir.path(), "one")[1], bytes(dir.path(), "three")[1]);
    // A third does not fit the 0.25.
    std::fs::write(dir.path().join("children.csv"), children(602)).expect("written");
    let refused = release(dir.path(), "four").code(7);
    let message = String::from_utf8(refused.get_output().stderr.clone()).expect("text");
    assert!(
        message.contains("KL-N-001") && message.contains("1/20"),
        "{message}"
    );
    assert!(!dir.path().join("four").exists());
    assert_eq!(spent(dir.path()), rho("0.2"));
}

#[test]
fn the_files_are_tables_with_margins_intervals_and_marks() {
    let dir = world();
    release(dir.path(), "out").success();
    let reader = TableReader::open(&dir.path().join("out/cells.parquet"), None).expect("opens");
    let names: Vec<String> = reader
        .schema()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect();
    let wanted = [
        "la",
        "age",
        "sex",
        "value",
        "lower",
        "upper",
        "status",
        "reliability",
    ];
    assert_eq!(names, wanted);
    let mut rows = Vec::new();
    for batch in reader {
        let batch = batch.expect("batch");
        let text = |name: &str| {
            let column = batch.column_by_name(name).expect("column");
            column
                .as_any()
                .downcast_ref::<StringArray>()
                .expect("text")
                .clone()
        };
        let number = |name: &str| {
            let column = batch.column_by_name(name).expect("column");
            column
                .as_any()
                .downcast_ref::<Int64Array>()
                .expect("number")
                .clone()
        };
        let codes = ["la", "age", "sex"].map(text);
        let values = ["value", "lower", "upper"].map(number);
        for i in 0..batch.num_rows() {
            let key = codes.clone().map(|c| c.value(i).to_owned());
            rows.push((key, values.clone().map(|v| v.value(i))));
        }
    }
    // (1 + 3 + 8 places) × (total + 2 sexes + 4 ages).
    assert_eq!(rows.len(), 12 * 7);
    assert_eq!(rows[0].0, ["Total", "Total", "Total"]);
    let value = |la: &str, age: &str, sex: &str| {
        let found = rows.iter().find(|(k, _)| k == &[la, age, sex]);
        found.expect("a cell").1[0]
    };
    let total = value("Total", "Total", "Total");
    assert_eq!(
        total,
        value("Total", "Total", "F") + value("Total", "Total", "M")
    );
    let regions: i64 = ["R0", "R1", "R2"]
        .iter()
        .map(|r| value(r, "Total", "Total"))
        .sum();
    assert_eq!(total, regions);
    let areas: i64 = ["E0", "E1", "E2"]
        .iter()
        .map(|e| value(e, "5-9", "Total"))
        .sum();
    assert_eq!(value("R0", "5-9", "Total"), areas);
    assert!((total - 600).abs() < 60, "{total}");
    for (_, [value, lower, upper]) in &rows {
        assert!(0 <= *value && lower <= value && value <= upper);
    }
    // No true count but the number of rows that the bound left out, which is restricted.
    let text = std::fs::read_to_string(dir.path().join("out/restricted/contribution.json"));
    assert!(
        text.expect("file")
            .contains("\"rows_left_out_by_the_bound\": 0")
    );
}

#[test]
fn the_bound_of_a_unit_is_enforced() {
    let dir = world();
    let mut text = children(600);
    for _ in 0..50 {
        text.push_str("c7,E1,5-9,F\n");
    }
    std::fs::write(dir.path().join("children.csv"), text).expect("written");
    release(dir.path(), "out").success();
    let text = std::fs::read_to_string(dir.path().join("out/restricted/contribution.json"));
    assert!(
        text.expect("file")
            .contains("\"rows_left_out_by_the_bound\": 50")
    );
}

#[test]
fn plan_show_and_history_read_well() {
    let dir = world();
    let said = |args: &[&str]| {
        let done = kinlink(dir.path()).args(args).assert().success();
        String::from_utf8(done.get_output().stdout.clone()).expect("text")
    };
    insta::assert_snapshot!("budget_plan", said(&["budget", "plan", "spec.toml"]));
    assert_eq!(spent(dir.path()), rho("0"));
    release(dir.path(), "out").success();
    let shown = said(&["budget", "show", "budget"]);
    let (steady, head) = shown.trim_end().rsplit_once('\n').expect("lines");
    assert!(head.starts_with("head         sha256:"));
    insta::assert_snapshot!("budget_show", steady);
    let history = said(&["budget", "history", "budget"]);
    let words: Vec<&str> = history.split_whitespace().collect();
    assert_eq!(words[1..7], ["2025", "rho", "1/10,", "of", "one", "row"]);
    assert!(history.trim_end().ends_with("finished"));
    let json = said(&["budget", "show", "budget", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("json");
    assert_eq!(json["left"]["zcdp"], "3/20");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let dir = world();
    let refused = |what: &str, by: &str, code: i32, said: &str| {
        let spec = SPEC.replace(what, by);
        assert_ne!(spec, SPEC, "{what}");
        std::fs::write(dir.path().join("spec.toml"), spec).expect("written");
        let done = release(dir.path(), "wrong").code(code);
        let message = String::from_utf8(done.get_output().stderr.clone()).expect("text");
        assert!(message.contains(said), "{said}: {message}");
        assert!(!dir.path().join("wrong").exists());
    };
    refused(
        "[dp]\n",
        "[primary]\nmin_frequency = 5\n[dp]\n",
        2,
        "undoes",
    );
    refused("[dp]\n", "[rounding]\nbase = 5\n[dp]\n", 2, "undoes");
    refused("unit_id = \"child\"\n", "", 2, "who bounds the rows");
    refused(
        "rho = 0.1",
        "rho = 0.1\nepsilon = 1",
        2,
        "one of `rho` and `epsilon`",
    );
    refused("rho = 0.1", "rho = 0", 2, "not a number above 0");
    refused(
        "unit = \"child\"",
        "unit = \"chidl\"",
        2,
        "did you mean `child`",
    );
    refused("release =", "relaese =", 2, "did you mean `release`");
    refused("rho = 0.1", "epsilon = 1\ndelta = 2", 2, "between 0 and 1");
    refused("\"15-17\"]", "]", 3, "KL-N-006");
    refused("sex = [\"F\", \"M\"]", "", 2, "not stated");
    refused("unit = \"child\"", "unit = \"family\"", 2, "KL-N-005");
    refused("ledger = \"budget\"", "ledger = \"none\"", 2, "KL-N-004");
    refused("key = \"noise.key\"", "key = \"none.key\"", 6, "KL-K");
    assert_eq!(spent(dir.path()), rho("0"));
}

#[test]
fn no_message_holds_a_value_of_the_data() {
    let dir = world();
    let text = children(20) + "secret-child,SECRETPLACE,0-4,F\n,E1,5-9,F\n";
    std::fs::write(dir.path().join("children.csv"), text).expect("written");
    let done = release(dir.path(), "out").code(3);
    let message = String::from_utf8(done.get_output().stderr.clone()).expect("text");
    assert!(
        message.contains("row 22") && message.contains("row 23"),
        "{message}"
    );
    assert!(!message.to_lowercase().contains("secret"), "{message}");
}

#[test]
fn a_flipped_bit_and_a_lock_stop_a_release() {
    let dir = world();
    let book = Book::open(&dir.path().join("budget")).expect("opens");
    release(dir.path(), "out").code(11);
    drop(book);
    let path = dir.path().join("budget/ledger.jsonl");
    let sound = std::fs::read(&path).expect("ledger");
    let mut changed = sound.clone();
    changed[sound.len() / 2] ^= 1;
    std::fs::write(&path, changed).expect("written");
    release(dir.path(), "out").code(4);
    kinlink(dir.path())
        .args(["budget", "show", "budget"])
        .assert()
        .code(4);
    std::fs::write(&path, sound).expect("written");
    release(dir.path(), "out").success();
}

#[test]
fn a_kill_at_any_moment_spends_at_most_once_and_a_rerun_finishes() {
    let dir = world();
    std::fs::write(dir.path().join("children.csv"), children(4000)).expect("written");
    let program = assert_cmd::cargo::cargo_bin("kinlink");
    for round in 0..12_u64 {
        let mut child = std::process::Command::new(&program)
            .args([
                "protect",
                "table",
                "children.csv",
                "--spec",
                "spec.toml",
                "-o",
                "killed",
            ])
            .current_dir(dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        std::thread::sleep(std::time::Duration::from_millis(3 + 7 * round));
        let _ = child.kill();
        let _ = child.wait();
        let spent = spent(dir.path());
        assert!(spent == rho("0") || spent == rho("0.1"), "{spent}");
        if dir.path().join("killed").exists() {
            std::fs::remove_dir_all(dir.path().join("killed")).expect("removed");
        }
    }
    release(dir.path(), "out").success();
    release(dir.path(), "again").success();
    assert_eq!(spent(dir.path()), rho("0.1"));
    assert_eq!(bytes(dir.path(), "out"), bytes(dir.path(), "again"));
}

#[test]
fn pure_privacy_and_counts_of_others() {
    let dir = world();
    let spec = SPEC
        .replace("rho = 0.1", "epsilon = 0.5")
        .replace(
            "unit_id = \"child\"",
            "bounded = true\nunreliable = \"hide\"",
        )
        .replace("[hierarchy]", "count = \"n\"\n[hierarchy]");
    // `count` stands before the first section.
    let spec = spec
        .replacen("tables =", "count = \"n\"\ntables =", 1)
        .replacen("count = \"n\"\n[hierarchy]", "[hierarchy]", 1);
    std::fs::write(dir.path().join("spec.toml"), spec).expect("written");
    let counts = "la,age,sex,n\nE0,0-4,F,900\nE1,5-9,M,40\nE7,15-17,F,3\n";
    std::fs::write(dir.path().join("children.csv"), counts).expect("written");
    release(dir.path(), "out").success();
    // Under a ledger of rho, epsilon costs its square, half.
    assert_eq!(spent(dir.path()), rho("1/8"));
    let text = std::fs::read_to_string(dir.path().join("out/summary.json")).expect("summary");
    let summary: serde_json::Value = serde_json::from_str(&text).expect("json");
    assert_eq!(summary["loss"]["pure"], "1/2");
    assert_eq!(summary["bounded"], "elsewhere");
    assert_eq!(summary["delta"], "0");
    assert!(summary["hidden"].as_u64() == summary["low_reliability"].as_u64());
}
