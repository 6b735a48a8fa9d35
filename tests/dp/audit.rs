//! Audits: lower bounds on the privacy loss from many draws on neighbouring tables. A bound above
//! what is claimed is a defect.

use kinlink::protect::dp::accounting::{Contribution, Loss, PrivacyUnit, Zcdp};
use kinlink::protect::dp::exact::Ratio;
use kinlink::protect::dp::sampler::{Bits, DiscreteGaussian, DiscreteLaplace};
use kinlink::protect::dp::{Goal, Noise, Plan, Request};

use super::normal;
use super::world::flat;

fn ratio(text: &str) -> Ratio {
    text.parse().expect("ratio")
}

/// One in a million.
const LEVEL: f64 = 1e-6;

/// Relative entropy of two coins.
fn divergence(a: f64, b: f64) -> f64 {
    let part = |x: f64, y: f64| if x > 0.0 { x * (x / y).ln() } else { 0.0 };
    part(a, b) + part(1.0 - a, 1.0 - b)
}

/// The end of the interval of a chance that was seen k times in n (Chernoff): the farthest p with
/// n·KL(k/n, p) ≤ ln(1/level).
fn chernoff(k: u32, n: u32, above: bool) -> f64 {
    let seen = f64::from(k) / f64::from(n);
    let limit = (1.0 / LEVEL).ln() / f64::from(n);
    let (mut inside, mut outside) = (seen, if above { 1.0 - 1e-12 } else { 1e-12 });
    for _ in 0..100 {
        let middle = f64::midpoint(inside, outside);
        if divergence(seen, middle) <= limit {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    outside
}

/// A lower bound on ε from the event y ≤ 0 at counts 0 and 1.
fn pure_bound(scale: &str, n: u32) -> f64 {
    let noise = DiscreteLaplace::new(&ratio(scale)).expect("scale");
    let mut bits = Bits::from_seed([21; 32]);
    let mut seen = |count: i64| {
        (0..n)
            .filter(|_| count + noise.draw(&mut bits) <= 0)
            .count() as u32
    };
    let (without, with) = (seen(0), seen(1));
    (chernoff(without, n, false) / chernoff(with, n, true)).ln()
}

#[test]
fn t5_laplace_noise_is_as_private_as_it_says_and_a_tenth_more_is_noticed() {
    let bound = pure_bound("1", 1_000_000);
    println!("claimed 1, bound {bound:.4}");
    assert!((0.97..=1.0).contains(&bound), "{bound}");
    let mutant = pure_bound("10/11", 1_000_000);
    println!("mutant of 1.1, bound {mutant:.4}");
    assert!(mutant > 1.0, "{mutant}");
}

/// A lower bound on μ of a test that says "with" when a statistic is above its middle.
fn mu_bound(without: &[f64], with: &[f64], middle: f64) -> f64 {
    let n = u32::try_from(with.len()).expect("few");
    let above = |of: &[f64]| of.iter().filter(|t| **t > middle).count() as u32;
    let found = chernoff(above(with), n, false);
    let false_alarm = chernoff(above(without), n, true);
    normal::inverse(found) - normal::inverse(false_alarm)
}

/// What a defect does to a release.
#[derive(Clone, Copy, PartialEq)]
enum Defect {
    None,
    /// The finest table has half of its noise.
    LessNoise,
    /// A child stands twice in two of the tables.
    Twice,
}

/// A bound on μ from all tables that one child is in, by the most powerful test; claimed is 1.
fn tables_bound(defect: Defect) -> f64 {
    const RUNS: usize = 60_000;
    let plan = Plan::new(Request {
        domain: flat(&[10, 18, 2]),
        unit: PrivacyUnit::Child,
        contribution: Contribution::ONE,
        loss: Loss::Zcdp(Zcdp::new(ratio("1/2"))),
        goal: Goal::Mean,
    })
    .expect("plan");
    let mut tables = Vec::new();
    for (t, noise) in plan.noise().iter().enumerate() {
        let Some(Noise::Gaussian(variance)) = noise else {
            continue;
        };
        let finest = t + 1 == plan.noise().len();
        let drawn = match (defect, finest) {
            (Defect::LessNoise, true) => variance.times(&ratio("1/8")),
            _ => variance.clone(),
        };
        let shift = match (defect, t) {
            (Defect::Twice, 0 | 1) => 2,
            _ => 1,
        };
        let claimed: f64 = variance.decimal_down(12).parse().expect("number");
        tables.push((
            DiscreteGaussian::new(&drawn).expect("variance"),
            claimed,
            shift,
        ));
    }
    let mut bits = Bits::from_seed([22; 32]);
    let mut side = |present: i64| -> Vec<f64> {
        let run = |_| {
            let each = tables.iter().map(|(noise, variance, shift)| {
                (noise.draw(&mut bits) + present * shift) as f64 / variance
            });
            each.sum()
        };
        (0..RUNS).map(run).collect()
    };
    let (without, with) = (side(0), side(1));
    mu_bound(&without, &with, 0.5)
}

#[test]
fn t6_a_release_is_as_private_as_it_says_and_defects_are_noticed() {
    let bound = tables_bound(Defect::None);
    println!("claimed 1, bound {bound:.4}");
    assert!((0.93..=1.0).contains(&bound), "{bound}");
    let less = tables_bound(Defect::LessNoise);
    println!("finest table under-noised: {less:.4}");
    assert!(less > 1.0, "{less}");
    let twice = tables_bound(Defect::Twice);
    println!("a child counted twice: {twice:.4}");
    assert!(twice > 1.0, "{twice}");
}

/// Counts of 4 and 5, hidden below 5, noise of μ = 1: what hiding by the true count tells.
#[test]
fn t6_hiding_by_true_counts_before_noise_is_not_private_and_by_noisy_ones_is() {
    const RUNS: usize = 100_000;
    let noise = DiscreteGaussian::new(&ratio("1")).expect("variance");
    let mut bits = Bits::from_seed([23; 32]);
    let mut runs = |count: i64, by_truth: bool| -> Vec<f64> {
        let run = |_| {
            let noisy = count + noise.draw(&mut bits);
            let hidden = if by_truth { count < 5 } else { noisy < 5 };
            if hidden { 0.0 } else { 1.0 }
        };
        (0..RUNS).map(run).collect()
    };
    let truth = mu_bound(&runs(4, true), &runs(5, true), 0.5);
    println!("hidden by the true count: {truth:.2} where 1 is claimed");
    assert!(truth > 7.0, "{truth}");
    let noisy = mu_bound(&runs(4, false), &runs(5, false), 0.5);
    println!("hidden by the noisy count: {noisy:.3}");
    assert!((0.9..=1.0).contains(&noisy), "{noisy}");
}
