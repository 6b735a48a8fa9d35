//! `kinlink clkhash encode` makes the records that clkhash makes, says what they are worth, and
//! tells what is wrong with its inputs without a value and without a file.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::{Value, json};

const SECRET: &str = "a secret of more than thirty-two bytes";
const UNHARDENED: &str = "clkhash records are not hardened";

/// A folder with the three inputs of the command.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new(schema: &str, secret: &[u8], table: &[u8]) -> Self {
        let desk = Desk(tempfile::tempdir().expect("folder"));
        for (name, content) in [
            ("schema.json", schema.as_bytes()),
            ("secret", secret),
            ("table.csv", table),
        ] {
            std::fs::write(desk.path(name), content).expect("written");
        }
        desk.mode("secret", 0o600);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn mode(&self, name: &str, mode: u32) {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(self.path(name), mode).expect("mode");
    }

    fn command(&self) -> Command {
        let mut command = Command::cargo_bin("kinlink").expect("binary");
        command
            .current_dir(self.0.path())
            .args(["clkhash", "encode", "table.csv", "--schema", "schema.json"])
            .args(["--secret-file", "secret", "-o", "clks.json"]);
        command
    }

    /// Runs the command, which must succeed; its standard error and the CLKs.
    fn encode(&self) -> (String, Vec<String>) {
        let ran = self.command().assert().success();
        let errors = String::from_utf8(ran.get_output().stderr.clone()).expect("text");
        let text = std::fs::read_to_string(self.path("clks.json")).expect("result");
        let result: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(result.as_object().expect("object").len(), 1);
        let clks = result["clks"].as_array().expect("clks").iter();
        let clks = clks.map(|c| c.as_str().expect("text").to_owned()).collect();
        (errors, clks)
    }

    /// Runs the command, which must fail with that exit code; its standard error.
    fn refuse(&self, exit: i32) -> String {
        let before = self.files();
        let ran = self.command().assert().code(exit);
        assert!(ran.get_output().stdout.is_empty());
        assert_eq!(self.files(), before, "a file was left behind");
        String::from_utf8(ran.get_output().stderr.clone()).expect("text")
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.0.path()).expect("folder");
        let mut files: Vec<_> = entries.map(|e| e.expect("entry").path()).collect();
        files.sort();
        files
    }
}

fn fixture(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/clkhash");
    let text = std::fs::read_to_string(folder.join(name)).expect("fixture");
    serde_json::from_str(&text).expect("JSON")
}

fn table(schema: &Value, rows: &Value) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .flexible(true)
        .from_writer(Vec::new());
    let features = schema["features"].as_array().expect("features").iter();
    let header = features.map(|f| f["identifier"].as_str().expect("name"));
    writer.write_record(header).expect("written");
    for row in rows.as_array().expect("rows") {
        let cells = row.as_array().expect("row").iter();
        writer
            .write_record(cells.map(|c| c.as_str().expect("cell")))
            .expect("written");
    }
    writer.into_inner().expect("written")
}

fn desk_of(vector: &Value) -> Desk {
    let secret = vector["secret"].as_str().expect("secret");
    let table = table(&vector["schema"], &vector["rows"]);
    Desk::new(&vector["schema"].to_string(), secret.as_bytes(), &table)
}

/// Two features, so that the schema draws no remark.
fn two(first: Value, second: Value) -> String {
    let hashing = json!({ "comparison": { "type": "ngram", "n": 2 },
        "strategy": { "bitsPerToken": 20 } });
    let feature = |name: &str, format: Value| json!({ "identifier": name, "format": format, "hashing": hashing });
    json!({
        "version": 3,
        "clkConfig": { "l": 1024, "kdf": { "type": "HKDF" } },
        "features": [feature("name", first), feature("born", second)]
    })
    .to_string()
}

fn plain() -> String {
    two(
        json!({ "type": "string" }),
        json!({ "type": "date", "format": "%Y-%m-%d" }),
    )
}

