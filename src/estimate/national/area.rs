//! Figures of countries and regions: each is a share of the whole by the weights of the families.
//!
//! A part's variance is its share of the whole's, and that its share of the unseen is not known: of
//! each family, w (w − 1) times the square of what it has of the part beyond the part's share, as of
//! a sample in which each family is held with probability 1 / w.

use std::collections::BTreeSet;

use super::super::interval::Total;
use super::super::method_error::MethodError;
use super::super::people::{Country, Home};
use super::estimate::{Set, mean};
use super::numbers::Numbers;
use super::population::{Family, Population};
use super::statements::{Ratio, Statements};
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

/// What the figures of areas are made of.
pub(super) struct ByArea<'a> {
    pub(super) population: &'a Population,
    pub(super) numbers: &'a Numbers,
    pub(super) sets: &'a [Set],
    /// The audit as it was given.
    pub(super) audit: &'a Statements,
    /// The children of all areas.
    pub(super) whole: &'a Total,
}

impl ByArea<'_> {
    /// Children of the whole, and of each country and region.
    pub(super) fn children(&self) -> Result<Vec<Figure>, MethodError> {
        self.figures(&|_| 1.0, 1.0)
    }

    /// A child and an entry of a parent into prison. A child of two prisoners is one child, but an
    /// entry of each of them counts.
    pub(super) fn entries(&self) -> Result<Vec<Figure>, MethodError> {
        let pairs = mean(self.sets.iter().map(|s| s.estimate.population()));
        let pairs_of_each_child = match self.whole.value() > 0.0 {
            true => pairs / self.whole.value(),
            false => 1.0,
        };
        let share = self.population.entry_share;
        self.figures(
            &|f: &Family| f64::from(f.entries) * share,
            pairs_of_each_child,
        )
    }

    fn figures(
        &self,
        measure: &dyn Fn(&Family) -> f64,
        pairs: f64,
    ) -> Result<Vec<Figure>, MethodError> {
        let value = |family: &Family, number: u32, area: Area| -> f64 {
            family.living(number, |home| area.holds(home)) * measure(family)
        };
        let mut out = Vec::new();
        for area in Area::large() {
            let share = mean(
                self.sets
                    .iter()
                    .zip(&self.numbers.sets)
                    .map(|(set, numbers)| {
                        let there = self.sum(set, numbers, |f, n| value(f, n, area));
                        let all = self.sum(set, numbers, |_, n| f64::from(n));
                        if all > 0.0 { there / all } else { 0.0 }
                    }),
            );
            // All but the rounding, which every published figure has of its own.
            let mut total = self.whole.clone();
            let scale = (share * pairs).powi(2);
            let components = &mut total.components;
            components.families *= scale;
            components.linkage_error *= scale;
            components.imputation *= scale;
            components.calibration *= scale;
            components.families +=
                self.own_variance(|f, n| value(f, n, area) - share * f64::from(n));
            let total = Total::new(
                total.counted * share * pairs,
                total.unseen * share * pairs,
                total.components,
                total.level,
            )?;
            out.push(Figure { area, total });
        }
        Ok(out)
    }

    /// The weighted sum of a measure over the families of an imputed set.
    pub(super) fn sum(&self, set: &Set, numbers: &[u32], of: impl Fn(&Family, u32) -> f64) -> f64 {
        let all = self
            .population
            .families
            .iter()
            .zip(numbers)
            .zip(&set.weights);
        all.map(|((f, n), w)| w * f.weight * of(f, *n)).sum()
    }

    /// Σ w (w − 1) x², the mean over the imputed sets.
    fn own_variance(&self, of: impl Fn(&Family, u32) -> f64) -> f64 {
        let sets = self.sets.iter().zip(&self.numbers.sets);
        mean(sets.map(|(set, numbers)| {
            let all = self.population.families.iter();
            let all = all.zip(numbers).zip(&set.weights);
            all.map(|((f, n), w)| w * (w - 1.0).max(0.0) * of(f, *n).powi(2))
                .sum()
        }))
    }
}

/// Figures of entries times the audit's ratio, with the variance of that.
pub(super) fn audited(figures: &[Figure], ratio: Ratio) -> Result<Vec<Figure>, MethodError> {
    let times = ratio.value();
    let one = |figure: &Figure| {
        let mut components = figure.total.components;
        components.families *= times * times;
        components.linkage_error *= times * times;
        components.linkage_error += (figure.total.value() * ratio.error()).powi(2);
        components.imputation *= times * times;
        components.calibration *= times * times;
        let [counted, unseen] = [figure.total.counted, figure.total.unseen].map(|n| n * times);
        Ok(Figure {
            area: figure.area,
            total: Total::new(counted, unseen, components, figure.total.level)?,
        })
    };
    figures.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::interval::Components;
    use super::super::super::number::Level;
    use super::*;

    #[test]
    fn the_audit_of_entries_moves_the_figure_and_widens_its_interval() {
        let components = Components {
            families: 900.0,
            linkage_error: 100.0,
            imputation: 25.0,
            calibration: 16.0,
            noise: 8.0,
        };
        let total = Total::new(300.0, 700.0, components, Level::NINETY_FIVE).expect("a total");
        let figure = Figure {
            area: Area::Whole,
            total: total.clone(),
        };
        let ratio = Ratio::new(0.9, 0.05).expect("a ratio");
        let [found]: [Figure; 1] = audited(std::slice::from_ref(&figure), ratio)
            .expect("figures")
            .try_into()
            .expect("one figure");
        assert!((found.total.value() - 900.0).abs() < 1e-9);
        let parts = found.total.components;
        assert!((parts.families - 729.0).abs() < 1e-9 && parts.noise == 8.0);
        assert!((parts.linkage_error - (81.0 + 2_500.0)).abs() < 1e-9);
        assert!(found.total.interval.width() > total.interval.width());
        let same = audited(std::slice::from_ref(&figure), Ratio::CERTAIN).expect("figures");
        assert_eq!(same, [figure]);
    }
}
