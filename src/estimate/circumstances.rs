//! What else is known of the children who count and of their parents: children's services, visits,
//! and who says that they were the children's main carer.
//!
//! Where no source speaks of a thing, the answer is `x`, not available, and never "none".

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::Array;

use super::people::Country;
use super::read::{Entities, Entity, Files, id};
use super::spells::Period;
use crate::columnar::{self, ColumnarError, TableReader, text_at};
use crate::schema::canonical::RECORD;
use crate::schema::published::{Concept, NOT_AVAILABLE};

/// Services in the order of their weight: where a child has several, the first counts. The word of
/// the canonical model, and that of the tables.
const SERVICES: [(&str, &str); 4] = [
    ("CLA", "looked_after"),
    ("CPP", "protection_plan"),
    ("CIN", "in_need"),
    ("CRCS", "care_and_support"),
];

/// The days that an answer is about.
fn days_of(concept: Concept, reference: i32, year: Period) -> Period {
    match concept {
        Concept::Stock => Period::new(reference, reference + 1),
        Concept::YearUnique | Concept::Incidence => year,
    }
}

/// Spells of children with children's services.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Services {
    /// The service's place in [`SERVICES`], with its days.
    spells: BTreeMap<Entity, Vec<(usize, Period)>>,
    /// Countries whose services are among the sources.
    covered: BTreeSet<Country>,
}

impl Services {
    /// Reads the spells of the children in `wanted`.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn read<V>(
        files: &Files,
        children: &Entities,
        wanted: &BTreeMap<Entity, V>,
    ) -> Result<Self, ColumnarError> {
        let mut out = Services::default();
        for file in files {
            let path = &file.path;
            let columns = [RECORD, "service", "start", "end", "local_authority"];
            for batch in TableReader::open(path, Some(&columns))? {
                let batch = batch?;
                let records = columnar::bytes(&batch, RECORD, path)?;
                let words = columnar::text(&batch, "service", path)?;
                let starts = columnar::date(&batch, "start", path)?;
                let ends = columnar::date(&batch, "end", path)?;
                let areas = columnar::text(&batch, "local_authority", path)?;
                for row in 0..batch.num_rows() {
                    let area = Country::of_local_authority(text_at(areas, row));
                    if area != Country::NotKnown {
                        out.covered.insert(area);
                    }
                    let child = children.of(id(records, row));
                    let place = SERVICES.iter().position(|(w, _)| *w == words.value(row));
                    let (Some(place), true) = (place, wanted.contains_key(&child)) else {
                        continue;
                    };
                    let from = columnar::date_at(starts, row).unwrap_or(i32::MIN / 2);
                    let to = columnar::date_at(ends, row).unwrap_or(i32::MAX / 2);
                    let spells = out.spells.entry(child).or_default();
                    spells.push((place, Period::new(from, to)));
                }
            }
        }
        Ok(out)
    }

    /// The service that a child has on the days of a concept: a word of the dimension `service`.
    pub fn of(
        &self,
        child: &Entity,
        home: Country,
        concept: Concept,
        (reference, year): (i32, Period),
    ) -> &'static str {
        let days = days_of(concept, reference, year);
        let spells = self.spells.get(child).map_or(&[][..], Vec::as_slice);
        let during = spells
            .iter()
            .filter(|(_, period)| !period.intersect(days).is_empty());
        if let Some((_, word)) = during
            .map(|(at, _)| *at)
            .min()
            .and_then(|at| SERVICES.get(at))
        {
            return word;
        }
        if spells.iter().any(|(_, period)| period.from < days.from) {
            return "earlier";
        }
        match self.covered.contains(&home) {
            true => "none",
            false => NOT_AVAILABLE,
        }
    }
}

/// Visits that took place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visits {
    /// A prisoner and who visited; a visitor who is a child stands as the entity of the child.
    seen: BTreeMap<Entity, BTreeSet<Entity>>,
    /// A source says who visits.
    known: bool,
}

impl Visits {
    /// Reads the visits of the year to the prisoners in `wanted`.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn read<V>(
        files: &Files,
        (adults, children): (&Entities, &Entities),
        wanted: &BTreeMap<Entity, V>,
        year: Period,
    ) -> Result<Self, ColumnarError> {
        let mut out = Visits {
            known: !files.is_empty(),
            ..Visits::default()
        };
        for file in files {
            let path = &file.path;
            for batch in TableReader::open(path, Some(&[RECORD, "visitor", "date", "outcome"]))? {
                let batch = batch?;
                let records = columnar::bytes(&batch, RECORD, path)?;
                let visitors = columnar::bytes(&batch, "visitor", path)?;
                let days = columnar::date(&batch, "date", path)?;
                let outcomes = columnar::text(&batch, "outcome", path)?;
                for row in 0..batch.num_rows() {
                    let prisoner = adults.of(id(records, row));
                    let day = columnar::date_at(days, row);
                    let took_place = text_at(outcomes, row).is_none_or(|o| o == "attended");
                    let counts = took_place && day.is_some_and(|d| year.contains(d));
                    if counts && wanted.contains_key(&prisoner) {
                        // Who is no child is an entity that no child has.
                        let visitor = children.of(id(visitors, row));
                        out.seen.entry(prisoner).or_default().insert(visitor);
                    }
                }
            }
        }
        Ok(out)
    }

    /// Who visited the parents of a child in the year: a word of the dimension `visits`.
    pub fn of<'a>(
        &self,
        child: &Entity,
        parents: impl Iterator<Item = &'a Entity>,
    ) -> &'static str {
        if !self.known {
            return NOT_AVAILABLE;
        }
        let mut word = "none";
        for visitors in parents.filter_map(|p| self.seen.get(p)) {
            if visitors.contains(child) {
                return "child";
            }
            word = "others";
        }
        word
    }
}

