//! Published tables and what published programs make of them.

use std::path::PathBuf;

use kinlink::estimate::capture::average::{Criterion, average, best};
use kinlink::estimate::capture::bootstrap::{Plan, bootstrap};
use kinlink::estimate::capture::coverage::{sample_coverage, within_lists};
use kinlink::estimate::capture::pair::Overlap;
use kinlink::estimate::capture::profile::profile;
use kinlink::estimate::capture::saturated::{factor, three_lists};
use kinlink::estimate::capture::{
    Counts, Estimator, Fit, Interval, Model, Table, bayes, fit_all, for_bootstrap, log_normal,
    parse, read,
};
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/estimate")
}

fn table(name: &str) -> Table {
    read(&folder().join(format!("{name}.csv")), None)
        .expect("table")
        .table
}

fn expected(name: &str) -> Value {
    let path = folder().join(format!("{name}.expected.json"));
    serde_json::from_slice(&std::fs::read(path).expect("file")).expect("json")
}

fn near(found: f64, value: &Value, tolerance: f64, what: &str) {
    let wanted = value
        .as_f64()
        .unwrap_or_else(|| panic!("{what}: no number"));
    let allowed = tolerance * wanted.abs().max(1e-2);
    assert!(
        (found - wanted).abs() <= allowed,
        "{what}: {found} is not {wanted}"
    );
}

fn fits(name: &str, order: u32) -> Vec<Fit> {
    fit_all(&Counts::of(&table(name)), order).fits
}

/// One model of the expected values against the fit of that name.
fn model_agrees(table: &Table, row: &Value) {
    let name = row["model"].as_str().expect("name");
    let model = parse(name, table.lists()).expect("model");
    assert_eq!(
        model.name(table.lists()),
        name,
        "a model is named as it is elsewhere"
    );
    let fit = Counts::of(table).fit(model);
    assert!(fit.admissibility.admissible(), "{name}");
    near(fit.total(), &row["N_hat"], 1e-6, name);
    near(fit.standard_error(), &row["se_N"], 1e-6, name);
    near(fit.deviance, &row["deviance"], 1e-6, name);
    near(fit.aic(), &row["AIC"], 1e-6, name);
    near(fit.bic(), &row["BIC_n"], 1e-6, name);
    assert_eq!(i64::from(fit.df), row["df"].as_i64().expect("df"), "{name}");
    if !row["loglik"].is_null() {
        near(fit.log_likelihood, &row["loglik"], 1e-6, name);
        near(fit.log_variance.sqrt(), &row["se_log_f0"], 1e-6, name);
    }
}

const ALL: [&str; 7] = [
    "artificial_3",
    "diabetes_casale",
    "hepatitis_a_taiwan",
    "hiv_rome",
    "korea_3list",
    "new_orleans_5list",
    "uk_modern_slavery_5list",
];

#[test]
fn every_model_of_every_table_agrees_with_glm() {
    let mut models = 0;
    for name in ALL {
        let (table, glm) = (table(name), &expected(name)["reference_glm"]);
        assert_eq!(Some(table.observed()), glm["n_observed"].as_u64(), "{name}");
        let one = ["independence", "best_BIC_pairwise", "best_AIC_pairwise"];
        let rows = one.iter().map(|k| &glm[*k]).filter(|r| !r.is_null());
        let list = glm["all_pairwise_models"].as_array();
        for row in rows.chain(list.into_iter().flatten()) {
            model_agrees(&table, row);
            models += 1;
        }
    }
    assert!(models > 150, "{models}");
}

