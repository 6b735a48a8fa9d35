//! Attackers with integer programs, with a cell of their own; demands on single cells.

use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use super::{Cells, folder_with, kinlink, read};

fn run(dir: &Path) -> (Option<i32>, Value, String) {
    let output = kinlink()
        .current_dir(dir)
        .args(["protect", "table", "in.csv", "--spec", "spec.toml"])
        .args(["-o", "out", "--format", "json"])
        .output()
        .expect("runs");
    let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), json, errors)
}

const ROWS: [&str; 2] = ["p", "q"];
const COLUMNS: [&str; 3] = ["x", "y", "z"];

/// All tables of 2 × 3 counts up to `most` that agree with what is shown, by plain counting; gives
/// the least and greatest value of each inner cell. `known` fixes inner cells.
fn possible(cells: &Cells, least: i64, most: i64, known: &[usize]) -> [(i64, i64); 6] {
    let cell = |a: &str, b: &str| &cells[&vec![a.to_owned(), b.to_owned()]];
    let inner: Vec<_> = ROWS
        .iter()
        .flat_map(|a| COLUMNS.iter().map(move |b| cell(a, b)))
        .collect();
    let fits = |value: Option<i64>, n: i64| value.map_or(n >= least, |v| v == n);
    let mut out = [(i64::MAX, i64::MIN); 6];
    let mut n = [0_i64; 6];
    let choices: Vec<Vec<i64>> = inner
        .iter()
        .enumerate()
        .map(|(i, c)| match c.value {
            Some(v) => vec![v],
            None if known.contains(&i) => vec![c.count],
            None => (least..=most).collect(),
        })
        .collect();
    let mut at = [0_usize; 6];
    loop {
        for ((value, list), k) in n.iter_mut().zip(&choices).zip(&at) {
            *value = list[*k];
        }
        let rows = (0..2).all(|r| {
            fits(
                cell(ROWS[r], "Total").value,
                n[3 * r] + n[3 * r + 1] + n[3 * r + 2],
            )
        });
        let columns = (0..3).all(|c| fits(cell("Total", COLUMNS[c]).value, n[c] + n[c + 3]));
        if rows && columns && fits(cell("Total", "Total").value, n.iter().sum()) {
            for (bounds, value) in out.iter_mut().zip(&n) {
                *bounds = (bounds.0.min(*value), bounds.1.max(*value));
            }
        }
        let Some(k) = (0..6).find(|k| at[*k] + 1 < choices[*k].len()) else {
            return out;
        };
        at[..k].fill(0);
        at[k] += 1;
    }
}

fn table(counts: &[u64]) -> String {
    let mut csv = String::from("a,b,n\n");
    for (i, n) in counts.iter().enumerate() {
        csv.push_str(&format!("{},{},{n}\n", ROWS[i / 3], COLUMNS[i % 3]));
    }
    csv
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    /// Whoever counts out all tables finds no small count closer than the width, and neither does
    /// the only person in a cell, nor two people in one cell or two, where that is asked for.
    #[test]
    fn counting_out_all_tables_finds_nothing(
        counts in proptest::collection::vec(prop_oneof![1 => 0_u64..3, 3 => 2_u64..9], 6),
        width in 1_u64..4,
        owners in 0_u64..3,
    ) {
        let attacker = ["rule-aware", "singleton", "group"][usize::try_from(owners).expect("few")];
        let spec = format!(
            "dimensions = [\"a\", \"b\"]\ncount = \"n\"\n[primary]\nmin_frequency = 3\n\
             [secondary]\nwidth = {width}\nattacker = \"{attacker}\"\n"
        );
        let dir = folder_with(&table(&counts), &spec, None);
        let (code, json, errors) = run(dir.path());
        if code == Some(7) {
            // A table this small cannot always be protected; then nothing is written.
            prop_assert!(errors.contains("KL-P-006"), "{errors}");
            prop_assert!(!dir.path().join("out/cells.parquet").exists());
            return Ok(());
        }
        prop_assert_eq!(code, Some(0));
        prop_assert!(json["seconds"].as_f64().is_some());
        let cells = read(&dir.path().join("out"), &["a", "b"]);
        let most = 8 + i64::try_from(width).expect("small");
        let small: Vec<usize> = (0..6).filter(|i| (1..3).contains(&counts[*i])).collect();
        // Every set of inner cells with so many people at most.
        let views = (0..64_usize)
            .map(|set| (0..6).filter(|i| (set >> i) & 1 == 1 && counts[*i] > 0).collect())
            .filter(|view: &Vec<usize>| view.iter().map(|i| counts[*i]).sum::<u64>() <= owners);
        for known in views {
            let bounds = possible(&cells, 1, most, &known);
            for i in small.iter().filter(|i| !known.contains(i)) {
                let (lower, upper) = bounds[*i];
                prop_assert!(
                    upper - lower >= i64::try_from(width).expect("small"),
                    "cell {i}: {lower} to {upper}, known {known:?}"
                );
            }
        }
    }
}

