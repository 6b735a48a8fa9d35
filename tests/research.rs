//! Promise: in linked microdata for a research project every class of quasi-identifiers, counted
//! from the files themselves, has as many people as were asked for; the files of two projects share
//! no pseudonym; a floor that cannot hold leaves nothing behind.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "research/encrypted.rs"]
mod encrypted;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kinlink::columnar::{TableReader, bytes, text};
use world::World;

type Name = Vec<u8>;

/// The pseudonyms of a column, with the texts of other columns, row by row.
fn rows(path: &Path, names: &[&str], texts: &[&str]) -> Vec<(Vec<Name>, Vec<String>)> {
    let mut out = Vec::new();
    for batch in TableReader::open(path, None).expect("a table") {
        let batch = batch.expect("a batch");
        let names: Vec<_> = names
            .iter()
            .map(|n| bytes(&batch, n, path).expect("pseudonyms"))
            .collect();
        let texts: Vec<_> = texts
            .iter()
            .map(|n| text(&batch, n, path).expect("text"))
            .collect();
        for row in 0..batch.num_rows() {
            let own = names.iter().map(|a| a.value(row).to_vec()).collect();
            out.push((own, texts.iter().map(|a| a.value(row).to_owned()).collect()));
        }
    }
    out
}

/// Every pseudonym of a release.
fn pseudonyms(release: &Path) -> BTreeSet<Name> {
    let of = |table: &str, column: &str| {
        rows(&release.join("data").join(table), &[column], &[])
            .into_iter()
            .map(|(mut names, _)| names.remove(0))
    };
    of("child.parquet", "child")
        .chain(of("parent.parquet", "parent"))
        .collect()
}

