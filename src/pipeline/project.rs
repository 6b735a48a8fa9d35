//! The project folder and the data root: the only places whose files are opened.

use std::path::{Component, Path, PathBuf};

use crate::diagnostic::{Diagnostic, Exit, Place};

/// Where a pipeline's paths begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    folder: PathBuf,
    data: Option<PathBuf>,
}

/// A path that may not be opened, or is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It leads out of the project folder and the data root.
    Outside,
    /// Nothing is there.
    Absent,
}

impl Project {
    /// The project of a pipeline file: the folder above `pipelines/`, or the file's own folder.
    /// `data` is another root for extracts.
    pub fn of(pipeline: &Path, data: Option<PathBuf>) -> Self {
        let parent = pipeline.parent().unwrap_or(Path::new(""));
        let above = if parent.file_name().is_some_and(|n| n == "pipelines") {
            parent.parent().unwrap_or(Path::new(""))
        } else {
            parent
        };
        let folder = if above.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            above.to_path_buf()
        };
        Project { folder, data }
    }

    /// The project folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The other root for extracts, if there is one.
    pub fn data(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    /// Where a file of an extract stands: below the data root if one is given and has it, else
    /// below the project folder.
    pub fn data_path(&self, relative: &str) -> Result<PathBuf, Refused> {
        match self.place(relative) {
            Ok((path, root)) => confined(&path, &root),
            Err(refused) => Err(refused),
        }
    }

    /// The same for a file that need not be there yet.
    pub fn new_path(&self, relative: &str) -> Result<PathBuf, Refused> {
        plain(relative)?;
        Ok(self.below(relative))
    }

    /// Where the run directories lie.
    pub fn runs(&self) -> PathBuf {
        self.below("runs")
    }

    /// A path below the project folder, without a `./` in front for those who read it.
    fn below(&self, relative: &str) -> PathBuf {
        if self.folder == Path::new(".") {
            PathBuf::from(relative)
        } else {
            self.folder.join(relative)
        }
    }

    /// The files that a pattern with `{la}` in its last part names, in order, and what stood for
    /// `{la}` in each. Without `{la}` it is the one file.
    pub fn matching(&self, pattern: &str) -> Result<Vec<(PathBuf, Option<String>)>, Refused> {
        let Some((before, after)) = pattern.split_once("{la}") else {
            return Ok(vec![(self.data_path(pattern)?, None)]);
        };
        let (folder, prefix) = before.rsplit_once('/').unwrap_or(("", before));
        let folder = self.data_path(if folder.is_empty() { "." } else { folder })?;
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(|_| Refused::Absent)? {
            let entry = entry.map_err(|_| Refused::Absent)?;
            let name = entry.file_name();
            let Some(la) = name
                .to_str()
                .and_then(|n| n.strip_prefix(prefix))
                .and_then(|n| n.strip_suffix(after))
            else {
                continue;
            };
            if !la.is_empty() && la.bytes().all(|b| b.is_ascii_alphanumeric()) {
                let path = confined(&entry.path(), &folder)?;
                found.push((path, Some(la.to_owned())));
            }
        }
        found.sort();
        if found.is_empty() {
            return Err(Refused::Absent);
        }
        Ok(found)
    }

    fn place(&self, relative: &str) -> Result<(PathBuf, PathBuf), Refused> {
        plain(relative)?;
        if let Some(data) = &self.data {
            let path = data.join(relative);
            if path.exists() {
                return Ok((path, data.clone()));
            }
        }
        Ok((self.folder.join(relative), self.folder.clone()))
    }
}

/// Relative, and never upwards.
fn plain(relative: &str) -> Result<(), Refused> {
    let well_formed = Path::new(relative)
        .components()
        .all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
    if well_formed && !relative.contains('\0') {
        Ok(())
    } else {
        Err(Refused::Outside)
    }
}

/// The path, if with all links followed it still lies below the root.
fn confined(path: &Path, root: &Path) -> Result<PathBuf, Refused> {
    let real = path.canonicalize().map_err(|_| Refused::Absent)?;
    let root = root.canonicalize().map_err(|_| Refused::Absent)?;
    if real.starts_with(&root) {
        Ok(path.to_path_buf())
    } else {
        Err(Refused::Outside)
    }
}

/// The diagnostic for a refused path of a pipeline file.
pub fn refusal(
    refused: Refused,
    what: &str,
    path: &str,
    file: &Path,
    span: (usize, usize),
) -> Diagnostic {
    let place = Place::file(file).span(span.0, span.1);
    match refused {
        Refused::Absent => Diagnostic::new(
            "KL-C-004",
            Exit::Usage,
            format!("{what} is missing: there is no file {path}"),
            "put the file there, correct the path, or give the extracts' folder with `--data DIR`",
        )
        .at(place),
        Refused::Outside => Diagnostic::new(
            "KL-C-005",
            Exit::Usage,
            format!("{what} lies outside the project: {path}"),
            "paths are relative to the project folder or to `--data DIR`, without `..` or links \
             that lead out",
        )
        .at(place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_the_project_is_opened() {
        let folder = tempfile::tempdir().expect("folder");
        let project = folder.path().join("project");
        std::fs::create_dir_all(project.join("pipelines")).expect("folders");
        std::fs::write(folder.path().join("secret"), "x").expect("file");
        std::fs::write(project.join("inside"), "x").expect("file");
        std::os::unix::fs::symlink(folder.path().join("secret"), project.join("link"))
            .expect("link");
        std::os::unix::fs::symlink(project.join("inside"), project.join("fine")).expect("link");
        let p = Project::of(&project.join("pipelines/a.toml"), None);
        assert_eq!(p.folder(), project);
        for bad in ["../secret", "/etc/passwd", "a/../../secret", "link", "a\0b"] {
            assert_eq!(p.data_path(bad), Err(Refused::Outside), "{bad}");
        }
        assert_eq!(p.data_path("absent"), Err(Refused::Absent));
        assert!(p.data_path("inside").is_ok());
        assert!(p.data_path("fine").is_ok());
    }

    #[test]
    fn a_pattern_finds_its_files_in_order() {
        let folder = tempfile::tempdir().expect("folder");
        for name in [
            "302_header.csv",
            "301_header.csv",
            "301_episodes.csv",
            "header.csv",
        ] {
            std::fs::write(folder.path().join(name), "x").expect("file");
        }
        let p = Project::of(&folder.path().join("a.toml"), None);
        let found = p.matching("{la}_header.csv").expect("found");
        let las: Vec<_> = found.iter().filter_map(|(_, la)| la.as_deref()).collect();
        assert_eq!(las, ["301", "302"]);
    }
}
