//! Pseudonymisation: HMAC of short messages, match keys of a person, Soundex through a recipe.
//!
//! The aim for HMAC is at least five million short messages a second on one core.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kinlink::pseudonymise::{
    Arrangement, BlockEncoder, BlockPass, BlockRule, Encoder, Identity, MasterKey, Recipe, Scratch,
    Workspace,
};
use std::hint::black_box;

fn person() -> Identity<'static> {
    Identity {
        forename: Some("SAMANTHA"),
        surname: Some("ASHWORTH KAYE"),
        year: Some(1991),
        month: Some(3),
        day: Some(17),
        sex: Some("F"),
        postcode: Some("AB1 2CD"),
        ..Identity::default()
    }
}

fn hmac(c: &mut Criterion) {
    let key = MasterKey::of_rehearsal_seed(1)
        .for_project("bench", "1")
        .derive(&["bench"]);
    let message = [7_u8; 30];
    let mut group = c.benchmark_group("hmac");
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("30-byte messages", |b| {
        b.iter(|| {
            for _ in 0..1_000 {
                black_box(key.mac_message(black_box(&message)));
            }
        });
    });
    group.finish();
}

fn match_keys(c: &mut Criterion) {
    let recipes: Vec<Recipe> = [
        &["forename", "surname", "date_of_birth", "postcode"][..],
        &["forename", "surname.any", "date_of_birth"],
        &["names.unordered", "date_of_birth"],
        &[
            "forename.soundex",
            "surname.soundex",
            "date_of_birth",
            "postcode.sector",
        ],
    ]
    .iter()
    .filter_map(|words| Recipe::of_words(words).ok())
    .collect();
    let keys = MasterKey::of_rehearsal_seed(1).for_project("bench", "1");
    let encoder = Encoder::new(&keys, "child", &recipes);
    let mut group = c.benchmark_group("encode");
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("four passes of a person", |b| {
        let mut scratch = Scratch::default();
        let mut out = Vec::new();
        b.iter(|| {
            for _ in 0..1_000 {
                for pass in 0..encoder.passes() {
                    out.clear();
                    encoder.match_keys(pass, black_box(&person()), &mut scratch, &mut out);
                    black_box(&out);
                }
            }
        });
    });
    group.finish();
}

fn block_rows(c: &mut Criterion) {
    let keys = MasterKey::of_rehearsal_seed(1).for_project("bench", "1");
    let people: Vec<Identity<'static>> = vec![person(); 256];
    let records: Vec<[u8; 16]> = (0..=255_u8).map(|i| [i; 16]).collect();
    let mut group = c.benchmark_group("blocks");
    group.throughput(Throughput::Elements(256));
    for (name, arrangement) in [
        ("lanes, fourteen passes", Arrangement::Lanes),
        ("record filters, four passes", Arrangement::Record),
        ("field filters, four passes", Arrangement::Fields),
    ] {
        let passes = BlockPass::of_rules(&BlockRule::usual(), arrangement).expect("passes");
        let encoder = BlockEncoder::new(&keys, "adult", &passes);
        group.bench_function(name, |b| {
            let mut space = Workspace::default();
            b.iter(|| {
                encoder.encode(black_box(&people), &records, &mut space, |row| {
                    black_box(row.encoding);
                });
            });
        });
    }
    group.finish();
}

criterion_group!(benches, hmac, match_keys, block_rows);
criterion_main!(benches);
