//! What speaks for and against a number, and the warnings that follow from it.

use super::average::{self, Criterion, average};
use super::bayes;
use super::coverage::{implied_coverage, lower_bound, sample_coverage, within_lists};
use super::estimator::Estimator;
use super::fit::{Admissibility, Counts, Fit};
use super::interval::{Interval, log_normal};
use super::model::{Model, term_name};
use super::pair::{ODDS_RATIOS, Overlap};
use super::report::{BandRow, Bayes, CoverageRow, Diagnostics, GraphRow, PairRow, WithinRow};
use super::saturated::{DELTAS, factor};
use super::select::{Choice, choose};
use super::table::{CELLS, Table};

/// Most people unseen for each one seen in the posterior.
const FARTHEST: u32 = 30;

/// Shares of the people on one list alone that are taken off it.
const TRIMMED: [f64; 3] = [0.02, 0.05, 0.10];

/// Models of an average that are fitted again to a trimmed table, best AIC first.
const REFITTED: usize = 200;

/// Graphs that are told.
const GRAPHS: usize = 5;

/// A share of one list on another below which the lists hardly meet.
const LITTLE_COVERED: f64 = 0.5;

/// Sample coverage below which its estimator is unstable (Chao and Tsay 1998).
const LITTLE_COVERAGE: f64 = 0.55;

/// Everything that is told of a table beside its models. `asked` is a model that the caller wants.
pub fn diagnose(
    table: &Table,
    counts: &Counts,
    fits: &[Fit],
    choice: Option<&Choice>,
    asked: Option<Model>,
) -> Diagnostics {
    let best = average::best(fits, Criterion::Aic).map(Fit::aic);
    let near = |f: &&Fit| best.is_some_and(|b| f.aic() <= b + 2.0);
    let all = |f: &&Fit| f.admissibility.admissible();
    Diagnostics {
        aic_average: average(fits, Criterion::Aic),
        bic_average: average(fits, Criterion::Bic),
        range_within_2_aic: range(fits.iter().filter(all).filter(near)),
        range_of_models: range(fits.iter().filter(all)),
        lower_bound: lower_bound(table),
        sample_coverage: sample_coverage(table),
        bayes: posterior(table),
        pairs: pairs(table, counts),
        theta_band: theta_band(table, counts),
        delta_band: choice.map(|c| delta_band(counts, c)).unwrap_or_default(),
        implied_coverage: covered(table),
        within_lists: within(table),
        trimmed: choice
            .map(|c| trimmed(counts, fits, c, asked))
            .unwrap_or_default(),
    }
}

fn range<'a>(fits: impl Iterator<Item = &'a Fit>) -> Option<[f64; 2]> {
    fits.map(Fit::total).fold(None, |range, n| match range {
        None => Some([n, n]),
        Some([low, high]) => Some([low.min(n), high.max(n)]),
    })
}

fn posterior(table: &Table) -> Option<Bayes> {
    let found = bayes::posterior(table, FARTHEST)?;
    let name = |pairs: &[usize]| pairs.iter().map(|p| term_name(*p, table.lists())).collect();
    let graphs = found.graphs.iter().take(GRAPHS).map(|(p, pairs)| GraphRow {
        pairs: name(pairs),
        probability: *p,
    });
    Some(Bayes {
        mean: found.mean,
        sd: found.sd,
        median: found.median,
        interval: Interval::of(found.lower, found.upper),
        mode: found.mode,
        farthest: found.farthest,
        graphs: graphs.collect(),
    })
}

/// Every two of the lists.
fn twos(lists: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..lists).flat_map(move |i| (i + 1..lists).map(move |j| (i, j)))
}

fn pairs(table: &Table, counts: &Counts) -> Vec<PairRow> {
    twos(table.order())
        .map(|(i, j)| PairRow {
            lists: term_name(1 << i | 1 << j, table.lists()),
            estimate: overlap(counts, i, j).estimate(),
        })
        .collect()
}

fn overlap(counts: &Counts, i: usize, j: usize) -> Overlap {
    Overlap {
        first: counts.margin(1 << i),
        second: counts.margin(1 << j),
        both: counts.margin(1 << i | 1 << j),
    }
}

