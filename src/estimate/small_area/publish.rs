//! From the logarithm back to numbers of children, benchmarked to the national figure.
//!
//! The mean of exp(θ) is exp(θ̂ + MSE / 2), since the logarithm of a mean is not the mean of a
//! logarithm; limits are exp(θ̂ ± z √(MSE + shared)), where `shared` is the relative variance that all
//! areas have in common (linkage error, coverage, noise of the total). Then all are multiplied by
//! one number, so that they add up to the national figure (ratio benchmarking: Rao and Molina,
//! *Small Area Estimation*, 2nd ed. 2015, section 6.4.6).

use super::super::interval::limits::Interval;
use super::super::method_error::{MethodError, finite, within};
use super::super::number::Level;
use super::fay_herriot::{Area, AreaStatus};

/// The figure of one area.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// Children.
    pub children: f64,
    /// The interval.
    pub interval: Interval,
    /// Where it comes from.
    pub status: AreaStatus,
}

impl Figure {
    /// The word of its status in a published table: `low` where the model speaks alone.
    pub fn status_word(&self) -> &'static str {
        match self.status {
            AreaStatus::Composite => "observed",
            AreaStatus::Synthetic => "low",
        }
    }
}

/// The figures of all areas, and the number they were multiplied by.
#[derive(Debug, Clone, PartialEq)]
pub struct Benchmarked {
    /// In the order of the areas.
    pub figures: Vec<Figure>,
    /// National figure over the sum of areas before. Far from one, the model of the areas and the
    /// national estimate do not agree.
    pub factor: f64,
}

/// Figures of areas on the scale log(children / population), with the population of each.
///
/// # Errors
/// KL-E-211 if populations and areas differ in number; KL-E-201 for a population or national figure
/// not above nought; KL-E-212 if a figure overflows.
pub fn figures(
    areas: &[Area],
    population: &[f64],
    national: f64,
    shared: f64,
    level: Level,
) -> Result<Benchmarked, MethodError> {
    if areas.len() != population.len() {
        return Err(MethodError::Lengths {
            what: "populations of areas",
        });
    }
    within(
        national,
        [f64::MIN_POSITIVE, f64::MAX],
        "the national figure",
    )?;
    within(shared, [0.0, f64::MAX], "the shared variance")?;
    let mut means = Vec::with_capacity(areas.len());
    for (area, people) in areas.iter().zip(population) {
        within(*people, [0.0, f64::MAX], "the population of an area")?;
        means.push(finite(
            people * (area.value + area.mse / 2.0).exp(),
            "an area's figure",
        )?);
    }
    let sum: f64 = means.iter().sum();
    let factor = finite(national / sum, "the benchmarking factor")?;
    let figures = areas
        .iter()
        .zip(population)
        .zip(&means)
        .map(|((area, people), mean)| {
            let half = level.normal() * (area.mse + shared).sqrt();
            let at = |log: f64| factor * people * log.exp();
            Ok(Figure {
                children: factor * mean,
                interval: Interval {
                    lower: at(area.value - half),
                    upper: finite(at(area.value + half), "an area's limit")?,
                },
                status: area.status,
            })
        });
    Ok(Benchmarked {
        figures: figures.collect::<Result<_, MethodError>>()?,
        factor,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(value: f64, status: AreaStatus) -> Area {
        Area {
            value,
            mse: 0.01,
            weight: 0.5,
            status,
        }
    }

    #[test]
    fn areas_add_up_and_synthetic_ones_are_flagged() {
        let areas = [
            area(-3.0, AreaStatus::Composite),
            area(-4.0, AreaStatus::Synthetic),
        ];
        let of = |shared| {
            figures(
                &areas,
                &[10_000.0, 20_000.0],
                900.0,
                shared,
                Level::NINETY_FIVE,
            )
            .expect("figures")
        };
        let found = of(0.0);
        let sum: f64 = found.figures.iter().map(|f| f.children).sum();
        assert!((sum - 900.0).abs() < 1e-9);
        assert_eq!(
            found
                .figures
                .iter()
                .map(Figure::status_word)
                .collect::<Vec<_>>(),
            ["observed", "low"]
        );
        assert!(of(0.02).figures[0].interval.width() > found.figures[0].interval.width());
        assert!(found.figures[0].interval.holds(found.figures[0].children));
        assert!(figures(&areas, &[1.0], 9.0, 0.0, Level::NINETY_FIVE).is_err());
        assert!(figures(&areas, &[0.0, 0.0], 9.0, 0.0, Level::NINETY_FIVE).is_err());
        assert!(figures(&areas, &[1.0, 1.0], 0.0, 0.0, Level::NINETY_FIVE).is_err());
    }
}
