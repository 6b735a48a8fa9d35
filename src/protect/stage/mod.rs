//! The stage: inner cells of all tables in, protected tables out.

mod files;
mod rows;
mod suppression_audit;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use self::files::write;
use self::rows::{Slice, codes_of, given_rows, publication_order, shown, slices};
use super::benchmark;
use super::cells::{self, Counts};
use super::derive::{Population, derive};
use super::error::{Problem, ProtectError};
use super::linked::{Cell, Demands, Member, Outcome, protect_together, protect_with};
use super::quality::{self, ReleasableQuality};
use super::rules::{Rounding, Rules};
use super::system::{System, place};
use super::table::{ProtectedRow, ProtectedTable};
use crate::digest::Digest;
use crate::schema::published::{self, Concept, TableDef};
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
    /// The day of the stock, as a series writes it (`2025-09-30`): in a table of stocks by day its
    /// cells are those of the other tables' stocks.
    pub reference: Option<String>,
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
/// Writes `tables/<id>.parquet` and `summary.json` to the stage's folder, `<id>.parquet` with
/// true counts to its restricted folder, and for checkers `<id>.csv`, `bounds.csv` and `Q4.csv` to
/// its review folder. Nothing is written unless the audit of every table
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
            counts: match definition.unavailable {
                Some(_) => Counts::new(),
                None => cells::read(&one.cells, definition, one.published)?,
            },
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
            let done = one_measure(&mut tables, concept, &measure, job)?;
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
            let base = QUALITY_BASE.div_ceil(table.base) * table.base;
            let more = quality::estimated(table.definition, &table.rows, base, what, quality);
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

/// Numbers of people in the quality report are rounded to this, and estimates to the least multiple
/// of their table's base that is no less.
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

/// The cells of a table that are to stay shown, the largest first: all but the small ones, where the
/// definition asks for it.
fn kept(definition: &TableDef, member: &Member, rules: &Rules) -> Result<Vec<usize>, ProtectError> {
    if !definition.keep_shown {
        return Ok(Vec::new());
    }
    let mut system = System::new();
    let cells = system.join(&member.cube)?;
    let count = |id: u32| system.value.get(place(id)).copied().unwrap_or(0);
    let mut large: Vec<(u64, usize)> = cells
        .iter()
        .enumerate()
        .map(|(cell, id)| (count(*id), cell))
        .filter(|(n, _)| *n >= rules.min_frequency)
        .collect();
    large.sort_by_key(|(n, cell)| (std::cmp::Reverse(*n), *cell));
    Ok(large.into_iter().map(|(_, cell)| cell).collect())
}

/// Protects the members with what is to stay shown; where that cannot be, with the smallest of it
/// given up, one after the other.
fn protect(
    members: &[Member],
    keep: &[Vec<usize>],
    rules: &Rules,
) -> Result<Outcome, ProtectError> {
    let most = keep.iter().map(Vec::len).max().unwrap_or(0);
    for number in (1..=most).rev() {
        let shown = |cells: &Vec<usize>| Demands {
            shown: cells.iter().take(number).copied().collect(),
            ..Demands::default()
        };
        let demands: Vec<Demands> = keep.iter().map(shown).collect();
        match protect_with(members, &demands, rules, false) {
            Err(ProtectError::Unprotectable { .. }) => {}
            found => return found,
        }
    }
    protect_together(members, rules, false)
}

/// Protects the tables that have a measure in a concept, together, and appends their rows.
fn one_measure(
    tables: &mut [Working],
    concept: Concept,
    measure: &str,
    job: &Job,
) -> Result<(Systems, Option<f64>), ProtectError> {
    let mut members = Vec::new();
    let mut keep = Vec::new();
    let mut places: Vec<(usize, Vec<String>)> = Vec::new();
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
                let day = job.reference.as_deref();
                let parts = slices(table.definition, table.base, concept, measure, counts, day)?;
                for Slice { codes, member } in parts {
                    keep.push(kept(table.definition, &member, &job.rules)?);
                    members.push(member);
                    places.push((i, codes));
                }
            }
        }
    }
    let outcome = protect(&members, &keep, &job.rules)?;
    for ((member, (place, apart)), cells) in members.iter().zip(&places).zip(&outcome.tables) {
        let table = &mut tables[*place];
        for cell in publication_order(table.definition, &member.cube) {
            let codes = codes_of(table.definition, apart, &member.cube, cell);
            table.rows.push(shown(
                table.definition,
                codes.clone(),
                (concept, measure),
                &cells[cell],
            ));
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
