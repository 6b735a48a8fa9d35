//! `kinlink protect table`: protects any table of counts by a specification.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use serde::Serialize;

use super::demands::demands;
use super::disguise;
use super::error::{Blocked, ProtectError};
use super::hierarchy::Hierarchy;
use super::linked::{Cell, Member, State, protect_with};
use super::records::{self, Counts, problem};
use super::rules::RoundingMethod;
use super::spec::Spec;
use super::system::Cube;
use crate::columnar::{Layout, TableWriter};
use crate::schema::published::{Status, TOTAL};

/// What was done to a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableSummary {
    /// Cells with all margins; cells that linked tables share count once.
    pub cells: usize,
    /// Small counts (and zeros, where they are hidden).
    pub primary: usize,
    /// Cells hidden for their sake.
    pub secondary: usize,
    /// Cost of the secondary cells.
    pub cost: f64,
    /// Is that cost proven to be the least?
    pub proven_optimum: bool,
    /// How far the cost may be above the least one, as a part of it; none where no bound was
    /// looked for.
    pub gap: Option<f64>,
    /// Least distance between the attacker's bounds of a small count, as far as it was computed;
    /// the true one is not less.
    pub least_width: Option<f64>,
    /// Rounding base of what is shown.
    pub rounding: Option<u64>,
    /// Cells of one person.
    pub singletons: usize,
    /// How many of these people, who know their own cells, learn another small count exactly; none
    /// where the table is too large to look.
    pub singletons_who_learn: Option<usize>,
    /// Where the attacker is a group: were all groups of so many people looked at (`every group`),
    /// or the people of each hidden cell by itself (`cell by cell`), because there are too many?
    pub groups: Option<&'static str>,
    /// The profiles that were named.
    pub profiles: Vec<String>,
    /// How counts are shown that are not hidden.
    pub method: &'static str,
    /// No shown number is further from its count.
    pub largest_deviation: u64,
    /// Mean error variance of the shown numbers, by the law of the method.
    pub error_variance: f64,
    /// Time taken, from reading the input to the end of the audit.
    pub seconds: f64,
}

/// Reads the input, protects it, and writes `cells.parquet`, `restricted/cells.parquet` and
/// `summary.json` to a new folder. Nothing is written unless the audit passed.
pub fn protect_table(
    input: &Path,
    spec: &Spec,
    spec_path: &Path,
    out: &Path,
) -> Result<TableSummary, ProtectError> {
    if spec.dp.is_some() {
        return Err(spec.is_noise(spec_path));
    }
    if out.exists() {
        return Err(ProtectError::Exists {
            path: out.to_path_buf(),
        });
    }
    let started = std::time::Instant::now();
    let records = records::read(input, spec)?;
    let members = members(spec, spec_path, &records.counts)?;
    let wanted = demands(spec, &members, &records);
    let outcome = match protect_with(&members, &wanted, &spec.rules, true) {
        Err(ProtectError::Unprotectable {
            tables,
            cells,
            blocked,
        }) => {
            tell_blocked(out, &blocked)?;
            return Err(ProtectError::Unprotectable {
                tables,
                cells,
                blocked,
            });
        }
        other => other?,
    };
    let shown = disguise::disguise(spec, &members, &outcome, &records)?;
    let mut cells: BTreeMap<Vec<String>, (Cell, u64)> = BTreeMap::new();
    for (i, (member, protected)) in members.iter().zip(&outcome.tables).enumerate() {
        for (at, cell) in protected.iter().enumerate() {
            let value = shown.of(i, at).unwrap_or(cell.count);
            cells.insert(codes(spec, i, member, at), (*cell, value));
        }
    }
    let count = |state: State| cells.values().filter(|(c, _)| c.state == state).count();
    let (primary, secondary) = (count(State::Primary), count(State::Secondary));
    // Without secondary cells nothing can be cheaper.
    let bound = if secondary == 0 {
        Some(outcome.cost)
    } else {
        outcome.bound
    };
    let gap = bound.map(|b| {
        let above = (outcome.cost - b).max(0.0);
        if above > 0.0 {
            above / outcome.cost
        } else {
            0.0
        }
    });
    let summary = TableSummary {
        cells: cells.len(),
        primary,
        secondary,
        cost: outcome.cost,
        proven_optimum: gap.is_some_and(|g| g <= 1e-9),
        gap,
        least_width: outcome.least_width,
        rounding: spec.rounding.map(|r| r.base),
        singletons: outcome.owners.0,
        singletons_who_learn: outcome.owners.1,
        groups: outcome
            .every_group
            .map(|all| if all { "every group" } else { "cell by cell" }),
        profiles: spec.profiles.clone(),
        method: disguise::word(spec),
        largest_deviation: shown.furthest,
        error_variance: shown.variance,
        seconds: started.elapsed().as_secs_f64(),
    };
    write(out, spec, &cells, &summary)?;
    Ok(summary)
}

