//! A series: stocks by month-end, whose months do not add up.

use super::super::linked::State;
use super::*;
use crate::schema::published::{CodeDef, DimensionDef, Status, SuppressionDef, TOTAL};

const REFERENCE: &str = "2025-09-30";

fn dimension(name: &str, total: &str, codes: &[&str]) -> DimensionDef {
    DimensionDef {
        name: name.to_owned(),
        variable: name.to_owned(),
        title: name.to_owned(),
        description: String::new(),
        total: total.to_owned(),
        total_code: None,
        codes: codes
            .iter()
            .map(|c| CodeDef {
                code: (*c).to_owned(),
                label: (*c).to_owned(),
                parent: None,
            })
            .collect(),
    }
}

fn working(
    id: &str,
    dimensions: Vec<DimensionDef>,
    min_frequency: Option<u64>,
    counts: &[(&[&str], u64)],
) -> Working {
    let definition = Box::leak(Box::new(TableDef {
        id: id.to_owned(),
        title: String::new(),
        subtitle: String::new(),
        population: "children".to_owned(),
        dimensions,
        concepts: vec![Concept::Stock],
        measures: vec!["children".to_owned()],
        derived: Vec::new(),
        estimated: None,
        rounding: None,
        suppression: min_frequency.map(|min_frequency| SuppressionDef { min_frequency }),
        not_applicable: Vec::new(),
        not_available: Vec::new(),
        unavailable: None,
        keep_shown: false,
        built_from: None,
    }));
    let counts = counts
        .iter()
        .map(|(codes, n)| (codes.iter().map(|c| (*c).to_owned()).collect(), *n))
        .collect();
    Working {
        definition,
        base: 1,
        published: false,
        counts: BTreeMap::from([((Concept::Stock, "children".to_owned()), counts)]),
        rows: Vec::new(),
        restricted: Vec::new(),
    }
}

const PLACES: [&str; 4] = ["a", "b", "c", "d"];

/// A series of three months by place. In August only `a` is small; the reference day has no small
/// count by place.
fn series() -> Working {
    let months = dimension("month", "", &["2025-07-31", "2025-08-31", REFERENCE]);
    let places = dimension("place", "All", &PLACES);
    let counts: Vec<([&str; 2], u64)> = [
        ("2025-08-31", [3, 30, 20, 40]),
        (REFERENCE, [21, 33, 17, 44]),
        ("2025-07-31", [21, 31, 17, 43]),
    ]
    .into_iter()
    .flat_map(|(month, counts)| {
        PLACES
            .into_iter()
            .zip(counts)
            .map(move |(p, n)| ([month, p], n))
    })
    .collect();
    let counts: Vec<(&[&str], u64)> = counts.iter().map(|(c, n)| (&c[..], *n)).collect();
    working("S", vec![months, places], Some(6), &counts)
}

fn job(reference: Option<&str>) -> Job {
    Job {
        tables: Vec::new(),
        population: None,
        quality: None,
        reference: reference.map(str::to_owned),
        rules: Rules::default(),
    }
}

fn hidden(table: &Working) -> Vec<(String, String)> {
    let rows = table.rows.iter().filter(|r| r.status == Status::C);
    rows.map(|r| (r.codes[0].clone(), r.codes[1].clone()))
        .collect()
}

#[test]
fn months_are_systems_of_their_own_and_have_no_total() {
    let mut tables = [series()];
    let (systems, width) =
        one_measure(&mut tables, Concept::Stock, "children", &job(None)).expect("protected");
    let [table] = &tables;
    // Five codes of place a month, in the order of publication, and no sum over months.
    assert_eq!(table.rows.len(), 15);
    assert!(table.rows.iter().all(|r| r.codes[0] != TOTAL));
    assert_eq!(table.rows[0].codes, ["2025-07-31", TOTAL]);
    assert_eq!(table.rows[14].codes, [REFERENCE, "d"]);
    // One small count and one more cell of the same month; nothing in the others.
    let c = |place: &str| ("2025-08-31".to_owned(), place.to_owned());
    assert_eq!(hidden(table), [c("a"), c("c")]);
    assert!(width.is_some_and(|w| w >= 5.0), "{width:?}");
    let small = table
        .restricted
        .iter()
        .filter(|r| r.3.state == State::Primary);
    assert_eq!(small.count(), 1);
    let names: Vec<&str> = systems.iter().flatten().map(String::as_str).collect();
    assert_eq!(
        names,
        ["S (2025-07-31)", "S (2025-08-31)", "S (2025-09-30)"]
    );
}

#[test]
fn the_reference_day_is_protected_with_the_other_stocks() {
    // In the other table, the count of `a` by sex is small, so that more is hidden; its margins by
    // place are those of the series on the reference day.
    let other = || {
        let places = dimension("place", "All", &PLACES);
        let sexes = dimension("sex", "All", &["f", "m"]);
        let counts: Vec<([&str; 2], u64)> = [
            ("a", [2, 19]),
            ("b", [3, 30]),
            ("c", [4, 13]),
            ("d", [22, 22]),
        ]
        .into_iter()
        .flat_map(|(p, [f, m])| [([p, "f"], f), ([p, "m"], m)])
        .collect();
        let counts: Vec<(&[&str], u64)> = counts.iter().map(|(c, n)| (&c[..], *n)).collect();
        working("O", vec![places, sexes], Some(6), &counts)
    };
    let mut tables = [other(), series()];
    let (systems, _) = one_measure(
        &mut tables,
        Concept::Stock,
        "children",
        &job(Some(REFERENCE)),
    )
    .expect("protected");
    let reference = vec!["O".to_owned(), "S (2025-09-30)".to_owned()];
    assert!(systems.contains(&reference), "{systems:?}");
    assert_eq!(systems.len(), 3);
    let [other_table, table] = &tables;
    for place in PLACES.into_iter().chain([TOTAL]) {
        let own = hidden(table).contains(&(REFERENCE.to_owned(), place.to_owned()));
        let there = hidden(other_table).contains(&(place.to_owned(), TOTAL.to_owned()));
        assert_eq!(own, there, "{place}");
    }
    // Not told which day it is, the series would be no part of the system.
    let mut tables = [other(), series()];
    let (systems, _) =
        one_measure(&mut tables, Concept::Stock, "children", &job(None)).expect("protected");
    assert_eq!(systems.len(), 4);
}

#[test]
fn a_series_that_was_published_is_passed_on_month_by_month() {
    let months = dimension("month", "", &["2025-07-31", "2025-08-31"]);
    let places = dimension("place", "All", &PLACES);
    let mut table = working(
        "S",
        vec![months, places],
        None,
        &[(&["2025-08-31", "Total"], 70), (&["2025-08-31", "a"], 30)],
    );
    table.published = true;
    let mut tables = [table];
    one_measure(&mut tables, Concept::Stock, "children", &job(None)).expect("passed on");
    let [table] = &tables;
    let status: Vec<Status> = table.rows.iter().map(|r| r.status).collect();
    let x = Status::X;
    assert_eq!(status, [Status::Observed, Status::Observed, x, x, x]);
    assert_eq!(table.rows[0].codes, ["2025-08-31", TOTAL]);
}
