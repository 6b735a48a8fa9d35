//! The desk of releases: what is refused and why, and what a shelf does.

use std::path::Path;

use kinlink::publish::Purpose;
use kinlink::release::{Checked, Limits, ReleaseError, Shelf, State, check};

use crate::releases::{Copy, made};

fn checked(release: &Path) -> Checked {
    check(release, &Limits::default(), &[], 0).expect("readable")
}

/// The rules that are broken, as words.
fn broken(found: &Checked) -> Vec<String> {
    let mut out: Vec<String> = found
        .refusals
        .iter()
        .map(|r| {
            let word = serde_json::to_value(r.rule).expect("a word");
            word.as_str().expect("a word").to_owned()
        })
        .collect();
    out.dedup();
    out
}

#[test]
fn a_protected_release_passes() {
    let found = checked(&made().release);
    assert_eq!(found.refusals, []);
    assert!(found.counts > 2_000 && found.tables == 8);
}

#[test]
fn counts_that_are_not_rounded_are_refused() {
    let copy = Copy::new();
    copy.change("T06", None, |rows| {
        let row = rows
            .iter_mut()
            .find(|r| r.value.is_some())
            .expect("a value");
        row.value = row.value.map(|v| v + 1.0);
    });
    let found = checked(&copy.release());
    assert_eq!(broken(&found), ["rounded"]);
    assert!(
        found.refusals[0].what.contains("1 rows of T06"),
        "{:?}",
        found.refusals
    );
}

#[test]
fn small_counts_are_refused() {
    let copy = Copy::new();
    copy.change("T07", Some(1), |rows| {
        let count = |r: &&mut crate::releases::Row| r.measure == "children";
        let row = rows
            .iter_mut()
            .filter(count)
            .find(|r| r.value.is_some())
            .expect("a value");
        row.value = Some(3.0);
    });
    assert_eq!(broken(&checked(&copy.release())), ["rounded", "small"]);
}

#[test]
fn files_of_other_kinds_and_sizes_are_refused() {
    let copy = Copy::new();
    copy.put("drawing.svg", b"<svg/>");
    assert_eq!(broken(&checked(&copy.release())), ["kind"]);
    let copy = Copy::new();
    std::fs::write(copy.release().join("notes.txt"), "x").expect("written");
    assert_eq!(broken(&checked(&copy.release())), ["files"]);
    let tight = Limits {
        bytes: 50_000,
        rows: 500,
        ..Limits::default()
    };
    let found = check(&made().release, &tight, &[], 0).expect("readable");
    assert_eq!(broken(&found), ["size"]);
    let files: Vec<String> = found
        .refusals
        .iter()
        .map(|r| r.file.display().to_string())
        .collect();
    assert!(files.contains(&"report.html".to_owned()), "{files:?}");
    assert!(
        files.contains(&"tables/T04.parquet".to_owned()),
        "{files:?}"
    );
}

#[test]
fn a_table_without_its_context_is_refused() {
    let copy = Copy::new();
    let path = copy.release().join("datapackage.json");
    let text = std::fs::read_to_string(path).expect("text");
    let mut package: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    package["resources"][0]["description"] = "".into();
    package["resources"][1]["schema"]["fields"][0]["description"] = "".into();
    let resources = package["resources"].as_array_mut().expect("list");
    resources.retain(|r| r["path"] != "tables/T10.parquet");
    copy.put("datapackage.json", package.to_string().as_bytes());
    let found = checked(&copy.release());
    assert_eq!(broken(&found), ["context"]);
    let said: Vec<&str> = found.refusals.iter().map(|r| r.what.as_str()).collect();
    insta::assert_snapshot!("missing_context", said.join("\n"));
}

#[test]
fn csv_and_parquet_must_agree() {
    let copy = Copy::new();
    let text = std::fs::read_to_string(copy.release().join("tables/T01.csv")).expect("text");
    let line = text.lines().nth(1).expect("a row").to_owned();
    copy.replace("tables/T01.csv", &format!("{line}\n"), "");
    let found = checked(&copy.release());
    assert_eq!(broken(&found), ["agree"]);
    assert!(
        found.refusals[0].what.starts_with("1 rows of T01"),
        "{:?}",
        found.refusals
    );
}

