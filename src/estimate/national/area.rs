//! Figures of the whole, of countries and of regions: what lives there.

use std::collections::BTreeSet;

use super::super::interval::Total;
use super::super::method_error::MethodError;
use super::super::number::size;
use super::super::people::{Country, Home};
use super::division::{Division, audited};
use super::population::Family;
use super::statements::Ratio;
use crate::schema::codes;
use crate::schema::published::TOTAL;

/// What a figure is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// England and Wales.
    Whole,
    /// A country.
    Country(Country),
    /// A region of England, by its code.
    Region(&'static str),
    /// A local authority, by its code.
    LocalAuthority(&'static str),
}

impl Area {
    /// The code in tables.
    pub fn code(self) -> &'static str {
        match self {
            Area::Whole => TOTAL,
            Area::Country(country) => country.code(),
            Area::Region(code) | Area::LocalAuthority(code) => code,
        }
    }

    fn holds(self, home: Home) -> bool {
        match self {
            Area::Whole => true,
            Area::Country(country) => home.country() == country,
            Area::Region(code) => home.region() == Some(code),
            Area::LocalAuthority(code) => home.local_authority() == Some(code),
        }
    }

    /// The whole, the countries, and the regions that are not a country.
    fn large() -> Vec<Area> {
        let countries = [Country::England, Country::Wales];
        let all = codes::local_authorities();
        let regions: BTreeSet<&'static str> =
            all.iter().map(|la| la.region_code.as_str()).collect();
        let mut out = vec![Area::Whole];
        out.extend(countries.map(Area::Country));
        let own = regions
            .into_iter()
            .filter(|r| countries.iter().all(|c| c.code() != *r));
        out.extend(own.map(Area::Region));
        out
    }
}

/// What is estimated of an area, or of all.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The area.
    pub area: Area,
    /// The figure.
    pub total: Total,
}

/// Children of the whole, and of each country and region.
pub(super) fn children(of: &Division<'_>) -> Result<Vec<Figure>, MethodError> {
    let one = |area: Area| {
        let total = of.children(&|f, n| living(f, n, area), 0.0)?;
        Ok(Figure { area, total })
    };
    Area::large().into_iter().map(one).collect()
}

/// Entries of a parent into prison, counted for each child, likewise.
pub(super) fn entries(of: &Division<'_>, ratio: Ratio) -> Result<Vec<Figure>, MethodError> {
    let one = |area: Area| {
        let value = |f: &Family, n: u32| living(f, n, area) * size(f.entered.len());
        let total = audited(&of.entries(&value, 0.0)?, ratio)?;
        Ok(Figure { area, total })
    };
    Area::large().into_iter().map(one).collect()
}

fn living(family: &Family, number: u32, area: Area) -> f64 {
    family.living(number, |home| area.holds(home))
}
