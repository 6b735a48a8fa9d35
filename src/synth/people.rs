//! The invented people: adults, children, and the families they form.

use super::calendar::{Day, REFERENCE, YEAR_START, years_after};
use super::dice::Dice;
use super::ethnicity::Group;
use super::names::{Culture, Names, Sex};
use super::parameters::Parameters;
use super::places::Area;
use super::stays::Stay;

/// Where somebody lives: in the family's area, or in the next one of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Home {
    /// In the next area?
    pub next_area: bool,
    /// The unit postcode.
    pub unit: u64,
}

/// An adult.
#[derive(Debug, Clone)]
pub(super) struct Adult {
    pub slot: u64,
    pub sex: Sex,
    pub forename: String,
    pub middle: String,
    pub surname: String,
    /// A second surname that other systems may hold (marriage, divorce).
    pub other_surname: Option<String>,
    pub birth: Day,
    pub group: Group,
    pub culture: Culture,
    pub foreign: bool,
    pub home: Home,
    /// All stays in prison, in order; empty for those who never were.
    pub stays: Vec<Stay>,
    /// Known to probation?
    pub probation: bool,
    /// Open about the family?
    pub open: bool,
}

impl Adult {
    /// In prison on any day of the year?
    pub(super) fn in_prison(&self) -> bool {
        self.stays.iter().any(|s| s.end() > YEAR_START)
    }
}

/// What a child is to the first adult of the family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tie {
    Own,
    Step,
    Grand,
}

/// A child, or a young adult who was one until lately.
#[derive(Debug, Clone)]
pub(super) struct Child {
    pub slot: u64,
    pub sex: Sex,
    pub forename: String,
    pub middle: String,
    pub surname: String,
    pub birth: Day,
    pub died: Option<Day>,
    pub group: Group,
    pub home: Home,
    /// Positions among the family's adults.
    pub mother: Option<usize>,
    pub father: Option<usize>,
    pub tie: Tie,
    /// For each of the first two adults: is the child named with a date of birth in a contact or
    /// carers row of theirs? Filled in by the writers.
    pub named: [bool; 2],
}

impl Child {
    /// The positions of its parents.
    pub(super) fn parents(&self) -> impl Iterator<Item = usize> {
        [self.mother, self.father].into_iter().flatten()
    }

    /// The day on which it stops to count: the eighteenth birthday or the day of death.
    pub(super) fn until(&self) -> Day {
        let eighteen = years_after(self.birth, 18);
        self.died.map_or(eighteen, |d| d.min(eighteen))
    }
}

/// A family: adults and children of one to three households.
pub(super) struct Family {
    /// Its number among all families of the country.
    pub number: u64,
    /// Its number among the families known to prison or probation.
    pub justice: Option<u64>,
    pub adults: Vec<Adult>,
    pub children: Vec<Child>,
}

/// What is needed to invent somebody.
pub(super) struct Making<'a> {
    pub p: &'a Parameters,
    pub names: &'a Names,
    pub area: &'a Area,
    pub dice: Dice,
}

/// The child slots of a family begin here; adults have those before.
pub(super) const FIRST_CHILD: u64 = 4;

