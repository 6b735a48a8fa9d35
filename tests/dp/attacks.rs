//! Attacks on whole releases: one-run canaries, and reconstruction of small cells.

use statrs::function::beta::beta_reg;

use kinlink::protect::dp::accounting::{Contribution, PrivacyUnit};
use kinlink::protect::dp::{Goal, Plan, Request, reconstruct};

use super::world::{counted, flat, key, ledger, margins, released, rho};

/// Areas, bands, sexes.
const SIZES: [usize; 3] = [174, 5, 2];
/// The finest cells.
const LEAVES: usize = 1740;

/// Skewed counts of some 17,500 children, many cells of 1 to 4; the same every time.
fn skewed() -> Vec<u64> {
    let mut state = 3_u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / 9_007_199_254_740_992.0
    };
    let mut counts = Vec::with_capacity(LEAVES);
    for _ in 0..SIZES[0] {
        let area = -5.0 * ((1.0 - uniform()).ln() + (1.0 - uniform()).ln());
        for _ in 0..SIZES[1] * SIZES[2] {
            let n = -area * (1.0 - uniform()).ln();
            counts.push(n.floor() as u64);
        }
    }
    counts
}

/// The values of the finest table of a release of these counts: unbiased, and as shown.
fn finest(counts: &[u64], loss: &str, goal: Goal) -> (Vec<f64>, Vec<i64>) {
    let domain = flat(&SIZES);
    let plan = Plan::new(Request {
        domain: domain.clone(),
        unit: PrivacyUnit::Child,
        contribution: Contribution::ONE,
        loss: rho(loss),
        goal,
    })
    .expect("plan");
    let folder = tempfile::tempdir().expect("folder");
    let mut book = ledger(folder.path(), rho(loss));
    let table = counted(&domain, counts);
    let noisy = reconstruct(&released(&mut book, table, &plan, "attacked", &key(7)));
    let levels = domain.finest();
    let table = noisy.tables().iter().find(|t| t.levels == levels);
    let table = table.expect("the finest table");
    let value = table.value.iter().map(|v| v.expect("shown")).collect();
    (table.estimate.clone(), value)
}

/// How likely it is to be right so often by chance, where each guess is right with chance `q`.
fn tail(right: usize, guesses: usize, q: f64) -> f64 {
    if right == 0 {
        return 1.0;
    }
    beta_reg(right as f64, (guesses - right + 1) as f64, q)
}

