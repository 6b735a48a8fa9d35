//! Verifying a run: every digest recomputed, every record compared with what follows from the
//! others, every row accounted for, and nothing there that nobody recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::error::{Mismatch, MismatchKind, PipelineError};
use super::project::Project;
use super::receipt::{Manifest, Plan, Receipt, check_file, read_record};
use super::run_directory::{Origin, files_below, manifest, receipt_path};
use super::runner::{read_plan, run_id};
use crate::digest::Digest;
use crate::stage::Stage;

/// What a verification found to be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The run's id.
    pub id: String,
    /// Finished stages.
    pub stages: Vec<Stage>,
    /// Inputs whose digests agree.
    pub inputs: usize,
    /// Files of the run whose digests agree.
    pub files: usize,
    /// Files with clear identifiers that were removed, as they should be.
    pub purged: usize,
    /// Rows that came in, over all accounts.
    pub rows: u64,
    /// Accounts that balance.
    pub accounts: usize,
}

/// Verifies a run directory.
///
/// # Errors
/// [`PipelineError::Integrity`] with every file that is not what was recorded;
/// [`PipelineError::Unaccounted`] with every account that does not balance.
pub fn verify(root: &Path) -> Result<Verified, PipelineError> {
    let (plan, plan_digest) = read_plan(root)?;
    let id = run_id(&plan)?;
    let receipts = receipts(root)?;
    let mut wrong = records(root, &id, &plan, plan_digest, &receipts)?;
    wrong.extend(inputs(root, &plan)?);
    let (files, purged) = outputs(root, &receipts, &mut wrong)?;
    if !wrong.is_empty() {
        wrong.sort_by(|a, b| a.path.cmp(&b.path));
        return Err(PipelineError::Integrity(wrong));
    }
    let accounts = accounts(&receipts)?;
    Ok(Verified {
        id,
        stages: receipts.keys().copied().collect(),
        inputs: plan.inputs.len(),
        files,
        purged,
        rows: accounts.0,
        accounts: accounts.1,
    })
}

type Found = BTreeMap<Stage, (Receipt, Digest)>;

fn receipts(root: &Path) -> Result<Found, PipelineError> {
    let mut found = Found::new();
    for stage in Stage::ALL {
        let path = receipt_path(root, stage);
        if path.exists() {
            found.insert(stage, read_record(&path)?);
        }
    }
    Ok(found)
}

/// Plan, receipts and manifest against each other.
fn records(
    root: &Path,
    id: &str,
    plan: &Plan,
    plan_digest: Digest,
    receipts: &Found,
) -> Result<Vec<Mismatch>, PipelineError> {
    let mut wrong = Vec::new();
    let mut inconsistent = |path: PathBuf| {
        wrong.push(Mismatch {
            path,
            what: MismatchKind::Inconsistent,
        });
    };
    // The plan's text must be exactly what its content is written as.
    if plan.digest()? != plan_digest {
        inconsistent(root.join("plan.json"));
    }
    let mut previous = None;
    for (stage, (receipt, digest)) in receipts {
        if receipt.plan != plan_digest
            || receipt.previous != previous
            || receipt.stage != *stage
            || receipt.key != plan.key
        {
            inconsistent(receipt_path(root, *stage));
        }
        previous = Some(*digest);
    }
    let path = root.join("manifest.json");
    if path.exists() {
        let (written, _): (Manifest, Digest) = read_record(&path)?;
        if written != manifest(root, id, plan)? {
            inconsistent(path);
        }
    } else if receipts.contains_key(&Stage::Publish) {
        wrong.push(Mismatch {
            path,
            what: MismatchKind::Missing,
        });
    }
    Ok(wrong)
}

/// The extracts, schemas and code lists, where they stood when the run was started.
fn inputs(root: &Path, plan: &Plan) -> Result<Vec<Mismatch>, PipelineError> {
    let (origin, _): (Origin, Digest) = read_record(&root.join("origin.json"))?;
    let project = Project::of(&origin.pipeline, origin.data);
    let mut wrong: Vec<Mismatch> = plan
        .inputs
        .par_iter()
        .filter_map(|input| {
            let roots = [project.data(), Some(project.folder())];
            let path = roots
                .into_iter()
                .flatten()
                .map(|r| r.join(&input.path))
                .find(|p| p.exists())
                .unwrap_or_else(|| project.folder().join(&input.path));
            check_file(&path, &input.digest, input.bytes)
        })
        .collect();
    match Digest::of_file(&origin.pipeline) {
        Ok((digest, _)) if digest == plan.configuration => {}
        Ok(_) => wrong.push(Mismatch {
            path: origin.pipeline,
            what: MismatchKind::Changed,
        }),
        Err(_) => wrong.push(Mismatch {
            path: origin.pipeline,
            what: MismatchKind::Missing,
        }),
    }
    Ok(wrong)
}

/// Every recorded file, and every file that nobody recorded.
fn outputs(
    root: &Path,
    receipts: &Found,
    wrong: &mut Vec<Mismatch>,
) -> Result<(usize, usize), PipelineError> {
    let purged: BTreeSet<&PathBuf> = receipts.values().flat_map(|(r, _)| &r.purged).collect();
    for path in &purged {
        if root.join(path).exists() {
            wrong.push(Mismatch {
                path: root.join(path),
                what: MismatchKind::NotPurged,
            });
        }
    }
    let recorded: Vec<_> = receipts
        .values()
        .flat_map(|(r, _)| &r.outputs)
        .filter(|f| !purged.contains(&f.path))
        .collect();
    wrong.extend(
        recorded
            .par_iter()
            .filter_map(|f| check_file(&root.join(&f.path), &f.digest, f.bytes))
            .collect::<Vec<_>>(),
    );
    let mut known: BTreeSet<PathBuf> = recorded.iter().map(|f| f.path.clone()).collect();
    for stage in receipts.keys() {
        if let Ok(path) = receipt_path(root, *stage).strip_prefix(root) {
            known.insert(path.to_path_buf());
        }
    }
    known.extend(super::attack::REPORTS.map(PathBuf::from));
    for top in ["stage", "restricted", "review", "release"] {
        for file in files_below(&root.join(top))? {
            let path = Path::new(top).join(file);
            if !known.contains(&path) && !purged.contains(&path) {
                wrong.push(Mismatch {
                    path: root.join(path),
                    what: MismatchKind::Unexpected,
                });
            }
        }
    }
    Ok((recorded.len(), purged.len()))
}

fn accounts(receipts: &Found) -> Result<(u64, usize), PipelineError> {
    let mut rows = 0;
    let mut number = 0;
    let mut lost = Vec::new();
    for (stage, (receipt, _)) in receipts {
        for account in &receipt.accounts {
            rows += account.rows_in;
            number += 1;
            if !account.balances() {
                lost.push((
                    stage.word(),
                    account.source.clone(),
                    account.unit.clone(),
                    account.rows_in,
                    account.accounted(),
                ));
            }
        }
    }
    if lost.is_empty() {
        Ok((rows, number))
    } else {
        Err(PipelineError::Unaccounted { accounts: lost })
    }
}
