//! Worlds with a known truth: families, three lists that depend on each other, links with errors,
//! and the clerical samples that tell of them.

use kinlink::estimate::coverage::strata::linkage_variance;
use kinlink::estimate::coverage::{
    History, ListLinkage, Plan, Stratified, StratumTable, Transition,
};
use kinlink::estimate::draw::Draws;
use kinlink::estimate::family_variance::{Families, FamilyVariance, Record};
use kinlink::estimate::interval::{Components, Total};
use kinlink::estimate::linkage_error::Rate;
use kinlink::estimate::number::{Level, real};

use super::gate::Run;

/// What a world is like.
#[derive(Debug, Clone, Copy)]
pub struct World {
    pub families: u64,
    /// The share of families whose children are caught as one.
    pub together: f64,
    /// Whether families have one child each.
    pub only_children: bool,
    /// The odds of being in each list, for a child in no other.
    pub odds: [f64; 3],
    /// The logarithm of the odds ratios of pairs of lists.
    pub dependence: [f64; 3],
    pub recall: [f64; 3],
    pub wrong: [f64; 3],
    /// Labels from which recall and false links are known; nought for certainty.
    pub labels: [f64; 2],
    /// Whether parents who are in a list said how many children they have.
    pub declared: bool,
}

/// How an estimator is mutilated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Without {
    Nothing,
    ClericalVariance,
    FamilyClustering,
    Transition,
}

/// A drawn world.
pub struct Drawn {
    pub truth: f64,
    pub families: Families,
    pub linkage: ListLinkage,
}

impl World {
    /// The probability of each history, none first.
    fn cells(&self) -> [f64; 8] {
        let pairs = [(0, 1), (0, 2), (1, 2)];
        let raw: [f64; 8] = std::array::from_fn(|mask| {
            let on = |l: usize| mask & (1 << l) != 0;
            let single: f64 = (0..3).filter(|l| on(*l)).map(|l| self.odds[l]).product();
            let both = pairs.iter().zip(self.dependence);
            let both: f64 = both
                .filter(|((i, j), _)| on(*i) && on(*j))
                .map(|(_, d)| d)
                .sum();
            single * both.exp()
        });
        let sum: f64 = raw.iter().sum();
        raw.map(|x| x / sum)
    }

    pub fn draw(&self, seed: u64) -> Drawn {
        let mut draws = Draws::new(seed, 77, 0);
        let cells = self.cells();
        let mut truth = 0;
        // (family, lists) of every record.
        let mut records: Vec<(u64, usize)> = Vec::new();
        let mut sizes = Vec::new();
        for family in 0..self.families {
            let more = if self.only_children {
                0.0
            } else {
                draws.poisson(0.8).min(5.0)
            };
            let children = 1 + more.round() as u64;
            truth += children;
            sizes.push(real(children));
            let as_one = draws
                .chance(self.together)
                .then(|| mask(&cells, &mut draws));
            for _ in 0..children {
                let lists = as_one.unwrap_or_else(|| mask(&cells, &mut draws));
                self.split(lists, &mut draws, |part| records.push((family, part)));
            }
        }
        self.merge(&mut records, &mut draws);
        Drawn {
            truth: real(truth),
            families: self.gather(records, &sizes),
            linkage: self.clerical(&mut draws),
        }
    }

    /// The records that a child becomes when links are missed.
    fn split(&self, lists: usize, draws: &mut Draws, mut push: impl FnMut(usize)) {
        let pairs = [(3, 4), (5, 2), (6, 1)];
        let linked: Vec<usize> = pairs
            .iter()
            .zip(self.recall)
            .filter(|((both, _), r)| lists & both == *both && draws.chance(*r))
            .map(|((both, _), _)| *both)
            .collect();
        match (lists.count_ones(), linked.as_slice()) {
            (0, _) => {}
            (1, _) | (2, [_]) | (3, [_, _, ..]) => push(lists),
            (3, [one]) => {
                push(*one);
                push(7 - one);
            }
            _ => (0..3)
                .filter(|l| lists & (1 << l) != 0)
                .for_each(|l| push(1 << l)),
        }
    }

