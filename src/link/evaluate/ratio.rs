//! Ratios of counts over entities, and how sure they are.
//!
//! Precision, recall and F1 are ratios y / x of counts, and the pairs that are counted depend on
//! each other: where a row has a wrong name, all pairs of that row are missed together. So the unit
//! is the **entity** (see `units`), and the variance is that of a ratio estimator over entities by
//! linearisation,
//!
//! ```text
//! v = n / (n − 1) · Σ (yᵤ − r xᵤ)² / x²,   r = y / x
//! ```
//!
//! (Cochran, *Sampling Techniques*, 3rd ed. 1977, section 6.4; for entity resolution Binette et al.,
//! "Estimating the performance of entity resolution algorithms", 2023). The interval is the Wilson
//! score interval (Wilson 1927) at the **effective** number of pairs r (1 − r) / v, corrected for the
//! number of entities as Korn and Graubard do ("Confidence intervals for proportions with small
//! expected number of positive counts estimated from survey data", 1998). So it never leaves 0 to
//! 1, has a width where nothing was wrong, and is Wilson's own where no entity has two pairs.

use crate::link::model::real;

/// The quantile of the normal distribution for 95 %.
pub(super) const Z: f64 = 1.959_963_984_540_054;
/// Where fewer entities than this hold an error, or a success, they say too little of how errors go
/// together: then all pairs of an entity are taken to go together.
const FEW: u64 = 10;

/// A ratio y / x over entities, y being a part of x in every one of them: sums, squares, products.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Ratio {
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
    entities: u64,
    short: u64,
    some: u64,
}

impl Ratio {
    /// Adds an entity: its x, and y of them.
    pub(super) fn add(&mut self, x: f64, y: f64) {
        if x <= 0.0 {
            return;
        }
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
        self.yy += y * y;
        self.entities += 1;
        self.short += u64::from(y < x);
        self.some += u64::from(y > 0.0);
    }

    /// y / x.
    pub(super) fn value(&self) -> Option<f64> {
        (self.x > 0.0).then(|| self.y / self.x)
    }

    /// Entities with an x.
    pub(super) fn entities(&self) -> u64 {
        self.entities
    }

    /// Whether no entity has more than one.
    pub(super) fn is_simple(&self) -> bool {
        self.xx <= self.x
    }

    /// n / (n − 1); none for fewer than two entities.
    fn correction(&self) -> Option<f64> {
        let n = real(self.entities);
        (n > 1.0).then(|| n / (n - 1.0))
    }

    /// The variance v.
    pub(super) fn variance(&self) -> Option<f64> {
        let r = self.value()?;
        let squares = self.yy - 2.0 * r * self.xy + r * r * self.xx;
        Some(self.correction()? * squares.max(0.0) / (self.x * self.x))
    }

    /// The number of independent pairs that would be as sure.
    pub(super) fn effective(&self) -> Option<f64> {
        let r = self.value()?;
        if self.is_simple() {
            return Some(self.x);
        }
        // As many as there are entities, less for their unequal size (Kish, "Survey Sampling", 1965).
        let together = self.x * self.x / self.xx;
        let Some(v) = self.variance().filter(|v| *v > 0.0) else {
            return Some(together);
        };
        let n = (r * (1.0 - r) / v).min(self.x);
        let few = self.short.min(self.some) < FEW;
        let n = if few { n.min(together) } else { n };
        let t = student(real(self.entities) - 1.0);
        Some(n * (Z / t).powi(2))
    }

    /// The interval at 95 %.
    pub(super) fn interval(&self) -> Option<[f64; 2]> {
        Some(score_interval(self.value()?, self.effective()?))
    }
}

/// The Wilson score interval at 95 % of a share that was seen in `n` independent trials; `n` may be
/// any number above nought.
pub(in crate::link) fn score_interval(p: f64, n: f64) -> [f64; 2] {
    let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    [(middle - half).max(0.0), (middle + half).min(1.0)]
}

