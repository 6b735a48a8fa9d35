//! `kinlink link evaluate`: against a truth, by comparison and group, and without a truth.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

const FORENAMES: [&str; 16] = [
    "Ann", "Bryn", "Carys", "Dilys", "Emrys", "Ffion", "Gwen", "Huw", "Ifan", "Jac", "Lowri",
    "Mair", "Nia", "Owain", "Rhys", "Tomos",
];
const SURNAMES: [&str; 16] = [
    "Hobbs", "Parry", "Owen", "Pugh", "Bevan", "Craddock", "Daniel", "Ellis", "Foulkes", "Gough",
    "Harry", "Ingram", "Jarman", "Kendrick", "Lloyd", "Meredith",
];
const SPEC: &str = "# A remark that nobody else shall read.\nid = \"id\"\n[fields]\n\
    forename = \"first\"\nsurname = \"last\"\nsex = \"sex\"\npostcode = \"postcode\"\n\
    date_of_birth = \"dob\"\n[formats]\ndate_of_birth = \"%d/%m/%Y\"\n";
const HEADER: &str = "id,first,last,dob,sex,postcode,region,who\n";

/// A number below `below` that depends on person and field alone (SplitMix64).
fn drawn(n: usize, field: u64, below: usize) -> usize {
    let mut z = (n as u64)
        .wrapping_mul(31)
        .wrapping_add(field)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) % below as u64) as usize
}

/// Forename, surname, date of birth, sex, postcode, region: person `n` is always the same.
fn person(n: usize) -> [String; 6] {
    // Days from the 13th on, so that day and month can change places and be seen.
    let (year, month, day) = (
        1950 + drawn(n, 1, 50),
        1 + drawn(n, 2, 12),
        13 + drawn(n, 3, 16),
    );
    let region = match n % 40 {
        0 => "Isles",
        1..=20 => "North",
        _ => "South",
    };
    [
        FORENAMES[drawn(n, 4, FORENAMES.len())].to_owned(),
        SURNAMES[drawn(n, 5, SURNAMES.len())].to_owned(),
        format!("{day}/{month:02}/{year}"),
        if drawn(n, 6, 2) == 0 { "F" } else { "M" }.to_owned(),
        format!("AB{} {}CD", 1 + drawn(n, 7, 60), drawn(n, 8, 10)),
        region.to_owned(),
    ]
}

/// Of ten people, one has the names swapped, one no postcode, one a second surname, one another sex,
/// and one, who lives in the north, other names and another postcode, and is nobody's match.
fn altered(n: usize) -> [String; 6] {
    let mut p = person(n);
    match n % 10 {
        0 => p.swap(0, 1),
        1 => p[4] = String::new(),
        2 => p[1] = format!("{} Jones", p[1]),
        3 => p[3] = if p[3] == "F" { "M" } else { "F" }.to_owned(),
        4 if p[5] == "North" => {
            p[0] = "Zebedee".to_owned();
            p[1] = "Quill".to_owned();
            p[2] = format!("01/02/{}", 1930 + n % 20);
            p[4] = format!("ZE{} 1AA", 1 + n % 90);
        }
        _ => {}
    }
    p
}

