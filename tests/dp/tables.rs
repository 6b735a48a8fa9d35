//! Tables from measurements: what the closed forms promise holds in simulation; they add up, are
//! whole and not negative; they are a function of the measurements; one unit changes no table by
//! more than its bound.

use std::collections::BTreeMap;

use kinlink::protect::dp::accounting::{Contribution, Definition, Loss};
use kinlink::protect::dp::{Measurements, Reliability, Tabulator, reconstruct};
use proptest::prelude::*;

use super::world::{areas, codes, counted, flat, key, ledger, margins, plan, released, rho};

/// Skewed counts, the same every time.
fn skewed(n: usize) -> Vec<u64> {
    let part = |i: usize| (i * 7919 + 13) % 1000;
    (0..n)
        .map(|i| (part(i) as u64).pow(4) / 2_000_000_000)
        .collect()
}

#[test]
fn variances_and_intervals_are_what_simulation_finds() {
    const RUNS: u32 = 250;
    for (domain, loss) in [
        (flat(&[5, 6, 2]), rho("0.1")),
        (areas(12, 4), rho("0.2")),
        (
            areas(9, 2),
            Loss::of(Definition::Pure, "1".parse().expect("ratio")),
        ),
    ] {
        let plan = plan(&domain, loss, 1);
        let counts = skewed(domain.cells(&domain.finest()));
        let signed: Vec<i64> = counts.iter().map(|n| *n as i64).collect();
        let truth = margins(&domain, &signed);
        let folder = tempfile::tempdir().expect("folder");
        let budget = Loss::of(plan.definition(), "100000".parse().expect("ratio"));
        let mut book = ledger(folder.path(), budget);
        let tables = domain.tables().len();
        let (mut squares, mut promised) = (vec![0.0; tables], vec![0.0; tables]);
        let (mut inside, mut all) = (0.0, 0.0);
        for run in 0..RUNS {
            let table = counted(&domain, &counts);
            let noisy = reconstruct(&released(
                &mut book,
                table,
                &plan,
                &run.to_string(),
                &key(1),
            ));
            for (t, table) in noisy.tables().iter().enumerate() {
                for (i, place) in domain.places(&table.levels).into_iter().enumerate() {
                    let off = table.estimate[i] - truth[place] as f64;
                    squares[t] += off * off;
                    promised[t] += table.deviation[i] * table.deviation[i];
                    all += 1.0;
                    if (table.lower[i]..=table.upper[i]).contains(&truth[place]) {
                        inside += 1.0;
                    }
                }
            }
        }
        let coverage = inside / all;
        println!("coverage {coverage:.4}");
        assert!((0.95..0.995).contains(&coverage), "{coverage}");
        for t in 0..tables {
            // The mean of `RUNS` times so many squares, each with a relative deviation of √2 and
            // those of one table dependent: four deviations of a single cell's.
            let cells = domain.cells(&domain.tables()[t]) as f64;
            let free = (f64::from(RUNS) * cells.min(8.0)).sqrt();
            let off = (squares[t] / promised[t] - 1.0).abs();
            assert!(
                off < 4.0 * 1.6 / free,
                "{}: {off}",
                domain.title(&domain.tables()[t])
            );
        }
    }
}

#[test]
fn tables_add_up_and_are_whole_and_not_negative() {
    for (domain, loss) in [
        (flat(&[7, 5, 3]), "0.02"),
        (areas(23, 3), "0.05"),
        (flat(&[4]), "2"),
        (flat(&[4, 1, 3]), "0.3"),
        (flat(&[3, 2, 2, 2]), "0.5"),
    ] {
        let plan = plan(&domain, rho(loss), 1);
        let counts = skewed(domain.cells(&domain.finest()));
        let folder = tempfile::tempdir().expect("folder");
        let mut book = ledger(folder.path(), rho("10"));
        let measured = released(&mut book, counted(&domain, &counts), &plan, "one", &key(2));
        let noisy = reconstruct(&measured);
        let finest = noisy.tables().last().expect("tables");
        assert_eq!(finest.levels, domain.finest());
        let values: Vec<i64> = finest.value.iter().map(|v| v.expect("shown")).collect();
        assert!(values.iter().all(|v| *v >= 0));
        let sums = margins(&domain, &values);
        for table in noisy.tables() {
            for (i, place) in domain.places(&table.levels).into_iter().enumerate() {
                assert_eq!(table.value[i], Some(sums[place]));
                assert!((table.lower[i]..=table.upper[i]).contains(&sums[place]));
            }
        }
        assert!(noisy.drift() < 2.0, "{}", noisy.drift());
    }
}

