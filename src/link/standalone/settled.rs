//! From scored pairs to links and entities.

use crate::diagnostic::{Diagnostic, Exit};
use crate::link::LinkError;
use crate::link::agglomerate::{Edge, Rows, agglomerate};
use crate::link::assign::{Cardinality, assign};
use crate::link::cannot_link::{Apart, formed_apart};
use crate::link::engine::{Linked, NEVER};
use crate::link::model::log_odds;
use crate::link::recall::{self, Missed};
use crate::link::settle::{self, Likely};
use crate::pseudonymise::words::{Comparison, Rule};

/// A pair at the threshold is still above it, by this much in natural log odds.
pub(super) const MARGIN: f64 = 1e-3;

fn at(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}

/// What decides beside the model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    /// The rows of each file, and whether it holds nobody twice.
    pub(super) sides: &'a [Rows],
    /// Least probability of a link, where it is stated.
    pub(super) threshold: Option<f64>,
    /// How many partners a row may have, where it is stated.
    pub(super) cardinality: Option<Cardinality>,
    /// What is known to be apart.
    pub(super) apart: &'a Apart,
    /// What was compared.
    pub(super) comparisons: &'a [Comparison],
}

/// What keeps the rows of named pairs apart.
fn never(apart: &Apart, right: impl Fn(u32) -> u32) -> impl Iterator<Item = Edge> {
    apart.named().map(move |(a, b)| Edge {
        a,
        b: right(b),
        weight: NEVER,
    })
}

/// What was decided.
pub(super) struct Settled {
    /// Every pair that is at all likely.
    pub(super) all: Vec<Likely>,
    /// Those that are linked.
    pub(super) links: Vec<Likely>,
    /// Of each row, left ones first, the first row of its entity.
    pub(super) entity: Vec<usize>,
    /// The least probability of a link.
    pub(super) threshold: f64,
    /// Matches that no rule brought together.
    pub(super) missed: Missed,
}

/// Decides.
pub(super) fn settle(linked: &Linked, terms: Terms<'_>) -> Settled {
    match terms.sides {
        [left, right, ..] => between(linked, [*left, *right], terms),
        _ => within(linked, terms),
    }
}

/// Of each row the first row of its entity.
fn entities(edges: Vec<Edge>, terms: Terms<'_>) -> Vec<usize> {
    let dates = terms.apart.dates();
    let form = |edges: &[Edge]| agglomerate(terms.sides, edges);
    let entity = match dates.is_empty() {
        true => form(&edges),
        false => formed_apart(edges, form, |a, b| dates.exclude_any(a, b)),
    };
    entity.into_iter().map(at).collect()
}

/// Rows of one file: entities first, then the pairs that are in one.
fn within(linked: &Linked, terms: Terms<'_>) -> Settled {
    let threshold = terms.threshold.unwrap_or(0.5);
    let all = settle::alone(&linked.pairs);
    let bound = log_odds(threshold) - MARGIN;
    let edges = all.iter().map(|p| Edge {
        a: p.left,
        b: p.right,
        weight: p.log_odds - bound,
    });
    let edges: Vec<Edge> = edges.chain(never(terms.apart, |row| row)).collect();
    let entity = entities(edges, terms);
    let together = |p: &&Likely| entity.get(at(p.left)) == entity.get(at(p.right));
    Settled {
        links: all.iter().filter(together).copied().collect(),
        missed: missed(linked, &all),
        all,
        entity,
        threshold,
    }
}

/// Rows of two files: links by a threshold, then entities of linked rows.
fn between(linked: &Linked, [left, right]: [Rows; 2], terms: Terms<'_>) -> Settled {
    let all = settle::share(&linked.pairs, left.duplicate_free, right.duplicate_free);
    let missed = missed_between(linked, &all, terms.comparisons);
    let best = || settle::best_threshold(&all, missed.about);
    let threshold = terms.threshold.unwrap_or_else(best);
    let chosen = all.iter().filter(|p| p.probability >= threshold);
    let mut links: Vec<Likely> = chosen.copied().collect();
    let bound = log_odds(threshold) - MARGIN;
    if let Some(cardinality) = terms.cardinality {
        links = assign(&links, bound, cardinality);
    }
    let further = |row: u32| u32::try_from(at(row) + left.rows).unwrap_or(u32::MAX);
    // Where it is stated who may have one partner, entities are those of the links.
    let ties = match terms.cardinality {
        Some(_) => &links,
        None => &all,
    };
    let edges = ties.iter().map(|p| Edge {
        a: p.left,
        b: further(p.right),
        weight: match p.log_odds == NEVER {
            true => NEVER,
            false => log_odds(p.probability) - bound,
        },
    });
    let edges: Vec<Edge> = edges.chain(never(terms.apart, further)).collect();
    Settled {
        entity: entities(edges, terms),
        all,
        links,
        threshold,
        missed,
    }
}

/// The pairs for clerical review: at least so probable, below the threshold, and in no link.
pub(super) fn review_band(settled: &Settled, from: f64) -> Result<Vec<Likely>, LinkError> {
    if from >= settled.threshold {
        return Err(LinkError::one(Diagnostic::new(
            "KL-L-034",
            Exit::Usage,
            format!(
                "review is to begin at {from}, which is not below the threshold of links, {:.6}",
                settled.threshold
            ),
            "give a lower --review-from or review_from, or state a higher threshold",
        )));
    }
    let linked: hashbrown::HashSet<(u32, u32)> =
        settled.links.iter().map(|p| (p.left, p.right)).collect();
    let between = |p: &&Likely| p.probability >= from && p.probability < settled.threshold;
    let pairs = settled.all.iter().filter(between);
    let open = pairs.filter(|p| !linked.contains(&(p.left, p.right)));
    Ok(open.copied().collect())
}

fn missed(linked: &Linked, all: &[Likely]) -> Missed {
    let times = linked.pairs.iter().map(|p| p.pattern.rules().count_ones());
    let probabilities = all.iter().map(|p| p.probability);
    recall::missed(probabilities.zip(times), linked.rules.len())
}

/// Between two files, by the fields; by the rules where these ask for too many fields.
fn missed_between(linked: &Linked, all: &[Likely], comparisons: &[Comparison]) -> Missed {
    let rules: Vec<Rule> = linked.rules.iter().map(|cost| cost.rule.clone()).collect();
    let matches = all.iter().map(|p| (p.probability, p.pattern));
    let by_fields = recall::missed_by_fields(matches, comparisons, &rules);
    by_fields.unwrap_or_else(|| missed(linked, all))
}
