//! The linkage of a run is reviewed, and the labels are taken into another run: the whole way, by the
//! program as a process. Pseudonyms cannot be traced to the truth of the synthetic extracts, and are
//! not meant to be: so pairs are labelled by a rule, by which every tenth likely pair is no match.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod world;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kinlink::link::out_files;
use kinlink::schema::quality::{EstimatedShare, LinkageQuality, LinkedGroup};
use world::{World, digests, files, text};

const PIPELINE: &str = "pipelines/rehearsal.toml";
const LABELS: &str = "clerical/child/review/scored_labels.csv";

/// Runs the pipeline and gives the run directory that was not there before.
fn run(world: &World, pipeline: &str) -> PathBuf {
    let runs = || -> BTreeSet<PathBuf> {
        let listed = std::fs::read_dir(world.path().join("runs"));
        listed
            .into_iter()
            .flatten()
            .map(|entry| entry.expect("an entry").path())
            .collect()
    };
    let before = runs();
    world.run(&["run", pipeline], 0);
    let new: Vec<PathBuf> = runs().difference(&before).cloned().collect();
    assert_eq!(new.len(), 1, "{new:?}");
    new[0].clone()
}

fn quality(run: &Path, kind: &str) -> LinkageQuality {
    let path = run.join("stage/03-link").join(kind).join("quality.json");
    let bytes = std::fs::read(path).expect("quality.json");
    serde_json::from_slice(&bytes).expect("a quality report")
}

fn argument(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// Writes the decisions of two reviewers who agree.
fn decide(world: &World) {
    let key = world
        .path()
        .join("clerical/child/review/key_for_steward.csv");
    let mut reader = csv::Reader::from_path(key).expect("the key");
    let mut out = "number,decision\n".to_owned();
    for row in reader.records() {
        let row = row.expect("a row");
        let number: u64 = row[0].parse().expect("a number");
        let probability: f64 = row[5].parse().expect("a probability");
        let is_match = probability >= 0.5 && !number.is_multiple_of(10);
        let word = if is_match { "match" } else { "no match" };
        out.push_str(&format!("{number},{word}\n"));
    }
    for name in ["first.csv", "second.csv"] {
        std::fs::write(world.path().join(name), &out).expect("written");
    }
}

/// What is in the folder for review: pseudonyms, in the form of a stand-alone linkage.
fn for_review(run: &Path) -> PathBuf {
    let folder = run.join("restricted/03-link/child");
    let links = out_files::read_model(&folder).expect("a model").links;
    let mut linked = BTreeSet::new();
    let hex = |id: &str| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit());
    out_files::read_patterns(&folder.join("links.parquet"), |pair| {
        assert!(hex(pair.left) && hex(pair.right));
        assert!(pair.probability >= 0.5);
        linked.insert((pair.left.to_owned(), pair.right.to_owned()));
    })
    .expect("links");
    assert_eq!(linked.len() as u64, links);
    let mut others = 0;
    out_files::read_patterns(&folder.join("pairs.parquet"), |pair| {
        assert!(pair.probability >= 0.001);
        let ids = (pair.left.to_owned(), pair.right.to_owned());
        others += u64::from(!linked.remove(&ids));
    })
    .expect("pairs");
    assert!(linked.is_empty(), "every link is among the pairs");
    assert!(others > 0, "pairs that are no links can be drawn");
    folder
}

fn width(of: &EstimatedShare) -> f64 {
    of.upper - of.lower
}

/// Precision fell to the share of the labels, and no interval became narrower.
fn compare(before: &LinkedGroup, after: &LinkedGroup) {
    let counts = |g: &LinkedGroup| (g.records, g.linked, g.links, g.links_with_recall);
    assert_eq!(counts(before), counts(after));
    for (before, after) in [
        (before.precision, after.precision),
        (before.recall, after.recall),
    ] {
        assert_eq!(before.is_some(), after.is_some());
        if let (Some(before), Some(after)) = (before, after) {
            // An interval from nought to one says nothing, and labels may say more.
            let said_nothing = width(&before) > 0.999;
            let wider = width(&after) >= width(&before);
            assert!(wider || said_nothing, "{before:?} {after:?}");
            assert!((after.lower..=after.upper).contains(&after.estimate));
        }
    }
    if let (Some(before), Some(after)) = (before.precision, after.precision) {
        assert!(before.estimate > 0.95 && (0.8..0.95).contains(&after.estimate));
    }
}

