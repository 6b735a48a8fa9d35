//! Counting the children and their parents into the cells of tables.
//!
//! Every child who counts is one or more facts ([`family::facts`]); each fact goes into every table
//! that shows its concept, in the cell that the table's dimensions name. Parents are counted after the
//! children, when it is known how many of theirs count.

use std::collections::BTreeMap;

use serde_json::json;

use super::circumstances::{MainCarers, Services, Visits, family_size};
use super::count::{Cells, Dimensions};
use super::error::EstimateError;
use super::family::{self, Fact, Parent, Sex, Window};
use super::national::evidence::{Evidence, Said};
use super::people::{Country, People, Place};
use super::read::{Adult, Child, Entities, Entity};
use super::spells::Period;
use super::stage::{Inputs, Wanted};
use crate::columnar::ColumnarError;
use crate::schema::codes;
use crate::schema::published::{self, Concept};
use crate::stage::StageReport;

/// What is known around children and parents.
#[derive(Debug, Default)]
pub struct Around {
    services: Services,
    visits: Visits,
    carers: MainCarers,
}

impl Around {
    /// Reads it.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn read(
        inputs: &Inputs,
        (adults, children): (&Entities, &Entities),
        people: &People,
    ) -> Result<Self, ColumnarError> {
        let (prisoners, year) = (&people.stays, inputs.window.year);
        Ok(Around {
            services: Services::read(&inputs.services, children, &people.children)?,
            visits: Visits::read(&inputs.visits, (adults, children), prisoners, year)?,
            carers: MainCarers::read(&inputs.declared, adults, prisoners)?,
        })
    }
}

/// A parent who counts in a concept.
#[derive(Debug, Clone, Copy)]
struct Seen {
    parent: Entity,
    sex: Sex,
    /// Children of this parent who count.
    children: u32,
}

/// The tables while they are counted.
#[derive(Debug)]
pub struct Tables<'a> {
    window: Window,
    /// The days of a series, the reference date first.
    months: &'a [i32],
    people: &'a People,
    around: &'a Around,
    evidence: &'a Evidence,
    wanted: &'a [Wanted],
    cells: Vec<Cells>,
    tally: Tally,
    parents: BTreeMap<(Concept, u64), Seen>,
}

