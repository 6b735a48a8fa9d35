//! Which number is used, and why.
//!
//! Never the best model of a criterion: its interval is that of a model that was told to be true, and
//! holds the truth far less often than it says, BIC's least of all. What is used keeps every
//! dependence of two lists, whatever the table shows of it.

use super::average::{self, Criterion};
use super::estimator::{Estimator, overlap};
use super::fit::{Counts, Fit};
use super::interval::{Interval, log_normal};
use super::model::Model;
use super::saturated;

/// An estimate that can be used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// Where it comes from.
    pub estimator: Estimator,
    /// The model that it is of, or stands nearest to.
    pub model: Model,
    /// People on no list.
    pub unseen: f64,
    /// Standard error of the total.
    pub standard_error: f64,
    /// The interval.
    pub interval: Interval,
    /// How the interval is made.
    pub method: &'static str,
    /// Why this estimator.
    pub why: &'static str,
}

const LOG_NORMAL: &str = "log-normal in the number unseen";

/// The choice for a table; `asked` is a model that the caller wants. `None` if nothing has a number.
pub fn choose(counts: &Counts, fits: &[Fit], asked: Option<Model>) -> Option<Choice> {
    if let Some(model) = asked {
        let fit = fits.iter().find(|f| f.model == model)?;
        return fit
            .admissibility
            .admissible()
            .then(|| of_model(counts, fit));
    }
    match counts.lists() {
        2 => Some(chapman(counts)),
        3 => small_sample(counts).or_else(|| averaged(counts, fits)),
        _ => every_pair(counts, fits).or_else(|| averaged(counts, fits)),
    }
}

fn of_model(counts: &Counts, fit: &Fit) -> Choice {
    Choice {
        estimator: Estimator::Model(fit.model),
        model: fit.model,
        unseen: fit.unseen,
        standard_error: fit.standard_error(),
        interval: log_normal(counts.observed(), fit.unseen, fit.standard_error()),
        method: LOG_NORMAL,
        why: "the model was asked for; its interval takes it to be true",
    }
}

fn chapman(counts: &Counts) -> Choice {
    let found = overlap(counts).estimate();
    Choice {
        estimator: Estimator::Chapman,
        model: Model::independence(2),
        unseen: found.chapman - counts.observed(),
        standard_error: found.se_n,
        interval: found.interval,
        method: LOG_NORMAL,
        why: "two lists: Chapman's form has the least bias. That the lists are independent is assumed \
              and cannot be checked; see the band by odds ratio",
    }
}

fn small_sample(counts: &Counts) -> Option<Choice> {
    let found = saturated::three_lists(counts)?;
    Some(Choice {
        estimator: Estimator::SmallSample,
        model: Model::all_of_order(3, 2),
        unseen: found.unseen,
        standard_error: found.standard_error,
        interval: found.interval(),
        method: LOG_NORMAL,
        why: "three lists: every dependence of two is kept, since leaving one out that a criterion does \
              not see makes the figure too low and too sure; the small-sample form takes off the bias. \
              A dependence of all three cannot be seen in any table; see the band by delta",
    })
}

fn every_pair(counts: &Counts, fits: &[Fit]) -> Option<Choice> {
    let found = average::with_every_pair(fits)?;
    let factor = (1.96 * found.log_error).exp();
    let observed = counts.observed();
    Some(Choice {
        estimator: Estimator::EveryPair,
        model: Model::all_of_order(counts.lists(), 2),
        unseen: found.unseen,
        standard_error: found.unseen * found.log_error.powi(2).exp_m1().sqrt(),
        interval: Interval::of(
            observed + found.unseen / factor,
            observed + found.unseen * factor,
        ),
        method: "log-normal in the number unseen, with the distances between models",
        why: "four lists or more: every dependence of two is kept, since leaving one out that a \
              criterion does not see makes the figure too low and too sure; dependences of three and \
              more are weighed by AIC, and the interval holds the distances between these models",
    })
}

fn averaged(counts: &Counts, fits: &[Fit]) -> Option<Choice> {
    let found = average::average(fits, Criterion::Aic)?;
    let observed = counts.observed();
    let unseen = found.n_hat - observed;
    Some(Choice {
        estimator: Estimator::AicAverage,
        model: average::best(fits, Criterion::Aic)?.model,
        unseen,
        standard_error: found.se_n,
        interval: log_normal(observed, unseen, found.se_n),
        method: "log-normal in the number unseen, with the distances between models",
        why: "no model with every dependence of two has a number in this table, so models that leave \
              some out are averaged by AIC; the figure stands on dependences being nought that cannot \
              be checked",
    })
}
