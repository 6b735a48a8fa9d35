//! Ingest on synthetic extracts whose truth is known: everybody arrives, every stay in prison is
//! right to the day, and the number of threads makes no difference.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "ingest/stage.rs"]
mod stage;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kinlink::schema::canonical::Table;
use stage::{everything, ingest};

fn synthetic(root: &Path) {
    assert_cmd::Command::cargo_bin("kinlink")
        .unwrap()
        .args(["synth", "--scale", "0.002", "--out"])
        .arg(root)
        .assert()
        .success();
}

fn truth(root: &Path, file: &str) -> Vec<Vec<String>> {
    csv::Reader::from_path(root.join("truth").join(file))
        .unwrap()
        .into_records()
        .map(|r| r.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

#[test]
fn everybody_arrives_and_every_stay_is_right_to_the_day() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("data");
    synthetic(&root);
    let out = ingest(&root, everything()).unwrap();
    for account in &out.report.accounts {
        assert!(account.balances(), "{account:?}");
    }

    for line in out
        .rows("restricted/quarantine.parquet", &[])
        .iter()
        .take(30)
    {
        eprintln!("{line}");
    }

    let mut records: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for system in ["custody", "probation", "ssda903", "cin", "census", "carers"] {
        let rows = out.table(Table::Person, system);
        assert!(!rows.is_empty(), "{system}");
        let found = rows
            .iter()
            .map(|row| row.split(" | ").next().unwrap().to_owned());
        records.insert(system.to_owned(), found.collect());
    }
    let people = truth(&root, "person.csv");
    // A pupil without a usable number is told by number and by row; one of the two arrives. Deleted
    // people of probation do not.
    let mut arrived: BTreeMap<(&str, &str), bool> = BTreeMap::new();
    for p in &people {
        *arrived.entry((&p[0], &p[2])).or_default() |= records[&p[0]].contains(&p[1]);
    }
    let lost: Vec<_> = arrived.iter().filter(|(_, there)| !**there).collect();
    let scope = |name: &str| -> usize {
        let units = out.report.accounts.iter().filter(|a| a.source == name);
        units
            .map(|a| usize::try_from(a.out_of_scope).unwrap())
            .sum()
    };
    let gone = scope("probation.offender");
    assert!(
        lost.len() <= gone,
        "{} of {} people: {lost:?}",
        lost.len(),
        arrived.len()
    );

    let person: BTreeMap<(&str, &str), &str> = people
        .iter()
        .map(|p| ((p[0].as_str(), p[1].as_str()), p[2].as_str()))
        .collect();
    let spells: BTreeSet<(String, String, String)> = out
        .table(Table::CustodySpell, "custody")
        .iter()
        .map(|row| {
            let cells: Vec<&str> = row.split(" | ").collect();
            let who = person[&("custody", cells[0])].to_owned();
            (who, cells[1].to_owned(), cells[2].replace('·', ""))
        })
        .collect();
    let known: BTreeSet<(String, String, String)> = truth(&root, "custody.csv")
        .into_iter()
        .map(|r| (r[0].clone(), r[1].clone(), r[2].clone()))
        .collect();
    let parents: BTreeSet<&String> = known.iter().map(|(p, _, _)| p).collect();
    let ours: BTreeSet<_> = spells
        .iter()
        .filter(|(p, _, _)| parents.contains(p))
        .cloned()
        .collect();
    let extra: Vec<_> = ours.difference(&known).take(20).collect();
    let absent: Vec<_> = known.difference(&ours).take(20).collect();
    assert!(
        extra.is_empty() && absent.is_empty(),
        "extra {extra:#?} absent {absent:#?}"
    );
}

#[test]
fn threads_make_no_difference() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("data");
    synthetic(&root);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| ingest(&root, everything()).unwrap().report)
    };
    let one = with(1);
    assert_eq!(one, with(3));
    assert!(one.files.len() > 15);
}
