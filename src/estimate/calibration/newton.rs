//! Weights w = d F(xᵀλ) with Σ w x = X, by Newton's method (Deville and Särndal, "Calibration
//! estimators in survey sampling", JASA 87, 1992). F(u) = exp u rakes, F(u) = 1 + u is GREG, and the
//! logit form keeps the factors within bounds L and U.

use nalgebra::DVector;

use super::super::caution::Caution;
use super::super::linear::{dot, inverse};
use super::super::method_error::{MethodError, within};
use super::design::Design;

/// Steps at most.
const STEPS: u32 = 100;
/// The greatest relative distance from a total at which the weights have settled.
const SETTLED: f64 = 1e-11;
/// The distance that is still taken where rounding keeps Newton from getting nearer.
const NEAR_ENOUGH: f64 = 1e-9;
/// The bounds of factors beyond which raking gives way to the bounded form.
pub const BOUNDS: [f64; 2] = [0.25, 4.0];

/// The distance between old and new weights that is kept small.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distance {
    /// Raking: factors are above nought.
    Raking,
    /// The generalised regression estimator: factors can be below nought.
    Linear,
    /// Factors between two bounds, the lower below one and the upper above.
    Logit {
        /// L.
        lower: f64,
        /// U.
        upper: f64,
    },
}

impl Distance {
    fn check(self) -> Result<Self, MethodError> {
        if let Distance::Logit { lower, upper } = self {
            within(lower, [0.0, 1.0 - 1e-6], "the lower bound of factors")?;
            within(upper, [1.0 + 1e-6, 1e6], "the upper bound of factors")?;
        }
        Ok(self)
    }

    /// F and its derivative.
    fn factor(self, u: f64) -> (f64, f64) {
        match self {
            Distance::Raking => {
                let f = u.clamp(-60.0, 60.0).exp();
                (f, f)
            }
            Distance::Linear => (1.0 + u, 1.0),
            Distance::Logit { lower, upper } => {
                let a = (upper - lower) / ((1.0 - lower) * (upper - 1.0));
                let e = (a * u).clamp(-60.0, 60.0).exp();
                let below = (upper - 1.0) + (1.0 - lower) * e;
                let f = (lower * (upper - 1.0) + upper * (1.0 - lower) * e) / below;
                (f, (f - lower) * (upper - f) * a / (upper - lower))
            }
        }
    }
}

/// Weights that meet the totals.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibrated {
    /// The new weights, a record each.
    pub weights: Vec<f64>,
    /// The least and the greatest factor.
    pub factors: [f64; 2],
    /// Steps of Newton's method.
    pub iterations: u32,
    /// The greatest relative distance from a total that is left.
    pub distance: f64,
    /// What must be told.
    pub cautions: Vec<Caution>,
}

/// Calibrates weights to the totals of a design.
///
/// # Errors
/// KL-E-201 for weights below nought or bounds that leave one out; KL-E-206 if covariates are
/// collinear; KL-E-208 if no weights are found, with KL-E-209 where the bounds do not allow any.
pub fn calibrate(
    weights: &[f64],
    design: &Design,
    distance: Distance,
) -> Result<Calibrated, MethodError> {
    let distance = distance.check()?;
    let base = design.by_pattern(weights)?;
    let mut lambda = DVector::zeros(design.totals.len());
    let mut left = gap(&base, design, distance, &lambda);
    for iteration in 0..STEPS {
        let off = design.distance(&(&design.totals + &left));
        if off < SETTLED {
            return Ok(settled(weights, design, distance, &lambda, iteration, off));
        }
        let slopes = design.patterns.iter().zip(&base);
        let slopes = slopes.map(|(x, d)| d * distance.factor(dot(x, &lambda)).1);
        let information = match inverse(&design.patterns.gram(slopes), "the control totals") {
            Ok(inverse) => inverse,
            Err(error) if iteration == 0 => return Err(error),
            // Factors at their bounds no longer move.
            Err(_) => return Err(unmet(distance)),
        };
        let step = -(information * &left);
        match halved(&base, design, distance, &lambda, &step, left.norm()) {
            Some((next, gap)) => (lambda, left) = (next, gap),
            None if off < NEAR_ENOUGH => {
                return Ok(settled(weights, design, distance, &lambda, iteration, off));
            }
            None => return Err(unmet(distance)),
        }
    }
    Err(unmet(distance))
}

/// Σ w x − X.
fn gap(base: &[f64], design: &Design, distance: Distance, lambda: &DVector<f64>) -> DVector<f64> {
    let rows = design.patterns.iter().zip(base);
    let weights = rows.map(|(x, d)| d * distance.factor(dot(x, lambda)).0);
    design.patterns.weighted_sum(weights) - &design.totals
}

/// The step, halved until the gap is smaller.
fn halved(
    base: &[f64],
    design: &Design,
    distance: Distance,
    from: &DVector<f64>,
    step: &DVector<f64>,
    norm: f64,
) -> Option<(DVector<f64>, DVector<f64>)> {
    let mut scale = 1.0;
    for _ in 0..40 {
        let next = from + scale * step;
        let left = gap(base, design, distance, &next);
        if left.norm() < norm {
            return Some((next, left));
        }
        scale /= 2.0;
    }
    None
}

fn unmet(distance: Distance) -> MethodError {
    match distance {
        Distance::Logit { .. } => MethodError::Infeasible {
            what: "no weights within the bounds meet them".to_owned(),
        },
        Distance::Raking | Distance::Linear => MethodError::NotConverged {
            what: "calibration",
            iterations: STEPS,
        },
    }
}

