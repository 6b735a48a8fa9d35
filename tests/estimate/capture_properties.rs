//! What must hold of any table: the order of the lists does not matter, larger counts say the same
//! with less doubt, threads change nothing, and no number in a report is infinite or not a number.

use kinlink::estimate::capture::average::{Criterion, average};
use kinlink::estimate::capture::bootstrap::{Plan, bootstrap};
use kinlink::estimate::capture::{
    Admissibility, Counts, Estimator, Fit, Model, Options, ReadTable, Table, analyse, fit_all,
    search,
};
use proptest::prelude::*;

fn names(lists: usize) -> Vec<String> {
    (0..lists).map(|i| format!("l{i}")).collect()
}

/// Tables of three or four lists, many of them sparse.
fn tables() -> impl Strategy<Value = Table> {
    let cell = prop_oneof![3 => Just(0_u64), 3 => 1_u64..8, 4 => 1_u64..400];
    (3_usize..=4)
        .prop_flat_map(move |lists| {
            let cells = prop::collection::vec(cell.clone(), (1 << lists) - 1);
            (Just(lists), cells)
        })
        .prop_filter_map("a list is empty or none overlap", |(lists, cells)| {
            let counts = std::iter::once(0).chain(cells).collect();
            Table::new(names(lists), counts).ok()
        })
}

/// The history with the lists in another order.
fn moved(set: usize, order: &[usize]) -> usize {
    let bits = order
        .iter()
        .enumerate()
        .filter(|(old, _)| set >> old & 1 == 1);
    bits.fold(0, |out, (_, new)| out | 1 << new)
}

