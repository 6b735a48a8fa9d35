//! Running the stages: what is finished is checked and kept, the rest is done, in order.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::error::{Mismatch, PipelineError};
use super::file::Pipeline;
use super::jobs::{self, Receipts};
use super::key_section::KeySection;
use super::prepare::{Prepared, prepare};
use super::project::Project;
use super::receipt::{Plan, Program, Receipt, check_file, read_record, write_record};
use super::rehearse::rehearse;
use super::run_directory::{Origin, RunDirectory, receipt_path};
use crate::digest::Digest;
use crate::progress::Progress;
use crate::pseudonymise::KeyError;
use crate::stage::{OutputFile, Stage, StageFolders, StageReport};
use rayon::prelude::*;

/// What the user asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Another root for extracts.
    pub data: Option<PathBuf>,
    /// Where run directories lie; `runs/` of the project by default.
    pub runs: Option<PathBuf>,
    /// Do this stage and all after it again.
    pub from: Option<Stage>,
    /// Stop after this stage.
    pub to: Option<Stage>,
}

/// What a run left behind.
#[derive(Debug)]
pub struct Outcome {
    /// The run directory.
    pub root: PathBuf,
    /// The run's id.
    pub id: String,
    /// Is it a rehearsal?
    pub rehearsal: bool,
    /// The receipts of the finished stages.
    pub receipts: Receipts,
    /// The stages that were done now; the others were finished before.
    pub done: Vec<Stage>,
}

