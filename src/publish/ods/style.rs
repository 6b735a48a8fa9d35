//! `styles.xml`: one letter of 12 points, black on white, and the styles that mark up headings.

use std::fmt::Write;

/// The namespaces of OpenDocument that the parts use.
pub(crate) const NAMESPACES: [(&str, &str); 7] = [
    ("office", "urn:oasis:names:tc:opendocument:xmlns:office:1.0"),
    ("style", "urn:oasis:names:tc:opendocument:xmlns:style:1.0"),
    ("text", "urn:oasis:names:tc:opendocument:xmlns:text:1.0"),
    ("table", "urn:oasis:names:tc:opendocument:xmlns:table:1.0"),
    (
        "fo",
        "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0",
    ),
    (
        "number",
        "urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0",
    ),
    ("xlink", "http://www.w3.org/1999/xlink"),
];

/// The styles of rows and sheets; rows are as high as their text needs.
pub(crate) const ROW_AND_SHEET: &str = "<style:style style:name=\"ro\" \
     style:family=\"table-row\"><style:table-row-properties \
     style:use-optimal-row-height=\"true\"/></style:style>\
     <style:style style:name=\"ta\" style:family=\"table\" style:master-page-name=\"Default\">\
     <style:table-properties table:display=\"true\"/></style:style>";

/// A cell style: its name as shown, what it has of its own.
struct CellStyle {
    name: &'static str,
    shown: &'static str,
    data: Option<&'static str>,
    cell: &'static str,
    paragraph: &'static str,
    text: &'static str,
}

const WRAP: &str = "fo:wrap-option=\"wrap\" style:vertical-align=\"top\"";
const RIGHT: &str = "fo:text-align=\"end\"";
const BOLD: &str = "fo:font-weight=\"bold\"";

const CELLS: [CellStyle; 11] = [
    cell(
        "Heading_20_1",
        "Heading 1",
        "",
        "",
        "fo:font-weight=\"bold\" fo:font-size=\"16pt\"",
    ),
    cell(
        "Heading_20_2",
        "Heading 2",
        "",
        "",
        "fo:font-weight=\"bold\" fo:font-size=\"14pt\"",
    ),
    cell("Text", "Text", "", "", ""),
    cell("Paragraph", "Paragraph", WRAP, "", ""),
    cell("Column_20_heading", "Column heading", WRAP, "", BOLD),
    cell(
        "Column_20_heading_20_right",
        "Column heading right",
        WRAP,
        RIGHT,
        BOLD,
    ),
    cell("Symbol", "Symbol", WRAP, RIGHT, ""),
    cell(
        "Link",
        "Link",
        WRAP,
        "",
        "fo:color=\"#0563c1\" style:text-underline-style=\"solid\" \
         style:text-underline-width=\"auto\" style:text-underline-color=\"font-color\"",
    ),
    number("Number_20_0", "Number 0", "N0"),
    number("Number_20_1", "Number 1", "N1"),
    number("Number_20_2", "Number 2", "N2"),
];

const fn cell(
    name: &'static str,
    shown: &'static str,
    cell: &'static str,
    paragraph: &'static str,
    text: &'static str,
) -> CellStyle {
    CellStyle {
        name,
        shown,
        data: None,
        cell,
        paragraph,
        text,
    }
}

const fn number(name: &'static str, shown: &'static str, data: &'static str) -> CellStyle {
    CellStyle {
        name,
        shown,
        data: Some(data),
        cell: "style:vertical-align=\"top\"",
        paragraph: RIGHT,
        text: "",
    }
}

/// The whole part.
pub(crate) fn styles() -> String {
    let mut out =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<office:document-styles");
    for (prefix, name) in NAMESPACES {
        let _ = write!(out, " xmlns:{prefix}=\"{name}\"");
    }
    out.push_str(
        " office:version=\"1.3\"><office:font-face-decls>\
         <style:font-face xmlns:svg=\"urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0\" \
         style:name=\"Arial\" svg:font-family=\"Arial\" style:font-family-generic=\"swiss\"/>\
         </office:font-face-decls><office:styles>\
         <style:default-style style:family=\"table-cell\"><style:text-properties \
         style:font-name=\"Arial\" fo:font-size=\"12pt\" fo:color=\"#000000\" \
         fo:language=\"en\" fo:country=\"GB\"/></style:default-style>\
         <style:style style:name=\"Default\" style:family=\"table-cell\"/>",
    );
    for decimals in 0..3 {
        let _ = write!(
            out,
            "<number:number-style style:name=\"N{decimals}\"><number:number \
             number:decimal-places=\"{decimals}\" number:min-decimal-places=\"{decimals}\" \
             number:min-integer-digits=\"1\" number:grouping=\"true\"/></number:number-style>"
        );
    }
    for one in &CELLS {
        write_style(&mut out, one);
    }
    out.push_str(
        "</office:styles><office:automatic-styles><style:page-layout style:name=\"page\">\
         <style:page-layout-properties style:print-orientation=\"landscape\" \
         fo:page-width=\"297mm\" fo:page-height=\"210mm\" style:scale-to-X=\"1\" \
         style:scale-to-Y=\"0\"/></style:page-layout></office:automatic-styles>\
         <office:master-styles><style:master-page style:name=\"Default\" \
         style:page-layout-name=\"page\"><style:header style:display=\"false\"/>\
         <style:footer style:display=\"false\"/></style:master-page></office:master-styles>\
         </office:document-styles>\n",
    );
    out
}

fn write_style(out: &mut String, one: &CellStyle) {
    let data = one
        .data
        .map(|d| format!(" style:data-style-name=\"{d}\""))
        .unwrap_or_default();
    let _ = write!(
        out,
        "<style:style style:name=\"{}\" style:display-name=\"{}\" style:family=\"table-cell\" \
         style:parent-style-name=\"Default\"{data}>",
        one.name, one.shown
    );
    for (element, properties) in [
        ("table-cell-properties", one.cell),
        ("paragraph-properties", one.paragraph),
        ("text-properties", one.text),
    ] {
        if !properties.is_empty() {
            let _ = write!(out, "<style:{element} {properties}/>");
        }
    }
    out.push_str("</style:style>");
}
