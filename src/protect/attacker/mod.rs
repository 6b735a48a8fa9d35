//! The attacker: how low and how high the value of a cell can be, given all that is published.
//!
//! Every published symbol is a range of whole numbers: an exact count a single number, a rounded
//! count the numbers that round to it, `c` whatever the attacker must allow. With the relations
//! between cells the ranges make a system of whole-number points; the bounds of a cell are its
//! least and greatest value over them.
//!
//! Cells that are known drop out, the others fall into components that are looked at one by one.
//! Whole-number points met on the way are kept for all cells, so that most cells need no program
//! of their own. A cell counts as wide enough only where two whole-number points prove it, so that
//! the promise holds against an attacker with integer programs too; the linear bounds are the
//! limits that are reported.

mod bounds;
mod certificate;
mod components;
mod dive;
mod scatter;
mod walk;

use std::collections::BTreeMap;

use super::exact::{count, rounded, signed};
use super::range::{Contradiction, Range, UNLIMITED};
use super::simplex::Simplex;
use super::system::{Relation, System, place};

pub(crate) use certificate::Certificate;

/// A vector that satisfies every relation, as (cell, change).
pub(crate) type Move = Vec<(u32, i64)>;

/// Values nearer to a whole number than this are whole.
const NEAR: f64 = 1e-6;

/// How far apart the values of a cell are shown to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Two whole-number points are as far apart as was asked for.
    Wide,
    /// Only points with fractions are.
    Linear,
    /// None are.
    Close,
}

/// What is known of one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Finding {
    /// Least value; proven where `exact`, else a value that is possible.
    pub lower: f64,
    /// Greatest value likewise; infinite where nothing limits it.
    pub upper: f64,
    pub exact: bool,
    /// Two whole-number points that are as far apart as was asked for.
    pub wide: bool,
}

/// A system under attack.
pub(crate) struct Attack<'a> {
    relations: &'a [Relation],
    of_cell: Vec<Vec<u32>>,
    given: Vec<Range>,
    range: Vec<Range>,
    truth: Option<Vec<i64>>,
    component: Vec<Option<usize>>,
    components: Vec<Vec<u32>>,
    place: Vec<usize>,
    /// Lowest and highest value of each cell in a whole-number point seen so far.
    seen: Vec<Option<(i64, i64)>>,
    /// The same in any point, with fractions too.
    linear: Vec<Option<(f64, f64)>>,
    proven: BTreeMap<u32, [Option<f64>; 2]>,
    solvers: BTreeMap<usize, Simplex>,
    /// A whole-number point of each component that has a solver.
    homes: BTreeMap<usize, Vec<f64>>,
    /// Programs solved.
    pub programs: usize,
    /// Ways from the truth to whole-number points that were further out than those before, where
    /// they are asked for.
    points: Option<Vec<Move>>,
    /// The same attack with the ranges as given, for certificates.
    plain: Option<Box<Attack<'a>>>,
}

impl<'a> Attack<'a> {
    /// Prepares an attack. `truth` is a point that is possible; without one it is looked for.
    pub fn new(
        system: &'a System,
        given: Vec<Range>,
        truth: Option<Vec<i64>>,
    ) -> Result<Self, Contradiction> {
        let mut of_cell: Vec<Vec<u32>> = vec![Vec::new(); system.len()];
        for (i, relation) in system.relations.iter().enumerate() {
            let Ok(i) = u32::try_from(i) else { continue };
            for cell in std::iter::once(&relation.total).chain(&relation.parts) {
                of_cell[place(*cell)].push(i);
            }
        }
        let seen = match &truth {
            Some(truth) => truth.iter().map(|t| Some((*t, *t))).collect(),
            None => vec![None; system.len()],
        };
        let mut attack = Attack {
            relations: &system.relations,
            of_cell,
            range: given.clone(),
            given,
            truth,
            component: vec![None; system.len()],
            components: Vec::new(),
            place: vec![0; system.len()],
            seen,
            linear: vec![None; system.len()],
            proven: BTreeMap::new(),
            solvers: BTreeMap::new(),
            homes: BTreeMap::new(),
            programs: 0,
            points: None,
            plain: None,
        };
        attack.narrow()?;
        attack.split();
        Ok(attack)
    }

    /// The range that is left when ranges alone are compared.
    pub fn range(&self, cell: u32) -> Range {
        self.range[place(cell)]
    }

    /// Is anything open about the cell?
    pub fn is_open(&self, cell: u32) -> bool {
        self.component[place(cell)].is_some()
    }

    /// Largest number of cells that hang together.
    pub fn largest_component(&self) -> usize {
        self.components.iter().map(Vec::len).max().unwrap_or(0)
    }

    fn spread(&self, cell: u32) -> i64 {
        self.seen[place(cell)].map_or(-1, |(lo, hi)| hi - lo)
    }

    fn note(&mut self, id: usize, values: &[f64]) -> bool {
        for (cell, x) in self.components[id].iter().zip(values) {
            let ends = &mut self.linear[place(*cell)];
            *ends = Some(ends.map_or((*x, *x), |(lo, hi)| (lo.min(*x), hi.max(*x))));
        }
        if values.iter().any(|x| fraction(*x) > NEAR) {
            return false;
        }
        let mut further = false;
        for (cell, x) in self.components[id].iter().zip(values) {
            let x = rounded(*x);
            let seen = &mut self.seen[place(*cell)];
            let now = seen.map_or((x, x), |(lo, hi)| (lo.min(x), hi.max(x)));
            further |= *seen != Some(now);
            *seen = Some(now);
        }
        if further {
            self.keep(id, values);
        }
        true
    }

    /// From now on, keeps the whole-number points that programs end at.
    pub fn keep_points(&mut self) {
        self.points = Some(Vec::new());
    }

    /// The ways from the truth to the points that were kept: with them, [`Attack::walk`] shows
    /// without a program what was seen here.
    pub fn points(&mut self) -> Vec<Move> {
        self.points.take().unwrap_or_default()
    }

    fn keep(&mut self, id: usize, values: &[f64]) {
        let (Some(points), Some(truth)) = (&mut self.points, &self.truth) else {
            return;
        };
        let cells = self.components[id].iter().zip(values);
        let way = cells.map(|(c, x)| (*c, rounded(*x) - truth[place(*c)]));
        points.push(way.filter(|(_, y)| *y != 0).collect());
    }

    /// What is known of a cell by now, without further work.
    pub fn finding(&self, cell: u32, width: u64) -> Finding {
        let range = self.range[place(cell)];
        if range.is_known() {
            return Finding {
                lower: signed(range.lower),
                upper: signed(range.upper),
                exact: true,
                wide: width == 0,
            };
        }
        let wide = self.spread(cell) >= count(width);
        if let Some([Some(lower), Some(upper)]) = self.proven.get(&cell) {
            return Finding {
                lower: *lower,
                upper: *upper,
                exact: true,
                wide,
            };
        }
        let (lo, hi) = self.seen[place(cell)].unwrap_or((range.lower, range.upper));
        Finding {
            lower: signed(lo),
            upper: signed(hi),
            exact: false,
            wide,
        }
    }
}

fn limit(n: i64) -> f64 {
    if n >= UNLIMITED {
        f64::INFINITY
    } else {
        signed(n)
    }
}

fn fraction(x: f64) -> f64 {
    (x - x.round()).abs()
}
