//! clkhash interop: records a second through the encoder, on one thread, in two states.
//!
//! The schema is one of five features as it is used in the United Kingdom: forename, surname, date
//! of birth, sex, postcode. The aim is 200,000 records a CPU second; the reference makes 20,000.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a bench fails by panicking"
)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kinlink::pseudonymise::clkhash::{Encoder, LinkageSchema, Secret};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ROWS: usize = 20_000;

fn schema(hash: &str) -> LinkageSchema {
    let feature = |name: &str, format: &str, comparison: &str, bits: u32| {
        format!(
            r#"{{ "identifier": "{name}", "format": {format}, "hashing": {{
                "comparison": {comparison}, "strategy": {{ "bitsPerFeature": {bits} }},
                "hash": {{ "type": "{hash}" }} }} }}"#
        )
    };
    let text = r#"{ "type": "string" }"#;
    let bigrams = r#"{ "type": "ngram", "n": 2 }"#;
    let digits = r#"{ "type": "ngram", "n": 1, "positional": true }"#;
    let features = [
        feature("forename", text, bigrams, 200),
        feature("surname", text, bigrams, 200),
        feature(
            "dob",
            r#"{ "type": "date", "format": "%d/%m/%Y" }"#,
            digits,
            160,
        ),
        feature(
            "sex",
            r#"{ "type": "enum", "values": ["M", "F"] }"#,
            r#"{ "type": "exact" }"#,
            20,
        ),
        feature("postcode", text, digits, 100),
    ];
    let schema = format!(
        r#"{{ "version": 3, "clkConfig": {{ "l": 1024, "kdf": {{ "type": "HKDF" }} }},
            "features": [{}] }}"#,
        features.join(",")
    );
    LinkageSchema::from_json(&schema).expect("schema")
}

/// People whose names are as unequally frequent as names are, and whose postcodes are nearly all
/// different.
fn people() -> Vec<[String; 5]> {
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    let syllables = [
        "an", "be", "cla", "do", "el", "fi", "gra", "ho", "is", "jo", "ka", "li",
    ];
    let mut name = |kinds: f64| {
        let rank = kinds.powf(dice.random::<f64>());
        let mut text = String::new();
        let mut rest = rank as u64;
        for _ in 0..4 {
            text.push_str(syllables[usize::try_from(rest % 12).unwrap_or(0)]);
            rest /= 12;
        }
        text.to_uppercase()
    };
    let names: Vec<(String, String)> = (0..ROWS).map(|_| (name(5e3), name(1e5))).collect();
    names
        .into_iter()
        .map(|(forename, surname)| {
            let (day, month) = (dice.random_range(1..=28), dice.random_range(1..=12));
            let year = dice.random_range(1940..=2020);
            let sex = if dice.random_bool(0.5) { "M" } else { "F" };
            let letter = |n: u8| char::from(b'A' + n % 26);
            let (a, b, c) = (
                dice.random::<u8>(),
                dice.random::<u8>(),
                dice.random::<u8>(),
            );
            let postcode = format!(
                "{}{}{} {}{}{}",
                letter(a),
                letter(b),
                a % 30,
                b % 10,
                letter(c),
                letter(c / 3)
            );
            let born = format!("{day:02}/{month:02}/{year}");
            [forename, surname, born, sex.to_owned(), postcode]
        })
        .collect()
}

fn encode(c: &mut Criterion) {
    let people = people();
    let secret = Secret::new(vec![9; 32]);
    let mut group = c.benchmark_group("clkhash");
    group.sample_size(10);
    group.throughput(Throughput::Elements(u64::try_from(ROWS).unwrap_or(0)));
    for hash in ["blakeHash", "doubleHash"] {
        let schema = schema(hash);
        let encoder = Encoder::new(&schema, &secret).expect("encoder");
        let mut bytes = Vec::new();
        group.bench_function(format!("{hash}, a worker that met nobody"), |b| {
            b.iter(|| {
                let mut worker = encoder.worker();
                for person in &people {
                    let cells = person.iter().map(String::as_str);
                    black_box(encoder.encode(&mut worker, cells, &mut bytes).is_ok());
                }
            });
        });
        let mut worker = encoder.worker();
        group.bench_function(format!("{hash}, a worker that met all before"), |b| {
            b.iter(|| {
                for person in &people {
                    let cells = person.iter().map(String::as_str);
                    black_box(encoder.encode(&mut worker, cells, &mut bytes).is_ok());
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, encode);
criterion_main!(benches);
