//! `kinlink protect audit`: what an attacker can learn from published tables, ours or another's.
//!
//! All tables of a release, and the releases before it, become one system: a cell that stands in
//! several is one cell, and what each says of it must hold together. The bounds of every hidden
//! cell follow; a cell is exposed where they are closer than the rules allow, and a certificate
//! names the published cells that give it away.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::attacker::{Attack, Certificate, Reach};
use super::error::ProtectError;
use super::exact::{count, rounded, signed};
use super::hierarchy::Hierarchy;
use super::range::Range;
use super::reading::{self, Sheet, Spread, Symbol};
use super::rules::{Attacker, Rules, Zeros};
use super::spec::Spec;
use super::standalone::read_hierarchy;
use super::system::{Cube, System, place};
use crate::schema::published::TOTAL;

/// Bounds are computed exactly for all hidden cells where there are no more than this.
const MOST_EXACT: usize = 2_000;
/// Cells that stand in no table are looked at by programs where there are no more than this.
const MOST_IMPLIED: usize = 4_000;
/// At most so many certificates are worked out.
const CERTIFICATES: usize = 100;

/// Why a cell is exposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A hidden cell has a single possible value.
    Exact,
    /// The bounds of a small count are closer than the width asked for.
    Narrow,
    /// A small count that stands in no table follows from what does.
    Implied,
    /// The true count behind a rounded number follows, and it is small.
    Unpicked,
}

/// A published cell in a certificate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Term {
    /// Its codes, by dimension.
    pub cell: BTreeMap<String, String>,
    /// How many times it is counted; below 0 it is subtracted.
    pub times: f64,
}

/// The published cells that give a bound away.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proof {
    /// The bound: the sum of the terms.
    pub bound: f64,
    /// Published cells.
    pub published: Vec<Term>,
    /// Hidden cells of which the attacker knows the least or greatest value.
    pub limits: Vec<Term>,
}

/// The bounds of a hidden cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellBounds {
    /// Its codes, by dimension.
    pub cell: BTreeMap<String, String>,
    /// Least value; none where it was not computed exactly.
    pub lower: Option<f64>,
    /// Greatest value; none where nothing limits it, or it was not computed exactly.
    pub upper: Option<f64>,
    /// Why it is exposed, if it is.
    pub exposed: Option<Kind>,
    /// What gives the least value away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Proof>,
    /// What gives the greatest value away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Proof>,
}

/// What an audit of published tables found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReleaseAudit {
    /// What the attacker is taken to know, in words.
    pub attacker: String,
    /// Least distance between the bounds of a small count.
    pub width: u64,
    /// Tables of the release.
    pub tables: usize,
    /// Tables that were known before.
    pub earlier: usize,
    /// Cells of the system, published or not.
    pub cells: usize,
    /// Hidden cells.
    pub hidden: usize,
    /// Hidden cells that are marked as small counts; none where no table marks them.
    pub primary: Option<usize>,
    /// Components of cells that hang together, and the size of the largest.
    pub largest_component: usize,
    /// Linear programs solved.
    pub programs: usize,
    /// Exposed cells.
    pub exposed: usize,
    /// Exposed cells by kind.
    pub by_kind: BTreeMap<Kind, usize>,
    /// Every exposed cell, and every hidden cell where they are few.
    pub bounds: Vec<CellBounds>,
}

/// What an attacker is taken to know, in words.
pub(crate) fn attacker_in_words(rules: &Rules) -> String {
    let owner = match (rules.attacker, rules.owns()) {
        (Attacker::Singleton, _) => "; and who is alone in a cell and knows it".to_owned(),
        (Attacker::Group, Some(n)) => format!("; and, with others, {n} in all, makes up a cell"),
        _ => String::new(),
    };
    match (rules.attacker, rules.zeros) {
        (Attacker::Outsider, _) => "an outsider: hidden counts are at least 0".to_owned(),
        (_, Zeros::Hidden) => {
            "one who knows the rule: zeros are hidden too, so that hidden counts are at least 0"
                .to_owned()
                + &owner
        }
        (_, Zeros::Open) => {
            "one who knows the rule: hidden counts are at least 1".to_owned() + &owner
        }
    }
}

struct Case {
    system: System,
    names: Vec<Vec<String>>,
    hidden: Vec<bool>,
    shown: Vec<bool>,
    primary: Option<Vec<bool>>,
    range: Vec<Range>,
}

/// Audits published tables together with those that were known before.
pub fn audit_release(
    tables: &[PathBuf],
    known: &[PathBuf],
    spec: &Spec,
) -> Result<ReleaseAudit, ProtectError> {
    let read = |paths: &[PathBuf]| -> Result<Vec<Sheet>, ProtectError> {
        paths.iter().map(|p| reading::read(p, spec)).collect()
    };
    let (sheets, before) = (read(tables)?, read(known)?);
    let case = case(&sheets, &before, spec, tables)?;
    let contradiction = || ProtectError::Contradiction {
        path: tables.first().cloned().unwrap_or_default(),
    };
    let mut attack =
        Attack::new(&case.system, case.range.clone(), None).map_err(|_| contradiction())?;
    if case.system.len() <= 200_000 && !attack.is_possible() {
        return Err(contradiction());
    }
    let exposed = exposures(&case, &mut attack, spec);
    let mut bounds = Vec::new();
    let hidden: Vec<u32> = cells(&case.hidden);
    let all = hidden.len() <= MOST_EXACT;
    let mut told: BTreeSet<u32> = exposed.keys().copied().collect();
    if all {
        told.extend(&hidden);
    }
    for (position, cell) in told.into_iter().enumerate() {
        let kind = exposed.get(&cell).copied();
        let computed = all || position < MOST_EXACT;
        let (lower, upper) = if computed {
            attack.bounds(cell)
        } else {
            (f64::NAN, f64::NAN)
        };
        let finite = |x: f64| x.is_finite().then(|| clean(x));
        let certified = kind.is_some() && bounds.len() < CERTIFICATES;
        let proof = |attack: &mut Attack<'_>, up| {
            let found = certified.then(|| attack.certificate(cell, up)).flatten();
            found.map(|c| proof(&case, spec, c))
        };
        bounds.push(CellBounds {
            cell: named(&case, spec, cell),
            lower: finite(lower),
            upper: finite(upper),
            exposed: kind,
            at_least: proof(&mut attack, false),
            at_most: proof(&mut attack, true),
        });
    }
    let mut by_kind: BTreeMap<Kind, usize> = BTreeMap::new();
    for kind in exposed.values() {
        *by_kind.entry(*kind).or_default() += 1;
    }
    Ok(ReleaseAudit {
        attacker: attacker_in_words(&spec.rules),
        width: spec.rules.width.max(1),
        tables: tables.len(),
        earlier: known.len(),
        cells: case.system.len(),
        hidden: hidden.len(),
        primary: case.primary.as_ref().map(|p| cells(p).len()),
        largest_component: attack.largest_component(),
        programs: attack.programs,
        exposed: exposed.len(),
        by_kind,
        bounds,
    })
}

