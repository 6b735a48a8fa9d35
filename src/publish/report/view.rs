//! The three views of a run as types: what a report may be drawn from.
//!
//! [`ReleaseView`] is made from the files of a release alone, each checked against its digest, so
//! that it cannot show more than is released. [`ReviewView`] holds one and adds the receipts;
//! [`RestrictedView`] holds that and adds what linkage learnt. There is a way up and none down:
//! neither of the two can be turned into a release view, and the release view is not made of them.
//!
//! ```compile_fail
//! fn downwards(view: kinlink::publish::report::ReviewView) -> kinlink::publish::report::ReleaseView {
//!     view.into()
//! }
//! ```

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::ReportError;
use super::linkage::KindLinkage;
use super::record::Record;
use super::released::ReleasedTable;
use super::sealed_file::Sums;
use crate::schema::quality::Quality;

/// What a release says of itself, from its `datapackage.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct About {
    /// The release's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// `Official statistics in development`, or another.
    #[serde(rename = "kinlink:label")]
    pub label: String,
    /// `rehearsal` or `production`.
    #[serde(rename = "kinlink:purpose")]
    pub purpose: String,
    /// The day of the stock.
    #[serde(rename = "kinlink:referenceDate")]
    pub reference_date: String,
    /// The year.
    #[serde(rename = "kinlink:period")]
    pub period: String,
    /// The fingerprint of the key.
    #[serde(rename = "kinlink:keyFingerprint")]
    pub key_fingerprint: String,
}

impl About {
    /// Are the people invented?
    pub fn is_rehearsal(&self) -> bool {
        self.purpose == "rehearsal"
    }

    /// Were records linked for it? A replay of published figures has no key.
    pub fn is_linked(&self) -> bool {
        self.key_fingerprint != "none"
    }
}

/// A release, and nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseView {
    about: About,
    tables: Vec<ReleasedTable>,
    quality: Quality,
}

impl ReleaseView {
    /// Reads a release whose digests stand in its `SHA256SUMS`.
    ///
    /// # Errors
    /// A file that is missing, changed or of another form.
    pub fn open(release: &Path) -> Result<Self, ReportError> {
        ReleaseView::with(release, &Sums::read(release)?)
    }

    /// The same for a release whose digests somebody holds already.
    pub(crate) fn with(release: &Path, sums: &Sums) -> Result<Self, ReportError> {
        let package = Path::new("datapackage.json");
        let about = sums.json(release, package)?;
        let about = about.ok_or_else(|| ReportError::Absent {
            path: release.join(package),
        })?;
        let quality = sums.json(release, Path::new("quality.json"))?;
        let mut tables = Vec::new();
        let inside =
            |p: &&Path| p.starts_with("tables") && p.extension().is_some_and(|e| e == "parquet");
        for name in sums.paths().filter(inside) {
            if let Some(path) = sums.checked(release, name)? {
                tables.push(ReleasedTable::read(&path)?);
            }
        }
        tables.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(ReleaseView {
            about,
            tables,
            quality: quality.unwrap_or_default(),
        })
    }

    /// What the release says of itself.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Its tables, by id.
    pub fn tables(&self) -> &[ReleasedTable] {
        &self.tables
    }

    /// The table of that id.
    pub fn table(&self, id: &str) -> Option<&ReleasedTable> {
        self.tables.iter().find(|t| t.id == id)
    }

    /// What it says of its quality.
    pub fn quality(&self) -> &Quality {
        &self.quality
    }
}

/// A release with the account of how it was made: for output checkers, not for release.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewView {
    release: ReleaseView,
    record: Record,
}

impl ReviewView {
    /// Reads a run: its release and its receipts, each file checked against what was recorded.
    ///
    /// # Errors
    /// A run without release or receipts; a file that is missing, changed or of another form.
    pub fn open(run: &Path) -> Result<Self, ReportError> {
        let record = Record::read(run)?;
        let release = run.join("release");
        let sums = PathBuf::from("release/SHA256SUMS");
        // The list of digests is itself recorded by the stage that wrote it.
        record.files().checked(run, &sums)?;
        Ok(ReviewView {
            release: ReleaseView::open(&release)?,
            record,
        })
    }

    /// The release.
    pub fn release(&self) -> &ReleaseView {
        &self.release
    }

    /// The account.
    pub fn record(&self) -> &Record {
        &self.record
    }
}

/// A run with what linkage learnt: for those who made it.
#[derive(Debug, Clone, PartialEq)]
pub struct RestrictedView {
    review: ReviewView,
    linkage: Vec<KindLinkage>,
}

impl RestrictedView {
    /// Reads a run with the models of its linkage.
    ///
    /// # Errors
    /// As for [`ReviewView::open`].
    pub fn open(run: &Path) -> Result<Self, ReportError> {
        let review = ReviewView::open(run)?;
        let linkage = KindLinkage::read_all(run, review.record().files())?;
        Ok(RestrictedView { review, linkage })
    }

    /// What the review sees.
    pub fn review(&self) -> &ReviewView {
        &self.review
    }

    /// The linkage of each kind of person.
    pub fn linkage(&self) -> &[KindLinkage] {
        &self.linkage
    }
}
