//! What a loss means for one unit: how well the best attacker, who knows everything else, can tell
//! whether the unit is in the data.

use serde::Serialize;

use super::accounting::Loss;
use super::plan::nearest;

/// Chances of the best attacker.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Meaning {
    /// The best guess of in or out is right in this part of cases, if both are as likely.
    pub best_guess: f64,
    /// With one false alarm in a hundred, so many of those who are in are found.
    pub found_at_one_in_hundred: f64,
}

/// The 99 per cent point of the normal distribution.
const POINT_99: f64 = 2.326_347_874_040_841;

/// Of ε: the bound that holds for every mechanism of that loss. Of ρ: the chances against Gaussian
/// noise of that loss (μ = √2ρ; Dong, Roth, Su, "Gaussian Differential Privacy", 2022), which is
/// the noise used here; its discrete form differs by less than is printed where σ is above 1.
pub fn meaning(loss: &Loss) -> Meaning {
    match loss {
        Loss::Zcdp(l) => {
            let mu = (2.0 * nearest(l.rho())).sqrt();
            Meaning {
                best_guess: normal(mu / 2.0),
                found_at_one_in_hundred: normal(mu - POINT_99),
            }
        }
        Loss::Pure(l) => {
            let e = nearest(l.epsilon()).min(700.0).exp();
            Meaning {
                best_guess: e / (1.0 + e),
                found_at_one_in_hundred: (0.01 * e).min(1.0 - 0.99 / e).min(1.0),
            }
        }
    }
}

/// The normal distribution function by its series x + x³/3 + x⁵/15 + …; to 10⁻¹² within ±8.
pub(super) fn normal(x: f64) -> f64 {
    if x.abs() > 8.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.abs() > 1e-17 * sum.abs() && odd < 400.0 {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::accounting::{Definition, PureDp};
    use super::*;

    #[test]
    fn the_normal_distribution_is_known() {
        for (x, p) in [
            (0.0, 0.5),
            (1.959_963_984_540_054, 0.975),
            (-2.326_347_874_040_841, 0.01),
            (5.0, 0.999_999_713_348_428),
        ] {
            assert!((normal(x) - p).abs() < 1e-12, "{x}");
        }
    }

    #[test]
    fn the_best_guess_is_known() {
        let rho = Loss::of(Definition::Zcdp, "0.1".parse().expect("ratio"));
        assert!((meaning(&rho).best_guess - 0.588).abs() < 1e-3);
        assert!((meaning(&rho).found_at_one_in_hundred - 0.030).abs() < 1e-3);
        let one = Loss::Pure(PureDp::new("1".parse().expect("ratio")));
        assert!((meaning(&one).best_guess - 0.731).abs() < 1e-3);
        assert!((meaning(&one).found_at_one_in_hundred - 0.027).abs() < 1e-3);
    }
}
