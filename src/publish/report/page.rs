//! The page: one HTML file with its style inside, no script, nothing from elsewhere.

use super::error::ReportError;
use super::markup::Markup;
use super::number::real;

/// The most bytes a report may have.
pub const MOST_BYTES: usize = 1_500_000;

/// What stands in a table's cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// A text.
    Text(String),
    /// A number, or the shorthand in its place.
    Number(String),
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Table {
    /// What it holds.
    pub caption: String,
    /// The heads of its columns; the first column heads the rows.
    pub heads: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The table without the columns in which no row has anything.
    pub fn without_empty_columns(self) -> Self {
        let filled = |column: usize| {
            let mut cells = self.rows.iter().filter_map(|r| r.get(column));
            cells.any(|c| !matches!(c, Cell::Text(t) if t.is_empty()))
        };
        let keep: Vec<bool> = (0..self.heads.len()).map(filled).collect();
        let kept = |i: usize| keep.get(i).copied().unwrap_or(false);
        let rows = self.rows.into_iter().map(|row| {
            let cells = row.into_iter().enumerate().filter(|(i, _)| kept(*i));
            cells.map(|(_, cell)| cell).collect()
        });
        Table {
            caption: self.caption,
            rows: rows.collect(),
            heads: self
                .heads
                .into_iter()
                .enumerate()
                .filter_map(|(i, h)| kept(i).then_some(h))
                .collect(),
        }
    }
}

/// A drawing with its words and its table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    /// What it shows, in at most ten words.
    pub headline: String,
    /// What is counted, by what, where and when.
    pub subtitle: String,
    /// The drawing, which is given the id of its words.
    pub drawing: Markup,
    /// Its numbers.
    pub table: Table,
}

/// A part of a section.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Block {
    /// A paragraph.
    Paragraph(String),
    /// Figures of the headline: value, unit or interval, and what is counted.
    Cards(Vec<[String; 3]>),
    /// A drawing.
    Figure(Figure),
    /// A table by itself.
    Table(Table),
    /// Terms and what they mean.
    Terms(Vec<(String, String)>),
    /// More, behind a line that opens it.
    More(String, Vec<Block>),
}

/// A section.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Section {
    /// For links to it.
    pub id: &'static str,
    /// Its heading.
    pub title: String,
    /// What is in it.
    pub blocks: Vec<Block>,
}

/// What stands above everything: the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Banner {
    /// `REHEARSAL`, `RESTRICTED`, or the label of the statistics.
    pub label: String,
    /// A sentence.
    pub says: String,
    /// Does it warn?
    pub warns: bool,
}

/// A whole report.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    /// The title.
    pub title: String,
    /// Reference date, period and release.
    pub lead: Vec<String>,
    /// The banners, the gravest first.
    pub banners: Vec<Banner>,
    /// The sections; empty ones are left out.
    pub sections: Vec<Section>,
}

/// Rows beyond which a table is behind a line that opens it.
const LONG: usize = 14;

/// Columns beyond which a table stands under its drawing, and not beside it.
const WIDE: usize = 3;

impl Page {
    /// The bytes of the file.
    ///
    /// # Errors
    /// [`ReportError::TooLarge`].
    pub fn render(&self) -> Result<Vec<u8>, ReportError> {
        let mut out = Markup::new();
        out.literal("<!DOCTYPE html>\n")
            .open("html", &[("lang", "en-GB")]);
        self.head(&mut out);
        out.open("body", &[]);
        out.element(
            "a",
            &[("class", "skip"), ("href", "#main")],
            "Skip to main content",
        );
        out.line();
        self.header(&mut out);
        out.open("main", &[("id", "main")]).line();
        for section in self.sections() {
            let heading = format!("{}-heading", section.id);
            out.open(
                "section",
                &[("id", section.id), ("aria-labelledby", &heading)],
            );
            out.element("h2", &[("id", &heading)], &section.title)
                .line();
            for block in &section.blocks {
                put(&mut out, block);
            }
            out.close("section").line();
        }
        out.close("main").line();
        out.open("footer", &[]);
        for line in &self.lead {
            out.element("p", &[], line);
        }
        out.close("footer").close("body").close("html").line();
        let bytes = out.into_bytes();
        if bytes.len() > MOST_BYTES {
            return Err(ReportError::TooLarge {
                bytes: bytes.len(),
                most: MOST_BYTES,
            });
        }
        Ok(bytes)
    }

