//! The researcher's release of a finished run: its linked payload, checked against its receipts,
//! under pseudonyms of one research project (see [`crate::research`]).

use std::path::{Path, PathBuf};

use super::error::PipelineError;
use super::jobs::{Receipts, linked_inputs};
use super::prepare::Prepared;
use super::receipt::{Receipt, read_record};
use super::run_directory::{receipt_path, stage_folder};
use super::runner::{prepared_again, run_id};
use super::verify::verify;
use crate::owner::withheld;
use crate::pseudonymise::KeySource;
use crate::research::floor::Floor;
use crate::research::{self, Allowed, AllowedSpell, Released, ResearchError, System};
use crate::schema::canonical::Table;
use crate::schema::table_schema::TableSchema;
use crate::stage::Stage;

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ResearchRequest {
    /// The research project; its name is a part of its key.
    pub project: String,
    /// What must hold.
    pub floor: Floor,
    /// The folder to write.
    pub out: PathBuf,
    /// The key of its Parquet files, if they are to be encrypted.
    pub encrypt_with: Option<KeySource>,
}

/// Makes a researcher's release of a run.
///
/// # Errors
/// A run that is not whole, a floor that cannot hold (exit 7), a folder that is there.
pub fn research(root: &Path, request: &ResearchRequest) -> Result<Released, PipelineError> {
    sensible(request)?;
    // Before the work: a key that is refused costs no time.
    let encrypt_with = request.encrypt_with.as_ref();
    let encrypt_with = encrypt_with.map(KeySource::load_for_files).transpose()?;
    verify(root)?;
    let (plan, prepared) = prepared_again(root)?;
    let mut receipts = Receipts::new();
    for stage in [Stage::Pseudonymise, Stage::Link] {
        let path = receipt_path(root, stage);
        if !path.exists() {
            return Err(unfit(
                "the run has no linked people",
                "finish it with `kinlink resume`; a run by the method `bold` has none",
            ));
        }
        let (receipt, _): (Receipt, _) = read_record(&path)?;
        receipts.insert(stage, receipt);
    }
    let key = prepared.key.as_ref().ok_or_else(|| {
        unfit(
            "the run has no key",
            "name a run of a pipeline with a [key]",
        )
    })?;
    let project = &prepared.pipeline.file.project;
    let keys = key.for_project_salted(&prepared.pipeline.salt, &project.name, &project.round);
    let inputs = linked_inputs(&prepared, root, &receipts);
    let schemas = schemas(&prepared)?;
    let systems = inputs
        .people
        .iter()
        .map(|file| System {
            path: file.path.clone(),
            allowed: allowed(&schemas, &file.system),
        })
        .collect();
    let of_kind = |kind: &str, file: &str| stage_folder(root, Stage::Link).join(kind).join(file);
    let job = research::Job {
        systems,
        spell: spell(&schemas),
        links: ["adult", "child"].map(|kind| of_kind(kind, "links.parquet")),
        thresholds: [
            threshold(&of_kind("adult", "model.json")),
            threshold(&of_kind("child", "model.json")),
        ],
        run: run_id(&plan)?,
        rehearsal: plan.rehearsal,
        project: request.project.clone(),
        key: keys.derive(&["linked research release", &request.project]),
        footer: keys.fingerprint().footer(),
        floor: request.floor,
        encrypt_with,
        out: request.out.clone(),
        inputs,
    };
    Ok(research::release(&job)?)
}

fn unfit(what: &'static str, help: &'static str) -> PipelineError {
    ResearchError::Request { what, help }.into()
}

fn sensible(request: &ResearchRequest) -> Result<(), PipelineError> {
    let floor = request.floor;
    if request.project.trim().is_empty() {
        return Err(unfit(
            "the research project has no name",
            "give it with `--for`, such as `--for outcomes-study`",
        ));
    }
    if floor.k < 2 || floor.l < 1 {
        return Err(unfit(
            "a floor of fewer than two people protects nobody",
            "give `--k 10`, or what your site asks for, and `--l 1` at least",
        ));
    }
    if !(0.0..1.0).contains(&floor.most_suppressed) {
        return Err(unfit(
            "the share of pairs that may be suppressed is from 0 to below 1",
            "give `--most-suppressed 0.05` for a twentieth",
        ));
    }
    Ok(())
}

/// The probability from which pairs were linked; 0.5 where links come of equal match keys.
fn threshold(model: &Path) -> f64 {
    let text = std::fs::read_to_string(model).unwrap_or_default();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    value
        .get("threshold")
        .and_then(serde_json::Value::as_f64)
        .unwrap_or(0.5)
}

/// The schema of every source with its system.
fn schemas(prepared: &Prepared) -> Result<Vec<(String, TableSchema)>, PipelineError> {
    let mut out = Vec::new();
    for source in &prepared.sources {
        out.push((source.system.clone(), TableSchema::read(&source.schema)?));
    }
    Ok(out)
}

/// What no schema of a system withholds.
fn allowed(schemas: &[(String, TableSchema)], system: &str) -> Allowed {
    let free = |column: &str| {
        let mut own = schemas.iter().filter(|(s, _)| s == system);
        own.all(|(_, schema)| !withheld(schema, Table::Person, column))
    };
    Allowed {
        sex: free("sex"),
        ethnicity: free("ethnicity"),
        area_of_source: free("local_authority"),
        area_of_postcode: free("postcode"),
    }
}

fn spell(schemas: &[(String, TableSchema)]) -> AllowedSpell {
    let free = |column: &str| {
        let mut all = schemas.iter();
        all.all(|(_, schema)| !withheld(schema, Table::CustodySpell, column))
    };
    AllowedSpell {
        dates: free("admission") && free("release"),
        legal_status: free("legal_status"),
        sentence_band: free("sentence_band"),
        offence_group: free("offence_group"),
    }
}
