//! All of it for one table: models, the figure, intervals, diagnostics, warnings.

use super::average::{Criterion, best, holds_every_pair, weights};
use super::bootstrap::{Plan, Resampled, bootstrap};
use super::diagnose::{diagnose, log_normal_of, warnings};
use super::error::CaptureError;
use super::estimator::Estimator;
use super::fit::{Counts, Fit};
use super::interval::{LEVEL, log_normal, wald};
use super::model::Model;
use super::profile::profile;
use super::read::ReadTable;
use super::report::{
    BootstrapInterval, Intervals, ModelIntervals, ModelRow, ModelsFitted, ProfileInterval,
    Replicates, Report, Selected,
};
use super::search::{admissible, fit_all, for_bootstrap};
use super::select::{Choice, choose};
use super::table::Table;

/// Models that a bootstrap of five lists or more fits.
pub const BOOTSTRAP_MODELS: usize = 100;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Options {
    /// The largest number of lists in a term; `None` for any.
    pub max_order: Option<u32>,
    /// A model to use whatever the criteria say, by its terms.
    pub model: Option<String>,
    /// Replicates of the bootstrap; 0 for none.
    pub replicates: u32,
    /// The seed of the bootstrap.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            max_order: None,
            model: None,
            replicates: 1_000,
            seed: 1,
        }
    }
}

/// Everything that can be said of a table.
///
/// # Errors
///
/// A model that is none of this table, or a number of replicates out of range.
pub fn analyse(read: &ReadTable, options: &Options) -> Result<Report, CaptureError> {
    let replicates = options.replicates;
    if !(replicates == 0 || (100..=100_000).contains(&replicates)) {
        return Err(CaptureError::Replicates { replicates });
    }
    let table = &read.table;
    let asked = match &options.model {
        Some(text) => Some(parse(text, table.lists()).ok_or(CaptureError::Model)?),
        None => None,
    };
    let counts = Counts::of(table);
    let highest = u32::try_from(table.order() - 1).unwrap_or(1).max(1);
    let max_order = options.max_order.unwrap_or(highest).clamp(1, highest);
    let mut found = fit_all(&counts, max_order);
    if let Some(model) = asked
        && !found.fits.iter().any(|f| f.model == model)
    {
        found.fits.push(counts.fit(model));
    }
    let fits = sorted(found.fits);
    let choice = choose(&counts, &fits, asked);
    let diagnostics = diagnose(table, &counts, &fits, choice.as_ref(), asked);
    let mut warned = warnings(&counts, &fits, choice.as_ref(), &diagnostics);
    let intervals = intervals(table, &counts, &fits, choice.as_ref(), options, &mut warned);
    let lists = table.lists();
    let rows = fits.iter().zip(weights(&fits, Criterion::Aic));
    Ok(Report {
        n_observed: table.observed(),
        lists: lists.to_vec(),
        models_fitted: ModelsFitted {
            fitted: fits.len(),
            admissible: admissible(&fits),
            all: found.all,
            max_order,
        },
        models: rows.map(|(f, w)| ModelRow::of(f, w, lists)).collect(),
        selected: choice.as_ref().map(|c| selected(&counts, c, lists)),
        intervals,
        diagnostics,
        warnings: warned,
        notes: read.notes.clone(),
    })
}

/// Best AIC first; those without a number last, in the order of enumeration.
fn sorted(mut fits: Vec<Fit>) -> Vec<Fit> {
    let value = |f: &Fit| match f.admissibility.admissible() {
        true => f.aic(),
        false => f64::INFINITY,
    };
    fits.sort_by(|a, b| value(a).total_cmp(&value(b)));
    fits
}

fn selected(counts: &Counts, choice: &Choice, lists: &[String]) -> Selected {
    Selected {
        estimator: choice.estimator.name(),
        model: choice.model.name(lists),
        n_hat: counts.observed() + choice.unseen,
        unseen: choice.unseen,
        se_n: choice.standard_error,
        interval: choice.interval,
        interval_method: choice.method,
        why: choice.why,
    }
}

