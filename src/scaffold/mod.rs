//! A new project folder: pipelines, the schemas of the extracts, and places for keys, data and runs.
//!
//! What is written is what the program was built with, so that the folder works by itself: a
//! pipeline file names its schemas by paths, and everything else is in the program.

mod error;

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

pub use error::{EXPLANATIONS, ScaffoldError};

/// A file of a new project: where it stands, and its text.
type Sheet = (&'static str, &'static str);

/// A file of the repository that a project takes as it is.
macro_rules! same {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../", $path)))),*]
    };
}

/// The pipelines and the schemas that they name.
const TAKEN: &[Sheet] = same![
    "pipelines/national.toml",
    "pipelines/rehearsal.toml",
    "schemas/README.md",
    "schemas/childrens-services/carers.json",
    "schemas/childrens-services/cin_2024.json",
    "schemas/childrens-services/cin_2025.json",
    "schemas/childrens-services/school_census.json",
    "schemas/childrens-services/ssda903_episodes_2024.json",
    "schemas/childrens-services/ssda903_episodes_2025.json",
    "schemas/childrens-services/ssda903_header_2024.json",
    "schemas/childrens-services/ssda903_header_2025.json",
    "schemas/custody/addresses.json",
    "schemas/custody/oasys_bcst.json",
    "schemas/custody/offender_bookings.json",
    "schemas/custody/offender_charges.json",
    "schemas/custody/offender_contact_persons.json",
    "schemas/custody/offender_external_movements.json",
    "schemas/custody/offender_identifiers.json",
    "schemas/custody/offender_imprison_statuses.json",
    "schemas/custody/offender_profile_details.json",
    "schemas/custody/offender_sentence_terms.json",
    "schemas/custody/offender_visit_visitors.json",
    "schemas/custody/offender_visits.json",
    "schemas/custody/offenders.json",
    "schemas/custody/persons.json",
    "schemas/probation/alias.json",
    "schemas/probation/disposal.json",
    "schemas/probation/oasys_assessment.json",
    "schemas/probation/offender.json",
    "schemas/probation/offender_address.json",
    "schemas/probation/personal_circumstance.json",
];

/// What only a project has.
const OWN: &[Sheet] = &[
    ("README.md", include_str!("project.md")),
    (".gitignore", include_str!("project.gitignore")),
];

/// Folders that hold what nobody but the project's own account may read.
const PRIVATE: [&str; 2] = ["keys", "data"];

/// A project folder that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scaffold {
    /// The folder.
    pub folder: PathBuf,
    /// Its files, below the folder, in order.
    pub files: Vec<&'static str>,
}

/// Writes a new project folder. A folder that is there must be empty; on an error everything that
/// was written is taken away again.
///
/// # Errors
/// [`ScaffoldError::Occupied`] if something stands there; [`ScaffoldError::Io`] if the operating
/// system refuses.
pub fn scaffold(folder: &Path) -> Result<Scaffold, ScaffoldError> {
    let made = vacant(folder)?;
    match write_all(folder) {
        Ok(files) => Ok(Scaffold {
            folder: folder.to_path_buf(),
            files,
        }),
        Err(error) => {
            take_away(folder, made);
            Err(error)
        }
    }
}

/// Makes sure of an empty folder; says whether it was made here.
fn vacant(folder: &Path) -> Result<bool, ScaffoldError> {
    let io = |source| ScaffoldError::io(folder, source);
    match std::fs::symlink_metadata(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            std::fs::create_dir_all(folder).map_err(io)?;
            Ok(true)
        }
        Err(e) => Err(io(e)),
        Ok(there) => {
            let empty = there.is_dir() && std::fs::read_dir(folder).map_err(io)?.next().is_none();
            if empty {
                Ok(false)
            } else {
                Err(ScaffoldError::Occupied {
                    folder: folder.to_path_buf(),
                })
            }
        }
    }
}

fn write_all(folder: &Path) -> Result<Vec<&'static str>, ScaffoldError> {
    for name in PRIVATE {
        make_folder(&folder.join(name), 0o700)?;
    }
    let mut files = Vec::new();
    for (name, text) in OWN.iter().chain(TAKEN) {
        let path = folder.join(name);
        if let Some(above) = path.parent() {
            make_folder(above, 0o755)?;
        }
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o644)
            .open(&path)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            });
        written.map_err(|e| ScaffoldError::io(&path, e))?;
        files.push(*name);
    }
    files.sort_unstable();
    Ok(files)
}

fn make_folder(path: &Path, mode: u32) -> Result<(), ScaffoldError> {
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .map_err(|e| ScaffoldError::io(path, e))
}

/// Removes what [`write_all`] may have written to a folder that was empty before. What cannot be
/// removed stays: the error that led here is the one to be told.
fn take_away(folder: &Path, made: bool) {
    if made {
        let _ = std::fs::remove_dir_all(folder);
        return;
    }
    for name in PRIVATE.iter().chain(&["pipelines", "schemas"]) {
        let _ = std::fs::remove_dir_all(folder.join(name));
    }
    for (name, _) in OWN {
        let _ = std::fs::remove_file(folder.join(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A schema that is new in the repository must not be forgotten here.
    #[test]
    fn every_schema_of_an_extract_is_taken() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for system in ["custody", "probation", "childrens-services"] {
            let folder = root.join("schemas").join(system);
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let name = entry.expect("an entry").file_name();
                let path = format!("schemas/{system}/{}", name.to_str().expect("text"));
                assert!(TAKEN.iter().any(|(p, _)| *p == path), "{path}");
            }
        }
    }

    #[test]
    fn what_is_there_is_never_touched() {
        let room = tempfile::tempdir().expect("a folder");
        let file = room.path().join("note.txt");
        std::fs::write(&file, "mine").expect("written");
        for taken in [room.path(), file.as_path()] {
            let error = scaffold(taken).expect_err("refused");
            assert!(matches!(error, ScaffoldError::Occupied { .. }), "{error}");
        }
        assert_eq!(std::fs::read_dir(room.path()).expect("folder").count(), 1);
        assert_eq!(std::fs::read_to_string(&file).expect("text"), "mine");
    }

    #[test]
    fn an_empty_folder_is_taken_and_left_empty_after_an_error() {
        let room = tempfile::tempdir().expect("a folder");
        assert!(!vacant(room.path()).expect("vacant"));
        write_all(room.path()).expect("written");
        take_away(room.path(), false);
        assert_eq!(std::fs::read_dir(room.path()).expect("folder").count(), 0);
        let made = scaffold(room.path()).expect("written");
        assert!(made.files.contains(&"pipelines/rehearsal.toml"));
        assert!(room.path().join(".gitignore").exists());
    }
}
