//! The truth beside the extracts: who is whose child, who was in prison when, and the true
//! figures by cell.
//!
//! Definitions. A child counts on the days on which it is born, alive and under 18. A stay is
//! half-open. `stock`: a parent is in on the reference date. `year_unique`: on any day of the
//! year the child counts and a parent is in. `incidence`: child × admission in the year on a day
//! on which the child counts. `mother`, `father`, `both`: on the date for stock, at any time in
//! the year for the two others.

use std::collections::BTreeMap;

use super::calendar::{REFERENCE, YEAR_END, YEAR_START, age_on, iso};
use super::desk::Desk;
use super::names::Sex;
use super::people::{Adult, Child, Family};

/// What a cell counts: tier, concept, table, category.
type Cell = (&'static str, &'static str, &'static str, String);

/// The tiers, the concepts and the age bands.
const TIERS: [&str; 2] = ["all", "named"];
const CONCEPTS: [&str; 3] = ["stock", "year_unique", "incidence"];
const BANDS: [&str; 6] = ["0", "1-4", "5-9", "10-15", "16-17", "18"];

/// Counts of a part of the country; they add up.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Counts {
    cells: BTreeMap<Cell, u64>,
    /// People in prison on any day of the year.
    pub people: u64,
    /// People in prison on the reference date, and women among them.
    pub stock: [u64; 2],
    /// Admissions in the year, and of women among them.
    pub admissions: [u64; 2],
    /// Parents of a child under 18 among the people.
    pub parents: u64,
    /// Children under 18 and born on the reference date.
    pub children: u64,
    /// Live rows of people on probation.
    pub probation: u64,
}

impl Counts {
    /// Adds the counts of another part.
    pub(super) fn add(&mut self, other: Counts) {
        for (cell, n) in other.cells {
            *self.cells.entry(cell).or_default() += n;
        }
        self.people += other.people;
        for i in 0..2 {
            self.stock[i] += other.stock[i];
            self.admissions[i] += other.admissions[i];
        }
        self.parents += other.parents;
        self.children += other.children;
        self.probation += other.probation;
    }

    /// The total of a tier and a concept.
    pub(super) fn total(&self, tier: &'static str, concept: &'static str) -> u64 {
        self.cells
            .get(&(tier, concept, "total", String::new()))
            .copied()
            .unwrap_or(0)
    }

