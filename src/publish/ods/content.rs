//! `content.xml`, `meta.xml` and `settings.xml` of a document.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::book::{Book, Cell, Grid, Line, Role, Sheet};
use super::style;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The sheets and what marks up their tables.
pub(crate) fn content(book: &Book) -> String {
    let widths = widths(book);
    let mut out = String::from(HEAD);
    out.push_str("<office:document-content");
    for (prefix, name) in style::NAMESPACES {
        push(&mut out, format_args!(" xmlns:{prefix}=\"{name}\""));
    }
    out.push_str(" office:version=\"1.3\"><office:automatic-styles>");
    for (width, name) in &widths {
        push(
            &mut out,
            format_args!(
                "<style:style style:name=\"{name}\" style:family=\"table-column\">\
             <style:table-column-properties style:column-width=\"{}mm\"/></style:style>",
                millimetres(*width)
            ),
        );
    }
    out.push_str(style::ROW_AND_SHEET);
    out.push_str("</office:automatic-styles><office:body><office:spreadsheet>\n");
    for sheet in &book.sheets {
        write_sheet(&mut out, sheet, &widths);
    }
    out.push_str("<table:database-ranges>");
    for sheet in &book.sheets {
        if let Some(grid) = &sheet.grid {
            push(
                &mut out,
                format_args!(
                    "<table:database-range table:name=\"{}\" \
                 table:target-range-address=\"{tab}.A{}:{tab}.{}{}\" \
                 table:contains-header=\"true\" table:display-filter-buttons=\"false\"/>",
                    escape(&grid.name),
                    sheet.lines.len() + 1,
                    column_name(grid.columns.len().saturating_sub(1)),
                    sheet.lines.len() + 1 + grid.rows.len(),
                    tab = escape(&format!("${}", quoted(&sheet.tab))),
                ),
            );
        }
    }
    out.push_str(
        "</table:database-ranges></office:spreadsheet></office:body></office:document-content>\n",
    );
    out
}

/// Everything that is formatted goes through here: writing to a string does not fail.
fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

/// Every width that a column of the book has, with the name of its style.
fn widths(book: &Book) -> BTreeMap<usize, String> {
    let mut out = BTreeMap::new();
    for sheet in &book.sheets {
        for width in sheet_widths(sheet) {
            let next = format!("co{width}");
            out.entry(width).or_insert(next);
        }
    }
    out
}

fn sheet_widths(sheet: &Sheet) -> Vec<usize> {
    match &sheet.grid {
        None => vec![90],
        Some(grid) => (0..grid.columns.len())
            .map(|c| grid.column_width(c))
            .collect(),
    }
}

/// A character of the document's letter is a little over two millimetres wide.
fn millimetres(characters: usize) -> String {
    let tenths = characters * 23 + 70;
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn write_sheet(out: &mut String, sheet: &Sheet, widths: &BTreeMap<usize, String>) {
    push(
        out,
        format_args!(
            "<table:table table:name=\"{}\" table:style-name=\"ta\">",
            escape(&sheet.tab)
        ),
    );
    for width in sheet_widths(sheet) {
        let name = widths.get(&width).map_or("", String::as_str);
        push(
            out,
            format_args!(
                "<table:table-column table:style-name=\"{name}\" \
             table:default-cell-style-name=\"Default\"/>"
            ),
        );
    }
    for line in &sheet.lines {
        write_line(out, line);
    }
    if let Some(grid) = &sheet.grid {
        write_grid(out, grid);
    }
    out.push_str("</table:table>\n");
}

fn write_line(out: &mut String, line: &Line) {
    let style = match line.role {
        Role::Title => "Heading_20_1",
        Role::Heading => "Heading_20_2",
        Role::Text => "Text",
        Role::Paragraph => "Paragraph",
    };
    out.push_str("<table:table-row table:style-name=\"ro\">");
    text_cell(out, style, &escape(&line.text));
    out.push_str("</table:table-row>\n");
}

fn write_grid(out: &mut String, grid: &Grid) {
    // Rows in this element are the table's heading to a reader, and stand on every printed page.
    out.push_str("<table:table-header-rows><table:table-row table:style-name=\"ro\">");
    for column in &grid.columns {
        let style = if column.numeric {
            "Column_20_heading_20_right"
        } else {
            "Column_20_heading"
        };
        text_cell(out, style, &escape(&column.heading));
    }
    out.push_str("</table:table-row></table:table-header-rows>\n");
    for row in &grid.rows {
        out.push_str("<table:table-row table:style-name=\"ro\">");
        for cell in row {
            write_cell(out, cell);
        }
        out.push_str("</table:table-row>\n");
    }
}

fn write_cell(out: &mut String, cell: &Cell) {
    match cell {
        Cell::Text(text) => text_cell(out, "Paragraph", &escape(text)),
        Cell::Symbol(text) => text_cell(out, "Symbol", &escape(text)),
        Cell::Link { text, tab } => {
            let target = escape(&format!("#{}.A1", quoted(tab)));
            let text = escape(text);
            let link =
                format!("<text:a xlink:type=\"simple\" xlink:href=\"{target}\">{text}</text:a>");
            text_cell(out, "Link", &link);
        }
        Cell::Number { value, decimals } => push(
            out,
            format_args!(
                "<table:table-cell table:style-name=\"Number_20_{decimals}\" \
             office:value-type=\"float\" office:value=\"{value}\">\
             <text:p>{}</text:p></table:table-cell>",
                shown(*value, *decimals)
            ),
        ),
    }
}

fn text_cell(out: &mut String, style: &str, inner: &str) {
    push(
        out,
        format_args!(
            "<table:table-cell table:style-name=\"{style}\" office:value-type=\"string\">\
         <text:p>{inner}</text:p></table:table-cell>"
        ),
    );
}

/// A number as it is shown: with commas between thousands.
pub(crate) fn shown(value: f64, decimals: u8) -> String {
    let plain = format!("{:.*}", usize::from(decimals), value);
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", plain.as_str()),
    };
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{grouped}{point}{rest}")
}

