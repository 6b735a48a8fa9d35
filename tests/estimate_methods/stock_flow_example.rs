//! The worked example of ten children and nine prisoners, read from its files.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kinlink::estimate::both_parents::weight_share;
use kinlink::estimate::spells::Period;
use kinlink::estimate::stock_flow::{StockFlow, TimeIn};
use serde_json::Value;

const CHILDREN: &str = include_str!("../fixtures/estimation_methods/stock_flow_children.csv");
const LINKS: &str = include_str!("../fixtures/estimation_methods/stock_flow_links.csv");
const SPELLS: &str = include_str!("../fixtures/estimation_methods/stock_flow_spells.csv");

fn day(text: &str) -> i32 {
    let date: Date = text.parse().unwrap();
    let first: Date = "1970-01-01".parse().unwrap();
    (date - first).get_days()
}

/// The day of the eighteenth birthday; who is born on 29 February has it on 1 March.
fn eighteen(born: &str) -> i32 {
    let born: Date = born.parse().unwrap();
    let first: Date = "1970-01-01".parse().unwrap();
    let year = born.year() + 18;
    let birthday = Date::new(year, born.month(), born.day())
        .unwrap_or_else(|_| Date::new(year, 3, 1).unwrap());
    (birthday - first).get_days()
}

fn records(text: &str) -> Vec<Vec<String>> {
    csv::Reader::from_reader(text.as_bytes())
        .records()
        .map(|r| r.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

struct Example {
    eligible: BTreeMap<String, Period>,
    parents: BTreeMap<String, Vec<String>>,
    stays: BTreeMap<String, Vec<Period>>,
}

fn example() -> Example {
    let mut out = Example {
        eligible: BTreeMap::new(),
        parents: BTreeMap::new(),
        stays: BTreeMap::new(),
    };
    for row in records(CHILDREN) {
        let end = eighteen(&row[1]);
        let end = if row[2].is_empty() {
            end
        } else {
            end.min(day(&row[2]))
        };
        out.eligible
            .insert(row[0].clone(), Period::new(day(&row[1]), end));
    }
    for row in records(LINKS) {
        out.parents
            .entry(row[1].clone())
            .or_default()
            .push(row[0].clone());
    }
    for row in records(SPELLS) {
        let end = if row[2].is_empty() {
            i32::MAX / 2
        } else {
            day(&row[2])
        };
        let stay = Period::new(day(&row[1]), end);
        out.stays.entry(row[0].clone()).or_default().push(stay);
    }
    out
}

impl Example {
    /// The stays of each parent of a child.
    fn stays_of(&self, child: &str) -> Vec<Vec<Period>> {
        let parents = self.parents.get(child).into_iter().flatten();
        parents
            .map(|p| self.stays.get(p).cloned().unwrap_or_default())
            .collect()
    }
}

#[test]
fn stock_flow_and_time_of_the_example() {
    let expected: Value = serde_json::from_str(include_str!(
        "../fixtures/estimation_methods/stock_flow_expected.json"
    ))
    .unwrap();
    let expected = &expected["small"];
    let n = |key: &str| expected[key].as_u64().unwrap();
    let example = example();
    let year = Period::new(day("2025-04-01"), day("2026-04-01"));
    let mut all = StockFlow::new(year);
    let (mut stock, mut flow, mut pairs_stock) = (Vec::new(), Vec::new(), 0);
    let mut multiplicities = Vec::new();
    let reference = day(expected["stock_date"].as_str().unwrap());
    for (child, eligible) in &example.eligible {
        let by_parent = example.stays_of(child);
        let time = all.add(&by_parent.concat(), *eligible);
        if let Some(days) = expected["child_days"].get(child) {
            assert_eq!(i64::from(time.days()), days.as_i64().unwrap(), "{child}");
        }
        let parent = |stays: &Vec<Period>| TimeIn::new(stays, *eligible, year);
        let inside = by_parent.iter().filter(|s| parent(s).ever()).count();
        multiplicities.extend(vec![u32::try_from(inside).unwrap(); inside]);
        pairs_stock += by_parent.iter().filter(|s| parent(s).on(reference)).count();
        if time.on(reference) {
            stock.push(child.clone());
        }
        if time.ever() {
            flow.push(child.clone());
        }
    }
    assert_eq!(Value::from(stock), expected["stock_children"]);
    let mut wanted: Vec<String> =
        serde_json::from_value(expected["flow_children"].clone()).unwrap();
    wanted.sort();
    flow.sort();
    assert_eq!(flow, wanted);
    assert_eq!(all.stock(reference), Some(n("stock")));
    assert_eq!(all.opening(), n("opening_stock"));
    assert_eq!(all.flow(), n("flow_distinct_children"));
    assert_eq!(all.entries(), n("entries_during_year"));
    assert_eq!(all.child_days(), n("total_child_days"));
    let mean = expected["mean_daily_stock"].as_f64().unwrap();
    assert!((all.mean_stock().unwrap() - mean).abs() < 1e-12);
    assert_eq!(
        u64::try_from(pairs_stock).unwrap(),
        n("parent_child_pairs_stock")
    );
    assert_eq!(multiplicities.len() as u64, n("parent_child_pairs_flow"));
    let children = weight_share(multiplicities.iter().copied()).unwrap();
    assert_eq!(
        children,
        expected["multiplicity_estimator_flow"].as_f64().unwrap()
    );
    let factor = multiplicities.len() as f64 / children;
    assert!((factor - expected["double_count_factor_flow"].as_f64().unwrap()).abs() < 1e-12);
}
