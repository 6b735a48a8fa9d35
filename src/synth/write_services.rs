//! What children's services hold: children in need, looked-after children, and their carers.

use super::calendar::{Day, REFERENCE, age_on, british};
use super::desk::Desk;
use super::noise;
use super::people::{Child, Family};
use super::write_care::{write_care, write_need};
use crate::schema::canonical::kind;

/// The first day of the collection year 2023/24, of 2024/25, and the day after it.
pub(super) const COLLECTION: [Day; 3] = [19_448, 19_814, 20_179];

/// A period known to children's services; `to` is the day after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    pub from: Day,
    pub to: Option<Day>,
}

impl Period {
    /// Does it fall into the collection year?
    pub(super) fn in_collection(&self, year: usize) -> bool {
        let (start, end) = (COLLECTION[year], COLLECTION[year + 1]);
        self.from < end && self.to.is_none_or(|to| to > start)
    }
}

/// A child as one authority knows it.
pub(super) struct Client<'a> {
    pub child: &'a Child,
    /// `CHILD` and `LAchildID`.
    pub id: String,
    /// The UPN the authority holds: a UPN, `UN1` to `UN7`, or empty.
    pub upn: String,
    /// The UPN from before an adoption.
    pub former_upn: String,
    /// 0 for the family's area, 1 for the next.
    pub side: usize,
    pub home: String,
    pub placement: String,
}

/// What became of a child with children's services, for the school census.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Outcome {
    /// Adopted: new name, new UPN.
    pub adopted: bool,
    /// Looked after now.
    pub in_care: bool,
}

/// Writes one child of a family; changes `named` where carers name it.
pub(super) fn write(desk: &mut Desk, family: &mut Family, i: usize) -> Outcome {
    let Some(child) = family.children.get(i).cloned() else {
        return Outcome::default();
    };
    let Some((need, care)) = periods(desk, family, &child) else {
        return Outcome::default();
    };
    let closed = care.is_some_and(|c| c.to.is_some());
    let outcome = Outcome {
        adopted: closed && desk.dice.chance(5.0 * **desk.p.services.adopted),
        in_care: care.is_some_and(|c| c.to.is_none()),
    };
    let side = Desk::side(child.home);
    let mut sides = vec![side];
    if side == 0
        && desk.areas[0].has_neighbour
        && desk.dice.chance(**desk.p.services.two_authorities)
    {
        sides.push(1);
    }
    let person = desk.person(family, child.slot);
    for side in sides {
        let client = client(desk, &child, side, outcome);
        let area = desk.areas[side];
        let number = area.la.old_code.as_str();
        let record = format!("{number}/{}", client.id);
        if !area.welsh() {
            if write_need(desk, &client, need) {
                desk.tell("cin", &record, &person, kind::CHILD);
            }
            if care.is_some_and(|care| write_care(desk, &client, care, outcome)) {
                desk.tell("ssda903", &record, &person, kind::CHILD);
            }
        }
        if area.holds_carers {
            write_carers(desk, family, i, &client, need);
        }
    }
    outcome
}

/// Draws whether and when the child was in need and looked after.
fn periods(desk: &mut Desk, family: &Family, child: &Child) -> Option<(Period, Option<Period>)> {
    let q = &desk.p.services;
    let inside = |p: Option<usize>| {
        p.and_then(|a| family.adults.get(a))
            .filter(|a| a.in_prison())
    };
    let (mother, father) = (inside(child.mother), inside(child.father));
    let share = |background: f64, m: f64, f: f64| {
        let m = if mother.is_some() { m } else { background };
        let f = if father.is_some() { f } else { 0.0 };
        1.0 - (1.0 - m) * (1.0 - f)
    };
    if !desk
        .dice
        .chance(share(**q.need_background, **q.need_mother, **q.need_father))
    {
        return None;
    }
    let need = share(**q.need_background, **q.need_mother, **q.need_father);
    let care = share(**q.care_background, **q.care_mother, **q.care_father) / need;
    let earliest = child.birth.max(COLLECTION[0] - 200);
    let latest = (child.until() - 20).min(COLLECTION[2] - 10);
    if earliest >= latest {
        return None;
    }
    // With a parent in prison, services come in within about three months of it.
    let admission = mother
        .or(father)
        .and_then(|a| a.stays.last())
        .map(|s| s.from);
    let from = match admission.filter(|_| desk.dice.chance(0.5)) {
        Some(day) => (day + desk.dice.wait(60.0)).clamp(earliest, latest),
        None => desk.dice.between(earliest, latest),
    };
    let to = (from + 15 + desk.dice.wait(330.0)).min(child.until());
    let need = Period {
        from,
        to: (to < COLLECTION[2]).then_some(to),
    };
    let care = desk.dice.chance(care).then(|| Period {
        from: from + desk.dice.between(0, 10),
        to: need.to,
    });
    (need.in_collection(0) || need.in_collection(1)).then_some((need, care))
}