/// The 97.5 % quantile of Student's t (Abramowitz and Stegun 1964, 26.7.5); 12.7 below two degrees
/// of freedom, where the series does not hold.
fn student(degrees: f64) -> f64 {
    if degrees < 2.0 {
        return 12.706;
    }
    let g = [
        (Z.powi(3) + Z) / 4.0,
        (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / 96.0,
        (3.0 * Z.powi(7) + 19.0 * Z.powi(5) + 17.0 * Z.powi(3) - 15.0 * Z) / 384.0,
    ];
    let terms = g.iter().zip(1..).map(|(g, power)| g / degrees.powi(power));
    Z + terms.sum::<f64>()
}

/// A part's ratio beside that of the whole that it belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Part {
    /// The part's own.
    pub(super) own: Ratio,
    /// Products of the part's x and y with the whole's X and Y: xX, xY, yX, yY.
    with_whole: [f64; 4],
}

impl Part {
    /// Adds an entity: x and y of the part, and of the whole.
    pub(super) fn add(&mut self, (x, y): (f64, f64), (all_x, all_y): (f64, f64)) {
        self.own.add(x, y);
        let products = [x * all_x, x * all_y, y * all_x, y * all_y];
        for (sum, product) in self.with_whole.iter_mut().zip(products) {
            *sum += product;
        }
    }

    /// How far the part's ratio is above the whole's, and the interval at 95 %: the two intervals
    /// put together with their correlation (Zou, "Toward using confidence intervals to compare
    /// correlations", 2007), so that it has a width where a ratio is 1.
    pub(super) fn difference(&self, whole: &Ratio) -> Option<(f64, [f64; 2])> {
        let (r, all) = (self.own.value()?, whole.value()?);
        let ([low, high], [all_low, all_high]) = (self.own.interval()?, whole.interval()?);
        let rho = self.correlation(whole).unwrap_or(0.0);
        let far = |a: f64, b: f64| (a * a - 2.0 * rho * a * b + b * b).max(0.0).sqrt();
        let apart = r - all;
        let below = far(r - low, all_high - all);
        let above = far(high - r, all - all_low);
        Some((apart, [apart - below, apart + above]))
    }

    /// The correlation of the two ratios, from the same linearisation as the variance.
    fn correlation(&self, whole: &Ratio) -> Option<f64> {
        let (r, all) = (self.own.value()?, whole.value()?);
        let [xx, xy, yx, yy] = self.with_whole;
        let sum = yy - all * yx - r * xy + r * all * xx;
        let covariance = whole.correction()? * sum / (self.own.x * whole.x);
        let scale = (self.own.variance()? * whole.variance()?).sqrt();
        (scale > 0.0).then(|| (covariance / scale).clamp(-1.0, 1.0))
    }
}

