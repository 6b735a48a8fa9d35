//! Promise: same inputs, configuration and key give the same bytes, whatever the threads, locale,
//! time zone or folder; a new key gives the same counts and no pseudonym in common.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod world;

use std::collections::BTreeSet;
use std::path::Path;

use kinlink::columnar::{self, TableReader};
use kinlink::pseudonymise::MasterKey;
use world::{World, digests};

fn run_with(world: &World, variables: &[(&str, &str)]) {
    let mut command = world.kinlink(&["run", "pipelines/rehearsal.toml"]);
    for (name, value) in variables {
        command.env(name, value);
    }
    let output = command.output().expect("started");
    assert!(output.status.success(), "{}", world::text(&output.stderr));
}

#[test]
fn threads_locale_time_zone_and_folder_do_not_matter() {
    let settings: [&[(&str, &str)]; 3] = [
        &[("RAYON_NUM_THREADS", "1"), ("TZ", "UTC"), ("LC_ALL", "C")],
        &[
            ("RAYON_NUM_THREADS", "2"),
            ("TZ", "Asia/Tokyo"),
            ("LC_ALL", "tr_TR.UTF-8"),
        ],
        &[("RAYON_NUM_THREADS", "5")],
    ];
    let worlds: Vec<World> = settings
        .iter()
        .map(|variables| {
            let world = World::small_with_review();
            run_with(&world, variables);
            world
        })
        .collect();
    let [first, others @ ..] = worlds.as_slice() else {
        unreachable!("three worlds")
    };
    let expected = digests(&first.only_run().join("release"));
    assert!(expected.len() > 10);
    for other in others {
        assert_eq!(
            digests(&first.path().join("data")),
            digests(&other.path().join("data"))
        );
        assert_eq!(digests(&other.only_run().join("release")), expected);
        assert_eq!(
            std::fs::read(first.only_run().join("manifest.json")).expect("a manifest"),
            std::fs::read(other.only_run().join("manifest.json")).expect("a manifest"),
        );
    }
}

/// Keys are of fixed seeds: tags of one byte agree by chance, and under one key in hundreds one link
/// of this world would fall the other way (ARCHITECTURE.md, "A new key").
#[test]
fn a_new_key_gives_the_same_counts_and_no_pseudonym_in_common() {
    let worlds: Vec<World> = (1..=3)
        .map(|seed| {
            let world = World::small();
            let keys = world.path().join("keys");
            std::fs::create_dir_all(&keys).expect("a folder");
            let key = MasterKey::of_rehearsal_seed(seed);
            key.save(&keys.join("rehearsal.key")).expect("a key");
            world.rehearse();
            world
        })
        .collect();
    let [first, others @ ..] = worlds.as_slice() else {
        unreachable!("three worlds")
    };
    let ours = pseudonyms(&first.only_run());
    assert!(ours.len() > 10_000, "{}", ours.len());
    for other in others {
        assert_eq!(tables(first), tables(other));
        // What is drawn at random is drawn in no order of pseudonyms, so that not even the last
        // digit of an estimate or of its error differs.
        assert_eq!(estimates(first), estimates(other));
        let theirs = pseudonyms(&other.only_run());
        assert_eq!(ours.intersection(&theirs).count(), 0);
    }
}

/// The published tables by name.
fn tables(world: &World) -> Vec<(String, String)> {
    world::files(&world.only_run().join("release/tables"))
        .into_iter()
        .filter(|p| p.extension().is_some_and(|e| e == "csv"))
        .map(|p| {
            let name = p.file_name().expect("a name").to_string_lossy();
            (
                name.into_owned(),
                std::fs::read_to_string(&p).expect("a table"),
            )
        })
        .collect()
}

/// The estimates as they are before rounding, with their variances.
fn estimates(world: &World) -> Vec<serde_json::Value> {
    let path = world.only_run().join("stage/04-estimate/quality.json");
    let text = std::fs::read_to_string(path).expect("the stage's figures");
    let all: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    [
        "estimates",
        "areas",
        "histories",
        "losses",
        "variance_shares",
    ]
    .map(|name| all.get(name).cloned().expect("a part"))
    .to_vec()
}

/// Every pseudonym and match key in a run.
fn pseudonyms(run: &Path) -> BTreeSet<Vec<u8>> {
    let mut out = BTreeSet::new();
    for path in world::files(run) {
        if path.extension().is_none_or(|e| e != "parquet") {
            continue;
        }
        for batch in TableReader::open(&path, None).expect("a table") {
            let batch = batch.expect("a batch");
            for name in ["row", "record", "key", "child", "visitor", "entity"] {
                if let Ok(column) = columnar::bytes(&batch, name, &path) {
                    out.extend(column.iter().flatten().map(<[u8]>::to_vec));
                }
            }
        }
    }
    out
}
