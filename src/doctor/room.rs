//! Disk and memory, against what the extracts will need.
//!
//! The ratios are measured ones (docs/performance.md): the nation's synthetic extracts are 3.2 GB,
//! their run 6 GB, its greatest memory 2.2 GiB; the rehearsal's extracts are 63 MB and its run 203
//! MB. They are asked for with room to spare, because real extracts have other columns.

use std::path::{Path, PathBuf};

use rustix::fs::statvfs;

use super::Finding;
use crate::pipeline::Extracts;

/// Bytes of synthetic extracts of England and Wales.
const NATION: f64 = 3.2e9;
/// A run directory for each byte of extracts: 1.9 for the nation, 3.2 for a fiftieth of it.
const RUN_PER_BYTE: f64 = 4.0;
/// Memory for each byte of extracts: 2.2 GiB for 3.2 GB is 0.74.
const MEMORY_PER_BYTE: f64 = 1.0;
/// What the program needs whatever it reads.
const LEAST_MEMORY: f64 = 0.5e9;

/// What a run will need.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Need {
    disk: f64,
    memory: f64,
}

impl Need {
    /// Of extracts that are there, by their bytes; of synthetic ones, by their scale, and room for
    /// themselves.
    pub(super) fn of(extracts: &Extracts) -> Self {
        let (bytes, written) = match *extracts {
            Extracts::None => (0.0, 0.0),
            Extracts::There { bytes, .. } => (float(bytes), 0.0),
            Extracts::ToWrite { scale } => (scale * NATION, scale * NATION),
        };
        Need {
            disk: written + bytes * RUN_PER_BYTE,
            memory: LEAST_MEMORY + bytes * MEMORY_PER_BYTE,
        }
    }
}

/// Free space where the run directory will be.
pub(super) fn disk(runs: &Path, need: Option<&Need>) -> Finding {
    let topic = "disk";
    let place = standing(runs);
    match statvfs(&place) {
        Ok(found) => {
            let free = float(found.f_bavail) * float(found.f_frsize);
            verdict(
                topic,
                free,
                need.map(|n| n.disk),
                "free space, or put the runs elsewhere with `--runs DIR`; a run that finds no \
                 space left ends with exit 9 and goes on with `kinlink resume`",
            )
        }
        Err(_) => Finding::warn(
            topic,
            "the system does not tell how much is free",
            "see that the volume of the runs has four times the bytes of the extracts",
        ),
    }
}

/// Memory that is free, or that the process may have, whichever is less.
pub(super) fn memory(need: Option<&Need>) -> Finding {
    let topic = "memory";
    let free = std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| available(&text));
    match free {
        Some(free) => verdict(
            topic,
            limits().fold(free, f64::min),
            need.map(|n| n.memory),
            "end other work, raise the limit of the container, or use a larger machine",
        ),
        None => Finding::warn(
            topic,
            "the system does not tell how much is free",
            "the nation needs 3 GB",
        ),
    }
}

/// Enough with half as much again to spare, enough, or too little.
fn verdict(topic: &'static str, free: f64, need: Option<f64>, help: &str) -> Finding {
    let Some(need) = need else {
        return Finding::ok(topic, format!("{} free", shown(free)));
    };
    let what = format!("{} free; the run needs about {}", shown(free), shown(need));
    if free < need {
        Finding::fail(topic, what, help)
    } else if free < 1.5 * need {
        Finding::warn(topic, what, help)
    } else {
        Finding::ok(topic, what)
    }
}

/// The nearest folder above a path that is there.
fn standing(path: &Path) -> PathBuf {
    path.ancestors()
        .find(|p| p.is_dir())
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Limits on the memory of a container, by control groups of either version.
fn limits() -> impl Iterator<Item = f64> {
    [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ]
    .into_iter()
    .filter_map(|path| std::fs::read_to_string(path).ok())
    .filter_map(|text| text.trim().parse::<u64>().ok())
    .map(float)
}

/// `MemAvailable` in bytes.
fn available(meminfo: &str) -> Option<f64> {
    let line = meminfo
        .lines()
        .find_map(|l| l.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(float(kilobytes) * 1024.0)
}

/// Figures of disk and memory are read to two digits.
#[allow(clippy::cast_precision_loss)]
fn float(n: u64) -> f64 {
    n as f64
}

/// Bytes as people write them.
fn shown(bytes: f64) -> String {
    if bytes < 1e9 {
        format!("{:.0} MB", bytes / 1e6)
    } else if bytes < 1e12 {
        format!("{:.1} GB", bytes / 1e9)
    } else {
        format!("{:.1} TB", bytes / 1e12)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn too_little_is_a_failure_and_scarcely_enough_a_warning() {
        for (free, expected) in [
            (99.0, Verdict::Fail),
            (100.0, Verdict::Warn),
            (149.0, Verdict::Warn),
            (150.0, Verdict::Ok),
        ] {
            let found = verdict("disk", free * 1e9, Some(100e9), "help");
            assert_eq!(found.verdict, expected, "{free}");
            assert_eq!(found.help.is_some(), expected != Verdict::Ok);
        }
        assert_eq!(verdict("disk", 1.0, None, "help").verdict, Verdict::Ok);
    }

    #[test]
    fn what_is_written_needs_room_too() {
        let there = Need::of(&Extracts::There {
            bytes: 3_200_000_000,
            files: 1,
            missing: 0,
        });
        let written = Need::of(&Extracts::ToWrite { scale: 1.0 });
        assert!((written.disk - there.disk - NATION).abs() < 1.0);
        assert!((written.memory - there.memory).abs() < 1.0);
        assert!(there.disk > 6e9, "the nation's run is 6 GB");
        assert!(there.memory > 2.2 * 1024.0_f64.powi(3), "and 2.2 GiB");
    }

    #[test]
    fn memory_is_read_from_the_kernel() {
        let text = "MemTotal:       24689764 kB\nMemAvailable:       2048 kB\n";
        assert_eq!(available(text), Some(2_097_152.0));
        assert_eq!(available("MemTotal: 1 kB\n"), None);
        assert_eq!(shown(203_284_595.0), "203 MB");
        assert_eq!(shown(12_800_000_000.0), "12.8 GB");
    }
}
