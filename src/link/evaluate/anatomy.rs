//! Where the errors are: how far the rows of true pairs agree, those of missed ones and of false
//! links included, comparison by comparison.

use serde::Serialize;

use super::inputs::{Beside, spec_of};
use super::ratio::Ratio;
use super::rows::{Rows, at};
use super::truth::Known;
use super::units::Link;
use crate::comparison::{Kind, Level, MISSING};
use crate::link::LinkError;
use crate::link::out_files::Inputs;
use hashbrown::HashSet;

/// The errors of one comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparisonErrors {
    /// Its name, which is the field's.
    pub comparison: String,
    /// Its levels, best first, `missing` last; those that no pair has are left out.
    pub levels: Vec<LevelErrors>,
}

/// The pairs at one level of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LevelErrors {
    /// Its label.
    pub level: &'static str,
    /// True pairs that agree so far; those that no rule brought together too.
    pub true_pairs: u64,
    /// How many of them are linked.
    pub found: u64,
    /// `found / true_pairs`.
    pub recall: Option<f64>,
    /// Its interval at 95 %, whole entities counted.
    pub interval: Option<[f64; 2]>,
    /// Links that are wrong and agree so far.
    pub false_links: u64,
}

/// The label of a level that one of two values is missing at, or that names found in another field
/// leave empty.
pub const MISSING_LABEL: &str = "missing";

fn label(kind: Kind, level: usize) -> &'static str {
    let labels = kind.labels();
    let place = level.checked_sub(1);
    let label = place.and_then(|place| labels.get(place));
    label.copied().unwrap_or(MISSING_LABEL)
}

/// One level while pairs are walked.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    true_pairs: u64,
    found: u64,
    false_links: u64,
    ratio: Ratio,
    /// Of the unit that is being walked: true pairs, and found ones.
    here: (f64, f64),
}

impl Cell {
    fn close(&mut self) {
        let (x, y) = std::mem::take(&mut self.here);
        self.ratio.add(x, y);
    }
}

/// The rows of true pairs and of false links.
fn needed(rows: &Rows, known: &Known, unit: &[u32], links: &[Link]) -> Vec<bool> {
    let mut needed = vec![false; rows.side.len()];
    let mut need = |row: u32| {
        if let Some(slot) = needed.get_mut(at(row)) {
            *slot = true;
        }
    };
    known.walk(rows, unit, |a, b| {
        need(a);
        need(b);
    });
    for link in links.iter().filter(|link| !link.hit) {
        need(link.a);
        need(link.b);
    }
    needed
}

/// Takes the errors of links apart. `unit` names the unit of each row.
pub(super) fn anatomy(
    (out, inputs): (&std::path::Path, &Inputs),
    rows: &Rows,
    known: &Known,
    unit: &[u32],
    links: &[Link],
) -> Result<Vec<ComparisonErrors>, LinkError> {
    let spec = spec_of(out, inputs)?;
    let needed = needed(rows, known, unit, links);
    let beside = Beside::read(inputs, &spec, rows, &needed)?;
    let kinds: Vec<Kind> = beside.comparisons().iter().map(|c| c.kind).collect();
    let mut cells: Vec<Vec<Cell>> = kinds
        .iter()
        .map(|kind| vec![Cell::default(); kind.levels()])
        .collect();
    let hits = links.iter().filter(|link| link.hit);
    let found: HashSet<(u32, u32)> = hits.map(|l| (l.a.min(l.b), l.a.max(l.b))).collect();
    let mut last = None;
    known.walk(rows, unit, |a, b| {
        let here = unit.get(at(a)).copied();
        if here != last {
            cells.iter_mut().flatten().for_each(Cell::close);
            last = here;
        }
        let hit = found.contains(&(a, b));
        each(&mut cells, &beside.levels(a, b, rows), |cell| {
            cell.true_pairs += 1;
            cell.found += u64::from(hit);
            cell.here.0 += 1.0;
            cell.here.1 += f64::from(u8::from(hit));
        });
    });
    cells.iter_mut().flatten().for_each(Cell::close);
    for link in links.iter().filter(|link| !link.hit) {
        each(&mut cells, &beside.levels(link.a, link.b, rows), |cell| {
            cell.false_links += 1;
        });
    }
    let told = beside.comparisons().iter().zip(&cells);
    Ok(told
        .map(|(comparison, cells)| ComparisonErrors {
            comparison: comparison.name.clone(),
            levels: levels(comparison.kind, cells),
        })
        .collect())
}

/// The cell of a pair in every comparison.
fn each(cells: &mut [Vec<Cell>], levels: &[Level], change: impl Fn(&mut Cell)) {
    for (cells, level) in cells.iter_mut().zip(levels) {
        if let Some(cell) = cells.get_mut(usize::from(*level)) {
            change(cell);
        }
    }
}

fn levels(kind: Kind, cells: &[Cell]) -> Vec<LevelErrors> {
    let missing = usize::from(MISSING);
    let order = (0..cells.len()).filter(|level| *level != missing);
    let cells = order
        .chain([missing])
        .filter_map(|level| Some((level, cells.get(level)?)));
    let there = cells.filter(|(_, cell)| cell.true_pairs + cell.false_links > 0);
    there
        .map(|(level, cell)| LevelErrors {
            level: label(kind, level),
            true_pairs: cell.true_pairs,
            found: cell.found,
            recall: cell.ratio.value(),
            interval: cell.ratio.interval(),
            false_links: cell.false_links,
        })
        .collect()
}