/// The codes of a cell of a member, one for each dimension of the specification.
pub(super) fn codes(spec: &Spec, table: usize, member: &Member, at: usize) -> Vec<String> {
    let mut key = vec![TOTAL.to_owned(); spec.dimensions.len()];
    let dimensions = spec.tables.get(table).into_iter().flatten();
    let position = member.cube.position(at);
    for ((d, h), code) in dimensions.zip(&member.cube.hierarchies).zip(position) {
        if let Some(slot) = spec.dimensions.iter().position(|n| n == d) {
            key[slot] = h.codes[code].clone();
        }
    }
    key
}

/// Where the codes of all dimensions stand among the leaves of a table.
pub(super) fn leaves(spec: &Spec, table: usize, member: &Member, codes: &[String]) -> Vec<usize> {
    let dimensions = spec.tables.get(table).into_iter().flatten();
    dimensions
        .zip(&member.cube.hierarchies)
        .map(|(d, h)| {
            let at = spec.dimensions.iter().position(|n| n == d).unwrap_or(0);
            // Leaves are sorted and follow the total.
            let leaf = codes.get(at).cloned().unwrap_or_default();
            h.codes[1..=h.leaves.len()]
                .binary_search(&leaf)
                .unwrap_or(0)
        })
        .collect()
}

pub(super) fn members(
    spec: &Spec,
    spec_path: &Path,
    counts: &Counts,
) -> Result<Vec<Member>, ProtectError> {
    let mut hierarchies: BTreeMap<&str, Hierarchy> = BTreeMap::new();
    for (d, name) in spec.dimensions.iter().enumerate() {
        let leaves: BTreeSet<String> = counts.keys().filter_map(|k| k.get(d).cloned()).collect();
        let leaves: Vec<String> = leaves.into_iter().collect();
        let maps = spec
            .hierarchy
            .get(name)
            .into_iter()
            .flatten()
            .map(|file| read_hierarchy(file, name))
            .collect::<Result<Vec<_>, _>>()?;
        let built = Hierarchy::new(&leaves, &maps).map_err(|why| ProtectError::Hierarchy {
            dimension: name.clone(),
            why,
        })?;
        hierarchies.insert(name, built);
    }
    if counts.is_empty() {
        return Err(ProtectError::Cells {
            path: spec_path.to_path_buf(),
            problems: vec![problem(
                None,
                "dimensions",
                "the input has no rows",
                "give rows",
            )],
        });
    }
    Ok(spec
        .tables
        .iter()
        .map(|dimensions| {
            let columns: Vec<(usize, &Hierarchy)> = dimensions
                .iter()
                .filter_map(|d| {
                    let at = spec.dimensions.iter().position(|n| n == d)?;
                    Some((at, hierarchies.get(d.as_str())?))
                })
                .collect();
            // Leaves are sorted, so that their positions are found by bisection.
            let mut inner: BTreeMap<Vec<usize>, u64> = BTreeMap::new();
            for (codes, n) in counts {
                let at = columns
                    .iter()
                    .map(|(column, h)| {
                        let leaf = &codes[*column];
                        h.codes[1..=h.leaves.len()].binary_search(leaf).unwrap_or(0)
                    })
                    .collect();
                *inner.entry(at).or_default() += n;
            }
            Member {
                name: dimensions.join(" × "),
                population: Vec::new(),
                cube: Cube {
                    variables: dimensions.clone(),
                    hierarchies: columns.iter().map(|(_, h)| (*h).clone()).collect(),
                    inner: inner.into_iter().collect(),
                },
                min_frequency: spec.suppress.then_some(spec.rules.min_frequency),
                impossible: BTreeSet::new(),
                base: 1,
            }
        })
        .collect())
}

pub(super) fn read_hierarchy(
    path: &Path,
    dimension: &str,
) -> Result<BTreeMap<String, String>, ProtectError> {
    let text = std::fs::read_to_string(path).map_err(|source| ProtectError::Io {
        path: path.to_path_buf(),
        source,
    })?;
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().cloned().unwrap_or_default();
    let place = |name: &str| header.iter().position(|h| h == name);
    let (Some(child), Some(parent)) = (place("child"), place("parent")) else {
        return Err(ProtectError::Cells {
            path: path.to_path_buf(),
            problems: vec![problem(
                Some(1),
                "child,parent",
                "the columns are not there",
                "a hierarchy file has the columns child and parent",
            )],
        });
    };
    let mut map = BTreeMap::new();
    for record in reader.records() {
        let Ok(record) = record else { continue };
        let cell = |at: usize| record.get(at).unwrap_or_default().to_owned();
        let (child, parent) = (cell(child), cell(parent));
        if map
            .insert(child, parent.clone())
            .is_some_and(|before| before != parent)
        {
            return Err(ProtectError::Hierarchy {
                dimension: dimension.to_owned(),
                why: super::hierarchy::BadHierarchy::TwoParents,
            });
        }
    }
    map.retain(|_, parent| parent != TOTAL);
    Ok(map)
}

