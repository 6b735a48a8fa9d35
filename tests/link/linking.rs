//! `kinlink link`: two files, or the rows of one, linked on encodings, and the links evaluated.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;

use super::bench::{Bench, HEADER, altered, done, mode, person, refused, rows, told};
use serde_json::Value;

#[test]
fn two_files_are_linked_and_the_links_evaluated() {
    let bench = Bench::new();
    done(&bench.link("out", &["left.csv", "right.csv", "--keep", "0"]));
    let found = bench.evaluate("out", &["--entity-column", "who"]);
    assert_eq!(found["true_pairs"], 100);
    assert_eq!(found["pairs"]["precision"], 1.0, "{found:#}");
    assert!(found["pairs"]["recall"].as_f64() > Some(0.95), "{found:#}");
    assert!(found["blocked_true_pairs"].as_u64() >= found["pairs"]["tp"].as_u64());
    assert!(
        found["by_threshold"]
            .as_array()
            .is_some_and(|c| !c.is_empty())
    );
    assert_eq!(found["pairs"]["interval"]["method"], "wilson");

    // The same truth as a list of pairs.
    let mut truth = "left_id,right_id\n".to_owned();
    for n in 200..300 {
        let _ = writeln!(truth, "l{n},r{n}");
    }
    bench.write("truth.csv", &truth);
    assert_eq!(bench.evaluate("out", &["--truth", "truth.csv"]), found);

    for name in [
        "inputs.json",
        "links.parquet",
        "pairs.parquet",
        "clusters.parquet",
        "model.json",
        "linkage.html",
    ] {
        assert_eq!(mode(&bench.path("out").join(name)), 0o600, "{name}");
    }
    let page = String::from_utf8(bench.bytes("out", "linkage.html")).expect("UTF-8");
    assert!(!page.contains("<script") && !page.contains("Hobbs"));
}

#[test]
fn every_pair_tells_its_levels_and_its_rules() {
    let bench = Bench::new();
    done(&bench.link("out", &["left.csv", "right.csv", "--keep", "0"]));
    let model: Value = serde_json::from_slice(&bench.bytes("out", "model.json")).expect("JSON");
    let count = |key: &str| model[key].as_array().map_or(0, Vec::len);
    let levels: Vec<usize> = model["comparisons"]
        .as_array()
        .expect("comparisons")
        .iter()
        .map(|c| c["levels"].as_array().map_or(0, Vec::len))
        .collect();
    let read = |name: &str| {
        let path = bench.path("out").join(name);
        let mut pairs = std::collections::BTreeMap::new();
        kinlink::link::out_files::read_patterns(&path, |pair| {
            for (c, levels) in levels.iter().enumerate() {
                assert!(usize::from(pair.pattern.level(c)) <= *levels);
            }
            assert!((1_u32 << count("rules")) > u32::from(pair.pattern.rules()));
            assert!(pair.pattern.rules() != 0);
            let ids = (pair.left.to_owned(), pair.right.to_owned());
            pairs.insert(ids, (pair.pattern, pair.weight, pair.probability));
        })
        .expect("pairs");
        pairs
    };
    let (links, pairs) = (read("links.parquet"), read("pairs.parquet"));
    assert!(links.len() > 90 && pairs.len() > links.len());
    assert!(links.iter().all(|(ids, link)| pairs.get(ids) == Some(link)));
    // Person 204 is unaltered: every comparison is exact, and names are not crossed.
    let (same, ..) = links[&("l204".to_owned(), "r204".to_owned())];
    assert_eq!(same.levels_text(count("comparisons")), "1.1.1.1.1.4.4.4");
    let (swapped, ..) = links[&("l205".to_owned(), "r205".to_owned())];
    assert_eq!(swapped.levels_text(count("comparisons")), "0.0.1.1.1.1.0.0");
}

