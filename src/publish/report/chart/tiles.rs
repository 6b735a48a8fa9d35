//! A map of hexagons of one size, one a local authority, so that a small city counts as much for
//! the eye as a large county.

use super::svg::{Anchor, Svg, WIDTH, colour};
use crate::publish::report::number::real;

/// One tile.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tile {
    /// Its column and row; every other row is moved half a tile to the right.
    pub at: (usize, usize),
    /// Two or three letters on it.
    pub short: String,
    /// What a pointer that rests on it reads.
    pub told: String,
    /// Its class, from 0 for the lowest; none where there is no value to show.
    pub class: Option<usize>,
    /// Does its neighbour in another region begin here? Regions differ by the borders drawn.
    pub region: usize,
}

const ACROSS: f64 = 41.0;
const TOP: f64 = 52.0;

/// Draws them with a legend of class names; `hidden` is the name of the tiles without a value.
pub(crate) fn tiles(data: &[Tile], classes: &[String], hidden: &str) -> Svg {
    let rows = data.iter().map(|t| t.at.1 + 1).max().unwrap_or(0);
    let columns = data.iter().map(|t| t.at.0 + 1).max().unwrap_or(0);
    let radius = ACROSS / 3.0_f64.sqrt();
    let down = radius * 1.5;
    let mut svg = Svg::new(TOP + down * real(rows) + radius);
    legend(&mut svg, classes, hidden);
    let left = (WIDTH - ACROSS * (real(columns) + 0.5)) / 2.0;
    let centre = |(column, row): (usize, usize)| {
        let shift = if row % 2 == 1 { 0.5 } else { 0.0 };
        let x = left + ACROSS * (real(column) + shift + 0.5);
        (x, TOP + radius + down * real(row))
    };
    for tile in data {
        let (x, y) = centre(tile.at);
        let (fill, ink) = match tile.class {
            Some(class) => FILLS[class.min(FILLS.len() - 1)],
            None => ("#FFFFFF", "tile dark"),
        };
        svg.polygon_told("tile", &corners((x, y), radius - 0.8), fill, &tile.told);
        svg.text(ink, (x, y + 4.0), Anchor::Middle, &tile.short);
    }
    borders(&mut svg, data, centre, radius);
    svg
}

/// The sequential palette, lightest for the lowest class, and the ink that reads on it.
const FILLS: [(&str, &str); 3] = [
    (colour::LIGHT_BLUE, "tile dark"),
    (colour::MIDDLE_BLUE, "tile light"),
    (colour::DARK_BLUE, "tile light"),
];

fn legend(svg: &mut Svg, classes: &[String], hidden: &str) {
    let names = classes.iter().map(String::as_str).chain([hidden]);
    let count = classes.len() + 1;
    for (i, name) in names.enumerate().filter(|(_, n)| !n.is_empty()) {
        let x = 6.0 + (WIDTH - 12.0) / real(count) * real(i);
        let fill = FILLS.get(i).filter(|_| i < classes.len());
        let fill = fill.map_or("#FFFFFF", |f| f.0);
        svg.polygon_told("key", &corners((x + 9.0, 14.0), 9.0), fill, name);
        svg.text("label", (x + 23.0, 18.5), Anchor::Start, name);
    }
}

/// The six corners of a tile, the top one first.
fn corners((x, y): (f64, f64), radius: f64) -> Vec<(f64, f64)> {
    let (w, h) = (radius * 3.0_f64.sqrt() / 2.0, radius / 2.0);
    vec![
        (x, y - radius),
        (x + w, y - h),
        (x + w, y + h),
        (x, y + radius),
        (x - w, y + h),
        (x - w, y - h),
    ]
}

/// Thick lines where two regions meet.
fn borders(
    svg: &mut Svg,
    data: &[Tile],
    centre: impl Fn((usize, usize)) -> (f64, f64),
    radius: f64,
) {
    for tile in data {
        let shape = corners(centre(tile.at), radius);
        let (column, row) = tile.at;
        let odd = row % 2;
        // To the right, below to the right, below to the left; each with its edge's two corners.
        let neighbours = [
            ((column + 1, row), (1, 2)),
            ((column + odd, row + 1), (2, 3)),
            ((column + odd, row + 1), (4, 3)),
        ];
        for (i, (at, (from, to))) in neighbours.into_iter().enumerate() {
            let at = if i == 2 {
                match at.0.checked_sub(1) {
                    Some(c) => (c, at.1),
                    None => continue,
                }
            } else {
                at
            };
            let other = data.iter().find(|t| t.at == at);
            if other.is_some_and(|o| o.region != tile.region) {
                svg.line("region", shape[from], shape[to], colour::BLACK);
            }
        }
    }
}