fn theta_band(table: &Table, counts: &Counts) -> Vec<BandRow> {
    if table.order() != 2 {
        return Vec::new();
    }
    let two = overlap(counts, 0, 1);
    let row = |theta: f64| BandRow {
        assumed: theta,
        n_hat: two.with_odds_ratio(theta),
        interval: None,
    };
    ODDS_RATIOS.into_iter().map(row).collect()
}

fn delta_band(counts: &Counts, choice: &Choice) -> Vec<BandRow> {
    // For two lists it is the band by odds ratio.
    if counts.lists() == 2 {
        return Vec::new();
    }
    let observed = counts.observed();
    let row = |delta: f64| {
        let times = factor(counts.lists(), delta);
        let end = |x: Option<f64>| x.map_or(f64::NAN, |x| observed + (x - observed) * times);
        BandRow {
            assumed: delta,
            n_hat: Some(observed + choice.unseen * times),
            interval: Some(Interval::of(
                end(choice.interval.lower),
                end(choice.interval.upper),
            )),
        }
    };
    DELTAS.into_iter().map(row).collect()
}

fn covered(table: &Table) -> Vec<CoverageRow> {
    let name = |i: usize| table.lists()[i].clone();
    let rows = implied_coverage(table)
        .into_iter()
        .map(|(by, of, share)| CoverageRow {
            by: name(by),
            of: name(of),
            share,
        });
    rows.collect()
}

fn within(table: &Table) -> Vec<WithinRow> {
    let rows = within_lists(table).into_iter().map(|w| WithinRow {
        list: table.lists()[w.list].clone(),
        from: term_name(w.others, table.lists()),
        size: w.size,
        estimate: w.estimate,
    });
    rows.collect()
}

/// The same estimator with a share of the people on one list alone taken off, as if they had been
/// listed by mistake (over-coverage). Of an average, the models that carry it are fitted again.
fn trimmed(counts: &Counts, fits: &[Fit], choice: &Choice, asked: Option<Model>) -> Vec<BandRow> {
    let there = fits.iter().filter(|f| f.admissibility.admissible());
    let carries = |f: &&Fit| match choice.estimator {
        Estimator::EveryPair => average::holds_every_pair(f.model),
        Estimator::Model(model) => f.model == model,
        _ => true,
    };
    let models: Vec<Model> = there
        .filter(carries)
        .take(REFITTED)
        .map(|f| f.model)
        .collect();
    let row = |share: f64| {
        let mut cells: [f64; CELLS] = counts.counts;
        for i in 0..counts.lists() {
            cells[1 << i] *= 1.0 - share;
        }
        let fewer = Counts::new(counts.lists(), cells);
        let again: Vec<Fit> = models.iter().map(|m| fewer.fit(*m)).collect();
        let choice = choose(&fewer, &again, asked);
        BandRow {
            assumed: share,
            n_hat: choice.map(|c| fewer.observed() + c.unseen),
            interval: choice.map(|c| c.interval),
        }
    };
    TRIMMED.into_iter().map(row).collect()
}

/// The warnings.
pub fn warnings(
    counts: &Counts,
    fits: &[Fit],
    choice: Option<&Choice>,
    found: &Diagnostics,
) -> Vec<String> {
    let mut out = Vec::new();
    match choice {
        None => out.push("no model has a number in this table: there is no estimate".to_owned()),
        Some(choice) => {
            of_choice(&mut out, counts, choice);
            of_rivals(&mut out, counts, choice, fits, found);
        }
    }
    of_table(&mut out, counts, found);
    of_models(&mut out, fits);
    out
}

fn of_choice(out: &mut Vec<String>, counts: &Counts, choice: &Choice) {
    let total = counts.observed() + choice.unseen;
    if choice.interval.upper.is_none() {
        out.push("the interval has no upper end: the table does not bound the number".to_owned());
    }
    match choice.estimator {
        Estimator::AicAverage => out.push(choice.why.to_owned()),
        Estimator::SmallSample if total < 300.0 => out.push(
            "fewer than 300 people: an interval of 95 per cent holds the truth nearer to 90 per cent \
             of the time; join strata"
                .to_owned(),
        ),
        Estimator::SmallSample if total < 1_000.0 => out.push(
            "fewer than 1,000 people: an interval of 95 per cent holds the truth a little less often"
                .to_owned(),
        ),
        _ => {}
    }
    if choice.unseen < 0.5 {
        out.push("nobody or nearly nobody is estimated to be on no list: the interval says less than it seems to".to_owned());
    }
}

