//! Protection holds against an attacker who has the published cells and a linear program; and the
//! stage and the command write what they promise.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "protect/attackers.rs"]
mod attackers;
#[path = "protect/audit.rs"]
mod audit;
#[path = "protect/explained.rs"]
mod explained;
#[path = "protect/owners.rs"]
mod owners;
#[path = "protect/rounding.rs"]
mod rounding;
mod stage_cells;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::{Array, Float64Array, Int64Array, StringArray};
use assert_cmd::Command;
use kinlink::columnar::TableReader;
use kinlink::protect::{self, Rounding, load, protect_table, read_spec};
use kinlink::schema::published::{self, Concept, Status};
use microlp::{ComparisonOp, OptimizationDirection, Problem};
use proptest::prelude::*;
use stage_cells::{Run, write_cells};

/// A cell of `cells.parquet` with what `restricted/` knows of it.
#[derive(Debug, Clone)]
struct Cell {
    value: Option<i64>,
    count: i64,
    state: String,
    lower: Option<f64>,
    upper: Option<f64>,
}

type Cells = BTreeMap<Vec<String>, Cell>;

fn read(out: &Path, dimensions: &[&str]) -> Cells {
    let mut cells = Cells::new();
    let open = |name: &str| TableReader::open(&out.join(name), None).expect("opens");
    let keys = |batch: &arrow::array::RecordBatch, i: usize| -> Vec<String> {
        dimensions
            .iter()
            .map(|d| {
                let column = batch.column_by_name(d).expect("dimension");
                let text = column.as_any().downcast_ref::<StringArray>().expect("text");
                text.value(i).to_owned()
            })
            .collect()
    };
    for batch in open("restricted/cells.parquet") {
        let batch = batch.expect("batch");
        let ints = batch
            .column_by_name("count")
            .expect("count")
            .as_any()
            .downcast_ref::<Int64Array>()
            .expect("int")
            .clone();
        let states = batch
            .column_by_name("state")
            .expect("state")
            .as_any()
            .downcast_ref::<StringArray>()
            .expect("text")
            .clone();
        let end = |name: &str, i: usize| {
            let a = batch
                .column_by_name(name)
                .expect("bound")
                .as_any()
                .downcast_ref::<Float64Array>()
                .expect("real")
                .clone();
            (!a.is_null(i)).then(|| a.value(i))
        };
        for i in 0..batch.num_rows() {
            let cell = Cell {
                value: None,
                count: ints.value(i),
                state: states.value(i).to_owned(),
                lower: end("lower", i),
                upper: end("upper", i),
            };
            cells.insert(keys(&batch, i), cell);
        }
    }
    for batch in open("cells.parquet") {
        let batch = batch.expect("batch");
        let values = batch
            .column_by_name("value")
            .expect("value")
            .as_any()
            .downcast_ref::<Int64Array>()
            .expect("int")
            .clone();
        for i in 0..batch.num_rows() {
            let cell = cells.get_mut(&keys(&batch, i)).expect("the same cells");
            cell.value = (!values.is_null(i)).then(|| values.value(i));
        }
    }
    cells
}

/// The attacker: bounds of a hidden cell from the published values and the hierarchy alone.
/// Written without the program's own relations: every margin is the sum of the inner cells below.
fn attack(
    cells: &Cells,
    below: &dyn Fn(&str, &str) -> bool,
    leaf: &dyn Fn(&str) -> bool,
    target: &[String],
    least: f64,
) -> (f64, f64) {
    let mut ends = [0.0, 0.0];
    for (end, direction) in ends.iter_mut().zip([
        OptimizationDirection::Minimize,
        OptimizationDirection::Maximize,
    ]) {
        let mut problem = Problem::new(direction);
        let inner: Vec<(&Vec<String>, microlp::Variable)> = cells
            .iter()
            .filter(|(k, _)| k.iter().all(|c| leaf(c)))
            .map(|(k, c)| {
                let weight = if k.iter().zip(target).all(|(a, b)| below(a, b)) {
                    1.0
                } else {
                    0.0
                };
                let range = match c.value {
                    Some(v) => (v as f64, v as f64),
                    None => (least, 1e6),
                };
                (k, problem.add_var(weight, range))
            })
            .collect();
        for (key, cell) in cells.iter().filter(|(k, _)| !k.iter().all(|c| leaf(c))) {
            let terms: Vec<_> = inner
                .iter()
                .filter(|(k, _)| k.iter().zip(key).all(|(a, b)| below(a, b)))
                .map(|(_, v)| (*v, 1.0))
                .collect();
            match cell.value {
                Some(v) => problem.add_constraint(&terms, ComparisonOp::Eq, v as f64),
                None => problem.add_constraint(&terms, ComparisonOp::Ge, least),
            };
        }
        *end = problem
            .solve()
            .expect("solvable")
            .into_solution()
            .expect("optimal")
            .objective();
    }
    (ends[0], ends[1])
}