/// The cells that stand in the way, for the restricted side only.
fn tell_blocked(out: &Path, blocked: &[Blocked]) -> Result<(), ProtectError> {
    let path = restricted(out)?.join("blocked.json");
    let text = serde_json::to_string_pretty(blocked).unwrap_or_default();
    std::fs::write(&path, text + "\n").map_err(|source| ProtectError::Io { path, source })
}

/// Makes the output folder with its restricted folder.
fn restricted(out: &Path) -> Result<PathBuf, ProtectError> {
    let io = |path: &Path| {
        let path = path.to_path_buf();
        move |source| ProtectError::Io { path, source }
    };
    std::fs::create_dir_all(out).map_err(io(out))?;
    let restricted = out.join("restricted");
    std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700)
        .create(&restricted)
        .map_err(io(&restricted))?;
    Ok(restricted)
}

fn write(
    out: &Path,
    spec: &Spec,
    cells: &BTreeMap<Vec<String>, (Cell, u64)>,
    summary: &TableSummary,
) -> Result<(), ProtectError> {
    let io = |path: &Path| {
        let path = path.to_path_buf();
        move |source| ProtectError::Io { path, source }
    };
    let restricted = restricted(out)?;
    let mut rows: Vec<(&Vec<String>, &(Cell, u64))> = cells.iter().collect();
    // Totals first, then by code.
    rows.sort_by_key(|(codes, _)| {
        codes
            .iter()
            .map(|c| (c.as_str() != TOTAL, c.as_str()))
            .collect::<Vec<_>>()
    });
    let fields = || -> Vec<Field> {
        spec.dimensions
            .iter()
            .map(|d| Field::new(d, DataType::Utf8, false))
            .collect()
    };
    let codes = || -> Vec<ArrayRef> {
        (0..spec.dimensions.len())
            .map(|d| {
                let codes = rows.iter().map(|(c, _)| c.get(d).map(String::as_str));
                Arc::new(codes.collect::<StringArray>()) as ArrayRef
            })
            .collect()
    };
    let (mut values, mut statuses) = (Vec::new(), Vec::new());
    // That a count is not zero is said only where it follows from the rounding anyway.
    let low = spec.rounding_method == RoundingMethod::Nearest && spec.cell_key.is_none();
    for (_, (cell, rounded)) in &rows {
        let (value, status) = match cell.state {
            State::Primary | State::Secondary => (None, Status::C),
            State::Impossible => (None, Status::Z),
            State::Shown if low && *rounded == 0 && cell.count > 0 => (None, Status::Low),
            State::Shown => (i64::try_from(*rounded).ok(), Status::Observed),
        };
        values.push(value);
        statuses.push(status.word());
    }
    let mut shown = fields();
    shown.push(Field::new("value", DataType::Int64, true));
    shown.push(Field::new("status", DataType::Utf8, false));
    let mut columns = codes();
    columns.push(Arc::new(Int64Array::from(values)));
    columns.push(Arc::new(StringArray::from(statuses)));
    save(&out.join("cells.parquet"), shown, columns, Layout::Release)?;

    let mut known = fields();
    known.extend([
        Field::new("count", DataType::Int64, false),
        Field::new("state", DataType::Utf8, false),
        Field::new("lower", DataType::Float64, true),
        Field::new("upper", DataType::Float64, true),
    ]);
    let exact = |of: &dyn Fn(super::attacker::Finding) -> f64| -> ArrayRef {
        let ends = rows
            .iter()
            .map(|(_, (c, _))| c.bounds.filter(|b| b.exact).map(of))
            .collect::<Float64Array>();
        Arc::new(ends)
    };
    let mut columns = codes();
    let counts = rows.iter().map(|(_, (c, _))| i64::try_from(c.count).ok());
    columns.push(Arc::new(counts.collect::<Int64Array>()));
    let states = rows.iter().map(|(_, (c, _))| Some(c.state.word()));
    columns.push(Arc::new(states.collect::<StringArray>()));
    columns.push(exact(&|b| b.lower));
    columns.push(exact(&|b| {
        if b.upper > 9e8 {
            f64::INFINITY
        } else {
            b.upper
        }
    }));
    save(
        &restricted.join("cells.parquet"),
        known,
        columns,
        Layout::Restricted,
    )?;

    let path = out.join("summary.json");
    let text = serde_json::to_string_pretty(summary).unwrap_or_default();
    std::fs::write(&path, text + "\n").map_err(io(&path))
}

fn save(
    path: &Path,
    fields: Vec<Field>,
    columns: Vec<ArrayRef>,
    layout: Layout,
) -> Result<(), ProtectError> {
    let schema = Arc::new(Schema::new(fields));
    let batch =
        RecordBatch::try_new(schema.clone(), columns).map_err(|_| ProtectError::NotProtected {
            path: path.to_path_buf(),
        })?;
    let mut writer = TableWriter::create(path, schema, layout, &[])?;
    writer.write(&batch)?;
    writer.finish()?;
    Ok(())
}
