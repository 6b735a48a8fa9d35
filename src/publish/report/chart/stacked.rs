//! Stacked bars: what a whole is made of. Drawn as shares, so that rows of any size compare.

use super::scale::Scale;
use super::svg::{Anchor, Svg, WIDTH, colour, wrapped};
use crate::publish::report::number::{figure, percent, real};

/// One bar with its parts, in the order of the legend.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StackedRow {
    /// The whole.
    pub label: String,
    /// Its parts.
    pub parts: Vec<f64>,
}

const LEFT: f64 = 200.0;
const RIGHT: f64 = WIDTH - 20.0;
const BAR: f64 = 22.0;
const GAP: f64 = 10.0;
const LEGEND: f64 = 22.0;

/// Draws them, with a legend of names above. At most six parts have colours of their own.
pub(crate) fn stacked(rows: &[StackedRow], names: &[String], axis: &str) -> Svg {
    let across = 3;
    let top = LEGEND * real(names.len().div_ceil(across)) + 8.0;
    let bottom = top + (BAR + GAP) * real(rows.len());
    let mut svg = Svg::new(bottom + 46.0);
    for (i, name) in names.iter().enumerate() {
        let x = 6.0 + (WIDTH - 12.0) / real(across) * real(i % across);
        let y = LEGEND * real(i / across) + 4.0;
        svg.rect("key", (x, y), (13.0, 13.0), fill(i));
        let short = wrapped(name, 27);
        let label = match short.as_slice() {
            [one] => one.clone(),
            [first, ..] => format!("{first}…"),
            [] => String::new(),
        };
        svg.text("label", (x + 19.0, y + 11.0), Anchor::Start, &label);
    }
    let scale = Scale::between(0.0, 1.0, (LEFT, RIGHT));
    svg.axis_x_as(&scale, (top, bottom), axis, |v, _| percent(v, 0));
    let mut y = top + GAP / 2.0;
    for row in rows {
        let whole: f64 = row.parts.iter().sum();
        let label = wrapped(&row.label, 27);
        svg.lines(
            "label",
            (LEFT - 8.0, y + BAR / 2.0 + 4.5),
            Anchor::End,
            &label[..label.len().min(2)],
        );
        let mut from = 0.0;
        for (i, part) in row.parts.iter().enumerate().filter(|_| whole > 0.0) {
            let to = from + part / whole;
            let (a, b) = (scale.at(from), scale.at(to));
            let name = names.get(i).map_or("", String::as_str);
            let told = format!("{}, {name}: {}", row.label, figure(*part));
            if *part > 0.0 {
                // A hair of white keeps neighbours apart for those who do not tell colours.
                svg.rect_told(
                    "part",
                    (a, y),
                    ((b - a - 1.0).max(0.6), BAR),
                    fill(i),
                    &told,
                );
            }
            from = to;
        }
        y += BAR + GAP;
    }
    svg
}

fn fill(i: usize) -> &'static str {
    colour::CATEGORIES[i % colour::CATEGORIES.len()]
}