/// The name of a sheet within an address.
fn quoted(tab: &str) -> String {
    format!("'{}'", tab.replace('\'', "''"))
}

/// A, B, …, Z, AA, ….
pub(crate) fn column_name(index: usize) -> String {
    let mut out = String::new();
    let mut rest = index + 1;
    while rest > 0 {
        let letter = u8::try_from((rest - 1) % 26).unwrap_or(0);
        out.insert(0, char::from(b'A' + letter));
        rest = (rest - 1) / 26;
    }
    out
}

/// A text as XML holds it.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// The document's properties.
pub(crate) fn meta(book: &Book) -> String {
    let mut out = String::from(HEAD);
    push(
        &mut out,
        format_args!(
            "<office:document-meta xmlns:office=\"{}\" xmlns:meta=\"{}\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" office:version=\"1.3\"><office:meta>\
         <meta:generator>kinlink/{}</meta:generator><dc:title>{}</dc:title>\
         <dc:subject>{}</dc:subject><dc:description>{}</dc:description>\
         <meta:initial-creator>kinlink</meta:initial-creator><dc:language>en-GB</dc:language>\
         <meta:keyword>official statistics</meta:keyword>\
         </office:meta></office:document-meta>\n",
            "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
            "urn:oasis:names:tc:opendocument:xmlns:meta:1.0",
            env!("CARGO_PKG_VERSION"),
            escape(&book.title),
            escape(&book.subject),
            escape(&book.description),
        ),
    );
    out
}

/// Where the document opens: A1 of the first sheet, and A1 on every other.
pub(crate) fn settings(book: &Book) -> String {
    let mut out = String::from(HEAD);
    out.push_str(
        "<office:document-settings \
         xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:config=\"urn:oasis:names:tc:opendocument:xmlns:config:1.0\" \
         office:version=\"1.3\"><office:settings>\
         <config:config-item-set config:name=\"ooo:view-settings\">\
         <config:config-item-map-indexed config:name=\"Views\"><config:config-item-map-entry>\
         <config:config-item config:name=\"ViewId\" config:type=\"string\">view1\
         </config:config-item><config:config-item-map-named config:name=\"Tables\">",
    );
    for sheet in &book.sheets {
        push(
            &mut out,
            format_args!(
                "<config:config-item-map-entry config:name=\"{}\">",
                escape(&sheet.tab)
            ),
        );
        for key in [
            "CursorPositionX",
            "CursorPositionY",
            "PositionLeft",
            "PositionBottom",
        ] {
            push(
                &mut out,
                format_args!(
                    "<config:config-item config:name=\"{key}\" config:type=\"int\">0\
                 </config:config-item>"
                ),
            );
        }
        out.push_str("</config:config-item-map-entry>");
    }
    out.push_str("</config:config-item-map-named>");
    push(
        &mut out,
        format_args!(
            "<config:config-item config:name=\"ActiveTable\" config:type=\"string\">{}\
         </config:config-item>",
            book.sheets
                .first()
                .map(|s| escape(&s.tab))
                .unwrap_or_default()
        ),
    );
    out.push_str(
        "</config:config-item-map-entry></config:config-item-map-indexed>\
         </config:config-item-set></office:settings></office:document-settings>\n",
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let of = |v, d| shown(v, d);
        assert_eq!(of(192_912.0, 0), "192,912");
        assert_eq!(of(0.0, 0), "0");
        assert_eq!(of(999.0, 0), "999");
        assert_eq!(of(1_000_000.25, 1), "1,000,000.2");
        assert_eq!(of(-1234.5, 1), "-1,234.5");
    }

    #[test]
    fn columns_are_counted_in_letters() {
        let names = [0, 25, 26, 27, 701, 702].map(column_name);
        assert_eq!(names, ["A", "Z", "AA", "AB", "ZZ", "AAA"]);
    }
}
