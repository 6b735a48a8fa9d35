//! V = V_fam + V_T + V_imp + V_rake + V_noise, the interval, and the share of each source.

use std::fmt;

use super::super::caution::Caution;
use super::super::method_error::{MethodError, finite, within};
use super::super::number::Level;
use super::limits::{Interval, with_other_error};

/// A source of variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Which families the lists hold; siblings go together.
    Families,
    /// How well precision and recall of the links are known.
    LinkageError,
    /// What was imputed for prisoners who were not screened.
    Imputation,
    /// Calibration to published totals.
    Calibration,
    /// The protection's own noise.
    Noise,
}

impl Source {
    /// All, in the order in which they are told.
    pub const ALL: [Source; 5] = [
        Source::Families,
        Source::LinkageError,
        Source::Imputation,
        Source::Calibration,
        Source::Noise,
    ];

    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Source::Families => "coverage_and_families",
            Source::LinkageError => "linkage_error",
            Source::Imputation => "imputation",
            Source::Calibration => "calibration",
            Source::Noise => "protection_noise",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A variance for each source; nought where a source does not apply. Every one must be given, so
/// that none is forgotten.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Components {
    /// V_fam, in children squared, as the others.
    pub families: f64,
    /// V_T.
    pub linkage_error: f64,
    /// (1 + 1/M) B.
    pub imputation: f64,
    /// V_rake.
    pub calibration: f64,
    /// V_noise.
    pub noise: f64,
}

/// A source's share of the variance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// The source.
    pub source: Source,
    /// Its variance.
    pub variance: f64,
    /// Of the whole; nought where the whole is nought.
    pub share: f64,
}

impl Components {
    /// The variance of a source.
    pub fn of(&self, source: Source) -> f64 {
        match source {
            Source::Families => self.families,
            Source::LinkageError => self.linkage_error,
            Source::Imputation => self.imputation,
            Source::Calibration => self.calibration,
            Source::Noise => self.noise,
        }
    }

    /// V.
    pub fn total(&self) -> f64 {
        Source::ALL.iter().map(|s| self.of(*s)).sum()
    }

    /// Each source's share, in the order of [`Source::ALL`].
    pub fn shares(&self) -> [Share; 5] {
        let total = self.total();
        Source::ALL.map(|source| Share {
            source,
            variance: self.of(source),
            share: match total > 0.0 {
                true => self.of(source) / total,
                false => 0.0,
            },
        })
    }
}

/// A figure that can be signed: what was counted, what was not, and its interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Total {
    /// Distinct children counted, after correction for linkage error.
    pub counted: f64,
    /// Children estimated to be unseen.
    pub unseen: f64,
    /// Variances by source.
    pub components: Components,
    /// Of the variance, what is laid to both sides alike.
    pub other: f64,
    /// The interval.
    pub interval: Interval,
    /// Its level.
    pub level: Level,
    /// What goes with it.
    pub cautions: Vec<Caution>,
}

impl Total {
    /// Puts the figure together; all of the variance is laid about the unseen.
    ///
    /// # Errors
    /// KL-E-201 if a variance or a number is below nought; KL-E-212 if one is not finite.
    pub fn new(
        counted: f64,
        unseen: f64,
        components: Components,
        level: Level,
    ) -> Result<Self, MethodError> {
        Total::put(counted, unseen, components, 0.0, level)
    }

    /// The same of a part, where so much of the variance is not about the unseen and is laid to both
    /// sides alike. So is what would be more than the square of the unseen: a part with hardly anybody
    /// unseen is as unsure as its numbers are, and no logarithm of next to nothing tells how much.
    ///
    /// # Errors
    /// As [`Total::new`], and KL-E-201 if it is more than all.
    pub fn with_other_error(
        [counted, unseen]: [f64; 2],
        components: Components,
        other: f64,
        level: Level,
    ) -> Result<Self, MethodError> {
        let all = components.total();
        within(other, [0.0, all], "a part of a variance")?;
        let other = other.max(all - unseen * unseen);
        Total::put(counted, unseen, components, other, level)
    }

    fn put(
        counted: f64,
        unseen: f64,
        components: Components,
        other: f64,
        level: Level,
    ) -> Result<Self, MethodError> {
        for source in Source::ALL {
            within(components.of(source), [0.0, f64::MAX], "a variance")?;
        }
        within(counted, [0.0, f64::MAX], "a count")?;
        within(unseen, [0.0, f64::MAX], "a number of unseen")?;
        let variance = components.total();
        let cautions = match unseen > 0.0 {
            true => Vec::new(),
            false => vec![Caution::NobodyUnseen],
        };
        Ok(Total {
            counted,
            unseen,
            components,
            other,
            interval: with_other_error(counted, unseen, [variance - other, other], level)?,
            level,
            cautions,
        })
    }

    /// The interval about a figure that was protected: its distances from the figure are kept, so
    /// that the limits do not tell the figure there was before. The variance must hold that of the
    /// protection. What the distances themselves tell is for the protection to judge.
    ///
    /// # Errors
    /// KL-E-212 if the protected figure is not finite.
    pub fn about_protected(&self, protected: f64) -> Result<Interval, MethodError> {
        let moved = finite(protected, "a protected figure")? - self.value();
        Ok(Interval {
            lower: (self.interval.lower + moved).max(0.0),
            upper: (self.interval.upper + moved).max(0.0),
        })
    }