#[test]
fn every_vector_of_the_reference_is_reproduced() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/clkhash");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("fixtures")
        .map(|e| e.expect("entry").file_name().to_string_lossy().into_owned())
        .filter(|n| n.ends_with(".json") && n != "errors.json")
        .collect();
    names.sort();
    assert!(names.len() >= 13);
    for name in names {
        let vector = fixture(&name);
        let (errors, clks) = desk_of(&vector).encode();
        assert_eq!(json!(clks), vector["clk_base64"], "{name}");
        assert_eq!(errors.matches(UNHARDENED).count(), 1, "{name}");
        let ignores_folds = name.starts_with("12_");
        assert_eq!(
            errors.contains("`xorFolds` has no effect"),
            ignores_folds,
            "{name}"
        );
    }
}

#[test]
fn the_error_cases_of_the_reference_go_the_same_way() {
    let cases = fixture("errors.json");
    let cases = cases.as_array().expect("cases");
    assert_eq!(cases.len(), 14);
    for case in cases {
        let name = case["name"].as_str().expect("name");
        let desk = desk_of(case);
        let result = case["result"].as_str().expect("result");
        match result.strip_prefix("NO ERROR ") {
            Some(begins) => {
                let (_, clks) = desk.encode();
                assert!(clks[0].starts_with(begins), "{name}");
            }
            None => {
                let of_the_data = ["EntryError", "FormatError"];
                let data = of_the_data.iter().any(|kind| result.starts_with(kind));
                let errors = desk.refuse(if data { 3 } else { 2 });
                assert!(errors.contains("error[KL-H-0"), "{name}: {errors}");
            }
        }
    }
}

#[test]
fn the_result_is_private_and_the_same_each_time() {
    let desk = Desk::new(
        &plain(),
        SECRET.as_bytes(),
        b"name,born\nada,1999-01-02\n\"\",2001-1-1\n",
    );
    let (errors, first) = desk.encode();
    assert_eq!(errors.matches("warning:").count(), 1, "{errors}");
    assert_eq!(first.len(), 2);
    let bytes = std::fs::read(desk.path("clks.json")).expect("result");
    let mode = std::fs::metadata(desk.path("clks.json"))
        .expect("result")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut one_thread = desk.command();
    one_thread.env("RAYON_NUM_THREADS", "1").arg("--quiet");
    let ran = one_thread.assert().success();
    assert_eq!(
        std::fs::read(desk.path("clks.json")).expect("result"),
        bytes
    );
    // Being quiet does not silence what everybody must know.
    let errors = String::from_utf8(ran.get_output().stderr.clone()).expect("text");
    assert_eq!(errors.matches(UNHARDENED).count(), 1);
    assert_eq!(desk.files().len(), 4);
}

#[test]
fn the_order_of_the_rows_is_kept_over_many_chunks() {
    let mut text = String::from("name,born\r\n");
    for i in 0..40_000 {
        text.push_str(&format!("person {},{}-01-01\r\n", i % 977, 1900 + i % 101));
    }
    let (_, clks) = Desk::new(&plain(), SECRET.as_bytes(), text.as_bytes()).encode();
    assert_eq!(clks.len(), 40_000);
    let alone = |i: usize| {
        let row = format!("name,born\nperson {},{}-01-01\n", i % 977, 1900 + i % 101);
        Desk::new(&plain(), SECRET.as_bytes(), row.as_bytes())
            .encode()
            .1
    };
    for i in [0, 1023, 1024, 16_383, 16_384, 39_999] {
        assert_eq!(alone(i)[0], clks[i], "row {i}");
    }
}

#[test]
fn a_last_row_without_a_line_break_is_a_row() {
    for last in ["a\"da,2001-1-1", "\"ada, b\",2001-1-1", "ada,\"2001-1-1\""] {
        let rows = format!("name,born\nada,1999-01-02\n{last}");
        let (_, without) = Desk::new(&plain(), SECRET.as_bytes(), rows.as_bytes()).encode();
        let rows = format!("{rows}\n");
        let (_, with) = Desk::new(&plain(), SECRET.as_bytes(), rows.as_bytes()).encode();
        assert_eq!(without.len(), 2);
        assert_eq!(without, with);
    }
}

#[test]
fn a_table_without_rows_gives_no_clks() {
    let (_, clks) = Desk::new(&plain(), SECRET.as_bytes(), b"\xef\xbb\xbfname,born\n").encode();
    assert!(clks.is_empty());
}

