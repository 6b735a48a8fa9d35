//! From the plan and the receipts to each stage's job: which files it reads, with which settings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::ToSpan;
use jiff::civil::Date;

use super::error::PipelineError;
use super::file::{Dates, Method, Pipeline, ProtectMode};
use super::link_labels::Labels;
use super::link_section::LinkSection;
use super::prepare::Prepared;
use super::receipt::{Program, Receipt, read_record};
use super::run_directory::{RunDirectory, stage_folder};
use crate::link::spec::PARENT_YEARS;
use crate::pseudonymise::{MasterKey, ProjectKeys};
use crate::purpose::Purpose;
use crate::schema::canonical::{Table, kind};
use crate::schema::published;
use crate::stage::{OutputFile, Stage, StageFolders, StageReport};
use crate::{estimate, ingest, link, protect, pseudonymise, publish};

/// Receipts of the stages that are finished.
pub type Receipts = BTreeMap<Stage, Receipt>;

/// Runs one stage.
pub fn run_stage(
    stage: Stage,
    prepared: &Prepared,
    directory: &RunDirectory,
    receipts: &Receipts,
    folders: &StageFolders<'_>,
) -> Result<StageReport, PipelineError> {
    match stage {
        Stage::Ingest => {
            let job = ingest_job(
                &prepared.pipeline,
                prepared.sources.clone(),
                prepared.postcode_directory.clone(),
            );
            Ok(ingest::run(&job, folders)?)
        }
        Stage::Pseudonymise => {
            let job = pseudonymise_job(prepared, directory.root(), receipts)?;
            Ok(pseudonymise::run(&job, folders)?)
        }
        Stage::Link => {
            let job = link_job(prepared, directory, receipts);
            let keys = prepared.key.as_ref().map(|key| project_keys(prepared, key));
            Ok(link::run(&job, keys.as_ref(), folders)?)
        }
        Stage::Estimate => {
            let job = estimate_job(prepared, directory.root(), receipts);
            Ok(estimate::run(&job, folders)?)
        }
        Stage::Protect => {
            let job = protect_job(prepared, directory.root());
            Ok(protect::run(&job, folders)?)
        }
        Stage::Publish => {
            let job = publish_job(prepared, directory, receipts)?;
            Ok(publish::run(&job, folders)?.0)
        }
    }
}

/// The stages that a pipeline has: the multiplier method needs no extracts.
pub fn stages(prepared: &Prepared) -> Vec<Stage> {
    match prepared.pipeline.file.estimate.method {
        Method::Linked => Stage::ALL.to_vec(),
        Method::Bold => vec![Stage::Estimate, Stage::Protect, Stage::Publish],
    }
}

/// The stages whose files a stage reads.
pub fn reads(stage: Stage) -> &'static [Stage] {
    match stage {
        Stage::Ingest => &[],
        Stage::Pseudonymise => &[Stage::Ingest],
        Stage::Link => &[Stage::Pseudonymise],
        Stage::Estimate => &[Stage::Pseudonymise, Stage::Link],
        Stage::Protect => &[Stage::Estimate],
        Stage::Publish => &[Stage::Protect],
    }
}

/// Does a stage read this file of an earlier one? The link files are read by `link` alone.
pub fn reads_file(stage: Stage, file: &Path) -> bool {
    let has = |word: &str| file.components().any(|c| c.as_os_str() == word);
    match stage {
        Stage::Link => {
            let of_keys = has("link") || has("join");
            of_keys || has("linkage") || (has("payload") && has(Table::ParentChild.name()))
        }
        Stage::Estimate => has("payload") || has("03-link"),
        _ => true,
    }
}

/// Files of earlier stages that must go once a stage is finished: after `pseudonymise`, no clear
/// identifier is left in the run.
pub fn to_purge(stage: Stage, receipts: &Receipts) -> Vec<PathBuf> {
    if stage != Stage::Pseudonymise {
        return Vec::new();
    }
    clear_tables(Path::new(""), receipts)
        .into_iter()
        .map(|t| t.path)
        .collect()
}

/// The job of the first stage.
pub fn ingest_job(
    pipeline: &Pipeline,
    sources: Vec<ingest::Source>,
    postcode_directory: Option<PathBuf>,
) -> ingest::Job {
    let limits = pipeline.file.ingest;
    ingest::Job {
        sources,
        postcode_directory,
        reference_date: pipeline.dates.reference,
        limits: ingest::Limits {
            share: limits.max_rejected_share,
            count: None,
            allowance: limits.max_rejected_rows,
        },
    }
}