/// Runs a pipeline. A run of the same inputs, configuration and key goes on where it stopped.
///
/// # Errors
/// Whatever the stages say; what was finished before stays finished.
pub fn run(
    pipeline: &Path,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Outcome, PipelineError> {
    let pipeline = Pipeline::read(pipeline)?;
    let project = Project::of(&pipeline.path, options.data.clone());
    rehearse(&pipeline, &project, progress)?;
    let prepared = prepare(pipeline, project)?;
    let id = run_id(&prepared.plan)?;
    let runs = options
        .runs
        .clone()
        .unwrap_or_else(|| prepared.project.runs());
    let mut directory = RunDirectory::open(&runs.join(&id), &id)?;
    start(&mut directory, &prepared)?;
    go_on(&mut directory, &prepared, options, progress)
}

/// Goes on with a run that was interrupted. Inputs, configuration and key must be those it began
/// with.
pub fn resume(root: &Path, progress: &dyn Progress) -> Result<Outcome, PipelineError> {
    let (plan, prepared) = prepared_again(root)?;
    let id = run_id(&plan)?;
    let mut directory = RunDirectory::open(root, &id)?;
    directory.log("resume", json!({}));
    go_on(&mut directory, &prepared, &Options::default(), progress)
}

/// The plan of a run and what it was made from, prepared again.
///
/// # Errors
/// A run whose inputs, configuration or key are no longer those it began with.
pub(super) fn prepared_again(root: &Path) -> Result<(Plan, Prepared), PipelineError> {
    let (plan, _) = read_plan(root)?;
    let (origin, _): (Origin, Digest) = read_record(&root.join("origin.json"))?;
    let pipeline = Pipeline::read(&origin.pipeline)?;
    if Digest::of(pipeline.text.as_bytes()) != plan.configuration {
        return Err(PipelineError::Integrity(vec![Mismatch {
            path: origin.pipeline,
            what: super::error::MismatchKind::Changed,
        }]));
    }
    let project = Project::of(&pipeline.path, origin.data.clone());
    let prepared = prepare(pipeline, project)?;
    same_plan(&plan, &prepared)?;
    Ok((plan, prepared))
}

/// The plan of a run directory.
pub fn read_plan(root: &Path) -> Result<(Plan, Digest), PipelineError> {
    let path = root.join("plan.json");
    if !path.exists() {
        return Err(PipelineError::NoRun {
            path: root.to_path_buf(),
        });
    }
    read_record(&path)
}

/// The id of a run: the project's name and twelve digits of the plan's digest.
pub fn run_id(plan: &Plan) -> Result<String, PipelineError> {
    let digest = plan.digest()?.hex();
    let digits: String = digest.chars().take(12).collect();
    let name: String = plan
        .project
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    Ok(format!("{name}-{digits}"))
}

fn start(directory: &mut RunDirectory, prepared: &Prepared) -> Result<(), PipelineError> {
    let root = directory.root().to_path_buf();
    let absolute = |path: &Path| path.canonicalize().map_err(PipelineError::io(path));
    let origin = Origin {
        pipeline: absolute(&prepared.pipeline.path)?,
        data: prepared.project.data().map(absolute).transpose()?,
    };
    write_record(&root.join("origin.json"), &origin)?;
    write_record(&root.join("plan.json"), &prepared.plan)?;
    directory.log(
        "run",
        json!({ "inputs": prepared.plan.inputs.len(), "key": prepared.plan.key }),
    );
    Ok(())
}

pub(super) fn same_plan(plan: &Plan, prepared: &Prepared) -> Result<(), PipelineError> {
    if plan.key != prepared.plan.key {
        let path = prepared
            .pipeline
            .file
            .key
            .as_ref()
            .map_or_else(PathBuf::new, KeySection::shown);
        return Err(KeyError::OtherKey { path }.into());
    }
    let changed: Vec<Mismatch> = plan
        .inputs
        .iter()
        .filter(|then| !prepared.plan.inputs.contains(then))
        .map(|then| Mismatch {
            path: then.path.clone(),
            what: super::error::MismatchKind::Changed,
        })
        .collect();
    if !changed.is_empty() {
        return Err(PipelineError::Integrity(changed));
    }
    if plan != &prepared.plan {
        return Err(PipelineError::Record {
            path: PathBuf::from("plan.json"),
        });
    }
    Ok(())
}

fn go_on(
    directory: &mut RunDirectory,
    prepared: &Prepared,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Outcome, PipelineError> {
    let stages = jobs::stages(prepared);
    let program = Program::this()?;
    let mut receipts = finished(directory, prepared, &stages)?;
    forget(directory, &stages, &mut receipts, options.from)?;
    let mut done = Vec::new();
    for (place, stage) in stages.iter().copied().enumerate() {
        if options.to.is_some_and(|to| stage > to) {
            break;
        }
        if receipts.contains_key(&stage) {
            // A kill may have come between a receipt and the removal that it promises.
            directory.purge(&jobs::to_purge(stage, &receipts))?;
            continue;
        }
        progress.note(&format!(
            "[{}/{}] {}",
            place + 1,
            stages.len(),
            stage.word()
        ));
        directory.log("stage begins", json!({ "stage": stage.word() }));
        let receipt = one_stage(stage, prepared, directory, &receipts, &program, progress)?;
        directory.log(
            "stage ends",
            json!({ "stage": stage.word(), "files": receipt.outputs.len() }),
        );
        receipts.insert(stage, receipt);
        done.push(stage);
    }
    directory.write_manifest(&prepared.plan)?;
    directory.log("end", json!({ "done": done }));
    Ok(Outcome {
        root: directory.root().to_path_buf(),
        id: directory.id().to_owned(),
        rehearsal: prepared.plan.rehearsal,
        receipts,
        done,
    })
}

/// The receipts that are there and verify, up to the first stage that has none.
fn finished(
    directory: &RunDirectory,
    prepared: &Prepared,
    stages: &[Stage],
) -> Result<Receipts, PipelineError> {
    let plan = prepared.plan.digest()?;
    let mut receipts = Receipts::new();
    let mut previous = None;
    for stage in stages {
        let path = receipt_path(directory.root(), *stage);
        if !path.exists() {
            break;
        }
        let (receipt, digest): (Receipt, Digest) = read_record(&path)?;
        if receipt.plan != plan
            || receipt.previous != previous
            || receipt.stage != *stage
            || receipt.key != prepared.plan.key
        {
            return Err(PipelineError::Record { path });
        }
        previous = Some(digest);
        receipts.insert(*stage, receipt);
    }
    let purged: BTreeSet<PathBuf> = receipts.values().flat_map(|r| r.purged.clone()).collect();
    let files = receipts.values().flat_map(|r| &r.outputs);
    verify_files(
        directory.root(),
        files.filter(|f| !purged.contains(&f.path)),
    )?;
    Ok(receipts)
}

/// Forgets the stages from `from` on, and what depends on stages that are not finished.
fn forget(
    directory: &RunDirectory,
    stages: &[Stage],
    receipts: &mut Receipts,
    from: Option<Stage>,
) -> Result<(), PipelineError> {
    let mut first = from.unwrap_or(Stage::Publish);
    if from == Some(Stage::Pseudonymise) && receipts.contains_key(&Stage::Pseudonymise) {
        // Its inputs were removed when it finished; they are made again.
        first = Stage::Ingest;
    }
    if from.is_some() {
        receipts.retain(|stage, _| *stage < first);
    }
    if stages.iter().any(|s| !receipts.contains_key(s)) {
        let before_publish = stages
            .iter()
            .any(|s| *s != Stage::Publish && !receipts.contains_key(s));
        if before_publish || from.is_some() {
            directory.withdraw_release()?;
        }
        for stage in stages.iter().filter(|s| !receipts.contains_key(s)) {
            directory.clear(*stage)?;
        }
    }
    Ok(())
}

fn one_stage(
    stage: Stage,
    prepared: &Prepared,
    directory: &RunDirectory,
    receipts: &Receipts,
    program: &Program,
    progress: &dyn Progress,
) -> Result<Receipt, PipelineError> {
    directory.clear(stage)?;
    let read = jobs::reads(stage)
        .iter()
        .filter_map(|s| receipts.get(s))
        .flat_map(|r| &r.outputs)
        .filter(|f| jobs::reads_file(stage, &f.path));
    verify_files(directory.root(), read)?;
    let (out, restricted, review) = (
        directory.stage(stage),
        directory.restricted(stage),
        directory.review(stage),
    );
    let folders = StageFolders {
        root: directory.root(),
        stage: &out,
        restricted: &restricted,
        review: &review,
        progress,
    };
    let mut report = jobs::run_stage(stage, prepared, directory, receipts, &folders)?;
    accounted(stage, &report)?;
    if stage == Stage::Publish {
        for file in &mut report.files {
            if let Ok(rest) = file.path.strip_prefix(".release.partial") {
                file.path = Path::new("release").join(rest);
            }
        }
        directory.show_release()?;
    }
    let previous = receipts
        .last_key_value()
        .map(|(last, _)| read_record::<Receipt>(&receipt_path(directory.root(), *last)))
        .transpose()?
        .map(|(_, digest)| digest);
    let receipt = Receipt {
        stage,
        plan: prepared.plan.digest()?,
        previous,
        key: prepared.plan.key.clone(),
        program: program.clone(),
        outputs: report.files,
        purged: jobs::to_purge(stage, receipts),
        accounts: report.accounts,
        figures: report.figures,
    };
    directory.commit(&receipt)?;
    directory.purge(&receipt.purged)?;
    Ok(receipt)
}

fn accounted(stage: Stage, report: &StageReport) -> Result<(), PipelineError> {
    let lost: Vec<_> = report
        .accounts
        .iter()
        .filter(|a| !a.balances())
        .map(|a| {
            (
                stage.word(),
                a.source.clone(),
                a.unit.clone(),
                a.rows_in,
                a.accounted(),
            )
        })
        .collect();
    if lost.is_empty() {
        Ok(())
    } else {
        Err(PipelineError::Unaccounted { accounts: lost })
    }
}

/// Checks files against their digests; all that differ are told together.
pub(super) fn verify_files<'a>(
    root: &Path,
    files: impl Iterator<Item = &'a OutputFile>,
) -> Result<(), PipelineError> {
    let files: Vec<&OutputFile> = files.collect();
    let mismatches: Vec<Mismatch> = files
        .into_par_iter()
        .filter_map(|f| check_file(&root.join(&f.path), &f.digest, f.bytes))
        .collect();
    if mismatches.is_empty() {
        Ok(())
    } else {
        Err(PipelineError::Integrity(mismatches))
    }
}
