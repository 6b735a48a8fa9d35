//! Tries, where the runs will be, what a run directory needs of its file system: files of one's own
//! modes, locks, sync of files and folders, and a rename that replaces a folder or a file in one
//! step. What is made for it is removed again.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::Finding;

const TOPIC: &str = "run folder";

/// What the file system could not do.
type Lacking = (&'static str, &'static str);

/// Tries the folder of the runs; where there is none yet, the nearest folder above it.
pub(super) fn try_out(runs: &Path) -> Finding {
    let standing = runs.ancestors().find(|p| p.is_dir());
    let above = standing.map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    let Ok(trial) = tempfile::Builder::new()
        .prefix(".kinlink-doctor-")
        .tempdir_in(&above)
    else {
        return Finding::fail(
            TOPIC,
            format!("nothing can be written to {}", above.display()),
            "mend its permissions, or name another folder with `--runs DIR`",
        );
    };
    match attempt(trial.path()) {
        Ok(()) => Finding::ok(
            TOPIC,
            "modes, locks, sync and rename in one step work on its file system",
        ),
        Err((what, help)) => Finding::fail(TOPIC, what, help),
    }
}

fn attempt(trial: &Path) -> Result<(), Lacking> {
    let elsewhere = "put the runs on a local disk with `--runs DIR`";
    modes(trial)?;
    let file = sync(trial).map_err(|_| ("files or folders cannot be synced", elsewhere))?;
    // A second handle of the same file must not get the lock.
    let second = File::open(trial.join("a")).map_err(|_| ("a file cannot be read", elsewhere))?;
    if file.try_lock().is_err() || second.try_lock().is_ok() {
        return Err((
            "locks are not kept, so that two runs could write to one folder",
            elsewhere,
        ));
    }
    rename(trial).map_err(|_| {
        (
            "a rename does not put a file or folder into its place in one step",
            elsewhere,
        )
    })
}

/// Are modes kept? On sticks and some shares everybody can read everything.
fn modes(trial: &Path) -> Result<(), Lacking> {
    let lacking = (
        "file modes are not kept, so that restricted files would be open to others",
        "use a file system with permissions for the project and its runs",
    );
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(trial.join("a"));
    let folder = DirBuilder::new().mode(0o700).create(trial.join("folder"));
    made.and(folder).map_err(|_| lacking)?;
    for (name, mode) in [("a", 0o600), ("folder", 0o700)] {
        let found = std::fs::metadata(trial.join(name)).map_err(|_| lacking)?;
        if found.permissions().mode() & 0o777 != mode {
            return Err(lacking);
        }
    }
    Ok(())
}

fn sync(trial: &Path) -> std::io::Result<File> {
    let mut file = OpenOptions::new().write(true).open(trial.join("a"))?;
    file.write_all(b"new")?;
    file.sync_all()?;
    File::open(trial)?.sync_all()?;
    Ok(file)
}

/// A file over a file, as receipts are written; a folder into its place, as releases appear.
fn rename(trial: &Path) -> std::io::Result<()> {
    std::fs::write(trial.join("b"), "old")?;
    std::fs::rename(trial.join("a"), trial.join("b"))?;
    let text = std::fs::read_to_string(trial.join("b"))?;
    std::fs::write(trial.join("folder/inside"), "x")?;
    std::fs::rename(trial.join("folder"), trial.join("release"))?;
    File::open(trial)?.sync_all()?;
    let whole = text == "new"
        && !trial.join("a").exists()
        && trial.join("release/inside").exists()
        && !trial.join("folder").exists();
    if whole {
        Ok(())
    } else {
        Err(std::io::ErrorKind::Other.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn a_folder_is_tried_and_left_as_it_was() {
        let room = tempfile::tempdir().expect("a folder");
        let found = try_out(&room.path().join("runs"));
        assert_eq!(found.verdict, Verdict::Ok, "{found:?}");
        assert_eq!(std::fs::read_dir(room.path()).expect("folder").count(), 0);
    }

    #[test]
    fn a_folder_that_cannot_be_written_fails() {
        let found = try_out(Path::new("/proc/kinlink/runs"));
        assert_eq!(found.verdict, Verdict::Fail, "{found:?}");
        assert!(found.help.is_some());
    }
}
