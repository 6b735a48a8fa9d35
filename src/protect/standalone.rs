//! `kinlink protect table`: protects any table of counts by a specification.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use serde::Serialize;

use super::error::{Problem, ProtectError};
use super::hierarchy::Hierarchy;
use super::linked::{Cell, Member, State, protect_together};
use super::rules::Rounding;
use super::spec::Spec;
use super::system::Cube;
use crate::columnar::{Layout, TableReader, TableWriter};
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
    /// Least distance between the attacker's bounds of a small count, as far as it was computed;
    /// the true one is not less.
    pub least_width: Option<f64>,
    /// Rounding base of what is shown.
    pub rounding: Option<u64>,
}

type Counts = BTreeMap<Vec<String>, u64>;

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
    let counts = if is_parquet(input) {
        read_parquet(input, spec)?
    } else {
        read_csv(input, spec)?
    };
    let members = members(spec, spec_path, &counts)?;
    let outcome = protect_together(&members, &spec.rules, true)?;
    let mut cells: BTreeMap<Vec<String>, Cell> = BTreeMap::new();
    for ((member, dimensions), protected) in members.iter().zip(&spec.tables).zip(&outcome.tables) {
        for (at, cell) in protected.iter().enumerate() {
            let position = member.cube.position(at);
            let mut key = vec![TOTAL.to_owned(); spec.dimensions.len()];
            for ((d, h), code) in dimensions
                .iter()
                .zip(&member.cube.hierarchies)
                .zip(position)
            {
                if let Some(slot) = spec.dimensions.iter().position(|n| n == d) {
                    key[slot] = h.codes[code].clone();
                }
            }
            cells.insert(key, *cell);
        }
    }
    let count = |state: State| cells.values().filter(|c| c.state == state).count();
    let (primary, secondary) = (count(State::Primary), count(State::Secondary));
    let summary = TableSummary {
        cells: cells.len(),
        primary,
        secondary,
        cost: outcome.cost,
        proven_optimum: secondary == 0,
        least_width: outcome.least_width,
        rounding: spec.rounding.map(|r| r.base),
    };
    write(out, spec, &cells, &summary)?;
    Ok(summary)
}

fn is_parquet(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("parquet"))
}

fn problem(row: Option<u64>, column: &str, what: &str, help: &str) -> Problem {
    Problem {
        row,
        column: column.to_owned(),
        span: None,
        what: what.to_owned(),
        help: help.to_owned(),
    }
}

/// Adds rows to the counts and collects what is wrong with them.
struct Collector<'a> {
    spec: &'a Spec,
    path: PathBuf,
    counts: Counts,
    problems: Vec<Problem>,
}

impl<'a> Collector<'a> {
    fn new(spec: &'a Spec, path: &Path) -> Self {
        Collector {
            spec,
            path: path.to_path_buf(),
            counts: Counts::new(),
            problems: Vec::new(),
        }
    }

    fn missing(&mut self, column: &str) {
        self.problems.push(problem(
            None,
            column,
            "the input has no such column",
            "compare the names in the specification with the input's header",
        ));
    }

    fn add(&mut self, row: u64, codes: Vec<String>, count: Option<&str>) {
        const MOST: usize = 20;
        if self.problems.len() >= MOST {
            return;
        }
        for (name, code) in self.spec.dimensions.iter().zip(&codes) {
            let what = match code.as_str() {
                "" => "a code is missing",
                TOTAL => "`Total` is a margin; margins are computed here",
                _ => continue,
            };
            let help = "give inner cells or rows only, each with a code";
            self.problems.push(problem(Some(row), name, what, help));
            return;
        }
        let count = match count {
            None => 1,
            Some(text) => match text.trim().parse() {
                Ok(n) => n,
                Err(_) => {
                    let column = self.spec.count.as_deref().unwrap_or_default();
                    let what = "the count is not a whole number of at least 0";
                    self.problems
                        .push(problem(Some(row), column, what, "mend the count"));
                    return;
                }
            },
        };
        *self.counts.entry(codes).or_default() += count;
    }

    fn finish(self) -> Result<Counts, ProtectError> {
        if self.problems.is_empty() {
            Ok(self.counts)
        } else {
            Err(ProtectError::Cells {
                path: self.path,
                problems: self.problems,
            })
        }
    }
}

