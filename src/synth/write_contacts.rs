//! What the prison system knows of a prisoner's family: contacts and visits.

use super::calendar::{REFERENCE, YEAR_START, iso};
use super::desk::Desk;
use super::ids::Known;
use super::names::Sex;
use super::noise;
use super::people::{Adult, Child, Family, Tie};
use super::write_custody::child_word;
use super::write_stays::Booking;

/// Contacts of other kinds have these numbers among the 32 of a prisoner.
const PARTNER: u64 = 28;
const MOTHER: u64 = 29;
const OFFICIAL: u64 = 30;
/// A child entered a second time has its slot's number less 4, and this.
const SECOND: u64 = 14;

/// Writes what is known of the family of the adult at a position.
pub(super) fn write(desk: &mut Desk, family: &mut Family, position: usize, bookings: &[Booking]) {
    let Some(who) = desk.known(family, position) else {
        return;
    };
    let Some(adult) = family.adults.get(position).cloned() else {
        return;
    };
    let kind = usize::from(!adult.open);
    let listed = desk.dice.chance(desk.p.recording.contacts[kind]);
    let mut visitors = write_adults(desk, family, &adult, who, bookings);
    if listed {
        for i in 0..family.children.len() {
            let tie = family.children.get(i).and_then(|c| tie_to(c, position));
            let Some(tie) = tie else { continue };
            if let Some(id) = write_child(desk, family, i, tie, (position, who), bookings)
                && desk
                    .dice
                    .chance(**desk.p.recording.child_visits / **desk.p.recording.visited)
            {
                visitors.push(id);
            }
        }
    }
    write_visits(desk, who, bookings, &visitors);
    super::write_declarations::write(desk, family, position, &adult, bookings);
}

/// What a child is to the adult at a position, if anything.
fn tie_to(child: &Child, position: usize) -> Option<Tie> {
    if child.parents().any(|parent| parent == position) {
        Some(Tie::Own)
    } else if position == 0 && child.tie != Tie::Own {
        Some(child.tie)
    } else {
        None
    }
}

/// Writes one child among the contacts of all bookings from some booking on. Gives its
/// `PERSON_ID` as the latest booking has it.
fn write_child(
    desk: &mut Desk,
    family: &mut Family,
    i: usize,
    tie: Tie,
    (position, who): (usize, Known),
    bookings: &[Booking],
) -> Option<u64> {
    if !desk.dice.chance(**desk.p.recording.contact_child) {
        return None;
    }
    let child = family.children.get(i)?.clone();
    let number = child.slot.saturating_sub(4);
    let mut id = desk.ids.contact(who, number);
    let has_birth = desk.dice.chance(**desk.p.recording.contact_birth_date);
    let mut named = write_person(desk, family, &child, id, has_birth);
    // Entered at some booking, carried over to the later ones.
    let from = desk.dice.below(bookings.len());
    let again = (desk.dice.chance(**desk.p.recording.contact_second_person)
        && from + 1 < bookings.len())
    .then(|| from + 1 + desk.dice.below(bookings.len() - from - 1));
    for (n, booking) in bookings.iter().enumerate().skip(from) {
        if again == Some(n) {
            id = desk.ids.contact(who, SECOND + number);
            named |= write_person(desk, family, &child, id, has_birth);
        }
        let active = desk.dice.chance(0.93);
        let visitor = desk.dice.word(&["Y", "Y", "N"]);
        desk.pages.contacts.row(&[
            &booking.id.to_string(),
            &id.to_string(),
            "S",
            child_word(tie, child.sex),
            visitor,
            "N",
            if active { "Y" } else { "N" },
            if active { "" } else { iso(booking.begin + 40) },
            "",
        ]);
    }
    if tie == Tie::Own
        && named
        && let Some(flag) = family
            .children
            .get_mut(i)
            .and_then(|c| c.named.get_mut(position))
    {
        *flag = true;
    }
    Some(id)
}

