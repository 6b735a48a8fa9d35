//! Horizontal bars, one a category; the gap between two is narrower than a bar.

use super::Unit;
use super::scale::Scale;
use super::svg::{Anchor, Svg, WIDTH, colour, wrapped};

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    /// The category.
    pub label: String,
    /// Its value; none where there is none to show.
    pub value: Option<f64>,
    /// What stands in the place of a value: `[c]`.
    pub symbol: String,
    /// The ends of its interval.
    pub interval: Option<(f64, f64)>,
    /// Is it a part of the bar before it?
    pub part: bool,
}

const LEFT: f64 = 200.0;
const RIGHT: f64 = WIDTH - 78.0;
const TOP: f64 = 6.0;
const BAR: f64 = 22.0;
const GAP: f64 = 10.0;

/// Draws bars from zero, with the value at the end of each.
pub(crate) fn bars(data: &[Bar], axis: &str, unit: Unit) -> Svg {
    let bottom = TOP + (BAR + GAP) * super::super::number::real(data.len());
    let mut svg = Svg::new(bottom + 46.0);
    let values = data.iter().flat_map(|b| {
        let ends = b.interval.map(|(low, high)| [low, high]);
        b.value.into_iter().chain(ends.into_iter().flatten())
    });
    let scale = Scale::of(values, (LEFT, RIGHT));
    svg.axis_x_as(&scale, (TOP, bottom), axis, |v, d| unit.tick(v, d));
    let mut y = TOP + GAP / 2.0;
    for bar in data {
        let middle = y + BAR / 2.0;
        let label = wrapped(&bar.label, 27);
        svg.lines(
            "label",
            (LEFT - 8.0, middle + 4.5),
            Anchor::End,
            &label[..label.len().min(2)],
        );
        match bar.value {
            Some(value) => one(&mut svg, &scale, bar, value, y, unit),
            None => svg.text(
                "symbol",
                (scale.base() + 6.0, middle + 4.5),
                Anchor::Start,
                &bar.symbol,
            ),
        }
        y += BAR + GAP;
    }
    svg.line(
        "base",
        (scale.base(), TOP),
        (scale.base(), bottom),
        colour::AXIS,
    );
    svg
}

fn one(svg: &mut Svg, scale: &Scale, bar: &Bar, value: f64, y: f64, unit: Unit) {
    let middle = y + BAR / 2.0;
    let fill = if bar.part {
        colour::MIDDLE_BLUE
    } else {
        colour::DARK_BLUE
    };
    let (from, to) = (scale.base(), scale.at(value));
    let told = format!("{}: {}", bar.label, unit.value(value));
    svg.rect_told(
        "mark-x",
        (from.min(to), y),
        ((to - from).abs(), BAR),
        fill,
        &told,
    );
    let mut end = from.max(to);
    if let Some((low, high)) = bar.interval {
        let (a, b) = (scale.at(low), scale.at(high));
        // White below black: seen on the bar and beside it.
        svg.line("halo", (a - 2.0, middle), (b + 2.0, middle), "#FFFFFF");
        svg.line("whisker mark-x", (a, middle), (b, middle), colour::BLACK);
        for x in [a, b] {
            svg.line("halo", (x, middle - 7.0), (x, middle + 7.0), "#FFFFFF");
            svg.line(
                "whisker",
                (x, middle - 6.0),
                (x, middle + 6.0),
                colour::BLACK,
            );
        }
        end = end.max(b);
    }
    svg.text(
        "value",
        (end + 6.0, middle + 4.5),
        Anchor::Start,
        &unit.value(value),
    );
}
