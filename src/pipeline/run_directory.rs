//! The run directory: its folders and their permissions, its lock, its log, and how a stage's
//! work becomes part of it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::PipelineError;
use super::receipt::{Manifest, Plan, Receipt, read_record, sync_folder, write_record};
use crate::digest::Digest;
use crate::stage::Stage;

/// Where a run was started from. Not part of what is verified: a run may be moved.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The pipeline file.
    pub pipeline: PathBuf,
    /// The data root, where one was given.
    pub data: Option<PathBuf>,
}

/// One run's folder, locked for as long as the value lives.
pub struct RunDirectory {
    root: PathBuf,
    id: String,
    _lock: File,
    log: File,
}

impl RunDirectory {
    /// Makes or opens the folder of a run and takes its lock.
    ///
    /// # Errors
    /// [`PipelineError::Locked`] if another process holds it.
    pub fn open(root: &Path, id: &str) -> Result<Self, PipelineError> {
        let io = PipelineError::io(root);
        folder(root, 0o750)?;
        for (name, mode) in [("stage", 0o700), ("restricted", 0o700), ("review", 0o750)] {
            folder(&root.join(name), mode)?;
        }
        let lock_path = root.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(&io)?;
        if lock.try_lock().is_err() {
            return Err(PipelineError::Locked { path: lock_path });
        }
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(root.join("log.ndjson"))
            .map_err(&io)?;
        Ok(RunDirectory {
            root: root.to_path_buf(),
            id: id.to_owned(),
            _lock: lock,
            log,
        })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The run's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Appends a line to the log: an event, its stage and figures. Never a value from the data.
    pub fn log(&mut self, event: &str, details: serde_json::Value) {
        let line = serde_json::json!({
            "time": jiff::Timestamp::now().to_string(),
            "event": event,
            "details": details,
        });
        // A log that cannot be written must not stop the work that it tells of.
        let _ = writeln!(self.log, "{line}");
    }

    /// The folder of a stage.
    pub fn stage(&self, stage: Stage) -> PathBuf {
        stage_folder(&self.root, stage)
    }

    /// `restricted/<nn-name>` of a stage.
    pub fn restricted(&self, stage: Stage) -> PathBuf {
        self.root.join("restricted").join(stage.folder())
    }

    /// `review/<nn-name>` of a stage.
    pub fn review(&self, stage: Stage) -> PathBuf {
        self.root.join("review").join(stage.folder())
    }

    /// Empties a stage's folders, so that it starts from nothing. Its receipt goes first.
    pub fn clear(&self, stage: Stage) -> Result<(), PipelineError> {
        let receipt = receipt_path(&self.root, stage);
        remove(&receipt)?;
        if stage == Stage::Publish {
            remove(&self.partial_release())?;
        }
        for (path, mode) in [
            (self.stage(stage), 0o700),
            (self.restricted(stage), 0o700),
            (self.review(stage), 0o750),
        ] {
            remove(&path)?;
            folder(&path, mode)?;
        }
        Ok(())
    }

    /// Where `publish` writes before the release appears.
    pub fn partial_release(&self) -> PathBuf {
        self.root.join(".release.partial")
    }

    /// The release.
    pub fn release(&self) -> PathBuf {
        self.root.join("release")
    }

    /// Puts the finished release in its place, in one rename. An earlier one is moved away first,
    /// so that at no moment is there a release that is partly new.
    pub fn show_release(&self) -> Result<(), PipelineError> {
        let partial = self.partial_release();
        let io = PipelineError::io(&partial);
        sync_tree(&partial)?;
        std::fs::set_permissions(&partial, std::fs::Permissions::from_mode(0o755)).map_err(&io)?;
        let old = self.root.join(".release.old");
        remove(&old)?;
        if self.release().exists() {
            std::fs::rename(self.release(), &old).map_err(&io)?;
        }
        std::fs::rename(&partial, self.release()).map_err(&io)?;
        sync_folder(&self.root)?;
        remove(&old)
    }

    /// Takes the release away: a stage before it is to be done again.
    pub fn withdraw_release(&self) -> Result<(), PipelineError> {
        remove(&self.release())?;
        remove(&self.root.join(".release.old"))?;
        remove(&self.partial_release())
    }

    /// Finishes a stage: its files are synced, then its receipt appears.
    pub fn commit(&self, receipt: &Receipt) -> Result<Digest, PipelineError> {
        for folder in [
            self.stage(receipt.stage),
            self.restricted(receipt.stage),
            self.review(receipt.stage),
        ] {
            sync_tree(&folder)?;
        }
        write_record(&receipt_path(&self.root, receipt.stage), receipt)
    }

    /// Removes clear files that a later stage has read and replaced.
    pub fn purge(&self, files: &[PathBuf]) -> Result<(), PipelineError> {
        for file in files {
            remove(&self.root.join(file))?;
        }
        Ok(())
    }

    /// Writes the manifest from the plan and the receipts that are there.
    pub fn write_manifest(&self, plan: &Plan) -> Result<(), PipelineError> {
        let manifest = manifest(&self.root, &self.id, plan)?;
        write_record(&self.root.join("manifest.json"), &manifest)?;
        Ok(())
    }
}

/// `stage/<nn-name>` in a run directory.
pub fn stage_folder(root: &Path, stage: Stage) -> PathBuf {
    root.join("stage").join(stage.folder())
}

/// The receipt of a stage in a run directory.
pub fn receipt_path(root: &Path, stage: Stage) -> PathBuf {
    stage_folder(root, stage).join("receipt.json")
}

/// The manifest as it follows from a plan and the receipts that are there.
pub fn manifest(root: &Path, id: &str, plan: &Plan) -> Result<Manifest, PipelineError> {
    let mut receipts = Vec::new();
    for stage in Stage::ALL {
        let path = receipt_path(root, stage);
        if path.exists() {
            let (_, digest) = read_record::<Receipt>(&path)?;
            receipts.push((stage, digest));
        }
    }
    Ok(Manifest {
        run: id.to_owned(),
        plan: plan.digest()?,
        receipts,
    })
}

fn folder(path: &Path, mode: u32) -> Result<(), PipelineError> {
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .map_err(PipelineError::io(path))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        .map_err(PipelineError::io(path))
}

/// Removes a file or a folder with all that is in it; nothing there is fine.
pub(super) fn remove(path: &Path) -> Result<(), PipelineError> {
    let result = match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(_) => return Ok(()),
    };
    result.map_err(PipelineError::io(path))
}