#[test]
fn a_line_break_after_the_secret_is_no_part_of_it() {
    let rows = b"name,born\nada,1999-01-02\n";
    let (_, plain_secret) = Desk::new(&plain(), SECRET.as_bytes(), rows).encode();
    let broken = format!("{SECRET}\n");
    let (_, with_break) = Desk::new(&plain(), broken.as_bytes(), rows).encode();
    assert_eq!(plain_secret, with_break);
    let twice = format!("{SECRET}\n\n");
    let (_, other) = Desk::new(&plain(), twice.as_bytes(), rows).encode();
    assert_ne!(plain_secret, other);
}

#[test]
fn weak_secrets_single_features_and_unread_keys_are_remarked_upon() {
    let schema = json!({
        "version": 3, "comment": "of 2020",
        "clkConfig": { "l": 64, "kdf": { "type": "HKDF" } },
        "features": [
            { "identifier": "id", "ignored": true },
            { "identifier": "name", "format": { "type": "string" }, "hashing": {
                "comparison": { "type": "exact" }, "strategy": { "bitsPerToken": 2 } } }
        ]
    });
    let desk = Desk::new(&schema.to_string(), b"short", b"id,name\n1,ada\n");
    desk.mode("secret", 0o644);
    let (errors, clks) = desk.encode();
    assert_eq!(clks.len(), 1);
    for remark in [
        "hashes a single feature",
        "shorter than 32 bytes",
        "can be read by others (mode 0644)",
        "`comment` has no effect",
    ] {
        assert!(errors.contains(remark), "{remark}: {errors}");
    }
    assert!(!errors.contains("short\n"));
}

#[test]
fn older_schemas_give_the_same_records_as_their_conversion() {
    let format = json!({ "type": "string" });
    let config = json!({ "l": 1024, "kdf": { "type": "HKDF" } });
    let mut old_config = config.clone();
    old_config["k"] = json!(30);
    old_config["hash"] = json!({ "type": "doubleHash" });
    let feature = |name: &str, hashing: Value| json!({ "identifier": name, "format": format, "hashing": hashing });
    let first = json!({ "version": 1, "clkConfig": old_config, "features": [
        feature("name", json!({ "ngram": 2, "weight": 0.5 })),
        feature("born", json!({ "ngram": 1, "positional": true })),
        feature("town", json!({ "ngram": 2, "weight": 0 })),
    ]});
    let double = json!({ "type": "doubleHash" });
    let second = json!({ "version": 2, "clkConfig": config, "features": [
        feature("name", json!({ "ngram": 2, "strategy": { "k": 15 }, "hash": double })),
        feature("born", json!({ "ngram": 1, "positional": true, "strategy": { "k": 30 },
            "hash": double })),
        { "identifier": "town", "ignored": true },
    ]});
    let grams =
        |n: u32, positional: bool| json!({ "type": "ngram", "n": n, "positional": positional });
    let third = json!({ "version": 3, "clkConfig": config, "features": [
        feature("name", json!({ "comparison": grams(2, false),
            "strategy": { "bitsPerToken": 15 }, "hash": double })),
        feature("born", json!({ "comparison": grams(1, true),
            "strategy": { "bitsPerToken": 30 }, "hash": double })),
        { "identifier": "town", "ignored": true },
    ]});
    let rows = b"name,born,town\nada,1999,York\n";
    let encoded = [first, second, third].map(|schema| {
        Desk::new(&schema.to_string(), SECRET.as_bytes(), rows)
            .encode()
            .1
    });
    assert_eq!(encoded[0], encoded[1]);
    assert_eq!(encoded[1], encoded[2]);
}

