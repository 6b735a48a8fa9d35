//! Shares and totals of matches from a sample drawn by strata, with intervals at 95 %.
//!
//! In a stratum: the Wilson score interval (Wilson 1927), narrowed by the correction for a finite
//! population (Cochran, "Sampling Techniques", 1977, section 2.6), so that nothing is left open where
//! every pair was looked at. A sum over strata Σ Nₕ pₕ takes its limits from those of the strata,
//! Σ Nₕ pₕ ∓ √ Σ Nₕ² (pₕ − lₕ)², with the upper ones likewise (Zou and Donner, "Construction of
//! confidence limits about effect measures", 2008): where all the pairs of a stratum that were seen
//! are matches, its variance is not taken as nought. The recall is 1 / (1 + F / T) of two such sums,
//! whose ratio has the limits of Donner and Zou ("Closed-form confidence intervals for functions of
//! the normal mean and standard deviation", 2012).

use serde::Serialize;

use crate::link::evaluate::wilson;
use crate::link::model::real;

/// A number with its interval at 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// From and to.
    pub interval: [f64; 2],
}

impl Estimate {
    fn new(value: f64, [low, high]: [f64; 2]) -> Self {
        Estimate {
            value,
            interval: [low.min(value), high.max(value)],
        }
    }
}

/// What was seen of a stratum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Its pairs.
    pub pairs: u64,
    /// Pairs with a label.
    pub labelled: u64,
    /// Matches among those.
    pub matches: u64,
}

/// A stratum with its share of matches beside what the model says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StratumEstimate {
    /// The score band.
    pub band: String,
    /// Whether its pairs are links.
    pub linked: bool,
    /// Its pairs.
    pub pairs: u64,
    /// Pairs with a label.
    pub labelled: u64,
    /// Matches among those.
    pub matches: u64,
    /// The share of matches.
    pub share: Option<Estimate>,
    /// The mean probability of the labelled pairs.
    pub mean_probability: Option<f64>,
    /// Whether that lies in the interval that the share has as a draw from more pairs of its kind.
    pub calibrated: Option<bool>,
}

impl Seen {
    /// Whether a probability is one that the labels leave possible. The model speaks of pairs of this
    /// kind and not of these few alone, so that the population is not taken as finite.
    pub fn allows(&self, probability: f64) -> Option<bool> {
        let [low, high] = wilson(self.matches, self.labelled)?;
        Some((low..=high).contains(&probability))
    }

    /// The share of matches; none where no pair has a label.
    pub fn share(&self) -> Option<Estimate> {
        let [low, high] = wilson(self.matches, self.labelled)?;
        let p = real(self.matches) / real(self.labelled);
        let open = (1.0 - real(self.labelled) / real(self.pairs).max(1.0))
            .max(0.0)
            .sqrt();
        let interval = [p - (p - low) * open, p + (high - p) * open];
        Some(Estimate::new(p, interval))
    }
}

/// The number of matches in strata; none where one of them has no label.
pub fn total(strata: &[Seen]) -> Option<Estimate> {
    let (mut sum, mut below, mut above) = (0.0, 0.0, 0.0);
    for stratum in strata {
        let share = stratum.share()?;
        let ([low, high], n) = (share.interval, real(stratum.pairs));
        sum += n * share.value;
        below += (n * (share.value - low)).powi(2);
        above += (n * (high - share.value)).powi(2);
    }
    let all: f64 = strata.iter().map(|s| real(s.pairs)).sum();
    let interval = [(sum - below.sqrt()).max(0.0), (sum + above.sqrt()).min(all)];
    Some(Estimate::new(sum, interval))
}

/// The share of matches in strata together.
pub fn share(strata: &[Seen]) -> Option<Estimate> {
    let all: f64 = strata.iter().map(|s| real(s.pairs)).sum();
    let Estimate { value, interval } = total(strata).filter(|_| all > 0.0)?;
    Some(Estimate::new(
        value / all,
        interval.map(|limit| limit / all),
    ))
}

