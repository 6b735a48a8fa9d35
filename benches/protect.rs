//! Protection of a table of the size of the national one by local authority, and of 150 areas by
//! age band and sex.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fmt::Write as _;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use kinlink::protect::{protect_table, read_spec};

/// Counts that look like those of areas: many small, a few large; the same every time.
fn input(areas: usize, bands: usize, sexes: usize) -> String {
    let mut state = 11_u64;
    let mut text = String::from("la,ageband,sex,n\n");
    for la in 0..areas {
        for band in 0..bands {
            for sex in 0..sexes {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let n = (state >> 33) % (3 + 17 * (la as u64 % 13));
                let _ = writeln!(text, "L{la:03},{band},{sex},{n}");
            }
        }
    }
    text
}

fn protect(folder: &Path, out: &str) {
    let spec_path = folder.join("spec.toml");
    let spec = read_spec(&spec_path).expect("a specification");
    let out = folder.join(out);
    protect_table(&folder.join("in.csv"), &spec, &spec_path, &out).expect("protects");
    std::fs::remove_dir_all(out).expect("removed");
}

fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("protect");
    group.sample_size(10);
    for (name, dimensions, bands, sexes) in [
        ("175_areas", "[\"la\"]", 1, 1),
        ("150_areas_age_sex", "[\"la\", \"ageband\", \"sex\"]", 4, 2),
    ] {
        let dir = tempfile::tempdir().expect("folder");
        let areas = if bands == 1 { 175 } else { 150 };
        let mut hierarchy = String::from("child,parent\n");
        for la in 0..areas {
            let _ = writeln!(hierarchy, "L{la:03},R{}", la % 10);
        }
        std::fs::write(dir.path().join("la.csv"), hierarchy).expect("written");
        std::fs::write(dir.path().join("in.csv"), input(areas, bands, sexes)).expect("written");
        let spec = format!(
            "dimensions = {dimensions}\ncount = \"n\"\n[hierarchy]\nla = \"la.csv\"\n\
             [primary]\nmin_frequency = 6\n[rounding]\nbase = 5\n"
        );
        std::fs::write(dir.path().join("spec.toml"), spec).expect("written");
        group.bench_function(name, |b| b.iter(|| protect(dir.path(), "out")));
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
