//! `kinlink protect explain`: why a cell is hidden, how closely an attacker can bound it, and what
//! else could be hidden in its place. For the restricted side: the answer holds true counts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::{Array, Int64Array, StringArray};
use serde::Serialize;

use super::attacker::{Attack, Reach};
use super::error::{Problem, ProtectError};
use super::linked::Member;
use super::records::Counts;
use super::release::attacker_in_words;
use super::repair::{Ground, Repairer};
use super::secondary::{ranges, truth};
use super::spec::Spec;
use super::standalone::{codes, members};
use super::system::{System, place};
use crate::columnar::{TableReader, text};
use crate::schema::published::TOTAL;

/// Small counts that are told by name.
const TOLD: usize = 10;

/// Why a cell is hidden.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Why {
    /// Its codes, by dimension.
    pub cell: BTreeMap<String, String>,
    /// The true count.
    pub count: u64,
    /// `observed`, `primary` or `secondary`.
    pub state: String,
    /// The reason in words.
    pub reason: String,
    /// What the attacker is taken to know, in words.
    pub attacker: String,
    /// Least value that the attacker must allow.
    pub lower: Option<f64>,
    /// Greatest such value; none where nothing limits it.
    pub upper: Option<f64>,
    /// Small counts that would be too well known if this cell were shown; the first of them.
    pub protects: Vec<BTreeMap<String, String>>,
    /// How many these are.
    pub protected: usize,
    /// The cheapest cells to hide so that this one may be shown, or so that it has its width;
    /// none where there are none.
    pub instead: Option<Vec<BTreeMap<String, String>>>,
    /// What hiding them costs.
    pub cost: f64,
}

/// The restricted table: counts and states by codes.
type Table = BTreeMap<Vec<String>, (u64, String)>;

struct Case<'a> {
    spec: &'a Spec,
    system: System,
    names: Vec<Vec<String>>,
    hidden: Vec<bool>,
    primary: Vec<bool>,
    unknown: Vec<bool>,
}

fn wrong(path: &Path, column: &str, what: &str, help: &str) -> ProtectError {
    ProtectError::Cells {
        path: path.to_path_buf(),
        problems: vec![Problem {
            row: None,
            column: column.to_owned(),
            span: None,
            what: what.to_owned(),
            help: help.to_owned(),
        }],
    }
}

/// Explains a cell of the folder that `kinlink protect table` wrote. `cell` names codes as
/// `la=E06000001,eth=Asian`; dimensions that are not named are totals.
pub fn explain_cell(
    out: &Path,
    cell: &str,
    spec: &Spec,
    spec_path: &Path,
) -> Result<Why, ProtectError> {
    let path = out.join("restricted/cells.parquet");
    let table = read(&path, spec)?;
    let codes = named(cell, spec).ok_or_else(|| {
        let help = "write codes as `la=E06000001,eth=Asian`, by dimensions of the specification";
        wrong(
            Path::new("CELL"),
            "CELL",
            "not a cell of these dimensions",
            help,
        )
    })?;
    let case = Case::new(spec, spec_path, &table)?;
    let found = case.names.iter().position(|n| *n == codes);
    let Some(at) = found.and_then(|at| u32::try_from(at).ok()) else {
        let help = "compare the codes with the input and the hierarchy";
        return Err(wrong(&path, "CELL", "there is no such cell", help));
    };
    Ok(case.why(at))
}

/// The codes of all dimensions from `name=code,name=code`.
fn named(cell: &str, spec: &Spec) -> Option<Vec<String>> {
    let mut codes = vec![TOTAL.to_owned(); spec.dimensions.len()];
    for part in cell.split(',').filter(|p| !p.trim().is_empty()) {
        let (name, code) = part.split_once('=')?;
        let at = spec.dimensions.iter().position(|d| d == name.trim())?;
        code.trim().clone_into(&mut codes[at]);
    }
    Some(codes)
}

