//! An OpenDocument spreadsheet as the checks see it: sheets, rows, cells, styles, properties.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use zip::ZipArchive;

use super::address::{Range, millimetres, range};
use super::error::LintError;
use super::xml::{Element, parse};
use crate::publish::ods::column_name;

/// No release unpacks to more.
const MOST_BYTES: u64 = 256 << 20;

/// Cells of a repeated row or column are kept so often; more are the empty rest of a sheet.
const MOST_REPEATS: usize = 4096;

/// Cells that are kept of one sheet; what repeats a row may be a trap.
const MOST_CELLS: usize = 4 << 20;

/// A spreadsheet.
pub(super) struct Document {
    pub sheets: Vec<Sheet>,
    /// Marked-up tables.
    pub ranges: Vec<Range>,
    pub title: String,
    pub language: String,
    pub subject: String,
    pub creator: String,
    /// The default language of its text, from the styles.
    pub text_language: String,
    /// Texts of page headers and footers.
    pub page_texts: usize,
    /// Scripts and libraries of macros.
    pub macros: usize,
    /// The sheet that is shown first, if the file says.
    pub active: Option<String>,
    /// Where the cursor stands on each sheet, if the file says: column and row from 0.
    pub cursors: BTreeMap<String, (u64, u64)>,
    /// Sheets whose panes are frozen or split.
    pub frozen: Vec<String>,
    /// By family, then by name.
    styles: BTreeMap<String, BTreeMap<String, Style>>,
}

/// A sheet.
#[derive(Default)]
pub(super) struct Sheet {
    pub name: String,
    pub hidden: bool,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    /// Pictures and drawn objects.
    pub images: usize,
    /// Of these, without an alternative text.
    pub images_without_text: usize,
    /// Text boxes, controls and other things that float.
    pub floating: usize,
    /// Rows at the top that are marked as headings of a table, by their places from 0.
    pub header_rows: Vec<usize>,
    /// Cells that were kept so far.
    kept: usize,
}

/// A column.
pub(super) struct Column {
    pub hidden: bool,
    /// The style of its cells that name none.
    style: String,
    pub millimetres: Option<f64>,
}

/// A row.
#[derive(Default, Clone)]
pub(super) struct Row {
    pub hidden: bool,
    pub cells: Vec<Cell>,
}

/// A cell.
#[derive(Default, Clone)]
pub(super) struct Cell {
    pub text: String,
    pub number: bool,
    pub style: String,
    pub merged: bool,
    pub covered: bool,
    pub nested: bool,
    /// Links: address and what is read.
    pub links: Vec<(String, String)>,
    /// Styles of parts of the text.
    pub spans: Vec<String>,
}

#[derive(Default, Clone)]
struct Style {
    parent: Option<String>,
    properties: BTreeMap<String, String>,
    display_name: Option<String>,
}

impl Cell {
    /// Nothing stands in it.
    pub(super) fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }
}

impl Row {
    /// Nothing stands in it.
    pub(super) fn is_empty(&self) -> bool {
        self.cells.iter().all(Cell::is_empty)
    }

    /// The cell of a column.
    pub(super) fn cell(&self, column: usize) -> Option<&Cell> {
        self.cells.get(column)
    }
}

impl Sheet {
    /// The cell in column A of the first row.
    pub(super) fn first(&self) -> Option<&Cell> {
        self.rows.first().and_then(|r| r.cell(0))
    }

    /// Every cell that says something, with its place `'Sheet'!B3`.
    pub(super) fn told(&self) -> impl Iterator<Item = (String, &Cell)> {
        self.rows.iter().enumerate().flat_map(move |(r, row)| {
            row.cells
                .iter()
                .enumerate()
                .filter(|(_, c)| !c.is_empty())
                .map(move |(c, cell)| (self.place(c, r), cell))
        })
    }

    /// How a person finds a cell.
    pub(super) fn place(&self, column: usize, row: usize) -> String {
        format!("{}, {}{}", self.name, column_name(column), row + 1)
    }

    /// Does it have anything in it?
    pub(super) fn is_blank(&self) -> bool {
        self.rows.iter().all(Row::is_empty)
    }
}