/// The UPN of a child, permanent or the second one.
pub(super) fn true_upn(desk: &Desk, child: &Child, second: bool) -> String {
    let number = desk.area_ids[0].upn(desk.in_area, child.slot, second);
    super::numbers::upn(
        &desk.areas[0].la.old_code,
        number,
        super::numbers::Upn::Permanent,
    )
}

fn client<'a>(desk: &mut Desk, child: &'a Child, side: usize, outcome: Outcome) -> Client<'a> {
    let id = desk.area_ids[side]
        .child(desk.in_area, child.slot, side == 1)
        .to_string();
    let of_age = age_on(child.birth, REFERENCE) >= 5;
    let upn = if !of_age {
        "UN1".to_owned()
    } else if desk.dice.chance(**desk.p.services.upn_missing) {
        desk.dice
            .word(&["UN2", "UN3", "UN4", "UN5", "UN7", ""])
            .to_owned()
    } else {
        true_upn(desk, child, false)
    };
    let former_upn = if outcome.adopted && of_age {
        true_upn(desk, child, false)
    } else {
        String::new()
    };
    let missing = desk.dice.chance(**desk.p.services.home_postcode_missing);
    let home = if missing {
        String::new()
    } else {
        desk.postcode(child.home)
    };
    let placement = desk.other_postcode(child.home);
    Client {
        child,
        id,
        upn,
        former_upn,
        side,
        home,
        placement,
    }
}

fn write_carers(desk: &mut Desk, family: &mut Family, i: usize, client: &Client, need: Period) {
    let q = &desk.p.services;
    let (mother, father, other) = (**q.carer_mother, **q.carer_father, **q.carer_other);
    let child = client.child;
    let mut written = false;
    for (position, share, word) in [
        (child.mother, mother, "mother"),
        (child.father, father, "father"),
    ] {
        let Some(position) = position.filter(|_| desk.dice.chance(share)) else {
            continue;
        };
        let Some(adult) = family.adults.get(position).cloned() else {
            continue;
        };
        let surname = desk.surname_of(&adult);
        let parts = [adult.forename.as_str(), "", surname.as_str()];
        let name = noise::name(&mut desk.dice, desk.p, desk.names, parts);
        let birth = noise::near_birth(&mut desk.dice, desk.p, adult.birth);
        let postcode = desk.postcode(adult.home);
        let person = desk.person(family, adult.slot);
        let row = [
            word,
            &name.forename,
            &name.surname,
            adult.sex.letter(),
            &postcode,
        ];
        write_carer(desk, client, (adult.slot, birth, need), row, Some(&person));
        written = true;
        // The authority's returns hold the child's date of birth; in Wales there are none here.
        if !desk.areas[client.side].welsh() {
            let flag = family
                .children
                .get_mut(i)
                .and_then(|c| c.named.get_mut(position));
            if let Some(flag) = flag {
                *flag = true;
            }
        }
    }
    if desk.dice.chance(other) {
        let word = desk
            .dice
            .word(&["step_father", "grandparent", "guardian", "step_mother"]);
        let sex = match word {
            "step_father" => super::names::Sex::Male,
            _ => super::names::Sex::Female,
        };
        let culture = super::names::Culture::British;
        let forename = desk.names.forename(&mut desk.dice, culture, sex).to_owned();
        let surname = desk.names.surname(&mut desk.dice, culture);
        let postcode = desk.postcode(child.home);
        let birth = child.birth - 365 * desk.dice.between(20, 60);
        let row = [word, &forename, &surname, sex.letter(), &postcode];
        // Carers who are nobody's parent here have a slot of their own, next to the child's.
        write_carer(desk, client, (15 - child.slot % 12, birth, need), row, None);
        written = true;
    }
    if written {
        let number = &desk.areas[client.side].la.old_code;
        let record = format!("child:{number}/{}", client.id);
        let person = desk.person(family, child.slot);
        desk.tell("carers", &record, &person, kind::CHILD);
    }
}

fn write_carer(
    desk: &mut Desk,
    client: &Client,
    (slot, birth, need): (u64, Day, Period),
    [word, forename, surname, sex, postcode]: [&str; 5],
    person: Option<&str>,
) {
    let side = client.side;
    let id = desk.area_ids[side].carer(desk.in_area, slot, side == 1);
    let number = desk.areas[side].la.old_code.as_str();
    let missing = desk.dice.chance(**desk.p.services.carer_birth_date_missing);
    let birth = if missing { "" } else { british(birth) };
    desk.pages.carers.row(&[
        number,
        &client.id,
        &id.to_string(),
        word,
        forename,
        surname,
        birth,
        sex,
        postcode,
        british(need.from),
        need.to.map_or("", british),
    ]);
    if let Some(person) = person {
        let record = format!("carer:{number}/{id}");
        desk.tell("carers", &record, person, kind::ADULT);
    }
}