    /// The figure.
    pub fn value(&self) -> f64 {
        self.counted + self.unseen
    }

    /// Its standard error.
    pub fn standard_error(&self) -> f64 {
        self.components.total().sqrt()
    }

    /// Its coefficient of variation; none of nothing.
    pub fn coefficient_of_variation(&self) -> Option<f64> {
        (self.value() > 0.0).then(|| self.standard_error() / self.value())
    }

    /// The publishing rule of Statistics Canada by coefficient of variation: at most 16.5 % free,
    /// at most 33.3 % with caution (`low`), above that withheld (`u`). It is apart from disclosure.
    pub fn status(&self) -> &'static str {
        match self.coefficient_of_variation() {
            Some(cv) if cv <= 0.165 => {
                let low = self.cautions.iter().find_map(Caution::status);
                low.unwrap_or("observed")
            }
            Some(cv) if cv <= 0.333 => "low",
            _ => "u",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn five(v: [f64; 5]) -> Components {
        let [families, linkage_error, imputation, calibration, noise] = v;
        Components {
            families,
            linkage_error,
            imputation,
            calibration,
            noise,
        }
    }

    proptest! {
        #[test]
        fn shares_make_one_and_the_interval_holds_the_figure(
            v in proptest::array::uniform5(0.0..1e6_f64), counted in 0.0..1e6_f64, unseen in 0.1..1e6_f64,
        ) {
            let parts = five(v);
            let sum: f64 = parts.shares().iter().map(|s| s.share).sum();
            prop_assert!(parts.total() == 0.0 || (sum - 1.0).abs() < 1e-12);
            let total = Total::new(counted, unseen, parts, Level::NINETY_FIVE).unwrap();
            prop_assert!(total.interval.holds(total.value()));
            prop_assert!(total.interval.lower >= counted);
        }

        #[test]
        fn more_variance_is_a_wider_interval(v in proptest::array::uniform5(1.0..1e5_f64), at in 0..5_usize) {
            let mut more = v;
            more[at] *= 2.0;
            let of = |v| Total::new(500.0, 300.0, five(v), Level::NINETY_FIVE).unwrap().interval.width();
            prop_assert!(of(more) > of(v));
        }
    }

    #[test]
    fn nothing_below_nought_and_a_status() {
        let of = |v, counted, unseen| Total::new(counted, unseen, five(v), Level::NINETY_FIVE);
        assert!(of([-1.0, 0.0, 0.0, 0.0, 0.0], 1.0, 1.0).is_err());
        assert!(of([f64::NAN, 0.0, 0.0, 0.0, 0.0], 1.0, 1.0).is_err());
        assert!(of([0.0; 5], 1.0, -1.0).is_err());
        let status = |v: f64| {
            of([v, 0.0, 0.0, 0.0, 0.0], 50.0, 50.0)
                .expect("a total")
                .status()
        };
        assert_eq!(status(100.0), "observed");
        assert_eq!(status(900.0), "low");
        assert_eq!(status(2500.0), "u");
        let total = of([100.0, 0.0, 0.0, 0.0, 0.0], 50.0, 50.0).expect("a total");
        let moved = total.about_protected(110.0).expect("an interval");
        assert!((moved.width() - total.interval.width()).abs() < 1e-12);
        assert!((moved.lower - total.interval.lower - 10.0).abs() < 1e-12);
        assert_eq!(total.about_protected(-500.0).map(|i| i.lower), Ok(0.0));
        assert!(total.about_protected(f64::NAN).is_err());
        let none = of([0.0; 5], 0.0, 0.0).expect("a total");
        assert_eq!((none.status(), none.cautions.len()), ("u", 1));
    }

    #[test]
    fn a_part_with_hardly_anybody_unseen_is_as_unsure_as_its_numbers() {
        let parts = Components {
            families: 400.0,
            linkage_error: 0.0,
            imputation: 0.0,
            calibration: 0.0,
            noise: 0.0,
        };
        let of = |unseen: f64| {
            let total =
                Total::with_other_error([100.0, unseen], parts, 0.0, Level::NINETY_FIVE).unwrap();
            (total.interval.lower, total.interval.upper, total.other)
        };
        // With nobody unseen it is the normal interval, and it comes near that without a leap.
        let (lower, upper, _) = of(0.0);
        assert!((upper - lower - 2.0 * Level::NINETY_FIVE.normal() * 20.0).abs() < 1e-9);
        for unseen in [1e-6, 0.1, 1.0] {
            let (l, u, _) = of(unseen);
            assert!((l - lower).abs() < 2.0 * unseen && (u - upper).abs() < 4.0 * unseen);
        }
        // As unsure as the unseen are many, all of it is laid about them.
        assert_eq!(of(20.0).2, 0.0);
        let all = Total::new(100.0, 20.0, parts, Level::NINETY_FIVE).unwrap();
        assert_eq!((all.interval.lower, all.interval.upper, 0.0), of(20.0));
    }
}
