//! What linkage learnt, for the restricted view: the model of each kind of person and the weights
//! of its links. No record and no pseudonym is read.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::{Array, Float64Array};
use serde::Deserialize;

use super::error::ReportError;
use super::sealed_file::Sums;
use crate::columnar::TableReader;

/// The parts of a kind's `model.json` that a report draws.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct ModelRecord {
    /// The comparisons, with m and u.
    pub comparisons: Vec<ComparisonRecord>,
    /// The least probability of a link.
    pub threshold: Option<f64>,
    /// What came of each two sources.
    pub couples: Vec<CoupleRecord>,
    /// What records would be worth against a copy of themselves.
    pub own_rows: Vec<OwnRecord>,
    /// What the model found wrong with itself.
    pub warnings: Vec<String>,
    /// Rounds until nothing changed any more.
    pub rounds: Option<u64>,
    /// Whether it came to that.
    pub converged: Option<bool>,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ComparisonRecord {
    /// Its name.
    pub name: String,
    /// Its levels, best first.
    pub levels: Vec<LevelRecord>,
}

/// One level.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LevelRecord {
    /// Its label.
    pub level: String,
    /// Its share among matches.
    pub m: f64,
    /// Its share among pairs of chance.
    pub u: f64,
}

impl LevelRecord {
    /// The weight in bits: log2 of m over u (Fellegi and Sunter 1969). None where one of the two
    /// is zero.
    pub fn weight(&self) -> Option<f64> {
        let weight = (self.m / self.u).log2();
        (self.m > 0.0 && self.u > 0.0 && weight.is_finite()).then_some(weight)
    }
}

/// Two sources.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct CoupleRecord {
    /// A source.
    pub left: String,
    /// Another, or the same.
    pub right: String,
    /// Expected matches among the pairs compared.
    pub expected_matches: f64,
    /// Matches that no rule brought together.
    #[serde(default)]
    pub missed: Option<MissedRecord>,
    /// Links.
    pub links: u64,
    /// The expected share of matches among the links.
    #[serde(default)]
    pub expected_precision: Option<f64>,
    /// The expected share of matches that are links.
    #[serde(default)]
    pub expected_recall: Option<f64>,
}

/// Records of a source that lack the same.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct OwnRecord {
    /// The source.
    pub side: String,
    /// What they lack.
    pub missing: Vec<String>,
    /// How many there are.
    pub rows: u64,
    /// The natural log odds against a copy; none if no rule would bring the two together.
    pub log_odds: Option<f64>,
}

impl OwnRecord {
    fn is_below(&self, threshold: f64) -> bool {
        self.log_odds
            .is_none_or(|odds| 1.0 / (1.0 + (-odds).exp()) < threshold)
    }
}

/// The records of a source that not even a copy of themselves would be linked to.
#[derive(Debug, Clone, PartialEq)]
pub struct Unlinkable {
    /// The source.
    pub source: String,
    /// All its records.
    pub records: u64,
    /// Those that fall short, at each of [`KindLinkage::UNLINKABLE_AT`].
    pub at: Vec<u64>,
    /// Those that fall short of the run's own threshold.
    pub own: u64,
    /// What they lack, the commonest first.
    pub lacking: Vec<(Vec<String>, u64)>,
}

/// Matches that no rule brought together.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MissedRecord {
    /// About so many.
    pub about: f64,
}

/// A threshold, and what would be linked at it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AtThreshold {
    /// The least probability.
    pub threshold: f64,
    /// Links at or above it.
    pub links: usize,
    /// The expected share of matches among them.
    pub precision: Option<f64>,
    /// The expected share of all matches that are among them.
    pub recall: Option<f64>,
}

/// The linkage of one kind of person.
#[derive(Debug, Clone, PartialEq)]
pub struct KindLinkage {
    /// `adult` or `child`.
    pub kind: String,
    /// The model.
    pub model: ModelRecord,
    /// The weights of the links, in bits, in order.
    weights: Vec<f64>,
    /// Their probabilities, in order.
    probabilities: Vec<f64>,
}

