//! Precision and recall of links by calibrated probabilities: what people who looked at some of the
//! pairs say of the model's probabilities of all.
//!
//! The map from the model's probabilities to calibrated ones is linear between labelled probabilities,
//! and so is every redraw of it. So pairs are gathered by the labelled probabilities between which
//! they lie, and their sums under any redraw follow from three numbers of each such segment.
//!
//! Of pairs less probable than every labelled one the labels say nothing, but that they are no more
//! probable than those: they count for what the model says, and for less where the labels find it too
//! sure at the least labelled probability.

use crate::link::evaluate::score_interval;
use crate::link::model::real;
use crate::link::recall::Missed;
use crate::schema::quality::EstimatedShare;

/// What labels say of the model's probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledMap {
    /// Labelled pairs.
    pub labelled: u64,
    /// Matches among them.
    pub matches: u64,
    /// The labelled probabilities, each once, ascending.
    pub knots: Vec<f64>,
    /// The calibrated probability at each of them.
    pub values: Vec<f64>,
    /// The same as they would be after other pairs had been labelled, draw by draw.
    pub redrawn: Vec<Vec<f64>>,
}

impl LabelledMap {
    /// How precision and recall are estimated, in words.
    pub fn method(&self) -> String {
        format!(
            "calibrated by {} labelled pairs, {} of them matches: the mean calibrated probability of \
             the links (isotonic regression of clerical labels on the probabilities of the model); the \
             matches among them, of all that are so expected and of those that no blocking rule \
             brought together (capture and recapture between rules, by the model); 95 % intervals of \
             the chance of the labels, of chance, of the disagreement of rules and of the missed, not \
             of errors of the labels",
            self.labelled, self.matches
        )
    }

    /// Where a probability lies: after how many knots, and how far along to the next.
    fn place(&self, probability: f64) -> (usize, f64) {
        let after = self.knots.partition_point(|knot| *knot <= probability);
        let below = after.checked_sub(1).and_then(|k| self.knots.get(k));
        let below = below.copied().unwrap_or(0.0);
        match self.knots.get(after) {
            Some(above) if *above > below => (after, (probability - below) / (above - below)),
            _ => (after, 0.0),
        }
    }

    /// The calibrated probabilities at the two ends of a segment, by the values at the knots.
    fn ends(&self, segment: usize, values: &[f64]) -> [f64; 2] {
        let at = |knot: usize| values.get(knot).copied();
        match segment.checked_sub(1) {
            Some(before) => {
                let low = at(before).unwrap_or(0.0);
                [low, at(segment).unwrap_or(low)]
            }
            None => {
                let knot = self.knots.first().copied().unwrap_or(0.0);
                [0.0, at(0).unwrap_or(0.0).min(knot)]
            }
        }
    }
}

/// Pairs between two knots.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Segment {
    pairs: f64,
    /// The sum of how far along they are, and of the squares of that.
    along: f64,
    squares: f64,
}

/// Pairs by segments.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sums(Vec<Segment>);

impl Sums {
    /// Adds a pair of that probability by the model.
    pub(super) fn add(&mut self, map: &LabelledMap, probability: f64) {
        let (place, along) = map.place(probability);
        if self.0.len() <= place {
            self.0.resize(place + 1, Segment::default());
        }
        if let Some(segment) = self.0.get_mut(place) {
            segment.pairs += 1.0;
            segment.along += along;
            segment.squares += along * along;
        }
    }

    fn pairs(&self) -> f64 {
        self.0.iter().map(|segment| segment.pairs).sum()
    }

    /// The matches to expect, by the values at the knots, and the variance that chance makes of them.
    fn matches(&self, map: &LabelledMap, values: &[f64]) -> (f64, f64) {
        let (mut sum, mut squares) = (0.0, 0.0);
        for (place, segment) in self.0.iter().enumerate() {
            let [low, high] = map.ends(place, values);
            let rise = high - low;
            sum += low * segment.pairs + rise * segment.along;
            squares += low * low * segment.pairs
                + 2.0 * low * rise * segment.along
                + rise * rise * segment.squares;
        }
        (sum, (sum - squares).max(0.0))
    }
}

/// The share of matches among links. `rules` is the standard error of what the model's rules
/// disagree in. None where there is no link.
pub(super) fn precision(map: &LabelledMap, links: &Sums, rules: f64) -> Option<EstimatedShare> {
    let pairs = links.pairs();
    if pairs <= 0.0 {
        return None;
    }
    let (found, chance) = links.matches(map, &map.values);
    let redrawn = |values: &Vec<f64>| links.matches(map, values).0 / pairs;
    let redrawn: Vec<f64> = map.redrawn.iter().map(redrawn).collect();
    let other = chance / (pairs * pairs) + rules * rules;
    Some(estimated(found / pairs, &redrawn, other, pairs))
}

