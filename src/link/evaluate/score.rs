//! Precision, recall and F1 of a set of pairs, with their intervals, and the curve over thresholds.

use serde::Serialize;

use super::ratio::Ratio;
use super::units::Counts;
use crate::link::model::real;

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

/// Intervals at 95 %.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Interval {
    /// `wilson` where no entity has more than one pair; `entities` where some have, so that whole
    /// entities are what is counted. That of F1 is always by entities.
    pub method: &'static str,
    /// 0.95.
    pub level: f64,
    /// Of the precision.
    pub precision: Option<[f64; 2]>,
    /// Of the recall.
    pub recall: Option<[f64; 2]>,
    /// Of F1.
    pub f1: Option<[f64; 2]>,
    /// Sets of rows that true and predicted pairs connect: what the intervals count.
    pub entities: u64,
    /// How many independent pairs would be as sure: of precision, recall and F1.
    pub effective: [Option<f64>; 3],
}

impl Score {
    pub(super) fn new(all: Counts, ratios: [&Ratio; 3]) -> Self {
        let [precision, recall, f1] = ratios;
        let simple = precision.is_simple() && recall.is_simple();
        Score {
            predicted: all.predicted,
            tp: all.tp,
            precision: precision.value(),
            recall: recall.value(),
            f1: f1.value(),
            interval: Interval {
                method: if simple { "wilson" } else { "entities" },
                level: 0.95,
                precision: precision.interval(),
                recall: recall.interval(),
                f1: f1.interval(),
                entities: f1.entities(),
                effective: ratios.map(Ratio::effective),
            },
        }
    }
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

fn ratio(a: u64, b: u64) -> Option<f64> {
    (b > 0).then(|| real(a) / real(b))
}

/// The curve of pairs with their probability and whether they are true, from high to low.
pub(super) fn curve(mut pairs: Vec<(f64, bool)>, total: u64) -> Vec<AtThreshold> {
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
            f1: ratio(2 * tp, predicted + total),
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

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
