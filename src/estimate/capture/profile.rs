//! The interval by the profile of the likelihood: the numbers of people that the table speaks
//! against least.
//!
//! For a population of `N` the counts, those unseen among them, are multinomial. The profile is the
//! largest multinomial likelihood for each `N` (Cormack 1992, "Interval estimation for mark-recapture
//! studies of closed populations", Biometrics 48, 567–576); the interval holds the `N` at which twice
//! its logarithm is within the quantile of chi-squared with one degree of freedom of the top. `N` is
//! taken as a real number.

use statrs::function::gamma::ln_gamma;

use super::fit::{Counts, Faces};
use super::interval::{Interval, chi_squared};
use super::model::Model;

/// A step on the logarithm of the number unseen while an end is looked for.
const STEP: f64 = 0.25;

/// How exactly the logarithm of the number unseen is found.
const EXACT: f64 = 1e-10;

/// Above this many unseen for each one seen there is no upper end.
const FARTHEST: f64 = 1e6;

/// Fewer unseen than this are none.
const NEAREST: f64 = 1e-3;

/// The top of the profile, and its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Profile {
    /// The number at the top: the multinomial estimate, a little below that of the Poisson fit.
    pub top: f64,
    /// The interval.
    pub interval: Interval,
}

/// The profile of a model whose Poisson fit has `unseen` people unseen; `None` if the likelihood has
/// no top that can be found.
pub fn profile(counts: &Counts, model: Model, unseen: f64) -> Option<Profile> {
    if !(unseen.is_finite() && unseen > NEAREST) {
        return None;
    }
    let curve = Curve {
        counts,
        model,
        farthest: (FARTHEST * counts.observed).ln(),
    };
    let top = curve.top(unseen.ln())?;
    let wanted = curve.at(top)? - chi_squared() / 2.0;
    let lower = curve.end(top, -STEP, wanted)?;
    let upper = curve.end(top, STEP, wanted)?;
    let people =
        |x: Option<f64>, otherwise: f64| x.map_or(otherwise, |x| counts.observed + x.exp());
    Some(Profile {
        top: counts.observed + top.exp(),
        interval: Interval::of(people(lower, counts.observed), people(upper, f64::INFINITY)),
    })
}

struct Curve<'a> {
    counts: &'a Counts,
    model: Model,
    farthest: f64,
}

impl Curve<'_> {
    /// The logarithm of the largest likelihood with `exp(x)` people unseen.
    fn at(&self, x: f64) -> Option<f64> {
        let unseen = x.exp();
        let total = self.counts.observed + unseen;
        let with = self.counts.with_unseen(unseen);
        let (_, top) = with.top(self.model, false, &mut Faces::default()).ok()?;
        let cells = (0..1_usize << with.lists).filter(|c| with.counts[*c] > 0.0);
        let shares: f64 = cells
            .map(|c| with.counts[c] * (top.fitted[c] / total).ln())
            .sum();
        Some(ln_gamma(total + 1.0) - ln_gamma(unseen + 1.0) + shares)
    }

    /// Where the curve is highest, from a place near it, by thirds of a bracket.
    fn top(&self, near: f64) -> Option<f64> {
        let (mut a, mut b) = (near - STEP, near + STEP);
        while self.at(a)? > self.at(a + STEP)? && a > NEAREST.ln() {
            a -= STEP;
        }
        while self.at(b)? > self.at(b - STEP)? && b < self.farthest {
            b += STEP;
        }
        // The curve is flat at its top: its place is found to about the root of the rounding of a
        // value, which is far below what the interval can tell.
        let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
        let (mut c, mut d) = (b - golden * (b - a), a + golden * (b - a));
        let (mut at_c, mut at_d) = (self.at(c)?, self.at(d)?);
        while b - a > 1e-8 {
            if at_c > at_d {
                (b, d, at_d) = (d, c, at_c);
                c = b - golden * (b - a);
                at_c = self.at(c)?;
            } else {
                (a, c, at_c) = (c, d, at_d);
                d = a + golden * (b - a);
                at_d = self.at(d)?;
            }
        }
        Some(f64::midpoint(a, b))
    }

    /// Where the curve comes down to `wanted`; the inner `None` if it does not before there is nobody
    /// unseen, or nearly nobody seen.
    fn end(&self, top: f64, step: f64, wanted: f64) -> Option<Option<f64>> {
        let mut inside = top;
        let mut outside = top + step;
        while self.at(outside)? > wanted {
            inside = outside;
            outside += step;
            if outside < NEAREST.ln() || outside > self.farthest {
                return Some(None);
            }
        }
        while (outside - inside).abs() > EXACT {
            let middle = f64::midpoint(inside, outside);
            match self.at(middle)? > wanted {
                true => inside = middle,
                false => outside = middle,
            }
        }
        Some(Some(f64::midpoint(inside, outside)))
    }
}