/// Writes the person row of a child; true if it carries a readable date of birth.
fn write_person(desk: &mut Desk, family: &Family, child: &Child, id: u64, has_birth: bool) -> bool {
    let written = child_name(desk, family, child);
    let day = noise::near_birth(&mut desk.dice, desk.p, child.birth);
    let birth = if has_birth {
        noise::date_text(&mut desk.dice, desk.p, day)
    } else {
        ""
    };
    let sex = match desk.dice.unit() {
        u if u < 0.02 => "",
        u if u < 0.022 => child.sex.other().letter(),
        _ => child.sex.letter(),
    };
    let record = id.to_string();
    desk.pages.persons.row(&[
        &record,
        &written.surname.to_uppercase(),
        &written.forename.to_uppercase(),
        &written.middle.to_uppercase(),
        birth,
        sex,
        child.died.map_or("", iso),
    ]);
    let person = desk.person(family, child.slot);
    desk.tell("custody", &format!("person:{record}"), &person, "child");
    if desk.dice.chance(**desk.p.recording.contact_address) {
        let postcode = desk.postcode(child.home);
        // Addresses of contacts have ten digits, those of prisoners nine.
        let address = 1_000_000_000 + id;
        desk.pages.addresses.row(&[
            &address.to_string(),
            "PER",
            &record,
            "HOME",
            &postcode,
            "N",
            "Y",
            iso(YEAR_START - 300),
            "",
        ]);
    }
    birth == iso(day)
}

/// A child's name as a parent gave it: now and then another surname or forename.
pub(super) fn child_name(desk: &mut Desk, family: &Family, child: &Child) -> noise::Written {
    let q = &desk.p.disagreement;
    let mut surname = child.surname.clone();
    if desk.dice.chance(**q.child_surname) {
        let parent = child
            .parents()
            .nth(desk.dice.below(2))
            .and_then(|a| family.adults.get(a));
        match (desk.dice.below(5), parent) {
            (0, _) if surname.contains('-') => {
                surname = surname.split('-').next().unwrap_or("").to_owned();
            }
            (0..=3, Some(parent)) if parent.surname != surname => {
                surname.clone_from(&parent.surname)
            }
            (_, Some(parent)) => surname = desk.names.surname(&mut desk.dice, parent.culture),
            _ => surname = noise::typo(&mut desk.dice, &surname),
        }
    }
    let mut forename = child.forename.clone();
    if desk.dice.chance(**q.child_forename) {
        match (desk.names.short(&forename), desk.dice.below(3)) {
            (Some(short), 0 | 1) => forename = short.to_owned(),
            (_, 2) => forename.clone_from(&child.middle),
            _ => forename = noise::typo(&mut desk.dice, &forename),
        }
    }
    let parts = [forename.as_str(), child.middle.as_str(), surname.as_str()];
    noise::name(&mut desk.dice, desk.p, desk.names, parts)
}