impl Making<'_> {
    pub(super) fn home(&mut self, next_area: bool) -> Home {
        let units = usize::try_from(self.area.units).unwrap_or(1);
        Home {
            next_area: next_area && self.area.has_neighbour,
            unit: u64::try_from(self.dice.below(units)).unwrap_or(0),
        }
    }

    pub(super) fn adult(
        &mut self,
        slot: u64,
        sex: Sex,
        group: Group,
        birth: Day,
        home: Home,
    ) -> Adult {
        let culture = group.culture(&mut self.dice, self.area.welsh());
        let forename = self.names.forename(&mut self.dice, culture, sex).to_owned();
        let middle = self.names.forename(&mut self.dice, culture, sex).to_owned();
        let surname = self.names.surname(&mut self.dice, culture);
        let changes = sex == Sex::Female
            && self
                .dice
                .chance(2.0 * **self.p.disagreement.adult_surname_change);
        let other_surname = changes.then(|| self.names.surname(&mut self.dice, culture));
        let foreign = group.codes().school != "WBRI"
            && self.dice.chance(3.0 * **self.p.prison.foreign_national);
        Adult {
            slot,
            sex,
            forename,
            middle,
            surname,
            other_surname,
            birth,
            group,
            culture,
            foreign,
            home,
            stays: Vec::new(),
            probation: false,
            open: false,
        }
    }

    pub(super) fn child(
        &mut self,
        slot: u64,
        birth: Day,
        group: Group,
        home: Home,
        culture: Culture,
    ) -> Child {
        let sex = if self.dice.chance(0.512) {
            Sex::Male
        } else {
            Sex::Female
        };
        let lived = REFERENCE - birth;
        let died = (lived > 1 && self.dice.chance(**self.p.population.deaths))
            .then(|| birth + self.dice.between(1, lived));
        Child {
            slot,
            sex,
            forename: self.names.forename(&mut self.dice, culture, sex).to_owned(),
            middle: self.names.forename(&mut self.dice, culture, sex).to_owned(),
            surname: String::new(),
            birth,
            died,
            group,
            home,
            mother: None,
            father: None,
            tie: Tie::Own,
            named: [false; 2],
        }
    }

    /// The surname of a child of these two.
    pub(super) fn child_surname(
        &mut self,
        mother: Option<&Adult>,
        father: Option<&Adult>,
    ) -> String {
        let q = &self.p.parents;
        let (Some(m), Some(f)) = (mother, father) else {
            return mother
                .or(father)
                .map_or_else(String::new, |a| a.surname.clone());
        };
        if self.dice.chance(**q.double_barrelled) && !m.surname.contains('-') {
            return format!("{}-{}", m.surname, f.surname.replace('-', " "));
        }
        if self.dice.chance(**q.surname_of_neither) {
            return self.names.surname(&mut self.dice, f.culture);
        }
        if self.dice.chance(**q.surname_of_father) {
            f.surname.clone()
        } else {
            m.surname.clone()
        }
    }

    /// A family with nobody in the prison or probation system.
    pub(super) fn background(&mut self, number: u64) -> Family {
        let p = self.p;
        let group = Group::draw(&mut self.dice, &p.population.ethnicity);
        let father_group = self.other_group(group, &p.population.ethnicity);
        let n = 1 + self
            .dice
            .weighted(p.population.children_per_family.as_slice());
        let births = (0..n)
            .map(|_| years_after(REFERENCE, -self.dice.between(0, 18)) - self.dice.between(0, 364))
            .collect();
        let births = self.spaced(births);
        let eldest = births.last().copied().unwrap_or(REFERENCE);
        let home = self.home(false);
        let mother_birth = eldest - 365 * self.dice.between(19, 38);
        let father_birth = mother_birth - self.dice.between(-1_000, 2_000);
        let mother = self.adult(0, Sex::Female, group, mother_birth, home);
        let father = self.adult(1, Sex::Male, father_group, father_birth, home);
        let sole = self.dice.chance(0.05);
        let mut children = Vec::with_capacity(births.len());
        let surname = self.child_surname(Some(&mother), (!sole).then_some(&father));
        for (birth, slot) in births.into_iter().zip(FIRST_CHILD..) {
            let of = group.of_child(father_group);
            let mut child = self.child(slot, birth, of, home, mother.culture);
            child.surname.clone_from(&surname);
            child.mother = Some(0);
            child.father = (!sole).then_some(1);
            children.push(child);
        }
        Family {
            number,
            justice: None,
            adults: vec![mother, father],
            children,
        }
    }

    pub(super) fn other_group(
        &mut self,
        group: Group,
        weights: &super::parameters::ByCode,
    ) -> Group {
        if self.dice.chance(**self.p.parents.co_parent_same_ethnicity) {
            group
        } else {
            Group::draw(&mut self.dice, weights)
        }
    }

    /// Sorts births from the youngest to the eldest, nine months or more apart but for twins.
    pub(super) fn spaced(&mut self, mut births: Vec<Day>) -> Vec<Day> {
        births.sort_unstable_by(|a, b| b.cmp(a));
        let mut last: Option<Day> = None;
        for birth in &mut births {
            *birth = (*birth).min(REFERENCE);
            if let Some(younger) = last {
                if self.dice.chance(**self.p.population.twins) {
                    *birth = younger;
                } else if younger - *birth < 280 {
                    *birth = younger - self.dice.between(290, 600);
                }
            }
            last = Some(*birth);
        }
        births
    }
}
