//! The folder while it is being written: `.OUT.partial` beside OUT, for the owner's account alone.
//!
//! Clear values lie in its `clear/`. It becomes OUT in one rename, after `clear/` is gone; on any
//! error, panic or interrupt it is removed. After a kill that no process can see, the next one
//! removes what was left.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::OwnerError;
use super::interrupt::Watch;
use crate::diagnostic::{Diagnostic, Exit, Place};

const LOCK: &str = ".lock";
/// The folder of clear values.
const CLEAR: &str = "clear";

/// A folder under way, locked for as long as the value lives.
pub(super) struct Workspace {
    root: PathBuf,
    out: PathBuf,
    finished: bool,
    _lock: File,
    _watch: Watch,
}

impl Workspace {
    /// Begins the folder.
    ///
    /// # Errors
    /// OUT is there, its parent is not, or another process is writing it.
    pub(super) fn begin(out: &Path) -> Result<Self, OwnerError> {
        if std::fs::symlink_metadata(out).is_ok() {
            return Err(problem(
                "KL-O-001",
                Exit::Usage,
                "the folder for the parcels is there already",
                "name a new one with -o; parcels are never overwritten",
                out,
            ));
        }
        let root = partial(out)?;
        remove_leftover(&root)?;
        folder(&root)?;
        let lock_path = root.join(LOCK);
        let lock = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(OwnerError::io(&lock_path))?;
        if lock.try_lock().is_err() {
            return Err(locked(&root));
        }
        let work = Workspace {
            _watch: Watch::over(&root),
            root,
            out: out.to_path_buf(),
            finished: false,
            _lock: lock,
        };
        folder(&work.clear())?;
        Ok(work)
    }

    /// The folder that becomes OUT.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of clear values, which does not become a part of OUT.
    pub(super) fn clear(&self) -> PathBuf {
        self.root.join(CLEAR)
    }

    /// Makes a folder for the owner's account alone.
    pub(super) fn private(&self, name: &str) -> Result<PathBuf, OwnerError> {
        let path = self.root.join(name);
        folder(&path)?;
        Ok(path)
    }

    /// Moves a file or folder of the workspace, where it is there.
    pub(super) fn shift(&self, from: &Path, to: &str) -> Result<(), OwnerError> {
        if from.exists() {
            let to = self.root.join(to);
            std::fs::rename(from, &to).map_err(OwnerError::io(&to))?;
        }
        Ok(())
    }

    /// Writes a small file: manifest, README, dictionary.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), OwnerError> {
        let path = self.root.join(name);
        std::fs::write(&path, text).map_err(OwnerError::io(&path))?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o600))
            .map_err(OwnerError::io(&path))
    }

    /// Removes the clear values, syncs all that is left, and shows it as OUT.
    pub(super) fn finish(mut self) -> Result<(), OwnerError> {
        let clear = self.clear();
        std::fs::remove_dir_all(&clear).map_err(OwnerError::io(&clear))?;
        sync(&self.root)?;
        std::fs::rename(&self.root, &self.out).map_err(OwnerError::io(&self.out))?;
        self.finished = true;
        // Only now: a folder without its lock counts as left behind.
        let lock = self.out.join(LOCK);
        std::fs::remove_file(&lock).map_err(OwnerError::io(&lock))?;
        let above = above(&self.out);
        File::open(above)
            .and_then(|f| f.sync_all())
            .map_err(OwnerError::io(above))
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        if !self.finished {
            // There is nobody left to tell; the next process tries again.
            let _ = std::fs::remove_dir_all(&self.root);
        }
    }
}

fn problem(code: &'static str, exit: Exit, what: &str, help: &str, path: &Path) -> OwnerError {
    OwnerError::one(Diagnostic::new(code, exit, what, help).at(Place::file(path)))
}

fn locked(root: &Path) -> OwnerError {
    problem(
        "KL-O-003",
        Exit::Locked,
        "another process is writing the same parcels",
        "wait for it, or name another folder",
        root,
    )
}

