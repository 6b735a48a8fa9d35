//! A part of the country: some thousand families of one area, each invented and written down.
//!
//! A part is a function of the seed and its place in the country, so parts can be made in any
//! order and by any number of threads.

use super::desk::Desk;
use super::dice::Dice;
use super::ids::{AreaIds, Ids};
use super::names::{Names, Sex};
use super::numbers::Permutation;
use super::parameters::Parameters;
use super::people::{Family, Making};
use super::places::Area;
use super::sheets::{BothReturns, Pages, ProbationRow};
use super::truth::Counts;
use super::write_services::Outcome;

/// Families in a part.
pub(super) const FAMILIES_OF_PART: u64 = 8_192;

/// What all parts share.
pub(super) struct Country<'a> {
    pub p: &'a Parameters,
    pub key: [u8; 32],
    pub names: Names,
    pub ids: Ids,
    pub areas: Vec<Area>,
    pub area_ids: Vec<AreaIds>,
    /// Families known to prison or probation; the numbers of the others begin here.
    pub justice_families: u64,
}

/// The families from `first` on of the area at a position.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub area: usize,
    pub first: u64,
}

/// What a part adds to the files.
#[derive(Default)]
pub(super) struct Written {
    pub pages: Pages,
    pub probation: Vec<ProbationRow>,
    /// Returns of the part's area, and of the next one.
    pub returns: [BothReturns; 2],
    /// Census rows without a usable UPN: the row within this part, and the true person.
    pub unnumbered: Vec<(u64, String)>,
    pub counts: Counts,
}

/// All parts of a country, area by area.
pub(super) fn parts(country: &Country) -> Vec<Part> {
    let mut out = Vec::new();
    for (area, one) in country.areas.iter().enumerate() {
        let mut first = 0;
        while first == 0 || first < one.families() {
            out.push(Part { area, first });
            first += FAMILIES_OF_PART;
        }
    }
    out
}

/// Makes one part.
pub(super) fn write(country: &Country, part: Part) -> Written {
    let mut out = Written::default();
    let Some(area) = country.areas.get(part.area) else {
        return out;
    };
    let families = area.families();
    // Families of all kinds are mixed, so that the place of a row tells nothing.
    let code = u64::try_from(part.area).unwrap_or(0);
    let order = Permutation::new(&country.key, 500_000 + code, families.max(2));
    for place in part.first..families.min(part.first + FAMILIES_OF_PART) {
        let in_area = if families < 2 { place } else { order.of(place) };
        write_family(country, part.area, area, in_area, &mut out);
    }
    out
}

fn write_family(country: &Country, at: usize, area: &Area, in_area: u64, out: &mut Written) {
    let next = if area.has_neighbour { at + 1 } else { at };
    let (Some(next_area), Some(ids), Some(next_ids)) = (
        country.areas.get(next),
        country.area_ids.get(at),
        country.area_ids.get(next),
    ) else {
        return;
    };
    let (number, justice) = numbered(country, area, in_area);
    let mut making = Making {
        p: country.p,
        names: &country.names,
        area,
        dice: Dice::new(&country.key, number),
    };
    let mut family = if justice {
        let (sex, prison) = kind(&mut making.dice, area, in_area);
        making.justice(number, sex, prison)
    } else {
        making.background(number)
    };
    let [own, neighbour] = &mut out.returns;
    let mut desk = Desk {
        p: country.p,
        names: &country.names,
        ids: &country.ids,
        areas: [area, next_area],
        area_ids: [ids, next_ids],
        in_area,
        dice: making.dice,
        pages: &mut out.pages,
        probation: &mut out.probation,
        returns: [own, neighbour],
    };
    write_extracts(&mut desk, &mut family, &mut out.unnumbered, &mut out.counts);
}

/// The family's number in the country, and whether prison or probation know it.
fn numbered(country: &Country, area: &Area, in_area: u64) -> (u64, bool) {
    if in_area < area.justice() {
        (area.first_justice + in_area, true)
    } else {
        let rest = in_area - area.justice();
        (
            country.justice_families + area.first_background + rest,
            false,
        )
    }
}

/// The sex of the first adult, and whether he or she was in prison in the year.
fn kind(dice: &mut Dice, area: &Area, in_area: u64) -> (Sex, bool) {
    if in_area < area.prison_men {
        (Sex::Male, true)
    } else if in_area < area.prison_men + area.prison_women {
        (Sex::Female, true)
    } else {
        // Women are about a seventh of the people on probation.
        (
            if dice.chance(0.14) {
                Sex::Female
            } else {
                Sex::Male
            },
            false,
        )
    }
}

fn write_extracts(
    desk: &mut Desk,
    family: &mut Family,
    unnumbered: &mut Vec<(u64, String)>,
    counts: &mut Counts,
) {
    for position in 0..family.adults.len().min(2) {
        super::write_custody::write(desk, family, position);
        super::write_probation::write(desk, family, position);
    }
    let mut told = family.justice.is_some();
    for i in 0..family.children.len() {
        let carers = desk.pages.carers.rows;
        let outcome: Outcome = super::write_services::write(desk, family, i);
        told |= desk.pages.carers.rows > carers;
        let Some(child) = family.children.get(i).cloned() else {
            continue;
        };
        if let Some(person) = super::write_census::write(desk, family, &child, outcome) {
            unnumbered.push((desk.pages.census.rows, person));
        }
    }
    super::truth::write(desk, family, told, counts);
}
