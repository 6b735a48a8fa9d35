//! A tornado: how far each assumption moves the estimate, the widest first.

use super::Unit;
use super::scale::Scale;
use super::svg::{Anchor, Svg, WIDTH, colour, wrapped};
use crate::publish::report::number::real;

/// What one assumption does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Swing {
    /// The assumption.
    pub label: String,
    /// The estimate at its one end.
    pub low: f64,
    /// The estimate at its other end.
    pub high: f64,
    /// The estimate as it is.
    pub central: f64,
}

const LEFT: f64 = 220.0;
const RIGHT: f64 = WIDTH - 30.0;
const BAR: f64 = 22.0;
const GAP: f64 = 18.0;
const TOP: f64 = 8.0;

/// Draws it; the rows are in the order given.
pub(crate) fn tornado(rows: &[Swing], axis: &str) -> Svg {
    let bottom = TOP + (BAR + GAP) * real(rows.len());
    let mut svg = Svg::new(bottom + 46.0);
    let values = rows.iter().flat_map(|r| [r.low, r.high, r.central]);
    let scale = Scale::around(values, (LEFT, RIGHT));
    svg.axis_x(&scale, (TOP, bottom), axis);
    let mut y = TOP + GAP / 2.0;
    for row in rows {
        let label = wrapped(&row.label, 30);
        svg.lines(
            "label",
            (LEFT - 10.0, y + BAR / 2.0 + 4.5),
            Anchor::End,
            &label[..label.len().min(2)],
        );
        let centre = scale.at(row.central);
        for (end, fill) in [
            (row.low, colour::MIDDLE_BLUE),
            (row.high, colour::DARK_BLUE),
        ] {
            let x = scale.at(end);
            let told = format!("{}: {}", row.label, Unit::Number.value(end));
            svg.rect_told(
                "swing",
                (x.min(centre), y),
                ((x - centre).abs(), BAR),
                fill,
                &told,
            );
            svg.line("end mark-x", (x, y), (x, y + BAR), fill);
        }
        y += BAR + GAP;
    }
    if let Some(row) = rows.first() {
        let x = scale.at(row.central);
        svg.line("threshold mark-x", (x, TOP), (x, bottom), colour::DARK_PINK);
    }
    svg
}
