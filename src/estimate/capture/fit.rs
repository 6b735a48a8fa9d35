//! One model fitted to one table: the number of people, its standard error, and how well it fits.

use std::rc::Rc;

use hashbrown::HashMap;
use statrs::function::gamma::ln_gamma;

use super::face::{self, Cells, Face, Intercept};
use super::model::Model;
use super::newton::{Likelihood, NoTop, Top};
use super::table::{CELLS, Table};

/// Above this many people unseen for each one seen, an estimate is taken to be infinite.
const MOST_UNSEEN: f64 = 1e9;

/// Whether a model gives a number that can be used, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admissibility {
    /// One finite estimate; every fitted cell is positive.
    Interior,
    /// One finite estimate; terms or fitted cells have gone to their limit (nobody in them).
    Boundary,
    /// The likelihood rises as the number unseen goes to infinity or to nought.
    Infinite,
    /// Many numbers fit the table equally well.
    NotIdentified,
    /// The fit did not settle within its steps.
    Unsettled,
}

impl Admissibility {
    /// Is there a number?
    pub fn admissible(self) -> bool {
        matches!(self, Admissibility::Interior | Admissibility::Boundary)
    }

    /// In words.
    pub fn reason(self) -> &'static str {
        match self {
            Admissibility::Interior => "one finite estimate",
            Admissibility::Boundary => {
                "one finite estimate, with terms at minus infinity or fitted cells at nought"
            }
            Admissibility::Infinite => {
                "the likelihood has its top at infinitely many people or at none unseen"
            }
            Admissibility::NotIdentified => "many numbers fit the table equally well",
            Admissibility::Unsettled => "the fit did not settle",
        }
    }
}

/// A model and what it says of a table. Numbers are finite where [`Admissibility::admissible`].
#[derive(Debug, Clone)]
pub struct Fit {
    /// The model.
    pub model: Model,
    /// Whether there is a number, and if not, why.
    pub admissibility: Admissibility,
    /// People on no list.
    pub unseen: f64,
    /// Variance of the logarithm of `unseen`, from the information of the Poisson likelihood.
    pub log_variance: f64,
    /// Twice the distance of the log-likelihood from that of the counts themselves.
    pub deviance: f64,
    /// Observable cells less parameters.
    pub df: i32,
    /// The log-likelihood of independent Poisson counts, with its constant.
    pub log_likelihood: f64,
    /// Terms at minus infinity, since nobody is on these lists together.
    pub empty_terms: Vec<usize>,
    observed: f64,
}

impl Fit {
    /// The people in all: those seen and those not.
    pub fn total(&self) -> f64 {
        self.observed + self.unseen
    }

    /// The standard error of [`Fit::total`] for a population of fixed size: `sqrt(f0 + f0^2 v)`, with
    /// `v` the variance of the intercept of the Poisson fit (Cormack 1989, "Log-linear models for
    /// capture-recapture", Biometrics 45, 395–413; Baillargeon and Rivest 2007, Rcapture). The
    /// variance of the Poisson model, whose population is random too, is larger by the total.
    pub fn standard_error(&self) -> f64 {
        (self.unseen + self.unseen * self.unseen * self.log_variance).sqrt()
    }

    /// Akaike's criterion.
    pub fn aic(&self) -> f64 {
        2.0 * f64::from(self.model.parameters()) - 2.0 * self.log_likelihood
    }

    /// Schwarz's criterion, with the logarithm of the people observed.
    pub fn bic(&self) -> f64 {
        f64::from(self.model.parameters()) * self.observed.ln() - 2.0 * self.log_likelihood
    }
}

/// A face and the top of the likelihood on it; or the face and why there is no number.
pub(super) type Found = Result<(Rc<Face>, Top), (Rc<Face>, Admissibility)>;

/// Faces by model and by the cells that have people: resampled tables have the same ones again and
/// again. It changes how fast an answer comes, never the answer.
#[derive(Debug, Default)]
pub(super) struct Faces {
    known: HashMap<(Model, Cells), Rc<Face>>,
}

/// A table made ready to be fitted many times.
#[derive(Debug, Clone)]
pub struct Counts {
    pub(super) lists: usize,
    pub(super) counts: [f64; CELLS],
    pub(super) observed: f64,
    whole: Cells,
    positive: Cells,
    constant: f64,
}

impl Counts {
    /// The counts of a table.
    pub fn of(table: &Table) -> Self {
        Self::new(table.order(), table.reals())
    }

    /// Counts by history; they need not be whole.
    pub(super) fn new(lists: usize, mut counts: [f64; CELLS]) -> Self {
        counts[0] = 0.0;
        let cells = 1..1_usize << lists;
        let positive = cells.clone().filter(|c| counts[*c] > 0.0);
        Counts {
            lists,
            counts,
            observed: counts.iter().sum(),
            whole: cells.clone().fold(0, |set, c| set | 1 << c),
            positive: positive.fold(0, |set, c| set | 1 << c),
            constant: cells.map(|c| ln_gamma(counts[c] + 1.0)).sum(),
        }
    }

    /// How many lists.
    pub fn lists(&self) -> usize {
        self.lists
    }

    /// The people of a history.
    pub fn count(&self, history: usize) -> f64 {
        self.counts.get(history).copied().unwrap_or(0.0)
    }

    /// The people on all of these lists, whatever others they are on.
    pub fn margin(&self, lists: usize) -> f64 {
        let cells = 1..1_usize << self.lists;
        let on_all = cells.filter(|h| h & lists == lists);
        on_all.map(|h| self.counts[h]).sum()
    }

    /// The people on at least one list.
    pub fn observed(&self) -> f64 {
        self.observed
    }

