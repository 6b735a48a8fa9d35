//! Estimation: the facts of one family, the union of stays, and the bootstrap of log-linear models.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kinlink::estimate::capture::bootstrap::{Plan, bootstrap};
use kinlink::estimate::capture::{Counts, Estimator, Model, Table};
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
                prison: String::new(),
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

/// The counts of HIV in Rome (Abeni and others 1994), by history; bit 0 is the first list. Two cells
/// are empty, so that replicates meet the edge of their models.
const FOUR_LISTS: [u64; 16] = [0, 403, 545, 33, 621, 20, 35, 3, 205, 6, 10, 1, 11, 0, 3, 0];

fn capture(c: &mut Criterion) {
    let names = ["c1", "c2", "c3", "c4"].map(str::to_owned).to_vec();
    let table = Table::new(names, FOUR_LISTS.to_vec()).expect("table");
    let models = Model::all(4, 3);
    let counts = Counts::of(&table);
    let plan = Plan {
        replicates: 1_000,
        seed: 1,
        models: models.clone(),
        estimators: vec![
            Estimator::EveryPair,
            Estimator::AicAverage,
            Estimator::BicBest,
        ],
    };
    let started = std::time::Instant::now();
    black_box(bootstrap(&table, &plan));
    let seconds = started.elapsed().as_secs_f64();
    println!("bootstrap: 1,000 replicates of 113 models in {seconds:.2} s");
    let mut group = c.benchmark_group("capture");
    group.throughput(Throughput::Elements(113));
    group.bench_function("all models of four lists", |b| {
        b.iter(|| models.iter().map(|m| counts.fit(*m).total()).sum::<f64>());
    });
    group.throughput(Throughput::Elements(1_000));
    group.sample_size(10);
    group.bench_function("bootstrap of 113 models", |b| {
        b.iter(|| black_box(bootstrap(&table, &plan)));
    });
    group.finish();
}

criterion_group!(benches, families, capture);
criterion_main!(benches);
