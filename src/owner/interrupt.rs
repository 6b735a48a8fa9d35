//! An interrupt must not leave clear values behind: the folder goes before the process does.

use std::path::{Path, PathBuf};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

/// Watches for interrupts for as long as it lives.
pub(super) struct Watch {
    handle: Option<Handle>,
}

impl Watch {
    /// Removes the folder and ends the process with 128 and the signal's number if one comes.
    pub(super) fn over(folder: &Path) -> Self {
        let folder = folder.to_path_buf();
        let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else {
            return Watch { handle: None };
        };
        let handle = signals.handle();
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                remove(&folder);
                std::process::exit(128 + signal);
            }
        });
        Watch {
            handle: Some(handle),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.close();
        }
    }
}

/// Moves the folder aside before it is removed, so that a thread that is still writing finds no
/// folder; what such a thread makes anew is removed too.
fn remove(folder: &Path) {
    let mut aside = folder.as_os_str().to_owned();
    aside.push(".removed");
    let aside = PathBuf::from(aside);
    for _ in 0..2 {
        if std::fs::rename(folder, &aside).is_ok() {
            let _ = std::fs::remove_dir_all(&aside);
        }
    }
    let _ = std::fs::remove_dir_all(folder);
}