#[test]
fn another_key_and_another_number_of_threads_give_the_same_links() {
    let bench = Bench::new();
    bench.key("other");
    done(&bench.link("one", &["left.csv", "right.csv"]));
    done(&bench.link("two", &["left.csv", "right.csv", "--key", "other"]));
    let args = [
        "link",
        "left.csv",
        "right.csv",
        "--spec",
        "spec.toml",
        "--key",
        "key",
        "-o",
    ];
    for (out, threads) in [("single", "1"), ("double", "2")] {
        let args: Vec<&str> = args.iter().copied().chain([out]).collect();
        done(&bench.kinlink(&args, &[("RAYON_NUM_THREADS", threads)]));
    }
    // Tags of one byte agree by chance, and under another key by another chance: the weights of
    // strangers differ a little, the links do not.
    assert_eq!(bench.linked("one"), bench.linked("two"));
    for name in ["links.parquet", "clusters.parquet", "model.json"] {
        let one = bench.bytes("one", name);
        assert!(
            one == bench.bytes("single", name),
            "{name} depends on threads"
        );
        assert!(
            one == bench.bytes("double", name),
            "{name} depends on threads"
        );
    }
    assert!(bench.bytes("one", "inputs.json") != bench.bytes("two", "inputs.json"));
}

#[test]
fn the_order_of_the_rows_changes_no_link() {
    let bench = Bench::new();
    let text = std::fs::read_to_string(bench.path("left.csv")).expect("text");
    let mut lines: Vec<&str> = text.lines().skip(1).collect();
    lines.reverse();
    bench.write("turned.csv", &(HEADER.to_owned() + &lines.join("\n")));
    done(&bench.link("one", &["left.csv", "right.csv"]));
    done(&bench.link("two", &["turned.csv", "right.csv"]));
    let how = ["--entity-column", "who"];
    assert_eq!(
        bench.evaluate("one", &how)["pairs"],
        bench.evaluate("two", &how)["pairs"]
    );
    assert_eq!(bench.linked("one"), bench.linked("two"));
}

#[test]
fn one_to_one_leaves_a_row_that_fits_two_unlinked() {
    let bench = Bench::new();
    let mut left = HEADER.to_owned();
    rows(&mut left, "l", (0..50).map(|n| (n, person(n))));
    // Person 3 stands in the left file twice.
    let _ = writeln!(left, "again,{},p3", person(3).join(","));
    bench.write("left.csv", &left);
    let mut right = HEADER.to_owned();
    rows(&mut right, "r", (0..50).map(|n| (n, person(n))));
    bench.write("right.csv", &right);
    done(&bench.link("many", &["left.csv", "right.csv"]));
    done(&bench.link("one", &["left.csv", "right.csv", "--one-to-one"]));
    let how = ["--entity-column", "who"];
    assert_eq!(bench.evaluate("many", &how)["pairs"]["tp"], 51);
    let one = bench.evaluate("one", &how);
    assert_eq!(one["pairs"]["tp"], 49);
    assert_eq!(one["clusters"]["predicted"], 49);
}

#[test]
fn a_row_may_have_as_many_partners_as_is_stated() {
    let bench = Bench::new();
    let mut left = HEADER.to_owned();
    rows(&mut left, "l", (0..50).map(|n| (n, person(n))));
    bench.write("left.csv", &left);
    let mut right = left.replace("\nl", "\nr");
    // Person 3 stands in the right file twice, person 4 once more with a surname of her own.
    let _ = writeln!(right, "again,{},p3", person(3).join(","));
    let mut other = person(4);
    other[1] = "Zimmer".to_owned();
    let _ = writeln!(right, "married,{},p4", other.join(","));
    bench.write("right.csv", &right);
    let links = |word: &str| {
        done(&bench.link(word, &["left.csv", "right.csv", "--cardinality", word]));
        bench.evaluate(word, &["--entity-column", "who"])["pairs"]["tp"].clone()
    };
    assert_eq!(links("one_to_many"), 52);
    assert_eq!(links("many_to_many"), 52);
    // A tie is no link; of two unequal ones the better is.
    assert_eq!(links("many_to_one"), 49);
    assert_eq!(links("one_to_one"), 49);
}

#[test]
fn blocking_rules_can_be_given() {
    let bench = Bench::new();
    bench.option("blocking = [\"date_of_birth+forename.initial\", \"surname+postcode\"]");
    let output = bench.link("out", &["left.csv", "right.csv"]);
    done(&output);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("\nsurname+postcode "), "{text}");
    assert!(!text.contains("soundex"), "{text}");

    let bench = Bench::new();
    bench.option("blocking = [\"surname.vowels\", \"postcode\"]");
    refused(
        &bench.link("out", &["left.csv", "right.csv"]),
        2,
        "KL-L-033",
    );
}

