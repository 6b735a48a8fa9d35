//! A small set of drawings: bars, dots with whiskers, histogram, lines, stacked bars, tornado and
//! a map of tiles.
//!
//! A drawing is made from labels and values alone, in the order in which they are given; equal
//! data gives equal bytes. Every mark of a value has the class `mark-x` or `mark-y` by the axis on
//! which its value lies, so that a reader of the SVG finds the values back: the end of a bar, the
//! centre of a dot, both ends of a whisker.

mod bars;
mod dots;
mod histogram;
mod lines;
mod scale;
mod stacked;
mod svg;
mod tiles;
mod tornado;

pub(crate) use bars::{Bar, bars};
pub(crate) use dots::{DotRow, Dots, dots};
pub(crate) use histogram::{Histogram, histogram};
pub(crate) use lines::{Line, lines};
pub(crate) use stacked::{StackedRow, stacked};
pub(crate) use svg::Svg;
pub(crate) use tiles::{Tile, tiles};
pub(crate) use tornado::{Swing, tornado};

/// How the numbers of an axis are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// As they are, with commas.
    Number,
    /// Shares as percentages.
    Share,
}

impl Unit {
    /// A tick.
    pub fn tick(self, value: f64, decimals: usize) -> String {
        match self {
            Unit::Number => super::number::grouped(value, decimals),
            Unit::Share => super::number::percent(value, decimals.saturating_sub(2)),
        }
    }

    /// A value.
    pub fn value(self, value: f64) -> String {
        match self {
            Unit::Number => super::number::figure(value),
            Unit::Share => super::number::percent(value, 2),
        }
    }
}
