//! Everybody who matters, gathered: prisoners with their stays, children, and who is whose.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::error::EstimateError;
use super::family::{Sex, Stay, Window};
use super::read::{self, Adult, Child, Entities, Entity};
use super::spells::Period;
use super::stage::Inputs;
use crate::schema::codes;
use crate::stage::StageReport;

/// A country of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Country {
    /// England.
    England,
    /// Wales.
    Wales,
    /// Another, or not known.
    NotKnown,
}

impl Country {
    /// The country of a local authority.
    pub fn of_local_authority(code: Option<&str>) -> Self {
        match code.and_then(codes::local_authority) {
            Some(la) if la.country_code == codes::ENGLAND => Country::England,
            Some(la) if la.country_code == codes::WALES => Country::Wales,
            _ => Country::NotKnown,
        }
    }

    /// Its code in tables.
    pub fn code(self) -> &'static str {
        match self {
            Country::England => codes::ENGLAND,
            Country::Wales => codes::WALES,
            Country::NotKnown => crate::schema::published::NOT_AVAILABLE,
        }
    }
}

/// Where somebody lives: a local authority of England or Wales, or not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Home(Option<&'static codes::LocalAuthority>);

impl Ord for Home {
    /// By code; not known comes first.
    fn cmp(&self, other: &Self) -> Ordering {
        self.local_authority().cmp(&other.local_authority())
    }
}

impl PartialOrd for Home {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Home {
    /// The local authority of a code.
    pub fn of(code: Option<&str>) -> Self {
        Home(code.and_then(codes::local_authority))
    }

    /// Its country.
    pub fn country(self) -> Country {
        Country::of_local_authority(self.0.map(|la| la.code.as_str()))
    }

    /// The code of its region; Wales is a region.
    pub fn region(self) -> Option<&'static str> {
        self.0.map(|la| la.region_code.as_str())
    }

    /// Its code.
    pub fn local_authority(self) -> Option<&'static str> {
        self.0.map(|la| la.code.as_str())
    }
}

/// Everybody who matters.
#[derive(Debug, Clone, Default)]
pub struct People {
    /// Stays of prisoners that touch the year.
    pub stays: BTreeMap<Entity, Vec<Stay>>,
    /// Mothers and fathers in prison of each child.
    pub parents: BTreeMap<Entity, BTreeSet<Entity>>,
    /// The prisoners.
    pub adults: BTreeMap<Entity, Adult>,
    /// The children whom somebody names theirs.
    pub children: BTreeMap<Entity, Child>,
    /// The first day of the year, from which the days of children are counted.
    first: i32,
}

impl People {
    /// Reads them, and tells how many they are.
    ///
    /// # Errors
    /// [`EstimateError::NoCustody`] if no stay touches the year; a file that cannot be read.
    pub fn gather(
        inputs: &Inputs,
        (adult_entities, child_entities): (&Entities, &Entities),
        report: &mut StageReport,
    ) -> Result<Self, EstimateError> {
        let stays = read::stays(&inputs.stays, adult_entities, inputs.window.year)?;
        if stays.is_empty() {
            return Err(EstimateError::NoCustody);
        }
        let said = read::parenthood(&inputs.parenthood, adult_entities, child_entities, &stays)?;
        let named = said.parents.keys();
        let mut children: BTreeMap<Entity, Child> = named.map(|c| (*c, Child::default())).collect();
        let inside = stays.keys();
        let mut adults: BTreeMap<Entity, Adult> = inside.map(|a| (*a, Adult::default())).collect();
        read::people(
            &inputs.people,
            adult_entities,
            child_entities,
            &mut adults,
            &mut children,
        )?;
        for (name, value) in [
            ("adults_in_custody_in_year", json!(stays.len())),
            ("adult_records_linked", json!(adult_entities.linked())),
            ("child_records_linked", json!(child_entities.linked())),
            ("statements_wider_carers", json!(said.wider)),
            ("statements_not_in_custody", json!(said.not_in_custody)),
        ] {
            report.figures.insert(name.to_owned(), value);
        }
        Ok(People {
            stays,
            parents: said.parents,
            adults,
            children,
            first: inputs.window.year.from,
        })
    }

    /// The days on which a child is born and under 18; none where its date of birth is not known.
    pub fn eligible(&self, child: &Child) -> Option<Period> {
        let days = child.eligible?;
        Some(Period::new(self.first + days.from, self.first + days.to))
    }

    /// Is a child born and under 18 on a day of these periods, and of the year?
    pub fn counts(&self, child: &Entity, periods: &[Period], window: Window) -> bool {
        let days = self.children.get(child).and_then(|c| self.eligible(c));
        days.is_some_and(|days| {
            let days = days.intersect(window.year);
            periods.iter().any(|p| !p.intersect(days).is_empty())
        })
    }

    /// The home of a child, and whether it had to be taken from a parent's before prison: a mother's
    /// first, and of equals the first by code.
    pub fn home(&self, entity: &Entity, child: &Child) -> (Option<String>, bool) {
        if let Some(code) = &child.local_authority {
            return (Some(code.clone()), false);
        }
        let parents = self.parents.get(entity).into_iter().flatten();
        let adults = parents.filter_map(|a| self.adults.get(a));
        let homes = adults.filter_map(|adult| {
            let home = adult.local_authority.as_deref()?;
            Some((adult.sex() != Sex::Female, home))
        });
        (homes.min().map(|(_, home)| home.to_owned()), true)
    }

    /// A child's home.
    pub fn home_of_child(&self, entity: &Entity) -> Home {
        let child = self.children.get(entity);
        Home::of(child.and_then(|c| self.home(entity, c).0).as_deref())
    }

    /// A prisoner's home before prison.
    pub fn home_of_adult(&self, entity: &Entity) -> Home {
        let adult = self.adults.get(entity);
        Home::of(adult.and_then(|a| a.local_authority.as_deref()))
    }
}

/// The home of a child in the codes of the tables.
pub struct Place {
    /// Country.
    pub country: String,
    /// Region.
    pub region: String,
    /// Local authority.
    pub local_authority: String,
}

impl Place {
    /// Of a local authority; not available where there is none.
    pub fn of(code: Option<&str>) -> Self {
        let not = || crate::schema::published::NOT_AVAILABLE.to_owned();
        match code.and_then(codes::local_authority) {
            Some(la) => Place {
                country: la.country_code.clone(),
                region: la.region_code.clone(),
                local_authority: la.code.clone(),
            },
            None => Place {
                country: not(),
                region: not(),
                local_authority: not(),
            },
        }
    }
}