    /// Joins lone records of different families by mistake.
    fn merge(&self, records: &mut Vec<(u64, usize)>, draws: &mut Draws) {
        let [b12, b13, b23] = self.wrong;
        if b12 + b13 + b23 <= 0.0 {
            return;
        }
        let mut lone: [Vec<u64>; 3] = std::array::from_fn(|l| {
            let there = records.iter().filter(|(_, m)| *m == 1 << l);
            there.map(|(f, _)| *f).collect()
        });
        records.retain(|(_, m)| m.count_ones() > 1);
        for (i, j, rate) in [(0, 1, b12), (0, 2, b13), (1, 2, b23)] {
            // The second rate of list 3 is among those that the first left.
            let rate = if (i, j) == (1, 2) {
                rate / (1.0 - b13)
            } else {
                rate
            };
            let (stay, joined): (Vec<u64>, Vec<u64>) = std::mem::take(&mut lone[j])
                .into_iter()
                .partition(|_| !draws.chance(rate));
            lone[j] = stay;
            for family in joined {
                if lone[i].is_empty() {
                    lone[j].push(family);
                    continue;
                }
                let other = draws.below(lone[i].len());
                let first = lone[i].swap_remove(other);
                records.push((first, (1 << i) | (1 << j)));
            }
        }
        for (l, families) in lone.into_iter().enumerate() {
            records.extend(families.into_iter().map(|f| (f, 1 << l)));
        }
    }

    fn gather(&self, mut records: Vec<(u64, usize)>, sizes: &[f64]) -> Families {
        records.sort_unstable();
        let mut out = Families::new();
        for family in records.chunk_by(|a, b| a.0 == b.0) {
            let of = |(_, m): &(u64, usize)| Record {
                stratum: 0,
                history: History::of([m & 1 != 0, m & 2 != 0, m & 4 != 0]).unwrap(),
                weight: 1.0,
            };
            let children: Vec<Record> = family.iter().map(of).collect();
            let number = usize::try_from(family[0].0).unwrap();
            out.push(&children, self.declared.then(|| sizes[number]))
                .unwrap();
        }
        out
    }

    fn clerical(&self, draws: &mut Draws) -> ListLinkage {
        let [matches, others] = self.labels;
        let mut known = |share: f64, labels: f64| match labels > 0.0 {
            true => Rate::of_sample(real(draws.binomial(labels as u64, share)) / labels, labels)
                .unwrap(),
            false => Rate::certain(share).unwrap(),
        };
        let recall = self.recall.map(|r| known(r, matches));
        ListLinkage::new(recall, self.wrong.map(|b| known(b, others))).unwrap()
    }
}

fn mask(cells: &[f64; 8], draws: &mut Draws) -> usize {
    let u = draws.unit();
    let mut sum = 0.0;
    for (mask, p) in cells.iter().enumerate() {
        sum += p;
        if u < sum {
            return mask;
        }
    }
    7
}

/// One stratum with the numbers of families.
pub fn strata(families: &Families) -> Vec<StratumTable> {
    let observed = families.observed(1, std::iter::repeat_n(1.0, families.len()));
    vec![StratumTable {
        key: vec!["all".into()],
        observed: observed[0],
        linkage: 0,
    }]
}

/// Estimates with everything, or with something taken away.
pub fn total(drawn: &Drawn, without: Without, seed: u64) -> Total {
    let certain = ListLinkage::new(
        [Rate::certain(1.0).unwrap(); 3],
        [Rate::certain(0.0).unwrap(); 3],
    )
    .unwrap();
    let linkage = match without {
        Without::Transition => certain,
        _ => drawn.linkage.clone(),
    };
    let strata = strata(&drawn.families);
    let linkages = [linkage];
    let plan = Plan::new(&strata, &linkages).unwrap();
    let estimate = Stratified::estimate(&strata, &plan, &linkages).unwrap();
    let families =
        FamilyVariance::of(&drawn.families, &estimate, &plan, &Transition::identity()).unwrap();
    let (clerical, _) = linkage_variance(&strata, &plan, &linkages, 200, seed).unwrap();
    let components = Components {
        families: match without {
            Without::FamilyClustering => estimate.groups[0].variance_of_independent,
            _ => families.total(),
        },
        linkage_error: match without {
            Without::ClericalVariance => 0.0,
            _ => clerical,
        },
        imputation: 0.0,
        calibration: 0.0,
        noise: 0.0,
    };
    Total::new(
        estimate.counted(),
        estimate.unseen(),
        components,
        Level::NINETY_FIVE,
    )
    .unwrap()
}

/// A run of a world.
pub fn run(world: World, without: Without, seed: u64) -> Run {
    let drawn = world.draw(seed);
    let total = total(&drawn, without, seed);
    Run {
        truth: drawn.truth,
        estimate: total.value(),
        interval: total.interval,
    }
}
