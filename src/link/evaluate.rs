//! Links against a known truth.
//!
//! Every measure is over pairs. Recall is over all true pairs: a pair that no key brought together
//! is missed like any other. Intervals are Wilson score intervals at 95 % (Wilson 1927), which
//! treat pairs as independent; in clusters of many rows they are too narrow.

use std::path::{Path, PathBuf};

use hashbrown::{HashMap, HashSet};
use serde::Serialize;

use super::LinkError;
use super::chance::real;
use super::out_files::{self, InputFile};
use super::table_file::for_each_row;
use crate::diagnostic::{Diagnostic, Exit, Place};
use crate::digest::Digest;

/// Where the truth stands.
#[derive(Debug, Clone)]
pub enum Truth {
    /// A CSV or Parquet file with the columns `left_id` and `right_id`: the true pairs.
    Pairs(PathBuf),
    /// A column of the inputs that names the true entity.
    EntityColumn(String),
}

/// Precision, recall and F1 of a set of pairs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// Pairs predicted.
    pub predicted: u64,
    /// True pairs among them.
    pub tp: u64,
    /// `tp / predicted`.
    pub precision: Option<f64>,
    /// `tp / true pairs`.
    pub recall: Option<f64>,
    /// `2 tp / (predicted + true pairs)`.
    pub f1: Option<f64>,
    /// Their uncertainty.
    pub interval: Interval,
}

/// Wilson score intervals at 95 %.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Interval {
    /// `wilson`.
    pub method: &'static str,
    /// 0.95.
    pub level: f64,
    /// Of the precision.
    pub precision: Option<[f64; 2]>,
    /// Of the recall.
    pub recall: Option<[f64; 2]>,
}

/// A point of the curve over thresholds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AtThreshold {
    /// Links at least this probable.
    pub threshold: f64,
    /// How many.
    pub predicted: u64,
    /// True ones.
    pub tp: u64,
    /// `tp / predicted`.
    pub precision: Option<f64>,
    /// `tp / true pairs`.
    pub recall: Option<f64>,
    /// `2 tp / (predicted + true pairs)`.
    pub f1: Option<f64>,
}

/// What `evaluate` finds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Pairs that are true.
    pub true_pairs: u64,
    /// True pairs that some key brought together: among the pairs of `pairs.parquet` where there
    /// is one (all of them with `--keep 0`), else among the links.
    pub blocked_true_pairs: u64,
    /// The links.
    pub pairs: Score,
    /// All pairs of rows in one cluster (of two files: of one row from each).
    pub clusters: Score,
    /// The pairs of `pairs.parquet`, or the links, by threshold, from high to low.
    pub by_threshold: Vec<AtThreshold>,
}

fn ratio(a: u64, b: u64) -> Option<f64> {
    (b > 0).then(|| real(a) / real(b))
}

fn f1(tp: u64, predicted: u64, truth: u64) -> Option<f64> {
    ratio(2 * tp, predicted + truth)
}

/// The Wilson score interval at 95 % of `k` out of `n`.
pub fn wilson(k: u64, n: u64) -> Option<[f64; 2]> {
    const Z: f64 = 1.959_963_984_540_054;
    let p = ratio(k, n)?;
    let n = real(n);
    let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    Some([(middle - half).max(0.0), (middle + half).min(1.0)])
}

impl Score {
    fn new(tp: u64, predicted: u64, truth: u64) -> Self {
        Score {
            predicted,
            tp,
            precision: ratio(tp, predicted),
            recall: ratio(tp, truth),
            f1: f1(tp, predicted, truth),
            interval: Interval {
                method: "wilson",
                level: 0.95,
                precision: wilson(tp, predicted),
                recall: wilson(tp, truth),
            },
        }
    }
}

/// The rows of a linkage, numbered; the left rows come first.
struct Rows {
    two: bool,
    number: [HashMap<Box<str>, u32>; 2],
    side: Vec<u8>,
    cluster: Vec<u32>,
}

impl Rows {
    fn read(out: &Path, two: bool) -> Result<Self, LinkError> {
        let mut rows = Rows {
            two,
            number: [HashMap::new(), HashMap::new()],
            side: Vec::new(),
            cluster: Vec::new(),
        };
        let mut clusters: HashMap<Box<str>, u32> = HashMap::new();
        out_files::read_clusters(&out.join("clusters.parquet"), |id, source, entity| {
            let side = u8::from(source == "right");
            let next = count(rows.side.len());
            let [left, right] = &mut rows.number;
            let numbers = if side == 0 { left } else { right };
            numbers.insert(id.into(), next);
            rows.side.push(side);
            let fresh = count(clusters.len());
            rows.cluster
                .push(*clusters.entry(entity.into()).or_insert(fresh));
        })?;
        Ok(rows)
    }

