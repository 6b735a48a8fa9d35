//! Known answers: raking and regression weights, and the Fay–Herriot model.

use std::collections::BTreeMap;

use kinlink::estimate::calibration::{
    Calibrated, Design, Distance, Margin, calibrate, cluster_variance, rake_within_bounds,
    residuals,
};
use kinlink::estimate::linear::Rows;
use kinlink::estimate::small_area::{AreaStatus, Direct, FayHerriot, Fit};
use serde_json::Value;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// A row of a file by its column names.
type Row = BTreeMap<String, String>;

fn rows(text: &str) -> Vec<Row> {
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .map(|r| r.unwrap())
        .collect()
}

fn column(rows: &[Row], name: &str) -> Vec<f64> {
    rows.iter().map(|r| r[name].parse().unwrap()).collect()
}

struct Schools {
    rows: Vec<Row>,
    expected: Value,
}

fn schools() -> Schools {
    Schools {
        rows: rows(include_str!(
            "../fixtures/estimation_methods/raking_apiclus1.csv"
        )),
        expected: serde_json::from_str(include_str!(
            "../fixtures/estimation_methods/raking_apiclus1.expected.json"
        ))
        .unwrap(),
    }
}

impl Schools {
    fn margin(&self, name: &str) -> Margin {
        let totals: Vec<(String, f64)> = self.expected["margins"][name]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| (c[name].as_str().unwrap().to_owned(), number(&c["Freq"])))
            .collect();
        let place = |r: &Row| totals.iter().position(|(c, _)| *c == r[name]).unwrap();
        Margin {
            name: name.to_owned(),
            of: self.rows.iter().map(place).collect(),
            totals,
        }
    }

    fn design(&self) -> Design {
        Design::of_margins(&[self.margin("stype"), self.margin("sch.wide")]).unwrap()
    }

    fn raked(&self, distance: Distance) -> Calibrated {
        calibrate(&column(&self.rows, "pw"), &self.design(), distance).unwrap()
    }

    /// A mean, and its standard error from fifteen school districts of 757.
    fn mean(&self, weights: &[f64], y: &[f64], design: &Design) -> (f64, f64) {
        let whole: f64 = weights.iter().sum();
        let mean = weights.iter().zip(y).map(|(w, y)| w * y).sum::<f64>() / whole;
        let about: Vec<f64> = y.iter().map(|y| (y - mean) / whole).collect();
        (mean, self.error(weights, &about, design))
    }

    fn error(&self, weights: &[f64], y: &[f64], design: &Design) -> f64 {
        let e = residuals(&column(&self.rows, "pw"), y, design).unwrap();
        let z: Vec<f64> = weights.iter().zip(&e).map(|(w, e)| w * e).collect();
        let district: Vec<u64> = self
            .rows
            .iter()
            .map(|r| r["dnum"].parse().unwrap())
            .collect();
        cluster_variance(&z, &district, 757.0).unwrap().sqrt()
    }
}

#[test]
fn raked_weights_and_their_cells() {
    let s = schools();
    let found = s.raked(Distance::Raking);
    for (w, expected) in found.weights.iter().zip(column(&s.rows, "w_raked")) {
        assert!((w / expected - 1.0).abs() < 1e-6, "{w} {expected}");
    }
    for cell in s.expected["raked_cell_totals"].as_array().unwrap() {
        let inside = |r: &Row| cell["stype"] == r["stype"] && cell["sch.wide"] == r["sch.wide"];
        let pairs = s.rows.iter().zip(&found.weights);
        let sum: f64 = pairs.filter(|(r, _)| inside(r)).map(|(_, w)| w).sum();
        assert!((sum / number(&cell["w_raked"]) - 1.0).abs() < 1e-6);
    }
    let within = rake_within_bounds(&column(&s.rows, "pw"), &s.design()).unwrap();
    assert_eq!(within.weights, found.weights, "the bounds are not reached");
}

#[test]
fn raked_means_totals_and_their_errors() {
    let s = schools();
    let weights = s.raked(Distance::Raking).weights;
    let (mean, error) = s.mean(&weights, &column(&s.rows, "api00"), &s.design());
    assert!(
        (mean - number(&s.expected["mean_api00"])).abs() < 1e-4,
        "{mean}"
    );
    let expected = number(&s.expected["se_mean_api00"][0][0]);
    assert!((error / expected - 1.0).abs() < 1e-4, "{error} {expected}");
    let enroll = column(&s.rows, "enroll");
    let total: f64 = weights.iter().zip(&enroll).map(|(w, y)| w * y).sum();
    assert!((total / number(&s.expected["total_enroll"]) - 1.0).abs() < 1e-6);
    let error = s.error(&weights, &enroll, &s.design());
    let expected = number(&s.expected["se_total_enroll"][0][0]);
    assert!((error / expected - 1.0).abs() < 1e-4, "{error} {expected}");
}

