//! The invented people: adults, children, and the families they form.

use super::calendar::{Day, REFERENCE, YEAR_START, years_after};
use super::dice::Dice;
use super::ethnicity::Group;
use super::names::{Culture, Names, Sex};
use super::parameters::Parameters;
use super::places::Area;
use super::stays::{Class, Stay, of_history, of_year};

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
const FIRST_CHILD: u64 = 4;

impl Making<'_> {
    fn home(&mut self, next_area: bool) -> Home {
        let units = usize::try_from(self.area.units).unwrap_or(1);
        Home {
            next_area: next_area && self.area.has_neighbour,
            unit: u64::try_from(self.dice.below(units)).unwrap_or(0),
        }
    }

    fn adult(&mut self, slot: u64, sex: Sex, group: Group, birth: Day, home: Home) -> Adult {
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

    fn child(
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
    fn child_surname(&mut self, mother: Option<&Adult>, father: Option<&Adult>) -> String {
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

    fn other_group(&mut self, group: Group, weights: &super::parameters::ByCode) -> Group {
        if self.dice.chance(**self.p.parents.co_parent_same_ethnicity) {
            group
        } else {
            Group::draw(&mut self.dice, weights)
        }
    }

    /// Sorts births from the youngest to the eldest, nine months or more apart but for twins.
    fn spaced(&mut self, mut births: Vec<Day>) -> Vec<Day> {
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

    /// A family of somebody who was in prison in the year (`prison`) or is on probation only.
    pub(super) fn justice(&mut self, number: u64, sex: Sex, prison: bool) -> Family {
        let p = self.p;
        let group = Group::draw(&mut self.dice, &p.prison.ethnicity);
        let woman = sex == Sex::Female;
        let parent = self.dice.chance(if woman {
            **p.parents.women
        } else {
            **p.parents.men
        });
        let births = if parent { self.births() } else { Vec::new() };
        let (youngest, eldest) = (births.first().copied(), births.last().copied());
        let mut age = self.age();
        if let (Some(y), Some(e)) = (youngest, eldest) {
            // Fathers and mothers were between 16 and 50 when their children were born.
            age = age
                .min((REFERENCE - y) / 365 + 48)
                .max((REFERENCE - e) / 365 + 17);
        }
        let birth = REFERENCE - age * 365 - self.dice.between(0, 364);
        let home = self.home(false);
        let mut index = self.adult(0, sex, group, birth, home);
        index.open = self.dice.chance(**p.recording.open);
        self.into_custody(&mut index, prison);
        let mut family = Family {
            number,
            justice: Some(number),
            adults: vec![index],
            children: Vec::new(),
        };
        if !births.is_empty() {
            self.add_children(&mut family, births, prison);
        }
        family
    }

    fn into_custody(&mut self, adult: &mut Adult, prison: bool) {
        let p = self.p;
        let grown = years_after(adult.birth, 18);
        let woman = adult.sex == Sex::Female;
        let mut year = Vec::new();
        if prison {
            let class = Class::draw(&mut self.dice, &p.prison, woman);
            year = of_year(&mut self.dice, p, class, grown);
        }
        let first = year.first().map_or(YEAR_START, |s| s.from);
        if prison || self.dice.chance(**p.probation.custody_before) {
            adult.stays = of_history(&mut self.dice, p, first, grown);
        }
        adult.stays.extend(year);
        adult.probation = !prison || self.dice.chance(**p.probation.of_prisoners);
    }

    fn age(&mut self) -> i32 {
        let (low, high) = match self.dice.weighted(self.p.prison.age.as_slice()) {
            0 => (18, 20),
            1 => (21, 24),
            2 => (25, 29),
            3 => (30, 39),
            4 => (40, 49),
            5 => (50, 59),
            _ => (60, 82),
        };
        self.dice.between(low, high)
    }

    fn births(&mut self) -> Vec<Day> {
        let q = &self.p.parents;
        let n = 1 + self.dice.weighted(q.children.as_slice());
        let older = usize::from(self.dice.chance(**q.older_child));
        let mut births = Vec::with_capacity(n + older);
        for _ in 0..n {
            let (low, high) = match self.dice.weighted(q.child_age.as_slice()) {
                0 => (0, 0),
                1 => (1, 4),
                2 => (5, 9),
                _ => (10, 17),
            };
            let years = self.dice.between(low, high);
            births.push(years_after(REFERENCE, -years) - self.dice.between(0, 364));
        }
        if older == 1 {
            births.push(years_after(REFERENCE, -18) - self.dice.between(0, 364));
        }
        self.spaced(births)
    }

    fn add_children(&mut self, family: &mut Family, births: Vec<Day>, prison: bool) {
        let p = self.p;
        let Some(index) = family.adults.first().cloned() else {
            return;
        };
        let woman = index.sex == Sex::Female;
        let several = !woman && births.len() > 1 && self.dice.chance(**p.parents.several_mothers);
        let partners = if several { 2 } else { 1 };
        let lived = self.dice.chance(if woman {
            **p.parents.lived_with_mother
        } else {
            **p.parents.lived_with_father
        });
        for slot in 1..=partners {
            let together = lived && slot == 1;
            let far = self.dice.chance(**p.parents.other_area);
            let home = if together { index.home } else { self.home(far) };
            let birth = index.birth + self.dice.between(-1_500, 1_500);
            let group = self.other_group(index.group, &p.prison.ethnicity);
            let mut other = self.adult(slot, index.sex.other(), group, birth, home);
            if woman && prison && self.dice.chance(**p.parents.co_parent_of_mother) {
                other.open = self.dice.chance(**p.recording.open);
                self.into_custody(&mut other, true);
            }
            family.adults.push(other);
        }
        let split = if several {
            1 + self.dice.below(births.len() - 1)
        } else {
            0
        };
        let mut surnames: [Option<String>; 3] = [const { None }; 3];
        for (i, birth) in births.into_iter().enumerate() {
            // The younger children are those of the present partner.
            let partner = if i < split || !several { 1 } else { 2 };
            let child = self.own_child(family, i, birth, partner, &mut surnames);
            family.children.push(child);
        }
        self.add_others(family);
    }

    fn own_child(
        &mut self,
        family: &Family,
        i: usize,
        birth: Day,
        partner: usize,
        surnames: &mut [Option<String>; 3],
    ) -> Child {
        let (first, other) = (&family.adults[0], &family.adults[partner]);
        let (mother, father) = if first.sex == Sex::Female {
            (0, partner)
        } else {
            (partner, 0)
        };
        let group = first.group.of_child(other.group);
        // Children live with the parent who is not the index person, or with both, or (an
        // imprisoned mother's) at her address, or elsewhere with relatives.
        let home = if self.dice.chance(0.85) {
            other.home
        } else {
            first.home
        };
        let slot = FIRST_CHILD + u64::try_from(i).unwrap_or(0);
        let mut child = self.child(slot, birth, group, home, other.culture);
        child.mother = Some(mother);
        child.father = Some(father);
        // Full siblings mostly share a surname.
        let shared = surnames[partner].clone().filter(|_| self.dice.chance(0.92));
        child.surname = shared.unwrap_or_else(|| {
            self.child_surname(Some(&family.adults[mother]), Some(&family.adults[father]))
        });
        surnames[partner].get_or_insert_with(|| child.surname.clone());
        child
    }

    /// A step-child or a grandchild, who may stand among the contacts.
    fn add_others(&mut self, family: &mut Family) {
        let q = &self.p.recording;
        for (share, tie) in [(**q.step_child, Tie::Step), (**q.grandchild, Tie::Grand)] {
            if !self.dice.chance(share) || family.children.len() > 9 {
                continue;
            }
            let Some(partner) = family.adults.get(1).cloned() else {
                return;
            };
            let slot = FIRST_CHILD + u64::try_from(family.children.len()).unwrap_or(0);
            let birth = REFERENCE - self.dice.between(400, 6_000);
            let mut child = self.child(slot, birth, partner.group, partner.home, partner.culture);
            child.surname = self.names.surname(&mut self.dice, partner.culture);
            child.tie = tie;
            if tie == Tie::Step && partner.sex == Sex::Female {
                child.mother = Some(1);
            }
            family.children.push(child);
        }
    }
}