/// The canonical tables that `ingest` wrote: `stage/01-ingest/<table>/<system>.parquet`.
pub(super) fn clear_tables(root: &Path, receipts: &Receipts) -> Vec<pseudonymise::ClearTable> {
    let outputs = receipts.get(&Stage::Ingest).map(|r| r.outputs.as_slice());
    outputs
        .unwrap_or_default()
        .iter()
        .filter_map(|file| {
            let (table, system) = table_and_system(&file.path)?;
            Some(pseudonymise::ClearTable {
                scope: system.clone(),
                table,
                system,
                path: root.join(&file.path),
            })
        })
        .collect()
}

fn table_and_system(path: &Path) -> Option<(Table, String)> {
    let folder = path.parent()?.file_name()?.to_str()?;
    let table = Table::ALL.into_iter().find(|t| t.name() == folder)?;
    let system = path.file_stem()?.to_str()?.to_owned();
    (path.extension()? == "parquet").then_some((table, system))
}

/// The systems in the order in which the pipeline names them.
pub(super) fn systems(prepared: &Prepared) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for source in &prepared.sources {
        if !out.contains(&source.system) {
            out.push(source.system.clone());
        }
    }
    out
}

fn pseudonymise_job(
    prepared: &Prepared,
    root: &Path,
    receipts: &Receipts,
) -> Result<pseudonymise::Job, PipelineError> {
    let master = prepared.key.as_ref().ok_or_else(|| PipelineError::Record {
        path: root.join("plan.json"),
    })?;
    let dates = prepared.pipeline.dates;
    let day = pseudonymise::days_of;
    Ok(pseudonymise::Job {
        tables: clear_tables(root, receipts),
        systems: systems(prepared),
        kinds: prepared.pipeline.recipes.clone(),
        blocks: prepared.pipeline.blocks.clone(),
        one_roof: true,
        keys: project_keys(prepared, master),
        reference: day(dates.reference),
        window: (day(dates.start), day(dates.end)),
    })
}

fn project_keys(prepared: &Prepared, master: &MasterKey) -> ProjectKeys {
    let project = &prepared.pipeline.file.project;
    master.for_project_salted(&prepared.pipeline.salt, &project.name, &project.round)
}

/// What the model needs of a kind; none where match keys link it.
fn model_job(
    prepared: &Prepared,
    directory: &RunDirectory,
    receipts: &Receipts,
    kind: &str,
) -> Option<link::ModelJob> {
    let settings = prepared.pipeline.models.get(kind)?;
    let section = prepared.pipeline.file.link.get(kind);
    let folder = directory
        .restricted(Stage::Pseudonymise)
        .join("linkage")
        .join(kind);
    let outputs = receipts
        .get(&Stage::Pseudonymise)
        .map(|r| r.outputs.as_slice());
    let source = |system: &String| {
        let file = folder.join(format!("{system}.sealed"));
        let written = |f: &OutputFile| directory.root().join(&f.path) == file;
        let there = outputs.unwrap_or_default().iter().any(written);
        link::ModelSource {
            file: there.then_some(file),
            within: section.is_none_or(|s| !s.not_within.contains(system)),
            one_place: section.is_some_and(|s| s.one_place.contains(system)),
        }
    };
    Some(link::ModelJob {
        sources: systems(prepared).iter().map(source).collect(),
        blocking: settings.blocking.clone(),
        threshold: settings.threshold,
        review_from: settings.review_from,
        labels: prepared.labels.get(kind).map(Labels::map),
    })
}

/// The payload of a table, as `pseudonymise` wrote it.
fn payload(root: &Path, receipts: &Receipts, wanted: Table) -> Vec<(String, PathBuf)> {
    let outputs = receipts
        .get(&Stage::Pseudonymise)
        .map(|r| r.outputs.as_slice());
    let files = outputs.unwrap_or_default().iter();
    files
        .filter(|f| f.path.components().any(|c| c.as_os_str() == "payload"))
        .filter_map(|f| {
            let (table, system) = table_and_system(&f.path)?;
            (table == wanted).then(|| (system, root.join(&f.path)))
        })
        .collect()
}

fn link_job(prepared: &Prepared, directory: &RunDirectory, receipts: &Receipts) -> link::Job {
    let stage = directory.stage(Stage::Pseudonymise);
    let restricted = directory.restricted(Stage::Pseudonymise);
    let systems = systems(prepared);
    let kinds = prepared
        .pipeline
        .recipes
        .iter()
        .map(|(kind, recipes)| {
            let section = prepared.pipeline.file.link.get(kind);
            let file = |pass: usize| format!("pass-{:02}.parquet", pass + 1);
            link::KindJob {
                kind: kind.clone(),
                passes: recipes
                    .iter()
                    .enumerate()
                    .map(|(pass, recipe)| link::PassFiles {
                        name: recipe.name(),
                        link: stage.join("link").join(kind).join(file(pass)),
                        join: restricted.join("join").join(kind).join(file(pass)),
                    })
                    .collect(),
                sources: systems
                    .iter()
                    .map(|name| link::SourceInfo {
                        name: name.clone(),
                        duplicate_free: section.is_some_and(|s| s.duplicate_free.contains(name)),
                    })
                    .collect(),
                max_group: section.map_or(24, |s| s.max_group),
                model: model_job(prepared, directory, receipts, kind),
            }
        })
        .collect();
    let payload_of = |table: Table| -> Vec<PathBuf> {
        let files = payload(directory.root(), receipts, table).into_iter();
        files.map(|(_, path)| path).collect()
    };
    let child = prepared.pipeline.file.link.get(kind::CHILD);
    link::Job {
        kinds,
        key: prepared.plan.key.clone().unwrap_or_default(),
        relations: payload_of(Table::ParentChild),
        dates: link::DatesJob {
            people: payload_of(Table::Person),
            stays: payload_of(Table::CustodySpell),
            parent_years: child.map_or(PARENT_YEARS, LinkSection::parent_years),
            reference: pseudonymise::days_of(prepared.pipeline.dates.reference),
        },
    }
}