    fn sections(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|s| !s.blocks.is_empty())
    }

    fn head(&self, out: &mut Markup) {
        out.open("head", &[]);
        out.literal("<meta charset=\"utf-8\"/>");
        out.literal(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'unsafe-inline'; img-src data:\"/>",
        );
        out.literal("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>");
        out.literal("<meta name=\"generator\" content=\"kinlink\"/>");
        out.element("title", &[], &self.title);
        out.literal(concat!("<style>", include_str!("page.css"), "</style>"));
        out.close("head").line();
    }

    fn header(&self, out: &mut Markup) {
        out.open("header", &[]);
        for banner in &self.banners {
            let class = if banner.warns {
                "banner warns"
            } else {
                "banner"
            };
            out.open("p", &[("class", class)]);
            out.element("strong", &[], &banner.label)
                .text(" ")
                .text(&banner.says);
            out.close("p");
        }
        out.element("h1", &[], &self.title);
        out.open("p", &[("class", "lead")]);
        for (i, line) in self.lead.iter().enumerate() {
            if i > 0 {
                out.literal("<br/>");
            }
            out.text(line);
        }
        out.close("p");
        out.open("nav", &[("aria-label", "Contents")])
            .open("ol", &[]);
        for section in self.sections() {
            out.open("li", &[]);
            out.element(
                "a",
                &[("href", &format!("#{}", section.id))],
                &section.title,
            );
            out.close("li");
        }
        out.close("ol").close("nav").close("header").line();
    }
}

fn put(out: &mut Markup, block: &Block) {
    match block {
        Block::Paragraph(text) => {
            out.element("p", &[], text);
        }
        Block::Cards(cards) => {
            out.open("ul", &[("class", "cards")]);
            for [value, interval, what] in cards {
                out.open("li", &[]);
                out.element("span", &[("class", "big")], value);
                out.element("span", &[("class", "interval")], interval);
                out.element("span", &[("class", "what")], what);
                out.close("li");
            }
            out.close("ul");
        }
        Block::Figure(figure) => put_figure(out, figure),
        Block::Table(table) => put_table(out, table, table.rows.len() > LONG),
        Block::Terms(terms) => {
            out.open("dl", &[]);
            for (term, meaning) in terms {
                out.element("dt", &[], term).element("dd", &[], meaning);
            }
            out.close("dl");
        }
        Block::More(line, blocks) => {
            out.open("details", &[]).element("summary", &[], line);
            for block in blocks {
                put(out, block);
            }
            out.close("details");
        }
    }
    out.line();
}

fn put_figure(out: &mut Markup, figure: &Figure) {
    out.open("div", &[("class", "figure")]);
    out.element("h3", &[], &figure.headline);
    out.element("p", &[("class", "subtitle")], &figure.subtitle);
    let place = if figure.table.heads.len() > WIDE {
        "under"
    } else {
        "beside"
    };
    out.open("div", &[("class", place)]);
    out.open("div", &[("class", "drawing")])
        .piece(&figure.drawing)
        .close("div");
    put_table(out, &figure.table, figure.table.rows.len() > LONG);
    out.close("div").close("div");
}

fn put_table(out: &mut Markup, table: &Table, folded: bool) {
    if folded {
        out.open("details", &[("class", "table")]);
        let line = format!("{} ({} rows)", table.caption, real(table.rows.len()));
        out.element("summary", &[], &line);
    }
    // A table that is wider than the window is scrolled by keys too.
    out.open(
        "div",
        &[
            ("class", "scroll"),
            ("role", "region"),
            ("tabindex", "0"),
            ("aria-label", &table.caption),
        ],
    );
    out.open("table", &[])
        .element("caption", &[], &table.caption);
    out.open("thead", &[]).open("tr", &[]);
    let numeric = |column: usize| {
        let mut cells = table.rows.iter().filter_map(|r| r.get(column));
        cells.any(|c| matches!(c, Cell::Number(_)))
    };
    for (i, head) in table.heads.iter().enumerate() {
        let class = if numeric(i) { "n" } else { "t" };
        out.element("th", &[("scope", "col"), ("class", class)], head);
    }
    out.close("tr").close("thead").open("tbody", &[]);
    for row in &table.rows {
        out.open("tr", &[]);
        for (i, cell) in row.iter().enumerate() {
            match (i, cell) {
                (0, Cell::Text(t) | Cell::Number(t)) => {
                    out.element("th", &[("scope", "row")], t);
                }
                (_, Cell::Text(t)) => {
                    out.element("td", &[], t);
                }
                (_, Cell::Number(n)) => {
                    out.element("td", &[("class", "n")], n);
                }
            }
        }
        out.close("tr");
    }
    out.close("tbody").close("table").close("div");
    if folded {
        out.close("details");
    }
}
