//! The stage: inner cells of all tables in, protected tables out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema};
use serde_json::json;

use super::cells::{self, Counts};
use super::derive::{Population, derive};
use super::error::ProtectError;
use super::exact::real;
use super::hierarchy::Hierarchy;
use super::linked::{Cell, Member, State, protect_together};
use super::quality::{self, ReleasableQuality};
use super::rules::{Rounding, Rules};
use super::system::Cube;
use super::table::{ProtectedRow, ProtectedTable};
use super::{benchmark, error::Problem, review};
use crate::columnar::{Layout, TableWriter, Written};
use crate::digest::Digest;
use crate::schema::published::{self, Concept, Status, TableDef};
use crate::stage::{OutputFile, StageFolders, StageReport};

/// One table to protect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableJob {
    /// `T01`.
    pub id: String,
    /// The inner cells that `estimate` wrote; not read for a table that is built from another.
    pub cells: PathBuf,
    /// Another rounding than the definition's.
    pub rounding: Option<Rounding>,
    /// The figures are published already (a replay of an earlier release): they are passed on as
    /// they are, margins may stand in the file, and what is not given is not available.
    pub published: bool,
}

/// What the stage does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The tables; those that share cells are protected together.
    pub tables: Vec<TableJob>,
    /// Children under 18 by local authority (`local_authority,children`), for rates.
    pub population: Option<PathBuf>,
    /// Figures of the quality report, with the estimates.
    pub quality: Option<PathBuf>,
    /// The rules.
    pub rules: Rules,
}

/// A cell of the restricted table: its codes, concept, measure, and what happened to it.
type TrueCell = (Vec<String>, Concept, String, Cell);

/// A table while it is being protected.
struct Working {
    definition: &'static TableDef,
    base: u64,
    published: bool,
    counts: Counts,
    rows: Vec<ProtectedRow>,
    restricted: Vec<TrueCell>,
}