#[test]
fn a_budget_of_pairs_is_kept() {
    let bench = Bench::new();
    bench.option("pairs = 150");
    let output = bench.link("out", &["left.csv", "right.csv", "--format", "json"]);
    done(&output);
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(told["compared"].as_u64() <= Some(150), "{told:#}");
}

#[test]
fn what_cannot_be_one_person_is_never_linked() {
    let bench = Bench::new();
    let mut left = HEADER.to_owned();
    rows(&mut left, "l", (0..80).map(|n| (n, person(n))));
    let mut right = left.replace("\nl", "\nr");
    // The twin of person 7, of whom only the forename tells.
    let mut twin = person(7);
    twin[0] = "Quentin".to_owned();
    let _ = writeln!(left, "twin,{},t7", twin.join(","));
    right = right.replace(&format!("r7,{},p7\n", person(7).join(",")), "");
    let _ = writeln!(right, "r7,{},p7", person(7).join(","));
    bench.write("left.csv", &left);
    bench.write("right.csv", &right);
    bench.write("apart.csv", "left_id,right_id\nl5,r5\n");
    let spec = std::fs::read_to_string(bench.path("spec.toml")).expect("spec");
    let rule =
        "[[cannot_link]]\nforename = \"different\"\nsurname = \"same\"\ndate_of_birth = \"same\"\n";
    bench.write("spec.toml", &format!("{spec}{rule}"));
    let how = ["left.csv", "right.csv", "--cannot-link", "apart.csv"];
    done(&bench.link("out", &how));
    let found = bench.evaluate("out", &["--entity-column", "who"]);
    // Person 5 is kept apart by name, and nobody is linked wrongly.
    assert_eq!(found["pairs"]["tp"], 79, "{found:#}");
    assert_eq!(found["pairs"]["predicted"], 79);
    assert_eq!(found["clusters"]["predicted"], 79);

    bench.write("apart.csv", "left_id,right_id\nl5,nobody\n");
    refused(&bench.link("two", &how), 3, "KL-L-035");
}

/// The entity of each row of `clusters.parquet`, by id.
fn entities(bench: &Bench, out: &str) -> std::collections::BTreeMap<String, String> {
    let mut of = std::collections::BTreeMap::new();
    let path = bench.path(out).join("clusters.parquet");
    kinlink::link::out_files::read_clusters(&path, |id, _, entity| {
        of.insert(id.to_owned(), entity.to_owned());
    })
    .expect("clusters");
    of
}

#[test]
fn entities_keep_their_names_when_records_are_added() {
    let bench = Bench::new();
    let mut file = HEADER.to_owned();
    rows(&mut file, "m", (0..300).map(|n| (n, person(n))));
    rows(&mut file, "n", (0..100).map(|n| (n, altered(n))));
    bench.write("file.csv", &file);
    done(&bench.link("first", &["file.csv"]));
    // Later records of the same people, and of others, that come first in the file.
    let mut more = HEADER.to_owned();
    rows(&mut more, "a", (50..150).map(|n| (n, person(n))));
    rows(&mut more, "b", (300..350).map(|n| (n, person(n))));
    more.push_str(file.strip_prefix(HEADER).expect("rows"));
    bench.write("file.csv", &more);
    let output = bench.link("second", &["file.csv", "--earlier", "first"]);
    done(&output);
    let (before, after) = (entities(&bench, "first"), entities(&bench, "second"));
    let moved = before.iter().filter(|(id, name)| after[*id] != **name);
    let moved = moved.count();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(moved, 0, "{text}");
    assert!(
        text.contains("are new; 0 earlier ones were merged, 0 parts split off, and 0 are gone"),
        "{text}"
    );
    assert_eq!(after["a60"], before["m60"]);
    assert_eq!(after["b300"], "b300");
    // Without the earlier linkage the first row would have given the name.
    done(&bench.link("alone", &["file.csv"]));
    assert_eq!(entities(&bench, "alone")["m60"], "a60");
}

