//! Promise: a changed byte in any input, intermediate file, record or released file is found, and
//! so is a file that was removed or added.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod world;

use std::path::{Path, PathBuf};

use world::World;

fn verify(world: &World, code: i32) -> String {
    let run = world.only_run();
    let output = world.run(&["verify", run.to_str().expect("a path")], code);
    world::text(&output.stdout) + &world::text(&output.stderr)
}

/// Flips a bit in the middle of a file, checks that it is found, and puts it back.
fn flipped(world: &World, path: &Path) {
    let kept = std::fs::read(path).expect("a file");
    if kept.is_empty() {
        return;
    }
    let mut changed = kept.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 0b100;
    std::fs::write(path, changed).expect("changed");
    let said = verify(world, 4);
    assert!(said.contains("KL-D-00"), "{}: {said}", path.display());
    std::fs::write(path, kept).expect("put back");
}

#[test]
fn every_changed_file_is_found() {
    let world = World::small();
    let run = world.rehearse();
    let said = verify(&world, 0);
    assert!(said.contains("all accounted for"), "{said}");

    let below = |name: &str| world::files(&run.join(name));
    let mut all: Vec<PathBuf> = ["stage", "restricted", "release"]
        .iter()
        .flat_map(|n| below(n))
        .collect();
    all.extend(["plan.json", "manifest.json"].map(|n| run.join(n)));
    all.extend([
        world.path().join("data/rehearsal/custody/offenders.csv"),
        world
            .path()
            .join("data/rehearsal/probation/offender.parquet"),
        world.path().join("schemas/custody/offenders.json"),
        world.path().join("pipelines/rehearsal.toml"),
    ]);
    assert!(all.len() > 60, "{}", all.len());
    for path in &all {
        flipped(&world, path);
    }
    verify(&world, 0);
}

#[test]
fn removed_and_added_files_are_found() {
    let world = World::small();
    let run = world.rehearse();
    let table = run.join("release/tables/T01.parquet");
    let kept = std::fs::read(&table).expect("a table");
    std::fs::remove_file(&table).expect("removed");
    assert!(verify(&world, 4).contains("T01.parquet"));
    std::fs::write(&table, kept).expect("put back");
    verify(&world, 0);

    std::fs::write(run.join("release/tables/more.csv"), "a,b\n").expect("added");
    assert!(verify(&world, 4).contains("no receipt records"));
    std::fs::remove_file(run.join("release/tables/more.csv")).expect("removed");

    let clear = run.join("stage/01-ingest/person");
    std::fs::create_dir_all(&clear).expect("a folder");
    std::fs::write(clear.join("custody.parquet"), "clear").expect("added");
    assert!(verify(&world, 4).contains("should have been removed"));
}

#[test]
fn a_folder_that_is_no_run_is_told_so() {
    let world = World::small();
    let output = world.run(&["verify", "schemas"], 2);
    assert!(world::text(&output.stderr).contains("KL-D-003"));
}
