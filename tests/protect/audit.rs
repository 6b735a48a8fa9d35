//! `kinlink protect audit`: known answers, and nothing missed that subtraction gives away.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::kinlink;

fn audit(dir: &Path, arguments: &[&str]) -> (Output, Value) {
    let output = kinlink()
        .current_dir(dir)
        .args(["protect", "audit"])
        .args(arguments)
        .args(["--spec", "spec.toml", "--format", "json"])
        .output()
        .expect("runs");
    let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output, json)
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("folder");
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).expect("written");
    }
    dir
}

fn ends(json: &Value, key: &str, code: &str) -> (f64, f64) {
    let cell = json["bounds"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|b| b["cell"][key] == code)
        .expect("the cell");
    let end = |name: &str| cell[name].as_f64().unwrap_or(f64::INFINITY);
    (end("lower"), end("upper"))
}

#[test]
fn tables_that_share_cells_are_read_as_one() {
    // sdcTools UserSupport issue 136: two tables that were protected one by one.
    let table = "region,value,status\nTotal,36,observed\ncounty-1,20,observed\ncounty-2,16,observed\n\
        small,30,observed\nBIG,6,observed\nA,,c\nB,,c\nI,8,observed\nJ,8,observed\nK,,c\nL,,c\nM,,c\nN,7,observed\n";
    let county = "child,parent\nA,county-1\nB,county-1\nI,county-1\nJ,county-1\nK,county-2\nL,county-2\nM,county-2\nN,county-2\n";
    let group =
        "child,parent\nA,small\nB,small\nI,small\nJ,small\nK,small\nL,BIG\nM,BIG\nN,small\n";
    let spec = "dimensions = [\"region\"]\n[hierarchy]\nregion = [\"county.csv\", \"group.csv\"]\n\
        [primary]\nmin_frequency = 4\n[secondary]\nwidth = 3\nattacker = \"outsider\"\n";
    let dir = folder(&[
        ("t.csv", table),
        ("county.csv", county),
        ("group.csv", group),
        ("spec.toml", spec),
    ]);
    let (output, json) = audit(dir.path(), &["t.csv"]);
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(json["exposed"], 1, "{json:#}");
    assert_eq!(ends(&json, "region", "K"), (3.0, 3.0));
    assert_eq!(ends(&json, "region", "A"), (0.0, 4.0));
    assert_eq!(ends(&json, "region", "L"), (0.0, 6.0));
    let exposed = json["bounds"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|b| b["exposed"] == "exact");
    let proof = &exposed.expect("one")["at_least"];
    // The certificate adds up to the bound.
    let published = |code: &str| -> f64 {
        let line = table
            .lines()
            .find(|l| l.starts_with(&format!("{code},")))
            .expect("a row");
        line.split(',')
            .nth(1)
            .and_then(|n| n.parse().ok())
            .unwrap_or(f64::NAN)
    };
    let sum: f64 = proof["published"]
        .as_array()
        .expect("terms")
        .iter()
        .map(|t| {
            t["times"].as_f64().expect("times")
                * published(t["cell"]["region"].as_str().expect("a code"))
        })
        .sum();
    assert!((sum - 3.0).abs() < 1e-6, "{proof:#}");
    // With N hidden too, nothing is left to find.
    let safe = table.replace("N,7,observed", "N,,c");
    std::fs::write(dir.path().join("t.csv"), safe).expect("written");
    let (output, json) = audit(dir.path(), &["t.csv"]);
    assert_eq!(
        (output.status.code(), ends(&json, "region", "K")),
        (Some(0), (0.0, 10.0))
    );
}

#[test]
fn who_knows_the_rule_learns_more() {
    let table = "a,n\nTotal,13\np,c\nq,c\nr,c\ns,10\n";
    let spec = |attacker: &str| {
        format!(
            "dimensions = [\"a\"]\ncount = \"n\"\n[secondary]\nwidth = 1\nattacker = \"{attacker}\"\n"
        )
    };
    let dir = folder(&[("t.csv", table), ("spec.toml", &spec("outsider"))]);
    let (output, json) = audit(dir.path(), &["t.csv"]);
    assert_eq!(
        (output.status.code(), ends(&json, "a", "p")),
        (Some(0), (0.0, 3.0))
    );
    std::fs::write(dir.path().join("spec.toml"), spec("rule-aware")).expect("written");
    let (output, json) = audit(dir.path(), &["t.csv"]);
    assert_eq!(
        (output.status.code(), ends(&json, "a", "p")),
        (Some(7), (1.0, 1.0))
    );
}

#[test]
fn areas_that_overlap_give_their_sliver_away() {
    // L1 = 12, L2 = 9; C1 = 11, C2 = 10; L2 and C1 do not meet.
    let hierarchy = (
        "child,parent\nL1C1,L1\nL1C2,L1\nL2C2,L2\n",
        "child,parent\nL1C1,C1\nL1C2,C2\nL2C2,C2\n",
    );
    let spec = "dimensions = [\"area\"]\ncount = \"n\"\n[hierarchy]\narea = [\"la.csv\", \"catchment.csv\"]\n\
        [secondary]\nattacker = \"outsider\"\n";
    let dir = folder(&[
        ("la.csv", hierarchy.0),
        ("catchment.csv", hierarchy.1),
        ("spec.toml", spec),
        ("new.csv", "area,n\nC1,11\nC2,10\n"),
        ("old.csv", "area,n\nL1,12\nL2,9\n"),
    ]);
    let (output, _) = audit(dir.path(), &["new.csv"]);
    assert_eq!(output.status.code(), Some(0));
    let (output, json) = audit(dir.path(), &["new.csv", "--known", "old.csv"]);
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(
        (&json["by_kind"]["implied"], ends(&json, "area", "L1C2")),
        (&1.into(), (1.0, 1.0))
    );
}

