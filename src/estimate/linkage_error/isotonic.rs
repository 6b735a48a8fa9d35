//! Calibration of match probabilities on labelled pairs: isotonic regression by pooling adjacent
//! violators (Ayer et al. 1955; Zadrozny and Elkan, KDD 2002), and the reliability curve.
//!
//! Between the blocks that pooling leaves, probabilities are interpolated; beyond the lowest and
//! highest labelled score they stay as there.

use super::super::draw::Draws;
use super::super::method_error::{MethodError, within};
use super::super::number::{Level, size};

/// Fewer labelled pairs than this calibrate nothing.
const LEAST_LABELLED: usize = 50;

/// A pair whose truth is known, with what the model said of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Labelled {
    /// The model's probability.
    pub score: f64,
    /// The truth.
    pub is_match: bool,
    /// The number of pairs it stands for.
    pub weight: f64,
}

/// A non-decreasing map from a model's probabilities to calibrated ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    labelled: Vec<Labelled>,
    curve: Curve,
}

/// A match probability after calibration. It is made by [`Calibration::probability`] alone.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct CalibratedProbability(f64);

impl CalibratedProbability {
    /// The number.
    pub fn value(self) -> f64 {
        self.0
    }
}

/// A step of the map: where the model says from `from` to `to`, matches are `probability`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The least probability by the model.
    pub from: f64,
    /// The greatest.
    pub to: f64,
    /// The calibrated one.
    pub probability: f64,
}

/// A block of the fit: scores from, to, and the probability there.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Block {
    from: f64,
    to: f64,
    weight: f64,
    value: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve(Vec<Block>);

impl Calibration {
    /// Fits the map.
    ///
    /// # Errors
    /// KL-E-210 for fewer than 50 labelled pairs; KL-E-201 if a score is no probability or a weight
    /// not above nought; KL-E-202 if all labels are the same.
    pub fn fit(labelled: &[Labelled]) -> Result<Self, MethodError> {
        if labelled.len() < LEAST_LABELLED {
            return Err(MethodError::TooFew {
                what: "labelled pairs",
                found: labelled.len(),
                needed: LEAST_LABELLED,
            });
        }
        for pair in labelled {
            within(pair.score, [0.0, 1.0], "a match probability")?;
            within(pair.weight, [f64::MIN_POSITIVE, f64::MAX], "a weight")?;
        }
        for wanted in [true, false] {
            if !labelled.iter().any(|p| p.is_match == wanted) {
                let kind = if wanted {
                    "matches"
                } else {
                    "pairs that are no matches"
                };
                return Err(MethodError::NoLabels {
                    stratum: kind.to_owned(),
                });
            }
        }
        let mut labelled = labelled.to_vec();
        labelled.sort_by(|a, b| a.score.total_cmp(&b.score));
        let weights: Vec<f64> = labelled.iter().map(|p| p.weight).collect();
        let curve = Curve::fit(&labelled, &weights);
        Ok(Calibration { labelled, curve })
    }

    /// The calibrated probability of a model's one.
    ///
    /// # Errors
    /// KL-E-201 if it is no probability.
    pub fn probability(&self, score: f64) -> Result<CalibratedProbability, MethodError> {
        within(score, [0.0, 1.0], "a match probability")?;
        Ok(CalibratedProbability(self.curve.at(score)))
    }

    /// The map as it would be after other pairs had been labelled: every label with a weight from
    /// the Bayesian bootstrap (Rubin 1981).
    pub(super) fn redrawn(&self, draws: &mut Draws) -> Curve {
        let weights: Vec<f64> = self
            .labelled
            .iter()
            .map(|p| p.weight * draws.exponential())
            .collect();
        Curve::fit(&self.labelled, &weights)
    }

