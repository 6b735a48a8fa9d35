//! The probation extract of one adult.

use super::calendar::{Day, REFERENCE, YEAR_START, british, iso};
use super::desk::Desk;
use super::ids::Known;
use super::noise;
use super::people::{Adult, Family};
use super::write_custody::numbers;

/// Writes everything the probation system holds about the adult at a position.
pub(super) fn write(desk: &mut Desk, family: &Family, position: usize) {
    let Some(who) = desk.known(family, position) else {
        return;
    };
    let Some(adult) = family.adults.get(position).filter(|a| a.probation) else {
        return;
    };
    let id = desk.ids.probation(who, 0).to_string();
    write_row(desk, adult, who, (&id, 0));
    if desk.dice.chance(**desk.p.probation.soft_deleted) {
        // A row that was deleted, under numbers of its own; the live one stands beside it.
        let deleted = desk.ids.probation(who, 1).to_string();
        write_row(desk, adult, who, (&deleted, 1));
    }
    let person = desk.person(family, adult.slot);
    desk.tell("probation", &id, &person, "adult");
    write_aliases(desk, adult, &id);
    write_addresses(desk, adult, &id);
    write_circumstances(desk, family, position, &id);
    write_disposals(desk, adult, who, &id);
}

fn write_row(desk: &mut Desk, adult: &Adult, who: Known, (id, deleted): (&str, u64)) {
    let surname = desk.surname_of(adult);
    let parts = [
        adult.forename.as_str(),
        adult.middle.as_str(),
        surname.as_str(),
    ];
    let name = noise::name(&mut desk.dice, desk.p, desk.names, parts);
    let found = numbers(desk, who, adult);
    let (dice, p) = (&mut desk.dice, desk.p);
    let birth = noise::birth_text(dice, p, adult.birth, adult.foreign);
    let knows = !adult.stays.is_empty() && dice.chance(**p.probation.noms_known);
    let noms = if knows {
        desk.ids.noms(who, 0)
    } else {
        String::new()
    };
    let preferred = desk
        .names
        .short(&adult.forename)
        .filter(|_| dice.chance(0.1));
    let ethnicity = if dice.chance(**p.disagreement.ethnicity_missing) {
        "NS"
    } else {
        adult.group.codes().justice
    };
    let gender = noise::code(dice, p, adult.sex.letter());
    desk.probation.push([
        id.to_owned(),
        desk.ids.crn(who, deleted),
        found.pnc.unwrap_or_default(),
        noms,
        name.forename,
        name.middle,
        String::new(),
        name.surname,
        preferred.unwrap_or("").to_owned(),
        birth.to_owned(),
        gender.to_owned(),
        ethnicity.to_owned(),
        deleted.to_string(),
    ]);
}

fn write_aliases(desk: &mut Desk, adult: &Adult, id: &str) {
    let n = desk.dice.weighted(desk.p.identifiers.aliases.as_slice()) / 2;
    for _ in 0..n {
        let surname = match &adult.other_surname {
            Some(other) => other.clone(),
            None => desk.names.surname(&mut desk.dice, adult.culture),
        };
        let birth = noise::birth(&mut desk.dice, desk.p, adult.birth, adult.foreign);
        desk.pages
            .aliases
            .row(&[id, &adult.forename, &surname, british(birth)]);
    }
}

fn write_addresses(desk: &mut Desk, adult: &Adult, id: &str) {
    let none = desk.dice.chance(0.4 * **desk.p.prison.no_fixed_address);
    for n in 0..=desk.dice.below(2) {
        let main = n == 0;
        let postcode = match (main, none) {
            (true, true) if desk.dice.chance(**desk.p.quirks.dummy_postcode) => {
                desk.dice.word(&["NF1 1NF", "NF1 1FA"]).to_owned()
            }
            (true, true) => String::new(),
            (true, false) => desk.postcode(adult.home),
            (false, _) => desk.other_postcode(adult.home),
        };
        let start = YEAR_START - desk.dice.between(30, 1_200);
        desk.pages.probation_addresses.row(&[
            id,
            &postcode,
            if main { "Main" } else { "Previous" },
            desk.dice
                .word(&["Rental accommodation", "Friends/Family", "Owner", "Other"]),
            british(start),
            if main { "" } else { british(start + 25) },
        ]);
    }
}

fn write_circumstances(desk: &mut Desk, family: &Family, position: usize, id: &str) {
    let Some(adult) = family.adults.get(position) else {
        return;
    };
    let parent = family
        .children
        .iter()
        .any(|c| c.parents().any(|a| a == position) && c.until() > YEAR_START);
    let (dice, p) = (&mut desk.dice, desk.p);
    let start = YEAR_START - dice.between(-200, 900);
    let flagged = if parent {
        dice.chance(p.recording.probation_flag[usize::from(!adult.open)])
    } else {
        dice.chance(**p.recording.false_yes)
    };
    if flagged {
        let (kind, sub) = match dice.below(3) {
            0 => ("Dependents", "Has dependent children"),
            1 => ("Dependents", "Child aged under 18"),
            _ => ("Parental responsibility", "Has parental responsibility"),
        };
        let deleted = dice.chance(**p.probation.soft_deleted);
        desk.pages.circumstances.row(&[
            id,
            kind,
            sub,
            british(start),
            "",
            dice.word(&["Y", "N"]),
            if deleted { "1" } else { "0" },
        ]);
    }
    if dice.chance(0.4) {
        let (kind, sub) = match dice.below(3) {
            0 => ("Employment", "Unemployed"),
            1 => ("Accommodation", "Settled accommodation"),
            // A flag that has ended no longer counts.
            _ => ("Dependents", "Has dependent children"),
        };
        let end = british(start + 200);
        desk.pages
            .circumstances
            .row(&[id, kind, sub, british(start), end, "N", "0"]);
    }
    if dice.chance(**p.probation.assessment) {
        let day = YEAR_START - dice.between(-300, 700);
        let says = if parent {
            dice.chance(0.55)
        } else {
            dice.chance(**p.recording.false_yes)
        };
        let answer = if says {
            "Yes"
        } else {
            dice.word(&["No", "No", "No", ""])
        };
        let problem = if says {
            dice.word(&["0", "1", "2"])
        } else {
            ""
        };
        desk.pages
            .assessments
            .row(&[id, british(day), answer, problem]);
    }
}

fn write_disposals(desk: &mut Desk, adult: &Adult, who: Known, id: &str) {
    let mut rows: Vec<(Day, &str, Option<Day>)> = Vec::new();
    if adult.stays.is_empty() {
        let start = REFERENCE - desk.dice.between(10, 600);
        let kind = desk
            .dice
            .word(&["Community Order", "Suspended Sentence Order"]);
        rows.push((start, kind, None));
    }
    for stay in adult.stays.iter().filter(|s| s.band < 7).rev().take(6) {
        // The sentence was passed at about the admission; supervision ends after release.
        let end = stay.to.map(|to| to + desk.dice.between(90, 700));
        rows.push((stay.from, "Adult Custody", end.filter(|e| *e <= REFERENCE)));
    }
    for (k, (start, kind, end)) in (0_u64..).zip(rows) {
        let event = desk.ids.event(who, k).to_string();
        let text = noise::date_text(&mut desk.dice, desk.p, start);
        let start = if text == iso(start) {
            british(start).to_owned()
        } else {
            noise::british_text(text)
        };
        desk.pages
            .disposals
            .row(&[&event, id, &start, kind, end.map_or("", british)]);
    }
}
