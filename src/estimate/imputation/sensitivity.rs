//! What if those who were not screened are not like those who were, even with the same covariates:
//! the odds of having children are multiplied by τ, and the tipping point is the τ at which a
//! conclusion changes.

use super::super::method_error::{MethodError, finite, within};

/// A factor on the odds of having children of those who were not screened.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Odds(f64);

impl Odds {
    /// Those who were not screened are like those who were: missing at random.
    pub const UNCHANGED: Odds = Odds(1.0);

    /// A factor above nought.
    ///
    /// # Errors
    /// KL-E-201 if it is not between 1/64 and 64.
    pub fn new(factor: f64) -> Result<Self, MethodError> {
        Ok(Odds(within(factor, RANGE, "a factor on the odds")?))
    }

    /// The factor.
    pub fn factor(self) -> f64 {
        self.0
    }
}

const RANGE: [f64; 2] = [1.0 / 64.0, 64.0];

/// The factors for which every run tells its estimate.
pub const ODDS: [Odds; 5] = [Odds(0.67), Odds(0.8), Odds(1.0), Odds(1.25), Odds(1.5)];

/// The factor at which an estimate that rises with it reaches a limit, to four digits; none if it
/// does not do so between 1/64 and 64. The estimate should meet the same draws for every factor, as
/// [`super::Screening::impute`] with one seed does.
///
/// # Errors
/// Whatever the estimate returns; KL-E-212 if it is not finite.
pub fn tipping_point(
    limit: f64,
    estimate: impl Fn(Odds) -> Result<f64, MethodError>,
) -> Result<Option<Odds>, MethodError> {
    let at = |log: f64| {
        let value = estimate(Odds(log.exp()))?;
        finite(value, "an estimate under other odds")
    };
    let [mut low, mut high] = RANGE.map(f64::ln);
    if at(low)? > limit || at(high)? < limit {
        return Ok(None);
    }
    while high - low > 1e-5 {
        let middle = (low + high) / 2.0;
        match at(middle)? < limit {
            true => low = middle,
            false => high = middle,
        }
    }
    Ok(Some(Odds(((low + high) / 2.0).exp())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_point_where_a_limit_is_reached() {
        let estimate = |odds: Odds| Ok(1000.0 * odds.factor() / (1.0 + odds.factor()));
        let found = tipping_point(600.0, estimate)
            .expect("no error")
            .expect("a point");
        assert!((found.factor() - 1.5).abs() < 1e-4, "{found:?}");
        assert_eq!(tipping_point(2000.0, estimate), Ok(None));
        assert!(tipping_point(1.0, |_| Ok(f64::NAN)).is_err());
        assert!(Odds::new(0.0).is_err() && Odds::new(f64::NAN).is_err());
        assert_eq!(Odds::new(2.0).map(Odds::factor), Ok(2.0));
    }
}