fn rows(out: &mut String, prefix: &str, people: impl Iterator<Item = (usize, [String; 6])>) {
    for (n, p) in people {
        let _ = writeln!(out, "{prefix}{n},{},p{n}", p.join(","));
    }
}

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    /// 600 people in each of two files, 400 of them in both; ten rows of the left have no more than
    /// a sex, and twelve of the right are twins of others, with a forename almost the same.
    fn new() -> Self {
        let bench = Bench {
            folder: tempfile::tempdir().expect("folder"),
        };
        bench.write("spec.toml", SPEC);
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keys/key");
        std::fs::copy(fixture, bench.path("key")).expect("copied");
        let private = PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(bench.path("key"), private).expect("mode");
        let mut left = HEADER.to_owned();
        rows(&mut left, "l", (0..600).map(|n| (n, person(n))));
        for n in 0..10 {
            let _ = writeln!(left, "bare{n},,,,F,,,");
        }
        bench.write("left.csv", &left);
        let mut right = HEADER.to_owned();
        rows(&mut right, "r", (200..800).rev().map(|n| (n, altered(n))));
        // Twins of people who are in the left file alone: who links them is wrong.
        for n in 0..12 {
            let mut twin = person(n);
            twin[0] = format!("{}a", twin[0]);
            let _ = writeln!(right, "t{n},{},t{n}", twin.join(","));
        }
        bench.write("right.csv", &right);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
    }

    fn kinlink(&self, args: &[&str], threads: &str) -> Output {
        let mut command = Command::cargo_bin("kinlink").expect("the program");
        command.current_dir(self.folder.path()).args(args).arg("-q");
        command.env("RAYON_NUM_THREADS", threads);
        command.output().expect("run")
    }

    fn link(&self, out: &str, files: &[&str]) {
        let mut args = vec!["link"];
        args.extend(files);
        args.extend(["--spec", "spec.toml", "--key", "key", "-o", out]);
        done(&self.kinlink(&args, "2"));
    }

    fn evaluate(&self, how: &[&str]) -> Output {
        let args: Vec<&str> = ["link", "evaluate"].iter().chain(how).copied().collect();
        self.kinlink(&args, "2")
    }

    fn json(&self, how: &[&str]) -> Value {
        let args: Vec<&str> = how.iter().copied().chain(["--format", "json"]).collect();
        let output = self.evaluate(&args);
        done(&output);
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn done(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", told(output));
}

fn refused(output: &Output, exit: i32, code: &str) {
    assert_eq!(output.status.code(), Some(exit), "{}", told(output));
    assert!(told(output).contains(code), "{}", told(output));
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// The cell of a level: true pairs, found, false links.
fn level(found: &Value, comparison: &str, label: &str) -> [u64; 3] {
    let all = found["errors"].as_array().expect("errors");
    let one = all.iter().find(|c| c["comparison"] == comparison);
    let levels = one.expect("comparison")["levels"]
        .as_array()
        .expect("levels");
    let level = levels.iter().find(|l| l["level"] == label);
    ["true_pairs", "found", "false_links"]
        .map(|key| level.map_or(0, |level| level[key].as_u64().expect("a count")))
}

#[test]
fn errors_are_told_by_comparison_and_level() {
    let bench = Bench::new();
    bench.link("out", &["left.csv", "right.csv"]);
    let found = bench.json(&["out", "--entity-column", "who"]);
    assert_eq!(found["true_pairs"], 400);
    // In every comparison all true pairs stand somewhere, the missed ones too.
    let tp = found["pairs"]["tp"].as_u64().expect("a count");
    let wrong = found["pairs"]["predicted"].as_u64().expect("a count") - tp;
    for comparison in found["errors"].as_array().expect("errors") {
        let sum = |key: &str| -> u64 {
            let levels = comparison["levels"].as_array().expect("levels");
            levels.iter().filter_map(|l| l[key].as_u64()).sum()
        };
        let sums = [sum("true_pairs"), sum("found"), sum("false_links")];
        assert_eq!(sums, [400, tp, wrong], "{comparison}");
    }
    // Known answers: who was altered how.
    let strangers = (200..600).filter(|n| altered(*n)[0] == "Zebedee").count() as u64;
    assert_eq!(strangers, 20);
    assert_eq!(level(&found, "names", "swapped")[0], 40);
    assert_eq!(level(&found, "postcode", "missing")[0], 40);
    assert_eq!(level(&found, "surname", "part")[0], 40);
    assert_eq!(level(&found, "sex", "different")[0], 40);
    // Names found in the other field are not also different in their own.
    assert_eq!(level(&found, "forename", "missing")[0], 40);
    let [there, linked, _] = level(&found, "surname", "different");
    assert_eq!((there, linked), (strangers, 0), "{:#}", found["errors"]);
    // The twins: born on one day, in one house, under names that are nearly one.
    assert!(wrong >= 10, "{found:#}");
    assert!(
        level(&found, "forename", "similar")[2] >= 10,
        "{:#}",
        found["errors"]
    );
    assert!(level(&found, "date_of_birth", "exact")[2] >= 10);

    // The same truth as a list, and the specification gone from where it was.
    let mut truth = "left_id,right_id\n".to_owned();
    for n in 200..600 {
        let _ = writeln!(truth, "l{n},r{n}");
    }
    bench.write("truth.csv", &truth);
    std::fs::remove_file(bench.path("spec.toml")).expect("removed");
    assert_eq!(bench.json(&["out", "--truth", "truth.csv"]), found);
    let kept = std::fs::read_to_string(bench.path("out/spec.toml")).expect("kept");
    assert!(
        !kept.contains("remark") && kept.contains("date_of_birth"),
        "{kept}"
    );

    // A folder that keeps no specification has none then.
    std::fs::remove_file(bench.path("out/spec.toml")).expect("removed");
    let output = bench.evaluate(&["out", "--truth", "truth.csv"]);
    refused(&output, 4, "KL-L-042");
    // Without the inputs a list of pairs still tells precision and recall, and a column does not.
    std::fs::remove_file(bench.path("left.csv")).expect("removed");
    let less = bench.json(&["out", "--truth", "truth.csv"]);
    assert_eq!(less["pairs"], found["pairs"]);
    assert!(less["errors"].is_null() && less["notes"][0].is_string());
    refused(
        &bench.evaluate(&["out", "--entity-column", "who"]),
        9,
        "KL-L-003",
    );
    let output = bench.evaluate(&["out", "--truth", "truth.csv", "--group", "sex"]);
    refused(&output, 9, "KL-L-003");
}

#[test]
fn groups_show_who_is_missed() {
    let bench = Bench::new();
    bench.link("out", &["left.csv", "right.csv"]);
    let how = ["out", "--entity-column", "who"];
    let groups = ["--group", "region", "--group", "dob", "--group", "first"];
    let found = bench.json(&[how.as_slice(), &groups].concat());
    let regions = found["groups"][0]["groups"].as_array().expect("groups");
    let names: Vec<&Value> = regions.iter().map(|g| &g["which"]["value"]).collect();
    assert_eq!(names, ["Isles", "North", "South"]);
    let recall = |place: usize| &regions[place]["recall"];
    let [north, south] = [recall(1), recall(2)].map(|r| number(&r["share"]));
    assert!(north < south - 0.05, "{regions:#?}");
    let [low, high] = [0, 1].map(|end| number(&recall(1)["difference_interval"][end]));
    assert!(low < high && high < 0.0, "{:#}", recall(1));
    // Nothing is lost, and dates are in bands of ten years.
    for column in found["groups"].as_array().expect("columns") {
        let groups = column["groups"].as_array().expect("groups");
        let sum = |key: &str| -> u64 { groups.iter().filter_map(|g| g[key].as_u64()).sum() };
        assert_eq!(sum("true_pairs"), 400, "{column:#}");
        assert_eq!(Some(sum("tp")), found["pairs"]["tp"].as_u64());
        let few = groups.iter().filter(|g| number(&g["true_pairs"]) < 10.0);
        assert!(few.count() <= 1, "{column:#}");
    }
    let bands = &found["groups"][1];
    assert_eq!(bands["bands"], true);
    assert_eq!(bands["groups"][0]["which"]["value"], "1950 to 1959");
    // Of one value there is no other to differ from.
    let output = bench.evaluate(&[how.as_slice(), &["--group", "regoin"]].concat());
    refused(&output, 3, "KL-L-021");
    assert!(told(&output).contains("did you mean `region`?"));
    let output = bench.evaluate(&["out", "--group", "region"]);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
}

#[test]
fn pairs_of_one_entity_make_the_interval_wider() {
    let bench = Bench::new();
    let mut file = HEADER.to_owned();
    for copy in ["a", "b", "c", "d"] {
        rows(&mut file, copy, (0..120).map(|n| (n, person(n))));
    }
    // One row of every sixth person is somebody else's: three pairs are missed together.
    rows(
        &mut file,
        "x",
        (0..120).map(|n| {
            let mut p = person(if n % 6 == 0 { n + 4000 } else { n });
            p[5] = "x".to_owned();
            (n, p)
        }),
    );
    bench.write("file.csv", &file);
    bench.link("out", &["file.csv"]);
    let found = bench.json(&["out", "--entity-column", "who"]);
    assert_eq!(found["true_pairs"], 1200);
    for score in ["pairs", "clusters"] {
        let interval = &found[score]["interval"];
        assert_eq!(interval["method"], "entities", "{score}");
        let width = |key: &str| number(&interval[key][1]) - number(&interval[key][0]);
        let r = number(&found[score]["recall"]);
        let simple = 2.0 * 1.96 * (r * (1.0 - r) / 1200.0).sqrt();
        assert!(width("recall") > 1.4 * simple, "{score} {interval:#}");
        assert!(width("f1") > 0.0);
        let f1 = number(&found[score]["f1"]);
        assert!(number(&interval["f1"][0]) < f1 && f1 < number(&interval["f1"][1]));
    }
}

#[test]
fn without_a_truth_the_linkage_tells_what_it_expects() {
    let bench = Bench::new();
    bench.link("out", &["left.csv", "right.csv"]);
    let found = bench.json(&["out"]);
    let truth = bench.json(&["out", "--entity-column", "who"]);
    for share in ["precision", "recall"] {
        let expected = number(&found[share]["estimate"]);
        let [low, high] = [0, 1].map(|end| number(&found[share]["interval"][end]));
        assert!(
            low < expected && expected < high && high <= 1.0,
            "{found:#}"
        );
        assert!(
            (expected - number(&truth["pairs"][share])).abs() < 0.1,
            "{found:#}"
        );
        assert!(found[share]["standard_errors"]["counts"].is_number());
    }
    assert!(number(&found["recall"]["standard_errors"]["missed"]) >= 0.0);
    // A lower threshold links more, and its own is among them.
    let steps = found["by_threshold"].as_array().expect("thresholds");
    let links: Vec<u64> = steps.iter().filter_map(|s| s["links"].as_u64()).collect();
    assert!(links.is_sorted() && links.len() == steps.len());
    let own = steps.iter().find(|s| s["own"] == true).expect("its own");
    assert_eq!(own["links"], truth["pairs"]["predicted"]);
    assert_eq!(own["precision"], found["precision"]["estimate"]);
    // Ten records have no more than a sex: nothing links them, whatever the threshold.
    let left = &found["unlinkable"][0];
    assert_eq!(
        (&left["side"], &left["records"]),
        (&"left".into(), &610.into())
    );
    let records = |of: &Value| -> Vec<u64> {
        let all = of["by_threshold"].as_array().expect("thresholds");
        all.iter().filter_map(|s| s["records"].as_u64()).collect()
    };
    assert_eq!(records(left).last(), Some(&10), "{left:#}");
    assert!(records(left).iter().rev().is_sorted());
    let bare = left["patterns"].as_array().expect("patterns");
    let bare = bare.iter().find(|p| p["records"] == 10).expect("the ten");
    assert_eq!(
        bare["missing"].as_array().map(Vec::len),
        Some(4),
        "{bare:#}"
    );
    assert!(bare["rules"] == 0 && bare["match_weight"].is_null());
    assert_eq!(records(&found["unlinkable"][1]).last(), Some(&0));

    // It needs neither the inputs nor a key, and threads change nothing.
    std::fs::remove_file(bench.path("left.csv")).expect("removed");
    std::fs::remove_file(bench.path("key")).expect("removed");
    let one = bench.kinlink(&["link", "evaluate", "out"], "1");
    let two = bench.kinlink(&["link", "evaluate", "out"], "2");
    done(&one);
    assert_eq!(one.stdout, two.stdout);
    for name in ["estimates.json", "patterns.parquet", "spec.toml"] {
        let path = bench.path("out").join(name);
        let bytes = std::fs::read(&path).expect("file");
        let mode = std::fs::metadata(&path).expect("file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
        let holds = |value: &[u8]| bytes.windows(value.len()).any(|w| w == value);
        assert!(
            !holds(b"Craddock") && !holds(b"CRADDOCK") && !holds(b"l300"),
            "{name}"
        );
    }
    std::fs::remove_file(bench.path("out/estimates.json")).expect("removed");
    refused(&bench.evaluate(&["out"]), 3, "KL-L-043");
    bench.write("out/estimates.json", "{}");
    assert_ne!(bench.evaluate(&["out"]).status.code(), Some(0));
}

#[test]
fn duplicates_and_a_model_of_other_files_are_expected_too() {
    let bench = Bench::new();
    bench.link("first", &["left.csv", "right.csv"]);
    let mut file = HEADER.to_owned();
    rows(&mut file, "a", (1000..1300).map(|n| (n, person(n))));
    rows(&mut file, "b", (1000..1150).map(|n| (n, altered(n))));
    bench.write("file.csv", &file);
    bench.link("again", &["file.csv", "--model", "first/model.json"]);
    let found = bench.json(&["again"]);
    assert_eq!(found["by_threshold_of"], "pairs");
    assert_eq!(found["unlinkable"][0]["side"], "file");
    assert!(found["precision"]["standard_errors"]["counts"].is_null());
    assert!(number(&found["precision"]["estimate"]) > 0.5, "{found:#}");
}

#[test]
fn what_people_read() {
    let bench = Bench::new();
    bench.link("out", &["left.csv", "right.csv"]);
    let text = |how: &[&str]| {
        let output = bench.evaluate(how);
        done(&output);
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let how = [
        "out",
        "--entity-column",
        "who",
        "--group",
        "region",
        "--group",
        "dob",
    ];
    insta::assert_snapshot!("truth", text(&how));
    insta::assert_snapshot!("expected", text(&["out"]));
}
