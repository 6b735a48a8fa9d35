//! Evaluation of links: against a known truth, or by what the linkage says of itself.
//!
//! Every measure is over pairs. Recall is over all true pairs: a pair that no key brought together
//! is missed like any other. What each figure means and does not mean stands in
//! `docs/linkage-evaluation.md`.
//!
//! | room | what |
//! | --- | --- |
//! | `rows` | the rows of a linkage, numbered |
//! | `truth` | pairs or entities that are known to be true |
//! | `units` | the sets of rows between which errors are independent, and counts over them |
//! | `ratio` | ratios over such units, their intervals and differences |
//! | `score` | precision, recall, F1, and the curve over thresholds |
//! | `inputs` | the inputs read once more, and rows of them side by side |
//! | `anatomy` | where the errors are: by comparison and level |
//! | `group` | errors by group |
//! | `expected` | without a truth: what the model expects of its own links |
//! | `refit` | how far another fit, or other weights of the rules, would move that |

mod anatomy;
mod expected;
mod group;
mod inputs;
mod ratio;
mod refit;
mod rows;
mod score;
mod truth;
mod units;

use std::path::Path;

use serde::Serialize;

use super::LinkError;
use super::out_files;
pub use anatomy::{ComparisonErrors, LevelErrors};
pub use expected::{
    Expectation, Expected, OwnPattern, StandardErrors, Unlinkable, UnlinkableAt, expected, of_pairs,
};
pub use group::{ColumnGroups, FEWEST, Group, Share, Which};
pub(in crate::link) use ratio::score_interval;
pub use ratio::wilson;
use rows::Rows;
pub use score::{AtThreshold, Interval, Score};
use truth::Known;
pub use truth::Truth;
use units::Link;

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
    /// The errors of the links by comparison and level; none where the inputs could not be read
    /// again.
    pub errors: Option<Vec<ComparisonErrors>>,
    /// The errors of the links by group, a column each.
    pub groups: Vec<ColumnGroups>,
    /// What could not be done, in words.
    pub notes: Vec<String>,
}

/// Evaluates a folder that `kinlink link` wrote against a truth, by the values of columns of the
/// first file if there are any.
///
/// # Errors
/// Where the truth is a column of the inputs or there are groups, the inputs must be there and as
/// they were. Where it is a list of pairs they may have gone; the errors are then not taken apart.
pub fn evaluate(out: &Path, truth: &Truth, columns: &[String]) -> Result<Evaluation, LinkError> {
    let inputs = out_files::read_inputs(out)?;
    let rows = Rows::read(out, inputs.inputs.len() > 1)?;
    let unchanged = inputs::unchanged(&inputs);
    let asked = matches!(truth, Truth::EntityColumn(_)) || !columns.is_empty();
    let there = match unchanged {
        Err(error) if asked => return Err(error),
        other => other.is_ok(),
    };
    let known = Known::read(truth, &inputs.inputs, &rows)?;
    let links = read_links(&out.join("links.parquet"), &rows, &known)?;
    let unit = units::of_links(&rows, &known, &links);
    let pairs = units::links(&rows, &known, &unit, &links);
    let mut notes = Vec::new();
    let errors = match there {
        true => Some(anatomy::anatomy(
            (out, &inputs),
            &rows,
            &known,
            &unit,
            &links,
        )?),
        false => {
            notes.push(
                "an input is not there any more or was changed: the errors are not taken apart"
                    .to_owned(),
            );
            None
        }
    };
    let groups = group::groups((out, &inputs), columns, &rows, &known, (&unit, &links))?;
    let kept = out.join("pairs.parquet");
    let all = match kept.exists() {
        true => scored(&kept, &rows, &known)?,
        false => links.iter().map(|l| (l.probability, l.hit)).collect(),
    };
    let true_pairs = units::all_true(&rows, &known);
    Ok(Evaluation {
        true_pairs,
        blocked_true_pairs: all.iter().filter(|p| p.1).count() as u64,
        pairs,
        clusters: units::clusters(&rows, &known),
        by_threshold: score::curve(all, true_pairs),
        errors,
        groups,
        notes,
    })
}

/// The links of rows that there are.
fn read_links(path: &Path, rows: &Rows, known: &Known) -> Result<Vec<Link>, LinkError> {
    let mut out = Vec::new();
    out_files::read_pairs(path, |left, right, probability| {
        if let (Some(a), Some(b)) = (rows.find(left, 0), rows.find(right, 1)) {
            out.push(Link {
                a,
                b,
                probability,
                hit: known.holds(a, b),
            });
        }
    })?;
    Ok(out)
}

/// Of each pair of a file its probability, and whether it is true.
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
