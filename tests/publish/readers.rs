//! A release in the hands of its readers: pandas, polars, DuckDB, frictionless, csvw, acro and
//! LibreOffice.
//!
//! These tests need programs that are not Rust's; `.ci/tools` installs them. They run where
//! `KINLINK_READERS` names a Python that has the packages, and `KINLINK_CHECKER` one that has acro;
//! elsewhere they say that they were skipped.

#![allow(clippy::print_stderr, reason = "a skipped test says so")]

use std::path::Path;
use std::process::Command;

use kinlink::publish::Purpose;
use kinlink::publish::lint::lint;

use super::published;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/publish/readers.py");

fn read(what: &str, target: &Path) {
    let variable = match what {
        "checker" => "KINLINK_CHECKER",
        _ => "KINLINK_READERS",
    };
    let Some(python) = std::env::var_os(variable) else {
        eprintln!(
            "skipped: {variable} names no Python; `.ci/tools` makes one and `. .ci/found` names it"
        );
        return;
    };
    let done = Command::new(python)
        .arg(SCRIPT)
        .arg(what)
        .arg(target)
        .output()
        .expect("python runs");
    assert!(
        done.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(told.contains("read"), "{told}");
    eprintln!("{}", told.trim_end());
}

#[test]
fn pandas_polars_and_duckdb_lose_nothing() {
    let (_run, target, _) = published(Purpose::Rehearsal);
    read("tables", &target);
}

#[test]
fn frictionless_finds_the_package_valid() {
    let (_run, target, _) = published(Purpose::Rehearsal);
    read("package", &target);
}

#[test]
fn csvw_finds_every_table_as_its_metadata_says() {
    let (_run, target, _) = published(Purpose::Rehearsal);
    read("web", &target);
}

#[test]
fn acro_loads_the_checkers_pack() {
    let (run, _, _) = published(Purpose::Production);
    read("checker", &run.root().join("review/06-publish"));
}

#[test]
fn libreoffice_opens_the_spreadsheet_without_repair() {
    let (_run, target, _) = published(Purpose::Rehearsal);
    read("spreadsheet", &target);
}

#[test]
fn what_libreoffice_saves_again_still_passes() {
    let (_run, target, _) = published(Purpose::Rehearsal);
    read("resave", &target);
    let again = target.join("resaved.ods");
    if again.exists() {
        let report = lint(&again).expect("readable");
        assert!(!report.stops(), "{}", report.text());
    }
}
