//! The attacks on people made up for the purpose: each works where there is no protection, and
//! names nobody, or next to nobody, where there is.

use super::population::Overlap;
use super::*;
use crate::progress::Silent;
use crate::pseudonymise::{
    Arrangement, BlockPass, BlockRule, Identity, MasterKey, Recipe, RowNames,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

/// A number below `n`, the small ones far commoner, as names are.
fn skewed(random: &mut ChaCha20Rng, n: u32) -> u32 {
    let uniform = f64::from(random.next_u32()) / f64::from(u32::MAX);
    let place = uniform.powf(2.2) * f64::from(n);
    (0..n).find(|i| f64::from(i + 1) >= place).unwrap_or(0)
}

fn below(random: &mut ChaCha20Rng, n: u32) -> u32 {
    random.next_u32() % n
}

/// A name of a list that the number makes: two to four syllables.
fn name(number: u32, syllables: u32) -> String {
    const FIRST: [&str; 12] = [
        "BA", "CHE", "DO", "FRI", "GLA", "HU", "JE", "KI", "LO", "MA", "RO", "STE",
    ];
    const LAST: [&str; 11] = [
        "N", "LLY", "RT", "SON", "TH", "DE", "RAN", "MS", "CK", "WOOD", "LEY",
    ];
    let mut left = number.wrapping_mul(2_654_435_761) >> 7;
    let mut out = String::new();
    for _ in 0..syllables + number % 2 {
        out.push_str(FIRST[(left % 12) as usize]);
        left /= 12;
    }
    out + LAST[(number % 11) as usize]
}

fn people(count: u32) -> Population {
    let mut random = ChaCha20Rng::seed_from_u64(7);
    let keys = MasterKey::of_rehearsal_seed(3).for_project("attacked", "1");
    let names = RowNames::new(&keys);
    let known = (0..count).map(|i| {
        let forename = name(skewed(&mut random, 400), 1);
        let surname = name(skewed(&mut random, 3_000) + 1_000, 2);
        let district = below(&mut random, 300);
        let postcode = format!(
            "Q{} {}{}{}",
            district,
            below(&mut random, 9),
            char::from(b'A' + u8::try_from(below(&mut random, 20)).unwrap()),
            char::from(b'A' + u8::try_from(below(&mut random, 20)).unwrap()),
        );
        let who = Identity {
            forename: Some(&forename),
            surname: Some(&surname),
            year: Some(1950 + i16::try_from(below(&mut random, 55)).unwrap()),
            month: Some(1 + u8::try_from(below(&mut random, 12)).unwrap()),
            day: Some(1 + u8::try_from(below(&mut random, 28)).unwrap()),
            sex: Some(if below(&mut random, 5) == 0 { "F" } else { "M" }),
            postcode: Some(&postcode),
            ..Identity::default()
        };
        let name = names.name("a", &i.to_string(), 0);
        Known::of(&who, name, name)
    });
    Population::new(known.collect(), 11)
}

fn attacked(count: u32, arrangement: Arrangement) -> Report {
    let population = people(count);
    let recipes: Vec<Recipe> = [
        &["forename", "surname", "date_of_birth"][..],
        &["names.unordered", "date_of_birth"],
        &["surname", "postcode", "date_of_birth.year"],
    ]
    .iter()
    .map(|words| Recipe::of_words(words).unwrap())
    .collect();
    let blocks = BlockPass::of_rules(&BlockRule::usual(), arrangement).unwrap();
    let mut target = Target {
        kind: "adult",
        people: &population,
        recipes: &recipes,
        blocks: &blocks,
        passes: &[],
    };
    let keys = MasterKey::of_rehearsal_seed(3).for_project("attacked", "1");
    let mut passes = views(&keys, &target, population.all(), 0);
    for view in &mut passes {
        *view = emission::emitted(view, population.all().len());
    }
    target.passes = &passes;
    let settings = Settings {
        sizes: vec![2_000],
        public: b"salt".to_vec(),
    };
    run(&target, &settings, &Silent)
}

fn most(report: &Report, attack: &str, what: &str, overlap: &str) -> f64 {
    let of = |f: &&Finding| f.attack == attack && f.what == what && f.overlap == overlap;
    let figures = report.findings.iter().filter(of).map(|f| f.figure.abs());
    figures.reduce(f64::max).expect("a figure")
}

fn unprotected(report: &Report, attack: &str) -> f64 {
    let of = report
        .findings
        .iter()
        .filter(|f| f.attack == attack && f.overlap == "full");
    of.filter_map(|f| f.unprotected).fold(0.0, f64::max)
}

#[test]
#[ignore = "minutes of principal components: cargo test --release --lib attack -- --ignored"]
fn the_usual_encodings_stand_and_what_is_unprotected_falls() {
    let report = attacked(4_000, Arrangement::Lanes);
    let broken: Vec<String> = report
        .broken()
        .map(|f| format!("{} {} {} {:.4}", f.attack, f.what, f.pass, f.figure))
        .collect();
    assert_eq!(broken, Vec::<String>::new());
    // Every attack works on the same people without protection.
    for (attack, least) in [
        ("A1", 0.05),
        ("A3", 0.9),
        ("A4", 0.9),
        ("A5", 0.5),
        ("A6", 1.0),
        ("A7", 1.0),
        ("A9", 1.0),
        ("A10", 0.9),
        ("A11", 1.0),
    ] {
        let figure = unprotected(&report, attack);
        assert!(figure >= least, "{attack} {figure}");
    }
}

#[test]
#[ignore = "minutes of principal components: cargo test --release --lib attack -- --ignored"]
fn filters_of_whole_records_fall_in_the_whole_suite() {
    // Why the usual form is another: the same attack, the same people.
    let report = attacked(4_000, Arrangement::Record);
    let filters = most(&report, "A4", "blocks by their pattern", "full");
    assert!(filters > 0.01, "{filters}");
    assert!(report.broken().all(|f| f.attack == "A4"));
}

/// The views of a population under two keys, the run's and the adversary's.
fn two_views(population: &Population, arrangement: Arrangement) -> [Vec<PassView>; 2] {
    let blocks = BlockPass::of_rules(&BlockRule::usual(), arrangement).unwrap();
    let target = Target {
        kind: "adult",
        people: population,
        recipes: &[],
        blocks: &blocks,
        passes: &[],
    };
    [3, 4].map(|seed| {
        let keys = MasterKey::of_rehearsal_seed(seed).for_project("attacked", "1");
        views(&keys, &target, population.all(), 0)
    })
}

#[test]
fn blocks_of_filters_are_found_by_their_pattern_and_blocks_of_lanes_are_not() {
    let population = people(2_000);
    let worst = |arrangement| {
        let [mut ours, theirs] = two_views(&population, arrangement);
        for view in &mut ours {
            *view = emission::emitted(view, population.all().len());
        }
        let named = ours
            .iter()
            .zip(&theirs)
            .map(|(ours, theirs)| super::blocks::block_structure(ours, theirs));
        named.fold(0.0, f64::max)
    };
    let (lanes, record) = (worst(Arrangement::Lanes), worst(Arrangement::Record));
    assert!(lanes <= 0.01, "lanes {lanes}");
    assert!(record > 0.01, "record {record}");
}

/// A1, A3 and A4 block by block, without the principal components of the whole file that take the
/// time: at both sizes, all known and half of them known.
#[test]
#[ignore = "a minute: cargo test --release --lib attack::tests::block_by_block -- --ignored --nocapture"]
fn block_by_block_at_both_sizes() {
    let population = people(15_000);
    let recipes = [
        &["forename", "surname", "date_of_birth"][..],
        &["forename.soundex", "surname.soundex", "date_of_birth"],
    ]
    .map(|words| Recipe::of_words(words).unwrap());
    let blocks = BlockPass::of_rules(&BlockRule::usual(), Arrangement::Lanes).unwrap();
    let target = Target {
        kind: "adult",
        people: &population,
        recipes: &recipes,
        blocks: &blocks,
        passes: &[],
    };
    let mut above = Vec::new();
    for (size, overlap) in [
        (2_000, Overlap::Full),
        (2_000, Overlap::Half),
        (10_000, Overlap::Full),
        (10_000, Overlap::Half),
    ] {
        let (ours, held) = population.sample(size, overlap);
        let first = held.first().map(|p| p.name);
        let from = population.all().iter().position(|p| Some(p.name) == first);
        let encoded = |seed, people: &[Known], from| {
            let keys = MasterKey::of_rehearsal_seed(seed).for_project("attacked", "1");
            let all = views(&keys, &target, people, from);
            let left = all.iter().map(|v| emission::emitted(v, people.len()));
            left.collect::<Vec<PassView>>()
        };
        let (ours, theirs) = (encoded(3, ours, 0), encoded(4, held, from.unwrap()));
        for (ours, theirs) in ours.iter().zip(&theirs) {
            let equality = super::structure::named_by_pattern(ours, theirs);
            let (what, figure, gate) = match ours.form {
                Some(_) => ("A4", super::blocks::block_structure(ours, theirs), 0.01),
                None => ("A1", super::frequency::rank_alignment(ours, theirs), 0.001),
            };
            let (rows, of) = (ours.rows.len(), overlap.word());
            println!(
                "{size} {of} {}: {rows} rows, A3 {equality:.4}, {what} {figure:.4}",
                ours.name
            );
            if figure > gate || equality > 0.0 {
                above.push((size, of, ours.name.clone()));
            }
        }
    }
    assert_eq!(above, Vec::new());
}

#[test]
fn bits_of_a_plain_filter_of_one_name_give_it_away() {
    let population = people(1_000);
    let who: Vec<Identity<'_>> = population.all().iter().map(Known::identity).collect();
    let names: Vec<&str> = who.iter().filter_map(|w| w.forename).collect();
    let layout = crate::pseudonymise::Filters::fields(512).unwrap();
    let range = layout.ranges().remove(0);
    let plain = layout.plain([9; 16], &who);
    let row = |bits, block: u128, name| super::pattern::Named {
        bits,
        block: block.to_be_bytes(),
        name,
    };
    let rows = (0..).zip(&plain).zip(&names);
    let rows = rows.map(|((i, f), name)| row(&f[range.clone()], i, *name));
    let found = super::pattern::mine(&rows.collect::<Vec<_>>(), &names);
    assert!(found.telling > 0.5, "{found:?}");
    // Under a key for each block there is nothing to mine.
    let [ours, _] = two_views(&population, Arrangement::Fields);
    let rows = ours[0].rows.iter().map(|r| super::pattern::Named {
        bits: &r.encoding[range.clone()],
        block: r.key,
        name: names[r.person],
    });
    let found = super::pattern::mine(&rows.collect::<Vec<_>>(), &names);
    assert!(found.telling < 1e-9, "{found:?}");
}
