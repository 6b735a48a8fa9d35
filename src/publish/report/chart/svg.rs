//! One drawing: an SVG element with a title and a description that screen readers speak.

use crate::publish::report::markup::Markup;
use crate::publish::report::number::{coordinate, grouped};

use super::scale::Scale;

/// The palette of the government analysis function for lines, bars and text.
pub(crate) mod colour {
    /// First category, and what is in focus.
    pub const DARK_BLUE: &str = "#12436D";
    /// Second.
    pub const TURQUOISE: &str = "#28A197";
    /// Third.
    pub const DARK_PINK: &str = "#801650";
    /// Fourth.
    pub const ORANGE: &str = "#F46A25";
    /// Fifth, and what is beside the focus.
    pub const DARK_GREY: &str = "#3D3D3D";
    /// Sixth.
    pub const LIGHT_PURPLE: &str = "#A285D1";
    /// Second of the sequential three.
    pub const MIDDLE_BLUE: &str = "#2073BC";
    /// Third of the sequential three.
    pub const LIGHT_BLUE: &str = "#6BACE6";
    /// What is not in focus; never alone, because it is too light for that.
    pub const LIGHT_GREY: &str = "#BFBFBF";
    /// What must be seen on any colour.
    pub const BLACK: &str = "#0B0C0C";
    /// Axes and their text.
    pub const AXIS: &str = "#595959";
    /// Categories in order.
    pub const CATEGORIES: [&str; 6] = [
        DARK_BLUE,
        TURQUOISE,
        DARK_PINK,
        ORANGE,
        DARK_GREY,
        LIGHT_PURPLE,
    ];
}

/// A drawing while it is made. All lengths are in user units, which are pixels where the drawing
/// stands in its natural width.
pub(crate) struct Svg {
    body: Markup,
    width: f64,
    height: f64,
}

/// Where a text is anchored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn word(self) -> &'static str {
        match self {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        }
    }
}

/// The natural width of every drawing.
pub(crate) const WIDTH: f64 = 640.0;

impl Svg {
    /// An empty drawing of a height.
    pub fn new(height: f64) -> Self {
        Svg {
            body: Markup::new(),
            width: WIDTH,
            height,
        }
    }

    /// The drawing with its words for those who do not see it. `id` is unique in the page.
    pub fn finish(self, id: &str, title: &str, description: &str) -> Markup {
        let (t, d) = (format!("{id}-title"), format!("{id}-text"));
        let view = format!("0 0 {} {}", coordinate(self.width), coordinate(self.height));
        let mut out = Markup::new();
        out.open(
            "svg",
            &[
                ("xmlns", "http://www.w3.org/2000/svg"),
                ("role", "img"),
                ("aria-labelledby", &format!("{t} {d}")),
                ("viewBox", &view),
            ],
        );
        out.element("title", &[("id", &t)], title);
        out.element("desc", &[("id", &d)], description);
        out.piece(&self.body).close("svg");
        out
    }

    /// A rectangle. `class` says whether it is a mark of data.
    pub fn rect(&mut self, class: &str, (x, y): (f64, f64), (w, h): (f64, f64), fill: &str) {
        self.body.empty(
            "rect",
            &[
                ("class", class),
                ("x", &coordinate(x)),
                ("y", &coordinate(y)),
                ("width", &coordinate(w.max(0.0))),
                ("height", &coordinate(h.max(0.0))),
                ("fill", fill),
            ],
        );
    }

    /// A rectangle that says a text where a pointer rests on it.
    pub fn rect_told(
        &mut self,
        class: &str,
        (x, y): (f64, f64),
        (w, h): (f64, f64),
        fill: &str,
        told: &str,
    ) {
        self.body.open(
            "rect",
            &[
                ("class", class),
                ("x", &coordinate(x)),
                ("y", &coordinate(y)),
                ("width", &coordinate(w.max(0.0))),
                ("height", &coordinate(h.max(0.0))),
                ("fill", fill),
            ],
        );
        self.body.element("title", &[], told).close("rect");
    }

