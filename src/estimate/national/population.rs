//! The families of a population: prisoners of whom some list says that they are parents.
//!
//! The unit that is estimated is the pair of a parent in prison and a child who counts. A family is a
//! prisoner with such pairs: what is said of one of its children is said of the parent, so that the
//! lists hold families and not children.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::super::family::{Sex, Stay, Window};
use super::super::number::size;
use super::super::people::{Home, People};
use super::super::read::Entity;
use super::super::spells::{Period, days_in};
use super::attributes::{Named, Standing};
use super::evidence::{Evidence, Said};
use super::of_two::{Naming, OfTwo};
use super::register::Register;

/// The stratum of prisoners who are women.
const MOTHER: &str = "mother";

/// Which population: each has a coverage of its own, since short stays are screened less and the
/// stock holds more of the long ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// Parents in prison on the reference date.
    Stock,
    /// Parents in prison on any day of the year.
    Year,
}

impl Frame {
    /// The stays that put a prisoner into the population.
    fn days(self, window: Window) -> Period {
        match self {
            Frame::Stock => Period::new(window.reference, window.reference + 1),
            Frame::Year => window.year,
        }
    }
}

/// A prisoner with children by some list.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// The prisoner.
    pub prisoner: Entity,
    /// The prisoner's weight in the register: one without calibration.
    pub weight: f64,
    /// Sex of the parent, and time in prison: its stratum, the category to keep longest first.
    pub stratum: [&'static str; 2],
    /// Prisons say so, or name a child who counts.
    pub custody: bool,
    /// Probation says so.
    pub probation: bool,
    /// The number of children stated.
    pub stated: Option<u32>,
    /// Children who count and whom children's services name: how many.
    pub known: usize,
    /// Those whom prisons or probation name. Some are the same children; where linkage did not
    /// find that out, the two sets together would count them twice.
    pub named: usize,
    /// The named children: those of children's services first, then those whom only others name, each
    /// in the order of places.
    pub children: Vec<Named>,
    /// The parent's own home, for children who are not named.
    pub home: Home,
    /// The stay that puts the parent into the population: of the year, the latest.
    pub standing: Standing,
    /// The stays that began in the year.
    pub entered: Vec<Standing>,
}

impl Family {
    /// The least number of children that the names allow.
    pub fn at_least(&self) -> usize {
        self.known.max(self.named)
    }

    /// The order of two families by everything but who they are. Two that are equal may stand either
    /// way: no estimate can tell.
    fn by_what_is_known(&self, other: &Self) -> Ordering {
        let facts = |f: &Self| {
            let lists = (f.custody, f.probation, f.stated, f.known, f.named);
            (f.stratum, lists, f.entered.len(), f.home)
        };
        let homes = |f: &Self| f.children.iter().map(|c| c.home).collect::<Vec<_>>();
        facts(self)
            .cmp(&facts(other))
            .then_with(|| homes(self).cmp(&homes(other)))
            .then_with(|| self.weight.total_cmp(&other.weight))
            .then_with(|| (self.standing, &self.entered).cmp(&(other.standing, &other.entered)))
            .then_with(|| self.children.cmp(&other.children))
    }

    /// Children of the family who live somewhere, of so many: those who are named in their order,
    /// then the others, who live where their parent did.
    pub fn living(&self, number: u32, there: impl Fn(Home) -> bool) -> f64 {
        let at_home = if there(self.home) {
            self.unnamed(number)
        } else {
            0.0
        };
        self.counted(number, |child| there(child.home)) + at_home
    }

    /// Named children of whom something holds, where the family has so many children.
    pub fn counted(&self, number: u32, holds: impl Fn(&Named) -> bool) -> f64 {
        let children = usize::try_from(number).unwrap_or(usize::MAX);
        let named = self.children.iter().take(children);
        size(named.filter(|child| holds(child)).count())
    }

    /// Children who are not named, of so many.
    pub fn unnamed(&self, number: u32) -> f64 {
        let children = usize::try_from(number).unwrap_or(usize::MAX);
        size(children.saturating_sub(self.children.len()))
    }

    /// Is the prisoner a mother?
    pub fn is_mothers(&self) -> bool {
        self.stratum[0] == MOTHER
    }

    /// Does a list speak of the family as a whole? If not, no more than its named children count.
    pub fn stated_as_parent(&self) -> bool {
        self.custody || self.probation
    }
}

/// The families, and the children found to have two parents among them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Population {
    /// In an order by what is known of them, which no pseudonym has a part in: numbers are drawn for
    /// families in this order, and a new key must not bring new draws.
    pub families: Vec<Family>,
    /// Named children of two prisoners.
    pub of_two: OfTwo,
    /// Pairs of a prisoner and a named child.
    pub pairs: u64,
    /// Prisoners of the population, parents or not, by the local authority of their home: their
    /// weights, and those of the women among them.
    pub prisoners: BTreeMap<&'static str, [f64; 2]>,
    /// Of entries into prison counted for each named child of the prisoner, the share on a day when
    /// that child was born and under 18; one where there is none. It is taken for all children.
    pub entry_share: f64,
    /// The same by the age band of the child.
    pub entry_shares: BTreeMap<&'static str, f64>,
}