fn estimate_job(prepared: &Prepared, root: &Path, receipts: &Receipts) -> estimate::Job {
    let file = &prepared.pipeline.file;
    let method = match (file.estimate.method, file.estimate.bold) {
        (Method::Bold, Some(bold)) => estimate::Method::Bold(estimate::bold::Inputs {
            people_in_prison: bold.people_in_prison,
            with_children_recorded: bold.with_children_recorded,
            with_children_adjusted: bold.with_children_adjusted,
            children_per_family_hundredths: bold.children_per_family_hundredths,
        }),
        _ => estimate::Method::Linked(Box::new(linked_inputs(prepared, root, receipts))),
    };
    let tables = wanted_tables(prepared)
        .filter(|t| t.built_from.is_none() && t.unavailable.is_none())
        .map(|t| estimate::Wanted {
            id: t.id.clone(),
            dimensions: t.dimensions.iter().map(|d| d.name.clone()).collect(),
            measures: t.measures.clone(),
            concepts: t.concepts.clone(),
        })
        .collect();
    estimate::Job { method, tables }
}

fn wanted_tables(prepared: &Prepared) -> impl Iterator<Item = &'static published::TableDef> {
    prepared
        .pipeline
        .file
        .table
        .iter()
        .filter_map(|t| published::table(t.id.get_ref()))
}

pub(super) fn linked_inputs(
    prepared: &Prepared,
    root: &Path,
    receipts: &Receipts,
) -> estimate::Inputs {
    let files = |wanted: Table| -> Vec<estimate::SystemFile> {
        let mut found: Vec<estimate::SystemFile> = payload(root, receipts, wanted)
            .into_iter()
            .map(|(system, path)| estimate::SystemFile { system, path })
            .collect();
        found.sort_by_key(|f| precedence(prepared, &f.system));
        found
    };
    let dates = prepared.pipeline.dates;
    let day = pseudonymise::days_of;
    let entities = |kind: &str| {
        stage_folder(root, Stage::Link)
            .join(kind)
            .join("entities.parquet")
    };
    estimate::Inputs {
        people: files(Table::Person),
        stays: files(Table::CustodySpell),
        parenthood: files(Table::ParentChild),
        declared: files(Table::DeclaredChildren),
        services: files(Table::ServiceSpell),
        visits: files(Table::Visit),
        prison_population: prepared.prison_population.clone(),
        national: prepared.pipeline.national.clone(),
        adults: entities("adult"),
        children: entities("child"),
        months: months_before(dates.reference).map(day).collect(),
        window: estimate::family::Window {
            reference: day(dates.reference),
            year: estimate::spells::Period::new(day(dates.start), day(dates.end)),
        },
    }
}

/// The reference date, and the same day of eleven months before; of a last day of a month, the last
/// days.
fn months_before(reference: Date) -> impl Iterator<Item = Date> {
    let last = reference == reference.last_of_month();
    (0..12).filter_map(move |k| {
        let day = reference.checked_sub(k.months()).ok()?;
        Some(if last { day.last_of_month() } else { day })
    })
}

/// The place of a system among those that attributes are taken from, best first.
fn precedence(prepared: &Prepared, system: &str) -> (usize, String) {
    let listed = &prepared.pipeline.file.estimate.attributes_from;
    let place = listed
        .iter()
        .position(|s| s == system)
        .unwrap_or(listed.len());
    (place, system.to_owned())
}

fn protect_job(prepared: &Prepared, root: &Path) -> protect::Job {
    let cells = stage_folder(root, Stage::Estimate).join("cells");
    protect::Job {
        tables: prepared
            .pipeline
            .file
            .table
            .iter()
            .map(|t| protect::TableJob {
                id: t.id.get_ref().clone(),
                cells: cells.join(format!("{}.parquet", t.id.get_ref())),
                rounding: t.round_to.map(|base| protect::Rounding { base }),
                published: prepared.pipeline.protect == ProtectMode::Published,
            })
            .collect(),
        population: prepared.child_population.clone(),
        quality: matches!(prepared.pipeline.file.estimate.method, Method::Linked)
            .then(|| stage_folder(root, Stage::Estimate).join("quality.json")),
        reference: Some(published::REFERENCE_MONTH.to_owned()),
        rules: prepared.pipeline.file.protect.rules(),
    }
}