impl<'a> Tables<'a> {
    /// Empty tables.
    pub fn new(
        (window, months): (Window, &'a [i32]),
        people: &'a People,
        (around, evidence): (&'a Around, &'a Evidence),
        wanted: &'a [Wanted],
    ) -> Self {
        let empty =
            |t: &Wanted| Cells::new(&t.dimensions.iter().map(String::as_str).collect::<Vec<_>>());
        Tables {
            window,
            months,
            people,
            around,
            evidence,
            wanted,
            cells: wanted.iter().map(empty).collect(),
            tally: Tally::default(),
            parents: BTreeMap::new(),
        }
    }

    /// Counts a child whom somebody names the child of a prisoner.
    pub fn count(&mut self, entity: &Entity, child: &Child) {
        self.tally.named += 1;
        if child.systems.len() > 1 {
            self.tally.in_other_system += 1;
        }
        let Some(eligible) = self.people.eligible(child) else {
            self.tally.without_date_of_birth += 1;
            return;
        };
        let parents = self.parents_of(entity);
        let facts = family::facts(&parents, eligible, self.window);
        if facts.is_empty() {
            return;
        }
        for (concept, at, sex) in family::parents_who_count(&parents, eligible, self.window) {
            let named = self.people.parents.get(entity).into_iter().flatten();
            let parent = named.copied().find(|p| rank(p) == at).unwrap_or_default();
            let seen = self.parents.entry((concept, at)).or_insert(Seen {
                parent,
                sex,
                children: 0,
            });
            seen.children += 1;
        }
        let place = self.home(entity, child);
        self.series(&parents, eligible, &place);
        for fact in &facts {
            self.add(entity, child, &place, fact);
        }
    }

    fn parents_of(&self, entity: &Entity) -> Vec<Parent> {
        let named = self.people.parents.get(entity).into_iter().flatten();
        let parent = |adult: &Entity| {
            let sex = self
                .people
                .adults
                .get(adult)
                .map_or(Sex::Unknown, Adult::sex);
            Some(Parent {
                rank: rank(adult),
                sex,
                stays: self.people.stays.get(adult)?.clone(),
            })
        };
        named.filter_map(parent).collect()
    }

    /// The child's home; where it is not known, the parent's before custody.
    fn home(&mut self, entity: &Entity, child: &Child) -> Place {
        let (code, of_parent) = self.people.home(entity, child);
        match (&code, of_parent) {
            (Some(_), true) => self.tally.area_of_parent += 1,
            (None, _) => self.tally.area_unknown += 1,
            (Some(_), false) => {}
        }
        Place::of(code.as_deref())
    }

    fn add(&mut self, entity: &Entity, child: &Child, place: &Place, fact: &Fact) {
        for country in [published::TOTAL, place.country.as_str()] {
            let key = (fact.concept.word(), country.to_owned());
            *self.tally.by_country.entry(key).or_insert(0) += fact.number;
        }
        *self
            .tally
            .by_concept
            .entry(fact.concept.word())
            .or_insert(0) += fact.number;
        let days = (self.window.reference, self.window.year);
        let home = Country::of_local_authority(Some(&place.local_authority));
        let named = self.people.parents.get(entity).into_iter().flatten();
        let services = &self.around.services;
        let dimensions = [
            ("country", place.country.as_str()),
            ("region", place.region.as_str()),
            ("local_authority", place.local_authority.as_str()),
            ("age_band", child.age.map_or("0", family::age_band)),
            ("child_sex", child.sex.as_deref().unwrap_or("x")),
            ("ethnicity", child.ethnicity.as_deref().unwrap_or("unknown")),
            ("parent_sex", fact.parent_sex),
            ("days_band", fact.days_band),
            ("spells_band", fact.spells_band),
            ("legal_status", fact.legal_status.as_str()),
            ("sentence_band", fact.sentence_band.as_str()),
            ("offence_group", fact.offence_group.as_str()),
            ("prison", prison(&fact.prison)),
            ("service", services.of(entity, home, fact.concept, days)),
            ("visits", self.around.visits.of(entity, named)),
        ];
        self.each(fact.concept, "children", &dimensions);
    }

    /// Counts the child in the stock of each month's day.
    fn series(&mut self, parents: &[Parent], eligible: Period, place: &Place) {
        let names: Vec<String> = (0..self.months.len()).map(|k| k.to_string()).collect();
        for (day, name) in self.months.iter().zip(&names) {
            let inside = parents.iter().any(|p| p.in_custody(*day));
            if !inside || !eligible.contains(*day) || !self.window.year.contains(*day) {
                continue;
            }
            let dimensions = [
                (published::MONTH, name.as_str()),
                ("country", place.country.as_str()),
                ("region", place.region.as_str()),
            ];
            for (wanted, cells) in self.wanted.iter().zip(&mut self.cells) {
                if wanted.is_series() {
                    cells.add(Concept::Stock.word(), "children", &dimensions, 1);
                }
            }
        }
    }

    fn each(&mut self, concept: Concept, measure: &'static str, dimensions: &Dimensions<'_>) {
        for (wanted, cells) in self.wanted.iter().zip(&mut self.cells) {
            let shown = !wanted.is_series()
                && wanted.concepts.contains(&concept)
                && wanted.measures.iter().any(|m| m == measure);
            if shown {
                cells.add(concept.word(), measure, dimensions, 1);
            }
        }
    }

    /// Counts the parents, and checks that every table of children, and every table of parents, adds
    /// up to the same number for each concept that it shows.
    ///
    /// # Errors
    /// [`EstimateError::Inconsistent`] if one does not, which would be a defect.
    pub fn finish(
        mut self,
        report: &mut StageReport,
    ) -> Result<(Vec<Cells>, Tally), EstimateError> {
        let parents = std::mem::take(&mut self.parents);
        for ((concept, _), seen) in &parents {
            let stays = self.people.stays.get(&seen.parent).into_iter().flatten();
            let mut here = stays.filter(|s| s.period.contains(self.window.reference));
            let said = self.evidence.get(&seen.parent);
            let dimensions = [
                ("prison", prison(here.next().map_or("", |s| &s.prison))),
                (
                    "first_identified",
                    said.map_or("other", Said::first_identified),
                ),
                ("parent_sex", parent_word(seen.sex)),
                ("primary_carer", self.around.carers.of(&seen.parent)),
                ("family_size", family_size(seen.children)),
            ];
            self.each(*concept, "parents", &dimensions);
        }
        self.tally.report(self.people, &parents, report);
        let expected = |concept: Concept, measure: &str| match measure {
            "parents" => parents.keys().filter(|(c, _)| *c == concept).count() as u64,
            _ => self
                .tally
                .by_concept
                .get(concept.word())
                .copied()
                .unwrap_or(0),
        };
        for (wanted, cells) in self.wanted.iter().zip(&self.cells) {
            if wanted.is_series() {
                let on_the_day = cells.sum_of(published::MONTH, published::REFERENCE_MONTH);
                if on_the_day != expected(Concept::Stock, "children") {
                    return Err(EstimateError::Inconsistent {
                        table: wanted.id.clone(),
                    });
                }
                continue;
            }
            let each = wanted.concepts.iter();
            let mut each = each.flat_map(|c| wanted.measures.iter().map(move |m| (*c, m)));
            if each.any(|(c, m)| cells.total(c.word(), m) != expected(c, m)) {
                return Err(EstimateError::Inconsistent {
                    table: wanted.id.clone(),
                });
            }
        }
        Ok((self.cells, self.tally))
    }
}

/// Sums over children, for the report and for the check.
#[derive(Debug, Default)]
pub struct Tally {
    by_concept: BTreeMap<&'static str, u64>,
    by_country: BTreeMap<(&'static str, String), u64>,
    named: u64,
    without_date_of_birth: u64,
    area_of_parent: u64,
    area_unknown: u64,
    in_other_system: u64,
}

impl Tally {
    /// Children counted of a country, or of all.
    pub fn of_country(&self, concept: Concept, country: &str) -> Option<u64> {
        let key = (concept.word(), country.to_owned());
        self.by_country.get(&key).copied()
    }

