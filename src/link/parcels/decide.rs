//! The model of pairs of records, and the links.
//!
//! The same model as of everything else, on what encodings show: a comparison's level is how far two
//! encodings agree. A filter of a whole record is one comparison, from which matches and strangers
//! could not be told apart; there the rules speak as well, for a pair that shares its date of birth is
//! asked whether it shares its postcode, too. What strangers look like starts from all pairs, since
//! pairs of chance cannot be compared under block keys.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{FixedSizeBinaryBuilder, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use hashbrown::HashMap;
use serde::Serialize;

use super::join::{Joined, Records};
use crate::columnar::{ColumnarError, Layout, TableWriter};
use crate::link::LinkError;
use crate::link::assign::{Cardinality, assign};
use crate::link::engine::Scored;
use crate::link::model::{self, Counts, Weights, fit, log_odds, real};
use crate::link::model_file::{ComparisonFile, comparison_files};
use crate::link::pairs::Pattern;
use crate::link::recall::{self, Missed};
use crate::link::settle::{self, Likely};
use crate::pseudonymise::{FOOTER, Pseudonym};

/// A pair at the threshold is still above it, by this much in natural log odds.
const MARGIN: f64 = 1e-3;
/// What is said where one rule and one filter are all that there is.
const ONE: &str = "one rule and one filter a record: matches and strangers are told apart by how alike \
    they are alone; state a threshold after a look at the shares of the levels";

/// A rule, in `model.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleTold {
    /// Its name.
    pub name: String,
    /// Pairs of records under it.
    pub pairs: u64,
    /// The estimated share of matches among them.
    pub matches: f64,
    /// Blocks left out because they hold too many pairs, and the pairs in them.
    pub capped: [u64; 2],
}

/// `model.json` of a kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindTold {
    /// `adult` or `child`.
    pub kind: String,
    /// The comparisons, with m and u.
    pub comparisons: Vec<ComparisonFile>,
    /// The rules.
    pub rules: Vec<RuleTold>,
    /// Pairs of records compared, each once.
    pub compared: u64,
    /// Expected matches among them.
    pub expected_matches: f64,
    /// Matches that no rule brought together.
    pub missed: Missed,
    /// The least probability of a link.
    pub threshold: f64,
    /// Links.
    pub links: u64,
    /// The expected share of matches among them.
    pub expected_precision: Option<f64>,
    /// What the model finds wrong with itself.
    pub warnings: Vec<String>,
}

/// The links of a kind of people.
pub struct KindLinks {
    /// What is told.
    pub told: KindTold,
    /// The links, in the order of their records' pseudonyms.
    pub links: Vec<(Pseudonym, Pseudonym, Likely)>,
}

/// Decides: by a threshold of probability, or by that at which the expected F1 is greatest.
pub fn decide(
    joined: &Joined,
    threshold: Option<f64>,
    cardinality: Option<Cardinality>,
) -> KindLinks {
    let mut patterns: HashMap<Pattern, u64> = HashMap::new();
    for (_, _, pattern) in &joined.pairs {
        *patterns.entry(*pattern).or_default() += 1;
    }
    for (pattern, count) in &joined.different {
        *patterns.entry(*pattern).or_default() += count;
    }
    let entries: Vec<(Pattern, u64)> = patterns.into_iter().collect();
    let chance = entries.iter().copied();
    let chance = chance.map(|(pattern, count)| (pattern.without_rules(), count));
    let counts = Counts::new(&joined.comparisons, &joined.rules, entries.clone(), chance);
    let [left, right] = &joined.records;
    let smaller = left.pseudonyms.len().min(right.pseudonyms.len());
    let fitted = fit(&counts, real(smaller as u64));
    let weights = Weights::new(&fitted);
    let scored: Vec<Scored> = joined
        .pairs
        .iter()
        .map(|(left, right, pattern)| Scored {
            left: *left,
            right: *right,
            pattern: *pattern,
            log_odds: weights.log_odds(*pattern),
        })
        .collect();
    // Where a record has one partner at most, the other file holds nobody twice.
    let free = |one: fn(Cardinality) -> bool| cardinality.is_some_and(one);
    let all = settle::share(
        &scored,
        free(Cardinality::right_has_one),
        free(Cardinality::left_has_one),
    );
    let times = all
        .iter()
        .map(|p| (p.probability, p.pattern.rules().count_ones()));
    let missed = recall::missed(times, joined.rules.len());
    let threshold = threshold.unwrap_or_else(|| settle::best_threshold(&all, missed.about));
    let mut links: Vec<Likely> = all
        .iter()
        .filter(|p| p.probability >= threshold)
        .copied()
        .collect();
    if let Some(cardinality) = cardinality {
        links = assign(&links, log_odds(threshold) - MARGIN, cardinality);
    }
    let mut warnings = model::check(&counts, &fitted, &joined.comparisons, &joined.rules);
    if joined.rules.len() == 1 && joined.comparisons.len() == 2 {
        warnings.push(ONE.to_owned());
    }
    let rules = joined.rules.iter().enumerate();
    let rules = rules.map(|(number, rule)| RuleTold {
        name: rule.name.clone(),
        pairs: entries
            .iter()
            .filter(|(p, _)| p.in_rule(number))
            .map(|(_, n)| n)
            .sum(),
        matches: fitted.rules.get(number).map_or(0.0, |rule| rule.matches),
        capped: joined.capped.get(number).copied().unwrap_or_default(),
    });
    let told = KindTold {
        kind: joined.kind.clone(),
        comparisons: comparison_files(&joined.comparisons, &fitted),
        rules: rules.collect(),
        compared: entries.iter().map(|(_, count)| count).sum(),
        expected_matches: settle::expected(&all),
        missed,
        threshold,
        links: links.len() as u64,
        expected_precision: settle::expected_precision(&links),
        warnings,
    };
    KindLinks {
        told,
        links: named(&links, left, right),
    }
}