#[test]
fn an_earlier_release_that_showed_a_cell_gives_it_away() {
    let spec = "dimensions = [\"a\"]\ncount = \"n\"\n";
    let dir = folder(&[
        ("spec.toml", spec),
        ("new.csv", "a,n\nTotal,30\np,c\nq,c\nr,17\n"),
        ("old.csv", "a,n\np,3\n"),
    ]);
    let (output, json) = audit(dir.path(), &["new.csv", "--known", "old.csv"]);
    assert_eq!(
        (output.status.code(), &json["exposed"]),
        (Some(7), &2.into())
    );
    assert_eq!(ends(&json, "a", "q"), (10.0, 10.0));
}

#[test]
fn rounding_that_can_be_unpicked_is_found() {
    let spec = "dimensions = [\"a\"]\ncount = \"n\"\n[rounding]\nbase = 5\n[secondary]\nattacker = \"outsider\"\n";
    let dir = folder(&[
        ("spec.toml", spec),
        ("t.csv", "a,n\nTotal,10\np,5\nq,5\nr,5\ns,5\n"),
    ]);
    let (output, json) = audit(dir.path(), &["t.csv"]);
    assert_eq!(
        (output.status.code(), &json["by_kind"]["unpicked"]),
        (Some(7), &4.into())
    );
    assert_eq!(ends(&json, "a", "p"), (3.0, 3.0));
}

#[test]
fn contradictions_are_no_disclosure() {
    let dir = folder(&[
        ("spec.toml", "dimensions = [\"a\"]\ncount = \"n\"\n"),
        ("t.csv", "a,n\nTotal,10\np,5\nq,6\n"),
    ]);
    let (output, _) = audit(dir.path(), &["t.csv"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("KL-P-011"));
}

#[test]
fn the_report_is_readable() {
    let spec = "dimensions = [\"a\"]\ncount = \"n\"\n";
    let dir = folder(&[
        ("spec.toml", spec),
        ("t.csv", "a,n\nTotal,30\np,c\nq,10\nr,17\n"),
    ]);
    let output = kinlink()
        .current_dir(dir.path())
        .args(["protect", "audit", "t.csv", "--spec", "spec.toml"])
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let text: String = text
        .lines()
        .filter(|l| !l.starts_with("seconds"))
        .map(|l| format!("{l}\n"))
        .collect();
    insta::assert_snapshot!(
        "audit_report",
        text + &String::from_utf8_lossy(&output.stderr)
    );
}

/// What is published with small counts left out and nothing else loses cells to subtraction; what
/// `kinlink protect table` writes loses none. Optima are proven for these tables (counts of 1 to 5
/// hidden, zeros shown, attacker who knows that cells are at least 0, cost by value).
#[test]
fn a_reconstruction_finds_nothing_in_our_tables() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/disclosure");
    for (name, optimum) in [
        ("F00", 219.0),
        ("F05", 131.0),
        ("F06", 57.0),
        ("F10", 80.0),
        ("F14", 153.0),
        ("F15", 280.0),
    ] {
        let input = std::fs::read_to_string(root.join(format!("{name}.csv"))).expect("the fixture");
        let mut areas = String::from("child,parent\n");
        let mut seen = std::collections::BTreeSet::new();
        for line in input.lines().skip(1) {
            let mut parts = line.split(',');
            let (region, la) = (parts.next().expect("region"), parts.next().expect("la"));
            if seen.insert(la.to_owned()) {
                areas.push_str(&format!("{la},{region}\n"));
            }
        }
        let dimensions = if input.starts_with("region,la,age,sex") {
            "[\"la\", \"age\", \"sex\"]"
        } else {
            "[\"la\", \"age\"]"
        };
        let spec = format!(
            "dimensions = {dimensions}\ncount = \"n\"\n[hierarchy]\nla = \"la.csv\"\n[primary]\nmin_frequency = 6\n\
             [secondary]\nwidth = 1\nattacker = \"outsider\"\n"
        );
        let dir = folder(&[("in.csv", &input), ("la.csv", &areas), ("spec.toml", &spec)]);
        let output = kinlink()
            .current_dir(dir.path())
            .args([
                "protect",
                "table",
                "in.csv",
                "--spec",
                "spec.toml",
                "-o",
                "out",
                "--format",
                "json",
            ])
            .output()
            .expect("runs");
        assert!(output.status.success());
        let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(json["cost"].as_f64(), Some(optimum), "{name}");
        let (output, json) = audit(dir.path(), &["out/cells.parquet"]);
        assert_eq!(
            (output.status.code(), &json["exposed"]),
            (Some(0), &0.into()),
            "{name}"
        );
    }
}
