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
            let world = World::small();
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

#[test]
fn a_new_key_gives_the_same_counts_and_no_pseudonym_in_common() {
    let first = World::small();
    first.rehearse();
    let second = World::small();
    std::fs::create_dir_all(second.path().join("keys")).expect("a folder");
    second.run(
        &["key", "new", "keys/rehearsal.key", "--purpose", "rehearsal"],
        0,
    );
    second.rehearse();

    let tables = |world: &World| -> Vec<(String, String)> {
        world::files(&world.only_run().join("release/tables"))
            .into_iter()
            .filter(|p| p.extension().is_some_and(|e| e == "csv"))
            .map(|p| {
                let name = p
                    .file_name()
                    .expect("a name")
                    .to_string_lossy()
                    .into_owned();
                (name, std::fs::read_to_string(p).expect("a table"))
            })
            .collect()
    };
    assert_eq!(tables(&first), tables(&second));

    let (a, b) = (
        pseudonyms(&first.only_run()),
        pseudonyms(&second.only_run()),
    );
    assert!(a.len() > 10_000, "{}", a.len());
    assert_eq!(a.intersection(&b).count(), 0);
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