impl Population {
    /// Gathers the families.
    pub fn of(
        frame: Frame,
        people: &People,
        evidence: &Evidence,
        register: &Register,
        window: Window,
    ) -> Self {
        let mut out = Population::default();
        let mut pairs_of: BTreeMap<Entity, (Vec<Entity>, Vec<Naming>)> = BTreeMap::new();
        let days = frame.days(window);
        let mut entries: BTreeMap<&'static str, [usize; 2]> = BTreeMap::new();
        out.prisoners = prisoners(people, register, days);
        for (adult, said) in evidence {
            let Some(stays) = people.stays.get(adult) else {
                continue;
            };
            let inside: Vec<Period> = stays
                .iter()
                .map(|s| s.period.intersect(days))
                .filter(|p| !p.is_empty())
                .collect();
            if inside.is_empty() {
                continue;
            }
            let counts = |child: &Entity| people.counts(child, &inside, window);
            let family = family(frame, (adult, said), stays, people, window, &counts);
            let Some((mut family, children)) = family else {
                continue;
            };
            family.weight = register.weight(adult);
            let entered = stays.iter().map(|s| s.period.from);
            let entered: Vec<i32> = entered.filter(|day| window.year.contains(*day)).collect();
            for child in &children {
                let days = people.children.get(child).and_then(|c| people.eligible(c));
                let there = |day: &&i32| days.is_some_and(|d| d.contains(**day));
                let age = Named::of(people.children.get(child), Home::default()).age_band;
                let [all, while_a_child] = entries.entry(age).or_default();
                *all += entered.len();
                *while_a_child += entered.iter().filter(there).count();
            }
            out.pairs += children.len() as u64;
            for child in children {
                let (parents, pairs) = pairs_of.entry(child).or_default();
                parents.push(*adult);
                pairs.push(Naming {
                    mother: family.is_mothers(),
                    by_prisons: said.named.contains(&child),
                });
            }
            out.families.push(family);
        }
        let share = |[all, while_a_child]: [usize; 2]| match all {
            0 => 1.0,
            all => size(while_a_child) / size(all),
        };
        let sums = entries
            .values()
            .fold([0; 2], |[a, b], [c, d]| [a + c, b + d]);
        out.entry_share = share(sums);
        out.entry_shares = entries
            .into_iter()
            .map(|(age, n)| (age, share(n)))
            .collect();
        let mut couples: BTreeMap<Vec<Entity>, Vec<Vec<Naming>>> = BTreeMap::new();
        for (parents, pairs) in pairs_of.into_values() {
            couples.entry(parents).or_default().push(pairs);
        }
        out.of_two = OfTwo::among(couples.values());
        out.families.sort_by(Family::by_what_is_known);
        out
    }
}

/// Prisoners with a stay that touches the days, by home.
fn prisoners(
    people: &People,
    register: &Register,
    days: Period,
) -> BTreeMap<&'static str, [f64; 2]> {
    let mut out: BTreeMap<&'static str, [f64; 2]> = BTreeMap::new();
    for (adult, stays) in &people.stays {
        let inside = stays.iter().any(|s| !s.period.intersect(days).is_empty());
        let (true, Some(home)) = (inside, people.home_of_adult(adult).local_authority()) else {
            continue;
        };
        let woman = people.adults.get(adult).map(|a| a.sex()) == Some(Sex::Female);
        let weight = register.weight(adult);
        let [all, women] = out.entry(home).or_default();
        *all += weight;
        *women += if woman { weight } else { 0.0 };
    }
    out
}

/// One family with its named children who count; none where no list says that there are any.
fn family(
    frame: Frame,
    (adult, said): (&Entity, &Said),
    stays: &[Stay],
    people: &People,
    window: Window,
    counts: &impl Fn(&Entity) -> bool,
) -> Option<(Family, Vec<Entity>)> {
    let known: Vec<Entity> = said.known.iter().copied().filter(|c| counts(c)).collect();
    let named: Vec<Entity> = said.named.iter().copied().filter(|c| counts(c)).collect();
    let custody = said.custody || !named.is_empty();
    if !custody && !said.probation && known.is_empty() {
        return None;
    }
    let sex = people.adults.get(adult).map_or(Sex::Unknown, |a| a.sex());
    let only_named = named.iter().copied();
    let only_named: Vec<Entity> = only_named.filter(|c| !said.known.contains(c)).collect();
    let told_of = |children: &[Entity]| {
        let told = children
            .iter()
            .map(|c| Named::of(people.children.get(c), people.home_of_child(c)));
        let mut told: Vec<Named> = told.collect();
        told.sort();
        told
    };
    let told = [told_of(&known), told_of(&only_named)].concat();
    let children = [known.as_slice(), &only_named].concat();
    let entered = |s: &&Stay| window.year.contains(s.period.from);
    let inside = |s: &&Stay| !s.period.intersect(frame.days(window)).is_empty();
    let standing = stays.iter().rev().find(inside)?;
    let family = Family {
        prisoner: *adult,
        weight: 1.0,
        stratum: [word(sex), time_band(frame, stays, window)],
        custody,
        probation: said.probation,
        stated: said.number(),
        known: known.len(),
        named: named.len(),
        children: told,
        home: people.home_of_adult(adult),
        standing: Standing::of(standing),
        entered: stays.iter().filter(entered).map(Standing::of).collect(),
    };
    Some((family, children))
}

fn word(sex: Sex) -> &'static str {
    match sex {
        Sex::Female => MOTHER,
        Sex::Male | Sex::Unknown => "father",
    }
}

/// Days served by the reference date in the stay of that day; days of the year in prison.
fn time_band(frame: Frame, stays: &[Stay], window: Window) -> &'static str {
    let days = match frame {
        Frame::Stock => {
            let current = stays.iter().find(|s| s.period.contains(window.reference));
            current.map_or(0, |s| window.reference - s.period.from)
        }
        Frame::Year => {
            let periods: Vec<Period> = stays.iter().map(|s| s.period).collect();
            days_in(&periods, window.year)
        }
    };
    match days {
        ..14 => "under 14 days",
        14..90 => "14 to 89 days",
        90..365 => "90 to 364 days",
        _ => "365 days and more",
    }
}