#[test]
fn what_an_owner_learns_is_told_and_prevented() {
    // The only person in (p, x) subtracts himself from the row and has (p, y).
    let csv = "a,b,n\np,x,1\np,y,2\np,z,30\nq,x,25\nq,y,26\nq,z,27\n";
    let spec = |attacker: &str| {
        format!(
            "dimensions = [\"a\", \"b\"]\ncount = \"n\"\n[primary]\nmin_frequency = 3\n\
             [secondary]\nwidth = 1\nattacker = \"{attacker}\"\n"
        )
    };
    let learn = |attacker: &str| {
        let dir = folder_with(csv, &spec(attacker), None);
        let (code, json, _) = run(dir.path());
        assert_eq!(code, Some(0));
        (
            json["singletons"].clone(),
            json["singletons_who_learn"].clone(),
        )
    };
    assert_eq!(learn("outsider"), (1.into(), 1.into()));
    assert_eq!(learn("singleton"), (1.into(), 0.into()));
}

#[test]
fn a_cell_that_must_be_shown_stays_or_blocks() {
    let csv = "a,b,n\np,x,40\np,y,3\nq,x,20\nq,y,17\n";
    let spec = |show: &str| {
        format!(
            "dimensions = [\"a\", \"b\"]\ncount = \"n\"\n[primary]\nmin_frequency = 6\n\
             [secondary]\nwidth = 3\nmust_show = [{show}]\n"
        )
    };
    let dir = folder_with(csv, &spec("{ a = \"q\", b = \"y\" }"), None);
    assert_eq!(run(dir.path()).0, Some(0));
    let cells = read(&dir.path().join("out"), &["a", "b"]);
    assert_eq!(cells[&vec!["q".to_owned(), "y".to_owned()]].value, Some(17));

    // The small count itself: nothing is published, and only the restricted folder names it.
    let dir = folder_with(csv, &spec("{ a = \"p\", b = \"y\" }"), None);
    let (code, _, errors) = run(dir.path());
    assert_eq!(code, Some(7));
    assert!(
        errors.contains("KL-P-006") && !errors.contains("\"p\""),
        "{errors}"
    );
    assert!(!dir.path().join("out/cells.parquet").exists());
    let blocked = std::fs::read_to_string(dir.path().join("out/restricted/blocked.json"));
    let blocked: Value = serde_json::from_str(&blocked.expect("there")).expect("JSON");
    assert_eq!(blocked[0]["codes"], serde_json::json!(["p", "y"]));
}

#[test]
fn a_class_that_everybody_in_a_row_shares_is_hidden() {
    // All of p are z: shown, the row would tell everybody's b.
    let csv = "a,b,n\np,x,0\np,y,0\np,z,30\nq,x,25\nq,y,26\nq,z,27\nr,x,31\nr,y,14\nr,z,12\n";
    let spec = "dimensions = [\"a\", \"b\"]\ncount = \"n\"\n[primary]\nmin_frequency = 3\n\
                class = [\"b\"]\n[secondary]\nwidth = 3\n";
    let dir = folder_with(csv, spec, None);
    assert_eq!(run(dir.path()).0, Some(0));
    let cells = read(&dir.path().join("out"), &["a", "b"]);
    for b in ["x", "y", "z"] {
        assert_eq!(cells[&vec!["p".to_owned(), b.to_owned()]].value, None);
    }
}

