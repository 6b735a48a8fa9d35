//! How far statements are right: children who count, for each child that was stated.
//!
//! A prisoner may say yes and have no child under 18, give a number that is too high, or have
//! children who were born or grew up since. An audit of a sample of cases finds the ratio of children
//! who count to children stated, for each way in which they were stated. Without one, every
//! statement is taken as right, and the estimate says so.

use super::super::coverage::Transition;
use super::super::draw::Draws;
use super::super::method_error::{MethodError, within};
use super::super::number::size;

/// A ratio with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    value: f64,
    error: f64,
}

impl Ratio {
    /// Every statement is right.
    pub const CERTAIN: Ratio = Ratio {
        value: 1.0,
        error: 0.0,
    };

    /// A ratio of 0.2 to 5, with a standard error of at most 0.5.
    ///
    /// # Errors
    /// KL-E-201 outside these.
    pub fn new(value: f64, error: f64) -> Result<Self, MethodError> {
        Ok(Ratio {
            value: within(
                value,
                [0.2, 5.0],
                "a ratio of children who count to children stated",
            )?,
            error: within(error, [0.0, 0.5], "the standard error of a ratio")?,
        })
    }

    /// The ratio.
    pub fn value(self) -> f64 {
        self.value
    }

    /// Its standard error.
    pub fn error(self) -> f64 {
        self.error
    }

    fn draw(self, draws: &mut Draws) -> f64 {
        (self.value + self.error * draws.normal()).max(0.05)
    }
}

/// The ratio for each way in which children were stated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statements {
    /// By prisons alone.
    pub custody: Ratio,
    /// By probation alone.
    pub probation: Ratio,
    /// By both.
    pub both: Ratio,
    /// Children whom children's services name: links and parenthood that hold.
    pub services: Ratio,
    /// Of entries into prison: the ratio of entries times children who count to entries times
    /// children stated, over that of children alone. Who enters often may state more children for
    /// each who counts.
    pub entries: Ratio,
    /// Families that the audit looked at for each of the first three; none where it is not said.
    pub cases: Option<u32>,
}

impl Statements {
    /// Every statement is right.
    pub const CERTAIN: Statements = Statements {
        custody: Ratio::CERTAIN,
        probation: Ratio::CERTAIN,
        both: Ratio::CERTAIN,
        services: Ratio::CERTAIN,
        entries: Ratio::CERTAIN,
        cases: None,
    };

    /// The ratios as they may be among so many families stated by custody alone, by probation alone
    /// and by both. A standard error s from n cases says that a family varies by s √n; the mean of m
    /// families at hand varies by s √(n/m) beside the audit's own s.
    #[must_use]
    pub fn among(mut self, families: [usize; 3]) -> Self {
        let Some(cases) = self.cases else {
            return self;
        };
        let ratios = [&mut self.custody, &mut self.probation, &mut self.both];
        for (ratio, families) in ratios.into_iter().zip(families) {
            let share = f64::from(cases) / size(families.max(1));
            ratio.error *= (1.0 + share).sqrt();
        }
        // The ratio of entries is of the cases of all three.
        let share = 3.0 * f64::from(cases) / size(families.iter().sum::<usize>().max(1));
        self.entries.error *= (1.0 + share).sqrt();
        self
    }

    /// By how many children a family varies about what it states: the standard deviation for each
    /// child that such a family states on average, of families stated by custody and by probation as
    /// told. A standard error s from n cases says s √n; nought where the cases are not told.
    pub fn of_a_family(&self, custody: bool, probation: bool) -> f64 {
        let ratio = match (custody, probation) {
            (true, false) => self.custody,
            (false, true) => self.probation,
            (true, true) => self.both,
            (false, false) => return 0.0,
        };
        ratio.error * self.cases.map_or(0.0, f64::from).sqrt()
    }

    /// The ratios by history, in the order of [`super::super::coverage::History::all`].
    fn by_history(&self, of: &mut impl FnMut(Ratio) -> f64) -> [f64; 7] {
        let [custody, probation, both, services] =
            [self.custody, self.probation, self.both, self.services].map(of);
        [
            custody, probation, both, services, services, services, services,
        ]
    }

    /// The matrix that turns children who count into children stated.
    ///
    /// # Errors
    /// None for ratios that were checked; KL-E-205 otherwise.
    pub fn transition(&self) -> Result<Transition, MethodError> {
        matrix(self.by_history(&mut Ratio::value))
    }

    /// The same with every ratio drawn from its distribution.
    ///
    /// # Errors
    /// As [`Statements::transition`].
    pub fn draw(&self, draws: &mut Draws) -> Result<Transition, MethodError> {
        matrix(self.by_history(&mut |ratio| ratio.draw(draws)))
    }

    /// Is every ratio certain?
    pub fn certain(&self) -> bool {
        *self == Statements::CERTAIN
    }
}

fn matrix(ratios: [f64; 7]) -> Result<Transition, MethodError> {
    let mut columns = [[0.0; 7]; 7];
    for (at, (column, ratio)) in columns.iter_mut().zip(ratios).enumerate() {
        if let Some(cell) = column.get_mut(at) {
            *cell = 1.0 / ratio;
        }
    }
    Transition::measured(columns)
}

#[cfg(test)]
mod tests {
    use super::super::super::coverage::Observed;
    use super::*;

    #[test]
    fn few_families_vary_more_than_the_audit_says() {
        let ratio = Ratio::new(0.9, 0.03).expect("a ratio");
        let statements = Statements {
            custody: ratio,
            both: ratio,
            cases: Some(400),
            entries: ratio,
            ..Statements::CERTAIN
        };
        assert!((statements.of_a_family(true, false) - 0.6).abs() < 1e-12);
        assert!(statements.of_a_family(false, false) == 0.0);
        let all = statements.among([200, 200, 800]).entries;
        assert!((all.error - 0.03 * 2.0_f64.sqrt()).abs() < 1e-12);
        let found = statements.among([400, 7, 1_000_000]);
        assert!((found.custody.error - 0.03 * 2.0_f64.sqrt()).abs() < 1e-12);
        assert!((found.both.error - 0.03).abs() < 1e-5 && found.probation.error == 0.0);
        let unknown = Statements {
            cases: None,
            ..statements
        };
        assert_eq!(unknown.among([1, 1, 1]), unknown);
    }

    #[test]
    fn ratios_scale_their_histories() {
        let half = Ratio::new(0.5, 0.1).expect("a ratio");
        let statements = Statements {
            probation: half,
            ..Statements::CERTAIN
        };
        assert!(!statements.certain());
        let t = statements.transition().expect("a matrix");
        let seen = Observed::new([10.0; 7]).expect("numbers");
        let (right, told) = t.correct(&seen, "");
        assert!(told.is_empty());
        let expected = [10.0, 5.0, 10.0, 10.0, 10.0, 10.0, 10.0];
        for (a, b) in right.numbers().iter().zip(expected) {
            assert!((a - b).abs() < 1e-12);
        }
        assert!(Ratio::new(0.0, 0.1).is_err() && Ratio::new(1.0, f64::NAN).is_err());
    }
}
