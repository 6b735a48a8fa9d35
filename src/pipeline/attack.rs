//! A motivated intruder is let at a run's own encodings (see [`crate::attack`]).
//!
//! The people in the clear are read again from the extracts that the run began with, into a folder
//! that is gone when the attacks are over; the encodings are those in the run's files. The report
//! goes to `review/`.

use std::collections::BTreeMap;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hashbrown::HashMap;

use super::error::PipelineError;
use super::jobs::{ingest_job, systems};
use super::runner::prepared_again;
use crate::attack::{self, Known, PassView, Population, Report, RowView, Settings, Target, views};
use crate::columnar::{ColumnarError, TableReader, bytes};
use crate::ingest;
use crate::progress::Progress;
use crate::pseudonymise::{BlockPass, ProjectKeys, Pseudonym, each_person};
use crate::schema::canonical::Table;
use crate::stage::{Stage, StageFolders};

/// The report's files, relative to the run.
pub(super) const REPORTS: [&str; 2] = ["review/attack.json", "review/attack.md"];
/// The seed of the order in which the adversary takes people up.
const SEED: u64 = 20_250_930;

/// What came of the attacks.
#[derive(Debug)]
pub struct Attacked {
    /// A report a kind of people.
    pub reports: Vec<Report>,
    /// Where they are written.
    pub files: [PathBuf; 2],
}

/// Attacks a run's encodings on samples of `sizes` people.
///
/// # Errors
/// A run that is not there, whose inputs or key have changed, or whose files cannot be read.
pub fn attack(
    root: &Path,
    sizes: &[usize],
    progress: &dyn Progress,
) -> Result<Attacked, PipelineError> {
    let (_, prepared) = prepared_again(root)?;
    let master = prepared.key.as_ref().ok_or_else(|| PipelineError::Record {
        path: root.join("plan.json"),
    })?;
    let project = &prepared.pipeline.file.project;
    let salt = &prepared.pipeline.salt;
    let keys = master.for_project_salted(salt, &project.name, &project.round);

    let clear = tempfile::Builder::new()
        .prefix(".attack-")
        .tempdir_in(root)
        .map_err(PipelineError::io(root))?;
    let folder = |name: &str| clear.path().join(name);
    let job = ingest_job(
        &prepared.pipeline,
        prepared.sources.clone(),
        prepared.postcode_directory.clone(),
    );
    for name in ["stage", "restricted", "review"] {
        let path = folder(name);
        std::fs::create_dir_all(&path).map_err(PipelineError::io(&path))?;
    }
    ingest::run(
        &job,
        &StageFolders {
            root: clear.path(),
            stage: &folder("stage"),
            restricted: &folder("restricted"),
            review: &folder("review"),
            progress,
        },
    )?;

    let settings = Settings {
        sizes: sizes.to_vec(),
        public: project.name.as_bytes().to_vec(),
    };
    let mut reports = Vec::new();
    for (kind, recipes) in &prepared.pipeline.recipes {
        let none = Vec::new();
        let blocks = prepared.pipeline.blocks.get(kind).unwrap_or(&none);
        let Some(people) = largest(&folder("stage"), &systems(&prepared), kind, &keys)? else {
            continue;
        };
        let mut target = Target {
            kind,
            people: &people,
            recipes,
            blocks,
            passes: &[],
        };
        let passes = own_rows(root, &target, &keys)?;
        target.passes = &passes;
        reports.push(attack::run(&target, &settings, progress));
    }
    let files = write(root, &reports)?;
    Ok(Attacked { reports, files })
}

/// The people of a kind in the system that has most of them.
fn largest(
    stage: &Path,
    systems: &[String],
    kind: &str,
    keys: &ProjectKeys,
) -> Result<Option<Population>, PipelineError> {
    let mut most: Vec<Known> = Vec::new();
    for system in systems {
        let path = stage
            .join(Table::Person.name())
            .join(format!("{system}.parquet"));
        if !path.exists() {
            continue;
        }
        let mut people = Vec::new();
        each_person(&path, system, kind, keys, |who, name, record| {
            people.push(Known::of(who, record, name));
        })?;
        if people.len() > most.len() {
            most = people;
        }
    }
    Ok((!most.is_empty()).then(|| Population::new(most, SEED)))
}

