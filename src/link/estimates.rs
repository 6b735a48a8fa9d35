//! What a linkage keeps so that its links can be judged without a truth: sums of probabilities, counts
//! of patterns, and what its own rows could reach.
//!
//! `estimates.json` holds sums and counts, `patterns.parquet` a row a pattern: how many pairs have it,
//! and how many matches are expected among them. Neither holds a row or a value of one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

use super::LinkError;
use super::assign::{Cardinality, assign};
use super::engine::Linked;
use super::model::{log_odds, real};
use super::pairs::Pattern;
use super::settle::{self, Likely};
use crate::columnar::{ColumnarError, Layout, TableReader, TableWriter};
use crate::pseudonymise::FOOTER;

/// The word for this form of estimates.
pub const FORM: &str = "kinlink-link-estimates-1";
/// The thresholds at which links are reckoned, beside the linkage's own.
const GRID: [f64; 13] = [
    0.999, 0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05,
];

/// Pairs and what is expected of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sums {
    /// Pairs.
    pub pairs: u64,
    /// Σ p: expected matches among them.
    pub matches: f64,
    /// Σ p (1 − p): the variance of the number of matches, were pairs independent.
    pub variance: f64,
}

impl Sums {
    /// Adds others.
    pub(super) fn add_sums(&mut self, more: &Sums) {
        self.pairs += more.pairs;
        self.matches += more.matches;
        self.variance += more.variance;
    }

    /// Adds a pair.
    pub(super) fn add(&mut self, pair: &Likely) {
        let p = pair.probability;
        self.pairs += 1;
        self.matches += p;
        self.variance += p * (1.0 - p);
    }
}

/// What would be linked at another threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reckoned {
    /// The least probability.
    pub threshold: f64,
    /// Links.
    pub links: u64,
    /// Expected matches among them.
    pub matches: f64,
}

/// Rows of a file that have the same fields filled: what they would be worth against an exact copy
/// of themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnRows {
    /// `left`, `right` or `file`; in a run the name of the source.
    pub side: String,
    /// The comparisons that have no value.
    pub missing: Vec<String>,
    /// Those that have a part of one: an initial, a year.
    pub in_part: Vec<String>,
    /// Rows.
    pub rows: u64,
    /// Blocking rules that would bring them together with their copy.
    pub rules: u32,
    /// The natural log odds against their copy; none if no rule would bring the two together.
    pub log_odds: Option<f64>,
}

/// `estimates.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimates {
    /// [`FORM`].
    pub form: String,
    /// The links.
    pub links: Sums,
    /// The other pairs that are at all likely.
    pub others: Sums,
    /// `links`, or `pairs` where links come of clusters, which are not formed again.
    pub by_threshold_of: String,
    /// From high to low; the linkage's own threshold is among them.
    pub by_threshold: Vec<Reckoned>,
    /// What rows would be worth against themselves.
    pub own_rows: Vec<OwnRows>,
}

/// A row of `patterns.parquet`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PatternSums {
    /// Pairs of some rule's blocks; of many pairs scaled up from those that were counted.
    pub pairs: u64,
    /// Pairs of chance.
    pub chance: u64,
    /// The links.
    pub links: Sums,
    /// Other pairs that are at all likely.
    pub others: Sums,
}

/// Patterns in order.
pub type Patterns = BTreeMap<Pattern, PatternSums>;

/// How links are made of pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Making {
    /// By the threshold.
    Threshold,
    /// By the threshold, then so many partners a row.
    Assigned(Cardinality),
    /// By clusters of the rows of one file.
    Clusters,
}

impl Making {
    /// Of two files or one, and of how many partners a row may have where that is stated.
    pub fn of(two: bool, cardinality: Option<Cardinality>) -> Self {
        match (two, cardinality) {
            (false, _) => Making::Clusters,
            (true, Some(cardinality)) => Making::Assigned(cardinality),
            (true, None) => Making::Threshold,
        }
    }
}

/// Sums up a linkage. `all` are its pairs, as scored; `links` those that are linked, in the same
/// order.
pub fn gather(
    linked: &Linked,
    all: &[Likely],
    links: &[Likely],
    (making, threshold): (Making, f64),
    own_rows: Vec<OwnRows>,
) -> (Estimates, Patterns) {
    let mut patterns = Patterns::new();
    for (pattern, count) in &linked.counts.pairs {
        patterns.entry(*pattern).or_default().pairs = whole(*count);
    }
    for (pattern, count) in &linked.counts.chance {
        patterns.entry(*pattern).or_default().chance = whole(*count);
    }
    let mut open = links.iter().peekable();
    let [mut linked_sums, mut others] = [Sums::default(); 2];
    for (scored, pair) in linked.pairs.iter().zip(all) {
        let sums = patterns.entry(scored.pattern).or_default();
        let is_it = |l: &&Likely| (l.left, l.right) == (pair.left, pair.right);
        if open.next_if(is_it).is_some() {
            linked_sums.add(pair);
            sums.links.add(pair);
        } else {
            others.add(pair);
            sums.others.add(pair);
        }
    }
    let estimates = Estimates {
        form: FORM.to_owned(),
        links: linked_sums,
        others,
        by_threshold_of: match making {
            Making::Clusters => "pairs".to_owned(),
            Making::Threshold | Making::Assigned(_) => "links".to_owned(),
        },
        by_threshold: reckoned(all, making, threshold),
        own_rows,
    };
    (estimates, patterns)
}