    /// A straight line.
    pub fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64), stroke: &str) {
        self.body.empty(
            "line",
            &[
                ("class", class),
                ("x1", &coordinate(from.0)),
                ("y1", &coordinate(from.1)),
                ("x2", &coordinate(to.0)),
                ("y2", &coordinate(to.1)),
                ("stroke", stroke),
            ],
        );
    }

    /// A dot.
    pub fn dot(&mut self, class: &str, (x, y): (f64, f64), radius: f64, fill: &str) {
        self.body.empty(
            "circle",
            &[
                ("class", class),
                ("cx", &coordinate(x)),
                ("cy", &coordinate(y)),
                ("r", &coordinate(radius)),
                ("fill", fill),
            ],
        );
    }

    /// A line through points.
    pub fn polyline(&mut self, points: &[(f64, f64)], stroke: &str, dashes: &str) {
        let list: Vec<String> = points.iter().map(|p| pair(*p)).collect();
        self.body.empty(
            "polyline",
            &[
                ("points", &list.join(" ")),
                ("fill", "none"),
                ("stroke", stroke),
                ("stroke-width", "2.5"),
                ("stroke-dasharray", dashes),
            ],
        );
    }

    /// A closed shape, with a text where a pointer rests on it.
    pub fn polygon_told(&mut self, class: &str, points: &[(f64, f64)], fill: &str, told: &str) {
        let list: Vec<String> = points.iter().map(|p| pair(*p)).collect();
        self.body.open(
            "polygon",
            &[
                ("class", class),
                ("points", &list.join(" ")),
                ("fill", fill),
                ("stroke", colour::AXIS),
                ("stroke-width", "0.75"),
            ],
        );
        self.body.element("title", &[], told).close("polygon");
    }

    /// A text.
    pub fn text(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        self.body.element(
            "text",
            &[
                ("class", class),
                ("x", &coordinate(x)),
                ("y", &coordinate(y)),
                ("text-anchor", anchor.word()),
            ],
            text,
        );
    }

    /// A text of several lines, centred on a height.
    pub fn lines(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor, lines: &[String]) {
        let mut at = y - LINE / 2.0 * (super::super::number::real(lines.len()) - 1.0);
        for line in lines {
            self.text(class, (x, at), anchor, line);
            at += LINE;
        }
    }

    /// A horizontal axis with grid lines from `top` to `bottom`, tick labels and its title below.
    pub fn axis_x(&mut self, scale: &Scale, (top, bottom): (f64, f64), title: &str) {
        self.axis_x_as(scale, (top, bottom), title, grouped);
    }

    /// The same with another way to write the ticks.
    pub fn axis_x_as(
        &mut self,
        scale: &Scale,
        (top, bottom): (f64, f64),
        title: &str,
        word: impl Fn(f64, usize) -> String,
    ) {
        let ticks = scale.ticks();
        for tick in &ticks {
            let x = scale.at(*tick);
            self.line("grid tick-x", (x, top), (x, bottom), colour::LIGHT_GREY);
            let label = word(*tick, scale.decimals());
            self.text("tick tick-x", (x, bottom + 18.0), Anchor::Middle, &label);
        }
        let ends = ticks.first().zip(ticks.last());
        if let Some((first, last)) = ends {
            let middle = (scale.at(*first) + scale.at(*last)) / 2.0;
            self.text("axis", (middle, bottom + 38.0), Anchor::Middle, title);
        }
    }

    /// A vertical axis with grid lines from `left` to `right`, tick labels, and its title above.
    pub fn axis_y(
        &mut self,
        scale: &Scale,
        (left, right): (f64, f64),
        top: f64,
        title: &str,
        word: impl Fn(f64, usize) -> String,
    ) {
        for tick in scale.ticks() {
            let y = scale.at(tick);
            self.line("grid tick-y", (left, y), (right, y), colour::LIGHT_GREY);
            let label = word(tick, scale.decimals());
            self.text("tick tick-y", (left - 6.0, y + 4.5), Anchor::End, &label);
        }
        self.text("axis", (4.0, top - 14.0), Anchor::Start, title);
    }
}

