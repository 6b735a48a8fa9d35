//! Exact noise by the draw, and tables of 6,264 cells from measurements.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a bench fails by panicking"
)]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kinlink::protect::dp::accounting::{Contribution, Loss, PrivacyUnit, Zcdp};
use kinlink::protect::dp::exact::Ratio;
use kinlink::protect::dp::sampler::{Bits, DiscreteGaussian, DiscreteLaplace};
use kinlink::protect::dp::{
    Axis, Book, Counted, Domain, Goal, NoiseKey, Plan, Request, Scope, measure, reconstruct,
    release_id,
};
use kinlink::pseudonymise::MasterKey;

const DRAWS: u64 = 100_000;

fn ratio(text: &str) -> Ratio {
    text.parse().expect("ratio")
}

fn draws(c: &mut Criterion) {
    let mut group = c.benchmark_group("draws");
    group.throughput(Throughput::Elements(DRAWS));
    for variance in ["1", "40", "4000", "5000000/123457"] {
        let gaussian = DiscreteGaussian::new(&ratio(variance)).expect("variance");
        let mut bits = Bits::from_seed([1; 32]);
        group.bench_function(format!("gaussian {variance}"), |b| {
            b.iter(|| (0..DRAWS).map(|_| gaussian.draw(&mut bits)).sum::<i64>());
        });
    }
    let laplace = DiscreteLaplace::new(&ratio("5/2")).expect("scale");
    let mut bits = Bits::from_seed([1; 32]);
    group.bench_function("laplace 5/2", |b| {
        b.iter(|| (0..DRAWS).map(|_| laplace.draw(&mut bits)).sum::<i64>());
    });
    group.finish();
}

fn axis(name: &str, n: usize) -> Axis {
    let codes: Vec<String> = (0..n).map(|i| format!("{i:03}")).collect();
    Axis::new(name, &codes, &BTreeMap::new()).expect("axis")
}

fn tables(c: &mut Criterion) {
    let axes = vec![axis("la", 174), axis("age", 18), axis("sex", 2)];
    let all = ["la", "age", "sex"].map(str::to_owned).to_vec();
    let domain = Domain::new(axes, &[all]).expect("domain");
    let loss = Loss::Zcdp(Zcdp::new(ratio("0.1")));
    let request = || Request {
        domain: domain.clone(),
        unit: PrivacyUnit::Child,
        contribution: Contribution::ONE,
        loss: loss.clone(),
        goal: Goal::Total,
    };
    let plan = Plan::new(request()).expect("plan");
    let key = NoiseKey::of(&MasterKey::of_rehearsal_seed(1));
    let folder = tempfile::tempdir().expect("folder");
    let scope = Scope {
        population: "bench".to_owned(),
        unit: PrivacyUnit::Child,
        period: "2025".to_owned(),
    };
    let mut book = Book::create(folder.path(), scope, loss.clone()).expect("ledger");
    let mut counts = Counted::new(domain.clone(), Contribution::ONE);
    for place in domain.places(&domain.finest()) {
        let nodes = domain.nodes_at(place);
        let codes = domain.axes().iter().zip(&nodes).map(|(a, n)| a.code(*n));
        let count = u64::try_from(place % 83).expect("small").pow(3) / 9000;
        counts
            .add(&codes.collect::<Vec<_>>(), count)
            .expect("in the domain");
    }
    let table = counts.finish();
    let release = release_id(&table, &plan, "bench", &key);
    let paid = book.reserve(&release, "bench", &plan, &key).expect("paid");
    let measurements = measure(table, &plan, &key, &paid).expect("measured");
    let mut group = c.benchmark_group("tables");
    group.sample_size(10);
    group.bench_function("plan 174x18x2", |b| {
        b.iter(|| Plan::new(black_box(request())))
    });
    group.bench_function("reconstruct 174x18x2", |b| {
        b.iter(|| reconstruct(black_box(&measurements)));
    });
    group.finish();
}

criterion_group!(benches, draws, tables);
criterion_main!(benches);