fn read_csv(path: &Path, spec: &Spec) -> Result<Counts, ProtectError> {
    let mut collector = Collector::new(spec, path);
    let file = std::fs::File::open(path).map_err(|source| ProtectError::Io {
        path: path.to_path_buf(),
        source,
    })?;
    let mut reader = csv::Reader::from_reader(std::io::BufReader::new(file));
    let header: Vec<String> = reader
        .headers()
        .map(|h| {
            h.iter()
                .map(|c| c.trim_start_matches('\u{feff}').to_owned())
                .collect()
        })
        .unwrap_or_default();
    let mut places = Vec::new();
    for name in spec.dimensions.iter().chain(&spec.count) {
        match header.iter().position(|h| h == name) {
            Some(at) => places.push(at),
            None => collector.missing(name),
        }
    }
    if collector.problems.is_empty() {
        for (i, record) in reader.records().enumerate() {
            let row = u64::try_from(i).map_or(0, |i| i + 2);
            match record {
                Ok(record) => {
                    let cell = |at: &usize| record.get(*at).unwrap_or_default();
                    let (dimensions, count) = places.split_at(spec.dimensions.len());
                    let codes = dimensions.iter().map(|at| cell(at).to_owned()).collect();
                    collector.add(row, codes, count.first().map(cell));
                }
                Err(_) => collector.problems.push(problem(
                    Some(row),
                    "",
                    "not a row of CSV in UTF-8 with as many cells as the header",
                    "mend the row",
                )),
            }
        }
    }
    collector.finish()
}

fn read_parquet(path: &Path, spec: &Spec) -> Result<Counts, ProtectError> {
    let mut collector = Collector::new(spec, path);
    let reader = TableReader::open(path, None)?;
    let schema = reader.schema();
    for name in spec.dimensions.iter().chain(&spec.count) {
        if schema.field_with_name(name).is_err() {
            collector.missing(name);
        }
    }
    if !collector.problems.is_empty() {
        return collector.finish();
    }
    let mut row = 0_u64;
    for batch in reader {
        let batch = batch?;
        let texts = |name: &String| -> Result<StringArray, ProtectError> {
            let column = batch.column_by_name(name);
            column
                .and_then(|c| arrow::compute::cast(c, &DataType::Utf8).ok())
                .and_then(|c| c.as_any().downcast_ref::<StringArray>().cloned())
                .ok_or_else(|| ProtectError::Cells {
                    path: path.to_path_buf(),
                    problems: vec![problem(
                        None,
                        name,
                        "the column is of a type that has no codes or counts",
                        "write codes as text and counts as whole numbers",
                    )],
                })
        };
        let dimensions = spec
            .dimensions
            .iter()
            .map(texts)
            .collect::<Result<Vec<_>, _>>()?;
        let counts = spec.count.as_ref().map(texts).transpose()?;
        let at = |a: &StringArray, i: usize| {
            if a.is_null(i) {
                String::new()
            } else {
                a.value(i).to_owned()
            }
        };
        for i in 0..batch.num_rows() {
            row += 1;
            let codes = dimensions.iter().map(|d| at(d, i)).collect();
            let count = counts.as_ref().map(|c| at(c, i));
            collector.add(row, codes, count.as_deref());
        }
    }
    collector.finish()
}

fn members(spec: &Spec, spec_path: &Path, counts: &Counts) -> Result<Vec<Member>, ProtectError> {
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
                cube: Cube {
                    variables: dimensions.clone(),
                    hierarchies: columns.iter().map(|(_, h)| (*h).clone()).collect(),
                    inner: inner.into_iter().collect(),
                },
                min_frequency: spec.suppress.then_some(spec.rules.min_frequency),
                impossible: BTreeSet::new(),
                base: spec.rounding.map_or(1, |r| r.base),
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

fn write(
    out: &Path,
    spec: &Spec,
    cells: &BTreeMap<Vec<String>, Cell>,
    summary: &TableSummary,
) -> Result<(), ProtectError> {
    let io = |path: &Path| {
        let path = path.to_path_buf();
        move |source| ProtectError::Io { path, source }
    };
    std::fs::create_dir_all(out).map_err(io(out))?;
    let restricted = out.join("restricted");
    std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700)
        .create(&restricted)
        .map_err(io(&restricted))?;
    let mut rows: Vec<(&Vec<String>, &Cell)> = cells.iter().collect();
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
    for (_, cell) in &rows {
        let rounded = Rounding { base: cell.base }.apply(cell.count);
        let (value, status) = match cell.state {
            State::Primary | State::Secondary => (None, Status::C),
            State::Impossible => (None, Status::Z),
            State::Shown if rounded == 0 && cell.count > 0 => (None, Status::Low),
            State::Shown => (i64::try_from(rounded).ok(), Status::Observed),
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
            .map(|(_, c)| c.bounds.filter(|b| b.exact).map(of))
            .collect::<Float64Array>();
        Arc::new(ends)
    };
    let mut columns = codes();
    let counts = rows.iter().map(|(_, c)| i64::try_from(c.count).ok());
    columns.push(Arc::new(counts.collect::<Int64Array>()));
    let states = rows.iter().map(|(_, c)| Some(c.state.word()));
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
