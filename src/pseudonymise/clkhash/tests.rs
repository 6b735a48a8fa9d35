//! The vectors that the reference made: keys, tokens, bits and CLKs; and what it refuses.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::Value;

use super::bits::Filter;
use super::encoder::Encoder;
use super::error::Breach;
use super::schema::LinkageSchema;
use super::secret::Secret;
use super::tokens::{Encoding, Tokens};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/clkhash")
}

fn vectors() -> Vec<(String, Value)> {
    let mut found: Vec<(String, Value)> = std::fs::read_dir(folder())
        .expect("fixtures")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .filter(|path| path.file_stem().is_some_and(|s| s != "errors"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("read");
            let name = path
                .file_stem()
                .expect("name")
                .to_string_lossy()
                .into_owned();
            (name, serde_json::from_str(&text).expect("JSON"))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(found.len() >= 13);
    found
}

fn schema(vector: &Value) -> LinkageSchema {
    LinkageSchema::from_json(&vector["schema"].to_string())
        .map_err(|fault| format!("{fault:?}"))
        .expect("schema")
}

fn secret(vector: &Value) -> Secret {
    Secret::new(
        vector["secret"]
            .as_str()
            .expect("secret")
            .as_bytes()
            .to_vec(),
    )
}

fn texts(value: &Value) -> Vec<&str> {
    let list = value.as_array().expect("list");
    list.iter().map(|v| v.as_str().expect("text")).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn keys_are_those_of_the_reference() {
    for (name, vector) in vectors() {
        let schema = schema(&vector);
        let count = schema.features.len();
        let keys = schema.kdf.derive(&secret(&vector), count).expect("keys");
        let expected = vector["derived_keys_hex_per_field"]
            .as_array()
            .expect("keys");
        assert_eq!(expected.len(), count, "{name}");
        for (i, pair) in expected.iter().enumerate() {
            let found = keys.pair(i).expect("pair").map(hex);
            assert_eq!(found.to_vec(), texts(pair), "{name}, feature {i}");
        }
    }
}

#[test]
fn clks_and_their_counts_are_those_of_the_reference() {
    let mut compared = 0;
    for (name, vector) in vectors() {
        let (schema, secret) = (schema(&vector), secret(&vector));
        let encoder = Encoder::new(&schema, &secret).expect("encoder");
        let mut worker = encoder.worker();
        let mut bytes = Vec::new();
        // The second round takes everything from the stores of the worker.
        for _ in 0..2 {
            for (i, row) in vector["rows"].as_array().expect("rows").iter().enumerate() {
                let cells = texts(row).into_iter();
                let count = encoder.encode(&mut worker, cells, &mut bytes).expect("CLK");
                assert_eq!(
                    STANDARD.encode(&bytes),
                    vector["clk_base64"][i],
                    "{name}, row {i}"
                );
                assert_eq!(Value::from(count), vector["popcount"][i], "{name}, row {i}");
                compared += 1;
            }
        }
    }
    assert!(compared >= 2 * 60);
}

#[test]
fn tokens_and_bits_are_those_of_the_reference() {
    for (name, vector) in vectors() {
        let (schema, secret) = (schema(&vector), secret(&vector));
        let encoder = Encoder::new(&schema, &secret).expect("encoder");
        let traces = vector["trace_first_two_rows"].as_array().expect("traces");
        for (trace, row) in traces.iter().zip(vector["rows"].as_array().expect("rows")) {
            let row = texts(row);
            let hashed = schema.features.iter().enumerate();
            let hashed: Vec<_> = hashed.filter(|(_, f)| f.encoded.is_some()).collect();
            let steps: Vec<&Value> = trace.as_array().expect("trace").iter().collect();
            let steps: Vec<&Value> = steps
                .into_iter()
                .filter(|s| s["tokens"].is_array())
                .collect();
            assert_eq!(steps.len(), hashed.len(), "{name}");
            for ((place, feature), step) in hashed.into_iter().zip(steps) {
                let encoded = feature.encoded.as_ref().expect("hashed");
                let value = encoded.prepare(row[place]).expect("value");
                assert_eq!(value, step["value"].as_str().expect("value"), "{name}");
                let mut tokens = Tokens::default();
                tokens
                    .fill(&encoded.comparison, encoded.encoding, &value)
                    .expect("tokens");
                let found: Vec<String> = tokens
                    .iter()
                    .map(|t| decoded(t, encoded.encoding))
                    .collect();
                assert_eq!(found, texts(&step["tokens"]), "{name}");
                let strategy = encoded.hashing.strategy;
                let count = tokens.len();
                let bits: Vec<usize> = (0..count).map(|i| strategy.bits(i, count)).collect();
                assert_eq!(serde_json::json!(bits), step["bits_per_token"], "{name}");
                let mut filter = Filter::new(schema.filter_length());
                let hasher = encoder.hasher(place).expect("hasher");
                for (token, &bits) in tokens.iter().zip(&bits) {
                    hasher.positions(token, bits).set(&mut filter, bits);
                }
                let set: Vec<usize> = (0..schema.filter_length())
                    .filter(|&i| filter.get(i))
                    .collect();
                assert_eq!(serde_json::json!(set), step["set_bits"], "{name}");
            }
        }
    }
}

fn decoded(token: &[u8], encoding: Encoding) -> String {
    match encoding {
        Encoding::Ascii | Encoding::Utf8 => String::from_utf8(token.to_vec()).expect("UTF-8"),
        Encoding::Utf16 => {
            let (units, _) = token.as_chunks::<2>();
            let units: Vec<u16> = units.iter().map(|&u| u16::from_le_bytes(u)).collect();
            String::from_utf16(&units[1..]).expect("UTF-16")
        }
        Encoding::Utf32 => {
            let (units, _) = token.as_chunks::<4>();
            let codes = units[1..].iter().map(|&u| u32::from_le_bytes(u));
            codes
                .map(|c| char::from_u32(c).expect("character"))
                .collect()
        }
    }
}

#[test]
fn what_the_reference_refuses_is_refused_and_what_it_takes_is_taken() {
    let text = std::fs::read_to_string(folder().join("errors.json")).expect("read");
    let cases: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    assert_eq!(cases.len(), 14);
    for case in cases {
        let name = case["name"].as_str().expect("name");
        let expected = case["result"].as_str().expect("result");
        let found = first_clk(&case);
        match expected.strip_prefix("NO ERROR ") {
            Some(begins) => {
                let clk = found.unwrap_or_else(|e| panic!("{name}: {e}"));
                assert!(clk.starts_with(begins), "{name}: {clk}");
            }
            None => assert!(found.is_err(), "{name}"),
        }
    }
}

fn first_clk(case: &Value) -> Result<String, String> {
    let schema = LinkageSchema::from_json(&case["schema"].to_string());
    let schema = schema.map_err(|fault| format!("{fault:?}"))?;
    let encoder = Encoder::new(&schema, &secret(case)).map_err(|e| e.rule)?;
    let row = texts(&case["rows"][0]);
    if row.len() != schema.columns().len() {
        return Err("row length".to_owned());
    }
    let mut bytes = Vec::new();
    encoder
        .encode(&mut encoder.worker(), row.into_iter(), &mut bytes)
        .map_err(|e| e.breach.to_string())?;
    Ok(STANDARD.encode(&bytes))
}

const MIXED: &str = r#"{
    "version": 3,
    "clkConfig": { "l": 512, "kdf": { "type": "HKDF" }, "xor_folds": 1 },
    "features": [
        { "identifier": "name", "format": { "type": "string", "encoding": "utf-16" },
          "hashing": { "comparison": { "type": "ngram", "n": 2 },
                       "strategy": { "bitsPerFeature": 90 } } },
        { "identifier": "code", "format": { "type": "string" },
          "hashing": { "comparison": { "type": "exact" }, "strategy": { "bitsPerToken": 40 },
                       "hash": { "type": "doubleHash", "prevent_singularity": true } } }
    ]
}"#;

proptest! {
    /// What a worker kept from other records changes no bit, even when its stores run over.
    #[test]
    fn stores_change_nothing(rows in proptest::collection::vec(("[ab\u{1d49c} ]{0,6}", "[xyz]{0,3}"), 1..60)) {
        let schema = LinkageSchema::from_json(MIXED).expect("schema");
        let encoder = Encoder::new(&schema, &Secret::new(vec![5; 32])).expect("encoder");
        let mut old = encoder.worker();
        let (mut kept, mut fresh) = (Vec::new(), Vec::new());
        for (name, code) in &rows {
            let cells = || [name.as_str(), code.as_str()].into_iter();
            encoder.encode(&mut old, cells(), &mut kept).expect("CLK");
            encoder.encode(&mut encoder.worker(), cells(), &mut fresh).expect("CLK");
            prop_assert_eq!(&kept, &fresh);
        }
    }
}

#[test]
fn a_replacement_that_cannot_be_hashed_is_told() {
    let schema = r#"{
        "version": 3, "clkConfig": { "l": 64, "kdf": { "type": "HKDF" } },
        "features": [{ "identifier": "age", "format": { "type": "integer" },
            "hashing": {
                "comparison": { "type": "numeric", "thresholdDistance": 5, "resolution": 2 },
                "strategy": { "bitsPerToken": 2 },
                "missingValue": { "sentinel": "", "replaceWith": "none" } } }]
    }"#;
    let schema = LinkageSchema::from_json(schema).expect("schema");
    let encoder = Encoder::new(&schema, &Secret::new(Vec::new())).expect("encoder");
    let mut bytes = Vec::new();
    let wrong = encoder.encode(&mut encoder.worker(), [""].into_iter(), &mut bytes);
    assert_eq!(wrong.expect_err("refused").breach, Breach::Number);
}