impl KindLinkage {
    /// Reads every kind whose `model.json` is among the files of the run.
    pub(crate) fn read_all(run: &Path, files: &Sums) -> Result<Vec<Self>, ReportError> {
        let mut out = Vec::new();
        for kind in ["adult", "child"] {
            let folder = Path::new("stage/03-link").join(kind);
            let Some(model) = files.json(run, &folder.join("model.json"))? else {
                continue;
            };
            let (mut weights, mut probabilities) = (Vec::new(), Vec::new());
            if let Some(path) = files.checked(run, &folder.join("links.parquet"))? {
                let columns = ["match_weight", "match_probability"];
                for batch in TableReader::open(&path, Some(&columns))? {
                    let batch = batch?;
                    let lists = [&mut weights, &mut probabilities];
                    for (name, list) in columns.into_iter().zip(lists) {
                        let column = batch.column_by_name(name);
                        let numbers = column
                            .and_then(|c| c.as_any().downcast_ref::<Float64Array>())
                            .ok_or_else(|| ReportError::Form { path: path.clone() })?;
                        list.extend(numbers.iter().flatten().filter(|v| v.is_finite()));
                    }
                }
            }
            // In order, so that no sum depends on the order of pseudonyms.
            weights.sort_by(f64::total_cmp);
            probabilities.sort_by(f64::total_cmp);
            out.push(KindLinkage {
                kind: kind.to_owned(),
                model,
                weights,
                probabilities,
            });
        }
        Ok(out)
    }

    /// How many links there are.
    pub fn links(&self) -> usize {
        self.weights.len()
    }

    /// Links by weight: the lower edge of the first bin and the counts of bins of `width` bits.
    pub fn histogram(&self, width: f64) -> Option<(f64, Vec<f64>)> {
        let (first, last) = self.weights.first().zip(self.weights.last())?;
        let from = (first / width).floor() * width;
        let mut counts = vec![0.0];
        let mut edge = from + width;
        for weight in &self.weights {
            while *weight >= edge && counts.len() < 200 {
                counts.push(0.0);
                edge += width;
            }
            if let Some(bin) = counts.last_mut() {
                *bin += 1.0;
            }
        }
        last.is_finite().then_some((from, counts))
    }

    /// The weight that separates links by the threshold: the least weight of a link at or above it.
    pub fn least_weight(&self) -> Option<f64> {
        self.weights.first().copied()
    }

    /// Thresholds at which unlinkable records are counted, beside the run's own.
    pub const UNLINKABLE_AT: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

    /// Source by source, the records that not even a copy of themselves would be linked to: they
    /// lack too much. In the order of the model's sources.
    pub fn unlinkable(&self) -> Vec<Unlinkable> {
        let mut sources: Vec<&str> = Vec::new();
        for own in &self.model.own_rows {
            if !sources.contains(&own.side.as_str()) {
                sources.push(&own.side);
            }
        }
        let own_threshold = self.model.threshold.unwrap_or(0.5);
        let of = |source: &str| {
            let own: Vec<&OwnRecord> = self
                .model
                .own_rows
                .iter()
                .filter(|o| o.side == source)
                .collect();
            let below = |threshold: f64| {
                let short = own.iter().filter(|o| o.is_below(threshold));
                short.map(|o| o.rows).sum()
            };
            let mut lacking: BTreeMap<Vec<String>, u64> = BTreeMap::new();
            for own in own.iter().filter(|o| o.is_below(own_threshold)) {
                *lacking.entry(own.missing.clone()).or_default() += own.rows;
            }
            let mut lacking: Vec<(Vec<String>, u64)> = lacking.into_iter().collect();
            lacking.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
            Unlinkable {
                source: source.to_owned(),
                records: own.iter().map(|o| o.rows).sum(),
                at: Self::UNLINKABLE_AT.map(below).to_vec(),
                own: below(own_threshold),
                lacking,
            }
        };
        sources.into_iter().map(of).collect()
    }