impl Document {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, LintError> {
        let refused = |what| LintError::NotReadable {
            path: path.to_path_buf(),
            what,
        };
        let file = File::open(path).map_err(|e| LintError::Unreadable {
            path: path.to_path_buf(),
            kind: e.kind(),
        })?;
        let mut archive =
            ZipArchive::new(file).map_err(|_| refused("it is no zip archive, as an .ods is"))?;
        let mut left = MOST_BYTES;
        let mut part = |name: &str| -> Result<Option<Element>, LintError> {
            let Ok(entry) = archive.by_name(name) else {
                return Ok(None);
            };
            let mut bytes = Vec::new();
            entry
                .take(left + 1)
                .read_to_end(&mut bytes)
                .map_err(|_| refused("a part of it cannot be unpacked"))?;
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            left = left
                .checked_sub(length)
                .ok_or_else(|| refused("it unpacks to more than 256 MB"))?;
            parse(&bytes)
                .map(Some)
                .ok_or_else(|| refused("a part of it is not well formed, or it is encrypted"))
        };
        let content = part("content.xml")?
            .ok_or_else(|| refused("it has no content: it is no OpenDocument file"))?;
        let styles = part("styles.xml")?.unwrap_or_default();
        let meta = part("meta.xml")?.unwrap_or_default();
        let settings = part("settings.xml")?.unwrap_or_default();
        let macros = archive
            .file_names()
            .flatten()
            .filter(|n| n.starts_with("Basic/") || n.starts_with("Scripts/"))
            .filter(|n| !n.ends_with('/') && !n.ends_with("-lc.xml"))
            .count();
        let mut document = Document::of(&content, &styles, &meta);
        document.macros += macros;
        document.place_cursors(&settings);
        if document.sheets.is_empty() {
            return Err(refused("it has no sheet: it is no spreadsheet"));
        }
        Ok(document)
    }

    fn of(content: &Element, styles: &Element, meta: &Element) -> Self {
        let mut out = Document {
            sheets: Vec::new(),
            ranges: Vec::new(),
            title: property(meta, "title"),
            language: property(meta, "language"),
            subject: property(meta, "subject"),
            creator: [property(meta, "creator"), property(meta, "initial-creator")].concat(),
            text_language: String::new(),
            page_texts: page_texts(styles),
            macros: content
                .below(&|e| e.name == "script" || e.name == "event-listener")
                .len(),
            active: None,
            cursors: BTreeMap::new(),
            frozen: Vec::new(),
            styles: BTreeMap::new(),
        };
        for root in [styles, content] {
            for style in root.below(&|e| e.name == "style" || e.name == "default-style") {
                out.add_style(style);
            }
        }
        let default = out.style_of("table-cell", "");
        if let Some(language) = default.and_then(|s| s.properties.get("language")) {
            out.text_language = language.clone();
        }
        let body = content.below(&|e| e.name == "spreadsheet");
        for spreadsheet in body {
            for table in spreadsheet.elements().filter(|e| e.name == "table") {
                let sheet = out.sheet(table);
                out.sheets.push(sheet);
            }
            let ranges = spreadsheet.below(&|e| e.name == "database-range");
            out.ranges.extend(ranges.into_iter().filter_map(range));
        }
        out
    }

    fn add_style(&mut self, element: &Element) {
        let mut style = Style {
            parent: element.get("parent-style-name").map(str::to_owned),
            display_name: element.get("display-name").map(str::to_owned),
            ..Style::default()
        };
        for properties in element.elements() {
            for key in [
                "wrap-option",
                "background-color",
                "color",
                "font-size",
                "font-style",
                "text-position",
                "text-underline-style",
                "font-weight",
                "column-width",
                "display",
                "language",
                "border",
                "border-top",
                "border-bottom",
            ] {
                if let Some(value) = properties.get(key) {
                    style.properties.insert(key.to_owned(), value.to_owned());
                }
            }
        }
        let family = element.get("family").unwrap_or_default().to_owned();
        let name = element.get("name").unwrap_or_default().to_owned();
        self.styles.entry(family).or_default().insert(name, style);
    }

