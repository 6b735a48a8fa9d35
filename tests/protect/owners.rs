//! Owners of cells as attackers of published tables: `kinlink protect audit` with the attackers
//! `singleton` and `group`.

use std::path::Path;

use serde_json::{Value, json};

use super::{folder_with, kinlink};

fn run(dir: &Path, arguments: &[&str]) -> (Option<i32>, Value) {
    let output = kinlink()
        .current_dir(dir)
        .arg("protect")
        .args(arguments)
        .args(["--spec", "spec.toml", "--format", "json"])
        .output()
        .expect("runs");
    let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code(), json)
}

fn spec(width: u64, attacker: &str) -> String {
    format!(
        "dimensions = [\"a\", \"b\"]\ncount = \"n\"\n[primary]\nmin_frequency = 4\n\
         [secondary]\nwidth = {width}\n{attacker}\n"
    )
}

/// The exposed cells: codes, bounds, and the owners with their counts.
fn exposed(json: &Value) -> Vec<Value> {
    let bounds = json["bounds"].as_array().expect("a list").iter();
    bounds
        .filter(|b| b["exposed"] == "owner")
        .map(|b| {
            let owners = b["owners"].as_array().expect("owners").iter();
            let owners: Vec<Value> = owners
                .map(|o| json!([o["cell"]["a"], o["cell"]["b"], o["count"]]))
                .collect();
            json!([
                b["cell"]["a"],
                b["cell"]["b"],
                b["lower"],
                b["upper"],
                owners
            ])
        })
        .collect()
}

/// x and y of p add up to 3: who is alone in x has y.
const TWO: &str = "a,b,n,suppressed\nTotal,Total,111,false\nTotal,x,26,false\nTotal,y,28,false\n\
                   Total,z,57,false\np,Total,33,false\np,x,1,true\np,y,2,true\np,z,30,false\n\
                   q,Total,78,false\nq,x,25,true\nq,y,26,true\nq,z,27,false\n";

#[test]
fn who_is_alone_in_a_cell_has_its_neighbour() {
    let dir = folder_with("", &spec(1, "attacker = \"rule-aware\""), None);
    std::fs::write(dir.path().join("t.csv"), TWO).expect("written");
    let (code, json) = run(dir.path(), &["audit", "t.csv"]);
    assert_eq!((code, &json["owners"]), (Some(0), &Value::Null));

    let alone = spec(1, "attacker = \"singleton\"");
    std::fs::write(dir.path().join("spec.toml"), alone).expect("written");
    let (code, json) = run(dir.path(), &["audit", "t.csv"]);
    assert_eq!(code, Some(7), "{json:#}");
    let owners = json!({ "people": 1, "groups": 1, "counts": "known", "several_cells": true });
    assert_eq!(json["owners"], owners);
    assert_eq!(
        exposed(&json),
        [json!(["p", "y", 2.0, 2.0, [["p", "x", 1]]])]
    );
    // Their own cell is a term of the proof.
    let found = json["bounds"].as_array().expect("a list").iter();
    let proof = found
        .filter(|b| b["exposed"] == "owner")
        .map(|b| b["at_least"]["published"].as_array().expect("terms"))
        .next()
        .expect("one");
    let own = proof
        .iter()
        .any(|t| t["cell"] == json!({ "a": "p", "b": "x" }));
    assert!(own, "{proof:#?}");
}

#[test]
fn published_tables_alone_do_not_tell_who_is_alone() {
    // The counts are gone: either of the two cells may have one person, who then has the other's.
    let shown: String = TWO
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let n = if cells[3] == "true" { "c" } else { cells[2] };
            format!("{},{},{n}\n", cells[0], cells[1])
        })
        .collect();
    let dir = folder_with("", &spec(1, "attacker = \"singleton\""), None);
    std::fs::write(dir.path().join("t.csv"), shown).expect("written");
    let (code, json) = run(dir.path(), &["audit", "t.csv"]);
    assert_eq!(code, Some(7), "{json:#}");
    assert_eq!(json["owners"]["counts"], "assumed");
    let found = exposed(&json);
    assert!(
        found.contains(&json!(["p", "y", 2.0, 2.0, [["p", "x", 1]]])),
        "{found:?}"
    );
    assert!(
        found.contains(&json!(["p", "x", 2.0, 2.0, [["p", "y", 1]]])),
        "{found:?}"
    );
}