fn above(out: &Path) -> &Path {
    match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// `.OUT.partial`, beside OUT, so that the rename stays on one file system.
fn partial(out: &Path) -> Result<PathBuf, OwnerError> {
    let above = above(out);
    let (true, Some(name)) = (above.is_dir(), out.file_name()) else {
        return Err(problem(
            "KL-O-002",
            Exit::Usage,
            "there is no folder to put the parcels in",
            "make the folder above it, on an encrypted volume",
            above,
        ));
    };
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(".partial");
    Ok(above.join(hidden))
}

/// Removes what a killed process left; one that lives holds the lock.
fn remove_leftover(root: &Path) -> Result<(), OwnerError> {
    let Ok(entry) = std::fs::symlink_metadata(root) else {
        return Ok(());
    };
    if !entry.is_dir() {
        return Err(locked(root));
    }
    let removed = match File::open(root.join(LOCK)) {
        Ok(lock) if lock.try_lock().is_err() => return Err(locked(root)),
        Ok(_) => std::fs::remove_dir_all(root),
        // Without a lock it holds nothing, or it was taken down half-way.
        Err(_) => std::fs::remove_dir_all(root),
    };
    removed.map_err(OwnerError::io(root))
}

fn folder(path: &Path) -> Result<(), OwnerError> {
    DirBuilder::new()
        .mode(0o700)
        .create(path)
        .map_err(OwnerError::io(path))
}

/// Files first, then their folders.
fn sync(root: &Path) -> Result<(), OwnerError> {
    let mut folders = vec![root.to_path_buf()];
    let mut at = 0;
    while let Some(here) = folders.get(at).cloned() {
        at += 1;
        for entry in std::fs::read_dir(&here).map_err(OwnerError::io(&here))? {
            let path = entry.map_err(OwnerError::io(&here))?.path();
            if path.is_dir() {
                std::fs::set_permissions(&path, Permissions::from_mode(0o700))
                    .map_err(OwnerError::io(&path))?;
                folders.push(path);
            } else {
                let synced = File::open(&path).and_then(|f| f.sync_all());
                synced.map_err(OwnerError::io(&path))?;
            }
        }
    }
    folders.iter().rev().try_for_each(|f| {
        File::open(f)
            .and_then(|f| f.sync_all())
            .map_err(OwnerError::io(f))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn nothing_is_left_after_an_error_or_a_panic() {
        let folder = tempfile::tempdir().expect("folder");
        let out = folder.path().join("out");
        let work = Workspace::begin(&out).expect("begun");
        assert_eq!((mode(work.root()), mode(&work.clear())), (0o700, 0o700));
        drop(work);
        let caught = std::panic::catch_unwind(|| {
            let work = Workspace::begin(&out).expect("begun");
            std::fs::write(work.clear().join("people"), "x").expect("written");
            panic!("on purpose");
        });
        assert!(caught.is_err());
        assert_eq!(std::fs::read_dir(folder.path()).expect("folder").count(), 0);
    }

    #[test]
    fn a_living_process_is_not_disturbed_and_a_dead_one_is_cleared_away() {
        let folder = tempfile::tempdir().expect("folder");
        let out = folder.path().join("out");
        let work = Workspace::begin(&out).expect("begun");
        assert!(matches!(
            Workspace::begin(&out),
            Err(OwnerError::Problems(_))
        ));
        assert!(work.clear().is_dir());
        // A killed process: its folder stays and its lock is free.
        let other = folder.path().join("other");
        let left = partial(&other).expect("a path");
        std::fs::create_dir_all(left.join(CLEAR)).expect("made");
        std::fs::write(left.join(CLEAR).join("people"), "x").expect("written");
        std::fs::write(left.join(LOCK), "").expect("written");
        let again = Workspace::begin(&other).expect("begun");
        assert!(!again.clear().join("people").exists());
    }

    #[test]
    fn the_finished_folder_appears_without_clear_values() {
        let folder = tempfile::tempdir().expect("folder");
        let out = folder.path().join("out");
        let work = Workspace::begin(&out).expect("begun");
        std::fs::write(work.clear().join("people"), "x").expect("written");
        work.write("README.md", "hello").expect("written");
        assert!(!out.exists());
        work.finish().expect("finished");
        let names: Vec<_> = std::fs::read_dir(&out).expect("out").collect();
        assert_eq!(names.len(), 1);
        assert_eq!(mode(&out), 0o700);
        assert!(matches!(
            Workspace::begin(&out),
            Err(OwnerError::Problems(_))
        ));
    }
}