#[test]
fn amounts_that_one_contributor_dominates_are_hidden() {
    let csv = "a,b,n\np,x,80\np,x,15\np,x,5\np,y,40\np,y,35\np,y,30\nq,x,50\nq,x,45\nq,x,44\n\
               q,y,33\nq,y,32\nq,y,31\n";
    let spec = "dimensions = [\"a\", \"b\"]\ncount = \"n\"\n[primary]\nmin_frequency = 0\n\
                p_percent = 10\n[secondary]\nwidth = 10\n";
    let dir = folder_with(csv, spec, None);
    let (code, json, _) = run(dir.path());
    assert_eq!((code, &json["primary"]), (Some(0), &1.into()));
    let cells = read(&dir.path().join("out"), &["a", "b"]);
    assert_eq!(cells[&vec!["p".to_owned(), "x".to_owned()]].value, None);
}

#[test]
fn a_profile_tightens_what_is_asked_for() {
    let csv = "a,n\np,8\nq,30\nr,41\ns,50\n";
    let spec = "profile = [\"dfe-5\", \"srs-10\"]\ndimensions = [\"a\"]\ncount = \"n\"\n\
                [primary]\nmin_frequency = 3\n";
    let dir = folder_with(csv, spec, None);
    let (code, json, _) = run(dir.path());
    assert_eq!((code, &json["primary"]), (Some(0), &1.into()));
    assert_eq!(json["profiles"], serde_json::json!(["dfe-5", "srs-10"]));
    let dir = folder_with(csv, "profile = \"dfe5\"\ndimensions = [\"a\"]\n", None);
    let (code, _, errors) = run(dir.path());
    assert_eq!(code, Some(2));
    assert!(errors.contains("did you mean `dfe-5`?"), "{errors}");
}

/// Small counts left out and nothing else: subtraction gives many of them back. Our pattern of the
/// same table, beside it, gives none.
#[test]
fn a_naive_rule_loses_cells_to_subtraction() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/disclosure");
    let (mut hidden, mut lost) = (0, 0);
    for name in ["F00", "F10", "F14", "F15"] {
        let input = std::fs::read_to_string(root.join(format!("{name}.csv"))).expect("the fixture");
        let mut areas = std::collections::BTreeSet::new();
        for line in input.lines().skip(1) {
            let mut cells = line.split(',');
            let (region, la) = (cells.next().expect("region"), cells.next().expect("la"));
            areas.insert(format!("{la},{region}"));
        }
        let has_sex = input.starts_with("region,la,age,sex");
        let dimensions: &[&str] = if has_sex {
            &["la", "age", "sex"]
        } else {
            &["la", "age"]
        };
        let spec = format!(
            "dimensions = {dimensions:?}\ncount = \"n\"\n[hierarchy]\nla = \"h.csv\"\n[primary]\n\
             min_frequency = 6\n[secondary]\nwidth = 1\nattacker = \"outsider\"\nmethod = \"exact\"\n"
        );
        let parents: Vec<String> = areas.into_iter().collect();
        let parents = format!("child,parent\n{}\n", parents.join("\n"));
        let dir = folder_with(&input, &spec, Some(&parents));
        let (code, json, _) = run(dir.path());
        assert_eq!(
            (code, &json["proven_optimum"], &json["gap"]),
            (Some(0), &true.into(), &0.0.into())
        );
        let mut naive = format!("{},n\n", dimensions.join(","));
        for (key, cell) in read(&dir.path().join("out"), dimensions) {
            let small = (1..6).contains(&cell.count);
            hidden += usize::from(small);
            let value = if small {
                "c".to_owned()
            } else {
                cell.count.to_string()
            };
            naive.push_str(&format!("{},{value}\n", key.join(",")));
        }
        std::fs::write(dir.path().join("naive.csv"), naive).expect("written");
        let output = kinlink()
            .current_dir(dir.path())
            .args([
                "protect",
                "audit",
                "naive.csv",
                "--spec",
                "spec.toml",
                "--format",
                "json",
            ])
            .output()
            .expect("runs");
        assert_eq!(output.status.code(), Some(7), "{name}");
        let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        lost += found["by_kind"]["exact"].as_u64().expect("some");
    }
    assert!(
        lost * 4 >= u64::try_from(hidden).expect("few"),
        "{lost} of {hidden}"
    );
}