/// A count that was made a number, as a count again; exact below 2⁵³.
pub(super) fn whole(count: f64) -> u64 {
    // Halving finds the count without a cast: 53 steps at most.
    let (mut low, mut high) = (0_u64, 1_u64 << 53);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if real(middle) <= count {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

fn reckoned(all: &[Likely], making: Making, own: f64) -> Vec<Reckoned> {
    let mut thresholds: Vec<f64> = GRID.into_iter().chain([own]).collect();
    thresholds.sort_by(|a, b| b.total_cmp(a));
    thresholds.dedup();
    let at = |threshold: f64| {
        let chosen = all.iter().filter(|p| p.probability >= threshold);
        let mut links: Vec<Likely> = chosen.copied().collect();
        if let Making::Assigned(cardinality) = making {
            links = assign(&links, log_odds(threshold), cardinality);
        }
        Reckoned {
            threshold,
            links: links.len() as u64,
            matches: settle::expected(&links),
        }
    };
    thresholds.into_iter().map(at).collect()
}

const COLUMNS: [&str; 9] = [
    "pattern",
    "pairs",
    "chance",
    "links",
    "link_matches",
    "link_variance",
    "others",
    "other_matches",
    "other_variance",
];

/// Which columns are sums and not counts.
fn is_sum(column: &str) -> bool {
    column.ends_with("matches") || column.ends_with("variance")
}

fn schema() -> SchemaRef {
    let field = |name: &&str| {
        let kind = match is_sum(name) {
            true => DataType::Float64,
            false => DataType::UInt64,
        };
        Field::new(*name, kind, false)
    };
    Arc::new(Schema::new(COLUMNS.iter().map(field).collect::<Vec<_>>()))
}

/// Writes `patterns.parquet`. A pattern is a number: twelve levels of four bits, the first comparison
/// of model.json lowest, then a bit for each of its rules.
pub fn write_patterns(
    path: &Path,
    patterns: &Patterns,
    fingerprint: &str,
) -> Result<(), LinkError> {
    let counts = |of: &dyn Fn(&Pattern, &PatternSums) -> u64| -> ArrayRef {
        let values = patterns.iter().map(|(p, s)| of(p, s));
        Arc::new(UInt64Array::from_iter_values(values))
    };
    let sums = |of: &dyn Fn(&PatternSums) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(patterns.values().map(of)))
    };
    let columns = vec![
        counts(&|pattern, _| pattern.0),
        counts(&|_, s| s.pairs),
        counts(&|_, s| s.chance),
        counts(&|_, s| s.links.pairs),
        sums(&|s| s.links.matches),
        sums(&|s| s.links.variance),
        counts(&|_, s| s.others.pairs),
        sums(&|s| s.others.matches),
        sums(&|s| s.others.variance),
    ];
    let footer = [(FOOTER.to_owned(), fingerprint.to_owned())];
    let schema = schema();
    let mut writer = TableWriter::create(path, schema.clone(), Layout::People, &footer)?;
    let malformed = |_| ColumnarError::Malformed {
        path: path.to_path_buf(),
    };
    writer.write(&RecordBatch::try_new(schema, columns).map_err(malformed)?)?;
    writer.finish()?;
    Ok(())
}

/// Reads `patterns.parquet`.
pub fn read_patterns(path: &Path) -> Result<Patterns, LinkError> {
    let mut out = Patterns::new();
    for batch in TableReader::open(path, Some(&COLUMNS))? {
        let batch = batch?;
        let bad = |column: &str| ColumnarError::Column {
            path: path.to_path_buf(),
            column: column.to_owned(),
        };
        let count = |column: &'static str| -> Result<&UInt64Array, LinkError> {
            let array = batch.column_by_name(column);
            let array = array.and_then(|a| a.as_any().downcast_ref());
            array.ok_or_else(|| bad(column).into())
        };
        let sum = |column: &'static str| -> Result<&Float64Array, LinkError> {
            let array = batch.column_by_name(column);
            let array = array.and_then(|a| a.as_any().downcast_ref());
            array.ok_or_else(|| bad(column).into())
        };
        let (pattern, pairs, chance) = (count("pattern")?, count("pairs")?, count("chance")?);
        let links = (count("links")?, sum("link_matches")?, sum("link_variance")?);
        let others = (
            count("others")?,
            sum("other_matches")?,
            sum("other_variance")?,
        );
        for row in 0..batch.num_rows() {
            let sums = |(n, m, v): (&UInt64Array, &Float64Array, &Float64Array)| Sums {
                pairs: n.value(row),
                matches: m.value(row),
                variance: v.value(row),
            };
            let held = PatternSums {
                pairs: pairs.value(row),
                chance: chance.value(row),
                links: sums(links),
                others: sums(others),
            };
            out.insert(Pattern(pattern.value(row)), held);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_written_and_read_back() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("patterns.parquet");
        let sums = |pairs: u64| Sums {
            pairs,
            matches: real(pairs) * 0.7,
            variance: real(pairs) * 0.21,
        };
        let row = |pairs| PatternSums {
            pairs,
            chance: pairs + 1,
            links: sums(pairs / 2),
            others: sums(pairs / 3),
        };
        let patterns: Patterns = [(1, 40), (u64::MAX, 90), (77, 0)]
            .map(|(pattern, pairs)| (Pattern(pattern), row(pairs)))
            .into();
        write_patterns(&path, &patterns, "key").expect("written");
        assert_eq!(read_patterns(&path).expect("read"), patterns);
    }

    #[test]
    fn counts_are_counts_again() {
        for n in [0, 1, 2, 999_999_937, 1 << 52, (1 << 53) - 1] {
            assert_eq!(whole(real(n)), n);
        }
    }
}
