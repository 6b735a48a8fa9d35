//! The stage: protected tables in, a release out.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::checker_pack::{self, Review};
use super::cleared::{Cleared, ClearedTable};
use super::datapackage::{Form, Named, document, package, resource};
use super::error::PublishError;
use super::format::Format;
use super::provenance::{Manifest, Provenance, csvw};
use super::summary::Summary;
use super::{csv_table, ees, ods, parquet_table, readme, report};
use crate::digest::Digest;
use crate::protect::{ProtectedTable, ReleasableQuality};
use crate::purpose::Purpose;
use crate::stage::{OutputFile, StageFolders, StageReport};

/// What a release says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseInfo {
    /// The release's id; derived from the run, not from the clock.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Are the people real?
    pub purpose: Purpose,
    /// The date of stocks, `2025-09-30`.
    pub reference_date: String,
    /// The period of flows, in words.
    pub period: String,
    /// The fingerprint of the key of the run.
    pub key_fingerprint: String,
    /// `Official statistics in development`, or another label.
    pub label: String,
}

impl ReleaseInfo {
    /// One sentence that stands in every file.
    pub(crate) fn notice(&self) -> String {
        match self.purpose {
            Purpose::Rehearsal => {
                "REHEARSAL: every person is invented; these are no statistics.".to_owned()
            }
            Purpose::Production => format!("{}.", self.label.trim_end_matches('.')),
        }
    }
}

/// What the stage does.
#[derive(Debug, Clone)]
pub struct Job {
    /// The tables, in the order in which they are listed.
    pub tables: Vec<ProtectedTable>,
    /// The figures of the quality report.
    pub quality: Option<ReleasableQuality>,
    /// The folder that becomes the release; empty or not there.
    pub target: PathBuf,
    /// What the release says of itself.
    pub release: ReleaseInfo,
    /// The forms in which the tables are given.
    pub formats: BTreeSet<Format>,
    /// Where the release comes from; without it no file of the release says so.
    pub provenance: Option<Provenance>,
    /// What `protect` left for the checker; without it there is no checker's pack.
    pub review: Option<Review>,
}

/// Writes the release into the target: the tables in the formats asked for, `datapackage.json`,
/// `README.txt`, `report.html`, `SHA256SUMS`. Paths in the report are relative to `folders.root`.
pub fn run(job: &Job, folders: &StageFolders<'_>) -> Result<(StageReport, Summary), PublishError> {
    let target = &job.target;
    let io = |source| PublishError::Io {
        path: target.clone(),
        source,
    };
    std::fs::create_dir_all(target).map_err(io)?;
    if std::fs::read_dir(target).map_err(io)?.next().is_some() {
        return Err(PublishError::NotEmpty {
            path: target.clone(),
        });
    }
    let mut seen = BTreeSet::new();
    for table in &job.tables {
        if !seen.insert(&table.definition().id) {
            return Err(PublishError::Twice {
                table: table.definition().id.clone(),
            });
        }
    }
    let cleared = Cleared::inspect(&job.tables, &job.release)?;
    let mut release = Release {
        target,
        files: Vec::new(),
    };
    let mut resources = Vec::new();
    folders
        .progress
        .begin("tables published", u64::try_from(job.tables.len()).ok());
    for table in cleared.tables() {
        write_table(&cleared, table, &job.formats, &mut release, &mut resources)?;
        folders.progress.advance(1);
    }
    folders.progress.end();
    if job.formats.contains(&Format::Ods) {
        let named = release.text("tables.ods", &ods::render(&cleared)?, None)?;
        resources.push(document(
            "tables-ods",
            &job.release.title,
            ods::SPREADSHEET,
            &named,
        ));
    }
    if job.formats.contains(&Format::Ees) {
        write_ees(&cleared, &mut release, &mut resources)?;
    }
    let described = format!("{:#}\n", package(cleared.info(), resources));
    release.text("datapackage.json", described.as_bytes(), None)?;
    if let Some(quality) = &job.quality {
        release.text("quality.json", quality.to_json().as_bytes(), None)?;
    }
    release.text(
        "README.txt",
        readme::render(&cleared, &job.formats).as_bytes(),
        None,
    )?;
    release.report_page()?;
    release.files.sort_by(|a, b| a.0.path.cmp(&b.0.path));
    if let Some(from) = &job.provenance {
        let files: Vec<Named> = release.files.iter().map(|(f, _)| f.clone()).collect();
        let manifest = Manifest {
            info: cleared.info(),
            from,
            files: &files,
        };
        for (name, document) in manifest.documents() {
            release.text(name, format!("{document:#}\n").as_bytes(), None)?;
        }
        release.files.sort_by(|a, b| a.0.path.cmp(&b.0.path));
    }
    let sums: String = release
        .files
        .iter()
        .map(|(f, _)| format!("{}  {}\n", f.digest.hex(), f.path))
        .collect();
    release.text("SHA256SUMS", sums.as_bytes(), None)?;
    let names = release.files.iter().map(|(f, _)| f.path.clone()).collect();
    let summary = Summary::of(&job.tables, names);
    let mut report = release.report(folders, &summary);
    if let Some(review) = &job.review {
        let pack = checker_pack::write(&cleared, review, &sums, folders)?;
        report.files.extend(pack);
    }
    Ok((report, summary))
}