/// A shelf with the made release on it.
fn shelf() -> (tempfile::TempDir, Shelf) {
    let folder = tempfile::tempdir().expect("folder");
    let mut shelf = Shelf::open(&folder.path().join("releases")).expect("opens");
    shelf
        .publish(&made().release, "2026-12-03", false, &Limits::default())
        .expect("published");
    (folder, shelf)
}

/// A copy under another id.
fn renamed(id: &str) -> Copy {
    let copy = Copy::new();
    copy.replace(
        "datapackage.json",
        "\"id\": \"children-0001\"",
        &format!("\"id\": \"{id}\""),
    );
    copy
}

#[test]
fn a_published_release_is_whole_and_has_its_time_and_label() {
    let (folder, shelf) = shelf();
    let root = folder.path().join("releases");
    let entry = shelf.register().entry("children-0001").expect("an entry");
    assert_eq!(entry.available_from, "2026-12-03T09:30:00[Europe/London]");
    assert_eq!(entry.label, "Official statistics in development");
    let there = crate::releases::files(&root.join("children-0001"));
    assert_eq!(there, crate::releases::files(&made().release));
    assert!(!root.join(".partial-children-0001").exists());
    drop(shelf);
    // The register reads back, and its lock keeps a second process out. A process that another
    // test starts holds every open file for a moment, locks too.
    let again = || Shelf::open(&root);
    let tries = (0..100).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        again().ok()
    });
    let shelf = tries.expect("opens");
    assert_eq!(shelf.register().purpose.as_deref(), Some("production"));
    assert!(matches!(
        Shelf::open(&root),
        Err(ReleaseError::Locked { .. })
    ));
}

#[test]
fn an_id_is_published_once_and_purposes_do_not_mix() {
    let (_folder, mut shelf) = shelf();
    let limits = Limits::default();
    let again = shelf.publish(&made().release, "2026-12-03", false, &limits);
    assert!(matches!(again, Err(ReleaseError::There { .. })));
    let rehearsal = renamed("rehearsal-0001");
    rehearsal.replace(
        "datapackage.json",
        "\"kinlink:purpose\": \"production\",\n  \"kinlink:referenceDate\"",
        "\"kinlink:purpose\": \"rehearsal\",\n  \"kinlink:referenceDate\"",
    );
    for flag in [false, true] {
        let refused = shelf.publish(&rehearsal.release(), "2026-12-03", flag, &limits);
        assert!(matches!(refused, Err(ReleaseError::Purpose { .. })));
    }
    let odd = shelf.publish(&renamed("a").release(), "soon", false, &limits);
    assert!(matches!(odd, Err(ReleaseError::Date)));
    assert_eq!(shelf.register().releases.len(), 1);
    let _ = Purpose::Rehearsal;
}

#[test]
fn the_same_release_again_gives_nothing_away() {
    let (_folder, shelf) = shelf();
    let same = renamed("children-0002");
    let found = shelf
        .check(&same.release(), &Limits::default())
        .expect("readable");
    assert_eq!(found.refusals, []);
    assert_eq!(found.earlier, ["children-0001"]);
    assert!(found.audits > 0);
}

#[test]
fn a_cell_that_was_hidden_before_is_refused() {
    let (_folder, shelf) = shelf();
    let copy = renamed("children-0002");
    copy.change("T07", None, |rows| {
        let hidden = |r: &&mut crate::releases::Row| r.measure == "children" && r.status == "c";
        let row = rows.iter_mut().find(hidden).expect("a hidden cell");
        row.value = Some(10.0);
        row.status = "observed".into();
    });
    let found = shelf
        .check(&copy.release(), &Limits::default())
        .expect("readable");
    assert_eq!(broken(&found), ["differencing"]);
    assert!(found.refusals[0].what.contains("children-0001 hides"));
}