#[test]
fn linked_tables_without_a_common_finest_one_agree() {
    let axes = flat(&[4, 3, 2]).axes().to_vec();
    let pair = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
    let domain = kinlink::protect::dp::Domain::new(axes, &[pair("a", "b"), pair("b", "c")]);
    let domain = domain.expect("domain");
    assert_eq!(domain.tables().len(), 6);
    let plan = plan(&domain, rho("0.3"), 1);
    let folder = tempfile::tempdir().expect("folder");
    let mut book = ledger(folder.path(), rho("10"));
    let table = counted(&domain, &skewed(24));
    let noisy = reconstruct(&released(&mut book, table, &plan, "linked", &key(2)));
    let find = |levels: &[usize]| {
        noisy
            .tables()
            .iter()
            .find(|t| t.levels == levels)
            .expect("table")
    };
    let (ab, bc, b) = (find(&[1, 1, 0]), find(&[0, 1, 1]), find(&[0, 1, 0]));
    for i in 0..3 {
        let by_a: i64 = (0..4).map(|a| ab.value[a * 3 + i].expect("shown")).sum();
        let by_c: i64 = (0..2).map(|c| bc.value[i * 2 + c].expect("shown")).sum();
        assert_eq!(Some(by_a), b.value[i]);
        assert_eq!(Some(by_c), b.value[i]);
    }
}

#[test]
fn what_is_published_is_a_function_of_the_measurements() {
    // T9: two true tables, the same measurements (read back from their file): the same tables.
    let domain = flat(&[4, 3]);
    let plan = plan(&domain, rho("0.1"), 1);
    let folder = tempfile::tempdir().expect("folder");
    let mut book = ledger(folder.path(), rho("1"));
    let first = released(
        &mut book,
        counted(&domain, &skewed(12)),
        &plan,
        "first",
        &key(1),
    );
    let second = released(
        &mut book,
        counted(&domain, &[9; 12]),
        &plan,
        "second",
        &key(1),
    );
    assert_ne!(first.counts(), second.counts());
    let text = serde_json::to_string(&first).expect("json");
    let again: Measurements = serde_json::from_str(&text).expect("json");
    assert_eq!(reconstruct(&first), reconstruct(&again));
}

#[test]
fn hiding_is_a_function_of_noisy_values() {
    let domain = flat(&[6, 4]);
    let plan = plan(&domain, rho("0.5"), 1);
    let folder = tempfile::tempdir().expect("folder");
    let mut book = ledger(folder.path(), rho("1"));
    let measured = released(
        &mut book,
        counted(&domain, &skewed(24)),
        &plan,
        "hide",
        &key(1),
    );
    let plain = reconstruct(&measured);
    let mut below = plain.clone();
    below.hide_below(10);
    let mut reliable = plain.clone();
    reliable.hide_unreliable();
    for ((table, below), reliable) in plain
        .tables()
        .iter()
        .zip(below.tables())
        .zip(reliable.tables())
    {
        for i in 0..table.value.len() {
            let value = table.value[i].expect("shown");
            assert_eq!(below.value[i].is_none(), (1..10).contains(&value));
            assert_eq!(
                reliable.value[i].is_none(),
                table.reliability[i] == Reliability::Low
            );
        }
    }
}

/// Counts of rows with a bound, read exactly: with so large a budget the noise is 0.
fn exact(rows: &[(u8, u8, u8)], bound: u32) -> BTreeMap<Vec<usize>, Vec<i64>> {
    let domain = flat(&[4, 3]);
    let plan = plan(&domain, rho("1e9"), bound);
    let key = key(3);
    let mut table = Tabulator::new(
        domain.clone(),
        Contribution::try_from(bound).expect("bound"),
        &key,
    );
    let names = codes(8);
    for (unit, a, b) in rows {
        let codes = [
            names[usize::from(*a)].as_str(),
            names[usize::from(*b)].as_str(),
        ];
        table
            .add(&format!("unit {unit}"), &codes)
            .expect("in the domain");
    }
    let folder = tempfile::tempdir().expect("folder");
    let mut book = ledger(folder.path(), rho("1e9"));
    let measured = released(&mut book, table.finish().0, &plan, "exact", &key);
    let counts = measured.counts().iter().zip(domain.tables());
    counts
        .filter_map(|(c, levels)| Some((levels.clone(), c.clone()?)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// T8: a unit more or less changes no table by more than its bound, in L1 and in L2, however
    /// many rows it has and wherever they are; and the order of the rows is of no account.
    #[test]
    fn one_unit_changes_a_table_by_its_bound_at_most(
        rows in prop::collection::vec((0_u8..5, 0_u8..4, 0_u8..3), 1..60),
        bound in 1_u32..4,
    ) {
        let with = exact(&rows, bound);
        let rest: Vec<_> = rows.iter().copied().filter(|(unit, _, _)| *unit != 0).collect();
        let without = exact(&rest, bound);
        let bound = i64::from(bound);
        for (levels, counts) in &with {
            let change: Vec<i64> = counts.iter().zip(&without[levels]).map(|(a, b)| a - b).collect();
            prop_assert!(change.iter().map(|c| c.abs()).sum::<i64>() <= bound);
            prop_assert!(change.iter().map(|c| c * c).sum::<i64>() <= bound * bound);
            prop_assert!(change.iter().all(|c| *c >= 0));
        }
        let mut turned = rows.clone();
        turned.reverse();
        prop_assert_eq!(exact(&turned, u32::try_from(bound).expect("small")), with);
    }
}