fn moved_model(model: Model, order: &[usize]) -> Model {
    let start = Model::independence(model.lists());
    model
        .terms()
        .into_iter()
        .filter(|t| t.count_ones() > 1)
        .fold(start, |m, t| m.with(moved(t, order)).expect("hierarchical"))
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * a.abs().max(b.abs()).max(1.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_order_of_the_lists_does_not_matter(table in tables(), turn in 1_usize..4) {
        let lists = table.order();
        let order: Vec<usize> = (0..lists).map(|i| (i + turn) % lists).collect();
        let mut counts = vec![0; 1 << lists];
        for (h, n) in table.cells() {
            counts[moved(h, &order)] = n;
        }
        let other = Counts::of(&Table::new(names(lists), counts).expect("table"));
        let here = Counts::of(&table);
        for model in Model::all(lists, 9) {
            let (a, b) = (here.fit(model), other.fit(moved_model(model, &order)));
            prop_assert_eq!(a.admissibility, b.admissibility);
            if a.admissibility.admissible() {
                prop_assert!(close(a.total(), b.total()), "{} {}", a.total(), b.total());
                prop_assert!(close(a.standard_error(), b.standard_error()));
                prop_assert!(close(a.deviance, b.deviance));
            }
        }
    }

    #[test]
    fn ten_times_the_counts_say_the_same_with_less_doubt(table in tables()) {
        let lists = table.order();
        let counts = (0..1_usize << lists).map(|h| 10 * table.count(h)).collect();
        let larger = Counts::of(&Table::new(names(lists), counts).expect("table"));
        let here = Counts::of(&table);
        for model in Model::all(lists, 9) {
            let (a, b) = (here.fit(model), larger.fit(model));
            prop_assert_eq!(a.admissibility, b.admissibility);
            if a.admissibility.admissible() {
                prop_assert!(close(10.0 * a.total(), b.total()));
                prop_assert!(close(10.0 * a.deviance, b.deviance));
                prop_assert!(close(a.log_variance, 10.0 * b.log_variance));
            }
        }
    }

    #[test]
    fn a_larger_model_fits_no_worse(table in tables()) {
        let counts = Counts::of(&table);
        for model in Model::all(table.order(), 9).into_iter().step_by(6) {
            let fit = counts.fit(model);
            if !fit.admissibility.admissible() {
                continue;
            }
            prop_assert!(fit.unseen >= 0.0 && fit.log_variance >= 0.0);
            for term in 1..1_usize << table.order() {
                let Some(larger) = model.with(term).map(|m| counts.fit(m)) else { continue };
                if larger.admissibility.admissible() {
                    prop_assert!(larger.deviance <= fit.deviance + 1e-6 * (1.0 + fit.deviance));
                    prop_assert_eq!(larger.df, fit.df - 1);
                }
            }
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn a_report_has_no_number_that_is_none(table in tables()) {
        let read = ReadTable { table, notes: Vec::new() };
        let options = Options { replicates: 100, ..Options::default() };
        let report = analyse(&read, &options).expect("report");
        // A float that is not finite becomes null in JSON: those that may be missing are optional, and
        // nothing else may be null.
        let json = serde_json::to_value(&report).expect("json");
        nulls_only_where_allowed(&json, "");
        if let Some(selected) = &report.selected {
            prop_assert!(selected.n_hat >= read.table.observed() as f64 - 1e-9);
            prop_assert!(selected.interval.holds(selected.n_hat));
        }
    }
}

fn nulls_only_where_allowed(value: &serde_json::Value, place: &str) {
    const ALLOWED: [&str; 22] = [
        "n_hat",
        "se_n",
        "deviance",
        "aic",
        "bic",
        "lower",
        "upper",
        "selected",
        "wald",
        "lognormal",
        "profile",
        "bootstrap",
        "interval",
        "aic_average",
        "bic_average",
        "range_within_2_aic",
        "range_of_models",
        "sample_coverage",
        "petersen",
        "estimate",
        "replicates",
        "bayes",
    ];
    match value {
        serde_json::Value::Null => assert!(ALLOWED.contains(&place), "{place} is null"),
        serde_json::Value::Array(list) => {
            list.iter().for_each(|v| nulls_only_where_allowed(v, place));
        }
        serde_json::Value::Object(map) => {
            map.iter().for_each(|(k, v)| nulls_only_where_allowed(v, k));
        }
        _ => {}
    }
}

fn five_lists() -> Table {
    let mut counts = vec![0; 32];
    for (h, n) in [
        (1, 54),
        (2, 463),
        (4, 995),
        (8, 695),
        (16, 316),
        (3, 15),
        (5, 19),
        (9, 3),
        (6, 62),
        (10, 19),
        (18, 1),
        (12, 76),
        (20, 11),
        (24, 8),
        (7, 1),
        (11, 1),
        (14, 4),
        (15, 1),
    ] {
        counts[h] = n;
    }
    Table::new(names(5), counts).expect("table")
}

#[test]
fn the_search_finds_what_looking_at_every_model_finds() {
    let counts = Counts::of(&five_lists());
    let all = fit_all(&counts, 3).fits;
    let some = search(&counts, 3, 1_500).fits;
    assert!(some.len() <= 1_500 && all.len() > 3 * some.len());
    for criterion in [Criterion::Aic, Criterion::Bic] {
        let least = |fits: &[Fit]| {
            let there = fits.iter().filter(|f| f.admissibility.admissible());
            there.map(|f| criterion.of(f)).fold(f64::INFINITY, f64::min)
        };
        assert!((least(&all) - least(&some)).abs() < 1e-9, "{criterion:?}");
    }
    // The average by AIC spreads over many models; by BIC, over few.
    let off = |criterion| {
        let of = |fits: &[Fit]| average(fits, criterion).expect("average").n_hat;
        (of(&some) / of(&all) - 1.0).abs()
    };
    assert!(off(Criterion::Bic) < 0.01, "{}", off(Criterion::Bic));
    assert!(off(Criterion::Aic) < 0.10, "{}", off(Criterion::Aic));
}

#[test]
fn six_lists_are_searched_within_bounds() {
    let five = five_lists();
    let mut counts = vec![0; 64];
    for (h, n) in five.cells() {
        counts[h] += n - n / 5;
        counts[h | 32] += n / 5;
    }
    counts[32] = 150;
    let table = Table::new(names(6), counts).expect("table");
    let found = search(&Counts::of(&table), 5, 300);
    assert!(!found.all && found.fits.len() == 300);
    assert!(found.fits.iter().any(|f| f.model == Model::independence(6)));
    let mut models: Vec<Model> = found.fits.iter().map(|f| f.model).collect();
    models.sort();
    models.dedup();
    assert_eq!(models.len(), 300, "no model is fitted twice");
}

#[test]
fn the_seed_decides_and_the_threads_do_not() {
    let table = five_lists();
    let fits = fit_all(&Counts::of(&table), 2).fits;
    let plan = |seed| Plan {
        replicates: 100,
        seed,
        models: fits.iter().take(20).map(|f| f.model).collect(),
        estimators: vec![Estimator::AicAverage, Estimator::BicBest],
    };
    let with = |threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("pool");
        pool.install(|| bootstrap(&table, &plan(seed)))
    };
    let one = with(1, 7);
    assert_eq!(one, with(5, 7));
    assert_ne!(one[0].replicates, with(1, 8)[0].replicates);
}

#[test]
fn an_estimate_without_end_is_told_and_not_written_as_a_number() {
    // The table of three lists in which one pair is empty: the model of all pairs runs off.
    let mut counts = vec![0; 8];
    for (h, n) in [(1, 41), (2, 5), (4, 5), (6, 54), (5, 6), (7, 12)] {
        counts[h] = n;
    }
    let table = Table::new(names(3), counts).expect("table");
    let fit = Counts::of(&table).fit(Model::all_of_order(3, 2));
    assert_eq!(fit.admissibility, Admissibility::Infinite);
    let read = ReadTable {
        table,
        notes: Vec::new(),
    };
    let report = analyse(&read, &Options::default()).expect("report");
    let row = report.models.iter().find(|r| !r.admissible).expect("row");
    assert_eq!((row.n_hat, row.se_n), (None, None));
    assert!(
        report
            .warnings
            .iter()
            .any(|w| w.contains("no finite or no single estimate"))
    );
    assert!(report.intervals.profile.is_none());
}
