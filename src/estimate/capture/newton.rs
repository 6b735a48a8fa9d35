//! The likelihood of Poisson counts with a hierarchical log-linear model, made as large as possible
//! by Newton's method (for this link the same as iteratively reweighted least squares).
//!
//! A cell's row of the design says which terms are part of its history. So the information between
//! two terms is the sum of the fitted values of the cells that hold both, and all such sums come from
//! one pass over the fitted values (`above`); no design matrix is formed.

use super::face::Cells;
use super::table::CELLS;

/// The decrement (twice the rise of the log-likelihood that a full step promises) below which the
/// last step is taken. Convergence is quadratic: what is left after it is of the order of its square.
const CONVERGED: f64 = 1e-13;

/// Steps before a fit is given up.
const STEPS: usize = 100;

/// A fitted value that is nearly nobody.
const NEARLY_NOBODY: f64 = 1e-3;

/// Steps after which an empty cell that recedes is nearly nobody: it loses a factor of `e` a step.
const EARLY: usize = 6;

/// Steps after which empty cells that are nearly nobody send the search to the exact face.
const PATIENCE: usize = 14;

/// How still the other cells stand while some recede, on the logarithm.
const STILL: f64 = 1e-3;

/// A converged fit with an empty cell below this is looked at exactly.
const SUSPECT: f64 = 1e-6;

/// How often a step is halved.
const HALVINGS: usize = 40;

/// A pivot below this share of its diagonal is nought.
const SINGULAR: f64 = 1e-13;

/// The top of a likelihood.
#[derive(Debug, Clone)]
pub(crate) struct Top {
    /// Fitted values; nought outside the face.
    pub fitted: [f64; CELLS],
    /// The logarithm of the fitted value of the unseen cell.
    pub intercept: f64,
    /// Variance of the intercept, from the inverse of the information; nought if it was not asked for.
    pub variance: f64,
}

/// Why there is no top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoTop {
    /// The fitted values of these empty cells go to nought, and all others stand still.
    Recedes(Cells),
    /// The information is singular, or the steps do not settle.
    Unsettled,
}

/// The counts and the face on which they are fitted. The last of `terms` is the intercept.
pub(super) struct Likelihood<'a> {
    pub lists: usize,
    pub counts: &'a [f64; CELLS],
    pub cells: Cells,
    pub terms: &'a [usize],
}