    /// The map at some scores, as it would be after other pairs had been labelled: draws of the
    /// Bayesian bootstrap, and in each half a match at the least score and half a pair that is none at
    /// the greatest, for as many pairs as a label there stands for. So labels that are all alike leave
    /// open what Jeffreys' prior leaves open, where the bootstrap by itself would be certain.
    pub fn redrawn_at(&self, scores: &[f64], seed: u64, draws: u64) -> Vec<Vec<f64>> {
        let ends = self.open_ends();
        let redraw = |replicate: u64| {
            let draws = &mut Draws::new(seed, 0, replicate);
            let mut weight = |pair: &Labelled| pair.weight * draws.exponential();
            let own: Vec<f64> = self.labelled.iter().map(&mut weight).collect();
            let [low, high] = ends.map(|end| (end, end.weight * draws.gamma(0.5, 0.5)));
            let labelled: Vec<Labelled> = std::iter::once(low.0)
                .chain(self.labelled.iter().copied())
                .chain([high.0])
                .collect();
            let weights: Vec<f64> = std::iter::once(low.1).chain(own).chain([high.1]).collect();
            let curve = Curve::fit(&labelled, &weights);
            scores.iter().map(|score| curve.at(*score)).collect()
        };
        (0..draws).map(redraw).collect()
    }

    /// A match at the least score and a pair that is none at the greatest, each with the mean weight of
    /// the labels in the block there.
    fn open_ends(&self) -> [Labelled; 2] {
        let end = |block: Option<&Block>, is_match: bool| {
            let (from, to) = block.map_or((0.0, 1.0), |b| (b.from, b.to));
            let inside = self.labelled.iter();
            let inside = inside.filter(|pair| (from..=to).contains(&pair.score));
            Labelled {
                score: if is_match { from } else { to },
                is_match,
                weight: block.map_or(0.0, |b| b.weight) / size(inside.count().max(1)),
            }
        };
        [
            end(self.curve.0.first(), true),
            end(self.curve.0.last(), false),
        ]
    }

    pub(super) fn curve(&self) -> &Curve {
        &self.curve
    }

    /// The steps of the map, from the least probability on. Between two of them probabilities are
    /// interpolated.
    pub fn steps(&self) -> impl Iterator<Item = Step> {
        self.curve.0.iter().map(|block| Step {
            from: block.from,
            to: block.to,
            probability: block.value,
        })
    }

    /// The reliability curve of the model's own probabilities on the labelled pairs.
    pub fn reliability(&self, bins: usize) -> Vec<ReliabilityBin> {
        reliability(&self.labelled, bins)
    }
}

impl Block {
    /// This block and the next one as one.
    fn and(self, next: Block) -> Block {
        let weight = self.weight + next.weight;
        let sum = self.value * self.weight + next.value * next.weight;
        Block {
            from: self.from,
            to: next.to,
            weight,
            value: if weight > 0.0 {
                sum / weight
            } else {
                self.value
            },
        }
    }
}

impl Curve {
    /// Pools adjacent violators; `labelled` is in the order of scores. Labels of one score are one
    /// block before any is compared with its neighbour: in which order they stand says nothing.
    fn fit(labelled: &[Labelled], weights: &[f64]) -> Self {
        let mut blocks: Vec<Block> = Vec::new();
        let mut tied: Option<Block> = None;
        for (pair, weight) in labelled.iter().zip(weights) {
            let own = Block {
                from: pair.score,
                to: pair.score,
                weight: *weight,
                value: if pair.is_match { 1.0 } else { 0.0 },
            };
            tied = match tied {
                Some(tied) if tied.to == own.from => Some(tied.and(own)),
                other => {
                    other.into_iter().for_each(|block| pool(&mut blocks, block));
                    Some(own)
                }
            };
        }
        tied.into_iter().for_each(|block| pool(&mut blocks, block));
        Curve(blocks)
    }

