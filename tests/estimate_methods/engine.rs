//! The engine of replicates: the same bytes on any number of threads, the same variance as the sum
//! of its parts, and fast enough for the country.

use std::time::Instant;

use kinlink::estimate::calibration::{Design, Margin, rake_within_bounds, residual_variance};
use kinlink::estimate::coverage::{ListLinkage, Observed, Plan, StratumTable, Transition};
use kinlink::estimate::draw::Draws;
use kinlink::estimate::family_variance::{Families, Record};
use kinlink::estimate::interval::{Engine, Noise, Recalibration, Replicated};
use kinlink::estimate::number::Level;

use super::gate::{Run, Study};
use super::simulation_lists::together;
use super::world::{Drawn, Without, World, strata, total};

fn replicated(drawn: &Drawn, replicates: u32, seed: u64, noise: Noise) -> Replicated {
    let strata = strata(&drawn.families);
    let linkages = [drawn.linkage.clone()];
    let plan = Plan::new(&strata, &linkages).unwrap();
    Engine {
        sets: std::slice::from_ref(&drawn.families),
        strata: &strata,
        plan: &plan,
        linkages: &linkages,
        family_linkage: &Transition::identity(),
        calibration: None,
        noise,
    }
    .run(replicates, seed, Level::NINETY_FIVE)
    .unwrap()
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let drawn = together(1_500, true).draw(3);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| replicated(&drawn, 200, 9, Noise::Laplace { scale: 5.0 }))
    };
    let (one, three) = (on(1), on(3));
    let bits = |r: &Replicated| r.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&one), bits(&three));
    assert_eq!(one, three);
    let other = replicated(&drawn, 200, 10, Noise::None);
    assert_ne!(bits(&one), bits(&other));
}

#[test]
fn replicates_have_the_variance_of_the_parts() {
    for declared in [true, false] {
        let drawn = together(6_000, declared).draw(4);
        let parts = total(&drawn, Without::Nothing, 1);
        let noise = Noise::Laplace { scale: 20.0 };
        let sum = parts.components.total() + noise.variance().unwrap();
        let found = replicated(&drawn, 1_000, 2, noise);
        assert!((found.counted - parts.counted).abs() < 1e-6);
        assert!((found.unseen - parts.unseen).abs() < 1e-6);
        // The error of a variance of 1,000 replicates is 4.5 %.
        let ratio = found.variance / sum;
        assert!((0.83..1.2).contains(&ratio), "{declared}: {ratio}");
    }
}

/// Prisoners of whom some are not in the extract, with totals of two margins; of those who are, the
/// families are in three lists.
struct Prison {
    drawn: Drawn,
    design: Design,
    base: Vec<f64>,
    prisoner: Vec<usize>,
    truth: f64,
}

fn prison(world: World, categories: [usize; 2], seed: u64) -> Prison {
    let mut draws = Draws::new(seed, 55, 0);
    let all = world.draw(seed);
    // Every family has a prisoner of a category; some prisoners have no family.
    let margin = |name: &str, totals: &[f64], of: &[usize]| Margin {
        name: name.to_owned(),
        totals: totals
            .iter()
            .enumerate()
            .map(|(i, n)| (i.to_string(), *n))
            .collect(),
        of: of.to_vec(),
    };
    let mut totals = categories.map(|n| vec![0.0; n]);
    let mut of: [Vec<usize>; 2] = [Vec::new(), Vec::new()];
    let (mut families, mut prisoner) = (Families::new(), Vec::new());
    let childless = all.families.len();
    let with_family: Vec<Option<(Vec<Record>, Option<f64>)>> = all
        .families
        .iter()
        .map(|(r, n)| Some((r.to_vec(), n)))
        .chain((0..childless).map(|_| None))
        .collect();
    for family in with_family {
        let at = categories.map(|n| draws.below(n));
        for (total, c) in totals.iter_mut().zip(at) {
            total[c] += 1.0;
        }
        if !draws.chance(0.9 - 0.1 * (at[0] % 3) as f64) {
            continue;
        }
        if let Some((records, declared)) = family {
            families.push(&records, declared).unwrap();
            prisoner.push(of[0].len());
        }
        for (list, c) in of.iter_mut().zip(at) {
            list.push(c);
        }
    }
    let design = Design::of_margins(&[
        margin("first", &totals[0], &of[0]),
        margin("second", &totals[1], &of[1]),
    ])
    .unwrap();
    Prison {
        base: vec![1.0; of[0].len()],
        design,
        prisoner,
        truth: all.truth,
        drawn: Drawn { families, ..all },
    }
}

impl Prison {
    fn replicated(&self, replicates: u32, seed: u64) -> Replicated {
        let strata = strata(&self.drawn.families);
        let linkages = [self.drawn.linkage.clone()];
        let plan = Plan::new(&strata, &linkages).unwrap();
        Engine {
            sets: std::slice::from_ref(&self.drawn.families),
            strata: &strata,
            plan: &plan,
            linkages: &linkages,
            family_linkage: &Transition::identity(),
            calibration: Some(Recalibration {
                design: &self.design,
                base: &self.base,
                prisoner: &self.prisoner,
            }),
            noise: Noise::None,
        }
        .run(replicates, seed, Level::NINETY_FIVE)
        .unwrap()
    }