fn in_group(code: &str, above: &str) -> bool {
    // Codes of the first dimension are `g1a`: `g1` is the group.
    above == "Total"
        || code == above
        || (above.len() == 2 && code.len() == 3 && code.starts_with(above))
}

fn is_leaf(code: &str) -> bool {
    code != "Total" && !(code.len() == 2 && code.starts_with('g'))
}

fn folder_with(csv: &str, spec: &str, hierarchy: Option<&str>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("folder");
    std::fs::write(dir.path().join("in.csv"), csv).expect("written");
    std::fs::write(dir.path().join("spec.toml"), spec).expect("written");
    if let Some(text) = hierarchy {
        std::fs::write(dir.path().join("h.csv"), text).expect("written");
    }
    dir
}

fn run_in(dir: &Path) -> protect::TableSummary {
    let spec_path = dir.join("spec.toml");
    let spec = read_spec(&spec_path).expect("a specification");
    protect_table(&dir.join("in.csv"), &spec, &spec_path, &dir.join("out")).expect("protects")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn nobody_finds_a_hidden_cell(
        counts in proptest::collection::vec(prop_oneof![3 => 0_u64..9, 2 => 0_u64..60], 4 * 3 * 2),
        three in any::<bool>(),
        rule_aware in any::<bool>(),
        width in prop_oneof![Just(1_u64), Just(3)],
    ) {
        let dimensions: &[&str] = if three { &["a", "b", "c"] } else { &["a", "b"] };
        let mut csv = format!("{},n\n", dimensions.join(","));
        let mut at = counts.iter();
        for a in ["g1a", "g1b", "g2a", "g2b"] {
            for b in ["x", "y", "z"] {
                for c in ["p", "q"].iter().take(if three { 2 } else { 1 }) {
                    let n = at.next().expect("enough");
                    let tail = if three { format!(",{c}") } else { String::new() };
                    csv.push_str(&format!("{a},{b}{tail},{n}\n"));
                }
            }
        }
        let attacker = if rule_aware { "rule-aware" } else { "outsider" };
        let spec = format!(
            "dimensions = {dimensions:?}\ncount = \"n\"\n[hierarchy]\na = \"h.csv\"\n[primary]\nmin_frequency = 6\n\
             [secondary]\nwidth = {width}\nattacker = \"{attacker}\"\n"
        );
        let dir = folder_with(&csv, &spec, Some("child,parent\ng1a,g1\ng1b,g1\ng2a,g2\ng2b,g2\n"));
        run_in(dir.path());
        let cells = read(&dir.path().join("out"), dimensions);
        let least = if rule_aware { 1.0 } else { 0.0 };
        for (key, cell) in &cells {
            // Margins are those of the inner cells.
            let sum: i64 = cells.iter()
                .filter(|(k, _)| k.iter().all(|c| is_leaf(c)) && k.iter().zip(key).all(|(a, b)| in_group(a, b)))
                .map(|(_, c)| c.count)
                .sum();
            prop_assert_eq!(sum, cell.count);
            prop_assert_eq!(cell.value.is_none(), cell.state != "observed");
            prop_assert_eq!((1..6).contains(&cell.count), cell.state == "primary");
            if cell.value.is_none() {
                let (lo, hi) = attack(&cells, &in_group, &is_leaf, key, least);
                let enough = if cell.state == "primary" { width as f64 } else { 1e-4 };
                prop_assert!(hi - lo >= enough - 1e-4, "{:?}: {lo} to {hi}", key);
            }
        }
    }
}

#[test]
fn the_bounds_written_are_those_of_the_handbook() {
    // tau-ARGUS manual 2.15: x11 + x12 = 7, x21 + x22 = 3, x11 + x21 = 6, x12 + x22 = 4.
    let csv = "a,b,n\np,x,4\np,y,3\nq,x,2\nq,y,1\n";
    let spec = "dimensions = [\"a\", \"b\"]\ncount = \"n\"\n[primary]\nmin_frequency = 3\n\
                [secondary]\nwidth = 1\nattacker = \"outsider\"\n";
    let dir = folder_with(csv, spec, None);
    run_in(dir.path());
    let cells = read(&dir.path().join("out"), &["a", "b"]);
    let ends = |a: &str, b: &str| {
        let c = &cells[&vec![a.to_owned(), b.to_owned()]];
        (c.lower.map(f64::round), c.upper.map(f64::round))
    };
    assert_eq!(ends("p", "x"), (Some(3.0), Some(6.0)));
    assert_eq!(ends("p", "y"), (Some(1.0), Some(4.0)));
    assert_eq!(ends("q", "x"), (Some(0.0), Some(3.0)));
    assert_eq!(ends("q", "y"), (Some(0.0), Some(3.0)));
}