    /// The number of an id on the side that it stands in a pair: 0 left, 1 right.
    fn find(&self, id: &str, side: usize) -> Option<u32> {
        let [left, right] = &self.number;
        let numbers = if side == 1 && self.two { right } else { left };
        numbers.get(id).copied()
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn at(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

enum Known {
    Pairs(HashSet<(u32, u32)>),
    Entities(Vec<Option<u32>>),
}

impl Known {
    fn holds(&self, a: u32, b: u32) -> bool {
        match self {
            Known::Pairs(pairs) => pairs.contains(&(a.min(b), a.max(b))),
            Known::Entities(of) => {
                let entity = |n: u32| of.get(at(n)).copied().flatten();
                entity(a).is_some() && entity(a) == entity(b)
            }
        }
    }

    fn total(&self, rows: &Rows) -> u64 {
        match self {
            Known::Pairs(pairs) => pairs.len() as u64,
            Known::Entities(of) => {
                let mut cells: HashMap<u32, [u64; 2]> = HashMap::new();
                for (entity, side) in of.iter().zip(&rows.side) {
                    if let Some(entity) = entity {
                        enter(cells.entry(*entity).or_default(), *side);
                    }
                }
                cells.values().map(|n| pairs_of(*n, rows.two)).sum()
            }
        }
    }
}

fn enter(cell: &mut [u64; 2], side: u8) {
    let [left, right] = cell;
    *if side == 0 { left } else { right } += 1;
}

/// Pairs in a set of so many left and right rows: across two files, or inside one.
fn pairs_of([left, right]: [u64; 2], two: bool) -> u64 {
    if two {
        left * right
    } else {
        left * left.saturating_sub(1) / 2
    }
}

/// Evaluates a folder that `kinlink link` wrote.
pub fn evaluate(out: &Path, truth: &Truth) -> Result<Evaluation, LinkError> {
    let inputs = out_files::read_inputs(out)?;
    let rows = Rows::read(out, inputs.inputs.len() > 1)?;
    let known = match truth {
        Truth::Pairs(path) => true_pairs(path, &rows)?,
        Truth::EntityColumn(column) => true_entities(&inputs.inputs, column, &rows)?,
    };
    let total = known.total(&rows);
    let links = scored(&out.join("links.parquet"), &rows, &known)?;
    let kept_path = out.join("pairs.parquet");
    let all = if kept_path.exists() {
        scored(&kept_path, &rows, &known)?
    } else {
        links.clone()
    };
    let hits = |pairs: &[(f64, bool)]| pairs.iter().filter(|p| p.1).count() as u64;
    Ok(Evaluation {
        true_pairs: total,
        blocked_true_pairs: hits(&all),
        pairs: Score::new(hits(&links), links.len() as u64, total),
        clusters: clusters(&rows, &known, total),
        by_threshold: curve(all, total),
    })
}

fn scored(path: &Path, rows: &Rows, known: &Known) -> Result<Vec<(f64, bool)>, LinkError> {
    let mut out = Vec::new();
    out_files::read_pairs(path, |left, right, probability| {
        let hit = match (rows.find(left, 0), rows.find(right, 1)) {
            (Some(a), Some(b)) => known.holds(a, b),
            _ => false,
        };
        out.push((probability, hit));
    })?;
    Ok(out)
}

fn clusters(rows: &Rows, known: &Known, total: u64) -> Score {
    let mut of_cluster: HashMap<u32, [u64; 2]> = HashMap::new();
    for (cluster, side) in rows.cluster.iter().zip(&rows.side) {
        enter(of_cluster.entry(*cluster).or_default(), *side);
    }
    let predicted = of_cluster.values().map(|n| pairs_of(*n, rows.two)).sum();
    let tp = match known {
        Known::Pairs(pairs) => {
            let cluster = |n: u32| rows.cluster.get(at(n));
            pairs
                .iter()
                .filter(|(a, b)| cluster(*a) == cluster(*b))
                .count() as u64
        }
        Known::Entities(of) => {
            let mut cells: HashMap<(u32, u32), [u64; 2]> = HashMap::new();
            for ((cluster, entity), side) in rows.cluster.iter().zip(of).zip(&rows.side) {
                if let Some(entity) = entity {
                    enter(cells.entry((*cluster, *entity)).or_default(), *side);
                }
            }
            cells.values().map(|n| pairs_of(*n, rows.two)).sum()
        }
    };
    Score::new(tp, predicted, total)
}

fn curve(mut pairs: Vec<(f64, bool)>, total: u64) -> Vec<AtThreshold> {
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut out = Vec::new();
    let (mut predicted, mut tp) = (0, 0);
    for same in pairs.chunk_by(|a, b| a.0 == b.0) {
        predicted += same.len() as u64;
        tp += same.iter().filter(|p| p.1).count() as u64;
        out.push(AtThreshold {
            threshold: same.first().map_or(0.0, |p| p.0),
            predicted,
            tp,
            precision: ratio(tp, predicted),
            recall: ratio(tp, total),
            f1: f1(tp, predicted, total),
        });
    }
    out
}

/// Problems of one kind that are told row by row.
const TOLD: usize = 20;

fn true_pairs(path: &Path, rows: &Rows) -> Result<Known, LinkError> {
    let mut pairs = HashSet::new();
    let mut problems = Vec::new();
    for_each_row(path, &["left_id", "right_id"], |row, values| {
        let number = |side: usize| {
            let id = values.get(side).copied().flatten();
            id.and_then(|id| rows.find(id, side))
        };
        match (number(0), number(1)) {
            (Some(a), Some(b)) if a != b => {
                pairs.insert((a.min(b), a.max(b)));
            }
            (a, _) => {
                if problems.len() < TOLD {
                    let column = if a.is_none() { "left_id" } else { "right_id" };
                    problems.push(
                        Diagnostic::new(
                            "KL-L-040",
                            Exit::Input,
                            "the truth names a row that was not linked, or a row twice",
                            "check that the truth belongs to these files, left and right in order",
                        )
                        .at(Place::file(path).row(row).column(column)),
                    );
                }
            }
        }
    })?;
    if problems.is_empty() {
        Ok(Known::Pairs(pairs))
    } else {
        Err(LinkError::Problems(problems))
    }
}

fn true_entities(inputs: &[InputFile], column: &str, rows: &Rows) -> Result<Known, LinkError> {
    let mut of = vec![None; rows.side.len()];
    let mut names: HashMap<Box<str>, u32> = HashMap::new();
    for (side, input) in inputs.iter().enumerate() {
        let (digest, _) = Digest::of_file(&input.path).map_err(|source| LinkError::Io {
            path: input.path.clone(),
            source,
        })?;
        if digest != input.digest {
            return Err(LinkError::one(
                Diagnostic::new(
                    "KL-L-041",
                    Exit::Integrity,
                    "the file is not the one that was linked: its digest differs",
                    "link again, or put the first file back",
                )
                .at(Place::file(&input.path)),
            ));
        }
        for_each_row(&input.path, &[&input.id, column], |_, values| {
            if let [Some(id), Some(entity)] = values {
                let fresh = count(names.len());
                let entity = *names.entry((*entity).into()).or_insert(fresh);
                let place = rows.find(id, side).and_then(|n| of.get_mut(at(n)));
                if let Some(place) = place {
                    *place = Some(entity);
                }
            }
        })?;
    }
    Ok(Known::Entities(of))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(sides: &[u8], clusters: &[u32], two: bool) -> Rows {
        Rows {
            two,
            number: [HashMap::new(), HashMap::new()],
            side: sides.to_vec(),
            cluster: clusters.to_vec(),
        }
    }

    proptest! {
        #[test]
        fn clusters_are_counted_as_a_walk_over_all_pairs_counts_them(
            people in proptest::collection::vec((0_u8..2, 0_u32..6, proptest::option::of(0_u32..6)), 0..30),
            two: bool,
        ) {
            let sides: Vec<u8> = people.iter().map(|p| if two { p.0 } else { 0 }).collect();
            let clusters_of: Vec<u32> = people.iter().map(|p| p.1).collect();
            let rows = rows(&sides, &clusters_of, two);
            let entities = Known::Entities(people.iter().map(|p| p.2).collect());
            let (mut predicted, mut tp, mut truth) = (0, 0, 0);
            let mut listed = HashSet::new();
            for a in 0..people.len() {
                for b in a + 1..people.len() {
                    if two && sides[a] == sides[b] {
                        continue;
                    }
                    let same = people[a].2.is_some() && people[a].2 == people[b].2;
                    let together = people[a].1 == people[b].1;
                    predicted += u64::from(together);
                    truth += u64::from(same);
                    tp += u64::from(same && together);
                    if same {
                        listed.insert((a as u32, b as u32));
                    }
                }
            }
            let expected = Score::new(tp, predicted, truth);
            prop_assert_eq!(entities.total(&rows), truth);
            prop_assert_eq!(clusters(&rows, &entities, truth), expected.clone());
            let listed = Known::Pairs(listed);
            prop_assert_eq!(listed.total(&rows), truth);
            prop_assert_eq!(clusters(&rows, &listed, truth), expected);
        }
    }

    #[test]
    fn the_interval_is_wilsons() {
        // Brown, Cai and DasGupta (2001): 0 of 10 gives 0 to 0.2775; 5 of 10 0.2366 to 0.7634.
        let close = |a: f64, b: f64| (a - b).abs() < 1e-4;
        let [low, high] = wilson(0, 10).expect("an interval");
        assert!(close(low, 0.0) && close(high, 0.2775));
        let [low, high] = wilson(5, 10).expect("an interval");
        assert!(close(low, 0.2366) && close(high, 0.7634));
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn the_curve_goes_down_in_steps() {
        let curve = curve(vec![(0.5, false), (0.9, true), (0.5, true)], 4);
        assert_eq!(curve.len(), 2);
        assert_eq!((curve[0].predicted, curve[0].tp), (1, 1));
        assert_eq!(
            (curve[1].predicted, curve[1].tp, curve[1].f1),
            (3, 2, Some(4.0 / 7.0))
        );
    }
}