    fn run(&self, seed: u64) -> Run {
        let found = self.replicated(200, seed);
        Run {
            truth: self.truth,
            estimate: found.counted + found.unseen,
            interval: found.interval,
        }
    }
}

/// The world of a prison: of a family that no list holds the prisoner is not drawn, so the margins
/// are of those that some list holds, and what no list holds is for coverage to find.
fn world(families: u64) -> World {
    together(families, true)
}

#[test]
fn calibration_is_done_anew_and_adds_to_the_variance() {
    let prison = prison(world(3_000), [4, 3], 6);
    let found = prison.replicated(300, 1);
    assert!((found.counted + found.unseen) / prison.truth > 0.9);
    assert!(found.cautions.is_empty());
    // The part of calibration alone, by its formula, is in it.
    let raked = rake_within_bounds(&prison.base, &prison.design).unwrap();
    let mut y = vec![0.0; prison.base.len()];
    for ((_, n), p) in prison.drawn.families.iter().zip(&prison.prisoner) {
        y[*p] += n.unwrap();
    }
    let part = residual_variance(&prison.base, &raked, &y, &prison.design).unwrap();
    assert!(found.variance > part, "{} {part}", found.variance);
}

#[test]
fn an_engine_without_its_parts_is_refused() {
    let drawn = together(500, true).draw(1);
    let strata = strata(&drawn.families);
    let linkages = [drawn.linkage.clone()];
    let plan = Plan::new(&strata, &linkages).unwrap();
    let engine = Engine {
        sets: &[],
        strata: &strata,
        plan: &plan,
        linkages: &linkages,
        family_linkage: &Transition::identity(),
        calibration: None,
        noise: Noise::None,
    };
    assert!(engine.run(200, 1, Level::NINETY_FIVE).is_err());
    let sets = [drawn.families];
    let engine = Engine {
        sets: &sets,
        ..engine
    };
    assert!(engine.run(50, 1, Level::NINETY_FIVE).is_err());
    let engine = Engine {
        noise: Noise::Laplace { scale: -1.0 },
        ..engine
    };
    assert!(engine.run(200, 1, Level::NINETY_FIVE).is_err());
}

#[test]
#[ignore = "a long study"]
fn the_engine_passes_the_gate() {
    let world = together(4_000, true);
    Study::of(500, |seed| {
        let drawn = world.draw(seed);
        let found = replicated(&drawn, 300, seed, Noise::None);
        Run {
            truth: drawn.truth,
            estimate: found.counted + found.unseen,
            interval: found.interval,
        }
    })
    .must_pass("replicates, everything together");
}

#[test]
#[ignore = "a long study"]
fn the_engine_with_calibration_passes_the_gate() {
    Study::of(500, |seed| prison(world(4_000), [4, 3], seed).run(seed))
        .must_pass("replicates, with calibration");
}

/// The country: eight strata, 100,000 families, calibrated to 40 categories.
#[test]
#[ignore = "a long study"]
fn a_thousand_replicates_of_the_country_in_two_minutes() {
    let prison = prison(world(120_000), [20, 20], 1);
    let linkages: Vec<ListLinkage> = vec![prison.drawn.linkage.clone(); 8];
    let mut families = Families::new();
    for (number, (records, declared)) in prison.drawn.families.iter().enumerate() {
        let moved: Vec<Record> = records
            .iter()
            .map(|r| Record {
                stratum: number % 8,
                ..*r
            })
            .collect();
        families.push(&moved, declared).unwrap();
    }
    let observed: Vec<Observed> = families.observed(8, std::iter::repeat_n(1.0, families.len()));
    let strata: Vec<StratumTable> = observed
        .into_iter()
        .enumerate()
        .map(|(linkage, observed)| StratumTable {
            key: vec![linkage.to_string()],
            observed,
            linkage,
        })
        .collect();
    let plan = Plan::new(&strata, &linkages).unwrap();
    let begin = Instant::now();
    let found = Engine {
        sets: &[families],
        strata: &strata,
        plan: &plan,
        linkages: &linkages,
        family_linkage: &Transition::identity(),
        calibration: Some(Recalibration {
            design: &prison.design,
            base: &prison.base,
            prisoner: &prison.prisoner,
        }),
        noise: Noise::Laplace { scale: 10.0 },
    }
    .run(1_000, 1, Level::NINETY_FIVE)
    .unwrap();
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{} prisoners, {} replicates in {seconds:.1} s, {:.0} ± {:.0} children of {:.0}",
        prison.base.len(),
        found.values.len(),
        found.counted + found.unseen,
        found.variance.sqrt(),
        prison.truth
    );
    assert!(seconds < 120.0, "{seconds}");
}
