//! Which models are fitted: all hierarchical ones up to five lists, a bounded search for six.
//!
//! Six lists have 7.8 million hierarchical models. The search begins with independence, all pairs and
//! all triples, and goes from the best models found so far (by AIC, by AIC among those with every pair,
//! and by BIC, in turn) to those with one term more or less, until it has fitted [`MOST_FITS`] or every model near the best has been left.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::average::{Criterion, holds_every_pair};
use super::fit::{Counts, Fit};
use super::model::Model;

/// Most models that a search fits.
pub const MOST_FITS: usize = 5_000;

/// Lists up to which every hierarchical model is fitted.
pub const ALL_UP_TO: usize = 5;

/// Models whose criterion is farther than this from the best have no weight worth searching for: a
/// weight of less than one in a thousand of the best's.
const NEAR: f64 = 14.0;

/// How many of the best are left in one go.
const AT_ONCE: usize = 8;

/// The fits, and whether they are all there are.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// In the order in which models are enumerated or found.
    pub fits: Vec<Fit>,
    /// Every hierarchical model of the order asked for is there.
    pub all: bool,
}

/// Fits the models of a table with terms of at most `order` lists.
pub fn fit_all(counts: &Counts, order: u32) -> Fitted {
    if counts.lists() <= ALL_UP_TO {
        let models = Model::all(counts.lists(), order);
        return Fitted {
            fits: fit(counts, &models),
            all: true,
        };
    }
    search(counts, order, MOST_FITS)
}

/// Best-first search from the smallest and the largest models, of at most `most` fits.
pub fn search(counts: &Counts, order: u32, most: usize) -> Fitted {
    let lists = counts.lists();
    let mut known: BTreeSet<Model> = BTreeSet::new();
    let mut left: BTreeSet<Model> = BTreeSet::new();
    let mut fits = Vec::new();
    let starts = (1..=order.min(3)).map(|o| Model::all_of_order(lists, o));
    let mut next: Vec<Model> = starts.filter(|m| known.insert(*m)).collect();
    for turn in 0.. {
        fits.extend(fit(counts, &next));
        if fits.len() >= most {
            break;
        }
        // Each guide has its turn; where it has nothing left to do, the next one has.
        let tried = (turn..turn + GUIDES.len()).map(|t| GUIDES[t % GUIDES.len()]);
        let mut found = tried.map(|guide| best_not_left(&fits, &left, guide));
        let Some(from) = found.find(|f| !f.is_empty()) else {
            break;
        };
        left.extend(&from);
        let around = from.iter().flat_map(|m| neighbours(*m, order));
        next = around
            .filter(|m| known.insert(*m))
            .take(most - fits.len())
            .collect();
    }
    Fitted { fits, all: false }
}

/// What a search goes by: a criterion, over all models or over those that hold every pair of lists,
/// which the estimate for many lists is made of.
#[derive(Debug, Clone, Copy)]
struct Guide {
    criterion: Criterion,
    every_pair: bool,
}

const GUIDES: [Guide; 3] = [
    Guide {
        criterion: Criterion::Aic,
        every_pair: false,
    },
    Guide {
        criterion: Criterion::Aic,
        every_pair: true,
    },
    Guide {
        criterion: Criterion::Bic,
        every_pair: false,
    },
];

/// The best models whose neighbours have not been looked at.
fn best_not_left(fits: &[Fit], left: &BTreeSet<Model>, guide: Guide) -> Vec<Model> {
    let wanted = |f: &&Fit| !guide.every_pair || holds_every_pair(f.model);
    // A model without a number still leads to others, if there is none with one.
    let value = |f: &Fit| match f.admissibility.admissible() {
        true => guide.criterion.of(f),
        false => f64::INFINITY,
    };
    let best = fits
        .iter()
        .filter(wanted)
        .map(value)
        .fold(f64::INFINITY, f64::min);
    let mut open: Vec<(f64, Model)> = fits
        .iter()
        .filter(wanted)
        .map(|f| (value(f), f.model))
        .filter(|(v, m)| (*v <= best + NEAR || !best.is_finite()) && !left.contains(m))
        .collect();
    open.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    open.into_iter().take(AT_ONCE).map(|(_, m)| m).collect()
}

fn neighbours(model: Model, order: u32) -> impl Iterator<Item = Model> {
    let terms =
        (0..1_usize << model.lists()).filter(move |t| (2..=order).contains(&t.count_ones()));
    terms.filter_map(move |t| model.with(t).or_else(|| model.without(t)))
}

fn fit(counts: &Counts, models: &[Model]) -> Vec<Fit> {
    models.par_iter().map(|m| counts.fit(*m)).collect()
}

/// The models that a bootstrap fits: all of them up to four lists; above, the best by each criterion.
pub fn for_bootstrap(fits: &[Fit], lists: usize, most: usize) -> Vec<Model> {
    if lists <= 4 {
        return fits.iter().map(|f| f.model).collect();
    }
    let mut chosen = Vec::new();
    let mut ranked: Vec<Vec<&Fit>> = Vec::new();
    for criterion in [Criterion::Aic, Criterion::Bic] {
        let mut there: Vec<&Fit> = fits
            .iter()
            .filter(|f| f.admissibility.admissible())
            .collect();
        there.sort_by(|a, b| criterion.of(a).total_cmp(&criterion.of(b)));
        ranked.push(there);
    }
    let longest = ranked.iter().map(Vec::len).max().unwrap_or(0);
    for place in 0..longest {
        for list in &ranked {
            if let Some(fit) = list.get(place)
                && chosen.len() < most
                && !chosen.contains(&fit.model)
            {
                chosen.push(fit.model);
            }
        }
    }
    chosen
}

/// How many models have a number.
pub(super) fn admissible(fits: &[Fit]) -> usize {
    fits.iter().filter(|f| f.admissibility.admissible()).count()
}
