//! The national figure: how many children, with an interval.
//!
//! Prisoners are the frame. Three lists say of a prisoner that there are children: prisons
//! (screening and contacts), probation, and children's services through the carers they hold
//! ([`evidence`]). [`register`] calibrates the prisoners to published totals, [`population`] makes
//! families of them, [`numbers`] completes the numbers of children, [`statements`] says how far
//! statements are right, [`of_two`] finds children of two prisoners, and [`estimate`] puts the
//! estimators of [`super::coverage`], [`super::part_variance`] and [`super::interval`] to work;
//! [`area`], [`group`] with `unnamed`, and `local` share the whole out among regions, groups and local
//! authorities. [`sensitivity`] asks what other assumptions would give.
//!
//! Assumed: that beyond dependence by pairs the three lists do not depend on each other; that who
//! is in a list does not depend on the number of children within a stratum; and that statements are
//! as right as their audit found. What of this cannot be tested is in the table of sensitivity.

pub mod area;
pub mod attributes;
mod division;
pub mod estimate;
pub mod evidence;
pub mod group;
mod local;
pub mod numbers;
pub mod of_two;
pub mod population;
pub mod register;
mod sensitivity;
mod sets;
pub mod statements;
mod unnamed;

use self::estimate::{Estimate, Settings};
use self::evidence::{Evidence, Lists};
use self::numbers::Numbers;
use self::of_two::Links;
use self::population::{Frame, Population};
use self::register::{Register, Totals};
use self::statements::Statements;
use super::family::Window;
use super::imputation::Imputations;
use super::method_error::MethodError;
use super::people::People;

/// How the national figure is estimated.
#[derive(Debug, Clone, PartialEq)]
pub struct Method {
    /// The lists.
    pub lists: Lists,
    /// How far statements are right, of the stock.
    pub stock: Statements,
    /// Of the year.
    pub year: Statements,
    /// Imputations of numbers of children.
    pub imputations: Imputations,
    /// Draws of the audit.
    pub replicates: u32,
    /// The seed.
    pub seed: u64,
}

/// Published figures are rounded to this.
pub const ROUNDING: u64 = 10;

/// What came of it; a population that cannot be estimated says why.
#[derive(Debug)]
pub struct National {
    /// Of the reference date.
    pub stock: Result<Estimate, MethodError>,
    /// Of the year.
    pub year: Result<Estimate, MethodError>,
    /// Families and pairs of each: families, named pairs, numbers imputed.
    pub sizes: [[usize; 3]; 2],
}

impl National {
    /// Estimates both populations.
    pub fn of(
        method: &Method,
        people: &People,
        evidence: &Evidence,
        (totals, links): (Option<&Totals>, Links),
        window: Window,
    ) -> Self {
        let one = |frame: Frame, statements: Statements, seed: u64| {
            // The published population is that of a day; who was in during a year is not published.
            let register = match frame {
                Frame::Stock => Register::of(people, window, totals),
                Frame::Year => Ok(Register::default()),
            };
            let register = match register {
                Ok(register) => register,
                Err(why) => return (Err(why), [0; 3]),
            };
            let population = Population::of(frame, people, evidence, &register, window);
            let settings = Settings {
                statements,
                replicates: method.replicates,
                seed,
                rounding: ROUNDING,
                links,
            };
            let numbers = Numbers::complete(&population, method.imputations, seed);
            let pairs = usize::try_from(population.pairs).unwrap_or(usize::MAX);
            let imputed = numbers.as_ref().map_or(0, |n| n.imputed);
            let sizes = [population.families.len(), pairs, imputed];
            let found =
                numbers.and_then(|n| estimate::estimate(&population, &n, &register, &settings));
            (found, sizes)
        };
        let (stock, of_stock) = one(Frame::Stock, method.stock, method.seed);
        let (year, of_year) = one(Frame::Year, method.year, method.seed.wrapping_add(1));
        National {
            stock,
            year,
            sizes: [of_stock, of_year],
        }
    }
}
