//! The hot paths of linkage: grouping a pass, deciding it, and the encodings; pairs compared and
//! scored, and a whole linkage of two files in memory.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::convert::Infallible;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hashbrown::HashMap;
use kinlink::comparison::{Kind, Word};
use kinlink::link::cannot_link::Apart;
use kinlink::link::decide::Decision;
use kinlink::link::engine::{Engine, Keep};
use kinlink::link::linkage_side::{Groups, PassRows, group};
use kinlink::link::model::Weights;
use kinlink::link::owner_side::{Joined, Records, join};
use kinlink::link::pairs::{Blocks, Dependent, Membership, Pattern, Side, Walk};
use kinlink::link::pass::{PassInput, Rules, SourceInfo};
use kinlink::link::people::{self, Input};
use kinlink::link::settle;
use kinlink::link::spec::Spec;
use kinlink::progress::Silent;
use kinlink::pseudonymise::words::{Comparison, Digests, Part, Rule, RuleKey, Token};
use kinlink::pseudonymise::{Encoder, Identity, MasterKey, Recipe, Scratch};
use kinlink::synth::pair::{self, Form, PairJob, PairParameters};

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
    let who = Identity {
        forename: Some("ANN"),
        surname: Some("HOBBS PARRY"),
        year: Some(1990),
        month: Some(3),
        day: Some(4),
        ..Identity::default()
    };
    let (people, names) = (vec![who; 256], vec![[7; 16]; 256]);
    g.throughput(Throughput::Elements(256));
    for recipe in &recipes {
        let encoder = Encoder::new(&keys, "adult", std::slice::from_ref(recipe));
        let mut scratch = Scratch::default();
        g.bench_function(recipe.name(), |b| {
            b.iter(|| {
                encoder.encode(black_box(&people), &names, &mut scratch, |row| {
                    black_box(row.key);
                });
            });
        });
    }
    g.finish();
}

const SIDE: u64 = 20_000;

/// Two synthetic files, read.
fn people() -> (Spec, Vec<Input>) {
    let folder = tempfile::tempdir().expect("folder");
    let out = folder.path().join("pair");
    let job = PairJob {
        out: out.clone(),
        rows: SIDE,
        seed: 1,
        form: Form::Parquet,
        parameters: PairParameters::built_in().expect("parameters"),
    };
    pair::run(&job, &Silent).expect("files");
    let spec = Spec::read(&out.join("spec.toml")).expect("specification");
    let inputs = (0..2)
        .zip(["left.parquet", "right.parquet"])
        .map(|(side, name)| people::read(&out.join(name), side, &spec).expect("people"))
        .collect();
    (spec, inputs)
}

/// Words of all rows in blocks, compared and scored on one thread: pairs a core second. The blocks
/// are years of birth, so that they are many and large.
fn pairs(c: &mut Criterion) {
    let (spec, inputs) = people();
    let comparisons = people::comparisons(&spec);
    let kinds: Vec<Kind> = comparisons.iter().map(|c| c.kind).collect();
    let keys = MasterKey::of_rehearsal_seed(1).for_project("bench", "1");
    let engine = Engine::new(
        inputs.iter().map(|i| &i.source).collect(),
        &comparisons,
        &keys,
        &Silent,
    );
    // The model of a whole linkage, by the rules that it chooses.
    let linked = engine.link(&engine.choose(None), None, keep(&Apart::default()));
    let weights = Weights::new(&linked.fit);
    let date = kinds.iter().position(|k| *k == Kind::Date).expect("a date");
    let rule = Rule {
        name: "year".to_owned(),
        parts: vec![Part {
            column: comparisons[date].columns[0].expect("its column"),
            lane: 7,
        }],
        unordered: None,
    };
    let key = RuleKey::derive(&keys, &rule.name, &comparisons);
    let digests: Vec<Vec<Digests>> = inputs
        .iter()
        .map(|input| {
            let columns = input.source.columns.iter().enumerate();
            columns
                .map(|(place, column)| {
                    let of = |c: &&Comparison| c.columns.contains(&Some(place));
                    let own = comparisons
                        .iter()
                        .filter(of)
                        .find(|c| c.kind != Kind::Names);
                    let named = comparisons.iter().filter(of).any(|c| c.kind == Kind::Names);
                    Digests::of(column, own.map_or(Kind::Names, |c| c.kind), named, &keys)
                })
                .collect()
        })
        .collect();
    let sides = || inputs.iter().zip(&digests);
    let tokens: Vec<Vec<Token>> = sides()
        .map(|(input, digests)| key.tokens(&rule, &input.source, digests))
        .collect();
    let words: Vec<Vec<Word>> = sides()
        .map(|(input, digests)| {
            let mut words = Vec::new();
            key.words(
                &rule,
                &input.source,
                digests,
                &comparisons,
                &|_| true,
                &mut words,
            );
            words
        })
        .collect();
    let blocks = Blocks::between(&tokens[0], &tokens[1], u64::MAX);
    let mut members = [0, 1].map(|side: usize| Membership::new(inputs[side].rows(), 1));
    members[0].note(0, &blocks.left, blocks.ends.iter().map(|e| e.0));
    members[1].note(0, &blocks.right, blocks.ends.iter().map(|e| e.1));
    let side = |side: usize| Side {
        words: &words[side],
        members: &members[side],
    };
    let dependent = Dependent::of(&comparisons);
    let walk = Walk {
        rule: Some(0),
        blocks: &blocks,
        left: side(0),
        right: Some(side(1)),
        kinds: &kinds,
        dependent: &dependent,
        taken: None,
    };
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a thread");
    let mut g = c.benchmark_group("pairs");
    g.sample_size(10)
        .throughput(Throughput::Elements(blocks.pairs));
    g.bench_function("compared and scored, one thread", |b| {
        b.iter(|| {
            let of_task = one.install(|| {
                walk.fold(
                    <(u64, HashMap<Pattern, f64>)>::default,
                    |(links, worth), _, _, pattern| {
                        let log_odds = worth
                            .entry(pattern)
                            .or_insert_with(|| weights.log_odds(pattern));
                        *links += u64::from(*log_odds > 0.0);
                    },
                )
            });
            of_task.iter().map(|(links, _)| links).sum::<u64>()
        });
    });
    g.finish();
}

/// Rules, blocks, pairs, model and scores of 20,000 rows a side, from the values in memory.
fn whole(c: &mut Criterion) {
    let (spec, inputs) = people();
    let comparisons = people::comparisons(&spec);
    let keys = MasterKey::of_rehearsal_seed(1).for_project("bench", "1");
    let mut g = c.benchmark_group("linkage");
    g.sample_size(10).throughput(Throughput::Elements(2 * SIDE));
    g.bench_function("20,000 rows a side", |b| {
        b.iter(|| {
            let sources = inputs.iter().map(|i| &i.source).collect();
            let engine = Engine::new(sources, &comparisons, &keys, &Silent);
            let linked = engine.link(&engine.choose(None), None, keep(&Apart::default()));
            settle::share(&linked.pairs, true, false).len()
        });
    });
    g.finish();
}

fn keep(apart: &Apart) -> Keep<'_> {
    Keep { least: 1e-3, apart }
}

criterion_group!(benches, passes, encodings, pairs, whole);
criterion_main!(benches);
