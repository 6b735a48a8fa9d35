//! Simulations of lists: two with linkage error (T1), three with linkage error (T2), siblings (T5),
//! and everything together (T6).

use kinlink::estimate::draw::Draws;
use kinlink::estimate::linkage_error::{
    ClericalSample, DualSystem, LinkageQuality, Lists, Outside, Precision, Quality, Rate, Recall,
    Stratum, Where,
};
use kinlink::estimate::number::{Level, real};

use super::gate::{Run, Study};
use super::world::{self, Without, World};

/// Two lists: people, recall, false links for each record of the second list that has no match,
/// labels.
#[derive(Debug, Clone, Copy)]
pub struct TwoLists {
    pub people: u64,
    pub recall: f64,
    pub wrong: f64,
    pub labels: u64,
}

pub const TWO_LISTS: [TwoLists; 6] = [
    two(500, 0.9, 0.02, 200),
    two(500, 0.85, 0.05, 1000),
    two(5_000, 0.85, 0.05, 200),
    two(5_000, 0.95, 0.01, 400),
    two(100_000, 0.9, 0.02, 1000),
    two(100_000, 0.95, 0.01, 400),
];

const fn two(people: u64, recall: f64, wrong: f64, labels: u64) -> TwoLists {
    TwoLists {
        people,
        recall,
        wrong,
        labels,
    }
}

/// The numbers of a drawn world of two lists.
struct Drawn {
    lists: Lists,
    matches: u64,
    found: u64,
}

impl TwoLists {
    fn draw(&self, draws: &mut Draws) -> Drawn {
        let first = draws.binomial(self.people, 0.6);
        let matches = draws.binomial(first, 0.5);
        let only_second = draws.binomial(self.people - first, 0.5);
        let found = draws.binomial(matches, self.recall);
        let wrong = draws.binomial(only_second, self.wrong);
        Drawn {
            lists: Lists {
                first,
                second: matches + only_second,
                links: found + wrong,
            },
            matches,
            found,
        }
    }

    fn quality(&self, drawn: &Drawn, draws: &mut Draws) -> LinkageQuality {
        let mut of = |share: f64| {
            let hits = draws.binomial(self.labels, share);
            Rate::of_sample(real(hits) / real(self.labels), real(self.labels)).unwrap()
        };
        let precision = of(real(drawn.found) / real(drawn.lists.links));
        let recall = of(self.recall);
        LinkageQuality::new(
            Precision::new(precision).unwrap(),
            Recall::new(recall).unwrap(),
        )
    }

    fn estimated(&self, lists: Lists, quality: &impl Quality) -> Run {
        let found = DualSystem::estimate(lists, quality).unwrap();
        Run {
            truth: real(self.people),
            estimate: found.population,
            interval: found.interval(Level::NINETY_FIVE).unwrap(),
        }
    }

    pub fn run(&self, seed: u64, clerical_variance: bool) -> Run {
        let mut draws = Draws::new(seed, self.people, 1);
        let drawn = self.draw(&mut draws);
        let quality = self.quality(&drawn, &mut draws);
        match clerical_variance {
            true => self.estimated(drawn.lists, &quality),
            false => self.estimated(drawn.lists, &quality.without_uncertainty()),
        }
    }

    /// As if every link were true and every match a link.
    pub fn naive(&self, seed: u64) -> Run {
        let mut draws = Draws::new(seed, self.people, 1);
        let lists = self.draw(&mut draws).lists;
        let one = Rate::certain(1.0).unwrap();
        let perfect = LinkageQuality::new(Precision::new(one).unwrap(), Recall::new(one).unwrap());
        self.estimated(lists, &perfect)
    }

    /// With a clerical sample by strata: links in two score bands, pairs below the threshold, and a
    /// reckoning of what lies outside the blocks.
    fn by_strata(&self, seed: u64, by_draws: bool) -> Run {
        let mut draws = Draws::new(seed, self.people, 2);
        let drawn = self.draw(&mut draws);
        let missed = drawn.matches - drawn.found;
        let wrong = drawn.lists.links - drawn.found;
        // Four fifths of the true links and one in ten of the false ones score high.
        let high = (drawn.found * 4 / 5, wrong / 10);
        let low = (drawn.found - high.0, wrong - high.1);
        let below = (missed, drawn.lists.links * 2);
        let mut stratum = |name: &str, place, (matches, others): (u64, u64)| {
            let pairs = matches + others;
            let labelled = self.labels.min(pairs);
            let (mut left, mut open, mut hits) = (pairs, matches, 0);
            for _ in 0..labelled {
                let hit = draws.chance(real(open) / real(left));
                (left, open, hits) = (left - 1, open - u64::from(hit), hits + u64::from(hit));
            }
            Stratum {
                name: name.to_owned(),
                place,
                pairs,
                labelled,
                matches: hits,
            }
        };
        let strata = vec![
            stratum("high", Where::Linked, high),
            stratum("low", Where::Linked, low),
            stratum("below", Where::BelowThreshold, below),
        ];
        let nothing = Outside::Reckoned {
            missed: 0.0,
            standard_error: 0.0,
        };
        let sample = ClericalSample::new(strata, nothing).unwrap();
        let run = self.estimated(drawn.lists, &sample);
        let level = Level::NINETY_FIVE;
        match by_draws {
            true => Run {
                interval: DualSystem::interval_by_draws(drawn.lists, &sample, 1_000, seed, level)
                    .unwrap(),
                ..run
            },
            false => run,
        }
    }
}

