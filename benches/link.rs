//! The hot paths of linkage: grouping a pass, deciding it, and the encodings.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::convert::Infallible;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use kinlink::link::decide::Decision;
use kinlink::link::linkage_side::{Groups, PassRows, group};
use kinlink::link::owner_side::{Joined, Records, join};
use kinlink::link::pass::{PassInput, Rules, SourceInfo};
use kinlink::pseudonymise::{Encoder, Identity, MasterKey, Recipe, Scratch};

const ROWS: u64 = 1_000_000;

/// Half of the rows in each of two sources; a third of the first have a partner in the second.
fn pass() -> (PassRows, Vec<Joined>) {
    let keys = MasterKey::of_rehearsal_seed(1).for_project("bench", "1");
    let (of_key, of_row) = (keys.derive(&["key"]), keys.derive(&["row"]));
    let (mut rows, mut table) = (PassRows::default(), Vec::new());
    for n in 0..ROWS {
        let (source, person) = if n < ROWS / 2 {
            (0, n)
        } else {
            (1, if n % 3 == 0 { n - ROWS / 2 } else { n })
        };
        let row = of_row.mac_message(&n.to_le_bytes());
        rows.sources.push(source);
        rows.rows.push(row);
        rows.keys.push(of_key.mac_message(&person.to_le_bytes()));
        table.push((row, u128::from(n).to_be_bytes()));
    }
    (rows, table)
}

fn joined(groups: &Groups, table: &[Joined]) -> (Records, PassInput) {
    let mut records = Records::default();
    let scan = |f: &mut dyn FnMut(&Joined)| {
        table.iter().for_each(f);
        Ok::<(), Infallible>(())
    };
    let groups_of_records = match join(groups, &mut records, scan, |_| {}) {
        Ok(Ok(found)) => found,
        _ => Default::default(),
    };
    let input = PassInput {
        name: "bench".to_owned(),
        seen: groups.seen.clone(),
        groups: groups_of_records,
        linked: vec![vec![0; 2]; 2],
        parts: None,
        fixed: None,
    };
    (records, input)
}

fn decision() -> Decision {
    let source = |name: &str| SourceInfo {
        name: name.to_owned(),
        duplicate_free: true,
    };
    Decision::new(Rules {
        sources: vec![source("a"), source("b")],
        within: true,
        floor: 0.5,
        keep: None,
    })
}

fn passes(c: &mut Criterion) {
    let (rows, table) = pass();
    let groups = group(&rows, 100);
    let mut g = c.benchmark_group("pass of a million rows");
    g.sample_size(10).throughput(Throughput::Elements(ROWS));
    g.bench_function("group", |b| b.iter(|| group(black_box(&rows), 100)));
    g.bench_function("join", |b| b.iter(|| joined(black_box(&groups), &table)));
    g.bench_function("decide", |b| {
        b.iter_batched(
            || (decision(), joined(&groups, &table)),
            |(mut decision, (records, input))| {
                decision.pass(&input, &records);
                decision.finish(&records).links.len()
            },
            BatchSize::PerIteration,
        );
    });
    g.finish();
}

fn encodings(c: &mut Criterion) {
    let keys = MasterKey::of_rehearsal_seed(1).for_project("bench", "1");
    let mut g = c.benchmark_group("encoding");
    g.throughput(Throughput::Elements(1));
    let key = keys.derive(&["hmac"]);
    let message = [7_u8; 30];
    g.bench_function("HMAC of 30 bytes", |b| {
        b.iter(|| key.mac_message(black_box(&message)));
    });
    let words = [
        &["forename", "surname", "date_of_birth"][..],
        &["forename.soundex", "surname.soundex", "date_of_birth"],
        &["forename", "surname.any", "date_of_birth"],
    ];
    let recipes: Vec<Recipe> = words
        .iter()
        .filter_map(|w| Recipe::of_words(w).ok())
        .collect();
    let encoder = Encoder::new(&keys, "adult", &recipes);
    let who = Identity {
        forename: Some("ANN"),
        surname: Some("HOBBS PARRY"),
        year: Some(1990),
        month: Some(3),
        day: Some(4),
        ..Identity::default()
    };
    for (pass, recipe) in recipes.iter().enumerate() {
        let (mut scratch, mut out) = (Scratch::default(), Vec::new());
        g.bench_function(recipe.name(), |b| {
            b.iter(|| {
                out.clear();
                encoder.match_keys(pass, black_box(&who), &mut scratch, &mut out);
                out.len()
            });
        });
    }
    g.finish();
}

criterion_group!(benches, passes, encodings);
criterion_main!(benches);
