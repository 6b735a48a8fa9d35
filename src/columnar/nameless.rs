//! Files without a name: room on disk for what does not fit into memory, gone with the process
//! whatever becomes of it.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::ColumnarError;

/// An empty file in `folder`, which is made where it is missing; no name leads to it once it is
/// open, and no other account may read it before.
///
/// # Errors
/// The folder or the file cannot be made.
pub(crate) fn nameless(folder: &Path) -> Result<File, ColumnarError> {
    std::fs::create_dir_all(folder).map_err(|source| ColumnarError::io(folder, source))?;
    let path = folder.join(".spill");
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(|source| ColumnarError::io(&path, source))?;
    std::fs::remove_file(&path).map_err(|source| ColumnarError::io(&path, source))?;
    Ok(file)
}
