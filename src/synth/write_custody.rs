//! The custody extract of one prisoner: names, identifiers, addresses. Stays and contacts have
//! files of their own.

use super::calendar::{Day, REFERENCE, iso, year};
use super::desk::Desk;
use super::ids::Known;
use super::names::Sex;
use super::noise;
use super::numbers::{cro, pnc};
use super::people::{Adult, Family};
use super::write_stays::Booking;

/// Writes everything the prison system holds about the adult at a position.
pub(super) fn write(desk: &mut Desk, family: &mut Family, position: usize) {
    let Some(who) = desk.known(family, position) else {
        return;
    };
    let Some(adult) = family.adults.get(position).cloned() else {
        return;
    };
    if adult.stays.is_empty() {
        return;
    }
    let numbers = 1 + desk
        .dice
        .weighted(desk.p.identifiers.noms_numbers.as_slice());
    let roots: Vec<u64> = (0..3_u64)
        .take(numbers)
        .map(|k| desk.ids.offender(who, k))
        .collect();
    let bookings = super::write_stays::write(desk, who, &adult, &roots);
    write_names(desk, who, &adult, &roots, &bookings);
    let merged = write_identifiers(desk, who, &adult, &roots);
    write_truth(desk, family, &adult, &roots, merged);
    write_addresses(desk, who, &adult, &roots, &bookings);
    super::write_contacts::write(desk, family, position, &bookings);
}

/// What all records of the adult may carry: the name without this record's errors.
fn name_of(desk: &mut Desk, adult: &Adult) -> noise::Written {
    let surname = desk.surname_of(adult);
    let parts = [
        adult.forename.as_str(),
        adult.middle.as_str(),
        surname.as_str(),
    ];
    noise::name(&mut desk.dice, desk.p, desk.names, parts)
}

fn write_names(desk: &mut Desk, who: Known, adult: &Adult, roots: &[u64], bookings: &[Booking]) {
    let first = bookings.first().map_or(REFERENCE - 400, |b| b.begin);
    for (k, root) in (0_u64..).zip(roots) {
        let name = name_of(desk, adult);
        write_row(desk, who, adult, (*root, *root, k), &name, "CN", first);
    }
    let Some(&root) = roots.first() else { return };
    let aliases = desk.dice.weighted(desk.p.identifiers.aliases.as_slice());
    for k in (3_u64..8).take(aliases) {
        let mut name = name_of(desk, adult);
        match desk.dice.below(4) {
            0 => name.surname = desk.names.surname(&mut desk.dice, adult.culture),
            1 => std::mem::swap(&mut name.forename, &mut name.middle),
            2 => {
                let (culture, sex) = (adult.culture, adult.sex);
                desk.names
                    .forename(&mut desk.dice, culture, sex)
                    .clone_into(&mut name.forename);
            }
            _ => name.surname = noise::typo(&mut desk.dice, &name.surname),
        }
        if name.forename.is_empty() {
            name.forename.clone_from(&adult.forename);
        }
        let kind = desk.dice.word(&["A", "NICK", "MAIDEN", "A"]);
        write_row(
            desk,
            who,
            adult,
            (desk.ids.offender(who, k), root, 0),
            &name,
            kind,
            first + 3,
        );
    }
}

fn write_row(
    desk: &mut Desk,
    who: Known,
    adult: &Adult,
    (offender, root, k): (u64, u64, u64),
    name: &noise::Written,
    kind: &str,
    created: Day,
) {
    let (dice, p) = (&mut desk.dice, desk.p);
    let birth = noise::birth_text(dice, p, adult.birth, adult.foreign);
    let sex = if dice.chance(**p.disagreement.sex_wrong) {
        adult.sex.other()
    } else {
        adult.sex
    };
    let sex = if dice.chance(**p.disagreement.sex_missing) {
        "NS"
    } else {
        sex.letter()
    };
    let sex = noise::code(dice, p, sex);
    let race = if dice.chance(**p.disagreement.ethnicity_missing) {
        "NS"
    } else {
        adult.group.codes().justice
    };
    let display = desk.ids.noms(who, k);
    // The prison system holds names in capitals.
    desk.pages.offenders.row(&[
        &offender.to_string(),
        &root.to_string(),
        &display,
        &name.surname.to_uppercase(),
        &name.forename.to_uppercase(),
        &name.middle.to_uppercase(),
        kind,
        birth,
        sex,
        race,
        iso(created),
    ]);
}

/// The numbers of a person; they are the same wherever a system writes them.
pub(super) struct Numbers {
    pub pnc: Option<String>,
    pub cro: Option<String>,
}