#[test]
fn what_follows_by_subtraction_from_an_earlier_release_is_refused() {
    // Earlier: the regions of England in exact numbers. Now: the total, with England and Wales
    // hidden. Neither says how many live in Wales; both together do.
    let exact = Limits {
        least_base: 1,
        ..Limits::default()
    };
    let of = |r: &crate::releases::Row| r.concept == "stock" && r.measure == "children";
    let earlier = renamed("children-0000");
    earlier.keep(&["T06"]);
    earlier.change("T06", Some(1), |rows| {
        rows.retain(|r| of(r) && r.codes[1] == "Total");
        for row in rows {
            let region = row.codes[0].starts_with("E12");
            row.value = region
                .then_some(100.0)
                .or((row.codes[0] == "x").then_some(0.0));
            row.status = if row.value.is_some() { "observed" } else { "x" }.into();
        }
    });
    let now = renamed("children-0002");
    now.keep(&["T01"]);
    now.change("T01", Some(1), |rows| {
        rows.retain(of);
        for row in rows {
            row.value = match row.codes[0].as_str() {
                "Total" => Some(903.0),
                "x" => Some(0.0),
                _ => None,
            };
            row.status = if row.value.is_some() { "observed" } else { "c" }.into();
        }
    });
    let folder = tempfile::tempdir().expect("folder");
    let mut shelf = Shelf::open(folder.path()).expect("opens");
    let alone = shelf.check(&now.release(), &exact).expect("readable");
    assert_eq!(alone.refusals, []);
    shelf
        .publish(&earlier.release(), "2026-12-03", false, &exact)
        .expect("published");
    let found = shelf.check(&now.release(), &exact).expect("readable");
    assert_eq!(broken(&found), ["differencing"]);
    assert!(
        found.refusals[0].what.contains("follow from this release"),
        "{:?}",
        found.refusals
    );
    // A release of another period is about other people.
    now.replace("datapackage.json", "2025-09-30\",", "2026-09-30\",");
    let found = shelf.check(&now.release(), &exact).expect("readable");
    assert_eq!((found.refusals.len(), found.other_periods), (0, 1));
}

#[test]
fn a_withdrawn_release_is_kept_for_audits_and_a_page_says_why() {
    let (folder, mut shelf) = shelf();
    let root = folder.path().join("releases");
    assert!(matches!(
        shelf.withdraw("children-0001", " "),
        Err(ReleaseError::NoReason)
    ));
    let entry = shelf
        .withdraw("children-0001", "an extract was cut short")
        .expect("withdrawn");
    assert_eq!(entry.state, State::Withdrawn);
    let page = std::fs::read_to_string(root.join("children-0001/WITHDRAWN.txt")).expect("a page");
    insta::assert_snapshot!("withdrawn", page);
    assert!(root.join("withdrawn/children-0001/SHA256SUMS").exists());
    let again = shelf.withdraw("children-0001", "again");
    assert!(matches!(again, Err(ReleaseError::NotThere { .. })));
    // What was out is known: a later release is audited against it all the same.
    let copy = renamed("children-0002");
    let found = shelf
        .check(&copy.release(), &Limits::default())
        .expect("readable");
    assert_eq!(found.earlier, ["children-0001"]);
}

#[test]
fn a_correction_says_what_it_changed() {
    let (folder, mut shelf) = shelf();
    let copy = renamed("children-0002");
    copy.change("T03", None, |rows| {
        let wanted = |r: &&mut crate::releases::Row| {
            r.measure == "children" && r.concept == "stock" && r.codes == ["mother"]
        };
        let row = rows.iter_mut().find(wanted).expect("mothers");
        row.value = row.value.map(|v| v + 20.0);
    });
    let limits = Limits::default();
    let of = ("children-0001", "mothers of one prison were left out");
    let put = shelf
        .correct(&copy.release(), of, "2026-12-10", false, &limits)
        .expect("corrected");
    assert_eq!(put.revisions.len(), 1);
    let csv = folder
        .path()
        .join("releases/revisions/Q5-children-0002.csv");
    let text = std::fs::read_to_string(csv).expect("Q5");
    let line = text.lines().nth(1).expect("a row");
    assert!(
        line.starts_with("T03,parent_sex=mother,stock,children,"),
        "{line}"
    );
    assert!(line.ends_with(",20.0"), "{line}");
    let register = shelf.register();
    let first = register.entry("children-0001").expect("there");
    assert_eq!(first.state, State::Corrected);
    assert_eq!(first.corrected_by.as_deref(), Some("children-0002"));
    assert_eq!(put.entry.corrects.as_deref(), Some("children-0001"));
    let again = shelf.correct(
        &renamed("children-0003").release(),
        of,
        "2026-12-11",
        false,
        &limits,
    );
    assert!(matches!(again, Err(ReleaseError::NotThere { .. })));
}
