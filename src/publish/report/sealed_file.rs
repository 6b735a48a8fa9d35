//! Reading a file only after its digest has been checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::ReportError;
use crate::digest::Digest;

/// The digests of the files of a folder, by their path below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums(BTreeMap<PathBuf, Digest>);

impl Sums {
    /// The digests that somebody holds already.
    pub fn of(files: impl IntoIterator<Item = (PathBuf, Digest)>) -> Self {
        Sums(files.into_iter().collect())
    }

    /// Reads `SHA256SUMS` of a release.
    ///
    /// # Errors
    /// No such file, or a line that is not a digest and a plain relative path.
    pub fn read(release: &Path) -> Result<Self, ReportError> {
        let path = release.join("SHA256SUMS");
        if !path.exists() {
            return Err(ReportError::Absent { path });
        }
        let text = std::fs::read_to_string(&path).map_err(|source| ReportError::Io {
            path: path.clone(),
            source,
        })?;
        let form = || ReportError::Form { path: path.clone() };
        let mut sums = BTreeMap::new();
        for line in text.lines() {
            let (hex, name) = line.split_once("  ").ok_or_else(form)?;
            let digest = format!("sha256:{hex}").parse().map_err(|_| form())?;
            let name = PathBuf::from(name);
            let plain = name
                .components()
                .all(|c| matches!(c, std::path::Component::Normal(_)));
            if !plain || sums.insert(name, digest).is_some() {
                return Err(form());
            }
        }
        Ok(Sums(sums))
    }

    /// The paths, in order.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// The digest of a path.
    pub fn digest(&self, path: &Path) -> Option<&Digest> {
        self.0.get(path)
    }

    /// A file of the folder whose digest has been found right; none if it is not among the files.
    pub fn checked(&self, folder: &Path, name: &Path) -> Result<Option<PathBuf>, ReportError> {
        let Some(expected) = self.0.get(name) else {
            return Ok(None);
        };
        let path = folder.join(name);
        if !path.exists() {
            return Err(ReportError::Absent { path });
        }
        let found = Digest::of_file(&path).map_err(|source| ReportError::Io {
            path: path.clone(),
            source,
        })?;
        if found.0 == *expected {
            Ok(Some(path))
        } else {
            Err(ReportError::Changed { path })
        }
    }

    /// A JSON file of the folder, checked and read; none if it is not among the files.
    pub fn json<T: serde::de::DeserializeOwned>(
        &self,
        folder: &Path,
        name: &Path,
    ) -> Result<Option<T>, ReportError> {
        let Some(path) = self.checked(folder, name)? else {
            return Ok(None);
        };
        let bytes = std::fs::read(&path).map_err(|source| ReportError::Io {
            path: path.clone(),
            source,
        })?;
        // The bytes that are parsed are the bytes that were digested.
        if self.0.get(name) != Some(&Digest::of(&bytes)) {
            return Err(ReportError::Changed { path });
        }
        match serde_json::from_slice(&bytes) {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(ReportError::Form { path }),
        }
    }
}