    pub(super) fn at(&self, score: f64) -> f64 {
        let after = self.0.partition_point(|b| b.to < score);
        match (
            after.checked_sub(1).and_then(|i| self.0.get(i)),
            self.0.get(after),
        ) {
            (_, Some(block)) if block.from <= score => block.value,
            (Some(below), Some(above)) => {
                let along = (score - below.to) / (above.from - below.to);
                below.value + along * (above.value - below.value)
            }
            (Some(only), None) | (None, Some(only)) => only.value,
            (None, None) => score,
        }
    }
}

/// Adds a block, with those before it that are not below it.
fn pool(blocks: &mut Vec<Block>, mut next: Block) {
    while let Some(last) = blocks.pop_if(|last| last.value >= next.value) {
        next = last.and(next);
    }
    blocks.push(next);
}

/// One bin of a reliability curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilityBin {
    /// Labelled pairs in it.
    pub pairs: usize,
    /// What the model says of them: the mean.
    pub said: f64,
    /// The share of matches among them.
    pub observed: f64,
    /// The interval of that at 95 % (Wilson), at the effective number of pairs by weight.
    pub interval: [f64; 2],
}

/// What the model says of labelled pairs beside what they are, in so many bins of equal numbers.
pub fn reliability(labelled: &[Labelled], bins: usize) -> Vec<ReliabilityBin> {
    let mut sorted = labelled.to_vec();
    sorted.sort_by(|a, b| a.score.total_cmp(&b.score));
    let wide = sorted.len().div_ceil(bins.max(1)).max(1);
    sorted.chunks(wide).map(bin).collect()
}

