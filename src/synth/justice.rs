//! Families of people in prison or on probation: stays, partners, and children of one or two of
//! them.

use super::calendar::{Day, REFERENCE, YEAR_START, years_after};
use super::ethnicity::Group;
use super::names::Sex;
use super::people::{Adult, Child, FIRST_CHILD, Family, Making, Tie};
use super::stays::{Class, of_history, of_year};

impl Making<'_> {
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
        self.give_stays(&mut index, prison);
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

    fn give_stays(&mut self, adult: &mut Adult, prison: bool) {
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
                self.give_stays(&mut other, true);
            }
            family.adults.push(other);
        }
        let split = if several {
            1 + self.dice.below(births.len() - 1)
        } else {
            0
        };
        for (i, birth) in births.into_iter().enumerate() {
            // The younger children are those of the present partner.
            let partner = if i < split || !several { 1 } else { 2 };
            if let Some(child) = self.own_child(family, i, birth, partner) {
                family.children.push(child);
            }
        }
        self.add_others(family);
    }

    fn own_child(
        &mut self,
        family: &Family,
        i: usize,
        birth: Day,
        partner: usize,
    ) -> Option<Child> {
        let (first, other) = (family.adults.first()?, family.adults.get(partner)?);
        let woman = first.sex == Sex::Female;
        let (mother, father) = if woman { (0, partner) } else { (partner, 0) };
        let group = first.group.of_child(other.group);
        // Children live with the parent who is not the index person, or with both, or (an
        // imprisoned mother's) at her address, or elsewhere with relatives.
        let with_other = self.dice.chance(0.85);
        let home = if with_other { other.home } else { first.home };
        let slot = FIRST_CHILD + u64::try_from(i).unwrap_or(0);
        let mut child = self.child(slot, birth, group, home, other.culture);
        child.mother = Some(mother);
        child.father = Some(father);
        // Full siblings mostly share a surname.
        let same = self.dice.chance(0.92);
        let sibling = family
            .children
            .iter()
            .find(|c| c.mother == child.mother && c.father == child.father);
        child.surname = match sibling.filter(|_| same) {
            Some(sibling) => sibling.surname.clone(),
            None if woman => self.child_surname(Some(first), Some(other)),
            None => self.child_surname(Some(other), Some(first)),
        };
        Some(child)
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
