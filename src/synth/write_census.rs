//! The school census row of one child.

use super::calendar::{Day, age_on};
use super::desk::Desk;
use super::noise;
use super::numbers::{Upn, upn};
use super::people::{Child, Family};
use super::write_services::{Outcome, true_upn};
use crate::schema::canonical::kind;

/// Census day, 16 January 2025.
const CENSUS_DAY: Day = 20_104;

/// Writes the row, if the child goes to a state school. Gives the true person where the row has
/// no usable UPN: its record is then named by the number of the row, which only the file knows.
pub(super) fn write(
    desk: &mut Desk,
    family: &Family,
    child: &Child,
    outcome: Outcome,
) -> Option<String> {
    let age = age_on(child.birth, CENSUS_DAY);
    let q = &desk.p.school;
    let share = match age {
        2 => q.in_census[0],
        3 => q.in_census[1],
        4..=15 => q.in_census[2],
        16..=18 => q.in_census[3],
        _ => 0.0,
    };
    if !desk.dice.chance(share) || child.died.is_some_and(|d| d <= CENSUS_DAY) {
        return None;
    }
    let (number, usable) = pupil_number(desk, child, outcome);
    let former = desk.dice.chance(**q.former_surname);
    let culture = family
        .adults
        .first()
        .map_or(super::names::Culture::British, |a| a.culture);
    let adopted = outcome.adopted;
    let mut surname = child.surname.clone();
    let mut forename = child.forename.clone();
    let other = (former || adopted).then(|| desk.names.surname(&mut desk.dice, culture));
    let mut former_surname = String::new();
    match other {
        // Adoption closes the old record: nothing of the former name is left.
        Some(new) if adopted => surname = new,
        Some(old) => former_surname = old,
        None => {}
    }
    // Schools copy names from papers: fewer errors than a prison reception.
    if desk.dice.chance(0.3 * **desk.p.disagreement.typo) {
        surname = noise::typo(&mut desk.dice, &surname);
    }
    if desk.dice.chance(0.3 * **desk.p.disagreement.typo) {
        forename = noise::typo(&mut desk.dice, &forename);
    }
    let middle = if desk.dice.chance(**q.middle_name) {
        child.middle.as_str()
    } else {
        ""
    };
    let postcode = postcode(desk, child, outcome);
    let away = desk.areas[0].has_neighbour && desk.dice.chance(**q.other_authority);
    let area = if away {
        desk.areas[1]
    } else {
        desk.area(child.home)
    };
    let school = (2_000 + desk.dice.between(0, 5_999)).to_string();
    let ethnic = if desk.dice.chance(**desk.p.disagreement.ethnicity_missing) {
        desk.dice.word(&["REFU", "NOBT"])
    } else {
        child.group.codes().school
    };
    let birth = noise::date_text(&mut desk.dice, desk.p, child.birth);
    let sex = noise::code(&mut desk.dice, desk.p, child.sex.letter());
    desk.pages.census.row(&[
        &number,
        &surname,
        &forename,
        middle,
        &former_surname,
        birth,
        sex,
        ethnic,
        &postcode,
        &area.la.old_code,
        &school,
    ]);
    let person = desk.person(family, child.slot);
    if !number.is_empty() {
        desk.tell("census", &number, &person, kind::CHILD);
    }
    (!usable).then_some(person)
}

/// The UPN as the school holds it, and whether it passes the check of a permanent one.
fn pupil_number(desk: &mut Desk, child: &Child, outcome: Outcome) -> (String, bool) {
    let q = &desk.p.school;
    let dice = &mut desk.dice;
    let special = if dice.chance(**q.upn_missing) {
        return (String::new(), false);
    } else if dice.chance(**q.upn_temporary) {
        Upn::Temporary
    } else if dice.chance(**q.upn_wrong_letter) {
        Upn::WrongLetter
    } else {
        return (true_upn(desk, child, outcome.adopted), true);
    };
    let serial = desk.area_ids[0].upn(desk.in_area, child.slot, false);
    (upn(&desk.areas[0].la.old_code, serial, special), false)
}

fn postcode(desk: &mut Desk, child: &Child, outcome: Outcome) -> String {
    if desk.dice.chance(**desk.p.school.postcode_missing) {
        return String::new();
    }
    let elsewhere = outcome.in_care && desk.dice.chance(0.7);
    if elsewhere || outcome.adopted || desk.dice.chance(**desk.p.population.moved) {
        desk.other_postcode(child.home)
    } else {
        desk.postcode(child.home)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn census_day_is_in_january() {
        assert_eq!(super::super::calendar::iso(CENSUS_DAY), "2025-01-16");
    }
}
