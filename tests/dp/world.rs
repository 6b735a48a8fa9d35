//! Small domains, tables and ledgers for the tests of tables with noise.

use std::collections::BTreeMap;
use std::path::Path;

use kinlink::protect::dp::accounting::{Contribution, Loss, PrivacyUnit, Zcdp};
use kinlink::protect::dp::{
    Axis, Book, Counted, Domain, Goal, Measurements, NoiseKey, Plan, Request, Scope, TrueTable,
    measure, release_id,
};
use kinlink::pseudonymise::MasterKey;

/// Codes 00, 01, ….
pub fn codes(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("{i:02}")).collect()
}

/// A domain of dimensions a, b, c, … without hierarchies; one table of all.
pub fn flat(sizes: &[usize]) -> Domain {
    let names: Vec<String> = ('a'..).take(sizes.len()).map(|c| c.to_string()).collect();
    let axes = names.iter().zip(sizes);
    let axes = axes.map(|(name, n)| Axis::new(name, &codes(*n), &BTreeMap::new()).expect("axis"));
    let axes = axes.collect();
    Domain::new(axes, &[names]).expect("domain")
}

/// Areas in regions of unequal size, by a second dimension.
pub fn areas(n: usize, second: usize) -> Domain {
    let above = codes(n)
        .into_iter()
        .enumerate()
        .map(|(i, code)| (code, format!("R{}", (i * i / 5) % 4)));
    let axes = vec![
        Axis::new("area", &codes(n), &above.collect()).expect("axis"),
        Axis::new("band", &codes(second), &BTreeMap::new()).expect("axis"),
    ];
    Domain::new(axes, &[vec!["area".to_owned(), "band".to_owned()]]).expect("domain")
}

pub fn rho(amount: &str) -> Loss {
    Loss::Zcdp(Zcdp::new(amount.parse().expect("ratio")))
}

pub fn plan(domain: &Domain, loss: Loss, rows: u32) -> Plan {
    Plan::new(Request {
        domain: domain.clone(),
        unit: PrivacyUnit::Child,
        contribution: Contribution::try_from(rows).expect("bound"),
        loss,
        goal: Goal::Total,
    })
    .expect("plan")
}

pub fn key(seed: u64) -> NoiseKey {
    NoiseKey::of(&MasterKey::of_rehearsal_seed(seed))
}

pub fn scope() -> Scope {
    Scope {
        population: "children of the test".to_owned(),
        unit: PrivacyUnit::Child,
        period: "2025".to_owned(),
    }
}

pub fn ledger(folder: &Path, budget: Loss) -> Book {
    Book::create(folder, scope(), budget).expect("ledger")
}

/// A table whose finest cells have these counts, in row-major order.
pub fn counted(domain: &Domain, counts: &[u64]) -> TrueTable {
    let mut table = Counted::new(domain.clone(), Contribution::ONE);
    let places = domain.places(&domain.finest());
    assert_eq!(places.len(), counts.len());
    for (place, count) in places.into_iter().zip(counts) {
        let nodes = domain.nodes_at(place);
        let codes: Vec<&str> = domain
            .axes()
            .iter()
            .zip(&nodes)
            .map(|(a, n)| a.code(*n))
            .collect();
        table.add(&codes, *count).expect("in the domain");
    }
    table.finish()
}

/// Pays, measures and commits.
pub fn released(
    book: &mut Book,
    table: TrueTable,
    plan: &Plan,
    label: &str,
    key: &NoiseKey,
) -> Measurements {
    let release = release_id(&table, plan, label, key);
    let paid = book.reserve(&release, label, plan, key).expect("paid");
    let measurements = measure(table, plan, key, &paid).expect("measured");
    book.commit(paid, &measurements).expect("committed");
    measurements
}

/// All margins of finest counts, by place of the lattice.
pub fn margins(domain: &Domain, counts: &[i64]) -> Vec<i64> {
    let mut lattice = vec![0; domain.lattice()];
    for (place, n) in domain.places(&domain.finest()).into_iter().zip(counts) {
        lattice[place] = *n;
    }
    domain.sum_up(&mut lattice);
    lattice
}