#[test]
fn bad_tables_are_refused_with_their_place_and_without_the_value() {
    for (table, code, place) in [
        (
            &b"name,born\nada,1999-01-02\nSECRETIVE,31/12/1999\n"[..],
            "KL-H-010",
            "row 3, column `born`",
        ),
        (
            b"name,born\nada,1999-01-02,SECRETIVE\n",
            "KL-H-009",
            "row 2",
        ),
        (b"name,born\n\nada,1999-01-02\n", "KL-H-009", "row 2"),
        (b"name,born\r\nada,1999-01-02\r\n\r\n", "KL-H-009", "row 3"),
        (
            b"born,name\n1999-01-02,SECRETIVE\n",
            "KL-H-008",
            "`name` is expected",
        ),
        (b"name\nSECRETIVE\n", "KL-H-008", "`born` is expected"),
        (b"name,born,SECRETIVE\n", "KL-H-008", "2 features"),
        (b"", "KL-H-008", "`name` is expected"),
        (
            b"name,born\nada,1999-01-02\nZo\xeb,1999-01-02\n",
            "KL-H-006",
            "row 3, column `name`",
        ),
        (
            b"name,born\nada,1999-01-02\n\"SECRETIVE,1999-01-02\n",
            "KL-H-007",
            "row 3",
        ),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "KL-H-006", "row 1"),
        (b"PAR1\x15\x04\x15", "KL-H-008", "row 1"),
    ] {
        let errors = Desk::new(&plain(), SECRET.as_bytes(), table).refuse(3);
        assert!(
            errors.contains(&format!("error[{code}]")),
            "{code}: {errors}"
        );
        assert!(errors.contains(place), "{place}: {errors}");
        assert!(errors.contains("table.csv"), "{errors}");
        assert!(
            !errors.contains("SECRETIVE") && !errors.contains("31/12"),
            "{errors}"
        );
    }
    let desk = Desk::new(&plain(), SECRET.as_bytes(), b"");
    std::fs::remove_file(desk.path("table.csv")).expect("removed");
    assert!(desk.refuse(3).contains("error[KL-H-005]"));
}

#[test]
fn every_format_is_checked() {
    let text = |limits: Value| {
        let mut format = json!({ "type": "string" });
        for (key, value) in limits.as_object().expect("limits") {
            format[key] = value.clone();
        }
        format
    };
    for (format, good, bad, rule) in [
        (text(json!({ "encoding": "ascii" })), "Zoe", "Zoë", "ascii"),
        (
            text(json!({ "case": "upper" })),
            "ZOË 1",
            "Zoë",
            "upper case",
        ),
        (text(json!({ "case": "lower" })), "zoë", "Zoë", "lower case"),
        (text(json!({ "minLength": 3 })), "Zoë", "Zo", "fewer than 3"),
        (
            text(json!({ "maxLength": 3 })),
            "Zoë",
            "Zoës",
            "more than 3",
        ),
        (
            text(json!({ "pattern": "(?!X)[A-Z]+" })),
            "AX",
            "XA",
            "pattern",
        ),
        (json!({ "type": "integer" }), " +7 ", "7.0", "whole number"),
        (
            json!({ "type": "integer", "minimum": 5 }),
            "5",
            "4",
            "`minimum`",
        ),
        (
            json!({ "type": "integer", "maximum": 5 }),
            "5",
            "6",
            "`maximum`",
        ),
        (
            json!({ "type": "date", "format": "%d %b %y" }),
            "1 jan 70",
            "30 feb 70",
            "date",
        ),
        (
            json!({ "type": "enum", "values": ["M", "F"] }),
            "M",
            "m",
            "`values`",
        ),
    ] {
        let schema = two(format, json!({ "type": "string" }));
        let rows = |value: &str| format!("name,born\n{value},x\n");
        Desk::new(&schema, SECRET.as_bytes(), rows(good).as_bytes()).encode();
        let errors = Desk::new(&schema, SECRET.as_bytes(), rows(bad).as_bytes()).refuse(3);
        assert!(errors.contains("error[KL-H-010]"), "{errors}");
        assert!(errors.contains("row 2, column `name`"), "{errors}");
        assert!(errors.contains(rule), "{rule}: {errors}");
    }
}

