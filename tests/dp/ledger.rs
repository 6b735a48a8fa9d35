//! The ledger holds under faults: a crash spends and loses nothing, a changed byte is found, the
//! same release pays once, a changed one pays anew, and two cannot spend at a time.

use std::path::{Path, PathBuf};

use kinlink::diagnostic::{Diagnose, Exit};
use kinlink::protect::dp::accounting::{Definition, Loss, PrivacyUnit};
use kinlink::protect::dp::{Book, DpError, Plan, measure, release_id};

use super::world::{counted, flat, key, ledger, plan, released, rho, scope};

fn exit(error: &DpError) -> Exit {
    error.diagnostics()[0].exit
}

fn small() -> Plan {
    plan(&flat(&[3, 2]), rho("1/10"), 1)
}

fn table(first: u64) -> kinlink::protect::dp::TrueTable {
    counted(&flat(&[3, 2]), &[first, 0, 7, 31, 2, 5])
}

fn spent(folder: &Path) -> Loss {
    Book::look(folder).expect("sound").spent()
}

#[test]
fn a_release_pays_once_and_a_changed_one_anew() {
    let folder = tempfile::tempdir().expect("folder");
    let mut book = ledger(folder.path(), rho("1"));
    let (plan, key) = (small(), key(1));
    let first = released(&mut book, table(4), &plan, "annual", &key);
    assert_eq!(book.account().spent(), rho("1/10"));
    let again = released(&mut book, table(4), &plan, "annual", &key);
    assert_eq!((&first, book.account().spent()), (&again, rho("1/10")));
    // One more child, another label, another plan, another key: each draws and pays.
    let mut before = vec![first];
    let double = super::world::plan(&flat(&[3, 2]), rho("1/5"), 1);
    let other = super::world::key(2);
    for (table, plan, label, key, total) in [
        (table(5), &plan, "annual", &key, "2/10"),
        (table(4), &plan, "revised", &key, "3/10"),
        (table(4), &double, "annual", &key, "5/10"),
        (table(4), &plan, "annual", &other, "6/10"),
    ] {
        let next = released(&mut book, table, plan, label, key);
        assert_eq!(book.account().spent(), rho(total));
        for one in &before {
            assert_ne!(one.release(), next.release());
            assert_ne!(one.counts(), next.counts());
        }
        before.push(next);
    }
}

#[test]
fn a_crash_at_any_step_spends_and_the_same_release_finishes_it() {
    let (plan, key) = (small(), key(1));
    let whole = {
        let folder = tempfile::tempdir().expect("folder");
        released(
            &mut ledger(folder.path(), rho("1")),
            table(4),
            &plan,
            "annual",
            &key,
        )
    };
    for step in 0..3 {
        let folder = tempfile::tempdir().expect("folder");
        let mut book = ledger(folder.path(), rho("1/10"));
        let release = release_id(&table(4), &plan, "annual", &key);
        let paid = book.reserve(&release, "annual", &plan, &key).expect("paid");
        let store = folder
            .path()
            .join("measurements")
            .join(format!("{release}.json"));
        if step > 0 {
            let measured = measure(table(4), &plan, &key, &paid).expect("measured");
            let text = serde_json::to_vec(&measured).expect("json");
            if step == 1 {
                // Killed while the measurements were written.
                let partial = store.with_file_name(format!(".{release}.json.partial"));
                std::fs::write(partial, &text[..text.len() / 2]).expect("written");
            } else {
                // Killed between the measurements and the commit.
                std::fs::write(&store, &text).expect("written");
            }
        }
        drop(book);
        assert_eq!(spent(folder.path()), rho("1/10"), "step {step}");
        let mut book = Book::open(folder.path()).expect("opens");
        assert!(book.account().releases[0].measurements.is_none());
        // Nothing is left for another release,
        let other = release_id(&table(5), &plan, "annual", &key);
        let refused = book
            .reserve(&other, "annual", &plan, &key)
            .expect_err("spent");
        assert_eq!(exit(&refused), Exit::Disclosure);
        // and the same one is finished with the same noise, for nothing.
        let again = released(&mut book, table(4), &plan, "annual", &key);
        assert_eq!(again.counts(), whole.counts());
        assert_eq!(book.account().spent(), rho("1/10"));
    }
}