/// The PNC and CRO numbers of somebody, as one system writes them down.
pub(super) fn numbers(desk: &mut Desk, who: Known, adult: &Adult) -> Numbers {
    let q = &desk.p.identifiers;
    let serial = desk.ids.serial(who);
    // The number bears the year of the first arrest, which we set between 16 and 24.
    let age = 16 + i32::try_from(serial % 9).unwrap_or(0);
    let first = (adult.birth + 365 * age).min(REFERENCE - 30);
    let arrest = u64::try_from(year(first)).unwrap_or(2_000);
    let dice = &mut desk.dice;
    let short = dice.chance(**q.pnc_short);
    let wrong = dice.chance(**q.pnc_wrong_letter);
    let number = 10 + (serial * 7) % 9_000_000;
    let pnc = (!dice.chance(**q.pnc_missing)).then(|| pnc(arrest, number, short, wrong));
    let cro = if dice.chance(**q.cro_missing) {
        None
    } else if dice.chance(**q.cro_dummy) {
        Some("000000/00Z".to_owned())
    } else {
        // Which form it has is a matter of the person, not of the record.
        let held = (serial % 1_000) >= super::dice::count(**q.cro_file_not_held * 1_000.0);
        Some(cro(arrest, serial.max(1), held))
    };
    Numbers { pnc, cro }
}

/// Writes the identifiers; says whether further roots carry a MERGED one.
fn write_identifiers(desk: &mut Desk, who: Known, adult: &Adult, roots: &[u64]) -> bool {
    let merged = roots.len() > 1 && desk.dice.chance(**desk.p.identifiers.merge_recorded);
    let displays: Vec<String> = (0_u64..)
        .take(roots.len())
        .map(|k| desk.ids.noms(who, k))
        .collect();
    for (k, root) in roots.iter().enumerate() {
        let root = root.to_string();
        let found = numbers(desk, who, adult);
        let verified = desk.dice.word(&["Y", "Y", "Y", "N"]);
        let sheet = &mut desk.pages.identifiers;
        if let Some(pnc) = found.pnc {
            sheet.row(&[&root, "PNC", &pnc, verified]);
        }
        if let Some(cro) = found.cro {
            sheet.row(&[&root, "CRO", &cro, verified]);
        }
        if k == 0 && desk.dice.chance(**desk.p.identifiers.nino_known) {
            // QQ is never given as the first two letters, so the number is nobody's.
            let nino = format!(
                "QQ{:06}{}",
                desk.ids.serial(who),
                desk.dice.word(&["A", "B", "C"])
            );
            desk.pages.identifiers.row(&[&root, "NINO", &nino, "N"]);
        }
        if merged && k > 0 {
            if let (Some(main), Some(other)) = (roots.first(), displays.get(k)) {
                desk.pages
                    .identifiers
                    .row(&[&main.to_string(), "MERGED", other, "Y"]);
            }
        }
    }
    merged
}

fn write_truth(desk: &mut Desk, family: &Family, adult: &Adult, roots: &[u64], merged: bool) {
    let person = desk.person(family, adult.slot);
    let mut records: Vec<u64> = roots.to_vec();
    if merged {
        // After the merge the smallest root stands for all.
        records.sort_unstable();
        records.truncate(1);
    }
    for root in records {
        desk.tell("custody", &format!("offender:{root}"), &person, "adult");
    }
}

fn write_addresses(
    desk: &mut Desk,
    who: Known,
    adult: &Adult,
    roots: &[u64],
    bookings: &[Booking],
) {
    let count = 1 + desk.dice.below(2);
    let none = desk.dice.chance(**desk.p.prison.no_fixed_address);
    for (k, root) in (0_u64..).zip(roots) {
        for n in 0..count {
            let last = n == 0;
            let home = if last {
                desk.postcode(adult.home)
            } else {
                desk.other_postcode(adult.home)
            };
            let start =
                bookings.last().map_or(REFERENCE, |b| b.begin) - desk.dice.between(30, 1_500);
            let end = if last { None } else { Some(start + 20) };
            let (postcode, fixed) = match (
                none && last,
                desk.dice.chance(**desk.p.quirks.dummy_postcode),
            ) {
                (true, true) => (desk.dice.word(&["NF1 1NF", "NF1 1FA"]).to_owned(), "Y"),
                (true, false) => (String::new(), "Y"),
                // Some are typed without the space or in small letters.
                _ if desk.dice.chance(0.05) => (home.replace(' ', "").to_lowercase(), "N"),
                _ => (home, "N"),
            };
            let n = u64::try_from(n).unwrap_or(0);
            let id = desk.ids.address(who, k * 4 + n);
            let kind = desk.dice.word(&["HOME", "HOME", "RECEP", "DISCHARGE"]);
            desk.pages.addresses.row(&[
                &id.to_string(),
                "OFF",
                &root.to_string(),
                kind,
                &postcode,
                fixed,
                if last { "Y" } else { "N" },
                iso(start),
                end.map_or("", iso),
            ]);
        }
    }
}

/// The word for a relationship to a child of that sex.
pub(super) fn child_word(tie: super::people::Tie, sex: Sex) -> &'static str {
    use super::people::Tie::{Grand, Own, Step};
    match (tie, sex) {
        (Own, Sex::Male) => "SON",
        (Own, Sex::Female) => "DAU",
        (Step, Sex::Male) => "SSON",
        (Step, Sex::Female) => "SDAU",
        (Grand, Sex::Male) => "GSON",
        (Grand, Sex::Female) => "GDAU",
    }
}
