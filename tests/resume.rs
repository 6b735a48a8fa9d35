//! Promise: a kill at any moment loses at most the stage in hand, never leaves a partial release,
//! and `resume` ends with the release of an uninterrupted run.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod world;

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use world::{World, digests};

/// A finished run to compare with, and how long it took once the extracts were there.
fn finished() -> (World, Duration) {
    let world = World::small();
    // The extracts are written once and copied, so that the kills fall into the stages.
    world.run(&["run", "pipelines/rehearsal.toml", "--to", "ingest"], 0);
    std::fs::remove_dir_all(world.path().join("runs")).expect("removed");
    let began = Instant::now();
    world.rehearse();
    (world, began.elapsed())
}

fn fresh(of: &World) -> World {
    let world = World::small();
    for name in ["data", "keys"] {
        world::copy(&of.path().join(name), &world.path().join(name));
    }
    for key in world::files(&world.path().join("keys")) {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(key, mode).expect("mode");
    }
    world
}

/// Starts a run, kills it after a while, and says whether it was still running.
fn killed_after(world: &World, wait: Duration) -> bool {
    let mut child = world
        .kinlink(&["run", "pipelines/rehearsal.toml"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    std::thread::sleep(wait);
    let running = child.try_wait().expect("a state").is_none();
    let _ = child.kill();
    let _ = child.wait();
    running
}

/// A release is whole or not there.
fn no_partial_release(run: &Path, whole: &World) {
    let release = run.join("release");
    if release.exists() {
        assert_eq!(
            digests(&release),
            digests(&whole.only_run().join("release"))
        );
    }
}

fn kills(number: u32) {
    let (whole, took) = finished();
    let expected = digests(&whole.only_run().join("release"));
    let mut hits = 0;
    for kill in 0..number {
        let world = fresh(&whole);
        let share = f64::from(kill) / f64::from(number);
        if killed_after(&world, took.mul_f64(share)) {
            hits += 1;
        }
        if !world.path().join("runs").exists() {
            world.rehearse();
        } else {
            let run = world.only_run();
            no_partial_release(&run, &whole);
            if run.join("plan.json").exists() {
                world.run(&["resume", run.to_str().expect("a path")], 0);
            } else {
                world.rehearse();
            }
        }
        let run = world.only_run();
        assert_eq!(
            digests(&run.join("release")),
            expected,
            "kill {kill} of {number}"
        );
        world.run(&["verify", run.to_str().expect("a path")], 0);
    }
    assert!(
        hits * 2 > number,
        "only {hits} of {number} kills hit a running process"
    );
}

#[test]
fn a_killed_run_resumes_to_the_same_release() {
    kills(6);
}

/// The long form: `cargo test --release --test resume -- --ignored`.
#[test]
#[ignore = "takes minutes: two hundred kills"]
fn two_hundred_killed_runs_resume_to_the_same_release() {
    kills(200);
}

#[test]
fn stopping_after_each_stage_and_going_on_changes_nothing() {
    let (whole, _) = finished();
    let world = fresh(&whole);
    for stage in ["ingest", "pseudonymise", "link", "estimate", "protect"] {
        world.run(&["run", "pipelines/rehearsal.toml", "--to", stage], 0);
        assert!(!world.only_run().join("release").exists(), "{stage}");
    }
    let run = world.only_run();
    world.run(&["resume", run.to_str().expect("a path")], 0);
    assert_eq!(
        digests(&run.join("release")),
        digests(&whole.only_run().join("release"))
    );
    assert_eq!(
        std::fs::read(run.join("manifest.json")).expect("a manifest"),
        std::fs::read(whole.only_run().join("manifest.json")).expect("a manifest")
    );
}

#[test]
fn a_stage_can_be_done_again() {
    let (world, _) = finished();
    let before = digests(&world.only_run().join("release"));
    for stage in ["publish", "estimate", "pseudonymise", "ingest"] {
        world.run(&["run", "pipelines/rehearsal.toml", "--from", stage], 0);
        assert_eq!(
            digests(&world.only_run().join("release")),
            before,
            "{stage}"
        );
    }
}

#[test]
fn a_run_is_not_resumed_with_another_key_or_other_inputs() {
    let world = World::small();
    world.run(&["run", "pipelines/rehearsal.toml", "--to", "estimate"], 0);
    let run = world.only_run();
    let run = run.to_str().expect("a path");

    let key = world.path().join("keys/rehearsal.key");
    let kept = std::fs::read(&key).expect("a key");
    std::fs::remove_file(&key).expect("removed");
    world.run(
        &["key", "new", "keys/rehearsal.key", "--purpose", "rehearsal"],
        0,
    );
    let output = world.run(&["resume", run], 6);
    assert!(world::text(&output.stderr).contains("KL-K-008"));
    std::fs::write(&key, kept).expect("put back");

    let extract = world.path().join("data/rehearsal/custody/persons.csv");
    let kept = std::fs::read(&extract).expect("an extract");
    let mut changed = kept.clone();
    let last = changed.len() - 3;
    changed[last] ^= 1;
    std::fs::write(&extract, changed).expect("changed");
    let output = world.run(&["resume", run], 4);
    assert!(world::text(&output.stderr).contains("custody/persons.csv"));
    std::fs::write(&extract, kept).expect("put back");
    world.run(&["resume", run], 0);
}