fn named(links: &[Likely], left: &Records, right: &Records) -> Vec<(Pseudonym, Pseudonym, Likely)> {
    let record = |of: &Records, number: u32| {
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        of.pseudonyms.get(place).copied().unwrap_or_default()
    };
    let named = |link: &Likely| (record(left, link.left), record(right, link.right), *link);
    let mut out: Vec<(Pseudonym, Pseudonym, Likely)> = links.iter().map(named).collect();
    out.sort_unstable_by_key(|(left, right, _)| (*left, *right));
    out
}

/// Writes `<kind>/links.parquet` and `<kind>/model.json`.
pub fn write(out: &Path, key: &str, of: &KindLinks) -> Result<(), LinkError> {
    let folder = out.join(&of.told.kind);
    let path = folder.join("links.parquet");
    let malformed = || ColumnarError::Malformed { path: path.clone() };
    let id = DataType::FixedSizeBinary(16);
    let schema = Arc::new(Schema::new(vec![
        Field::new("left", id.clone(), false),
        Field::new("right", id, false),
        Field::new("match_weight", DataType::Float64, false),
        Field::new("match_probability", DataType::Float64, false),
        Field::new("levels", DataType::Utf8, false),
        Field::new("rules", DataType::Utf8, false),
    ]));
    let footer = [(FOOTER.to_owned(), key.to_owned())];
    let mut writer = TableWriter::create(&path, schema.clone(), Layout::People, &footer)?;
    let comparisons = of.told.comparisons.len();
    for chunk in of.links.chunks(1 << 16) {
        let records = |side: fn(&(Pseudonym, Pseudonym, Likely)) -> &Pseudonym| {
            let mut column = FixedSizeBinaryBuilder::with_capacity(chunk.len(), 16);
            for link in chunk {
                column.append_value(side(link)).map_err(|_| malformed())?;
            }
            Ok::<_, LinkError>(Arc::new(column.finish()))
        };
        let pairs = || chunk.iter().map(|link| &link.2);
        let weights = pairs().map(|pair| pair.log_odds / std::f64::consts::LN_2);
        let levels = pairs().map(|pair| pair.pattern.levels_text(comparisons));
        let rules = pairs().map(|pair| pair.pattern.rules_text());
        let columns: Vec<arrow::array::ArrayRef> = vec![
            records(|link| &link.0)?,
            records(|link| &link.1)?,
            Arc::new(Float64Array::from_iter_values(weights)),
            Arc::new(Float64Array::from_iter_values(
                pairs().map(|p| p.probability),
            )),
            Arc::new(StringArray::from_iter_values(levels)),
            Arc::new(StringArray::from_iter_values(rules)),
        ];
        let batch = RecordBatch::try_new(schema.clone(), columns).map_err(|_| malformed())?;
        writer.write(&batch)?;
    }
    writer.finish()?;
    crate::link::stage::write_json(&folder.join("model.json"), &of.told)?;
    Ok(())
}