#[test]
fn averages_over_models_of_pairs_agree() {
    for name in [
        "diabetes_casale",
        "hepatitis_a_taiwan",
        "hiv_rome",
        "korea_3list",
    ] {
        let (fits, glm) = (fits(name, 2), &expected(name)["reference_glm"]);
        let aic = average(&fits, Criterion::Aic).expect("average");
        let bic = average(&fits, Criterion::Bic).expect("average");
        near(aic.n_hat, &glm["AIC_average"]["N_hat"], 1e-6, name);
        near(aic.se_n, &glm["AIC_average"]["se_total"], 1e-6, name);
        near(bic.n_hat, &glm["BIC_average"]["N_hat"], 1e-6, name);
        near(bic.se_n, &glm["BIC_average"]["se_total"], 1e-6, name);
        near(
            bic.se_buckland,
            &glm["BIC_average"]["se_buckland"],
            1e-6,
            name,
        );
        let there = || fits.iter().filter(|f| f.admissibility.admissible());
        let least = there().map(Fit::aic).fold(f64::INFINITY, f64::min);
        let totals = || there().filter(|f| f.aic() <= least + 2.0).map(Fit::total);
        let range = &glm["range_of_estimates_within_2_AIC"];
        near(
            totals().fold(f64::INFINITY, f64::min),
            &range[0],
            1e-6,
            name,
        );
        near(totals().fold(0.0, f64::max), &range[1], 1e-6, name);
    }
}

/// `[12,3]`, as the packages write models, from ours.
fn in_digits(model: Model) -> String {
    let mut sets = model.generators();
    sets.sort_by_key(|t| (std::cmp::Reverse(t.count_ones()), t.trailing_zeros(), *t));
    let digits = |t: &usize| -> String {
        (0..6)
            .filter(|i| t >> i & 1 == 1)
            .map(|i| char::from(b'1' + i))
            .collect()
    };
    let mut words: Vec<String> = sets.iter().map(digits).collect();
    words.sort_by_key(|w| (std::cmp::Reverse(w.len()), w.clone()));
    format!("[{}]", words.join(","))
}

#[test]
fn all_hierarchical_models_agree_sparse_tables_included() {
    for name in [
        "diabetes_casale",
        "hepatitis_a_taiwan",
        "hiv_rome",
        "korea_3list",
        "new_orleans_5list",
        "uk_modern_slavery_5list",
    ] {
        let wanted = &expected(name)["reference_all_hierarchical_BIC"];
        let order = wanted["maxorder"].as_u64().expect("order");
        let fits = fits(name, u32::try_from(order).expect("order"));
        let there: Vec<&Fit> = fits
            .iter()
            .filter(|f| f.admissibility.admissible())
            .collect();
        assert_eq!(
            Some(there.len() as u64),
            wanted["n_models_admissible"].as_u64(),
            "{name}"
        );
        let bic = average(&fits, Criterion::Bic).expect("average");
        near(bic.n_hat, &wanted["bic_weighted_mean"], 1e-6, name);
        let totals = || there.iter().map(|f| f.total());
        near(
            totals().fold(f64::INFINITY, f64::min),
            &wanted["range_all_models"][0],
            1e-6,
            name,
        );
        near(
            totals().fold(0.0, f64::max),
            &wanted["range_all_models"][1],
            1e-6,
            name,
        );
        let mut by_bic = there.clone();
        by_bic.sort_by(|a, b| a.bic().total_cmp(&b.bic()));
        for (fit, row) in by_bic.iter().zip(wanted["top5"].as_array().expect("five")) {
            assert_eq!(
                Some(in_digits(fit.model).as_str()),
                row["model"].as_str(),
                "{name}"
            );
            near(fit.total(), &row["abundance"], 1e-6, name);
            near(fit.bic(), &row["BIC"], 1e-6, name);
        }
    }
}