/// The rows of the run's files that are of the people, pass by pass.
fn own_rows(
    root: &Path,
    target: &Target<'_>,
    keys: &ProjectKeys,
) -> Result<Vec<PassView>, PipelineError> {
    let stage = root.join("stage").join(Stage::Pseudonymise.folder());
    let keys_files = (1..=target.recipes.len())
        .map(|number| format!("link/{}/pass-{number:02}.parquet", target.kind));
    let block_files = BlockPass::file_names(target.blocks).into_iter();
    let block_files = block_files.map(|name| format!("blocks/{}/{name}", target.kind));
    let files = keys_files.chain(block_files);
    let mut out = Vec::new();
    let all = views(keys, target, target.people.all(), 0);
    for (view, file) in all.into_iter().zip(files) {
        let who: HashMap<Pseudonym, usize> =
            view.rows.iter().map(|row| (row.row, row.person)).collect();
        out.push(PassView {
            rows: read_rows(&stage.join(file), &who, view.form.is_some())?,
            ..view
        });
    }
    Ok(out)
}

fn read_rows(
    path: &Path,
    who: &HashMap<Pseudonym, usize>,
    block: bool,
) -> Result<Vec<RowView>, ColumnarError> {
    let key = if block { "block" } else { "key" };
    let mut out = Vec::new();
    for batch in TableReader::open(path, None)? {
        let batch = batch?;
        let (rows, keys) = (bytes(&batch, "row", path)?, bytes(&batch, key, path)?);
        let encodings = match block {
            true => Some(bytes(&batch, "encoding", path)?),
            false => None,
        };
        for at in 0..batch.num_rows() {
            let (Ok(row), Ok(key)) = (
                Pseudonym::try_from(rows.value(at)),
                Pseudonym::try_from(keys.value(at)),
            ) else {
                continue;
            };
            if let Some(person) = who.get(&row) {
                out.push(RowView {
                    person: *person,
                    row,
                    key,
                    encoding: encodings.map_or(Vec::new(), |e| e.value(at).to_vec()),
                });
            }
        }
    }
    Ok(out)
}

fn write(root: &Path, reports: &[Report]) -> Result<[PathBuf; 2], PipelineError> {
    let paths = REPORTS.map(|path| root.join(path));
    let json = serde_json::to_string_pretty(reports).unwrap_or_default() + "\n";
    for (path, text) in paths.iter().zip([json, markdown(reports)]) {
        let parent = path.parent().unwrap_or(root);
        std::fs::create_dir_all(parent).map_err(PipelineError::io(parent))?;
        let _ = std::fs::remove_file(path);
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o640)
            .open(path);
        file.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
            .map_err(PipelineError::io(path))?;
    }
    Ok(paths)
}

/// The reports as a page for the output checker: of every attack the worst pass.
fn markdown(reports: &[Report]) -> String {
    let mut out = String::from(
        "# Motivated intruder\n\nAttacks on this run's own encodings by somebody who holds the \
         people in the clear and not the key. Of each attack the pass that fares worst; all figures \
         are in `attack.json`. Figures are shares of rows, or a correlation (A10). A pass is no \
         proof: an adversary may do better.\n",
    );
    for report in reports {
        out.push_str(&format!(
            "\n## {}: {} people of the largest source\n\n| attack | what | people | overlap | \
             worst | gate | unprotected | pass |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n",
            report.kind, report.people
        ));
        for worst in worst(report) {
            let optional = |v: Option<f64>| v.map_or(String::new(), |v| format!("{v:.4}"));
            out.push_str(&format!(
                "| {} | {} | {} | {} | {:.4}{} | {} | {} | {} |\n",
                worst.attack,
                worst.what,
                worst.people,
                worst.overlap,
                worst.figure,
                if worst.holds() {
                    ""
                } else {
                    " **above the gate**"
                },
                optional(worst.gate),
                optional(worst.unprotected),
                worst.pass,
            ));
        }
    }
    out
}

/// Of each attack, size and overlap the finding that fares worst.
pub(super) fn worst(report: &Report) -> Vec<&attack::Finding> {
    let mut order: Vec<(&str, &str, usize, &str)> = Vec::new();
    let mut worst: BTreeMap<usize, &attack::Finding> = BTreeMap::new();
    for finding in &report.findings {
        let of = (
            finding.attack,
            finding.what,
            finding.people,
            finding.overlap,
        );
        let place = order.iter().position(|o| *o == of).unwrap_or_else(|| {
            order.push(of);
            order.len() - 1
        });
        let entry = worst.entry(place).or_insert(finding);
        if finding.figure.abs() > entry.figure.abs() {
            *entry = finding;
        }
    }
    worst.into_values().collect()
}

impl Attacked {
    /// Of each kind, the worst figure of every attack.
    pub fn worst(&self) -> impl Iterator<Item = (&str, &attack::Finding)> {
        let of = |report| worst(report).into_iter().map(move |f| (kind_of(report), f));
        self.reports.iter().flat_map(of)
    }

    /// The figures outside their gates.
    pub fn broken(&self) -> usize {
        self.reports.iter().map(|r| r.broken().count()).sum()
    }
}

fn kind_of(report: &Report) -> &str {
    &report.kind
}
