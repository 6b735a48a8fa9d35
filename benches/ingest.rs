//! How fast extracts become canonical tables: a school census from CSV to Parquet, and the
//! arithmetic of spells.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kinlink::ingest::spells::unbroken;
use kinlink::ingest::{Job, Limits, Source, run};
use kinlink::progress::Silent;
use kinlink::stage::StageFolders;

const ROWS: u32 = 100_000;

/// Made-up pupils: the values vary as real ones do, the people do not exist.
fn census() -> String {
    let mut text = String::from(
        "UPN,Surname,Forename,MiddleNames,FormerSurname,DOB,Sex,Ethnicity,PostCode,LA,Estab\n",
    );
    let letters = ["AL", "BEN", "CAR", "DOR", "EVI", "FIN", "GRE", "HOL"];
    let pick = |n: u32| letters[(n % 8) as usize];
    for row in 0..ROWS {
        let n = row.wrapping_mul(2_654_435_761);
        let _ = writeln!(
            text,
            ",{}{}-{},{}{},{},,{}-{:02}-{:02},{},WBRI,LS{} {}AA,383,{}",
            pick(n),
            pick(n >> 3),
            pick(n >> 6),
            pick(n >> 9),
            pick(n >> 12),
            pick(n >> 15),
            2008 + n % 12,
            1 + (n >> 4) % 12,
            1 + (n >> 8) % 28,
            if n % 2 == 0 { "M" } else { "F" },
            1 + n % 29,
            1 + (n >> 2) % 9,
            2000 + n % 900,
        );
    }
    text
}

fn ingest(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("school_census.csv");
    std::fs::write(&file, census()).expect("a file");
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let job = Job {
        sources: vec![Source {
            name: "census.school_census".into(),
            system: "census".into(),
            files: vec![file],
            captures: vec![None],
            schema: schemas.join("childrens-services/school_census.json"),
        }],
        postcode_directory: None,
        reference_date: jiff::civil::Date::constant(2025, 9, 30),
        limits: Limits::default(),
    };
    let mut group = criterion.benchmark_group("ingest");
    group.throughput(Throughput::Elements(u64::from(ROWS)));
    group.sample_size(10);
    group.bench_function("school_census_100k", |b| {
        b.iter_with_large_drop(|| {
            let out = tempfile::tempdir().expect("a folder");
            let root = out.path();
            let report = run(
                &job,
                &StageFolders {
                    root,
                    stage: &root.join("stage"),
                    restricted: &root.join("restricted"),
                    review: &root.join("review"),
                    progress: &Silent,
                },
            );
            black_box(report.expect("a report"));
            out
        });
    });
    group.finish();

    let stays: Vec<(i32, Option<i32>)> = (0..10_000)
        .map(|i| (i * 7 % 9_000, Some(i * 7 % 9_000 + i % 30)))
        .collect();
    criterion.bench_function("spells_of_10k_stays", |b| {
        b.iter(|| unbroken(black_box(&stays), 1));
    });
}

criterion_group!(benches, ingest);
criterion_main!(benches);
