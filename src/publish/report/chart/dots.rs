//! Dots with whiskers: estimates with their intervals, in groups that have a heading each.

use super::Unit;
use super::scale::Scale;
use super::svg::{Anchor, Svg, WIDTH, colour, wrapped};

/// One dot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DotRow {
    /// What it is.
    pub label: String,
    /// The value; none where there is none to show.
    pub value: Option<f64>,
    /// What stands in the place of a value.
    pub symbol: String,
    /// The ends of its interval.
    pub interval: Option<(f64, f64)>,
    /// A second value on the same row, drawn as a hollow mark: what was expected, say.
    pub second: Option<f64>,
    /// Is it what the drawing is about?
    pub focus: bool,
}

/// A drawing of dots.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dots {
    /// Heading and rows of each group; an empty heading takes no place.
    pub groups: Vec<(String, Vec<DotRow>)>,
    /// The title of the axis.
    pub axis: String,
    /// How its numbers are written.
    pub unit: Unit,
    /// Does the axis begin at zero?
    pub from_zero: bool,
}

const LEFT: f64 = 232.0;
const RIGHT: f64 = WIDTH - 90.0;
const ROW: f64 = 34.0;
const HEAD: f64 = 30.0;

/// Draws them.
pub(crate) fn dots(data: &Dots) -> Svg {
    let rows: usize = data.groups.iter().map(|(_, rows)| rows.len()).sum();
    let heads = data.groups.iter().filter(|(h, _)| !h.is_empty()).count();
    let real = super::super::number::real;
    let bottom = 6.0 + ROW * real(rows) + HEAD * real(heads);
    let mut svg = Svg::new(bottom + 46.0);
    let values = data.groups.iter().flat_map(|(_, rows)| rows).flat_map(|r| {
        let ends = r.interval.map(|(low, high)| [low, high]);
        let two = r.value.into_iter().chain(r.second);
        two.chain(ends.into_iter().flatten())
    });
    let scale = if data.from_zero {
        Scale::of(values, (LEFT, RIGHT))
    } else {
        Scale::around(values, (LEFT, RIGHT))
    };
    svg.axis_x_as(&scale, (6.0, bottom), &data.axis, |v, d| {
        data.unit.tick(v, d)
    });
    let mut y = 6.0;
    for (heading, rows) in &data.groups {
        if !heading.is_empty() {
            svg.rect("back", (0.0, y), (WIDTH, HEAD - 4.0), "#F3F2F1");
            svg.text("heading", (6.0, y + 18.0), Anchor::Start, heading);
            y += HEAD;
        }
        for row in rows {
            one(&mut svg, &scale, row, y + ROW / 2.0, data.unit);
            y += ROW;
        }
    }
    svg
}

fn one(svg: &mut Svg, scale: &Scale, row: &DotRow, y: f64, unit: Unit) {
    let label = wrapped(&row.label, 32);
    svg.lines(
        if row.focus { "label strong" } else { "label" },
        (LEFT - 14.0, y + 4.5),
        Anchor::End,
        &label[..label.len().min(2)],
    );
    let Some(value) = row.value else {
        svg.text("symbol", (LEFT + 6.0, y + 4.5), Anchor::Start, &row.symbol);
        return;
    };
    let fill = if row.focus {
        colour::DARK_BLUE
    } else {
        colour::AXIS
    };
    let mut end = scale.at(value) + 6.0;
    if let Some((low, high)) = row.interval {
        let (a, b) = (scale.at(low), scale.at(high));
        svg.line("whisker mark-x", (a, y), (b, y), fill);
        for x in [a, b] {
            svg.line("whisker", (x, y - 6.0), (x, y + 6.0), fill);
        }
        end = end.max(b);
    }
    if let Some(second) = row.second {
        let x = scale.at(second);
        svg.line(
            "second mark-x",
            (x, y - 9.0),
            (x, y + 9.0),
            colour::DARK_PINK,
        );
        end = end.max(x);
    }
    svg.dot("mark-x", (scale.at(value), y), 5.5, fill);
    svg.text(
        "value",
        (end + 8.0, y + 4.5),
        Anchor::Start,
        &unit.value(value),
    );
}
