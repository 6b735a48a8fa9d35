//! The split: one extract becomes the linkage unit's parcel, the analyst's, and the owner's part.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::OwnerError;
use super::manifest::{FileEntry, Manifest, Settings, accounts, made_by, names, to_json};
use super::readme;
use super::recipe_file::recipes;
use super::request::{Checked, Request, file_name};
use super::workspace::{Workspace, private_folder};
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::digest::Digest;
use crate::progress::Progress;
use crate::pseudonymise::lint::{Linted, SplitFiles, lint};
use crate::pseudonymise::{
    Arrangement, BlockPass, ClearTable, Job, PseudonymiseError, Recipe, days_of, default_blocks,
};
use crate::schema::canonical::Table;
use crate::stage::{StageFolders, StageReport};
use crate::{ingest, pseudonymise};

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitOutcome {
    /// The manifest.
    pub manifest: Manifest,
    /// What lint looked at.
    pub linted: Linted,
}

/// `owner/input.json`: which extract it was. It stays with the owner.
#[derive(Serialize)]
struct Input {
    file: String,
    digest: Digest,
    bytes: u64,
}

/// Makes the parcels.
///
/// # Errors
/// Whatever it is, nothing is left: no folder and no clear value.
pub fn split(request: &Request, progress: &dyn Progress) -> Result<SplitOutcome, OwnerError> {
    let checked = request.check()?;
    let recipes = recipes(request.recipes.as_deref())?;
    let work = Workspace::begin(&request.out)?;
    let mut extract = read_extract(request, &checked, &work, progress)?;
    let encoded = pseudonymise::run(
        &Job {
            tables: std::mem::take(&mut extract.tables),
            systems: systems(request.source, &checked.system),
            blocks: blocks(&recipes, request.encoding),
            one_roof: false,
            kinds: recipes.clone(),
            keys: checked.keys(request),
            reference: days_of(request.reference),
            window: checked.days(),
        },
        &StageFolders {
            root: work.root(),
            stage: &work.clear().join("encoded"),
            restricted: &work.private("owner")?,
            review: &work.clear().join("review"),
            progress,
        },
    )?;
    let files = lay_out(&work, &encoded)?;
    let files_of_split = SplitFiles::of_folder(work.root()).map_err(PseudonymiseError::from)?;
    let linted = lint(&files_of_split, &work.clear()).map_err(PseudonymiseError::from)?;
    let quality = work.clear().join("quality.parquet");
    work.shift(&quality, "owner/quality.parquet")?;
    work.write(
        "owner/input.json",
        &to_json(&extract.input, &request.input)?,
    )?;
    let manifest = Manifest {
        made_by: made_by(),
        what: "split".to_owned(),
        released_for: None,
        settings: Settings::of(request, &checked)?,
        source: Some(request.source),
        recipes: names(&recipes),
        rows: accounts(extract.report.accounts, &request.input)?,
        files,
    };
    work.write("manifest.json", &to_json(&manifest, &request.out)?)?;
    work.write("README.md", &readme::of_split(&manifest))?;
    work.finish()?;
    Ok(SplitOutcome { manifest, linted })
}

/// Lints a folder of parcels. The pseudonyms are sorted in the system's folder for temporary files.
///
/// # Errors
/// All rules that are broken, each with file and column; files that cannot be read.
pub fn lint_folder(folder: &Path) -> Result<Linted, OwnerError> {
    let files = SplitFiles::of_folder(folder).map_err(PseudonymiseError::from)?;
    let name = format!("kinlink-lint-{}", std::process::id());
    let scratch = std::env::temp_dir().join(name);
    private_folder(&scratch)?;
    let found = lint(&files, &scratch);
    // It is empty: the file in it has no name.
    let _ = std::fs::remove_dir(&scratch);
    Ok(found.map_err(PseudonymiseError::from)?)
}

/// The number of a system is its place in the list; the places before it belong to others.
fn systems(source: u8, system: &str) -> Vec<String> {
    let mut all = vec![String::new(); usize::from(source)];
    all.push(system.to_owned());
    all
}

/// The extract as clear tables in the workspace.
pub(super) struct Extract {
    pub(super) tables: Vec<ClearTable>,
    pub(super) report: StageReport,
    input: Input,
}

/// Reads the extract through its schema.
pub(super) fn read_extract(
    request: &Request,
    checked: &Checked,
    work: &Workspace,
    progress: &dyn Progress,
) -> Result<Extract, OwnerError> {
    let clear = work.clear();
    let (digest, bytes) = match Digest::of_file(&request.input) {
        Ok(found) => found,
        // `ingest` tells what is wrong with a file that cannot be read.
        Err(_) => (Digest::of(b""), 0),
    };
    let report = ingest::run(
        &request.ingest_job(&checked.system),
        &StageFolders {
            root: work.root(),
            stage: &clear,
            restricted: &clear.join("held-back"),
            review: &clear.join("review"),
            progress,
        },
    )?;
    let scope = checked.scope(request, &digest);
    let tables: Vec<ClearTable> = Table::ALL
        .into_iter()
        .filter_map(|table| {
            let file = format!("{}.parquet", checked.system);
            let path = clear.join(table.name()).join(file);
            let written = report
                .files
                .iter()
                .any(|f| work.root().join(&f.path) == path);
            written.then(|| ClearTable {
                table,
                system: checked.system.clone(),
                scope: scope.clone(),
                path,
            })
        })
        .collect();
    if tables.is_empty() {
        return Err(OwnerError::one(
            Diagnostic::new(
                "KL-O-006",
                Exit::Input,
                "no row of the extract has a place in the canonical tables",
                "name the file that holds the people; several files of one system go through \
                 `kinlink run`",
            )
            .at(Place::file(&request.input)),
        ));
    }
    Ok(Extract {
        tables,
        report,
        input: Input {
            file: file_name(&request.input),
            digest,
            bytes,
        },
    })
}

/// Puts the stage's files into the parcels and gives them as the manifest lists them.
fn lay_out(work: &Workspace, encoded: &StageReport) -> Result<Vec<FileEntry>, OwnerError> {
    let clear = work.clear();
    let stage = clear.join("encoded");
    for (from, to) in [
        ("link", "linkage"),
        ("blocks", "linkage/blocks"),
        ("payload", "payload"),
    ] {
        work.shift(&stage.join(from), to)?;
    }
    let held_back = clear.join("held-back/quarantine.parquet");
    work.shift(&held_back, "owner/quarantine.parquet")?;
    let mut files: Vec<FileEntry> = encoded
        .files
        .iter()
        .map(|file| FileEntry {
            path: parcel(&work.root().join(&file.path), &stage, work.root()),
            ..file.clone().into()
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// `clear/encoded/link/…` is `linkage/…` now, and `blocks/…` lies in it.
fn parcel(path: &Path, stage: &Path, root: &Path) -> PathBuf {
    if let Ok(below) = path.strip_prefix(stage.join("link")) {
        return Path::new("linkage").join(below);
    }
    if let Ok(below) = path.strip_prefix(stage.join("blocks")) {
        return Path::new("linkage/blocks").join(below);
    }
    let below = path
        .strip_prefix(stage)
        .or_else(|_| path.strip_prefix(root));
    below.unwrap_or(path).to_path_buf()
}

/// The usual block-keyed passes of the kinds of people that have recipes.
fn blocks(
    recipes: &BTreeMap<String, Vec<Recipe>>,
    encoding: Arrangement,
) -> BTreeMap<String, Vec<BlockPass>> {
    let of = |kind: &String| (kind.clone(), default_blocks(kind, encoding));
    recipes.keys().map(of).collect()
}