    fn style_of(&self, family: &str, name: &str) -> Option<&Style> {
        self.styles.get(family)?.get(name)
    }

    /// A property of a style, its own or that of a style above it.
    pub(super) fn style<'a>(
        &'a self,
        family: &str,
        name: &'a str,
        property: &str,
    ) -> Option<&'a str> {
        let mut name = name;
        for _ in 0..16 {
            let style = self.style_of(family, name)?;
            if let Some(value) = style.properties.get(property) {
                return Some(value);
            }
            // Every style is under the default of its family, whose name is empty.
            if name.is_empty() {
                return None;
            }
            name = style.parent.as_deref().unwrap_or_default();
        }
        None
    }

    /// The names of a cell's style and of those above it, as people read them.
    pub(super) fn style_names(&self, cell: &Cell) -> Vec<String> {
        let mut out = Vec::new();
        let mut name = cell.style.as_str();
        for _ in 0..16 {
            let Some(style) = self.style_of("table-cell", name) else {
                break;
            };
            out.push(
                style
                    .display_name
                    .clone()
                    .unwrap_or_else(|| name.to_owned()),
            );
            match &style.parent {
                Some(parent) => name = parent,
                None => break,
            }
        }
        out
    }

    /// The marked-up tables of a sheet.
    pub(super) fn ranges_of<'a>(&'a self, sheet: &'a Sheet) -> impl Iterator<Item = &'a Range> {
        self.ranges.iter().filter(|r| r.sheet == sheet.name)
    }

    fn sheet(&self, table: &Element) -> Sheet {
        let mut sheet = Sheet {
            name: table.get("name").unwrap_or_default().to_owned(),
            hidden: table
                .get("style-name")
                .and_then(|s| self.style("table", s, "display"))
                == Some("false"),
            ..Sheet::default()
        };
        for column in table.below(&|e| e.name == "table-column") {
            let repeats = repeats(column, "number-columns-repeated");
            let width = column
                .get("style-name")
                .and_then(|s| self.style("table-column", s, "column-width"))
                .and_then(millimetres);
            for _ in 0..repeats {
                sheet.columns.push(Column {
                    hidden: is_hidden(column),
                    style: default_style(column),
                    millimetres: width,
                });
            }
        }
        self.rows(table, false, &mut sheet);
        while sheet.rows.last().is_some_and(|r| r.is_empty() && !r.hidden) {
            sheet.rows.pop();
        }
        let drawn = |e: &Element| matches!(e.name.as_str(), "image" | "object" | "chart");
        sheet.images = table.below(&drawn).len();
        for frame in table.below(&|e| e.name == "frame") {
            let told = |n: &str| frame.child(n).is_some_and(|t| !t.text().trim().is_empty());
            let has_image = !frame.below(&drawn).is_empty();
            if has_image && !told("title") && !told("desc") {
                sheet.images_without_text += 1;
            }
            sheet.floating += frame.below(&|e| e.name == "text-box").len();
        }
        let shapes = |e: &Element| {
            matches!(
                e.name.as_str(),
                "custom-shape" | "control" | "rect" | "line" | "caption" | "form"
            )
        };
        sheet.floating += table.below(&shapes).len();
        sheet
    }

    fn rows(&self, parent: &Element, header: bool, sheet: &mut Sheet) {
        for element in parent.elements() {
            match element.name.as_str() {
                "table-header-rows" => self.rows(element, true, sheet),
                "table-rows" | "table-row-group" => self.rows(element, header, sheet),
                "table-row" => {
                    let mut row = Row {
                        hidden: is_hidden(element),
                        cells: cells(element),
                    };
                    let of_row = default_style(element);
                    for (cell, column) in row.cells.iter_mut().zip(&sheet.columns) {
                        if cell.style.is_empty() {
                            let of_column = of_row.is_empty().then_some(&column.style);
                            cell.style.clone_from(of_column.unwrap_or(&of_row));
                        }
                    }
                    let room = MOST_CELLS.saturating_sub(sheet.kept);
                    let most = room / row.cells.len().max(1);
                    for _ in 0..repeats(element, "number-rows-repeated").min(most) {
                        if header {
                            sheet.header_rows.push(sheet.rows.len());
                        }
                        sheet.kept += row.cells.len().max(1);
                        sheet.rows.push(row.clone());
                    }
                }
                _ => {}
            }
        }
    }

    fn place_cursors(&mut self, settings: &Element) {
        for item in settings.below(&|e| e.name == "config-item") {
            if item.get("name") == Some("ActiveTable") {
                self.active = Some(item.text());
            }
        }
        for entry in settings.below(&|e| e.name == "config-item-map-entry") {
            let Some(name) = entry.get("name") else {
                continue;
            };
            let number = |key: &str| {
                entry
                    .elements()
                    .find(|e| e.get("name") == Some(key))
                    .and_then(|e| e.text().trim().parse::<u64>().ok())
            };
            if let (Some(x), Some(y)) = (number("CursorPositionX"), number("CursorPositionY")) {
                self.cursors.insert(name.to_owned(), (x, y));
            }
            let split = |key| number(key).is_some_and(|n| n > 0);
            if split("HorizontalSplitMode") || split("VerticalSplitMode") {
                self.frozen.push(name.to_owned());
            }
        }
    }
}

