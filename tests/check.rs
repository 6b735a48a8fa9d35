//! Promise: `kinlink check` says what is missing before a run and exits 2; a wrong pipeline file is
//! told with its line and what was probably meant.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod world;

use world::World;

#[test]
fn the_national_pipeline_says_which_sources_are_missing() {
    let world = World::small();
    let output = world.run(&["check", "pipelines/national.toml"], 2);
    let said = world::text(&output.stderr);
    for source in [
        "custody.offenders",
        "probation.offender",
        "ssda903.header_2025",
        "cin.2025",
        "census.school_census",
        "carers.carers",
        "the key",
        "the postcode directory",
    ] {
        assert!(
            said.contains(&format!("{source} is missing")),
            "{source} is not in\n{said}"
        );
    }
    assert!(!world.path().join("runs").exists());
    world.run(&["run", "pipelines/national.toml"], 2);
}

#[test]
fn a_rehearsal_is_checked_before_and_after_its_extracts_are_written() {
    let world = World::small();
    let output = world.run(&["check", "pipelines/rehearsal.toml"], 0);
    assert!(world::text(&output.stdout).contains("synthetic"));
    assert!(
        !world.path().join("keys").exists(),
        "a check writes nothing"
    );
    world.run(&["run", "pipelines/rehearsal.toml", "--to", "ingest"], 0);
    let output = world.run(&["check", "pipelines/rehearsal.toml"], 0);
    assert!(world::text(&output.stdout).contains("all there"));
}

#[test]
fn a_misspelt_key_is_told_with_its_line() {
    let world = World::small();
    world.edit(
        "pipelines/rehearsal.toml",
        "min_frequency = 6",
        "min_freqency = 6",
    );
    let output = world.run(&["check", "pipelines/rehearsal.toml"], 2);
    let said = world::text(&output.stderr);
    assert!(said.contains("KL-C-002"), "{said}");
    assert!(said.contains("did you mean `min_frequency`?"), "{said}");
    assert!(
        said.contains("min_freqency = 6"),
        "the line is shown: {said}"
    );
}

#[test]
fn paths_that_lead_out_are_refused() {
    let world = World::small();
    world.edit(
        "pipelines/national.toml",
        "data/national/custody/offenders.csv",
        "../outside/offenders.csv",
    );
    let output = world.run(&["check", "pipelines/national.toml"], 2);
    assert!(world::text(&output.stderr).contains("KL-C-005"));
}

#[test]
fn a_table_that_does_not_exist_is_told_with_those_that_do() {
    let world = World::small();
    world.edit("pipelines/national.toml", "id = \"T10\"", "id = \"T99\"");
    let output = world.run(&["check", "pipelines/national.toml"], 2);
    let said = world::text(&output.stderr);
    assert!(
        said.contains("there is no table T99") && said.contains("T07"),
        "{said}"
    );
}

#[test]
fn a_key_of_the_other_purpose_or_that_others_can_read_stops_the_run() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::small();
    std::fs::create_dir_all(world.path().join("keys")).expect("a folder");
    world.run(&["key", "new", "keys/rehearsal.key"], 0);
    let output = world.run(&["run", "pipelines/rehearsal.toml"], 6);
    assert!(world::text(&output.stderr).contains("KL-K-007"));
    let key = world.path().join("keys/rehearsal.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("mode");
    let output = world.run(&["run", "pipelines/rehearsal.toml"], 6);
    assert!(world::text(&output.stderr).contains("KL-K-002"));
    let again = world.run(&["key", "new", "keys/rehearsal.key"], 6);
    assert!(world::text(&again.stderr).contains("KL-K-005"));
}

#[test]
fn every_code_has_its_page() {
    let world = World::small();
    let list = world::text(&world.run(&["explain"], 0).stdout);
    let codes: Vec<&str> = list
        .lines()
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    assert!(codes.len() > 40, "{}", codes.len());
    for code in codes {
        let page = world::text(&world.run(&["explain", code], 0).stdout);
        assert!(page.contains("When") && page.contains("Mend"), "{page}");
    }
    world.run(&["explain", "KL-Z-999"], 2);
}