#[test]
fn lost_measurements_are_measured_again_and_are_the_same() {
    let folder = tempfile::tempdir().expect("folder");
    let mut book = ledger(folder.path(), rho("1"));
    let (plan, key) = (small(), key(1));
    let first = released(&mut book, table(4), &plan, "annual", &key);
    let path = folder
        .path()
        .join("measurements")
        .join(format!("{}.json", first.release()));
    let bytes = std::fs::read(&path).expect("stored");
    std::fs::remove_file(&path).expect("removed");
    let release = first.release().clone();
    let paid = book
        .reserve(&release, "annual", &plan, &key)
        .expect("known");
    assert_eq!(book.recall(&paid).expect("sound"), None);
    released(&mut book, table(4), &plan, "annual", &key);
    assert_eq!(std::fs::read(&path).expect("stored again"), bytes);
}

#[test]
fn a_reservation_measures_nothing_but_its_release() {
    let folder = tempfile::tempdir().expect("folder");
    let mut book = ledger(folder.path(), rho("1"));
    let (plan, key) = (small(), key(1));
    let release = release_id(&table(4), &plan, "annual", &key);
    let paid = book.reserve(&release, "annual", &plan, &key).expect("paid");
    assert!(measure(table(5), &plan, &key, &paid).is_err());
    let other = super::world::plan(&flat(&[3, 2]), rho("1/5"), 1);
    assert!(measure(table(4), &other, &key, &paid).is_err());
    assert!(measure(table(4), &plan, &super::world::key(2), &paid).is_err());
    assert!(measure(table(4), &plan, &key, &paid).is_ok());
}

/// A ledger with two finished releases and one that is not.
fn written(folder: &Path) -> Vec<PathBuf> {
    let mut book = ledger(folder, rho("1"));
    let (plan, key) = (small(), key(1));
    for label in ["one", "two"] {
        released(&mut book, table(4), &plan, label, &key);
    }
    let release = release_id(&table(9), &plan, "three", &key);
    book.reserve(&release, "three", &plan, &key).expect("paid");
    let store = std::fs::read_dir(folder.join("measurements")).expect("folder");
    let mut files: Vec<PathBuf> = store.map(|e| e.expect("entry").path()).collect();
    files.extend([folder.join("ledger.jsonl"), folder.join("head.json")]);
    files.sort();
    files
}

#[test]
fn every_flipped_bit_is_found() {
    let folder = tempfile::tempdir().expect("folder");
    for path in written(folder.path()) {
        let bytes = std::fs::read(&path).expect("file");
        // All bytes of the ledger and its head; of the measurements, which are one digest, some.
        let step = if path.starts_with(folder.path().join("measurements")) {
            97
        } else {
            1
        };
        for at in (0..bytes.len()).step_by(step) {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            std::fs::write(&path, &changed).expect("written");
            let error = Book::look(folder.path()).expect_err("found");
            assert_eq!(
                exit(&error),
                Exit::Integrity,
                "{} byte {at}",
                path.display()
            );
        }
        std::fs::write(&path, &bytes).expect("written");
        assert_eq!(spent(folder.path()), rho("3/10"));
    }
}

#[test]
fn a_line_that_is_taken_out_or_put_in_is_found() {
    let folder = tempfile::tempdir().expect("folder");
    written(folder.path());
    let path = folder.path().join("ledger.jsonl");
    let text = std::fs::read_to_string(&path).expect("ledger");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 6);
    for left_out in 0..lines.len() {
        let mut rest = lines.clone();
        let one = rest.remove(left_out);
        std::fs::write(&path, rest.join("\n") + "\n").expect("written");
        let error = Book::look(folder.path()).expect_err("found");
        assert_eq!(exit(&error), Exit::Integrity, "without line {left_out}");
        rest.insert(left_out, one);
        rest.insert(left_out, one);
        std::fs::write(&path, rest.join("\n") + "\n").expect("written");
        let error = Book::look(folder.path()).expect_err("found");
        assert_eq!(exit(&error), Exit::Integrity, "line {left_out} twice");
    }
    std::fs::write(&path, &text).expect("written");
    let stray = folder
        .path()
        .join("measurements")
        .join("0123456789abcdef0123456789abcdef.json");
    std::fs::write(&stray, "{}").expect("written");
    let error = Book::look(folder.path()).expect_err("nobody paid for it");
    assert_eq!(exit(&error), Exit::Integrity);
}

