//! `kinlink lint` as a process: what it prints and how it ends.

use assert_cmd::Command;
use kinlink::publish::Purpose;

use super::published;

fn kinlink() -> Command {
    Command::cargo_bin("kinlink").expect("built")
}

#[test]
fn our_own_spreadsheet_passes_and_reads_like_this() {
    let (_run, target, _) = published(Purpose::Production);
    let done = kinlink()
        .arg("lint")
        .arg(target.join("tables.ods"))
        .assert()
        .success();
    let told = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
    insta::assert_snapshot!("lint_ods", told);
}

#[test]
fn a_pair_is_told_as_json_and_a_failing_one_ends_with_3() {
    let (run, target, _) = published(Purpose::Production);
    let file = target.join("ees/t07_stock_england.csv");
    let args = ["--format", "json", "lint"];
    let done = kinlink().args(args).arg(&file).assert().success();
    let told: serde_json::Value = serde_json::from_slice(&done.get_output().stdout).expect("JSON");
    assert_eq!((&told["checks"], &told["passed"]), (&76.into(), &76.into()));
    let data = std::fs::read_to_string(&file).expect("there");
    let meta = std::fs::read(file.with_extension("meta.csv")).expect("there");
    let broken = run.root().join("broken.csv");
    std::fs::write(&broken, data.replace("September", "Sept")).expect("written");
    std::fs::write(run.root().join("broken.meta.csv"), meta).expect("written");
    let done = kinlink().args(args).arg(&broken).assert().code(3);
    let told: serde_json::Value = serde_json::from_slice(&done.get_output().stdout).expect("JSON");
    assert_eq!(told["stops"], true);
}

#[test]
fn a_file_that_is_not_there_or_of_no_kind_is_told() {
    let folder = tempfile::tempdir().expect("folder");
    for (name, code, exit) in [
        ("none.ods", "KL-R-010", 2),
        ("none.csv", "KL-R-010", 2),
        ("none.xlsx", "KL-R-012", 2),
    ] {
        let done = kinlink()
            .arg("lint")
            .arg(folder.path().join(name))
            .assert()
            .code(exit);
        let told = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
        assert!(told.contains(code), "{told}");
    }
    std::fs::write(folder.path().join("x.ods"), "no archive").expect("written");
    kinlink()
        .arg("lint")
        .arg(folder.path().join("x.ods"))
        .assert()
        .code(3);
}