/// The style of cells that name none, as a column or a row tells it.
fn default_style(element: &Element) -> String {
    element
        .get("default-cell-style-name")
        .unwrap_or_default()
        .to_owned()
}

fn is_hidden(element: &Element) -> bool {
    matches!(element.get("visibility"), Some("collapse" | "filter"))
}

fn repeats(element: &Element, key: &str) -> usize {
    let told = element.get(key).and_then(|n| n.parse::<usize>().ok());
    told.unwrap_or(1).clamp(1, MOST_REPEATS)
}

fn cells(row: &Element) -> Vec<Cell> {
    let mut out: Vec<Cell> = Vec::new();
    for element in row.elements() {
        let covered = element.name == "covered-table-cell";
        if element.name != "table-cell" && !covered {
            continue;
        }
        let spanned = |key| element.get(key).is_some_and(|n| n != "1");
        let paragraphs: Vec<String> = element
            .elements()
            .filter(|e| e.name == "p" || e.name == "h")
            .map(Element::text)
            .collect();
        let links = element.below(&|e| e.name == "a");
        let spans = element.below(&|e| e.name == "span");
        let cell = Cell {
            text: paragraphs.join(" "),
            number: matches!(
                element.get("value-type"),
                Some("float" | "percentage" | "currency")
            ),
            style: element.get("style-name").unwrap_or_default().to_owned(),
            merged: spanned("number-columns-spanned") || spanned("number-rows-spanned"),
            covered,
            nested: element.child("table").is_some(),
            links: links
                .into_iter()
                .map(|a| (a.get("href").unwrap_or_default().to_owned(), a.text()))
                .collect(),
            spans: spans
                .into_iter()
                .filter_map(|s| s.get("style-name").map(str::to_owned))
                .collect(),
        };
        let times = repeats(element, "number-columns-repeated");
        out.extend(std::iter::repeat_n(cell, times));
    }
    while out
        .last()
        .is_some_and(|c| c.is_empty() && !c.merged && !c.covered)
    {
        out.pop();
    }
    out
}

fn property(meta: &Element, name: &str) -> String {
    let found = meta.below(&|e| e.name == name);
    found
        .first()
        .map(|e| e.text().trim().to_owned())
        .unwrap_or_default()
}

/// Headers and footers of pages that are shown and say something.
fn page_texts(styles: &Element) -> usize {
    let ends = |e: &Element| {
        matches!(
            e.name.as_str(),
            "header" | "footer" | "header-left" | "footer-left" | "header-first" | "footer-first"
        )
    };
    styles
        .below(&|e| e.name == "master-page")
        .into_iter()
        .flat_map(|page| page.below(&ends))
        .filter(|e| e.get("display") != Some("false") && !e.text().trim().is_empty())
        .count()
}