#[test]
fn a_sparse_table_says_which_models_have_a_number() {
    let checks = &expected("artificial_3")["published"]["checks"];
    let checks = checks.as_object().expect("checks");
    let fits = fits("artificial_3", 2);
    assert_eq!(checks.len(), fits.len());
    for (model, code) in checks {
        // The published names list pairs first and then the lists that are in none.
        let fit = fits.iter().find(|f| {
            let alone = |w: &str| w.len() == 1;
            let shorter: Vec<&str> = model.trim_matches(['[', ']']).split(',').collect();
            let pairs = |w: &&str| !alone(w);
            let wanted: Vec<&str> = shorter.iter().copied().filter(pairs).collect();
            let ours = in_digits(f.model);
            let ours: Vec<&str> = ours
                .trim_matches(['[', ']'])
                .split(',')
                .filter(pairs)
                .collect();
            ours == wanted
        });
        let found = fit.unwrap_or_else(|| panic!("{model}")).admissibility;
        use kinlink::estimate::capture::Admissibility::{Infinite, NotIdentified};
        match code.as_u64() {
            Some(0) => assert!(found.admissible(), "{model} {found:?}"),
            Some(1) => assert_eq!(found, Infinite, "{model}"),
            Some(2) => assert_eq!(found, NotIdentified, "{model}"),
            _ => panic!("an unknown code"),
        }
    }
}

#[test]
fn profile_intervals_agree_with_rcapture() {
    let table = table("hiv_rome");
    let wanted = &expected("hiv_rome")["reference_Rcapture"];
    let counts = Counts::of(&table);
    let lists = table.order();
    for (key, model) in [
        ("hiv_Mt", Model::independence(lists)),
        (
            "hiv_12",
            Model::independence(lists).with(0b11).expect("pair"),
        ),
        ("hiv_pairwise", Model::all_of_order(lists, 2)),
    ] {
        let fit = counts.fit(model);
        near(fit.total(), &wanted[key]["N"], 1e-9, key);
        // Rcapture stops its fit earlier; the standard error shows it in the sixth digit.
        near(fit.standard_error(), &wanted[key]["se"], 2e-6, key);
        let found = profile(&counts, model, fit.unseen).expect("profile");
        let row = &wanted[key]["CI_multinomial_profile"];
        near(found.top, &row[0], 1e-6, key);
        near(found.interval.lower.expect("end"), &row[1], 1e-6, key);
        near(found.interval.upper.expect("end"), &row[2], 1e-6, key);
    }
}

#[test]
fn closed_forms_of_two_and_three_lists() {
    let path = folder().join("dse_linkage_expected.json");
    let all: Value = serde_json::from_slice(&std::fs::read(path).expect("file")).expect("json");
    for (name, row) in all["chapman"].as_object().expect("pairs") {
        let number = |key: &str| row[key].as_f64().expect("number");
        let overlap = Overlap {
            first: number("n1"),
            second: number("n2"),
            both: number("m"),
        };
        let found = overlap.estimate();
        near(found.chapman, &row["N_hat"], 1e-12, name);
        near(found.se_n, &row["se"], 1e-12, name);
        near(
            found.petersen.expect("overlap"),
            &row["N_petersen"],
            1e-12,
            name,
        );
        near(
            found.interval.lower.expect("end"),
            &row["ci_lognormal"][0],
            1e-9,
            name,
        );
        near(
            found.interval.upper.expect("end"),
            &row["ci_lognormal"][1],
            1e-9,
            name,
        );
    }
    for (theta, value) in all["two_list_sensitivity"]["hav_PQ"]
        .as_object()
        .expect("band")
    {
        let overlap = Overlap {
            first: 135.0,
            second: 122.0,
            both: 49.0,
        };
        let found = overlap.with_odds_ratio(theta.parse().expect("theta"));
        near(found.expect("overlap"), value, 1e-12, theta);
    }
    let hav = Counts::of(&table("hepatitis_a_taiwan"));
    let wanted = &all["three_list_closed_form"]["hav"];
    let small = three_lists(&hav).expect("number");
    near(
        small.unseen,
        &wanted["f0_bias_corrected"],
        1e-12,
        "small-sample form",
    );
    let plain = hav.fit(Model::all_of_order(3, 2));
    near(plain.unseen, &wanted["f0"], 1e-9, "saturated");
    near(plain.standard_error(), &wanted["se_N"], 1e-6, "saturated");
    assert!((factor(3, 0.5) * factor(2, 0.5) - 1.0).abs() < 1e-15);
}