#[test]
fn tables_that_share_cells_are_protected_as_one() {
    // sdcTools UserSupport issue 136: county and group over the same regions. Protecting the two
    // tables one by one leaves K at exactly 3.
    let csv = "region,n\nA,2\nB,2\nI,8\nJ,8\nK,3\nL,3\nM,3\nN,7\n";
    let spec = "dimensions = [\"region\"]\ncount = \"n\"\n[hierarchy]\nregion = [\"county.csv\", \"group.csv\"]\n\
                [primary]\nmin_frequency = 4\n[secondary]\nwidth = 3\nattacker = \"outsider\"\n";
    let dir = folder_with(csv, spec, None);
    let county = "child,parent\nA,county-1\nB,county-1\nI,county-1\nJ,county-1\nK,county-2\nL,county-2\nM,county-2\nN,county-2\n";
    let group =
        "child,parent\nA,small\nB,small\nI,small\nJ,small\nK,small\nL,BIG\nM,BIG\nN,small\n";
    std::fs::write(dir.path().join("county.csv"), county).expect("written");
    std::fs::write(dir.path().join("group.csv"), group).expect("written");
    run_in(dir.path());
    let cells = read(&dir.path().join("out"), &["region"]);
    let hidden: BTreeSet<&str> = cells
        .iter()
        .filter(|(_, c)| c.value.is_none())
        .map(|(k, _)| k[0].as_str())
        .collect();
    assert_eq!(hidden, BTreeSet::from(["A", "B", "K", "L", "M", "N"]));
    let k = &cells[&vec!["K".to_owned()]];
    assert_eq!((k.lower, k.upper), (Some(0.0), Some(10.0)));
}

fn kinlink() -> Command {
    Command::new(assert_cmd::cargo::cargo_bin!("kinlink"))
}

#[test]
fn the_command_writes_its_folder_once() {
    let csv = "a,b,n\np,x,40\np,y,3\nq,x,20\nq,y,17\n";
    let dir = folder_with(
        csv,
        "dimensions = [\"a\", \"b\"]\ncount = \"n\"\n[primary]\nmin_frequency = 6\n[rounding]\nbase = 5\n",
        None,
    );
    let run = |format: &str| {
        let mut command = kinlink();
        command.current_dir(dir.path());
        command.args([
            "protect",
            "table",
            "in.csv",
            "--spec",
            "spec.toml",
            "-o",
            "out",
            "--format",
            format,
        ]);
        command.assert()
    };
    let output = run("json").success().get_output().stdout.clone();
    let json: serde_json::Value = serde_json::from_slice(&output).expect("JSON");
    assert_eq!((&json["cells"], &json["primary"]), (&9.into(), &1.into()));
    for name in ["cells.parquet", "restricted/cells.parquet", "summary.json"] {
        assert!(dir.path().join("out").join(name).is_file(), "{name}");
    }
    let cells = read(&dir.path().join("out"), &["a", "b"]);
    assert!(cells.values().all(|c| c.value.is_none_or(|v| v % 5 == 0)));
    run("text").code(2);
}

#[test]
fn an_unknown_key_is_shown_with_its_place_and_the_nearest_one() {
    let spec =
        "dimensions = [\"a\"]\n[primary]\nmin_freqency = 6\n[secondary]\nmethod = \"exact\"\n";
    let dir = folder_with("a\nx\n", spec, None);
    let mut command = kinlink();
    command.current_dir(dir.path());
    command.args([
        "protect",
        "table",
        "in.csv",
        "--spec",
        "spec.toml",
        "-o",
        "out",
    ]);
    let output = command.assert().code(2).get_output().stderr.clone();
    insta::assert_snapshot!("unknown_key", String::from_utf8_lossy(&output));
}