/// Prisoners who said whether they were the main carer of their children.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MainCarers {
    /// What was said last: the day, and the answer.
    said: BTreeMap<Entity, (i32, bool)>,
}

impl MainCarers {
    /// Reads what the prisoners in `wanted` said.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn read<V>(
        files: &Files,
        adults: &Entities,
        wanted: &BTreeMap<Entity, V>,
    ) -> Result<Self, ColumnarError> {
        let mut out = MainCarers::default();
        for file in files {
            let path = &file.path;
            for batch in TableReader::open(path, Some(&[RECORD, "date", "primary_carer"]))? {
                let batch = batch?;
                let records = columnar::bytes(&batch, RECORD, path)?;
                let days = columnar::date(&batch, "date", path)?;
                let answers = columnar::boolean(&batch, "primary_carer", path)?;
                for row in 0..batch.num_rows() {
                    let adult = adults.of(id(records, row));
                    if answers.is_null(row) || !wanted.contains_key(&adult) {
                        continue;
                    }
                    let day = columnar::date_at(days, row).unwrap_or(i32::MIN);
                    let new = (day, answers.value(row));
                    // Of two answers on one day, yes.
                    let said = out.said.entry(adult).or_insert(new);
                    *said = (*said).max(new);
                }
            }
        }
        Ok(out)
    }

    /// A word of the dimension `primary_carer`.
    pub fn of(&self, adult: &Entity) -> &'static str {
        match self.said.get(adult) {
            Some((_, true)) => "yes",
            Some((_, false)) => "no",
            None => "unknown",
        }
    }
}

/// A parent's number of children who count, banded: a word of the dimension `family_size`.
pub fn family_size(children: u32) -> &'static str {
    match children {
        0 | 1 => "1",
        2 => "2",
        3 => "3",
        4 => "4",
        _ => "5_or_more",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR: Period = Period { from: 100, to: 465 };
    const REFERENCE: i32 = 464;
    const CHILD: Entity = [1; 16];

    fn services(spells: &[(usize, i32, i32)]) -> Services {
        let spells = spells
            .iter()
            .map(|(at, from, to)| (*at, Period::new(*from, *to)));
        Services {
            spells: [(CHILD, spells.collect())].into(),
            covered: [Country::England].into(),
        }
    }

    #[test]
    fn the_weightiest_service_of_the_days_counts() {
        let days = (REFERENCE, YEAR);
        let of = |s: &Services, concept| s.of(&CHILD, Country::England, concept, days);
        let both = services(&[(2, 0, 10_000), (0, 200, 300)]);
        assert_eq!(of(&both, Concept::Stock), "in_need");
        assert_eq!(of(&both, Concept::YearUnique), "looked_after");
        let over = services(&[(1, 0, 100)]);
        assert_eq!(of(&over, Concept::YearUnique), "earlier");
        let later = services(&[(1, 1_000, 1_100)]);
        assert_eq!(of(&later, Concept::YearUnique), "none");
    }

    #[test]
    fn silence_is_not_none() {
        let found = services(&[]);
        let days = (REFERENCE, YEAR);
        let of = |home| found.of(&CHILD, home, Concept::YearUnique, days);
        assert_eq!(of(Country::England), "none");
        assert_eq!(of(Country::Wales), NOT_AVAILABLE);
        let parent: Entity = [9; 16];
        assert_eq!(Visits::default().of(&CHILD, [parent].iter()), NOT_AVAILABLE);
        assert_eq!(MainCarers::default().of(&parent), "unknown");
    }

    #[test]
    fn a_childs_own_visit_outweighs_that_of_others() {
        let (mother, father, aunt): (Entity, Entity, Entity) = ([2; 16], [3; 16], [4; 16]);
        let visits = Visits {
            seen: [(mother, [aunt].into()), (father, [CHILD, aunt].into())].into(),
            known: true,
        };
        assert_eq!(visits.of(&CHILD, [mother, father].iter()), "child");
        assert_eq!(visits.of(&CHILD, [mother].iter()), "others");
        assert_eq!(visits.of(&CHILD, [aunt].iter()), "none");
    }
}
