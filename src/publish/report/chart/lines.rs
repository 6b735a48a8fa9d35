//! Lines over an ordered axis: a trend over periods, or a curve over thresholds.

use super::Unit;
use super::scale::Scale;
use super::svg::{Anchor, Svg, WIDTH, colour};

/// A value with the ends of its interval.
pub(crate) type Point = (f64, Option<(f64, f64)>);

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    /// Its name, written at its end.
    pub label: String,
    /// For each position the value and the ends of its interval, or none.
    pub points: Vec<Option<Point>>,
}

const LEFT: f64 = 84.0;
const RIGHT: f64 = WIDTH - 120.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 270.0;
const DASHES: [&str; 4] = ["none", "8 4", "2 4", "10 4 2 4"];

/// Draws lines over `positions`; `unit` is that of the vertical axis, which begins at zero if
/// `from_zero` says so.
pub(crate) fn lines(
    data: &[Line],
    positions: &[String],
    (axis, vertical): (&str, &str),
    unit: Unit,
    from_zero: bool,
) -> Svg {
    let mut svg = Svg::new(BOTTOM + 52.0);
    let values = data
        .iter()
        .flat_map(|l| l.points.iter().flatten())
        .flat_map(|(v, i)| {
            let ends = i.map(|(low, high)| [low, high]);
            std::iter::once(*v).chain(ends.into_iter().flatten())
        });
    let y = if from_zero {
        Scale::of(values, (BOTTOM, TOP))
    } else {
        Scale::around(values, (BOTTOM, TOP))
    };
    svg.axis_y(&y, (LEFT, RIGHT), TOP, vertical, |v, d| unit.tick(v, d));
    let real = super::super::number::real;
    let step = (RIGHT - LEFT - 24.0) / real(positions.len().saturating_sub(1)).max(1.0);
    let at = |i: usize| LEFT + 12.0 + step * real(i);
    let every = positions.len() / 8 + 1;
    for (i, position) in positions.iter().enumerate().filter(|(i, _)| i % every == 0) {
        svg.text("position", (at(i), BOTTOM + 20.0), Anchor::Middle, position);
    }
    svg.text(
        "axis",
        ((LEFT + RIGHT) / 2.0, BOTTOM + 42.0),
        Anchor::Middle,
        axis,
    );
    svg.line("base", (LEFT, BOTTOM), (RIGHT, BOTTOM), colour::AXIS);
    let mut taken: Vec<f64> = Vec::new();
    for (n, line) in data.iter().enumerate() {
        let stroke = colour::CATEGORIES[n % colour::CATEGORIES.len()];
        one(&mut svg, line, &y, at, (stroke, DASHES[n % DASHES.len()]));
        let last = line.points.iter().enumerate().rev().find_map(|(i, p)| {
            let (value, _) = (*p)?;
            Some((i, value))
        });
        if let Some((i, value)) = last {
            let mut height = y.at(value) + 4.5;
            // A name that would stand on another one moves down.
            while taken.iter().any(|t| (t - height).abs() < 15.0) {
                height += 15.0;
            }
            taken.push(height);
            svg.text("label", (at(i) + 12.0, height), Anchor::Start, &line.label);
        }
    }
    svg
}

fn one(
    svg: &mut Svg,
    line: &Line,
    y: &Scale,
    at: impl Fn(usize) -> f64,
    (stroke, dashes): (&str, &str),
) {
    // A line breaks where there is no value.
    let mut piece: Vec<(f64, f64)> = Vec::new();
    for (i, point) in line.points.iter().enumerate() {
        match point {
            Some((value, _)) => piece.push((at(i), y.at(*value))),
            None => {
                svg.polyline(&piece, stroke, dashes);
                piece.clear();
            }
        }
    }
    svg.polyline(&piece, stroke, dashes);
    for (i, point) in line.points.iter().enumerate() {
        let Some((value, interval)) = point else {
            continue;
        };
        if let Some((low, high)) = interval {
            svg.line(
                "whisker mark-y",
                (at(i), y.at(*low)),
                (at(i), y.at(*high)),
                stroke,
            );
        }
        svg.dot("mark-y", (at(i), y.at(*value)), 4.0, stroke);
    }
}
