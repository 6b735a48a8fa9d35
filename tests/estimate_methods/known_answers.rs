//! Known answers: two lists with linkage error, the transition matrix, Rubin's rules.

use kinlink::estimate::coverage::{Form, Observed, Saturated, Transition};
use kinlink::estimate::imputation::pool;
use kinlink::estimate::linkage_error::{
    DualSystem, LinkageQuality, Lists, Precision, Rate, Recall, dependence_band,
};
use kinlink::estimate::number::Level;
use serde_json::Value;

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn near(found: f64, expected: f64, relative: f64, what: &str) {
    let off = (found - expected).abs();
    assert!(
        off <= relative * expected.abs().max(1e-12),
        "{what}: {found} for {expected}"
    );
}

/// The level whose quantile is 1.96, with which the known intervals were reckoned.
fn level() -> Level {
    Level::new(0.950_004_209_703_559).unwrap()
}

fn two_lists() -> Value {
    read(include_str!(
        "../fixtures/estimation_methods/dse_linkage_expected.json"
    ))
}

fn quality(precision: (f64, f64), recall: (f64, f64)) -> LinkageQuality {
    let rate = |(share, of): (f64, f64)| match of > 0.0 {
        true => Rate::of_sample(share, of).unwrap(),
        false => Rate::certain(share).unwrap(),
    };
    LinkageQuality::new(
        Precision::new(rate(precision)).unwrap(),
        Recall::new(rate(recall)).unwrap(),
    )
}

fn lists(case: &Value, links: &str) -> Lists {
    let n = |key: &str| case[key].as_u64().unwrap();
    Lists {
        first: n("n1"),
        second: n("n2"),
        links: n(links),
    }
}

#[test]
fn chapman_without_linkage_error() {
    let all = two_lists();
    for (name, case) in all["chapman"].as_object().unwrap() {
        let perfect = quality((1.0, 0.0), (1.0, 0.0));
        let found = DualSystem::estimate(lists(case, "m"), &perfect).unwrap();
        near(found.population, number(&case["N_hat"]), 1e-12, name);
        near(
            found.variance.total().sqrt(),
            number(&case["se"]),
            1e-10,
            name,
        );
        let interval = found.interval(level()).unwrap();
        near(interval.lower, number(&case["ci_lognormal"][0]), 1e-9, name);
        near(interval.upper, number(&case["ci_lognormal"][1]), 1e-9, name);
    }
}

#[test]
fn two_lists_with_linkage_error_and_its_variance() {
    let all = two_lists();
    for (name, case) in all["linkage_corrected_dse"].as_object().unwrap() {
        let given = &case["inputs"];
        let quality = quality(
            (
                number(&given["precision"]),
                number(&given["clerical_precision_n"]),
            ),
            (
                number(&given["recall"]),
                number(&given["clerical_recall_n"]),
            ),
        );
        let found = DualSystem::estimate(lists(given, "links"), &quality).unwrap();
        near(found.matches, number(&case["m_hat"]), 1e-12, name);
        near(found.population, number(&case["N_hat"]), 1e-12, name);
        let parts = &case["var_components"];
        near(found.variance.lists, number(&parts["dse"]), 1e-10, name);
        near(
            found.variance.thinning,
            number(&parts["linkage_thinning"]),
            1e-10,
            name,
        );
        near(
            found.variance.quality,
            number(&parts["clerical"]),
            1e-10,
            name,
        );
        near(
            found.variance.total().sqrt(),
            number(&case["se"]),
            1e-10,
            name,
        );
        let interval = found.interval(level()).unwrap();
        near(
            interval.lower,
            number(&case["ci_lognormal_95"][0]),
            1e-9,
            name,
        );
        near(
            interval.upper,
            number(&case["ci_lognormal_95"][1]),
            1e-9,
            name,
        );
    }
}

#[test]
fn the_identity_of_ding_and_fienberg() {
    let case = &two_lists()["ding_fienberg_identity"];
    let n = |key: &str| number(&case[key]);
    let links = n("expected_links");
    let quality = quality((n("precision"), 0.0), (n("alpha"), 0.0));
    let found = DualSystem::estimate(
        Lists {
            first: 3000,
            second: 2500,
            links: 1370,
        },
        &quality,
    )
    .unwrap();
    assert_eq!(links, 1370.0);
    // Chapman's ones apart, the population is that of both forms.
    near(found.matches, n("n11"), 1e-12, "matches");
    let by_rates = n("n1") * n("n2") * (n("alpha") - n("beta")) / (links - n("beta") * n("n2"));
    near(by_rates, n("N_ding_fienberg"), 1e-12, "alpha and beta");
    near(
        n("n1") * n("n2") / found.matches,
        by_rates,
        1e-12,
        "precision and recall",
    );
}