/// Every file below a folder, in order, relative to it.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>, PipelineError> {
    let mut out = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(relative) = open.pop() {
        let here = folder.join(&relative);
        if !here.exists() {
            continue;
        }
        for entry in std::fs::read_dir(&here).map_err(PipelineError::io(&here))? {
            let entry = entry.map_err(PipelineError::io(&here))?;
            let path = relative.join(entry.file_name());
            let kind = entry.file_type().map_err(PipelineError::io(&here))?;
            if kind.is_dir() {
                open.push(path);
            } else {
                out.push(path);
            }
        }
    }
    out.sort();
    Ok(out)
}

fn sync_tree(folder: &Path) -> Result<(), PipelineError> {
    let mut folders = std::collections::BTreeSet::from([folder.to_path_buf()]);
    for file in files_below(folder)? {
        let path = folder.join(&file);
        File::open(&path)
            .and_then(|f| f.sync_all())
            .map_err(PipelineError::io(&path))?;
        folders.extend(path.parent().map(Path::to_path_buf));
    }
    folders.iter().try_for_each(|f| sync_folder(f))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_is_locked_out_and_a_dead_one_is_not_in_the_way() {
        let folder = tempfile::tempdir().expect("folder");
        let first = RunDirectory::open(folder.path(), "r").expect("opened");
        assert!(matches!(
            RunDirectory::open(folder.path(), "r"),
            Err(PipelineError::Locked { .. })
        ));
        drop(first);
        assert!(RunDirectory::open(folder.path(), "r").is_ok());
    }

    #[test]
    fn folders_have_the_permissions_of_their_zone() {
        let folder = tempfile::tempdir().expect("folder");
        let run = RunDirectory::open(&folder.path().join("r"), "r").expect("opened");
        for (name, mode) in [("restricted", 0o700), ("review", 0o750), ("stage", 0o700)] {
            let found = std::fs::metadata(run.root().join(name)).expect("there");
            assert_eq!(found.permissions().mode() & 0o777, mode, "{name}");
        }
    }
}
