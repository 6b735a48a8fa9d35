//! Dates that rule a pair out: what the model would link, and cannot be one person.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::bench::{Bench, done, person, refused};
use serde_json::Value;

const COLUMNS: &str = "id,first,last,dob,sex,postcode,died,seen,parent,in,out,prison\n";
const DATES: &str = "[dates]\ndied = \"died\"\ndated = \"seen\"\nparent_born = \"parent\"\n\
    in_custody_from = \"in\"\nin_custody_to = \"out\"\nin_custody_at = \"prison\"\n";

/// A file of people: `dates` are the last six columns of some of them.
fn file(prefix: &str, people: usize, dates: &BTreeMap<usize, String>) -> String {
    let mut out = COLUMNS.to_owned();
    for n in 0..people {
        let dates = dates.get(&n).map_or(",,,,,", String::as_str);
        let _ = writeln!(out, "{prefix}{n},{},{dates}", person(n).join(","));
    }
    out
}

/// Two files of the same people, of whom some have dates that exclude each other and some have
/// dates that just do not.
fn bench() -> Bench {
    let bench = Bench::new();
    let born = |n: usize| person(n)[2].clone();
    let year = |n: usize| born(n)[..4].parse::<u32>().expect("a year");
    let [mut left, mut right] = [BTreeMap::new(), BTreeMap::new()];
    // Seen a day after death; seen on its day.
    for (n, seen) in [(1, "2010-03-05"), (4, "2010-03-04")] {
        left.insert(n, "2010-03-04,,,,,".to_owned());
        right.insert(n, format!(",{seen},,,,"));
    }
    // A parent who was eleven, and one who was twelve, when the child was born.
    for (n, years) in [(2, 11), (5, 12)] {
        right.insert(n, format!(",,{}{},,,", year(n) - years, &born(n)[4..]));
    }
    // In two prisons for two nights, for the night of a transfer, and in one twice.
    let stays = [
        (3, "2024-02-29", "Hull"),
        (6, "2024-03-01", "Hull"),
        (7, "2024-02-01", "leeds"),
    ];
    for (n, from, prison) in stays {
        left.insert(n, ",,,2024-01-01,2024-03-02,Leeds".to_owned());
        right.insert(n, format!(",,,{from},,{prison}"));
    }
    bench.write("left.csv", &file("l", 80, &left));
    bench.write("right.csv", &file("r", 80, &right));
    bench
}

fn linked(bench: &Bench, out: &str) -> Vec<usize> {
    let pairs = bench.linked(out).into_iter();
    let numbers = pairs.map(|(left, right)| {
        assert_eq!(left[1..], right[1..], "{left} {right}");
        left[1..].parse().expect("a number")
    });
    let mut numbers: Vec<usize> = numbers.collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn what_dates_rule_out_is_not_linked() {
    let bench = bench();
    done(&bench.link("without", &["left.csv", "right.csv"]));
    // The model alone cannot know: it links all eighty.
    assert_eq!(linked(&bench, "without"), (0..80).collect::<Vec<_>>());
    let spec = std::fs::read_to_string(bench.path("spec.toml")).expect("spec");
    bench.write("spec.toml", &(spec + DATES));
    let output = bench.link("with", &["left.csv", "right.csv", "--keep", "0"]);
    done(&output);
    let expected: Vec<usize> = (0..80).filter(|n| ![1, 2, 3].contains(n)).collect();
    assert_eq!(linked(&bench, "with"), expected);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        told.contains("3 pairs that the model would link cannot be one person"),
        "{told}"
    );
    let why = bench.kinlink(&["link", "why", "with", "l1", "r1"], &[]);
    done(&why);
    let told = String::from_utf8_lossy(&why.stdout).into_owned();
    assert!(told.contains("never linked"), "{told}");
}

#[test]
fn no_third_record_brings_two_together_that_dates_keep_apart() {
    let bench = Bench::new();
    let mut file = file("m", 80, &BTreeMap::new());
    // Three records of one name and birthday: in Leeds, in Hull, and of nothing stated.
    let same = person(7).join(",");
    for (id, dates) in [
        ("leeds", ",,,2024-01-01,,Leeds"),
        ("hull", ",,,2024-01-01,,Hull"),
        ("third", ",,,,,"),
    ] {
        let _ = writeln!(file, "{id},{same},{dates}");
    }
    bench.write("file.csv", &file);
    let entity = |out: &str| {
        let mut of: BTreeMap<String, String> = BTreeMap::new();
        let path = bench.path(out).join("clusters.parquet");
        kinlink::link::out_files::read_clusters(&path, |id, _, entity| {
            of.insert(id.to_owned(), entity.to_owned());
        })
        .expect("clusters");
        of
    };
    done(&bench.link("without", &["file.csv"]));
    let found = entity("without");
    assert!(
        ["leeds", "hull", "third"]
            .iter()
            .all(|id| found[*id] == "m7")
    );
    let spec = std::fs::read_to_string(bench.path("spec.toml")).expect("spec");
    bench.write("spec.toml", &(spec + DATES));
    done(&bench.link("with", &["file.csv"]));
    let found = entity("with");
    assert_ne!(found["leeds"], found["hull"]);
    assert_eq!(found.values().filter(|name| **name == "m7").count(), 3);
}

#[test]
fn dates_that_cannot_be_read_are_told() {
    let bench = bench();
    let spec = std::fs::read_to_string(bench.path("spec.toml")).expect("spec");
    let wrong = format!("{spec}{DATES}[formats]\ndied = \"%d/%m/%Y\"\n");
    bench.write("spec.toml", &wrong);
    refused(
        &bench.link("out", &["left.csv", "right.csv"]),
        3,
        "KL-L-026",
    );
    bench.write("spec.toml", &format!("{spec}[dates]\ndead = \"died\"\n"));
    refused(
        &bench.link("out", &["left.csv", "right.csv"]),
        2,
        "KL-L-011",
    );
    // One unreadable date among many counts as missing, and is told.
    bench.write("spec.toml", &(spec + DATES));
    let text = std::fs::read_to_string(bench.path("left.csv")).expect("left");
    bench.write("left.csv", &text.replacen("2010-03-04", "4/3/2010", 1));
    let output = bench.link("out", &["left.csv", "right.csv", "--format", "json"]);
    done(&output);
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found["apart"], 2, "{found:#}");
}