#[test]
fn the_band_of_two_lists() {
    let all = two_lists();
    let expected = &all["two_list_sensitivity"]["hav_PQ"];
    let band = dependence_band(135.0, 122.0, 49.0, &[0.5, 1.0, 2.0, 3.0]).unwrap();
    for step in band {
        let key = format!("{}", step.odds_ratio);
        near(step.population, number(&expected[&key]), 1e-12, &key);
    }
    assert!(dependence_band(135.0, 122.0, 0.0, &[1.0]).is_err());
}

#[test]
fn three_lists_in_closed_form() {
    let case = &two_lists()["three_list_closed_form"]["hav"];
    let n = |key: &str| number(&case[key]);
    let observed = Observed::new([
        n("n100"),
        n("n010"),
        n("n110"),
        n("n001"),
        n("n101"),
        n("n011"),
        n("n111"),
    ])
    .unwrap();
    let (numbers, _) = Transition::identity().correct(&observed, "hav");
    let plain = Saturated::estimate(&numbers, Form::Plain).unwrap();
    near(plain.unseen, n("f0"), 1e-12, "f0");
    near(plain.population(), n("N_hat"), 1e-12, "N");
    near(plain.variance_of_independent.sqrt(), n("se_N"), 1e-6, "se");
    let small = Saturated::estimate(&numbers, Form::SmallSample).unwrap();
    near(small.unseen, n("f0_bias_corrected"), 1e-12, "f0 corrected");
    near(
        plain.with_three_way(0.5) - plain.counted,
        n("f0") * (-0.5_f64).exp(),
        1e-12,
        "delta",
    );
}

#[test]
fn the_transition_matrix_and_what_it_undoes() {
    let case = read(include_str!(
        "../fixtures/estimation_methods/linkage_error_3list_expected.json"
    ));
    let rates = |group: &str, keys: [&str; 3]| keys.map(|k| number(&case[group][k]));
    let t = Transition::from_rates(
        rates("recall", ["r12", "r13", "r23"]),
        rates("false_merge", ["b12", "b13", "b23"]),
    )
    .unwrap();
    for (i, row) in t.matrix().iter().enumerate() {
        for (j, entry) in row.iter().enumerate() {
            let expected = number(&case["T"][i][j]);
            assert!(
                (entry - expected).abs() < 1e-14,
                "{i} {j}: {entry} {expected}"
            );
        }
    }
    let seven = |key: &str| -> [f64; 7] { std::array::from_fn(|i| number(&case[key][i])) };
    let observed = t.observe(seven("true_expected")).unwrap();
    for (found, expected) in observed.numbers().iter().zip(seven("observed_expected")) {
        near(*found, expected, 1e-12, "observed");
    }
    let population = |t: &Transition| {
        let (numbers, _) = t.correct(&observed, "s");
        Saturated::estimate(&numbers, Form::Plain)
            .unwrap()
            .population()
    };
    near(
        population(&t),
        number(&case["N_hat_corrected"]),
        1e-9,
        "corrected",
    );
    let naive = population(&Transition::identity());
    near(naive, number(&case["N_hat_naive"]), 1e-9, "naive");
}

#[test]
fn rubins_rules() {
    let case = read(include_str!(
        "../fixtures/estimation_methods/rubin_pool.expected.json"
    ));
    let list =
        |key: &str| -> Vec<f64> { case[key].as_array().unwrap().iter().map(number).collect() };
    let estimates: Vec<(f64, f64)> = list("Q").into_iter().zip(list("U")).collect();
    let complete = number(&case["n"]) - number(&case["k"]);
    let found = pool(&estimates, Some(complete)).unwrap();
    for (value, key) in [
        (found.estimate, "qbar"),
        (found.within, "ubar"),
        (found.between, "b"),
        (found.variance, "t"),
        (found.degrees, "df_barnard_rubin"),
        (found.increase, "r"),
        (found.missing_information, "fmi"),
    ] {
        near(value, number(&case[key]), 1e-9, key);
    }
}