/// Protects all tables, audits them, and writes them.
///
/// Writes `tables/<id>.parquet` and `summary.json` to the stage's folder and `<id>.parquet` with
/// true counts to its restricted folder. Nothing is written unless the audit of every table
/// passed.
pub fn run(job: &Job, folders: &StageFolders<'_>) -> Result<StageReport, ProtectError> {
    let population = job
        .population
        .as_deref()
        .map(Population::read)
        .transpose()?;
    let mut tables = Vec::new();
    let mut built = Vec::new();
    for one in &job.tables {
        let definition = published::table(&one.id)
            .ok_or_else(|| ProtectError::UnknownTable { id: one.id.clone() })?;
        if definition.built_from.is_some() {
            built.push(definition);
            continue;
        }
        let base = one.rounding.map(|r| r.base).or(definition.rounding);
        tables.push(Working {
            definition,
            base: base.unwrap_or(1),
            published: one.published,
            counts: cells::read(&one.cells, definition, one.published)?,
            rows: Vec::new(),
            restricted: Vec::new(),
        });
    }
    let steps = u64::try_from(tables.len()).ok();
    folders.progress.begin("tables protected", steps);
    let mut systems: BTreeSet<Vec<String>> = BTreeSet::new();
    let mut least_width: Option<f64> = None;
    for concept in Concept::ALL {
        let measures: BTreeSet<String> = tables
            .iter()
            .flat_map(|t| t.definition.measures.iter().cloned())
            .collect();
        for measure in measures {
            let done = one_measure(&mut tables, concept, &measure, &job.rules)?;
            systems.extend(done.0);
            least_width = match (least_width, done.1) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
    }
    let quality = job.quality.as_deref().map(quality::read).transpose()?;
    let mut finished = Vec::new();
    for table in &mut tables {
        if let (Some(quality), Some(what)) = (&quality, &table.definition.estimated) {
            let more = quality::estimated(&table.rows, table.base, what, quality);
            table.rows.extend(more);
        }
        let derived: Vec<ProtectedRow> = table
            .definition
            .derived
            .iter()
            .flat_map(|d| derive(table.definition, d, &table.rows, population.as_ref()))
            .collect();
        table.rows.extend(derived);
        finished.push(ProtectedTable::new(
            table.definition,
            (table.base > 1 && !table.published).then_some(table.base),
            std::mem::take(&mut table.rows),
        ));
        folders.progress.advance(1);
    }
    for definition in built {
        let source = definition.built_from.as_deref();
        let Some(from) = finished
            .iter()
            .find(|t| Some(t.definition().id.as_str()) == source)
        else {
            return Err(missing_source(definition));
        };
        let table = benchmark::build(definition, from);
        finished.push(table);
    }
    folders.progress.end();
    let mut report = write(&tables, &finished, &systems, least_width, job, folders)?;
    if let Some(quality) = &quality {
        let safe = ReleasableQuality::of(quality, QUALITY_BASE).to_json();
        let path = folders.stage.join("quality.json");
        std::fs::write(&path, &safe).map_err(|source| ProtectError::Io {
            path: path.clone(),
            source,
        })?;
        report.files.push(OutputFile {
            path: folders.relative(&path),
            digest: Digest::of(safe.as_bytes()),
            bytes: u64::try_from(safe.len()).unwrap_or(u64::MAX),
            rows: None,
        });
    }
    Ok(report)
}

/// Numbers of people in the quality report are rounded to this.
const QUALITY_BASE: u64 = 10;

fn missing_source(definition: &TableDef) -> ProtectError {
    ProtectError::Spec {
        path: PathBuf::from("[[table]]"),
        problems: vec![Problem {
            row: None,
            column: definition.id.clone(),
            span: None,
            what: "this table is made of another one, which is not asked for".to_owned(),
            help: format!(
                "add the table {}",
                definition.built_from.as_deref().unwrap_or_default()
            ),
        }],
    }
}

type Systems = BTreeSet<Vec<String>>;

/// Protects the tables that have a measure in a concept, together, and appends their rows.
fn one_measure(
    tables: &mut [Working],
    concept: Concept,
    measure: &str,
    rules: &Rules,
) -> Result<(Systems, Option<f64>), ProtectError> {
    let mut members = Vec::new();
    let mut places = Vec::new();
    let key = (concept, measure.to_owned());
    for (i, table) in tables.iter_mut().enumerate() {
        let wanted = table.definition.concepts.contains(&concept)
            && table.definition.measures.iter().any(|m| m == measure);
        if !wanted {
            continue;
        }
        match table.counts.get(&key) {
            None => given_rows(table, concept, measure, &BTreeMap::new()),
            Some(counts) if table.published => {
                let counts = counts.clone();
                given_rows(table, concept, measure, &counts);
            }
            Some(counts) => {
                members.push(member(
                    table.definition,
                    table.base,
                    concept,
                    measure,
                    counts,
                )?);
                places.push(i);
            }
        }
    }
    let outcome = protect_together(&members, rules, false)?;
    for ((member, place), cells) in members.iter().zip(&places).zip(&outcome.tables) {
        let table = &mut tables[*place];
        for cell in publication_order(table.definition, &member.cube) {
            let codes = codes_of(&member.cube, cell);
            table
                .rows
                .push(shown(codes.clone(), concept, measure, &cells[cell]));
            table
                .restricted
                .push((codes, concept, measure.to_owned(), cells[cell]));
        }
    }
    let systems = outcome
        .systems
        .iter()
        .map(|s| s.iter().map(|i| members[*i].name.clone()).collect())
        .collect();
    Ok((systems, outcome.least_width))
}

fn member(
    definition: &TableDef,
    base: u64,
    concept: Concept,
    measure: &str,
    counts: &BTreeMap<Vec<String>, u64>,
) -> Result<Member, ProtectError> {
    let hierarchies = definition
        .dimensions
        .iter()
        .map(|d| {
            let leaves: Vec<String> = d.leaves().map(|c| c.code.clone()).collect();
            let above: BTreeMap<String, String> = d
                .codes
                .iter()
                .filter_map(|c| c.parent.clone().map(|p| (c.code.clone(), p)))
                .collect();
            Hierarchy::new(&leaves, &[above]).map_err(|why| ProtectError::Hierarchy {
                dimension: d.name.clone(),
                why,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let inner = counts
        .iter()
        .filter_map(|(codes, count)| {
            codes
                .iter()
                .zip(&hierarchies)
                .map(|(code, h)| h.leaves.iter().position(|l| h.codes[*l] == *code))
                .collect::<Option<Vec<_>>>()
                .map(|at| (at, *count))
        })
        .collect();
    let cube = Cube {
        variables: definition
            .dimensions
            .iter()
            .map(|d| d.variable.clone())
            .collect(),
        hierarchies,
        inner,
    };
    let impossible = (0..cube.cells().unwrap_or(0))
        .filter(|cell| {
            let codes = codes_of(&cube, *cell);
            let refs: Vec<&str> = codes.iter().map(String::as_str).collect();
            definition.is_not_applicable(concept, measure, &refs)
        })
        .collect();
    Ok(Member {
        name: definition.id.clone(),
        cube,
        min_frequency: definition.suppression.map(|s| s.min_frequency),
        impossible,
        base,
    })
}

fn codes_of(cube: &Cube, cell: usize) -> Vec<String> {
    cube.position(cell)
        .iter()
        .zip(&cube.hierarchies)
        .map(|(at, h)| h.codes[*at].clone())
        .collect()
}

/// The cells of a cube in the order of the definition's codes, totals first.
fn publication_order(definition: &TableDef, cube: &Cube) -> Vec<usize> {
    let ranks: Vec<Vec<usize>> = cube
        .hierarchies
        .iter()
        .zip(&definition.dimensions)
        .map(|(h, d)| {
            h.codes
                .iter()
                .map(|code| {
                    d.codes
                        .iter()
                        .position(|c| c.code == *code)
                        .map_or(0, |i| i + 1)
                })
                .collect()
        })
        .collect();
    let mut order: Vec<usize> = (0..cube.cells().unwrap_or(0)).collect();
    order.sort_by_key(|cell| {
        cube.position(*cell)
            .iter()
            .zip(&ranks)
            .map(|(at, rank)| rank[*at])
            .collect::<Vec<_>>()
    });
    order
}

/// What may be shown of a cell.
fn shown(codes: Vec<String>, concept: Concept, measure: &str, cell: &Cell) -> ProtectedRow {
    let rounded = Rounding { base: cell.base }.apply(cell.count);
    let (value, status) = match cell.state {
        State::Impossible => (None, Status::Z),
        State::Primary | State::Secondary => (None, Status::C),
        State::Shown if rounded == 0 && cell.count > 0 => (None, Status::Low),
        State::Shown => (Some(real(rounded)), Status::Observed),
    };
    ProtectedRow {
        codes,
        concept,
        measure: measure.to_owned(),
        value,
        lower: None,
        upper: None,
        status,
        marker: None,
    }
}

/// Figures as they were given; every other cell of the table is not available.
fn given_rows(
    table: &mut Working,
    concept: Concept,
    measure: &str,
    counts: &BTreeMap<Vec<String>, u64>,
) {
    let Ok(empty) = member(table.definition, 1, concept, measure, &BTreeMap::new()) else {
        return;
    };
    for cell in publication_order(table.definition, &empty.cube) {
        let codes = codes_of(&empty.cube, cell);
        let count = counts.get(&codes).copied();
        let status = match count {
            Some(_) => Status::Observed,
            None if empty.impossible.contains(&cell) => Status::Z,
            None => Status::X,
        };
        table.rows.push(ProtectedRow {
            codes: codes.clone(),
            concept,
            measure: measure.to_owned(),
            value: count.map(real),
            lower: None,
            upper: None,
            status,
            marker: None,
        });
        if let Some(count) = count {
            let as_given = Cell {
                count,
                state: State::Shown,
                base: 1,
                bounds: None,
            };
            table
                .restricted
                .push((codes, concept, measure.to_owned(), as_given));
        }
    }
}

fn write(
    tables: &[Working],
    finished: &[ProtectedTable],
    systems: &Systems,
    least_width: Option<f64>,
    job: &Job,
    folders: &StageFolders<'_>,
) -> Result<StageReport, ProtectError> {
    let mut report = StageReport::default();
    let mut summary = Vec::new();
    let (mut primary, mut secondary) = (0, 0);
    for table in finished {
        let id = &table.definition().id;
        let written = table.save(&folders.stage.join("tables").join(format!("{id}.parquet")))?;
        report.files.push(output(&written, folders));
        let working = tables.iter().find(|w| w.definition.id == *id);
        let state = |s: State| {
            working.map_or(0, |w| {
                w.restricted.iter().filter(|(.., c)| c.state == s).count()
            })
        };
        if let Some(working) = working {
            let path = folders.restricted.join(format!("{id}.parquet"));
            report
                .files
                .push(output(&save_restricted(working, &path)?, folders));
            let cells = working
                .restricted
                .iter()
                .map(|(codes, concept, measure, cell)| {
                    (shown(codes.clone(), *concept, measure, cell), cell)
                });
            report
                .files
                .push(review::save(working.definition, cells, folders)?);
        }
        let (p, s) = (state(State::Primary), state(State::Secondary));
        (primary, secondary) = (primary + p, secondary + s);
        let shown = table.rows().iter().filter(|r| r.value.is_some()).count();
        summary.push(json!({
            "id": id,
            "cells": table.rows().len(),
            "primary": p,
            "secondary": s,
            "shown": shown,
            "rounding": table.rounding(),
        }));
    }
    let summary = json!({
        "tables": summary,
        "protected_together": systems,
        "rules": job.rules,
        "least_width": least_width,
    });
    let path = folders.stage.join("summary.json");
    let text = format!("{summary:#}\n");
    std::fs::write(&path, &text).map_err(|source| ProtectError::Io {
        path: path.clone(),
        source,
    })?;
    report.files.push(OutputFile {
        path: folders.relative(&path),
        digest: Digest::of(text.as_bytes()),
        bytes: u64::try_from(text.len()).unwrap_or(u64::MAX),
        rows: None,
    });
    for (name, value) in [
        ("tables", json!(finished.len())),
        ("primary", json!(primary)),
        ("secondary", json!(secondary)),
        ("least_width", json!(least_width)),
    ] {
        report.figures.insert(name.to_owned(), value);
    }
    Ok(report)
}

fn output(written: &Written, folders: &StageFolders<'_>) -> OutputFile {
    OutputFile {
        path: folders.relative(&written.path),
        digest: written.digest,
        bytes: written.bytes,
        rows: Some(written.rows),
    }
}

/// True counts and states: for the restricted folder only.
fn save_restricted(table: &Working, path: &Path) -> Result<Written, ProtectError> {
    let mut fields: Vec<Field> = table
        .definition
        .dimensions
        .iter()
        .map(|d| Field::new(&d.name, DataType::Utf8, false))
        .collect();
    fields.extend([
        Field::new("concept", DataType::Utf8, false),
        Field::new("measure", DataType::Utf8, false),
        Field::new("count", DataType::UInt64, false),
        Field::new("state", DataType::Utf8, false),
    ]);
    let schema = Arc::new(Schema::new(fields));
    let mut columns: Vec<ArrayRef> = (0..table.definition.dimensions.len())
        .map(|d| {
            let codes = table
                .restricted
                .iter()
                .map(|(c, ..)| c.get(d).map(String::as_str));
            Arc::new(codes.collect::<StringArray>()) as ArrayRef
        })
        .collect();
    let text = |of: &dyn Fn(&TrueCell) -> String| -> ArrayRef {
        Arc::new(
            table
                .restricted
                .iter()
                .map(|r| Some(of(r)))
                .collect::<StringArray>(),
        )
    };
    columns.push(text(&|r| r.1.word().to_owned()));
    columns.push(text(&|r| r.2.clone()));
    columns.push(Arc::new(
        table
            .restricted
            .iter()
            .map(|r| Some(r.3.count))
            .collect::<UInt64Array>(),
    ));
    columns.push(text(&|r| r.3.state.word().to_owned()));
    let mut writer = TableWriter::create(path, schema.clone(), Layout::Restricted, &[])?;
    let batch = RecordBatch::try_new(schema, columns).map_err(|_| ProtectError::NotProtected {
        path: path.to_path_buf(),
    })?;
    writer.write(&batch)?;
    Ok(writer.finish()?)
}