fn read(path: &Path, spec: &Spec) -> Result<Table, ProtectError> {
    let bad = || {
        wrong(
            path,
            "count",
            "not a restricted table of ours",
            "name the output folder",
        )
    };
    let mut table = Table::new();
    for batch in TableReader::open(path, None)? {
        let batch = batch?;
        let dimensions = spec
            .dimensions
            .iter()
            .map(|d| text(&batch, d, path))
            .collect::<Result<Vec<&StringArray>, _>>()?;
        let states = text(&batch, "state", path)?;
        let counts = batch.column_by_name("count").ok_or_else(bad)?;
        let counts = counts
            .as_any()
            .downcast_ref::<Int64Array>()
            .ok_or_else(bad)?;
        for i in 0..batch.num_rows() {
            let codes = dimensions.iter().map(|d| d.value(i).to_owned()).collect();
            let count = u64::try_from(counts.value(i)).map_err(|_| bad())?;
            table.insert(codes, (count, states.value(i).to_owned()));
        }
    }
    Ok(table)
}

impl<'a> Case<'a> {
    fn new(spec: &'a Spec, spec_path: &Path, table: &Table) -> Result<Self, ProtectError> {
        let mut system = System::new();
        let mut names: Vec<Vec<String>> = Vec::new();
        for (i, dimensions) in spec.tables.iter().enumerate() {
            let counts = inner(spec, dimensions, table);
            // As a table of its own: the others' dimensions are no margins of it.
            let own = Spec {
                dimensions: dimensions.clone(),
                tables: vec![dimensions.clone()],
                ..spec.clone()
            };
            let members: Vec<Member> = members(&own, spec_path, &counts)?;
            for member in &members {
                let ids = system.join(&member.cube)?;
                names.resize(system.len(), Vec::new());
                for (at, id) in ids.iter().enumerate() {
                    names[place(*id)] = codes(spec, i, member, at);
                }
            }
        }
        let state = |wanted: &[&str]| -> Vec<bool> {
            names
                .iter()
                .map(|n| {
                    table
                        .get(n)
                        .is_some_and(|(_, s)| wanted.contains(&s.as_str()))
                })
                .collect()
        };
        let hidden = state(&["primary", "secondary"]);
        let unknown = system
            .value
            .iter()
            .zip(&hidden)
            .map(|(n, h)| *n > 0 || *h)
            .collect();
        Ok(Case {
            spec,
            primary: state(&["primary"]),
            system,
            names,
            hidden,
            unknown,
        })
    }

    fn cell(&self, id: u32) -> BTreeMap<String, String> {
        let codes = self.names[place(id)].iter().cloned();
        self.spec.dimensions.iter().cloned().zip(codes).collect()
    }

    /// Small counts with less than their width if these cells are hidden.
    fn weak(&self, hidden: &[bool]) -> Vec<u32> {
        let width = self.spec.rules.width.max(1);
        let small = (0..hidden.len()).filter(|c| self.primary[*c] && hidden[*c]);
        let small: Vec<u32> = small.filter_map(|c| u32::try_from(c).ok()).collect();
        let given = ranges(&self.system, hidden, &self.spec.rules);
        match Attack::new(&self.system, given, Some(truth(&self.system))) {
            Ok(mut attack) => small
                .into_iter()
                .filter(|c| attack.reach(*c, width) == Reach::Close)
                .collect(),
            Err(_) => small,
        }
    }