#[test]
fn bad_schemas_are_refused_with_the_path_of_the_key() {
    let change = |pointer: &str, value: Value| {
        let mut schema: Value = serde_json::from_str(&plain()).expect("JSON");
        *schema.pointer_mut(pointer).expect("key") = value;
        schema.to_string()
    };
    let hashing = "/features/0/hashing";
    for (schema, code, what) in [
        ("{ \"version\": 3,".to_owned(), "KL-H-002", "not JSON"),
        ("[]".to_owned(), "KL-H-003", "version"),
        (change("/version", json!(4)), "KL-H-003", "version"),
        (change("/clkConfig/l", json!(0)), "KL-H-003", "clkConfig.l"),
        (
            change("/clkConfig/l", json!(1000)),
            "KL-H-003",
            "power of two",
        ),
        (
            change("/clkConfig/kdf", json!({ "type": "HKDF", "keySize": 65 })),
            "KL-H-003",
            "keySize",
        ),
        (
            change("/clkConfig/kdf", json!({ "type": "HKDF", "salt": "x" })),
            "KL-H-003",
            "kdf.salt",
        ),
        (change("/features", json!([])), "KL-H-003", "features"),
        (
            change("/features/0/format", json!({ "type": "name" })),
            "KL-H-003",
            "features[0].format.type",
        ),
        (
            change(
                "/features/0/format",
                json!({ "type": "string", "maxLenght": 3 }),
            ),
            "KL-H-003",
            "did you mean `maxLength`?",
        ),
        (
            change(
                "/features/0/format",
                json!({ "type": "string", "pattern": "[" }),
            ),
            "KL-H-003",
            "format.pattern",
        ),
        (
            change(
                "/features/1/format",
                json!({ "type": "date", "format": "%Q" }),
            ),
            "KL-H-003",
            "features[1].format.format",
        ),
        (
            change(hashing, json!({ "strategy": { "bitsPerToken": 1 } })),
            "KL-H-003",
            "hashing.comparison",
        ),
        (
            change(&format!("{hashing}/strategy"), json!({ "k": 1 })),
            "KL-H-003",
            "hashing.strategy",
        ),
        (
            change(&format!("{hashing}/comparison"), json!({ "type": "ngram" })),
            "KL-H-003",
            "comparison.n",
        ),
    ] {
        let errors = Desk::new(&schema, SECRET.as_bytes(), b"name,born\n").refuse(2);
        assert!(
            errors.contains(&format!("error[{code}]")),
            "{what}: {errors}"
        );
        assert!(errors.contains(what), "{what}: {errors}");
    }
    let latin = Desk::new("", SECRET.as_bytes(), b"name,born\n");
    std::fs::write(latin.path("schema.json"), b"{\"\xeb\": 1}").expect("written");
    assert!(latin.refuse(2).contains("error[KL-H-001]"));
}

#[test]
fn missing_files_and_overwritten_inputs_are_refused() {
    let rows = b"name,born\nada,1999-01-02\n";
    let desk = Desk::new(&plain(), SECRET.as_bytes(), rows);
    std::fs::remove_file(desk.path("secret")).expect("removed");
    assert!(desk.refuse(6).contains("error[KL-H-004]"));
    std::fs::create_dir(desk.path("secret")).expect("folder");
    assert!(desk.refuse(6).contains("error[KL-H-004]"));

    let desk = Desk::new(&plain(), SECRET.as_bytes(), rows);
    for (out, code, exit) in [
        ("./table.csv", "KL-H-012", 2),
        ("schema.json", "KL-H-012", 2),
        ("none/clks.json", "KL-H-011", 9),
    ] {
        let mut command = Command::cargo_bin("kinlink").expect("binary");
        let ran = command
            .current_dir(desk.0.path())
            .args(["clkhash", "encode", "table.csv", "--schema", "schema.json"])
            .args(["--secret-file", "secret", "-o", out])
            .assert()
            .code(exit);
        let errors = String::from_utf8_lossy(&ran.get_output().stderr).into_owned();
        assert!(errors.contains(&format!("error[{code}]")), "{errors}");
        assert_eq!(std::fs::read(desk.path("table.csv")).expect("table"), rows);
    }
}

#[test]
fn programs_get_json() {
    let desk = Desk::new(&plain(), SECRET.as_bytes(), b"name,born\nada,1999-01-02\n");
    let ran = desk.command().args(["--format", "json"]).assert().success();
    let told: Value = serde_json::from_slice(&ran.get_output().stdout).expect("JSON");
    assert_eq!(told["records"], 1);
    assert_eq!(told["bits"], 1024);
    assert_eq!(told["hardened"], false);
    assert_eq!(told["warnings"].as_array().expect("warnings").len(), 1);
    let set = told["mean_set_bits"].as_f64().expect("bits");
    assert!((100.0..=280.0).contains(&set), "{set}");
}