/// x, y and z of p add up to 5: who is alone in x or in y leaves three numbers for z.
const THREE: &str = "a,b,n,suppressed\nTotal,Total,212,false\nTotal,w,81,false\n\
                     Total,x,41,false\nTotal,y,43,false\nTotal,z,47,false\np,Total,45,false\n\
                     p,w,40,false\np,x,1,true\np,y,1,true\np,z,3,true\nq,Total,167,false\n\
                     q,w,41,false\nq,x,40,true\nq,y,42,true\nq,z,44,true\n";

#[test]
fn two_people_in_two_cells_know_more_than_each() {
    let audit = |attacker: &str| {
        let dir = folder_with("", &spec(1, attacker), None);
        std::fs::write(dir.path().join("t.csv"), THREE).expect("written");
        run(dir.path(), &["audit", "t.csv"])
    };
    let (code, json) = audit("attacker = \"singleton\"");
    assert_eq!(code, Some(0), "{json:#}");
    let (code, json) = audit("attacker = \"group\"\ngroup = 2");
    assert_eq!(code, Some(7), "{json:#}");
    let owners = json!([["p", "x", 1], ["p", "y", 1]]);
    assert_eq!(exposed(&json), [json!(["p", "z", 3.0, 3.0, owners])]);
}

/// What is protected against owners passes the audit with the same attacker, from the restricted
/// table with its counts; what is not does not.
#[test]
fn the_audit_agrees_with_the_protection() {
    let input = "a,b,n\np,w,40\np,x,1\np,y,1\np,z,3\nq,w,41\nq,x,40\nq,y,42\nq,z,44\n\
                 r,w,17\nr,x,9\nr,y,23\nr,z,31\n";
    let protect = |made_for: &str, attacker: &str| {
        let dir = folder_with(input, &spec(1, made_for), None);
        let (code, json) = run(dir.path(), &["table", "in.csv", "-o", "out"]);
        assert_eq!(code, Some(0), "{json:#}");
        std::fs::write(dir.path().join("spec.toml"), spec(1, attacker)).expect("written");
        let (code, audit) = run(dir.path(), &["audit", "out/restricted/cells.parquet"]);
        (json["groups"].clone(), code, audit)
    };
    let (group, alone) = (
        "attacker = \"group\"\ngroup = 2",
        "attacker = \"singleton\"",
    );
    let (groups, code, audit) = protect("attacker = \"rule-aware\"", group);
    assert_eq!((groups, code), (Value::Null, Some(7)), "{audit:#}");
    let (groups, code, audit) = protect(group, group);
    assert_eq!((groups, code), (json!("every group"), Some(0)), "{audit:#}");
    assert_eq!(audit["owners"]["counts"], "known");
    let (_, code, audit) = protect(alone, alone);
    assert_eq!(code, Some(0), "{audit:#}");
}

#[test]
fn too_many_owners_are_refused_and_not_passed_over() {
    // 2,300 hidden cells any of which may have one person.
    let mut csv = String::from("a,n\nTotal,9000\n");
    for i in 0..2_300 {
        csv.push_str(&format!("c{i:04},c\n"));
    }
    let spec =
        "dimensions = [\"a\"]\ncount = \"n\"\n[secondary]\nwidth = 1\nattacker = \"singleton\"\n";
    let dir = folder_with("", spec, None);
    std::fs::write(dir.path().join("t.csv"), csv).expect("written");
    let output = kinlink()
        .current_dir(dir.path())
        .args(["protect", "audit", "t.csv", "--spec", "spec.toml"])
        .output()
        .expect("runs");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(9), "{errors}");
    assert!(errors.contains("KL-P-014"), "{errors}");
}
