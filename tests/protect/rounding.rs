//! Rounding and cell keys: known answers of published packages, and what an attacker is left with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{folder_with, kinlink, read};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/disclosure")
        .join(name)
}

fn csv(name: &str) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(fixture(name)).expect("the fixture");
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    lines
        .map(|line| {
            let cells = line.split(',').map(str::to_owned);
            header.iter().map(|h| (*h).to_owned()).zip(cells).collect()
        })
        .collect()
}

fn run(dir: &Path) -> (Option<i32>, Value) {
    let output = kinlink()
        .current_dir(dir)
        .args(["protect", "table", "in.csv", "--spec", "spec.toml"])
        .args(["-o", "out", "--format", "json"])
        .output()
        .expect("runs");
    let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code(), json)
}

/// The linked table z2 with two groupings of its regions.
fn z2(rounding: &str) -> tempfile::TempDir {
    let input = std::fs::read_to_string(fixture("rounding/z2.csv")).expect("the fixture");
    let spec = format!(
        "dimensions = [\"region\", \"hovedint\"]\ncount = \"ant\"\n[hierarchy]\n\
         region = [\"a.csv\", \"b.csv\"]\n[rounding]\n{rounding}\n"
    );
    let dir = folder_with(&input, &spec, None);
    for (file, column) in [("a.csv", 1), ("b.csv", 2)] {
        let mut text = String::from("child,parent\n");
        for line in input.lines().skip(1).take(11) {
            let cells: Vec<&str> = line.split(',').collect();
            text.push_str(&format!("{},{}\n", cells[0], cells[column]));
        }
        std::fs::write(dir.path().join(file), text).expect("written");
    }
    dir
}

#[test]
fn small_counts_are_rounded_where_the_peer_rounds_and_margins_are_as_close() {
    for (base, squares) in [(3_i64, 40), (5, 112)] {
        let dir = z2(&format!("base = {base}\nmethod = \"small-count\""));
        let (code, json) = run(dir.path());
        assert_eq!((code, &json["method"]), (Some(0), &"small-count".into()));
        let cells = read(&dir.path().join("out"), &["region", "hovedint"]);
        let key =
            |row: &BTreeMap<String, String>| vec![row["region"].clone(), row["hovedint"].clone()];
        for row in csv(&format!("rounding/out_z2_b{base}_inner.csv")) {
            let cell = &cells[&key(&row)];
            assert_eq!(cell.count.to_string(), row["original"]);
            let value = cell.value.expect("shown");
            if (1..base).contains(&cell.count) {
                assert!(value == 0 || value == base);
            } else {
                assert_eq!(value.to_string(), row["rounded"]);
            }
        }
        // Over the published cells, the sum of squared deviations is no more than the peer's.
        let ours: i64 = csv(&format!("rounding/out_z2_b{base}_publish.csv"))
            .iter()
            .map(|row| {
                let cell = &cells[&key(row)];
                (cell.value.expect("shown") - cell.count).pow(2)
            })
            .sum();
        assert!(
            ours <= squares,
            "base {base}: {ours}, the peer has {squares}"
        );
    }
}

#[test]
fn controlled_rounding_adds_up() {
    let dir = z2("base = 5\nmethod = \"controlled\"");
    let (code, json) = run(dir.path());
    assert_eq!(code, Some(0));
    assert!(json["largest_deviation"].as_u64().is_some_and(|d| d < 5));
    let cells = read(&dir.path().join("out"), &["region", "hovedint"]);
    assert!(cells.values().all(|c| c.value.is_some_and(|v| v % 5 == 0)));
    let at = |region: &str, what: &str| {
        cells[&vec![region.to_owned(), what.to_owned()]]
            .value
            .expect("shown")
    };
    for what in ["annet", "arbeid", "soshjelp", "trygd", "Total"] {
        let parts = |codes: &[&str]| codes.iter().map(|c| at(c, what)).sum::<i64>();
        assert_eq!(at("Total", what), parts(&["300", "400"]));
        assert_eq!(at("Total", what), parts(&["1", "4", "5", "6", "8", "10"]));
        assert_eq!(at("400", what), parts(&["I", "J", "K"]));
    }
}

#[test]
fn rounding_by_chance_repeats_with_its_seed() {
    let values = |seed: &str| {
        let dir = z2(&format!("base = 5\nmethod = \"random\"\nseed = \"{seed}\""));
        assert_eq!(run(dir.path()).0, Some(0));
        let cells = read(&dir.path().join("out"), &["region", "hovedint"]);
        for cell in cells.values() {
            let value = cell.value.expect("shown");
            assert!(value % 5 == 0 && (value - cell.count).abs() < 5);
        }
        cells.values().map(|c| c.value).collect::<Vec<_>>()
    };
    assert_eq!(values("one"), values("one"));
    assert_ne!(values("one"), values("two"));
}

#[test]
fn rounding_that_can_be_undone_is_not_written() {
    // Four threes become four fives with a total of 10: only one table has these numbers.
    let dir = folder_with(
        "a,n\np,3\nq,3\nr,3\ns,3\n",
        "dimensions = [\"a\"]\ncount = \"n\"\n[rounding]\nbase = 5\n",
        None,
    );
    assert_eq!(run(dir.path()).0, Some(7));
    assert!(!dir.path().join("out/cells.parquet").exists());
}

#[test]
fn cell_keys_give_the_numbers_of_published_packages() {
    let records = std::fs::read_to_string(fixture("cell_key/records.csv")).expect("the fixture");
    let spec =
        "dimensions = [\"sex\", \"age\"]\n[cell_key]\ncolumn = \"rkey\"\nD = 5\nV = 3\njs = 2\n";
    let dir = folder_with(&records, spec, None);
    let (code, json) = run(dir.path());
    assert_eq!((code, &json["method"]), (Some(0), &"cell-key".into()));
    let cells = read(&dir.path().join("out"), &["sex", "age"]);
    let known = csv("cell_key/cellkey_D5V3js2.csv");
    assert_eq!(known.len(), cells.len());
    for row in known {
        let cell = &cells[&vec![row["sex"].clone(), row["age"].clone()]];
        assert_eq!(cell.count.to_string(), row["count"]);
        assert_eq!(cell.value.expect("shown").to_string(), row["perturbed"]);
    }

    let records =
        std::fs::read_to_string(fixture("cell_key/ons_records.csv")).expect("the fixture");
    let spec = "dimensions = [\"var1\", \"var5\", \"var8\"]\n[cell_key]\ncolumn = \"record_key\"\n\
                modulus = 256\ntable = \"ptable.csv\"\n";
    let dir = folder_with(&records, spec, None);
    std::fs::copy(
        fixture("cell_key/ons_ptable_to_40.csv"),
        dir.path().join("ptable.csv"),
    )
    .expect("copied");
    assert_eq!(run(dir.path()).0, Some(0));
    let cells = read(&dir.path().join("out"), &["var1", "var5", "var8"]);
    let mut compared = 0;
    for row in csv("cell_key/ons_c256.csv") {
        if row["count"].parse::<i64>().is_ok_and(|n| n > 0) {
            let cell = &cells[&vec![
                row["var1"].clone(),
                row["var5"].clone(),
                row["var8"].clone(),
            ]];
            assert_eq!(cell.count.to_string(), row["count"]);
            assert_eq!(cell.value.expect("shown").to_string(), row["perturbed"]);
            compared += 1;
        }
    }
    assert!(compared > 50);
}
