//! A histogram with vertical lines at thresholds.

use super::Unit;
use super::scale::Scale;
use super::svg::{Anchor, Svg, WIDTH, colour};

/// A histogram: bins that touch one another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Histogram {
    /// The lower edge of the first bin.
    pub from: f64,
    /// The width of a bin.
    pub width: f64,
    /// How many are in each.
    pub counts: Vec<f64>,
    /// Lines: where, and their label.
    pub thresholds: Vec<(f64, String)>,
    /// The title of the horizontal axis.
    pub axis: String,
    /// The title of the vertical axis.
    pub vertical: String,
}

const LEFT: f64 = 74.0;
const RIGHT: f64 = WIDTH - 16.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 270.0;

/// Draws it.
pub(crate) fn histogram(data: &Histogram) -> Svg {
    let mut svg = Svg::new(BOTTOM + 46.0);
    let bins = super::super::number::real(data.counts.len());
    let least = data.thresholds.iter().map(|t| t.0);
    let low = least.fold(data.from, f64::min);
    let x = Scale::between(low, data.from + data.width * bins, (LEFT, RIGHT));
    let y = Scale::of(data.counts.iter().copied(), (BOTTOM, TOP));
    svg.axis_y(&y, (LEFT, RIGHT), TOP, &data.vertical, |v, d| {
        Unit::Number.tick(v, d)
    });
    svg.axis_x(&x, (BOTTOM, BOTTOM), &data.axis);
    let mut edge = data.from;
    for count in &data.counts {
        let (a, b) = (x.at(edge), x.at(edge + data.width));
        let top = y.at(*count);
        let told = format!(
            "{} to {}: {}",
            Unit::Number.tick(edge, 2),
            Unit::Number.tick(edge + data.width, 2),
            Unit::Number.value(*count)
        );
        svg.rect_told(
            "mark-y",
            (a + 0.5, top),
            (b - a - 1.0, BOTTOM - top),
            colour::DARK_BLUE,
            &told,
        );
        edge += data.width;
    }
    svg.line("base", (LEFT, BOTTOM), (RIGHT, BOTTOM), colour::AXIS);
    for (at, label) in &data.thresholds {
        let at = x.at(*at);
        svg.line(
            "threshold",
            (at, TOP - 8.0),
            (at, BOTTOM),
            colour::DARK_PINK,
        );
        svg.text("value", (at + 6.0, TOP + 6.0), Anchor::Start, label);
    }
    svg
}