fn intervals(
    table: &Table,
    counts: &Counts,
    fits: &[Fit],
    choice: Option<&Choice>,
    options: &Options,
    warned: &mut Vec<String>,
) -> Intervals {
    let observed = counts.observed();
    let lists = table.lists();
    let of_choice = choice.and_then(|c| fits.iter().find(|f| f.model == c.model));
    let of_choice = of_choice.filter(|f| f.admissibility.admissible());
    let profile = of_choice.and_then(|f| {
        let found = profile(counts, f.model, f.unseen)?;
        Some(ProfileInterval {
            model: f.model.name(lists),
            n_hat: found.top,
            interval: found.interval,
        })
    });
    if profile.as_ref().is_some_and(|p| p.interval.upper.is_none()) {
        warned.push("the profile of the likelihood has no upper end: it stays flat however many people there are".to_owned());
    }
    let (drawn_models, resampled) = resampled(table, fits, choice, options);
    let rows: Vec<BootstrapInterval> = resampled
        .iter()
        .map(|r| bootstrap_row(r, r.estimator.point(counts, fits)))
        .collect();
    let of_selected = choice.and_then(|c| rows.iter().find(|r| r.estimator == c.estimator.name()));
    if of_selected.is_some_and(|r| r.interval.upper.is_none()) {
        warned.push(
            "the bootstrap sets no upper end: too many replicates have no finite estimate"
                .to_owned(),
        );
    }
    Intervals {
        level: LEVEL,
        wald: choice.map(|c| wald(observed, observed + c.unseen, c.standard_error)),
        lognormal: choice.map(|c| log_normal(observed, c.unseen, c.standard_error)),
        profile,
        bootstrap: of_selected.cloned(),
        by_model: by_model(counts, fits, lists),
        replicates: (!rows.is_empty()).then_some(Replicates {
            replicates: options.replicates,
            seed: options.seed,
            models: drawn_models,
        }),
        by_estimator: rows,
    }
}

/// The bootstrap of every estimator, and how many models it fits.
fn resampled(
    table: &Table,
    fits: &[Fit],
    choice: Option<&Choice>,
    options: &Options,
) -> (usize, Vec<Resampled>) {
    if options.replicates == 0 {
        return (0, Vec::new());
    }
    let mut estimators = vec![
        Estimator::AicAverage,
        Estimator::BicAverage,
        Estimator::AicBest,
        Estimator::BicBest,
    ];
    // Two lists have one model, and nothing to choose.
    if table.order() == 2 {
        estimators.clear();
    }
    let mut models = for_bootstrap(fits, table.order(), BOOTSTRAP_MODELS);
    if let Some(choice) = choice {
        estimators.retain(|e| *e != choice.estimator);
        estimators.insert(0, choice.estimator);
        if let Estimator::Model(model) = choice.estimator
            && !models.contains(&model)
        {
            models.push(model);
        }
        if table.order() > 4 && choice.estimator == Estimator::EveryPair {
            models.extend(pairs_kept(fits, &models));
        }
    }
    let plan = Plan {
        replicates: options.replicates,
        seed: options.seed,
        models,
        estimators,
    };
    (plan.models.len(), bootstrap(table, &plan))
}

/// The best models with every pair that are not there yet: the average over them needs them.
fn pairs_kept(fits: &[Fit], there: &[Model]) -> Vec<Model> {
    let sound = fits.iter().filter(|f| f.admissibility.admissible());
    let kept = sound.filter(|f| holds_every_pair(f.model));
    kept.take(BOOTSTRAP_MODELS / 2)
        .map(|f| f.model)
        .filter(|m| !there.contains(m))
        .collect()
}

fn bootstrap_row(found: &Resampled, n_hat: Option<f64>) -> BootstrapInterval {
    BootstrapInterval {
        estimator: found.estimator.name(),
        n_hat,
        interval: found.bca,
        percentile: found.percentile,
        se_n: found.standard_error,
        without_number: found.without_number,
    }
}

fn by_model(counts: &Counts, fits: &[Fit], lists: &[String]) -> Vec<ModelIntervals> {
    let pairs = Model::all_of_order(counts.lists(), 2);
    let independence = Model::independence(counts.lists());
    let find = |m: Model| {
        let there = fits.iter().find(|f| f.model == m);
        there.filter(|f| f.admissibility.admissible())
    };
    let mut out: Vec<ModelIntervals> = Vec::new();
    for (which, fit) in [
        ("best AIC", best(fits, Criterion::Aic)),
        ("best BIC", best(fits, Criterion::Bic)),
        ("all pairs", find(pairs)),
        ("independence", find(independence)),
    ] {
        let Some(fit) = fit else { continue };
        let model = fit.model.name(lists);
        if let Some(there) = out.iter_mut().find(|m| m.model == model) {
            there.which.push(which);
            continue;
        }
        out.push(ModelIntervals {
            which: vec![which],
            model,
            n_hat: fit.total(),
            wald: wald(counts.observed(), fit.total(), fit.standard_error()),
            lognormal: log_normal_of(counts, fit),
            profile: profile(counts, fit.model, fit.unseen).map(|p| p.interval),
        });
    }
    out
}

/// A model by its terms, in any order: `a + b + a:b`.
pub fn parse(text: &str, lists: &[String]) -> Option<Model> {
    let mut terms = Vec::new();
    for term in text.split('+') {
        let mut set = 0_usize;
        for name in term.trim().split(':') {
            let place = lists.iter().position(|l| l == name.trim())?;
            set |= 1 << place;
        }
        terms.push(set);
    }
    terms.sort_by_key(|t| t.count_ones());
    let mains = (0..lists.len()).all(|i| terms.contains(&(1 << i)));
    let mut model = Model::independence(lists.len());
    for term in terms.iter().filter(|t| t.count_ones() > 1) {
        if !model.has(*term) {
            model = model.with(*term)?;
        }
    }
    mains.then_some(model)
}