    /// The same with people in the unseen cell, as if they had been counted.
    pub(super) fn with_unseen(&self, unseen: f64) -> Self {
        let mut counts = self.counts;
        counts[0] = unseen;
        Counts {
            lists: self.lists,
            counts,
            observed: self.observed,
            whole: self.whole | 1,
            positive: self.positive | 1,
            constant: self.constant,
        }
    }

    /// Fits a model, standard error included.
    pub fn fit(&self, model: Model) -> Fit {
        self.fitted(model, true, &mut Faces::default())
    }

    /// Fits a model; the variance is left at nought if it is not wanted. The face is looked up in
    /// `faces` and kept there.
    pub(super) fn fitted(&self, model: Model, variance: bool, faces: &mut Faces) -> Fit {
        match self.top(model, variance, faces) {
            Ok((face, top)) => self.conclude(model, &face, &top),
            Err((face, why)) => self.without_number(model, &face, why),
        }
    }

    /// The top of the likelihood of a model, and the face where it is.
    pub(super) fn top(&self, model: Model, variance: bool, faces: &mut Faces) -> Found {
        let key = (model, self.positive);
        if let Some(face) = faces.known.get(&key) {
            return self.top_on(face.clone(), variance);
        }
        let empties = self.positive != self.whole;
        let mut face = match empties {
            true => face::by_margins(model, self.whole, self.positive),
            false => Face::whole(model, self.whole),
        };
        while face.intercept == Intercept::Determined {
            match self.likelihood(&face).top(variance, empties) {
                Ok(top) => {
                    let face = Rc::new(face);
                    faces.known.insert(key, face.clone());
                    return Ok((face, top));
                }
                Err(NoTop::Recedes(cells)) => face = face.without(cells),
                Err(NoTop::Unsettled) => break,
            }
        }
        let sure = face.intercept == Intercept::Infinite;
        let face = Rc::new(match sure {
            true => face,
            false => face::exact(model, self.whole, self.positive),
        });
        faces.known.insert(key, face.clone());
        self.top_on(face, variance)
    }

    /// The top on a face that is known to be the right one.
    fn top_on(&self, face: Rc<Face>, variance: bool) -> Found {
        match face.intercept {
            Intercept::NotIdentified => Err((face, Admissibility::NotIdentified)),
            Intercept::Infinite => Err((face, Admissibility::Infinite)),
            Intercept::Determined => match self.likelihood(&face).top(variance, false) {
                Ok(top) => Ok((face, top)),
                Err(_) => Err((face, Admissibility::Unsettled)),
            },
        }
    }

    fn likelihood<'a>(&'a self, face: &'a Face) -> Likelihood<'a> {
        Likelihood {
            lists: self.lists,
            counts: &self.counts,
            cells: face.cells,
            terms: &face.terms,
        }
    }

    fn conclude(&self, model: Model, face: &Face, top: &Top) -> Fit {
        let unseen = top.intercept.exp();
        let mut deviance = 0.0;
        let mut log_likelihood = -self.constant;
        for c in 1..1_usize << self.lists {
            let (n, fitted) = (self.counts[c], top.fitted[c]);
            log_likelihood -= fitted;
            deviance += 2.0 * (fitted - n);
            if n > 0.0 {
                log_likelihood += n * fitted.ln();
                deviance += 2.0 * n * (n / fitted).ln();
            }
        }
        let finite = unseen.is_finite() && unseen <= MOST_UNSEEN * self.observed;
        let interior = face.cells == self.whole;
        Fit {
            model,
            admissibility: match (finite, interior) {
                (false, _) => Admissibility::Infinite,
                (true, true) => Admissibility::Interior,
                (true, false) => Admissibility::Boundary,
            },
            unseen,
            log_variance: top.variance,
            // A model that fits perfectly leaves rounding of either sign.
            deviance: deviance.max(0.0),
            df: self.df(model),
            log_likelihood,
            empty_terms: face.empty_terms.clone(),
            observed: self.observed,
        }
    }

    fn without_number(&self, model: Model, face: &Face, why: Admissibility) -> Fit {
        Fit {
            model,
            admissibility: why,
            unseen: f64::INFINITY,
            log_variance: f64::INFINITY,
            deviance: f64::NAN,
            df: self.df(model),
            log_likelihood: f64::NAN,
            empty_terms: face.empty_terms.clone(),
            observed: self.observed,
        }
    }

    fn df(&self, model: Model) -> i32 {
        let cells = i32::try_from((1_u64 << self.lists) - 1).unwrap_or(0);
        cells - i32::try_from(model.parameters()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        /// The face that Newton's steps show is the one that the linear programme finds.
        #[test]
        fn what_recedes_is_what_the_programme_says(
            cells in prop::collection::vec(prop_oneof![3 => Just(0_u8), 2 => 1_u8..60], 15),
        ) {
            let mut counts = [0.0; CELLS];
            for (h, n) in cells.iter().enumerate() {
                counts[h + 1] = f64::from(*n);
            }
            let counts = Counts::new(4, counts);
            prop_assume!(counts.observed > 0.0);
            for model in Model::all(4, 9).into_iter().step_by(3) {
                let found = counts.top(model, false, &mut Faces::default());
                let (face, number) = match found {
                    Ok((face, _)) => (face, true),
                    Err((face, why)) => {
                        prop_assert!(why != Admissibility::Unsettled);
                        (face, false)
                    }
                };
                let exact = face::exact(model, counts.whole, counts.positive);
                prop_assert_eq!(number, exact.intercept == Intercept::Determined);
                if number {
                    prop_assert_eq!(face.cells, exact.cells);
                }
            }
        }
    }
}