/// The share of links among matches: those among links and other pairs, and those missed. None where
/// no match is expected.
pub(super) fn recall(
    map: &LabelledMap,
    (links, others): (&Sums, &Sums),
    missed: Missed,
    rules: f64,
) -> Option<EstimatedShare> {
    let (found, of_links) = links.matches(map, &map.values);
    let (left, of_others) = others.matches(map, &map.values);
    let all = found + left + missed.about;
    if all <= 0.0 {
        return None;
    }
    let redrawn = |values: &Vec<f64>| {
        let found = links.matches(map, values).0;
        let all = found + others.matches(map, values).0 + missed.about;
        if all > 0.0 { found / all } else { 0.0 }
    };
    let redrawn: Vec<f64> = map.redrawn.iter().map(redrawn).collect();
    // The slopes of a / (a + b + c) in a, and in b or c.
    let (up, down) = ((all - found) / (all * all), found / (all * all));
    let other = up * up * of_links
        + down * down * of_others
        + (down * missed.standard_error).powi(2)
        + rules * rules;
    Some(estimated(found / all, &redrawn, other, all))
}

/// A share with the interval of a share of so many pairs as are as sure. Without the labels these are
/// `pairs` at most, by the variance `other` of all but the labels; with them they are fewer, as if
/// each of the two had its sample: 1 / n = 1 / n₁ + 1 / n₂.
fn estimated(share: f64, redrawn: &[f64], other: f64, pairs: f64) -> EstimatedShare {
    let draws = real(redrawn.len() as u64).max(1.0);
    let mean = redrawn.iter().sum::<f64>() / draws;
    let labels = redrawn.iter().map(|r| (r - share).powi(2)).sum::<f64>() / draws;
    let as_sure = |spread: f64, variance: f64| match variance > 0.0 && spread > 0.0 {
        true => spread / variance,
        false => f64::INFINITY,
    };
    // Labels that are all alike put the share at an end, where it has no spread; its redraws have.
    let (spread, redrawn) = (share * (1.0 - share), mean * (1.0 - mean));
    let own = if spread > 0.0 { spread } else { redrawn };
    let without = as_sure(own, other).min(pairs);
    let of_labels = as_sure(spread.max(redrawn), labels);
    let effective = 1.0 / (1.0 / without + 1.0 / of_labels);
    let [lower, upper] = score_interval(share, effective);
    EstimatedShare {
        estimate: share,
        lower,
        upper,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::draw::Draws;
    use crate::estimate::linkage_error::{Calibration, Labelled};

    fn map(knots: &[f64], values: &[f64], redrawn: &[&[f64]]) -> LabelledMap {
        LabelledMap {
            labelled: 100,
            matches: 50,
            knots: knots.to_vec(),
            values: values.to_vec(),
            redrawn: redrawn.iter().map(|of| of.to_vec()).collect(),
        }
    }

    fn sums(map: &LabelledMap, of: &[f64]) -> Sums {
        let mut sums = Sums::default();
        of.iter().for_each(|p| sums.add(map, *p));
        sums
    }

    #[test]
    fn labels_that_say_the_model_is_right_leave_precision_where_it_was() {
        let right = [0.2, 0.6, 0.9, 0.99];
        let map = map(&right, &right, &[&[0.2, 0.6, 0.9, 0.99]]);
        let links = [0.55, 0.7, 0.93, 0.99, 0.9];
        let mean = links.iter().sum::<f64>() / 5.0;
        let found = precision(&map, &sums(&map, &links), 0.0).expect("links");
        assert!((found.estimate - mean).abs() < 1e-12, "{found:?}");
        // Nor does it change the recall, of pairs below the least label as well.
        let others = sums(&map, &[0.1, 0.3]);
        let missed = Missed {
            about: 1.0,
            ..Missed::default()
        };
        let found = recall(&map, (&sums(&map, &links), &others), missed, 0.0).expect("matches");
        let expected = 5.0 * mean / (5.0 * mean + 0.4 + 1.0);
        assert!((found.estimate - expected).abs() < 1e-12, "{found:?}");
        assert!(found.lower < found.estimate && found.estimate < found.upper);
    }

    #[test]
    fn labels_that_find_half_of_the_likely_links_wrong_pull_precision_down() {
        let map = map(&[0.1, 0.9, 0.99], &[0.1, 0.5, 0.99], &[&[0.1, 0.5, 0.99]]);
        let links = sums(&map, &[0.9; 10]);
        let found = precision(&map, &links, 0.0).expect("links");
        assert!((found.estimate - 0.5).abs() < 1e-12);
        let links = sums(&map, &[[0.9; 10], [0.99; 10]].concat());
        let found = precision(&map, &links, 0.0).expect("links");
        assert!((found.estimate - 0.745).abs() < 1e-12);
    }

    #[test]
    fn redraws_widen_the_interval_and_labels_all_alike_do_not_make_certain() {
        let sure = map(&[0.1, 0.9], &[0.0, 0.95], &[&[0.0, 0.95]]);
        let unsure = map(&[0.1, 0.9], &[0.0, 0.95], &[&[0.0, 0.91], &[0.0, 0.99]]);
        let links = [0.9; 10_000];
        let of = |map: &LabelledMap| precision(map, &sums(map, &links), 0.0).expect("links");
        let width = |of: EstimatedShare| of.upper - of.lower;
        assert!(width(of(&unsure)) > 3.0 * width(of(&sure)));
        let alike = map(&[0.1, 0.9], &[0.0, 1.0], &[&[0.0, 0.98], &[0.0, 1.0]]);
        let found = of(&alike);
        assert_eq!(found.estimate, 1.0);
        assert!(found.lower < 0.98, "{found:?}");
        assert!(precision(&alike, &Sums::default(), 0.0).is_none());
    }

    #[test]
    fn what_lies_below_every_label_is_never_raised() {
        let high = map(&[0.2, 0.9], &[0.4, 0.9], &[]);
        let low = map(&[0.2, 0.9], &[0.1, 0.9], &[]);
        let of = |map: &LabelledMap, p: f64| sums(map, &[p]).matches(map, &map.values).0;
        assert!((of(&high, 0.1) - 0.1).abs() < 1e-12);
        assert!((of(&low, 0.1) - 0.05).abs() < 1e-12);
        // Between labels linear, above them as at the last.
        assert!((of(&low, 0.55) - 0.5).abs() < 1e-12);
        assert!((of(&low, 0.95) - 0.9).abs() < 1e-12);
    }

    #[test]
    fn the_variance_of_chance_is_that_of_the_single_pairs() {
        let map = map(&[0.2, 0.9], &[0.1, 0.8], &[]);
        let of = [0.05, 0.3, 0.7, 0.9, 0.95];
        let one = |p: &f64| sums(&map, &[*p]).matches(&map, &map.values).0;
        let each: f64 = of.iter().map(one).map(|p| p * (1.0 - p)).sum();
        let (_, variance) = sums(&map, &of).matches(&map, &map.values);
        assert!((variance - each).abs() < 1e-12);
    }

    /// Scores of a model that is too sure, the share of matches at each, and how many pairs have it.
    const WORLD: [(f64, f64, u64); 6] = [
        (0.02, 0.01, 3000),
        (0.2, 0.1, 400),
        (0.6, 0.4, 300),
        (0.9, 0.8, 400),
        (0.97, 0.93, 800),
        (0.999, 0.998, 3000),
    ];

    /// The matches of each score, and the map by sixty labels of each.
    fn labelled(draws: &mut Draws) -> (Vec<u64>, LabelledMap) {
        let (mut all, mut labels) = (Vec::new(), Vec::new());
        for (score, share, pairs) in WORLD {
            let matches = draws.binomial(pairs, share);
            let mut left = matches;
            for seen in 0..60 {
                let is_match = draws.chance(real(left) / real(pairs - seen));
                left -= u64::from(is_match);
                labels.push(Labelled {
                    score,
                    is_match,
                    weight: real(pairs) / 60.0,
                });
            }
            all.push(matches);
        }
        let fitted = Calibration::fit(&labels).expect("a calibration");
        let knots: Vec<f64> = WORLD.iter().map(|(score, ..)| *score).collect();
        let value = |knot: &f64| fitted.probability(*knot).expect("a probability").value();
        let map = LabelledMap {
            labelled: 360,
            matches: 0,
            values: knots.iter().map(value).collect(),
            redrawn: fitted.redrawn_at(&knots, draws.seed(), 200),
            knots,
        };
        (all, map)
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        let mut held = [0; 2];
        for replicate in 0..400 {
            let (matches, map) = labelled(&mut Draws::new(20, 0, replicate));
            let of = |from: usize, to: usize| {
                let pairs = WORLD[from..to].iter();
                let all = pairs.flat_map(|(score, _, n)| (0..*n).map(|_| *score));
                sums(&map, &all.collect::<Vec<f64>>())
            };
            let (others, links) = (of(0, 2), of(2, 6));
            let true_links: u64 = matches[2..].iter().sum();
            let precise = real(true_links) / links.pairs();
            let found = real(true_links) / real(matches.iter().sum());
            let shares = [
                (precision(&map, &links, 0.0), precise),
                (
                    recall(&map, (&links, &others), Missed::default(), 0.0),
                    found,
                ),
            ];
            for (held, (share, truth)) in held.iter_mut().zip(shares) {
                let share = share.expect("a share");
                *held += u32::from((share.lower..=share.upper).contains(&truth));
            }
        }
        assert!(held.iter().all(|n| (370..=400).contains(n)), "{held:?}");
    }
}