#[test]
fn the_linkage_of_a_run_is_reviewed_and_the_labels_calibrate_another() {
    let world = World::small();
    let plain = run(&world, PIPELINE);
    world.edit(
        PIPELINE,
        "[link.child]\n",
        "[link.child]\nreview_from = 0.001\n",
    );
    let first = run(&world, PIPELINE);
    // The option writes a folder among the restricted files, and changes no other file of the stage.
    assert!(files(&plain.join("restricted/03-link")).is_empty());
    assert!(!first.join("restricted/03-link/adult").exists());
    for kind in ["adult", "child"] {
        let of = |run: &Path| {
            let mut all = digests(&run.join("stage/03-link").join(kind));
            all.retain(|path, _| !path.ends_with("receipt.json"));
            all
        };
        assert_eq!(of(&plain), of(&first));
    }
    assert!(
        quality(&first, "child")
            .method
            .starts_with("expected by the model")
    );
    let folder = for_review(&first);

    // A review is kept apart from the run, which stays as it was recorded.
    let sample = ["link", "review", "sample", argument(&folder)];
    let refused = world.run(&sample, 2);
    assert!(text(&refused.stderr).contains("KL-L-066"));
    let apart = ["-o", "clerical/child", "--per-band", "200"];
    world.run(&[&sample[..], &apart[..]].concat(), 0);
    decide(&world);
    let read = [
        "link",
        "review",
        "read",
        "clerical/child",
        "first.csv",
        "second.csv",
    ];
    world.run(&read, 0);
    world.run(&["verify", argument(&first)], 0);
    let labels = std::fs::read_to_string(world.path().join(LABELS)).expect("labels");
    assert!(labels.starts_with("match_probability,is_match,weight\n"));
    let labelled = labels.lines().count() - 1;

    let named = format!("[link.child]\nlabels = \"{LABELS}\"\n");
    world.edit(PIPELINE, "[link.child]\n", &named);
    world.run(&["check", PIPELINE], 0);
    let second = run(&world, PIPELINE);
    for file in [
        "child/links.parquet",
        "child/entities.parquet",
        "adult/links.parquet",
        "adult/entities.parquet",
        "adult/quality.json",
    ] {
        let bytes = |run: &Path| std::fs::read(run.join("stage/03-link").join(file)).expect(file);
        assert!(bytes(&first) == bytes(&second), "{file}");
    }
    let (before, after) = (quality(&first, "child"), quality(&second, "child"));
    let told = format!("calibrated by {labelled} labelled pairs, ");
    assert!(after.method.starts_with(&told), "{}", after.method);
    for (before, after) in before.groups.iter().zip(&after.groups) {
        compare(before, after);
    }
    // The release says so, and the labels are among what is verified.
    let released = std::fs::read_to_string(second.join("release/quality.json")).expect("quality");
    assert!(released.contains(&told));
    world.run(&["verify", argument(&second)], 0);
    std::fs::write(
        world.path().join(LABELS),
        labels.replacen("true", "false", 1),
    )
    .expect("written");
    let changed = world.run(&["verify", argument(&second)], 4);
    assert!(text(&changed.stderr).contains("scored_labels.csv"));
    run(&world, PIPELINE);
}

#[test]
fn labels_that_cannot_be_used_are_told_before_anything_runs() {
    let world = World::small();
    let named = "[link.adult]\nlabels = \"labels.csv\"\n";
    world.edit(PIPELINE, "[link.adult]\n", named);
    let refused = |labels: Option<String>, exit: i32, code: &str| {
        let path = world.path().join("labels.csv");
        if let Some(labels) = labels {
            std::fs::write(path, labels).expect("written");
        }
        for command in ["check", "run"] {
            let told = text(&world.run(&[command, PIPELINE], exit).stderr);
            assert!(told.contains(code), "{told}");
            assert!(told.contains("labels") && told.contains("help"), "{told}");
        }
    };
    let of = |matches: usize, others: usize| {
        let header = "match_probability,is_match,weight\n".to_owned();
        header + &"0.93,true,2\n".repeat(matches) + &"0.2,false,9.5\n".repeat(others)
    };
    refused(None, 2, "KL-C-004");
    refused(Some(of(30, 30).replacen("weight", "w", 1)), 3, "KL-L-021");
    refused(Some(of(60, 0)), 3, "KL-L-067");
    refused(Some(of(0, 60)), 3, "KL-L-067");
    refused(Some(of(24, 25)), 3, "KL-L-067");
    refused(Some(of(30, 30).replacen("0.93", "1.5", 1)), 3, "KL-L-067");
    assert!(!world.path().join("runs").exists());
    std::fs::write(world.path().join("labels.csv"), of(30, 30)).expect("written");
    world.run(&["check", PIPELINE], 0);
}