#[test]
fn bad_rows_are_told_without_their_values() {
    let dir = folder_with(
        "a,n\nsecret,x\nTotal,4\n",
        "dimensions = [\"a\"]\ncount = \"n\"\n",
        None,
    );
    let mut command = kinlink();
    command.current_dir(dir.path());
    command.args([
        "protect",
        "table",
        "in.csv",
        "--spec",
        "spec.toml",
        "-o",
        "out",
    ]);
    let output = command.assert().code(3).get_output().stderr.clone();
    let text = String::from_utf8_lossy(&output);
    assert!(text.contains("row 2") && text.contains("row 3"), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn the_stage_hides_small_areas_and_derives_from_what_is_shown() {
    let run = Run::new();
    let report = run.protect(&["T01", "T06", "T07", "Q3"]).expect("protects");
    let table = |id: &str| {
        let file = report
            .files
            .iter()
            .find(|f| f.path.ends_with(format!("tables/{id}.parquet")))
            .expect("there");
        load(&run.root().join(&file.path), &file.digest).expect("loads")
    };
    let t07 = table("T07");
    let hidden = t07
        .rows()
        .iter()
        .filter(|r| r.measure == "children" && r.status == Status::C)
        .count();
    assert!(hidden > 0);
    for row in t07.rows() {
        let count = t07
            .row(row.concept, "children", &[row.codes[0].as_str()])
            .expect("count");
        match row.measure.as_str() {
            "children" => assert!(row.value.is_none_or(|v| v % 5.0 == 0.0)),
            _ if count.value.is_none() => assert_eq!((row.value, row.status), (None, count.status)),
            _ => {}
        }
    }
    // A region stands in two tables, with one figure.
    for code in ["Total", "E92000001", "W92000004", "E12000001"] {
        let a = t07.row(Concept::Stock, "children", &[code]).expect("T07");
        let b = table("T06");
        let b = b
            .row(Concept::Stock, "children", &[code, "Total"])
            .expect("T06");
        assert_eq!((a.value, a.status), (b.value, b.status));
    }
    let q3 = table("Q3");
    assert_eq!(
        q3.row(Concept::YearUnique, "earlier_children", &["bold_2022"])
            .and_then(|r| r.value),
        Some(192_912.0)
    );
    let ours = table("T01");
    for row in q3.rows().iter().filter(|r| r.measure == "children") {
        let same = ours.row(row.concept, "children", &["Total"]).expect("T01");
        assert_eq!(row.value, same.value);
    }
}

#[test]
fn a_changed_file_is_not_loaded() {
    let run = Run::new();
    let report = run.protect(&["T01"]).expect("protects");
    let file = report
        .files
        .iter()
        .find(|f| f.path.ends_with("tables/T01.parquet"))
        .expect("there");
    let path = run.root().join(&file.path);
    let mut bytes = std::fs::read(&path).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).expect("written");
    assert!(matches!(
        load(&path, &file.digest),
        Err(protect::ProtectError::Digest { .. })
    ));
}

#[test]
fn published_figures_are_passed_on_as_they_are() {
    let run = Run::new();
    let mut job = run.job(&["T01", "Q3"]);
    let definition = published::table("T01").expect("T01");
    let path = run.root().join("bold.parquet");
    let rows = [(
        vec!["Total".to_owned()],
        Concept::YearUnique,
        "children".to_owned(),
        192_912,
    )];
    write_cells(&path, definition, &rows);
    job.tables[0].cells = path;
    job.tables[0].published = true;
    job.tables[0].rounding = Some(Rounding { base: 1 });
    let report = run.run_job(&job).expect("passes");
    let file = report
        .files
        .iter()
        .find(|f| f.path.ends_with("tables/T01.parquet"))
        .expect("there");
    let table = load(&run.root().join(&file.path), &file.digest).expect("loads");
    let figure = |concept, code: &str| {
        table
            .row(concept, "children", &[code])
            .map(|r| (r.value, r.status))
    };
    assert_eq!(
        figure(Concept::YearUnique, "Total"),
        Some((Some(192_912.0), Status::Observed))
    );
    assert_eq!(
        figure(Concept::YearUnique, "W92000004"),
        Some((None, Status::X))
    );
    assert_eq!(figure(Concept::Stock, "Total"), Some((None, Status::X)));
}

#[test]
fn cells_that_do_not_fit_the_table_are_refused() {
    let run = Run::new();
    let mut job = run.job(&["T01"]);
    let definition = published::table("T01").expect("T01");
    let path = run.root().join("bad.parquet");
    let row = |code: &str| {
        (
            vec![code.to_owned()],
            Concept::Stock,
            "children".to_owned(),
            7,
        )
    };
    write_cells(
        &path,
        definition,
        &[row("E92000001"), row("E92000001"), row("Total")],
    );
    job.tables[0].cells = path;
    let Err(protect::ProtectError::Cells { problems, .. }) = run.run_job(&job) else {
        panic!("accepted");
    };
    assert_eq!(problems.len(), 2);
}