/// Three lists of children who are alone in their family.
pub fn three_lists(children: u64) -> World {
    World {
        families: children,
        together: 0.0,
        only_children: true,
        odds: [1.2, 0.8, 1.0],
        dependence: [0.0; 3],
        recall: [0.95, 0.92, 0.88],
        wrong: [0.01; 3],
        labels: [500.0, 2000.0],
        declared: false,
    }
}

/// Families, without linkage error.
pub fn siblings(together: f64) -> World {
    World {
        families: 3_000,
        together,
        only_children: false,
        odds: [0.9, 0.6, 0.7],
        dependence: [0.3, 0.2, 0.3],
        recall: [1.0; 3],
        wrong: [0.0; 3],
        labels: [0.0; 2],
        declared: true,
    }
}

/// Everything at once.
pub fn together(families: u64, declared: bool) -> World {
    World {
        families,
        together: 0.7,
        only_children: false,
        odds: [0.9, 0.6, 0.7],
        dependence: [0.3, 0.2, 0.3],
        recall: [0.92, 0.9, 0.88],
        wrong: [0.01; 3],
        labels: [500.0, 2000.0],
        declared,
    }
}

#[test]
fn a_share_of_two_lists() {
    for design in TWO_LISTS {
        Study::of(100, |r| design.run(r, true)).must_pass_as_share(&format!("{design:?}"));
    }
    let design = two(5_000, 0.9, 0.02, 300);
    Study::of(60, |r| design.by_strata(r, true)).must_pass_as_share("by strata");
}

#[test]
fn a_share_of_three_lists_and_families() {
    for (name, world) in [
        ("three lists", three_lists(5_000)),
        ("siblings", siblings(0.9)),
        ("everything", together(4_000, true)),
    ] {
        Study::of(60, |r| world::run(world, Without::Nothing, r)).must_pass_as_share(name);
    }
}

#[test]
#[ignore = "a long study"]
fn t1_two_lists_with_linkage_error() {
    for design in TWO_LISTS {
        let name = format!("T1 {design:?}");
        Study::of(500, |r| design.naive(r)).tell(&format!("{name} naive"));
        Study::of(500, |r| design.run(r, false))
            .tell(&format!("{name} without the clerical variance"));
        Study::of(500, |r| design.run(r, true)).must_pass(&name);
        if design.people >= 5_000 {
            // Near the edge of the gate and quick: enough runs that chance does not decide.
            let study = |by_draws| Study::of(4_000, |r| design.by_strata(r, by_draws));
            study(false).tell(&format!("{name} by strata, by formula"));
            study(true).must_pass(&format!("{name} by strata, by draws"));
        }
    }
}

#[test]
#[ignore = "a long study"]
fn t2_three_lists_with_linkage_error() {
    for children in [5_000, 20_000] {
        let world = three_lists(children);
        let study = |without| Study::of(500, |r| world::run(world, without, r));
        study(Without::Transition).tell(&format!("T2 {children} without the transition"));
        study(Without::Nothing).must_pass(&format!("T2 {children}"));
    }
}

#[test]
#[ignore = "a long study"]
fn t5_siblings() {
    for rho in [0.0, 0.5, 0.9] {
        for declared in [true, false] {
            let world = World {
                declared,
                ..siblings(rho)
            };
            let study = |without| Study::of(500, |r| world::run(world, without, r));
            let name = format!("T5 rho {rho} declared {declared}");
            study(Without::FamilyClustering).tell(&format!("{name} child by child"));
            study(Without::Nothing).must_pass(&name);
        }
    }
}

#[test]
#[ignore = "a long study"]
fn t6_everything_together() {
    for (families, declared) in [(4_000, true), (4_000, false), (15_000, true)] {
        let world = together(families, declared);
        let study = |without| Study::of(500, |r| world::run(world, without, r));
        let name = format!("T6 {families} families, declared {declared}");
        study(Without::Transition).tell(&format!("{name} without the transition"));
        study(Without::ClericalVariance).tell(&format!("{name} without the clerical variance"));
        study(Without::Nothing).must_pass(&name);
    }
}