/// The share of `found` in `found` and `missed`.
pub fn recall(found: Estimate, missed: Estimate) -> Option<Estimate> {
    let (a, [l1, u1]) = (missed.value, missed.interval);
    let (b, [l2, u2]) = (found.value, found.interval);
    if a + b <= 0.0 {
        return None;
    }
    let product = a * b;
    let root = |x: f64| (product * product - x).max(0.0).sqrt();
    // The lower limit in the form that divides by no difference.
    let below = product + root(l1 * (2.0 * a - l1) * u2 * (2.0 * b - u2));
    let low = if below > 0.0 {
        l1 * (2.0 * a - l1) / below
    } else {
        0.0
    };
    let under = l2 * (2.0 * b - l2);
    let high = match under > 0.0 {
        true => (product + root(u1 * (2.0 * a - u1) * under)) / under,
        false => f64::INFINITY,
    };
    let of_ratio = |ratio: f64| 1.0 / (1.0 + ratio);
    Some(Estimate::new(
        b / (a + b),
        [of_ratio(high), of_ratio(low.max(0.0))],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn seen(pairs: u64, labelled: u64, matches: u64) -> Seen {
        Seen {
            pairs,
            labelled,
            matches,
        }
    }

    proptest! {
        #[test]
        fn numbers_lie_in_their_intervals(strata in prop::collection::vec((1_u64..5000, 1_u64..60, 0_u64..60), 1..6)) {
            let strata: Vec<Seen> = strata
                .into_iter()
                .map(|(n, k, x)| seen(n.max(k), k, x.min(k)))
                .collect();
            let (links, others) = strata.split_at(1);
            let within = |e: Estimate| e.interval[0] <= e.value && e.value <= e.interval[1];
            let precision = share(links).expect("labels");
            prop_assert!(within(precision) && precision.interval[0] >= 0.0 && precision.interval[1] <= 1.0);
            let (found, missed) = (total(links).expect("labels"), total(others).expect("labels"));
            if let Some(r) = recall(found, missed) {
                prop_assert!(within(r) && r.interval[0] >= 0.0 && r.interval[1] <= 1.0, "{r:?}");
            }
        }
    }

    #[test]
    fn a_census_leaves_nothing_open() {
        let all = total(&[seen(10, 10, 7), seen(4, 4, 0)]).expect("labels");
        assert_eq!((all.value, all.interval), (7.0, [7.0, 7.0]));
        let r = recall(all, total(&[seen(6, 6, 3)]).expect("labels")).expect("matches");
        assert!((r.value - 0.7).abs() < 1e-12);
        assert!(
            r.interval.iter().all(|limit| (limit - 0.7).abs() < 1e-9),
            "{r:?}"
        );
        assert_eq!(share(&[seen(10, 0, 0)]), None);
        // One pair that is no match does not speak against a probability of one in ten.
        assert_eq!(seen(1, 1, 0).allows(0.1), Some(true));
        assert_eq!(seen(50, 50, 0).allows(0.1), Some(false));
    }

    #[test]
    fn one_large_stratum_has_wilsons_interval() {
        let e = share(&[seen(1 << 40, 10, 5)]).expect("labels");
        assert!((e.interval[0] - 0.2366).abs() < 1e-4 && (e.interval[1] - 0.7634).abs() < 1e-4);
    }

    /// Draws of fifty from strata with known shares of matches: nineteen of twenty intervals hold
    /// the truth.
    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        let links = [(3000_u64, 2985_u64), (400, 360)];
        let others = [(300_u64, 120_u64), (2000, 40), (50_000, 10)];
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let mut draw = |strata: &[(u64, u64)]| -> Vec<Seen> {
            let of = |(pairs, matches): &(u64, u64)| {
                // Without replacement.
                let (mut left, mut open, mut hits) = (*pairs, *matches, 0);
                for _ in 0..50 {
                    if random.random_range(0..left) < open {
                        open -= 1;
                        hits += 1;
                    }
                    left -= 1;
                }
                seen(*pairs, 50, hits)
            };
            strata.iter().map(of).collect()
        };
        let truth = |strata: &[(u64, u64)]| strata.iter().map(|s| s.1 as f64).sum::<f64>();
        let (found, missed) = (truth(&links), truth(&others));
        let (precision_of, recall_of) = (found / 3400.0, found / (found + missed));
        let (mut precision_held, mut recall_held) = (0, 0);
        for _ in 0..2000 {
            let (l, o) = (draw(&links), draw(&others));
            let holds = |e: Estimate, t: f64| u32::from(e.interval[0] <= t && t <= e.interval[1]);
            precision_held += holds(share(&l).expect("labels"), precision_of);
            let both = (total(&l).expect("labels"), total(&o).expect("labels"));
            recall_held += holds(recall(both.0, both.1).expect("matches"), recall_of);
        }
        assert!(precision_held >= 1880, "{precision_held}");
        assert!(recall_held >= 1880, "{recall_held}");
    }
}
