//! `kinlink link` on input that is wrong, poor or has nothing in it: a message with its code, or the
//! right result; never a crash, and never a blow-up of time or memory.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use kinlink::progress::Silent;
use kinlink::synth::pair::{Form, PairJob, PairParameters, run};
use serde_json::Value;

const HEADER: &str = "id,forename,middle_names,surname,date_of_birth,sex,postcode\n";

/// A folder with a key, a specification, and two files of people of whom 31 in 100 are in both.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new(rows: u64) -> Self {
        let desk = Desk {
            folder: tempfile::tempdir().expect("folder"),
        };
        desk.people("pair", rows, |text| text);
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keys/key");
        std::fs::copy(fixture, desk.path("key")).expect("copied");
        std::fs::set_permissions(desk.path("key"), PermissionsExt::from_mode(0o600)).expect("mode");
        for name in ["left.csv", "right.csv", "spec.toml"] {
            std::fs::copy(desk.path("pair").join(name), desk.path(name)).expect("copied");
        }
        desk
    }

    /// Files of people, under parameters that are changed.
    fn people(&self, name: &str, rows: u64, change: impl Fn(String) -> String) {
        let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/synth/pair.toml");
        let text = std::fs::read_to_string(built_in).expect("parameters");
        self.write("parameters.toml", change(text).as_bytes());
        let job = PairJob {
            out: self.path(name),
            rows,
            seed: 1,
            form: Form::Csv,
            parameters: PairParameters::load(&self.path("parameters.toml")).expect("parameters"),
        };
        run(&job, &Silent).expect("files");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("written");
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("text")
    }

    /// A file as another, each row changed; the header stays.
    fn changed(&self, from: &str, to: &str, change: impl Fn(&mut Vec<String>)) {
        let mut text = String::new();
        for (row, line) in self.text(from).lines().enumerate() {
            let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
            if row > 0 {
                change(&mut cells);
            }
            let _ = writeln!(text, "{}", cells.join(","));
        }
        self.write(to, text.as_bytes());
    }

    fn link(&self, out: &str, files: &[&str]) -> Output {
        let mut command = Command::cargo_bin("kinlink").expect("the program");
        command
            .current_dir(self.folder.path())
            .arg("link")
            .args(files);
        command.args(["--spec", "spec.toml", "--key", "key", "-q", "-o", out]);
        command.timeout(std::time::Duration::from_secs(100));
        command.output().expect("run")
    }

    /// What was found, of a linkage that ended well.
    fn found(&self, out: &str, files: &[&str]) -> Value {
        let mut command = Command::cargo_bin("kinlink").expect("the program");
        command
            .current_dir(self.folder.path())
            .arg("link")
            .args(files);
        command.args([
            "--spec",
            "spec.toml",
            "--key",
            "key",
            "--format",
            "json",
            "-o",
            out,
        ]);
        command.timeout(std::time::Duration::from_secs(100));
        let output = command.output().expect("run");
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        for name in [
            "links.parquet",
            "clusters.parquet",
            "model.json",
            "linkage.html",
        ] {
            assert!(self.path(out).join(name).exists(), "{name}");
        }
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    fn f1(&self, out: &str, truth: &str) -> f64 {
        let mut command = Command::cargo_bin("kinlink").expect("the program");
        command.current_dir(self.folder.path());
        command.args([
            "link", "evaluate", out, "--truth", truth, "--format", "json",
        ]);
        let output = command.output().expect("run");
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        found["pairs"]["f1"].as_f64().unwrap_or(0.0)
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn refused(output: &Output, exit: i32, code: &str, words: &[&str]) {
    let text = told(output);
    assert_eq!(output.status.code(), Some(exit), "{text}");
    for word in std::iter::once(&code).chain(words) {
        assert!(text.contains(word), "{word} is not in: {text}");
    }
}

fn links(found: &Value) -> u64 {
    found["links"].as_u64().expect("a number")
}

fn warned(found: &Value, words: &str) -> bool {
    let warnings = found["warnings"].as_array().expect("a list");
    warnings
        .iter()
        .any(|w| w.as_str().is_some_and(|w| w.contains(words)))
}

#[test]
fn files_that_cannot_be_read_as_stated_are_refused() {
    let desk = Desk::new(100);
    let with_right = |out, left| desk.link(out, &[left, "right.csv"]);

    desk.write(
        "column.csv",
        desk.text("left.csv")
            .replacen("surname", "last_name", 1)
            .as_bytes(),
    );
    let output = with_right("o1", "column.csv");
    refused(&output, 3, "KL-L-021", &["surname"]);

    let mut twice = desk.text("left.csv");
    twice.push_str(twice.clone().lines().nth(5).expect("a row"));
    desk.write("twice.csv", twice.as_bytes());
    refused(&with_right("o2", "twice.csv"), 3, "KL-L-025", &["row 101"]);

    for (out, name, bytes) in [
        ("o3", "header.csv", HEADER.as_bytes()),
        ("o4", "nothing.csv", b""),
    ] {
        desk.write(name, bytes);
        refused(&with_right(out, name), 3, "KL-L-020", &[name]);
        refused(&desk.link(out, &["left.csv", name]), 3, "KL-L-020", &[name]);
        refused(&desk.link(out, &[name]), 3, "KL-L-020", &[name]);
    }

    let mut latin = desk.text("left.csv").into_bytes();
    latin.extend_from_slice(b"C1,Zo\xeb,,Hobbs,1980-01-02,F,\n");
    desk.write("latin.csv", &latin);
    refused(
        &with_right("o5", "latin.csv"),
        3,
        "KL-L-022",
        &["UTF-8", "row 101"],
    );
    let mut header = desk.text("left.csv").into_bytes();
    header[3] = 0xeb;
    desk.write("header.csv", &header);
    refused(&with_right("o6", "header.csv"), 3, "KL-L-022", &["UTF-8"]);

    desk.changed("left.csv", "short.csv", |cells| cells.truncate(4));
    refused(&with_right("o7", "short.csv"), 3, "KL-L-022", &["row 1"]);
    refused(&with_right("o8", "none.csv"), 9, "KL-L-003", &["none.csv"]);
    desk.write("cut.parquet", b"PAR1 and nothing else");
    refused(
        &with_right("o9", "cut.parquet"),
        3,
        "KL-F-002",
        &["cut.parquet"],
    );
    desk.write(
        "locked.parquet",
        b"PARE and a footer that nobody reads PARE",
    );
    refused(
        &with_right("o10", "locked.parquet"),
        3,
        "KL-F-004",
        &["locked.parquet", "encrypted"],
    );
    for n in 1..11 {
        assert!(!desk.path(&format!("o{n}")).exists());
    }
}

#[test]
fn formats_that_have_nothing_in_common_are_refused_or_link_nobody() {
    let desk = Desk::new(400);
    // Dates the other way round.
    desk.changed("right.csv", "dates.csv", |cells| {
        let parts: Vec<String> = cells[4].split('-').rev().map(str::to_owned).collect();
        cells[4] = parts.join("/");
    });
    let output = desk.link("o1", &["left.csv", "dates.csv"]);
    refused(
        &output,
        3,
        "KL-L-026",
        &["dates.csv", "%Y-%m-%d", "%d/%m/%Y"],
    );
    // With the format stated, the same links as before.
    let spec = desk.text("spec.toml");
    let formats = "\n[formats]\ndate_of_birth = { left = \"%Y-%m-%d\", right = \"%d/%m/%Y\" }\n";
    desk.write("spec.toml", (spec.clone() + formats).as_bytes());
    let stated = desk.found("o2", &["left.csv", "dates.csv"]);
    desk.write("spec.toml", spec.as_bytes());
    assert_eq!(
        links(&stated),
        links(&desk.found("o3", &["left.csv", "right.csv"]))
    );
    // Every value in a form of its own: names as numbers, sex and postcode as codes, dates gone.
    desk.changed("right.csv", "codes.csv", |cells| {
        for (place, cell) in cells.iter_mut().enumerate().skip(1) {
            let sum: u32 = cell.bytes().map(u32::from).sum();
            *cell = if place == 4 {
                String::new()
            } else {
                format!("{sum}")
            };
        }
    });
    let found = desk.found("o4", &["left.csv", "codes.csv"]);
    assert_eq!(links(&found), 0, "{found:#}");
    for field in ["forename", "surname", "date_of_birth", "sex"] {
        let words = format!("{field}: no row of the right file has a value that can be read");
        assert!(warned(&found, &words), "{found:#}");
    }
    assert!(warned(&found, "no two rows were compared"), "{found:#}");
}

#[test]
fn disjoint_people_are_not_linked() {
    let desk = Desk::new(100);
    let nobody = |text: String| text.replacen("both = { value = 0.31", "both = { value = 0.0", 1);
    // With and without twins, namesakes and households across the two files.
    desk.people("apart", 1_500, nobody);
    desk.people("strangers", 1_500, |text| {
        let mut text = nobody(text);
        for tie in ["household", "father_son", "twin", "namesake"] {
            let at = text
                .find(&format!("\n{tie} = {{ value = "))
                .expect("the tie");
            let from = at + tie.len() + 14;
            let to = from + text[from..].find(',').expect("its end");
            text.replace_range(from..to, "0.0");
        }
        text
    });
    for name in ["apart", "strangers"] {
        let [left, right] = ["left", "right"].map(|side| format!("{name}/{side}.csv"));
        let found = desk.found(&format!("o_{name}"), &[&left, &right]);
        assert!(links(&found) <= 5, "{found:#}");
        // Relatives stand out, and are not taken for one person.
        if name == "apart" {
            assert!(warned(&found, "nobody in common"), "{found:#}");
        }
    }
    // Every value is another one.
    desk.changed("left.csv", "other.csv", |cells| {
        for cell in &mut cells[1..4] {
            *cell = cell
                .chars()
                .rev()
                .map(|c| if c == 'x' { 'y' } else { 'x' })
                .collect();
        }
        cells[4] = cells[4].replacen("19", "18", 1);
        cells[6] = "ZZ99 9ZZ".to_owned();
    });
    let found = desk.found("none", &["other.csv", "right.csv"]);
    assert_eq!(links(&found), 0, "{found:#}");
}

#[test]
fn files_of_one_row_are_linked_or_not() {
    let desk = Desk::new(200);
    let row = "C1,Ann,Mair,Hobbs-Parry,1980-01-02,F,LS91 4ZD\n";
    desk.write("one.csv", format!("{HEADER}{row}").as_bytes());
    let other = "P1,Bryn,,Craddock,1971-11-30,M,CF62 1AA\n";
    desk.write("other.csv", format!("{HEADER}{other}").as_bytes());
    for (out, files, most) in [
        ("o1", &["one.csv"][..], 0),
        ("o2", &["one.csv", "other.csv"], 0),
        ("o3", &["one.csv", "one.csv"], 1),
        ("o4", &["one.csv", "right.csv"], 0),
        ("o5", &["left.csv", "other.csv"], 0),
    ] {
        let found = desk.found(out, files);
        assert!(links(&found) <= most, "{out}: {found:#}");
    }
    // One row against many, and it is there.
    let there = format!("{}{row}", desk.text("right.csv"));
    desk.write("there.csv", there.as_bytes());
    let found = desk.found("o6", &["one.csv", "there.csv"]);
    assert!(links(&found) <= 1, "{found:#}");
}

#[test]
fn a_field_without_values_costs_no_more_than_itself() {
    let desk = Desk::new(700);
    desk.found("all", &["left.csv", "right.csv"]);
    let whole = desk.f1("all", "pair/truth.csv");
    assert!(whole > 0.85, "{whole}");
    for (place, field, least) in [
        (1, "forename", 0.4),
        (3, "surname", 0.5),
        (4, "date_of_birth", 0.3),
        (5, "sex", whole - 0.05),
        (6, "postcode", whole - 0.2),
    ] {
        let file = format!("no_{field}.csv");
        desk.changed("right.csv", &file, |cells| cells[place].clear());
        let found = desk.found(field, &["left.csv", &file]);
        let f1 = desk.f1(field, "pair/truth.csv");
        assert!(f1 > least, "{field}: {f1}");
        let words = format!("{field}: no row of the right file has a value");
        assert!(warned(&found, &words), "{found:#}");
    }
    // No value at all.
    desk.changed("right.csv", "bare.csv", |cells| {
        cells[1..].iter_mut().for_each(String::clear);
    });
    let output = desk.link("bare", &["left.csv", "bare.csv"]);
    refused(&output, 3, "KL-L-028", &["bare.csv"]);
    refused(
        &desk.link("bare", &["bare.csv"]),
        3,
        "KL-L-028",
        &["bare.csv"],
    );
}

#[test]
fn rows_that_share_everything_are_a_block_that_is_left_out() {
    let desk = Desk::new(100);
    for (rows, name) in [(10_000, "block"), (300, "small")] {
        for side in ["left", "right"] {
            let mut text = HEADER.to_owned();
            for n in 0..rows {
                let _ = writeln!(text, "{side}{n},Ann,Mair,Hobbs,1980-01-02,F,LS91 4ZD");
            }
            desk.write(&format!("{name}_{side}.csv"), text.as_bytes());
        }
    }
    for (out, files) in [
        ("two", &["block_left.csv", "block_right.csv"][..]),
        ("one", &["block_left.csv"]),
    ] {
        let found = desk.found(out, files);
        assert_eq!(
            (links(&found), &found["compared"]),
            (0, &0.into()),
            "{found:#}"
        );
        let rules = found["rules"].as_array().expect("rules");
        assert!(
            rules
                .iter()
                .any(|r| r["capped_pairs"].as_u64() > Some(10_000_000)),
            "{found:#}"
        );
    }
    let found = desk.found("small", &["small_left.csv", "small_right.csv"]);
    assert_eq!(links(&found), 0, "{found:#}");
    // Among other people the block is left out and the others are linked.
    for side in ["left", "right"] {
        let block = desk.text(&format!("block_{side}.csv"));
        let rows = block
            .lines()
            .skip(1)
            .take(1_500)
            .collect::<Vec<_>>()
            .join("\n");
        let text = desk.text(&format!("{side}.csv")) + &rows + "\n";
        desk.write(&format!("among_{side}.csv"), text.as_bytes());
    }
    let found = desk.found("among", &["among_left.csv", "among_right.csv"]);
    assert!((10..60).contains(&links(&found)), "{found:#}");
}
