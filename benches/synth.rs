//! How long synthetic extracts take.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use kinlink::progress::Silent;
use kinlink::synth::{Job, Parameters, run};

fn synth(c: &mut Criterion) {
    let Ok(parameters) = Parameters::built_in() else {
        return;
    };
    let mut group = c.benchmark_group("synth");
    group.sample_size(10);
    group.bench_function("scale 0.002", |b| {
        b.iter(|| {
            let Ok(dir) = tempfile::tempdir() else {
                return None;
            };
            let job = Job {
                out: dir.path().to_path_buf(),
                seed: 1,
                scale: 0.002,
                parameters: parameters.clone(),
            };
            run(&job, &Silent).ok()
        });
    });
    group.finish();
}

criterion_group!(benches, synth);
criterion_main!(benches);