fn bin(pairs: &[Labelled]) -> ReliabilityBin {
    let sum = |f: &dyn Fn(&Labelled) -> f64| pairs.iter().map(f).sum::<f64>();
    let weight = sum(&|p| p.weight);
    let observed = sum(&|p| if p.is_match { p.weight } else { 0.0 }) / weight;
    // Kish's effective size.
    let n = (weight * weight / sum(&|p| p.weight * p.weight)).min(size(pairs.len()));
    let z = Level::NINETY_FIVE.normal();
    let middle = (observed + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let spread = observed * (1.0 - observed) / n + z * z / (4.0 * n * n);
    let half = z / (1.0 + z * z / n) * spread.max(0.0).sqrt();
    ReliabilityBin {
        pairs: pairs.len(),
        said: sum(&|p| p.score * p.weight) / weight,
        observed,
        interval: [(middle - half).max(0.0), (middle + half).min(1.0)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(from: &[(f64, bool)]) -> Vec<Labelled> {
        let one = |(score, is_match): &(f64, bool)| Labelled {
            score: *score,
            is_match: *is_match,
            weight: 1.0,
        };
        from.iter().map(one).collect()
    }

    #[test]
    fn violators_are_pooled() {
        // Labels 0 1 0 1 1: the middle two are pooled to one half.
        let labelled = pairs(&[
            (0.1, false),
            (0.3, true),
            (0.5, false),
            (0.7, true),
            (0.9, true),
        ]);
        let curve = Curve::fit(&labelled, &[1.0; 5]);
        for (score, value) in [
            (0.0, 0.0),
            (0.1, 0.0),
            (0.2, 0.25),
            (0.4, 0.5),
            (0.6, 0.75),
            (0.7, 1.0),
            (1.0, 1.0),
        ] {
            assert!(
                (curve.at(score) - value).abs() < 1e-12,
                "{score} {}",
                curve.at(score)
            );
        }
        // Labels of one score do not pull in a neighbour by the order in which they stand.
        let tied = [
            (0.2, false),
            (0.2, true),
            (0.6, false),
            (0.6, true),
            (0.6, true),
        ];
        let curve = Curve::fit(&pairs(&tied), &[1.0; 5]);
        assert!((curve.at(0.2) - 0.5).abs() < 1e-12);
        assert!((curve.at(0.6) - 2.0 / 3.0).abs() < 1e-12);
        // Equal scores with different labels are one block.
        let labelled = pairs(&[(0.5, false), (0.5, true), (0.5, true), (0.5, true)]);
        assert_eq!(Curve::fit(&labelled, &[1.0; 4]).at(0.5), 0.75);
    }

    proptest! {
        #[test]
        fn the_fit_rises_and_keeps_the_number_of_matches(all in proptest::collection::vec((0.0..1.0_f64, any::<bool>()), 60..120)) {
            let labelled = pairs(&all);
            if let Ok(c) = Calibration::fit(&labelled) {
                let sum: f64 = all.iter().map(|(s, _)| c.probability(*s).unwrap().value()).sum();
                let matches = all.iter().filter(|(_, m)| *m).count() as f64;
                prop_assert!((sum - matches).abs() < 1e-9);
                let steps: Vec<f64> = (0..=50).map(|i| c.curve.at(f64::from(i) / 50.0)).collect();
                prop_assert!(steps.windows(2).all(|w| w[0] <= w[1] + 1e-12));
                prop_assert!(steps.iter().all(|p| (0.0..=1.0).contains(p)));
            }
        }
    }

    #[test]
    fn what_cannot_calibrate_is_refused() {
        assert!(Calibration::fit(&pairs(&[(0.5, true); 10])).is_err());
        assert!(Calibration::fit(&pairs(&[(0.5, true); 60])).is_err());
        let mut some = pairs(&[(0.5, true); 60]);
        some[0].is_match = false;
        assert!(Calibration::fit(&some).is_ok());
        some[1].score = 1.5;
        assert!(Calibration::fit(&some).is_err());
    }

    #[test]
    fn redraws_rise_repeat_and_leave_open_what_like_labels_leave_open() {
        let mut all = vec![(0.1, false); 60];
        all.extend([(0.5, true); 30]);
        all.extend([(0.5, false); 30]);
        all.extend([(0.99, true); 60]);
        let map = Calibration::fit(&pairs(&all)).expect("a calibration");
        let scores = [0.1, 0.5, 0.99];
        let redrawn = map.redrawn_at(&scores, 7, 2000);
        assert_eq!(redrawn, map.redrawn_at(&scores, 7, 2000));
        let column = |place: usize| {
            let mut values: Vec<f64> = redrawn.iter().map(|r| r[place]).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        assert!(redrawn.iter().all(|r| r[0] <= r[1] && r[1] <= r[2]));
        // Of Beta(0.5, 60) the 95 % point is 0.032; of Beta(30, 30) the 97.5 % point 0.625.
        let (low, middle, high) = (column(0), column(1), column(2));
        assert!((low[1900] - 0.032).abs() < 0.006, "{}", low[1900]);
        assert!((1.0 - high[100] - 0.032).abs() < 0.006, "{}", high[100]);
        assert!((middle[1950] - 0.625).abs() < 0.02, "{}", middle[1950]);
    }

    #[test]
    fn a_reliability_curve() {
        let mut all = vec![(0.2, false); 80];
        all.extend([(0.2, true); 20]);
        all.extend([(0.9, true); 50]);
        all.extend([(0.9, false); 50]);
        let bins = reliability(&pairs(&all), 2);
        assert_eq!(bins.len(), 2);
        assert!((bins[0].observed - 0.2).abs() < 1e-12 && (bins[1].observed - 0.5).abs() < 1e-12);
        assert!((bins[1].said - 0.9).abs() < 1e-12);
        assert!(bins[1].interval[1] < 0.9, "over-confident scores are seen");
        let map = Calibration::fit(&pairs(&all)).expect("a calibration");
        let steps: Vec<Step> = map.steps().collect();
        assert_eq!(steps.len(), 2);
        for (step, (said, share)) in steps.iter().zip([(0.2, 0.2), (0.9, 0.5)]) {
            assert_eq!((step.from, step.to), (said, said));
            assert!((step.probability - share).abs() < 1e-12);
        }
    }
}
