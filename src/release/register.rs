//! `register.json`: every release that was ever on a shelf, and what became of it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::ReleaseError;
use crate::digest::Digest;
use crate::publish::report::About;

/// What became of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is the release of its period.
    Published,
    /// It was taken back.
    Withdrawn,
    /// Another one stands in its place.
    Corrected,
}

/// One release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its id, and the name of its folder.
    pub id: String,
    /// Its title.
    pub title: String,
    /// `Official statistics in development`, or another label.
    pub label: String,
    /// The day of its stocks.
    pub reference_date: String,
    /// The year of its flows.
    pub period: String,
    /// When it may first be read, in London.
    pub available_from: String,
    /// The digest of its `SHA256SUMS`.
    pub sums: Digest,
    /// What became of it.
    pub state: State,
    /// Why it was withdrawn or corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The release that it corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<String>,
    /// The release that corrects it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected_by: Option<String>,
}

impl Entry {
    /// Is it about the same people: the same reference date and period?
    pub fn same_people(&self, about: &About) -> bool {
        self.reference_date == about.reference_date && self.period == about.period
    }

    /// The folder of its files on the shelf, relative to it. A withdrawn or corrected release is
    /// kept for audits of later ones.
    pub fn folder(&self) -> String {
        match self.state {
            State::Withdrawn => format!("withdrawn/{}", self.id),
            State::Published | State::Corrected => self.id.clone(),
        }
    }
}

/// The register.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// `rehearsal` or `production`; none while it is empty.
    pub purpose: Option<String>,
    /// The releases, in the order of publication.
    pub releases: Vec<Entry>,
}

impl Register {
    /// The name of the file.
    pub const FILE: &'static str = "register.json";

    /// Reads the register of a shelf; a shelf without one is empty.
    pub fn read(shelf: &Path) -> Result<Self, ReleaseError> {
        let path = shelf.join(Register::FILE);
        if !path.exists() {
            return Ok(Register::default());
        }
        let bytes = std::fs::read(&path).map_err(|source| ReleaseError::Io {
            path: path.clone(),
            source,
        })?;
        let register: Register = serde_json::from_slice(&bytes)
            .map_err(|_| ReleaseError::Register { path: path.clone() })?;
        // An id is the name of a folder here, and must not lead out of the shelf.
        if register.releases.iter().all(|e| is_plain(&e.id)) {
            Ok(register)
        } else {
            Err(ReleaseError::Register { path })
        }
    }

    /// The entry of an id.
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.releases.iter().find(|e| e.id == id)
    }
}

/// May an id be the name of a folder?
pub(crate) fn is_plain(id: &str) -> bool {
    let sign = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !id.is_empty()
        && id.len() <= 100
        && !id.starts_with('.')
        && id.chars().all(sign)
        && !["withdrawn", "revisions", Register::FILE].contains(&id)
}