#[test]
fn regression_weights() {
    let s = schools();
    // Schools by type and the sum of last year's index, as the package's example has it.
    let api99 = column(&s.rows, "api99");
    let mut values = Vec::new();
    for (row, x) in s.rows.iter().zip(&api99) {
        let of = |kind: &str| if row["stype"] == kind { 1.0 } else { 0.0 };
        values.extend([1.0, of("H"), of("M"), *x]);
    }
    let totals = [6194.0, 755.0, 1018.0, 3_914_069.0];
    let design = Design::new(&Rows::new(values, 4).unwrap(), &totals).unwrap();
    let found = calibrate(&column(&s.rows, "pw"), &design, Distance::Linear).unwrap();
    for (w, expected) in found.weights.iter().zip(column(&s.rows, "w_greg")) {
        assert!((w / expected - 1.0).abs() < 1e-6, "{w} {expected}");
    }
    let (mean, error) = s.mean(&found.weights, &column(&s.rows, "api00"), &design);
    assert!(
        (mean - number(&s.expected["greg_mean_api00"])).abs() < 1e-4,
        "{mean}"
    );
    let expected = number(&s.expected["greg_se"][0][0]);
    assert!((error / expected - 1.0).abs() < 1e-4, "{error} {expected}");
}

fn milk(fit: Fit) -> (FayHerriot, Value) {
    let all = rows(include_str!(
        "../fixtures/estimation_methods/milk_fay_herriot.csv"
    ));
    let expected: Value = serde_json::from_str(include_str!(
        "../fixtures/estimation_methods/milk_fay_herriot.expected.json"
    ))
    .unwrap();
    let (mut values, mut direct) = (Vec::new(), Vec::new());
    for row in &all {
        let of = |area: &str| if row["MajorArea"] == area { 1.0 } else { 0.0 };
        values.extend([1.0, of("2"), of("3"), of("4")]);
        direct.push(Some(Direct {
            value: row["yi"].parse().unwrap(),
            variance: row["SD"].parse::<f64>().unwrap().powi(2),
        }));
    }
    let name = match fit {
        Fit::Reml => "REML",
        Fit::Ml => "ML",
        Fit::Moments => "FH",
    };
    let found = FayHerriot::fit(&Rows::new(values, 4).unwrap(), &direct, fit).unwrap();
    (found, expected[name].clone())
}

#[test]
fn milk_expenditure_in_43_areas() {
    for fit in [Fit::Reml, Fit::Ml, Fit::Moments] {
        let (found, expected) = milk(fit);
        let near = |a: f64, b: f64, what: &str| {
            assert!((a - b).abs() < 1e-4, "{fit:?} {what}: {a} {b}");
        };
        near(found.between, number(&expected["refvar"]), "A");
        for (j, b) in expected["beta"].as_array().unwrap().iter().enumerate() {
            near(found.coefficients[j], number(b), "b");
            let error = found.covariance[(j, j)].sqrt();
            near(error, number(&expected["beta_se"][j]), "error of b");
        }
        for (i, area) in found.areas.iter().enumerate() {
            near(area.value, number(&expected["eblup"][i]), "area");
            near(area.mse, number(&expected["mse"][i]), "mse");
            let relative = area.mse / number(&expected["mse"][i]) - 1.0;
            assert!(relative.abs() < 1e-3, "{fit:?} {i} {relative}");
        }
        if let Some(log) = expected["loglike"].as_f64() {
            near(found.log_likelihood, log, "likelihood");
        }
    }
}

#[test]
fn areas_without_an_estimate_are_synthetic() {
    let rows = Rows::new((0..12).flat_map(|i| [1.0, f64::from(i)]).collect(), 2).unwrap();
    let direct: Vec<Option<Direct>> = (0..12)
        .map(|i| {
            (i != 5).then(|| Direct {
                value: 2.0 + 0.5 * f64::from(i) + if i % 2 == 0 { 0.3 } else { -0.3 },
                variance: 0.04,
            })
        })
        .collect();
    let found = FayHerriot::fit(&rows, &direct, Fit::Reml).unwrap();
    let area = found.areas[5];
    assert_eq!((area.status, area.weight), (AreaStatus::Synthetic, 0.0));
    assert!((area.value - 4.5).abs() < 0.2);
    assert!(
        found
            .areas
            .iter()
            .all(|a| a.mse > 0.0 && a.mse <= area.mse.max(0.2))
    );
    // No variance between areas: the model's value everywhere, and it is told.
    let exact: Vec<Option<Direct>> = (0..12)
        .map(|i| {
            Some(Direct {
                value: 2.0 + 0.5 * f64::from(i),
                variance: 1.0,
            })
        })
        .collect();
    let found = FayHerriot::fit(&rows, &exact, Fit::Reml).unwrap();
    assert_eq!((found.between, found.cautions.len()), (0.0, 1));
    assert!(found.areas.iter().all(|a| a.mse > 0.0));
    assert!(FayHerriot::fit(&rows, &exact[..5], Fit::Reml).is_err());
    let few: Vec<Option<Direct>> = (0..12).map(|i| exact[i].filter(|_| i < 3)).collect();
    assert!(FayHerriot::fit(&rows, &few, Fit::Reml).is_err());
}
