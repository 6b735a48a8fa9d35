//! Pseudonymisation: HMAC of short messages, match keys and block-keyed passes of a person, and all
//! of both together.
//!
//! The aims, on one core: nine million HMACs of 30 bytes a second; all passes of a million people in
//! four seconds, which is 250,000 people a second.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kinlink::pseudonymise::{
    Arrangement, BlockEncoder, BlockPass, BlockRule, Encoder, Identity, MasterKey, Messages,
    Scratch, Workspace, default_blocks, default_recipes,
};
use std::hint::black_box;

/// Records of five fields, no two alike.
struct People {
    texts: Vec<[String; 3]>,
}

impl People {
    fn new(count: u32) -> Self {
        const PARTS: [&str; 16] = [
            "AL", "BEN", "CAR", "DO", "EL", "FIN", "GRA", "HOL", "IS", "JO", "KEN", "LY", "MAR",
            "NO", "ROS", "TH",
        ];
        let name = |mut number: u32, parts: usize| {
            let mut out = String::new();
            for _ in 0..parts {
                out.push_str(PARTS[(number % 16) as usize]);
                number /= 16;
            }
            out
        };
        let one = |n: u32| {
            let (a, b) = (n.wrapping_mul(2_654_435_761), n.wrapping_mul(0x85eb_ca6b));
            let surname = match n % 20 {
                0 => format!("{} {}", name(b, 3), name(a, 2)),
                _ => name(b, 3),
            };
            let letter = |shift: u32| char::from(b'A' + ((a >> shift) % 26) as u8);
            let postcode = format!(
                "{}{}{} {}{}{}",
                letter(3),
                letter(9),
                1 + b % 20,
                a % 10,
                letter(13),
                letter(17)
            );
            [name(a, 3), surname, postcode]
        };
        People {
            texts: (0..count).map(one).collect(),
        }
    }

    fn identities(&self) -> Vec<Identity<'_>> {
        let all = self.texts.iter().enumerate();
        all.map(|(n, [forename, surname, postcode])| Identity {
            forename: Some(forename),
            surname: Some(surname),
            year: Some(1940 + (n % 66) as i16),
            month: Some(1 + (n % 12) as u8),
            day: Some(1 + (n % 28) as u8),
            sex: Some(if n % 2 == 0 { "F" } else { "M" }),
            postcode: Some(postcode),
            ..Identity::default()
        })
        .collect()
    }
}

/// People that are encoded at a time, as the stage does.
const BATCH: usize = 256;

/// The names of their rows.
fn names() -> Vec<[u8; 16]> {
    (0..=255_u8).map(|i| [i; 16]).collect()
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
    group.bench_function("30-byte messages, many at once", |b| {
        let (mut messages, mut out) = (Messages::default(), Vec::new());
        b.iter(|| {
            messages.clear();
            out.clear();
            for _ in 0..1_000 {
                messages.push(black_box(&message));
                messages.end();
            }
            key.macs(&messages, &mut out);
            black_box(&out);
        });
    });
    group.finish();
}

/// Ten match keys and fourteen block-keyed passes of the usual recipes and rules.
fn passes(c: &mut Criterion) {
    let keys = MasterKey::of_rehearsal_seed(1).for_project("bench", "1");
    let people = People::new(1 << 14);
    let (people, names) = (people.identities(), names());
    let recipes = Encoder::new(&keys, "adult", &default_recipes("adult"));
    let blocks = default_blocks("adult", Arrangement::Lanes);
    let blocks = BlockEncoder::new(&keys, "adult", &blocks);
    let mut group = c.benchmark_group("passes");
    group.throughput(Throughput::Elements(1 << 14));
    group.sample_size(20);
    let (mut scratch, mut space) = (Scratch::default(), Workspace::default());
    for (name, with_keys, with_blocks) in [
        ("all match keys", true, false),
        ("all block-keyed passes", false, true),
        ("all match keys and block-keyed passes", true, true),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| {
                for some in people.chunks(BATCH) {
                    if with_keys {
                        recipes.encode(black_box(some), &names, &mut scratch, |row| {
                            black_box(row.key);
                        });
                    }
                    if with_blocks {
                        blocks.encode(black_box(some), &names, &mut space, |row| {
                            black_box(row.encoding);
                        });
                    }
                }
            });
        });
    }
    group.finish();
}

fn block_rows(c: &mut Criterion) {
    let keys = MasterKey::of_rehearsal_seed(1).for_project("bench", "1");
    let people = People::new(256);
    let (people, records) = (people.identities(), names());
    let mut group = c.benchmark_group("blocks");
    group.throughput(Throughput::Elements(256));
    for (name, arrangement) in [
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

criterion_group!(benches, hmac, passes, block_rows);
criterion_main!(benches);