#[test]
fn an_entry_that_a_crash_cut_short_is_dropped_and_nothing_else() {
    let folder = tempfile::tempdir().expect("folder");
    written(folder.path());
    let path = folder.path().join("ledger.jsonl");
    let head = folder.path().join("head.json");
    let (text, ahead) = (
        std::fs::read(&path).expect("ledger"),
        std::fs::read(&head).expect("head"),
    );
    // The last entry is the reservation of the third release; the head before it is that of the
    // line above.
    let begins = text[..text.len() - 1]
        .iter()
        .rposition(|b| *b == b'\n')
        .expect("lines")
        + 1;
    let above: serde_json::Value = {
        let before = &text[..begins - 1];
        let line = before.rsplit(|b| *b == b'\n').next().expect("a line");
        serde_json::from_slice(line).expect("json")
    };
    let digest = above["digest"].as_str().expect("digest");
    let behind = format!(
        "{{\"sequence\":{},\"digest\":\"{digest}\"}}\n",
        above["sequence"]
    );
    for end in begins..=text.len() {
        std::fs::write(&path, &text[..end]).expect("written");
        std::fs::write(&head, &behind).expect("written");
        let book = Book::open(folder.path()).expect("opens");
        let whole = end >= text.len() - 1;
        let total = if whole { "3/10" } else { "2/10" };
        assert_eq!(book.account().spent(), rho(total), "cut at {end}");
        drop(book);
        // What was mended is a ledger as if the entry had never begun, or had been finished.
        let mended = std::fs::read(&path).expect("ledger");
        assert_eq!(
            mended,
            if whole {
                text.clone()
            } else {
                text[..begins].to_vec()
            }
        );
    }
    // A cut that the head knows of is no crash: that entry was synced.
    std::fs::write(&path, &text[..begins]).expect("written");
    std::fs::write(&head, &ahead).expect("written");
    let error = Book::look(folder.path()).expect_err("found");
    assert_eq!(exit(&error), Exit::Integrity);
}

#[test]
fn crashes_one_after_the_other_do_not_add_up() {
    // Each time killed between an entry and its head.
    let folder = tempfile::tempdir().expect("folder");
    drop(ledger(folder.path(), rho("1")));
    let head = folder.path().join("head.json");
    let (plan, key) = (small(), key(1));
    for (first, total) in [(1, "1/10"), (2, "2/10"), (3, "3/10")] {
        let mut book = Book::open(folder.path()).expect("opens");
        let before = std::fs::read(&head).expect("head");
        let release = release_id(&table(first), &plan, "annual", &key);
        book.reserve(&release, "annual", &plan, &key).expect("paid");
        std::fs::write(&head, before).expect("written");
        drop(book);
        assert_eq!(spent(folder.path()), rho(total));
    }
}

#[test]
fn one_at_a_time() {
    let folder = tempfile::tempdir().expect("folder");
    let book = ledger(folder.path(), rho("1"));
    let error = Book::open(folder.path()).err().expect("locked");
    assert_eq!(exit(&error), Exit::Locked);
    // Looking is allowed.
    assert_eq!(spent(folder.path()), rho("0"));
    drop(book);
    assert!(Book::open(folder.path()).is_ok());
}

#[test]
fn definitions_and_units_are_kept_apart() {
    let (plan, key) = (small(), key(1));
    let release = release_id(&table(4), &plan, "annual", &key);
    let folder = tempfile::tempdir().expect("folder");
    let pure = Loss::of(Definition::Pure, "1".parse().expect("ratio"));
    let mut book = ledger(folder.path(), pure);
    let error = book
        .reserve(&release, "annual", &plan, &key)
        .expect_err("zCDP is not pure");
    assert_eq!(exit(&error), Exit::Usage);
    let folder = tempfile::tempdir().expect("folder");
    let mut family = scope();
    family.unit = PrivacyUnit::Family;
    let mut book = Book::create(folder.path(), family, rho("1")).expect("ledger");
    let error = book
        .reserve(&release, "annual", &plan, &key)
        .expect_err("of a child");
    assert_eq!(exit(&error), Exit::Usage);
    assert_eq!(book.account().spent(), rho("0"));
    // Pure noise is paid for with rho: epsilon squared, half.
    let folder = tempfile::tempdir().expect("folder");
    let mut book = ledger(folder.path(), rho("1"));
    let half = Loss::of(Definition::Pure, "1/2".parse().expect("ratio"));
    let plan = super::world::plan(&flat(&[3, 2]), half, 1);
    released(&mut book, table(4), &plan, "pure", &key);
    assert_eq!(book.account().spent(), rho("1/8"));
}

#[test]
fn a_ledger_is_made_once() {
    let folder = tempfile::tempdir().expect("folder");
    drop(ledger(folder.path(), rho("1")));
    let error = Book::create(folder.path(), scope(), rho("100"))
        .err()
        .expect("exists");
    assert_eq!(exit(&error), Exit::Usage);
    let error = Book::open(&folder.path().join("none")).err().expect("none");
    assert_eq!(exit(&error), Exit::Usage);
}
