//! The desk at which one family is written into the sheets: everything a writer needs.

use super::dice::Dice;
use super::ids::{AreaIds, Ids, Known};
use super::names::Names;
use super::parameters::Parameters;
use super::people::{Adult, Family, Home};
use super::places::Area;
use super::sheets::{BothReturns, Pages, ProbationRow};

/// One family at a time: what is known of its place, and the sheets.
pub(super) struct Desk<'a> {
    pub p: &'a Parameters,
    pub names: &'a Names,
    pub ids: &'a Ids,
    /// The family's area, and the next one of the list.
    pub areas: [&'a Area; 2],
    pub area_ids: [&'a AreaIds; 2],
    /// The family's number within its area.
    pub in_area: u64,
    pub dice: Dice,
    pub pages: &'a mut Pages,
    pub probation: &'a mut Vec<ProbationRow>,
    /// What the family's area returns, and what the next one does.
    pub returns: [&'a mut BothReturns; 2],
}

impl<'a> Desk<'a> {
    /// 0 for a home in the family's area, 1 for one in the next.
    pub(super) fn side(home: Home) -> usize {
        usize::from(home.next_area)
    }

    /// The area of a home.
    pub(super) fn area(&self, home: Home) -> &'a Area {
        if home.next_area {
            self.areas[1]
        } else {
            self.areas[0]
        }
    }

    /// The postcode of a home.
    pub(super) fn postcode(&self, home: Home) -> String {
        let area = self.area(home);
        area.postcode(home.unit % area.units)
    }

    /// Some other postcode of the same area.
    pub(super) fn other_postcode(&mut self, home: Home) -> String {
        let units = usize::try_from(self.area(home).units).unwrap_or(1);
        let unit = u64::try_from(self.dice.below(units)).unwrap_or(0);
        self.area(home).postcode(unit)
    }

    /// The true person of an adult or a child.
    pub(super) fn person(&self, family: &Family, slot: u64) -> String {
        self.ids.person(family.number, slot)
    }

    /// The justice identity of the adult at a position, if the family has one.
    pub(super) fn known(&self, family: &Family, position: usize) -> Option<Known> {
        let who = u64::try_from(position).ok().filter(|w| *w < 2)?;
        family.justice.map(|family| Known { family, who })
    }

    /// Says in the truth that a record is this person.
    pub(super) fn tell(&mut self, system: &str, record: &str, person: &str, kind: &str) {
        self.pages.true_persons.row(&[system, record, person, kind]);
    }

    /// The surname that a system holds: now and then the other one.
    pub(super) fn surname_of(&mut self, adult: &Adult) -> String {
        match &adult.other_surname {
            Some(other) if self.dice.chance(0.5) => other.clone(),
            _ => adult.surname.clone(),
        }
    }
}