fn settled(
    weights: &[f64],
    design: &Design,
    distance: Distance,
    lambda: &DVector<f64>,
    iterations: u32,
    off: f64,
) -> Calibrated {
    let rows = design.patterns.iter();
    let factors: Vec<f64> = rows.map(|x| distance.factor(dot(x, lambda)).0).collect();
    let least = factors.iter().copied().fold(f64::INFINITY, f64::min);
    let most = factors.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let of = weights.iter().zip(&design.of);
    Calibrated {
        weights: of.map(|(d, at)| d * factors[*at]).collect(),
        factors: [least, most],
        iterations,
        distance: off,
        cautions: Vec::new(),
    }
}

/// Rakes, and where a factor leaves [`BOUNDS`] calibrates again within them, and says so.
///
/// # Errors
/// As [`calibrate`].
pub fn rake_within_bounds(weights: &[f64], design: &Design) -> Result<Calibrated, MethodError> {
    let raked = calibrate(weights, design, Distance::Raking)?;
    let [lower, upper] = BOUNDS;
    if raked.factors[0] >= lower && raked.factors[1] <= upper {
        return Ok(raked);
    }
    let mut bounded = calibrate(weights, design, Distance::Logit { lower, upper })?;
    bounded.cautions.push(Caution::BoundsUsed);
    Ok(bounded)
}

#[cfg(test)]
mod tests {
    use super::super::design::Margin;
    use super::*;
    use proptest::prelude::*;

    fn margin(name: &str, totals: &[f64], of: &[usize]) -> Margin {
        Margin {
            name: name.to_owned(),
            totals: totals
                .iter()
                .enumerate()
                .map(|(i, n)| (format!("{i}"), *n))
                .collect(),
            of: of.to_vec(),
        }
    }

    proptest! {
        #[test]
        fn every_distance_meets_the_totals(cells in proptest::array::uniform4(5.0..50.0_f64), shift in 0.8..1.25_f64) {
            // Four cells of two margins; totals near what is there.
            let of: (Vec<usize>, Vec<usize>) = ((0..4).map(|i| i / 2).collect(), (0..4).map(|i| i % 2).collect());
            let [a, b, c, d] = cells;
            let (rows, columns) = ([(a + b) * shift, c + d], [a + c, b + d]);
            let whole: f64 = rows.iter().sum();
            let scale = whole / columns.iter().sum::<f64>();
            let margins = [margin("r", &rows, &of.0), margin("c", &columns.map(|x| x * scale), &of.1)];
            let design = Design::of_margins(&margins).unwrap();
            for distance in [Distance::Raking, Distance::Linear, Distance::Logit { lower: 0.5, upper: 2.0 }] {
                let found = calibrate(&cells, &design, distance).unwrap();
                for (m, of) in margins.iter().zip([&of.0, &of.1]) {
                    for (c, (_, total)) in m.totals.iter().enumerate() {
                        let sum: f64 = found.weights.iter().zip(of).filter(|(_, x)| **x == c).map(|(w, _)| w).sum();
                        prop_assert!((sum / total - 1.0).abs() < 1e-8);
                    }
                }
                if matches!(distance, Distance::Logit { .. }) {
                    prop_assert!(found.factors[0] >= 0.5 && found.factors[1] <= 2.0);
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_met_is_told() {
        let of = [0, 0, 1];
        let margins = |totals: &[f64]| Design::of_margins(&[margin("m", totals, &of)]);
        assert!(matches!(
            margins(&[1.0, 2.0, 3.0]),
            Err(MethodError::Infeasible { .. })
        ));
        assert!(matches!(
            margins(&[1.0, 0.0]),
            Err(MethodError::Infeasible { .. })
        ));
        assert!(margins(&[1.0, f64::NAN]).is_err());
        let two = [
            margin("m", &[10.0, 5.0], &of),
            margin("n", &[9.0, 9.0], &[0, 1, 1]),
        ];
        assert!(matches!(
            Design::of_margins(&two),
            Err(MethodError::Contradiction { .. })
        ));
        let design = margins(&[100.0, 5.0]).expect("a design");
        let tight = Distance::Logit {
            lower: 0.5,
            upper: 2.0,
        };
        assert!(matches!(
            calibrate(&[1.0; 3], &design, tight),
            Err(MethodError::Infeasible { .. })
        ));
        assert!(calibrate(&[1.0; 2], &design, Distance::Raking).is_err());
        assert!(calibrate(&[-1.0; 3], &design, Distance::Raking).is_err());
        let wide = Distance::Logit {
            lower: 1.5,
            upper: 2.0,
        };
        assert!(calibrate(&[1.0; 3], &design, wide).is_err());
    }

    #[test]
    fn bounds_take_over_where_raking_leaves_them() {
        // Cells 00, 01, 10, 11; raking makes the first more than four times what it was.
        let of = ([0, 0, 1, 1], [0, 1, 0, 1]);
        let weights = [10.0, 40.0, 40.0, 110.0];
        let rows = [100.0, 100.0];
        let design = Design::of_margins(&[margin("r", &rows, &of.0), margin("c", &rows, &of.1)])
            .expect("a design");
        let raked = calibrate(&weights, &design, Distance::Raking).expect("raked");
        let bounded = rake_within_bounds(&weights, &design).expect("bounded");
        assert_eq!(bounded.cautions.is_empty(), raked.factors[1] <= 4.0);
        assert!(bounded.factors[0] >= 0.25 && bounded.factors[1] <= 4.0);
        assert!(bounded.distance < 1e-9);
    }
}
