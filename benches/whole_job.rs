//! The whole job as a process, from nothing to a release, on synthetic extracts.
//!
//! `cargo bench --bench whole_job`; another scale with `KINLINK_BENCH_SCALE=0.02`.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::process::Command;

use criterion::{Criterion, criterion_group, criterion_main};

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Runs the rehearsal in a fresh project folder.
fn rehearse(scale: &str) -> std::io::Result<bool> {
    let project = tempfile::tempdir()?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["pipelines", "schemas"] {
        copy(&source.join(name), &project.path().join(name))?;
    }
    let pipeline = project.path().join("pipelines/rehearsal.toml");
    let text = std::fs::read_to_string(&pipeline)?;
    std::fs::write(
        &pipeline,
        text.replace("scale = 0.02", &format!("scale = {scale}")),
    )?;
    let status = Command::new(env!("CARGO_BIN_EXE_kinlink"))
        .args(["--quiet", "run", "pipelines/rehearsal.toml"])
        .current_dir(project.path())
        .stdout(std::process::Stdio::null())
        .status()?;
    Ok(status.success())
}

fn whole(c: &mut Criterion) {
    let scale = std::env::var("KINLINK_BENCH_SCALE").unwrap_or_else(|_| "0.002".to_owned());
    let mut group = c.benchmark_group("whole job");
    group.sample_size(10);
    group.bench_function(format!("scale {scale}"), |b| {
        b.iter(|| assert!(rehearse(&scale).unwrap_or(false), "the run failed"));
    });
    group.finish();
}

criterion_group!(benches, whole);
criterion_main!(benches);