/// The Wilson score interval at 95 % of `k` out of `n`.
pub fn wilson(k: u64, n: u64) -> Option<[f64; 2]> {
    (n > 0).then(|| score_interval(real(k) / real(n), real(n)))
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn uniform(random: &mut ChaCha8Rng) -> f64 {
        f64::from(random.next_u32()) / 4_294_967_296.0
    }

    #[test]
    fn one_pair_an_entity_is_wilsons_interval() {
        // Brown, Cai and DasGupta (2001): 0 of 10 gives 0 to 0.2775; 5 of 10 0.2366 to 0.7634.
        for (k, low, high) in [(0, 0.0, 0.2775), (5, 0.2366, 0.7634)] {
            let mut ratio = Ratio::default();
            (0..10).for_each(|n| ratio.add(1.0, if n < k { 1.0 } else { 0.0 }));
            let [a, b] = ratio.interval().expect("an interval");
            assert!((a - low).abs() < 1e-4 && (b - high).abs() < 1e-4, "{a} {b}");
        }
        assert_eq!(Ratio::default().interval(), None);
    }

    #[test]
    fn students_quantiles() {
        for (degrees, t) in [(2.0, 4.303), (5.0, 2.571), (10.0, 2.228), (100.0, 1.984)] {
            assert!((student(degrees) - t).abs() < 0.3 / degrees, "{degrees}");
        }
    }

    #[test]
    fn pairs_that_go_together_count_once() {
        let (mut apart, mut together) = (Ratio::default(), Ratio::default());
        for n in 0..400 {
            apart.add(1.0, f64::from(n % 4).min(1.0));
        }
        for n in 0..100 {
            together.add(4.0, 4.0 * f64::from(n % 4).min(1.0));
        }
        assert_eq!((apart.value(), together.value()), (Some(0.75), Some(0.75)));
        assert_eq!(apart.effective(), Some(400.0));
        let effective = together.effective().expect("a number");
        assert!((effective - 97.0).abs() < 3.0, "{effective}");
        // Nothing wrong, and still not certain.
        let mut whole = Ratio::default();
        (0..50).for_each(|_| whole.add(6.0, 6.0));
        assert_eq!(whole.effective(), Some(50.0));
    }

    /// Entities of two to five rows: of some, one row is spoilt and all its pairs are missed; every
    /// so many-th has a false link.
    struct World {
        spoilt: f64,
        wrong: f64,
        entities: usize,
    }

    impl World {
        /// True pairs, found ones, links of one entity.
        fn entity(&self, random: &mut ChaCha8Rng) -> [f64; 3] {
            let rows = 2.0 + (4.0 * uniform(random)).floor();
            let all = rows * (rows - 1.0) / 2.0;
            let missed = if uniform(random) < self.spoilt {
                rows - 1.0
            } else {
                0.0
            };
            let wrong = if uniform(random) < self.wrong {
                2.0
            } else {
                0.0
            };
            [all, all - missed, all - missed + wrong]
        }

        fn ratios(&self, random: &mut ChaCha8Rng, entities: usize) -> [Ratio; 4] {
            let mut out = [Ratio::default(); 4];
            let [precision, recall, f1, naive] = &mut out;
            for _ in 0..entities {
                let [all, found, links] = self.entity(random);
                precision.add(links, found);
                recall.add(all, found);
                f1.add(all + links, 2.0 * found);
                for n in 0..all as usize {
                    naive.add(1.0, f64::from(u8::from((n as f64) < found)));
                }
            }
            out
        }
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let worlds = [
            World {
                spoilt: 0.3,
                wrong: 0.1,
                entities: 150,
            },
            World {
                spoilt: 0.08,
                wrong: 0.05,
                entities: 400,
            },
            World {
                spoilt: 0.5,
                wrong: 0.3,
                entities: 40,
            },
        ];
        for world in worlds {
            let truth = world
                .ratios(&mut random, 200_000)
                .map(|r| r.value().expect("a ratio"));
            let mut held = [0_u32; 4];
            for _ in 0..600 {
                let found = world.ratios(&mut random, world.entities);
                for ((count, ratio), truth) in held.iter_mut().zip(&found).zip(truth) {
                    let [low, high] = ratio.interval().expect("an interval");
                    *count += u32::from(low <= truth && truth <= high);
                }
            }
            let shares = held.map(|n| f64::from(n) / 600.0);
            let [robust @ .., naive] = shares;
            assert!(
                robust.iter().all(|share| (0.92..=0.995).contains(share)),
                "{shares:?}"
            );
            // Wilson's interval over pairs is too narrow, which is what all of this is for.
            assert!(naive < 0.90, "{shares:?}");
        }
    }

    #[test]
    fn a_difference_holds_the_truth_as_often_as_it_says() {
        // Two groups of one half each, of recall 0.9 and 0.8; entities of two pairs that go together.
        let mut random = ChaCha8Rng::seed_from_u64(11);
        let mut held = 0;
        for _ in 0..600 {
            let (mut whole, mut part) = (Ratio::default(), Part::default());
            for n in 0..300 {
                let recall = if n % 2 == 0 { 0.9 } else { 0.8 };
                let y = if uniform(&mut random) < recall {
                    2.0
                } else {
                    0.0
                };
                whole.add(2.0, y);
                if n % 2 == 0 {
                    part.add((2.0, y), (2.0, y));
                }
            }
            let (_, [low, high]) = part.difference(&whole).expect("a difference");
            held += u32::from(low <= 0.05 && 0.05 <= high);
        }
        let share = f64::from(held) / 600.0;
        assert!((0.92..=0.985).contains(&share), "{share}");
        // A part that is the whole differs from it by nothing.
        let (mut whole, mut part) = (Ratio::default(), Part::default());
        for n in 0..100 {
            let y = f64::from(u8::from(n % 3 > 0));
            whole.add(1.0, y);
            part.add((1.0, y), (1.0, y));
        }
        let (apart, [low, high]) = part.difference(&whole).expect("a difference");
        assert!(apart == 0.0 && high - low < 0.1, "{low} {high}");
    }
}