#[test]
fn duplicates_of_one_file_are_found() {
    let bench = Bench::new();
    let mut file = HEADER.to_owned();
    rows(&mut file, "a", (0..300).map(|n| (n, person(n))));
    rows(&mut file, "b", (0..100).map(|n| (n, altered(n))));
    bench.write("file.csv", &file);
    done(&bench.link("out", &["file.csv"]));
    let found = bench.evaluate("out", &["--entity-column", "who"]);
    assert_eq!(found["true_pairs"], 100);
    assert!(found["clusters"]["f1"].as_f64() > Some(0.85), "{found:#}");
}

#[test]
fn a_model_is_used_again_and_a_threshold_leaves_links_out() {
    let bench = Bench::new();
    done(&bench.link("one", &["left.csv", "right.csv"]));
    done(&bench.link(
        "two",
        &["left.csv", "right.csv", "--model", "one/model.json"],
    ));
    let how = ["--entity-column", "who"];
    assert_eq!(
        bench.evaluate("one", &how)["pairs"],
        bench.evaluate("two", &how)["pairs"]
    );
    done(&bench.link("none", &["left.csv", "right.csv", "--threshold", "1"]));
    assert_eq!(bench.evaluate("none", &how)["pairs"]["predicted"], 0);
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_exit_code() {
    let bench = Bench::new();
    let both = ["left.csv", "right.csv"];
    bench.write(
        "nocolumn.csv",
        "id,first,surname,dob,sex,postcode\n1,A,B,2000-01-01,F,\n",
    );
    refused(
        &bench.link("o1", &["nocolumn.csv", "right.csv"]),
        3,
        "KL-L-021",
    );
    bench.write(
        "twice.csv",
        &format!("{HEADER}1,A,B,2000-01-01,F,,x\n1,C,D,2000-01-01,F,,y\n,C,D,2000-01-01,F,,y\n"),
    );
    let output = bench.link("o2", &["twice.csv", "right.csv"]);
    refused(&output, 3, "KL-L-025");
    assert!(told(&output).contains("KL-L-024") && told(&output).contains("row 3"));
    bench.write("empty.csv", HEADER);
    refused(
        &bench.link("o3", &["empty.csv", "right.csv"]),
        3,
        "KL-L-020",
    );
    bench.write(
        "dates.csv",
        &format!("{HEADER}1,A,B,31/12/2000,F,,x\n2,C,D,30/12/2000,F,,y\n"),
    );
    let output = bench.link("o4", &["dates.csv", "right.csv"]);
    refused(&output, 3, "KL-L-026");
    assert!(
        !told(&output).contains("31/12/2000"),
        "a value stands in a message"
    );
    std::fs::create_dir(bench.path("full")).expect("folder");
    bench.write("full/file", "");
    refused(&bench.link("full", &both), 2, "KL-L-030");
    std::fs::set_permissions(bench.path("key"), PermissionsExt::from_mode(0o644)).expect("mode");
    refused(&bench.link("o5", &both), 6, "KL-K-002");
    bench.write(
        "spec.toml",
        "id = \"id\"\n[fields]\nforname = \"first\"\nsurname = \"last\"\n",
    );
    let output = bench.link("o6", &both);
    refused(&output, 2, "KL-L-011");
    assert!(
        told(&output).contains("did you mean `forename`?"),
        "{}",
        told(&output)
    );
    assert!(!bench.path("o6").exists());
}

#[test]
fn a_changed_input_is_noticed_by_evaluate() {
    let bench = Bench::new();
    done(&bench.link("out", &["left.csv", "right.csv"]));
    let mut text = std::fs::read_to_string(bench.path("left.csv")).expect("text");
    text.push_str("l999,A,B,2000-01-01,F,,p1\n");
    bench.write("left.csv", &text);
    let output = bench.kinlink(&["link", "evaluate", "out", "--entity-column", "who"], &[]);
    refused(&output, 4, "KL-L-041");
}

#[test]
fn what_people_read() {
    let bench = Bench::new();
    let output = bench.link("out", &["left.csv", "right.csv"]);
    done(&output);
    insta::assert_snapshot!("linked", String::from_utf8_lossy(&output.stdout));
    let output = bench.kinlink(&["link", "evaluate", "out", "--entity-column", "who"], &[]);
    insta::assert_snapshot!("evaluated", String::from_utf8_lossy(&output.stdout));
}
