//! `kinlink synth pair`: two files to link, from the command line, and linked.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(clippy::expect_used)] // The helpers of tests may, as the tests do.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

fn kinlink(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::cargo_bin("kinlink").expect("the program");
    command.current_dir(folder).args(args).arg("-q");
    command.output().expect("run")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(folder: &Path, args: &[&str]) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["--format", "json"]).collect();
    let output = kinlink(folder, &args);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn two_files_are_written_linked_and_evaluated() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keys/key");
    std::fs::copy(fixture, here.join("key")).expect("copied");
    std::fs::set_permissions(here.join("key"), PermissionsExt::from_mode(0o600)).expect("mode");
    let made = json(here, &["synth", "pair", "--rows", "1200", "-o", "pair"]);
    assert_eq!((&made["rows"], &made["both"]), (&1200.into(), &372.into()));
    for name in [
        "left.parquet",
        "right.parquet",
        "truth.parquet",
        "spec.toml",
        "README.md",
    ] {
        let meta = std::fs::metadata(here.join("pair").join(name)).expect(name);
        assert_eq!(meta.permissions().mode() & 0o777, 0o600, "{name}");
    }
    json(
        here,
        &[
            "link",
            "pair/left.parquet",
            "pair/right.parquet",
            "--spec",
            "pair/spec.toml",
            "--key",
            "key",
            "-o",
            "out",
        ],
    );
    let found = json(
        here,
        &["link", "evaluate", "out", "--truth", "pair/truth.parquet"],
    );
    assert_eq!(found["true_pairs"], made["true_pairs"]);
    assert!(found["pairs"]["f1"].as_f64() > Some(0.9), "{found:#}");
}

#[test]
fn what_people_read() {
    let folder = tempfile::tempdir().expect("folder");
    let args = [
        "synth", "pair", "--rows", "500", "--seed", "3", "--as", "csv", "-o", "pair",
    ];
    let output = kinlink(folder.path(), &args);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    insta::assert_snapshot!("pair", String::from_utf8_lossy(&output.stdout));
    assert!(
        told(&output).contains("kinlink link pair/left.csv pair/right.csv --spec pair/spec.toml")
    );
    let page = std::fs::read_to_string(folder.path().join("pair/README.md")).expect("page");
    insta::assert_snapshot!("pair_page", page);
}

#[test]
fn bad_arguments_are_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    std::fs::create_dir(here.join("full")).expect("folder");
    std::fs::write(here.join("full/file"), "").expect("written");
    std::fs::write(here.join("bad.toml"), "[people]\nboth = 0.3\n").expect("written");
    let pair = |more: &[&str]| {
        let args: Vec<&str> = ["synth", "pair"].iter().chain(more).copied().collect();
        kinlink(here, &args)
    };
    for (args, words) in [
        (&["--rows", "9", "-o", "new"][..], "KL-S-005"),
        (&["--rows", "0", "-o", "new"], "KL-S-005"),
        (&["--rows", "-3", "-o", "new"], "--rows"),
        (&["--rows", "many", "-o", "new"], "--rows"),
        (&["--rows", "10"], "--out"),
        (&["-o", "new"], "--rows"),
        (&["--rows", "10", "-o", "full"], "KL-S-002"),
        (&["--rows", "10", "--as", "xml", "-o", "new"], "--as"),
        (
            &["--rows", "10", "--parameters", "bad.toml", "-o", "new"],
            "KL-S-004",
        ),
    ] {
        let output = pair(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", told(&output));
        assert!(told(&output).contains(words), "{args:?}: {}", told(&output));
    }
    assert!(!here.join("new").exists());
}

#[test]
fn the_extracts_are_written_as_before() {
    let folder = tempfile::tempdir().expect("folder");
    for (out, dir) in [("--out", "long"), ("-o", "short")] {
        let made = json(folder.path(), &["synth", "--scale", "0.0005", out, dir]);
        assert_eq!(made["synthetic"], true);
    }
    let output = kinlink(folder.path(), &["synth", "--scale", "0.0005"]);
    assert_eq!(output.status.code(), Some(2));
}