    /// All cells, zeros included, in a fixed order: `cells.csv` without its header.
    pub(super) fn sheet(&self) -> super::sheets::Sheet {
        let areas = crate::schema::codes::local_authorities();
        let countries = [crate::schema::codes::ENGLAND, crate::schema::codes::WALES];
        let mut categories: Vec<(&'static str, String)> = vec![("total", String::new())];
        categories.extend(countries.map(|c| ("country", c.to_owned())));
        categories.extend(areas.iter().map(|la| ("local_authority", la.code.clone())));
        categories.extend(["mother", "father", "both"].map(|s| ("parent_sex", s.to_owned())));
        categories.extend(BANDS.map(|b| ("age_band", b.to_owned())));
        let mut sheet = super::sheets::Sheet::default();
        for tier in TIERS {
            for concept in CONCEPTS {
                for (table, category) in &categories {
                    let cell = (tier, concept, *table, category.clone());
                    let n = self.cells.get(&cell).copied().unwrap_or(0);
                    sheet.row(&[tier, concept, table, category, "", &n.to_string()]);
                }
            }
        }
        sheet
    }

    fn count(
        &mut self,
        [tier, concept]: [&'static str; 2],
        (sex, band, area): (
            &'static str,
            &'static str,
            &crate::schema::codes::LocalAuthority,
        ),
        n: u64,
    ) {
        let categories = [
            ("total", ""),
            ("country", area.country_code.as_str()),
            ("local_authority", area.code.as_str()),
            ("parent_sex", sex),
            ("age_band", band),
        ];
        for (table, category) in categories {
            let cell = (tier, concept, table, category.to_owned());
            *self.cells.entry(cell).or_default() += n;
        }
    }
}

/// Writes the true children, parents and stays of a family and counts its cells. `told` says
/// whether parents stand in any extract.
pub(super) fn write(desk: &mut Desk, family: &Family, told: bool, counts: &mut Counts) {
    for child in &family.children {
        let area = desk.area(child.home).la;
        let person = desk.person(family, child.slot);
        desk.pages.true_children.row(&[
            &person,
            iso(child.birth),
            child.sex.letter(),
            child.group.codes().major,
            &area.code,
            child.died.map_or("", iso),
        ]);
        let alive = child.birth <= REFERENCE && child.until() > REFERENCE;
        counts.children += u64::from(alive);
        if !told {
            continue;
        }
        for position in child.parents() {
            if let Some(parent) = family.adults.get(position) {
                let parent = desk.person(family, parent.slot);
                desk.pages.true_parents.row(&[&parent, &person]);
            }
        }
        if family.justice.is_some() {
            count_child(family, child, area, counts);
        }
    }
    for (position, adult) in family.adults.iter().enumerate() {
        count_adult(family, position, adult, counts);
        let parent = family
            .children
            .iter()
            .any(|c| c.parents().any(|a| a == position));
        if parent {
            let person = desk.person(family, adult.slot);
            for stay in &adult.stays {
                let to = stay.to.map_or("", iso);
                desk.pages.true_custody.row(&[&person, iso(stay.from), to]);
            }
        }
    }
}

fn count_adult(family: &Family, position: usize, adult: &Adult, counts: &mut Counts) {
    counts.probation += u64::from(adult.probation);
    if !adult.in_prison() {
        return;
    }
    let woman = adult.sex == Sex::Female;
    counts.people += 1;
    let stock = u64::from(adult.stays.iter().any(|s| s.covers(REFERENCE)));
    let entries = adult.stays.iter().filter(|s| s.from >= YEAR_START).count();
    let entries = u64::try_from(entries).unwrap_or(0);
    counts.stock[0] += stock;
    counts.admissions[0] += entries;
    if woman {
        counts.stock[1] += stock;
        counts.admissions[1] += entries;
    }
    let young = |c: &Child| c.parents().any(|a| a == position) && c.until() > YEAR_START;
    counts.parents += u64::from(family.children.iter().any(young));
}

fn band(child: &Child) -> &'static str {
    match age_on(child.birth, REFERENCE) {
        ..1 => "0",
        1..=4 => "1-4",
        5..=9 => "5-9",
        10..=15 => "10-15",
        16..=17 => "16-17",
        _ => "18",
    }
}

/// What a parent's stays mean for a child.
#[derive(Default, Clone, Copy)]
struct Affected {
    stock: bool,
    year: bool,
    entries: u64,
}

fn affected(child: &Child, parent: &Adult) -> Affected {
    let (born, until) = (child.birth, child.until());
    let mut out = Affected::default();
    for stay in &parent.stays {
        let from = stay.from.max(born).max(YEAR_START);
        let to = stay.end().min(until).min(YEAR_END);
        out.year |= from < to;
        out.stock |= stay.covers(REFERENCE) && born <= REFERENCE && REFERENCE < until;
        let entered = (YEAR_START..YEAR_END).contains(&stay.from);
        out.entries += u64::from(entered && born <= stay.from && stay.from < until);
    }
    out
}

fn count_child(
    family: &Family,
    child: &Child,
    area: &crate::schema::codes::LocalAuthority,
    counts: &mut Counts,
) {
    for tier in TIERS {
        let of = |position: Option<usize>| -> Affected {
            let named = |a: usize| child.named.get(a).copied().unwrap_or(false);
            position
                .filter(|a| tier == "all" || named(*a))
                .and_then(|a| family.adults.get(a))
                .map_or_else(Affected::default, |adult| affected(child, adult))
        };
        let (m, f) = (of(child.mother), of(child.father));
        let sex = |m: bool, f: bool| match (m, f) {
            (true, true) => "both",
            (true, false) => "mother",
            _ => "father",
        };
        let band = band(child);
        if m.stock || f.stock {
            counts.count([tier, "stock"], (sex(m.stock, f.stock), band, area), 1);
        }
        if m.year || f.year {
            counts.count([tier, "year_unique"], (sex(m.year, f.year), band, area), 1);
        }
        let entries = m.entries + f.entries;
        if entries > 0 {
            counts.count(
                [tier, "incidence"],
                (sex(m.year, f.year), band, area),
                entries,
            );
        }
    }
}
