//! The tables of a release and those before it as one system.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::super::attacker::Attack;
use super::super::error::ProtectError;
use super::super::hierarchy::Hierarchy;
use super::super::range::Range;
use super::super::reading::{self, Sheet, Spread, Symbol};
use super::super::spec::Spec;
use super::super::standalone::read_hierarchy;
use super::super::system::{Cube, System, place};
use crate::schema::published::TOTAL;

/// All cells of all tables, with what was published of each.
pub(super) struct Case {
    pub system: System,
    /// Codes by cell.
    pub names: Vec<Vec<String>>,
    pub hidden: Vec<bool>,
    pub shown: Vec<bool>,
    /// Which hidden cells are small counts, where the tables say so.
    pub primary: Option<Vec<bool>>,
    pub range: Vec<Range>,
    /// The true counts of hidden cells, where the tables still have them.
    count: Vec<Option<i64>>,
    /// The first of the files, for messages.
    first: PathBuf,
}

/// The hierarchies of all dimensions: leaves are the codes that nothing is below.
fn hierarchies(sheets: &[&Sheet], spec: &Spec) -> Result<Vec<Hierarchy>, ProtectError> {
    let mut out = Vec::new();
    for (d, name) in spec.dimensions.iter().enumerate() {
        let files = spec.hierarchy.get(name).into_iter().flatten();
        let maps = files
            .map(|file| read_hierarchy(file, name))
            .collect::<Result<Vec<_>, _>>()?;
        let parents: BTreeSet<&String> = maps.iter().flat_map(|m| m.values()).collect();
        let mut leaves: BTreeSet<String> = maps.iter().flat_map(|m| m.keys().cloned()).collect();
        for sheet in sheets.iter().filter(|s| s.dimensions.contains(&d)) {
            leaves.extend(sheet.entries.iter().filter_map(|e| e.codes.get(d).cloned()));
        }
        let leaves: Vec<String> = leaves
            .into_iter()
            .filter(|code| code != TOTAL && !parents.contains(code))
            .collect();
        out.push(
            Hierarchy::new(&leaves, &maps).map_err(|why| ProtectError::Hierarchy {
                dimension: name.clone(),
                why,
            })?,
        );
    }
    Ok(out)
}

/// Makes the system of all tables and enters what they say.
pub(super) fn read(
    tables: &[PathBuf],
    known: &[PathBuf],
    spec: &Spec,
) -> Result<Case, ProtectError> {
    let all = |paths: &[PathBuf]| -> Result<Vec<Sheet>, ProtectError> {
        paths.iter().map(|p| reading::read(p, spec)).collect()
    };
    let (sheets, before) = (all(tables)?, all(known)?);
    let every: Vec<&Sheet> = sheets.iter().chain(&before).collect();
    let hierarchies = hierarchies(&every, spec)?;
    let column = |name: &String| spec.dimensions.iter().position(|d| d == name);
    let mut cubes: Vec<Vec<usize>> = spec
        .tables
        .iter()
        .map(|t| t.iter().filter_map(column).collect())
        .filter(|dims: &Vec<usize>| {
            every
                .iter()
                .any(|s| dims.iter().all(|d| s.dimensions.contains(d)))
        })
        .collect();
    for sheet in &every {
        let inside = |dims: &Vec<usize>| sheet.dimensions.iter().all(|d| dims.contains(d));
        if !cubes.iter().any(inside) && !spec.has_tables {
            cubes.push(sheet.dimensions.clone());
        }
    }
    let mut system = System::new();
    let mut index: BTreeMap<Vec<String>, u32> = BTreeMap::new();
    for dims in &cubes {
        let cube = Cube {
            variables: dims.iter().map(|d| spec.dimensions[*d].clone()).collect(),
            hierarchies: dims.iter().map(|d| hierarchies[*d].clone()).collect(),
            inner: Vec::new(),
        };
        for (at, id) in system.join(&cube)?.into_iter().enumerate() {
            let mut codes = vec![TOTAL.to_owned(); spec.dimensions.len()];
            for ((d, h), code) in dims.iter().zip(&cube.hierarchies).zip(cube.position(at)) {
                codes[*d] = h.codes[code].clone();
            }
            index.insert(codes, id);
        }
    }
    let mut names = vec![Vec::new(); system.len()];
    for (codes, id) in &index {
        names[place(*id)] = codes.clone();
    }
    let n = system.len();
    let mut case = Case {
        system,
        names,
        hidden: vec![false; n],
        shown: vec![false; n],
        primary: None,
        range: vec![Range::at_least(0); n],
        count: vec![None; n],
        first: tables.first().cloned().unwrap_or_default(),
    };
    for (sheet, now) in every.iter().zip((0..).map(|i| i < sheets.len())) {
        case.enter(sheet, &index, spec, now)?;
    }
    Ok(case)
}

impl Case {
    /// The counts of all cells, if the tables tell all of them; they hold together.
    pub fn counts(&self, attack: &Attack<'_>) -> Result<Option<Vec<i64>>, ProtectError> {
        let all = (0..self.count.len()).map(|at| {
            let cell = u32::try_from(at).unwrap_or(u32::MAX);
            let range = attack.range(cell);
            self.count[at].or(range.is_known().then_some(range.lower))
        });
        let Some(counts) = all.collect::<Option<Vec<i64>>>() else {
            return Ok(None);
        };
        let fits = |r: &Range, n: &i64| (r.lower..=r.upper).contains(n);
        let adds_up = self.system.relations.iter().all(|relation| {
            let sum: i64 = relation.parts.iter().map(|p| counts[place(*p)]).sum();
            counts[place(relation.total)] == sum
        });
        if adds_up && self.range.iter().zip(&counts).all(|(r, n)| fits(r, n)) {
            Ok(Some(counts))
        } else {
            Err(ProtectError::Contradiction {
                path: self.first.clone(),
            })
        }
    }

    fn enter(
        &mut self,
        sheet: &Sheet,
        index: &BTreeMap<Vec<String>, u32>,
        spec: &Spec,
        now: bool,
    ) -> Result<(), ProtectError> {
        let spread: Spread = reading::spread(spec);
        for entry in &sheet.entries {
            // A cell of a table that the specification leaves out is not looked at.
            let Some(id) = index.get(&entry.codes) else {
                continue;
            };
            let at = place(*id);
            let range = self.range[at].and(entry.symbol.range(&spec.rules, spread));
            if range.lower > range.upper {
                return Err(ProtectError::Contradiction {
                    path: self.first.clone(),
                });
            }
            self.range[at] = range;
            match entry.symbol {
                Symbol::Hidden if now => {
                    self.hidden[at] = true;
                    self.count[at] = self.count[at].or(entry.count);
                }
                Symbol::Silent | Symbol::Hidden => {}
                _ => self.shown[at] = true,
            }
            if let (Some(primary), true) = (entry.primary, now) {
                let n = self.hidden.len();
                let marks = self.primary.get_or_insert_with(|| vec![false; n]);
                marks[at] |= primary && entry.symbol == Symbol::Hidden;
            }
        }
        Ok(())
    }
}