/// Estimates that disagree with the one used: reported, not resolved by choosing.
fn of_rivals(
    out: &mut Vec<String>,
    counts: &Counts,
    choice: &Choice,
    fits: &[Fit],
    found: &Diagnostics,
) {
    let best = |c| average::best(fits, c).map(Fit::total);
    let rivals = [
        ("the best model by AIC", best(Criterion::Aic)),
        ("the best model by BIC", best(Criterion::Bic)),
        ("the average by AIC", found.aic_average.map(|a| a.n_hat)),
        ("the average by BIC", found.bic_average.map(|a| a.n_hat)),
        (
            "the posterior median over graphs",
            found.bayes.as_ref().map(|b| b.median),
        ),
        // A floor says something only where it is higher.
        (
            "Chao's lower bound",
            Some(found.lower_bound.n_hat).filter(|n| *n > counts.observed() + choice.unseen),
        ),
    ];
    for (name, rival) in rivals {
        if let Some(rival) = rival.filter(|r| !choice.interval.holds(*r)) {
            out.push(format!(
                "{name} ({rival:.0}) lies outside the interval of the figure used"
            ));
        }
    }
    if let Some([low, high]) = found.range_within_2_aic
        && high - counts.observed() > 1.5 * (low - counts.observed())
    {
        out.push(format!(
            "models that fit equally well (within 2 of the best AIC) range from {low:.0} to {high:.0}"
        ));
    }
}

fn of_table(out: &mut Vec<String>, counts: &Counts, found: &Diagnostics) {
    let little = found
        .implied_coverage
        .iter()
        .filter(|c| c.share < LITTLE_COVERED);
    let (little, all) = (little.count(), found.implied_coverage.len());
    if little > 0 {
        out.push(format!(
            "little overlap: in {little} of {all} cases a list holds less than half of another, and the \
             figure leans on the model"
        ));
    }
    let coverage = found.sample_coverage.map(|c| c.coverage);
    if let Some(coverage) = coverage.filter(|c| *c < LITTLE_COVERAGE) {
        out.push(format!(
            "sample coverage is {coverage:.2}, below 0.55: its estimates are unstable"
        ));
    }
    let apart = found.within_lists.iter().filter_map(|w| {
        let ratio = w.estimate? / w.size;
        (!(0.75..=1.0 / 0.75).contains(&ratio)).then_some(w)
    });
    let apart = apart.count();
    if apart > 0 {
        out.push(format!(
            "lists depend on each other: in {apart} of {} cases the size of a list, estimated from two \
             others as if they were independent, misses its known size by more than a quarter",
            found.within_lists.len()
        ));
    }
    if counts.lists() == 2 {
        out.push(
            "two lists: that they are independent is assumed and cannot be checked".to_owned(),
        );
    }
}

fn of_models(out: &mut Vec<String>, fits: &[Fit]) {
    let count = |wanted: &[Admissibility]| {
        fits.iter()
            .filter(|f| wanted.contains(&f.admissibility))
            .count()
    };
    let without = count(&[
        Admissibility::Infinite,
        Admissibility::NotIdentified,
        Admissibility::Unsettled,
    ]);
    if without > 0 {
        out.push(format!(
            "{without} of {} models have no finite or no single estimate, for cells are empty; they are \
             left out",
            fits.len()
        ));
    }
    let boundary = count(&[Admissibility::Boundary]);
    if boundary > 0 {
        out.push(format!(
            "{boundary} of {} models have terms or cells at their limit, for nobody is in some \
             combinations of lists",
            fits.len()
        ));
    }
}

/// Log-normal interval of a fit.
pub(super) fn log_normal_of(counts: &Counts, fit: &Fit) -> Interval {
    log_normal(counts.observed(), fit.unseen, fit.standard_error())
}
