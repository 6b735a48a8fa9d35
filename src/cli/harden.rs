//! What the process gives up before it reads anything: core dumps, and being looked into.
//!
//! A core dump is the memory of the process on disk: keys, names, everything. The limit on its
//! size stops the kernel from writing one; not being dumpable also stops it from handing one to a
//! crash collector, and keeps other processes of the same account from attaching.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Turns core dumps off for this process. It is tried for every command; where the system forbids
/// it, the command still runs.
pub fn harden() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}
