//! The whole, and what a part of it is: a share by the weights of the families.
//!
//! The variance of a part is that of families, and between imputed sets, reckoned for the part itself
//! ([`super::super::part_variance::Linearised`]); of the audit and of the register it has as much as
//! the whole has, by its share.

use rayon::prelude::*;

use super::super::interval::{Components, Total};
use super::super::method_error::MethodError;
use super::super::number::{mean_and_variance, size};
use super::super::part_variance::EstimatedPart;
use super::estimate::mean;
use super::numbers::Numbers;
use super::of_two::Estimated;
use super::population::{Family, Population};
use super::sets::Set;
use super::statements::{Ratio, Statements};

/// What a family of so many children adds to a part.
pub(super) type Measure<'a> = &'a (dyn Fn(&Family, u32) -> f64 + Sync);

/// What the figures of parts are made of.
pub(super) struct Division<'a> {
    pub(super) population: &'a Population,
    pub(super) numbers: &'a Numbers,
    pub(super) sets: &'a [Set],
    /// The sets of the headline.
    pub(super) main: &'a [Set],
    /// The audit as it was given.
    pub(super) audit: &'a Statements,
    /// The children of all areas.
    pub(super) whole: &'a Total,
    /// Children of two prisoners.
    pub(super) of_two: Estimated,
    /// Children for each pair of a parent and a child.
    pub(super) left: f64,
}

impl<'a> Division<'a> {
    /// The same whole by sets that are stratified in another way.
    pub(super) fn by(&self, sets: &'a [Set]) -> Division<'a> {
        Division { sets, ..*self }
    }

    /// The children of whom `value` tells how many a family has, their pairs known with an error of
    /// this variance in all, which is not about the unseen.
    pub(super) fn children(&self, value: Measure<'_>, variance: f64) -> Result<Total, MethodError> {
        let part = self.pairs_of(value)?;
        let mut components = part.components(self, self.left);
        let variance = variance * self.left * self.left;
        components.families += part.share.powi(2) * self.of_two.variance + variance;
        part.total(self, self.left, components, variance)
    }

    /// A child and an entry of a parent into prison: `value` is of children times entries. A child of
    /// two prisoners is one child, but an entry of each of them counts.
    pub(super) fn entries(&self, value: Measure<'_>, variance: f64) -> Result<Total, MethodError> {
        let share = self.population.entry_share;
        let value: Measure<'_> = &|f, n| value(f, n) * share;
        let part = self.part(value, &|f, n| f64::from(n) * size(f.entered.len()))?;
        let mut components = part.components(self, 1.0);
        let variance = variance * share * share;
        components.families += variance;
        part.total(self, 1.0, components, variance)
    }

    /// Pairs of a parent and a child, estimated.
    pub(super) fn pairs(&self) -> f64 {
        mean(self.main.iter().map(|s| s.estimate.population()))
    }

    /// A part of the pairs, brought to the headline's.
    pub(super) fn pairs_of(&self, value: Measure<'_>) -> Result<Part, MethodError> {
        self.part(value, &|_, n| f64::from(n))
    }

    /// A part of a total, which is brought to what the strata of the headline make of it.
    fn part(&self, value: Measure<'_>, total: Measure<'_>) -> Result<Part, MethodError> {
        // In parallel over the sets; their results stand in the order of the sets.
        let sets = self.sets.par_iter().zip(self.main);
        let sets = sets.zip(&self.numbers.sets);
        let found: Vec<EstimatedPart> = sets
            .map(|((set, main), numbers)| set.part(main, self.population, numbers, [value, total]))
            .collect::<Result<_, MethodError>>()?;
        let values: Vec<f64> = found.iter().map(|p| p.value).collect();
        let (value, between) = mean_and_variance(&values);
        Ok(Part {
            value,
            counted: mean(found.iter().map(|p| p.counted)).min(value),
            share: value / self.pairs().max(f64::MIN_POSITIVE),
            families: mean(found.iter().map(|p| p.variance.total())),
            imputation: (1.0 + 1.0 / size(self.sets.len())) * between,
        })
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
}

/// A part of the pairs of a parent and a child, or of their entries.
pub(super) struct Part {
    /// How many.
    pub(super) value: f64,
    /// How many of them were counted.
    pub(super) counted: f64,
    /// For each pair there is.
    pub(super) share: f64,
    /// The variance that comes from which families the lists hold.
    families: f64,
    /// That of imputed numbers.
    imputation: f64,
}

impl Part {
    /// The variances of so many times the part.
    pub(super) fn components(&self, of: &Division<'_>, times: f64) -> Components {
        let whole = of.whole.components;
        // The whole's are of children, and the part is of pairs.
        let of_whole = (self.share * times / of.left).powi(2);
        Components {
            families: self.families * times * times,
            linkage_error: whole.linkage_error * of_whole,
            imputation: self.imputation * times * times,
            calibration: whole.calibration * of_whole,
            noise: whole.noise,
        }
    }

    fn total(
        &self,
        of: &Division<'_>,
        times: f64,
        components: Components,
        other: f64,
    ) -> Result<Total, MethodError> {
        let [value, counted] = [self.value, self.counted].map(|n| n * times);
        let numbers = [counted, value - counted];
        Total::with_other_error(numbers, components, other, of.whole.level)
    }
}

/// A figure of entries times the audit's ratio, with the variance of that.
pub(super) fn audited(total: &Total, ratio: Ratio) -> Result<Total, MethodError> {
    let times = ratio.value();
    let square = times * times;
    let mut components = total.components;
    components.families *= square;
    components.linkage_error *= square;
    components.imputation *= square;
    components.calibration *= square;
    components.linkage_error += (total.value() * ratio.error()).powi(2);
    let [counted, unseen] = [total.counted, total.unseen].map(|n| n * times);
    Total::with_other_error(
        [counted, unseen],
        components,
        total.other * square,
        total.level,
    )
}

#[cfg(test)]
mod tests {
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
        let ratio = Ratio::new(0.9, 0.05).expect("a ratio");
        let found = audited(&total, ratio).expect("a figure");
        assert!((found.value() - 900.0).abs() < 1e-9);
        let parts = found.components;
        assert!((parts.families - 729.0).abs() < 1e-9 && parts.noise == 8.0);
        assert!((parts.linkage_error - (81.0 + 2_500.0)).abs() < 1e-9);
        assert!(found.interval.width() > total.interval.width());
        let same = audited(&total, Ratio::CERTAIN).expect("a figure");
        assert_eq!(same, total);
    }
}