    /// The children named, step by step to those who count.
    pub fn losses(&self) -> Vec<(&'static str, u64)> {
        let of = |concept: Concept| self.by_concept.get(concept.word()).copied().unwrap_or(0);
        vec![
            (
                "Children whom somebody names the child of a prisoner of the year",
                self.named,
            ),
            (
                "of these, with a date of birth",
                self.named - self.without_date_of_birth,
            ),
            (
                "of these, known to another system too",
                self.in_other_system,
            ),
            (
                "Children found with a parent in prison in the year",
                of(Concept::YearUnique),
            ),
            (
                "Children found with a parent in prison on the reference date",
                of(Concept::Stock),
            ),
        ]
    }

    fn report(
        &self,
        families: &People,
        parents: &BTreeMap<(Concept, u64), Seen>,
        report: &mut StageReport,
    ) {
        for (concept, n) in &self.by_concept {
            report
                .figures
                .insert(format!("children_{concept}"), json!(n));
        }
        for concept in [Concept::Stock, Concept::YearUnique] {
            let n = parents.keys().filter(|(c, _)| *c == concept).count();
            report
                .figures
                .insert(format!("parents_{}", concept.word()), json!(n));
        }
        for (name, value) in [
            ("children_named", json!(self.named)),
            (
                "children_without_date_of_birth",
                json!(self.without_date_of_birth),
            ),
            ("children_area_of_parent", json!(self.area_of_parent)),
            ("children_area_unknown", json!(self.area_unknown)),
            (
                "children_known_to_another_system",
                json!(self.in_other_system),
            ),
            ("families", json!(families.parents.len())),
        ] {
            report.figures.insert(name.to_owned(), value);
        }
    }
}

fn rank(entity: &Entity) -> u64 {
    entity
        .iter()
        .take(8)
        .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

/// A prison of the list, or not available.
fn prison(id: &str) -> &str {
    match codes::prison(id) {
        Some(_) => id,
        None => published::NOT_AVAILABLE,
    }
}

fn parent_word(sex: Sex) -> &'static str {
    match sex {
        Sex::Female => "mother",
        Sex::Male => "father",
        Sex::Unknown => "unknown",
    }
}