#[test]
fn the_floor_holds_and_two_projects_share_nothing() {
    let world = World::at_scale("0.004");
    world.run(&["run", "pipelines/rehearsal.toml", "--to", "link"], 0);
    let run = world.only_run();
    let run = run.to_str().expect("text");
    let ask = |project: &str, out: &str, k: &str, code: i32| {
        let asked = [
            "--format", "json", "research", run, "--for", project, "-o", out, "--k", k,
        ];
        world.run(&asked, code)
    };

    let told = ask("outcomes", "a", "10", 0);
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).expect("JSON");
    let release = world.path().join("a");
    let quasi = ["age_band", "sex", "ethnicity"];
    let with_area = ["age_band", "sex", "ethnicity", "area"];
    let people = |table: &str, name: &str, columns: &[&str]| -> BTreeMap<Name, Vec<String>> {
        let path = release.join("data").join(table);
        let all = rows(&path, &[name], columns);
        let by_name: BTreeMap<_, _> = all.into_iter().map(|(mut n, t)| (n.remove(0), t)).collect();
        assert!(!by_name.is_empty(), "{table}");
        by_name
    };
    let children = people("child.parquet", "child", &with_area);
    let parents = people("parent.parquet", "parent", &quasi);

    // Joined as a researcher would join them, and counted anew.
    let mut classes: BTreeMap<Vec<String>, (BTreeSet<Name>, BTreeSet<Name>)> = BTreeMap::new();
    let pairs = rows(
        &release.join("data/parent_child.parquet"),
        &["child", "parent"],
        &[],
    );
    for (names, _) in &pairs {
        let [child, parent] = names.as_slice() else {
            panic!("two names");
        };
        let mut key = children[child].clone();
        key.extend(parents[parent].clone());
        let class = classes.entry(key).or_default();
        class.0.insert(child.clone());
        class.1.insert(parent.clone());
    }
    let least = classes.values().map(|(c, p)| c.len().min(p.len())).min();
    let least = least.expect("classes");
    assert!(least >= 10, "{least}");
    let figures = &told["disclosure"];
    assert_eq!(figures["k"], least, "the figure told is that of the files");
    assert_eq!(figures["classes"], classes.len());
    let (all, out) = (&figures["pairs"], &figures["pairs_suppressed"]);
    let kept = all.as_u64().expect("n") - out.as_u64().expect("n");
    assert_eq!(kept, pairs.len() as u64);
    assert!(
        out.as_f64().expect("n") <= 0.05 * all.as_f64().expect("n"),
        "{out} of {all}"
    );
    // Spells are of parents who are there.
    for (names, _) in rows(&release.join("data/spell.parquet"), &["parent"], &[]) {
        assert!(parents.contains_key(&names[0]));
    }

    // Every file is listed, and is what the list says.
    let sums = std::fs::read_to_string(release.join("SHA256SUMS")).expect("sums");
    let digests = world::digests(&release);
    assert_eq!(sums.lines().count() + 1, digests.len());
    for line in sums.lines() {
        let (digest, file) = line.split_once("  ").expect("two columns");
        assert_eq!(digests[Path::new(file)].hex(), digest, "{file}");
    }

    // The same again is the same to the byte; another project shares no pseudonym with it, and
    // neither has one of the run's own.
    ask("outcomes", "again", "10", 0);
    assert_eq!(world::digests(&world.path().join("again")), digests);
    ask("schools", "b", "10", 0);
    let (ours, theirs) = (pseudonyms(&release), pseudonyms(&world.path().join("b")));
    assert!(ours.len() > 100 && ours.len() == theirs.len());
    assert!(ours.is_disjoint(&theirs));
    let payload = Path::new(run).join("stage/02-pseudonymise/payload/person");
    for file in world::files(&world.path().join(payload)) {
        let own = rows(&file, &["record"], &[]).into_iter();
        let own: BTreeSet<Name> = own.map(|(mut n, _)| n.remove(0)).collect();
        assert!(own.is_disjoint(&ours), "{}", file.display());
    }

    // What is there is not written over; a floor that cannot hold leaves nothing.
    let said = world::text(&ask("outcomes", "a", "10", 2).stderr);
    assert!(said.contains("KL-V-002"), "{said}");
    let said = world::text(&ask("outcomes", "c", "100000", 7).stderr);
    assert!(said.contains("KL-V-001"), "{said}");
    assert!(!world.path().join("c").exists() && !world.path().join(".c.partial").exists());
    ask("outcomes", "c", "1", 2);
}

#[test]
fn what_a_schema_does_not_release_is_not_told() {
    let world = World::at_scale("0.002");
    let mut changed = 0;
    for file in world::files(&world.path().join("schemas")) {
        let of_extract = ["custody", "probation", "childrens-services"]
            .iter()
            .any(|system| file.parent().is_some_and(|p| p.ends_with(system)));
        if !of_extract {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("a schema");
        let mut schema: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        for field in schema["fields"].as_array_mut().expect("fields") {
            let to = field["kinlink:canonical"].to_string();
            if to.contains("sex\"") {
                field["kinlink:onOutput"] = "drop".into();
                changed += 1;
            }
        }
        let text = serde_json::to_string_pretty(&schema).expect("JSON");
        std::fs::write(&file, text).expect("written");
    }
    assert!(changed >= 6, "{changed}");
    world.run(&["run", "pipelines/rehearsal.toml", "--to", "link"], 0);
    let run = world.only_run();
    let run = run.to_str().expect("text");
    world.run(
        &[
            "research", run, "--for", "p", "-o", "a", "--k", "3", "--l", "1",
        ],
        0,
    );
    for (table, name) in [("parent", "parent"), ("child", "child")] {
        let path = world.path().join(format!("a/data/{table}.parquet"));
        let people = rows(&path, &[name], &["sex"]);
        let told: BTreeSet<&str> = people.iter().map(|(_, t)| t[0].as_str()).collect();
        assert!(
            told.iter().all(|t| ["not known", "all"].contains(t)),
            "{told:?}"
        );
    }
}
