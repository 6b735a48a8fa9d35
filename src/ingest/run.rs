//! The stage as a whole: schemas, files, systems, limits, report.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::assemble::Assembly;
use super::convert::Setting;
use super::error::{IngestError, Problem};
use super::geography::Geography;
use super::intake::{self, InputFile};
use super::job::{Job, Source};
use super::landing::{self, person};
use super::ledger::{Ledger, SourceRules};
use super::mapping::{Filling, Mapping};
use super::{quality, read};
use crate::columnar::Written;
use crate::diagnostic::{Diagnose, Diagnostic};
use crate::schema::canonical::Table;
use crate::schema::table_schema::TableSchema;
use crate::stage::{OutputFile, StageFolders, StageReport};

/// Checks a job without reading more of a file than its header: schemas parse and map to tables
/// that exist, and the headers of the files that are there agree with them.
pub fn check(job: &Job) -> Vec<Diagnostic> {
    let mappings = match mappings(job) {
        Ok(mappings) => mappings,
        Err(error) => return error.diagnostics(),
    };
    let mut problems = captures_there(job, &mappings);
    for (source, mapping) in job.sources.iter().zip(&mappings) {
        for file in &source.files {
            if let Err(found) = read::open(file, mapping) {
                problems.extend(found);
            }
        }
    }
    problems.iter().map(Problem::diagnostic).collect()
}

/// Reads the extracts and writes the canonical tables, the quality counts and the quarantine.
///
/// # Errors
/// Schemas or files that cannot be used (all problems of all files), rules that reject more rows
/// than their limits, output that cannot be written.
pub fn run(job: &Job, folders: &StageFolders<'_>) -> Result<StageReport, IngestError> {
    let mappings = mappings(job)?;
    let problems = captures_there(job, &mappings);
    if !problems.is_empty() {
        return Err(IngestError::Inputs(problems));
    }
    let geography = match &job.postcode_directory {
        Some(path) => Geography::read(path).map_err(IngestError::Inputs)?,
        None => Geography::default(),
    };
    let setting = Setting {
        reference: job.reference_date,
    };
    let mut ledger = Ledger::new(rules(job, &mappings));
    let mut written = BTreeMap::new();
    let mut problems = Vec::new();
    for system in systems(job) {
        let files = files_of(job, &mappings, system, &mut ledger);
        let stream = streams(files.iter().map(|f| f.mapping));
        let mut assembly = Assembly::new(system, folders.stage, &geography, setting, stream);
        folders.progress.begin(&format!("rows of {system}"), None);
        problems.extend(intake::read_files(
            &files,
            setting,
            &mut assembly,
            &mut ledger,
            folders.progress,
        )?);
        // With problems nothing will be published, so nothing is assembled; the other systems are
        // still read, to tell all problems in one go.
        if problems.is_empty() {
            for (table, file) in assembly.finish(&mut ledger)? {
                written.insert((table, system.to_owned()), file);
            }
        }
        folders.progress.end();
    }
    problems.extend(ledger.over_limit());
    let quarantine = ledger.write_quarantine(&folders.restricted.join("quarantine.parquet"))?;
    if !problems.is_empty() {
        return Err(IngestError::Inputs(problems));
    }
    let quality = quality::write(&ledger, &folders.stage.join("quality.parquet"))?;
    report(&ledger, &written, quality, quarantine, folders)
}

fn mappings(job: &Job) -> Result<Vec<Mapping>, IngestError> {
    let mut bad_schemas = Vec::new();
    let mut problems = Vec::new();
    let mut mappings = Vec::new();
    for source in &job.sources {
        match TableSchema::read(&source.schema) {
            Err(error) => bad_schemas.push(error),
            Ok(schema) => match Mapping::new(schema) {
                Err(found) => problems.extend(found),
                Ok(mapping) => mappings.push(mapping),
            },
        }
    }
    if !bad_schemas.is_empty() {
        return Err(IngestError::Schemas(bad_schemas));
    }
    if !problems.is_empty() {
        return Err(IngestError::Inputs(problems));
    }
    Ok(mappings)
}

fn captures_there(job: &Job, mappings: &[Mapping]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (source, mapping) in job.sources.iter().zip(mappings) {
        if !mapping.needs_capture() {
            continue;
        }
        for (i, file) in source.files.iter().enumerate() {
            if !source.captures.get(i).is_some_and(Option::is_some) {
                problems.push(intake::missing_capture(file, &source.name));
                break;
            }
        }
    }
    problems
}

