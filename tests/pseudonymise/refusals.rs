//! Bad input: a clear message with its code, no value, and nothing written.

use super::desk::{Desk, assert_nothing_clear, person};
use super::world;

/// Runs what must fail; gives what was told, after looking that nothing was written.
fn refused(desk: &Desk, input: &str, more: &[&str], exit: i32, code: &str) -> String {
    let before = desk.names();
    let output = desk.pseudonymise(input, "out", more, exit);
    let told = world::text(&output.stderr);
    assert!(told.contains(code), "{code} is not in\n{told}");
    assert!(told.contains("help"), "{told}");
    assert_eq!(desk.names(), before, "{code}: something was written");
    for n in 0..120 {
        for value in person(n) {
            assert!(!told.contains(&value), "{code} tells a value");
        }
    }
    told
}

#[test]
fn files_that_cannot_be_read_through_their_schema() {
    let desk = Desk::new();
    desk.write("empty.csv", "");
    refused(&desk, "empty.csv", &[], 3, "KL-I-002");
    refused(&desk, "absent.csv", &[], 3, "KL-I-001");
    std::fs::write(desk.path("image.csv"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").expect("written");
    refused(&desk, "image.csv", &[], 3, "KL-I-00");
    std::fs::write(desk.path("latin.csv"), b"Number,Forename,Surname,Born,Sex,Postcode,Ethnicity,Score\n1,Zo\xeb,X,01/01/2010,1,,W1,2\n").expect("written");
    refused(&desk, "latin.csv", &[], 3, "KL-I-004");
    let text = std::fs::read_to_string(desk.path("pupils.csv")).expect("text");
    desk.write("other.csv", &text.replacen("Postcode", "PostCod", 1));
    let told = refused(&desk, "other.csv", &[], 3, "KL-I-007");
    assert!(told.contains("did you mean `Postcode`"), "{told}");
    let header = text.lines().next().expect("a header");
    desk.write("header.csv", &format!("{header}\n"));
    refused(&desk, "header.csv", &[], 3, "KL-O-006");
}

#[test]
fn rows_that_break_rules_beyond_the_limit() {
    let desk = Desk::new();
    let text = std::fs::read_to_string(desk.path("pupils.csv")).expect("text");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for line in lines.iter_mut().skip(1).take(30) {
        *line = line
            .split_once(',')
            .map_or(String::new(), |(_, rest)| format!(",{rest}"));
    }
    desk.write("bad.csv", &(lines.join("\n") + "\n"));
    let told = refused(&desk, "bad.csv", &[], 3, "KL-I-011");
    assert!(told.contains("nothing was written"), "{told}");
}

#[test]
fn schemas_that_say_what_cannot_be() {
    let desk = Desk::new();
    desk.edit_schema(
        "\"kinlink:canonical\": \"sex\"",
        "\"kinlink:canonical\": \"gender\"",
    );
    refused(&desk, "pupils.csv", &[], 2, "KL-I-012");
    desk.edit_schema(
        "\"kinlink:onOutput\": \"week\"",
        "\"kinlink:onOutput\": \"weak\"",
    );
    let told = refused(&desk, "pupils.csv", &[], 2, "KL-T-004");
    assert!(told.contains("did you mean `week`"), "{told}");
    desk.write("S.json", "{");
    refused(&desk, "pupils.csv", &[], 2, "KL-T-002");
}

#[test]
fn releases_that_would_give_too_much() {
    let desk = Desk::new();
    let release = ["--for", "families", "--postcode-directory", "places.csv"];
    for (from, to) in [
        (
            "\"forename\", \"kinlink:onOutput\": \"drop\"",
            "\"forename\", \"kinlink:onOutput\": \"keep\"",
        ),
        (
            "\"kinlink:onOutput\": \"week\"",
            "\"kinlink:onOutput\": \"keep\"",
        ),
        (
            "\"kinlink:onOutput\": \"area\"",
            "\"kinlink:onOutput\": \"keep\"",
        ),
    ] {
        desk.edit_schema(from, to);
        let told = refused(&desk, "pupils.csv", &release, 2, "KL-O-008");
        assert!(told.contains("kinlink:onOutput"), "{told}");
        // The parcels do not depend on it.
        desk.pseudonymise("pupils.csv", "parcels", &[], 0);
        std::fs::remove_dir_all(desk.path("parcels")).expect("removed");
    }
    desk.edit_schema("Pupils", "People");
    refused(&desk, "pupils.csv", &["--for", "families"], 2, "KL-O-009");
}

#[test]
fn recipes_that_hash_one_identifier_or_none() {
    let desk = Desk::new();
    for (text, part) in [
        ("child = [[\"surname\"]]\n", "hashes a single identifier"),
        (
            "child = [[\"surname\", \"surname.soundex\"]]\n",
            "hashes a single identifier",
        ),
        ("adult = [[\"surname\", \"sexx\"]]\n", "did you mean `sex`"),
        ("children = []\n", "unknown field"),
        ("child = 3\n", "invalid type"),
    ] {
        desk.write("R.toml", text);
        let told = refused(&desk, "pupils.csv", &["--recipes", "R.toml"], 2, "KL-O-007");
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    desk.write("R.toml", "child = [[\"forename\", \"surname\", \"sex\"]]\n");
    desk.pseudonymise("pupils.csv", "out", &["--recipes", "R.toml"], 0);
    assert!(!desk.match_keys("out", "forename+surname+sex").is_empty());
    let adult = world::files(&desk.path("out/linkage/adult"));
    assert!(adult.len() >= 10, "the other kind keeps the program's own");
}

#[test]
fn settings_that_do_not_fit() {
    let desk = Desk::new();
    refused(
        &desk,
        "pupils.csv",
        &["--purpose", "production"],
        6,
        "KL-O-005",
    );
    let year = ["--period", "2025-09-30", "2024-10-01"];
    refused(&desk, "pupils.csv", &year, 2, "KL-O-010");
    let outside = [
        "--reference-date",
        "2025-01-01",
        "--period",
        "2024-01-01",
        "2024-12-31",
    ];
    refused(&desk, "pupils.csv", &outside, 2, "KL-O-010");
    refused(&desk, "pupils.csv", &["--system", "../up"], 2, "KL-O-010");
    desk.edit_schema("pupil:{Number}", "{la}/{Number}");
    let told = refused(&desk, "pupils.csv", &[], 2, "KL-I-015");
    assert!(told.contains("--la 301"), "{told}");
    desk.pseudonymise("pupils.csv", "with", &["--la", "383"], 0);
}

#[test]
fn a_folder_that_is_there_is_not_touched() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("out")).expect("made");
    refused(&desk, "pupils.csv", &[], 2, "KL-O-001");
    refused(
        &desk,
        "pupils.csv",
        &["--for", "p", "--postcode-directory", "places.csv"],
        2,
        "KL-O-001",
    );
    std::fs::remove_dir(desk.path("out")).expect("removed");
    desk.pseudonymise("pupils.csv", "out", &[], 0);
    let before = world::digests(&desk.path("out"));
    desk.pseudonymise("pupils.csv", "out", &["--round", "2"], 2);
    assert_eq!(before, world::digests(&desk.path("out")));
    assert_nothing_clear(&desk.path("out"));
    let told = world::text(&desk.pseudonymise("pupils.csv", "no/where", &[], 2).stderr);
    assert!(told.contains("KL-O-002"), "{told}");
}

#[test]
fn every_code_is_explained() {
    let desk = Desk::new();
    let codes = ["KL-O-001", "KL-O-006", "KL-O-010", "KL-Y-001", "KL-Y-008"];
    for code in codes {
        let told = world::text(&desk.run(&["explain", code], 0).stdout);
        assert!(told.contains(code), "{told}");
    }
}