fn cells(marks: &[bool]) -> Vec<u32> {
    let all = (0..marks.len()).filter(|c| marks[*c]);
    all.filter_map(|c| u32::try_from(c).ok()).collect()
}

/// A bound without the last digits of a computation.
fn clean(x: f64) -> f64 {
    if (x - x.round()).abs() < 1e-6 {
        signed(rounded(x))
    } else {
        x
    }
}

fn named(case: &Case, spec: &Spec, cell: u32) -> BTreeMap<String, String> {
    let codes = &case.names[place(cell)];
    spec.dimensions
        .iter()
        .cloned()
        .zip(codes.iter().cloned())
        .collect()
}

fn proof(case: &Case, spec: &Spec, certificate: Certificate) -> Proof {
    let terms = |list: Vec<(u32, f64)>| -> Vec<Term> {
        let terms = list.into_iter().map(|(cell, times)| Term {
            cell: named(case, spec, cell),
            times: clean(times),
        });
        terms.collect()
    };
    Proof {
        bound: clean(certificate.bound),
        published: terms(certificate.published),
        limits: terms(certificate.limits),
    }
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

fn case(
    sheets: &[Sheet],
    before: &[Sheet],
    spec: &Spec,
    tables: &[PathBuf],
) -> Result<Case, ProtectError> {
    let every: Vec<&Sheet> = sheets.iter().chain(before).collect();
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
    };
    let first: &Path = tables.first().map_or(Path::new(""), PathBuf::as_path);
    for (sheet, now) in every.iter().zip((0..).map(|i| i < sheets.len())) {
        case.enter(sheet, &index, spec, now, first)?;
    }
    Ok(case)
}

impl Case {
    fn enter(
        &mut self,
        sheet: &Sheet,
        index: &BTreeMap<Vec<String>, u32>,
        spec: &Spec,
        now: bool,
        path: &Path,
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
                    path: path.to_path_buf(),
                });
            }
            self.range[at] = range;
            match entry.symbol {
                Symbol::Hidden if now => self.hidden[at] = true,
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

fn exposures(case: &Case, attack: &mut Attack<'_>, spec: &Spec) -> BTreeMap<u32, Kind> {
    let rules = &spec.rules;
    let width = rules.width.max(1);
    let small = |n: i64| (1..count(rules.min_frequency)).contains(&n);
    let mut out = BTreeMap::new();
    for cell in cells(&case.hidden) {
        let at = place(cell);
        let wanted = match &case.primary {
            Some(marks) if !marks[at] => 1,
            _ => width,
        };
        if attack.reach(cell, wanted) != Reach::Close {
            continue;
        }
        let (lower, upper) = attack.bounds(cell);
        let (lower, upper) = ((lower - 1e-6).ceil(), (upper + 1e-6).floor());
        let marked = case.primary.as_ref().is_some_and(|marks| marks[at]);
        if upper <= lower {
            out.insert(cell, Kind::Exact);
        } else if marked
            || (case.primary.is_none() && small(rounded(lower.max(1.0))) && small(rounded(upper)))
        {
            // Without marks, only what is certainly small counts as narrow.
            out.insert(cell, Kind::Narrow);
        }
    }
    let implied: Vec<u32> = (0..case.hidden.len())
        .filter(|c| !case.hidden[*c] && !case.shown[*c])
        .filter_map(|c| u32::try_from(c).ok())
        .collect();
    let programs = implied.len() <= MOST_IMPLIED;
    let rounded_cells = cells(&case.shown).into_iter().filter(|c| {
        let given = case.range[place(*c)];
        given.lower < given.upper
    });
    let rounded_cells: Vec<u32> = rounded_cells.collect();
    let unpicked = rounded_cells.len() <= MOST_IMPLIED;
    let lists = [
        (implied, programs, Kind::Implied),
        (rounded_cells, unpicked, Kind::Unpicked),
    ];
    for (list, programs, kind) in lists {
        for cell in list {
            let range = attack.range(cell);
            let single = if range.lower == range.upper {
                Some(range.lower)
            } else if programs && attack.reach(cell, 1) == Reach::Close {
                let (lower, upper) = attack.bounds(cell);
                let (lower, upper) = ((lower - 1e-6).ceil(), (upper + 1e-6).floor());
                (upper <= lower).then(|| rounded(lower))
            } else {
                None
            };
            if single.is_some_and(small) {
                out.insert(cell, kind);
            }
        }
    }
    out
}
