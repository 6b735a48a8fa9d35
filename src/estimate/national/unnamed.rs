//! Groups of children by what is known of the child alone: age, ethnic group.
//!
//! It is known of the children who are named. Of the others it is taken to be as among the named
//! children of parents of the same sex; of entries, as among the named children counted once for each
//! entry. Four things make that unsure, and each adds a variance: which families there are beyond those
//! held, which of the unnamed fall into the group (p (1 − p) of each), how well p is known from so many
//! families that name a child, and that who names children may not name all alike, which shows where
//! the lists differ by more than chance ([`Names::between`]). Siblings are taken to be alike, as they
//! are in ethnic group; of ages that is on the safe side.

use super::super::family::AGE_BANDS;
use super::super::number::size;
use super::attributes::Named;
use super::division::Division;
use super::estimate::mean;
use super::population::Family;
use crate::schema::canonical::ETHNICITIES;

/// What of a child.
#[derive(Clone, Copy)]
pub(super) struct OfChild {
    pub(super) dimension: &'static str,
    pub(super) codes: &'static [&'static str],
    code: fn(&Named) -> &'static str,
}

pub(super) const OF_CHILDREN: [OfChild; 2] = [
    OfChild {
        dimension: "age_band",
        codes: &AGE_BANDS,
        code: |child| child.age_band,
    },
    OfChild {
        dimension: "ethnicity",
        codes: &ETHNICITIES,
        code: |child| child.ethnicity,
    },
];

/// A group of children, by what is known of the child alone.
pub(super) struct Group {
    what: OfChild,
    pub(super) code: &'static str,
    /// The share of unnamed children who are in it: of mothers, of fathers.
    shares: [f64; 2],
    /// What not to know who of the unnamed is in it adds to the variance.
    pub(super) variance: f64,
    /// How often a child of the group counts, beside the mean of all.
    times: f64,
}

impl Group {
    /// `times`: how often a child of a family counts. The shares are of the named children counted so
    /// often, since the parents of one group may enter more often than those of another.
    pub(super) fn new(
        of: &Division<'_>,
        (what, code): (OfChild, &'static str),
        times: &dyn Fn(&Family) -> f64,
        unnamed: &Unnamed,
    ) -> Self {
        let [mothers, fathers] = [true, false].map(|mothers| {
            let families = of.population.families.iter();
            let those = families.filter(|f| f.is_mothers() == mothers);
            Names::of(those, |child| (what.code)(child) == code, times)
        });
        // Where no parent of one sex names a child, the children of the other tell.
        let names = [(&mothers, &fathers), (&fathers, &mothers)];
        let names = names.map(|(own, other)| if own.anybody.named > 0.0 { own } else { other });
        let mut shares = [0.0; 2];
        let (mut variance, mut between) = (0.0, 0.0);
        for ((names, [all, squares]), share) in names.into_iter().zip(&unnamed.0).zip(&mut shares) {
            *share = names.anybody.share();
            let doubt = *share * (1.0 - *share);
            variance += doubt * (squares + all * all / names.anybody.families());
            // What makes the lists differ is common to both sexes.
            between += all * names.between(doubt).sqrt();
        }
        variance += between * between;
        Group {
            what,
            code,
            shares,
            variance,
            times: 1.0,
        }
    }

    /// The same group in entries, of which those count on a day when the child is born and under 18.
    pub(super) fn while_a_child(mut self, of: &Division<'_>) -> Self {
        let all = of.population.entry_share;
        if let (Some(own), true) = (of.population.entry_shares.get(self.code), all > 0.0) {
            self.times = own / all;
            self.variance *= self.times * self.times;
        }
        self
    }

    /// Children of a family who are in it, of so many.
    pub(super) fn of(&self, family: &Family, number: u32) -> f64 {
        let [of_mothers, of_fathers] = self.shares;
        let share = if family.is_mothers() {
            of_mothers
        } else {
            of_fathers
        };
        let named = family.counted(number, |child| (self.what.code)(child) == self.code);
        (named + family.unnamed(number) * share) * self.times
    }
}

/// Named children, by who names them.
#[derive(Default)]
struct Names {
    /// Those whom children's services know.
    services: Sample,
    /// Those whom only others name.
    others: Sample,
    anybody: Sample,
}

impl Names {
    fn of<'a>(
        families: impl Iterator<Item = &'a Family>,
        is_in: impl Fn(&Named) -> bool,
        times: &dyn Fn(&Family) -> f64,
    ) -> Self {
        let mut out = Names::default();
        for family in families {
            let all = family.children.as_slice();
            let (known, others) = all.split_at_checked(family.known).unwrap_or((all, &[]));
            let each = family.weight * times(family);
            out.services.add(known, each, &is_in);
            out.others.add(others, each, &is_in);
            out.anybody.add(all, each, &is_in);
        }
        out
    }

    /// What the share may be off by where those who name children do not name all alike: the square
    /// of half of what the children known to services and those whom only others name differ by, less
    /// what they differ by from chance alone.
    fn between(&self, doubt: f64) -> f64 {
        let (services, others) = (&self.services, &self.others);
        if services.named <= 0.0 || others.named <= 0.0 {
            return 0.0;
        }
        let chance = doubt * (1.0 / services.families() + 1.0 / others.families());
        let square = (services.share() - others.share()).powi(2);
        (square - chance).max(0.0) / 4.0
    }
}

/// Named children, each as often as it counts, and how many of them are in a group.
#[derive(Default)]
struct Sample {
    named: f64,
    squares: f64,
    there: f64,
}

impl Sample {
    /// Adds children of a family, who count so often each.
    fn add(&mut self, children: &[Named], each: f64, is_in: impl Fn(&Named) -> bool) {
        let all = each * size(children.len());
        self.named += all;
        self.squares += all * all;
        let there = children.iter().filter(|child| is_in(child));
        self.there += each * size(there.count());
    }

    fn share(&self) -> f64 {
        match self.named > 0.0 {
            true => self.there / self.named,
            false => 0.0,
        }
    }

    /// So many families of one child would tell the share as well, siblings being alike (Kish, *Survey
    /// Sampling*, 1965, 11.7); one at least.
    fn families(&self) -> f64 {
        let families = self.named * self.named / self.squares.max(f64::MIN_POSITIVE);
        families.max(1.0)
    }
}

/// Σ w x and Σ (w x)² over the families of mothers, and of fathers, with x unnamed children, each
/// counted so many times: the mean over the imputed sets.
pub(super) struct Unnamed([[f64; 2]; 2]);

impl Unnamed {
    pub(super) fn of(of: &Division<'_>, times: &dyn Fn(&Family) -> f64) -> Self {
        let sets = || of.sets.iter().zip(&of.numbers.sets);
        Unnamed([true, false].map(|mothers| {
            let unnamed = |f: &Family, n: u32| match f.is_mothers() == mothers {
                true => f.unnamed(n),
                false => 0.0,
            };
            let all =
                sets().map(|(set, numbers)| of.sum(set, numbers, |f, n| unnamed(f, n) * times(f)));
            let squares = sets().map(|(set, numbers)| -> f64 {
                let families = of.population.families.iter().zip(numbers);
                families
                    .zip(&set.weights)
                    .map(|((f, n), w)| (w * f.weight * unnamed(f, *n) * times(f)).powi(2))
                    .sum()
            });
            [mean(all), mean(squares)]
        }))
    }
}