/// The greatest ε that the guesses rule out at one in a million (Steinke, Nasr and Jagielski,
/// "Privacy auditing with one (1) training run", 2023, theorem 2.1 for a pure loss).
fn ruled_out(right: usize, guesses: usize) -> f64 {
    let chance = |epsilon: f64| tail(right, guesses, epsilon.exp() / (1.0 + epsilon.exp()));
    if chance(0.0) > 1e-6 {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, 20.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if chance(middle) <= 1e-6 {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// One child in each of 1,740 cells, or not, by chance; whoever knows everything else guesses from
/// what is measured, and abstains where he is least sure. Gives the bound of the best abstention.
fn canaries(measured: impl Fn(&[u64]) -> Vec<f64>) -> f64 {
    let rest = skewed();
    let present = |i: usize| ((i * 2_654_435_761 + 12_345) >> 7) & 1 == 1;
    let with: Vec<u64> = rest
        .iter()
        .enumerate()
        .map(|(i, n)| n + u64::from(present(i)))
        .collect();
    let mut scores: Vec<(f64, bool)> = measured(&with)
        .iter()
        .zip(&rest)
        .enumerate()
        .map(|(i, (y, n))| (y - *n as f64 - 0.5, present(i)))
        .collect();
    scores.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    // How many to guess is fixed before looking, so that the bound holds for each by itself.
    let sure = [LEAVES, LEAVES / 2, LEAVES / 4, LEAVES / 8].into_iter();
    let bound = |guesses: usize| {
        let guessed = scores.iter().take(guesses);
        let right = guessed.filter(|(s, p)| (*s > 0.0) == *p).count();
        ruled_out(right, guesses)
    };
    sure.map(bound).fold(0.0, f64::max)
}

#[test]
fn t7_canaries_notice_forgotten_and_forgotten_half_of_the_noise() {
    // ρ = 0.1 is at most 2.15 at one in a million.
    let honest = canaries(|counts| finest(counts, "0.1", Goal::Total).0);
    println!("honest {honest:.2}");
    assert!(honest <= 2.15, "{honest}");
    let forgotten = canaries(|counts| counts.iter().map(|n| *n as f64).collect());
    println!("noise forgotten {forgotten:.2}");
    assert!(forgotten >= 4.83, "{forgotten}");
    // A budget of 20 in place of 0.1: noise of a fourteenth.
    let spent = canaries(|counts| finest(counts, "20", Goal::Total).0);
    println!("noise of a fourteenth {spent:.2}");
    assert!(spent > 2.15, "{spent}");
}

/// The small cells that subtraction gives back, where every margin is exact and cells of 1 to 4 are
/// left out.
fn subtracted(counts: &[u64]) -> usize {
    let domain = flat(&SIZES);
    let signed: Vec<i64> = counts.iter().map(|n| *n as i64).collect();
    let truth = margins(&domain, &signed);
    let shape: Vec<usize> = SIZES.iter().map(|n| n + 1).collect();
    let at = |p: &[usize]| (p[0] * shape[1] + p[1]) * shape[2] + p[2];
    let total: usize = shape.iter().product();
    assert_eq!(truth.len(), total);
    let mut known: Vec<bool> = truth.iter().map(|n| !(1..5).contains(n)).collect();
    let hidden: Vec<usize> = (0..total).filter(|c| !known[*c]).collect();
    // Every sum along one dimension, the total first.
    let mut sums: Vec<Vec<usize>> = Vec::new();
    for d in 0..3 {
        for cell in 0..total {
            let mut p = [
                cell / (shape[1] * shape[2]),
                cell / shape[2] % shape[1],
                cell % shape[2],
            ];
            if p[d] == 0 {
                sums.push(
                    (0..shape[d])
                        .map(|code| {
                            p[d] = code;
                            at(&p)
                        })
                        .collect(),
                );
            }
        }
    }
    loop {
        let mut found = false;
        for sum in &sums {
            let mut open = sum.iter().filter(|c| !known[**c]);
            if let (Some(only), None) = (open.next(), open.next()) {
                known[*only] = true;
                found = true;
            }
        }
        if !found {
            let [a, b] = [shape[1] * shape[2], shape[2]];
            let inner = |c: &&usize| **c / a > 0 && **c % a / b > 0 && !(**c).is_multiple_of(b);
            let inner = hidden.iter().filter(inner);
            return inner.filter(|c| known[**c]).count();
        }
    }
}

#[test]
fn t11_small_cells_come_back_by_subtraction_and_not_through_noise() {
    let counts = skewed();
    let small: Vec<usize> = (0..LEAVES)
        .filter(|i| (1..5).contains(&counts[*i]))
        .collect();
    println!(
        "{} children, {} cells of 1 to 4",
        counts.iter().sum::<u64>(),
        small.len()
    );
    let back = subtracted(&counts);
    println!("by subtraction {back}");
    assert!(back * 5 > small.len(), "{back} of {}", small.len());
    // Who always says the commonest small count is right so often.
    let commonest = (1..5)
        .map(|n| small.iter().filter(|i| counts[**i] == n).count())
        .max()
        .unwrap_or(0);
    // Where the finest table has most of the budget, guessing is beaten from about ρ = 0.6 on.
    let all = [
        ("0.1", Goal::Total),
        ("0.5", Goal::Total),
        ("0.1", Goal::Mean),
        ("0.5", Goal::Mean),
        ("1", Goal::Mean),
    ];
    for (loss, goal) in all {
        let shown = finest(&counts, loss, goal).1;
        let right = small.iter().filter(|i| shown[**i] == counts[**i] as i64);
        let right = right.count();
        println!("ρ = {loss}, {goal:?}: {right} exact, the commonest {commonest}");
        assert!(right < commonest, "ρ = {loss}: {right} of {commonest}");
    }
}