/// The files of one table that stand by themselves.
fn write_table(
    cleared: &Cleared<'_>,
    table: ClearedTable<'_>,
    formats: &BTreeSet<Format>,
    release: &mut Release<'_>,
    resources: &mut Vec<serde_json::Value>,
) -> Result<(), PublishError> {
    let id = &table.definition().id;
    let rows = u64::try_from(table.rows().len()).ok();
    if formats.contains(&Format::Csv) {
        let csv = csv_table::render(table)?;
        let named = release.text(&format!("tables/{id}.csv"), &csv, rows)?;
        resources.push(resource(table, cleared.info(), Form::Csv, Some(&named)));
        let about = format!("{:#}\n", csvw(table, cleared.info()));
        let name = format!("tables/{id}.csv-metadata.json");
        release.text(&name, about.as_bytes(), None)?;
    }
    if formats.contains(&Format::Parquet) {
        let own = resource(table, cleared.info(), Form::Parquet, None);
        let path = format!("tables/{id}.parquet");
        let file = release.place(&path)?;
        let written = parquet_table::write(table, &own, cleared.info(), &file)?;
        let named = Named {
            path,
            digest: written.digest,
            bytes: written.bytes,
        };
        resources.push(resource(table, cleared.info(), Form::Parquet, Some(&named)));
        release.files.push((named, rows));
    }
    Ok(())
}

/// The pairs for Explore Education Statistics.
fn write_ees(
    cleared: &Cleared<'_>,
    release: &mut Release<'_>,
    resources: &mut Vec<serde_json::Value>,
) -> Result<(), PublishError> {
    for pair in ees::pairs(cleared)? {
        let data = format!("ees/{}.csv", pair.name);
        let named = release.text(&data, &pair.data, Some(pair.rows))?;
        let name = pair.name.replace('_', "-");
        resources.push(document(
            &format!("ees-{name}"),
            &pair.title,
            "text/csv",
            &named,
        ));
        let named = release.text(&format!("ees/{}.meta.csv", pair.name), &pair.meta, None)?;
        let title = format!("{}: columns", pair.title);
        resources.push(document(
            &format!("ees-{name}-meta"),
            &title,
            "text/csv",
            &named,
        ));
    }
    Ok(())
}

/// The files of a release, as they are written.
struct Release<'a> {
    target: &'a Path,
    files: Vec<(Named, Option<u64>)>,
}

impl Release<'_> {
    /// Where a file goes; its folder is made.
    fn place(&self, name: &str) -> Result<PathBuf, PublishError> {
        let path = self.target.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|source| PublishError::Io {
                path: path.clone(),
                source,
            })?;
        }
        Ok(path)
    }

    fn text(&mut self, name: &str, bytes: &[u8], rows: Option<u64>) -> Result<Named, PublishError> {
        let path = self.place(name)?;
        let io = |source| PublishError::Io {
            path: path.clone(),
            source,
        };
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o644)
            .open(&path)
            .map_err(io)?;
        file.write_all(bytes).map_err(io)?;
        file.sync_all().map_err(io)?;
        let named = || Named {
            path: name.to_owned(),
            digest: Digest::of(bytes),
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        };
        self.files.push((named(), rows));
        Ok(named())
    }

    /// The report, drawn from the files that are written.
    fn report_page(&mut self) -> Result<(), PublishError> {
        let written = self.files.iter();
        let written = written.map(|(f, _)| (PathBuf::from(&f.path), f.digest));
        let (digest, bytes) = report::write_release_view(self.target, written)?;
        let named = Named {
            path: report::FILE.to_owned(),
            digest,
            bytes,
        };
        self.files.push((named, None));
        Ok(())
    }

    fn report(&self, folders: &StageFolders<'_>, summary: &Summary) -> StageReport {
        let mut report = StageReport::default();
        for (file, rows) in &self.files {
            report.files.push(OutputFile {
                path: folders.relative(&self.target.join(&file.path)),
                digest: file.digest,
                bytes: file.bytes,
                rows: *rows,
            });
        }
        report
            .figures
            .insert("headlines".to_owned(), json!(summary.headlines));
        report
            .figures
            .insert("shown".to_owned(), json!(summary.shown));
        report
            .figures
            .insert("hidden".to_owned(), json!(summary.hidden));
        report
    }
}