fn rules(job: &Job, mappings: &[Mapping]) -> Vec<SourceRules> {
    job.sources
        .iter()
        .zip(mappings)
        .map(|(source, mapping)| SourceRules {
            name: source.name.clone(),
            limits: job.limits.overridden(mapping.schema.reject_limit),
            fields: mapping
                .schema
                .fields
                .iter()
                .map(|f| Arc::from(f.name.as_str()))
                .collect(),
        })
        .collect()
}

/// The systems in the order in which the job names them first.
fn systems(job: &Job) -> Vec<&str> {
    let mut systems: Vec<&str> = Vec::new();
    for source in &job.sources {
        if !systems.contains(&source.system.as_str()) {
            systems.push(&source.system);
        }
    }
    systems
}

/// The files of a system, the newest collection first, otherwise in the order of the job.
fn files_of<'a>(
    job: &'a Job,
    mappings: &'a [Mapping],
    system: &str,
    ledger: &mut Ledger,
) -> Vec<InputFile<'a>> {
    let mut order: Vec<(usize, &Source, &Mapping, u32)> = Vec::new();
    let mut before = 0_u32;
    for (index, (source, mapping)) in job.sources.iter().zip(mappings).enumerate() {
        if source.system == system {
            order.push((index, source, mapping, before));
        }
        before += u32::try_from(source.files.len()).unwrap_or_default();
    }
    order.sort_by(|a, b| {
        b.2.schema
            .collection
            .cmp(&a.2.schema.collection)
            .then(a.0.cmp(&b.0))
    });
    let mut files = Vec::new();
    for (index, source, mapping, first) in order {
        for (number, path) in (first..).zip(&source.files) {
            let label = intake::label(path);
            let units = mapping
                .targets
                .iter()
                .enumerate()
                .map(|(t, target)| {
                    let unit = if mapping.targets.len() > 1 {
                        format!("{label} [{}]", target.name)
                    } else {
                        label.clone()
                    };
                    ledger.open(index, t, path, unit)
                })
                .collect();
            files.push(InputFile {
                source: index,
                mapping,
                path,
                capture: captured(source, number - first),
                number,
                units,
            });
        }
    }
    files
}

fn captured(source: &Source, index: u32) -> Option<&str> {
    let index = usize::try_from(index).ok()?;
    source.captures.get(index)?.as_deref()
}

/// Do the people of these schemas need no joining? Then they go straight to the file, and memory
/// does not grow with them.
fn streams<'a>(mappings: impl Iterator<Item = &'a Mapping>) -> bool {
    const JOINING: [landing::Landing; 5] = [
        landing::identifier::TABLE,
        landing::address::TABLE,
        landing::booking::TABLE,
        landing::contact::TABLE,
        landing::visit::TABLE,
    ];
    let filled = |filling: Option<&Filling>| !matches!(filling, None | Some(Filling::Absent));
    mappings.flat_map(|m| &m.targets).all(|t| {
        let joins = t.table == person::TABLE
            && [person::NAME_ID, person::DELETED, person::DATE_OF_DEATH]
                .iter()
                .any(|c| filled(t.columns.get(*c)));
        !joins && !JOINING.contains(&t.table)
    })
}

fn report(
    ledger: &Ledger,
    written: &BTreeMap<(Table, String), Written>,
    quality: Written,
    quarantine: Written,
    folders: &StageFolders<'_>,
) -> Result<StageReport, IngestError> {
    let mut report = StageReport {
        accounts: ledger.accounts(),
        ..StageReport::default()
    };
    if let Some(bad) = report.accounts.iter().find(|a| !a.balances()) {
        return Err(IngestError::Unaccounted {
            unit: bad.unit.clone(),
            rows_in: bad.rows_in,
            accounted: bad.accounted(),
        });
    }
    let mut rows: BTreeMap<String, u64> = BTreeMap::new();
    let mut file = |w: &Written| {
        report.files.push(OutputFile {
            path: folders.relative(&w.path),
            digest: w.digest,
            bytes: w.bytes,
            rows: Some(w.rows),
        });
    };
    for ((table, system), w) in written {
        file(w);
        rows.insert(format!("{}/{system}", table.name()), w.rows);
    }
    file(&quality);
    file(&quarantine);
    let mut nulled: BTreeMap<String, u64> = BTreeMap::new();
    for (source, field, q) in ledger.qualities() {
        if q.default + q.invalid > 0 {
            nulled.insert(format!("{source}/{field}"), q.default + q.invalid);
        }
    }
    report
        .figures
        .insert("rows".into(), serde_json::json!(rows));
    report
        .figures
        .insert("nulled".into(), serde_json::json!(nulled));
    report
        .figures
        .insert("quarantined".into(), serde_json::json!(quarantine.rows));
    Ok(report)
}