#[test]
fn sample_coverage_agrees_with_care() {
    for name in ["hepatitis_a_taiwan", "diabetes_casale"] {
        let wanted = &expected(name)["published"]["CARE1"];
        let found = sample_coverage(&table(name)).expect("coverage");
        assert!((found.coverage - wanted["coverage"].as_f64().expect("c")).abs() < 6e-4);
        for (ours, key) in [
            (found.independent, "Nhat0"),
            (found.n_hat.expect("number"), "Nhat"),
            (found.one_step, "Nhat1"),
        ] {
            assert!(
                (ours - wanted[key].as_f64().expect("n")).abs() < 0.6,
                "{name} {key} {ours}"
            );
        }
    }
    // The size of list E from P and Q within it: far from the truth, as published.
    let within = within_lists(&table("hepatitis_a_taiwan"));
    let third = within.iter().find(|w| w.list == 2).expect("list");
    assert!((third.estimate.expect("number") - 73.9).abs() < 0.05);
    assert!((third.size - 126.0).abs() < 1e-12);
}

#[test]
fn the_posterior_over_graphs_agrees_with_dga() {
    for name in [
        "diabetes_casale",
        "hepatitis_a_taiwan",
        "hiv_rome",
        "korea_3list",
    ] {
        let wanted = &expected(name)["reference_dga_exact"];
        let farthest = wanted["Nmissing_max_mult"].as_u64().expect("range");
        let farthest = u32::try_from(farthest).expect("range");
        let found = bayes::posterior(&table(name), farthest).expect("posterior");
        for (ours, key) in [(found.mean, "mean"), (found.sd, "sd")] {
            near(ours, &wanted[key], 1e-6, name);
        }
        for (ours, key) in [
            (found.median, "median"),
            (found.lower, "q025"),
            (found.upper, "q975"),
            (found.mode, "mode"),
        ] {
            near(ours, &wanted[key], 2e-4, name);
        }
        for (ours, theirs) in found
            .graphs
            .iter()
            .zip(wanted["model_probs"].as_array().expect("p"))
        {
            near(ours.0, theirs, 1e-6, name);
        }
    }
}

#[test]
fn bootstrap_limits_with_the_model_chosen_anew() {
    let table = table("korea_3list");
    let counts = Counts::of(&table);
    let fits = fit_all(&counts, 2).fits;
    let wanted = &expected("korea_3list")["reference_bootstrap_BCa_1000"];
    let fixed = best(&fits, Criterion::Bic).expect("model").model;
    let plan = Plan {
        replicates: 4_000,
        seed: 1,
        models: for_bootstrap(&fits, 3, 100),
        estimators: vec![Estimator::BicBest, Estimator::Model(fixed)],
    };
    let found = bootstrap(&table, &plan);
    for (share, limit) in SHARES.iter().zip(wanted["ntop_all"].as_array().expect("4")) {
        near(found[0].point(*share), limit, 0.05, "chosen anew");
    }
    // Of the one model a few replicates have no finite estimate. There they are left out, here they
    // count as larger than any number, so that the upper limits are farther out, and only they.
    let one = wanted["ntop1"].as_array().expect("4");
    for (share, limit) in SHARES.iter().zip(one).take(2) {
        near(found[1].point(*share), limit, 0.05, "one model");
    }
    assert!(found[1].without_number > 0);
    for (share, limit) in SHARES.iter().zip(one).skip(2) {
        let (ours, theirs) = (found[1].point(*share), limit.as_f64().expect("number"));
        assert!((theirs..1.15 * theirs).contains(&ours), "{ours} {theirs}");
    }
}

const SHARES: [f64; 4] = [0.025, 0.1, 0.9, 0.975];

#[test]
fn published_log_normal_interval() {
    // Chao and others 2001, lists P and Q: 334, standard error 29, 289 to 403.
    let found = log_normal(208.0, 125.56, 28.6997);
    assert_eq!(found.lower.map(f64::round), Some(289.0));
    assert_eq!(found.upper.map(f64::round), Some(403.0));
    assert_eq!(
        log_normal(50.0, 0.0, 0.0),
        Interval {
            lower: Some(50.0),
            upper: Some(50.0)
        }
    );
}
