//! Reads the figures of a page back: scales from their ticks, values from their marks.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// A figure as it is drawn.
#[derive(Debug, Default, Clone)]
pub struct Drawing {
    /// The heading above it.
    pub headline: String,
    /// Ticks by axis: pixel and value.
    ticks: BTreeMap<char, Vec<(f64, f64)>>,
    labels: BTreeMap<char, Vec<f64>>,
    /// Marks by axis: pixels.
    marks: Vec<(char, f64)>,
    /// Texts with the class `value`.
    pub values: Vec<String>,
    /// What a pointer reads on a mark or a tile.
    pub told: Vec<String>,
    /// Cells of numbers of the table after it.
    pub cells: Vec<String>,
}

/// The least that pixels are told apart: coordinates have two decimals, and a value is read from
/// one mark and two ticks.
pub const PIXELS: f64 = 0.02;

impl Drawing {
    /// The values that its marks stand for, each with the tolerance that [`PIXELS`] makes.
    pub fn read_back(&self) -> Vec<(f64, f64)> {
        self.marks
            .iter()
            .map(|(axis, pixel)| {
                let ticks = &self.ticks[axis];
                let labels = &self.labels[axis];
                assert_eq!(ticks.len(), labels.len(), "{}", self.headline);
                let (a, b) = (ticks[0].0, ticks[ticks.len() - 1].0);
                let (v, w) = (labels[0], labels[labels.len() - 1]);
                let per_pixel = (w - v) / (b - a);
                (v + (pixel - a) * per_pixel, (per_pixel * PIXELS).abs())
            })
            .collect()
    }
}

/// The number of a text: commas, the minus sign and the sign of per cent are understood.
pub fn number(text: &str) -> Option<f64> {
    let plain: String = text.trim().replace('\u{2212}', "-").replace(',', "");
    match plain.strip_suffix('%') {
        Some(share) => share.parse::<f64>().ok().map(|v| v / 100.0),
        None => plain.parse().ok(),
    }
}

fn attributes(start: &BytesStart<'_>) -> BTreeMap<String, String> {
    start
        .attributes()
        .map(|a| {
            let a = a.expect("attribute");
            let key = a.key.as_ref().to_owned();
            let value = a.value.to_string();
            (key, value)
        })
        .collect()
}

/// Every figure of a page, in order.
pub fn drawings(page: &str) -> Vec<Drawing> {
    let mut reader = Reader::from_str(page);
    let mut out: Vec<Drawing> = Vec::new();
    let mut stack: Vec<(String, BTreeMap<String, String>)> = Vec::new();
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Eof => return out,
            Event::Start(s) => {
                let name = s.name().as_ref().to_owned();
                let found = attributes(&s);
                let class = found.get("class").cloned().unwrap_or_default();
                if class == "figure" {
                    out.push(Drawing::default());
                }
                if let Some(d) = out.last_mut() {
                    mark(d, &name, &class, &found);
                }
                stack.push((name, found));
            }
            Event::Empty(s) => {
                let name = s.name().as_ref().to_owned();
                let found = attributes(&s);
                let class = found.get("class").cloned().unwrap_or_default();
                if let Some(d) = out.last_mut() {
                    mark(d, &name, &class, &found);
                }
            }
            Event::End(_) => {
                stack.pop();
            }
            Event::Text(t) => {
                let text = t.to_string();
                said(out.last_mut(), &stack, &text);
            }
            _ => {}
        }
    }
}

fn said(drawing: Option<&mut Drawing>, stack: &[(String, BTreeMap<String, String>)], text: &str) {
    let (Some(d), Some((name, found))) = (drawing, stack.last()) else {
        return;
    };
    let inside = |n: &str| stack.iter().any(|(s, _)| s == n);
    // What stands outside a figure is none of it.
    if !stack
        .iter()
        .any(|(_, a)| a.get("class").is_some_and(|c| c == "figure"))
    {
        return;
    }
    let class = found.get("class").map_or("", String::as_str);
    match (name.as_str(), class) {
        ("h3", _) => d.headline = text.to_owned(),
        ("text", "value") => d.values.push(text.to_owned()),
        ("text", c) if c.starts_with("tick tick-") => {
            let axis = c.chars().last().expect("axis");
            let value = number(text).unwrap_or_else(|| panic!("{text} is no number"));
            d.labels.entry(axis).or_default().push(value);
        }
        ("title", _) if inside("svg") && stack.len() >= 2 => {
            let parent = &stack[stack.len() - 2].0;
            if parent != "svg" {
                d.told.push(text.to_owned());
            }
        }
        ("td", "n") => d.cells.push(text.to_owned()),
        _ => {}
    }
}

fn mark(d: &mut Drawing, name: &str, class: &str, a: &BTreeMap<String, String>) {
    let of = |key: &str| a[key].parse::<f64>().expect("a coordinate");
    for axis in ['x', 'y'] {
        if class == format!("grid tick-{axis}") {
            let at = of(&format!("{axis}1"));
            d.ticks.entry(axis).or_default().push((at, 0.0));
        }
        if !class.split(' ').any(|c| c == format!("mark-{axis}")) {
            continue;
        }
        match (name, axis) {
            // A bar from zero: its end; where it is below zero, its beginning.
            ("rect", 'x') => d.marks.push((axis, of("x") + of("width"))),
            ("rect", _) => d.marks.push((axis, of("y"))),
            ("circle", _) => d.marks.push((axis, of(&format!("c{axis}")))),
            ("line", _) => {
                for end in ["1", "2"] {
                    d.marks.push((axis, of(&format!("{axis}{end}"))));
                }
            }
            other => panic!("a mark of {other:?}"),
        }
    }
}