/// Partner, mother and social worker. Gives the `PERSON_ID`s of those who may visit.
fn write_adults(
    desk: &mut Desk,
    family: &Family,
    adult: &Adult,
    who: Known,
    bookings: &[Booking],
) -> Vec<u64> {
    let mut visitors = Vec::new();
    let other = family.adults.get(if who.who == 0 { 1 } else { 0 }).cloned();
    if let Some(partner) = other.filter(|_| desk.dice.chance(0.5)) {
        let id = desk.ids.contact(who, PARTNER);
        let known = Known {
            family: who.family,
            who: 1 - who.who,
        };
        let root = if !partner.stays.is_empty() && desk.dice.chance(0.5) {
            desk.ids.offender(known, 0).to_string()
        } else {
            String::new()
        };
        let word = match partner.sex {
            Sex::Female => desk.dice.word(&["PART", "WIFE", "GIF", "CLW"]),
            Sex::Male => desk.dice.word(&["PART", "HUS", "BOF", "CLH"]),
        };
        let surname = desk.surname_of(&partner);
        let name = [
            &partner.forename,
            &surname,
            iso(partner.birth),
            partner.sex.letter(),
        ];
        write_adult(desk, (id, "S", word, &root), name, bookings);
        visitors.push(id);
    }
    if desk.dice.chance(0.6) {
        let id = desk.ids.contact(who, MOTHER);
        let forename = desk
            .names
            .forename(&mut desk.dice, adult.culture, Sex::Female)
            .to_owned();
        let birth = iso(adult.birth - 365 * desk.dice.between(18, 36));
        let name = [forename.as_str(), &adult.surname, birth, "F"];
        write_adult(desk, (id, "S", "MOT", ""), name, bookings);
        visitors.push(id);
    }
    if desk.dice.chance(0.1) {
        let id = desk.ids.contact(who, OFFICIAL);
        let word = desk.dice.word(&["SWO", "LAC", "FLO"]);
        let word = noise::code(&mut desk.dice, desk.p, word);
        let surname = desk
            .names
            .surname(&mut desk.dice, super::names::Culture::British);
        write_adult(desk, (id, "O", word, ""), ["", &surname, "", ""], bookings);
    }
    visitors
}

fn write_adult(
    desk: &mut Desk,
    (id, kind, word, root): (u64, &str, &str, &str),
    [forename, surname, birth, sex]: [&str; 4],
    bookings: &[Booking],
) {
    let id = id.to_string();
    let (upper, fore) = (surname.to_uppercase(), forename.to_uppercase());
    desk.pages
        .persons
        .row(&[&id, &upper, &fore, "", birth, sex, ""]);
    let from = desk.dice.below(bookings.len());
    for booking in bookings.iter().skip(from) {
        let kin = if kind == "S" {
            desk.dice.word(&["Y", "N"])
        } else {
            "N"
        };
        desk.pages.contacts.row(&[
            &booking.id.to_string(),
            &id,
            kind,
            word,
            if kind == "S" { "Y" } else { "N" },
            kin,
            "Y",
            "",
            root,
        ]);
    }
}

fn write_visits(desk: &mut Desk, who: Known, bookings: &[Booking], visitors: &[u64]) {
    if visitors.is_empty() || !desk.dice.chance(**desk.p.recording.visited) {
        return;
    }
    let mut n = 0;
    for booking in bookings {
        let from = booking.begin.max(YEAR_START - 90);
        let to = booking.end.unwrap_or(REFERENCE);
        if to - from < 7 {
            continue;
        }
        let visits = 1 + desk
            .dice
            .below(usize::try_from((to - from) / 30 + 1).unwrap_or(1).min(9));
        for _ in 0..visits {
            if n >= 60 {
                return;
            }
            write_visit(
                desk,
                desk.ids.visit(who, n),
                booking,
                (from + 1, to - 1),
                visitors,
            );
            n += 1;
        }
    }
}

fn write_visit(
    desk: &mut Desk,
    id: u64,
    booking: &Booking,
    (from, to): (i32, i32),
    visitors: &[u64],
) {
    let (dice, p) = (&mut desk.dice, desk.p);
    let id = id.to_string();
    let day = dice.between(from, to);
    let (status, outcome) = match dice.below(10) {
        0 => ("CANC", "CANC"),
        1 => ("NORM", "ABS"),
        _ => (dice.word(&["NORM", "COMP"]), "ATT"),
    };
    let date = noise::date_text(dice, p, day);
    let book = booking.id.to_string();
    desk.pages
        .visits
        .row(&[&id, &book, date, "SCON", status, outcome, booking.agency]);
    for (k, visitor) in visitors.iter().enumerate() {
        if k == 0 || dice.chance(0.6) {
            let leader = if k == 0 { "Y" } else { "N" };
            desk.pages
                .visitors
                .row(&[&id, &visitor.to_string(), leader, outcome]);
        }
    }
}
