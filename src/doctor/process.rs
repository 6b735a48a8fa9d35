//! What the kernel grants this process: locked memory, no core dumps, no swap, private files,
//! threads.

use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

use super::Finding;

/// A page of its own, so that locking it touches nothing else.
#[repr(align(4096))]
struct Page([u8; 4096]);

/// Can the pages of a key be kept out of swap?
pub(super) fn memory_lock() -> Finding {
    let topic = "memory lock";
    let page = Box::new(Page([0; 4096]));
    match region::lock(page.0.as_ptr(), page.0.len()) {
        Ok(guard) => {
            drop(guard);
            Finding::ok(topic, "keys are locked into memory")
        }
        Err(_) => Finding::warn(
            topic,
            "memory cannot be locked, so that the key could be written to swap",
            "raise the limit (`ulimit -l 1024`), or run where there is no swap",
        ),
    }
}

/// Are core dumps off for this process? Every command turns them off before it reads anything.
pub(super) fn core_dumps() -> Finding {
    let topic = "core dumps";
    let limit = getrlimit(Resource::Core).current;
    let hidden = dumpable_behavior().is_ok_and(|b| b == DumpableBehavior::NotDumpable);
    if limit == Some(0) && hidden {
        Finding::ok(topic, "off, also for crash collectors")
    } else {
        Finding::warn(
            topic,
            "the system does not let this process turn core dumps off",
            "set `ulimit -c 0` before a run, and keep crash collectors off this machine",
        )
    }
}

/// Is there swap, to which clear values could be written while `ingest` works?
pub(super) fn swap() -> Finding {
    swap_of(&std::fs::read_to_string("/proc/swaps").unwrap_or_default())
}

fn swap_of(swaps: &str) -> Finding {
    let topic = "swap";
    // The first line is the heading.
    let areas = swaps.lines().skip(1).filter(|l| !l.trim().is_empty());
    match areas.count() {
        0 => Finding::ok(topic, "off"),
        n => Finding::warn(
            topic,
            format!("on ({n} areas): clear values may be written to it"),
            "turn it off for the run (`swapoff -a`), or see that it is encrypted with a key that \
             is thrown away at each start",
        ),
    }
}

/// Are files that the program gives no mode of their own closed to writing by others?
pub(super) fn umask() -> Finding {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    umask_of(&status)
}

fn umask_of(status: &str) -> Finding {
    let topic = "umask";
    let stated = status.lines().find_map(|l| l.strip_prefix("Umask:"));
    let mask = stated.and_then(|text| u32::from_str_radix(text.trim(), 8).ok());
    match mask {
        None => Finding::warn(
            topic,
            "the system does not tell it",
            "set `umask 077` before a run",
        ),
        Some(mask) if mask & 0o022 == 0o022 => Finding::ok(
            topic,
            format!("{mask:03o}; secret files get mode 0600 whatever it is"),
        ),
        Some(mask) => Finding::warn(
            topic,
            format!("{mask:03o}: other accounts may write to new files"),
            "set `umask 077` before a run",
        ),
    }
}

/// How many threads work at once.
pub(super) fn threads() -> Finding {
    let topic = "threads";
    match std::thread::available_parallelism() {
        Ok(n) => Finding::ok(topic, format!("{n}; results do not depend on how many")),
        Err(_) => Finding::warn(
            topic,
            "the system does not tell how many",
            "set `RAYON_NUM_THREADS` to the number of cores",
        ),
    }
}

/// No figure depends on the clock: it is named so that nobody has to ask.
pub(super) fn clock() -> Finding {
    Finding::ok(
        "clock",
        "not needed: no stage's output depends on the time of day",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    const HEADING: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";

    #[test]
    fn swap_is_seen() {
        assert_eq!(swap_of(HEADING).verdict, Verdict::Ok);
        assert_eq!(swap_of("").verdict, Verdict::Ok);
        let one = format!("{HEADING}/dev/sda2 partition\t8388604\t0\t-2\n");
        assert_eq!(swap_of(&one).verdict, Verdict::Warn);
    }

    #[test]
    fn a_mask_that_lets_others_write_is_told() {
        for (mask, verdict) in [
            ("0022", Verdict::Ok),
            ("0077", Verdict::Ok),
            ("0002", Verdict::Warn),
            ("0000", Verdict::Warn),
        ] {
            let found = umask_of(&format!("Name:\tkinlink\nUmask:\t{mask}\nState:\tR\n"));
            assert_eq!(found.verdict, verdict, "{mask}");
        }
        assert_eq!(umask_of("Name:\tkinlink\n").verdict, Verdict::Warn);
    }
}