    /// What would be linked at higher thresholds, as far as the links' own probabilities tell.
    pub fn by_threshold(&self) -> Vec<AtThreshold> {
        let own = self.model.threshold.unwrap_or(0.0);
        let grid = [
            0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 0.999,
        ];
        let matches: f64 = self
            .model
            .couples
            .iter()
            .map(|c| c.expected_matches + c.missed.as_ref().map_or(0.0, |m| m.about))
            .sum();
        let mut out = Vec::new();
        for threshold in grid.into_iter().filter(|t| *t >= own) {
            let from = self.probabilities.partition_point(|p| *p < threshold);
            let above = &self.probabilities[from..];
            let expected: f64 = above.iter().sum();
            let count = super::number::real(above.len());
            out.push(AtThreshold {
                threshold,
                links: above.len(),
                precision: (count > 0.0).then(|| expected / count),
                recall: (matches > 0.0).then(|| (expected / matches).min(1.0)),
            });
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linkage() -> KindLinkage {
        KindLinkage {
            kind: "adult".into(),
            model: ModelRecord {
                threshold: Some(0.5),
                couples: vec![CoupleRecord {
                    left: "a".into(),
                    right: "b".into(),
                    expected_matches: 3.0,
                    missed: Some(MissedRecord { about: 1.0 }),
                    links: 3,
                    expected_precision: None,
                    expected_recall: None,
                }],
                ..ModelRecord::default()
            },
            weights: vec![-0.5, 0.0, 4.9, 5.0],
            probabilities: vec![0.55, 0.75, 1.0],
        }
    }

    #[test]
    fn every_link_is_in_one_bin() {
        let (from, counts) = linkage().histogram(2.5).expect("weights");
        // A weight on an edge is in the bin above it.
        assert_eq!((from, counts), (-2.5, vec![1.0; 4]));
    }

    #[test]
    fn a_threshold_trades_recall_for_precision() {
        let at = |t: f64| {
            let all = linkage().by_threshold();
            *all.iter().find(|a| a.threshold == t).expect("on the grid")
        };
        assert_eq!(at(0.5).links, 3);
        assert!((at(0.5).precision.expect("some") - 2.3 / 3.0).abs() < 1e-12);
        assert!((at(0.5).recall.expect("some") - 2.3 / 4.0).abs() < 1e-12);
        assert_eq!((at(0.9).links, at(0.9).precision), (1, Some(1.0)));
    }

    #[test]
    fn records_that_lack_too_much_are_counted_source_by_source() {
        let own = |side: &str, missing: &[&str], rows, log_odds| OwnRecord {
            side: side.into(),
            missing: missing.iter().map(|m| (*m).to_owned()).collect(),
            rows,
            log_odds,
        };
        let mut linkage = linkage();
        linkage.model.own_rows = vec![
            own("b", &[], 90, Some(12.0)),
            own("b", &["forename", "date_of_birth"], 7, Some(-3.0)),
            own("b", &["surname"], 2, None),
            own("b", &["postcode"], 1, Some(3.0)),
            own("a", &[], 5, Some(2.0)),
        ];
        let all = linkage.unlinkable();
        assert_eq!((all[0].source.as_str(), all[0].records), ("b", 100));
        // Odds of e^3 are a probability of 0.953, of e^12 one of 0.999994.
        assert_eq!(
            (all[0].at.as_slice(), all[0].own),
            ([9, 9, 10, 10].as_slice(), 9)
        );
        let lacking = vec![
            (vec!["forename".to_owned(), "date_of_birth".to_owned()], 7),
            (vec!["surname".to_owned()], 2),
        ];
        assert_eq!(all[0].lacking, lacking);
        assert_eq!((all[1].records, all[1].own, all[1].at[1]), (5, 0, 5));
    }

    #[test]
    fn a_level_that_never_occurs_has_no_weight() {
        let level = |m, u| LevelRecord {
            level: "exact".into(),
            m,
            u,
        };
        assert_eq!(level(0.5, 0.125).weight(), Some(2.0));
        assert_eq!(
            (level(0.0, 0.1).weight(), level(0.1, 0.0).weight()),
            (None, None)
        );
    }
}
