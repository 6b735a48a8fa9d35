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

/// The program in an empty folder.
fn kinlink(folder: &std::path::Path, arguments: &[&str], code: i32) -> std::process::Output {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_kinlink"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("started");
    let (out, err) = (world::text(&output.stdout), world::text(&output.stderr));
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}\n{out}\n{err}"
    );
    output
}

#[test]
fn a_new_project_is_green_and_nothing_that_is_there_is_touched() {
    use std::os::unix::fs::PermissionsExt;
    let room = tempfile::tempdir().expect("a folder");
    let made = kinlink(room.path(), &["init", "families"], 0);
    let said = world::text(&made.stderr);
    assert!(
        said.contains("next: cd families && kinlink run pipelines/rehearsal.toml"),
        "{said}"
    );
    let project = room.path().join("families");
    kinlink(&project, &["check", "pipelines/rehearsal.toml"], 0);
    // Of the national pipeline only extracts and the key are missing: its schemas are there.
    let national = kinlink(&project, &["check", "pipelines/national.toml"], 2);
    let said = world::text(&national.stderr);
    assert!(said.contains("the extract custody.offenders is missing"));
    assert!(!said.contains("the schema of"), "{said}");
    for folder in ["keys", "data"] {
        let mode = std::fs::metadata(project.join(folder)).expect("there");
        assert_eq!(mode.permissions().mode() & 0o777, 0o700, "{folder}");
    }
    let ignored = std::fs::read_to_string(project.join(".gitignore")).expect("text");
    for folder in ["/keys/", "/data/", "/runs/"] {
        assert!(ignored.lines().any(|l| l == folder), "{folder}");
    }

    std::fs::write(project.join("README.md"), "mine").expect("written");
    let before = world::digests(room.path());
    let refused = kinlink(room.path(), &["init", "families"], 2);
    assert!(world::text(&refused.stderr).contains("KL-W-001"));
    kinlink(room.path(), &["init", "."], 2);
    assert_eq!(world::digests(room.path()), before);
}

#[test]
fn the_doctor_tells_what_would_hinder_a_run() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::small();
    let doctor = ["--format", "json", "doctor", "pipelines/rehearsal.toml"];
    let verdict = |output: &std::process::Output, topic: &str| {
        let all: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let findings = all["findings"].as_array().expect("a list").clone();
        let found = findings.iter().find(|f| f["topic"] == topic);
        let verdict = &found.unwrap_or_else(|| panic!("{topic}"))["verdict"];
        verdict.as_str().expect("text").to_owned()
    };
    let well = world.run(&doctor, 0);
    for topic in [
        "core dumps",
        "key file",
        "run folder",
        "disk",
        "clock",
        "links",
        "extracts",
    ] {
        assert_eq!(verdict(&well, topic), "ok", "{topic}");
    }
    assert!(
        !world.path().join("runs").exists() && !world.path().join("keys").exists(),
        "the doctor leaves nothing behind"
    );

    std::fs::create_dir_all(world.path().join("keys")).expect("a folder");
    let key = world.path().join("keys/rehearsal.key");
    std::fs::write(&key, "x").expect("written");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("mode");
    let ill = world.run(&doctor, 2);
    assert_eq!(verdict(&ill, "key file"), "fail");
    assert!(world::text(&ill.stderr).contains("KL-M-001"));

    // A file of holes that claims more bytes than any disk of ours has room for.
    std::fs::remove_file(&key).expect("removed");
    let extracts = world.path().join("data/rehearsal/custody");
    std::fs::create_dir_all(&extracts).expect("folders");
    let huge = std::fs::File::create(extracts.join("offenders.csv")).expect("a file");
    huge.set_len(8_000_000_000_000).expect("a long file");
    let ill = world.run(&doctor, 2);
    assert_eq!(verdict(&ill, "extracts"), "fail", "the others are missing");
    assert_eq!(verdict(&ill, "disk"), "fail");
    assert_eq!(verdict(&ill, "memory"), "fail");

    // Without a pipeline only the machine is looked at; a wrong one is told as `check` tells it.
    let lines = world::text(&world.run(&["doctor"], 0).stdout);
    assert!(
        lines
            .lines()
            .all(|l| l.starts_with("ok ") || l.starts_with("warn ")),
        "{lines}"
    );
    world.run(&["doctor", "pipelines/none.toml"], 2);
}