/// The height of a line of a label.
const LINE: f64 = 15.0;

fn pair((x, y): (f64, f64)) -> String {
    format!("{},{}", coordinate(x), coordinate(y))
}

/// A label in lines of at most so many signs, three lines at most; what is longer ends in `…`.
pub(crate) fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    // A word longer than a line is cut.
    let words = text.split_whitespace().flat_map(|word| {
        let letters: Vec<char> = word.chars().collect();
        let pieces = letters.chunks(most.max(1)).map(|c| c.iter().collect());
        pieces.collect::<Vec<String>>()
    });
    for word in words {
        let length = lines.last().map_or(0, |l| l.chars().count());
        if length > 0 && length + 1 + word.chars().count() > most {
            if lines.len() == 3 {
                if let Some(last) = lines.last_mut() {
                    last.push('…');
                }
                break;
            }
            lines.push(String::new());
        }
        if let Some(last) = lines.last_mut() {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(&word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_labels_break_between_words() {
        assert_eq!(wrapped("Mother and father", 11), ["Mother and", "father"]);
        assert_eq!(wrapped("a b c d e f g h", 3), ["a b", "c d", "e f…"]);
        assert_eq!(wrapped("", 5), [""]);
        assert_eq!(wrapped("abcdef", 4), ["abcd", "ef"]);
    }

    /// The contrast of two colours (WCAG 2.2, relative luminance of sRGB).
    fn contrast(a: &str, b: &str) -> f64 {
        let light = |colour: &str| {
            let part = |at: usize| {
                let byte = u8::from_str_radix(&colour[at..at + 2], 16).expect("hexadecimal");
                let share = f64::from(byte) / 255.0;
                if share <= 0.04045 {
                    share / 12.92
                } else {
                    ((share + 0.055) / 1.055).powf(2.4)
                }
            };
            0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
        };
        let (x, y) = (light(a).max(light(b)), light(a).min(light(b)));
        (x + 0.05) / (y + 0.05)
    }

    #[test]
    fn texts_and_marks_stand_out() {
        assert!((contrast("#000000", "#FFFFFF") - 21.0).abs() < 1e-9);
        let white = "#FFFFFF";
        for text in [colour::AXIS, colour::BLACK, "#505A5F", "#0B4F8A"] {
            assert!(contrast(text, white) >= 4.5, "{text}");
        }
        // Ink on tiles.
        assert!(contrast(white, colour::DARK_BLUE) >= 4.5);
        assert!(contrast(white, colour::MIDDLE_BLUE) >= 4.5);
        assert!(contrast(colour::BLACK, colour::LIGHT_BLUE) >= 4.5);
        // Marks that stand alone on white.
        for mark in [
            colour::DARK_BLUE,
            colour::MIDDLE_BLUE,
            colour::DARK_PINK,
            colour::AXIS,
        ] {
            assert!(contrast(mark, white) >= 3.0, "{mark}");
        }
        // Banners.
        assert!(contrast(white, colour::DARK_PINK) >= 4.5);
    }

    #[test]
    fn a_drawing_has_its_words() {
        let mut s = Svg::new(10.0);
        s.text("label", (1.0, 2.0), Anchor::Start, "a < b");
        let out = s.finish("f1", "Title", "Words");
        assert_eq!(
            out.as_str(),
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" \
             aria-labelledby=\"f1-title f1-text\" viewBox=\"0 0 640 10\">\
             <title id=\"f1-title\">Title</title><desc id=\"f1-text\">Words</desc>\
             <text class=\"label\" x=\"1\" y=\"2\" text-anchor=\"start\">a &lt; b</text></svg>"
        );
    }
}