fn publish_job(
    prepared: &Prepared,
    directory: &RunDirectory,
    receipts: &Receipts,
) -> Result<publish::Job, PipelineError> {
    let outputs = receipts.get(&Stage::Protect).map(|r| r.outputs.as_slice());
    let (mut tables, mut quality) = (Vec::new(), None);
    for file in outputs.unwrap_or_default() {
        let stage = file.path.starts_with("stage");
        if stage && file.path.extension().is_some_and(|e| e == "parquet") {
            tables.push(protect::load(
                &directory.root().join(&file.path),
                &file.digest,
            )?);
        }
        if stage && file.path.ends_with("quality.json") {
            let path = directory.root().join(&file.path);
            quality = Some(protect::ReleasableQuality::load(&path, &file.digest)?);
        }
    }
    let settings = &prepared.pipeline.file;
    Ok(publish::Job {
        review: Some(for_review(directory, outputs.unwrap_or_default())?),
        provenance: Some(provenance(prepared, receipts)?),
        tables,
        quality,
        target: directory.partial_release(),
        release: publish::ReleaseInfo {
            id: directory.id().to_owned(),
            title: settings.publish.title.clone(),
            purpose: if prepared.plan.rehearsal {
                Purpose::Rehearsal
            } else {
                Purpose::Production
            },
            reference_date: prepared.pipeline.dates.reference.to_string(),
            period: in_words(prepared.pipeline.dates),
            key_fingerprint: prepared
                .plan
                .key
                .clone()
                .unwrap_or_else(|| "none".to_owned()),
            label: "Official statistics in development".to_owned(),
        },
        formats: settings.publish.formats.iter().copied().collect(),
    })
}

/// What `protect` left for the output checker.
fn for_review(
    directory: &RunDirectory,
    outputs: &[OutputFile],
) -> Result<publish::Review, PipelineError> {
    let mut review = publish::Review::default();
    for file in outputs {
        let path = directory.root().join(&file.path);
        let ending = file.path.extension().and_then(|e| e.to_str());
        let id = file.path.file_stem().and_then(|s| s.to_str());
        if let (true, Some("csv"), Some(id)) = (file.path.starts_with("review"), ending, id) {
            review.underlying.push((id.to_owned(), path, file.digest));
        } else if file.path.file_name().is_some_and(|n| n == "summary.json") {
            review.protection = read_record(&path)?.0;
        }
    }
    Ok(review)
}

/// Where the release comes from, without the digests of extracts.
fn provenance(
    prepared: &Prepared,
    receipts: &Receipts,
) -> Result<publish::Provenance, PipelineError> {
    let plan = &prepared.plan;
    let extract = |role: &str| prepared.sources.iter().any(|s| s.name == role);
    let program = Program::this()?;
    Ok(publish::Provenance {
        plan: plan.digest()?,
        configuration: plan.configuration,
        program_version: program.version,
        program: program.digest,
        definitions: plan
            .inputs
            .iter()
            .filter(|i| !extract(&i.role))
            .map(|i| (i.role.clone(), i.digest))
            .collect(),
        extracts: plan.inputs.iter().filter(|i| extract(&i.role)).count(),
        accounts: receipts
            .iter()
            .flat_map(|(stage, receipt)| {
                let stage = stage.word().to_owned();
                receipt
                    .accounts
                    .iter()
                    .map(move |a| (stage.clone(), a.clone()))
            })
            .collect(),
    })
}

/// The year as its first and last day.
fn in_words(dates: Dates) -> String {
    let last = dates.end.yesterday().unwrap_or(dates.end);
    format!("{} to {last}", dates.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_day_of_a_month_goes_with_last_days() {
        let of = |y, m, d| months_before(jiff::civil::date(y, m, d)).collect::<Vec<Date>>();
        let ends = of(2025, 9, 30);
        assert_eq!(ends.len(), 12);
        assert_eq!(ends[0], jiff::civil::date(2025, 9, 30));
        assert_eq!(ends[1], jiff::civil::date(2025, 8, 31));
        assert_eq!(ends[7], jiff::civil::date(2025, 2, 28));
        assert_eq!(ends[11], jiff::civil::date(2024, 10, 31));
        let within = of(2025, 3, 31 - 2);
        assert_eq!(within[1], jiff::civil::date(2025, 2, 28));
        assert_eq!(within[2], jiff::civil::date(2025, 1, 29));
    }
}