    fn why(&self, at: u32) -> Why {
        let rules = &self.spec.rules;
        let id = place(at);
        let given = ranges(&self.system, &self.hidden, rules);
        let (mut lower, mut upper) = (None, None);
        if let Ok(mut attack) = Attack::new(&self.system, given, Some(truth(&self.system))) {
            let (low, high) = attack.bounds(at);
            (lower, upper) = (Some(low.round()), high.is_finite().then(|| high.round()));
        }
        let count = self.system.value[id];
        let mut protects = Vec::new();
        let (state, reason) = if self.primary[id] {
            let reason = if (1..rules.min_frequency).contains(&count) {
                format!("a count from 1 to {}", rules.min_frequency - 1)
            } else {
                "a zero, a class or an amount that the rules hide".to_owned()
            };
            ("primary", reason)
        } else if self.hidden[id] {
            let mut without = self.hidden.clone();
            without[id] = false;
            protects = self.weak(&without);
            (
                "secondary",
                "hidden for the sake of small counts".to_owned(),
            )
        } else {
            ("observed", "shown".to_owned())
        };
        let (instead, cost) = match state {
            "secondary" => self.instead(at, &protects),
            "primary" => self.instead_of_none(at),
            _ => (None, 0.0),
        };
        let told = protects.iter().take(TOLD).map(|c| self.cell(*c)).collect();
        Why {
            cell: self.cell(at),
            count,
            state: state.to_owned(),
            reason,
            attacker: attacker_in_words(rules),
            lower,
            upper,
            protects: told,
            protected: protects.len(),
            instead: instead.map(|cells| cells.into_iter().map(|c| self.cell(c)).collect()),
            cost,
        }
    }

    /// The cheapest cells to hide so that a small count has its width; empty where it has.
    fn instead_of_none(&self, at: u32) -> (Option<Vec<u32>>, f64) {
        self.repairs(&self.hidden, &vec![false; self.hidden.len()], &[at])
    }

    /// The cheapest cells to hide so that a secondary cell may be shown.
    fn instead(&self, at: u32, protects: &[u32]) -> (Option<Vec<u32>>, f64) {
        let mut hidden = self.hidden.clone();
        hidden[place(at)] = false;
        let mut fixed = vec![false; hidden.len()];
        fixed[place(at)] = true;
        self.repairs(&hidden, &fixed, protects)
    }

    fn repairs(&self, hidden: &[bool], fixed: &[bool], small: &[u32]) -> (Option<Vec<u32>>, f64) {
        let values = self.system.value.iter();
        let cost: Vec<f64> = values.map(|n| self.spec.rules.cost.of(*n)).collect();
        let mut repairer = Repairer::new(Ground {
            system: &self.system,
            unknown: &self.unknown,
            fixed,
            cost: &cost,
            rules: &self.spec.rules,
        });
        let mut hidden = hidden.to_vec();
        let mut cells = BTreeSet::new();
        for c in small {
            let Some(found) = repairer.repair(&hidden, *c, self.spec.rules.width, 0) else {
                return (None, 0.0);
            };
            for c in found.hide {
                hidden[place(c)] = true;
                cells.insert(c);
            }
        }
        let total = cells
            .iter()
            .map(|c| cost[place(*c)])
            .fold(0.0, |a, b| a + b);
        (Some(cells.into_iter().collect()), total)
    }
}

/// The inner cells of one table by the codes of its own dimensions: those that are no margins.
fn inner(spec: &Spec, dimensions: &[String], table: &Table) -> Counts {
    let margins: BTreeSet<String> = dimensions
        .iter()
        .flat_map(|d| {
            spec.hierarchy
                .get(d)
                .into_iter()
                .flatten()
                .map(move |f| (d, f))
        })
        .filter_map(|(d, file)| super::standalone::read_hierarchy(file, d).ok())
        .flat_map(BTreeMap::into_values)
        .collect();
    let is_inner = |codes: &Vec<String>| {
        spec.dimensions.iter().zip(codes).all(|(d, code)| {
            let has = dimensions.contains(d);
            let margin = code == TOTAL || margins.contains(code);
            if has { !margin } else { code == TOTAL }
        })
    };
    let own = |codes: &Vec<String>| -> Vec<String> {
        let at = |d: &String| spec.dimensions.iter().position(|n| n == d);
        let codes = dimensions.iter().filter_map(|d| codes.get(at(d)?));
        codes.cloned().collect()
    };
    let cells = table.iter().filter(|(codes, _)| is_inner(codes));
    cells.map(|(codes, (n, _))| (own(codes), *n)).collect()
}
