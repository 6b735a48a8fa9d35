//! Estimation: the facts of one family, and the union of stays.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kinlink::estimate::family::{Parent, Sex, Stay, Window, facts};
use kinlink::estimate::spells::{Period, union};
use std::hint::black_box;

fn parent(rank: u64, sex: Sex, stays: &[(i32, i32)]) -> Parent {
    Parent {
        rank,
        sex,
        stays: stays
            .iter()
            .map(|(from, to)| Stay {
                period: Period::new(*from, *to),
                legal_status: "sentenced".into(),
                sentence_band: "1_to_4y".into(),
                offence_group: "violent".into(),
            })
            .collect(),
    }
}

fn families(c: &mut Criterion) {
    let parents = [
        parent(1, Sex::Female, &[(10, 40), (200, 260)]),
        parent(2, Sex::Male, &[(30, 90), (250, 500)]),
    ];
    let window = Window {
        reference: 364,
        year: Period::new(0, 365),
    };
    let mut group = c.benchmark_group("estimate");
    group.throughput(Throughput::Elements(1));
    group.bench_function("facts of a child of two prisoners", |b| {
        b.iter(|| black_box(facts(black_box(&parents), Period::new(-900, 4000), window)));
    });
    let stays: Vec<Period> = (0..1_000)
        .map(|i| Period::new((i * 7919) % 5000, (i * 7919) % 5000 + 9))
        .collect();
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("union of a thousand stays", |b| {
        b.iter(|| black_box(union(black_box(&stays), 1)));
    });
    group.finish();
}

criterion_group!(benches, families);
criterion_main!(benches);