impl Likelihood<'_> {
    /// The top, by Newton's steps from the observed counts. With `watch`, cells that recede or might
    /// end the search; without, small fitted values are what they are.
    pub fn top(&self, variance: bool, watch: bool) -> Result<Top, NoTop> {
        let mut margins = *self.counts;
        self.above(&mut margins);
        let mut root = vec![0.0; self.terms.len() * self.terms.len()];
        let mut beta = self.start(&mut root)?;
        let mut fitted = self.fit(&beta);
        let mut height = self.height(&beta, &margins, &fitted);
        for step_number in 0..STEPS {
            let mut sums = fitted;
            self.above(&mut sums);
            let score = self.terms.iter().map(|t| margins[*t] - sums[*t]);
            let mut step: Vec<f64> = score.clone().collect();
            self.solve(&sums, &mut step, &mut root)?;
            let decrement: f64 = score.zip(&step).map(|(s, d)| s * d).sum();
            if !decrement.is_finite() {
                return Err(NoTop::Unsettled);
            }
            if decrement < CONVERGED {
                add(&mut beta, &step, 1.0);
                fitted = self.fit(&beta);
                return match watch && self.least_empty(&fitted) < SUSPECT {
                    true => Err(NoTop::Unsettled),
                    false => self.finish(&beta, fitted, variance, &mut root),
                };
            }
            (beta, fitted, height) = self.advance(&beta, &margins, height, &step)?;
            if watch && step_number >= EARLY && self.least_empty(&fitted) < NEARLY_NOBODY {
                if let Some(cells) = self.receding(&fitted, &step) {
                    return Err(NoTop::Recedes(cells));
                }
                if step_number >= PATIENCE {
                    return Err(NoTop::Unsettled);
                }
            }
        }
        Err(NoTop::Unsettled)
    }

    /// A step, halved until it does not lead down.
    fn advance(
        &self,
        beta: &[f64],
        margins: &[f64; CELLS],
        height: f64,
        step: &[f64],
    ) -> Result<(Vec<f64>, [f64; CELLS], f64), NoTop> {
        let mut share = 1.0;
        for _ in 0..HALVINGS {
            let mut there = beta.to_vec();
            add(&mut there, step, share);
            let fitted = self.fit(&there);
            let reached = self.height(&there, margins, &fitted);
            if reached >= height - 1e-12 * height.abs() {
                return Ok((there, fitted, reached));
            }
            share *= 0.5;
        }
        Err(NoTop::Unsettled)
    }

    fn finish(
        &self,
        beta: &[f64],
        fitted: [f64; CELLS],
        variance: bool,
        root: &mut [f64],
    ) -> Result<Top, NoTop> {
        let mut last = vec![0.0; self.terms.len()];
        if let (true, Some(x)) = (variance, last.last_mut()) {
            *x = 1.0;
            let mut sums = fitted;
            self.above(&mut sums);
            self.solve(&sums, &mut last, root)?;
        }
        let intercept = beta.last().copied().ok_or(NoTop::Unsettled)?;
        Ok(Top {
            fitted,
            intercept,
            variance: last.last().copied().unwrap_or(0.0),
        })
    }

    /// The empty cells that are nearly nobody, if the step leads them on down and leaves every other
    /// cell where it is: then the step is a direction of recession, up to rounding far below the whole
    /// numbers that such directions are made of.
    fn receding(&self, fitted: &[f64; CELLS], step: &[f64]) -> Option<Cells> {
        let mut change = [0.0; CELLS];
        for (term, s) in self.terms.iter().zip(step) {
            change[*term] = *s;
        }
        self.below(&mut change);
        let mut receding: Cells = 0;
        for c in (0..1_usize << self.lists).filter(|c| self.on_face(*c)) {
            if self.counts[c] == 0.0 && fitted[c] < NEARLY_NOBODY && change[c] < -0.5 {
                receding |= 1 << c;
            } else if change[c].abs() > STILL {
                return None;
            }
        }
        (receding != 0).then_some(receding)
    }

    /// The smallest fitted value of an empty cell of the face.
    fn least_empty(&self, fitted: &[f64; CELLS]) -> f64 {
        let empty = (0..1 << self.lists).filter(|c| self.on_face(*c) && self.counts[*c] == 0.0);
        empty.map(|c| fitted[c]).fold(f64::INFINITY, f64::min)
    }

    fn on_face(&self, cell: usize) -> bool {
        self.cells >> cell & 1 == 1
    }

    /// The first step of weighted least squares, from fitted values half a person above the counts.
    fn start(&self, root: &mut [f64]) -> Result<Vec<f64>, NoTop> {
        let mut weights = [0.0; CELLS];
        let mut response = [0.0; CELLS];
        for c in (0..1 << self.lists).filter(|c| self.on_face(*c)) {
            let n = self.counts[c];
            weights[c] = n + 0.5;
            response[c] = weights[c] * weights[c].ln() + n - weights[c];
        }
        self.above(&mut response);
        self.above(&mut weights);
        let mut beta: Vec<f64> = self.terms.iter().map(|t| response[*t]).collect();
        self.solve(&weights, &mut beta, root)?;
        Ok(beta)
    }

    fn fit(&self, beta: &[f64]) -> [f64; CELLS] {
        let mut values = [0.0; CELLS];
        for (term, b) in self.terms.iter().zip(beta) {
            values[*term] = *b;
        }
        self.below(&mut values);
        for (c, value) in values.iter_mut().enumerate().take(1 << self.lists) {
            *value = match self.on_face(c) {
                true => value.exp(),
                false => 0.0,
            };
        }
        values
    }

    /// The log-likelihood without its constant.
    fn height(&self, beta: &[f64], margins: &[f64; CELLS], fitted: &[f64; CELLS]) -> f64 {
        let linear: f64 = self
            .terms
            .iter()
            .zip(beta)
            .map(|(t, b)| margins[*t] * b)
            .sum();
        linear - fitted[..1 << self.lists].iter().sum::<f64>()
    }

    /// Solves with the information that these sums of fitted values make, by Cholesky's
    /// decomposition.
    fn solve(&self, sums: &[f64; CELLS], right: &mut [f64], root: &mut [f64]) -> Result<(), NoTop> {
        let p = self.terms.len();
        for i in 0..p {
            for j in 0..=i {
                let x = sums[self.terms[i] | self.terms[j]];
                let (done, row) = root.split_at(i * p);
                let other = if j == i { row } else { &done[j * p..] };
                let made: f64 = row[..j].iter().zip(&other[..j]).map(|(a, b)| a * b).sum();
                root[i * p + j] = if i != j {
                    (x - made) / root[j * p + j]
                } else if x - made > SINGULAR * x {
                    (x - made).sqrt()
                } else {
                    return Err(NoTop::Unsettled);
                };
            }
        }
        for i in 0..p {
            let done: f64 = (0..i).map(|j| root[i * p + j] * right[j]).sum();
            right[i] = (right[i] - done) / root[i * p + i];
        }
        for i in (0..p).rev() {
            let done: f64 = (i + 1..p).map(|j| root[j * p + i] * right[j]).sum();
            right[i] = (right[i] - done) / root[i * p + i];
        }
        Ok(())
    }

    /// Replaces every value by the sum over the cells that hold it.
    fn above(&self, values: &mut [f64; CELLS]) {
        for bit in (0..self.lists).map(|i| 1_usize << i) {
            for c in (0..1_usize << self.lists).filter(|c| c & bit == 0) {
                values[c] += values[c | bit];
            }
        }
    }

    /// Replaces every value by the sum over its parts.
    fn below(&self, values: &mut [f64; CELLS]) {
        for bit in (0..self.lists).map(|i| 1_usize << i) {
            for c in (0..1_usize << self.lists).filter(|c| c & bit == 0) {
                values[c | bit] += values[c];
            }
        }
    }
}

fn add(beta: &mut [f64], step: &[f64], share: f64) {
    for (b, s) in beta.iter_mut().zip(step) {
        *b += share * s;
    }
}
